// CreateTable, DescribeTable and ListTables.
import type {
  AttributeDefinition,
  GlobalSecondaryIndex,
  KeySchemaElement,
  LocalSecondaryIndex,
  OnDemandThroughput,
  ProvisionedThroughput,
  WarmThroughput,
} from '@aws-sdk/client-dynamodb';
import { formatArn } from '../../../base/arn.ts';
import { randomUuid } from '../../../base/random.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { parameterMissing, tableExists, unsupported } from '../errors.ts';
import { LIST_TABLES_MAX } from '../limits.ts';
import { canonicalPolicy } from '../policy/document.ts';
import { savePolicyOfNewTable } from '../policy/operations.ts';
import { readTableName } from '../rules.ts';
import { listTableNames, loadTable, saveTable, saveTags } from '../store.ts';
import { openStream } from '../streams/life-cycle.ts';
import type {
  IndexDefinition,
  KeyAttribute,
  TableDefinition,
  Throughput,
  UnitSettings,
} from '../table-definition.ts';
import {
  checkNewTable,
  resolveKey,
  resolveProjection,
  type KeyElements,
  type RequestedIndex,
  type RequestedTable,
} from '../table-rules.ts';
import { describeTable } from './describe-table.ts';
import { measureTable } from './measure.ts';
import { requireAnyTable } from './require-table.ts';
import { readTags } from './settings.ts';
import { readNewStream } from './stream-settings.ts';

type CreateInput = InputOf<'dynamodb', 'CreateTable'>;

