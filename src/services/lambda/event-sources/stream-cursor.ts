// A place in a shard that outlives its iterators.
import type { WorkContext } from '../../../kernel/context.ts';
import type { StreamCheckpoint } from '../store.ts';
import {
  type ShardAddress,
  type ShardPage,
  type StreamSource,
  isExpired,
  isTrimmed,
} from './stream-source.ts';

export interface ShardCursor {
  /** Throws ServiceError when the stream refuses; the next call goes on from the same place. */
  read(context: WorkContext): Promise<ShardPage>;
  /** The iterator a reader that has read nothing so far stands at. */
  readonly untouched: string | undefined;
}

/** @param checkpoint where to begin; undefined: at the oldest record. */
export function openCursor(
  source: StreamSource,
  shard: ShardAddress,
  checkpoint: StreamCheckpoint | undefined,
): ShardCursor {
  let iterator = checkpoint?.iterator;
  let after = checkpoint?.after;
  // After an iterator was lost, the time tells what came before the mapping.
  let sinceMs: number | undefined;

  async function tryRead(context: WorkContext): Promise<ShardPage> {
    const from = after === undefined ? ({ at: 'oldest' } as const) : ({ at: 'after', sequence: after } as const);
    iterator ??= await source.openIterator(shard, from, context);
    const { entries, next } = await source.readPage(iterator, shard, context);
    after = entries.at(-1)?.sequence ?? after;
    iterator = next;
    // Arrival times are exact to the second.
    const since = sinceMs;
    const kept = since === undefined ? entries : entries.filter(({ arrivedMs }) => arrivedMs + 1_000 > since);
    return { entries: kept, next };
  }

  return {
    async read(context) {
      try {
        return await tryRead(context);
      } catch (error) {
        if (!isExpired(error) && !isTrimmed(error)) throw error;
        iterator = undefined;
        // What was trimmed is lost: go on with the oldest record there is.
        if (isTrimmed(error)) after = undefined;
        if (after === undefined) sinceMs = checkpoint?.sinceMs;
        return tryRead(context);
      }
    },
    get untouched() {
      return after === undefined ? iterator : undefined;
    },
  };
}

/**
 * Where a mapping that begins now, or at a time, stands in each shard. The iterators are kept, so that
 * what is written from now on is seen whenever the poller starts.
 */
export async function firstPlaces(
  source: StreamSource,
  start: { readonly streamArn: string; readonly timeMs: number | undefined },
  context: WorkContext,
): Promise<Map<string, StreamCheckpoint>> {
  const { streamArn, timeMs } = start;
  const places = new Map<string, StreamCheckpoint>();
  for (const { id, isClosed } of await source.listShards(streamArn, context)) {
    if (timeMs === undefined && isClosed) {
      places.set(id, { finished: true });
      continue;
    }
    const from = timeMs === undefined ? ({ at: 'newest' } as const) : ({ at: 'time', timeMs } as const);
    const iterator = await source.openIterator({ streamArn, shardId: id }, from, context);
    places.set(id, { iterator, sinceMs: timeMs ?? context.clock.now() });
  }
  return places;
}
