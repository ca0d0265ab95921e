// What items were before they changed: rows by item, so that a table can be read as it was.
import type { Key, ReadTx, Tx } from '../../../base/store.ts';
import { AFTER_ANY } from '../../../base/tuple.ts';
import type { Scope, WorkContext } from '../../../kernel/context.ts';
import { table } from '../../../kernel/table.ts';
import { encodeItem, type SizedItem } from '../item-codec.ts';
import { readStoredItems, tablePrefix, type StoredItem, type TableHandle } from '../store.ts';
import { writeTime } from '../write-time.ts';

interface HistoryRow {
  readonly atMs: number;
  /** The table's count of marked instants when the item changed. */
  readonly mark: number;
  /** The item until then; absent when there was none. */
  readonly before?: Uint8Array;
}

/**
 * Keyed [account, region, table id, generation, …position of the item, sequence]: the changes of an
 * item lie together, oldest first.
 */
const history = table<HistoryRow>('dynamodb/history');

/** An instant of a table's past: changes that are later than the time, or than the mark, come after it. */
export interface HistoryPoint {
  readonly atMs: number;
  readonly mark: number;
}

/** A history of a table that may be gone by now. */
export interface HistoryPlace extends Scope {
  readonly tableId: string;
  readonly generation: number;
}

function isAfter(row: HistoryRow, point: HistoryPoint): boolean {
  return row.mark >= point.mark || row.atMs > point.atMs;
}

function below(place: HistoryPlace): Key {
  return [...tablePrefix(place, place.tableId), place.generation];
}

/** Keeps what a write replaces, in the write's own transaction. */
export function recordHistory(
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
): void {
  if (definition.history === undefined) return;
  const { generation, mark } = definition.history;
  history.append(tx, [...prefix, generation, ...position], {
    atMs: writeTime(tx, context.clock),
    mark,
    ...(before === undefined ? {} : { before: encodeItem(before) }),
  });
}

const PAGE_ROWS = 200;

/** A part of a table as it was. */
export interface PastChunk {
  readonly items: readonly StoredItem[];
  /** Where the next chunk begins; undefined at the end of the table. */
  readonly next: Key | undefined;
}

/**
 * Items of the table as it was at `point`, about `limit` of them. What is written meanwhile leaves a
 * row in the history, so chunks read one after another, each on a view of its own, fit together.
 */
export async function readPast(
  view: ReadTx,
  place: HistoryPlace,
  {
    point,
    from,
    limit,
  }: { readonly point: HistoryPoint; readonly from: Key; readonly limit: number },
): Promise<PastChunk> {
  const prefix = tablePrefix(place, place.tableId);
  const current = await readStoredItems(view, { prefix }, { from, limit });
  const last = current.length < limit ? undefined : current.at(-1)?.position;
  const changed = await readReplaced(view, place, { point, from, until: last, limit });
  const end = changed.end ?? last;
  const merged = new Map<string, StoredItem>();
  for (const item of current) {
    if (end === undefined || comparePositions(item.position, end) <= 0) {
      merged.set(positionId(item.position), item);
    }
  }
  for (const { position, before } of changed.replaced) {
    if (before === undefined) merged.delete(positionId(position));
    else merged.set(positionId(position), { position, bytes: before });
  }
  const items = [...merged.values()].toSorted((a, b) => comparePositions(a.position, b.position));
  return { items, next: end === undefined ? undefined : [...end, AFTER_ANY] };
}

interface Replaced {
  readonly position: Key;
  readonly before: Uint8Array | undefined;
}

/**
 * What the items that changed after `point` were then, by position, up to and including `until`.
 * `end` is the last position it answers for when it came to `limit` of them first.
 */
async function readReplaced(
  view: ReadTx,
  place: HistoryPlace,
  {
    point,
    from,
    until,
    limit,
  }: {
    readonly point: HistoryPoint;
    readonly from: Key;
    readonly until: Key | undefined;
    readonly limit: number;
  },
): Promise<{ readonly replaced: readonly Replaced[]; readonly end: Key | undefined }> {
  const prefix = below(place);
  const to = [...prefix, ...(until ?? []), AFTER_ANY];
  const replaced: Replaced[] = [];
  for (let start: Key | undefined = [...prefix, ...from]; start !== undefined; ) {
    const rows = await history.range(view, start, to, { limit: PAGE_ROWS });
    for (const { key, value } of rows) {
      const position = key.slice(prefix.length, -1);
      const settled = replaced.at(-1);
      if (settled !== undefined && comparePositions(settled.position, position) === 0) continue;
      if (!isAfter(value, point)) continue;
      replaced.push({ position, before: value.before });
      if (replaced.length === limit) return { replaced, end: position };
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE_ROWS) return { replaced, end: undefined };
    const position = last.key.slice(prefix.length, -1);
    // The later changes of an item that is settled are passed over, however many there are.
    const settled = replaced.at(-1);
    start =
      settled !== undefined && comparePositions(settled.position, position) === 0
        ? [...prefix, ...position, AFTER_ANY]
        : [...last.key, 0];
  }
  return { replaced, end: undefined };
}

