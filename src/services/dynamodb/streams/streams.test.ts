// Streams from end to end: what is recorded, in which order, for how long, and who may read from where.
import * as D from '@aws-sdk/client-dynamodb';
import * as S from '@aws-sdk/client-dynamodb-streams';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCloud, type TestCloud } from '../../../testing/create-cloud.ts';

let cloud: TestCloud;
let db: D.DynamoDBClient;
let streams: S.DynamoDBStreamsClient;

beforeEach(async () => {
  cloud = await createCloud({ startTime: new Date('2026-03-01T12:00:00.750Z') });
  db = cloud.client(D.DynamoDBClient);
  streams = cloud.client(S.DynamoDBStreamsClient);
});
afterEach(() => cloud.close());

const TableName = 'items';
const key = (id: string): Record<string, D.AttributeValue> => ({ id: { S: id } });

async function createTable(
  viewType: D.StreamViewType | undefined,
  name = TableName,
): Promise<D.TableDescription> {
  const { TableDescription = {} } = await db.send(
    new D.CreateTableCommand({
      TableName: name,
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
      ...(viewType === undefined
        ? {}
        : { StreamSpecification: { StreamEnabled: true, StreamViewType: viewType } }),
    }),
  );
  return TableDescription;
}

async function put(item: Record<string, D.AttributeValue>): Promise<void> {
  await db.send(new D.PutItemCommand({ TableName, Item: item }));
}

async function remove(id: string): Promise<void> {
  await db.send(new D.DeleteItemCommand({ TableName, Key: key(id) }));
}

async function setStream(spec: D.StreamSpecification): Promise<D.TableDescription> {
  const input = { TableName, StreamSpecification: spec };
  return (await db.send(new D.UpdateTableCommand(input))).TableDescription ?? {};
}

async function latestArn(): Promise<string> {
  return (await db.send(new D.DescribeTableCommand({ TableName }))).Table?.LatestStreamArn ?? '';
}

async function describeStream(
  StreamArn: string,
  more: Partial<S.DescribeStreamCommandInput> = {},
): Promise<S.StreamDescription> {
  const command = new S.DescribeStreamCommand({ StreamArn, ...more });
  return (await streams.send(command)).StreamDescription ?? {};
}

async function iterator(
  StreamArn: string,
  more: Partial<S.GetShardIteratorCommandInput> = {},
): Promise<string> {
  const { Shards = [] } = await describeStream(StreamArn);
  const input = { StreamArn, ShardId: Shards.at(-1)?.ShardId, ...more };
  const command = new S.GetShardIteratorCommand({ ShardIteratorType: 'TRIM_HORIZON', ...input });
  return (await streams.send(command)).ShardIterator ?? '';
}

async function read(ShardIterator: string, Limit?: number): Promise<S.GetRecordsCommandOutput> {
  return streams.send(new S.GetRecordsCommand({ ShardIterator, Limit }));
}

/** All records of all shards, oldest shard first. */
async function readAll(arn: string): Promise<S._Record[]> {
  const found: S._Record[] = [];
  for (const { ShardId } of (await describeStream(arn)).Shards ?? []) {
    let next: string | undefined = await iterator(arn, { ShardId });
    while (next !== undefined) {
      const page: S.GetRecordsCommandOutput = await read(next);
      found.push(...(page.Records ?? []));
      next = page.Records?.length === 0 ? undefined : page.NextShardIterator;
    }
  }
  return found;
}

async function changes(arn: string): Promise<string[]> {
  return (await readAll(arn)).map(
    ({ eventName, dynamodb }) => `${eventName} ${dynamodb?.Keys?.['id']?.S}`,
  );
}

