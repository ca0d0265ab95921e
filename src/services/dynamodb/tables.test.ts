// Tables through the SDK: creation, description, updates, tags, time to live.
import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeEndpointsCommand,
  DescribeLimitsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  ListTagsOfResourceCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateContinuousBackupsCommand,
  UpdateItemCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
  waitUntilTableNotExists,
  type CreateTableCommandInput,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCloud, type TestCloud } from '../../testing/create-cloud.ts';

let cloud: TestCloud;
let db: DynamoDBClient;

beforeAll(async () => {
  cloud = await createCloud({ startTime: new Date('2026-01-01T00:00:00Z') });
  db = cloud.client(DynamoDBClient);
});
afterAll(() => cloud.close());

const ARN = 'arn:aws:dynamodb:us-east-1:000000000000:table/';

function simple(TableName: string): CreateTableCommandInput {
  return {
    TableName,
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
  };
}

describe('CreateTable', () => {
  test('answers CREATING, then describes an active table', async () => {
    const { TableDescription } = await db.send(
      new CreateTableCommand({
        TableName: 'Forum',
        AttributeDefinitions: [
          { AttributeName: 'pk', AttributeType: 'S' },
          { AttributeName: 'sk', AttributeType: 'N' },
          { AttributeName: 'g', AttributeType: 'B' },
        ],
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 6 },
        GlobalSecondaryIndexes: [
          {
            IndexName: 'by-g',
            KeySchema: [{ AttributeName: 'g', KeyType: 'HASH' }],
            Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['title'] },
            ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 2 },
          },
        ],
        DeletionProtectionEnabled: true,
        TableClass: 'STANDARD_INFREQUENT_ACCESS',
        Tags: [{ Key: 'team', Value: 'red' }],
      }),
    );
    expect(TableDescription).toMatchObject({
      TableStatus: 'CREATING',
      TableArn: `${ARN}Forum`,
      ItemCount: 0,
      ProvisionedThroughput: {
        ReadCapacityUnits: 5,
        WriteCapacityUnits: 6,
        NumberOfDecreasesToday: 0,
      },
    });
    expect(TableDescription?.GlobalSecondaryIndexes?.[0]?.IndexStatus).toBe('CREATING');
    await waitUntilTableExists({ client: db, maxWaitTime: 60 }, { TableName: 'Forum' });
    const { Table } = await db.send(new DescribeTableCommand({ TableName: 'Forum' }));
    expect(Table).toMatchObject({
      TableStatus: 'ACTIVE',
      CreationDateTime: new Date('2026-01-01T00:00:00Z'),
      TableId: TableDescription?.TableId,
      DeletionProtectionEnabled: true,
      TableClassSummary: { TableClass: 'STANDARD_INFREQUENT_ACCESS' },
      WarmThroughput: { ReadUnitsPerSecond: 5, WriteUnitsPerSecond: 6, Status: 'ACTIVE' },
      GlobalSecondaryIndexes: [
        {
          IndexName: 'by-g',
          IndexArn: `${ARN}Forum/index/by-g`,
          IndexStatus: 'ACTIVE',
          KeySchema: [{ AttributeName: 'g', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['title'] },
          ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 2 },
        },
      ],
    });
    expect(Table?.BillingModeSummary).toBeUndefined();
    // An ARN serves as well as the name.
    const byArn = await db.send(new DescribeTableCommand({ TableName: `${ARN}Forum` }));
    expect(byArn.Table?.TableName).toBe('Forum');
  });

  test('a name in use is refused, in another account or region it is free', async () => {
    await db.send(new CreateTableCommand(simple('taken')));
    await expect(db.send(new CreateTableCommand(simple('taken')))).rejects.toMatchObject({
      name: 'ResourceInUseException',
      message: 'Table already exists: taken',
    });
    const elsewhere = cloud.client(DynamoDBClient, { region: 'eu-west-1' });
    await elsewhere.send(new CreateTableCommand(simple('taken')));
    const other = cloud.client(DynamoDBClient, { account: '111122223333' });
    const { TableDescription } = await other.send(new CreateTableCommand(simple('taken')));
    expect(TableDescription?.TableArn).toBe('arn:aws:dynamodb:us-east-1:111122223333:table/taken');
  });

  const gsi = (over: object = {}): object => ({
    IndexName: 'idx',
    KeySchema: [{ AttributeName: 'g', KeyType: 'HASH' }],
    Projection: { ProjectionType: 'ALL' },
    ...over,
  });
  const g = { AttributeName: 'g', AttributeType: 'S' };
  const pk = { AttributeName: 'pk', AttributeType: 'S' };
  const invalid = 'One or more parameter values were invalid: ';

  // Sources: dynalite test/createTable.js; moto; nubo-db/dynamodb-conformance.
  test.each<[string, object, string]>([
    [
      'a short name',
      { TableName: 'ab' },
      "1 validation error detected: Value 'ab' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 3",
    ],
    [
      'a name with other characters',
      { TableName: 'bad name' },
      "1 validation error detected: Value 'bad name' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
    ],
    [
      'provisioned without capacity',
      { BillingMode: undefined },
      `${invalid}ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED`,
    ],
    [
      'capacity on demand',
      { ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 } },
      `${invalid}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST`,
    ],
    [
      'a key that is not defined',
      { AttributeDefinitions: [{ AttributeName: 'x', AttributeType: 'S' }] },
      `${invalid}Some index key attributes are not defined in AttributeDefinitions. Keys: [pk], AttributeDefinitions: [x]`,
    ],
    [
      'a definition too many',
      { AttributeDefinitions: [pk, g] },
      `${invalid}Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions`,
    ],
    [
      'the same attribute twice',
      {
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'pk', KeyType: 'RANGE' },
        ],
      },
      'Invalid KeySchema: Some index key attribute have no definition',
    ],
    [
      'a range key alone',
      { KeySchema: [{ AttributeName: 'pk', KeyType: 'RANGE' }] },
      'Invalid KeySchema: The first KeySchemaElement is not a HASH key type',
    ],
    [
      'three key attributes',
      {
        AttributeDefinitions: [pk, g],
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'g', KeyType: 'RANGE' },
          { AttributeName: 'h', KeyType: 'RANGE' },
        ],
      },
      "1 validation error detected: Value '[KeySchemaElement(attributeName=pk, keyType=HASH), KeySchemaElement(attributeName=g, keyType=RANGE), KeySchemaElement(attributeName=h, keyType=RANGE)]' at 'keySchema' failed to satisfy constraint: Member must have length less than or equal to 2",
    ],
    [
      'no global indexes at all',
      { GlobalSecondaryIndexes: [] },
      `${invalid}List of GlobalSecondaryIndexes is empty`,
    ],
    [
      'an index on nothing defined',
      { GlobalSecondaryIndexes: [gsi()] },
      `${invalid}Some index key attributes are not defined in AttributeDefinitions. Keys: [g], AttributeDefinitions: [pk]`,
    ],
    [
      'an index name twice',
      { AttributeDefinitions: [pk, g], GlobalSecondaryIndexes: [gsi(), gsi()] },
      `${invalid}Duplicate index name: idx`,
    ],
    [
      'an index without projection type',
      { AttributeDefinitions: [pk, g], GlobalSecondaryIndexes: [gsi({ Projection: {} })] },
      `${invalid}Unknown ProjectionType: null`,
    ],
    [
      'attributes for KEYS_ONLY',
      {
        AttributeDefinitions: [pk, g],
        GlobalSecondaryIndexes: [
          gsi({ Projection: { ProjectionType: 'KEYS_ONLY', NonKeyAttributes: ['x'] } }),
        ],
      },
      `${invalid}ProjectionType is KEYS_ONLY, but NonKeyAttributes is specified`,
    ],
    [
      'a definition no index uses',
      {
        AttributeDefinitions: [pk, g, { AttributeName: 'h', AttributeType: 'S' }],
        GlobalSecondaryIndexes: [gsi()],
      },
      `${invalid}Some AttributeDefinitions are not used. AttributeDefinitions: [g, h, pk], keys used: [g, pk]`,
    ],
    [
      'a local index without range key',
      {
        AttributeDefinitions: [pk, g],
        LocalSecondaryIndexes: [
          gsi({
            KeySchema: [
              { AttributeName: 'pk', KeyType: 'HASH' },
              { AttributeName: 'g', KeyType: 'RANGE' },
            ],
          }),
        ],
      },
      `${invalid}Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex`,
    ],
  ])('%s is refused', async (_, over, message) => {
    const input: CreateTableCommandInput = { ...simple('refused'), ...over };
    await expect(db.send(new CreateTableCommand(input))).rejects.toMatchObject({
      name: 'ValidationException',
      message,
    });
  });

  test('what is not there yet is refused, not ignored', async () => {
    const GlobalTableSourceArn = 'arn:aws:dynamodb:us-east-1:000000000000:table/source';
    await expect(
      db.send(new CreateTableCommand({ ...simple('replica'), GlobalTableSourceArn })),
    ).rejects.toMatchObject({ name: 'NotImplemented', $metadata: { httpStatusCode: 501 } });
    await expect(db.send(new DescribeTableCommand({ TableName: 'replica' }))).rejects.toThrow();
  });

  // nubo-db/dynamodb-conformance, measured against AWS.
  test('a table without a name is refused in the words of the service', async () => {
    const nameless = { ...simple('nameless'), TableName: undefined };
    await expect(db.send(new CreateTableCommand(nameless))).rejects.toMatchObject({
      name: 'ValidationException',
      message: "The parameter 'TableName' is required but was not present in the request",
    });
  });
});

