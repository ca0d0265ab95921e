// Query: the sorted items of one partition.
import type { ReturnConsumedCapacity } from '@aws-sdk/client-dynamodb';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { attributeOf, equalValues, type Item } from '../attribute-value.ts';
import { invalid } from '../errors.ts';
import { holds } from '../expression/evaluate.ts';
import {
  readKeyCondition,
  splitKeyCondition,
  type KeyCondition,
} from '../expression/key-condition.ts';
import { combineConditions, type LegacyCondition } from '../expression/legacy.ts';
import { conditionPaths } from '../expression/paths.ts';
import type { Placeholders } from '../expression/placeholders.ts';
import { readCondition, readProjection } from '../expression/read-expression.ts';
import type { BoundCondition, Path } from '../expression/syntax.ts';
import { checkScalarPaths } from '../key-rules.ts';
import { queryRange } from '../query-range.ts';
import { laggedView } from '../read-lag.ts';
import { checkDistinctNames, readTableName } from '../rules.ts';
import { keyNames, type KeySchema } from '../table-definition.ts';
import { chargeCapacity } from '../throttle.ts';
import { capacityMember, shapeCapacity } from './consumed-capacity.ts';
import {
  checkOperatorUse,
  checkParameterMix,
  readConditions,
  wireItem,
  withPlaceholders,
  type WireItem,
} from './expression-input.ts';
import { requireTable } from './require-table.ts';
import {
  checkProjected,
  checkSelect,
  openSource,
  presentFor,
  readPage,
  startPosition,
  type Page,
  type PageRequest,
} from './page.ts';
import { readStartKey } from './write-intent.ts';

type QueryInput = InputOf<'dynamodb', 'Query'>;

interface ReadQuery {
  readonly request: PageRequest;
  readonly keyConditions: ReadonlyMap<string, LegacyCondition>;
  /** Attributes QueryFilter or FilterExpression speak of, and the words for which it was. */
  readonly filtered: readonly string[];
  readonly filterName: 'QueryFilter' | 'Filter Expression';
  /** Paths of the filter, for the check that none leads into a key. */
  readonly filterPaths: readonly Path[];
}

