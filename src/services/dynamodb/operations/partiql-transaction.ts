// ExecuteTransaction: PartiQL statements that are carried out together, or not at all.
import type { ParameterizedStatement } from '@aws-sdk/client-dynamodb';
import { ServiceError } from '../../../base/errors.ts';
import type { ReadTx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import type { AttributeValue } from '../attribute-value.ts';
import { invalid, type CancellationReason } from '../errors.ts';
import type { WriteIntent } from '../item-write.ts';
import { readParameters } from '../partiql/parameters.ts';
import { planRead } from '../partiql/read-plan.ts';
import { findItem, hasWholeKey, severalValues } from '../partiql/single-item.ts';
import {
  readStatement,
  type ExistsStatement,
  type SelectStatement,
  type Statement,
  type WriteStatement,
} from '../partiql/statement.ts';
import { readTableName } from '../rules.ts';
import { loadTable, type TableHandle } from '../store.ts';
import type { TableDefinition } from '../table-definition.ts';
import { wantsCapacity } from './consumed-capacity.ts';
import { rawValue, wireItem } from './expression-input.ts';
import { wantsOldItem } from './partiql.ts';
import { project } from './partiql-select.ts';
import { planWrite } from './partiql-write.ts';
import {
  cancelIfAny,
  checkPutSizes,
  digestRequest,
  FINE,
  isRepetition,
  readConsumption,
  readItems,
  reasonOf,
  remember,
  repetitionConsumption,
  shapeByTable,
  writeItems,
  type Get,
  type Step,
} from './transaction-steps.ts';
import { checkIntent } from './write-intent.ts';

type Input = InputOf<'dynamodb', 'ExecuteTransaction'>;
type Output = OutputOf<'dynamodb', 'ExecuteTransaction'>;

/** A statement with its place in the request. */
interface Member<S extends Statement> {
  readonly statement: S;
  readonly index: number;
  readonly returnOnFailure: boolean;
}

/** A member with the table it is about. */
interface Placed<S extends Statement> extends Member<S> {
  readonly table: TableHandle;
}

type Write = WriteStatement | ExistsStatement;

export async function executeTransaction(input: Input, ctx: RequestContext): Promise<Output> {
  const requests = input.TransactStatements ?? [];
  const parameters = requests.map((request) =>
    readParameters((request.Parameters ?? []).map(rawValue)),
  );
  const members = requests.map((request, i) => readMember(request, i, parameters[i] ?? []));
  const reads = members.flatMap(({ statement, ...member }) =>
    statement.kind === 'select' ? [{ ...member, statement }] : [],
  );
  const writes = members.flatMap(({ statement, ...member }) =>
    statement.kind === 'select' ? [] : [{ ...member, statement }],
  );
  if (reads.length > 0 && writes.length > 0) {
    throw invalid(
      'ExecuteTransaction API does not support both read and write operations in the same request.',
    );
  }
  return reads.length > 0 ? readTogether(input, ctx, reads) : writeTogether(input, ctx, writes);
}

function readMember(
  request: ParameterizedStatement,
  index: number,
  parameters: readonly AttributeValue[],
): Member<Statement> {
  const statement = inMember(index, () => readStatement(request.Statement ?? '', parameters));
  return { statement, index, returnOnFailure: wantsOldItem(request) };
}

/** AWS: what is wrong with a statement itself fails the request and says which it was. */
function inMember<T>(index: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== 'ValidationException') throw error;
    throw invalid(`Validation failed in TransactStatements[${index}]: ${error.message}`);
  }
}

/**
 * The members with their tables, each having passed `check`. AWS: then a missing table cancels the
 * transaction.
 */
async function placeAll<S extends Statement>(
  view: ReadTx,
  ctx: RequestContext,
  { members, check }: { members: readonly Member<S>[]; check: (placed: Placed<S>) => void },
): Promise<Placed<S>[]> {
  const placed: Placed<S>[] = [];
  const reasons: CancellationReason[] = [];
  for (const member of members) {
    const table = await loadTable(view, ctx, readTableName(member.statement.tableName, ctx));
    if (table === undefined || table.definition.state === 'CREATING') {
      reasons.push({ code: 'ResourceNotFound', message: 'Requested resource not found' });
      continue;
    }
    reasons.push(FINE);
    placed.push({ ...member, table });
  }
  for (const member of placed) inMember(member.index, () => check(member));
  cancelIfAny(reasons);
  return placed;
}

