// Event source mappings on SQS from end to end: settings, batches, failures, filters, life and death.
import * as L from '@aws-sdk/client-lambda';
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCloud, type TestCloud } from '../../../testing/create-cloud.ts';
import { createNodeFunction } from '../test-archive.ts';

let cloud: TestCloud;
let lambda: L.LambdaClient;
let sqs: SQSClient;
let source: string;
let seen: string;

beforeEach(async () => {
  cloud = await createCloud();
  lambda = cloud.client(L.LambdaClient);
  sqs = cloud.client(SQSClient);
  source = await createQueue('source');
  seen = await createQueue('seen');
});
afterEach(async () => {
  // Functions' last lines reach the logs before the store closes.
  await cloud.settle();
  await cloud.close();
});

const arn = (queue: string): string => `arn:aws:sqs:us-east-1:000000000000:${queue}`;

async function createQueue(QueueName: string, Attributes?: Record<string, string>): Promise<string> {
  return (await sqs.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl ?? '';
}

/** Reports the event of each run to the queue `seen`; then does what `body` says with `event`. */
async function createReporter(body = '', settings: Partial<L.CreateFunctionCommandInput> = {}): Promise<void> {
  await createNodeFunction(lambda, 'fn', {
    source: `import { SQSClient, SendMessageCommand } from '@aws-sdk/client-sqs';
      const sqs = new SQSClient({});
      export const handler = async (event, context) => {
        const MessageBody = JSON.stringify({ event, arn: context.invokedFunctionArn });
        // Of the cloud that runs it, which a fork's is not the first one.
        const QueueUrl = process.env.AWS_ENDPOINT_URL + '/000000000000/seen';
        await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
        ${body}
      };`,
    Timeout: 20,
    ...settings,
  });
}

async function map(input: Partial<L.CreateEventSourceMappingCommandInput> = {}): Promise<string> {
  const { UUID = '' } = await lambda.send(
    new L.CreateEventSourceMappingCommand({
      FunctionName: 'fn',
      EventSourceArn: arn('source'),
      ...input,
    }),
  );
  return UUID;
}

async function send(...bodies: string[]): Promise<void> {
  const Entries = bodies.map((MessageBody, i) => ({ Id: String(i), MessageBody }));
  await sqs.send(new SendMessageBatchCommand({ QueueUrl: source, Entries }));
}

interface Run {
  readonly event: { readonly Records: readonly Record<string, unknown>[] };
  readonly arn: string;
}

/** What ran since the last call, in order of the runs. */
async function runs(): Promise<Run[]> {
  await cloud.settle();
  const found: Run[] = [];
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: seen, MaxNumberOfMessages: 10, VisibilityTimeout: 43_200 }),
    );
    if (Messages.length === 0) return found;
    found.push(...Messages.map((each) => JSON.parse(each.Body ?? '') as Run));
  }
}

/** Bodies by run. */
async function batches(): Promise<unknown[][]> {
  return (await runs()).map((run) => run.event.Records.map((record) => record['body']));
}

async function left(queue = source): Promise<string> {
  const AttributeNames = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queue, AttributeNames: [...AttributeNames] }),
  );
  return AttributeNames.map((name) => Attributes[name]).join('+');
}

