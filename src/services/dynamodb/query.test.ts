// Query and Scan through the SDK: order, ranges, pages, filters, indexes, segments.
import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DynamoDBClient,
  paginateQuery,
  paginateScan,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  type AttributeValue,
  type QueryCommandInput,
  type QueryCommandOutput,
  type ScanCommandInput,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCloud, type TestCloud } from '../../testing/create-cloud.ts';

let cloud: TestCloud;
let db: DynamoDBClient;

type WireItem = Record<string, AttributeValue>;

/**
 * Albums of an artist: number sort key; by genre globally (keys and label), by year locally (keys).
 */
const TableName = 'Music';

const GENRES = ['jazz', 'rock', undefined];

/** @param i 0..29; a third have no genre, years repeat, prices fall. */
function album(artist: string, i: number): WireItem {
  const genre = GENRES[i % 3];
  return {
    artist: { S: artist },
    nr: { N: String(i - 10) },
    year_: { N: String(1990 + (i % 5)) },
    price: { N: String(100 - i) },
    title: { S: `title ${i}` },
    ...(genre === undefined ? {} : { genre: { S: genre } }),
    label: { S: i % 2 === 0 ? 'even' : 'odd' },
  };
}

beforeAll(async () => {
  cloud = await createCloud();
  db = cloud.client(DynamoDBClient);
  await db.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'artist', AttributeType: 'S' },
        { AttributeName: 'nr', AttributeType: 'N' },
        { AttributeName: 'genre', AttributeType: 'S' },
        { AttributeName: 'price', AttributeType: 'N' },
        { AttributeName: 'year_', AttributeType: 'N' },
      ],
      KeySchema: [
        { AttributeName: 'artist', KeyType: 'HASH' },
        { AttributeName: 'nr', KeyType: 'RANGE' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'by-genre',
          KeySchema: [
            { AttributeName: 'genre', KeyType: 'HASH' },
            { AttributeName: 'price', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['label'] },
        },
      ],
      LocalSecondaryIndexes: [
        {
          IndexName: 'by-year',
          KeySchema: [
            { AttributeName: 'artist', KeyType: 'HASH' },
            { AttributeName: 'year_', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'KEYS_ONLY' },
        },
      ],
    }),
  );
  for (const artist of ['Monk', 'Nina']) {
    for (let i = 0; i < 30; i += 10) {
      const PutRequests = Array.from({ length: 10 }, (_, n) => ({
        PutRequest: { Item: album(artist, i + n) },
      }));
      await db.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: PutRequests } }));
    }
  }
});
afterAll(() => cloud.close());

const monk = { ':a': { S: 'Monk' } };

function query(over: Partial<QueryCommandInput> = {}): Promise<QueryCommandOutput> {
  const { ExpressionAttributeValues: values, ...rest } = over;
  return db.send(
    new QueryCommand({
      TableName,
      KeyConditionExpression: 'artist = :a',
      ExpressionAttributeValues: { ...monk, ...values },
      ...rest,
    }),
  );
}

