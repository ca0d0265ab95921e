// Runs an import in the background: the objects of a source into a new table.
import { ServiceError } from '../../../base/errors.ts';
import type { Tx } from '../../../base/store.ts';
import type { WorkContext } from '../../../kernel/context.ts';
import type { TimerWorker } from '../../../kernel/service.ts';
import type { Item } from '../attribute-value.ts';
import { BACKUP_TOPIC } from '../backup/store.ts';
import type { SizedItem } from '../item-codec.ts';
import { itemSize } from '../item-size.ts';
import { commitWrite, resolveWrite } from '../item-write.ts';
import { checkIndexKeys, checkItemKey } from '../key-rules.ts';
import { ITEM_MAX_BYTES } from '../limits.ts';
import { schedulePurge } from '../purge.ts';
import { loadTable, removeTable, saveTable } from '../store.ts';
import type { KeyAttribute, TableDefinition } from '../table-definition.ts';
import { explain } from './export-job.ts';
import { createErrorLog, type ErrorLog } from './import-log.ts';
import { listSource, parseLines, problemOf, readLines, UnreadableObject } from './import-source.ts';
import { RECORD_LIFETIME_MS } from './limits.ts';
import {
  forgetJob,
  loadImport,
  saveImport,
  type Failure,
  type ImportCounts,
  type ImportRecord,
} from './store.ts';

const IMPORT = 'dynamodb/import';
const FORGET = 'dynamodb/forget-import';
const BATCH_ITEMS = 100;

export const importWorkers: Readonly<Record<string, TimerWorker>> = {
  [IMPORT]: runImport,
  [FORGET]: forgetImport,
};

export function scheduleImport(tx: Tx, context: WorkContext, { id, startMs }: ImportRecord): void {
  const { timers } = context;
  timers.schedule(tx, context, { worker: IMPORT, dueMs: startMs, payload: { id } });
  const dueMs = startMs + RECORD_LIFETIME_MS;
  timers.schedule(tx, context, { worker: FORGET, dueMs, payload: { id } });
}

async function forgetImport(payload: unknown, context: WorkContext): Promise<void> {
  const { id } = payload as { readonly id: string };
  await context.store.transact((tx) => forgetJob(tx, context, { kind: 'import', id }));
}

/** AWS: what could be imported stays, and any error fails the import. DDB-IMPORT-013 */
const INVALID_ITEMS: Failure = {
  code: 'ItemValidationError',
  message:
    'Some of the items failed validation checks and were not imported. Please check CloudWatch error logs for more details.',
};

/** Runs again after a crash: the same items are put again, and counted anew. */
async function runImport(payload: unknown, context: WorkContext): Promise<void> {
  const { id } = payload as { readonly id: string };
  const record = await context.store.read((view) => loadImport(view, context, id));
  if (record === undefined || record.endMs !== undefined) return;
  const table = await context.store.read((view) => loadTable(view, context, record.tableName));
  if (table?.definition.id !== record.tableId) return;
  const run = openRun(context, record, table.definition);
  try {
    for await (const key of listSource(context, record)) await importObject(run, key);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    await finish(run, { failure: explain(error), keepsTable: run.counts.importedItems > 0 });
    return;
  }
  await run.log.flush();
  const failure = run.counts.errors > 0 ? INVALID_ITEMS : undefined;
  await finish(run, { failure, keepsTable: true });
}

interface Run {
  readonly context: WorkContext;
  readonly record: ImportRecord;
  readonly table: TableDefinition;
  readonly log: ErrorLog;
  readonly counts: { -readonly [K in keyof ImportCounts]: ImportCounts[K] };
}

function openRun(context: WorkContext, record: ImportRecord, table: TableDefinition): Run {
  return {
    context,
    record,
    table,
    log: createErrorLog(context, record),
    counts: { processedBytes: 0, processedItems: 0, importedItems: 0, errors: 0 },
  };
}

async function importObject(run: Run, key: string): Promise<void> {
  const { context, record, table, counts } = run;
  const count = { bytes: 0 };
  const keys: readonly KeyAttribute[] = table.attributes;
  let batch: SizedItem[] = [];
  let index = 0;
  try {
    for await (const parsed of parseLines(readLines(context, record, { key, count }), record, keys)) {
      counts.processedItems += 1;
      const checked = 'item' in parsed ? checkItem(table, parsed.item) : parsed;
      if ('problem' in checked) await reject(run, { key, index, problem: checked.problem });
      else batch.push(checked.item);
      index += 1;
      if (batch.length < BATCH_ITEMS) continue;
      await putItems(run, batch);
      batch = [];
    }
  } catch (error) {
    if (!(error instanceof UnreadableObject)) throw error;
    counts.processedItems += 1;
    await reject(run, { key, index, problem: error.message });
  }
  await putItems(run, batch);
  counts.processedBytes += count.bytes;
}

function checkItem(
  table: TableDefinition,
  item: Item,
): { readonly item: SizedItem } | { readonly problem: string } {
  const size = itemSize(item);
  if (size > ITEM_MAX_BYTES) return { problem: 'Item size has exceeded the maximum allowed size' };
  try {
    checkItemKey(table, item);
    checkIndexKeys(table, item);
  } catch (error) {
    return { problem: problemOf(error) };
  }
  return { item: { item, size } };
}

async function reject(
  { counts, log }: Run,
  error: { readonly key: string; readonly index: number; readonly problem: string },
): Promise<void> {
  counts.errors += 1;
  await log.add(error);
}

/** Items with the same key overwrite one another. */
async function putItems({ context, record, counts }: Run, items: readonly SizedItem[]): Promise<void> {
  if (items.length === 0) return;
  await context.store.transact(async (tx) => {
    const table = await loadTable(tx, context, record.tableName);
    if (table?.definition.id !== record.tableId) return;
    for (const item of items) {
      const intent = { kind: 'put', item, condition: undefined, returnOnFailure: false } as const;
      const outcome = await resolveWrite(tx, table, { intent, needsBefore: false });
      await commitWrite(tx, context, { table, outcome, free: true });
    }
  });
  counts.importedItems += items.length;
}

/** AWS: an import that could not begin leaves no table. DDB-IMPORT-012 */
async function finish(
  { context, record, counts }: Run,
  { failure, keepsTable }: { readonly failure: Failure | undefined; readonly keepsTable: boolean },
): Promise<void> {
  await context.store.transact(async (tx) => {
    const current = await loadImport(tx, context, record.id);
    if (current === undefined || current.endMs !== undefined) return;
    const endMs = context.clock.now();
    saveImport(tx, { ...current, endMs, counts, ...(failure === undefined ? {} : { failure }) });
    const table = await loadTable(tx, context, record.tableName);
    if (table?.definition.id !== record.tableId) return;
    if (keepsTable) {
      const { state: _made, ...active } = table.definition;
      saveTable(tx, active);
    } else {
      removeTable(tx, table);
      schedulePurge(tx, context, { kind: 'items', tableId: record.tableId });
    }
    tx.notify(BACKUP_TOPIC);
  });
}
