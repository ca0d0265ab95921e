// Provisioned concurrency: its configurations, what they run, what spills over, and what bounds them.
import * as L from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCloud, type TestCloud } from '../../../testing/create-cloud.ts';
import { createNodeFunction } from '../test-archive.ts';

let cloud: TestCloud;
let lambda: L.LambdaClient;

beforeEach(async () => {
  cloud = await createCloud();
  lambda = cloud.client(L.LambdaClient);
});
afterEach(async () => {
  await cloud.settle();
  await cloud.close();
});

const ARN = 'arn:aws:lambda:us-east-1:000000000000:function:fn';

/** Says how its environment was started, and which it is. */
const SOURCE = `const id = Math.random();
  export const handler = async (event) => {
    if (event.waitMs) await new Promise((done) => setTimeout(done, event.waitMs));
    return { type: process.env.AWS_LAMBDA_INITIALIZATION_TYPE, version: process.env.AWS_LAMBDA_FUNCTION_VERSION, id };
  };`;

async function create(settings: Partial<L.CreateFunctionCommandInput> = {}): Promise<void> {
  await createNodeFunction(lambda, 'fn', { source: SOURCE, Publish: true, ...settings });
}

async function createAlias(Name: string, FunctionVersion = '1', weights?: Record<string, number>): Promise<void> {
  await lambda.send(
    new L.CreateAliasCommand({
      FunctionName: 'fn',
      Name,
      FunctionVersion,
      ...(weights === undefined ? {} : { RoutingConfig: { AdditionalVersionWeights: weights } }),
    }),
  );
}

function put(
  Qualifier: string,
  count: number,
  FunctionName = 'fn',
): Promise<L.PutProvisionedConcurrencyConfigCommandOutput> {
  return lambda.send(
    new L.PutProvisionedConcurrencyConfigCommand({
      FunctionName,
      Qualifier,
      ProvisionedConcurrentExecutions: count,
    }),
  );
}

function get(Qualifier: string): Promise<L.GetProvisionedConcurrencyConfigCommandOutput> {
  return lambda.send(new L.GetProvisionedConcurrencyConfigCommand({ FunctionName: 'fn', Qualifier }));
}

interface Ran {
  readonly type: string;
  readonly version: string;
  readonly id: number;
}

async function invoke(Qualifier: string, event: object = {}, client = lambda): Promise<Ran> {
  const { Payload, FunctionError } = await client.send(
    new L.InvokeCommand({ FunctionName: 'fn', Qualifier, Payload: JSON.stringify(event) }),
  );
  expect(FunctionError).toBeUndefined();
  return JSON.parse(Buffer.from(Payload ?? []).toString()) as Ran;
}

function reserve(ReservedConcurrentExecutions: number, FunctionName = 'fn'): Promise<unknown> {
  return lambda.send(new L.PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions }));
}

