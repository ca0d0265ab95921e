// Tables for tests of PartiQL, and short ways to run statements on them.
import {
  CreateTableCommand,
  DynamoDBClient,
  ExecuteStatementCommand,
  GetItemCommand,
  PutItemCommand,
  type AttributeValue,
  type ExecuteStatementCommandInput,
  type ExecuteStatementCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll } from 'vitest';

export let db: DynamoDBClient;

/** A cloud as far as these tests need one. */
interface Cloud {
  client(clientClass: typeof DynamoDBClient): DynamoDBClient;
  close(): Promise<void>;
}

export type Row = Record<string, AttributeValue>;

/** Gives the tests of a file a cloud with tables of every kind. */
export function useTables(createCloud: () => Promise<Cloud>): void {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await createCloud();
    db = cloud.client(DynamoDBClient);
    await makeTables();
  });
  afterAll(() => cloud.close());
}

async function makeTables(): Promise<void> {
  const names = (table: string, ...keys: string[]): object => ({
    TableName: table,
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: keys.map((AttributeName, i) => ({
      AttributeName,
      KeyType: i === 0 ? 'HASH' : 'RANGE',
    })),
  });
  const types = (type: 'S' | 'N', ...attributes: string[]): object[] =>
    attributes.map((AttributeName) => ({ AttributeName, AttributeType: type }));
  const create = (input: object): Promise<unknown> =>
    db.send(new CreateTableCommand(input as never));
  await create({ ...names('plain', 'pk'), AttributeDefinitions: types('S', 'pk') });
  await create({ ...names('numbers', 'pk'), AttributeDefinitions: types('N', 'pk') });
  await create({ ...names('sorted', 'pk', 'sk'), AttributeDefinitions: types('S', 'pk', 'sk') });
  const index = (IndexName: string, keys: string[], projection: string | string[]): object => ({
    IndexName,
    KeySchema: keys.map((AttributeName, i) => ({
      AttributeName,
      KeyType: i === 0 ? 'HASH' : 'RANGE',
    })),
    Projection: Array.isArray(projection)
      ? { ProjectionType: 'INCLUDE', NonKeyAttributes: projection }
      : { ProjectionType: projection },
  });
  await create({
    ...names('indexed', 'pk', 'sk'),
    AttributeDefinitions: types('S', 'pk', 'sk', 'g', 'g2', 'l', 'l2'),
    GlobalSecondaryIndexes: [
      index('gsi-all', ['g'], 'ALL'),
      index('gsi-keys', ['g2'], 'KEYS_ONLY'),
      index('gsi-inc', ['g2'], ['held']),
    ],
    LocalSecondaryIndexes: [
      index('lsi-keys', ['pk', 'l'], 'KEYS_ONLY'),
      index('lsi-inc', ['pk', 'l2'], ['held']),
    ],
  });
  await fillIndexed();
}

async function fillIndexed(): Promise<void> {
  const text = (values: Record<string, string>): Row =>
    Object.fromEntries(Object.entries(values).map(([name, S]) => [name, { S }]));
  const p = { pk: 'p', g2: 'y' };
  await put('indexed', text({ ...p, sk: 's1', g: 'x', l: 'k1', l2: 'm1', held: 'h1', free: 'f1' }));
  await put('indexed', text({ ...p, sk: 's2', g: 'z', l: 'k2', l2: 'm2', held: 'h2', free: 'f2' }));
  await put('indexed', text({ pk: 'p', sk: 's3', free: 'f3' }));
  await put('indexed', text({ ...p, sk: 's4', g: 'x', l: 'k4', l2: 'm4', held: 'h4', free: 'f4' }));
  await put('indexed', text({ pk: 'q', sk: 's5', g2: 'y2', held: 'h5', free: 'f5' }));
}

export function run(
  Statement: string,
  Parameters?: AttributeValue[],
  options: Partial<ExecuteStatementCommandInput> = {},
): Promise<ExecuteStatementCommandOutput> {
  return db.send(new ExecuteStatementCommand({ Statement, Parameters, ...options }));
}

export async function rows(statement: string, parameters?: AttributeValue[]): Promise<Row[]> {
  return (await run(statement, parameters)).Items ?? [];
}

export async function sortKeys(statement: string): Promise<(string | undefined)[]> {
  return (await rows(statement)).map((row) => row['sk']?.S);
}

export async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    const { name, message } = error as Error;
    return name === 'ValidationException' ? message : `${name}: ${message}`;
  }
  return 'accepted';
}

export async function put(table: string, item: Row): Promise<void> {
  await db.send(new PutItemCommand({ TableName: table, Item: item }));
}

export async function stored(table: string, key: Row): Promise<Row | undefined> {
  const { Item } = await db.send(new GetItemCommand({ TableName: table, Key: key }));
  return Item;
}

/** How a statement begins that cannot be read. */
export const MALFORMED = "Statement wasn't well formed, can't be processed: ";
