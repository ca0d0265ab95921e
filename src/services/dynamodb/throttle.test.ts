// Capacity that runs out and reads that lag, in clouds that are asked for them.
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateTableCommand,
  type CreateTableCommandInput,
} from '@aws-sdk/client-dynamodb';
import { describe, expect, test } from 'vitest';
import type { ServiceSettings } from '../../kernel/settings.ts';
import { createCloud, type TestCloud } from '../../testing/create-cloud.ts';

interface Made {
  readonly cloud: TestCloud;
  readonly db: DynamoDBClient;
}

async function make(settings: ServiceSettings, table: Partial<CreateTableCommandInput>): Promise<Made> {
  const cloud = await createCloud({ seed: 5, settings });
  const db = cloud.client(DynamoDBClient);
  await db.send(
    new CreateTableCommand({
      TableName: 'tab',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      ...table,
    }),
  );
  return { cloud, db };
}

const units = (ReadCapacityUnits: number, WriteCapacityUnits: number): object => ({
  ProvisionedThroughput: { ReadCapacityUnits, WriteCapacityUnits },
});
const putOf = (pk: string, more: object = {}): PutItemCommand =>
  new PutItemCommand({ TableName: 'tab', Item: { pk: { S: pk }, ...more } });

/** Writes until a write is refused; how many were not. */
async function writeUntilRefused(db: DynamoDBClient, more: object = {}): Promise<[number, unknown]> {
  for (let i = 0; i < 2000; i++) {
    try {
      await db.send(putOf(`k${i}`, more));
    } catch (error) {
      return [i, error];
    }
  }
  return [2000, undefined];
}

describe('throttling', () => {
  const settings = { dynamodb: { throttles: true } };

  // AWS developer guide, "Burst capacity": up to five minutes of unused capacity.
  test('a table serves its burst at once, then what time brings', async () => {
    const { cloud, db } = await make(settings, units(1, 1));
    const [served, error] = await writeUntilRefused(db);
    expect(served).toBe(300);
    expect(error).toMatchObject({
      name: 'ProvisionedThroughputExceededException',
      message:
        'The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API.',
      ThrottlingReasons: [{ reason: 'TableWriteProvisionedThroughputExceeded' }],
    });
    await cloud.clock.advance('3s');
    expect((await writeUntilRefused(db))[0]).toBe(3);
    const get = new GetItemCommand({ TableName: 'tab', Key: { pk: { S: 'k0' } } });
    for (let i = 0; i < 600; i++) await db.send(get);
    await expect(db.send(get)).rejects.toMatchObject({
      name: 'ProvisionedThroughputExceededException',
      ThrottlingReasons: [{ reason: 'TableReadProvisionedThroughputExceeded' }],
    });
    await db.send(new UpdateTableCommand({ TableName: 'tab', ...units(5, 5) }));
    await db.send(get);
    await cloud.close();
  });

  test('a global index that runs out refuses the writes of its table', async () => {
    const { cloud, db } = await make(settings, {
      ...units(100, 100),
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'g', AttributeType: 'S' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'by-g',
          KeySchema: [{ AttributeName: 'g', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'ALL' },
          ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 },
        },
      ],
    });
    const [served, error] = await writeUntilRefused(db, { g: { S: 'x' } });
    expect(served).toBe(300);
    expect(error).toMatchObject({
      name: 'ProvisionedThroughputExceededException',
      ThrottlingReasons: [{ reason: 'IndexWriteProvisionedThroughputExceeded' }],
    });
    await db.send(putOf('sparse'));
    await cloud.close();
  });

  test('batches do what they can and hand back the rest', async () => {
    const { cloud, db } = await make(settings, units(1, 1));
    for (let i = 0; i < 290; i++) await db.send(putOf(`k${i}`));
    const requests = Array.from({ length: 25 }, (_, i) => ({
      PutRequest: { Item: { pk: { S: `b${i}` } } },
    }));
    const batch = new BatchWriteItemCommand({ RequestItems: { tab: requests } });
    const { UnprocessedItems } = await db.send(batch);
    expect(UnprocessedItems?.['tab']).toEqual(requests.slice(10));
    await expect(db.send(batch)).rejects.toMatchObject({
      name: 'ProvisionedThroughputExceededException',
    });
    const Keys = Array.from({ length: 100 }, (_, i) => ({ pk: { S: `k${i}` } }));
    const gets = new BatchGetItemCommand({ RequestItems: { tab: { Keys, ConsistentRead: true } } });
    for (let i = 0; i < 2; i++) await db.send(gets);
    const scan = new ScanCommand({ TableName: 'tab', ConsistentRead: true });
    for (let i = 0; i < 20; i++) await db.send(scan);
    const { UnprocessedKeys, Responses } = await db.send(gets);
    const read = Responses?.['tab']?.length ?? 0;
    expect(read).toBeGreaterThan(0);
    expect(UnprocessedKeys?.['tab']?.Keys).toEqual(Keys.slice(read));
    await cloud.close();
  });

  test('tables on demand have the limits they were given, and no others', async () => {
    const { cloud, db } = await make(settings, {
      BillingMode: 'PAY_PER_REQUEST',
      OnDemandThroughput: { MaxWriteRequestUnits: 1 },
    });
    const [served, error] = await writeUntilRefused(db);
    expect(served).toBe(300);
    expect(error).toMatchObject({
      name: 'ThrottlingException',
      message: 'Throughput exceeds the maximum OnDemandThroughput configured on table or index',
    });
    await cloud.close();
  });

  test('nothing is throttled in a cloud that was not asked to', async () => {
    const { cloud, db } = await make({}, units(1, 1));
    expect((await writeUntilRefused(db))[0]).toBe(2000);
    await cloud.close();
  });
});