describe('configurations', () => {
  test('put answers before it is done; then it is ready; delete takes it away', async () => {
    await create();
    // Recorded: localstack test_lambda_provisioned_lifecycle.
    await expect(get('1')).rejects.toMatchObject({
      name: 'ProvisionedConcurrencyConfigNotFoundException',
      message: 'No Provisioned Concurrency Config found for this function',
      $metadata: { httpStatusCode: 404 },
    });
    const { $metadata, LastModified, ...begun } = await put('1', 2);
    expect($metadata.httpStatusCode).toBe(202);
    expect(LastModified).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/);
    expect(begun).toEqual({
      RequestedProvisionedConcurrentExecutions: 2,
      AvailableProvisionedConcurrentExecutions: 0,
      AllocatedProvisionedConcurrentExecutions: 0,
      Status: 'IN_PROGRESS',
    });
    await cloud.settle();
    expect(await get('1')).toMatchObject({
      RequestedProvisionedConcurrentExecutions: 2,
      AvailableProvisionedConcurrentExecutions: 2,
      AllocatedProvisionedConcurrentExecutions: 2,
      Status: 'READY',
    });
    const list = new L.ListProvisionedConcurrencyConfigsCommand({ FunctionName: 'fn' });
    expect((await lambda.send(list)).ProvisionedConcurrencyConfigs).toMatchObject([
      { FunctionArn: `${ARN}:1`, Status: 'READY' },
    ]);
    const remove = new L.DeleteProvisionedConcurrencyConfigCommand({ FunctionName: 'fn', Qualifier: '1' });
    expect((await lambda.send(remove)).$metadata.httpStatusCode).toBe(204);
    await expect(get('1')).rejects.toMatchObject({ name: 'ProvisionedConcurrencyConfigNotFoundException' });
    await cloud.settle();
    expect((await invoke('1')).type).toBe('on-demand');
  });

  test('a function that cannot be initialised: FAILED with the reason', async () => {
    await create({ Publish: false });
    await createNodeFunction(lambda, 'broken', { source: 'throw new Error("no init");', Publish: true });
    await put('1', 1, 'broken');
    await cloud.settle();
    const got = await lambda.send(
      new L.GetProvisionedConcurrencyConfigCommand({ FunctionName: 'broken', Qualifier: '1' }),
    );
    // AWS: <re:Post, "Provisioned Concurrency … FUNCTION_ERROR_INIT_FAILURE">
    expect(got).toMatchObject({
      Status: 'FAILED',
      StatusReason: 'FUNCTION_ERROR_INIT_FAILURE',
      AllocatedProvisionedConcurrentExecutions: 0,
    });
  });

  test('what cannot be provisioned', async () => {
    await create();
    await createAlias('latest', '$LATEST');
    await createAlias('live');
    // Messages recorded: localstack provider.
    const unpublished = 'Provisioned Concurrency Configs cannot be applied to unpublished function versions.';
    await expect(put('$LATEST', 1)).rejects.toMatchObject({ message: unpublished });
    await expect(put('latest', 1)).rejects.toMatchObject({ message: unpublished });
    await expect(put('7', 1)).rejects.toMatchObject({ message: `Function not found: ${ARN}:7` });
    await expect(put('absent', 1)).rejects.toMatchObject({ message: `Cannot find alias arn: ${ARN}:absent` });
    await expect(put('1', 0)).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(get('$LATEST')).rejects.toMatchObject({
      message: 'The function resource provided must be an alias or a published version.',
    });
    await put('live', 1);
    await expect(put('1', 1)).rejects.toMatchObject({
      name: 'ResourceConflictException',
      message: 'Version is pointed by a Provisioned Concurrency alias',
    });
    await lambda.send(new L.DeleteAliasCommand({ FunctionName: 'fn', Name: 'live' }));
    await put('1', 1);
    await createAlias('live');
    await expect(put('live', 1)).rejects.toMatchObject({
      message: "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version",
    });
  });

  test('bounds of the account and of reserved concurrency, both ways', async () => {
    await create();
    // Messages recorded: localstack test_lambda_provisioned_concurrency_limits.
    await expect(put('1', 1_001)).rejects.toMatchObject({
      message: "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [1000].",
    });
    await expect(put('1', 901)).rejects.toMatchObject({
      message:
        "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].",
    });
    await reserve(2);
    await expect(put('1', 3)).rejects.toMatchObject({
      message: 'Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function',
    });
    await put('1', 2);
    await expect(reserve(1)).rejects.toMatchObject({
      message:
        " ReservedConcurrentExecutions  1 should not be lower than function's total provisioned concurrency [2].",
    });
  });

  test('what is set aside is no longer unreserved', async () => {
    const unreserved = async (): Promise<number | undefined> =>
      (await lambda.send(new L.GetAccountSettingsCommand({}))).AccountLimit?.UnreservedConcurrentExecutions;
    await create();
    expect(await unreserved()).toBe(1_000);
    await put('1', 2);
    expect(await unreserved()).toBe(998);
    // AWS: provisioned concurrency counts towards the reserved.
    await reserve(10);
    expect(await unreserved()).toBe(990);
    await createNodeFunction(lambda, 'other', { source: SOURCE });
    await expect(reserve(891, 'other')).rejects.toMatchObject({ name: 'InvalidParameterValueException' });
    await reserve(890, 'other');
    expect(await unreserved()).toBe(100);
    await lambda.send(new L.DeleteFunctionConcurrencyCommand({ FunctionName: 'fn' }));
    expect(await unreserved()).toBe(108);
    await lambda.send(new L.DeleteFunctionCommand({ FunctionName: 'fn' }));
    await lambda.send(new L.DeleteFunctionCommand({ FunctionName: 'other' }));
    expect(await unreserved()).toBe(1_000);
  });
});

describe('invocations', () => {
  test('prefer what is provisioned, and spill over beyond it', async () => {
    await create();
    await createAlias('live');
    await put('live', 1);
    await cloud.settle();
    expect((await invoke('live')).type).toBe('provisioned-concurrency');
    const both = await Promise.all([invoke('live', { waitMs: 300 }), invoke('live', { waitMs: 300 })]);
    expect(both.map(({ type }) => type).toSorted()).toEqual(['on-demand', 'provisioned-concurrency']);
    expect((await invoke('$LATEST')).type).toBe('on-demand');
  });

  test('an alias that moves takes its environments along', async () => {
    await create();
    await createAlias('live');
    await put('live', 1);
    await cloud.settle();
    await lambda.send(new L.UpdateFunctionConfigurationCommand({ FunctionName: 'fn', Timeout: 9 }));
    await lambda.send(new L.PublishVersionCommand({ FunctionName: 'fn' }));
    await lambda.send(new L.UpdateAliasCommand({ FunctionName: 'fn', Name: 'live', FunctionVersion: '2' }));
    expect((await get('live')).Status).toMatch(/^(IN_PROGRESS|READY)$/);
    await cloud.settle();
    expect(await get('live')).toMatchObject({ Status: 'READY', AllocatedProvisionedConcurrentExecutions: 1 });
    expect(await invoke('live')).toMatchObject({ type: 'provisioned-concurrency', version: '2' });
    expect((await invoke('1')).type).toBe('on-demand');
  });

  test('environments are replaced before the credentials in them expire', async () => {
    await create();
    await put('1', 1);
    await cloud.settle();
    const before = await invoke('1');
    await cloud.clock.advance('6h');
    const after = await invoke('1');
    expect(after.type).toBe('provisioned-concurrency');
    expect(after.id).not.toBe(before.id);
  });

  test('a cloud that starts again provisions again', async () => {
    await create();
    await put('1', 1);
    await cloud.settle();
    const copy = await cloud.fork();
    try {
      await copy.settle();
      const client = copy.client(L.LambdaClient);
      expect(await client.send(new L.GetProvisionedConcurrencyConfigCommand({ FunctionName: 'fn', Qualifier: '1' }))).toMatchObject({
        Status: 'READY',
        AllocatedProvisionedConcurrentExecutions: 1,
      });
      expect((await invoke('1', {}, client)).type).toBe('provisioned-concurrency');
    } finally {
      await copy.settle();
      await copy.close();
    }
  });
});
