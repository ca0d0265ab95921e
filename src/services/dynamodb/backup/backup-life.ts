// The life of a backup: begun in a transaction, copied in the background, removed with its items.
import { formatArn } from '../../../base/arn.ts';
import type { Key, Tx } from '../../../base/store.ts';
import { createBlobDeleter, releaseBlob, retainBlob } from '../../../kernel/bodies.ts';
import type { WorkContext } from '../../../kernel/context.ts';
import type { TimerWorker } from '../../../kernel/service.ts';
import { storedSize } from '../item-codec.ts';
import { schedulePurge } from '../purge.ts';
import { loadTable, saveTable } from '../store.ts';
import type { TableDefinition } from '../table-definition.ts';
import { packItems } from './backup-content.ts';
import { pinHistory, PURGE_HISTORY, unpinHistory, type PastTable } from './history.ts';
import { purgeHistory, readPast, type HistoryPlace } from './history-store.ts';
import { SYSTEM_BACKUP_LIFETIME_MS } from './limits.ts';
import { BACKUP_TOPIC, deleteBackup, loadBackup, saveBackup, type BackupRecord } from './store.ts';

const COPY = 'dynamodb/copy-backup';
const EXPIRE = 'dynamodb/expire-backup';
const DELETE_BLOB = 'dynamodb/delete-blob';

/** Rows one transaction takes on: small enough not to hold others up. */
const CHUNK_ROWS = 200;
const EXPIRY_RETRY_MS = 60_000;

export const backupWorkers: Readonly<Record<string, TimerWorker>> = {
  [COPY]: copyBackup,
  [EXPIRE]: expireBackup,
  [DELETE_BLOB]: createBlobDeleter(DELETE_BLOB),
  [PURGE_HISTORY]: purgeOldHistory,
};

/** AWS: the time in milliseconds, then eight hexadecimal digits. */
export function timedId(context: WorkContext): string {
  const time = String(context.nowMs).padStart(14, '0');
  return `${time}-${Buffer.from(context.random.bytes(4)).toString('hex')}`;
}

interface NewBackup {
  readonly id: string;
  readonly name: string;
  readonly size: { readonly items: number; readonly bytes: number };
}

/** Begins a backup of the table as it is in this transaction. */
export function beginBackup(
  tx: Tx,
  context: WorkContext,
  { source, backup }: { readonly source: TableDefinition; readonly backup: NewBackup },
): BackupRecord {
  const { table, past } = pinHistory(source, { job: backup.id });
  saveTable(tx, table);
  const record: BackupRecord = {
    ...describeNew(source, context, backup),
    type: 'USER',
    content: { kind: 'pending', past },
  };
  saveBackup(tx, record);
  context.timers.schedule(tx, context, {
    worker: COPY,
    dueMs: context.nowMs,
    payload: { id: backup.id },
  });
  return record;
}

function describeNew(
  source: TableDefinition,
  context: WorkContext,
  { id, name, size }: NewBackup,
): Omit<BackupRecord, 'type' | 'content'> {
  const { account, region } = source;
  const resource = `table/${source.name}/backup/${id}`;
  return {
    account,
    region,
    id,
    arn: formatArn({ service: 'dynamodb', region, account, resource }),
    name,
    createdMs: context.nowMs,
    source,
    itemCount: size.items,
    itemBytes: size.bytes,
    restores: 0,
  };
}

/**
 * Keeps the rows of a table that is being deleted as its last backup.
 * AWS: a table with point-in-time recovery leaves a system backup for 35 days. <developer guide,
 * "Point-in-time backups: how they work">
 */
export function keepDeletedTable(
  tx: Tx,
  context: WorkContext,
  { source, size }: { readonly source: TableDefinition; readonly size: NewBackup['size'] },
): void {
  const name = `${source.name}$DeletedTableBackup`;
  const expiresMs = context.nowMs + SYSTEM_BACKUP_LIFETIME_MS;
  const backup = { id: timedId(context), name, size };
  const record: BackupRecord = {
    ...describeNew(source, context, backup),
    type: 'SYSTEM',
    content: { kind: 'rows' },
    expiresMs,
  };
  saveBackup(tx, record);
  context.timers.schedule(tx, context, {
    worker: EXPIRE,
    dueMs: expiresMs,
    payload: { id: backup.id },
  });
}

/** Copies the table as it was when the backup was asked for into a blob. Runs again after a crash. */
async function copyBackup(payload: unknown, context: WorkContext): Promise<void> {
  const { id } = payload as { readonly id: string };
  const backup = await context.store.read((view) => loadBackup(view, context, id));
  if (backup === undefined || backup.content.kind !== 'pending') return;
  const { past } = backup.content;
  const size = { items: 0, bytes: 0 };
  const blob = await context.blobs.put(copyItems(context, past, size));
  await context.store.transact(async (tx) => {
    const current = await loadBackup(tx, context, id);
    if (current?.content.kind !== 'pending') return;
    await retainBlob(tx, blob.id);
    saveBackup(tx, {
      ...current,
      content: { kind: 'blob', id: blob.id, sizeBytes: blob.sizeBytes },
      itemCount: size.items,
      itemBytes: size.bytes,
    });
    await releasePast(tx, context, { past, job: id });
    tx.notify(BACKUP_TOPIC);
  });
}

async function* copyItems(
  context: WorkContext,
  { place, point }: PastTable,
  size: { items: number; bytes: number },
): AsyncGenerator<Uint8Array, void> {
  for (let from: Key | undefined = []; from !== undefined; ) {
    const options: { point: typeof point; from: Key; limit: number } = {
      point,
      from,
      limit: CHUNK_ROWS,
    };
    const chunk = await context.store.read((view) => readPast(view, place, options));
    size.items += chunk.items.length;
    for (const { bytes } of chunk.items) size.bytes += storedSize(bytes);
    yield packItems(chunk.items);
    from = chunk.next;
  }
}

/** The job needs the table's past no more. */
export async function releasePast(
  tx: Tx,
  context: WorkContext,
  { past, job }: { readonly past: PastTable; readonly job: string },
): Promise<void> {
  const table = (await loadTable(tx, past.place, past.tableName))?.definition;
  if (table?.id === past.place.tableId) saveTable(tx, unpinHistory(tx, context, { table, job }));
}

/** Removes the backup from sight, and its items in the background. */
export async function removeBackup(
  tx: Tx,
  context: WorkContext,
  backup: BackupRecord,
): Promise<void> {
  deleteBackup(tx, backup);
  const { content, source } = backup;
  if (content.kind === 'blob') {
    const { account, region, timers, nowMs } = context;
    await releaseBlob(tx, content.id, { account, region, timers, nowMs, worker: DELETE_BLOB });
  }
  if (content.kind === 'rows') schedulePurge(tx, context, { kind: 'items', tableId: source.id });
}

async function expireBackup(payload: unknown, context: WorkContext): Promise<void> {
  const { id } = payload as { readonly id: string };
  await context.store.transact(async (tx) => {
    const backup = await loadBackup(tx, context, id);
    if (backup === undefined) return;
    if (backup.restores === 0) return removeBackup(tx, context, backup);
    const dueMs = context.nowMs + EXPIRY_RETRY_MS;
    context.timers.schedule(tx, context, { worker: EXPIRE, dueMs, payload: { id } });
  });
}

async function purgeOldHistory(payload: unknown, context: WorkContext): Promise<void> {
  const place = payload as HistoryPlace;
  while (await context.store.transact((tx) => purgeHistory(tx, place, CHUNK_ROWS)));
}