describe('DeleteTable', () => {
  test('removes the table with its items; the name is free at once', async () => {
    await db.send(new CreateTableCommand(simple('mortal')));
    await db.send(new PutItemCommand({ TableName: 'mortal', Item: { pk: { S: 'a' } } }));
    const { TableDescription } = await db.send(new DeleteTableCommand({ TableName: 'mortal' }));
    expect(TableDescription?.TableStatus).toBe('DELETING');
    await waitUntilTableNotExists({ client: db, maxWaitTime: 60 }, { TableName: 'mortal' });
    await db.send(new CreateTableCommand(simple('mortal')));
    const { Count } = await db.send(new ScanCommand({ TableName: 'mortal' }));
    expect(Count).toBe(0);
  });

  test('protected and unknown tables are refused', async () => {
    await db.send(
      new CreateTableCommand({ ...simple('protected'), DeletionProtectionEnabled: true }),
    );
    await expect(db.send(new DeleteTableCommand({ TableName: 'protected' }))).rejects.toMatchObject(
      {
        name: 'ValidationException',
        message: `Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first. Resource: ${ARN}protected`,
      },
    );
    await db.send(
      new UpdateTableCommand({ TableName: 'protected', DeletionProtectionEnabled: false }),
    );
    await db.send(new DeleteTableCommand({ TableName: 'protected' }));
    await expect(db.send(new DeleteTableCommand({ TableName: 'protected' }))).rejects.toMatchObject(
      {
        name: 'ResourceNotFoundException',
        message: 'Requested resource not found: Table: protected not found',
      },
    );
  });
});

