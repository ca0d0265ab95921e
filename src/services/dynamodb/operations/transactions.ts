// TransactGetItems and TransactWriteItems.
import { createHash } from 'node:crypto';
import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { ServiceError } from '../../../base/errors.ts';
import type { ReadTx, Tx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
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
import { planProjection, projectItem } from '../expression/project.ts';
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
import { readTableName } from '../rules.ts';
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
import { measureCollection, shapeCapacity, wantsCapacity } from './consumed-capacity.ts';
import { wireItem } from './expression-input.ts';
import { readWantedPaths } from './items.ts';
import { requireTable } from './require-table.ts';
import {
  checkIntent,
  readCheck,
  readDelete,
  readKey,
  readPut,
  readUpdateIntent,
} from './write-intent.ts';

const DUPLICATES = 'Transaction request cannot include multiple operations on one item';
const TOO_LARGE = 'Total size of items in a transaction cannot exceed 4 MB';

/** One action of a transaction: on which table, and what. */
interface Step<T> {
  /** As the request has it: a name or an ARN. */
  readonly given: string;
  readonly name: string;
  readonly action: T;
}

interface Get {
  readonly key: Item;
  readonly paths: readonly Path[] | undefined;
}

export async function transactGetItems(
  input: InputOf<'dynamodb', 'TransactGetItems'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'TransactGetItems'>> {
  const steps = (input.TransactItems ?? []).map(({ Get: get }): Step<Get> => {
    const given = get?.TableName ?? '';
    const paths = readWantedPaths(get ?? {});
    return { given, name: readTableName(given, ctx), action: { key: readKey(get?.Key), paths } };
  });
  const found = await ctx.store.read((view) => readAll(view, ctx, steps));
  const bytes = found.reduce((sum, sized) => sum + (sized?.size ?? 0), 0);
  if (bytes > TRANSACTION_MAX_BYTES) throw invalid(TOO_LARGE);
  const responses = steps.map(({ action }, i) => {
    const item = found[i]?.item;
    if (item === undefined) return {};
    const wanted =
      action.paths === undefined ? item : projectItem(planProjection(action.paths), item);
    // AWS: leaves out an item none of whose attributes were asked for.
    return action.paths !== undefined && Object.keys(wanted).length === 0
      ? {}
      : { Item: wireItem(wanted) };
  });
  const consumed = steps.map((_, i) => ({
    ...NOTHING_CONSUMED,
    table: readUnits(found[i]?.size ?? 0, true) * TRANSACTION_FACTOR,
  }));
  const level = input.ReturnConsumedCapacity;
  if (!wantsCapacity(level)) return { Responses: responses };
  const capacity = shapeByTable(level, { steps, consumed, split: 'ReadCapacityUnits' });
  return { Responses: responses, ConsumedCapacity: capacity };
}

async function readAll(
  view: ReadTx,
  ctx: RequestContext,
  steps: readonly Step<Get>[],
): Promise<Awaited<ReturnType<typeof getItem>>[]> {
  const tables = await openTables(view, ctx, steps);
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
  return Promise.all(
    steps.map(async ({ action }, i) => {
      const table = tables[i];
      return table && getItem(view, table, itemPosition(table.definition, action.key));
    }),
  );
}

async function openTables(
  view: ReadTx,
  ctx: RequestContext,
  steps: readonly Step<unknown>[],
): Promise<TableHandle[]> {
  const tables: TableHandle[] = [];
  for (const { name } of steps) tables.push(await requireTable(view, ctx, name));
  return tables;
}

const FINE: CancellationReason = { code: 'None' };

/** AWS: what is wrong with one action of a transaction becomes a reason to cancel it all. */
function toReason(error: unknown): CancellationReason {
  if (error instanceof ServiceError) {
    if (error.code === 'ValidationException')
      return { code: 'ValidationError', message: error.message };
    if (error.code === 'ConditionalCheckFailedException') {
      const item = error.fields['Item'] as Item | undefined;
      const reason = { code: 'ConditionalCheckFailed', message: error.message };
      return item === undefined ? reason : { ...reason, item };
    }
  }
  throw error;
}

function reasonOf(check: () => void): CancellationReason {
  try {
    check();
    return FINE;
  } catch (error) {
    return toReason(error);
  }
}

function cancelIfAny(reasons: readonly CancellationReason[]): void {
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

export async function transactWriteItems(
  input: InputOf<'dynamodb', 'TransactWriteItems'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'TransactWriteItems'>> {
  const steps = (input.TransactItems ?? []).map((item) => readStep(item, ctx));
  checkPutSizes(steps);
  const token = input.ClientRequestToken;
  const digest = token === undefined ? '' : digestRequest(input.TransactItems ?? []);
  return ctx.store.transact(async (tx) => {
    if (token !== undefined && (await isRepetition(tx, ctx, { token, digest }))) {
      return repeat(tx, ctx, { input, steps });
    }
    const tables = await openTables(tx, ctx, steps);
    const outcomes = await resolveAll(tx, steps, tables);
    const consumed: Consumption[] = [];
    for (const [i, outcome] of outcomes.entries()) {
      const table = tables[i];
      const units =
        table === undefined ? NOTHING_CONSUMED : await commitWrite(tx, ctx, { table, outcome });
      consumed.push(scaleConsumption(units, TRANSACTION_FACTOR));
    }
    if (token !== undefined) await remember(tx, ctx, { token, digest });
    return shapeWrites(tx, { input, steps, tables, consumed });
  });
}

function readStep(item: TransactWriteItem, ctx: RequestContext): Step<WriteIntent> {
  const actions = [item.ConditionCheck, item.Put, item.Delete, item.Update];
  const [action, second] = actions.filter((candidate) => candidate !== undefined);
  if (action === undefined) {
    throw invalid(
      'The action or operation requested is invalid. Verify that the action is typed correctly.',
    );
  }
  if (second !== undefined) {
    throw invalid('TransactItems can only contain one of Check, Put, Update or Delete');
  }
  const given = action.TableName ?? '';
  return { given, name: readTableName(given, ctx), action: readIntent(item) };
}

function readIntent({ Put, Delete, Update, ConditionCheck }: TransactWriteItem): WriteIntent {
  if (Put !== undefined) return readPut(Put);
  if (Delete !== undefined) return readDelete(Delete);
  if (Update !== undefined) return readUpdateIntent(Update, { countsActions: false });
  return readCheck(ConditionCheck ?? {});
}

function checkPutSizes(steps: readonly Step<WriteIntent>[]): void {
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

function keyOf(intent: WriteIntent): Item {
  return intent.kind === 'put' ? intent.item.item : intent.key;
}

function checkEmptyValues({ definition }: TableHandle, intent: WriteIntent, key: Item): void {
  checkNoEmptyKeys(definition, key);
  if (intent.kind === 'put') checkNoEmptyIndexKeys(definition, key);
  if (intent.kind === 'update') checkLiteralIndexKeys(definition, intent.actions);
}

/** AWS: the order of members does not tell requests apart. localstack#6529 */
function digestRequest(items: readonly TransactWriteItem[]): string {
  const text = JSON.stringify(items, (_, value: unknown) => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
  return createHash('sha256').update(text).digest('base64');
}

interface TokenUse {
  readonly token: string;
  readonly digest: string;
}

async function isRepetition(
  tx: Tx,
  ctx: RequestContext,
  { token, digest }: TokenUse,
): Promise<boolean> {
  const known = await loadToken(tx, ctx, token);
  if (known === undefined || known.expiresMs <= ctx.nowMs) return false;
  if (known.requestDigest !== digest) throw idempotentParameterMismatch();
  return true;
}

async function remember(tx: Tx, ctx: RequestContext, { token, digest }: TokenUse): Promise<void> {
  const expiresMs = ctx.nowMs + IDEMPOTENCY_WINDOW_MS;
  saveToken(tx, ctx, { token, record: { requestDigest: digest, expiresMs } });
  if (!(await hasTokenSweep(tx, ctx))) scheduleTokenSweep(tx, ctx, expiresMs);
}

type WriteInput = InputOf<'dynamodb', 'TransactWriteItems'>;

/** AWS: a repetition writes nothing and is charged for reading the items. */
async function repeat(
  tx: Tx,
  ctx: RequestContext,
  { input, steps }: { readonly input: WriteInput; readonly steps: readonly Step<WriteIntent>[] },
): Promise<OutputOf<'dynamodb', 'TransactWriteItems'>> {
  const level = input.ReturnConsumedCapacity;
  if (!wantsCapacity(level)) return {};
  const tables = await openTables(tx, ctx, steps);
  const consumed = await Promise.all(
    steps.map(async ({ action }, i) => {
      const table = tables[i];
      const sized =
        table && (await getItem(tx, table, itemPosition(table.definition, keyOf(action))));
      return { ...NOTHING_CONSUMED, table: readUnits(sized?.size ?? 0, true) * TRANSACTION_FACTOR };
    }),
  );
  return { ConsumedCapacity: shapeByTable(level, { steps, consumed, split: 'ReadCapacityUnits' }) };
}

async function shapeWrites(
  tx: Tx,
  {
    input,
    steps,
    tables,
    consumed,
  }: {
    readonly input: WriteInput;
    readonly steps: readonly Step<WriteIntent>[];
    readonly tables: readonly TableHandle[];
    readonly consumed: readonly Consumption[];
  },
): Promise<OutputOf<'dynamodb', 'TransactWriteItems'>> {
  const level = input.ReturnConsumedCapacity;
  const metrics: NonNullable<OutputOf<'dynamodb', 'TransactWriteItems'>['ItemCollectionMetrics']> =
    {};
  if (input.ReturnItemCollectionMetrics === 'SIZE') {
    for (const [i, { given, action }] of steps.entries()) {
      const table = tables[i];
      const measured = table && (await measureCollection(tx, table, keyOf(action)));
      if (measured !== undefined) (metrics[given] ??= []).push(measured);
    }
  }
  return {
    ...(wantsCapacity(level)
      ? { ConsumedCapacity: shapeByTable(level, { steps, consumed, split: 'WriteCapacityUnits' }) }
      : {}),
    ...(input.ReturnItemCollectionMetrics === 'SIZE' ? { ItemCollectionMetrics: metrics } : {}),
  };
}

/** One entry for each table, in the order of their first actions. */
function shapeByTable(
  level: WriteInput['ReturnConsumedCapacity'],
  {
    steps,
    consumed,
    split,
  }: {
    readonly steps: readonly Step<unknown>[];
    readonly consumed: readonly Consumption[];
    readonly split: 'ReadCapacityUnits' | 'WriteCapacityUnits';
  },
): NonNullable<OutputOf<'dynamodb', 'TransactWriteItems'>['ConsumedCapacity']> {
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
