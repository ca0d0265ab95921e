// Shapes a table's description.
import type {
  GlobalSecondaryIndexDescription,
  KeySchemaElement,
  LocalSecondaryIndexDescription,
  ProvisionedThroughputDescription,
  Projection,
  ReplicaDescription,
  TableClass,
  TableDescription,
} from '@aws-sdk/client-dynamodb';
import type { Measure, RowCount } from '../store.ts';
import {
  indexArn,
  streamArn,
  type IndexDefinition,
  type KeySchema,
  type ReplicaMember,
  type TableDefinition,
  type Throughput,
} from '../table-definition.ts';
import { decreasesOfDay } from './throughput.ts';

/** What a table on demand can take at once. Source: AWS developer guide, "Warm throughput". */
const ON_DEMAND_WARM_UNITS = { ReadUnitsPerSecond: 12_000, WriteUnitsPerSecond: 4_000 };
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
    ...shapeReplication(table),
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

/** AWS: a region's view lists the others; what they have like the group is left out. DDB-TABLE-201 */
function shapeReplication({ replication, ...table }: TableDefinition): Partial<TableDescription> {
  if (replication === undefined) return {};
  const { consistency, members, witness } = replication;
  return {
    GlobalTableVersion: '2019.11.21',
    GlobalTableSettingsReplicationMode: 'ENABLED_WITH_OVERRIDES',
    Replicas: members.map((member) => shapeReplica(table, member)),
    ...(consistency === 'STRONG' ? { MultiRegionConsistency: consistency } : {}),
    ...(witness === undefined
      ? {}
      : { GlobalTableWitnesses: [{ RegionName: witness, WitnessStatus: 'ACTIVE' }] }),
  };
}

function shapeReplica(
  table: TableDefinition,
  { region, state, overrides }: ReplicaMember,
): ReplicaDescription {
  const { readUnits, maxReadUnits, tableClass, encryptionKeyId, indexes } = overrides;
  return {
    RegionName: region,
    ReplicaStatus: state,
    GlobalTableSettingsReplicationMode: 'ENABLED_WITH_OVERRIDES',
    WarmThroughput: { ...warmUnits(table, table), Status: 'ACTIVE' },
    ...(encryptionKeyId === undefined ? {} : { KMSMasterKeyId: encryptionKeyId }),
    ...(readUnits === undefined
      ? {}
      : { ProvisionedThroughputOverride: { ReadCapacityUnits: readUnits } }),
    ...(maxReadUnits === undefined
      ? {}
      : { OnDemandThroughputOverride: { MaxReadRequestUnits: maxReadUnits } }),
    ...(tableClass === undefined
      ? {}
      : { ReplicaTableClassSummary: { TableClass: tableClassOf(tableClass) } }),
    ...(indexes === undefined
      ? {}
      : {
          GlobalSecondaryIndexes: indexes.map((index) => ({
            IndexName: index.name,
            ...(index.readUnits === undefined
              ? {}
              : { ProvisionedThroughputOverride: { ReadCapacityUnits: index.readUnits } }),
            ...(index.maxReadUnits === undefined
              ? {}
              : { OnDemandThroughputOverride: { MaxReadRequestUnits: index.maxReadUnits } }),
          })),
        }),
  };
}

function tableClassOf(text: string): TableClass {
  return text === 'STANDARD' ? 'STANDARD' : 'STANDARD_INFREQUENT_ACCESS';
}

export function shapeEncryption({
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
            TableClass: tableClassOf(tableClass),
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

export function shapeProjection({ projection }: IndexDefinition): Projection {
  return {
    ProjectionType: projection.type,
    ...(projection.type === 'INCLUDE' ? { NonKeyAttributes: [...projection.attributes] } : {}),
  };
}

function shapeThroughput(throughput: Throughput, nowMs: number): ProvisionedThroughputDescription {
  const { lastIncreaseMs, lastDecreaseMs } = throughput;
  return {
    ReadCapacityUnits: throughput.readUnits,
    WriteCapacityUnits: throughput.writeUnits,
    NumberOfDecreasesToday: decreasesOfDay(throughput, nowMs),
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
