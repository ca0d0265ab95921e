// Asynchronous invocation on the cloud's clock: retries, ages, dead letters, destinations.
import * as L from '@aws-sdk/client-lambda';
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Message } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCloud, type TestCloud } from '../../testing/create-cloud.ts';
import { createNodeFunction } from './test-archive.ts';

let cloud: TestCloud;
let lambda: L.LambdaClient;
let sqs: SQSClient;

beforeEach(async () => {
  cloud = await createCloud();
  lambda = cloud.client(L.LambdaClient);
  sqs = cloud.client(SQSClient);
});
afterEach(async () => {
  // Functions' last lines reach the logs before the store closes.
  await cloud.settle();
  await cloud.close();
});

const FUNCTION = 'arn:aws:lambda:us-east-1:000000000000:function';
const QUEUE = 'arn:aws:sqs:us-east-1:000000000000';

async function createQueue(QueueName: string): Promise<string> {
  return (await sqs.send(new CreateQueueCommand({ QueueName }))).QueueUrl ?? '';
}

async function received(QueueUrl: string): Promise<Message[]> {
  await cloud.settle();
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: 10,
      MessageAttributeNames: ['All'],
      VisibilityTimeout: 43_200,
    }),
  );
  return Messages;
}

async function records(QueueUrl: string): Promise<Record<string, unknown>[]> {
  return (await received(QueueUrl)).map((each) => JSON.parse(each.Body ?? '') as Record<string, unknown>);
}

async function send(Payload: string, FunctionName = 'fn'): Promise<string> {
  const output = await lambda.send(
    new L.InvokeCommand({ FunctionName, InvocationType: 'Event', Payload }),
  );
  return output.$metadata.requestId ?? '';
}

async function configure(input: Partial<L.PutFunctionEventInvokeConfigCommandInput>): Promise<void> {
  await lambda.send(new L.PutFunctionEventInvokeConfigCommand({ FunctionName: 'fn', ...input }));
}

const failing = "export const handler = async () => { throw new Error('intentional failure'); };";

/** Sends the time and request id of each run to a queue, then fails when the event says so. */
function tracing(queueUrl: string): string {
  return `import { SQSClient, SendMessageCommand } from '@aws-sdk/client-sqs';
    const sqs = new SQSClient({});
    export const handler = async (event, context) => {
      const MessageBody = JSON.stringify({ at: Date.now(), id: context.awsRequestId });
      await sqs.send(new SendMessageCommand({ QueueUrl: '${queueUrl}', MessageBody }));
      if (event.fail) throw new Error('intentional failure');
      return { done: true };
    };`;
}

describe('retries', () => {
  test('a failing event runs at 0, 1 and 3 minutes, with one request id, and no more', async () => {
    const trace = await createQueue('trace');
    await createNodeFunction(lambda, 'fn', { source: tracing(trace), Timeout: 30 });
    const startMs = cloud.clock.now().getTime();
    const requestId = await send('{"fail": true}');
    await cloud.settle();
    await cloud.clock.advance('59s');
    expect(await records(trace)).toEqual([{ at: startMs, id: requestId }]);
    await cloud.clock.advance('1s');
    expect(await records(trace)).toEqual([{ at: startMs + 60_000, id: requestId }]);
    // <developer guide, "Asynchronous invocation, error handling">: one minute, then two.
    await cloud.clock.advance('2m');
    expect(await records(trace)).toEqual([{ at: startMs + 180_000, id: requestId }]);
    await cloud.clock.advance('6h');
    expect(await records(trace)).toEqual([]);
  });

  test('MaximumRetryAttempts and success end it', async () => {
    const trace = await createQueue('trace');
    await createNodeFunction(lambda, 'fn', { source: tracing(trace), Timeout: 30 });
    await configure({ MaximumRetryAttempts: 0 });
    await send('{"fail": true}');
    await send('{}');
    await cloud.clock.advance('1h');
    expect(await records(trace)).toHaveLength(2);
  });

  test('throttled events wait and run once there is room', async () => {
    const trace = await createQueue('trace');
    const onSuccess = await createQueue('success');
    await createNodeFunction(lambda, 'fn', {
      source: 'export const handler = () => new Promise((done) => setTimeout(() => done("ok"), 200));',
    });
    await lambda.send(
      new L.PutFunctionConcurrencyCommand({ FunctionName: 'fn', ReservedConcurrentExecutions: 1 }),
    );
    await configure({ DestinationConfig: { OnSuccess: { Destination: `${QUEUE}:success` } } });
    for (let n = 0; n < 3; n++) await send(`{"n": ${n}}`);
    await cloud.clock.advance('1m');
    const done = (await records(onSuccess)) as { requestPayload: { n: number }; requestContext: unknown }[];
    expect(done.map((each) => each.requestPayload.n).toSorted((a, b) => a - b)).toEqual([0, 1, 2]);
    // Throttles are no tries.
    for (const each of done) expect(each.requestContext).toMatchObject({ approximateInvokeCount: 1 });
    expect(await records(trace)).toEqual([]);
  });
});

