// What is asked of the cloud under load: each prepares its resources and gives a scenario.
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, SQSClient, SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { DYNAMODB_WORKLOADS } from './dynamodb-workloads.ts';
import type { HttpConnection } from './http-connection.ts';
import type { Scenario } from './load.ts';
import { signJson, signRequest } from './sign.ts';
import { PREPARED, type Workload, clientSettings, expectOk, prepareMany, sendAll } from './workload.ts';

const BODY_BYTES = 1024;
const QUEUE_FILL = 30_000;

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
  ...DYNAMODB_WORKLOADS,
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