async function readTogether(
  input: Input,
  ctx: RequestContext,
  members: readonly Member<SelectStatement>[],
): Promise<Output> {
  return ctx.store.read(async (view) => {
    const placed = await placeAll(view, ctx, { members, check: checkRead });
    const steps = placed.map(({ statement, table }): Step<Get> => {
      const { key } = findItem(statement.where, table.definition.key, { allowsIn: true });
      const paths = statement.columns?.map(({ path }) => path);
      return { given: statement.tableName, name: table.definition.name, action: { key, paths } };
    });
    const found = await readItems(view, { steps, tables: placed.map(({ table }) => table) });
    const Responses = placed.map(({ statement }, i) => {
      const item = found[i]?.item;
      return item === undefined ? {} : { Item: wireItem(project(item, statement.columns)) };
    });
    const level = input.ReturnConsumedCapacity;
    if (!wantsCapacity(level)) return { Responses };
    const consumed = readConsumption(found);
    const split = 'ReadCapacityUnits';
    return { Responses, ConsumedCapacity: shapeByTable(level, { steps, consumed, split }) };
  });
}

function checkRead({ statement, table }: Placed<SelectStatement>): void {
  const { key } = table.definition;
  if (statement.indexName !== undefined) {
    throw invalid('Reads on indices are not supported within transactions.');
  }
  const target = findItem(statement.where, key, { allowsIn: true });
  if (hasWholeKey(target, key) && target.rest === undefined) return;
  planRead(statement.where, key);
  throw invalid(
    'Select statements within ExecuteTransaction must specify the primary key in the where clause.',
  );
}

async function writeTogether(
  input: Input,
  ctx: RequestContext,
  members: readonly Member<Write>[],
): Promise<Output> {
  const token = input.ClientRequestToken;
  const level = input.ReturnConsumedCapacity;
  const use =
    token === undefined
      ? undefined
      : { token, digest: digestRequest(input.TransactStatements ?? []) };
  return ctx.store.transact(async (tx) => {
    const placed = await placeAll(tx, ctx, { members, check: checkWrite });
    const steps = placed.map(({ statement, table, returnOnFailure }): Step<WriteIntent> => {
      const { definition } = table;
      const action = toIntent(statement, definition, returnOnFailure);
      return { given: statement.tableName, name: definition.name, action };
    });
    const tables = placed.map(({ table }) => table);
    if (use !== undefined && (await isRepetition(tx, ctx, use))) {
      const consumed = await repetitionConsumption(tx, { steps, tables });
      return shapeWritten(level, { steps, consumed, split: 'ReadCapacityUnits' });
    }
    cancelIfAny(
      placed.map(({ statement, table: { definition } }, i) =>
        reasonOf(() => {
          checkOneValue(statement, definition);
          const step = steps[i];
          if (step !== undefined) checkIntent(definition, step.action);
        }),
      ),
    );
    checkPutSizes(steps);
    const consumed = await writeItems(tx, ctx, { steps, tables });
    if (use !== undefined) await remember(tx, ctx, use);
    return shapeWritten(level, { steps, consumed, split: 'WriteCapacityUnits' });
  });
}

/** AWS: a transaction of writes has no responses. paritysuite, writeResponses.test.ts */
function shapeWritten(
  level: Input['ReturnConsumedCapacity'],
  given: Parameters<typeof shapeByTable>[1],
): Output {
  if (!wantsCapacity(level)) return { Responses: [] };
  return { Responses: [], ConsumedCapacity: shapeByTable(level, given) };
}

function checkWrite({ statement, table }: Placed<Write>): void {
  if (statement.kind === 'exists') {
    checkExists(statement, table.definition);
  } else if (statement.kind !== 'insert' && statement.returning !== undefined) {
    throw invalid('RETURNING clause is not supported in ExecuteTransaction.');
  }
}

function checkExists({ select }: ExistsStatement, { key }: TableDefinition): void {
  if (select.indexName !== undefined) {
    throw invalid('Operations on indices are not supported in transactions');
  }
  const target = findItem(select.where, key, { allowsIn: false });
  if (hasWholeKey(target, key) && target.rest !== undefined) return;
  throw invalid('EXISTS() must contain a single item read with additional condition');
}

function toIntent(
  statement: Write,
  definition: TableDefinition,
  returnOnFailure: boolean,
): WriteIntent {
  if (statement.kind !== 'exists') return planWrite(statement, definition, returnOnFailure).intent;
  const { select } = statement;
  const { key, rest } = findItem(select.where, definition.key, { allowsIn: false });
  return { kind: 'check', key, condition: rest, returnOnFailure };
}

/** AWS: two values for one key cancel the transaction. */
function checkOneValue(statement: Write, { key }: TableDefinition): void {
  if (statement.kind !== 'update' && statement.kind !== 'delete') return;
  const { conflict } = findItem(statement.where, key, { allowsIn: false });
  if (conflict !== undefined) throw severalValues(conflict);
}
