// Use and cost: counted per function and day, durable, priced by the list, shown to tests and over the wire.
import { CreateFunctionCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { describe, expect, test } from 'vitest';
import { ZipFile } from 'yazl';
import { createActivity } from '../base/activity.ts';
import { collectBytes } from '../base/collect-bytes.ts';
import type { FunctionDefinition, FunctionResult, FunctionRunner } from '../base/function-runner.ts';
import { silentLog } from '../base/log.ts';
import { createMemoryStore } from '../platform/memory-store.ts';
import { nextTurn } from '../platform/next-turn.ts';
import { createVirtualClock } from '../platform/virtual-clock.ts';
import { createCloud } from '../testing/create-cloud.ts';
import { reportCost } from './cost-report.ts';
import { createUsageMeter, listUsage } from './usage-meter.ts';

const ACCOUNT = '000000000000';
const START_MS = Date.UTC(2026, 10, 29);

function definition(name: string, more: Partial<FunctionDefinition> = {}): FunctionDefinition {
  const plain = {
    key: name,
    arn: '',
    name,
    version: '$LATEST',
    account: ACCOUNT,
    region: 'us-east-1',
    runtime: 'nodejs22.x',
    handler: 'index.handler',
    code: { sha256: '', read: async () => new Uint8Array() },
    layers: [],
    environment: {},
    memoryMb: 1_024,
    timeoutMs: 3_000,
    ephemeralStorageMb: 512,
    architecture: 'x86_64' as const,
    logGroup: '',
  };
  return { ...plain, ...more };
}

/** A meter over a runner whose every invocation is billed one second. */
async function startMeter() {
  const activity = createActivity(nextTurn);
  const clock = createVirtualClock({ startMs: START_MS, activity });
  const store = createMemoryStore();
  const result: FunctionResult = {
    payload: new Uint8Array(),
    logTail: '',
    durationMs: 999.5,
    billedDurationMs: 1_000,
    maxMemoryMb: 40,
  };
  const answers: Partial<FunctionResult>[] = [];
  const runner: FunctionRunner = {
    inspectArchive: async () => ({ unpackedBytes: 0, entries: 0 }),
    invoke: async () => ({ ...result, ...answers.shift() }),
    provision: async () => {},
    snapshot: async () => {},
    retire: async () => {},
    close: async () => {},
  };
  const meter = createUsageMeter({ store, clock, activity, log: silentLog });
  const watched = meter.watch(runner);
  const invoke = (which: FunctionDefinition) =>
    watched.invoke(which, { requestId: 'r', payload: new Uint8Array(), invokedArn: '' });
  const report = async (sinceDay = '') => {
    await meter.flush();
    return reportCost(await store.read((view) => listUsage(view, ACCOUNT, sinceDay)), sinceDay);
  };
  return { clock, store, watched, invoke, report, answers };
}

describe('the meter', () => {
  test('counts each function of each region by itself, the most expensive first', async () => {
    const { invoke, report } = await startMeter();
    await Promise.all([
      invoke(definition('small', { memoryMb: 128 })),
      invoke(definition('big')),
      invoke(definition('big')),
      invoke(definition('big', { region: 'af-south-1' })),
    ]);
    const { byFunction, totalUsd } = await report();
    // 1 GB-s is 0.0000166667 and a request 0.0000002; Cape Town 0.0000221 and 0.00000027. <AWS Price List>
    expect(byFunction).toEqual([
      { name: 'big', region: 'us-east-1', requests: 2, gbSeconds: 2, usd: 0.0000337334 },
      { name: 'big', region: 'af-south-1', requests: 1, gbSeconds: 1, usd: 0.00002237 },
      { name: 'small', region: 'us-east-1', requests: 1, gbSeconds: 0.125, usd: 0.000002283338 },
    ]);
    expect(totalUsd).toBe(0.000058386738);
  });

  test('keeps days apart, and counts from a day on', async () => {
    const { clock, invoke, report } = await startMeter();
    await invoke(definition('daily'));
    await clock.advance(36 * 3_600_000);
    await invoke(definition('daily'));
    expect((await report()).byFunction).toMatchObject([{ requests: 2 }]);
    expect((await report('2026-11-30')).byFunction).toMatchObject([{ requests: 1 }]);
    expect(await report('2026-12-01')).toMatchObject({ totalUsd: 0, byFunction: [] });
  });

  test('charges provisioned concurrency for as long as it is held', async () => {
    const { clock, watched, invoke, report, answers } = await startMeter();
    const kept = definition('kept');
    await watched.provision(kept, 2);
    await clock.advance(3_600_000);
    await watched.provision(kept, 0);
    await clock.advance(3_600_000);
    // 2 environments of 1 GB for an hour: 7,200 GB-s at 0.0000041667.
    expect(await report()).toMatchObject({ totalUsd: 0.03000024 });
    answers.push({ provisioned: true });
    await invoke(kept);
    // A second of it at 0.0000097222, and a request.
    expect(await report()).toMatchObject({ totalUsd: 0.0300101622 });
  });

  test('says which regions the price list does not know', async () => {
    const { invoke, report } = await startMeter();
    await invoke(definition('far', { region: 'mars-north-1' }));
    expect(await report()).toMatchObject({ unlistedRegions: ['mars-north-1'], totalUsd: 0.0000168667 });
  });
});

async function zipOf(source: string): Promise<Uint8Array> {
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from(source), 'index.js');
  zip.end();
  return collectBytes(zip.outputStream);
}

