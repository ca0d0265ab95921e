// Global tables through the SDK, a client a region.
import {
  CreateGlobalTableCommand,
  CreateTableCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  DescribeGlobalTableCommand,
  DescribeTableCommand,
  DescribeTableReplicaAutoScalingCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  GetItemCommand,
  ListGlobalTablesCommand,
  ListTagsOfResourceCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TagResourceCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
  type ReplicationGroupUpdate,
  type UpdateTableCommandInput,
} from '@aws-sdk/client-dynamodb';
import { DescribeStreamCommand, DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { randomInteger, seededRandom } from '../../../base/random.ts';
import { createCloud, type TestCloud } from '../../../testing/create-cloud.ts';

let cloud: TestCloud;
const REGIONS = ['us-east-1', 'eu-west-1', 'ap-south-1'] as const;
type Region = (typeof REGIONS)[number];
let clients: Record<Region, DynamoDBClient>;
let db: DynamoDBClient;

beforeAll(async () => {
  cloud = await createCloud({ startTime: new Date('2026-01-01T00:00:00Z') });
  const of = (region: Region): DynamoDBClient => cloud.client(DynamoDBClient, { region });
  clients = { 'us-east-1': of('us-east-1'), 'eu-west-1': of('eu-west-1'), 'ap-south-1': of('ap-south-1') };
  db = clients['us-east-1'];
});
afterAll(() => cloud.close());

async function makeTable(TableName: string): Promise<void> {
  await db.send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'v', AttributeType: 'S' },
      ],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'by-v',
          KeySchema: [{ AttributeName: 'v', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
}

async function update(
  TableName: string,
  ReplicaUpdates: ReplicationGroupUpdate[] | object[],
  more: Partial<UpdateTableCommandInput> = {},
): Promise<void> {
  const updates = ReplicaUpdates as UpdateTableCommandInput['ReplicaUpdates'];
  await db.send(new UpdateTableCommand({ TableName, ReplicaUpdates: updates, ...more }));
}

async function join(TableName: string, RegionName: Region): Promise<void> {
  await update(TableName, [{ Create: { RegionName } }]);
  await cloud.settle();
}

async function put(region: Region, TableName: string, pk: string, v: string): Promise<void> {
  const Item = { pk: { S: pk }, v: { S: v } };
  await clients[region].send(new PutItemCommand({ TableName, Item }));
}

async function contents(region: Region, TableName: string): Promise<Record<string, string>> {
  const { Items = [] } = await clients[region].send(new ScanCommand({ TableName }));
  return Object.fromEntries(
    Items.map((item) => [item['pk']?.S ?? '', item['v']?.S ?? ''] as const).toSorted(([a], [b]) =>
      a < b ? -1 : 1,
    ),
  );
}

describe('a global table', () => {
  test('is copied to a new region, and each write reaches the others within a second', async () => {
    await makeTable('World');
    await put('us-east-1', 'World', 'before', '1');
    await join('World', 'eu-west-1');
    const { Table } = await db.send(new DescribeTableCommand({ TableName: 'World' }));
    expect(Table).toMatchObject({
      TableStatus: 'ACTIVE',
      GlobalTableVersion: '2019.11.21',
      Replicas: [{ RegionName: 'eu-west-1', ReplicaStatus: 'ACTIVE' }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    });
    expect(Table?.MultiRegionConsistency).toBeUndefined();
    const { Table: other } = await clients['eu-west-1'].send(
      new DescribeTableCommand({ TableName: 'World' }),
    );
    expect(other?.TableArn).toBe('arn:aws:dynamodb:eu-west-1:000000000000:table/World');
    expect(other?.TableId).not.toBe(Table?.TableId);
    expect(other?.Replicas?.map((replica) => replica.RegionName)).toEqual(['us-east-1']);
    expect(await contents('eu-west-1', 'World')).toEqual({ before: '1' });

    await put('eu-west-1', 'World', 'there', '2');
    await put('us-east-1', 'World', 'here', '3');
    expect(await contents('us-east-1', 'World')).toEqual({ before: '1', here: '3' });
    await cloud.clock.advance('1s');
    const all = { before: '1', here: '3', there: '2' };
    expect(await contents('us-east-1', 'World')).toEqual(all);
    expect(await contents('eu-west-1', 'World')).toEqual(all);
    await db.send(new DeleteItemCommand({ TableName: 'World', Key: { pk: { S: 'there' } } }));
    await cloud.clock.advance('1s');
    expect(await contents('eu-west-1', 'World')).toEqual({ before: '1', here: '3' });
    const byV = await clients['eu-west-1'].send(
      new QueryCommand({
        TableName: 'World',
        IndexName: 'by-v',
        KeyConditionExpression: 'v = :v',
        ExpressionAttributeValues: { ':v': { S: '3' } },
      }),
    );
    expect(byV.Count).toBe(1);
    const streams = cloud.client(DynamoDBStreamsClient, { region: 'eu-west-1' });
    const StreamArn = other?.LatestStreamArn;
    const stream = await streams.send(new DescribeStreamCommand({ StreamArn }));
    expect(stream.StreamDescription?.StreamStatus).toBe('ENABLED');
  });

  test('gives the same item to all regions when several wrote it: the last writer wins', async () => {
    await makeTable('Race');
    await join('Race', 'eu-west-1');
    await put('us-east-1', 'Race', 'a', 'first');
    await cloud.clock.advance(100);
    await put('eu-west-1', 'Race', 'a', 'second');
    await cloud.clock.advance('2s');
    expect(await contents('us-east-1', 'Race')).toEqual({ a: 'second' });
    expect(await contents('eu-west-1', 'Race')).toEqual({ a: 'second' });
  });

  test('converges, whoever writes and deletes what, where and when', async () => {
    const random = seededRandom(7);
    const TableName = 'Converge';
    await makeTable(TableName);
    await put('us-east-1', TableName, 'k0', 'old');
    await join(TableName, 'eu-west-1');
    await join(TableName, 'ap-south-1');
    const last = new Map<string, string | undefined>();
    for (let step = 0; step < 60; step++) {
      const region = REGIONS[randomInteger(random, REGIONS.length)] ?? 'us-east-1';
      const pk = `k${randomInteger(random, 6)}`;
      // Of an item that is not there a deletion is no write, so the last writer is the one before.
      const there = await contents(region, TableName);
      const deletes = randomInteger(random, 3) === 0;
      if (deletes && there[pk] !== undefined) last.set(pk, undefined);
      if (!deletes) last.set(pk, `${step}`);
      const Key = { pk: { S: pk } };
      if (deletes) await clients[region].send(new DeleteItemCommand({ TableName, Key }));
      else await put(region, TableName, pk, `${step}`);
      await cloud.clock.advance(1 + randomInteger(random, 400));
    }
    await cloud.clock.advance('3s');
    const expected = Object.fromEntries(
      [...last].filter(([, v]) => v !== undefined).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    );
    for (const region of REGIONS) {
      const { k0: _seeded, ...rest } = await contents(region, TableName);
      const { k0: _expected, ...wanted } = expected;
      expect(rest).toEqual(wanted);
    }
    const [one, two, three] = await Promise.all(REGIONS.map((r) => contents(r, TableName)));
    expect(two).toEqual(one);
    expect(three).toEqual(one);
  });

  test('shares indexes and time to live, but neither tags nor deletion protection', async () => {
    const TableName = 'Shared';
    await makeTable(TableName);
    await join(TableName, 'eu-west-1');
    const there = clients['eu-west-1'];
    const ResourceArn = `arn:aws:dynamodb:us-east-1:000000000000:table/${TableName}`;
    await db.send(new TagResourceCommand({ ResourceArn, Tags: [{ Key: 'a', Value: 'b' }] }));
    const far = { ResourceArn: ResourceArn.replace('us-east-1', 'eu-west-1') };
    expect((await there.send(new ListTagsOfResourceCommand(far))).Tags).toEqual([]);
    await db.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: true }));
    const TimeToLiveSpecification = { AttributeName: 'ttl', Enabled: true };
    await there.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
    const ttl = await db.send(new DescribeTimeToLiveCommand({ TableName }));
    expect(ttl.TimeToLiveDescription?.AttributeName).toBe('ttl');
    await there.send(
      new UpdateTableCommand({
        TableName,
        GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'by-v' } }],
      }),
    );
    const { Table } = await db.send(new DescribeTableCommand({ TableName }));
    expect(Table?.GlobalSecondaryIndexes).toBeUndefined();
    const { Table: other } = await there.send(new DescribeTableCommand({ TableName }));
    expect(other?.DeletionProtectionEnabled).toBe(false);
  });

  test('loses regions, and is an ordinary table again after the last', async () => {
    const TableName = 'Leaving';
    await makeTable(TableName);
    await join(TableName, 'eu-west-1');
    // ack-api-quirks dynamodb, DDB-TABLE-266: the source stays while what it was copied to is there.
    await expect(db.send(new DeleteTableCommand({ TableName }))).rejects.toMatchObject({
      message:
        'Replica cannot be deleted because it has acted as a source region for new replica(s) being added to the table in the last 24 hours.',
    });
    await expect(
      db.send(new UpdateTableCommand({ TableName, StreamSpecification: { StreamEnabled: false } })),
    ).rejects.toMatchObject({
      message:
        'One or more parameter values were invalid: Disabling Stream is not allowed for a Global Table replica.',
    });
    await update(TableName, [{ Delete: { RegionName: 'eu-west-1' } }]);
    await cloud.settle();
    const gone = clients['eu-west-1'].send(new DescribeTableCommand({ TableName }));
    await expect(gone).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    const { Table } = await db.send(new DescribeTableCommand({ TableName }));
    expect(Table).not.toHaveProperty('Replicas');
    expect(Table).not.toHaveProperty('GlobalTableVersion');
    expect(Table?.StreamSpecification?.StreamEnabled).toBe(true);
    await db.send(new DeleteTableCommand({ TableName }));
  });

  // ack-api-quirks dynamodb, DDB-TABLE-203, 223, 224, 257
  test.each([
    [
      [{ Create: { RegionName: 'us-east-1' } }],
      {},
      'Cannot add or delete the local region through ReplicaUpdates. Use CreateTable, DeleteTable, or UpdateTable as required.',
    ],
    [
      [{ Delete: { RegionName: 'eu-west-1' } }],
      {},
      'Update global table operation failed because one or more replicas were not part of the global table. Please retry the request without these replicas: [eu-west-1].',
    ],
    [
      [{ Update: { RegionName: 'eu-west-1' } }],
      {},
      'There are no actions specified in the Replica Update Action of the request.',
    ],
    [
      [{ Create: { RegionName: 'eu-west-1' } }, { Create: { RegionName: 'ap-south-1' } }],
      {},
      'Update table operation with more than one create or delete replica actions not allowed',
    ],
    [
      [{ Create: { RegionName: 'eu-west-1' } }],
      { DeletionProtectionEnabled: true },
      'One or more parameter values were invalid: Replica modification must be the only operation in the request',
    ],
    [
      [{ Create: { RegionName: 'eu-west-1' } }],
      { MultiRegionConsistency: 'STRONG' },
      'Unsupported replica count for global tables with MultiRegionConsistency set to STRONG.',
    ],
    [
      [{ Create: { RegionName: 'eu-west-1' } }],
      { GlobalTableWitnessUpdates: [{ Create: { RegionName: 'us-east-2' } }] },
      'MultiRegionConsistency must be set as STRONG when GlobalTableWitnessUpdates parameter is present.',
    ],
  ])('refuses %j with %j', async (updates, more, message) => {
    const TableName = 'Refusing';
    await makeTable(TableName).catch(() => undefined);
    const refused = update(TableName, updates, more as Partial<UpdateTableCommandInput>);
    await expect(refused).rejects.toMatchObject({ name: 'ValidationException', message });
  });
});

