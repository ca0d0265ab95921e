// Writes on their way to other regions, and which write of an item is the latest of all regions.
import type { Key, ReadTx, Tx } from '../../../base/store.ts';
import type { Scope, WorkContext } from '../../../kernel/context.ts';
import { table, type Row } from '../../../kernel/table.ts';
import { attributeOf, setAttribute, type AttributeValue, type Item } from '../attribute-value.ts';
import { decodeItem, encodeItem, type SizedItem } from '../item-codec.ts';
import { itemSize } from '../item-size.ts';
import { tablePrefix, type TableHandle } from '../store.ts';
import { keyNames, type TableDefinition } from '../table-definition.ts';
import { writeTime } from '../write-time.ts';

/** When and where a write was made. Of two writes of an item, the later one stays. */
export interface Stamp {
  readonly atMs: number;
  /** Decides between writes of the same time. */
  readonly region: string;
}

interface StoredStamp extends Stamp {
  /** The item is gone. */
  readonly gone?: true;
}

interface OutboxRow {
  readonly stamp: Stamp;
  readonly keys: Uint8Array;
  /** Absent when the item was deleted. */
  readonly image?: Uint8Array;
}

/** Keyed [account, region, table id, …position of the item]: its latest write. */
const stamps = table<StoredStamp>('dynamodb/replica-stamp');
/** Keyed [account, region, table id, sequence]: writes the other regions do not have yet. */
const outbox = table<OutboxRow>('dynamodb/replica-outbox');
/** Keyed [account, region, table id]: present while the timer that sends the outbox is set. */
const senders = table<true>('dynamodb/replica-sender');

export const SEND = 'dynamodb/replicate';

/** AWS: other regions have a write within about a second. <developer guide, "Global tables"> */
const REPLICATION_DELAY_MS = 500;

export function isLater(a: Stamp, b: Stamp): boolean {
  return a.atMs === b.atMs ? a.region > b.region : a.atMs > b.atMs;
}

interface Committed {
  readonly table: TableHandle;
  readonly outcome: {
    readonly position: Key;
    readonly before: SizedItem | undefined;
    readonly after: SizedItem | undefined;
  };
  readonly replicated: Stamp | undefined;
}

/** Stamps a write and, unless it came from there, puts it on its way to the other regions. */
export async function recordReplication(
  tx: Tx,
  context: WorkContext,
  { table: { definition, prefix }, outcome, replicated }: Committed,
): Promise<void> {
  const { position, before, after } = outcome;
  const gone = after === undefined ? { gone: true as const } : {};
  if (replicated !== undefined) {
    // Also of an item that is not there yet: its copy may still be on its way.
    stamps.put(tx, [...prefix, ...position], { ...replicated, ...gone });
    return;
  }
  const known = after ?? before;
  if (known === undefined) return;
  const stamp = await nextStamp(tx, context, { definition, prefix, position });
  stamps.put(tx, [...prefix, ...position], { ...stamp, ...gone });
  outbox.append(tx, prefix, {
    stamp,
    keys: encodeItem(pickKeys(definition, known.item)),
    ...(after === undefined ? {} : { image: encodeItem(after) }),
  });
  if ((await senders.get(tx, prefix)) === true) return;
  senders.put(tx, prefix, true);
  scheduleSend(tx, context, definition);
}

function scheduleSend(tx: Tx, context: WorkContext, definition: TableDefinition): void {
  const { id: tableId, name: tableName } = definition;
  context.timers.schedule(tx, definition, {
    worker: SEND,
    dueMs: context.clock.now() + REPLICATION_DELAY_MS,
    id: tableId,
    payload: { tableName, tableId },
  });
}

/** Now; or just behind what is here already, when another region's clock is ahead. */
async function nextStamp(
  tx: Tx,
  context: WorkContext,
  {
    definition,
    prefix,
    position,
  }: { readonly definition: TableDefinition; readonly prefix: Key; readonly position: Key },
): Promise<Stamp> {
  const stamp = { atMs: writeTime(tx, context.clock), region: definition.region };
  const current = await stamps.get(tx, [...prefix, ...position]);
  if (current === undefined || !isLater(current, stamp)) return stamp;
  return { ...stamp, atMs: current.atMs + 1 };
}

function pickKeys(definition: TableDefinition, item: Item): SizedItem {
  const keys: Record<string, AttributeValue> = {};
  for (const name of keyNames(definition.key)) {
    const value = attributeOf(item, name);
    if (value !== undefined) setAttribute(keys, name, value);
  }
  return { item: keys, size: itemSize(keys) };
}

export async function loadStamp(
  view: ReadTx,
  { prefix }: Pick<TableHandle, 'prefix'>,
  position: Key,
): Promise<Stamp | undefined> {
  return stamps.get(view, [...prefix, ...position]);
}

/** A write that is on its way. */
export interface SentWrite {
  readonly stamp: Stamp;
  readonly keys: Item;
  readonly after: SizedItem | undefined;
  /** Its row, to be removed once all regions have it. */
  readonly key: Key;
}

export async function readOutbox(
  view: ReadTx,
  { prefix }: Pick<TableHandle, 'prefix'>,
  limit: number,
): Promise<SentWrite[]> {
  const rows = await outbox.list(view, prefix, { limit });
  return rows.map(({ key, value }: Row<OutboxRow>) => ({
    stamp: value.stamp,
    keys: decodeItem(value.keys).item,
    after: value.image === undefined ? undefined : decodeItem(value.image),
    key,
  }));
}

export function removeSent(tx: Tx, { key }: SentWrite): void {
  outbox.delete(tx, key);
}

export function markSenderDone(tx: Tx, { prefix }: Pick<TableHandle, 'prefix'>): void {
  senders.delete(tx, prefix);
}

/**
 * Removes up to `limit` stamps from `from` on: all, or those of items that are gone for longer than
 * a write can be on its way. Gives where to go on.
 */
export async function sweepStamps(
  tx: Tx,
  scope: Scope,
  {
    tableId,
    from,
    goneBeforeMs,
    limit,
  }: {
    readonly tableId: string;
    readonly from: Key | undefined;
    readonly goneBeforeMs: number | undefined;
    readonly limit: number;
  },
): Promise<Key | undefined> {
  const prefix = tablePrefix(scope, tableId);
  const rows = await stamps.list(tx, prefix, {
    limit,
    ...(from === undefined ? {} : { after: from }),
  });
  for (const { key, value } of rows) {
    const old = goneBeforeMs === undefined || (value.gone && value.atMs < goneBeforeMs);
    if (old === true) stamps.delete(tx, key);
  }
  return rows.length < limit ? undefined : rows.at(-1)?.key;
}

/** Removes up to `limit` writes that nobody waits for any more; true when some may be left. */
export async function purgeOutbox(
  tx: Tx,
  scope: Scope,
  { tableId, limit }: { readonly tableId: string; readonly limit: number },
): Promise<boolean> {
  const prefix = tablePrefix(scope, tableId);
  senders.delete(tx, prefix);
  const rows = await outbox.list(tx, prefix, { limit });
  for (const { key } of rows) outbox.delete(tx, key);
  return rows.length === limit;
}
