// What is asked of the cloud under load: each prepares its resources and gives a scenario.
import { CreateTableCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, SQSClient, SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import type { Answer, HttpConnection } from './http-connection.ts';
import type { Scenario } from './load.ts';
import { CREDENTIALS, signJson, signRequest } from './sign.ts';

export interface Workload {
  readonly name: string;
  /** What the command line calls it. */
  readonly id: string;
  readonly goal?: { readonly perSecond?: number; readonly bareRatio?: number };
  prepare(endpoint: string): Promise<Scenario>;
}

const ITEMS = 1000;
// Signed in advance; a new key for each as long as they last, then again from the first.
const PREPARED = 20_000;
const BODY_BYTES = 1024;
const QUEUE_FILL = 30_000;

export const clientSettings = (endpoint: string) => ({
  endpoint,
  region: 'us-east-1',
  credentials: CREDENTIALS,
  forcePathStyle: true,
});

function expectOk(answer: Answer): Answer {
  if (answer.status === 200) return answer;
  throw new Error(`answered ${answer.status}: ${answer.body.toString().slice(0, 300)}`);
}

/** Sends prepared requests one after the other. */
function sendAll(requests: readonly Buffer[]): Scenario {
  return async (connection, number) => {
    const request = requests[number % requests.length];
    if (request !== undefined) expectOk(await connection.send(request));
  };
}

function prepareMany(count: number, make: (number: number) => Buffer): Buffer[] {
  return Array.from({ length: count }, (_, number) => make(number));
}

const item = (number: number) => ({
  id: { S: `user-${number}` },
  name: { S: 'Ada Lovelace' },
  email: { S: `ada.${number}@example.com` },
  visits: { N: String(number) },
  tags: { L: [{ S: 'first' }, { S: 'second' }] },
});

async function createTable(endpoint: string, name: string): Promise<DynamoDBClient> {
  const client = new DynamoDBClient(clientSettings(endpoint));
  await client.send(
    new CreateTableCommand({
      TableName: name,
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  return client;
}

function dynamoRequest(endpoint: string, operation: string, input: unknown): Buffer {
  const target = `DynamoDB_20120810.${operation}`;
  return signJson(new URL(endpoint).host, { service: 'dynamodb', target, version: '1.0', input });
}

function sqsRequest(endpoint: string, operation: string, input: unknown): Buffer {
  const target = `AmazonSQS.${operation}`;
  return signJson(new URL(endpoint).host, { service: 'sqs', target, version: '1.0', input });
}

async function createQueue(
  endpoint: string,
  name: string,
): Promise<{ client: SQSClient; url: string }> {
  const client = new SQSClient(clientSettings(endpoint));
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: name }));
  return { client, url: QueueUrl ?? '' };
}

async function fillQueue(client: SQSClient, url: string): Promise<void> {
  const batches = Array.from({ length: QUEUE_FILL / 10 }, (_, at) => at);
  const send = async (): Promise<void> => {
    while (batches.pop() !== undefined) {
      const Entries = Array.from({ length: 10 }, (_, at) => ({
        Id: String(at),
        MessageBody: 'm'.repeat(200),
      }));
      await client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));
    }
  };
  await Promise.all(Array.from({ length: 16 }, send));
}

/** Receives one message and deletes it: two requests, the second made of the first's answer. */
function receiveAndDelete(endpoint: string, url: string): Scenario {
  const receive = sqsRequest(endpoint, 'ReceiveMessage', { QueueUrl: url, MaxNumberOfMessages: 1 });
  return async (connection: HttpConnection) => {
    const received = expectOk(await connection.send(receive));
    const answer = JSON.parse(received.body.toString()) as {
      Messages?: { ReceiptHandle: string }[];
    };
    const ReceiptHandle = answer.Messages?.[0]?.ReceiptHandle;
    if (ReceiptHandle === undefined) throw new Error('the queue is empty: fill in more');
    expectOk(
      await connection.send(
        sqsRequest(endpoint, 'DeleteMessage', { QueueUrl: url, ReceiptHandle }),
      ),
    );
  };
}

async function createBucket(endpoint: string, name: string): Promise<S3Client> {
  const client = new S3Client(clientSettings(endpoint));
  await client.send(new CreateBucketCommand({ Bucket: name }));
  return client;
}

export const WORKLOADS: readonly Workload[] = [
  {
    name: 'DynamoDB GetItem',
    id: 'getitem',
    goal: { bareRatio: 1 / 3 },
    async prepare(endpoint) {
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
    },
  },
  {
    name: 'DynamoDB PutItem, durable',
    id: 'putitem',
    goal: { perSecond: 5000 },
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
    name: 'SQS SendMessage, durable',
    id: 'send',
    async prepare(endpoint) {
      const { client, url } = await createQueue(endpoint, 'bench-send');
      client.destroy();
      return sendAll([
        sqsRequest(endpoint, 'SendMessage', { QueueUrl: url, MessageBody: 'm'.repeat(200) }),
      ]);
    },
  },
  {
    name: 'SQS ReceiveMessage + DeleteMessage',
    id: 'receive',
    async prepare(endpoint) {
      const { client, url } = await createQueue(endpoint, 'bench-receive');
      await fillQueue(client, url);
      client.destroy();
      return receiveAndDelete(endpoint, url);
    },
  },
  {
    name: 'S3 PutObject 1 KB, durable',
    id: 'putobject',
    async prepare(endpoint) {
      (await createBucket(endpoint, 'bench-put')).destroy();
      const { host } = new URL(endpoint);
      const body = Buffer.alloc(BODY_BYTES, 'x');
      return sendAll(
        prepareMany(PREPARED, (number) =>
          signRequest(host, {
            service: 's3',
            method: 'PUT',
            path: `/bench-put/object-${number}`,
            body,
          }),
        ),
      );
    },
  },
  {
    name: 'S3 GetObject 1 KB',
    id: 'getobject',
    async prepare(endpoint) {
      const client = await createBucket(endpoint, 'bench-get');
      const Body = Buffer.alloc(BODY_BYTES, 'x');
      for (let number = 0; number < 100; number++) {
        await client.send(
          new PutObjectCommand({ Bucket: 'bench-get', Key: `object-${number}`, Body }),
        );
      }
      client.destroy();
      const { host } = new URL(endpoint);
      return sendAll(
        prepareMany(100, (number) =>
          signRequest(host, {
            service: 's3',
            method: 'GET',
            path: `/bench-get/object-${number}`,
            body: '',
          }),
        ),
      );
    },
  },
];
