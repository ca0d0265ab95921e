// Reads the events of many streams as one sequence in order of time.
import type { Store } from '../../base/store.ts';
import { READ_BATCH } from './limits.ts';
import type { EventPosition, LogGroup, LogStream, PlacedEvent } from './log-group.ts';
import { readEvents } from './store.ts';

interface Source {
  readonly stream: LogStream;
  /** Read and not yet given out. */
  buffer: PlacedEvent[];
  at: number;
  isDry: boolean;
}

export interface MergedReader {
  /** The next event of all streams, or undefined when none is left. */
  next(): Promise<{ stream: LogStream; event: PlacedEvent } | undefined>;
}

interface Options {
  readonly group: LogGroup;
  readonly streams: readonly LogStream[];
  readonly range: { readonly fromMs: number; readonly toMs: number };
  /** Only events after this one. */
  readonly beyond: EventPosition | undefined;
}

export function createMergedReader(
  store: Store,
  { group, streams, range, beyond }: Options,
): MergedReader {
  const sources: Source[] = streams.map((stream) => ({ stream, buffer: [], at: 0, isDry: false }));
  // Many streams share the read-ahead, so that a group of thousands does not fill the memory.
  const limit = Math.max(8, Math.floor(READ_BATCH / Math.max(1, streams.length)));
  let heap: Source[] | undefined;

  async function refill(source: Source): Promise<void> {
    if (source.isDry) return;
    const after = source.buffer.at(-1) ?? beyond;
    source.buffer = await store.read((view) =>
      readEvents(view, { group, stream: source.stream }, { ...range, beyond: after, limit }),
    );
    source.at = 0;
    source.isDry = source.buffer.length < limit;
  }

  async function begin(): Promise<Source[]> {
    for (const source of sources) await refill(source);
    const started = sources.filter((source) => source.buffer.length > 0);
    return started.sort(compareHeads);
  }

  return {
    async next() {
      heap ??= await begin();
      const source = heap[0];
      const event = source?.buffer[source.at];
      if (source === undefined || event === undefined) return undefined;
      source.at += 1;
      if (source.at === source.buffer.length) {
        await refill(source);
        if (source.at >= source.buffer.length) {
          heap.shift();
          return { stream: source.stream, event };
        }
      }
      sink(heap);
      return { stream: source.stream, event };
    },
  };
}

/** The first source moved on: puts it where its new head belongs. */
function sink(sources: Source[]): void {
  const [moved] = sources;
  if (moved === undefined) return;
  let low = 1;
  let high = sources.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = sources[middle];
    if (other !== undefined && compareHeads(other, moved) < 0) low = middle + 1;
    else high = middle;
  }
  if (low === 1) return;
  sources.copyWithin(0, 1, low);
  sources[low - 1] = moved;
}

function compareHeads(left: Source, right: Source): number {
  const [a, b] = [left.buffer[left.at], right.buffer[right.at]];
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? 1 : -1;
  return a.timestampMs - b.timestampMs || a.sequence - b.sequence;
}
