// Shapes a table's description.
import type {
  GlobalSecondaryIndexDescription,
  KeySchemaElement,
  LocalSecondaryIndexDescription,
  LocalSecondaryIndexInfo,
  ProvisionedThroughputDescription,
  Projection,
  SourceTableDetails,
  SourceTableFeatureDetails,
  TableDescription,
} from '@aws-sdk/client-dynamodb';
import type { Measure, RowCount } from '../store.ts';
import {
  indexArn,
  streamArn,
  type IndexDefinition,
  type KeySchema,
  type TableDefinition,
  type Throughput,
} from '../table-definition.ts';

/** What a table on demand can take at once. Source: AWS developer guide, "Warm throughput". */
const ON_DEMAND_WARM_UNITS = { ReadUnitsPerSecond: 12_000, WriteUnitsPerSecond: 4_000 };
const DAY_MS = 86_400_000;
const NO_ROWS: RowCount = { items: 0, bytes: 0 };

/**
 * Most changes are done when the answer leaves; the answer itself shows them under way, as on AWS.
 * A table that is active may still have a state of its own.
 */
export type Phase = 'CREATING' | 'UPDATING' | 'DELETING' | 'ACTIVE';

export interface DescribeOptions {
  readonly phase: Phase;
  readonly measure: Measure | undefined;
  readonly nowMs: number;
  /** Indexes to show in another state than they are. */
  readonly indexPhases?: ReadonlyMap<string, Phase>;
}

export function describeTable(table: TableDefinition, options: DescribeOptions): TableDescription {
  const { measure } = options;
  const phase = options.phase === 'ACTIVE' ? (table.state ?? 'ACTIVE') : options.phase;
  const size = measure?.table ?? NO_ROWS;
  const local = table.indexes.filter((index) => !index.global);
  const global = table.indexes.filter((index) => index.global);
  return {
    TableName: table.name,
    TableArn: table.arn,
    TableId: table.id,
    TableStatus: phase,
    CreationDateTime: new Date(table.createdMs),
    AttributeDefinitions: table.attributes.map(({ name, type }) => ({
      AttributeName: name,
      AttributeType: type,
    })),
    KeySchema: shapeKey(table.key),
    ItemCount: size.items,
    TableSizeBytes: size.bytes,
    DeletionProtectionEnabled: table.deletionProtected,
    ProvisionedThroughput: shapeThroughput(table.throughput, options.nowMs),
    WarmThroughput: {
      ...warmUnits(table, table),
      Status: phase === 'CREATING' || phase === 'UPDATING' ? 'UPDATING' : 'ACTIVE',
    },
    ...shapeSettings(table),
    ...shapeStream(table),
    ...shapeOrigin(table),
    ...(local.length === 0
      ? {}
      : { LocalSecondaryIndexes: local.map((index) => describeLocalIndex(table, index, options)) }),
    ...(global.length === 0
      ? {}
      : {
          GlobalSecondaryIndexes: global.map((index) => describeGlobalIndex(table, index, options)),
        }),
  };
}

function shapeStream(table: TableDefinition): Partial<TableDescription> {
  const { stream, latestStreamLabel: label } = table;
  return {
    ...(stream === undefined
      ? {}
      : { StreamSpecification: { StreamEnabled: true, StreamViewType: stream.viewType } }),
    ...(label === undefined
      ? {}
      : { LatestStreamLabel: label, LatestStreamArn: streamArn(table, label) }),
  };
}

function shapeOrigin({ origin }: TableDefinition): Partial<TableDescription> {
  if (origin === undefined) return {};
  return {
    RestoreSummary: {
      ...(origin.backupArn === undefined ? {} : { SourceBackupArn: origin.backupArn }),
      ...(origin.tableArn === undefined ? {} : { SourceTableArn: origin.tableArn }),
      RestoreDateTime: new Date(origin.restoredToMs),
      RestoreInProgress: true,
    },
  };
}

function shapeEncryption({
  encrypted,
  encryptionKeyId,
}: TableDefinition): Pick<TableDescription, 'SSEDescription'> {
  if (!encrypted) return {};
  return {
    SSEDescription: {
      Status: 'ENABLED',
      SSEType: 'KMS',
      ...(encryptionKeyId === undefined ? {} : { KMSMasterKeyArn: encryptionKeyId }),
    },
  };
}

/** The table as its backup tells of it. */
export function shapeBackedUpTable(
  table: TableDefinition,
  size: { readonly items: number; readonly bytes: number },
): SourceTableDetails {
  const { readUnits, writeUnits } = table.throughput;
  return {
    TableName: table.name,
    TableId: table.id,
    TableArn: table.arn,
    TableSizeBytes: size.bytes,
    KeySchema: shapeKey(table.key),
    TableCreationDateTime: new Date(table.createdMs),
    ProvisionedThroughput: { ReadCapacityUnits: readUnits, WriteCapacityUnits: writeUnits },
    ...(table.onDemandLimits === undefined ? {} : { OnDemandThroughput: table.onDemandLimits }),
    ItemCount: size.items,
    BillingMode: table.billingMode,
  };
}

