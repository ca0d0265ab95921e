// Follows one shard for one mapping: reads it, deals its records to lanes, and notes what is done.
import { ServiceError } from '../../../base/errors.ts';
import type { Scope, WorkContext } from '../../../kernel/context.ts';
import { streamTopic } from '../../../kernel/stream-topic.ts';
import { POLLER_BACKOFF_FIRST_MS, POLLER_BACKOFF_MAX_MS, STREAM_ITERATOR_RENEWAL_MS } from '../limits.ts';
import type { MappingRecord, StreamCheckpoint, StreamRetry, StreamSettings } from '../store.ts';
import { countEvents } from './mapping-metrics.ts';
import { compileFilters } from './record-filter.ts';
import { type CheckpointMove, advanceCheckpoint, loadRetries } from './stream-checkpoints.ts';
import { type ShardCursor, openCursor } from './stream-cursor.ts';
import { type Lane, type LaneTask, createLane, runLane } from './stream-lane.ts';
import { type StreamProgress, createStreamProgress } from './stream-progress.ts';
import { type ShardPage, type StreamEntry, type StreamSource, isMissing } from './stream-source.ts';
import type { BatchOutcome } from './stream-task.ts';
import type { TumblingWindow } from './stream-window.ts';
import { type Wakeup, createWakeup } from './wakeup.ts';

export interface ShardTask {
  readonly mapping: MappingRecord;
  readonly settings: StreamSettings;
  readonly source: StreamSource;
  readonly scope: Scope;
  readonly shardId: string;
  readonly checkpoint: StreamCheckpoint | undefined;
  readonly context: WorkContext;
  /** Aborted when the mapping changes or the cloud stops. */
  readonly signal: AbortSignal;
  /** What was noted last of the mapping's batches; shared by its shards. */
  readonly lastResult: { text: string | undefined };
}

interface Shard extends ShardTask {
  readonly cursor: ShardCursor;
  readonly progress: StreamProgress;
  readonly lanes: readonly Lane[];
  readonly retries: ReadonlyMap<string, StreamRetry>;
  /** Rings when the stream may have more to read. */
  readonly written: Wakeup;
  /** Rings when a lane has taken records. */
  readonly drained: Wakeup;
  readonly accepts: (view: unknown) => boolean;
  /** The reader has read all there is. */
  caughtUp: boolean;
}

