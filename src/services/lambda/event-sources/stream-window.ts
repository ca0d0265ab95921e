// Tumbling windows: spans of time whose records a function sums up in a state that is carried along.
// <developer guide, "Implementing stateful processing", tumbling windows>

/** A window at work in a shard. */
export interface TumblingWindow {
  readonly startMs: number;
  readonly endMs: number;
  /** JSON of what the function returned last; `{}` in the beginning. */
  readonly state: string;
}

/** A larger state ends its window early. */
const STATE_BYTES_MAX = 1_048_576;

/** The window that a record belongs to. Windows are aligned to the epoch. */
export function openWindow(arrivedMs: number, windowSec: number): TumblingWindow {
  const sizeMs = windowSec * 1_000;
  const startMs = Math.floor(arrivedMs / sizeMs) * sizeMs;
  return { startMs, endMs: startMs + sizeMs, state: '{}' };
}

export type WindowPhase = 'open' | 'over' | 'too large';

/** Members of the event beside its records. */
export function windowMembers(
  window: TumblingWindow,
  shard: { readonly shardId: string; readonly streamArn: string },
  phase: WindowPhase,
): Record<string, unknown> {
  return {
    window: { start: instant(window.startMs), end: instant(window.endMs) },
    state: JSON.parse(window.state) as unknown,
    shardId: shard.shardId,
    eventSourceARN: shard.streamArn,
    isFinalInvokeForWindow: phase !== 'open',
    isWindowTerminatedEarly: phase === 'too large',
  };
}

/**
 * The state a response gives, as JSON; undefined when it has none.
 * AWS: "If the response does not contain a state property, Lambda considers this a failed invocation."
 */
export function stateOf(response: unknown): string | undefined {
  if (typeof response !== 'object' || response === null || !('state' in response)) return undefined;
  const { state } = response;
  return typeof state === 'object' && state !== null ? JSON.stringify(state) : undefined;
}

export function isTooLarge(state: string): boolean {
  return Buffer.byteLength(state) > STATE_BYTES_MAX;
}

/** `2020-07-30T17:00:00Z` */
function instant(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('.000Z', 'Z');
}
