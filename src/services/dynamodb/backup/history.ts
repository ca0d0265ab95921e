// A table's history as part of its definition: opened and marked for jobs and for recovery, closed
// when nobody needs it.
import type { Tx } from '../../../base/store.ts';
import type { WorkContext } from '../../../kernel/context.ts';
import type { TableDefinition } from '../table-definition.ts';
import type { HistoryPlace, HistoryPoint } from './history-store.ts';

export const PURGE_HISTORY = 'dynamodb/purge-history';

/** A history and an instant in it, as a job keeps them. */
export interface PastTable {
  readonly tableName: string;
  readonly place: HistoryPlace;
  readonly point: HistoryPoint;
}

/** The table with a history from this transaction on. */
export function openHistory(table: TableDefinition): TableDefinition {
  if (table.history !== undefined) return table;
  const generation = table.nextHistoryGeneration ?? 0;
  return {
    ...table,
    history: { generation, mark: 0, pins: [] },
    nextHistoryGeneration: generation + 1,
  };
}

/**
 * Marks the instant of this transaction for a job, and keeps the history until the job unpins it.
 * Whatever is under way has read the definition that this changes: it runs again, behind the mark.
 * @param atMs an earlier instant that the job is about instead; default: this one.
 */
export function pinHistory(
  table: TableDefinition,
  { job, atMs }: { readonly job: string; readonly atMs?: number },
): { readonly table: TableDefinition; readonly past: PastTable } {
  const opened = openHistory(table);
  const history = opened.history ?? { generation: 0, mark: 0, pins: [] };
  const mark = history.mark + 1;
  const { account, region, id: tableId, name: tableName } = table;
  const place = { account, region, tableId, generation: history.generation };
  return {
    table: { ...opened, history: { ...history, mark, pins: [...history.pins, job] } },
    past: { tableName, place, point: { mark, atMs: atMs ?? Number.MAX_SAFE_INTEGER } },
  };
}

/** The table once the job is done. */
export function unpinHistory(
  tx: Tx,
  context: WorkContext,
  { table, job }: { readonly table: TableDefinition; readonly job: string },
): TableDefinition {
  const { history } = table;
  if (history === undefined) return table;
  const pins = history.pins.filter((pin) => pin !== job);
  return closeUnused(tx, context, { ...table, history: { ...history, pins } });
}

/** Closes the history when neither recovery nor a job needs it. */
export function closeUnused(
  tx: Tx,
  context: WorkContext,
  table: TableDefinition,
): TableDefinition {
  const { history, ...rest } = table;
  if (history === undefined || table.recovery !== undefined || history.pins.length > 0) {
    return table;
  }
  schedulePurgeHistory(tx, context, table);
  return rest;
}

/** Removes the table's history in the background. */
export function schedulePurgeHistory(tx: Tx, context: WorkContext, table: TableDefinition): void {
  const { account, region, id: tableId, history } = table;
  if (history === undefined) return;
  context.timers.schedule(tx, table, {
    worker: PURGE_HISTORY,
    dueMs: context.clock.now(),
    payload: { account, region, tableId, generation: history.generation } satisfies HistoryPlace,
  });
}
