// DynamoDB's state: tables, items, index entries, expiries, tags and tokens, and where each is
// kept.
import { present, unreachable } from '../../base/errors.ts';
import type { Key, ReadTx, Tx } from '../../base/store.ts';
import { AFTER_ANY } from '../../base/tuple.ts';
import type { Scope } from '../../kernel/context.ts';
import { bytesTable, definitionTable, table, type Row, type Table } from '../../kernel/table.ts';
import { attributeOf, type Item } from './attribute-value.ts';
import type { IndexChanges } from './index-entries.ts';
import { EncodedItem, decodeItem, encodeItem, storedSize, type SizedItem } from './item-codec.ts';
import { encodeKeyValue, hashBytes } from './key-encoding.ts';
import type { KeyRange } from './query-range.ts';
import type { IndexDefinition, KeySchema, TableDefinition } from './table-definition.ts';

/** Keyed [account, region, name]. */
const definitions = definitionTable<TableDefinition>('dynamodb/table');
/** Keyed [account, region, table id, partition hash, sort key?]. */
const items = bytesTable('dynamodb/item');
/**
 * Keyed [account, region, table id, index number, partition hash, sort key?, hash of the item's
 * key].
 */
const entries = bytesTable('dynamodb/index-entry');
/** Keyed [account, region, table id, generation, second, …key of the item]: items by expiry. */
const expiries = table<true>('dynamodb/expiry');
/** Keyed [account, region, table id]: when the timer of the table's next expiry is due. */
const expiryTimers = table<number>('dynamodb/expiry-timer');
/** Keyed [account, region, table id]. */
const tags = table<Record<string, string>>('dynamodb/tags');
/** Keyed [account, region, table id]. */
const measures = table<Measure>('dynamodb/measure');
/** Keyed [account, region, client request token]. */
const tokens = table<TokenRecord>('dynamodb/token');
/** Keyed [account, region, expiry ms, token]. */
const tokenExpiries = table<true>('dynamodb/token-expiry');
/** Keyed [account, region]: present while the timer that forgets tokens is set. */
const tokenSweeps = table<true>('dynamodb/token-sweep');

/** Notified when an index has been filled. */
export const INDEX_TOPIC = 'dynamodb/index';

/** A table as requests use it: its definition and the keys of its rows, worked out once. */
export interface TableHandle {
  readonly definition: TableDefinition;
  /** [account, region, table id] */
  readonly prefix: Key;
}

/** How many items and bytes a table and each of its indexes held at a time. */
export interface Measure {
  readonly atMs: number;
  readonly table: RowCount;
  readonly indexes: Readonly<Record<string, RowCount>>;
}

export interface RowCount {
  readonly items: number;
  readonly bytes: number;
}

/** A transaction that was done, so that its repetition is not done again. */
export interface TokenRecord {
  readonly requestDigest: string;
  readonly expiresMs: number;
}

// Equal definitions come as the same object, and so do their handles.
const handles = new WeakMap<TableDefinition, TableHandle>();

/** The table as it stands in this view; undefined when there is none. */
export async function loadTable(
  view: ReadTx,
  scope: Scope,
  name: string,
): Promise<TableHandle | undefined> {
  const definition = await definitions.get(view, [scope.account, scope.region, name]);
  if (definition === undefined) return undefined;
  let handle = handles.get(definition);
  if (handle === undefined) {
    handle = openHandle(definition);
    handles.set(definition, handle);
  }
  return handle;
}

function openHandle(definition: TableDefinition): TableHandle {
  return { definition, prefix: tablePrefix(definition, definition.id) };
}

/** What the keys of a table's rows start with, be the table still there or not. */
export function tablePrefix({ account, region }: Scope, tableId: string): Key {
  return [account, region, Buffer.from(tableId.replaceAll('-', ''), 'hex')];
}

export function saveTable(tx: Tx, definition: TableDefinition): TableHandle {
  const key = [definition.account, definition.region, definition.name];
  definitions.put(tx, key, definition);
  return openHandle(definition);
}

