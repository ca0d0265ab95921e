// SnapStart: published versions wait for their snapshot, start from it, and say why there is none.
import * as L from '@aws-sdk/client-lambda';
import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCloud, type TestCloud } from '../../../testing/create-cloud.ts';
import { ROLE, zip } from '../test-archive.ts';

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

const SOURCE = `import os, time
STARTED = time.time_ns()
def handler(event, context):
    return {'type': os.environ['AWS_LAMBDA_INITIALIZATION_TYPE'], 'started': STARTED, 'key': os.environ['AWS_ACCESS_KEY_ID']}
`;

async function create(source = SOURCE): Promise<void> {
  await lambda.send(
    new L.CreateFunctionCommand({
      FunctionName: 'fn',
      Role: ROLE,
      Runtime: 'python3.12',
      Handler: 'index.handler',
      Code: { ZipFile: await zip({ 'index.py': source }) },
      SnapStart: { ApplyOn: 'PublishedVersions' },
    }),
  );
}

async function invoke(Qualifier: string): Promise<{ type: string; started: number; key: string }> {
  const { Payload, FunctionError } = await lambda.send(new L.InvokeCommand({ FunctionName: 'fn', Qualifier }));
  const text = Buffer.from(Payload ?? []).toString();
  expect(FunctionError, text).toBeUndefined();
  return JSON.parse(text) as { type: string; started: number; key: string };
}

const publish = new L.PublishVersionCommand({ FunctionName: 'fn' });
const hasPython = spawnSync('python3', ['--version']).status === 0;

describe.skipIf(!hasPython)('with python3 on this machine', () => {
  test('a version is pending, then active and optimised; its environments come from one init', async () => {
    await create();
    const published = await lambda.send(publish);
    // <API reference, PublishVersion and SnapStartResponse>
    expect(published).toMatchObject({
      Version: '1',
      State: 'Pending',
      StateReasonCode: 'Creating',
      SnapStart: { ApplyOn: 'PublishedVersions', OptimizationStatus: 'Off' },
    });
    const target = { FunctionName: 'fn', Qualifier: '1' };
    await L.waitUntilPublishedVersionActive({ client: lambda, maxWaitTime: 30, minDelay: 1, maxDelay: 1 }, target);
    const got = await lambda.send(new L.GetFunctionConfigurationCommand(target));
    expect(got.SnapStart).toEqual({ ApplyOn: 'PublishedVersions', OptimizationStatus: 'On' });
    const [one, other] = await Promise.all([invoke('1'), invoke('1')]);
    expect([one.type, other.type]).toEqual(['snap-start', 'snap-start']);
    expect(other.started).toBe(one.started);
    // `$LATEST` is never restored from a snapshot.
    const latest = await lambda.send(new L.GetFunctionConfigurationCommand({ FunctionName: 'fn' }));
    expect(latest.SnapStart).toEqual({ ApplyOn: 'PublishedVersions', OptimizationStatus: 'Off' });
    expect((await invoke('$LATEST')).type).toBe('on-demand');
    await expect(
      lambda.send(
        new L.PutProvisionedConcurrencyConfigCommand({ ...target, ProvisionedConcurrentExecutions: 1 }),
      ),
    ).rejects.toMatchObject({
      message: 'Provisioned Concurrency is not supported for SnapStart enabled functions.',
    });
  });

  test('new credentials of the role get a new snapshot', async () => {
    await create();
    await lambda.send(publish);
    await cloud.settle();
    const before = await invoke('1');
    await cloud.clock.advance('6h');
    const after = await invoke('1');
    expect(after.type).toBe('snap-start');
    expect(after.key).not.toBe(before.key);
  });

  test('an init that fails makes the version fail, with the reason', async () => {
    await create('raise ValueError("no init")');
    await lambda.send(publish);
    await cloud.settle();
    const target = { FunctionName: 'fn', Qualifier: '1' };
    const got = await lambda.send(new L.GetFunctionConfigurationCommand(target));
    expect(got).toMatchObject({ State: 'Failed', SnapStart: { OptimizationStatus: 'Off' } });
    expect(got.StateReasonCode).toMatch(/^FunctionError/);
    expect(got.StateReason).toContain('no init');
    await expect(lambda.send(new L.InvokeCommand(target))).rejects.toMatchObject({
      name: 'ResourceConflictException',
      message:
        'The operation cannot be performed at this time. The function is currently in the following state: Failed',
    });
  });
});

test('what SnapStart cannot go with is refused', async () => {
  const input = {
    FunctionName: 'fn',
    Role: ROLE,
    Handler: 'index.handler',
    Code: { ZipFile: await zip({ 'index.py': SOURCE }) },
    SnapStart: { ApplyOn: 'PublishedVersions' as const },
  };
  // Form of the message recorded: localstack provider.
  await expect(
    lambda.send(new L.CreateFunctionCommand({ ...input, Runtime: 'python3.11' })),
  ).rejects.toMatchObject({ message: 'python3.11 is not supported for SnapStart enabled functions.' });
  await expect(
    lambda.send(new L.CreateFunctionCommand({ ...input, Runtime: 'python3.12', EphemeralStorage: { Size: 1_024 } })),
  ).rejects.toMatchObject({
    message: 'EphemeralStorage greater than 512 MB is not supported for SnapStart enabled functions.',
  });
});