test('ListTables pages through names in order', async () => {
  const own = cloud.client(DynamoDBClient, { account: '222222222222' });
  for (const name of ['ccc', 'aaa', 'bbb']) await own.send(new CreateTableCommand(simple(name)));
  const first = await own.send(new ListTablesCommand({ Limit: 2 }));
  expect(first).toMatchObject({ TableNames: ['aaa', 'bbb'], LastEvaluatedTableName: 'bbb' });
  const rest = await own.send(
    new ListTablesCommand({ Limit: 2, ExclusiveStartTableName: first.LastEvaluatedTableName }),
  );
  expect(rest.TableNames).toEqual(['ccc']);
  expect(rest.LastEvaluatedTableName).toBeUndefined();
});

describe('UpdateTable', () => {
  test('switches billing and tells when', async () => {
    await db.send(new CreateTableCommand(simple('billed')));
    const ProvisionedThroughput = { ReadCapacityUnits: 3, WriteCapacityUnits: 4 };
    await expect(
      db.send(new UpdateTableCommand({ TableName: 'billed', ProvisionedThroughput })),
    ).rejects.toThrow('Neither ReadCapacityUnits nor WriteCapacityUnits can be specified');
    const { TableDescription } = await db.send(
      new UpdateTableCommand({
        TableName: 'billed',
        BillingMode: 'PROVISIONED',
        ProvisionedThroughput,
      }),
    );
    expect(TableDescription?.TableStatus).toBe('UPDATING');
    await expect(
      db.send(new UpdateTableCommand({ TableName: 'billed', ProvisionedThroughput })),
    ).rejects.toThrow(/^The provisioned throughput for the table will not change\./);
    await db.send(
      new UpdateTableCommand({
        TableName: 'billed',
        ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 9 },
      }),
    );
    const { Table } = await db.send(new DescribeTableCommand({ TableName: 'billed' }));
    expect(Table).toMatchObject({
      TableStatus: 'ACTIVE',
      BillingModeSummary: { BillingMode: 'PROVISIONED' },
      ProvisionedThroughput: {
        ReadCapacityUnits: 1,
        WriteCapacityUnits: 9,
        NumberOfDecreasesToday: 1,
      },
    });
  });

  test('adds an index to a table with items, and takes it away', async () => {
    await db.send(new CreateTableCommand(simple('growing')));
    for (let i = 0; i < 450; i++) {
      const Item = { pk: { S: `i${i}` }, ...(i % 3 === 0 ? { g: { N: String(i % 9) } } : {}) };
      await db.send(new PutItemCommand({ TableName: 'growing', Item }));
    }
    const create = new UpdateTableCommand({
      TableName: 'growing',
      AttributeDefinitions: [{ AttributeName: 'g', AttributeType: 'N' }],
      GlobalSecondaryIndexUpdates: [
        {
          Create: {
            IndexName: 'by-g',
            KeySchema: [{ AttributeName: 'g', KeyType: 'HASH' }],
            Projection: { ProjectionType: 'KEYS_ONLY' },
          },
        },
      ],
    });
    const { TableDescription } = await db.send(create);
    expect(TableDescription?.GlobalSecondaryIndexes?.[0]).toMatchObject({
      IndexStatus: 'CREATING',
      Backfilling: true,
    });
    await cloud.settle();
    const { Table } = await db.send(new DescribeTableCommand({ TableName: 'growing' }));
    expect(Table?.ItemCount).toBe(450);
    expect(Table?.GlobalSecondaryIndexes?.[0]).toMatchObject({
      IndexStatus: 'ACTIVE',
      ItemCount: 150,
    });
    expect(Table?.AttributeDefinitions).toHaveLength(2);
    const query = new QueryCommand({
      TableName: 'growing',
      IndexName: 'by-g',
      KeyConditionExpression: 'g = :g',
      ExpressionAttributeValues: { ':g': { N: '3' } },
    });
    expect((await db.send(query)).Count).toBe(50);
    await expect(db.send(create)).rejects.toThrow(
      'Attempting to create an index which already exists',
    );
    await db.send(
      new UpdateTableCommand({
        TableName: 'growing',
        GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'by-g' } }],
      }),
    );
    await expect(db.send(query)).rejects.toThrow(
      'The table does not have the specified index: by-g',
    );
    const after = await db.send(new DescribeTableCommand({ TableName: 'growing' }));
    expect(after.Table?.GlobalSecondaryIndexes).toBeUndefined();
    expect(after.Table?.AttributeDefinitions).toHaveLength(1);
  });

  test('refuses what makes no sense', async () => {
    await db.send(new CreateTableCommand(simple('steady')));
    const update = (over: object): Promise<unknown> =>
      db.send(new UpdateTableCommand({ TableName: 'steady', ...over }));
    await expect(update({})).rejects.toThrow(/^At least one of ProvisionedThroughput, BillingMode/);
    await expect(
      update({ GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'none' } }] }),
    ).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Requested resource not found',
    });
    await expect(update({ GlobalSecondaryIndexUpdates: [{}] })).rejects.toThrow(
      'One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null',
    );
  });
});

