// AWS/Lambda metrics: what invocations, throttles, events and deliveries count, under which dimensions.
import * as L from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MetricAggregate } from '../../kernel/metric-aggregate.ts';
import type { MetricId, MetricUnit } from '../../kernel/metric-id.ts';
import { type Cloud, openCloud } from '../../server/cloud.ts';
import { createNodeFunction } from './test-archive.ts';

let cloud: Cloud;
let lambda: L.LambdaClient;

beforeEach(async () => {
  cloud = await openCloud({ clock: 'virtual', startMs: Date.UTC(2026, 0, 1) });
  lambda = new L.LambdaClient({
    endpoint: cloud.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: '000000000000', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
});
afterEach(async () => {
  lambda.destroy();
  await cloud.quiet();
  await cloud.close();
});

const SCOPE = { account: '000000000000', region: 'us-east-1' };

/** All minutes of a metric together, by the values of its dimensions in AWS's order. */
async function read(name: string, ...values: readonly string[]): Promise<Partial<MetricAggregate> | undefined> {
  const names = ['FunctionName', 'Resource', 'ExecutedVersion'];
  const dimensions = values.map((value, at) => [names[at] ?? '', value] as const);
  const unit: MetricUnit = /Duration|Age/.test(name) ? 'Milliseconds' : 'Count';
  const id: MetricId = { namespace: 'AWS/Lambda', name, dimensions, unit };
  const parts = await cloud.kernel.metrics.read(SCOPE, id, { fromMs: 0, toMs: Date.UTC(2027, 0, 1) });
  if (parts.length === 0) return undefined;
  return {
    count: parts.reduce((total, part) => total + part.count, 0),
    sum: parts.reduce((total, part) => total + part.sum, 0),
    max: Math.max(...parts.map((part) => part.max)),
  };
}

function invoke(input: Partial<L.InvokeCommandInput> = {}): Promise<L.InvokeCommandOutput> {
  return lambda.send(new L.InvokeCommand({ FunctionName: 'fn', ...input }));
}

const SOURCE = `export const handler = async (event) => {
  if (event.fail) throw new Error('asked to'); await new Promise((done) => setTimeout(done, event.waitMs ?? 0)); };`;

// Names and dimensions: <developer guide, "Types of metrics for Lambda functions">

test('invocations, errors, duration and concurrency, by function, resource and executed version', async () => {
  await createNodeFunction(lambda, 'fn', { source: SOURCE, Publish: true });
  await lambda.send(new L.CreateAliasCommand({ FunctionName: 'fn', Name: 'live', FunctionVersion: '1' }));
  await Promise.all([invoke({ Payload: '{"waitMs":200}' }), invoke({ Payload: '{"waitMs":200}' })]);
  await invoke({ Payload: '{"fail":true}' });
  await invoke({ Qualifier: 'live' });
  await invoke({ Qualifier: '1' });
  const table: Record<string, unknown> = {};
  for (const values of [[], ['fn'], ['fn', 'fn'], ['fn', 'fn:live'], ['fn', 'fn:live', '1'], ['fn', 'fn:1']]) {
    const [invocations, errors] = [await read('Invocations', ...values), await read('Errors', ...values)];
    table[values.join(' ')] = [invocations?.sum, errors?.sum];
  }
  expect(table).toEqual({
    '': [5, 1],
    fn: [5, 1],
    'fn fn': [3, 1],
    'fn fn:live': [1, 0],
    'fn fn:live 1': [1, 0],
    'fn fn:1': [1, 0],
  });
  const duration = await read('Duration', 'fn', 'fn');
  expect(duration?.count).toBe(3);
  expect(duration?.max).toBeGreaterThan(199);
  expect(duration?.max).toBeLessThan(3_000);
  for (const values of [[], ['fn']]) expect((await read('ConcurrentExecutions', ...values))?.max).toBe(2);
  expect((await read('UnreservedConcurrentExecutions'))?.max).toBe(2);
  // What was counted is stored when a minute has passed.
  await cloud.advance(60_000);
  expect(await read('Invocations', 'fn')).toMatchObject({ sum: 5 });
});

test('throttles are no invocations', async () => {
  await createNodeFunction(lambda, 'fn', { source: SOURCE });
  await lambda.send(new L.PutFunctionConcurrencyCommand({ FunctionName: 'fn', ReservedConcurrentExecutions: 0 }));
  await expect(invoke()).rejects.toMatchObject({ name: 'TooManyRequestsException' });
  expect((await read('Throttles', 'fn'))?.sum).toBe(1);
  expect(await read('Invocations', 'fn')).toBeUndefined();
});

test('asynchronous events: received, aged, dropped; deliveries that fail', async () => {
  await createNodeFunction(lambda, 'fn', {
    source: SOURCE,
    DeadLetterConfig: { TargetArn: 'arn:aws:sqs:us-east-1:000000000000:nowhere' },
  });
  const OnFailure = { Destination: 'arn:aws:sqs:us-east-1:000000000000:nowhere' };
  await lambda.send(
    new L.PutFunctionEventInvokeConfigCommand({ FunctionName: 'fn', DestinationConfig: { OnFailure } }),
  );
  await invoke({ InvocationType: 'Event', Payload: '{"fail":true}' });
  await invoke({ InvocationType: 'Event' });
  await cloud.advance(180_000);
  expect((await read('AsyncEventsReceived', 'fn'))?.sum).toBe(2);
  // Tries at 0, 1 and 3 minutes of the one, at once of the other.
  expect(await read('AsyncEventAge', 'fn')).toEqual({ count: 4, sum: 240_000, max: 180_000 });
  expect((await read('AsyncEventsDropped', 'fn'))?.sum).toBe(1);
  expect((await read('DestinationDeliveryFailures', 'fn'))?.sum).toBe(1);
  expect((await read('DeadLetterErrors', 'fn'))?.sum).toBe(1);
  expect((await read('Errors', 'fn'))?.sum).toBe(3);
});

test('provisioned concurrency: what used it, what spilled over, how far it was used', async () => {
  await createNodeFunction(lambda, 'fn', { source: SOURCE, Publish: true });
  await lambda.send(
    new L.PutProvisionedConcurrencyConfigCommand({
      FunctionName: 'fn',
      Qualifier: '1',
      ProvisionedConcurrentExecutions: 2,
    }),
  );
  await cloud.quiet();
  await invoke({ Qualifier: '1' });
  const waiting = { Qualifier: '1', Payload: '{"waitMs":300}' };
  await Promise.all([invoke(waiting), invoke(waiting), invoke(waiting)]);
  expect((await read('ProvisionedConcurrencyInvocations', 'fn', 'fn:1'))?.sum).toBe(3);
  expect((await read('ProvisionedConcurrencySpilloverInvocations', 'fn', 'fn:1'))?.sum).toBe(1);
  expect((await read('ProvisionedConcurrentExecutions', 'fn', 'fn:1'))?.max).toBe(2);
  expect((await read('ProvisionedConcurrencyUtilization', 'fn', 'fn:1'))?.max).toBe(1);
});
