// DynamoDB under load: single items, conditional updates, queries and transactions.
import { CreateTableCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { Scenario } from './load.ts';
import { signJson } from './sign.ts';
import { PREPARED, type Workload, clientSettings, prepareMany, sendAll } from './workload.ts';

const ITEMS = 1000;
const PAGE = 25;

const item = (number: number) => ({
  id: { S: `user-${number}` },
  name: { S: 'Ada Lovelace' },
  email: { S: `ada.${number}@example.com` },
  visits: { N: String(number) },
  tags: { L: [{ S: 'first' }, { S: 'second' }] },
});

export async function createTable(
  endpoint: string,
  name: string,
  sortKey?: string,
): Promise<DynamoDBClient> {
  const client = new DynamoDBClient(clientSettings(endpoint));
  const sorted = sortKey !== undefined;
  await client.send(
    new CreateTableCommand({
      TableName: name,
      AttributeDefinitions: [
        { AttributeName: 'id', AttributeType: 'S' },
        ...(sorted ? [{ AttributeName: sortKey, AttributeType: 'N' as const }] : []),
      ],
      KeySchema: [
        { AttributeName: 'id', KeyType: 'HASH' },
        ...(sorted ? [{ AttributeName: sortKey, KeyType: 'RANGE' as const }] : []),
      ],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  return client;
}

export function dynamoRequest(endpoint: string, operation: string, input: unknown): Buffer {
  const target = `DynamoDB_20120810.${operation}`;
  return signJson(new URL(endpoint).host, { service: 'dynamodb', target, version: '1.0', input });
}

async function readingItems(endpoint: string): Promise<Scenario> {
  const client = await createTable(endpoint, 'bench-get');
  for (let number = 0; number < ITEMS; number++) {
    await client.send(new PutItemCommand({ TableName: 'bench-get', Item: item(number) }));
  }
  client.destroy();
  return sendAll(
    prepareMany(ITEMS, (number) =>
      dynamoRequest(endpoint, 'GetItem', {
        TableName: 'bench-get',
        Key: { id: { S: `user-${number}` } },
      }),
    ),
  );
}

/** Items of about 300 bytes, a page of them under one partition key. */
async function queryingPages(endpoint: string): Promise<Scenario> {
  const client = await createTable(endpoint, 'bench-query', 'at');
  const partitions = ITEMS / PAGE;
  for (let number = 0; number < ITEMS; number++) {
    const id = { S: `partition-${number % partitions}` };
    const Item = { id, at: { N: String(number) }, text: { S: 'x'.repeat(260) } };
    await client.send(new PutItemCommand({ TableName: 'bench-query', Item }));
  }
  client.destroy();
  return sendAll(
    prepareMany(partitions, (number) =>
      dynamoRequest(endpoint, 'Query', {
        TableName: 'bench-query',
        KeyConditionExpression: 'id = :id',
        ExpressionAttributeValues: { ':id': { S: `partition-${number}` } },
      }),
    ),
  );
}

export const DYNAMODB_WORKLOADS: readonly Workload[] = [
  {
    name: 'DynamoDB GetItem',
    id: 'getitem',
    goal: { bareRatio: 0.5 },
    prepare: readingItems,
  },
  {
    name: 'DynamoDB GetItem, 1 connection',
    id: 'getitem1',
    connections: 1,
    goal: { bareRoundTrips: 2 },
    prepare: readingItems,
  },
  {
    name: 'DynamoDB PutItem, durable',
    id: 'putitem',
    goal: { bareRatio: 0.35 },
    async prepare(endpoint) {
      (await createTable(endpoint, 'bench-put')).destroy();
      return sendAll(
        prepareMany(PREPARED, (number) =>
          dynamoRequest(endpoint, 'PutItem', { TableName: 'bench-put', Item: item(number) }),
        ),
      );
    },
  },
  {
    name: 'DynamoDB UpdateItem, conditional',
    id: 'updateitem',
    goal: { bareRatio: 0.25 },
    async prepare(endpoint) {
      const client = await createTable(endpoint, 'bench-update');
      for (let number = 0; number < ITEMS; number++) {
        await client.send(new PutItemCommand({ TableName: 'bench-update', Item: item(number) }));
      }
      client.destroy();
      return sendAll(
        prepareMany(ITEMS, (number) =>
          dynamoRequest(endpoint, 'UpdateItem', {
            TableName: 'bench-update',
            Key: { id: { S: `user-${number}` } },
            UpdateExpression: 'SET visits = visits + :one, seen = :seen',
            ConditionExpression: 'attribute_exists(id) AND visits >= :zero',
            ExpressionAttributeValues: {
              ':one': { N: '1' },
              ':zero': { N: '0' },
              ':seen': { S: '2026-11-21' },
            },
          }),
        ),
      );
    },
  },
  {
    name: `DynamoDB Query of ${PAGE} items`,
    id: 'query',
    answerBytes: 8500,
    goal: { bareRatio: 0.15 },
    prepare: queryingPages,
  },
  {
    name: 'DynamoDB TransactWriteItems of 3',
    id: 'transact',
    goal: { bareRatio: 0.1 },
    async prepare(endpoint) {
      (await createTable(endpoint, 'bench-transact')).destroy();
      return sendAll(
        prepareMany(PREPARED / 4, (number) =>
          dynamoRequest(endpoint, 'TransactWriteItems', {
            TransactItems: [0, 1, 2].map((part) => ({
              Put: { TableName: 'bench-transact', Item: item(number * 3 + part) },
            })),
          }),
        ),
      );
    },
  },
];
