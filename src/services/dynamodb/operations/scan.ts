// Scan: every item, or those of one segment.
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { invalid } from '../errors.ts';
import { combineConditions } from '../expression/legacy.ts';
import { conditionPaths } from '../expression/paths.ts';
import { readProjection } from '../expression/read-expression.ts';
import type { Path } from '../expression/syntax.ts';
import { checkScalarPaths } from '../key-rules.ts';
import { scanRange, type KeyRange } from '../query-range.ts';
import { laggedView } from '../read-lag.ts';
import { checkDistinctNames, readTableName } from '../rules.ts';
import { chargeCapacity } from '../throttle.ts';
import {
  checkOperatorUse,
  checkParameterMix,
  readConditions,
  withPlaceholders,
} from './expression-input.ts';
import { requireTable } from './require-table.ts';
import {
  checkProjected,
  checkSelect,
  openSource,
  presentFor,
  readPage,
  startPosition,
  type PageRequest,
} from './page.ts';
import { projectionParameter, readOptional, shapePage } from './query.ts';
import { readStartKey } from './write-intent.ts';
import type { Key } from '../../../base/store.ts';

type ScanInput = InputOf<'dynamodb', 'Scan'>;

export async function scan(
  input: ScanInput,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'Scan'>> {
  const name = readTableName(input.TableName, ctx);
  const { request, filterPaths } = readScan(input);
  const page = await ctx.store.read(async (view) => {
    const table = await requireTable(view, ctx, name);
    const source = openSource(table, request);
    checkProjected(source, request);
    const start = request.startKey && startPosition(source, request.startKey);
    const range = scanRange(input.Segment ?? 0, input.TotalSegments ?? 1);
    if (start !== undefined) checkSegment(input, start, range);
    checkScalarPaths(table.definition, request.paths ?? []);
    checkScalarPaths(table.definition, filterPaths);
    const present = presentFor(ctx);
    const { consistent } = request;
    const seen = await laggedView(view, ctx, { table, consistent });
    const read = await readPage(seen, source, { request, range, start, reverse: false, present });
    chargeCapacity(ctx, { table: table.definition, kind: 'Read', consumed: read.consumed });
    return read;
  });
  return shapePage(page, { tableName: name, level: input.ReturnConsumedCapacity });
}

/** AWS: checks in this order. dynalite, validations/scan */
function readScan(input: ScanInput): { request: PageRequest; filterPaths: readonly Path[] } {
  const {
    ProjectionExpression,
    FilterExpression,
    AttributesToGet,
    ScanFilter,
    ConditionalOperator,
  } = input;
  checkParameterMix(
    input,
    { ProjectionExpression, FilterExpression },
    { AttributesToGet, ScanFilter, ConditionalOperator },
  );
  if (AttributesToGet !== undefined) checkDistinctNames(AttributesToGet);
  const scanFilter = readConditions(ScanFilter ?? {});
  checkOperatorUse(ConditionalOperator, scanFilter.size);
  const startKey = readStartKey(input.ExclusiveStartKey);
  checkSegments(input);
  const { filter, paths } = withPlaceholders(input, (placeholders) => ({
    filter: readOptional('FilterExpression', FilterExpression, placeholders),
    paths:
      ProjectionExpression === undefined
        ? AttributesToGet?.map((name): Path => [name])
        : readProjection(ProjectionExpression, placeholders),
  }));
  const request: PageRequest = {
    indexName: input.IndexName,
    select: input.Select,
    paths,
    filter: filter ?? combineConditions(scanFilter, ConditionalOperator ?? 'AND'),
    limit: input.Limit,
    consistent: input.ConsistentRead === true,
    startKey,
  };
  checkSelect(request, projectionParameter(input));
  return { request, filterPaths: filter === undefined ? [] : conditionPaths(filter) };
}

function checkSegments({ Segment, TotalSegments }: ScanInput): void {
  if (Segment !== undefined && TotalSegments === undefined) {
    throw invalid(
      'The TotalSegments parameter is required but was not present in the request when Segment parameter is present',
    );
  }
  if (TotalSegments === undefined) return;
  if (Segment === undefined) {
    throw invalid(
      'The Segment parameter is required but was not present in the request when parameter TotalSegments is present',
    );
  }
  if (Segment >= TotalSegments) {
    throw invalid(
      `The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: ${Segment} is not less than TotalSegments: ${TotalSegments}`,
    );
  }
}

/** A start key of another segment would skip or repeat items. */
function checkSegment({ Segment, TotalSegments }: ScanInput, start: Key, range: KeyRange): void {
  const [hash] = start;
  const [from] = range.from;
  const [to] = range.to;
  if (!(hash instanceof Uint8Array && from instanceof Uint8Array && to instanceof Uint8Array))
    return;
  if (Buffer.compare(hash, from) >= 0 && Buffer.compare(hash, to) < 0) return;
  throw invalid(
    `The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. TotalSegments: ${TotalSegments} Segment: ${Segment}`,
  );
}
