// Fills a new table from a backup or from another table's past, in the background.
import type { Key, Tx } from '../../../base/store.ts';
import { readSlices } from '../../../kernel/bodies.ts';
import type { WorkContext } from '../../../kernel/context.ts';
import type { TimerWorker } from '../../../kernel/service.ts';
import { decodeItem, type SizedItem } from '../item-codec.ts';
import { commitWrite } from '../item-write.ts';
import { itemPosition, loadTable, readStoredItems, saveTable, tablePrefix } from '../store.ts';
import { unpackItems } from './backup-content.ts';
import { releasePast } from './backup-life.ts';
import type { PastTable } from './history.ts';
import { readPast } from './history-store.ts';
import { BACKUP_TOPIC, loadBackup, saveBackup } from './store.ts';

const RESTORE = 'dynamodb/restore-table';
const CHUNK_ROWS = 200;

export const restoreWorkers: Readonly<Record<string, TimerWorker>> = { [RESTORE]: restoreTable };

/** Where the items of a restored table come from. */
export type RestoreSource =
  | { readonly kind: 'backup'; readonly backupId: string }
  | { readonly kind: 'past'; readonly past: PastTable; readonly job: string };

interface RestoreJob {
  readonly tableName: string;
  readonly tableId: string;
  readonly source: RestoreSource;
}

export function scheduleRestore(tx: Tx, context: WorkContext, job: RestoreJob): void {
  context.timers.schedule(tx, context, { worker: RESTORE, dueMs: context.nowMs, payload: job });
}

/** Nobody else writes to a table that is being made: a step that runs again puts the same rows. */
async function restoreTable(payload: unknown, context: WorkContext): Promise<void> {
  const job = payload as RestoreJob;
  for await (const items of readSource(context, job.source)) {
    if (!(await putItems(context, job, items))) break;
  }
  await context.store.transact(async (tx) => {
    const table = (await loadTable(tx, context, job.tableName))?.definition;
    if (table?.id === job.tableId) {
      // AWS: nothing tells a restored table from others once it is active. DDB-TABLE-216
      const { state: _made, origin: _from, ...active } = table;
      saveTable(tx, active);
    }
    await releaseSource(tx, context, job.source);
    tx.notify(BACKUP_TOPIC);
  });
}

async function* readSource(
  context: WorkContext,
  source: RestoreSource,
): AsyncGenerator<readonly SizedItem[], void> {
  if (source.kind === 'past') yield* readPastItems(context, source.past);
  else yield* readBackup(context, source.backupId);
}

async function* readPastItems(
  context: WorkContext,
  { place, point }: PastTable,
): AsyncGenerator<readonly SizedItem[], void> {
  for (let from: Key | undefined = []; from !== undefined; ) {
    const options: { point: typeof point; from: Key; limit: number } = {
      point,
      from,
      limit: CHUNK_ROWS,
    };
    const chunk = await context.store.read((view) => readPast(view, place, options));
    yield chunk.items.map(({ bytes }) => decodeItem(bytes));
    from = chunk.next;
  }
}

async function* readBackup(
  context: WorkContext,
  backupId: string,
): AsyncGenerator<readonly SizedItem[], void> {
  const opened = await context.store.read(async (view) => {
    const backup = await loadBackup(view, context, backupId);
    if (backup?.content.kind !== 'blob') return { backup, pieces: undefined };
    const { id, sizeBytes } = backup.content;
    const slices = sizeBytes === 0 ? [] : [{ id, start: 0, end: sizeBytes - 1 }];
    return { backup, pieces: readSlices(context.blobs, slices) };
  });
  if (opened.pieces !== undefined) yield* inChunks(unpackItems(opened.pieces));
  else if (opened.backup !== undefined) yield* readRowsOf(context, opened.backup.source.id);
}

async function* inChunks(
  stored: AsyncIterable<Uint8Array>,
): AsyncGenerator<readonly SizedItem[], void> {
  let items: SizedItem[] = [];
  for await (const bytes of stored) {
    items.push(decodeItem(bytes));
    if (items.length < CHUNK_ROWS) continue;
    yield items;
    items = [];
  }
  if (items.length > 0) yield items;
}

/** Rows of a table that was deleted. */
async function* readRowsOf(
  context: WorkContext,
  tableId: string,
): AsyncGenerator<readonly SizedItem[], void> {
  const handle = { prefix: tablePrefix(context, tableId) };
  for (let from: Key | undefined = []; from !== undefined; ) {
    const options: { from: Key; limit: number } = { from, limit: CHUNK_ROWS };
    const rows = await context.store.read((view) => readStoredItems(view, handle, options));
    yield rows.map(({ bytes }) => decodeItem(bytes));
    const last = rows.at(-1);
    from = last === undefined || rows.length < CHUNK_ROWS ? undefined : [...last.position, 0];
  }
}

/** False when the table is gone meanwhile. */
async function putItems(
  context: WorkContext,
  { tableName, tableId }: Pick<RestoreJob, 'tableName' | 'tableId'>,
  items: readonly SizedItem[],
): Promise<boolean> {
  return context.store.transact(async (tx) => {
    const table = await loadTable(tx, context, tableName);
    if (table?.definition.id !== tableId) return false;
    for (const item of items) {
      const position = itemPosition(table.definition, item.item);
      const outcome = { position, before: undefined, after: item, writes: true };
      await commitWrite(tx, context, { table, outcome, free: true });
    }
    return true;
  });
}

async function releaseSource(tx: Tx, context: WorkContext, source: RestoreSource): Promise<void> {
  if (source.kind === 'past') return releasePast(tx, context, source);
  const backup = await loadBackup(tx, context, source.backupId);
  if (backup !== undefined) saveBackup(tx, { ...backup, restores: backup.restores - 1 });
}
