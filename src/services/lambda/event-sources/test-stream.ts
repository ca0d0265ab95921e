// A table with a stream, a function that reports what it gets, and mappings between them: for tests.
import * as D from '@aws-sdk/client-dynamodb';
import * as L from '@aws-sdk/client-lambda';
import * as Q from '@aws-sdk/client-sqs';
import { createNodeFunction } from '../test-archive.ts';

/** What it takes of a cloud under test. */
interface BenchCloud {
  client<Client>(clientClass: new (config: never) => Client): Client;
  settle(): Promise<void>;
}

export interface StreamBench {
  readonly lambda: L.LambdaClient;
  readonly sqs: Q.SQSClient;
  readonly streamArn: string;
  /** Creates `fn`: reports the event of each run to the queue `seen`, then does what `body` says with
   * `event` and `ids`, the keys of its records. */
  createReporter(body?: string): Promise<void>;
  map(input?: Partial<L.CreateEventSourceMappingCommandInput>): Promise<L.EventSourceMappingConfiguration>;
  put(...ids: string[]): Promise<void>;
  /** Events since the last call, in the order of the runs. */
  events(from?: BenchCloud): Promise<StreamEvent[]>;
  /** Keys by run, as `abc`. */
  batches(from?: BenchCloud): Promise<string[]>;
  /** Messages of a queue since the last call. */
  drain(queue: string, from?: BenchCloud): Promise<unknown[]>;
}

export interface StreamEvent {
  readonly Records: readonly {
    readonly dynamodb: { readonly Keys: { readonly id: { readonly S: string } } };
  }[];
  readonly window?: { readonly start: string; readonly end: string };
  readonly state?: unknown;
  readonly shardId?: string;
  readonly eventSourceARN?: string;
  readonly isFinalInvokeForWindow?: boolean;
  readonly isWindowTerminatedEarly?: boolean;
}

const TableName = 'items';

export async function createStreamBench(cloud: BenchCloud): Promise<StreamBench> {
  const lambda = cloud.client(L.LambdaClient);
  const db = cloud.client(D.DynamoDBClient);
  const sqs = cloud.client(Q.SQSClient);
  for (const QueueName of ['seen', 'failed']) await sqs.send(new Q.CreateQueueCommand({ QueueName }));
  const { TableDescription } = await db.send(
    new D.CreateTableCommand({
      TableName,
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    }),
  );
  const streamArn = TableDescription?.LatestStreamArn ?? '';

  async function drain(queue: string, from: BenchCloud = cloud): Promise<unknown[]> {
    const client = from.client(Q.SQSClient);
    const found: unknown[] = [];
    const { QueueUrl } = await client.send(new Q.GetQueueUrlCommand({ QueueName: queue }));
    for (;;) {
      const { Messages = [] } = await client.send(
        new Q.ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 43_200 }),
      );
      if (Messages.length === 0) return found;
      found.push(...Messages.map(({ Body = '' }) => JSON.parse(Body) as unknown));
    }
  }

  async function events(from: BenchCloud = cloud): Promise<StreamEvent[]> {
    await from.settle();
    return (await drain('seen', from)) as StreamEvent[];
  }

  return {
    lambda,
    sqs,
    streamArn,
    createReporter: (body = '') =>
      createNodeFunction(lambda, 'fn', { source: reporter(body), Timeout: 20 }),
    map: (input) =>
      lambda.send(
        new L.CreateEventSourceMappingCommand({
          FunctionName: 'fn',
          EventSourceArn: streamArn,
          StartingPosition: 'TRIM_HORIZON',
          ...input,
        }),
      ),
    async put(...ids) {
      for (const id of ids) {
        await db.send(new D.PutItemCommand({ TableName, Item: { id: { S: id }, n: { N: '1' } } }));
      }
    },
    events,
    async batches(from) {
      return (await events(from)).map(({ Records }) => Records.map(({ dynamodb }) => dynamodb.Keys.id.S).join(''));
    },
    drain,
  };
}

function reporter(body: string): string {
  return `import { SQSClient, SendMessageCommand } from '@aws-sdk/client-sqs';
    const sqs = new SQSClient({});
    export const handler = async (event) => {
      const QueueUrl = process.env.AWS_ENDPOINT_URL + '/000000000000/seen';
      // Of long texts only the length is told: a message has room for 1 MB.
      const MessageBody = JSON.stringify(event, (_key, value) => (value?.length > 100_000 ? value.length : value));
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
      const ids = event.Records.map((record) => record.dynamodb.Keys.id.S);
      ${body}
    };`;
}