describe('settings', () => {
  test('print as recorded from AWS, and are found by function and by queue', async () => {
    await createReporter();
    const made = await lambda.send(
      new L.CreateEventSourceMappingCommand({
        FunctionName: 'fn',
        EventSourceArn: arn('source'),
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        Tags: { a: 'b' },
      }),
    );
    // Recorded: localstack test_lambda_integration_sqs.py::test_report_batch_item_failures.
    const { $metadata, UUID, ...shown } = made;
    expect($metadata.httpStatusCode).toBe(202);
    expect(shown).toEqual({
      BatchSize: 10,
      EventSourceArn: arn('source'),
      FunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:fn',
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      EventSourceMappingArn: `arn:aws:lambda:us-east-1:000000000000:event-source-mapping:${UUID}`,
      LastModified: expect.any(Date),
      MaximumBatchingWindowInSeconds: 0,
      State: 'Creating',
      StateTransitionReason: 'USER_INITIATED',
    });
    const got = await lambda.send(new L.GetEventSourceMappingCommand({ UUID }));
    expect(got.State).toBe('Enabled');
    const count = async (input: L.ListEventSourceMappingsCommandInput): Promise<number | undefined> =>
      (await lambda.send(new L.ListEventSourceMappingsCommand(input))).EventSourceMappings?.length;
    expect(await count({ FunctionName: 'fn' })).toBe(1);
    expect(await count({ EventSourceArn: arn('source') })).toBe(1);
    expect(await count({ EventSourceArn: arn('seen') })).toBe(0);
    expect(await count({ FunctionName: 'other' })).toBe(0);
    const Resource = made.EventSourceMappingArn;
    expect((await lambda.send(new L.ListTagsCommand({ Resource }))).Tags).toEqual({ a: 'b' });
  });

  test.each<[string, Partial<L.CreateEventSourceMappingCommandInput>, string]>([
    ['no source', { EventSourceArn: undefined }, 'Unrecognized event source.'],
    [
      'a queue that is not there',
      { EventSourceArn: arn('none') },
      'Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist.',
    ],
    ['a function that is not there', { FunctionName: 'none' }, 'Function does not exist'],
    ['an alias that is not there', { FunctionName: 'fn:live' }, 'Function does not exist'],
    [
      'a function of another account',
      { FunctionName: 'arn:aws:lambda:us-east-1:111122223333:function:fn' },
      'Function does not exist',
    ],
    [
      'a large batch without a window',
      { BatchSize: 11 },
      'Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10',
    ],
    [
      'a pattern that is none',
      { FilterCriteria: { Filters: [{ Pattern: '{oops' }] } },
      'Invalid filter pattern definition.',
    ],
    [
      'a parameter of streams',
      { ParallelizationFactor: 2 },
      'Unsupported ParallelizationFactor parameter for given event source mapping type.',
    ],
    // Recorded: localstack event_source_mapping/test_api.py::test_create_starting_position_validation_exceptions.
    [
      'a place to start at',
      { StartingPosition: 'TRIM_HORIZON' },
      'StartingPosition is not valid for SQS event sources.',
    ],
    [
      'a failure destination',
      { DestinationConfig: { OnFailure: { Destination: arn('seen') } } },
      'Unsupported DestinationConfig parameter for given event source mapping type.',
    ],
    [
      'a parameter of Kafka',
      { Topics: ['topic'] },
      'Unsupported Topics parameter for given event source mapping type.',
    ],
    [
      'a metric of Kafka',
      { MetricsConfig: { Metrics: ['EventCount', 'KafkaMetrics'] } },
      'Unsupported KafkaMetrics metric for given event source mapping type.',
    ],
    [
      'pollers kept ready beside a maximum',
      { ProvisionedPollerConfig: { MinimumPollers: 2 }, ScalingConfig: { MaximumConcurrency: 2 } },
      'ScalingConfig and ProvisionedPollerConfig cannot be used together.',
    ],
    [
      'a single poller kept ready',
      { ProvisionedPollerConfig: { MinimumPollers: 1 } },
      'MinimumPollers and MaximumPollers must be at least 2 for SQS event sources.',
    ],
    [
      'more pollers at least than at most',
      { ProvisionedPollerConfig: { MinimumPollers: 9, MaximumPollers: 3 } },
      'MinimumPollers must not be greater than MaximumPollers.',
    ],
    [
      'a key for filters',
      { KMSKeyArn: 'arn:aws:kms:us-east-1:000000000000:key/k' },
      'KMSKeyArn is not supported by Cloudlet yet; remove it from the request.',
    ],
    ...(['kinesis', 'kafka', 'mq', 'rds'] as const).map(
      (service): [string, Partial<L.CreateEventSourceMappingCommandInput>, string] => [
        `a source of ${service}`,
        { EventSourceArn: `arn:aws:${service}:us-east-1:000000000000:x/y`, StartingPosition: 'LATEST' },
        `Event source mappings on ${service} are not supported by Cloudlet yet.`,
      ],
    ),
    [
      'Kafka of one\'s own',
      {
        EventSourceArn: undefined,
        SelfManagedEventSource: { Endpoints: { KAFKA_BOOTSTRAP_SERVERS: ['a:9092'] } },
        Topics: ['topic'],
      },
      'Event source mappings on self-managed Kafka are not supported by Cloudlet yet.',
    ],
  ])('refuses %s', async (_what, input, message) => {
    await createReporter();
    await expect(map(input)).rejects.toMatchObject({ name: 'InvalidParameterValueException', message });
  });

  // The model's own bounds. <Lambda API model, CreateEventSourceMapping>
  test.each<[string, Partial<L.CreateEventSourceMappingCommandInput>, string]>([
    ['BatchSize', { BatchSize: 0 }, "Value '0' at 'batchSize' failed to satisfy constraint: Member must have value greater than or equal to 1"],
    ['BatchSize', { BatchSize: 10_001 }, "Value '10001' at 'batchSize' failed to satisfy constraint: Member must have value less than or equal to 10000"],
    ['MaximumBatchingWindowInSeconds', { MaximumBatchingWindowInSeconds: 301 }, "Value '301' at 'maximumBatchingWindowInSeconds' failed to satisfy constraint: Member must have value less than or equal to 300"],
    ['MaximumConcurrency', { ScalingConfig: { MaximumConcurrency: 1 } }, "Value '1' at 'scalingConfig.maximumConcurrency' failed to satisfy constraint: Member must have value greater than or equal to 2"],
    ['TumblingWindowInSeconds', { TumblingWindowInSeconds: 901 }, "Value '901' at 'tumblingWindowInSeconds' failed to satisfy constraint: Member must have value less than or equal to 900"],
  ])('bounds %s', async (_what, input, message) => {
    await createReporter();
    await expect(map(input)).rejects.toMatchObject({
      name: 'ValidationException',
      message: `1 validation error detected: ${message}`,
    });
  });

  test('show pollers kept ready', async () => {
    await createReporter();
    const UUID = await map({ ProvisionedPollerConfig: { MinimumPollers: 3 } });
    const shown = await lambda.send(new L.GetEventSourceMappingCommand({ UUID }));
    // <API reference, ProvisionedPollerConfig: 200 at most by default>
    expect(shown.ProvisionedPollerConfig).toEqual({ MinimumPollers: 3, MaximumPollers: 200 });
    await send('1');
    expect(await batches()).toEqual([['1']]);
  });

  test('refuses a queue that hides messages for less time than the function may run', async () => {
    await createReporter('', { Timeout: 60 });
    await expect(map()).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message: 'Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds',
    });
  });

  test('refuses a second mapping of the same two', async () => {
    await createReporter();
    const uuid = await map();
    await expect(map()).rejects.toMatchObject({
      name: 'ResourceConflictException',
      message: `An event source mapping with SQS arn (" ${arn('source')} ") and function (" fn ") already exists. Please update or delete the existing mapping with UUID ${uuid}`,
    });
    await expect(
      lambda.send(new L.GetEventSourceMappingCommand({ UUID: uuid.replace(/^./, 'g') })),
    ).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'The resource you requested does not exist.',
    });
  });
});

