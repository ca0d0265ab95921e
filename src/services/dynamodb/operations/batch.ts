// BatchGetItem and BatchWriteItem.
import type { KeysAndAttributes, WriteRequest } from '@aws-sdk/client-dynamodb';
import type { ReadTx, Tx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import type { Item } from '../attribute-value.ts';
import { addConsumption, NOTHING_CONSUMED, readUnits, type Consumption } from '../capacity.ts';
import { invalid, isThroughputExceeded } from '../errors.ts';
import { planProjection, projectItem } from '../expression/project.ts';
import type { Path } from '../expression/syntax.ts';
import { commitWrite, resolveWrite, type WriteIntent } from '../item-write.ts';
import { checkIndexKeys, checkKey, checkKeyAttributes, checkScalarPaths } from '../key-rules.ts';
import { BATCH_GET_MAX_BYTES, BATCH_GET_MAX_KEYS, BATCH_WRITE_MAX_REQUESTS } from '../limits.ts';
import { laggedView } from '../read-lag.ts';
import { readTableName } from '../rules.ts';
import { getItem, itemPosition, type TableHandle } from '../store.ts';
import { chargeRead } from '../throttle.ts';
import { measureCollection, shapeCapacity, wantsCapacity } from './consumed-capacity.ts';
import { checkParameterMix, wireItem, wireStored } from './expression-input.ts';
import { readWantedPaths } from './items.ts';
import { requireTable } from './require-table.ts';
import { readKey, readNewItem } from './write-intent.ts';

interface TableGets {
  /** As the request has it: a name or an ARN. */
  readonly given: string;
  readonly name: string;
  readonly request: KeysAndAttributes;
  readonly keys: readonly Item[];
  readonly paths: readonly Path[] | undefined;
}

export async function batchGetItem(
  input: InputOf<'dynamodb', 'BatchGetItem'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'BatchGetItem'>> {
  const gets = readGets(input, ctx);
  return ctx.store.read(async (view) => {
    const tables: TableHandle[] = [];
    for (const get of gets) tables.push(await openTable(view, ctx, get));
    const output = { Responses: {}, UnprocessedKeys: {} } satisfies OutputOf<
      'dynamodb',
      'BatchGetItem'
    >;
    const state: GetState = { responseBytes: 0, processed: 0, throttled: undefined, output };
    const capacities: Consumption[] = [];
    for (const [i, get] of gets.entries()) {
      const table = tables[i];
      if (table !== undefined) capacities.push(await readKeys(view, { ctx, get, table, state }));
    }
    // AWS: only when nothing at all could be read is the request itself refused.
    if (state.processed === 0 && state.throttled !== undefined) throw state.throttled;
    if (!wantsCapacity(input.ReturnConsumedCapacity)) return output;
    return {
      ...output,
      ConsumedCapacity: gets.flatMap((get, i) => {
        const consumed = capacities[i] ?? NOTHING_CONSUMED;
        return (
          shapeCapacity(input.ReturnConsumedCapacity, { tableName: get.given, consumed }) ?? []
        );
      }),
    };
  });
}

function readGets(input: InputOf<'dynamodb', 'BatchGetItem'>, ctx: RequestContext): TableGets[] {
  const requests = Object.entries(input.RequestItems ?? {});
  if (requests.length === 0)
    throw invalid('The requestItems parameter is required for BatchGetItem');
  for (const [given, { Keys }] of requests) {
    if ((Keys?.length ?? 0) <= BATCH_GET_MAX_KEYS) continue;
    throw invalid(
      `1 validation error detected: Value at 'RequestItems.${given}.member.Keys' failed to satisfy constraint: Member must have length less than or equal to ${BATCH_GET_MAX_KEYS}`,
    );
  }
  checkSameForm(requests.map(([, request]) => request));
  const gets = requests.map(([given, request]): TableGets => {
    const paths = readWantedPaths(request);
    return {
      given,
      name: readTableName(given, ctx),
      request,
      keys: (request.Keys ?? []).map(readKey),
      paths,
    };
  });
  if (gets.reduce((sum, get) => sum + get.keys.length, 0) > BATCH_GET_MAX_KEYS) {
    throw invalid('Too many items requested for the BatchGetItem call');
  }
  return gets;
}

/** AWS: refuses expressions for one table beside legacy parameters for another. */
function checkSameForm(requests: readonly KeysAndAttributes[]): void {
  const expressed = requests.find((request) => request.ProjectionExpression !== undefined);
  const legacy = requests.find((request) => request.AttributesToGet !== undefined);
  checkParameterMix(
    {},
    { ProjectionExpression: expressed?.ProjectionExpression },
    { AttributesToGet: legacy?.AttributesToGet },
  );
}

async function openTable(view: ReadTx, ctx: RequestContext, get: TableGets): Promise<TableHandle> {
  const table = await requireTable(view, ctx, get.name);
  const positions = new Set<string>();
  for (const key of get.keys) {
    checkKey(table.definition, key);
    positions.add(positionText(table, key));
  }
  if (positions.size < get.keys.length)
    throw invalid('Provided list of item keys contains duplicates');
  if (get.paths !== undefined) checkScalarPaths(table.definition, get.paths);
  return table;
}

/** Tells items apart by their place in the table. */
export function positionText(table: TableHandle, key: Item): string {
  return itemPosition(table.definition, key)
    .map((part) => Buffer.from(part instanceof Uint8Array ? part : String(part)).toString('hex'))
    .join('/');
}

interface GetState {
  responseBytes: number;
  /** Keys that were read. */
  processed: number;
  /** Why others were not. */
  throttled: Error | undefined;
  readonly output: {
    readonly Responses: Record<string, ReturnType<typeof wireItem>[]>;
    readonly UnprocessedKeys: Record<string, KeysAndAttributes>;
  };
}

interface TableRead {
  readonly ctx: RequestContext;
  readonly get: TableGets;
  readonly table: TableHandle;
  readonly state: GetState;
}

function isThrottled(
  ctx: RequestContext,
  { definition }: TableHandle,
  {
    bytes,
    consistent,
    state,
  }: { readonly bytes: number; readonly consistent: boolean; readonly state: GetState },
): boolean {
  try {
    chargeRead(ctx, definition, { bytes, consistent });
    return false;
  } catch (error) {
    if (!isThroughputExceeded(error)) throw error;
    state.throttled = error;
    return true;
  }
}

/**
 * Reads the keys of one table until the response is full, or its capacity used up; the rest is left
 * unprocessed.
 */
async function readKeys(
  view: ReadTx,
  { ctx, get, table, state }: TableRead,
): Promise<Consumption> {
  const projection = get.paths && planProjection(get.paths);
  const found: ReturnType<typeof wireItem>[] = [];
  const consistent = get.request.ConsistentRead === true;
  const seen = await laggedView(view, ctx, { table, consistent });
  let units = 0;
  for (const [i, key] of get.keys.entries()) {
    const sized = await getItem(seen, table, itemPosition(table.definition, key));
    const bytes = sized?.size ?? 0;
    const full = state.responseBytes + bytes > BATCH_GET_MAX_BYTES;
    if (full || isThrottled(ctx, table, { bytes, consistent, state })) {
      const rest = (get.request.Keys ?? []).slice(i);
      state.output.UnprocessedKeys[get.given] = { ...get.request, Keys: rest };
      break;
    }
    state.processed += 1;
    units += readUnits(bytes, consistent);
    if (sized === undefined) continue;
    state.responseBytes += sized.size;
    found.push(
      projection === undefined
        ? wireStored(sized, ctx)
        : wireItem(projectItem(projection, sized.item)),
    );
  }
  state.output.Responses[get.given] = found;
  return { ...NOTHING_CONSUMED, table: units };
}

interface TableWrites {
  readonly given: string;
  readonly name: string;
  readonly intents: readonly WriteIntent[];
}

/** All writes of a batch happen in one transaction, which is more than AWS promises. */
export async function batchWriteItem(
  input: InputOf<'dynamodb', 'BatchWriteItem'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'BatchWriteItem'>> {
  const writes = readWrites(input, ctx);
  const needsBefore = wantsCapacity(input.ReturnConsumedCapacity);
  const results = await ctx.store.transact(async (tx) => {
    const tables: TableHandle[] = [];
    for (const { name } of writes) tables.push(await requireTable(tx, ctx, name));
    for (const [i, { intents }] of writes.entries()) {
      const table = tables[i];
      if (table !== undefined) checkWrites(table, intents);
    }
    const done: Written[] = [];
    for (const [i, { intents }] of writes.entries()) {
      const table = tables[i];
      if (table !== undefined) done.push(await writeAll(tx, ctx, { table, intents, needsBefore }));
    }
    checkSomeWritten(writes, done);
    const metrics =
      input.ReturnItemCollectionMetrics === 'SIZE'
        ? await measureAll(tx, writes, tables)
        : undefined;
    return { done, metrics };
  });
  const capacity = writes.flatMap(({ given }, i) => {
    const consumed = results.done[i]?.consumed ?? NOTHING_CONSUMED;
    return shapeCapacity(input.ReturnConsumedCapacity, { tableName: given, consumed }) ?? [];
  });
  const left = writes.flatMap(({ given }, i) => {
    const rest = (results.done[i]?.throttled ?? []).flatMap(
      (at) => input.RequestItems?.[given]?.[at] ?? [],
    );
    return rest.length === 0 ? [] : [[given, rest] as const];
  });
  return {
    UnprocessedItems: Object.fromEntries(left),
    ...(capacity.length === 0 ? {} : { ConsumedCapacity: capacity }),
    ...(results.metrics === undefined ? {} : { ItemCollectionMetrics: results.metrics }),
  };
}

function readWrites(
  input: InputOf<'dynamodb', 'BatchWriteItem'>,
  ctx: RequestContext,
): TableWrites[] {
  const requests = Object.entries(input.RequestItems ?? {});
  if (requests.length === 0)
    throw invalid('The requestItems parameter is required for BatchWriteItem');
  const writes = requests.map(([given, list]) => ({
    given,
    name: readTableName(given, ctx),
    intents: list.map(readWrite),
  }));
  if (writes.reduce((sum, { intents }) => sum + intents.length, 0) > BATCH_WRITE_MAX_REQUESTS) {
    throw invalid('Too many items requested for the BatchWriteItem call');
  }
  return writes;
}

function readWrite({ PutRequest, DeleteRequest }: WriteRequest): WriteIntent {
  if ((PutRequest === undefined) === (DeleteRequest === undefined)) {
    throw invalid(
      'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes',
    );
  }
  const guard = { condition: undefined, returnOnFailure: false };
  return PutRequest === undefined
    ? { kind: 'delete', key: readKey(DeleteRequest?.Key), ...guard }
    : { kind: 'put', item: readNewItem(PutRequest.Item), ...guard };
}

function checkWrites(table: TableHandle, intents: readonly WriteIntent[]): void {
  const positions = new Set<string>();
  for (const intent of intents) {
    const key = intent.kind === 'put' ? intent.item.item : intent.key;
    if (intent.kind === 'put') {
      // AWS: a put of a batch complains of its key as a lookup does.
      checkKeyAttributes(table.definition.key, key);
      checkIndexKeys(table.definition, key);
    } else {
      checkKey(table.definition, key);
    }
    positions.add(positionText(table, key));
  }
  if (positions.size < intents.length)
    throw invalid('Provided list of item keys contains duplicates');
}

interface Written {
  readonly consumed: Consumption;
  /** Places of the writes that found no capacity left, and why. */
  readonly throttled: readonly number[];
  readonly reason: Error | undefined;
}

async function writeAll(
  tx: Tx,
  ctx: RequestContext,
  {
    table,
    intents,
    needsBefore,
  }: {
    readonly table: TableHandle;
    readonly intents: readonly WriteIntent[];
    readonly needsBefore: boolean;
  },
): Promise<Written> {
  let consumed = NOTHING_CONSUMED;
  const throttled: number[] = [];
  let reason: Error | undefined;
  for (const [at, intent] of intents.entries()) {
    const outcome = await resolveWrite(tx, table, { intent, needsBefore });
    try {
      consumed = addConsumption(consumed, await commitWrite(tx, ctx, { table, outcome }));
    } catch (error) {
      if (!isThroughputExceeded(error)) throw error;
      throttled.push(at);
      reason = error;
    }
  }
  return { consumed, throttled, reason };
}

/** AWS: only when nothing at all could be written is the request itself refused. */
function checkSomeWritten(writes: readonly TableWrites[], done: readonly Written[]): void {
  const wanted = writes.reduce((sum, { intents }) => sum + intents.length, 0);
  const left = done.reduce((sum, { throttled }) => sum + throttled.length, 0);
  const reason = done.find((each) => each.reason !== undefined)?.reason;
  if (left === wanted && reason !== undefined) throw reason;
}

/** Sizes of the collections written to, by table. */
async function measureAll(
  tx: Tx,
  writes: readonly TableWrites[],
  tables: readonly TableHandle[],
): Promise<NonNullable<OutputOf<'dynamodb', 'BatchWriteItem'>['ItemCollectionMetrics']>> {
  const metrics: NonNullable<OutputOf<'dynamodb', 'BatchWriteItem'>['ItemCollectionMetrics']> = {};
  for (const [i, { given, intents }] of writes.entries()) {
    const table = tables[i];
    if (table === undefined) continue;
    const seen = new Set<string>();
    for (const intent of intents) {
      const key = intent.kind === 'put' ? intent.item.item : intent.key;
      const collection = positionText(table, key).split('/')[0] ?? '';
      if (seen.has(collection)) continue;
      seen.add(collection);
      const measured = await measureCollection(tx, table, key);
      if (measured !== undefined) (metrics[given] ??= []).push(measured);
    }
  }
  return metrics;
}