test('tags are kept with the table', async () => {
  await db.send(new CreateTableCommand({ ...simple('tagged'), Tags: [{ Key: 'a', Value: '1' }] }));
  const ResourceArn = `${ARN}tagged`;
  const Tags = [
    { Key: 'a', Value: '2' },
    { Key: 'b', Value: '' },
  ];
  await db.send(new TagResourceCommand({ ResourceArn, Tags }));
  const tagged = await db.send(new ListTagsOfResourceCommand({ ResourceArn }));
  expect(tagged.Tags).toEqual(Tags);
  await db.send(new UntagResourceCommand({ ResourceArn, TagKeys: ['a', 'zzz'] }));
  const untagged = await db.send(new ListTagsOfResourceCommand({ ResourceArn }));
  expect(untagged.Tags).toEqual([{ Key: 'b', Value: '' }]);
  await expect(
    db.send(new ListTagsOfResourceCommand({ ResourceArn: `${ARN}nowhere` })),
  ).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: `Requested resource not found: ResourcArn: ${ARN}nowhere not found`,
  });
});

describe('time to live', () => {
  const nowSec = (): number => Math.floor(cloud.clock.now().getTime() / 1000);
  const put = (TableName: string, id: string, ttl: object): Promise<unknown> =>
    db.send(new PutItemCommand({ TableName, Item: { pk: { S: id }, ttl: ttl as { N: string } } }));
  const ids = async (TableName: string): Promise<string[]> => {
    const { Items = [] } = await db.send(new ScanCommand({ TableName }));
    return Items.map((item) => item['pk']?.S ?? '').toSorted();
  };
  const setTtl = (TableName: string, Enabled: boolean, AttributeName = 'ttl'): Promise<unknown> =>
    db.send(
      new UpdateTimeToLiveCommand({
        TableName,
        TimeToLiveSpecification: { Enabled, AttributeName },
      }),
    );

  test('removes items when their second has come, those put before it was enabled too', async () => {
    await db.send(new CreateTableCommand(simple('sessions')));
    await put('sessions', 'early', { N: String(nowSec() + 100) });
    await setTtl('sessions', true);
    await put('sessions', 'late', { N: String(nowSec() + 200) });
    await put('sessions', 'never', { S: String(nowSec() + 50) });
    await put('sessions', 'ancient', { N: String(nowSec() - 6 * 365 * 86_400) });
    await put('sessions', 'moved', { N: String(nowSec() + 90) });
    await put('sessions', 'moved', { N: String(nowSec() + 300) });
    await cloud.settle();
    await cloud.clock.advance('99s');
    expect(await ids('sessions')).toEqual(['ancient', 'early', 'late', 'moved', 'never']);
    await cloud.clock.advance('1s');
    expect(await ids('sessions')).toEqual(['ancient', 'late', 'moved', 'never']);
    await cloud.clock.advance('100s');
    expect(await ids('sessions')).toEqual(['ancient', 'moved', 'never']);
    await db.send(
      new UpdateItemCommand({
        TableName: 'sessions',
        Key: { pk: { S: 'moved' } },
        UpdateExpression: 'REMOVE #t',
        ExpressionAttributeNames: { '#t': 'ttl' },
      }),
    );
    await cloud.clock.advance('1h');
    expect(await ids('sessions')).toEqual(['ancient', 'moved', 'never']);
  });

  test('an item that has expired already goes at once; none goes once it is disabled', async () => {
    await db.send(new CreateTableCommand(simple('short')));
    await setTtl('short', true);
    await put('short', 'past', { N: String(nowSec() - 10) });
    await put('short', 'soon', { N: String(nowSec() + 10) });
    await cloud.settle();
    expect(await ids('short')).toEqual(['soon']);
    await setTtl('short', false);
    await cloud.clock.advance('1m');
    expect(await ids('short')).toEqual(['soon']);
    await setTtl('short', true);
    await cloud.settle();
    expect(await ids('short')).toEqual([]);
  });

  test('switching it off and on again in one instant loses no expiry', async () => {
    await db.send(new CreateTableCommand(simple('flicker')));
    await setTtl('flicker', true);
    await put('flicker', 'soon', { N: String(nowSec() + 10) });
    await setTtl('flicker', false);
    await setTtl('flicker', true);
    await cloud.settle();
    await cloud.clock.advance('10s');
    expect(await ids('flicker')).toEqual([]);
  });

  test('the setting is described, and repeated or confused changes are refused', async () => {
    await db.send(new CreateTableCommand(simple('set-once')));
    const describeTtl = new DescribeTimeToLiveCommand({ TableName: 'set-once' });
    expect((await db.send(describeTtl)).TimeToLiveDescription).toEqual({
      TimeToLiveStatus: 'DISABLED',
    });
    await expect(setTtl('set-once', false)).rejects.toThrow('TimeToLive is already disabled');
    await setTtl('set-once', true);
    expect((await db.send(describeTtl)).TimeToLiveDescription).toEqual({
      TimeToLiveStatus: 'ENABLED',
      AttributeName: 'ttl',
    });
    await expect(setTtl('set-once', true)).rejects.toThrow('TimeToLive is already enabled');
    await expect(setTtl('set-once', true, 'other')).rejects.toThrow(
      'TimeToLive is active on a different AttributeName: current AttributeName is ttl',
    );
  });
});