describe('batches', () => {
  test('messages reach the function as records, and leave the queue', async () => {
    await createReporter();
    await map();
    await sqs.send(
      new SendMessageCommand({
        QueueUrl: source,
        MessageBody: 'hello',
        MessageAttributes: {
          n: { DataType: 'Number', StringValue: '1' },
          b: { DataType: 'Binary', BinaryValue: Buffer.from('xyz') },
        },
      }),
    );
    const [run] = await runs();
    const nowMs = String(cloud.clock.now().getTime());
    // <developer guide, "Example Amazon SQS message event">
    expect(run?.event.Records).toEqual([
      {
        messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        receiptHandle: expect.any(String),
        body: 'hello',
        attributes: {
          ApproximateReceiveCount: '1',
          SentTimestamp: nowMs,
          SenderId: expect.any(String),
          ApproximateFirstReceiveTimestamp: nowMs,
        },
        messageAttributes: {
          n: { stringValue: '1', stringListValues: [], binaryListValues: [], dataType: 'Number' },
          b: { binaryValue: 'eHl6', stringListValues: [], binaryListValues: [], dataType: 'Binary' },
        },
        md5OfMessageAttributes: expect.stringMatching(/^[0-9a-f]{32}$/),
        md5OfBody: '5d41402abc4b2a76b9719d911017c592',
        eventSource: 'aws:sqs',
        eventSourceARN: arn('source'),
        awsRegion: 'us-east-1',
      },
    ]);
    expect(await left()).toBe('0+0');
  });

  test('BatchSize bounds a batch; a window gathers a larger one', async () => {
    await createReporter();
    const UUID = await map({ BatchSize: 2, Enabled: false });
    await send('1', '2', '3');
    await lambda.send(new L.UpdateEventSourceMappingCommand({ UUID, Enabled: true }));
    const first = await batches();
    expect(first.map((batch) => batch.length).toSorted((a, b) => a - b)).toEqual([1, 2]);
    await lambda.send(
      new L.UpdateEventSourceMappingCommand({ UUID, BatchSize: 100, MaximumBatchingWindowInSeconds: 20 }),
    );
    await send('4', '5');
    await cloud.clock.advance('10s');
    await send('6');
    expect(await batches()).toEqual([]);
    await cloud.clock.advance('10s');
    const [gathered] = await batches();
    expect(gathered?.toSorted()).toEqual(['4', '5', '6']);
  });

  test('a batch that would not fit into one payload becomes several', async () => {
    await createNodeFunction(lambda, 'fn', {
      source: 'export const handler = async (event) => { if (event.Records.length > 6) throw new Error(); };',
    });
    const UUID = await map({ Enabled: false });
    for (let n = 0; n < 8; n++) await send('x'.repeat(900_000));
    await lambda.send(new L.UpdateEventSourceMappingCommand({ UUID, Enabled: true }));
    await cloud.settle();
    expect(await left()).toBe('0+0');
  });

  test('MaximumConcurrency bounds how many batches run at once', async () => {
    await createNodeFunction(lambda, 'fn', {
      source: `import { SQSClient, SendMessageCommand } from '@aws-sdk/client-sqs';
        const sqs = new SQSClient({});
        export const handler = async (event) => {
          const started = process.hrtime.bigint();
          await new Promise((done) => setTimeout(done, 150));
          const Records = [String(started), String(process.hrtime.bigint())].map((body) => ({ body }));
          const MessageBody = JSON.stringify({ event: { Records } });
          await sqs.send(new SendMessageCommand({ QueueUrl: '${seen}', MessageBody }));
        };`,
      Timeout: 20,
    });
    const UUID = await map({ BatchSize: 1, ScalingConfig: { MaximumConcurrency: 2 }, Enabled: false });
    await send('1', '2', '3', '4', '5', '6');
    await lambda.send(new L.UpdateEventSourceMappingCommand({ UUID, Enabled: true }));
    const spans = (await batches()).map(([start, end]) => [BigInt(String(start)), BigInt(String(end))] as const);
    expect(spans).toHaveLength(6);
    const overlaps = spans.map(([at]) => spans.filter(([start, end]) => start <= at && at < end).length);
    expect(Math.max(...overlaps)).toBe(2);
  });

  test('filters let matching messages through and delete the rest', async () => {
    await createReporter();
    await map({ FilterCriteria: { Filters: [{ Pattern: '{"body":{"kind":["a"]}}' }] } });
    await send('{"kind":"a"}', '{"kind":"b"}', 'kind a');
    expect(await batches()).toEqual([['{"kind":"a"}']]);
    expect(await left()).toBe('0+0');
  });

  test('a FIFO queue keeps its order, across failures too', async () => {
    const QueueUrl = await createQueue('source.fifo', {
      FifoQueue: 'true',
      ContentBasedDeduplication: 'true',
    });
    await createReporter(`
      const failed = event.Records.find((r) => r.body === 'b' && r.attributes.ApproximateReceiveCount === '1');
      if (failed) throw new Error('intentional failure');`);
    await expect(
      map({ EventSourceArn: arn('source.fifo'), MaximumBatchingWindowInSeconds: 1 }),
    ).rejects.toMatchObject({ message: 'Batching window is not supported for FIFO queues.' });
    await map({ EventSourceArn: arn('source.fifo'), BatchSize: 1 });
    for (const MessageBody of ['a', 'b', 'c']) {
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageGroupId: 'g' }));
    }
    await cloud.clock.advance('3m');
    expect((await batches()).flat()).toEqual(['a', 'b', 'b', 'c']);
  });

  test('a FIFO queue keeps its order where a batch is too large for one payload', async () => {
    const QueueUrl = await createQueue('source.fifo', {
      FifoQueue: 'true',
      ContentBasedDeduplication: 'true',
    });
    // The first run of the first messages fails: none that follows may be seen before they succeed.
    await createNodeFunction(lambda, 'fn', {
      source: `import { SQSClient, SendMessageCommand } from '@aws-sdk/client-sqs';
        const sqs = new SQSClient({});
        export const handler = async ({ Records }) => {
          const bodies = Records.map((record) => record.body.slice(0, 1));
          const MessageBody = JSON.stringify({ event: { Records: bodies.map((body) => ({ body })) } });
          await sqs.send(new SendMessageCommand({ QueueUrl: '${seen}', MessageBody }));
          if (Records.some((r) => r.body[0] === '0' && r.attributes.ApproximateReceiveCount === '1')) throw new Error();
        };`,
      Timeout: 20,
    });
    const UUID = await map({ EventSourceArn: arn('source.fifo'), Enabled: false });
    for (let n = 0; n < 8; n++) {
      const MessageBody = `${n}${'x'.repeat(900_000)}`;
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageGroupId: 'g' }));
    }
    await lambda.send(new L.UpdateEventSourceMappingCommand({ UUID, Enabled: true }));
    await cloud.clock.advance('2m');
    const [failed, ...others] = (await batches()).map((bodies) => bodies.join(''));
    expect(failed?.startsWith('0')).toBe(true);
    expect(others.join('')).toBe('01234567');
  });

  test('an alias is invoked as the alias', async () => {
    await createReporter('', { Publish: true });
    await lambda.send(new L.CreateAliasCommand({ FunctionName: 'fn', Name: 'live', FunctionVersion: '1' }));
    await map({ FunctionName: 'fn:live' });
    await send('1');
    expect((await runs()).map((run) => run.arn)).toEqual([
      'arn:aws:lambda:us-east-1:000000000000:function:fn:live',
    ]);
  });
});

