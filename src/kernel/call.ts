// Who calls what, from where: the vocabulary of in-process calls.
import type { InputOf, OperationName, OutputOf, ServiceId } from '../models/operations.ts';

/** Who makes a call. */
export type Principal =
  | { readonly kind: 'root'; readonly account: string }
  | { readonly kind: 'user'; readonly account: string; readonly arn: string; readonly userId: string }
  | {
      readonly kind: 'role';
      readonly account: string;
      /** `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION` */
      readonly arn: string;
      readonly roleArn: string;
      /** `AROA…:SESSION` */
      readonly userId: string;
    }
  | {
      readonly kind: 'service';
      readonly account: string;
      /** e.g. `s3.amazonaws.com` */
      readonly service: string;
      /** Resource on whose behalf: fills `aws:SourceArn`. */
      readonly sourceArn?: string;
    }
  | { readonly kind: 'anonymous'; readonly account: string };

/** A cloud's account and region: the scope that nearly every key starts with. */
export interface Scope {
  readonly account: string;
  readonly region: string;
}

export interface CallOptions {
  /** Default: the principal of the context. */
  readonly as?: Principal;
  readonly account?: string;
  readonly region?: string;
  /** Ends a call that waits (a long poll); default: when the cloud stops. */
  readonly signal?: AbortSignal;
  /** `X-Amzn-Trace-Id` of what the call belongs to; default: that of the context. */
  readonly traceId?: string;
}

/** Calls another service's public operation through the same pipeline, minus the bytes. */
export type Call = <S extends ServiceId, O extends OperationName<S>>(
  service: S,
  operation: O,
  input: InputOf<S, O>,
  options?: CallOptions,
) => Promise<OutputOf<S, O>>;
