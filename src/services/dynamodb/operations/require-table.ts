// Finds the table a request is about.
import type { ReadTx } from '../../../base/store.ts';
import type { Scope } from '../../../kernel/context.ts';
import { resourceNotFound, tableNotFound } from '../errors.ts';
import { loadTable, type TableHandle } from '../store.ts';

/** For requests about items. */
export async function requireTable(view: ReadTx, scope: Scope, name: string): Promise<TableHandle> {
  const table = await loadTable(view, scope, name);
  // AWS: a table that is being made has no items to speak of yet.
  if (table === undefined || table.definition.state === 'CREATING') throw resourceNotFound();
  return table;
}

/**
 * For requests about the table itself. AWS: only these errors name it, and a table that is being
 * restored is not there for most of them. ack-api-quirks dynamodb, DDB-TABLE-217
 */
export async function requireNamedTable(
  view: ReadTx,
  scope: Scope,
  name: string,
): Promise<TableHandle> {
  const table = await loadTable(view, scope, name);
  if (table === undefined || table.definition.state === 'CREATING') throw tableNotFound(name);
  return table;
}

/** For requests about a table that may still be in the making. */
export async function requireAnyTable(
  view: ReadTx,
  scope: Scope,
  name: string,
): Promise<TableHandle> {
  const table = await loadTable(view, scope, name);
  if (table === undefined) throw tableNotFound(name);
  return table;
}