describe('reads that lag', () => {
  const settings = { dynamodb: { readLagMs: 1000 } };
  const table = {
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'g', AttributeType: 'S' },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'by-g',
        KeySchema: [{ AttributeName: 'g', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
  } as const satisfies object;

  async function read(db: DynamoDBClient, ConsistentRead: boolean): Promise<string | undefined> {
    const get = new GetItemCommand({ TableName: 'tab', Key: { pk: { S: 'a' } }, ConsistentRead });
    return (await db.send(get)).Item?.['v']?.S;
  }

  test('see an earlier state for a while, never another one, unless they ask for consistency', async () => {
    const { cloud, db } = await make(settings, table as unknown as Partial<CreateTableCommandInput>);
    await db.send(putOf('a', { v: { S: 'old' } }));
    await cloud.clock.advance('5s');
    await db.send(putOf('a', { v: { S: 'new' } }));
    await cloud.clock.advance(500);
    const seen = new Set<string>();
    for (let i = 0; i < 40; i++) {
      seen.add((await read(db, false)) ?? '');
      expect(await read(db, true)).toBe('new');
    }
    expect([...seen].toSorted()).toEqual(['new', 'old']);
    await cloud.clock.advance('1s');
    for (let i = 0; i < 20; i++) expect(await read(db, false)).toBe('new');
    await cloud.close();
  });

  test('of tables and of indexes show whole earlier states', async () => {
    const { cloud, db } = await make(settings, table as unknown as Partial<CreateTableCommandInput>);
    for (const pk of ['a', 'b', 'c']) await db.send(putOf(pk, { g: { S: 'one' } }));
    await cloud.clock.advance('5s');
    await db.send(putOf('b', { g: { S: 'two' } }));
    await db.send(putOf('d', { g: { S: 'one' } }));
    await cloud.clock.advance(500);
    const query = new QueryCommand({
      TableName: 'tab',
      IndexName: 'by-g',
      KeyConditionExpression: 'g = :g',
      ExpressionAttributeValues: { ':g': { S: 'one' } },
    });
    const states = new Set<string>();
    const scans = new Set<string>();
    for (let i = 0; i < 40; i++) {
      const { Items = [] } = await db.send(query);
      states.add(Items.map((item) => item['pk']?.S ?? '').toSorted().join(''));
      const all = await db.send(new ScanCommand({ TableName: 'tab', Limit: 10 }));
      scans.add((all.Items ?? []).map((item) => item['pk']?.S ?? '').toSorted().join(''));
    }
    expect([...states].toSorted()).toEqual(['abc', 'acd']);
    expect([...scans].toSorted()).toEqual(['abc', 'abcd']);
    const consistent = await db.send(new ScanCommand({ TableName: 'tab', ConsistentRead: true }));
    expect(consistent.Count).toBe(4);
    await cloud.close();
  });
});