/** An item as it was before and after a span of time in which it changed. */
export interface PastChange {
  readonly position: Key;
  readonly before: Uint8Array | undefined;
  readonly after: Uint8Array | undefined;
  /** When it changed last within the span. */
  readonly atMs: number;
}

/** Items that changed after `since` and not after `point`, about `limit` of them. */
export async function readPastChanges(
  view: ReadTx,
  place: HistoryPlace,
  options: {
    readonly since: number;
    readonly point: HistoryPoint;
    readonly from: Key;
    readonly limit: number;
  },
): Promise<{ readonly changes: readonly PastChange[]; readonly next: Key | undefined }> {
  const { since, point, limit } = options;
  const prefix = below(place);
  const to = [...prefix, AFTER_ANY];
  const changes: PastChange[] = [];
  for (let start: Key = [...prefix, ...options.from]; ; ) {
    const rows = await history.range(view, start, to, { limit: 1 });
    const [first] = rows;
    if (first === undefined) return { changes, next: undefined };
    const position = first.key.slice(prefix.length, -1);
    const change = await readItemChange(view, place, { position, since, point });
    if (change !== undefined) changes.push(change);
    start = [...prefix, ...position, AFTER_ANY];
    if (changes.length >= limit) return { changes, next: [...position, AFTER_ANY] };
  }
}

async function readItemChange(
  view: ReadTx,
  place: HistoryPlace,
  {
    position,
    since,
    point,
  }: { readonly position: Key; readonly since: number; readonly point: HistoryPoint },
): Promise<PastChange | undefined> {
  const prefix = [...below(place), ...position];
  let before: HistoryRow | undefined;
  let atMs = 0;
  for (let start: Key = prefix; ; ) {
    const rows = await history.range(view, start, [...prefix, AFTER_ANY], { limit: PAGE_ROWS });
    for (const { value } of rows) {
      if (isAfter(value, point)) {
        return before && { position, before: before.before, after: value.before, atMs };
      }
      if (value.atMs <= since) continue;
      before ??= value;
      atMs = value.atMs;
    }
    const last = rows.at(-1);
    if (last !== undefined && rows.length === PAGE_ROWS) {
      start = [...last.key, 0];
      continue;
    }
    if (before === undefined) return undefined;
    const handle = { prefix: tablePrefix(place, place.tableId) };
    const [current] = await readStoredItems(view, handle, { from: position, limit: 1 });
    const here = current !== undefined && comparePositions(current.position, position) === 0;
    return { position, before: before.before, after: here ? current.bytes : undefined, atMs };
  }
}

/**
 * Removes rows that are older than `beforeMs` among the next `limit` from `from` on. Gives where to
 * go on; undefined at the end.
 */
export async function trimHistory(
  tx: Tx,
  place: HistoryPlace,
  {
    beforeMs,
    from,
    limit,
  }: { readonly beforeMs: number; readonly from: Key; readonly limit: number },
): Promise<Key | undefined> {
  const prefix = below(place);
  const rows = await history.range(tx, [...prefix, ...from], [...prefix, AFTER_ANY], { limit });
  for (const { key, value } of rows) if (value.atMs <= beforeMs) history.delete(tx, key);
  const last = rows.at(-1);
  return last === undefined || rows.length < limit
    ? undefined
    : [...last.key.slice(prefix.length), 0];
}

/** Removes up to `limit` rows of a history; true when some may be left. */
export async function purgeHistory(
  tx: Tx,
  place: HistoryPlace,
  limit: number,
): Promise<boolean> {
  const rows = await history.list(tx, below(place), { limit });
  for (const { key } of rows) history.delete(tx, key);
  return rows.length === limit;
}

function comparePositions(a: Key, b: Key): number {
  for (const [i, part] of a.entries()) {
    const other = b[i];
    if (!(part instanceof Uint8Array) || !(other instanceof Uint8Array)) return a.length - b.length;
    const order = Buffer.compare(part, other);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function positionId(position: Key): string {
  return position
    .map((part) => (part instanceof Uint8Array ? Buffer.from(part).toString('latin1') : part))
    .join('\0');
}
