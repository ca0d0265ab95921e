// What a wire protocol does for the pipeline: bytes to input, and output or error to bytes.
import type { ServiceError } from '../base/errors.ts';
import type { HttpRequest, HttpResponse } from './http.ts';
import type { Operation, ProtocolName, ServiceModel } from './service-model.ts';

/** A request whose service, operation and protocol are known; its body is not parsed yet. */
export interface RoutedCall {
  readonly kind: 'routed';
  readonly model: ServiceModel;
  readonly operation: Operation;
  readonly protocol: Protocol;
  readonly request: HttpRequest;
  /** URI parameters by member name, decoded; `Bucket` included, however it was addressed. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Nothing to call: `protocol.serializeError(failure, failure.error, requestId)` says so. */
export interface RouteFailure extends ErrorTarget {
  readonly kind: 'failure';
  readonly error: ServiceError;
  readonly protocol: Protocol;
}

/** What an error answer needs to know of its request; a RoutedCall is one. */
export interface ErrorTarget {
  readonly request: HttpRequest;
  readonly model?: ServiceModel;
  readonly operation?: Operation;
}

export interface Protocol {
  readonly name: ProtocolName;
  /**
   * The operation's input. Throws ServiceError with AWS's code when the request cannot be read.
   * A streaming blob is a `StreamingBody`; an event stream an `AsyncIterable` of events.
   */
  parse(call: RoutedCall): Promise<unknown>;
  /**
   * The answer. Streaming blobs in `output` may be Uint8Array, string or AsyncIterable<Uint8Array>;
   * event streams are an AsyncIterable of `{ EventName: event }`.
   */
  serialize(
    call: RoutedCall,
    output: unknown,
    requestId: string,
  ): HttpResponse | Promise<HttpResponse>;
  serializeError(target: ErrorTarget, error: ServiceError, requestId: string): HttpResponse;
}
