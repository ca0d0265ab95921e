// The checks of PutLogEvents: order, size and span of a batch, and which of its events are too old
// or new.
import { invalidParameter } from './errors.ts';
import {
  BATCH_MAX_BYTES,
  BATCH_SPAN_MAX_MS,
  EVENT_AGE_MAX_MS,
  EVENT_AHEAD_MAX_MS,
  EVENT_OVERHEAD_BYTES,
} from './limits.ts';

export interface InputEvent {
  readonly timestampMs: number;
  readonly message: string;
}

export interface Sorting {
  readonly accepted: readonly InputEvent[];
  /** Index of the first event that is too new. */
  readonly tooNewFrom?: number;
  /** Index after the last event that is too old. */
  readonly tooOldTo?: number;
  /** Index after the last event that is past the group's retention. */
  readonly expiredTo?: number;
}

export function measureEvent(event: InputEvent): number {
  return Buffer.byteLength(event.message) + EVENT_OVERHEAD_BYTES;
}

export function checkBatch(events: readonly InputEvent[]): void {
  let bytes = 0;
  for (const [at, event] of events.entries()) {
    bytes += measureEvent(event);
    if (event.timestampMs < (events[at - 1]?.timestampMs ?? 0)) {
      throw invalidParameter(
        'Log events in a single PutLogEvents request must be in chronological order.',
      );
    }
  }
  if (bytes > BATCH_MAX_BYTES) {
    throw invalidParameter(`Upload too large: ${bytes} bytes exceeds limit of ${BATCH_MAX_BYTES}`);
  }
  const spanMs = (events.at(-1)?.timestampMs ?? 0) - (events[0]?.timestampMs ?? 0);
  if (spanMs > BATCH_SPAN_MAX_MS) {
    throw invalidParameter(
      'The batch of log events in a single PutLogEvents request cannot span more than 24 hours.',
    );
  }
}

/** Events are in order of time, so what is refused stands at the ends. Source: API reference. */
export function sortOut(
  events: readonly InputEvent[],
  { nowMs, retentionMs }: { nowMs: number; retentionMs: number | undefined },
): Sorting {
  const tooOldTo = countWhile(events, nowMs - EVENT_AGE_MAX_MS);
  const expiredTo = retentionMs === undefined ? 0 : countWhile(events, nowMs - retentionMs);
  const start = Math.max(tooOldTo, expiredTo);
  const tooNewFrom = events.findIndex(
    ({ timestampMs }) => timestampMs > nowMs + EVENT_AHEAD_MAX_MS,
  );
  return {
    accepted: events.slice(start, tooNewFrom === -1 ? undefined : tooNewFrom),
    ...(tooNewFrom === -1 ? {} : { tooNewFrom }),
    ...(tooOldTo === 0 ? {} : { tooOldTo }),
    ...(expiredTo <= tooOldTo ? {} : { expiredTo }),
  };
}

/** How many events from the start are before `beforeMs`. */
function countWhile(events: readonly InputEvent[], beforeMs: number): number {
  const first = events.findIndex(({ timestampMs }) => timestampMs >= beforeMs);
  return first === -1 ? events.length : first;
}
