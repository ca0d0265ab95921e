// Event source mappings on DynamoDB streams from end to end: batches, order, failures, restarts.
import * as CF from '@aws-sdk/client-cloudformation';
import * as D from '@aws-sdk/client-dynamodb';
import * as L from '@aws-sdk/client-lambda';
import * as Q from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCloud, type TestCloud } from '../../../testing/create-cloud.ts';
import { createNodeFunction } from '../test-archive.ts';

let cloud: TestCloud;
let lambda: L.LambdaClient;
let db: D.DynamoDBClient;
let sqs: Q.SQSClient;
let streamArn: string;

const TableName = 'items';
const queueArn = (name: string): string => `arn:aws:sqs:us-east-1:000000000000:${name}`;

beforeEach(async () => {
  cloud = await createCloud({ startTime: new Date('2026-03-01T12:00:00.750Z') });
  lambda = cloud.client(L.LambdaClient);
  db = cloud.client(D.DynamoDBClient);
  sqs = cloud.client(Q.SQSClient);
  for (const QueueName of ['seen', 'failed'])
    await sqs.send(new Q.CreateQueueCommand({ QueueName }));
  const { TableDescription } = await db.send(
    new D.CreateTableCommand({
      TableName,
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    }),
  );
  streamArn = TableDescription?.LatestStreamArn ?? '';
});
afterEach(() => cloud.close());

/** Reports the event of each run to the queue `seen`; then does what `body` says with `event`. */
async function createReporter(body = ''): Promise<void> {
  await createNodeFunction(lambda, 'fn', {
    source: `import { SQSClient, SendMessageCommand } from '@aws-sdk/client-sqs';
      const sqs = new SQSClient({});
      export const handler = async (event) => {
        const QueueUrl = process.env.AWS_ENDPOINT_URL + '/000000000000/seen';
        await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(event) }));
        const ids = event.Records.map((record) => record.dynamodb.Keys.id.S);
        ${body}
      };`,
    Timeout: 20,
  });
}

async function map(
  input: Partial<L.CreateEventSourceMappingCommandInput> = {},
): Promise<L.CreateEventSourceMappingCommandOutput> {
  return lambda.send(
    new L.CreateEventSourceMappingCommand({
      FunctionName: 'fn',
      EventSourceArn: streamArn,
      StartingPosition: 'TRIM_HORIZON',
      ...input,
    }),
  );
}

async function put(...ids: string[]): Promise<void> {
  for (const id of ids) {
    await db.send(new D.PutItemCommand({ TableName, Item: { id: { S: id }, n: { N: '1' } } }));
  }
}

interface Event {
  readonly Records: readonly {
    readonly dynamodb: {
      readonly Keys: { readonly id: { readonly S: string } };
      readonly NewImage?: {
        readonly id: { readonly S: string };
        readonly n: { readonly N: string };
      };
    };
  }[];
}

/** Messages of a queue since the last call. */
async function drain(queue: string, from: Q.SQSClient = sqs): Promise<unknown[]> {
  const found: unknown[] = [];
  const { QueueUrl } = await from.send(new Q.GetQueueUrlCommand({ QueueName: queue }));
  for (;;) {
    const { Messages = [] } = await from.send(
      new Q.ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 43_200 }),
    );
    if (Messages.length === 0) return found;
    found.push(...Messages.map(({ Body = '' }) => JSON.parse(Body) as unknown));
  }
}

/** Ids by run, in the order of the runs, as `abc`. */
async function batches(from: TestCloud = cloud): Promise<string[]> {
  await from.settle();
  const events = (await drain('seen', from.client(Q.SQSClient))) as Event[];
  return events.map(({ Records }) => Records.map(({ dynamodb }) => dynamodb.Keys.id.S).join(''));
}

