// The CloudFormation type of DynamoDB: AWS::DynamoDB::Table.
import type {
  CreateTableInput,
  GlobalSecondaryIndex,
  GlobalSecondaryIndexUpdate,
  Tag,
  UpdateTableInput,
} from '@aws-sdk/client-dynamodb';
import { ServiceError, UserError } from '../../base/errors.ts';
import type { ResourceHandler, ResourceRequest, ResourceResult } from '../../kernel/resources.ts';
import { INDEX_TOPIC, loadTable } from './store.ts';
import { propertiesOf, shape } from './table-properties.ts';
import type { TableProperties } from './table-properties.ts';
import { readStanding } from './table-standing.ts';

/** How long a new index may take to fill, ms. */
const INDEX_TIMEOUT_MS = 3_600_000;

const table: ResourceHandler = {
  type: 'AWS::DynamoDB::Table',
  shape,
  replaceOn: ['TableName', 'KeySchema', 'LocalSecondaryIndexes'],
  async create(request) {
    const properties = propertiesOf(request.properties);
    await refuseUnsupported(request, properties);
    const name = tableName(request);
    await request.call('dynamodb', 'CreateTable', createInput(request, name));
    if (properties.TimeToLiveSpecification?.Enabled === true) {
      await setTimeToLive(request, name, properties);
    }
    return describe(request, name);
  },
  async update(request) {
    const name = request.physicalId;
    const wanted = propertiesOf(request.properties);
    await refuseUnsupported(request, wanted);
    await waitForIndexes(request, name);
    const previous = await readStanding(request, wanted);
    await updateSettings(request, { name, wanted, previous });
    await updateIndexes(request, { name, wanted, previous });
    await updateStream(request, { name, wanted, previous });
    await updateTimeToLive(request, { name, wanted, previous });
    await updateTags(request, name);
    return describe(request, name);
  },
  async find(request) {
    const name = tableName(request);
    return (await exists(request, name)) ? name : undefined;
  },
  async delete(request) {
    try {
      await request.call('dynamodb', 'DeleteTable', { TableName: request.physicalId });
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  },
};

export const resources: readonly ResourceHandler[] = [table];

function tableName(request: ResourceRequest): string {
  return propertiesOf(request.properties).TableName ?? request.physicalName(255);
}

async function exists(request: ResourceRequest, name: string): Promise<boolean> {
  try {
    await request.call('dynamodb', 'DescribeTable', { TableName: name });
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof ServiceError && error.code === 'ResourceNotFoundException';
}

/** Fails before anything is made; the operations themselves say why. */
async function refuseUnsupported(
  { call }: ResourceRequest,
  properties: TableProperties,
): Promise<void> {
  const TableName = properties.TableName ?? 'table';
  if (properties.PointInTimeRecoverySpecification?.PointInTimeRecoveryEnabled === true) {
    const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true };
    await call('dynamodb', 'UpdateContinuousBackups', {
      TableName,
      PointInTimeRecoverySpecification,
    });
  }
  if (properties.ContributorInsightsSpecification?.Enabled === true) {
    const ContributorInsightsAction = 'ENABLE';
    await call('dynamodb', 'UpdateContributorInsights', { TableName, ContributorInsightsAction });
  }
  if (properties.KinesisStreamSpecification !== undefined) {
    const { StreamArn } = properties.KinesisStreamSpecification;
    await call('dynamodb', 'EnableKinesisStreamingDestination', { TableName, StreamArn });
  }
  const policy = properties.ResourcePolicy ?? properties.StreamSpecification?.ResourcePolicy;
  if (policy !== undefined) {
    const Policy = JSON.stringify(policy.PolicyDocument);
    await call('dynamodb', 'PutResourcePolicy', { ResourceArn: TableName, Policy });
  }
}

function createInput(request: ResourceRequest, name: string): CreateTableInput {
  const properties = propertiesOf(request.properties);
  const tags = wantedTags(request);
  return {
    TableName: name,
    AttributeDefinitions: properties.AttributeDefinitions,
    KeySchema: properties.KeySchema,
    LocalSecondaryIndexes: properties.LocalSecondaryIndexes,
    GlobalSecondaryIndexes: properties.GlobalSecondaryIndexes,
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

function encryption({
  SSESpecification: sse,
}: TableProperties): UpdateTableInput['SSESpecification'] {
  if (sse === undefined) return undefined;
  return { Enabled: sse.SSEEnabled, SSEType: sse.SSEType, KMSMasterKeyId: sse.KMSMasterKeyId };
}

function stream({ StreamSpecification }: TableProperties): UpdateTableInput['StreamSpecification'] {
  if (StreamSpecification === undefined) return undefined;
  return { StreamEnabled: true, StreamViewType: StreamSpecification.StreamViewType };
}

async function setTimeToLive(
  { call }: ResourceRequest,
  name: string,
  { TimeToLiveSpecification: wanted }: TableProperties,
): Promise<void> {
  await call('dynamodb', 'UpdateTimeToLive', {
    TableName: name,
    TimeToLiveSpecification: {
      AttributeName: wanted?.AttributeName,
      Enabled: wanted?.Enabled === true,
    },
  });
}

interface Change {
  readonly name: string;
  readonly wanted: TableProperties;
  readonly previous: TableProperties;
}

/** What UpdateTable changes besides indexes; indexes that stay get their new throughput with it. */
async function updateSettings(
  { call }: ResourceRequest,
  { name, wanted, previous }: Change,
): Promise<void> {
  const billingMode = wanted.BillingMode ?? 'PROVISIONED';
  const switched = billingMode !== (previous.BillingMode ?? 'PROVISIONED');
  const updates = throughputUpdates(wanted, previous);
  const changes: Partial<UpdateTableInput> = {
    ...(switched ? { BillingMode: billingMode } : {}),
    ...changed(wanted, previous, 'ProvisionedThroughput'),
    ...changed(wanted, previous, 'OnDemandThroughput'),
    ...changed(wanted, previous, 'WarmThroughput'),
    ...changedOr(wanted, previous, { name: 'TableClass', absent: 'STANDARD' }),
    ...changedOr(wanted, previous, { name: 'DeletionProtectionEnabled', absent: false }),
    ...(same(wanted.SSESpecification, previous.SSESpecification)
      ? {}
      : { SSESpecification: encryption(wanted) ?? { Enabled: false } }),
    ...(updates.length === 0 ? {} : { GlobalSecondaryIndexUpdates: updates }),
  };
  if (Object.keys(changes).length === 0) return;
  await call('dynamodb', 'UpdateTable', { TableName: name, ...changes });
}

/** A stream never changes what it shows: it ends, and another one begins. */
async function updateStream(
  { call }: ResourceRequest,
  { name, wanted, previous }: Change,
): Promise<void> {
  const [now, before] = [wanted.StreamSpecification, previous.StreamSpecification];
  if (now?.StreamViewType === before?.StreamViewType) return;
  if (before !== undefined) {
    await call('dynamodb', 'UpdateTable', {
      TableName: name,
      StreamSpecification: { StreamEnabled: false },
    });
  }
  if (now !== undefined) {
    await call('dynamodb', 'UpdateTable', { TableName: name, StreamSpecification: stream(wanted) });
  }
}

function changed<K extends keyof TableProperties>(
  wanted: TableProperties,
  previous: TableProperties,
  name: K,
): Partial<Pick<TableProperties, K>> {
  if (same(wanted[name], previous[name]) || wanted[name] === undefined) return {};
  return { [name]: wanted[name] } as unknown as Pick<TableProperties, K>;
}

/** For settings that go back to a default when the template no longer has them. */
function changedOr(
  wanted: TableProperties,
  previous: TableProperties,
  { name, absent }: { readonly name: keyof TableProperties; readonly absent: unknown },
): Readonly<Record<string, unknown>> {
  const [now, before] = [wanted[name] ?? absent, previous[name] ?? absent];
  return same(now, before) ? {} : { [name]: now };
}

function throughputUpdates(
  wanted: TableProperties,
  previous: TableProperties,
): GlobalSecondaryIndexUpdate[] {
  const updates: GlobalSecondaryIndexUpdate[] = [];
  for (const index of wanted.GlobalSecondaryIndexes ?? []) {
    const before = findSame(index, previous.GlobalSecondaryIndexes);
    if (before === undefined) continue;
    const { IndexName, ProvisionedThroughput, OnDemandThroughput, WarmThroughput } = index;
    const update = {
      ...(same(ProvisionedThroughput, before.ProvisionedThroughput)
        ? {}
        : { ProvisionedThroughput }),
      ...(same(OnDemandThroughput, before.OnDemandThroughput) ? {} : { OnDemandThroughput }),
      ...(same(WarmThroughput, before.WarmThroughput) ? {} : { WarmThroughput }),
    };
    const given = Object.values(update).some((value) => value !== undefined);
    if (given) updates.push({ Update: { IndexName, ...update } });
  }
  return updates;
}

/** The same index before: of the same name, key and projection. */
function findSame(
  index: GlobalSecondaryIndex,
  others: readonly GlobalSecondaryIndex[] | undefined,
): GlobalSecondaryIndex | undefined {
  return others?.find(
    (other) =>
      other.IndexName === index.IndexName &&
      same(other.KeySchema, index.KeySchema) &&
      same(other.Projection, index.Projection),
  );
}

/** UpdateTable takes one index at a time: first those that go, then those that come. */
async function updateIndexes(
  request: ResourceRequest,
  { name, wanted, previous }: Change,
): Promise<void> {
  for (const index of previous.GlobalSecondaryIndexes ?? []) {
    if (findSame(index, wanted.GlobalSecondaryIndexes) !== undefined) continue;
    await request.call('dynamodb', 'UpdateTable', {
      TableName: name,
      GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: index.IndexName } }],
    });
  }
  for (const index of wanted.GlobalSecondaryIndexes ?? []) {
    if (findSame(index, previous.GlobalSecondaryIndexes) !== undefined) continue;
    await request.call('dynamodb', 'UpdateTable', {
      TableName: name,
      AttributeDefinitions: wanted.AttributeDefinitions,
      GlobalSecondaryIndexUpdates: [{ Create: index }],
    });
    await waitForIndexes(request, name);
  }
}

