// Follows one shard for one mapping: reads it, deals its records to lanes, and notes what is done.
import { ServiceError } from '../../../base/errors.ts';
import type { Scope, WorkContext } from '../../../kernel/context.ts';
import { streamTopic } from '../../../kernel/stream-topic.ts';
import {
  POLLER_BACKOFF_FIRST_MS,
  POLLER_BACKOFF_MAX_MS,
  STREAM_ITERATOR_RENEWAL_MS,
  SYNC_PAYLOAD_BYTES_MAX,
} from '../limits.ts';
import type { MappingRecord, StreamCheckpoint, StreamSettings } from '../store.ts';
import { type BatchTask, processBatch } from './stream-batch.ts';
import { advanceCheckpoint } from './stream-checkpoints.ts';
import { type StreamProgress, createStreamProgress } from './stream-progress.ts';
import { type ShardCursor, type ShardPage, isMissing, openCursor } from './stream-reader.ts';
import { type StreamEntry, compileStreamFilters, laneOf, toEntry } from './stream-record.ts';
import { type Wakeup, createWakeup } from './wakeup.ts';

/** Room left in an event for what is around the records. */
const EVENT_FRAME_BYTES = 64;

export interface ShardTask {
  readonly mapping: MappingRecord;
  readonly settings: StreamSettings;
  readonly scope: Scope;
  readonly shardId: string;
  readonly checkpoint: StreamCheckpoint | undefined;
  readonly context: WorkContext;
  /** Aborted when the mapping changes or the cloud stops. */
  readonly signal: AbortSignal;
}

/** Records waiting for one of the batches that run at once; all of one key come here in order. */
interface Lane {
  readonly queue: StreamEntry[];
  readonly filled: Wakeup;
  closed: boolean;
}

interface Shard extends ShardTask {
  readonly cursor: ShardCursor;
  readonly progress: StreamProgress;
  readonly lanes: readonly Lane[];
  /** Rings when the stream may have more to read. */
  readonly written: Wakeup;
  /** Rings when a lane has taken records. */
  readonly drained: Wakeup;
  readonly accepts: (entry: StreamEntry) => boolean;
}

/** Runs to the end of the shard, or until it is stopped. */
export async function followShard(task: ShardTask): Promise<void> {
  const { mapping, settings, shardId, context, signal } = task;
  const shard: Shard = {
    ...task,
    cursor: openCursor({ streamArn: mapping.eventSourceArn, shardId }, task.checkpoint),
    progress: createStreamProgress(),
    lanes: Array.from({ length: settings.parallelization }, () => ({
      queue: [],
      filled: createWakeup(),
      closed: false,
    })),
    written: createWakeup(),
    drained: createWakeup(),
    accepts: compileStreamFilters(mapping.filters),
  };
  const ringAll = (): void => {
    for (const bell of [shard.written, shard.drained, ...shard.lanes.map((lane) => lane.filled)])
      bell.ring();
  };
  signal.addEventListener('abort', ringAll, { once: true });
  const topic = streamTopic(mapping.eventSourceArn);
  const unlisten = context.store.listen(topic, () => shard.written.ring());
  const work = shard.lanes.map((lane) => startLane(shard, lane));
  try {
    const ended = await readToEnd(shard);
    for (const lane of shard.lanes) lane.closed = true;
    ringAll();
    await context.activity.park(Promise.all(work));
    if (ended && !signal.aborted) await saveProgress(shard, { finished: true });
  } finally {
    for (const lane of shard.lanes) lane.closed = true;
    ringAll();
    unlisten();
    signal.removeEventListener('abort', ringAll);
  }
}

/** Deals what the shard has to the lanes. True at its end, false when stopped before. */
async function readToEnd(shard: Shard): Promise<boolean> {
  const { mapping, settings, context, signal } = shard;
  const capacity = Math.max(1_000, mapping.batchSize * settings.parallelization);
  for (let renews = false; !signal.aborted;) {
    if (shard.lanes.reduce((sum, lane) => sum + lane.queue.length, 0) >= capacity) {
      await context.activity.park(shard.drained.wait());
      continue;
    }
    const page = await readPage(shard);
    if (page === undefined) return !signal.aborted;
    await deal(shard, page);
    if (page.next === undefined) return true;
    if (renews) await saveIterator(shard);
    renews = page.records.length === 0 && (await waitForRecords(shard));
  }
  return false;
}

/** The next page, however long the stream refuses; undefined when it is gone or the poller stopped. */
async function readPage({ cursor, context, signal }: Shard): Promise<ShardPage | undefined> {
  for (let delayMs = POLLER_BACKOFF_FIRST_MS; !signal.aborted;) {
    try {
      return await cursor.read(context);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      if (isMissing(error)) return undefined;
      await context.activity.park(context.clock.sleep(delayMs, signal).catch(() => undefined));
      delayMs = Math.min(POLLER_BACKOFF_MAX_MS, delayMs * 2);
    }
  }
  return undefined;
}

