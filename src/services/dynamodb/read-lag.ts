// Reads that do not ask for consistency, as AWS may answer them: from the state a moment ago. For
// clouds that are asked for it, so that tests can meet what production will.
import { randomInteger } from '../../base/random.ts';
import type { Entry, Key, RangeOptions, ReadTx, Tx } from '../../base/store.ts';
import { encodeKey } from '../../base/tuple.ts';
import type { WorkContext } from '../../kernel/context.ts';
import { table } from '../../kernel/table.ts';
import { indexEntry } from './index-entries.ts';
import { decodeItem, encodeItem, type SizedItem } from './item-codec.ts';
import { entryKey, getItem, itemKey, type TableHandle } from './store.ts';
import { writeTime } from './write-time.ts';

interface RecentChange {
  readonly atMs: number;
  readonly position: Key;
  /** The item until then; absent when there was none. */
  readonly before?: Uint8Array;
}

/** Keyed [account, region, table id, sequence]: changes that a lagging read may not see yet. */
const recent = table<RecentChange>('dynamodb/recent');

const RECENT_MAX = 10_000;
/** Each change removes a few of those that are too old to matter. */
const TRIM_ROWS = 5;

/** Keeps what a write replaces for as long as reads may lag behind it. */
export async function recordRecent(
  tx: Tx,
  context: WorkContext,
  {
    table: { definition, prefix },
    position,
    before,
  }: {
    readonly table: TableHandle;
    readonly position: Key;
    readonly before: SizedItem | undefined;
  },
): Promise<void> {
  const atMs = writeTime(tx, context.clock);
  const oldest = atMs - (definition.readLagMs ?? 0);
  for (const { key, value } of await recent.list(tx, prefix, { limit: TRIM_ROWS })) {
    if (value.atMs < oldest) recent.delete(tx, key);
  }
  recent.append(tx, prefix, {
    atMs,
    position,
    ...(before === undefined ? {} : { before: encodeItem(before) }),
  });
}

/** The view as the read sees it: up to the table's lag earlier, drawn from the cloud's seed. */
export async function laggedView(
  view: ReadTx,
  context: WorkContext,
  { table: from, consistent }: { readonly table: TableHandle; readonly consistent: boolean },
): Promise<ReadTx> {
  const { readLagMs } = from.definition;
  if (readLagMs === undefined || consistent) return view;
  const seenMs = context.clock.now() - randomInteger(context.random, readLagMs + 1);
  const rows = await recent.list(view, from.prefix, { limit: RECENT_MAX });
  const earlier = new Map<string, RecentChange>();
  for (const { value } of rows) {
    const id = encodeKey(value.position);
    if (value.atMs > seenMs && !earlier.has(id)) earlier.set(id, value);
  }
  if (earlier.size === 0) return view;
  return overlay(view, await replacedRows(view, from, [...earlier.values()]));
}

/** Rows as they were, by encoded key; undefined for those that were not there. */
type Rows = Map<string, { readonly key: Key; readonly value: Uint8Array | undefined }>;

async function replacedRows(
  view: ReadTx,
  from: TableHandle,
  changes: readonly RecentChange[],
): Promise<Rows> {
  const rows: Rows = new Map();
  const set = (key: Key, value: Uint8Array | undefined): void => {
    rows.set(encodeKey(key), { key, value });
  };
  // First all that is there now goes away, then what was there before comes back.
  for (const { position } of changes) {
    set(itemKey(from, position), undefined);
    const current = await getItem(view, from, position);
    for (const { key } of entriesOf(from, current)) set(key, undefined);
  }
  for (const { position, before } of changes) {
    if (before === undefined) continue;
    set(itemKey(from, position), before);
    for (const { key, entry } of entriesOf(from, decodeItem(before))) set(key, encodeItem(entry));
  }
  return rows;
}

function entriesOf(
  from: TableHandle,
  item: SizedItem | undefined,
): { readonly key: Key; readonly entry: SizedItem }[] {
  if (item === undefined) return [];
  return from.definition.indexes.flatMap((index) => {
    const entry = indexEntry(from.definition, index, item);
    return entry === undefined ? [] : [{ key: entryKey(from, index, entry.item), entry }];
  });
}

function overlay(view: ReadTx, rows: Rows): ReadTx {
  return {
    async get(key) {
      const replaced = rows.get(encodeKey(key));
      return replaced === undefined ? view.get(key) : replaced.value;
    },
    // For definitions alone, of which none is replaced.
    getShared: (key) => view.getShared(key),
    async range(from, to, options) {
      return mergeRange(view, rows, { from, to, options });
    },
  };
}

/** So many more are read as may be taken away: enough are left to fill the range. */
async function mergeRange(
  view: ReadTx,
  rows: Rows,
  {
    from,
    to,
    options,
  }: { readonly from: Key; readonly to: Key; readonly options: RangeOptions },
): Promise<Entry[]> {
  const [low, high] = [encodeKey(from), encodeKey(to)];
  const limit = options.limit + rows.size;
  const current = await view.range(from, to, { ...options, limit });
  const merged = current
    .map((entry) => ({ id: encodeKey(entry.key), entry }))
    .filter(({ id }) => !rows.has(id));
  for (const [id, { key, value }] of rows) {
    if (value !== undefined && id >= low && id < high) merged.push({ id, entry: { key, value } });
  }
  const sign = options.reverse === true ? -1 : 1;
  return merged
    .toSorted((a, b) => (a.id < b.id ? -sign : sign))
    .slice(0, options.limit)
    .map(({ entry }) => entry);
}