describe('enabling and disabling', () => {
  test('a new table shows its stream, and the stream its table', async () => {
    const table = await createTable('NEW_IMAGE');
    const arn = `${table.TableArn}/stream/2026-03-01T12:00:00.750`;
    expect(table).toMatchObject({
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
      LatestStreamLabel: '2026-03-01T12:00:00.750',
      LatestStreamArn: arn,
    });
    const { Shards, ...stream } = await describeStream(arn);
    expect(stream).toEqual({
      StreamArn: arn,
      StreamLabel: '2026-03-01T12:00:00.750',
      StreamStatus: 'ENABLED',
      StreamViewType: 'NEW_IMAGE',
      CreationRequestDateTime: new Date('2026-03-01T12:00:00.750Z'),
      TableName,
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    });
    expect(Shards).toEqual([
      {
        ShardId: expect.stringMatching(/^shardId-\d{20}-[0-9a-f]{8}$/),
        SequenceNumberRange: { StartingSequenceNumber: expect.stringMatching(/^\d{21,40}$/) },
      },
    ]);
  });

  // Messages as AWS words them: scylladb/scylladb#6939 and errors collected from the service.
  test.each<[string, D.StreamSpecification, string]>([
    [
      'enabled without a view type',
      { StreamEnabled: true },
      'One or more parameter values were invalid: Table is being created with a stream enabled, UpdateViewType is required',
    ],
    [
      'disabled with a view type',
      { StreamEnabled: false, StreamViewType: 'KEYS_ONLY' },
      'One or more parameter values were invalid: Table is being created with a stream disabled, UpdateViewType should not be specified',
    ],
  ])('a new table is refused a stream that is %s', async (_, StreamSpecification, message) => {
    const create = new D.CreateTableCommand({
      TableName,
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification,
    });
    await expect(db.send(create)).rejects.toMatchObject({ name: 'ValidationException', message });
  });

  test.each<[string, D.StreamViewType | undefined, D.StreamSpecification, string]>([
    [
      'on again',
      'NEW_IMAGE',
      { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' },
      'Table already has an enabled stream: TableName: items',
    ],
    [
      'off twice',
      undefined,
      { StreamEnabled: false },
      'Table has no stream to disable: TableName: items',
    ],
    [
      'on without a view type',
      undefined,
      { StreamEnabled: true },
      'One or more parameter values were invalid: If stream is being enabled then UpdateViewType is required',
    ],
    [
      'off with a view type',
      'NEW_IMAGE',
      { StreamEnabled: false, StreamViewType: 'NEW_IMAGE' },
      'One or more parameter values were invalid: If stream is being disabled, then UpdateViewType must not be specified',
    ],
  ])('a stream cannot be switched %s', async (_, before, spec, message) => {
    await createTable(before);
    await expect(setStream(spec)).rejects.toMatchObject({ name: 'ValidationException', message });
  });

  test('off and on again makes another stream; the first stays readable for a day', async () => {
    await createTable('KEYS_ONLY');
    const first = await latestArn();
    await put(key('a'));
    expect((await setStream({ StreamEnabled: false })).StreamSpecification).toBeUndefined();
    await put(key('unseen'));
    await setStream({ StreamEnabled: true, StreamViewType: 'NEW_IMAGE' });
    const second = await latestArn();
    expect(second).not.toBe(first);
    await put(key('b'));
    expect((await describeStream(first)).StreamStatus).toBe('DISABLED');
    expect(await changes(first)).toEqual(['INSERT a']);
    expect(await changes(second)).toEqual(['INSERT b']);
    await cloud.clock.advance('23h');
    expect((await describeStream(first)).StreamStatus).toBe('DISABLED');
    await cloud.clock.advance('61m');
    await expect(describeStream(first)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: `Requested resource not found: Stream: ${first} not found`,
    });
    expect((await describeStream(second)).StreamStatus).toBe('ENABLED');
  });

  test('the stream of a deleted table is read to its end, also beside a new table of the name', async () => {
    await createTable('NEW_AND_OLD_IMAGES');
    const arn = await latestArn();
    await put(key('a'));
    await db.send(new D.DeleteTableCommand({ TableName }));
    await createTable('KEYS_ONLY');
    expect(await latestArn()).not.toBe(arn);
    const page = await read(await iterator(arn));
    expect(page.Records).toHaveLength(1);
    expect(page.NextShardIterator).toBeUndefined();
    const { Streams } = await streams.send(new S.ListStreamsCommand({ TableName }));
    expect(Streams?.map(({ StreamArn }) => StreamArn)).toEqual([arn, await latestArn()]);
  });

  test('streams are listed in pages', async () => {
    for (const name of ['one', 'three', 'two']) await createTable('KEYS_ONLY', name);
    await createTable(undefined, 'without');
    const page = await streams.send(new S.ListStreamsCommand({ Limit: 2 }));
    expect(page.Streams?.map((each) => each.TableName)).toEqual(['one', 'three']);
    const ExclusiveStartStreamArn = page.LastEvaluatedStreamArn;
    const rest = await streams.send(new S.ListStreamsCommand({ ExclusiveStartStreamArn }));
    expect(rest.Streams?.map((each) => each.TableName)).toEqual(['two']);
    expect(rest.LastEvaluatedStreamArn).toBeUndefined();
  });
});