describe('strong consistency', () => {
  test('has a write in all regions before it is acknowledged, and is made and ended at once', async () => {
    const TableName = 'Strong';
    await makeTable(TableName);
    const creates = [{ Create: { RegionName: 'eu-west-1' } }, { Create: { RegionName: 'ap-south-1' } }];
    await update(TableName, creates, { MultiRegionConsistency: 'STRONG' });
    await cloud.settle();
    await put('eu-west-1', TableName, 'a', '1');
    for (const region of REGIONS) expect(await contents(region, TableName)).toEqual({ a: '1' });
    const conditional = new PutItemCommand({
      TableName,
      Item: { pk: { S: 'a' }, v: { S: '2' } },
      ConditionExpression: 'attribute_not_exists(pk)',
    });
    await expect(clients['ap-south-1'].send(conditional)).rejects.toMatchObject({
      name: 'ConditionalCheckFailedException',
    });
    const { Table } = await db.send(new DescribeTableCommand({ TableName }));
    expect(Table?.MultiRegionConsistency).toBe('STRONG');
    await expect(update(TableName, [{ Delete: { RegionName: 'eu-west-1' } }])).rejects.toMatchObject({
      message:
        'Deletion of only one table replica is not supported for global tables with MultiRegionConsistency set to STRONG.',
    });
    const deletes = REGIONS.slice(1).map((RegionName) => ({ Delete: { RegionName } }));
    await update(TableName, deletes);
    await cloud.settle();
    const Key = { pk: { S: 'a' } };
    expect((await db.send(new GetItemCommand({ TableName, Key }))).Item).toBeDefined();
    const { Table: after } = await db.send(new DescribeTableCommand({ TableName }));
    expect(after).not.toHaveProperty('MultiRegionConsistency');
  });

  test('may have a witness in the place of a third table', async () => {
    const TableName = 'Witnessed';
    await makeTable(TableName);
    await update(TableName, [{ Create: { RegionName: 'eu-west-1' } }], {
      MultiRegionConsistency: 'STRONG',
      GlobalTableWitnessUpdates: [{ Create: { RegionName: 'us-east-2' } }],
    });
    await cloud.settle();
    const { Table } = await db.send(new DescribeTableCommand({ TableName }));
    expect(Table?.GlobalTableWitnesses).toEqual([
      { RegionName: 'us-east-2', WitnessStatus: 'ACTIVE' },
    ]);
    const alone = update(TableName, [{ Delete: { RegionName: 'eu-west-1' } }]);
    await expect(alone).rejects.toMatchObject({
      message: 'Update table delete operation does not include all witnesses.',
    });
  });
});

