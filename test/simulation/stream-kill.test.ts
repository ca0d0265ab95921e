// A cloud is killed at random moments while a table is written to: its stream tells of exactly the
// changes there are, in their order, and a function that reads it misses none.
import * as D from '@aws-sdk/client-dynamodb';
import * as S from '@aws-sdk/client-dynamodb-streams';
import { CreateEventSourceMappingCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { randomInteger, seededRandom } from '../../src/base/random.ts';
import { createNodeFunction } from '../../src/services/lambda/test-archive.ts';
import { type KillableCloud, startKillableCloud } from './killable-cloud.ts';
import { chooseSeed } from './seed.ts';

const SEED = chooseSeed('stream kill simulation');
const ROUNDS = 5;
const WRITERS = 8;
const POLL_MS = 100;

/** Notes every record it is given in the table `seen`, by sequence number; without the SDK. */
const HANDLER = `const headers = {
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': 'DynamoDB_20120810.PutItem',
    authorization: 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, ' +
      'SignedHeaders=host, Signature=0',
  };
  export const handler = async ({ Records }) => {
    for (const { dynamodb } of Records) {
      const Item = { id: { S: dynamodb.SequenceNumber } };
      const body = JSON.stringify({ TableName: 'seen', Item });
      const answer = await fetch(process.env.AWS_ENDPOINT_URL, { method: 'POST', headers, body });
      if (!answer.ok) throw new Error(await answer.text());
    }
  };`;

let folder: string;
let cloud: KillableCloud;
let StreamArn: string;
/** The last version of each writer's item that was acknowledged. */
const acknowledged = new Map<string, number>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloudlet-stream-kill-'));
  cloud = await startKillableCloud(folder);
  await createTable('seen');
  const made = await createTable('counters', {
    StreamEnabled: true,
    StreamViewType: 'NEW_AND_OLD_IMAGES',
  });
  StreamArn = made?.LatestStreamArn ?? '';
  const lambda = cloud.client(LambdaClient);
  await createNodeFunction(lambda, 'note', { source: HANDLER, Timeout: 30 });
  await lambda.send(
    new CreateEventSourceMappingCommand({
      FunctionName: 'note',
      EventSourceArn: StreamArn,
      StartingPosition: 'LATEST',
      BatchSize: 20,
    }),
  );
});
afterAll(async () => {
  await cloud.close();
  await rm(folder, { recursive: true, force: true });
});

async function createTable(
  TableName: string,
  StreamSpecification?: D.StreamSpecification,
): Promise<D.TableDescription | undefined> {
  const { TableDescription } = await cloud.client(D.DynamoDBClient).send(
    new D.CreateTableCommand({
      TableName,
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification,
    }),
  );
  return TableDescription;
}

/** Counts one item up until the cloud is killed. */
async function write(db: D.DynamoDBClient, id: string): Promise<void> {
  try {
    for (;;) {
      const { Attributes } = await db.send(
        new D.UpdateItemCommand({
          TableName: 'counters',
          Key: { id: { S: id } },
          UpdateExpression: 'ADD n :one',
          ExpressionAttributeValues: { ':one': { N: '1' } },
          ReturnValues: 'ALL_NEW',
        }),
      );
      acknowledged.set(id, Number(Attributes?.['n']?.N));
    }
  } catch {
    // The connection is gone with the cloud; the write may have been made or not.
  }
}

async function scan(TableName: string): Promise<Record<string, D.AttributeValue>[]> {
  const found: Record<string, D.AttributeValue>[] = [];
  const db = cloud.client(D.DynamoDBClient);
  for (let start: Record<string, D.AttributeValue> | undefined; ; ) {
    const page: D.ScanCommandOutput = await db.send(
      new D.ScanCommand({ TableName, ExclusiveStartKey: start }),
    );
    found.push(...(page.Items ?? []));
    start = page.LastEvaluatedKey;
    if (start === undefined) return found;
  }
}

async function readStream(): Promise<S.StreamRecord[]> {
  const streams = cloud.client(S.DynamoDBStreamsClient);
  const { StreamDescription } = await streams.send(new S.DescribeStreamCommand({ StreamArn }));
  const ShardId = StreamDescription?.Shards?.[0]?.ShardId;
  const { ShardIterator } = await streams.send(
    new S.GetShardIteratorCommand({ StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
  );
  const found: S.StreamRecord[] = [];
  for (let next = ShardIterator; ; ) {
    const page: S.GetRecordsCommandOutput = await streams.send(
      new S.GetRecordsCommand({ ShardIterator: next }),
    );
    if (page.Records === undefined || page.Records.length === 0) return found;
    found.push(...page.Records.flatMap(({ dynamodb }) => dynamodb ?? []));
    next = page.NextShardIterator;
  }
}

test(`a stream and its function survive kills (${ROUNDS} rounds)`, async () => {
  const random = seededRandom(SEED);
  const ids = Array.from({ length: WRITERS }, (_, i) => `writer-${i}`);
  for (let round = 0; round < ROUNDS; round += 1) {
    const db = cloud.client(D.DynamoDBClient);
    const writers = ids.map((id) => write(db, id));
    await sleep(200 + randomInteger(random, 700));
    await cloud.killAndRestart();
    await Promise.all(writers);
  }
  const items = new Map((await scan('counters')).map(({ id, n }) => [id?.S, Number(n?.N)]));
  const records = await readStream();
  for (const id of ids) {
    const count = items.get(id) ?? 0;
    expect(count).toBeGreaterThanOrEqual(acknowledged.get(id) ?? 0);
    const versions = records
      .filter(({ Keys }) => Keys?.['id']?.S === id)
      .map(({ NewImage }) => Number(NewImage?.['n']?.N));
    expect(versions).toEqual(Array.from({ length: count }, (_, i) => i + 1));
  }
  expect(records.length).toBeGreaterThan(ROUNDS * WRITERS);
  const wanted = records.map(({ SequenceNumber = '' }) => SequenceNumber).toSorted();
  const seen = async (): Promise<string[]> =>
    (await scan('seen')).map(({ id }) => id?.S ?? '').toSorted();
  for (let seenNow = await seen(); seenNow.length < wanted.length; seenNow = await seen()) {
    await sleep(POLL_MS);
  }
  expect(await seen()).toEqual(wanted);
}, 120_000);