describe('a cloud', () => {
  test('tells what its functions cost, over the wire too', async () => {
    await using cloud = await createCloud();
    const lambda = cloud.client(LambdaClient);
    await lambda.send(
      new CreateFunctionCommand({
        FunctionName: 'metered',
        Runtime: 'nodejs22.x',
        Handler: 'index.handler',
        Role: 'arn:aws:iam::000000000000:role/any',
        MemorySize: 256,
        Code: { ZipFile: await zipOf('exports.handler = async () => 1;') },
      }),
    );
    const run = () => lambda.send(new InvokeCommand({ FunctionName: 'metered', LogType: 'Tail' }));
    const billedMs: number[] = [];
    for (let i = 0; i < 3; i += 1) {
      const { LogResult = '' } = await run();
      const report = Buffer.from(LogResult, 'base64').toString();
      billedMs.push(Number(/Billed Duration: (\d+) ms/.exec(report)?.[1]));
    }
    const cost = await cloud.cost();
    const gbSeconds = billedMs.reduce((sum, ms) => sum + ms, 0) / 4_000;
    expect(cost.byFunction).toMatchObject([{ name: 'metered', region: 'us-east-1', requests: 3 }]);
    expect(cost.byFunction[0]?.gbSeconds).toBeCloseTo(gbSeconds, 10);
    expect(cost.totalUsd).toBeCloseTo(gbSeconds * 0.0000166667 + 3 * 0.0000002, 11);
    const overHttp = await fetch(`${cloud.endpoint}/_cloudlet/cost?since=1d`);
    expect(await overHttp.json()).toMatchObject({ totalUsd: cost.totalUsd, byFunction: cost.byFunction });
    const fork = await cloud.fork();
    expect((await fork.cost()).byFunction).toEqual(cost.byFunction);
    await fork.close();
    expect((await cloud.cost({ account: '111111111111' })).byFunction).toEqual([]);
    await cloud.clock.advance('48h');
    expect((await cloud.cost({ since: cloud.clock.now() })).totalUsd).toBe(0);
  });

  test('refuses a beginning that is none', async () => {
    await using cloud = await createCloud();
    const response = await fetch(`${cloud.endpoint}/_cloudlet/cost?since=yesterday`);
    expect([response.status, await response.json()]).toMatchObject([400, { error: 'ERR_SINCE' }]);
  });
});
