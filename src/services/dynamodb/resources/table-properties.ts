// Properties of AWS::DynamoDB::Table: their shape and their types.
import type {
  AttributeDefinition,
  BillingMode,
  ContributorInsightsMode,
  GlobalSecondaryIndex,
  InputCompressionType,
  InputFormat,
  KeySchemaElement,
  LocalSecondaryIndex,
  OnDemandThroughput,
  ProvisionedThroughput,
  S3BucketSource,
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
  TEXTS,
  listOf,
  object,
  only,
} from '../../../kernel/property-shapes.ts';

export interface RecoveryProperty {
  readonly PointInTimeRecoveryEnabled?: boolean;
  readonly RecoveryPeriodInDays?: number;
}

export interface InsightsProperty {
  readonly Enabled: boolean;
  readonly Mode?: ContributorInsightsMode;
}

export interface PolicyProperty {
  readonly PolicyDocument: unknown;
}

export type IndexProperty = GlobalSecondaryIndex & {
  readonly ContributorInsightsSpecification?: InsightsProperty;
};

interface ImportProperty {
  readonly S3BucketSource: S3BucketSource;
  readonly InputFormat: InputFormat;
  readonly InputCompressionType?: InputCompressionType;
  readonly InputFormatOptions?: {
    readonly Csv?: { readonly Delimiter?: string; readonly Header?: string[] };
  };
}

/** What the shape below lets through. */
export interface TableProperties {
  readonly TableName?: string;
  readonly AttributeDefinitions?: AttributeDefinition[];
  readonly KeySchema: KeySchemaElement[];
  readonly LocalSecondaryIndexes?: LocalSecondaryIndex[];
  readonly GlobalSecondaryIndexes?: IndexProperty[];
  readonly BillingMode?: BillingMode;
  readonly ProvisionedThroughput?: ProvisionedThroughput;
  readonly OnDemandThroughput?: OnDemandThroughput;
  readonly WarmThroughput?: WarmThroughput;
  readonly TableClass?: TableClass;
  readonly DeletionProtectionEnabled?: boolean;
  readonly SSESpecification?: {
    readonly SSEEnabled: boolean;
    readonly KMSMasterKeyId?: string;
    readonly SSEType?: 'KMS';
  };
  readonly StreamSpecification?: {
    readonly StreamViewType: StreamViewType;
    readonly ResourcePolicy?: PolicyProperty;
  };
  readonly TimeToLiveSpecification?: { readonly AttributeName?: string; readonly Enabled: boolean };
  readonly PointInTimeRecoverySpecification?: RecoveryProperty;
  readonly ContributorInsightsSpecification?: InsightsProperty;
  readonly ImportSourceSpecification?: ImportProperty;
  readonly KinesisStreamSpecification?: { readonly StreamArn: string };
  readonly ResourcePolicy?: PolicyProperty;
  readonly Tags?: Tag[];
}

export const keySchema = listOf(
  object({ AttributeName: TEXT, KeyType: TEXT }, ['AttributeName', 'KeyType']),
);
export const projection = only({ ProjectionType: TEXT, NonKeyAttributes: TEXTS });
const throughput = object({ ReadCapacityUnits: INTEGER, WriteCapacityUnits: INTEGER }, [
  'ReadCapacityUnits',
  'WriteCapacityUnits',
]);
const onDemand = only({ MaxReadRequestUnits: INTEGER, MaxWriteRequestUnits: INTEGER });
export const warm = only({ ReadUnitsPerSecond: INTEGER, WriteUnitsPerSecond: INTEGER });
export const insights = object({ Enabled: FLAG, Mode: TEXT }, ['Enabled']);

export const recovery = only({ PointInTimeRecoveryEnabled: FLAG, RecoveryPeriodInDays: INTEGER });
export const policy = object({ PolicyDocument: JSON_VALUE }, ['PolicyDocument']);
export const kinesis = object(
  { StreamArn: TEXT, ApproximateCreationDateTimePrecision: TEXT },
  ['StreamArn'],
);
export const timeToLive = object({ AttributeName: TEXT, Enabled: FLAG }, ['Enabled']);
export const attributeDefinitions = listOf(
  object({ AttributeName: TEXT, AttributeType: TEXT }, ['AttributeName', 'AttributeType']),
);
export const localIndexes = listOf(
  object({ IndexName: TEXT, KeySchema: keySchema, Projection: projection }, [
    'IndexName',
    'KeySchema',
    'Projection',
  ]),
);

const importSource = object(
  {
    S3BucketSource: object({ S3Bucket: TEXT, S3BucketOwner: TEXT, S3KeyPrefix: TEXT }, [
      'S3Bucket',
    ]),
    InputFormat: TEXT,
    InputCompressionType: TEXT,
    InputFormatOptions: only({ Csv: only({ Delimiter: TEXT, Header: TEXTS }) }),
  },
  ['S3BucketSource', 'InputFormat'],
);

export const shape = object(
  {
    TableName: TEXT,
    AttributeDefinitions: attributeDefinitions,
    KeySchema: keySchema,
    LocalSecondaryIndexes: localIndexes,
    GlobalSecondaryIndexes: listOf(
      object(
        {
          IndexName: TEXT,
          KeySchema: keySchema,
          Projection: projection,
          ProvisionedThroughput: throughput,
          OnDemandThroughput: onDemand,
          WarmThroughput: warm,
          ContributorInsightsSpecification: insights,
        },
        ['IndexName', 'KeySchema', 'Projection'],
      ),
    ),
    BillingMode: TEXT,
    ProvisionedThroughput: throughput,
    OnDemandThroughput: onDemand,
    WarmThroughput: warm,
    TableClass: TEXT,
    DeletionProtectionEnabled: FLAG,
    SSESpecification: object({ SSEEnabled: FLAG, SSEType: TEXT, KMSMasterKeyId: TEXT }, [
      'SSEEnabled',
    ]),
    StreamSpecification: object(
      { StreamViewType: TEXT, ResourcePolicy: policy },
      ['StreamViewType'],
    ),
    TimeToLiveSpecification: timeToLive,
    PointInTimeRecoverySpecification: recovery,
    ContributorInsightsSpecification: insights,
    KinesisStreamSpecification: kinesis,
    ResourcePolicy: policy,
    ImportSourceSpecification: importSource,
    Tags: TAGS,
  },
  ['KeySchema'],
);

export function propertiesOf(properties: Readonly<Record<string, unknown>>): TableProperties {
  return properties as unknown as TableProperties;
}
