// Reads one page of Query or Scan: filter, projection, limits, capacity and where to go on.
import type { Select } from '@aws-sdk/client-dynamodb';
import type { Key, ReadTx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import { attributeOf, setAttribute, type AttributeValue, type Item } from '../attribute-value.ts';
import { NOTHING_CONSUMED, readUnits, type Consumption } from '../capacity.ts';
import { invalid, invalidParameter } from '../errors.ts';
import { holds } from '../expression/evaluate.ts';
import { planProjection, projectItem, type Projection } from '../expression/project.ts';
import type { BoundCondition, Path } from '../expression/syntax.ts';
import type { SizedItem } from '../item-codec.ts';
import { checkKeyAttributes } from '../key-rules.ts';
import { PAGE_MAX_BYTES } from '../limits.ts';
import { rangeAfter, type KeyRange } from '../query-range.ts';
import {
  entryPosition,
  getItem,
  itemPosition,
  readRows,
  type StoredRow,
  type TableHandle,
} from '../store.ts';
import { wireItem, wireStored, type WireItem } from './expression-input.ts';
import { findIndex, keyNames, projectedNames, type IndexDefinition } from '../table-definition.ts';

/** What Query and Scan have in common, read from the request. */
export interface PageRequest {
  readonly indexName: string | undefined;
  readonly select: Select | undefined;
  readonly paths: readonly Path[] | undefined;
  readonly filter: BoundCondition | undefined;
  readonly limit: number | undefined;
  readonly consistent: boolean;
  readonly startKey: Item | undefined;
}

export interface Page<T> {
  /** Undefined when only the count was asked for. */
  readonly items: T[] | undefined;
  readonly count: number;
  readonly scannedCount: number;
  readonly lastKey: Item | undefined;
  readonly consumed: Consumption;
}

/** Where the rows are: a table or one of its indexes. */
export interface Source {
  readonly table: TableHandle;
  readonly index: IndexDefinition | undefined;
}

/** AWS: checks what does not need the table first. */
export function checkSelect(
  { select, indexName }: Pick<PageRequest, 'select' | 'indexName'>,
  projection: { readonly parameter: 'ProjectionExpression' | 'AttributesToGet' } | undefined,
): void {
  if (select === 'ALL_PROJECTED_ATTRIBUTES' && indexName === undefined) {
    throw invalidParameter(
      'ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName',
    );
  }
  if (select === 'SPECIFIC_ATTRIBUTES' && projection === undefined) {
    throw invalidParameter(
      'Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES',
    );
  }
  if (select === undefined || select === 'SPECIFIC_ATTRIBUTES' || projection === undefined) return;
  const what = select === 'COUNT' ? 'only the Count' : select;
  throw invalid(`Cannot specify the ${projection.parameter} when choosing to get ${what}`);
}

export function openSource(
  table: TableHandle,
  { indexName, consistent }: Pick<PageRequest, 'indexName' | 'consistent'>,
): Source {
  if (indexName === undefined) return { table, index: undefined };
  const index = findIndex(table.definition, indexName);
  if (index === undefined) {
    throw invalid(`The table does not have the specified index: ${indexName}`);
  }
  if (index.backfilling) {
    throw invalid(`Cannot read from backfilling global secondary index: ${indexName}`);
  }
  if (index.global && consistent) {
    throw invalid('Consistent reads are not supported on global secondary indexes');
  }
  return { table, index };
}

/** What a global index cannot give, since it reads nothing from its table. */
export function checkProjected({ table, index }: Source, { select, paths }: PageRequest): void {
  if (index === undefined || !index.global) return;
  const names = projectedNames(table.definition, index);
  if (names === undefined) return;
  if (select === 'ALL_ATTRIBUTES') {
    throw invalidParameter(
      `Select type ALL_ATTRIBUTES is not supported for global secondary index ${index.name} because its projection type is not ALL`,
    );
  }
  const missing = (paths ?? []).map((path) => String(path[0])).filter((name) => !names.has(name));
  if (missing.length > 0) {
    throw invalidParameter(
      `Global secondary index ${index.name} does not project [${[...new Set(missing)].join(', ')}]`,
    );
  }
}

/** Attributes that make up a start key: of the table and of the index. */
function positionNames({ table, index }: Source): readonly string[] {
  const own = keyNames(table.definition.key);
  return index === undefined ? own : [...new Set([...own, ...keyNames(index.key)])];
}

/** The row a start key stands for. Throws unless it has the right attributes and types. */
export function startPosition(source: Source, startKey: Item): Key {
  const { table, index } = source;
  const names = positionNames(source);
  const given = Object.keys(startKey);
  if (given.length !== names.length || !names.every((name) => given.includes(name))) {
    throw invalid(
      index === undefined
        ? 'The provided starting key is invalid: The provided key element does not match the schema'
        : 'The provided starting key is invalid',
    );
  }
  if (index !== undefined) checkKeyAttributes(index.key, startKey);
  checkKeyAttributes(table.definition.key, startKey);
  return index === undefined
    ? itemPosition(table.definition, startKey)
    : entryPosition(table.definition, index, startKey);
}

const FIRST_CHUNK_ROWS = 50;
const CHUNK_ROWS = 500;

/** About as many rows as the rest of the page may hold, by the size of those read so far. */
function chunkRows({ scanned, bytes }: Gathered<unknown>, limit: number | undefined): number {
  const left = (limit ?? Infinity) - scanned;
  if (scanned === 0) return Math.min(FIRST_CHUNK_ROWS, left);
  const fitting = Math.ceil(((PAGE_MAX_BYTES - bytes) * scanned) / Math.max(bytes, 1));
  return Math.min(CHUNK_ROWS, left, Math.max(fitting, 1));
}

/** Makes what the page holds of an item that belongs to it. */
export type Present<T> = (found: SizedItem, projection: Projection | undefined) => T;

/** Items as the answer of a request takes them. */
export function presentFor(ctx: Pick<RequestContext, 'http'>): Present<WireItem> {
  return (found, projection) =>
    projection === undefined
      ? wireStored(found, ctx)
      : wireItem(projectItem(projection, found.item));
}

/** What is gathered row by row. */
interface Gathered<T> {
  readonly items: T[];
  scanned: number;
  count: number;
  bytes: number;
  fetchedUnits: number;
  last: StoredRow | undefined;
}

/**
 * Reads from `range` until the limit, a megabyte or the end.
 * @param start the row to go on after.
 */
export async function readPage<T>(
  view: ReadTx,
  source: Source,
  options: {
    readonly request: PageRequest;
    readonly range: KeyRange;
    readonly start: Key | undefined;
    readonly reverse: boolean;
    readonly present: Present<T>;
  },
): Promise<Page<T>> {
  const { request, reverse, start, present } = options;
  const { table, index } = source;
  const gathered: Gathered<T> = {
    items: [],
    scanned: 0,
    count: 0,
    bytes: 0,
    fetchedUnits: 0,
    last: undefined,
  };
  const shape = planShape(source, request);
  let range = start === undefined ? options.range : rangeAfter(options.range, start, reverse);
  let more = true;
  while (more) {
    const wanted = chunkRows(gathered, request.limit);
    const rows = await readRows(view, table, { index, range, limit: wanted, reverse });
    more = rows.length === wanted;
    for (const row of rows) {
      countRow(gathered, row);
      const { fetchFrom } = shape;
      const found =
        fetchFrom === undefined
          ? row
          : await fetchItem(view, { gathered, row, request, fetchFrom });
      if (found !== undefined) gather(gathered, { found, request, shape, present });
      if (gathered.bytes < PAGE_MAX_BYTES && gathered.scanned !== request.limit) continue;
      return finishPage(source, { gathered, request, ended: false });
    }
    if (gathered.last !== undefined) range = rangeAfter(range, gathered.last.position, reverse);
  }
  return finishPage(source, { gathered, request, ended: true });
}

/** How rows become results. */
interface Shape {
  readonly projection: Projection | undefined;
  /** The table to read whole items from, when the index does not hold all that is wanted. */
  readonly fetchFrom: TableHandle | undefined;
}

function planShape({ table, index }: Source, { select, paths }: PageRequest): Shape {
  const names = index === undefined ? undefined : projectedNames(table.definition, index);
  const wantsMore =
    names !== undefined &&
    (select === 'ALL_ATTRIBUTES' || (paths ?? []).some((path) => !names.has(String(path[0]))));
  return {
    projection: paths && planProjection(paths),
    fetchFrom: wantsMore ? table : undefined,
  };
}

function countRow(gathered: Gathered<unknown>, row: StoredRow): void {
  gathered.scanned += 1;
  gathered.bytes += row.size;
  gathered.last = row;
}

/** The whole item of an index entry. */
async function fetchItem(
  view: ReadTx,
  options: {
    readonly gathered: Gathered<unknown>;
    readonly row: StoredRow;
    readonly request: PageRequest;
    readonly fetchFrom: TableHandle;
  },
): Promise<SizedItem | undefined> {
  const { gathered, row, request, fetchFrom } = options;
  const whole = await getItem(view, fetchFrom, itemPosition(fetchFrom.definition, row.item));
  if (whole === undefined) return undefined;
  gathered.fetchedUnits += readUnits(whole.size, request.consistent);
  return whole;
}

function gather<T>(
  gathered: Gathered<T>,
  options: { found: SizedItem; request: PageRequest; shape: Shape; present: Present<T> },
): void {
  const { found, request, shape, present } = options;
  if (request.filter !== undefined && !holds(request.filter, found.item)) return;
  gathered.count += 1;
  if (request.select === 'COUNT') return;
  gathered.items.push(present(found, shape.projection));
}

function finishPage<T>(
  source: Source,
  {
    gathered,
    request,
    ended,
  }: {
    readonly gathered: Gathered<T>;
    readonly request: PageRequest;
    readonly ended: boolean;
  },
): Page<T> {
  const { index } = source;
  const units = readUnits(gathered.bytes, request.consistent);
  const consumed: Consumption =
    index === undefined
      ? { ...NOTHING_CONSUMED, table: units }
      : {
          table: gathered.fetchedUnits,
          localIndexes: index.global ? {} : { [index.name]: units },
          globalIndexes: index.global ? { [index.name]: units } : {},
        };
  return {
    items: request.select === 'COUNT' ? undefined : gathered.items,
    count: gathered.count,
    scannedCount: gathered.scanned,
    lastKey: ended || gathered.last === undefined ? undefined : keyOf(source, gathered.last.item),
    consumed,
  };
}

function keyOf(source: Source, item: Item): Item {
  const key: Record<string, AttributeValue> = {};
  for (const name of positionNames(source)) {
    const value = attributeOf(item, name);
    if (value !== undefined) setAttribute(key, name, value);
  }
  return key;
}
