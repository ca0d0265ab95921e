// AWS::DynamoDB::Table: one region's table.
import type { CreateTableInput, Tag } from '@aws-sdk/client-dynamodb';
import { UserError } from '../../../base/errors.ts';
import type { ResourceHandler, ResourceRequest, ResourceResult } from '../../../kernel/resources.ts';
import { BACKUP_TOPIC } from '../backup/store.ts';
import { loadTable } from '../store.ts';
import {
  encryption,
  plainIndex,
  setTimeToLive,
  stream,
  updateIndexes,
  updateSettings,
  updateStream,
  updateTimeToLive,
  waitForIndexes,
} from './table-changes.ts';
import { applyFeatures, isMissing, mergeTags, tableExists, type Features } from './table-features.ts';
import { propertiesOf, shape, type TableProperties } from './table-properties.ts';
import { readStanding } from './table-standing.ts';

/** How long an import may take, ms. */
const IMPORT_TIMEOUT_MS = 24 * 3_600_000;

export const table: ResourceHandler = {
  type: 'AWS::DynamoDB::Table',
  shape,
  replaceOn: ['TableName', 'KeySchema', 'LocalSecondaryIndexes', 'ImportSourceSpecification'],
  async create(request) {
    const properties = propertiesOf(request.properties);
    const name = tableName(request);
    await refuseKinesis(request, name);
    await makeTable(request, { name, properties, tags: wantedTags(request) });
    await applyFeatures({ call: request.call, name }, featuresOf(request));
    return describe(request, name);
  },
  async update(request) {
    const name = request.physicalId;
    const wanted = propertiesOf(request.properties);
    await refuseKinesis(request, name);
    await changeTable(request, { name, wanted, before: propertiesOf(request.previous) });
    await applyFeatures({ call: request.call, name }, featuresOf(request));
    return describe(request, name);
  },
  async find(request) {
    const name = tableName(request);
    return (await tableExists({ call: request.call, name })) ? name : undefined;
  },
  async delete(request) {
    try {
      await request.call('dynamodb', 'DeleteTable', { TableName: request.physicalId });
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  },
};

function tableName(request: ResourceRequest): string {
  return propertiesOf(request.properties).TableName ?? request.physicalName(255);
}

/** Fails before anything is made; the operation itself says why. */
async function refuseKinesis({ call, properties }: ResourceRequest, name: string): Promise<void> {
  const { KinesisStreamSpecification: wanted } = propertiesOf(properties);
  if (wanted === undefined) return;
  const { StreamArn } = wanted;
  await call('dynamodb', 'EnableKinesisStreamingDestination', { TableName: name, StreamArn });
}

interface Making {
  readonly name: string;
  readonly properties: TableProperties;
  readonly tags: Tag[];
}

/** Makes the table with all that its definition holds, empty or from S3. */
export async function makeTable(request: ResourceRequest, making: Making): Promise<void> {
  const { name, properties } = making;
  if (properties.ImportSourceSpecification === undefined) {
    await request.call('dynamodb', 'CreateTable', createInput(making));
  } else {
    await importTable(request, making);
  }
  if (properties.TimeToLiveSpecification?.Enabled === true) {
    await setTimeToLive(request, name, properties);
  }
}

function createInput({ name, properties, tags }: Making): CreateTableInput {
  return {
    TableName: name,
    AttributeDefinitions: properties.AttributeDefinitions,
    KeySchema: properties.KeySchema,
    LocalSecondaryIndexes: properties.LocalSecondaryIndexes,
    GlobalSecondaryIndexes: properties.GlobalSecondaryIndexes?.map(plainIndex),
    BillingMode: properties.BillingMode,
    ProvisionedThroughput: properties.ProvisionedThroughput,
    OnDemandThroughput: properties.OnDemandThroughput,
    WarmThroughput: properties.WarmThroughput,
    TableClass: properties.TableClass,
    DeletionProtectionEnabled: properties.DeletionProtectionEnabled,
    SSESpecification: encryption(properties),
    StreamSpecification: stream(properties),
    ...(tags.length === 0 ? {} : { Tags: tags }),
  };
}

/** An import makes part of the definition; the rest follows as an update of it. */
async function importTable(request: ResourceRequest, { name, properties }: Making): Promise<void> {
  const { ImportSourceSpecification: source } = properties;
  if (source === undefined) return;
  const { AttributeDefinitions, KeySchema, BillingMode, ProvisionedThroughput } = properties;
  const csv = source.InputFormatOptions?.Csv;
  const made = {
    AttributeDefinitions: AttributeDefinitions ?? [],
    KeySchema,
    BillingMode,
    ProvisionedThroughput,
    OnDemandThroughput: properties.OnDemandThroughput,
    GlobalSecondaryIndexes: properties.GlobalSecondaryIndexes?.map(plainIndex),
    SSESpecification: encryption(properties),
  };
  const { ImportTableDescription: begun } = await request.call('dynamodb', 'ImportTable', {
    S3BucketSource: source.S3BucketSource,
    InputFormat: source.InputFormat,
    InputCompressionType: source.InputCompressionType,
    ...(csv === undefined
      ? {}
      : { InputFormatOptions: { Csv: { Delimiter: csv.Delimiter, HeaderList: csv.Header } } }),
    TableCreationParameters: { TableName: name, ...made },
  });
  await waitForImport(request, { name, arn: begun?.ImportArn });
  const previous = { ...properties, ...absent(['TableClass', 'DeletionProtectionEnabled']) };
  const change = { name, wanted: properties, previous };
  await updateSettings(request, change);
  await updateStream(request, { ...change, previous: { ...previous, ...absent(['StreamSpecification']) } });
}

function absent(names: readonly (keyof TableProperties)[]): Partial<TableProperties> {
  return Object.fromEntries(names.map((name) => [name, undefined]));
}

async function waitForImport(
  request: ResourceRequest,
  { name, arn }: { readonly name: string; readonly arn: string | undefined },
): Promise<void> {
  await request.until(
    BACKUP_TOPIC,
    async (view) => {
      const found = await loadTable(view, request, name);
      return found?.definition.state === 'CREATING' ? undefined : true;
    },
    IMPORT_TIMEOUT_MS,
  );
  const { ImportTableDescription: import_ } = await request.call('dynamodb', 'DescribeImport', {
    ImportArn: arn,
  });
  if (import_?.ImportStatus === 'COMPLETED') return;
  throw new UserError(
    'ERR_IMPORT_FAILED',
    `the import into table ${name} failed: ${import_?.FailureCode}: ${import_?.FailureMessage}`,
  );
}

/** Brings the table to its wanted definition, a request after another. */
export async function changeTable(
  request: ResourceRequest,
  {
    name,
    wanted,
    before,
  }: { readonly name: string; readonly wanted: TableProperties; readonly before: TableProperties },
): Promise<void> {
  await waitForIndexes(request, name);
  const previous = await readStanding(request, { name, wanted, previous: before });
  const change = { name, wanted, previous };
  await updateSettings(request, change);
  await updateIndexes(request, change);
  await updateStream(request, change);
  await updateTimeToLive(request, change);
}

function wantedTags({ properties, stackTags }: ResourceRequest): Tag[] {
  return mergeTags(stackTags, propertiesOf(properties).Tags);
}

function featuresOf(request: ResourceRequest): Features {
  const wanted = propertiesOf(request.properties);
  return {
    recovery: wanted.PointInTimeRecoverySpecification,
    insights: wanted.ContributorInsightsSpecification,
    indexInsights: wanted.GlobalSecondaryIndexes ?? [],
    policy: wanted.ResourcePolicy,
    streamPolicy: wanted.StreamSpecification?.ResourcePolicy,
    tags: wantedTags(request),
  };
}

async function describe({ call }: ResourceRequest, name: string): Promise<ResourceResult> {
  const { Table } = await call('dynamodb', 'DescribeTable', { TableName: name });
  return {
    physicalId: name,
    attributes: {
      Arn: Table?.TableArn,
      ...(Table?.StreamSpecification?.StreamEnabled === true
        ? { StreamArn: Table.LatestStreamArn }
        : {}),
    },
  };
}
