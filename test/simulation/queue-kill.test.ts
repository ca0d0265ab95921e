// A cloud is killed at random moments while queues feed a function: what was acknowledged reaches it,
// messages of one group in order, and only what always fails becomes a dead letter.
import * as D from '@aws-sdk/client-dynamodb';
import { CreateEventSourceMappingCommand, LambdaClient } from '@aws-sdk/client-lambda';
import * as Q from '@aws-sdk/client-sqs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { randomInteger, seededRandom } from '../../src/base/random.ts';
import { createNodeFunction } from '../../src/services/lambda/test-archive.ts';
import { type KillableCloud, startKillableCloud } from './killable-cloud.ts';
import { chooseSeed } from './seed.ts';

const SEED = chooseSeed('queue kill simulation');
const ROUNDS = 4;
/** A message in flight at every kill is received once more often than there are kills: never as often as this. */
const RECEIVES_MAX = ROUNDS + 3;
const WRITERS = 4;
const GROUPS = ['a', 'b', 'c'];
const POLL_MS = 200;
/** How long messages stay hidden, and the function may run. */
const HIDDEN_SEC = 2;

/** Appends each body to the item of its group (its own for standard queues); without the SDK. */
const HANDLER = `const headers = {
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': 'DynamoDB_20120810.UpdateItem',
    authorization: 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, ' +
      'SignedHeaders=host, Signature=0',
  };
  export const handler = async ({ Records }) => {
    const batchItemFailures = [];
    for (const { messageId, body, attributes } of Records) {
      if (body.startsWith('poison')) {
        batchItemFailures.push({ itemIdentifier: messageId });
        continue;
      }
      const answer = await fetch(process.env.AWS_ENDPOINT_URL, { method: 'POST', headers, body: JSON.stringify({
        TableName: 'seen',
        Key: { id: { S: attributes.MessageGroupId ?? body } },
        UpdateExpression: 'SET bodies = list_append(if_not_exists(bodies, :none), :one)',
        ExpressionAttributeValues: { ':none': { L: [] }, ':one': { L: [{ S: body }] } },
      }) });
      if (!answer.ok) throw new Error(await answer.text());
    }
    return { batchItemFailures };
  };`;

let folder: string;
let cloud: KillableCloud;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloudlet-queue-kill-'));
  cloud = await startKillableCloud(folder);
  await cloud.client(D.DynamoDBClient).send(
    new D.CreateTableCommand({
      TableName: 'seen',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  const sqs = cloud.client(Q.SQSClient);
  await sqs.send(new Q.CreateQueueCommand({ QueueName: 'dead' }));
  const RedrivePolicy = JSON.stringify({
    deadLetterTargetArn: arnOf('dead'),
    maxReceiveCount: RECEIVES_MAX,
  });
  const VisibilityTimeout = String(HIDDEN_SEC);
  const Attributes = { VisibilityTimeout };
  await sqs.send(
    new Q.CreateQueueCommand({ QueueName: 'jobs', Attributes: { ...Attributes, RedrivePolicy } }),
  );
  const fifo = { ...Attributes, FifoQueue: 'true', ContentBasedDeduplication: 'true' };
  await sqs.send(new Q.CreateQueueCommand({ QueueName: 'steps.fifo', Attributes: fifo }));
  const lambda = cloud.client(LambdaClient);
  await createNodeFunction(lambda, 'note', { source: HANDLER, Timeout: HIDDEN_SEC });
  for (const queue of ['jobs', 'steps.fifo']) {
    await lambda.send(
      new CreateEventSourceMappingCommand({
        FunctionName: 'note',
        EventSourceArn: arnOf(queue),
        FunctionResponseTypes: ['ReportBatchItemFailures'],
      }),
    );
  }
});
afterAll(async () => {
  await cloud.close();
  await rm(folder, { recursive: true, force: true });
});

function arnOf(queue: string): string {
  return `arn:aws:sqs:us-east-1:000000000000:${queue}`;
}

async function urlOf(queue: string): Promise<string> {
  const { QueueUrl = '' } = await cloud.client(Q.SQSClient).send(new Q.GetQueueUrlCommand({ QueueName: queue }));
  return QueueUrl;
}

/** Sends until the cloud is killed; gives what was acknowledged. */
async function send(
  queue: string,
  next: () => { readonly MessageBody: string; readonly MessageGroupId?: string },
): Promise<string[]> {
  const acknowledged: string[] = [];
  const sqs = cloud.client(Q.SQSClient);
  try {
    const QueueUrl = await urlOf(queue);
    for (;;) {
      const message = next();
      await sqs.send(new Q.SendMessageCommand({ QueueUrl, ...message }));
      acknowledged.push(message.MessageBody);
      await sleep(1);
    }
  } catch {
    // The connection is gone with the cloud; the last message may have been taken or not.
    return acknowledged;
  }
}

/** Bodies that the function noted, by item. */
async function seen(): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  const db = cloud.client(D.DynamoDBClient);
  for (let start: Record<string, D.AttributeValue> | undefined; ; ) {
    const page: D.ScanCommandOutput = await db.send(
      new D.ScanCommand({ TableName: 'seen', ExclusiveStartKey: start }),
    );
    for (const { id, bodies } of page.Items ?? []) {
      found.set(id?.S ?? '', (bodies?.L ?? []).map(({ S = '' }) => S));
    }
    start = page.LastEvaluatedKey;
    if (start === undefined) return found;
  }
}

