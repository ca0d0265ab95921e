// Properties of AWS::DynamoDB::Table: their shape and their types.
import type {
  AttributeDefinition,
  BillingMode,
  GlobalSecondaryIndex,
  KeySchemaElement,
  LocalSecondaryIndex,
  OnDemandThroughput,
  ProvisionedThroughput,
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
} from '../../kernel/property-shapes.ts';

/** What the shape below lets through. */
export interface TableProperties {
  readonly TableName?: string;
  readonly AttributeDefinitions?: AttributeDefinition[];
  readonly KeySchema: KeySchemaElement[];
  readonly LocalSecondaryIndexes?: LocalSecondaryIndex[];
  readonly GlobalSecondaryIndexes?: GlobalSecondaryIndex[];
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
    readonly ResourcePolicy?: { readonly PolicyDocument: unknown };
  };
  readonly TimeToLiveSpecification?: { readonly AttributeName?: string; readonly Enabled: boolean };
  readonly PointInTimeRecoverySpecification?: { readonly PointInTimeRecoveryEnabled?: boolean };
  readonly ContributorInsightsSpecification?: { readonly Enabled: boolean };
  readonly KinesisStreamSpecification?: { readonly StreamArn: string };
  readonly ResourcePolicy?: { readonly PolicyDocument: unknown };
  readonly Tags?: Tag[];
}

const keySchema = listOf(
  object({ AttributeName: TEXT, KeyType: TEXT }, ['AttributeName', 'KeyType']),
);
const projection = only({ ProjectionType: TEXT, NonKeyAttributes: TEXTS });
const throughput = object({ ReadCapacityUnits: INTEGER, WriteCapacityUnits: INTEGER }, [
  'ReadCapacityUnits',
  'WriteCapacityUnits',
]);
const onDemand = only({ MaxReadRequestUnits: INTEGER, MaxWriteRequestUnits: INTEGER });
const warm = only({ ReadUnitsPerSecond: INTEGER, WriteUnitsPerSecond: INTEGER });
const insights = object({ Enabled: FLAG, Mode: TEXT }, ['Enabled']);

export const shape = object(
  {
    TableName: TEXT,
    AttributeDefinitions: listOf(
      object({ AttributeName: TEXT, AttributeType: TEXT }, ['AttributeName', 'AttributeType']),
    ),
    KeySchema: keySchema,
    LocalSecondaryIndexes: listOf(
      object({ IndexName: TEXT, KeySchema: keySchema, Projection: projection }, [
        'IndexName',
        'KeySchema',
        'Projection',
      ]),
    ),
    GlobalSecondaryIndexes: listOf(
      object(
        {
          IndexName: TEXT,
          KeySchema: keySchema,
          Projection: projection,
          ProvisionedThroughput: throughput,
          OnDemandThroughput: onDemand,
          WarmThroughput: warm,
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
      { StreamViewType: TEXT, ResourcePolicy: only({ PolicyDocument: JSON_VALUE }) },
      ['StreamViewType'],
    ),
    TimeToLiveSpecification: object({ AttributeName: TEXT, Enabled: FLAG }, ['Enabled']),
    PointInTimeRecoverySpecification: only({
      PointInTimeRecoveryEnabled: FLAG,
      RecoveryPeriodInDays: INTEGER,
    }),
    ContributorInsightsSpecification: insights,
    KinesisStreamSpecification: object(
      { StreamArn: TEXT, ApproximateCreationDateTimePrecision: TEXT },
      ['StreamArn'],
    ),
    ResourcePolicy: object({ PolicyDocument: JSON_VALUE }, ['PolicyDocument']),
    Tags: TAGS,
  },
  ['KeySchema'],
);

export function propertiesOf(properties: Readonly<Record<string, unknown>>): TableProperties {
  return properties as unknown as TableProperties;
}
