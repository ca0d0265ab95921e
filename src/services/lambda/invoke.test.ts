// Invocations through the SDK: the three types, errors, logs, limits, credentials, other clouds' words.
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import * as L from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCloud, type TestCloud } from '../../testing/create-cloud.ts';
import { createNodeFunction, zip } from './test-archive.ts';

let cloud: TestCloud;
let lambda: L.LambdaClient;

beforeEach(async () => {
  cloud = await createCloud();
  lambda = cloud.client(L.LambdaClient);
});
afterEach(async () => {
  // Functions' last lines reach the logs before the store closes.
  await cloud.settle();
  await cloud.close();
});

const ARN = 'arn:aws:lambda:us-east-1:000000000000:function';

async function invoke(input: Partial<L.InvokeCommandInput> = {}): Promise<L.InvokeCommandOutput> {
  return lambda.send(new L.InvokeCommand({ FunctionName: 'fn', ...input }));
}

async function answer(input: Partial<L.InvokeCommandInput> = {}): Promise<unknown> {
  return JSON.parse((await invoke(input)).Payload?.transformToString() ?? '');
}

async function create(source: string, settings: Partial<L.CreateFunctionCommandInput> = {}): Promise<void> {
  await createNodeFunction(lambda, 'fn', { source, ...settings });
}

describe('RequestResponse', () => {
  test('gives the event to the handler and its answer back', async () => {
    await create('export const handler = async (event) => ({ got: event });');
    const output = await invoke({ Payload: '{"a": [1, "ü"]}' });
    expect(output).toMatchObject({ StatusCode: 200, ExecutedVersion: '$LATEST' });
    expect(output.FunctionError).toBeUndefined();
    expect(output.LogResult).toBeUndefined();
    expect(JSON.parse(output.Payload?.transformToString() ?? '')).toEqual({ got: { a: [1, 'ü'] } });
    // AWS: an absent payload is an empty object for managed runtimes.
    expect(await answer()).toEqual({ got: {} });
  });

  test('the context tells of the function as invoked, and carries the client context', async () => {
    await create(
      `export const handler = async (event, c) => ({
         arn: c.invokedFunctionArn, version: c.functionVersion, name: c.functionName, id: c.awsRequestId,
         memory: c.memoryLimitInMB, group: c.logGroupName, client: c.clientContext ?? null,
       });`,
      { Publish: true },
    );
    const ClientContext = Buffer.from('{"client":{"app":"x"},"custom":{"k":"v"}}').toString('base64');
    const output = await invoke({ Qualifier: '1', ClientContext });
    expect(JSON.parse(output.Payload?.transformToString() ?? '')).toEqual({
      arn: `${ARN}:fn:1`,
      version: '1',
      name: 'fn',
      id: output.$metadata.requestId,
      memory: '128',
      group: '/aws/lambda/fn',
      client: { client: { app: 'x' }, custom: { k: 'v' } },
    });
    expect(output.ExecutedVersion).toBe('1');
  });

  test('an error of the handler is an answer with FunctionError', async () => {
    await create("export const handler = async () => { throw new TypeError('no good'); };");
    const output = await invoke();
    expect(output).toMatchObject({ StatusCode: 200, FunctionError: 'Unhandled', ExecutedVersion: '$LATEST' });
    expect(JSON.parse(output.Payload?.transformToString() ?? '')).toMatchObject({
      errorType: 'TypeError',
      errorMessage: 'no good',
      trace: expect.arrayContaining(['TypeError: no good']),
    });
  });

  test('a handler that hangs times out, one that exits is told so, a missing module too', async () => {
    await create('export const handler = () => new Promise(() => setInterval(() => {}, 1000));', { Timeout: 1 });
    const timedOut = await invoke();
    expect(timedOut.FunctionError).toBe('Unhandled');
    expect(JSON.parse(timedOut.Payload?.transformToString() ?? '')).toMatchObject({
      errorMessage: expect.stringMatching(/Task timed out after 1\.00 seconds$/),
    });
    await createNodeFunction(lambda, 'exits', { source: 'export const handler = () => process.exit(3);' });
    expect(await answer({ FunctionName: 'exits' })).toMatchObject({ errorType: 'Runtime.ExitError' });
    await createNodeFunction(lambda, 'lost', { source: '', Handler: 'nothing.handler' });
    expect(await answer({ FunctionName: 'lost' })).toMatchObject({
      errorType: 'Runtime.ImportModuleError',
      errorMessage: "Error: Cannot find module 'nothing'\nRequire stack:\n- /var/runtime/index.mjs",
    });
  });

  test('LogType Tail brings the last lines; all lines arrive in CloudWatch Logs', async () => {
    await create("export const handler = async () => { console.log('hello there'); };");
    const output = await invoke({ LogType: 'Tail' });
    const tail = Buffer.from(output.LogResult ?? '', 'base64').toString();
    const id = output.$metadata.requestId ?? '';
    expect(tail).toContain(`START RequestId: ${id} Version: $LATEST`);
    expect(tail).toContain('hello there');
    expect(tail).toMatch(new RegExp(`REPORT RequestId: ${id}\tDuration: [\\d.]+ ms\tBilled Duration: \\d+ ms\tMemory Size: 128 MB`));
    await cloud.settle();
    const logs = cloud.client(CloudWatchLogsClient);
    const { events = [] } = await logs.send(
      new FilterLogEventsCommand({ logGroupName: '/aws/lambda/fn', filterPattern: '"hello there"' }),
    );
    expect(events).toHaveLength(1);
    expect(events[0]?.logStreamName).toMatch(/^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/);
  });

  test('another log group is honoured', async () => {
    await create("export const handler = async () => { console.log('elsewhere'); };", {
      LoggingConfig: { LogGroup: '/my/group' },
    });
    await invoke();
    await cloud.settle();
    const logs = cloud.client(CloudWatchLogsClient);
    const { events = [] } = await logs.send(
      new FilterLogEventsCommand({ logGroupName: '/my/group', filterPattern: 'elsewhere' }),
    );
    expect(events).toHaveLength(1);
  });

  test('Python handlers run the same way', async () => {
    const ZipFile = await zip({ 'app.py': 'def main(event, context):\n    return {"sum": sum(event)}\n' });
    await create('', { Runtime: 'python3.11', Handler: 'app.main', Code: { ZipFile } });
    expect(await answer({ Payload: '[1, 2, 3]' })).toEqual({ sum: 6 });
  });
});