/** Messages a queue holds, hidden ones included. */
async function depth(queue: string): Promise<number> {
  const { Attributes = {} } = await cloud.client(Q.SQSClient).send(
    new Q.GetQueueAttributesCommand({ QueueUrl: await urlOf(queue), AttributeNames: ['All'] }),
  );
  return (
    Number(Attributes['ApproximateNumberOfMessages']) +
    Number(Attributes['ApproximateNumberOfMessagesNotVisible'])
  );
}

async function drain(queue: string): Promise<string[]> {
  const QueueUrl = await urlOf(queue);
  const bodies: string[] = [];
  for (;;) {
    const { Messages = [] } = await cloud.client(Q.SQSClient).send(
      new Q.ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 600 }),
    );
    if (Messages.length === 0) return bodies;
    bodies.push(...Messages.map(({ Body = '' }) => Body));
  }
}

test(`queues and their function survive kills (${ROUNDS} rounds)`, async () => {
  const random = seededRandom(SEED);
  const jobs: string[] = [];
  const steps = new Map<string, number[]>();
  const counters = new Map<string, number>();
  for (let round = 0; round < ROUNDS; round += 1) {
    let job = 0;
    const nextJob = (writer: number) => (): { readonly MessageBody: string } => {
      job += 1;
      const kind = job % 40 === 0 ? 'poison' : 'job';
      return { MessageBody: `${kind}-${round}-${writer}-${job}` };
    };
    const nextStep = (group: string) => (): { readonly MessageBody: string; readonly MessageGroupId: string } => {
      const step = (counters.get(group) ?? 0) + 1;
      counters.set(group, step);
      return { MessageBody: `${group}-${step}`, MessageGroupId: group };
    };
    const sending = [
      ...Array.from({ length: WRITERS }, (_, writer) => send('jobs', nextJob(writer))),
      ...GROUPS.map((group) => send('steps.fifo', nextStep(group))),
    ];
    await sleep(200 + randomInteger(random, 600));
    await cloud.killAndRestart();
    const acknowledged = await Promise.all(sending);
    jobs.push(...acknowledged.slice(0, WRITERS).flat());
    for (const [i, group] of GROUPS.entries()) {
      const numbers = (acknowledged[WRITERS + i] ?? []).map((body) => Number(body.split('-')[1]));
      steps.set(group, [...(steps.get(group) ?? []), ...numbers]);
    }
  }
  while ((await depth('jobs')) + (await depth('steps.fifo')) > 0) await sleep(POLL_MS);

  const noted = await seen();
  const poison = jobs.filter((body) => body.startsWith('poison'));
  expect(jobs.length).toBeGreaterThan(ROUNDS * WRITERS);
  expect(jobs.filter((body) => !body.startsWith('poison') && !noted.has(body))).toEqual([]);
  const dead = await drain('dead');
  expect(poison.filter((body) => !dead.includes(body))).toEqual([]);
  expect(dead.filter((body) => !body.startsWith('poison'))).toEqual([]);
  for (const [group, acknowledged] of steps) {
    const numbers = (noted.get(group) ?? []).map((body) => Number(body.split('-')[1]));
    // Again after a kill, perhaps, but never one before its predecessor.
    expect([...new Set(numbers)]).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
    expect(acknowledged.filter((step) => !numbers.includes(step))).toEqual([]);
  }
}, 120_000);
