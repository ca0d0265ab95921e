// Concurrency that is set aside for single functions, as one number per account and region.
import type { ReadTx, Tx } from '../../../base/store.ts';
import type { Scope } from '../../../kernel/context.ts';
import {
  type FunctionRecord,
  PER_FUNCTION_MAX,
  type ProvisionedRecord,
  concurrencyTotals,
  functionKey,
  functions,
  provisioned,
} from '../store.ts';

/** Functions of an account whose sums are made once, for state of earlier versions of Cloudlet. */
const FUNCTIONS_MAX = 100_000;

/** Reserved concurrency, and provisioned concurrency of functions without it. */
export async function concurrencySetAside(view: ReadTx, scope: Scope): Promise<number> {
  const total = await concurrencyTotals.get(view, [scope.account, scope.region]);
  if (total !== undefined) return total.setAside;
  const rows = await functions.list(view, [scope.account, scope.region], { limit: FUNCTIONS_MAX });
  let sum = 0;
  for (const { value } of rows) sum += await setAsideFor(view, scope, value);
  return sum;
}

/**
 * Runs `change`, which may alter what is set aside for a function, and keeps the total true. Rows are
 * read before and after, so that nobody has to know by how much it changes.
 */
export async function keepingTotal<T>(
  tx: Tx,
  scope: Scope,
  { name, change }: { readonly name: string; readonly change: () => Promise<T> },
): Promise<T> {
  const total = await concurrencySetAside(tx, scope);
  const before = await setAsideOf(tx, scope, name);
  const result = await change();
  const setAside = total - before + (await setAsideOf(tx, scope, name));
  // Most changes alter nothing, and are not to wait for each other.
  const key = [scope.account, scope.region];
  if (setAside !== total || (await concurrencyTotals.get(tx, key)) === undefined) {
    concurrencyTotals.put(tx, key, { setAside });
  }
  return result;
}

/** Provisioned concurrency of a function's versions and aliases. */
export async function listProvisioned(
  view: ReadTx,
  scope: Scope,
  name: string,
): Promise<ProvisionedRecord[]> {
  const rows = await provisioned.list(view, functionKey(scope, name), { limit: PER_FUNCTION_MAX });
  return rows.map((row) => row.value);
}

async function setAsideOf(view: ReadTx, scope: Scope, name: string): Promise<number> {
  const record = await functions.get(view, functionKey(scope, name));
  return record === undefined ? 0 : setAsideFor(view, scope, record);
}

/** AWS: provisioned concurrency is a part of the reserved, where there is any. */
async function setAsideFor(view: ReadTx, scope: Scope, record: FunctionRecord): Promise<number> {
  if (record.reservedConcurrency !== undefined) return record.reservedConcurrency;
  const configs = await listProvisioned(view, scope, record.latest.name);
  return configs.reduce((sum, { requested }) => sum + requested, 0);
}