describe('destinations', () => {
  // Shapes recorded from AWS: localstack test_lambda_destinations.py.
  test('success', async () => {
    const queue = await createQueue('results');
    await createNodeFunction(lambda, 'fn', { source: 'export const handler = async () => ({ ok: 1 });' });
    await configure({ DestinationConfig: { OnSuccess: { Destination: `${QUEUE}:results` } } });
    const requestId = await send('{"a": 1}');
    expect(await records(queue)).toEqual([
      {
        version: '1.0',
        timestamp: cloud.clock.now().toISOString(),
        requestContext: {
          requestId,
          functionArn: `${FUNCTION}:fn:$LATEST`,
          condition: 'Success',
          approximateInvokeCount: 1,
        },
        requestPayload: { a: 1 },
        responseContext: { statusCode: 200, executedVersion: '$LATEST' },
        responsePayload: { ok: 1 },
      },
    ]);
  });

  test('retries exhausted', async () => {
    const queue = await createQueue('results');
    await createNodeFunction(lambda, 'fn', { source: failing });
    await configure({ DestinationConfig: { OnFailure: { Destination: `${QUEUE}:results` } } });
    const requestId = await send('{"a": 1}');
    await cloud.clock.advance('1m');
    expect(await records(queue)).toEqual([]);
    await cloud.clock.advance('2m');
    expect(await records(queue)).toMatchObject([
      {
        requestContext: {
          requestId,
          functionArn: `${FUNCTION}:fn:$LATEST`,
          condition: 'RetriesExhausted',
          approximateInvokeCount: 3,
        },
        requestPayload: { a: 1 },
        responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
        responsePayload: { errorMessage: 'intentional failure', errorType: 'Error' },
      },
    ]);
  });

  test('too old: with a maximum age of a minute there is no retry', async () => {
    const queue = await createQueue('results');
    await createNodeFunction(lambda, 'fn', { source: failing });
    await configure({
      MaximumEventAgeInSeconds: 60,
      DestinationConfig: { OnFailure: { Destination: `${QUEUE}:results` } },
    });
    await send('{}');
    await cloud.clock.advance('10m');
    expect(await records(queue)).toMatchObject([
      { requestContext: { condition: 'EventAgeExceeded', approximateInvokeCount: 1 } },
    ]);
  });

  test('a reserved concurrency of zero sends events to the failure target at once', async () => {
    const queue = await createQueue('results');
    await createNodeFunction(lambda, 'fn', { source: failing });
    await lambda.send(
      new L.PutFunctionConcurrencyCommand({ FunctionName: 'fn', ReservedConcurrentExecutions: 0 }),
    );
    await configure({ DestinationConfig: { OnFailure: { Destination: `${QUEUE}:results` } } });
    await send('{"a": 1}');
    const [record] = await records(queue);
    expect(record).toMatchObject({ requestContext: { condition: 'ZeroReservedConcurrency' } });
    expect(record).not.toHaveProperty('responsePayload');
  });

  test('SNS and another function receive records, too; an alias has its own config', async () => {
    const queue = await createQueue('results');
    const sns = cloud.client(SNSClient);
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'done' }));
    await sns.send(
      new SubscribeCommand({
        TopicArn,
        Protocol: 'sqs',
        Endpoint: `${QUEUE}:results`,
        Attributes: { RawMessageDelivery: 'true' },
      }),
    );
    const trace = await createQueue('trace');
    await createNodeFunction(lambda, 'next', { source: tracing(trace), Timeout: 30 });
    await createNodeFunction(lambda, 'fn', {
      source: 'export const handler = async () => 1;',
      Publish: true,
    });
    await lambda.send(
      new L.CreateAliasCommand({ FunctionName: 'fn', Name: 'live', FunctionVersion: '1' }),
    );
    await configure({ DestinationConfig: { OnSuccess: { Destination: TopicArn } } });
    await configure({
      Qualifier: 'live',
      DestinationConfig: { OnSuccess: { Destination: `${FUNCTION}:next` } },
    });
    await send('{}');
    expect(await records(queue)).toMatchObject([{ requestContext: { condition: 'Success' } }]);
    await send('{}', 'fn:live');
    await cloud.settle();
    expect(await records(trace)).toHaveLength(1);
    expect(await records(queue)).toEqual([]);
  });

  test('a target that is gone loses the record and runs nothing twice', async () => {
    const trace = await createQueue('trace');
    await createNodeFunction(lambda, 'fn', { source: tracing(trace), Timeout: 30 });
    await configure({ DestinationConfig: { OnSuccess: { Destination: `${QUEUE}:nowhere` } } });
    await send('{}');
    await cloud.clock.advance('1h');
    expect(await records(trace)).toHaveLength(1);
  });
});

