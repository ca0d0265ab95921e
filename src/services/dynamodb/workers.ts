// Background work on tables: expiry, filling new indexes, removing what is left of old ones.
import type { Key, Tx } from '../../base/store.ts';
import type { WorkContext } from '../../kernel/context.ts';
import type { TimerWorker } from '../../kernel/service.ts';
import { backupWorkers } from './backup/backup-life.ts';
import { recoveryWorkers } from './backup/recovery.ts';
import { restoreWorkers } from './backup/restore.ts';
import { expirySecond } from './expiry.ts';
import { indexEntry } from './index-entries.ts';
import { commitWrite, ensureExpiryTimer } from './item-write.ts';
import {
  deleteExpiry,
  forgetTokens,
  getItem,
  INDEX_TOPIC,
  listExpiries,
  loadTable,
  putEntry,
  putExpiry,
  readRows,
  saveExpiryTimer,
  saveTable,
  setTokenSweep,
  type StoredRow,
  type TableHandle,
} from './store.ts';
import { purgeWorkers } from './purge.ts';
import { scanRange } from './query-range.ts';
import { replicationWorkers } from './replication/replicate.ts';
import { streamWorkers } from './streams/life-cycle.ts';
import { exportWorkers } from './transfer/export-job.ts';
import { importWorkers } from './transfer/import-job.ts';

/** Rows one transaction takes on: small enough not to hold others up. */
const CHUNK_ROWS = 200;

export const workers: Readonly<Record<string, TimerWorker>> = {
  'dynamodb/expire': expireItems,
  'dynamodb/fill-expiry': fillExpiry,
  'dynamodb/fill-index': fillIndex,
  'dynamodb/forget-tokens': forgetExpiredTokens,
  ...purgeWorkers,
  ...backupWorkers,
  ...restoreWorkers,
  ...recoveryWorkers,
  ...replicationWorkers,
  ...exportWorkers,
  ...importWorkers,
  ...streamWorkers,
};

interface TablePayload {
  readonly tableName: string;
  readonly tableId: string;
}

export function scheduleIndexFill(
  tx: Tx,
  context: WorkContext,
  payload: TablePayload & { readonly indexNumber: number },
): void {
  context.timers.schedule(tx, context, {
    worker: 'dynamodb/fill-index',
    dueMs: context.nowMs,
    payload,
  });
}

export function scheduleExpiryFill(
  tx: Tx,
  context: WorkContext,
  payload: TablePayload & { readonly generation: number },
): void {
  context.timers.schedule(tx, context, {
    worker: 'dynamodb/fill-expiry',
    dueMs: context.nowMs,
    payload,
  });
}

/** The table the work is for, if it still is that one. */
async function findTable(
  tx: Tx,
  context: WorkContext,
  { tableName, tableId }: TablePayload,
): Promise<TableHandle | undefined> {
  const table = await loadTable(tx, context, tableName);
  return table?.definition.id === tableId ? table : undefined;
}

/** Removes what has expired, then sets the timer for what expires next. */
async function expireItems(payload: unknown, context: WorkContext): Promise<void> {
  const target = payload as TablePayload;
  while (await context.store.transact((tx) => expireSome(tx, context, target)));
}

/** True when more may have expired already. */
async function expireSome(tx: Tx, context: WorkContext, target: TablePayload): Promise<boolean> {
  const table = await findTable(tx, context, target);
  const generation = table?.definition.expiry?.generation;
  if (table === undefined || generation === undefined) return false;
  const nowMs = context.clock.now();
  const rows = await listExpiries(tx, table, { generation, limit: CHUNK_ROWS });
  for (const { second, position } of rows) {
    if (second * 1000 > nowMs) {
      saveExpiryTimer(tx, table, undefined);
      await ensureExpiryTimer(tx, context, { table, second });
      return false;
    }
    const before = await getItem(tx, table, position);
    deleteExpiry(tx, table, { generation, second, position });
    if (
      before === undefined ||
      expirySecond(table.definition.expiry, before.item, nowMs) !== second
    )
      continue;
    await commitWrite(tx, context, {
      table,
      outcome: { position, before, after: undefined, writes: true },
      expired: true,
    });
  }
  if (rows.length === CHUNK_ROWS) return true;
  saveExpiryTimer(tx, table, undefined);
  return false;
}

/** Notes the expiry of the items that were there before time to live was enabled. */
async function fillExpiry(payload: unknown, context: WorkContext): Promise<void> {
  const target = payload as TablePayload & { readonly generation: number };
  await forEachRow(context, target, async (tx, table, row) => {
    const { expiry } = table.definition;
    if (expiry?.generation !== target.generation) return;
    const second = expirySecond(expiry, row.item, context.nowMs);
    if (second === undefined) return;
    putExpiry(tx, table, { generation: target.generation, second, position: row.position });
    await ensureExpiryTimer(tx, context, { table, second });
  });
}

/** Adds the items that were there before an index to it, then declares it active. */
async function fillIndex(payload: unknown, context: WorkContext): Promise<void> {
  const target = payload as TablePayload & { readonly indexNumber: number };
  await forEachRow(context, target, async (tx, table, row) => {
    const index = table.definition.indexes.find(
      (candidate) => candidate.number === target.indexNumber,
    );
    const entry = index === undefined ? undefined : indexEntry(table.definition, index, row);
    if (index !== undefined && entry !== undefined) putEntry(tx, table, { index, entry });
  });
  await context.store.transact(async (tx) => {
    const table = await findTable(tx, context, target);
    if (table === undefined) return;
    const indexes = table.definition.indexes.map((index) =>
      index.number === target.indexNumber ? { ...index, backfilling: false } : index,
    );
    saveTable(tx, { ...table.definition, indexes });
    tx.notify(INDEX_TOPIC);
  });
}

/** Visits every item of a table, a chunk to a transaction. */
async function forEachRow(
  context: WorkContext,
  target: TablePayload,
  visit: (tx: Tx, table: TableHandle, row: StoredRow) => Promise<void>,
): Promise<void> {
  const whole = scanRange(0, 1);
  let from: Key | undefined = whole.from;
  while (from !== undefined) {
    const start: Key = from;
    from = await context.store.transact(async (tx): Promise<Key | undefined> => {
      const table = await findTable(tx, context, target);
      if (table === undefined) return undefined;
      const range = { from: start, to: whole.to };
      const rows = await readRows(tx, table, {
        index: undefined,
        range,
        limit: CHUNK_ROWS,
        reverse: false,
      });
      for (const row of rows) await visit(tx, table, row);
      const last = rows.at(-1);
      return last === undefined || rows.length < CHUNK_ROWS ? undefined : [...last.position, 0];
    });
  }
}

async function forgetExpiredTokens(_payload: unknown, context: WorkContext): Promise<void> {
  for (;;) {
    const nowMs = context.clock.now();
    const again = await context.store.transact(async (tx) => {
      const nextMs = await forgetTokens(tx, context, { nowMs, limit: CHUNK_ROWS });
      if (nextMs === undefined) setTokenSweep(tx, context, false);
      else if (nextMs > nowMs) scheduleTokenSweep(tx, context, nextMs);
      return nextMs !== undefined && nextMs <= nowMs;
    });
    if (!again) return;
  }
}

export function scheduleTokenSweep(tx: Tx, context: WorkContext, dueMs: number): void {
  setTokenSweep(tx, context, true);
  context.timers.schedule(tx, context, {
    worker: 'dynamodb/forget-tokens',
    dueMs,
    id: `${context.account}/${context.region}`,
    payload: {},
  });
}