const numbers = ({ Items = [] }: { Items?: WireItem[] | undefined }, name = 'nr'): number[] =>
  Items.map((item) => Number(item[name]?.N));

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('Query', () => {
  test('gives a partition in the order of its sort key, either way', async () => {
    expect(numbers(await query())).toEqual(range(-10, 19));
    expect(numbers(await query({ ScanIndexForward: false }))).toEqual(range(-10, 19).toReversed());
  });

  test.each<[string, WireItem, number[]]>([
    ['nr = :x', { ':x': { N: '0' } }, [0]],
    ['nr < :x', { ':x': { N: '-7' } }, [-10, -9, -8]],
    ['nr <= :x', { ':x': { N: '-7.0' } }, [-10, -9, -8, -7]],
    ['nr > :x', { ':x': { N: '17' } }, [18, 19]],
    [':x <= nr', { ':x': { N: '17' } }, [17, 18, 19]],
    ['nr BETWEEN :x AND :y', { ':x': { N: '-1' }, ':y': { N: '2' } }, [-1, 0, 1, 2]],
    ['(nr > :x)', { ':x': { N: '99' } }, []],
  ])('%s', async (sort, values, expected) => {
    const condition = { KeyConditionExpression: `artist = :a AND ${sort}` };
    expect(numbers(await query({ ...condition, ExpressionAttributeValues: values }))).toEqual(
      expected,
    );
    const reversed = await query({
      ...condition,
      ExpressionAttributeValues: values,
      ScanIndexForward: false,
    });
    expect(numbers(reversed)).toEqual(expected.toReversed());
  });

  test('pages end at the limit and go on where they stopped, either way', async () => {
    for (const ScanIndexForward of [true, false]) {
      const seen: number[] = [];
      let pages = 0;
      const input = {
        TableName,
        KeyConditionExpression: 'artist = :a',
        ExpressionAttributeValues: monk,
        ScanIndexForward,
      };
      for await (const page of paginateQuery({ client: db, pageSize: 7 }, input)) {
        pages += 1;
        seen.push(...numbers(page));
      }
      expect(seen).toEqual(ScanIndexForward ? range(-10, 19) : range(-10, 19).toReversed());
      expect(pages).toBe(5);
    }
  });

  test('AWS gives a last key whenever the limit was reached, even at the very end', async () => {
    const all = await query({ Limit: 30 });
    expect(all.LastEvaluatedKey).toEqual({ artist: { S: 'Monk' }, nr: { N: '19' } });
    const rest = await query({ Limit: 30, ExclusiveStartKey: all.LastEvaluatedKey });
    expect(rest).toMatchObject({ Count: 0, ScannedCount: 0, Items: [] });
    expect(rest.LastEvaluatedKey).toBeUndefined();
    expect((await query({ Limit: 31 })).LastEvaluatedKey).toBeUndefined();
  });

  test('a page holds a megabyte', async () => {
    for (let i = 0; i < 20; i++) {
      const Item = {
        artist: { S: 'Loud' },
        nr: { N: String(i) },
        noise: { S: 'x'.repeat(60_000) },
      };
      await db.send(new PutItemCommand({ TableName, Item }));
    }
    const page = await query({
      ExpressionAttributeValues: { ':a': { S: 'Loud' } },
      ReturnConsumedCapacity: 'TOTAL',
    });
    // The item that reaches the megabyte is the last: 18 × 60,0xx bytes.
    expect(page.Count).toBe(18);
    expect(page.ConsumedCapacity?.CapacityUnits).toBe(132);
    const rest = await query({
      ExpressionAttributeValues: { ':a': { S: 'Loud' } },
      ExclusiveStartKey: page.LastEvaluatedKey,
    });
    expect(rest.Count).toBe(2);
  });

  test('filters come after the limit and change neither what is scanned nor its price', async () => {
    const filter = {
      FilterExpression: 'label = :l',
      ExpressionAttributeValues: { ':l': { S: 'odd' } },
    };
    const page = await query({ ...filter, Limit: 5, ReturnConsumedCapacity: 'TOTAL' });
    expect(page).toMatchObject({
      Count: 2,
      ScannedCount: 5,
      ConsumedCapacity: { CapacityUnits: 0.5 },
    });
    expect(numbers(page)).toEqual([-9, -7]);
    const counted = await query({ ...filter, Select: 'COUNT' });
    expect(counted).toMatchObject({ Count: 15, ScannedCount: 30 });
    expect(counted.Items).toBeUndefined();
  });

  test('reads all of an index in its own order, and only what it holds', async () => {
    const genre = {
      IndexName: 'by-genre',
      KeyConditionExpression: 'genre = :a',
      ExpressionAttributeValues: { ':a': { S: 'jazz' } },
    };
    const page = await query({ ...genre, ReturnConsumedCapacity: 'INDEXES' });
    expect(page.Count).toBe(20);
    const prices = numbers(page, 'price');
    expect(prices).toEqual(prices.toSorted((a, b) => a - b));
    expect(Object.keys(page.Items?.[0] ?? {}).toSorted()).toEqual([
      'artist',
      'genre',
      'label',
      'nr',
      'price',
    ]);
    expect(page.ConsumedCapacity).toMatchObject({
      CapacityUnits: 0.5,
      Table: { CapacityUnits: 0 },
      GlobalSecondaryIndexes: { 'by-genre': { CapacityUnits: 0.5 } },
    });
    const seen: string[] = [];
    const input = { TableName, ...genre };
    for await (const { Items = [] } of paginateQuery({ client: db, pageSize: 3 }, input)) {
      seen.push(...Items.map((item) => `${item['artist']?.S}/${item['nr']?.N}`));
    }
    expect(new Set(seen).size).toBe(20);
    expect(seen).toHaveLength(20);
  });

  test('a local index fetches from its table what it does not hold, for a price', async () => {
    const year = {
      IndexName: 'by-year',
      KeyConditionExpression: 'artist = :a AND year_ = :y',
      ExpressionAttributeValues: { ':y': { N: '1992' } },
      ReturnConsumedCapacity: 'INDEXES',
    } as const;
    const keys = await query(year);
    expect(Object.keys(keys.Items?.[0] ?? {}).toSorted()).toEqual(['artist', 'nr', 'year_']);
    expect(keys.Count).toBe(6);
    const whole = await query({ ...year, Select: 'ALL_ATTRIBUTES', ConsistentRead: true });
    expect(whole.Items?.[0]).toHaveProperty('title');
    expect(whole.ConsumedCapacity).toMatchObject({
      CapacityUnits: 7,
      Table: { CapacityUnits: 6 },
      LocalSecondaryIndexes: { 'by-year': { CapacityUnits: 1 } },
    });
    const some = await query({ ...year, ProjectionExpression: 'title' });
    expect(Object.keys(some.Items?.[0] ?? {})).toEqual(['title']);
  });

  test('legacy parameters do the same', async () => {
    const { Items } = await db.send(
      new QueryCommand({
        TableName,
        KeyConditions: {
          artist: { ComparisonOperator: 'EQ', AttributeValueList: [{ S: 'Monk' }] },
          nr: { ComparisonOperator: 'BETWEEN', AttributeValueList: [{ N: '0' }, { N: '9' }] },
        },
        QueryFilter: {
          label: { ComparisonOperator: 'EQ', AttributeValueList: [{ S: 'even' }] },
          genre: { ComparisonOperator: 'NULL' },
        },
        AttributesToGet: ['nr'],
      }),
    );
    expect(Items).toEqual([{ nr: { N: '4' } }]);
  });

  const x = { ExpressionAttributeValues: { ':x': { N: '1' } } };

  // Sources: dynalite test/query.js; nubo-db/dynamodb-conformance.
  test.each<[string, Partial<QueryCommandInput>, string]>([
    [
      'no partition key',
      {
        KeyConditionExpression: 'nr = :x',
        ExpressionAttributeValues: { ':a': undefined as never, ':x': { N: '1' } },
      },
      'Query condition missed key schema element: artist',
    ],
    [
      'a range of partitions',
      { KeyConditionExpression: 'artist > :a' },
      'Query key condition not supported',
    ],
    [
      'an attribute that is no key',
      { KeyConditionExpression: 'artist = :a AND price = :x', ...x },
      'Query condition missed key schema element: nr',
    ],
    [
      'OR',
      { KeyConditionExpression: 'artist = :a OR nr = :x', ...x },
      'Invalid operator used in KeyConditionExpression: OR',
    ],
    [
      '<>',
      { KeyConditionExpression: 'artist = :a AND nr <> :x', ...x },
      'Invalid operator used in KeyConditionExpression: <>',
    ],
    // Source: paritysuite/dynamodb-conformance, error-messages/queryKeyConditionOperands.test.ts.
    [
      'two conditions on one key',
      { KeyConditionExpression: 'artist = :a AND nr > :x AND nr < :x', ...x },
      'Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key',
    ],
    [
      'more conditions than keys',
      { KeyConditionExpression: 'artist = :a AND nr > :x AND price = :x', ...x },
      'The number of query conditions (3) exceeds the number of key attributes defined in the schema (2)',
    ],
    [
      'a nested path',
      { KeyConditionExpression: 'artist = :a AND nr.foo = :x', ...x },
      'KeyConditionExpressions cannot have conditions on nested attributes',
    ],
    [
      'a value of another type',
      {
        KeyConditionExpression: 'artist = :a AND nr = :x',
        ExpressionAttributeValues: { ':x': { S: '1' } },
      },
      'One or more parameter values were invalid: Condition parameter type does not match schema type',
    ],
    [
      'an empty key',
      { ExpressionAttributeValues: { ':a': { S: '' } } },
      'One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: artist',
    ],
    [
      'a filter on the key',
      { FilterExpression: 'nr = :x', ...x },
      'Filter Expression can only contain non-primary key attributes: Primary key attribute: nr',
    ],
    ['no such index', { IndexName: 'none' }, 'The table does not have the specified index: none'],
    [
      'consistency from a global index',
      { IndexName: 'by-genre', KeyConditionExpression: 'genre = :a', ConsistentRead: true },
      'Consistent reads are not supported on global secondary indexes',
    ],
    [
      'all attributes from a global index without them',
      { IndexName: 'by-genre', KeyConditionExpression: 'genre = :a', Select: 'ALL_ATTRIBUTES' },
      'One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index by-genre because its projection type is not ALL',
    ],
    [
      'a projection with COUNT',
      { ProjectionExpression: 'title', Select: 'COUNT' },
      'Cannot specify the ProjectionExpression when choosing to get only the Count',
    ],
    [
      'a start key of another partition',
      { ExclusiveStartKey: { artist: { S: 'Nina' }, nr: { N: '0' } } },
      'The provided starting key is outside query boundaries based on provided conditions',
    ],
    [
      'half a start key',
      { ExclusiveStartKey: { artist: { S: 'Monk' } } },
      'The provided starting key is invalid: The provided key element does not match the schema',
    ],
    [
      'an empty condition',
      { KeyConditionExpression: '' },
      'Invalid KeyConditionExpression: The expression can not be empty;',
    ],
  ])('%s is refused', async (_, over, message) => {
    await expect(query(over)).rejects.toMatchObject({ name: 'ValidationException', message });
  });
});

