// A table of many items: how fast it fills, and whether anything grows with it.
import { BatchWriteItemCommand } from '@aws-sdk/client-dynamodb';
import { createTable, dynamoRequest } from './dynamodb-workloads.ts';
import { openConnection } from './http-connection.ts';
import { median } from './load.ts';
import { type ServerProcess, measureOwnMemoryMb } from './server-process.ts';
import { expectOk } from './workload.ts';

const TABLE = 'bench-large';
const BATCH = 25;
const CONNECTIONS = 16;
/** Items of one partition: more than a megabyte of them. */
const PARTITION_ITEMS = 4_000;
const READS = 2_000;
const PAGES = 20;

export interface LargeTable {
  readonly loadedPerSecond: number;
  readonly getP50Ms: number;
  /** A Query that stops at a megabyte. */
  readonly pageP50Ms: number;
  /** Without the pages of the mapped store. */
  readonly ownMemoryMb: number | undefined;
}

/** About 300 bytes as DynamoDB counts them. */
const item = (number: number) => ({
  id: { S: `partition-${Math.floor(number / PARTITION_ITEMS)}` },
  at: { N: String(number % PARTITION_ITEMS) },
  text: { S: `${number}-`.padEnd(270, 'x') },
});

/** Fills a new table with so many items; with 0 it measures an almost empty one. */
export async function measureLargeTable(
  server: ServerProcess,
  { items }: { readonly items: number },
): Promise<LargeTable> {
  const client = await createTable(server.endpoint, TABLE, 'at');
  await client.send(new BatchWriteItemCommand({ RequestItems: { [TABLE]: puts(0, BATCH) } }));
  client.destroy();
  const loadedPerSecond = await load(server.endpoint, items);
  return {
    loadedPerSecond,
    getP50Ms: await timeReads(server.endpoint, items === 0 ? BATCH : items),
    pageP50Ms: items === 0 ? Number.NaN : await timePages(server.endpoint),
    ownMemoryMb: await measureOwnMemoryMb(server.pid),
  };
}

function puts(from: number, count: number): { PutRequest: { Item: ReturnType<typeof item> } }[] {
  return Array.from({ length: count }, (_, at) => ({ PutRequest: { Item: item(from + at) } }));
}

async function load(endpoint: string, items: number): Promise<number> {
  let next = 0;
  const startMs = performance.now();
  const fill = async (): Promise<void> => {
    const connection = await openConnection(endpoint);
    while (next < items) {
      const from = next;
      next += BATCH;
      const input = { RequestItems: { [TABLE]: puts(from, Math.min(BATCH, items - from)) } };
      expectOk(await connection.send(dynamoRequest(endpoint, 'BatchWriteItem', input)));
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, fill));
  return items / ((performance.now() - startMs) / 1000);
}

async function timeReads(endpoint: string, items: number): Promise<number> {
  return timeEach(endpoint, READS, (number) => {
    // A stride that shares no factor with the count visits the whole table.
    const { id, at } = item((number * 7_919) % items);
    return dynamoRequest(endpoint, 'GetItem', { TableName: TABLE, Key: { id, at } });
  });
}

async function timePages(endpoint: string): Promise<number> {
  return timeEach(endpoint, PAGES, (number) =>
    dynamoRequest(endpoint, 'Query', {
      TableName: TABLE,
      KeyConditionExpression: 'id = :id',
      ExpressionAttributeValues: { ':id': { S: `partition-${number}` } },
    }),
  );
}

/** p50 over one connection; the first tenth warms up. */
async function timeEach(
  endpoint: string,
  count: number,
  make: (number: number) => Buffer,
): Promise<number> {
  const requests = Array.from({ length: count }, (_, number) => make(number));
  const connection = await openConnection(endpoint);
  const tookMs: number[] = [];
  for (const request of requests) {
    const startMs = performance.now();
    expectOk(await connection.send(request));
    tookMs.push(performance.now() - startMs);
  }
  connection.close();
  return median(tookMs.slice(Math.ceil(count / 10)));
}
