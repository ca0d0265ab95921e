// Limits of concurrency: whom they throttle and why, bursts, and how fast a function scales.
import * as L from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCloud, type TestCloud } from '../../../testing/create-cloud.ts';
import { AccountUse, type Admitted, type AdmissionRequest } from './admission.ts';
import { createNodeFunction } from '../test-archive.ts';

describe('admission', () => {
  const REQUEST: AdmissionRequest = {
    version: '$LATEST',
    buildId: 'build',
    reserved: undefined,
    setAside: 0,
    nowMs: 0,
  };

  function admitMany(use: AccountUse, count: number, request: Partial<AdmissionRequest> = {}): Admitted[] {
    return Array.from({ length: count }, () => {
      const admitted = use.admit('f', { ...REQUEST, ...request });
      if (typeof admitted === 'string') throw new Error(admitted);
      return admitted;
    });
  }

  test('an account runs 1,000 at once, less what is set aside for others', () => {
    const use = new AccountUse();
    const running = admitMany(use, 900, { setAside: 100 });
    const refused = use.admit('g', { ...REQUEST, setAside: 100 });
    expect(refused).toBe('ConcurrentInvocationLimitExceeded');
    running[0]?.release();
    expect(use.admit('g', { ...REQUEST, setAside: 100 })).toMatchObject({ ofAccount: 900, unreserved: 900 });
  });

  test('a reserved function neither takes from the pool nor exceeds its own', () => {
    const use = new AccountUse();
    const running = admitMany(use, 3, { reserved: 3 });
    expect(use.unreserved).toBe(0);
    expect(use.admit('f', { ...REQUEST, reserved: 3 })).toBe('ReservedFunctionConcurrentInvocationLimitExceeded');
    for (const each of running) each.release();
    expect([use.running, use.ofFunction('f').running]).toEqual([0, 0]);
  });

  test('provisioned environments are used first, and take nothing from the pool', () => {
    const use = new AccountUse();
    use.ofFunction('f').setProvisioned(new Map([['1', 2]]));
    const used = admitMany(use, 3, { version: '1' }).map(({ usesProvisioned }) => usesProvisioned);
    expect(used).toEqual([true, true, false]);
    expect([use.running, use.unreserved]).toEqual([3, 1]);
  });

  test('the limit is looked up only where it can matter', () => {
    const use = new AccountUse();
    admitMany(use, 99);
    expect(use.needsTotals).toBe(false);
    admitMany(use, 1);
    // AWS: 100 can never be reserved away.
    expect(use.needsTotals).toBe(true);
  });

  test('a function gains 1,000 environments at once, then 1,000 every ten seconds', () => {
    // <developer guide, "Understanding Lambda function scaling">
    const use = new AccountUse();
    for (const each of admitMany(use, 600)) each.release();
    // Those environments are warm: nothing is gained.
    for (const each of admitMany(use, 600)) each.release();
    // A new build has none of them.
    for (const each of admitMany(use, 400, { buildId: 'next' })) each.release();
    const next = { ...REQUEST, buildId: 'third' };
    expect(use.admit('f', next)).toBe('FunctionInvocationRateLimitExceeded');
    expect(use.admit('f', { ...next, nowMs: 10 })).toMatchObject({ ofFunction: 1 });
    expect(use.admit('f', { ...next, nowMs: 10 })).toBe('FunctionInvocationRateLimitExceeded');
    admitMany(use, 499, { buildId: 'third', nowMs: 5_010 });
  });
});

describe('over HTTP', () => {
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

  test('a throttled invocation tells why, and when to come back', async () => {
    await createNodeFunction(lambda, 'fn', {
      source: 'export const handler = () => new Promise((done) => setTimeout(done, 400));',
    });
    const reserve = { FunctionName: 'fn', ReservedConcurrentExecutions: 1 };
    await lambda.send(new L.PutFunctionConcurrencyCommand(reserve));
    const running = lambda.send(new L.InvokeCommand({ FunctionName: 'fn' }));
    let refused: unknown;
    // The first invocation may still be on its way: one of two at once is refused in any case.
    const second = lambda.send(new L.InvokeCommand({ FunctionName: 'fn' }));
    await Promise.all([running, second].map((each) => each.catch((error: unknown) => (refused = error))));
    expect(refused).toMatchObject({
      name: 'TooManyRequestsException',
      message: 'Rate Exceeded.',
      Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
      Type: 'User',
      retryAfterSeconds: '1',
      $metadata: { httpStatusCode: 429 },
    });
  });

  test('a burst of 500 on an empty cloud loses none and throttles none', async () => {
    await createNodeFunction(lambda, 'fn', { source: 'export const handler = async ({ n }) => n;' });
    // The SDK's own default is 50 connections: the others would wait in the client.
    const crowd = new L.LambdaClient({
      endpoint: cloud.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: '000000000000', secretAccessKey: 'test' },
      maxAttempts: 1,
      requestHandler: { httpAgent: { maxSockets: 500 } },
    });
    const answers = await Promise.all(
      Array.from({ length: 500 }, async (_, n) => {
        const { Payload } = await crowd.send(
          new L.InvokeCommand({ FunctionName: 'fn', Payload: JSON.stringify({ n }) }),
        );
        return Number(Buffer.from(Payload ?? []).toString());
      }),
    );
    crowd.destroy();
    expect(answers).toEqual(Array.from({ length: 500 }, (_, n) => n));
  }, 60_000);
});
