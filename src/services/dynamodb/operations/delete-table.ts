// DeleteTable, and what deleting a table takes with it.
import type { Tx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { keepDeletedTable } from '../backup/backup-life.ts';
import { schedulePurgeHistory } from '../backup/history.ts';
import { deletionProtected, tableInUse } from '../errors.ts';
import { deleteInsights } from '../insights-store.ts';
import { forgetPolicy } from '../policy/store.ts';
import { schedulePurge } from '../purge.ts';
import { leaveOnDelete } from '../replication/group.ts';
import { readTableName } from '../rules.ts';
import { loadMeasure, removeTable, type TableHandle } from '../store.ts';
import { closeStream } from '../streams/life-cycle.ts';
import type { TableDefinition } from '../table-definition.ts';
import { describeTable } from './describe-table.ts';
import { measureTable } from './measure.ts';
import { requireAnyTable } from './require-table.ts';

export async function deleteTable(
  input: InputOf<'dynamodb', 'DeleteTable'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'DeleteTable'>> {
  const name = readTableName(input.TableName, ctx);
  const found = await ctx.store.read((view) => requireAnyTable(view, ctx, name));
  const { table: size } = await measureTable(ctx, found);
  const definition = await ctx.store.transact(async (tx) => {
    const table = await requireAnyTable(tx, ctx, name);
    if (table.definition.deletionProtected) throw deletionProtected(table.definition.arn);
    checkUnused(table.definition);
    await leaveOnDelete(tx, ctx, table.definition);
    await eraseTable(tx, ctx, { table, size });
    return table.definition;
  });
  const options = { phase: 'DELETING', measure: undefined, nowMs: ctx.nowMs } as const;
  return { TableDescription: describeTable(definition, options) };
}

/** AWS: a table is not deleted while it is being made, copied or exported. */
function checkUnused({ name, state, history }: TableDefinition): void {
  const being = state === 'CREATING' ? 'created' : 'backed up, restored or exported';
  if (state !== 'CREATING' && (history?.pins.length ?? 0) === 0) return;
  throw tableInUse(
    `Attempt to change a resource which is still in use: Table is being ${being}: ${name}`,
  );
}

/** Deletes a replica from another region. */
export async function eraseReplica(
  tx: Tx,
  ctx: RequestContext,
  definition: TableDefinition,
): Promise<void> {
  checkUnused(definition);
  const table = await requireAnyTable(tx, ctx, definition.name);
  const size = (await loadMeasure(tx, table))?.table ?? { items: 0, bytes: 0 };
  await eraseTable(tx, ctx, { table, size });
}

async function eraseTable(
  tx: Tx,
  ctx: RequestContext,
  {
    table,
    size,
  }: {
    readonly table: TableHandle;
    readonly size: { readonly items: number; readonly bytes: number };
  },
): Promise<void> {
  const { definition } = table;
  const { id: tableId, name, indexes, expiry } = definition;
  await closeStream(tx, ctx, definition);
  removeTable(tx, table);
  forgetPolicy(tx, { prefix: table.prefix, label: '' });
  for (const indexName of ['', ...indexes.map((index) => index.name)]) {
    deleteInsights(tx, ctx, { tableName: name, indexName });
  }
  schedulePurgeHistory(tx, ctx, definition);
  if (definition.recovery === undefined) schedulePurge(tx, ctx, { kind: 'items', tableId });
  else keepDeletedTable(tx, ctx, { source: definition, size });
  for (const index of indexes) {
    schedulePurge(tx, ctx, { kind: 'entries', tableId, index: index.number });
  }
  if (expiry === undefined) return;
  schedulePurge(tx, ctx, { kind: 'expiries', tableId, generation: expiry.generation });
  await ctx.timers.cancel(tx, 'dynamodb/expire', tableId);
}
