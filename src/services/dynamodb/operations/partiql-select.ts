// SELECT: the pages of a read, query by query or as a scan.
import type { RequestContext } from '../../../kernel/context.ts';
import type { ReadTx } from '../../../base/store.ts';
import { setAttribute, type AttributeValue, type Item } from '../attribute-value.ts';
import { addConsumption, NOTHING_CONSUMED, totalUnits, type Consumption } from '../capacity.ts';
import { invalid } from '../errors.ts';
import { valueAt } from '../expression/evaluate.ts';
import { conditionPaths } from '../expression/paths.ts';
import { checkScalarPaths } from '../key-rules.ts';
import { PAGE_MAX_BYTES, READ_UNIT_BYTES } from '../limits.ts';
import {
  digestRequest,
  formatToken,
  parseToken,
  type ReadPosition,
} from '../partiql/next-token.ts';
import { checkFilterProjected, isScan, planRead, type ReadStep } from '../partiql/read-plan.ts';
import { planOrder } from '../partiql/order.ts';
import type { SelectColumn, SelectStatement } from '../partiql/statement.ts';
import { laggedView } from '../read-lag.ts';
import { readTableName } from '../rules.ts';
import { chargeCapacity } from '../throttle.ts';
import type { TableHandle } from '../store.ts';
import { findIndex, projectedNames } from '../table-definition.ts';
import { checkProjected, readPage, startPosition, type PageRequest, type Source } from './page.ts';
import { requireTable } from './require-table.ts';

export interface SelectOptions {
  readonly consistent: boolean;
  readonly limit: number | undefined;
  readonly nextToken: string | undefined;
}

export interface SelectResult {
  readonly tableName: string;
  readonly items: readonly Item[];
  readonly lastKey: Item | undefined;
  readonly nextToken: string | undefined;
  readonly consumed: Consumption;
}

export async function runSelect(
  statement: SelectStatement,
  ctx: RequestContext,
  options: SelectOptions,
): Promise<SelectResult> {
  const tableName = readTableName(statement.tableName, ctx);
  return ctx.store.read(async (view) => {
    const table = await requireTable(view, ctx, tableName);
    const source = openSelectSource(table, statement, options.consistent);
    const { steps, reverse } = planSelect(source, statement);
    const { indexName, where, columns, orderBy } = statement;
    const digest = digestRequest([
      table.definition.id,
      indexName ?? '',
      where ?? {},
      columns ?? [],
      orderBy,
    ]);
    const start =
      options.nextToken === undefined ? undefined : parseToken(options.nextToken, digest);
    const { consistent } = options;
    const seen = await laggedView(view, ctx, { table, consistent });
    const read = await readSteps(seen, source, { statement, options, steps, start, reverse });
    chargeCapacity(ctx, { table: table.definition, kind: 'Read', consumed: read.consumed });
    const { goOn } = read;
    return {
      tableName,
      items: read.items.map((item) => project(item, columns)),
      lastKey: goOn?.after,
      nextToken: goOn && formatToken(digest, goOn),
      consumed: read.consumed,
    };
  });
}

/** AWS: words what Query says in other words. nubo-db/dynamodb-conformance, partiqlIndexQualifier */
function openSelectSource(
  table: TableHandle,
  { indexName }: SelectStatement,
  consistent: boolean,
): Source {
  if (indexName === undefined) return { table, index: undefined };
  const index = findIndex(table.definition, indexName);
  if (index === undefined) throw invalid('The table does not have the specified index');
  if (index.backfilling) {
    throw invalid(`Cannot read from backfilling global secondary index: ${indexName}`);
  }
  if (index.global && consistent) {
    throw invalid('Strongly consistent read is not supported on Global Secondary Indexes');
  }
  return { table, index };
}

function planSelect(
  source: Source,
  statement: SelectStatement,
): { readonly steps: readonly ReadStep[]; readonly reverse: boolean } {
  const { table, index } = source;
  const { where, columns, orderBy } = statement;
  const key = index?.key ?? table.definition.key;
  const paths = columns?.map((column) => column.path) ?? [];
  checkScalarPaths(table.definition, paths);
  if (where !== undefined) checkScalarPaths(table.definition, conditionPaths(where));
  const steps = planRead(where, key);
  const projected = index && projectedNames(table.definition, index);
  if (index !== undefined && projected !== undefined) {
    checkFilterProjected(steps, { indexName: index.name, projected });
  }
  checkProjected(source, { ...requestFor(undefined), paths });
  return planOrder(steps, { orderBy, key, hasWhere: where !== undefined, isScan: isScan(steps) });
}

function requestFor(filter: PageRequest['filter']): PageRequest {
  return {
    indexName: undefined,
    select: undefined,
    paths: undefined,
    filter,
    limit: undefined,
    consistent: false,
    startKey: undefined,
  };
}

interface StepsRead {
  readonly items: readonly Item[];
  readonly goOn: ReadPosition | undefined;
  readonly consumed: Consumption;
}

/** Reads the steps one after another until the limit, a megabyte or the end. */
async function readSteps(
  view: ReadTx,
  source: Source,
  given: {
    readonly statement: SelectStatement;
    readonly options: SelectOptions;
    readonly steps: readonly ReadStep[];
    readonly start: ReadPosition | undefined;
    readonly reverse: boolean;
  },
): Promise<StepsRead> {
  const { options, steps, start, reverse } = given;
  const fetchesWhole = reachesBack(source, given.statement.columns);
  const items: Item[] = [];
  let left = options.limit ?? Infinity;
  let consumed = NOTHING_CONSUMED;
  for (let i = start?.step ?? 0; i < steps.length; i++) {
    const step = steps[i];
    if (step === undefined) break;
    if (left <= 0 || isFull(consumed, options.consistent)) {
      return { items, goOn: { step: i, after: undefined }, consumed };
    }
    const after = i === start?.step ? start.after : undefined;
    const page = await readPage(view, source, {
      request: {
        ...requestFor(step.filter),
        select: fetchesWhole ? 'ALL_ATTRIBUTES' : undefined,
        limit: left === Infinity ? undefined : left,
        consistent: options.consistent,
      },
      range: step.range,
      start: after && startPosition(source, after),
      reverse,
      present: ({ item }) => item,
    });
    items.push(...(page.items ?? []));
    left -= page.scannedCount;
    consumed = addConsumption(consumed, page.consumed);
    if (page.lastKey !== undefined) {
      return { items, goOn: { step: i, after: page.lastKey }, consumed };
    }
  }
  return { items, goOn: undefined, consumed };
}

/** Whether what was read so far fills a page, as far as units tell. */
function isFull(consumed: Consumption, consistent: boolean): boolean {
  const bytes = totalUnits(consumed) * READ_UNIT_BYTES * (consistent ? 1 : 2);
  return bytes >= PAGE_MAX_BYTES;
}

/** AWS: a local index gives columns it does not hold from the table; `*` is what the index holds. */
function reachesBack(
  { table, index }: Source,
  columns: readonly SelectColumn[] | undefined,
): boolean {
  const held = index === undefined ? undefined : projectedNames(table.definition, index);
  if (held === undefined || columns === undefined) return false;
  return columns.some(({ path }) => !held.has(String(path[0])));
}

export function project(item: Item, columns: readonly SelectColumn[] | undefined): Item {
  if (columns === undefined) return item;
  const row: Record<string, AttributeValue> = {};
  for (const { name, path } of columns) {
    const value = valueAt(path, item);
    if (value !== undefined) setAttribute(row, name, value);
  }
  return row;
}
