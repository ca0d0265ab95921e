// Tumbling windows of mappings on streams: what the function is given, when windows end, what survives.
import * as L from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type TestCloud, createCloud } from '../../../testing/create-cloud.ts';
import { type StreamBench, type StreamEvent, createStreamBench } from './test-stream.ts';

let cloud: TestCloud;
let bench: StreamBench;

beforeEach(async () => {
  cloud = await createCloud({ startTime: new Date('2026-03-01T12:00:10Z') });
  bench = await createStreamBench(cloud);
});
afterEach(() => cloud.close());

/** Sums up the keys it was given. */
const SUM = `if (event.isFinalInvokeForWindow) return;
  return { state: { all: (event.state.all ?? '') + ids.join('') } };`;

/** `12:00 a→{} `: window, keys, state; `!` for the last word, `!!` for one before its time. */
function line(event: StreamEvent): string {
  const keys = event.Records.map(({ dynamodb }) => dynamodb.Keys.id.S).join('');
  const mark = event.isWindowTerminatedEarly === true ? '!!' : event.isFinalInvokeForWindow === true ? '!' : '';
  return `${event.window?.start.slice(11, 16) ?? ''} ${keys}${mark} ${JSON.stringify(event.state)}`;
}

async function lines(): Promise<string[]> {
  return (await bench.events()).map(line);
}

test('the state is carried through the window, and the function has the last word', async () => {
  await bench.createReporter(SUM);
  await bench.map({ TumblingWindowInSeconds: 60 });
  await bench.put('a');
  const [first] = await bench.events();
  // Members: developer guide, "Using AWS Lambda with Amazon DynamoDB", tumbling windows, example event.
  expect(first).toEqual({
    Records: [expect.any(Object)],
    window: { start: '2026-03-01T12:00:00Z', end: '2026-03-01T12:01:00Z' },
    state: {},
    shardId: expect.stringMatching(/^shardId-/),
    eventSourceARN: bench.streamArn,
    isFinalInvokeForWindow: false,
    isWindowTerminatedEarly: false,
  });
  await bench.put('b');
  expect(await lines()).toEqual(['12:00 b {"all":"a"}']);
  await cloud.clock.advance('49s');
  expect(await lines()).toEqual([]);
  await cloud.clock.advance('1s');
  expect(await lines()).toEqual(['12:00 ! {"all":"ab"}']);
  // A window without records is none.
  await cloud.clock.advance('3m');
  await bench.put('c');
  expect(await lines()).toEqual(['12:04 c {}']);
  await cloud.clock.advance('1m');
  expect(await lines()).toEqual(['12:04 ! {"all":"c"}']);
});

test('records of one batch that lie in two windows are kept apart', async () => {
  await bench.createReporter(SUM);
  await bench.put('a', 'b');
  await cloud.clock.advance('1m');
  await bench.put('c');
  await bench.map({ TumblingWindowInSeconds: 60 });
  expect(await lines()).toEqual(['12:00 ab {}', '12:00 ! {"all":"ab"}', '12:01 c {}']);
});

test('a batching window ends with the tumbling one', async () => {
  await bench.createReporter(SUM);
  await bench.map({ TumblingWindowInSeconds: 60, MaximumBatchingWindowInSeconds: 300 });
  await bench.put('a');
  await cloud.clock.advance('49s');
  expect(await lines()).toEqual([]);
  await cloud.clock.advance('1s');
  expect(await lines()).toEqual(['12:00 a {}', '12:00 ! {"all":"a"}']);
});

test('a response without a state is a failure, and the state stays as it was', async () => {
  await bench.createReporter(`if (ids.includes('b')) return {};
    if (!event.isFinalInvokeForWindow) return { state: { last: ids.at(-1) } };`);
  const { UUID } = await bench.map({ TumblingWindowInSeconds: 900, MaximumRetryAttempts: 1, BatchSize: 1 });
  await bench.put('a', 'b', 'c');
  await cloud.clock.advance('5s');
  expect(await lines()).toEqual(['12:00 a {}', '12:00 b {"last":"a"}', '12:00 b {"last":"a"}', '12:00 c {"last":"a"}']);
  const shown = await bench.lambda.send(new L.GetEventSourceMappingCommand({ UUID }));
  expect([shown.TumblingWindowInSeconds, shown.LastProcessingResult]).toEqual([900, 'OK']);
});

test('reported items are tried again with the state that came with the report', async () => {
  await bench.createReporter(`if (event.isFinalInvokeForWindow) return;
    const bad = event.Records.find((record) => record.dynamodb.Keys.id.S === 'b');
    const state = { all: (event.state.all ?? '') + (event.state.all ? '' : 'a') };
    if (bad && !event.state.all) {
      return { state, batchItemFailures: [{ itemIdentifier: bad.dynamodb.SequenceNumber }] };
    }
    return { state: { all: state.all + ids.join('') } };`);
  await bench.put('a', 'b', 'c');
  await bench.map({ TumblingWindowInSeconds: 60, FunctionResponseTypes: ['ReportBatchItemFailures'] });
  await cloud.clock.advance('1m');
  expect(await lines()).toEqual(['12:00 abc {}', '12:00 bc {"all":"a"}', '12:00 ! {"all":"abc"}']);
});

test('a state beyond 1 MB ends the window before its time', async () => {
  await bench.createReporter(`if (event.isFinalInvokeForWindow) return;
    return { state: { all: ids[0], much: ids.includes('b') ? 'x'.repeat(1_048_576) : '' } };`);
  await bench.map({ TumblingWindowInSeconds: 60, BatchSize: 1 });
  await bench.put('a', 'b', 'c');
  expect(await lines()).toEqual([
    '12:00 a {}',
    '12:00 b {"all":"a","much":""}',
    '12:00 !! {"all":"b","much":1048576}',
    '12:00 c {}',
  ]);
});

test('a window that ends in the middle of a batch is followed by another of its span', async () => {
  await bench.createReporter(`if (event.isFinalInvokeForWindow) return;
    if (ids.length > 1) throw new Error('one at a time');
    return { state: { last: ids[0], much: ids[0] === 'a' ? 'x'.repeat(1_048_576) : '' } };`);
  await bench.put('a', 'b');
  await bench.map({ TumblingWindowInSeconds: 60, BisectBatchOnFunctionError: true });
  expect(await lines()).toEqual([
    '12:00 ab {}',
    '12:00 a {}',
    '12:00 !! {"last":"a","much":1048576}',
    '12:00 b {}',
  ]);
});

test('a function that fails the last word holds the shard back until it succeeds', async () => {
  await bench.createReporter(`if (event.isFinalInvokeForWindow && !globalThis.failed) {
      globalThis.failed = true;
      throw new Error('no');
    }
    return { state: {} };`);
  await bench.map({ TumblingWindowInSeconds: 60 });
  await bench.put('a');
  await cloud.clock.advance('50s');
  await bench.put('b');
  await cloud.clock.advance('5s');
  expect(await lines()).toEqual(['12:00 a {}', '12:00 ! {}', '12:00 ! {}', '12:01 b {}']);
});

test('a cloud that starts from the same state carries the window on', async () => {
  await bench.createReporter(SUM);
  await bench.map({ TumblingWindowInSeconds: 60 });
  await bench.put('a', 'b');
  await bench.events();
  const copy = await cloud.fork();
  try {
    await copy.clock.advance('1m');
    expect((await bench.events(copy)).map(line)).toEqual(['12:00 ! {"all":"ab"}']);
  } finally {
    await copy.close();
  }
});
