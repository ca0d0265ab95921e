// ExecuteStatement and BatchExecuteStatement: PartiQL, one statement at a time.
import type {
  BatchStatementError,
  BatchStatementRequest,
  BatchStatementResponse,
} from '@aws-sdk/client-dynamodb';
import { ServiceError } from '../../../base/errors.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import type { Item } from '../attribute-value.ts';
import { addConsumption, NOTHING_CONSUMED, readUnits, type Consumption } from '../capacity.ts';
import { invalid } from '../errors.ts';
import { commitWrite, resolveWrite } from '../item-write.ts';
import { checkKey } from '../key-rules.ts';
import { readParameters } from '../partiql/parameters.ts';
import { checkOneItem, findItem, hasWholeKey } from '../partiql/single-item.ts';
import {
  readStatement,
  type SelectStatement,
  type Statement,
  type WriteStatement,
} from '../partiql/statement.ts';
import { planRead } from '../partiql/read-plan.ts';
import { laggedView } from '../read-lag.ts';
import { readTableName } from '../rules.ts';
import { chargeRead } from '../throttle.ts';
import { getItem, itemPosition } from '../store.ts';
import { capacityMember, shapeCapacity, wantsCapacity } from './consumed-capacity.ts';
import { rawValue, wireItem } from './expression-input.ts';
import { project, runSelect } from './partiql-select.ts';
import { planWrite, returnedItem } from './partiql-write.ts';
import { requireTable } from './require-table.ts';
import { checkIntent } from './write-intent.ts';

interface StatementInput {
  readonly Statement?: string | undefined;
  readonly Parameters?: BatchStatementRequest['Parameters'];
  readonly ReturnValuesOnConditionCheckFailure?: BatchStatementRequest['ReturnValuesOnConditionCheckFailure'];
}

/** AWS: looks at the parameters before the statement. */
function readStatementInput({ Statement: text = '', Parameters }: StatementInput): Statement {
  return readStatement(text, readParameters((Parameters ?? []).map(rawValue)));
}

export function wantsOldItem({
  ReturnValuesOnConditionCheckFailure: wanted,
}: StatementInput): boolean {
  return wanted === 'ALL_OLD';
}

