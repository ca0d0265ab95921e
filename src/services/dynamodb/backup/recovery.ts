// Point-in-time recovery: on and off, the times it reaches, and the removal of what lies before.
import type { Key, Tx } from '../../../base/store.ts';
import type { WorkContext } from '../../../kernel/context.ts';
import type { TimerWorker } from '../../../kernel/service.ts';
import { loadTable } from '../store.ts';
import type { RecoverySetting, TableDefinition } from '../table-definition.ts';
import { closeUnused, openHistory } from './history.ts';
import { trimHistory } from './history-store.ts';
import { DAY, TRIM_INTERVAL_MS } from './limits.ts';

const TRIM = 'dynamodb/trim-history';
const CHUNK_ROWS = 500;

export const recoveryWorkers: Readonly<Record<string, TimerWorker>> = { [TRIM]: trimOldHistory };

interface TrimPayload {
  readonly tableName: string;
  readonly tableId: string;
}

/** The table with recovery on, or with another period: what was given up does not come back. */
export function enableRecovery(
  tx: Tx,
  context: WorkContext,
  { table, periodDays }: { readonly table: TableDefinition; readonly periodDays: number },
): TableDefinition {
  const { recovery } = table;
  const { nowMs } = context;
  const enabledMs = recovery === undefined ? nowMs : restorableTimes(recovery, nowMs).earliestMs;
  const { id: tableId, name: tableName } = table;
  if (recovery === undefined) scheduleTrim(tx, context, { tableName, tableId });
  return { ...openHistory(table), recovery: { enabledMs, periodDays } };
}

export async function disableRecovery(
  tx: Tx,
  context: WorkContext,
  table: TableDefinition,
): Promise<TableDefinition> {
  const { recovery: _gone, ...rest } = table;
  await context.timers.cancel(tx, TRIM, table.id);
  return closeUnused(tx, context, rest);
}

/** The times a table can be restored to, both included. Differs: up to this very moment. */
export function restorableTimes(
  { enabledMs, periodDays }: RecoverySetting,
  nowMs: number,
): { readonly earliestMs: number; readonly latestMs: number } {
  return { earliestMs: Math.max(enabledMs, nowMs - periodDays * DAY), latestMs: nowMs };
}

function scheduleTrim(tx: Tx, context: WorkContext, payload: TrimPayload): void {
  const dueMs = context.clock.now() + TRIM_INTERVAL_MS;
  context.timers.schedule(tx, context, { worker: TRIM, dueMs, id: payload.tableId, payload });
}

/** Removes the history before the recovery period, then sets the timer for the next day. */
async function trimOldHistory(payload: unknown, context: WorkContext): Promise<void> {
  const target = payload as TrimPayload;
  const nowMs = context.clock.now();
  for (let from: Key | undefined = []; from !== undefined; ) {
    const start: Key = from;
    from = await context.store.transact(async (tx): Promise<Key | undefined> => {
      const table = (await loadTable(tx, context, target.tableName))?.definition;
      const { recovery, history } = table ?? {};
      if (table?.id !== target.tableId || recovery === undefined || history === undefined) return;
      // A job may read further back than a period that was shortened meanwhile.
      if (history.pins.length > 0) return;
      const { account, region, id: tableId } = table;
      const place = { account, region, tableId, generation: history.generation };
      const beforeMs = nowMs - recovery.periodDays * DAY;
      return trimHistory(tx, place, { beforeMs, from: start, limit: CHUNK_ROWS });
    });
  }
  await context.store.transact(async (tx) => {
    const table = (await loadTable(tx, context, target.tableName))?.definition;
    if (table?.id === target.tableId && table.recovery !== undefined) {
      scheduleTrim(tx, context, target);
    }
  });
}
