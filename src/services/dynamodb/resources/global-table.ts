// AWS::DynamoDB::GlobalTable: a table and its replicas, of which the stack's region has one.
import type { TableClass } from '@aws-sdk/client-dynamodb';
import { UserError } from '../../../base/errors.ts';
import type { ResourceHandler, ResourceRequest, ResourceResult } from '../../../kernel/resources.ts';
import { BACKUP_TOPIC } from '../backup/store.ts';
import { unsupported } from '../errors.ts';
import { loadTable } from '../store.ts';
import {
  globalOf,
  globalShape,
  type GlobalProperties,
  type ReplicaProperty,
} from './global-table-properties.ts';
import { applyFeatures, inRegion, isMissing, mergeTags, tableExists } from './table-features.ts';
import type { IndexProperty, TableProperties } from './table-properties.ts';
import { changeTable, makeTable } from './table.ts';

/** How long a replica may take to be filled, ms. */
const REPLICA_TIMEOUT_MS = 24 * 3_600_000;

export const globalTable: ResourceHandler = {
  type: 'AWS::DynamoDB::GlobalTable',
  shape: globalShape,
  replaceOn: ['TableName', 'KeySchema', 'LocalSecondaryIndexes', 'MultiRegionConsistency'],
  async create(request) {
    const wanted = globalOf(request.properties);
    const name = tableName(request);
    await refuseUnsupported(request, name);
    const home = homeReplica(request, wanted);
    const properties = homeTable(wanted, home);
    await makeTable(request, { name, properties, tags: mergeTags(request.stackTags, home.Tags) });
    await changeReplicas(request, name);
    await applyReplicaFeatures(request, name);
    return describe(request, name);
  },
  async update(request) {
    const name = request.physicalId;
    const wanted = globalOf(request.properties);
    const before = globalOf(request.previous);
    await refuseUnsupported(request, name);
    await changeReplicas(request, name);
    await overrideReplicas(request, name);
    const change = {
      name,
      wanted: homeTable(wanted, homeReplica(request, wanted)),
      before: homeTable(before, homeReplica(request, before)),
    };
    await changeTable(request, change);
    await applyReplicaFeatures(request, name);
    return describe(request, name);
  },
  async find(request) {
    const name = tableName(request);
    return (await tableExists({ call: request.call, name })) ? name : undefined;
  },
  async delete(request) {
    const { call, physicalId: TableName } = request;
    try {
      await dropReplicas(request, TableName, () => false);
      await call('dynamodb', 'DeleteTable', { TableName });
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  },
};

function tableName(request: ResourceRequest): string {
  return globalOf(request.properties).TableName ?? request.physicalName(255);
}

/** Fails before anything is made. */
async function refuseUnsupported(request: ResourceRequest, name: string): Promise<void> {
  const wanted = globalOf(request.properties);
  const scaled =
    wanted.WriteProvisionedThroughputSettings !== undefined ||
    wanted.Replicas.some((each) => each.ReadProvisionedThroughputSettings !== undefined);
  if (scaled) {
    throw unsupported('ProvisionedThroughputSettings', 'Application Auto Scaling comes later');
  }
  for (const { KinesisStreamSpecification: destination } of wanted.Replicas) {
    if (destination === undefined) continue;
    const { StreamArn } = destination;
    const input = { TableName: name, StreamArn };
    await request.call('dynamodb', 'EnableKinesisStreamingDestination', input);
  }
}

/** AWS: the stack's region must be one of the table's. */
function homeReplica({ region }: ResourceRequest, { Replicas }: GlobalProperties): ReplicaProperty {
  const home = Replicas.find(({ Region }) => Region === region);
  if (home !== undefined) return home;
  throw new UserError(
    'ERR_REPLICA_MISSING',
    `Replicas of a global table must include ${region}, the region of its stack`,
  );
}

/** The stack's region's table, as the other type describes one. */
function homeTable(wanted: GlobalProperties, home: ReplicaProperty): TableProperties {
  const limits = {
    ...home.ReadOnDemandThroughputSettings,
    ...wanted.WriteOnDemandThroughputSettings,
  };
  const indexes = wanted.GlobalSecondaryIndexes?.map((index): IndexProperty => {
    const { WriteOnDemandThroughputSettings: write, ...rest } = index;
    const own = home.GlobalSecondaryIndexes?.find(({ IndexName }) => IndexName === rest.IndexName);
    const most = { ...own?.ReadOnDemandThroughputSettings, ...write };
    return { ...rest, ...(Object.keys(most).length === 0 ? {} : { OnDemandThroughput: most }) };
  });
  const key = home.SSESpecification?.KMSMasterKeyId;
  return {
    KeySchema: wanted.KeySchema,
    ...defined({
      AttributeDefinitions: wanted.AttributeDefinitions,
      LocalSecondaryIndexes: wanted.LocalSecondaryIndexes,
      GlobalSecondaryIndexes: indexes,
      BillingMode: wanted.BillingMode,
      OnDemandThroughput: Object.keys(limits).length === 0 ? undefined : limits,
      WarmThroughput: wanted.WarmThroughput,
      TableClass: home.TableClass,
      DeletionProtectionEnabled: home.DeletionProtectionEnabled,
      SSESpecification:
        wanted.SSESpecification === undefined
          ? undefined
          : { ...wanted.SSESpecification, ...defined({ KMSMasterKeyId: key }) },
      StreamSpecification: streamOf(wanted),
      TimeToLiveSpecification: wanted.TimeToLiveSpecification,
    }),
  };
}

/** AWS: replicas need a stream of whole images; a table alone has none unless it says so. */
function streamOf({
  StreamSpecification,
  Replicas,
}: GlobalProperties): TableProperties['StreamSpecification'] {
  if (StreamSpecification !== undefined) return StreamSpecification;
  return Replicas.length > 1 ? { StreamViewType: 'NEW_AND_OLD_IMAGES' } : undefined;
}

function defined<T extends object>(members: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}

/** Regions leave first, then those that are missing join. */
async function changeReplicas(request: ResourceRequest, name: string): Promise<void> {
  const wanted = globalOf(request.properties);
  const kept = (region: string): boolean => wanted.Replicas.some((each) => each.Region === region);
  await dropReplicas(request, name, kept);
  const present = await listReplicas(request, name);
  const joining = wanted.Replicas.filter(
    ({ Region }) => Region !== request.region && !present.includes(Region),
  );
  const creates = joining.map((each) => ({ Create: memberOf(each) }));
  if (wanted.MultiRegionConsistency === 'STRONG' && creates.length > 0) {
    const [witness] = wanted.GlobalTableWitnesses ?? [];
    const region = witness?.Region;
    await request.call('dynamodb', 'UpdateTable', {
      TableName: name,
      ReplicaUpdates: creates,
      MultiRegionConsistency: 'STRONG',
      ...(region === undefined
        ? {}
        : { GlobalTableWitnessUpdates: [{ Create: { RegionName: region } }] }),
    });
    await waitForReplicas(request, name);
    return;
  }
  for (const create of creates) {
    await request.call('dynamodb', 'UpdateTable', { TableName: name, ReplicaUpdates: [create] });
    await waitForReplicas(request, name);
  }
}

function memberOf(wanted: ReplicaProperty): {
  readonly RegionName: string;
  readonly KMSMasterKeyId?: string;
  readonly TableClassOverride?: TableClass;
  readonly OnDemandThroughputOverride?: { MaxReadRequestUnits?: number };
} {
  const { Region, SSESpecification, TableClass: tableClass, ReadOnDemandThroughputSettings } = wanted;
  return {
    RegionName: Region,
    ...(SSESpecification === undefined ? {} : { KMSMasterKeyId: SSESpecification.KMSMasterKeyId }),
    ...(tableClass === undefined ? {} : { TableClassOverride: tableClass }),
    ...(ReadOnDemandThroughputSettings === undefined
      ? {}
      : { OnDemandThroughputOverride: ReadOnDemandThroughputSettings }),
  };
}

async function listReplicas({ call }: ResourceRequest, name: string): Promise<string[]> {
  const { Table } = await call('dynamodb', 'DescribeTable', { TableName: name });
  return (Table?.Replicas ?? []).map(({ RegionName }) => RegionName ?? '');
}

/** Waits for what is on its way, then removes the regions that are not kept. */
async function dropReplicas(
  request: ResourceRequest,
  name: string,
  kept: (region: string) => boolean,
): Promise<void> {
  const { call } = request;
  await waitForReplicas(request, name);
  const { Table } = await call('dynamodb', 'DescribeTable', { TableName: name });
  const gone = (await listReplicas(request, name)).filter((region) => !kept(region));
  const deletes = gone.map((RegionName) => ({ Delete: { RegionName } }));
  if (deletes.length === 0) return;
  if (Table?.MultiRegionConsistency === 'STRONG') {
    const [witness] = Table.GlobalTableWitnesses ?? [];
    await call('dynamodb', 'UpdateTable', {
      TableName: name,
      ReplicaUpdates: deletes,
      ...(witness === undefined
        ? {}
        : { GlobalTableWitnessUpdates: [{ Delete: { RegionName: witness.RegionName } }] }),
    });
    return;
  }
  for (const each of deletes) {
    await call('dynamodb', 'UpdateTable', { TableName: name, ReplicaUpdates: [each] });
  }
}

async function waitForReplicas(request: ResourceRequest, name: string): Promise<void> {
  await request.until(
    BACKUP_TOPIC,
    async (view) => {
      const found = await loadTable(view, request, name);
      const members = found?.definition.replication?.members ?? [];
      return members.some(({ state }) => state === 'CREATING') ? undefined : true;
    },
    REPLICA_TIMEOUT_MS,
  );
}

/** What a replica has instead of what the group has, where a template changed it. */
async function overrideReplicas(request: ResourceRequest, name: string): Promise<void> {
  const { call } = request;
  const { Table } = await call('dynamodb', 'DescribeTable', { TableName: name });
  for (const wanted of globalOf(request.properties).Replicas) {
    const current = Table?.Replicas?.find(({ RegionName }) => RegionName === wanted.Region);
    if (current === undefined) continue;
    const { KMSMasterKeyId: _fixed, RegionName, ...overrides } = memberOf(wanted);
    const differs =
      overrides.TableClassOverride !== current.ReplicaTableClassSummary?.TableClass ||
      overrides.OnDemandThroughputOverride?.MaxReadRequestUnits !==
        current.OnDemandThroughputOverride?.MaxReadRequestUnits;
    if (!differs || Object.keys(overrides).length === 0) continue;
    const ReplicaUpdates = [{ Update: { RegionName, ...overrides } }];
    await call('dynamodb', 'UpdateTable', { TableName: name, ReplicaUpdates });
  }
}

/** What each region has of its own. */
async function applyReplicaFeatures(request: ResourceRequest, name: string): Promise<void> {
  for (const each of globalOf(request.properties).Replicas) {
    const call = inRegion(request.call, each.Region);
    await applyProtection(call, name, each);
    await applyFeatures(
      { call, name },
      {
        recovery: each.PointInTimeRecoverySpecification,
        insights: each.ContributorInsightsSpecification,
        indexInsights: each.GlobalSecondaryIndexes ?? [],
        policy: each.ResourcePolicy,
        streamPolicy: each.ReplicaStreamSpecification?.ResourcePolicy,
        tags: mergeTags(request.stackTags, each.Tags),
      },
    );
  }
}

async function applyProtection(
  call: ResourceRequest['call'],
  name: string,
  { DeletionProtectionEnabled = false }: ReplicaProperty,
): Promise<void> {
  const { Table } = await call('dynamodb', 'DescribeTable', { TableName: name });
  if (Table?.DeletionProtectionEnabled === DeletionProtectionEnabled) return;
  await call('dynamodb', 'UpdateTable', { TableName: name, DeletionProtectionEnabled });
}

async function describe({ call }: ResourceRequest, name: string): Promise<ResourceResult> {
  const { Table } = await call('dynamodb', 'DescribeTable', { TableName: name });
  return {
    physicalId: name,
    attributes: {
      Arn: Table?.TableArn,
      TableId: Table?.TableId,
      ...(Table?.StreamSpecification?.StreamEnabled === true
        ? { StreamArn: Table.LatestStreamArn }
        : {}),
    },
  };
}