export function shapeBackedUpFeatures(table: TableDefinition): SourceTableFeatureDetails {
  const { stream, expiry } = table;
  const local = table.indexes.filter(({ global }) => !global);
  const global = table.indexes.filter((index) => index.global);
  const shape = (index: IndexDefinition): LocalSecondaryIndexInfo => ({
    IndexName: index.name,
    KeySchema: shapeKey(index.key),
    Projection: shapeProjection(index),
  });
  return {
    ...(local.length === 0 ? {} : { LocalSecondaryIndexes: local.map(shape) }),
    ...(global.length === 0
      ? {}
      : {
          GlobalSecondaryIndexes: global.map((index) => ({
            ...shape(index),
            ProvisionedThroughput: {
              ReadCapacityUnits: index.throughput.readUnits,
              WriteCapacityUnits: index.throughput.writeUnits,
            },
            ...(index.onDemandLimits === undefined
              ? {}
              : { OnDemandThroughput: index.onDemandLimits }),
          })),
        }),
    ...(stream === undefined
      ? {}
      : { StreamDescription: { StreamEnabled: true, StreamViewType: stream.viewType } }),
    ...(expiry === undefined
      ? {}
      : {
          TimeToLiveDescription: {
            TimeToLiveStatus: 'ENABLED' as const,
            AttributeName: expiry.attribute,
          },
        }),
    ...shapeEncryption(table),
  };
}

function shapeSettings(table: TableDefinition): Partial<TableDescription> {
  const { onDemandSinceMs, billingMode, tableClass, tableClassChangedMs } = table;
  return {
    ...(onDemandSinceMs === undefined
      ? {}
      : {
          BillingModeSummary: {
            BillingMode: billingMode,
            LastUpdateToPayPerRequestDateTime: new Date(onDemandSinceMs),
          },
        }),
    ...(table.onDemandLimits === undefined ? {} : { OnDemandThroughput: table.onDemandLimits }),
    ...(tableClass === undefined
      ? {}
      : {
          TableClassSummary: {
            TableClass: tableClass === 'STANDARD' ? 'STANDARD' : 'STANDARD_INFREQUENT_ACCESS',
            ...(tableClassChangedMs === undefined
              ? {}
              : { LastUpdateDateTime: new Date(tableClassChangedMs) }),
          },
        }),
    ...shapeEncryption(table),
  };
}

function describeLocalIndex(
  table: TableDefinition,
  index: IndexDefinition,
  { measure }: DescribeOptions,
): LocalSecondaryIndexDescription {
  const size = measure?.indexes[index.name] ?? NO_ROWS;
  return {
    IndexName: index.name,
    IndexArn: indexArn(table, index.name),
    KeySchema: shapeKey(index.key),
    Projection: shapeProjection(index),
    ItemCount: size.items,
    IndexSizeBytes: size.bytes,
  };
}

function describeGlobalIndex(
  table: TableDefinition,
  index: IndexDefinition,
  options: DescribeOptions,
): GlobalSecondaryIndexDescription {
  const actual: Phase = index.backfilling ? 'CREATING' : 'ACTIVE';
  const whole =
    options.phase === 'CREATING' || options.phase === 'DELETING' ? options.phase : actual;
  return {
    ...describeLocalIndex(table, index, options),
    IndexStatus: options.indexPhases?.get(index.name) ?? whole,
    ...(index.backfilling ? { Backfilling: true } : {}),
    ProvisionedThroughput: shapeThroughput(index.throughput, options.nowMs),
    WarmThroughput: { ...warmUnits(table, index), Status: 'ACTIVE' },
    ...(index.onDemandLimits === undefined ? {} : { OnDemandThroughput: index.onDemandLimits }),
  };
}

export function shapeKey({ partition, sort }: KeySchema): KeySchemaElement[] {
  const hash: KeySchemaElement = { AttributeName: partition.name, KeyType: 'HASH' };
  return sort === undefined ? [hash] : [hash, { AttributeName: sort.name, KeyType: 'RANGE' }];
}

function shapeProjection({ projection }: IndexDefinition): Projection {
  return {
    ProjectionType: projection.type,
    ...(projection.type === 'INCLUDE' ? { NonKeyAttributes: [...projection.attributes] } : {}),
  };
}

function shapeThroughput(throughput: Throughput, nowMs: number): ProvisionedThroughputDescription {
  const { lastIncreaseMs, lastDecreaseMs, decreases = 0 } = throughput;
  const today = Math.floor(nowMs / DAY_MS);
  const decreasedToday =
    lastDecreaseMs !== undefined && Math.floor(lastDecreaseMs / DAY_MS) === today;
  return {
    ReadCapacityUnits: throughput.readUnits,
    WriteCapacityUnits: throughput.writeUnits,
    NumberOfDecreasesToday: decreasedToday ? decreases : 0,
    ...(lastIncreaseMs === undefined ? {} : { LastIncreaseDateTime: new Date(lastIncreaseMs) }),
    ...(lastDecreaseMs === undefined ? {} : { LastDecreaseDateTime: new Date(lastDecreaseMs) }),
  };
}

/** What was asked for, or what the billing mode gives from the start. */
function warmUnits(
  { billingMode }: TableDefinition,
  {
    throughput,
    warmThroughput,
  }: Pick<IndexDefinition, 'throughput'> & Partial<Pick<IndexDefinition, 'warmThroughput'>>,
): { ReadUnitsPerSecond: number; WriteUnitsPerSecond: number } {
  const least =
    billingMode === 'PAY_PER_REQUEST'
      ? ON_DEMAND_WARM_UNITS
      : { ReadUnitsPerSecond: throughput.readUnits, WriteUnitsPerSecond: throughput.writeUnits };
  return { ...least, ...warmThroughput };
}
