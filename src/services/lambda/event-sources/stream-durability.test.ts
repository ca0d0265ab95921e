// What streams' mappings keep and tell of failures: retries over restarts, results, buckets, metrics.
import * as L from '@aws-sdk/client-lambda';
import * as S from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type TestCloud, createCloud } from '../../../testing/create-cloud.ts';
import { type StreamBench, createStreamBench } from './test-stream.ts';

let cloud: TestCloud;
let bench: StreamBench;

beforeEach(async () => {
  cloud = await createCloud({ startTime: new Date('2026-03-01T12:00:00.750Z') });
  bench = await createStreamBench(cloud);
});
afterEach(() => cloud.close());

const failing = (id: string): string => `if (ids.includes('${id}')) throw new Error('no');`;

test('a restart does not give a failing batch its retries anew, nor other records', async () => {
  await bench.createReporter(failing('a'));
  const DestinationConfig = { OnFailure: { Destination: 'arn:aws:sqs:us-east-1:000000000000:failed' } };
  await bench.put('a', 'b');
  await bench.map({ MaximumRetryAttempts: 3, DestinationConfig });
  // Tried at once, and again after 1 s.
  await cloud.clock.advance('2s');
  expect(await bench.batches()).toEqual(['ab', 'ab']);
  await bench.put('c');
  const copy = await cloud.fork();
  try {
    await copy.clock.advance('1m');
    expect(await bench.batches(copy)).toEqual(['ab', 'ab', 'c']);
    expect(await bench.drain('failed', copy)).toMatchObject([
      { requestContext: { approximateInvokeCount: 4 }, DDBStreamBatchInfo: { batchSize: 2 } },
    ]);
  } finally {
    await copy.close();
  }
});

test('halves stay halves over a restart', async () => {
  await bench.createReporter(failing('c'));
  await bench.put('a', 'b', 'c', 'd');
  await bench.map({ BisectBatchOnFunctionError: true, MaximumRetryAttempts: 5 });
  await cloud.settle();
  expect(await bench.batches()).toEqual(['abcd', 'ab', 'cd', 'c']);
  const copy = await cloud.fork();
  try {
    await copy.clock.advance('5m');
    expect(await bench.batches(copy)).toEqual(['c', 'c', 'c', 'c', 'c', 'd']);
  } finally {
    await copy.close();
  }
});

test('the mapping shows what came of the last batch', async () => {
  await bench.createReporter(failing('b'));
  const { UUID, LastProcessingResult } = await bench.map({ MaximumRetryAttempts: 100 });
  const shown = async (): Promise<string | undefined> => {
    await cloud.settle();
    return (await bench.lambda.send(new L.GetEventSourceMappingCommand({ UUID }))).LastProcessingResult;
  };
  expect(LastProcessingResult).toBe('No records processed');
  await bench.put('a');
  expect(await shown()).toBe('OK');
  await bench.put('b');
  expect(await shown()).toBe('PROBLEM: Function call failed');
  const update = (input: object): Promise<L.EventSourceMappingConfiguration> =>
    bench.lambda.send(new L.UpdateEventSourceMappingCommand({ UUID, ...input }));
  // Recorded: localstack test_disabled_dynamodb_event_source_mapping.
  const disabling = await update({ Enabled: false });
  expect([disabling.State, disabling.LastProcessingResult]).toEqual(['Disabling', 'PROBLEM: Function call failed']);
  expect((await update({ BatchSize: 7 })).State).toBe('Updating');
  expect((await update({ Enabled: true })).State).toBe('Enabling');
});

test('a bucket gets the records that were given up', async () => {
  const s3 = cloud.client(S.S3Client);
  await s3.send(new S.CreateBucketCommand({ Bucket: 'failures' }));
  await bench.createReporter(failing('a'));
  await bench.put('a', 'b');
  const DestinationConfig = { OnFailure: { Destination: 'arn:aws:s3:::failures' } };
  const { UUID = '' } = await bench.map({ MaximumRetryAttempts: 0, DestinationConfig });
  await cloud.clock.advance('1s');
  const { Contents = [] } = await s3.send(new S.ListObjectsV2Command({ Bucket: 'failures' }));
  // <developer guide, "Retain discarded records for a DynamoDB event source", Amazon S3>
  expect(Contents.map(({ Key }) => Key)).toEqual([
    expect.stringMatching(
      new RegExp(
        `^aws/lambda/${UUID}/shardId-[0-9a-f-]+/2026/03/01/2026-03-01T12\\.00\\.0[01]-[0-9a-f-]{36}$`,
      ),
    ),
  ]);
  const { Body } = await s3.send(new S.GetObjectCommand({ Bucket: 'failures', Key: Contents[0]?.Key }));
  const record = JSON.parse((await Body?.transformToString()) ?? '') as object;
  const batch = await bench.events();
  expect(record).toMatchObject({
    requestContext: { condition: 'RetryAttemptsExhausted', approximateInvokeCount: 1 },
    responseContext: { functionError: 'Unhandled' },
    DDBStreamBatchInfo: { batchSize: 2, streamArn: bench.streamArn },
    payload: batch[0],
  });
});

test('a mapping begins with the oldest record again when it is made anew', async () => {
  await bench.createReporter();
  await bench.put('a');
  const { UUID } = await bench.map();
  expect(await bench.batches()).toEqual(['a']);
  await bench.lambda.send(new L.DeleteEventSourceMappingCommand({ UUID }));
  await bench.map();
  expect(await bench.batches()).toEqual(['a']);
});
