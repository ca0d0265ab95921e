// The state of an asynchronous invocation between its tries.
import type { Scope } from '../../kernel/context.ts';

/** An accepted event on its way to its function. */
export interface AsyncEvent {
  readonly scope: Scope;
  readonly name: string;
  readonly qualifier?: string;
  readonly payload: Uint8Array;
  readonly requestId: string;
  readonly traceId?: string;
  readonly acceptedMs: number;
  /** Failed runs so far. */
  readonly failures: number;
  /** Throttled or refused tries so far. */
  readonly throttles: number;
}
