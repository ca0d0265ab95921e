// What a table is: its key, its indexes and its settings.
import type { KeyType } from './key-encoding.ts';

export interface KeyAttribute {
  readonly name: string;
  readonly type: KeyType;
}

export interface KeySchema {
  readonly partition: KeyAttribute;
  readonly sort?: KeyAttribute;
}

export interface IndexProjection {
  readonly type: 'ALL' | 'KEYS_ONLY' | 'INCLUDE';
  /** Non-key attributes, for INCLUDE. */
  readonly attributes: readonly string[];
}

/** Provisioned capacity; zero units on demand. */
export interface Throughput {
  readonly readUnits: number;
  readonly writeUnits: number;
  readonly lastIncreaseMs?: number;
  readonly lastDecreaseMs?: number;
  /** Decreases on the day of the last one. */
  readonly decreases?: number;
}

/** Settings that say how much, by their AWS member names: kept and shown. */
export type UnitSettings = Readonly<Record<string, number>>;

export interface IndexDefinition {
  readonly name: string;
  /** Places the index's rows; never given twice within a table. */
  readonly number: number;
  readonly global: boolean;
  readonly key: KeySchema;
  readonly projection: IndexProjection;
  readonly throughput: Throughput;
  readonly onDemandLimits?: UnitSettings;
  readonly warmThroughput?: UnitSettings;
  /** Items written before the index are still being added to it. */
  readonly backfilling: boolean;
}

/** A change of the table that takes a while; none is under way when absent. */
export type TableState = 'CREATING';

/** How changes are kept with what they replaced. See backup/history.ts. */
export interface HistorySetting {
  /** Tells this history from earlier ones of the table. */
  readonly generation: number;
  /** Counts the instants that were marked; changes carry the count at their time. */
  readonly mark: number;
  /** Jobs that read the history and so keep it. */
  readonly pins: readonly string[];
}

/** Point-in-time recovery. */
export interface RecoverySetting {
  readonly enabledMs: number;
  readonly periodDays: number;
}

/** What a replica has instead of what its group has. */
export interface ReplicaOverrides {
  readonly readUnits?: number;
  readonly maxReadUnits?: number;
  readonly tableClass?: string;
  readonly encryptionKeyId?: string;
  readonly indexes?: readonly {
    readonly name: string;
    readonly readUnits?: number;
    readonly maxReadUnits?: number;
  }[];
}

/** Another region's table of the same global table. */
export interface ReplicaMember {
  readonly region: string;
  readonly tableId: string;
  readonly state: 'CREATING' | 'ACTIVE';
  readonly overrides: ReplicaOverrides;
  /** When this table was copied to make that one; absent when another one was. */
  readonly copiedMs?: number;
}

/** A table's place in a global table (version 2019.11.21). */
export interface ReplicationSetting {
  /** STRONG: a write is in all regions before it is acknowledged. */
  readonly consistency: 'EVENTUAL' | 'STRONG';
  /** The other regions, in the order they joined. */
  readonly members: readonly ReplicaMember[];
  /** Region of a witness, which a group of two has. */
  readonly witness?: string;
}

/** What a table is being restored from. */
export interface RestoreOrigin {
  readonly backupArn?: string;
  readonly tableArn?: string;
  readonly restoredToMs: number;
}

export interface TableDefinition {
  readonly account: string;
  readonly region: string;
  readonly name: string;
  /** A UUID: tells a table from others of the same name before and after it. */
  readonly id: string;
  readonly arn: string;
  readonly createdMs: number;
  readonly attributes: readonly KeyAttribute[];
  readonly key: KeySchema;
  readonly indexes: readonly IndexDefinition[];
  readonly nextIndexNumber: number;
  readonly billingMode: 'PROVISIONED' | 'PAY_PER_REQUEST';
  /** When the table last became on-demand. */
  readonly onDemandSinceMs?: number;
  readonly throughput: Throughput;
  readonly onDemandLimits?: UnitSettings;
  readonly warmThroughput?: UnitSettings;
  readonly tableClass?: string;
  readonly tableClassChangedMs?: number;
  readonly encryptionKeyId?: string;
  readonly encrypted: boolean;
  readonly deletionProtected: boolean;
  readonly expiry?: ExpirySetting;
  /** The next setting's generation; none is ever given twice. */
  readonly nextExpiryGeneration: number;
  /** Present while changes go to a stream. */
  readonly stream?: StreamSetting;
  /** Of the stream enabled last, which may be disabled by now. */
  readonly latestStreamLabel?: string;
  /** Absent: the table has had no stream. */
  readonly nextStreamNumber?: number;
  readonly state?: TableState;
  /** Present while changes are kept with what they replaced. */
  readonly history?: HistorySetting;
  readonly nextHistoryGeneration?: number;
  readonly recovery?: RecoverySetting;
  readonly origin?: RestoreOrigin;
  /** Present in clouds whose reads lag: by how much at most. */
  readonly readLagMs?: number;
  /** Present while the table has replicas in other regions. */
  readonly replication?: ReplicationSetting;
}

export type StreamViewType = 'KEYS_ONLY' | 'NEW_IMAGE' | 'OLD_IMAGE' | 'NEW_AND_OLD_IMAGES';

/** The stream that takes the table's changes. Part of the definition, so that every write reads it. */
export interface StreamSetting {
  /** Places the stream's rows; never given twice within a table. */
  readonly number: number;
  /** The time it was enabled, as its ARN has it. */
  readonly label: string;
  readonly viewType: StreamViewType;
  /** Number of the shard that takes records, and when it was opened. */
  readonly shard: number;
  readonly shardOpenedMs: number;
}

/** Time to live: the attribute that holds the second an item expires. */
export interface ExpirySetting {
  readonly attribute: string;
  /** Tells work for this setting from work left over from an earlier one. */
  readonly generation: number;
}

/** Attribute names of the table's key, partition first. */
export function keyNames({ partition, sort }: KeySchema): string[] {
  return sort === undefined ? [partition.name] : [partition.name, sort.name];
}

export function findIndex(table: TableDefinition, name: string): IndexDefinition | undefined {
  return table.indexes.find((index) => index.name === name);
}

/** The attributes an index holds besides all others; undefined when it holds all. */
export function projectedNames(
  table: TableDefinition,
  index: IndexDefinition,
): ReadonlySet<string> | undefined {
  if (index.projection.type === 'ALL') return undefined;
  return new Set([...keyNames(table.key), ...keyNames(index.key), ...index.projection.attributes]);
}

export function indexArn(table: TableDefinition, indexName: string): string {
  return `${table.arn}/index/${indexName}`;
}

export function streamArn(table: Pick<TableDefinition, 'arn'>, label: string): string {
  return `${table.arn}/stream/${label}`;
}
