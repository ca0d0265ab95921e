// What transactions of items and of PartiQL statements have in common: their steps, what cancels
// them, and how a repetition is known.
import { createHash } from 'node:crypto';
import type { ConsumedCapacity, ReturnConsumedCapacity } from '@aws-sdk/client-dynamodb';
import { ServiceError } from '../../../base/errors.ts';
import type { ReadTx, Tx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { Item } from '../attribute-value.ts';
import {
  addConsumption,
  NOTHING_CONSUMED,
  readUnits,
  scaleConsumption,
  TRANSACTION_FACTOR,
  type Consumption,
} from '../capacity.ts';
import {
  idempotentParameterMismatch,
  invalid,
  transactionCanceled,
  type CancellationReason,
} from '../errors.ts';
import type { Path } from '../expression/syntax.ts';
import { commitWrite, resolveWrite, type WriteIntent, type WriteOutcome } from '../item-write.ts';
import {
  checkKey,
  checkLiteralIndexKeys,
  checkNoEmptyIndexKeys,
  checkNoEmptyKeys,
  checkScalarPaths,
} from '../key-rules.ts';
import { IDEMPOTENCY_WINDOW_MS, TRANSACTION_MAX_BYTES } from '../limits.ts';
import {
  getItem,
  hasTokenSweep,
  itemPosition,
  loadToken,
  saveToken,
  type TableHandle,
} from '../store.ts';
import { scheduleTokenSweep } from '../workers.ts';
import { positionText } from './batch.ts';
import { shapeCapacity } from './consumed-capacity.ts';
import { requireTable } from './require-table.ts';
import { checkIntent } from './write-intent.ts';

const DUPLICATES = 'Transaction request cannot include multiple operations on one item';
const TOO_LARGE = 'Total size of items in a transaction cannot exceed 4 MB';

/** One action of a transaction: on which table, and what. */
export interface Step<T> {
  /** As the request has it: a name or an ARN. */
  readonly given: string;
  readonly name: string;
  readonly action: T;
}

/** Steps and the table of each. */
export interface Steps<T> {
  readonly steps: readonly Step<T>[];
  readonly tables: readonly TableHandle[];
}

/** A read of one item by its key. */
export interface Get {
  readonly key: Item;
  readonly paths: readonly Path[] | undefined;
}

export async function openTables(
  view: ReadTx,
  ctx: RequestContext,
  steps: readonly Step<unknown>[],
): Promise<TableHandle[]> {
  const tables: TableHandle[] = [];
  for (const { name } of steps) tables.push(await requireTable(view, ctx, name));
  return tables;
}

export const FINE: CancellationReason = { code: 'None' };

/** AWS: what is wrong with one action of a transaction becomes a reason to cancel it all. */
function toReason(error: unknown): CancellationReason {
  if (error instanceof ServiceError) {
    if (error.code === 'ValidationException')
      return { code: 'ValidationError', message: error.message };
    if (error.code === 'DuplicateItemException') {
      return { code: 'DuplicateItem', message: error.message };
    }
    if (error.code === 'ConditionalCheckFailedException') {
      const item = error.fields['Item'] as Item | undefined;
      const reason = { code: 'ConditionalCheckFailed', message: error.message };
      return item === undefined ? reason : { ...reason, item };
    }
  }
  throw error;
}

export function reasonOf(check: () => void): CancellationReason {
  try {
    check();
    return FINE;
  } catch (error) {
    return toReason(error);
  }
}

export function cancelIfAny(reasons: readonly CancellationReason[]): void {
  if (reasons.some((reason) => reason !== FINE)) throw transactionCanceled(reasons);
}

function checkDistinctItems(
  targets: readonly { readonly table: TableHandle | undefined; readonly key: Item }[],
): void {
  const seen = new Set<string>();
  for (const { table, key } of targets) {
    if (table === undefined) continue;
    const place = `${table.definition.id}/${positionText(table, key)}`;
    if (seen.has(place)) throw invalid(DUPLICATES);
    seen.add(place);
  }
}

/** The items the steps read, in their order. */
export async function readItems(
  view: ReadTx,
  { steps, tables }: Steps<Get>,
): Promise<Awaited<ReturnType<typeof getItem>>[]> {
  steps.forEach(({ action }, i) => {
    const table = tables[i];
    if (table !== undefined) checkNoEmptyKeys(table.definition, action.key);
  });
  const reasons = steps.map(({ action }, i) =>
    reasonOf(() => {
      const definition = tables[i]?.definition;
      if (definition === undefined) return;
      checkKey(definition, action.key);
      checkScalarPaths(definition, action.paths ?? []);
    }),
  );
  cancelIfAny(reasons);
  checkDistinctItems(steps.map(({ action }, i) => ({ table: tables[i], key: action.key })));
  const found = await Promise.all(
    steps.map(async ({ action }, i) => {
      const table = tables[i];
      return table && getItem(view, table, itemPosition(table.definition, action.key));
    }),
  );
  const bytes = found.reduce((sum, sized) => sum + (sized?.size ?? 0), 0);
  if (bytes > TRANSACTION_MAX_BYTES) throw invalid(TOO_LARGE);
  return found;
}

/** What reading the items costs: a read, or the repetition of a write. */
export function readConsumption(
  found: readonly ({ readonly size: number } | undefined)[],
): Consumption[] {
  return found.map((sized) => ({
    ...NOTHING_CONSUMED,
    table: readUnits(sized?.size ?? 0, true) * TRANSACTION_FACTOR,
  }));
}

/** Carries out all steps or throws what cancels them. */
export async function writeItems(
  tx: Tx,
  ctx: RequestContext,
  { steps, tables }: Steps<WriteIntent>,
): Promise<Consumption[]> {
  const outcomes = await resolveAll(tx, steps, tables);
  const consumed: Consumption[] = [];
  for (const [i, outcome] of outcomes.entries()) {
    const table = tables[i];
    const units =
      table === undefined ? NOTHING_CONSUMED : await commitWrite(tx, ctx, { table, outcome });
    consumed.push(scaleConsumption(units, TRANSACTION_FACTOR));
  }
  return consumed;
}

/** AWS: a repetition writes nothing and is charged for reading the items. */
export async function repetitionConsumption(
  tx: Tx,
  { steps, tables }: Steps<WriteIntent>,
): Promise<Consumption[]> {
  const found = await Promise.all(
    steps.map(async ({ action }, i) => {
      const table = tables[i];
      return table && getItem(tx, table, itemPosition(table.definition, keyOf(action)));
    }),
  );
  return readConsumption(found);
}

export function checkPutSizes(steps: readonly Step<WriteIntent>[]): void {
  const bytes = steps.reduce(
    (sum, { action }) => sum + (action.kind === 'put' ? action.item.size : 0),
    0,
  );
  if (bytes > TRANSACTION_MAX_BYTES) throw invalid(TOO_LARGE);
}

/** Every action's outcome, or the error that cancels the transaction. */
async function resolveAll(
  tx: Tx,
  steps: readonly Step<WriteIntent>[],
  tables: readonly TableHandle[],
): Promise<WriteOutcome[]> {
  const targets = steps.flatMap(({ action }, i) => {
    const table = tables[i];
    return table === undefined ? [] : [{ table, intent: action, key: keyOf(action) }];
  });
  // AWS: empty keys fail the request as such, other faults of keys cancel the transaction.
  for (const { table, intent, key } of targets) checkEmptyValues(table, intent, key);
  cancelIfAny(
    targets.map(({ table, intent }) => reasonOf(() => checkIntent(table.definition, intent))),
  );
  checkDistinctItems(targets);
  const outcomes: WriteOutcome[] = [];
  const reasons: CancellationReason[] = [];
  for (const { table, intent } of targets) {
    try {
      outcomes.push(await resolveWrite(tx, table, { intent, needsBefore: true }));
      reasons.push(FINE);
    } catch (error) {
      reasons.push(toReason(error));
    }
  }
  cancelIfAny(reasons);
  const bytes = outcomes.reduce((sum, { after }) => sum + (after?.size ?? 0), 0);
  if (bytes > TRANSACTION_MAX_BYTES) throw invalid(TOO_LARGE);
  return outcomes;
}

export function keyOf(intent: WriteIntent): Item {
  return intent.kind === 'put' ? intent.item.item : intent.key;
}

function checkEmptyValues({ definition }: TableHandle, intent: WriteIntent, key: Item): void {
  checkNoEmptyKeys(definition, key);
  if (intent.kind === 'put') checkNoEmptyIndexKeys(definition, key);
  if (intent.kind === 'update') checkLiteralIndexKeys(definition, intent.actions);
}

/** AWS: the order of members does not tell requests apart. localstack#6529 */
export function digestRequest(items: readonly unknown[]): string {
  const text = JSON.stringify(items, (_, value: unknown) => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
  return createHash('sha256').update(text).digest('base64');
}

export interface TokenUse {
  readonly token: string;
  readonly digest: string;
}

export async function isRepetition(
  tx: Tx,
  ctx: RequestContext,
  { token, digest }: TokenUse,
): Promise<boolean> {
  const known = await loadToken(tx, ctx, token);
  if (known === undefined || known.expiresMs <= ctx.nowMs) return false;
  if (known.requestDigest !== digest) throw idempotentParameterMismatch();
  return true;
}

export async function remember(
  tx: Tx,
  ctx: RequestContext,
  { token, digest }: TokenUse,
): Promise<void> {
  const expiresMs = ctx.nowMs + IDEMPOTENCY_WINDOW_MS;
  saveToken(tx, ctx, { token, record: { requestDigest: digest, expiresMs } });
  if (!(await hasTokenSweep(tx, ctx))) scheduleTokenSweep(tx, ctx, expiresMs);
}

/** One entry for each table, in the order of their first actions. */
export function shapeByTable(
  level: ReturnConsumedCapacity | undefined,
  {
    steps,
    consumed,
    split,
  }: {
    readonly steps: readonly Step<unknown>[];
    readonly consumed: readonly Consumption[];
    readonly split: 'ReadCapacityUnits' | 'WriteCapacityUnits';
  },
): ConsumedCapacity[] {
  const byTable = new Map<string, Consumption>();
  steps.forEach(({ given }, i) => {
    const sum = addConsumption(
      byTable.get(given) ?? NOTHING_CONSUMED,
      consumed[i] ?? NOTHING_CONSUMED,
    );
    byTable.set(given, sum);
  });
  return [...byTable].flatMap(
    ([tableName, sum]) => shapeCapacity(level, { tableName, consumed: sum, split }) ?? [],
  );
}