describe('records', () => {
  // The sizes of developer guide, "DynamoDB Streams record", whose examples have these items.
  test('tell a change as the developer guide prints it', async () => {
    await db.send(
      new D.CreateTableCommand({
        TableName,
        AttributeDefinitions: [{ AttributeName: 'Id', AttributeType: 'N' }],
        KeySchema: [{ AttributeName: 'Id', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
        StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
      }),
    );
    const Id = { N: '101' };
    await put({ Id, Message: { S: 'New item!' } });
    await put({ Id, Message: { S: 'This item has changed' } });
    await db.send(new D.DeleteItemCommand({ TableName, Key: { Id } }));
    const [insert, modify, removal] = await readAll(await latestArn());
    expect(insert).toEqual({
      eventID: expect.stringMatching(/^[0-9a-f]{32}$/),
      eventName: 'INSERT',
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: 'us-east-1',
      dynamodb: {
        ApproximateCreationDateTime: new Date('2026-03-01T12:00:00Z'),
        Keys: { Id },
        NewImage: { Id, Message: { S: 'New item!' } },
        SequenceNumber: expect.stringMatching(/^\d{21,40}$/),
        SizeBytes: 26,
        StreamViewType: 'NEW_AND_OLD_IMAGES',
      },
    });
    expect(modify).toMatchObject({
      eventName: 'MODIFY',
      dynamodb: {
        NewImage: { Id, Message: { S: 'This item has changed' } },
        OldImage: { Id, Message: { S: 'New item!' } },
        SizeBytes: 59,
      },
    });
    expect(removal?.dynamodb).toMatchObject({ SizeBytes: 38, Keys: { Id } });
    expect(removal?.dynamodb?.NewImage).toBeUndefined();
  });

  test.each<[D.StreamViewType, (string | undefined)[][]]>([
    [
      'KEYS_ONLY',
      [
        [undefined, undefined],
        [undefined, undefined],
        [undefined, undefined],
      ],
    ],
    [
      'NEW_IMAGE',
      [
        [undefined, '1'],
        [undefined, '2'],
        [undefined, undefined],
      ],
    ],
    [
      'OLD_IMAGE',
      [
        [undefined, undefined],
        ['1', undefined],
        ['2', undefined],
      ],
    ],
    [
      'NEW_AND_OLD_IMAGES',
      [
        [undefined, '1'],
        ['1', '2'],
        ['2', undefined],
      ],
    ],
  ])('%s shows its images', async (viewType, images) => {
    await createTable(viewType);
    await put({ ...key('a'), v: { N: '1' } });
    await put({ ...key('a'), v: { N: '2' } });
    await remove('a');
    const records = await readAll(await latestArn());
    expect(records.map((each) => each.eventName)).toEqual(['INSERT', 'MODIFY', 'REMOVE']);
    const shown = records.map(({ dynamodb: d }) => [d?.OldImage?.['v']?.N, d?.NewImage?.['v']?.N]);
    expect(shown).toEqual(images);
    expect(records.every(({ dynamodb: d }) => d?.Keys?.['id']?.S === 'a')).toBe(true);
  });

  test('come from every way of writing, and only where something changed', async () => {
    await createTable('KEYS_ONLY');
    const arn = await latestArn();
    await put({ ...key('a'), tags: { SS: ['x', 'y'] }, n: { N: '1.0' } });
    await put({ ...key('a'), tags: { SS: ['y', 'x'] }, n: { N: '1' } });
    await remove('never');
    const failing = { TableName, Item: key('a'), ConditionExpression: 'attribute_not_exists(id)' };
    await expect(db.send(new D.PutItemCommand(failing))).rejects.toThrow('conditional');
    const update = (n: string): D.UpdateItemCommand =>
      new D.UpdateItemCommand({
        TableName,
        Key: key('a'),
        UpdateExpression: 'SET n = :n',
        ExpressionAttributeValues: { ':n': { N: n } },
      });
    await db.send(update('1'));
    await db.send(update('2'));
    const writes = [
      { PutRequest: { Item: key('b') } },
      { DeleteRequest: { Key: key('a') } },
      { DeleteRequest: { Key: key('none') } },
    ];
    await db.send(new D.BatchWriteItemCommand({ RequestItems: { [TableName]: writes } }));
    const transact = (...TransactItems: D.TransactWriteItem[]): Promise<unknown> =>
      db.send(new D.TransactWriteItemsCommand({ TransactItems }));
    await transact(
      { Put: { TableName, Item: key('c') } },
      { Delete: { TableName, Key: key('b') } },
      {
        ConditionCheck: {
          TableName,
          Key: key('z'),
          ConditionExpression: 'attribute_not_exists(id)',
        },
      },
    );
    await expect(
      transact(
        { Put: { TableName, Item: key('d') } },
        {
          ConditionCheck: { TableName, Key: key('z'), ConditionExpression: 'attribute_exists(id)' },
        },
      ),
    ).rejects.toMatchObject({ name: 'TransactionCanceledException' });
    expect(await changes(arn)).toEqual([
      'INSERT a',
      'MODIFY a',
      'INSERT b',
      'REMOVE a',
      'INSERT c',
      'REMOVE b',
    ]);
  });

  test('of one item lie in the order of its versions, under concurrent writers', async () => {
    await createTable('NEW_AND_OLD_IMAGES');
    const increment = new D.UpdateItemCommand({
      TableName,
      Key: key('counter'),
      UpdateExpression: 'ADD n :one',
      ExpressionAttributeValues: { ':one': { N: '1' } },
    });
    await Promise.all(Array.from({ length: 40 }, () => db.send(increment)));
    const records = await readAll(await latestArn());
    const versions = records.map(({ dynamodb: d }) => d?.NewImage?.['n']?.N);
    expect(versions).toEqual(Array.from({ length: 40 }, (_, i) => String(i + 1)));
    const sequences = records.map(({ dynamodb: d }) => BigInt(d?.SequenceNumber ?? '0'));
    expect(sequences).toEqual(sequences.toSorted((a, b) => (a < b ? -1 : 1)));
    expect(new Set(records.map(({ eventID }) => eventID)).size).toBe(40);
  });

  test('of what time to live removed say so; the rest do not', async () => {
    await createTable('OLD_IMAGE');
    const TimeToLiveSpecification = { AttributeName: 'until', Enabled: true };
    await db.send(new D.UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
    const until = { N: String(Math.floor(cloud.clock.now().getTime() / 1000) + 60) };
    await put({ ...key('a'), until });
    await put(key('b'));
    await remove('b');
    await cloud.clock.advance('2m');
    const records = await readAll(await latestArn());
    expect(records.map((each) => [each.eventName, each.userIdentity])).toEqual([
      ['INSERT', undefined],
      ['INSERT', undefined],
      ['REMOVE', undefined],
      ['REMOVE', { PrincipalId: 'dynamodb.amazonaws.com', Type: 'Service' }],
    ]);
    expect(records.at(-1)?.dynamodb?.OldImage).toEqual({ ...key('a'), until });
  });
});

describe('shards and iterators', () => {
  test('a shard closes after four hours; its child goes on', async () => {
    await createTable('KEYS_ONLY');
    const arn = await latestArn();
    await put(key('a'));
    await cloud.clock.advance('4h');
    await put(key('b'));
    const { Shards: [parent, child, ...others] = [] } = await describeStream(arn);
    expect(others).toEqual([]);
    expect(child?.ParentShardId).toBe(parent?.ShardId);
    expect(child?.SequenceNumberRange?.EndingSequenceNumber).toBeUndefined();
    const end = BigInt(parent?.SequenceNumberRange?.EndingSequenceNumber ?? '0');
    expect(end).toBeLessThan(BigInt(child?.SequenceNumberRange?.StartingSequenceNumber ?? '0'));
    const page = await read(await iterator(arn, { ShardId: parent?.ShardId }));
    expect(page.Records?.map((each) => each.dynamodb?.Keys)).toEqual([key('a')]);
    expect(page.NextShardIterator).toBeUndefined();
    expect(await changes(arn)).toEqual(['INSERT a', 'INSERT b']);
    const first = await describeStream(arn, { Limit: 1 });
    expect(first.LastEvaluatedShardId).toBe(parent?.ShardId);
    const next = await describeStream(arn, { ExclusiveStartShardId: first.LastEvaluatedShardId });
    expect(next.Shards).toEqual([child]);
    const ShardFilter = { Type: 'CHILD_SHARDS', ShardId: parent?.ShardId } as const;
    expect((await describeStream(arn, { ShardFilter })).Shards).toEqual([child]);
  });

  test('each type of iterator starts where it says', async () => {
    await createTable('KEYS_ONLY');
    const arn = await latestArn();
    await put(key('a'));
    await put(key('b'));
    const latest = await iterator(arn, { ShardIteratorType: 'LATEST' });
    await put(key('c'));
    const [, second] = await readAll(arn);
    const SequenceNumber = second?.dynamodb?.SequenceNumber;
    const from = async (it: string): Promise<unknown> =>
      (await read(it)).Records?.map((each) => each.dynamodb?.Keys?.['id']?.S).join('');
    const at = { ShardIteratorType: 'AT_SEQUENCE_NUMBER', SequenceNumber } as const;
    expect(await from(await iterator(arn))).toBe('abc');
    expect(await from(latest)).toBe('c');
    expect(await from(await iterator(arn, at))).toBe('bc');
    const after = { ...at, ShardIteratorType: 'AFTER_SEQUENCE_NUMBER' } as const;
    expect(await from(await iterator(arn, after))).toBe('c');
  });

  test('pages hold 1,000 records or 1 MB, or the limit asked for', async () => {
    await createTable('NEW_IMAGE');
    const arn = await latestArn();
    for (let i = 0; i < 4; i += 1) await put({ ...key(`big${i}`), v: { S: 'x'.repeat(300_000) } });
    const first = await read(await iterator(arn));
    expect(first.Records).toHaveLength(3);
    const second = await read(first.NextShardIterator ?? '');
    expect(second.Records).toHaveLength(1);
    expect((await read(await iterator(arn), 2)).Records).toHaveLength(2);
    await expect(read(await iterator(arn), 1001)).rejects.toMatchObject({
      message:
        "1 validation error detected: Value '1001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 1000",
    });
  });

  test('an iterator expires after fifteen minutes', async () => {
    await createTable('KEYS_ONLY');
    const it = await iterator(await latestArn());
    await cloud.clock.advance('15m');
    const { NextShardIterator = '' } = await read(it);
    await cloud.clock.advance('1s');
    await expect(read(it)).rejects.toMatchObject({ name: 'ExpiredIteratorException' });
    expect((await read(NextShardIterator)).Records).toEqual([]);
  });

  test('records are gone after a day; what points at them is told so', async () => {
    await createTable('KEYS_ONLY');
    const arn = await latestArn();
    await cloud.clock.advance('1h');
    await put(key('old'));
    const [record] = await readAll(arn);
    const SequenceNumber = record?.dynamodb?.SequenceNumber;
    const ShardId = (await describeStream(arn)).Shards?.[0]?.ShardId;
    await cloud.clock.advance('23h 50m');
    const at = { ShardId, ShardIteratorType: 'AT_SEQUENCE_NUMBER', SequenceNumber } as const;
    const [it, horizon] = [await iterator(arn, at), await iterator(arn, { ShardId })];
    await put(key('new'));
    await cloud.clock.advance('10m');
    await expect(read(it)).rejects.toMatchObject({
      name: 'TrimmedDataAccessException',
      message: 'The data you are trying to access has been trimmed',
    });
    await expect(iterator(arn, at)).rejects.toMatchObject({ name: 'TrimmedDataAccessException' });
    expect((await read(horizon)).Records).toEqual([]);
    expect(await changes(arn)).toEqual(['INSERT new']);
    await cloud.clock.advance('8h');
    const { Shards = [] } = await describeStream(arn);
    expect(Shards.some((shard) => shard.ShardId === ShardId)).toBe(false);
    await expect(iterator(arn, { ShardId })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  test.each<[string, Partial<S.GetShardIteratorCommandInput>, string]>([
    [
      'a sequence number that is missing',
      { ShardIteratorType: 'AT_SEQUENCE_NUMBER' },
      'ValidationException',
    ],
    ['a sequence number too many', { SequenceNumber: '1'.padEnd(21, '0') }, 'ValidationException'],
    [
      'a shard that is not there',
      { ShardId: 'shardId-00000000000000000000-00000000' },
      'ResourceNotFoundException',
    ],
    ['no ARN', { StreamArn: 'x'.repeat(40), ShardId: 'x'.repeat(30) }, 'ValidationException'],
  ])('%s is refused', async (_, more, name) => {
    await createTable('KEYS_ONLY');
    const { Shards = [] } = await describeStream(await latestArn());
    const input = { StreamArn: await latestArn(), ShardId: Shards[0]?.ShardId, ...more };
    const command = new S.GetShardIteratorCommand({ ShardIteratorType: 'LATEST', ...input });
    await expect(streams.send(command)).rejects.toMatchObject({ name });
  });

  test('text that is no iterator is refused', async () => {
    await expect(read('sdfsdfsgagaddafgagasgasgasdf')).rejects.toMatchObject({
      name: 'ValidationException',
      message: 'Invalid ShardIterator',
    });
  });
});