describe('failures', () => {
  test('a failed batch comes back after the visibility timeout; a third failure goes to the dead letters', async () => {
    const dead = await createQueue('dead');
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arn('dead'), maxReceiveCount: 3 });
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: source, Attributes: { RedrivePolicy } }));
    await createReporter("throw new Error('intentional failure');");
    await map();
    await send('poison');
    expect(await batches()).toEqual([['poison']]);
    await cloud.clock.advance('29s');
    expect(await batches()).toEqual([]);
    await cloud.clock.advance('1s');
    const [second] = await runs();
    expect(second?.event.Records[0]?.['attributes']).toMatchObject({ ApproximateReceiveCount: '2' });
    await cloud.clock.advance('2m');
    expect(await batches()).toEqual([['poison']]);
    expect([await left(), await left(dead)]).toEqual(['0+0', '1+0']);
  });

  test('a partial batch response keeps what failed, and only that', async () => {
    await createReporter(`return {
      batchItemFailures: event.Records.filter((r) => r.body.startsWith('bad'))
        .map((r) => ({ itemIdentifier: r.messageId })),
    };`);
    const UUID = await map({ FunctionResponseTypes: ['ReportBatchItemFailures'], Enabled: false });
    await send('good 1', 'bad 1', 'good 2');
    await lambda.send(new L.UpdateEventSourceMappingCommand({ UUID, Enabled: true }));
    await cloud.settle();
    expect(await left()).toBe('0+1');
    await runs();
    await cloud.clock.advance('30s');
    expect(await batches()).toEqual([['bad 1']]);
    // Without the setting the same answer counts as success.
    await lambda.send(new L.UpdateEventSourceMappingCommand({ UUID, FunctionResponseTypes: [] }));
    await cloud.clock.advance('30s');
    expect(await left()).toBe('0+0');
  });

  test('throttled batches are tried again before the messages become visible', async () => {
    await createReporter();
    await lambda.send(
      new L.PutFunctionConcurrencyCommand({ FunctionName: 'fn', ReservedConcurrentExecutions: 0 }),
    );
    await map();
    await send('1');
    await cloud.settle();
    await lambda.send(new L.DeleteFunctionConcurrencyCommand({ FunctionName: 'fn' }));
    await cloud.clock.advance('5s');
    const [run] = await runs();
    expect(run?.event.Records[0]?.['attributes']).toMatchObject({ ApproximateReceiveCount: '1' });
  });

  test('a visibility timeout of zero does not keep a standing clock busy', async () => {
    await createReporter("throw new Error('intentional failure');");
    await map();
    await sqs.send(
      new SetQueueAttributesCommand({ QueueUrl: source, Attributes: { VisibilityTimeout: '0' } }),
    );
    await send('1');
    // Visible while it is being worked on, it is taken by every one of the five workers once.
    expect((await batches()).length).toBeLessThanOrEqual(5);
    await cloud.clock.advance('3s');
    expect((await batches()).length).toBeLessThanOrEqual(15);
  });
});