describe('kinds of destinations', () => {
  test('a bucket keeps records of failures, under the names AWS gives them', async () => {
    const s3 = cloud.client(S3Client);
    await s3.send(new CreateBucketCommand({ Bucket: 'failures' }));
    await createNodeFunction(lambda, 'fn', { source: failing });
    await configure({
      MaximumRetryAttempts: 0,
      DestinationConfig: { OnFailure: { Destination: 'arn:aws:s3:::failures' } },
    });
    const requestId = await send('{"a": 1}');
    await cloud.settle();
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'failures' }));
    const Key = Contents[0]?.Key ?? '';
    const stamp = cloud.clock.now().toISOString();
    const day = stamp.slice(0, 10);
    const time = stamp.slice(11, 19).replaceAll(':', '.');
    // <developer guide, "Capturing records of Lambda asynchronous invocations", Amazon S3>
    expect(Key.slice(0, -36)).toBe(`aws/lambda/async/fn/${day.replaceAll('-', '/')}/${day}T${time}-`);
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'failures', Key }));
    expect(JSON.parse((await Body?.transformToString()) ?? '')).toMatchObject({
      requestContext: { requestId, condition: 'RetriesExhausted', approximateInvokeCount: 1 },
      requestPayload: { a: 1 },
      responsePayload: { errorMessage: 'intentional failure' },
    });
  });

  test('a bucket for successes, and EventBridge, are refused', async () => {
    await createNodeFunction(lambda, 'fn', { source: failing });
    const bucket = 'arn:aws:s3:::successes';
    // Form of the message recorded: localstack test_lambda_eventinvokeconfig_exceptions.
    await expect(configure({ DestinationConfig: { OnSuccess: { Destination: bucket } } })).rejects.toMatchObject({
      message: `The provided destination config DestinationConfig(onSuccess=OnSuccess(destination=${bucket}), onFailure=null) is invalid.`,
    });
    const Destination = 'arn:aws:events:us-east-1:000000000000:event-bus/default';
    await expect(configure({ DestinationConfig: { OnFailure: { Destination } } })).rejects.toMatchObject({
      message: `EventBridge is not part of Cloudlet yet; ${Destination} cannot be a destination.`,
    });
  });
});

describe('dead letter queues', () => {
  test('the event itself, with the reason in attributes; that of the version that ran', async () => {
    const dead = await createQueue('dead');
    await createNodeFunction(lambda, 'fn', {
      source: failing,
      DeadLetterConfig: { TargetArn: `${QUEUE}:dead` },
      Publish: true,
    });
    await lambda.send(
      new L.UpdateFunctionConfigurationCommand({ FunctionName: 'fn', DeadLetterConfig: { TargetArn: '' } }),
    );
    await send('{"unqualified": true}');
    const requestId = await send('{"raise_error": 1}', 'fn:1');
    await cloud.clock.advance('3m');
    const messages = await received(dead);
    // Recorded: localstack test_sqs_queue_as_lambda_dead_letter_queue.
    expect(messages).toMatchObject([
      {
        Body: '{"raise_error": 1}',
        MessageAttributes: {
          ErrorCode: { DataType: 'Number', StringValue: '200' },
          ErrorMessage: { DataType: 'String', StringValue: 'intentional failure' },
          RequestID: { DataType: 'String', StringValue: requestId },
        },
      },
    ]);
  });

  test('events of a deleted function vanish', async () => {
    const dead = await createQueue('dead');
    await createNodeFunction(lambda, 'fn', {
      source: failing,
      DeadLetterConfig: { TargetArn: `${QUEUE}:dead` },
    });
    await send('{}');
    await cloud.settle();
    await lambda.send(new L.DeleteFunctionCommand({ FunctionName: 'fn' }));
    await cloud.clock.advance('6h');
    expect(await received(dead)).toEqual([]);
  });
});