export async function query(
  input: QueryInput,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'Query'>> {
  const name = readTableName(input.TableName, ctx);
  const read = readQuery(input);
  const { request } = read;
  const page = await ctx.store.read(async (view) => {
    const table = await requireTable(view, ctx, name);
    const source = openSource(table, request);
    const key = source.index?.key ?? table.definition.key;
    const condition = readKeyCondition(read.keyConditions, key);
    const start = request.startKey && startPosition(source, request.startKey);
    if (request.startKey !== undefined) checkStartKey(request.startKey, condition, key);
    if (request.paths !== undefined) checkScalarPaths(table.definition, request.paths);
    checkFilter(read, key);
    checkProjected(source, request);
    checkScalarPaths(table.definition, read.filterPaths);
    const range = queryRange(condition);
    const { consistent } = request;
    const seen = await laggedView(view, ctx, { table, consistent });
    const found = await readPage(seen, source, {
      request,
      range,
      start,
      reverse: input.ScanIndexForward === false,
      present: presentFor(ctx),
    });
    chargeCapacity(ctx, { table: table.definition, kind: 'Read', consumed: found.consumed });
    return found;
  });
  return shapePage(page, { tableName: name, level: input.ReturnConsumedCapacity });
}

export function shapePage(
  page: Page<WireItem>,
  { tableName, level }: { tableName: string; level: ReturnConsumedCapacity | undefined },
): OutputOf<'dynamodb', 'Query'> {
  return {
    ...(page.items === undefined ? {} : { Items: page.items }),
    Count: page.count,
    ScannedCount: page.scannedCount,
    ...(page.lastKey === undefined ? {} : { LastEvaluatedKey: wireItem(page.lastKey) }),
    ...capacityMember(shapeCapacity(level, { tableName, consumed: page.consumed })),
  };
}

/** AWS: checks in this order. dynalite, validations/query */
function readQuery(input: QueryInput): ReadQuery {
  const { ProjectionExpression, FilterExpression, KeyConditionExpression } = input;
  const { AttributesToGet, QueryFilter, ConditionalOperator } = input;
  // KeyConditions alone may stand beside the other expressions.
  const KeyConditions = KeyConditionExpression === undefined ? undefined : input.KeyConditions;
  checkParameterMix(
    input,
    { ProjectionExpression, FilterExpression, KeyConditionExpression },
    { AttributesToGet, QueryFilter, ConditionalOperator, KeyConditions },
  );
  const queryFilter = readConditions(QueryFilter ?? {});
  checkOperatorUse(ConditionalOperator, queryFilter.size);
  if (AttributesToGet !== undefined) checkDistinctNames(AttributesToGet);
  const startKey = readStartKey(input.ExclusiveStartKey);
  if (input.KeyConditions === undefined && KeyConditionExpression === undefined) {
    throw invalid(
      'Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.',
    );
  }
  const expressions = withPlaceholders(input, (placeholders) => ({
    key: readOptional('KeyConditionExpression', KeyConditionExpression, placeholders),
    filter: readOptional('FilterExpression', FilterExpression, placeholders),
    paths:
      ProjectionExpression === undefined
        ? AttributesToGet?.map((name): Path => [name])
        : readProjection(ProjectionExpression, placeholders),
  }));
  const keyConditions =
    expressions.key === undefined
      ? readConditions(input.KeyConditions ?? {})
      : splitKeyCondition(expressions.key);
  // Those of an expression are counted against the key, once that is known.
  if (keyConditions.size === 0 || (expressions.key === undefined && keyConditions.size > 2)) {
    throw invalid('Conditions can be of length 1 or 2 only');
  }
  const request: PageRequest = {
    indexName: input.IndexName,
    select: input.Select,
    paths: expressions.paths,
    filter: expressions.filter ?? combineConditions(queryFilter, ConditionalOperator ?? 'AND'),
    limit: input.Limit,
    consistent: input.ConsistentRead === true,
    startKey,
  };
  checkSelect(request, projectionParameter(input));
  const filterPaths = expressions.filter === undefined ? [] : conditionPaths(expressions.filter);
  return {
    request,
    keyConditions,
    filtered: [...queryFilter.keys(), ...filterPaths.map((path) => String(path[0]))],
    filterName: expressions.filter === undefined ? 'QueryFilter' : 'Filter Expression',
    filterPaths,
  };
}

export function readOptional(
  parameter: 'KeyConditionExpression' | 'FilterExpression',
  text: string | undefined,
  placeholders: Placeholders,
): BoundCondition | undefined {
  return text === undefined ? undefined : readCondition(parameter, text, placeholders);
}

export function projectionParameter(input: {
  readonly ProjectionExpression?: string | undefined;
  readonly AttributesToGet?: string[] | undefined;
}): { parameter: 'ProjectionExpression' | 'AttributesToGet' } | undefined {
  if (input.ProjectionExpression !== undefined) return { parameter: 'ProjectionExpression' };
  return input.AttributesToGet === undefined ? undefined : { parameter: 'AttributesToGet' };
}

/** AWS: the key of what is read cannot be filtered on. */
function checkFilter({ filtered, filterName }: ReadQuery, key: KeySchema): void {
  for (const name of keyNames(key)) {
    if (!filtered.includes(name)) continue;
    throw invalid(
      `${filterName} can only contain non-primary key attributes: Primary key attribute: ${name}`,
    );
  }
}

/** AWS: a start key must be one this very query could have stopped at. dynalite, actions/query */
function checkStartKey(startKey: Item, condition: KeyCondition, key: KeySchema): void {
  const partition = attributeOf(startKey, key.partition.name);
  const samePartition = partition !== undefined && equalValues(partition, condition.partition);
  const { sort } = condition;
  if (key.sort === undefined || sort === undefined) {
    if (samePartition) return;
    throw invalid(
      'The provided starting key is outside query boundaries based on provided conditions',
    );
  }
  const combined = combineConditions(
    new Map([
      [
        key.sort.name,
        {
          operator: sort.operator,
          values: sort.high === undefined ? [sort.low] : [sort.low, sort.high],
        },
      ],
    ]),
    'AND',
  );
  if (combined !== undefined && !holds(combined, startKey)) {
    throw invalid('The provided starting key does not match the range key predicate');
  }
  if (!samePartition) {
    throw invalid('The query can return at most one row and cannot be restarted');
  }
}
