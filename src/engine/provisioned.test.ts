// Provisioned concurrency: kept, preferred, replaced, never reaped; spill-over; what it refuses.
import { describe, expect, test } from 'vitest';
import { FunctionUnavailable } from '../base/function-runner.ts';
import { createHarness, isAlive } from './engine-harness.ts';

const TELLS = {
  'index.js': `const type = process.env.AWS_LAMBDA_INITIALIZATION_TYPE; const booted = Date.now();
  exports.handler = async (e) => { if (e.exit) process.exit(1); if (e.waitMs) await new Promise((r) => setTimeout(r, e.waitMs)); return { type, pid: process.pid, booted }; };`,
};
interface Told {
  readonly type: string;
  readonly pid: number;
}

describe('provisioned concurrency', () => {
  test('environments are initialised before they are needed, and preferred', async () => {
    await using harness = createHarness({ idleTimeoutMs: 30 });
    const definition = await harness.define(TELLS);
    const onDemand = (await harness.invoke(definition)).json as Told;
    expect(onDemand.type).toBe('on-demand');
    await harness.engine.provision(definition, 2);
    const first = await harness.invoke(definition);
    expect(first).toMatchObject({ provisioned: true, json: { type: 'provisioned-concurrency' } });
    expect(harness.messages().filter((line) => line.startsWith('INIT_START'))).toHaveLength(3);
    // The one on demand ends for being idle; the others have been idle as long.
    await expect.poll(() => isAlive(onDemand.pid)).toBe(false);
    const later = await harness.invoke(definition);
    expect(later.json).toMatchObject({ pid: (first.json as Told).pid });
  });

  test('more than that spill over to environments on demand', async () => {
    await using harness = createHarness();
    const definition = await harness.define(TELLS);
    await harness.engine.provision(definition, 2);
    const all = await Promise.all([1, 2, 3].map(() => harness.invoke(definition, { waitMs: 200 })));
    const types = all.map(({ json }) => (json as Told).type).toSorted();
    expect(types).toEqual(['on-demand', 'provisioned-concurrency', 'provisioned-concurrency']);
    expect(all.filter(({ provisioned }) => provisioned)).toHaveLength(2);
  });

  test('one that ends is replaced', async () => {
    await using harness = createHarness();
    const definition = await harness.define(TELLS);
    await harness.engine.provision(definition, 1);
    const before = (await harness.invoke(definition)).json as Told;
    expect(await harness.invoke(definition, { exit: true })).toMatchObject({ error: 'Unhandled', provisioned: true });
    await expect
      .poll(async () => (await harness.invoke(definition)).json)
      .toMatchObject({ type: 'provisioned-concurrency', pid: expect.not.toSatisfy((pid: number) => pid === before.pid) });
  });

  test('0 lets them go, a busy one after its invocation', async () => {
    await using harness = createHarness();
    const definition = await harness.define(TELLS);
    await harness.engine.provision(definition, 2);
    const busy = harness.invoke(definition, { waitMs: 150 });
    await harness.engine.provision(definition, 0);
    expect((await busy).json).toMatchObject({ type: 'provisioned-concurrency' });
    expect((await harness.invoke(definition)).json).toMatchObject({ type: 'on-demand' });
  });

  test('a function that cannot be initialised is refused with its reason', async () => {
    await using harness = createHarness();
    const definition = await harness.define({ 'index.js': 'throw new TypeError("no start");' });
    const refused = harness.engine.provision(definition, 2);
    await expect(refused).rejects.toThrow(FunctionUnavailable);
    await expect(refused).rejects.toMatchObject({ reason: 'FUNCTION_ERROR_INIT_FAILURE', message: 'TypeError: no start' });
  });

  test('more than the machine has room for is refused', async () => {
    await using harness = createHarness({ maxConcurrency: 3 });
    const definition = await harness.define(TELLS);
    await expect(harness.engine.provision(definition, 5)).rejects.toMatchObject({ reason: 'InsufficientCapacity' });
    // What is left serves others.
    const other = await harness.define(TELLS);
    expect((await harness.invoke(other)).json).toMatchObject({ type: 'on-demand' });
  });
});