describe('settings', () => {
  test('print with the defaults of streams', async () => {
    await createReporter();
    const { $metadata: _, UUID, ...shown } = await map();
    // Values: developer guide, "Lambda parameters for DynamoDB event source mappings".
    expect(shown).toEqual({
      BatchSize: 100,
      BisectBatchOnFunctionError: false,
      DestinationConfig: { OnFailure: {} },
      EventSourceArn: streamArn,
      EventSourceMappingArn: `arn:aws:lambda:us-east-1:000000000000:event-source-mapping:${UUID}`,
      FunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:fn',
      FunctionResponseTypes: [],
      LastModified: expect.any(Date),
      LastProcessingResult: 'No records processed',
      MaximumBatchingWindowInSeconds: 0,
      MaximumRecordAgeInSeconds: -1,
      MaximumRetryAttempts: -1,
      ParallelizationFactor: 1,
      StartingPosition: 'TRIM_HORIZON',
      State: 'Creating',
      StateTransitionReason: 'User action',
      TumblingWindowInSeconds: 0,
    });
  });

  test.each<[string, Partial<L.CreateEventSourceMappingCommandInput>, string]>([
    [
      'no starting position',
      { StartingPosition: undefined },
      "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.",
    ],
    ['no function', { FunctionName: 'none' }, 'Function does not exist'],
    [
      'a window over several lanes',
      { TumblingWindowInSeconds: 30, ParallelizationFactor: 2 },
      'ParallelizationFactor must be 1 when TumblingWindowInSeconds is set.',
    ],
  ])('%s is refused', async (_, input, message) => {
    await createReporter();
    await expect(map(input)).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message,
    });
  });

  test('a time to start at, an unknown stream and a second mapping are refused', async () => {
    await createReporter();
    await expect(
      map({ StartingPosition: 'AT_TIMESTAMP', StartingPositionTimestamp: new Date() }),
    ).rejects.toMatchObject({
      message: `Unsupported starting position for arn type: ${streamArn}`,
    });
    const EventSourceArn = streamArn.replace(/\d$/, '9');
    await expect(map({ EventSourceArn })).rejects.toMatchObject({
      message: `Stream not found: ${EventSourceArn}`,
    });
    const { UUID } = await map();
    await expect(map()).rejects.toMatchObject({
      name: 'ResourceConflictException',
      message: expect.stringContaining(
        `provided mapping already exists. Please update or delete the existing mapping with UUID ${UUID}`,
      ),
    });
  });
});

