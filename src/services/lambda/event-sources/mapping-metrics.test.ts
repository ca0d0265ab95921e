// Metrics of mappings: events by their fate, and the age of records of streams.
import * as D from '@aws-sdk/client-dynamodb';
import * as L from '@aws-sdk/client-lambda';
import * as Q from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Cloud, openCloud } from '../../../server/cloud.ts';
import { createNodeFunction } from '../test-archive.ts';

const SCOPE = { account: '000000000000', region: 'us-east-1' };

let cloud: Cloud;
let lambda: L.LambdaClient;

beforeEach(async () => {
  cloud = await openCloud({ clock: 'virtual', startMs: Date.UTC(2026, 0, 1) });
  lambda = new L.LambdaClient(settings());
});
afterEach(async () => {
  await cloud.quiet();
  await cloud.close();
});

function settings(): object {
  return {
    endpoint: cloud.endpoint,
    region: SCOPE.region,
    credentials: { accessKeyId: SCOPE.account, secretAccessKey: 'test' },
  };
}

async function values(
  name: string,
  dimension: readonly [string, string],
  unit: 'Count' | 'Milliseconds' = 'Count',
): Promise<{ sum: number; max: number } | undefined> {
  const id = { namespace: 'AWS/Lambda', name, dimensions: [dimension], unit };
  const parts = await cloud.kernel.metrics.read(SCOPE, id, { fromMs: 0, toMs: Date.UTC(2027, 0, 1) });
  if (parts.length === 0) return undefined;
  return {
    sum: parts.reduce((total, part) => total + part.sum, 0),
    max: Math.max(...parts.map((part) => part.max)),
  };
}

async function map(input: Partial<L.CreateEventSourceMappingCommandInput>): Promise<string> {
  const made = await lambda.send(new L.CreateEventSourceMappingCommand({ FunctionName: 'fn', ...input }));
  return made.UUID ?? '';
}

// Names and dimensions: <developer guide, "Types of metrics for Lambda functions">
test('events of a queue are counted by their fate, when the mapping is told to', async () => {
  const sqs = new Q.SQSClient(settings());
  await createNodeFunction(lambda, 'fn', {
    source: `export const handler = async ({ Records }) => ({
      batchItemFailures: Records.filter(({ body }) => body === 'bad').map((r) => ({ itemIdentifier: r.messageId })),
    });`,
  });
  const urls: string[] = [];
  const uuids: string[] = [];
  for (const QueueName of ['counted', 'silent']) {
    const { QueueUrl = '' } = await sqs.send(new Q.CreateQueueCommand({ QueueName }));
    urls.push(QueueUrl);
    uuids.push(
      await map({
        EventSourceArn: `arn:aws:sqs:us-east-1:000000000000:${QueueName}`,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        FilterCriteria: { Filters: [{ Pattern: '{"body":["good","bad"]}' }] },
        ...(QueueName === 'counted' ? { MetricsConfig: { Metrics: ['EventCount'] } } : {}),
      }),
    );
  }
  for (const QueueUrl of urls) {
    for (const MessageBody of ['good', 'bad', 'other', 'good']) {
      await sqs.send(new Q.SendMessageCommand({ QueueUrl, MessageBody }));
    }
  }
  await cloud.quiet();
  const sums = async (uuid = ''): Promise<unknown[]> =>
    Promise.all(
      ['Polled', 'FilteredOut', 'Invoked', 'FailedInvoke', 'Deleted'].map(
        async (fate) => (await values(`${fate}EventCount`, ['EventSourceMappingUUID', uuid]))?.sum,
      ),
    );
  expect(await sums(uuids[0])).toEqual([4, 1, 2, 1, 2]);
  expect(await sums(uuids[1])).toEqual([undefined, undefined, undefined, undefined, undefined]);
});

test('IteratorAge tells how long the last record of a batch has waited', async () => {
  const db = new D.DynamoDBClient(settings());
  const { TableDescription } = await db.send(
    new D.CreateTableCommand({
      TableName: 'items',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' },
    }),
  );
  await createNodeFunction(lambda, 'fn', { source: 'export const handler = async () => 1;' });
  await db.send(new D.PutItemCommand({ TableName: 'items', Item: { id: { S: 'a' } } }));
  await cloud.advance(90_000);
  const UUID = await map({
    EventSourceArn: TableDescription?.LatestStreamArn,
    StartingPosition: 'TRIM_HORIZON',
    MetricsConfig: { Metrics: ['EventCount'] },
  });
  await cloud.quiet();
  expect((await values('IteratorAge', ['FunctionName', 'fn'], 'Milliseconds'))?.max).toBe(90_000);
  expect((await values('InvokedEventCount', ['EventSourceMappingUUID', UUID]))?.sum).toBe(1);
});
