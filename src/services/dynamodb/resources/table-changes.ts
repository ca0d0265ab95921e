// Steps that bring a table from the properties it has to those a template wants.
import type { GlobalSecondaryIndexUpdate, UpdateTableInput } from '@aws-sdk/client-dynamodb';
import { UserError } from '../../../base/errors.ts';
import type { ResourceRequest } from '../../../kernel/resources.ts';
import { INDEX_TOPIC, loadTable } from '../store.ts';
import type { IndexProperty, TableProperties } from './table-properties.ts';

/** How long a new index may take to fill, ms. */
const INDEX_TIMEOUT_MS = 3_600_000;

export function encryption({
  SSESpecification: sse,
}: TableProperties): UpdateTableInput['SSESpecification'] {
  if (sse === undefined) return undefined;
  return { Enabled: sse.SSEEnabled, SSEType: sse.SSEType, KMSMasterKeyId: sse.KMSMasterKeyId };
}

export function stream({ StreamSpecification }: TableProperties): UpdateTableInput['StreamSpecification'] {
  if (StreamSpecification === undefined) return undefined;
  return { StreamEnabled: true, StreamViewType: StreamSpecification.StreamViewType };
}

export async function setTimeToLive(
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

export interface Change {
  readonly name: string;
  readonly wanted: TableProperties;
  readonly previous: TableProperties;
}

/**
 * What UpdateTable changes besides indexes; indexes that stay get their new throughput with it.
 * AWS: most settings take requests of their own.
 */
export async function updateSettings(
  { call }: ResourceRequest,
  { name, wanted, previous }: Change,
): Promise<void> {
  const billingMode = wanted.BillingMode ?? 'PROVISIONED';
  const switched = billingMode !== (previous.BillingMode ?? 'PROVISIONED');
  const updates = throughputUpdates(wanted, previous);
  const steps: Partial<UpdateTableInput>[] = [
    {
      ...(switched ? { BillingMode: billingMode } : {}),
      ...changed(wanted, previous, 'ProvisionedThroughput'),
      ...(updates.length === 0 ? {} : { GlobalSecondaryIndexUpdates: updates }),
    },
    changed(wanted, previous, 'OnDemandThroughput'),
    changed(wanted, previous, 'WarmThroughput'),
    changedOr(wanted, previous, { name: 'TableClass', absent: 'STANDARD' }),
    changedOr(wanted, previous, { name: 'DeletionProtectionEnabled', absent: false }),
    same(wanted.SSESpecification, previous.SSESpecification)
      ? {}
      : { SSESpecification: encryption(wanted) ?? { Enabled: false } },
  ];
  for (const changes of steps) {
    if (Object.keys(changes).length === 0) continue;
    await call('dynamodb', 'UpdateTable', { TableName: name, ...changes });
  }
}

/** A stream never changes what it shows: it ends, and another one begins. */
export async function updateStream(
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
  index: IndexProperty,
  others: readonly IndexProperty[] | undefined,
): IndexProperty | undefined {
  return others?.find(
    (other) =>
      other.IndexName === index.IndexName &&
      same(other.KeySchema, index.KeySchema) &&
      same(other.Projection, index.Projection),
  );
}

/** UpdateTable takes one index at a time: first those that go, then those that come. */
export async function updateIndexes(
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
      GlobalSecondaryIndexUpdates: [{ Create: plainIndex(index) }],
    });
    await waitForIndexes(request, name);
  }
}

/** Until no index of the table is being filled. */
export async function waitForIndexes(request: ResourceRequest, name: string): Promise<void> {
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

export async function updateTimeToLive(
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

/** An index as the operations take it. */
export function plainIndex({
  ContributorInsightsSpecification: _insights,
  ...index
}: IndexProperty): Omit<IndexProperty, 'ContributorInsightsSpecification'> {
  return index;
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
