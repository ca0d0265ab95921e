// A cloud is killed at random moments while events are sent to a function: every event that was
// accepted is run, and what fails on purpose ends in the dead letter queue.
import * as D from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient, PutFunctionEventInvokeConfigCommand } from '@aws-sdk/client-lambda';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { randomInteger, seededRandom } from '../../src/base/random.ts';
import { createNodeFunction } from '../../src/services/lambda/test-archive.ts';
import { type KillableCloud, startKillableCloud } from './killable-cloud.ts';
import { chooseSeed } from './seed.ts';

const SEED = chooseSeed('asynchronous kill simulation');
const ROUNDS = 4;
const SENDERS = 6;
const POLL_MS = 100;
/** Every so many events fail. */
const FAILING = 7;

/** Notes the event it is given in the table `seen`, without the SDK; fails when it is asked to. */
const HANDLER = `const headers = {
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': 'DynamoDB_20120810.PutItem',
    authorization: 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, ' +
      'SignedHeaders=host, Signature=0',
  };
  export const handler = async ({ id, fails }) => {
    const body = JSON.stringify({ TableName: 'seen', Item: { id: { S: id } } });
    const answer = await fetch(process.env.AWS_ENDPOINT_URL, { method: 'POST', headers, body });
    if (!answer.ok) throw new Error(await answer.text());
    if (fails) throw new Error('asked to');
  };`;

let folder: string;
let cloud: KillableCloud;
const accepted: string[] = [];
const acceptedToFail: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloudlet-async-kill-'));
  cloud = await startKillableCloud(folder);
  await cloud.client(D.DynamoDBClient).send(
    new D.CreateTableCommand({
      TableName: 'seen',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  await cloud.client(SQSClient).send(new CreateQueueCommand({ QueueName: 'dead' }));
  const lambda = cloud.client(LambdaClient);
  await createNodeFunction(lambda, 'note', {
    source: HANDLER,
    Timeout: 30,
    DeadLetterConfig: { TargetArn: 'arn:aws:sqs:us-east-1:000000000000:dead' },
  });
  // The clock is the world's: no test waits three minutes.
  await lambda.send(
    new PutFunctionEventInvokeConfigCommand({ FunctionName: 'note', MaximumRetryAttempts: 0 }),
  );
});
afterAll(async () => {
  await cloud.close();
  await rm(folder, { recursive: true, force: true });
});

/** Sends events until the cloud is killed. */
async function send(lambda: LambdaClient, sender: string): Promise<void> {
  try {
    for (let n = 0; ; n += 1) {
      const [id, fails] = [`${sender}-${n}`, n % FAILING === 0];
      const Payload = JSON.stringify({ id, fails });
      const { StatusCode } = await lambda.send(
        new InvokeCommand({ FunctionName: 'note', InvocationType: 'Event', Payload }),
      );
      if (StatusCode !== 202) throw new Error(`answered ${StatusCode}`);
      accepted.push(id);
      if (fails) acceptedToFail.push(id);
      await sleep(5);
    }
  } catch {
    // The connection is gone with the cloud; the event may have been accepted or not.
  }
}

async function seen(): Promise<Set<string>> {
  const found = new Set<string>();
  const db = cloud.client(D.DynamoDBClient);
  for (let start: Record<string, D.AttributeValue> | undefined; ; ) {
    const page: D.ScanCommandOutput = await db.send(
      new D.ScanCommand({ TableName: 'seen', ExclusiveStartKey: start }),
    );
    for (const { id } of page.Items ?? []) found.add(id?.S ?? '');
    start = page.LastEvaluatedKey;
    if (start === undefined) return found;
  }
}

test(`accepted events survive kills (${ROUNDS} rounds)`, async () => {
  const random = seededRandom(SEED);
  for (let round = 0; round < ROUNDS; round += 1) {
    const lambda = cloud.client(LambdaClient);
    const senders = Array.from({ length: SENDERS }, (_, i) => send(lambda, `${round}-${i}`));
    await sleep(200 + randomInteger(random, 900));
    await cloud.killAndRestart();
    await Promise.all(senders);
  }
  expect(accepted.length).toBeGreaterThan(ROUNDS * SENDERS);
  for (let found = await seen(); !accepted.every((id) => found.has(id)); found = await seen()) {
    await sleep(POLL_MS);
  }
  const dead = new Set<string>();
  const sqs = cloud.client(SQSClient);
  const QueueUrl = 'http://localhost/000000000000/dead';
  while (!acceptedToFail.every((id) => dead.has(id))) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 600 }),
    );
    for (const { Body = '' } of Messages) dead.add((JSON.parse(Body) as { id: string }).id);
    if (Messages.length === 0) await sleep(POLL_MS);
  }
}, 120_000);