export async function createTable(
  input: CreateInput,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'CreateTable'>> {
  const plain = readNewTable(input, ctx);
  const { name } = plain;
  const viewType = readNewStream(input.StreamSpecification);
  const tags = readTags(input.Tags ?? []);
  const policy = input.ResourcePolicy === undefined ? undefined : canonicalPolicy(input.ResourcePolicy);
  const definition = await ctx.store.transact(async (tx) => {
    if ((await loadTable(tx, ctx, name)) !== undefined) throw tableExists(name);
    const made =
      viewType === undefined ? plain : await openStream(tx, ctx, { table: plain, viewType });
    const table = saveTable(tx, made);
    if (Object.keys(tags).length > 0) saveTags(tx, table, tags);
    if (policy !== undefined) savePolicyOfNewTable(tx, ctx, { table, text: policy });
    return made;
  });
  const options = { phase: 'CREATING', measure: undefined, nowMs: ctx.nowMs } as const;
  return { TableDescription: describeTable(definition, options) };
}

/** The table a request describes, checked, without what goes beyond its definition. */
export function readNewTable(input: CreateInput, ctx: RequestContext): TableDefinition {
  if (input.TableName === undefined) throw parameterMissing('TableName');
  const name = readTableName(input.TableName, ctx);
  refuseUnsupported(input);
  const requested = readTable(input);
  checkNewTable(requested);
  return defineTable(ctx, { name, input, requested });
}

function refuseUnsupported(input: CreateInput): void {
  if (
    input.GlobalTableSourceArn !== undefined ||
    input.GlobalTableSettingsReplicationMode !== undefined
  ) {
    throw unsupported('GlobalTableSourceArn', 'global tables of several accounts come later');
  }
  if (input.VectorIndexes !== undefined)
    throw unsupported('VectorIndexes', 'vector indexes come later');
}

function readTable(input: CreateInput): RequestedTable {
  return {
    attributes: readAttributes(input.AttributeDefinitions),
    key: readKeyElements(input.KeySchema),
    localIndexes: input.LocalSecondaryIndexes?.map((index) => readIndex(index, false)),
    globalIndexes: input.GlobalSecondaryIndexes?.map((index) => readIndex(index, true)),
    billingMode: input.BillingMode ?? 'PROVISIONED',
    throughput: readUnits(input.ProvisionedThroughput),
  };
}

export function readAttributes(definitions: AttributeDefinition[] | undefined): KeyAttribute[] {
  return (definitions ?? []).map(({ AttributeName, AttributeType }) => ({
    name: AttributeName ?? '',
    type: AttributeType ?? 'S',
  }));
}

function readKeyElements(elements: KeySchemaElement[] | undefined): KeyElements {
  return (elements ?? []).map(({ AttributeName, KeyType }) => ({
    name: AttributeName ?? '',
    role: KeyType ?? '',
  }));
}

export function readIndex(
  index: LocalSecondaryIndex | GlobalSecondaryIndex,
  global: boolean,
): RequestedIndex {
  return {
    name: index.IndexName ?? '',
    global,
    key: readKeyElements(index.KeySchema),
    projectionType: index.Projection?.ProjectionType,
    nonKeyAttributes: index.Projection?.NonKeyAttributes,
    throughput:
      'ProvisionedThroughput' in index ? readUnits(index.ProvisionedThroughput) : undefined,
  };
}

export function readUnits(
  throughput: ProvisionedThroughput | undefined,
): RequestedIndex['throughput'] {
  if (throughput === undefined) return undefined;
  return {
    readUnits: throughput.ReadCapacityUnits ?? 0,
    writeUnits: throughput.WriteCapacityUnits ?? 0,
  };
}

function defineTable(
  ctx: RequestContext,
  {
    name,
    input,
    requested,
  }: {
    readonly name: string;
    readonly input: CreateInput;
    readonly requested: RequestedTable;
  },
): TableDefinition {
  const { account, region } = ctx;
  const all = [...(requested.localIndexes ?? []), ...(requested.globalIndexes ?? [])];
  const settings = new Map(input.GlobalSecondaryIndexes?.map((index) => [index.IndexName, index]));
  const onDemand = requested.billingMode === 'PAY_PER_REQUEST';
  return {
    account,
    region,
    name,
    id: randomUuid(ctx.random),
    arn: formatArn({ service: 'dynamodb', region, account, resource: `table/${name}` }),
    createdMs: ctx.nowMs,
    attributes: requested.attributes,
    key: resolveKey(requested.key, requested.attributes),
    indexes: all.map((index, i) =>
      defineIndex(index, {
        number: i,
        attributes: requested.attributes,
        given: settings.get(index.name) ?? {},
        backfilling: false,
      }),
    ),
    nextIndexNumber: all.length,
    billingMode: requested.billingMode,
    ...(onDemand ? { onDemandSinceMs: ctx.nowMs } : {}),
    throughput: requested.throughput ?? NO_UNITS,
    ...unitSettings(input),
    ...(input.TableClass === undefined ? {} : { tableClass: input.TableClass }),
    encrypted: input.SSESpecification?.Enabled === true,
    ...(input.SSESpecification?.KMSMasterKeyId === undefined
      ? {}
      : { encryptionKeyId: input.SSESpecification.KMSMasterKeyId }),
    deletionProtected: input.DeletionProtectionEnabled === true,
    nextExpiryGeneration: 0,
    ...lagOf(ctx),
  };
}

function lagOf({ settings }: RequestContext): Pick<TableDefinition, 'readLagMs'> {
  const lagMs = settings.dynamodb?.readLagMs ?? 0;
  return lagMs > 0 ? { readLagMs: lagMs } : {};
}

export const NO_UNITS: Throughput = { readUnits: 0, writeUnits: 0 };

interface UnitInput {
  readonly OnDemandThroughput?: OnDemandThroughput | undefined;
  readonly WarmThroughput?: WarmThroughput | undefined;
}

export function unitSettings(
  input: UnitInput,
): Pick<TableDefinition, 'onDemandLimits' | 'warmThroughput'> {
  return {
    ...(input.OnDemandThroughput === undefined
      ? {}
      : { onDemandLimits: definedUnits({ ...input.OnDemandThroughput }) }),
    ...(input.WarmThroughput === undefined
      ? {}
      : { warmThroughput: definedUnits({ ...input.WarmThroughput }) }),
  };
}

function definedUnits(units: Readonly<Record<string, number | undefined>>): UnitSettings {
  const defined: Record<string, number> = {};
  for (const [name, value] of Object.entries(units)) if (value !== undefined) defined[name] = value;
  return defined;
}

export function defineIndex(
  index: RequestedIndex,
  {
    number,
    attributes,
    given,
    backfilling,
  }: {
    readonly number: number;
    readonly attributes: readonly KeyAttribute[];
    readonly given: UnitInput;
    readonly backfilling: boolean;
  },
): IndexDefinition {
  return {
    name: index.name,
    number,
    global: index.global,
    key: resolveKey(index.key, attributes),
    projection: resolveProjection(index),
    throughput: index.throughput ?? NO_UNITS,
    ...unitSettings(given),
    backfilling,
  };
}

export async function describeTableOperation(
  input: InputOf<'dynamodb', 'DescribeTable'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'DescribeTable'>> {
  const name = readTableName(input.TableName, ctx);
  const table = await ctx.store.read((view) => requireAnyTable(view, ctx, name));
  const measure = await measureTable(ctx, table);
  return { Table: describeTable(table.definition, { phase: 'ACTIVE', measure, nowMs: ctx.nowMs }) };
}

export async function listTables(
  input: InputOf<'dynamodb', 'ListTables'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'ListTables'>> {
  const limit = input.Limit ?? LIST_TABLES_MAX;
  const after = input.ExclusiveStartTableName;
  const names = await ctx.store.read((view) =>
    listTableNames(view, ctx, { after, limit: limit + 1 }),
  );
  const page = names.slice(0, limit);
  const last = page.at(-1);
  return {
    TableNames: page,
    ...(names.length > limit && last !== undefined ? { LastEvaluatedTableName: last } : {}),
  };
}