// ack-api-quirks dynamodb 2026-10, DDB-GLOBALTABLE-002, DDB-TABLE-187
test('of the version of 2017 there are none, and none can be made', async () => {
  const create = new CreateGlobalTableCommand({
    GlobalTableName: 'World',
    ReplicationGroup: [{ RegionName: 'us-east-1' }],
  });
  await expect(db.send(create)).rejects.toMatchObject({
    name: 'ValidationException',
    message:
      'One or more parameter values were invalid: DynamoDB global tables version 2017.11.29 is not supported. We recommend using DynamoDB global tables version 2019.11.21, instead of version 2017.11.29 (Legacy).',
  });
  const legacy = new DescribeGlobalTableCommand({ GlobalTableName: 'World' });
  await expect(db.send(legacy)).rejects.toMatchObject({ name: 'GlobalTableNotFoundException' });
  expect((await db.send(new ListGlobalTablesCommand({}))).GlobalTables).toEqual([]);
  const scaling = await db.send(new DescribeTableReplicaAutoScalingCommand({ TableName: 'World' }));
  expect(scaling.TableAutoScalingDescription?.Replicas?.map((r) => r.RegionName)).toEqual([
    'eu-west-1',
    'us-east-1',
  ]);
  await expect(
    db.send(new DescribeTableReplicaAutoScalingCommand({ TableName: 'nowhere' })),
  ).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: "Global table with name: 'nowhere' does not exist.",
  });
});