describe('delivery', () => {
  // Shape: developer guide, "Using AWS Lambda with Amazon DynamoDB", example event.
  test('records arrive in the shape of the example event', async () => {
    await createReporter();
    const TimeToLiveSpecification = { AttributeName: 'until', Enabled: true };
    await db.send(new D.UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
    const until = { N: String(Math.floor(cloud.clock.now().getTime() / 1000) + 60) };
    const Item = {
      id: { S: 'a' },
      bin: { B: Uint8Array.of(1, 2, 255) },
      bins: { BS: [Uint8Array.of(0)] },
      until,
    };
    await db.send(new D.PutItemCommand({ TableName, Item }));
    await map();
    await cloud.clock.advance('2m');
    const [first, second] = (await drain('seen')) as Event[];
    const image = { id: { S: 'a' }, bin: { B: 'AQL/' }, bins: { BS: ['AA=='] }, until };
    expect(first?.Records).toEqual([
      {
        eventID: expect.stringMatching(/^[0-9a-f]{32}$/),
        eventName: 'INSERT',
        eventVersion: '1.1',
        eventSource: 'aws:dynamodb',
        awsRegion: 'us-east-1',
        dynamodb: {
          ApproximateCreationDateTime: Date.parse('2026-03-01T12:00:00Z') / 1000,
          Keys: { id: { S: 'a' } },
          NewImage: image,
          SequenceNumber: expect.stringMatching(/^\d{21,40}$/),
          SizeBytes: expect.any(Number),
          StreamViewType: 'NEW_AND_OLD_IMAGES',
        },
        eventSourceARN: streamArn,
      },
    ]);
    expect(second?.Records).toMatchObject([
      {
        eventName: 'REMOVE',
        userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' },
        dynamodb: { OldImage: image },
      },
    ]);
  });

  test('batches hold what was there, in order, up to the batch size', async () => {
    await createReporter();
    await put('a', 'b', 'c', 'd', 'e');
    await map({ BatchSize: 2 });
    expect(await batches()).toEqual(['ab', 'cd', 'e']);
    await put('f');
    expect(await batches()).toEqual(['f']);
  });

  test('LATEST leaves out what was written before, however long nothing comes', async () => {
    await createReporter();
    await put('a');
    await map({ StartingPosition: 'LATEST' });
    await put('b');
    expect(await batches()).toEqual(['b']);
    await cloud.clock.advance('9h');
    await put('c');
    expect(await batches()).toEqual(['c']);
  });

  test('LATEST still begins at its moment when the first record comes after hours', async () => {
    await createReporter();
    await put('a');
    await map({ StartingPosition: 'LATEST' });
    await cloud.clock.advance('3h');
    await put('b');
    expect(await batches()).toEqual(['b']);
  });

  test('a batching window gathers until it is over or the batch is full', async () => {
    await createReporter();
    await map({ BatchSize: 3, MaximumBatchingWindowInSeconds: 10 });
    await put('a');
    await put('b');
    expect(await batches()).toEqual([]);
    await cloud.clock.advance('10s');
    expect(await batches()).toEqual(['ab']);
    await put('c', 'd', 'e');
    expect(await batches()).toEqual(['cde']);
  });

  test('only what a filter lets through is given to the function', async () => {
    await createReporter();
    const pattern = { eventName: ['INSERT'], dynamodb: { Keys: { id: { S: [{ prefix: 'x' }] } } } };
    const FilterCriteria = { Filters: [{ Pattern: JSON.stringify(pattern) }] };
    await put('a', 'x1', 'b', 'x2');
    await db.send(new D.DeleteItemCommand({ TableName, Key: { id: { S: 'x1' } } }));
    await map({ FilterCriteria });
    expect(await batches()).toEqual(['x1x2']);
  });

  test('shards are followed from parent to child', async () => {
    await createReporter();
    await put('a');
    await cloud.clock.advance('4h');
    await put('b');
    await map();
    expect(await batches()).toEqual(['a', 'b']);
    await cloud.clock.advance('4h');
    await put('c');
    expect(await batches()).toEqual(['c']);
  });

  test('lanes run at once, and keep each item in order', async () => {
    await createReporter();
    await put('a', 'b', 'c', 'd');
    const add = {
      UpdateExpression: 'ADD n :one',
      ExpressionAttributeValues: { ':one': { N: '1' } },
    };
    for (const id of ['a', 'b', 'c', 'd', 'a', 'b', 'c', 'd']) {
      await db.send(new D.UpdateItemCommand({ TableName, Key: { id: { S: id } }, ...add }));
    }
    await map({ ParallelizationFactor: 4, BatchSize: 1 });
    await cloud.settle();
    const seen = ((await drain('seen')) as Event[]).map(
      ({ Records }) => Records[0]?.dynamodb.NewImage,
    );
    expect(seen).toHaveLength(12);
    for (const id of ['a', 'b', 'c', 'd']) {
      const versions = seen.filter((image) => image?.id.S === id).map((image) => image?.n.N);
      expect(versions).toEqual(['1', '2', '3']);
    }
  });
});

describe('failures', () => {
  const failing = (id: string): string => `if (ids.includes('${id}')) throw new Error('no');`;

  test('hold the shard back until the batch succeeds', async () => {
    await createReporter(
      `if (globalThis.tried !== 2) { globalThis.tried = (globalThis.tried ?? 0) + 1; throw new Error('no'); }`,
    );
    await put('a', 'b');
    await map();
    await put('c');
    await cloud.clock.advance('1m');
    const runs = await batches();
    expect(runs.slice(0, 3)).toEqual(['ab', 'ab', 'ab']);
    expect(runs.slice(3).join('')).toBe('c');
  });

  test('end after the retries; the destination is told where the records are', async () => {
    await createReporter(failing('b'));
    await put('a', 'b', 'c');
    const DestinationConfig = { OnFailure: { Destination: queueArn('failed') } };
    await map({ MaximumRetryAttempts: 2, DestinationConfig });
    await cloud.clock.advance('5m');
    await put('d');
    expect(await batches()).toEqual(['abc', 'abc', 'abc', 'd']);
    const [record, ...others] = await drain('failed');
    expect(others).toEqual([]);
    // Shape: developer guide, "Retain discarded records for a DynamoDB event source".
    expect(record).toEqual({
      requestContext: {
        requestId: expect.any(String),
        functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:fn',
        condition: 'RetryAttemptsExhausted',
        approximateInvokeCount: 3,
      },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      version: '1.0',
      timestamp: expect.stringMatching(/^2026-03-01T12:\d\d:\d\d\.\d{3}Z$/),
      DDBStreamBatchInfo: {
        shardId: expect.stringMatching(/^shardId-\d{20}-[0-9a-f]{8}$/),
        startSequenceNumber: expect.stringMatching(/^\d{21,40}$/),
        endSequenceNumber: expect.stringMatching(/^\d{21,40}$/),
        approximateArrivalOfFirstRecord: '2026-03-01T12:00:00Z',
        approximateArrivalOfLastRecord: '2026-03-01T12:00:00Z',
        batchSize: 3,
        streamArn,
      },
    });
  });

  test('reported items are the checkpoint: only what follows is tried again', async () => {
    await createReporter(`const at = event.Records.find((record) => record.dynamodb.Keys.id.S === 'b');
      return { batchItemFailures: at === undefined ? [] : [{ itemIdentifier: at.dynamodb.SequenceNumber }] };`);
    await put('a', 'b', 'c');
    const DestinationConfig = { OnFailure: { Destination: queueArn('failed') } };
    const FunctionResponseTypes = ['ReportBatchItemFailures'] as const;
    await map({
      MaximumRetryAttempts: 2,
      DestinationConfig,
      FunctionResponseTypes: [...FunctionResponseTypes],
    });
    await cloud.clock.advance('5m');
    expect(await batches()).toEqual(['abc', 'bc', 'bc']);
    expect(await drain('failed')).toMatchObject([
      { requestContext: { approximateInvokeCount: 3 }, DDBStreamBatchInfo: { batchSize: 2 } },
    ]);
  });

  test('bisecting finds the record that fails', async () => {
    await createReporter(failing('c'));
    await put('a', 'b', 'c', 'd');
    await map({ BisectBatchOnFunctionError: true, MaximumRetryAttempts: 0 });
    await cloud.clock.advance('1m');
    expect(await batches()).toEqual(['abcd', 'ab', 'cd', 'c', 'd']);
  });

  test('records that are too old are given up', async () => {
    await createReporter(failing('a'));
    await put('a');
    const DestinationConfig = { OnFailure: { Destination: queueArn('failed') } };
    await map({ MaximumRecordAgeInSeconds: 60, DestinationConfig });
    await cloud.clock.advance('90s');
    await put('b');
    await cloud.clock.advance('1m');
    expect((await batches()).at(-1)).toBe('b');
    expect(await drain('failed')).toMatchObject([
      { requestContext: { condition: 'RecordAgeExceeded' }, DDBStreamBatchInfo: { batchSize: 1 } },
    ]);
  });
});

describe('life', () => {
  test('what was done is not done again by a cloud that starts from the same state', async () => {
    await createReporter();
    await put('a', 'b');
    await map();
    expect(await batches()).toEqual(['ab']);
    const copy = await cloud.fork();
    try {
      await copy.settle();
      await copy
        .client(D.DynamoDBClient)
        .send(new D.PutItemCommand({ TableName, Item: { id: { S: 'c' } } }));
      expect(await batches(copy)).toEqual(['c']);
    } finally {
      await copy.close();
    }
    expect(await batches()).toEqual([]);
  });

  test('a mapping that is disabled goes on where it stood; a deleted one is silent', async () => {
    await createReporter();
    const { UUID } = await map();
    await put('a');
    expect(await batches()).toEqual(['a']);
    await lambda.send(new L.UpdateEventSourceMappingCommand({ UUID, Enabled: false }));
    await put('b');
    expect(await batches()).toEqual([]);
    await lambda.send(new L.UpdateEventSourceMappingCommand({ UUID, Enabled: true, BatchSize: 5 }));
    expect(await batches()).toEqual(['b']);
    await lambda.send(new L.DeleteEventSourceMappingCommand({ UUID }));
    await put('c');
    expect(await batches()).toEqual([]);
  });

  test('a SAM template connects table and function', async () => {
    const cfn = cloud.client(CF.CloudFormationClient);
    const template = (settings: object): string =>
      JSON.stringify({
        Transform: 'AWS::Serverless-2016-10-31',
        Resources: {
          Orders: {
            Type: 'AWS::DynamoDB::Table',
            Properties: {
              TableName: 'orders',
              BillingMode: 'PAY_PER_REQUEST',
              AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
              KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
              StreamSpecification: { StreamViewType: 'NEW_IMAGE' },
            },
          },
          Watcher: {
            Type: 'AWS::Serverless::Function',
            Properties: {
              Runtime: 'nodejs20.x',
              Handler: 'index.handler',
              InlineCode: `const { SQSClient, SendMessageCommand } = require('@aws-sdk/client-sqs');
              const sqs = new SQSClient({});
              exports.handler = async (event) => {
                const QueueUrl = process.env.AWS_ENDPOINT_URL + '/000000000000/seen';
                await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(event) }));
              };`,
              Policies: [{ Statement: [{ Effect: 'Allow', Action: 'sqs:*', Resource: '*' }] }],
              Events: {
                Changes: {
                  Type: 'DynamoDB',
                  Properties: {
                    Stream: { 'Fn::GetAtt': ['Orders', 'StreamArn'] },
                    StartingPosition: 'TRIM_HORIZON',
                    ...settings,
                  },
                },
              },
            },
          },
        },
        Outputs: { Stream: { Value: { 'Fn::GetAtt': ['Orders', 'StreamArn'] } } },
      });
    const StackName = 'orders';
    await cfn.send(
      new CF.CreateStackCommand({
        StackName,
        TemplateBody: template({ MaximumRetryAttempts: 3 }),
        Capabilities: ['CAPABILITY_IAM', 'CAPABILITY_AUTO_EXPAND'],
      }),
    );
    await cloud.clock.advance('1m');
    const { Stacks: [stack] = [] } = await cfn.send(new CF.DescribeStacksCommand({ StackName }));
    expect(stack?.StackStatus).toBe('CREATE_COMPLETE');
    expect(stack?.Outputs?.[0]?.OutputValue).toContain(':table/orders/stream/2026-03-01T12:0');
    await db.send(new D.PutItemCommand({ TableName: 'orders', Item: { id: { S: 'o' } } }));
    expect(await batches()).toEqual(['o']);
    const mapping = async (): Promise<L.EventSourceMappingConfiguration | undefined> => {
      const EventSourceArn = stack?.Outputs?.[0]?.OutputValue;
      const list = new L.ListEventSourceMappingsCommand({ EventSourceArn });
      return (await lambda.send(list)).EventSourceMappings?.[0];
    };
    const made = await mapping();
    expect(made).toMatchObject({
      BatchSize: 100,
      MaximumRetryAttempts: 3,
      ParallelizationFactor: 1,
    });
    await cfn.send(
      new CF.UpdateStackCommand({
        StackName,
        TemplateBody: template({ BatchSize: 7, ParallelizationFactor: 2 }),
        Capabilities: ['CAPABILITY_IAM', 'CAPABILITY_AUTO_EXPAND'],
      }),
    );
    await cloud.clock.advance('1m');
    expect(await mapping()).toMatchObject({
      UUID: made?.UUID,
      BatchSize: 7,
      MaximumRetryAttempts: -1,
      ParallelizationFactor: 2,
    });
    await cfn.send(new CF.DeleteStackCommand({ StackName }));
    await cloud.clock.advance('1m');
    const rest = await lambda.send(new L.ListEventSourceMappingsCommand({}));
    expect(rest.EventSourceMappings).toEqual([]);
  });
});
