// Properties of AWS::DynamoDB::GlobalTable: their shape and their types.
import type {
  BillingMode,
  KeySchemaElement,
  LocalSecondaryIndex,
  MultiRegionConsistency,
  StreamViewType,
  TableClass,
  Tag,
  WarmThroughput,
} from '@aws-sdk/client-dynamodb';
import {
  FLAG,
  INTEGER,
  JSON_VALUE,
  TAGS,
  TEXT,
  listOf,
  object,
  only,
} from '../../../kernel/property-shapes.ts';
import {
  attributeDefinitions,
  insights,
  keySchema,
  kinesis,
  localIndexes,
  policy,
  projection,
  recovery,
  timeToLive,
  warm,
  type IndexProperty,
  type InsightsProperty,
  type PolicyProperty,
  type RecoveryProperty,
  type TableProperties,
} from './table-properties.ts';

export interface ReplicaProperty {
  readonly Region: string;
  readonly ContributorInsightsSpecification?: InsightsProperty;
  readonly DeletionProtectionEnabled?: boolean;
  readonly GlobalSecondaryIndexes?: readonly {
    readonly IndexName: string;
    readonly ContributorInsightsSpecification?: InsightsProperty;
    readonly ReadOnDemandThroughputSettings?: { readonly MaxReadRequestUnits?: number };
  }[];
  readonly KinesisStreamSpecification?: { readonly StreamArn: string };
  readonly PointInTimeRecoverySpecification?: RecoveryProperty;
  readonly ReadOnDemandThroughputSettings?: { readonly MaxReadRequestUnits?: number };
  readonly ReadProvisionedThroughputSettings?: unknown;
  readonly ReplicaStreamSpecification?: { readonly ResourcePolicy?: PolicyProperty };
  readonly ResourcePolicy?: PolicyProperty;
  readonly SSESpecification?: { readonly KMSMasterKeyId: string };
  readonly TableClass?: TableClass;
  readonly Tags?: Tag[];
}

export interface GlobalProperties {
  readonly TableName?: string;
  readonly AttributeDefinitions?: TableProperties['AttributeDefinitions'];
  readonly BillingMode?: BillingMode;
  readonly GlobalSecondaryIndexes?: (IndexProperty & {
    readonly WriteOnDemandThroughputSettings?: { readonly MaxWriteRequestUnits?: number };
  })[];
  readonly GlobalTableWitnesses?: readonly { readonly Region: string }[];
  readonly KeySchema: KeySchemaElement[];
  readonly LocalSecondaryIndexes?: LocalSecondaryIndex[];
  readonly MultiRegionConsistency?: MultiRegionConsistency;
  readonly Replicas: readonly ReplicaProperty[];
  readonly SSESpecification?: { readonly SSEEnabled: boolean; readonly SSEType?: 'KMS' };
  readonly StreamSpecification?: { readonly StreamViewType: StreamViewType };
  readonly TimeToLiveSpecification?: TableProperties['TimeToLiveSpecification'];
  readonly WarmThroughput?: WarmThroughput;
  readonly WriteOnDemandThroughputSettings?: { readonly MaxWriteRequestUnits?: number };
  readonly WriteProvisionedThroughputSettings?: unknown;
}

const readLimit = only({ MaxReadRequestUnits: INTEGER });
const writeLimit = only({ MaxWriteRequestUnits: INTEGER });

const replica = object(
  {
    Region: TEXT,
    ContributorInsightsSpecification: insights,
    DeletionProtectionEnabled: FLAG,
    GlobalSecondaryIndexes: listOf(
      object(
        {
          IndexName: TEXT,
          ContributorInsightsSpecification: insights,
          ReadOnDemandThroughputSettings: readLimit,
          ReadProvisionedThroughputSettings: JSON_VALUE,
        },
        ['IndexName'],
      ),
    ),
    KinesisStreamSpecification: kinesis,
    PointInTimeRecoverySpecification: recovery,
    ReadOnDemandThroughputSettings: readLimit,
    ReadProvisionedThroughputSettings: JSON_VALUE,
    ReplicaStreamSpecification: only({ ResourcePolicy: policy }),
    ResourcePolicy: policy,
    SSESpecification: object({ KMSMasterKeyId: TEXT }, ['KMSMasterKeyId']),
    TableClass: TEXT,
    Tags: TAGS,
  },
  ['Region'],
);

export const globalShape = object(
  {
    TableName: TEXT,
    AttributeDefinitions: attributeDefinitions,
    BillingMode: TEXT,
    GlobalSecondaryIndexes: listOf(
      object(
        {
          IndexName: TEXT,
          KeySchema: keySchema,
          Projection: projection,
          WarmThroughput: warm,
          WriteOnDemandThroughputSettings: writeLimit,
          WriteProvisionedThroughputSettings: JSON_VALUE,
        },
        ['IndexName', 'KeySchema', 'Projection'],
      ),
    ),
    GlobalTableWitnesses: listOf(object({ Region: TEXT }, ['Region'])),
    KeySchema: keySchema,
    LocalSecondaryIndexes: localIndexes,
    MultiRegionConsistency: TEXT,
    Replicas: listOf(replica),
    SSESpecification: object({ SSEEnabled: FLAG, SSEType: TEXT }, ['SSEEnabled']),
    StreamSpecification: object({ StreamViewType: TEXT }, ['StreamViewType']),
    TimeToLiveSpecification: timeToLive,
    WarmThroughput: warm,
    WriteOnDemandThroughputSettings: writeLimit,
    WriteProvisionedThroughputSettings: JSON_VALUE,
  },
  ['KeySchema', 'Replicas'],
);

export function globalOf(properties: Readonly<Record<string, unknown>>): GlobalProperties {
  return properties as unknown as GlobalProperties;
}