describe('Scan', () => {
  async function scanAll(over: Partial<ScanCommandInput>, pageSize = 1000): Promise<string[]> {
    const seen: string[] = [];
    const input = { TableName, ...over };
    for await (const { Items = [] } of paginateScan({ client: db, pageSize }, input)) {
      seen.push(...Items.map((item) => `${item['artist']?.S}/${item['nr']?.N}`));
    }
    return seen;
  }

  const filter = {
    FilterExpression: 'artist <> :l',
    ExpressionAttributeValues: { ':l': { S: 'Loud' } },
  };

  test('meets every item once, whatever the page size', async () => {
    const all = await scanAll(filter);
    expect(new Set(all).size).toBe(60);
    expect(await scanAll(filter, 4)).toEqual(all);
  });

  test('segments share the table out', async () => {
    const segments = await Promise.all(
      range(0, 3).map((Segment) => scanAll({ ...filter, Segment, TotalSegments: 4 }, 5)),
    );
    expect(segments.flat().toSorted()).toEqual((await scanAll(filter)).toSorted());
  });

  test('an index shows the items that have its key', async () => {
    expect(await scanAll({ IndexName: 'by-genre' }, 3)).toHaveLength(40);
    expect(await scanAll({ IndexName: 'by-year' }, 3)).toHaveLength(60);
  });

  test('legacy filters work', async () => {
    const found = await scanAll({
      ScanFilter: {
        price: { ComparisonOperator: 'LT', AttributeValueList: [{ N: '75' }] },
        label: { ComparisonOperator: 'IN', AttributeValueList: [{ S: 'even' }, { S: 'none' }] },
      },
      ConditionalOperator: 'AND',
    });
    // Prices 71 to 74 are items 26 to 29, the even ones of them numbered 16 and 18.
    expect(found.toSorted()).toEqual(['Monk/16', 'Monk/18', 'Nina/16', 'Nina/18']);
  });

  test.each<[Partial<ScanCommandInput>, string]>([
    [
      { Segment: 0 },
      'The TotalSegments parameter is required but was not present in the request when Segment parameter is present',
    ],
    [
      { TotalSegments: 4 },
      'The Segment parameter is required but was not present in the request when parameter TotalSegments is present',
    ],
    [
      { Segment: 5, TotalSegments: 5 },
      'The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 5 is not less than TotalSegments: 5',
    ],
    [
      { Select: 'SPECIFIC_ATTRIBUTES' },
      'One or more parameter values were invalid: Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES',
    ],
    [
      { Select: 'ALL_PROJECTED_ATTRIBUTES' },
      'One or more parameter values were invalid: ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName',
    ],
    [
      {
        FilterExpression: 'begins_with(nothing, :n)',
        ExpressionAttributeValues: { ':n': { N: '5' } },
      },
      'Invalid FilterExpression: Incorrect operand type for operator or function; operator or function: begins_with, operand type: N',
    ],
  ])('%j is refused', async (over, message) => {
    await expect(db.send(new ScanCommand({ TableName, ...over }))).rejects.toMatchObject({
      name: 'ValidationException',
      message,
    });
  });
});