test('what Terraform and the SDKs ask besides', async () => {
  await db.send(new CreateTableCommand(simple('asked')));
  const backups = await db.send(new DescribeContinuousBackupsCommand({ TableName: 'asked' }));
  expect(backups.ContinuousBackupsDescription).toEqual({
    ContinuousBackupsStatus: 'ENABLED',
    PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'DISABLED' },
  });
  const recovery = (PointInTimeRecoveryEnabled: boolean): Promise<unknown> =>
    db.send(
      new UpdateContinuousBackupsCommand({
        TableName: 'asked',
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled },
      }),
    );
  expect(await recovery(false)).toMatchObject({
    ContinuousBackupsDescription: backups.ContinuousBackupsDescription,
  });
  const limits = await db.send(new DescribeLimitsCommand({}));
  expect(limits).toMatchObject({
    AccountMaxReadCapacityUnits: 80_000,
    TableMaxWriteCapacityUnits: 40_000,
  });
  const { Endpoints } = await db.send(new DescribeEndpointsCommand({}));
  expect(`http://${Endpoints?.[0]?.Address}`).toBe(cloud.endpoint);
  await expect(
    db.send(new GetItemCommand({ TableName: 'nowhere', Key: { pk: { S: 'a' } } })),
  ).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: 'Requested resource not found',
  });
});