describe('Event and DryRun', () => {
  test('Event answers 202 before the function has run; DryRun runs nothing', async () => {
    await create("export const handler = async (event) => { console.log('ran', event.n); };");
    const dry = await invoke({ InvocationType: 'DryRun', Payload: '{"n": 1}' });
    expect(dry.StatusCode).toBe(204);
    const event = await invoke({ InvocationType: 'Event', Payload: '{"n": 2}' });
    expect(event.StatusCode).toBe(202);
    expect(event.Payload?.length ?? 0).toBe(0);
    await cloud.settle();
    const logs = cloud.client(CloudWatchLogsClient);
    const { events = [] } = await logs.send(
      new FilterLogEventsCommand({ logGroupName: '/aws/lambda/fn', filterPattern: 'ran' }),
    );
    expect(events.map((each) => each.message?.trimEnd().split('\t').at(-1))).toEqual(['ran 2']);
  });

  test('a function that is not there is told in every type', async () => {
    for (const InvocationType of ['RequestResponse', 'Event', 'DryRun'] as const) {
      await expect(invoke({ InvocationType })).rejects.toMatchObject({
        name: 'ResourceNotFoundException',
        message: `Function not found: ${ARN}:fn`,
      });
    }
  });
});

describe('limits', () => {
  test('payloads: 6 MB at once, 1 MB later, JSON always', async () => {
    await create('export const handler = async (event) => event.length;');
    const text = (bytes: number): string => JSON.stringify('x'.repeat(bytes - 2));
    expect(await answer({ Payload: text(6_291_456) })).toBe(6_291_454);
    await expect(invoke({ Payload: text(6_291_457) })).rejects.toMatchObject({
      name: 'RequestTooLargeException',
      message: 'Request must be smaller than 6291456 bytes for the InvokeFunction operation',
      $metadata: { httpStatusCode: 413 },
    });
    const later = (bytes: number): Promise<unknown> =>
      invoke({ InvocationType: 'Event', Payload: text(bytes) });
    await later(1_048_576);
    await expect(later(1_048_577)).rejects.toMatchObject({
      message: 'Request must be smaller than 1048576 bytes for the InvokeFunction operation',
    });
    await expect(invoke({ Payload: '{oops' })).rejects.toMatchObject({
      name: 'InvalidRequestContentException',
      message: expect.stringMatching(/^Could not parse request body into json: /),
      $metadata: { httpStatusCode: 400 },
    });
  });

  test('an answer above 6 MB is an error of the function', async () => {
    await create("export const handler = async () => 'x'.repeat(6_300_000);");
    const output = await invoke();
    expect(output.FunctionError).toBe('Unhandled');
    expect(JSON.parse(output.Payload?.transformToString() ?? '')).toMatchObject({
      errorType: 'Function.ResponseSizeTooLarge',
    });
  });

  test('reserved concurrency throttles with the reason', async () => {
    await create('export const handler = () => new Promise((done) => setTimeout(done, 300));');
    const reserve = (ReservedConcurrentExecutions: number): Promise<unknown> =>
      lambda.send(new L.PutFunctionConcurrencyCommand({ FunctionName: 'fn', ReservedConcurrentExecutions }));
    await reserve(1);
    const outcomes = await Promise.allSettled([invoke(), invoke(), invoke()]);
    const refused = outcomes.filter((each) => each.status === 'rejected');
    expect(refused).toHaveLength(2);
    expect(refused[0]?.reason).toMatchObject({
      name: 'TooManyRequestsException',
      message: 'Rate Exceeded.',
      Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
      $metadata: { httpStatusCode: 429 },
    });
    await reserve(0);
    await expect(invoke()).rejects.toMatchObject({ name: 'TooManyRequestsException' });
  });
});

