// Polls one stream for one event source mapping: shard after shard, parents first.
import { ServiceError, present } from '../../../base/errors.ts';
import { type WorkContext, localSlot } from '../../../kernel/context.ts';
import { POLLER_BACKOFF_FIRST_MS, POLLER_BACKOFF_MAX_MS } from '../limits.ts';
import type { MappingRecord, StreamSettings } from '../store.ts';
import { forgetCheckpoints, loadCheckpoints } from './stream-checkpoints.ts';
import { followShard } from './stream-shard.ts';
import { type SourceShard, type StreamSource, isMissing } from './stream-source.ts';
import { findStreamSource } from './stream-sources.ts';

/** Ends of the pollers that run, by the mapping's UUID. */
const running = localSlot(() => new Map<string, Promise<void>>());

/** Runs until the mapping changes, the cloud stops or the stream has come to its end. */
export async function pollStream(
  mapping: MappingRecord & { readonly stream: StreamSettings },
  stop: AbortSignal,
  context: WorkContext,
): Promise<void> {
  const ends = context.local(running);
  const former = ends.get(mapping.uuid);
  let markEnd = (): void => undefined;
  const end = new Promise<void>((resolve) => {
    markEnd = resolve;
  });
  ends.set(mapping.uuid, end);
  try {
    // Before the batches of the former poller have ended, this one would run them again.
    if (former !== undefined) await context.activity.park(former);
    await followStream(mapping, AbortSignal.any([stop, context.signal]), context);
  } finally {
    markEnd();
    if (ends.get(mapping.uuid) === end) ends.delete(mapping.uuid);
  }
}

async function followStream(
  mapping: MappingRecord & { readonly stream: StreamSettings },
  signal: AbortSignal,
  context: WorkContext,
): Promise<void> {
  const owner = { scope: { account: context.account, region: context.region }, uuid: mapping.uuid };
  const source = present(findStreamSource(mapping.eventSourceArn), 'kind of the mapped stream');
  const lastResult = { text: undefined };
  const active = new Map<string, Promise<void>>();
  for (let failures = 0; !signal.aborted;) {
    const shards = await findShards(source, mapping.eventSourceArn, context);
    if (shards === 'gone') break;
    if (shards === 'refused') {
      const delayMs = Math.min(POLLER_BACKOFF_MAX_MS, POLLER_BACKOFF_FIRST_MS * 2 ** failures);
      failures += 1;
      await context.activity.park(context.clock.sleep(delayMs, signal).catch(() => undefined));
      continue;
    }
    failures = 0;
    const known = await loadCheckpoints(context, owner);
    const ids = new Set(shards.map(({ id }) => id));
    const stale = [...known.keys()].filter((id) => !ids.has(id) && !active.has(id));
    await forgetCheckpoints(context, owner, stale);
    const isDone = (id: string): boolean => !ids.has(id) || known.get(id)?.finished === true;
    for (const { id: shardId, parentIds } of shards) {
      if (active.has(shardId) || isDone(shardId)) continue;
      // AWS: a shard waits for its parent, so that changes of one item stay in order.
      if (!parentIds.every(isDone)) continue;
      const work = new Promise<void>((resolve) => {
        context.spawn('lambda/stream-shard', owner.scope, async (own) => {
          const checkpoint = known.get(shardId);
          const { scope } = owner;
          const task = {
            mapping,
            settings: mapping.stream,
            source,
            lastResult,
            scope,
            shardId,
            checkpoint,
            context: own,
            signal,
          };
          try {
            await followShard(task);
          } finally {
            active.delete(shardId);
            resolve();
          }
        });
      });
      active.set(shardId, work);
    }
    // A stream that is disabled opens no more shards.
    if (active.size === 0) break;
    await context.activity.park(Promise.race(active.values()));
  }
  await context.activity.park(Promise.all(active.values()));
}

async function findShards(
  source: StreamSource,
  streamArn: string,
  context: WorkContext,
): Promise<SourceShard[] | 'gone' | 'refused'> {
  try {
    return await source.listShards(streamArn, context);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return isMissing(error) ? 'gone' : 'refused';
  }
}
