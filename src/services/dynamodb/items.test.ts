// Items through the SDK: writes, conditions, capacity, batches and transactions.
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  CreateTableCommand,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  TransactGetItemsCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  type AttributeValue,
  type ConsumedCapacity,
  type TransactGetItem,
  type TransactWriteItem,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCloud, type TestCloud } from '../../testing/create-cloud.ts';

let cloud: TestCloud;
let db: DynamoDBClient;

type WireItem = Record<string, AttributeValue>;

/** Only a partition key. */
const TableName = 'plain';
/** A sort key, a local index on `l` (all) and a global one on `g` (with `extra`). */
const INDEXED = 'indexed';

beforeAll(async () => {
  cloud = await createCloud({ startTime: new Date('2026-01-01T00:00:00Z') });
  db = cloud.client(DynamoDBClient);
  await db.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    }),
  );
  await db.send(
    new CreateTableCommand({
      TableName: INDEXED,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['pk', 'sk', 'g', 'l'].map((AttributeName) => ({
        AttributeName,
        AttributeType: 'S',
      })),
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'by-g',
          KeySchema: [{ AttributeName: 'g', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['extra'] },
        },
      ],
      LocalSecondaryIndexes: [
        {
          IndexName: 'by-l',
          KeySchema: [
            { AttributeName: 'pk', KeyType: 'HASH' },
            { AttributeName: 'l', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    }),
  );
});
afterAll(() => cloud.close());

const texts = (attributes: Record<string, string>): WireItem =>
  Object.fromEntries(Object.entries(attributes).map(([name, S]) => [name, { S }]));

const get = async (pk: string, table = TableName): Promise<WireItem | undefined> =>
  (await db.send(new GetItemCommand({ TableName: table, Key: { pk: { S: pk } } }))).Item;

describe('PutItem and GetItem', () => {
  test('every type comes back as it went in, numbers in their canonical form', async () => {
    const Item: WireItem = {
      pk: { S: 'types' },
      n: { N: '-0012.500' },
      b: { B: Uint8Array.of(0, 255) },
      t: { BOOL: true },
      nil: { NULL: true },
      empty: { S: '' },
      l: { L: [{ S: 'x' }, { N: '1e2' }, { L: [] }] },
      m: { M: { 'a.b': { S: 'dotted' }, '': { M: {} } } },
      ss: { SS: ['ä', 'b'] },
      ns: { NS: ['1.0', '2'] },
      bs: { BS: [Uint8Array.of(1), Uint8Array.of(2)] },
    };
    await db.send(new PutItemCommand({ TableName, Item }));
    expect(await get('types')).toEqual({
      ...Item,
      n: { N: '-12.5' },
      l: { L: [{ S: 'x' }, { N: '100' }, { L: [] }] },
      ns: { NS: ['1', '2'] },
    });
  });

  test('ReturnValues gives the old item', async () => {
    const put = (v: string): PutItemCommand =>
      new PutItemCommand({ TableName, Item: texts({ pk: 'old', v }), ReturnValues: 'ALL_OLD' });
    expect((await db.send(put('1'))).Attributes).toBeUndefined();
    expect((await db.send(put('2'))).Attributes).toEqual(texts({ pk: 'old', v: '1' }));
    await expect(
      db.send(new PutItemCommand({ TableName, Item: texts({ pk: 'a' }), ReturnValues: 'ALL_NEW' })),
    ).rejects.toThrow('ReturnValues can only be ALL_OLD or NONE');
  });

  test('a condition that fails hands the item out when asked to', async () => {
    await db.send(new PutItemCommand({ TableName, Item: texts({ pk: 'cond', v: '1' }) }));
    const put = new PutItemCommand({
      TableName,
      Item: texts({ pk: 'cond' }),
      ConditionExpression: 'attribute_not_exists(pk)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    const error = await db.send(put).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ConditionalCheckFailedException);
    expect(error).toMatchObject({
      message: 'The conditional request failed',
      Item: texts({ pk: 'cond', v: '1' }),
    });
    expect(await get('cond')).toEqual(texts({ pk: 'cond', v: '1' }));
  });

  const big = (bytes: number): string => 'x'.repeat(bytes);

  // Sources: dynalite test/putItem.js; nubo-db/dynamodb-conformance.
  test.each<[string, WireItem, string]>([
    [
      'no key',
      { x: { S: 'a' } },
      'One or more parameter values were invalid: Missing the key pk in the item',
    ],
    [
      'a key of another type',
      { pk: { N: '1' } },
      'One or more parameter values were invalid: Type mismatch for key pk expected: S actual: N',
    ],
    [
      'an empty key',
      { pk: { S: '' } },
      'One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk',
    ],
    [
      'a key too long',
      { pk: { S: big(2049) } },
      'One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes',
    ],
    [
      'an item too large',
      { pk: { S: 'a' }, x: { S: big(409_600 - 3) } },
      'Item size has exceeded the maximum allowed size',
    ],
    [
      'a number that is none',
      { pk: { S: 'a' }, n: { N: 'b' } },
      'The parameter cannot be converted to a numeric value: b',
    ],
  ])('%s is refused', async (_, Item, message) => {
    await expect(db.send(new PutItemCommand({ TableName, Item }))).rejects.toMatchObject({
      name: 'ValidationException',
      message,
    });
  });

  test('an item of exactly 400 KB is accepted', async () => {
    const Item = texts({ pk: 'a', x: big(409_600 - 4) });
    await db.send(new PutItemCommand({ TableName, Item }));
    const output = await db.send(
      new GetItemCommand({
        TableName,
        Key: { pk: { S: 'a' } },
        ConsistentRead: true,
        ReturnConsumedCapacity: 'TOTAL',
      }),
    );
    expect(output.ConsumedCapacity?.CapacityUnits).toBe(100);
  });

  test.each<[object, string]>([
    [
      { Expected: { pk: { Exists: false } }, ConditionExpression: 'attribute_not_exists(pk)' },
      'Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {Expected} Expression parameters: {ConditionExpression}',
    ],
    [
      { ExpressionAttributeNames: { '#a': 'a' } },
      'ExpressionAttributeNames can only be specified when using expressions',
    ],
    [
      { ExpressionAttributeValues: { ':a': { S: 'a' } } },
      'ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null',
    ],
    [
      { ConditionExpression: 'a = :a', ExpressionAttributeValues: {} },
      'ExpressionAttributeValues must not be empty',
    ],
    [
      { ConditionExpression: 'a = :a', ExpressionAttributeValues: { a: { S: 'a' } } },
      'ExpressionAttributeValues contains invalid key: Syntax error; key: "a"',
    ],
    [
      { ConditionExpression: 'a = :a', ExpressionAttributeValues: { ':a': { SS: [] } } },
      'ExpressionAttributeValues contains invalid value: One or more parameter values were invalid: An string set  may not be empty for key :a',
    ],
    [
      { ConditionExpression: 'attribute_exists(#a)', ExpressionAttributeNames: { a: 'a' } },
      'ExpressionAttributeNames contains invalid key: Syntax error; key: "a"',
    ],
  ])('parameters that do not go together: %j', async (over, message) => {
    await expect(
      db.send(new PutItemCommand({ TableName, Item: texts({ pk: 'mix' }), ...over })),
    ).rejects.toMatchObject({ name: 'ValidationException', message });
  });

  test('projections give parts of the item', async () => {
    const Item: WireItem = { pk: { S: 'part' }, l: { L: [{ S: '0' }, { S: '1' }] }, x: { S: 'y' } };
    await db.send(new PutItemCommand({ TableName, Item }));
    const read = (over: object): Promise<{ Item?: WireItem | undefined }> =>
      db.send(new GetItemCommand({ TableName, Key: { pk: { S: 'part' } }, ...over }));
    const projected = await read({
      ProjectionExpression: '#l[1], x',
      ExpressionAttributeNames: { '#l': 'l' },
    });
    expect(projected.Item).toEqual({ l: { L: [{ S: '1' }] }, x: { S: 'y' } });
    expect((await read({ AttributesToGet: ['x', 'nothing'] })).Item).toEqual({ x: { S: 'y' } });
    expect((await read({ ProjectionExpression: 'nothing' })).Item).toEqual({});
    await expect(read({ ProjectionExpression: 'pk.a' })).rejects.toThrow(
      "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: pk",
    );
  });

  test.each<[WireItem, string]>([
    [{ pk: { N: '1' } }, 'The provided key element does not match the schema'],
    [texts({ pk: 'a', other: 'b' }), 'The provided key element does not match the schema'],
    [
      { pk: { S: '' } },
      'One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk',
    ],
  ])('a wrong key is refused: %j', async (Key, message) => {
    await expect(db.send(new GetItemCommand({ TableName, Key }))).rejects.toThrow(message);
    await expect(db.send(new DeleteItemCommand({ TableName, Key }))).rejects.toThrow(message);
  });

  test('the document client works', async () => {
    const documents = DynamoDBDocumentClient.from(db);
    const Item = {
      pk: 'doc',
      nested: { list: [1, 'two', null, { three: 3 }] },
      tags: new Set(['a']),
    };
    await documents.send(new PutCommand({ TableName, Item }));
    const read = await documents.send(new GetCommand({ TableName, Key: { pk: 'doc' } }));
    expect(read.Item).toEqual(Item);
  });
});

describe('UpdateItem', () => {
  const update = (
    pk: string,
    input: Omit<UpdateItemCommandInput, 'TableName' | 'Key'>,
  ): Promise<{ Attributes?: WireItem | undefined }> =>
    db.send(new UpdateItemCommand({ TableName, Key: { pk: { S: pk } }, ...input }));

  test('makes the item when there is none, and counts', async () => {
    const count = {
      UpdateExpression: 'SET n = if_not_exists(n, :zero) + :one',
      ExpressionAttributeValues: { ':zero': { N: '0' }, ':one': { N: '1' } },
      ReturnValues: 'UPDATED_NEW',
    } as const;
    expect((await update('counter', count)).Attributes).toEqual({ n: { N: '1' } });
    expect((await update('counter', count)).Attributes).toEqual({ n: { N: '2' } });
    await update('bare', {});
    expect(await get('bare')).toEqual({ pk: { S: 'bare' } });
  });

  test('concurrent increments are all counted', async () => {
    const add = {
      UpdateExpression: 'ADD n :one',
      ExpressionAttributeValues: { ':one': { N: '1' } },
    };
    await Promise.all(Array.from({ length: 50 }, () => update('contended', add)));
    expect((await get('contended'))?.['n']).toEqual({ N: '50' });
  });

  test('ReturnValues gives what was asked for', async () => {
    await db.send(new PutItemCommand({ TableName, Item: texts({ pk: 'rv', a: '1', b: '2' }) }));
    const set = (
      ReturnValues: UpdateItemCommandInput['ReturnValues'],
      v: string,
    ): Promise<unknown> =>
      update('rv', {
        UpdateExpression: 'SET a = :v, c = :v',
        ExpressionAttributeValues: { ':v': { S: v } },
        ReturnValues,
      }).then(({ Attributes }) => Attributes);
    expect(await set('ALL_OLD', 'x')).toEqual(texts({ pk: 'rv', a: '1', b: '2' }));
    expect(await set('UPDATED_OLD', 'y')).toEqual(texts({ a: 'x', c: 'x' }));
    expect(await set('ALL_NEW', 'z')).toEqual(texts({ pk: 'rv', a: 'z', b: '2', c: 'z' }));
    expect(await set('UPDATED_NEW', 'w')).toEqual(texts({ a: 'w', c: 'w' }));
    expect(await set('NONE', 'w')).toBeUndefined();
    const removed = await update('rv', {
      UpdateExpression: 'REMOVE a',
      ReturnValues: 'UPDATED_NEW',
    });
    expect(removed.Attributes).toBeUndefined();
  });

  const v = { ExpressionAttributeValues: { ':v': { S: 'x' } } };

  // Sources: dynalite test/updateItem.js; nubo-db/dynamodb-conformance.
  test.each<[object, string]>([
    [
      { UpdateExpression: 'SET pk = :v', ...v },
      'One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key',
    ],
    [
      { UpdateExpression: 'SET a = :v', ...v, AttributeUpdates: { a: { Value: { S: 'x' } } } },
      'Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {AttributeUpdates} Expression parameters: {UpdateExpression}',
    ],
    [
      {
        UpdateExpression: 'SET a = :v',
        ExpressionAttributeValues: { ...v.ExpressionAttributeValues, ':w': { S: 'x' } },
      },
      'Value provided in ExpressionAttributeValues unused in expressions: keys: {:w}',
    ],
    [{ UpdateExpression: '' }, 'Invalid UpdateExpression: The expression can not be empty;'],
    [
      { UpdateExpression: 'SET a.b = :v', ...v },
      'The document path provided in the update expression is invalid for update',
    ],
  ])('%j is refused', async (input, message) => {
    await expect(update('refused', input)).rejects.toMatchObject({
      name: 'ValidationException',
      message,
    });
    expect(await get('refused')).toBeUndefined();
  });

  test('legacy parameters do the same', async () => {
    await update('legacy', {
      AttributeUpdates: {
        a: { Value: { S: 'x' } },
        n: { Action: 'ADD', Value: { N: '2' } },
        s: { Action: 'ADD', Value: { SS: ['p', 'q'] } },
      },
    });
    await update('legacy', {
      AttributeUpdates: {
        a: { Action: 'DELETE' },
        n: { Action: 'ADD', Value: { N: '3' } },
        s: { Action: 'DELETE', Value: { SS: ['p'] } },
      },
      Expected: {
        a: { ComparisonOperator: 'BEGINS_WITH', AttributeValueList: [{ S: 'x' }] },
        n: { Value: { N: '99' } },
      },
      ConditionalOperator: 'OR',
    });
    expect(await get('legacy')).toEqual({ pk: { S: 'legacy' }, n: { N: '5' }, s: { SS: ['q'] } });
    await expect(
      update('legacy', {
        AttributeUpdates: { n: { Value: { N: '0' } } },
        Expected: { n: { Exists: false } },
      }),
    ).rejects.toBeInstanceOf(ConditionalCheckFailedException);
  });

  // Source: scylladb, test/alternator: test_item.py, test_update_item_non_existent;
  // test_update_expression.py, test_nested_attribute_remove_from_missing_item.
  test.each<Partial<UpdateItemCommandInput>>([
    { UpdateExpression: 'REMOVE a, b' },
    { UpdateExpression: 'REMOVE a.b, c[0]' },
    { UpdateExpression: 'DELETE a :v', ExpressionAttributeValues: { ':v': { SS: ['x'] } } },
    { AttributeUpdates: { a: { Action: 'DELETE' } } },
    { AttributeUpdates: { a: { Action: 'DELETE', Value: { NS: ['4'] } } } },
  ])('%j creates no item', async (input) => {
    const { Attributes } = await update('never', { ...input, ReturnValues: 'ALL_NEW' });
    expect(Attributes).toBeUndefined();
    expect(await get('never')).toBeUndefined();
  });

  test('an update that gives something, or does nothing at all, creates the item', async () => {
    await update('some', {
      UpdateExpression: 'REMOVE a SET b = :v',
      ExpressionAttributeValues: { ':v': { N: '1' } },
    });
    expect(await get('some')).toEqual({ pk: { S: 'some' }, b: { N: '1' } });
    await update('nothing', { AttributeUpdates: {} });
    expect(await get('nothing')).toEqual({ pk: { S: 'nothing' } });
  });

  // Source: scylladb, test/alternator/test_item.py, test_update_item_delete and …_add.
  test.each<NonNullable<UpdateItemCommandInput['AttributeUpdates']>>([
    { n: { Action: 'DELETE', Value: { NS: ['1'] } } },
    { n: { Action: 'ADD', Value: { NS: ['1'] } } },
    { s: { Action: 'DELETE', Value: { NS: ['1'] } } },
    { s: { Action: 'ADD', Value: { L: [{ S: 'x' }] } } },
  ])('%j does not suit the attribute', async (AttributeUpdates) => {
    await update('mismatch', {
      AttributeUpdates: { n: { Value: { N: '1' } }, s: { Value: { SS: ['x'] } } },
    });
    await expect(update('mismatch', { AttributeUpdates })).rejects.toMatchObject({
      name: 'ValidationException',
      message: 'Type mismatch for attribute to update',
    });
  });

  // Source: nubo-db/dynamodb-conformance, tests/tier3/limits/itemSizeBySurface.test.ts.
  test('what an update writes is limited too, with a cost for each action', async () => {
    // Key: 2 + 1 bytes; the attribute's name: 1. The ceiling is 19 bytes below 400 KB.
    const set = (bytes: number): Promise<unknown> =>
      update('K', {
        UpdateExpression: 'SET b = :v',
        ExpressionAttributeValues: { ':v': { S: 'x'.repeat(bytes) } },
      });
    const ceiling = 409_600 - 19;
    await set(ceiling - 4);
    await expect(set(ceiling - 3)).rejects.toThrow(
      'Item size to update has exceeded the maximum allowed size',
    );
  });
});

test('DeleteItem removes, and removing nothing is fine', async () => {
  await db.send(new PutItemCommand({ TableName, Item: texts({ pk: 'gone', v: '1' }) }));
  const remove = new DeleteItemCommand({
    TableName,
    Key: texts({ pk: 'gone' }),
    ReturnValues: 'ALL_OLD',
  });
  expect((await db.send(remove)).Attributes).toEqual(texts({ pk: 'gone', v: '1' }));
  expect(await get('gone')).toBeUndefined();
  expect((await db.send(remove)).Attributes).toBeUndefined();
});

// Source: nubo-db/dynamodb-conformance, tests/tier1/putItem/indexConsumedCapacity.test.ts.
describe('capacity of writes to indexes', () => {
  let next = 0;
  const key = (): WireItem => texts({ pk: `cc${next++}`, sk: '1' });
  const arms = ({
    CapacityUnits,
    Table,
    GlobalSecondaryIndexes,
    LocalSecondaryIndexes,
  }: ConsumedCapacity): unknown[] => [
    CapacityUnits,
    Table?.CapacityUnits,
    GlobalSecondaryIndexes?.['by-g']?.CapacityUnits,
    LocalSecondaryIndexes?.['by-l']?.CapacityUnits,
  ];
  const put = async (Item: WireItem): Promise<unknown[]> => {
    const { ConsumedCapacity: consumed } = await db.send(
      new PutItemCommand({ TableName: INDEXED, Item, ReturnConsumedCapacity: 'INDEXES' }),
    );
    return arms(consumed ?? {});
  };

  test('a put is charged for the indexes it enters, and not for what stays the same', async () => {
    expect(await put({ ...key(), misc: { S: 'o' } })).toEqual([1, 1, undefined, undefined]);
    expect(await put({ ...key(), g: { S: 'g' } })).toEqual([2, 1, 1, undefined]);
    expect(await put({ ...key(), l: { S: 'l' } })).toEqual([2, 1, undefined, 1]);
    const item = { ...key(), g: { S: 'g' }, l: { S: 'l' }, extra: { S: 'e' } };
    expect(await put(item)).toEqual([3, 1, 1, 1]);
    expect(await put(item)).toEqual([1, 1, undefined, undefined]);
  });

  test.each([
    ['SET misc = :v', [2, 1, undefined, 1]],
    ['SET extra = :v', [3, 1, 1, 1]],
    ['SET g = :v', [4, 1, 2, 1]],
    ['REMOVE g', [3, 1, 1, 1]],
    ['SET l = :v', [3, 1, undefined, 2]],
  ])('%s', async (UpdateExpression, expected) => {
    const Key = key();
    await put({ ...Key, ...texts({ g: 'g', l: 'l', extra: 'e', misc: 'o' }) });
    const { ConsumedCapacity: consumed } = await db.send(
      new UpdateItemCommand({
        TableName: INDEXED,
        Key,
        UpdateExpression,
        ...(UpdateExpression.startsWith('SET')
          ? { ExpressionAttributeValues: { ':v': { S: 'new' } } }
          : {}),
        ReturnConsumedCapacity: 'INDEXES',
      }),
    );
    expect(arms(consumed ?? {})).toEqual(expected);
  });

  test('deletes, batches and transactions', async () => {
    const Key = key();
    const Item = { ...Key, ...texts({ g: 'g', l: 'l' }) };
    await put(Item);
    const removed = await db.send(
      new DeleteItemCommand({ TableName: INDEXED, Key, ReturnConsumedCapacity: 'INDEXES' }),
    );
    expect(arms(removed.ConsumedCapacity ?? {})).toEqual([3, 1, 1, 1]);
    const batch = await db.send(
      new BatchWriteItemCommand({
        RequestItems: {
          [INDEXED]: [
            { PutRequest: { Item: { ...key(), g: { S: 'g' } } } },
            { PutRequest: { Item: key() } },
          ],
        },
        ReturnConsumedCapacity: 'INDEXES',
      }),
    );
    expect(batch.ConsumedCapacity).toHaveLength(1);
    expect(arms(batch.ConsumedCapacity?.[0] ?? {})).toEqual([3, 2, 1, undefined]);
    const transaction = await db.send(
      new TransactWriteItemsCommand({
        TransactItems: [{ Put: { TableName: INDEXED, Item: { ...key(), g: { S: 'g' } } } }],
        ReturnConsumedCapacity: 'TOTAL',
      }),
    );
    expect(transaction.ConsumedCapacity).toEqual([
      { TableName: INDEXED, CapacityUnits: 4, WriteCapacityUnits: 4 },
    ]);
  });

  test('item collections are measured where there are local indexes', async () => {
    const write = (table: string): Promise<{ ItemCollectionMetrics?: unknown }> =>
      db.send(
        new PutItemCommand({
          TableName: table,
          Item: texts({ pk: 'coll', sk: '1' }),
          ReturnItemCollectionMetrics: 'SIZE',
        }),
      );
    expect((await write(INDEXED)).ItemCollectionMetrics).toEqual({
      ItemCollectionKey: texts({ pk: 'coll' }),
      SizeEstimateRangeGB: [0, 1],
    });
    expect((await write(TableName)).ItemCollectionMetrics).toBeUndefined();
  });
});

// Source: nubo-db/dynamodb-conformance, tests/tier3/error-messages.
describe('values that cannot be keys of indexes', () => {
  const mismatch =
    'One or more parameter values were invalid: Type mismatch for Index Key l Expected: S Actual: N IndexName: by-l';
  const empty =
    'One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty string value. IndexName: by-l, IndexKey: l';
  const emptyUpdate =
    'One or more parameter values are not valid. The update expression attempted to update a secondary index key to a value that is not supported. The AttributeValue for a key attribute cannot contain an empty string value.';
  const Key = texts({ pk: 'bad', sk: '1' });

  test.each<[AttributeValue, string, string]>([
    [{ N: '5' }, mismatch, mismatch],
    [{ S: '' }, empty, emptyUpdate],
  ])('%j', async (value, onPut, onUpdate) => {
    const Item = { ...Key, l: value };
    const setL = {
      Key,
      UpdateExpression: 'SET l = :v',
      ExpressionAttributeValues: { ':v': value },
    };
    await expect(db.send(new PutItemCommand({ TableName: INDEXED, Item }))).rejects.toThrow(onPut);
    await expect(
      db.send(
        new BatchWriteItemCommand({ RequestItems: { [INDEXED]: [{ PutRequest: { Item } }] } }),
      ),
    ).rejects.toThrow(onPut);
    await expect(db.send(new UpdateItemCommand({ TableName: INDEXED, ...setL }))).rejects.toThrow(
      onUpdate,
    );
    const transaction = await db
      .send(
        new TransactWriteItemsCommand({
          TransactItems: [{ Update: { TableName: INDEXED, ...setL } }],
        }),
      )
      .catch((error: unknown) => error);
    if (value.S === '') {
      expect(transaction).toMatchObject({ name: 'ValidationException', message: onUpdate });
    } else {
      expect(transaction).toMatchObject({
        name: 'TransactionCanceledException',
        CancellationReasons: [{ Code: 'ValidationError', Message: onUpdate }],
      });
    }
  });
});

describe('batches', () => {
  test('write and read several tables at once', async () => {
    const Item = texts({ pk: 'batch', sk: '1', v: 'x' });
    const written = await db.send(
      new BatchWriteItemCommand({
        RequestItems: {
          [TableName]: [{ PutRequest: { Item: texts({ pk: 'batch', v: 'y' }) } }],
          [INDEXED]: [
            { PutRequest: { Item } },
            { DeleteRequest: { Key: texts({ pk: 'no', sk: '1' }) } },
          ],
        },
      }),
    );
    expect(written.UnprocessedItems).toEqual({});
    const read = await db.send(
      new BatchGetItemCommand({
        RequestItems: {
          [TableName]: {
            Keys: [texts({ pk: 'batch' }), texts({ pk: 'nobody' })],
            ProjectionExpression: 'v',
          },
          [INDEXED]: { Keys: [texts({ pk: 'batch', sk: '1' })], ConsistentRead: true },
        },
        ReturnConsumedCapacity: 'TOTAL',
      }),
    );
    expect(read.Responses).toEqual({ [TableName]: [texts({ v: 'y' })], [INDEXED]: [Item] });
    expect(read.UnprocessedKeys).toEqual({});
    expect(read.ConsumedCapacity).toEqual([
      { TableName, CapacityUnits: 1 },
      { TableName: INDEXED, CapacityUnits: 1 },
    ]);
  });

  test('a response of more than 16 MB leaves keys for later', async () => {
    const keys: WireItem[] = [];
    for (let i = 0; i < 42; i++) {
      const Item = texts({ pk: `large${i}`, x: 'x'.repeat(409_000) });
      await db.send(new PutItemCommand({ TableName, Item }));
      keys.push(texts({ pk: `large${i}` }));
    }
    const read = await db.send(
      new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: keys } } }),
    );
    const got = read.Responses?.[TableName]?.length ?? 0;
    expect(got).toBe(41);
    expect(read.UnprocessedKeys?.[TableName]?.Keys).toEqual(keys.slice(got));
  });

  const put = (pk: string): object => ({ PutRequest: { Item: texts({ pk }) } });

  // Source: nubo-db/dynamodb-conformance, tests/tier3/error-messages/batch*.test.ts.
  test.each<[string, object, string]>([
    [
      'the same item twice',
      { [TableName]: [put('a'), { DeleteRequest: { Key: texts({ pk: 'a' }) } }] },
      'Provided list of item keys contains duplicates',
    ],
    [
      'a key of another type',
      { [TableName]: [{ PutRequest: { Item: { pk: { N: '5' } } } }] },
      'The provided key element does not match the schema',
    ],
    ['a missing table', { nowhere: [put('a')] }, 'Requested resource not found'],
  ])('BatchWriteItem with %s is refused and writes nothing', async (_, RequestItems, message) => {
    const beside = [{ PutRequest: { Item: texts({ pk: 'with', sk: _ }) } }];
    const input = { RequestItems: { ...RequestItems, [INDEXED]: beside } };
    const command = new BatchWriteItemCommand(input);
    await expect(db.send(command)).rejects.toMatchObject({ message });
    const { Item } = await db.send(
      new GetItemCommand({ TableName: INDEXED, Key: texts({ pk: 'with', sk: _ }) }),
    );
    expect(Item).toBeUndefined();
  });

  test('BatchGetItem refuses too much and mixed forms', async () => {
    const Keys = Array.from({ length: 101 }, (_, i) => texts({ pk: `k${i}` }));
    await expect(
      db.send(new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys } } })),
    ).rejects.toThrow(/Member must have length less than or equal to 100/);
    await expect(
      db.send(
        new BatchGetItemCommand({
          RequestItems: {
            [TableName]: { Keys: [texts({ pk: 'a' })], ProjectionExpression: 'pk' },
            [INDEXED]: { Keys: [texts({ pk: 'a', sk: 'b' })], AttributesToGet: ['pk'] },
          },
        }),
      ),
    ).rejects.toThrow('Can not use both expression and non-expression parameters');
  });
});