/** Runs to the end of the shard, or until it is stopped. */
export async function followShard(task: ShardTask): Promise<void> {
  const { mapping, settings, shardId, context, signal, source } = task;
  const { eventSourceArn: streamArn } = mapping;
  const shard: Shard = {
    ...task,
    cursor: openCursor(source, { streamArn, shardId }, task.checkpoint),
    progress: createStreamProgress(),
    lanes: Array.from({ length: settings.parallelization }, createLane),
    retries: await loadRetries(context, { scope: task.scope, uuid: mapping.uuid }, shardId),
    written: createWakeup(),
    drained: createWakeup(),
    accepts: compileFilters(mapping.filters),
    caughtUp: false,
  };
  const ringAll = (): void => {
    for (const bell of [shard.written, shard.drained, ...shard.lanes.map((lane) => lane.filled)])
      bell.ring();
  };
  signal.addEventListener('abort', ringAll, { once: true });
  const unlisten = context.store.listen(streamTopic(streamArn), () => shard.written.ring());
  const work = shard.lanes.map((lane) => startLane(shard, lane));
  try {
    const ended = await readToEnd(shard);
    for (const lane of shard.lanes) lane.closed = true;
    ringAll();
    await context.activity.park(Promise.all(work));
    if (ended && !signal.aborted) await save(shard, { checkpoint: { finished: true } });
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
  for (let renews = false; !signal.aborted; ) {
    if (shard.lanes.reduce((sum, lane) => sum + lane.queue.length, 0) >= capacity) {
      await context.activity.park(shard.drained.wait());
      continue;
    }
    const page = await readPage(shard);
    if (page === undefined) return !signal.aborted;
    await deal(shard, page);
    if (page.next === undefined) return true;
    if (renews) await saveIterator(shard);
    renews = page.entries.length === 0 && (await waitForRecords(shard));
  }
  return false;
}

/** The next page, however long the stream refuses; undefined when it is gone or the poller stopped. */
async function readPage({ cursor, context, signal }: Shard): Promise<ShardPage | undefined> {
  for (let delayMs = POLLER_BACKOFF_FIRST_MS; !signal.aborted; ) {
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

async function deal(shard: Shard, { entries }: ShardPage): Promise<void> {
  const { lanes, progress, source } = shard;
  let dropped = 0;
  for (const entry of entries) {
    progress.read(entry.sequence);
    const lane = lanes[laneOf(source, entry, lanes.length)];
    if (lane !== undefined && shard.accepts(source.filterView(entry))) {
      lane.queue.push(entry);
      lane.filled.ring();
    } else {
      progress.finish(entry.sequence);
      dropped += 1;
    }
  }
  countEvents(shard, 'PolledEventCount', entries.length);
  countEvents(shard, 'FilteredOutEventCount', dropped);
  if (dropped > 0) await save(shard, {});
}

/** Which of `count` lanes a record goes to: all of one key to the same. */
function laneOf(source: StreamSource, entry: StreamEntry, count: number): number {
  if (count === 1) return 0;
  const text = source.orderingKey(entry);
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return Math.abs(hash % count);
}

/**
 * Idle until something is written, or until it is time to renew an iterator that no sequence number
 * can replace; says whether it is.
 */
async function waitForRecords(shard: Shard): Promise<boolean> {
  const { context, cursor, written, lanes } = shard;
  shard.caughtUp = true;
  for (const lane of lanes) lane.filled.ring();
  try {
    if (cursor.untouched === undefined) {
      await context.activity.park(written.wait());
      return false;
    }
    const dueMs = context.clock.now() + STREAM_ITERATOR_RENEWAL_MS;
    const timeout = new AbortController();
    const due = context.clock
      .sleep(STREAM_ITERATOR_RENEWAL_MS, timeout.signal)
      .then(() => written.ring())
      .catch(() => undefined);
    await context.activity.park(written.wait());
    timeout.abort();
    await due;
    return context.clock.now() >= dueMs;
  } finally {
    shard.caughtUp = false;
  }
}

/** So that a poller which starts later goes on from here, although nothing has been read yet. */
async function saveIterator(shard: Shard): Promise<void> {
  const { cursor, checkpoint } = shard;
  if (cursor.untouched === undefined) return;
  const { sinceMs } = checkpoint ?? {};
  const kept = sinceMs === undefined ? {} : { sinceMs };
  await save(shard, { checkpoint: { iterator: cursor.untouched, ...kept } });
}

async function save(
  { context, scope, mapping, shardId, progress }: Shard,
  move: Partial<Omit<CheckpointMove, 'shardId'>>,
): Promise<void> {
  const { finishedTo: after } = progress;
  const checkpoint = { ...(after === undefined ? {} : { after }), ...move.checkpoint };
  // Nothing is finished yet: the checkpoint stays where it is.
  if (Object.keys(checkpoint).length + Object.keys(move).length === 0) return;
  await advanceCheckpoint(context, { scope, uuid: mapping.uuid }, { ...move, shardId, checkpoint });
}

/** Runs a lane as work of its own, so that lanes idle independently. Resolves when it ended. */
function startLane(shard: Shard, lane: Lane): Promise<void> {
  return new Promise((resolve) => {
    shard.context.spawn('lambda/stream-batches', shard.scope, async (own) => {
      let noted: TumblingWindow | undefined = shard.checkpoint?.window;
      const task: LaneTask = {
        ...shard,
        context: own,
        lane,
        window: noted,
        isCaughtUp: () => shard.caughtUp,
        async note(outcome) {
          const { window = null } = task;
          const hasChanged = window !== (noted ?? null);
          noted = task.window;
          await noteOutcome({ ...shard, context: own }, outcome, hasChanged ? window : undefined);
        },
      };
      try {
        await runLane(task);
      } finally {
        resolve();
      }
    });
  });
}

async function noteOutcome(
  shard: Shard,
  outcome: BatchOutcome,
  window: TumblingWindow | null | undefined,
): Promise<void> {
  const { progress, lastResult, context, scope } = shard;
  const { done, settled, failed, delivery, result } = outcome;
  for (const { sequence } of done) progress.finish(sequence);
  const isNews = lastResult.text !== result;
  lastResult.text = result;
  await save(shard, {
    settled: settled.filter((first) => !failed.has(first)),
    failed,
    ...(isNews ? { result } : {}),
    ...(window === undefined ? {} : { window }),
    ...(delivery === undefined
      ? {}
      : {
          also: (tx) =>
            context.timers.schedule(tx, scope, {
              worker: 'lambda/deliver',
              dueMs: context.clock.now(),
              payload: delivery,
            }),
        }),
  });
}