/** Until no index of the table is being filled. */
async function waitForIndexes(request: ResourceRequest, name: string): Promise<void> {
  const ready = await request.until(
    INDEX_TOPIC,
    async (view) => {
      const found = await loadTable(view, request, name);
      const filling = found?.definition.indexes.some((index) => index.backfilling) === true;
      return filling ? undefined : true;
    },
    INDEX_TIMEOUT_MS,
  );
  if (ready !== undefined) return;
  throw new UserError('ERR_INDEX_NOT_ACTIVE', `an index of table ${name} did not become active`);
}

async function updateTimeToLive(
  request: ResourceRequest,
  { name, wanted, previous }: Change,
): Promise<void> {
  const [now, before] = [wanted.TimeToLiveSpecification, previous.TimeToLiveSpecification];
  const enabled = now?.Enabled === true;
  const wasEnabled = before?.Enabled === true;
  if (enabled === wasEnabled && (!enabled || now?.AttributeName === before?.AttributeName)) return;
  if (wasEnabled) {
    const off = { TimeToLiveSpecification: { ...before, Enabled: false } };
    await setTimeToLive(request, name, { ...wanted, ...off });
  }
  if (enabled) await setTimeToLive(request, name, wanted);
}

function wantedTags({ properties, stackTags }: ResourceRequest): Tag[] {
  const tags = new Map<string, string>(Object.entries(stackTags));
  for (const { Key, Value } of propertiesOf(properties).Tags ?? [])
    tags.set(Key ?? '', Value ?? '');
  return [...tags].map(([Key, Value]) => ({ Key, Value }));
}

async function updateTags(request: ResourceRequest, name: string): Promise<void> {
  const { call } = request;
  const { Table } = await call('dynamodb', 'DescribeTable', { TableName: name });
  const ResourceArn = Table?.TableArn;
  const { Tags: current = [] } = await call('dynamodb', 'ListTagsOfResource', { ResourceArn });
  const wanted = wantedTags(request);
  const gone = current.filter((tag) => !wanted.some((other) => other.Key === tag.Key));
  if (gone.length > 0) {
    const TagKeys = gone.map((tag) => tag.Key ?? '');
    await call('dynamodb', 'UntagResource', { ResourceArn, TagKeys });
  }
  if (wanted.length > 0) await call('dynamodb', 'TagResource', { ResourceArn, Tags: wanted });
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

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