export async function executeStatement(
  input: InputOf<'dynamodb', 'ExecuteStatement'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'ExecuteStatement'>> {
  const statement = readStatementInput(input);
  const level = input.ReturnConsumedCapacity;
  if (statement.kind === 'exists') throw existsMisplaced();
  if (statement.kind !== 'select') {
    const written = await write(statement, ctx, { returnOnFailure: wantsOldItem(input) });
    const items = written.item === undefined ? [] : [wireItem(written.item)];
    return { Items: items, ...capacityMember(shapeCapacity(level, written)) };
  }
  const result = await runSelect(statement, ctx, {
    consistent: input.ConsistentRead === true,
    limit: input.Limit,
    nextToken: input.NextToken,
  });
  const { nextToken, lastKey } = result;
  return {
    Items: result.items.map(wireItem),
    ...(nextToken === undefined ? {} : { NextToken: nextToken }),
    ...(lastKey === undefined ? {} : { LastEvaluatedKey: wireItem(lastKey) }),
    ...capacityMember(shapeCapacity(level, result)),
  };
}

function existsMisplaced(): Error {
  return invalid('EXISTS can only be used in ExecuteTransaction write requests.');
}

interface Written {
  readonly tableName: string;
  readonly consumed: Consumption;
  readonly item: Item | undefined;
}

/** @param onReached is told the table's name once the statement is about to be carried out. */
async function write(
  statement: WriteStatement,
  ctx: RequestContext,
  options: {
    readonly returnOnFailure: boolean;
    readonly onReached?: (tableName: string) => void;
  },
): Promise<Written> {
  const tableName = readTableName(statement.tableName, ctx);
  return ctx.store.transact(async (tx) => {
    const table = await requireTable(tx, ctx, tableName);
    const { definition } = table;
    const { intent, target } = planWrite(statement, definition, options.returnOnFailure);
    if (target !== undefined) checkOneItem(target, definition.key);
    checkIntent(definition, intent);
    options.onReached?.(tableName);
    const outcome = await resolveWrite(tx, table, { intent, needsBefore: true });
    const consumed = await commitWrite(tx, ctx, { table, outcome });
    return { tableName, consumed, item: returnedItem(statement, outcome) };
  });
}

export async function batchExecuteStatement(
  input: InputOf<'dynamodb', 'BatchExecuteStatement'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'BatchExecuteStatement'>> {
  const members = (input.Statements ?? []).map(readMember);
  checkOneKind(members);
  const results = await Promise.all(members.map((member) => runMember(member, ctx)));
  const level = input.ReturnConsumedCapacity;
  const byTable = new Map<string, Consumption>();
  for (const { tableName, consumed } of results) {
    if (tableName === undefined || consumed === undefined) continue;
    byTable.set(tableName, addConsumption(byTable.get(tableName) ?? NOTHING_CONSUMED, consumed));
  }
  const capacity = [...byTable].flatMap(
    ([tableName, consumed]) => shapeCapacity(level, { tableName, consumed }) ?? [],
  );
  return {
    Responses: results.map(({ response }) => response),
    ...(wantsCapacity(level) ? { ConsumedCapacity: capacity } : {}),
  };
}

interface Member {
  readonly request: BatchStatementRequest;
  /** What it is, or why it cannot be told. */
  readonly read: Statement | ServiceError;
}

function readMember(request: BatchStatementRequest): Member {
  try {
    return { request, read: readStatementInput(request) };
  } catch (error) {
    if (error instanceof ServiceError) return { request, read: error };
    throw error;
  }
}

/** AWS: a batch reads or writes. Source: developer guide, "Running batch operations with PartiQL" */
function checkOneKind(members: readonly Member[]): void {
  const kinds = new Set(
    members.flatMap(({ read }) => (read instanceof ServiceError ? [] : [read.kind === 'select'])),
  );
  if (kinds.size < 2) return;
  throw invalid(
    'BatchExecuteStatement API does not support both read and write operations in the same request.',
  );
}

interface MemberResult {
  readonly response: BatchStatementResponse;
  readonly tableName?: string;
  readonly consumed?: Consumption;
}

async function runMember({ request, read }: Member, ctx: RequestContext): Promise<MemberResult> {
  let reached: string | undefined;
  try {
    if (read instanceof ServiceError) throw read;
    if (read.kind === 'exists') throw existsMisplaced();
    const onReached = (tableName: string): void => {
      reached = tableName;
    };
    const returnOnFailure = wantsOldItem(request);
    const done =
      read.kind === 'select'
        ? await readOne(read, ctx, request.ConsistentRead === true)
        : await write(read, ctx, { returnOnFailure, onReached });
    const { tableName, consumed, item } = done;
    const response = {
      TableName: tableName,
      ...(item === undefined ? {} : { Item: wireItem(item) }),
    };
    return { response, tableName, consumed };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const named = reached === undefined ? {} : { TableName: reached };
    return { response: { Error: toBatchError(error), ...named } };
  }
}

/** AWS: a SELECT of a batch reads one item by its key. */
async function readOne(
  statement: SelectStatement,
  ctx: RequestContext,
  consistent: boolean,
): Promise<Written> {
  const tableName = readTableName(statement.tableName, ctx);
  return ctx.store.read(async (view) => {
    const table = await requireTable(view, ctx, tableName);
    const { definition } = table;
    planRead(statement.where, definition.key);
    const target = findItem(statement.where, definition.key, { allowsIn: true });
    const single = hasWholeKey(target, definition.key) && target.rest === undefined;
    if (statement.indexName !== undefined || !single) {
      throw invalid(
        'Select statements within BatchExecuteStatement must specify the primary key in the where clause.',
      );
    }
    checkKey(definition, target.key);
    const seen = await laggedView(view, ctx, { table, consistent });
    const found = await getItem(seen, table, itemPosition(definition, target.key));
    chargeRead(ctx, definition, { bytes: found?.size ?? 0, consistent });
    const consumed = { ...NOTHING_CONSUMED, table: readUnits(found?.size ?? 0, consistent) };
    return { tableName, consumed, item: found && project(found.item, statement.columns) };
  });
}

/** AWS: the codes of a batch leave the word Exception out. */
function toBatchError(error: ServiceError): BatchStatementError {
  const code = error.code === 'ValidationException' ? 'ValidationError' : error.code;
  const item = error.fields['Item'] as Item | undefined;
  return {
    Code: code.replace(/Exception$/, '') as BatchStatementError['Code'],
    Message: error.message,
    ...(item === undefined ? {} : { Item: wireItem(item) }),
  };
}
