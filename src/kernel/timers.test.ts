// Durable timers: slow steps keep no quick ones waiting, and traces go along.
import { expect, test } from 'vitest';
import { createActivity } from '../base/activity.ts';
import { silentLog } from '../base/log.ts';
import { seededRandom } from '../base/random.ts';
import { createMemoryStore } from '../platform/memory-store.ts';
import { nextTurn } from '../platform/next-turn.ts';
import { createVirtualClock } from '../platform/virtual-clock.ts';
import type { WorkContext } from './context.ts';
import type { TracedScope } from './contexts.ts';
import type { TimerWorker } from './service.ts';
import { createTimerDispatcher } from './timers.ts';

const SCOPE = { account: '000000000000', region: 'us-east-1' };

function setUp(workers: Readonly<Record<string, TimerWorker>>, slow: readonly string[]) {
  const activity = createActivity(nextTurn);
  const clock = createVirtualClock({ startMs: 0, activity });
  const store = createMemoryStore();
  const timers = createTimerDispatcher({
    store,
    clock,
    activity,
    random: seededRandom(1),
    log: silentLog,
    workers: new Map(Object.entries(workers)),
    slowWorkers: new Set(slow),
    contextFor: ({ traceId }: TracedScope) => ({ traceId }) as WorkContext,
  });
  timers.start();
  const schedule = (worker: string, count = 1, traceId?: string): Promise<void> =>
    store.transact(async (tx) => {
      for (let n = 0; n < count; n += 1) {
        timers.schedule(tx, SCOPE, { worker, dueMs: 0, payload: n, traceId });
      }
    });
  return { timers, schedule, activity };
}

test.each([
  ['slow steps', ['t/wait'], 300, true],
  ['as many quick steps as there may be', [], 300, false],
])('%s that wait: others go on (%s)', async (_what, slow, count, goesOn) => {
  let release = (): void => {};
  const gate = new Promise<void>((resolve) => (release = resolve));
  let ran = 0;
  const workers = {
    't/wait': () => gate,
    't/quick': async () => {
      ran += 1;
    },
  };
  const { timers, schedule, activity } = setUp(workers, slow);
  await schedule('t/wait', count);
  for (let turn = 0; turn < 50; turn += 1) await nextTurn();
  await schedule('t/quick');
  for (let turn = 0; turn < 50; turn += 1) await nextTurn();
  expect(ran).toBe(goesOn ? 1 : 0);
  release();
  await activity.quiet();
  expect(ran).toBe(1);
  await timers.stop();
});

test('the trace of who schedules goes on to the worker', async () => {
  const seen: (string | undefined)[] = [];
  const { timers, schedule, activity } = setUp(
    { 't/trace': async (_payload, context) => void seen.push(context.traceId) },
    [],
  );
  await schedule('t/trace', 1, 'Root=1');
  await schedule('t/trace');
  await activity.quiet();
  expect(seen).toEqual(['Root=1', undefined]);
  await timers.stop();
});
