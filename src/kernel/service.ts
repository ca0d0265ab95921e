// defineService: the one way a service joins the cloud.
import type { Store } from '../base/store.ts';
import type { InputOf, OperationName, OutputOf, ServiceId } from '../models/operations.ts';
import type { HttpRequest, HttpResponse } from '../wire/http.ts';
import type { RequestContext, WorkContext } from './context.ts';
import type { ResourceHandler } from './resources.ts';

export type Handler<S extends ServiceId, O extends OperationName<S>> = (
  input: InputOf<S, O>,
  context: RequestContext,
) => Promise<OutputOf<S, O>>;

/** An operation that is not there yet; it answers 501 and the reason stands on the coverage page. */
export interface NotImplemented {
  readonly notImplemented: string;
}

/** @param why one short clause for the coverage page, e.g. `FIFO queues come later`. */
export function notImplemented(why: string): NotImplemented {
  return { notImplemented: why };
}

export type OperationTable<S extends ServiceId> = {
  readonly [O in OperationName<S>]: Handler<S, O> | NotImplemented;
};

/** Runs when a durable timer of its name is due. A throw is logged and tried again with back-off. */
export type TimerWorker = (payload: unknown, context: WorkContext) => Promise<void>;

/** Requests that are not API calls: API Gateway stages, function URLs, … */
export interface HttpRoute {
  /** What the route does, for the log. */
  readonly name: string;
  /** Host or path decides; undefined when the request is not for this route. */
  match(request: HttpRequest): unknown;
  /** `match`'s answer comes back as `matched`. Errors thrown become 500. */
  handle(matched: unknown, request: HttpRequest, context: WorkContext): Promise<HttpResponse>;
}

/**
 * Headers for the answer to an API request of another origin (it has an `Origin` header), errors
 * included: a service's own cross-origin rules. `labels` are the URI parameters, `Bucket` included.
 */
export type CrossOriginHeaders = (
  request: HttpRequest,
  labels: Readonly<Record<string, string>>,
  store: Store,
) => Promise<Readonly<Record<string, string>>>;

export interface ServiceDefinition<S extends ServiceId = ServiceId> {
  readonly id: S;
  readonly operations: OperationTable<S>;
  /** Operations CloudTrail calls data events: too many to keep durably. */
  readonly dataEvents?: readonly OperationName<S>[];
  /** CloudFormation types. */
  readonly resources?: readonly ResourceHandler[];
  /** Timer workers by name; names start with `ID/`. */
  readonly workers?: Readonly<Record<string, TimerWorker>>;
  /** Those of them whose steps wait for others (functions): they keep no quick step waiting. */
  readonly slowWorkers?: readonly string[];
  /** Called once after the store is open: resumes pollers and the like. */
  readonly start?: (context: WorkContext) => Promise<void>;
  readonly routes?: readonly HttpRoute[];
  readonly crossOrigin?: CrossOriginHeaders;
}

/** A service whose id is not known statically; what the kernel keeps in its registry. */
export interface AnyService {
  readonly id: string;
  readonly operations: Readonly<Record<string, AnyHandler | NotImplemented>>;
  readonly dataEvents?: readonly string[];
  readonly resources?: readonly ResourceHandler[];
  readonly workers?: Readonly<Record<string, TimerWorker>>;
  readonly slowWorkers?: readonly string[];
  readonly start?: (context: WorkContext) => Promise<void>;
  readonly routes?: readonly HttpRoute[];
  readonly crossOrigin?: CrossOriginHeaders;
}
export type AnyHandler = (input: never, context: RequestContext) => Promise<unknown>;

export function defineService<S extends ServiceId>(definition: ServiceDefinition<S>): ServiceDefinition<S> {
  return definition;
}