describe('inside the function', () => {
  test('the SDK finds this cloud and acts as the role, with no settings in the code', async () => {
    await create(
      `import { STSClient, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
       export const handler = async () => {
         const { Account, Arn } = await new STSClient({}).send(new GetCallerIdentityCommand({}));
         return { Account, Arn };
       };`,
      { Timeout: 30 },
    );
    expect(await answer()).toEqual({
      Account: '000000000000',
      Arn: 'arn:aws:sts::000000000000:assumed-role/worker/fn',
    });
  });

  test('the time is the cloud\'s', async () => {
    await create('export const handler = async () => Date.now();');
    await invoke();
    await cloud.clock.advance('1d');
    expect(await answer()).toBe(cloud.clock.now().getTime());
  });
});

test('headers of answers: version, error, log, trace', async () => {
  await createNodeFunction(lambda, 'fn', {
    source: 'export const handler = async (event) => { if (event.fail) throw new Error("x"); return process.env._X_AMZN_TRACE_ID; };',
  });
  const authorization =
    'AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0';
  const call = (body: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${cloud.endpoint}/2015-03-31/functions/fn/invocations`, {
      method: 'POST',
      headers: { authorization, ...headers },
      body,
    });
  const plain = await call('{}');
  const given = (await plain.json()) as string;
  // Names as in ResponseMetadata of boto3, printed in public logs.
  expect(Object.fromEntries(plain.headers)).toMatchObject({
    'x-amz-executed-version': '$LATEST',
    'x-amzn-trace-id': given,
    'x-amzn-remapped-content-length': '0',
    'content-type': 'application/json',
  });
  expect(given).toMatch(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0;Lineage=1:[0-9a-f]{8}:0$/);
  // A caller's trace goes on.
  const root = 'Root=1-5759e988-bd862e3fe1be46a994272793';
  const traced = await call('{}', { 'x-amzn-trace-id': `${root};Parent=53995c3f42cd8ad8;Sampled=1` });
  expect(await traced.json()).toMatch(new RegExp(`^${root};Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:`));
  const failed = await call('{"fail":true}', { 'x-amz-log-type': 'Tail' });
  expect(failed.headers.get('x-amz-function-error')).toBe('Unhandled');
  expect(Buffer.from(failed.headers.get('x-amz-log-result') ?? '', 'base64').toString()).toContain('REPORT RequestId');
  const later = await call('{}', { 'x-amz-invocation-type': 'Event' });
  expect([later.status, later.headers.get('x-amz-executed-version')]).toEqual([202, null]);
  expect(later.headers.get('x-amzn-trace-id')).toMatch(/^Root=1-/);
});