describe('life and death', () => {
  test('disabled it rests, enabled it works, deleted it is gone', async () => {
    await createReporter();
    const UUID = await map();
    const change = (Enabled: boolean): Promise<unknown> =>
      lambda.send(new L.UpdateEventSourceMappingCommand({ UUID, Enabled }));
    await change(false);
    await send('1');
    await cloud.clock.advance('5m');
    expect(await batches()).toEqual([]);
    expect(await lambda.send(new L.GetEventSourceMappingCommand({ UUID }))).toMatchObject({
      State: 'Disabled',
    });
    await change(true);
    expect(await batches()).toEqual([['1']]);
    const gone = await lambda.send(new L.DeleteEventSourceMappingCommand({ UUID }));
    expect([gone.State, gone.$metadata.httpStatusCode]).toEqual(['Deleting', 202]);
    await send('2');
    await cloud.clock.advance('5m');
    expect(await batches()).toEqual([]);
    expect(await left()).toBe('1+0');
  });

  test('it outlives its function and serves the next of that name', async () => {
    await createReporter();
    await map();
    await lambda.send(new L.DeleteFunctionCommand({ FunctionName: 'fn' }));
    await send('1');
    await cloud.clock.advance('10m');
    expect(await left()).toBe('1+0');
    await createReporter();
    await cloud.clock.advance('1m');
    expect(await batches()).toEqual([['1']]);
  });

  test('it outlives its queue and serves the next of that name', async () => {
    await createReporter();
    await map();
    await sqs.send(new DeleteQueueCommand({ QueueUrl: source }));
    await cloud.clock.advance('10m');
    await createQueue('source');
    await send('1');
    await cloud.clock.advance('1m');
    expect(await batches()).toEqual([['1']]);
  });

  test('a restarted cloud goes on polling', async () => {
    await createReporter();
    await map();
    await using restarted = await cloud.fork();
    const client = restarted.client(SQSClient);
    const at = (url: string): string => url.replace(cloud.endpoint, restarted.endpoint);
    await client.send(
      new SendMessageCommand({ QueueUrl: at(source), MessageBody: 'after the restart' }),
    );
    await restarted.settle();
    const { Messages = [] } = await client.send(new ReceiveMessageCommand({ QueueUrl: at(seen) }));
    const run = JSON.parse(Messages[0]?.Body ?? '') as Run;
    expect(run.event.Records.map((record) => record['body'])).toEqual(['after the restart']);
    expect(await batches()).toEqual([]);
  });
});