async function deal(shard: Shard, { records }: ShardPage): Promise<void> {
  const { mapping, lanes, progress } = shard;
  let dropped = false;
  for (const record of records) {
    const entry = toEntry(record, mapping.eventSourceArn);
    progress.read(entry.sequence);
    const lane = lanes[laneOf(record, lanes.length)];
    if (lane !== undefined && shard.accepts(entry)) {
      lane.queue.push(entry);
      lane.filled.ring();
    } else {
      progress.finish(entry.sequence);
      dropped = true;
    }
  }
  if (dropped) await saveProgress(shard);
}

/**
 * Idle until something is written, or until it is time to renew an iterator that no sequence number
 * can replace; says whether it is.
 */
async function waitForRecords(shard: Shard): Promise<boolean> {
  const { context, cursor, written } = shard;
  if (cursor.untouched === undefined) {
    await context.activity.park(written.wait());
    return false;
  }
  const dueMs = context.clock.now() + STREAM_ITERATOR_RENEWAL_MS;
  await waitAtMost(shard, written, STREAM_ITERATOR_RENEWAL_MS);
  return context.clock.now() >= dueMs;
}

/** So that a poller which starts later goes on from here, although nothing has been read yet. */
async function saveIterator(shard: Shard): Promise<void> {
  const { cursor, checkpoint } = shard;
  if (cursor.untouched === undefined) return;
  const { sinceMs } = checkpoint ?? {};
  const kept = sinceMs === undefined ? {} : { sinceMs };
  await saveProgress(shard, { iterator: cursor.untouched, ...kept });
}

async function saveProgress(
  { context, scope, mapping, shardId, progress }: Shard,
  more: StreamCheckpoint = {},
  also?: Parameters<typeof advanceCheckpoint>[2]['also'],
): Promise<void> {
  const { finishedTo } = progress;
  if (finishedTo === undefined && Object.keys(more).length === 0 && also === undefined) return;
  // Nothing is finished yet: the checkpoint stays where it is.
  const checkpoint = finishedTo === undefined ? more : { after: finishedTo, ...more };
  await advanceCheckpoint(
    context,
    { scope, uuid: mapping.uuid },
    { shardId, checkpoint, ...(also && { also }) },
  );
}

/** Runs a lane as work of its own, so that lanes idle independently. Resolves when it ended. */
function startLane(shard: Shard, lane: Lane): Promise<void> {
  return new Promise((resolve) => {
    shard.context.spawn('lambda/stream-batches', shard.scope, async (own) => {
      try {
        await runLane({ ...shard, context: own }, lane);
      } finally {
        resolve();
      }
    });
  });
}

async function runLane(shard: Shard, lane: Lane): Promise<void> {
  const { mapping, settings, scope, shardId, context, signal } = shard;
  const task: BatchTask = {
    mapping,
    settings,
    scope,
    shardId,
    context,
    signal,
    async settle(entries, delivery) {
      for (const { sequence } of entries) shard.progress.finish(sequence);
      await saveProgress(
        shard,
        {},
        delivery &&
          ((tx) => {
            const dueMs = context.clock.now();
            context.timers.schedule(tx, scope, {
              worker: 'lambda/deliver',
              dueMs,
              payload: delivery,
            });
          }),
      );
    },
  };
  for (;;) {
    const batch = await gatherBatch(shard, lane);
    if (batch === undefined) return;
    shard.drained.ring();
    await processBatch(task, batch);
  }
}

/** Up to a batch of records: what is there, or what arrives within the batching window. */
async function gatherBatch(shard: Shard, lane: Lane): Promise<StreamEntry[] | undefined> {
  const { context, signal } = shard;
  const { batchSize, batchWindowSec } = shard.mapping;
  while (lane.queue.length === 0) {
    if (lane.closed || signal.aborted) return undefined;
    await context.activity.park(lane.filled.wait());
  }
  const closesMs = context.clock.now() + batchWindowSec * 1_000;
  while (lane.queue.length < batchSize && !isFull(lane) && !lane.closed && !signal.aborted) {
    const leftMs = closesMs - context.clock.now();
    if (leftMs <= 0) break;
    await waitAtMost(shard, lane.filled, leftMs);
  }
  if (signal.aborted) return undefined;
  return lane.queue.splice(0, Math.min(batchSize, fittingCount(lane)));
}

async function waitAtMost({ context }: Shard, bell: Wakeup, delayMs: number): Promise<void> {
  const timeout = new AbortController();
  const due = context.clock
    .sleep(delayMs, timeout.signal)
    .then(() => bell.ring())
    .catch(() => undefined);
  await context.activity.park(bell.wait());
  timeout.abort();
  await due;
}

/** How many of the waiting records fit one invocation's payload; at least one. */
function fittingCount({ queue }: Lane): number {
  let bytes = EVENT_FRAME_BYTES;
  for (const [i, entry] of queue.entries()) {
    bytes += entry.bytes + 1;
    if (bytes > SYNC_PAYLOAD_BYTES_MAX && i > 0) return i;
  }
  return queue.length;
}

function isFull(lane: Lane): boolean {
  return fittingCount(lane) < lane.queue.length;
}
