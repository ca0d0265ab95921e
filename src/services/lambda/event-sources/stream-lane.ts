// One lane of a shard: gathers records to batches, in order, and has them processed one after another.
import { SYNC_PAYLOAD_BYTES_MAX } from '../limits.ts';
import type { StreamRetry } from '../store.ts';
import { endWindow, processBatch } from './stream-batch.ts';
import type { StreamEntry } from './stream-source.ts';
import type { Attempt, BatchTask } from './stream-task.ts';
import { openWindow } from './stream-window.ts';
import { type Wakeup, createWakeup } from './wakeup.ts';

/** Room left in an event for what is around the records. */
const EVENT_FRAME_BYTES = 512;

/** Records waiting for one of the batches that run at once; all of one key come here in order. */
export interface Lane {
  readonly queue: StreamEntry[];
  /** Rings when records came, when the reader has nothing more to read, and at the end. */
  readonly filled: Wakeup;
  /** Nothing more will come. */
  closed: boolean;
}

export function createLane(): Lane {
  return { queue: [], filled: createWakeup(), closed: false };
}

export interface LaneTask extends BatchTask {
  readonly lane: Lane;
  /** Batches that failed before, by the sequence number of their first record. */
  readonly retries: ReadonlyMap<string, StreamRetry>;
  /** Whether the reader has read all there is. */
  readonly isCaughtUp: () => boolean;
  /** Rings when the lane has taken records. */
  readonly drained: Wakeup;
}

/** Runs until the lane is closed and empty, or the poller is stopped. */
export async function runLane(task: LaneTask): Promise<void> {
  for (;;) {
    const step = await nextStep(task);
    if (step === 'end') return;
    if (step === 'window over') {
      await endWindow(task, 'over');
      continue;
    }
    task.drained.ring();
    await processBatch(task, step);
  }
}

async function nextStep(task: LaneTask): Promise<Attempt | 'window over' | 'end'> {
  const { lane, signal, context } = task;
  for (;;) {
    if (signal.aborted) return 'end';
    const [first] = lane.queue;
    if (task.window !== undefined) {
      // Records come in order: one of a later window means that this one is complete.
      const isPast = first === undefined ? isOver(task) : first.arrivedMs >= task.window.endMs;
      if (isPast) return 'window over';
    }
    if (first !== undefined) return gatherBatch(task, first);
    if (lane.closed) return 'end';
    const leftMs = task.window === undefined ? undefined : task.window.endMs - context.clock.now();
    if (leftMs === undefined || leftMs <= 0) await context.activity.park(lane.filled.wait());
    else await waitAtMost(task, leftMs);
  }
}

/** AWS: the end of a shard closes its window, too. */
function isOver({ lane, window, isCaughtUp, context }: LaneTask): boolean {
  if (lane.closed) return true;
  return window !== undefined && isCaughtUp() && context.clock.now() >= window.endMs;
}

/** Up to a batch of records: what is there, or what arrives within the batching window. */
async function gatherBatch(task: LaneTask, first: StreamEntry): Promise<Attempt | 'end'> {
  const { lane, context, signal, mapping, retries } = task;
  const windowSec = task.settings.tumblingWindowSec;
  if (windowSec !== undefined) task.window ??= openWindow(first.arrivedMs, windowSec);
  const retry = retries.get(first.sequence);
  if (retry !== undefined) {
    // What failed together before is tried together again.
    const end = lane.queue.findIndex(({ sequence }) => BigInt(sequence) > BigInt(retry.last));
    return { entries: lane.queue.splice(0, end === -1 ? lane.queue.length : end), failures: retry.failures };
  }
  const closesMs = Math.min(
    context.clock.now() + mapping.batchWindowSec * 1_000,
    task.window?.endMs ?? Infinity,
  );
  while (!isFull(task) && !lane.closed && !signal.aborted) {
    const leftMs = closesMs - context.clock.now();
    if (leftMs <= 0) break;
    await waitAtMost(task, leftMs);
  }
  if (signal.aborted) return 'end';
  return { entries: lane.queue.splice(0, Math.min(mapping.batchSize, fittingCount(task))), failures: 0 };
}

async function waitAtMost({ context, lane }: LaneTask, delayMs: number): Promise<void> {
  const timeout = new AbortController();
  const due = context.clock
    .sleep(delayMs, timeout.signal)
    .then(() => lane.filled.ring())
    .catch(() => undefined);
  await context.activity.park(lane.filled.wait());
  timeout.abort();
  await due;
}

/** How many of the waiting records fit one invocation's payload, and the window; at least one. */
function fittingCount({ lane, window }: LaneTask): number {
  let bytes = EVENT_FRAME_BYTES + (window === undefined ? 0 : Buffer.byteLength(window.state));
  for (const [i, entry] of lane.queue.entries()) {
    bytes += entry.bytes + 1;
    const isLater = window !== undefined && entry.arrivedMs >= window.endMs;
    if (i > 0 && (isLater || bytes > SYNC_PAYLOAD_BYTES_MAX)) return i;
  }
  return lane.queue.length;
}

function isFull(task: LaneTask): boolean {
  const { length } = task.lane.queue;
  return length >= task.mapping.batchSize || fittingCount(task) < length;
}