describe('transactions', () => {
  const put = (pk: string, over: object = {}): TransactWriteItem => ({
    Put: { TableName, Item: texts({ pk }), ...over },
  });
  const transact = (
    TransactItems: TransactWriteItem[],
    ClientRequestToken?: string,
  ): Promise<unknown> =>
    db.send(new TransactWriteItemsCommand({ TransactItems, ClientRequestToken }));

  test('all or nothing', async () => {
    await db.send(
      new PutItemCommand({ TableName, Item: { ...texts({ pk: 'acct1' }), n: { N: '100' } } }),
    );
    const move = (amount: string): Promise<unknown> =>
      transact([
        {
          Update: {
            TableName,
            Key: texts({ pk: 'acct1' }),
            UpdateExpression: 'SET n = n - :a',
            ConditionExpression: 'n >= :a',
            ExpressionAttributeValues: { ':a': { N: amount } },
          },
        },
        {
          Update: {
            TableName,
            Key: texts({ pk: 'acct2' }),
            UpdateExpression: 'ADD n :a',
            ExpressionAttributeValues: { ':a': { N: amount } },
          },
        },
        {
          ConditionCheck: {
            TableName,
            Key: texts({ pk: 'lock' }),
            ConditionExpression: 'attribute_not_exists(pk)',
          },
        },
        { Delete: { TableName, Key: texts({ pk: 'acct3' }) } },
      ]);
    await move('60');
    const error = await move('60').catch((e: unknown) => e);
    expect(error).toBeInstanceOf(TransactionCanceledException);
    expect(error).toMatchObject({
      message:
        'Transaction cancelled, please refer cancellation reasons for specific reasons [ConditionalCheckFailed, None, None, None]',
      CancellationReasons: [
        { Code: 'ConditionalCheckFailed', Message: 'The conditional request failed' },
        { Code: 'None' },
        { Code: 'None' },
        { Code: 'None' },
      ],
    });
    expect((await get('acct1'))?.['n']).toEqual({ N: '40' });
    expect((await get('acct2'))?.['n']).toEqual({ N: '60' });
  });

  test('reasons carry items and validation errors', async () => {
    await db.send(new PutItemCommand({ TableName, Item: texts({ pk: 'there', v: '1' }) }));
    const error = await transact([
      put('there', {
        ConditionExpression: 'attribute_not_exists(pk)',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
      { Update: { TableName, Key: texts({ pk: 'new' }), UpdateExpression: 'SET a = b' } },
    ]).catch((e: unknown) => e);
    expect(error).toMatchObject({
      CancellationReasons: [
        { Code: 'ConditionalCheckFailed', Item: texts({ pk: 'there', v: '1' }) },
        {
          Code: 'ValidationError',
          Message: 'The provided expression refers to an attribute that does not exist in the item',
        },
      ],
    });
  });

  // Source: nubo-db/dynamodb-conformance, tests/tier3/error-messages/transactWriteItems.test.ts.
  test.each<[string, TransactWriteItem[], string, string]>([
    [
      'the same item twice',
      [put('dup'), put('dup')],
      'ValidationException',
      'Transaction request cannot include multiple operations on one item',
    ],
    [
      'two actions in one',
      [{ ...put('a'), Delete: { TableName, Key: texts({ pk: 'b' }) } }],
      'ValidationException',
      'TransactItems can only contain one of Check, Put, Update or Delete',
    ],
    [
      'an empty key',
      [{ Delete: { TableName, Key: texts({ pk: '' }) } }],
      'ValidationException',
      'One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk',
    ],
    [
      'a missing table',
      [{ Put: { TableName: 'nowhere', Item: texts({ pk: 'a' }) } }],
      'ResourceNotFoundException',
      'Requested resource not found',
    ],
    [
      'an item too large',
      [{ Put: { TableName, Item: texts({ pk: 'a', x: 'x'.repeat(409_600) }) } }],
      'ValidationException',
      'Item size has exceeded the maximum allowed size',
    ],
  ])('%s is refused as a whole', async (_, items, name, message) => {
    await expect(transact(items)).rejects.toMatchObject({ name, message });
  });

  test('a wrong key cancels', async () => {
    const reason = async (item: TransactWriteItem): Promise<unknown> =>
      transact([item]).catch((error: TransactionCanceledException) => error.CancellationReasons);
    const schema = 'The provided key element does not match the schema';
    expect(await reason({ Delete: { TableName, Key: { pk: { N: '5' } } } })).toEqual([
      { Code: 'ValidationError', Message: schema },
    ]);
    expect(await reason({ Put: { TableName, Item: { pk: { N: '5' } } } })).toEqual([
      {
        Code: 'ValidationError',
        Message:
          'One or more parameter values were invalid: Type mismatch for key pk expected: S actual: N',
      },
    ]);
  });

  test('a token makes a transaction happen once in ten minutes', async () => {
    const add = (amount: string): TransactWriteItem[] => [
      {
        Update: {
          TableName,
          Key: texts({ pk: 'once' }),
          UpdateExpression: 'ADD n :a',
          ExpressionAttributeValues: { ':a': { N: amount } },
        },
      },
    ];
    const n = async (): Promise<unknown> => (await get('once'))?.['n'];
    await transact(add('1'), 'token');
    await cloud.clock.advance('9m59s');
    await transact(add('1'), 'token');
    expect(await n()).toEqual({ N: '1' });
    await expect(transact(add('2'), 'token')).rejects.toMatchObject({
      name: 'IdempotentParameterMismatchException',
    });
    await cloud.clock.advance('1s');
    await transact(add('2'), 'token');
    expect(await n()).toEqual({ N: '3' });
  });

  test('TransactGetItems reads in order, and leaves out what is not there', async () => {
    await db.send(new PutItemCommand({ TableName, Item: texts({ pk: 'tg', v: '1' }) }));
    const read = (Key: WireItem, over: object = {}): TransactGetItem => ({
      Get: { TableName, Key, ...over },
    });
    const items = [
      read(texts({ pk: 'none' })),
      read(texts({ pk: 'tg' }), { ProjectionExpression: 'v' }),
    ];
    const { Responses, ConsumedCapacity: consumed } = await db.send(
      new TransactGetItemsCommand({ TransactItems: items, ReturnConsumedCapacity: 'INDEXES' }),
    );
    expect(Responses).toEqual([{}, { Item: texts({ v: '1' }) }]);
    expect(consumed).toEqual([
      {
        TableName,
        CapacityUnits: 4,
        ReadCapacityUnits: 4,
        Table: { CapacityUnits: 4, ReadCapacityUnits: 4 },
      },
    ]);
    const cancelled = await db
      .send(new TransactGetItemsCommand({ TransactItems: [read({})] }))
      .catch((error: unknown) => error);
    expect(cancelled).toMatchObject({
      name: 'TransactionCanceledException',
      CancellationReasons: [{ Code: 'ValidationError' }],
    });
  });
});
