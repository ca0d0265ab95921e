// Finds the table a request is about.
import type { ReadTx } from '../../../base/store.ts';
import type { Scope } from '../../../kernel/context.ts';
import { resourceNotFound, tableNotFound } from '../errors.ts';
import { loadTable, type TableHandle } from '../store.ts';

/** For requests about items. */
export async function requireTable(view: ReadTx, scope: Scope, name: string): Promise<TableHandle> {
  const table = await loadTable(view, scope, name);
  if (table === undefined) throw resourceNotFound();
  return table;
}

/** For requests about the table itself. AWS: only these errors name it. */
export async function requireNamedTable(
  view: ReadTx,
  scope: Scope,
  name: string,
): Promise<TableHandle> {
  const table = await loadTable(view, scope, name);
  if (table === undefined) throw tableNotFound(name);
  return table;
}
