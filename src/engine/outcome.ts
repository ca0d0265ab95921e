// How one invocation came out.
import { type PlatformFailure, responseTooLarge } from './failures.ts';
import { MAX_RESPONSE_BYTES, MAX_STREAM_BYTES } from './runtime-api/runtime-api.ts';

export type Outcome =
  | { readonly kind: 'response'; readonly body: Uint8Array }
  | { readonly kind: 'function-error'; readonly body: Uint8Array }
  | { readonly kind: 'init-error'; readonly body: Uint8Array; readonly errorType: string }
  | { readonly kind: 'platform'; readonly failure: PlatformFailure; readonly fatal: boolean };

/** AWS: docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html */
export function statusOf(outcome: Outcome): 'success' | 'error' | 'failure' | 'timeout' {
  if (outcome.kind === 'response') return 'success';
  if (outcome.kind !== 'platform') return 'error';
  return outcome.failure.status === 'timeout' ? 'timeout' : 'failure';
}

export function bodyOf(outcome: Outcome): Uint8Array {
  return outcome.kind === 'platform' ? outcome.failure.document : outcome.body;
}

/** The environment ends with it. */
export function isFatal(outcome: Outcome): boolean {
  return outcome.kind === 'init-error' || (outcome.kind === 'platform' && outcome.fatal);
}

export function judgeResponse(body: Buffer, bytes: number, streamed: boolean): Outcome {
  const maxBytes = streamed ? MAX_STREAM_BYTES : MAX_RESPONSE_BYTES;
  if (bytes <= maxBytes) return { kind: 'response', body };
  const failure = responseTooLarge(bytes, maxBytes);
  return { kind: 'platform', failure, fatal: false };
}