/** Removes the table from sight; its rows are purged afterwards. */
export function removeTable(tx: Tx, { definition, prefix }: TableHandle): void {
  const key = [definition.account, definition.region, definition.name];
  definitions.delete(tx, key);
  tags.delete(tx, prefix);
  measures.delete(tx, prefix);
  expiryTimers.delete(tx, prefix);
}

/** Names in order, strictly after `after`. */
export async function listTableNames(
  view: ReadTx,
  { account, region }: Scope,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<string[]> {
  const prefix = [account, region];
  const rows = await definitions.list(view, prefix, {
    limit,
    ...(after === undefined ? {} : { after: [...prefix, after] }),
  });
  return rows.map((row) => String(row.key[2]));
}

/** Where an item's row lies below the table's prefix. `item` may be the key alone. */
export function itemPosition({ key }: TableDefinition, item: Item): Key {
  const { partition, sort } = keyBytes(key, item);
  const hash = hashBytes(partition);
  return sort === undefined ? [hash] : [hash, sort];
}

/** Where an item's entry lies below the index's prefix. `item` holds both keys at least. */
export function entryPosition(table: TableDefinition, index: IndexDefinition, item: Item): Key {
  const own = keyBytes(table.key, item);
  const ownHash = hashBytes(own.partition, own.sort ?? new Uint8Array());
  const { partition, sort } = keyBytes(index.key, item);
  const hash = hashBytes(partition);
  return sort === undefined ? [hash, ownHash] : [hash, sort, ownHash];
}

function keyBytes(
  { partition, sort }: KeySchema,
  item: Item,
): { readonly partition: Uint8Array; readonly sort: Uint8Array | undefined } {
  const bytes = (name: string): Uint8Array =>
    encodeKeyValue(present(attributeOf(item, name), `key attribute ${name}`));
  return {
    partition: bytes(partition.name),
    sort: sort === undefined ? undefined : bytes(sort.name),
  };
}

export async function getItem(
  view: ReadTx,
  { prefix }: TableHandle,
  position: Key,
): Promise<SizedItem | undefined> {
  const bytes = await items.get(view, [...prefix, ...position]);
  return bytes === undefined ? undefined : decodeItem(bytes);
}

/** What a write leaves of an item; `item` is undefined when it goes away. */
export interface ItemWrite {
  readonly position: Key;
  readonly item: SizedItem | undefined;
  readonly indexChanges: IndexChanges['changes'];
  /** Expiry rows the write makes obsolete and brings. */
  readonly oldExpirySec: number | undefined;
  readonly newExpirySec: number | undefined;
}

export function writeItem(tx: Tx, { definition, prefix }: TableHandle, write: ItemWrite): void {
  const { position, item, oldExpirySec, newExpirySec } = write;
  const key = [...prefix, ...position];
  if (item === undefined) items.delete(tx, key);
  else items.put(tx, key, encodeItem(item));
  for (const { index, remove, put } of write.indexChanges) {
    const below = [...prefix, index.number];
    if (remove !== undefined) {
      entries.delete(tx, [...below, ...entryPosition(definition, index, remove)]);
    }
    if (put !== undefined) {
      entries.put(tx, [...below, ...entryPosition(definition, index, put.item)], encodeItem(put));
    }
  }
  if (definition.expiry === undefined || oldExpirySec === newExpirySec) return;
  const byExpiry = [...prefix, definition.expiry.generation];
  if (oldExpirySec !== undefined) expiries.delete(tx, [...byExpiry, oldExpirySec, ...position]);
  if (newExpirySec !== undefined) expiries.put(tx, [...byExpiry, newExpirySec, ...position], true);
}

/** The store's key of an item's row, for views that show other rows than there are. */
export function itemKey({ prefix }: TableHandle, position: Key): Key {
  return [items.name, ...prefix, ...position];
}

/** The store's key of an item's entry in an index. */
export function entryKey(
  { definition, prefix }: TableHandle,
  index: IndexDefinition,
  item: Item,
): Key {
  return [entries.name, ...prefix, index.number, ...entryPosition(definition, index, item)];
}

/** An item's row as it is stored. */
export interface StoredItem {
  readonly position: Key;
  readonly bytes: Uint8Array;
}

/** Rows of the table from `from` on, undecoded: for copies of whole tables. */
export async function readStoredItems(
  view: ReadTx,
  { prefix }: Pick<TableHandle, 'prefix'>,
  { from, limit }: { readonly from: Key; readonly limit: number },
): Promise<StoredItem[]> {
  const rows = await items.range(view, [...prefix, ...from], endOf(prefix), { limit });
  return rows.map(({ key, value }) => ({ position: key.slice(prefix.length), bytes: value }));
}

export function putEntry(
  tx: Tx,
  { definition, prefix }: TableHandle,
  { index, entry }: { readonly index: IndexDefinition; readonly entry: SizedItem },
): void {
  const position = entryPosition(definition, index, entry.item);
  entries.put(tx, [...prefix, index.number, ...position], encodeItem(entry));
}

export function putExpiry(
  tx: Tx,
  { prefix }: TableHandle,
  { generation, second, position }: { generation: number; second: number; position: Key },
): void {
  expiries.put(tx, [...prefix, generation, second, ...position], true);
}

export interface StoredRow extends SizedItem {
  /** Below the prefix of the table or index. */
  readonly position: Key;
}

/** Rows of the table, or of an index, in key order. */
export async function readRows(
  view: ReadTx,
  { prefix }: TableHandle,
  options: {
    readonly index: IndexDefinition | undefined;
    readonly range: KeyRange;
    readonly limit: number;
    readonly reverse: boolean;
  },
): Promise<StoredRow[]> {
  const { index, range, limit, reverse } = options;
  const below = index === undefined ? prefix : [...prefix, index.number];
  const from = [...below, ...range.from];
  const to = [...below, ...range.to];
  const rows = await (index === undefined ? items : entries).range(view, from, to, {
    limit,
    reverse,
  });
  return rows.map((row) => new DecodedRow(row, below.length));
}

/** Where a row lies is asked of few rows: the last of a page, those that are deleted. */
class DecodedRow extends EncodedItem implements StoredRow {
  readonly #row: Row<Uint8Array>;
  readonly #prefixParts: number;

  constructor(row: Row<Uint8Array>, prefixParts: number) {
    super(row.value);
    this.#row = row;
    this.#prefixParts = prefixParts;
  }

  get position(): Key {
    return this.#row.key.slice(this.#prefixParts);
  }
}

/** Counts rows up to `limit`, from strictly after `after`; `last` is where it stopped early. */
export async function countRows(
  view: ReadTx,
  { prefix }: TableHandle,
  options: {
    readonly index: IndexDefinition | undefined;
    readonly limit: number;
    readonly after: Key | undefined;
  },
): Promise<RowCount & { readonly last: Key | undefined }> {
  const { index, limit, after } = options;
  const below = index === undefined ? prefix : [...prefix, index.number];
  const from = after === undefined ? below : [...after, 0];
  const rows = await (index === undefined ? items : entries).range(view, from, endOf(below), {
    limit,
  });
  const bytes = rows.reduce((sum, row) => sum + storedSize(row.value), 0);
  return { items: rows.length, bytes, last: rows.length < limit ? undefined : rows.at(-1)?.key };
}

/** Hashes begin with a clear bit and numbers sort before bytes: nothing below reaches this. */
function endOf(prefix: Key): Key {
  return [...prefix, AFTER_ANY];
}

export async function loadMeasure(
  view: ReadTx,
  { prefix }: TableHandle,
): Promise<Measure | undefined> {
  return measures.get(view, prefix);
}

export function saveMeasure(tx: Tx, { prefix }: TableHandle, measure: Measure): void {
  measures.put(tx, prefix, measure);
}

export async function loadTags(
  view: ReadTx,
  { prefix }: TableHandle,
): Promise<Record<string, string>> {
  return (await tags.get(view, prefix)) ?? {};
}

export function saveTags(tx: Tx, { prefix }: TableHandle, values: Record<string, string>): void {
  tags.put(tx, prefix, values);
}

export interface Expiry {
  readonly second: number;
  readonly position: Key;
}

/** The earliest expiries of a generation. */
export async function listExpiries(
  view: ReadTx,
  { prefix }: TableHandle,
  { generation, limit }: { readonly generation: number; readonly limit: number },
): Promise<Expiry[]> {
  const below = [...prefix, generation];
  const rows = await expiries.list(view, below, { limit });
  return rows.map(({ key }) => ({
    second: Number(key[below.length]),
    position: key.slice(below.length + 1),
  }));
}

export function deleteExpiry(
  tx: Tx,
  { prefix }: TableHandle,
  { generation, second, position }: { generation: number; second: number; position: Key },
): void {
  expiries.delete(tx, [...prefix, generation, second, ...position]);
}

/** When the table's expiry timer is due; undefined when it has none. */
export async function loadExpiryTimer(
  view: ReadTx,
  { prefix }: TableHandle,
): Promise<number | undefined> {
  return expiryTimers.get(view, prefix);
}

export function saveExpiryTimer(tx: Tx, { prefix }: TableHandle, dueMs: number | undefined): void {
  if (dueMs === undefined) expiryTimers.delete(tx, prefix);
  else expiryTimers.put(tx, prefix, dueMs);
}

/** What is left behind when a table, an index or an expiry setting goes. */
export type Leftover =
  | { readonly kind: 'items'; readonly tableId: string }
  | { readonly kind: 'entries'; readonly tableId: string; readonly index: number }
  | { readonly kind: 'expiries'; readonly tableId: string; readonly generation: number };

/** Removes up to `limit` rows of a leftover; true when some may be left. */
export async function purgeRows(
  tx: Tx,
  { account, region }: Scope,
  { leftover, limit }: { readonly leftover: Leftover; readonly limit: number },
): Promise<boolean> {
  const below = tablePrefix({ account, region }, leftover.tableId);
  switch (leftover.kind) {
    case 'items':
      return purge(tx, items, { below, limit });
    case 'entries':
      return purge(tx, entries, { below: [...below, leftover.index], limit });
    case 'expiries':
      return purge(tx, expiries, { below: [...below, leftover.generation], limit });
    default:
      return unreachable(leftover);
  }
}

async function purge<T>(
  tx: Tx,
  from: Table<T>,
  { below, limit }: { readonly below: Key; readonly limit: number },
): Promise<boolean> {
  const rows = await from.range(tx, below, endOf(below), { limit });
  for (const row of rows) from.delete(tx, row.key);
  return rows.length === limit;
}

export async function loadToken(
  view: ReadTx,
  { account, region }: Scope,
  token: string,
): Promise<TokenRecord | undefined> {
  return tokens.get(view, [account, region, token]);
}

export function saveToken(
  tx: Tx,
  { account, region }: Scope,
  { token, record }: { readonly token: string; readonly record: TokenRecord },
): void {
  tokens.put(tx, [account, region, token], record);
  tokenExpiries.put(tx, [account, region, record.expiresMs, token], true);
}

/** Forgets up to `limit` tokens that expired by `nowMs`; returns when the next one does. */
export async function forgetTokens(
  tx: Tx,
  { account, region }: Scope,
  { nowMs, limit }: { readonly nowMs: number; readonly limit: number },
): Promise<number | undefined> {
  const rows = await tokenExpiries.list(tx, [account, region], { limit: limit + 1 });
  for (const [i, { key }] of rows.entries()) {
    const [expiresMs, token] = [Number(key[2]), String(key[3])];
    if (expiresMs > nowMs || i === limit) return expiresMs;
    tokenExpiries.delete(tx, key);
    // The token may have been used again since, with a later expiry.
    const current = await tokens.get(tx, [account, region, token]);
    if (current !== undefined && current.expiresMs <= nowMs)
      tokens.delete(tx, [account, region, token]);
  }
  return undefined;
}

/** Whether the sweep of tokens is set in this region. */
export async function hasTokenSweep(view: ReadTx, { account, region }: Scope): Promise<boolean> {
  return (await tokenSweeps.get(view, [account, region])) === true;
}

export function setTokenSweep(tx: Tx, { account, region }: Scope, set: boolean): void {
  if (set) tokenSweeps.put(tx, [account, region], true);
  else tokenSweeps.delete(tx, [account, region]);
}
