// The virtual clock: time stands still, and an advance fires what is due in order.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createActivity } from '../base/activity.ts';
import { nextTurn } from './next-turn.ts';
import { createVirtualClock } from './virtual-clock.ts';

function setUp() {
  const activity = createActivity(nextTurn);
  return { activity, clock: createVirtualClock({ startMs: 1000, activity }) };
}

describe('a virtual clock', () => {
  test('stands still by itself', async () => {
    const { clock } = setUp();
    clock.schedule(1001, () => expect.fail('time passed'));
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    expect(clock.now()).toBe(1000);
  });

  test('fires what falls due, in order, each at its own time', async () => {
    const { clock } = setUp();
    const fired: string[] = [];
    const note = (name: string) => (): void => void fired.push(`${name}@${clock.now()}`);
    clock.schedule(1030, note('c'), 'c');
    clock.schedule(1010, note('a'), 'a');
    clock.schedule(1030, note('d'));
    clock.schedule(1020, note('b'), 'b');
    clock.schedule(1031, note('late'), 'late');
    const report = await clock.advance(30);
    expect(fired).toEqual(['a@1010', 'b@1020', 'c@1030', 'd@1030']);
    expect(report).toEqual({
      fromMs: 1000,
      toMs: 1030,
      fired: [
        { atMs: 1010, label: 'a' },
        { atMs: 1020, label: 'b' },
        { atMs: 1030, label: 'c' },
      ],
    });
    expect(clock.now()).toBe(1030);
  });

  test('fires timers that are made while it advances, when they fall due in time', async () => {
    const { clock } = setUp();
    const fired: number[] = [];
    const again = (): void => {
      fired.push(clock.now());
      clock.schedule(clock.now() + 10, again);
    };
    clock.schedule(1010, again);
    await clock.advance(35);
    expect(fired).toEqual([1010, 1020, 1030]);
    await clock.advance(5);
    expect(fired.at(-1)).toBe(1040);
  });

  test('waits for the work that a timer starts before time goes on', async () => {
    const { activity, clock } = setUp();
    const seen: string[] = [];
    clock.schedule(1010, () => {
      void activity.run(async () => {
        for (let turn = 0; turn < 10; turn++) await nextTurn();
        seen.push(`worked until ${clock.now()}`);
      });
    });
    clock.schedule(1020, () => seen.push(`next at ${clock.now()}`));
    await clock.advance(20);
    expect(seen).toEqual(['worked until 1010', 'next at 1020']);
  });

  test('lets work that is under way finish before it moves', async () => {
    const { activity, clock } = setUp();
    let finishedAtMs = 0;
    void activity.run(async () => {
      for (let turn = 0; turn < 10; turn++) await nextTurn();
      finishedAtMs = clock.now();
    });
    await clock.advance(500);
    expect(finishedAtMs).toBe(1000);
  });

  test('does not wait for parked work, and wakes it', async () => {
    const { activity, clock } = setUp();
    let wokenAtMs = 0;
    const longPoll = activity.run(async (token) => {
      await token.park(clock.sleep(20));
      wokenAtMs = clock.now();
    });
    await clock.advance(100);
    await longPoll;
    expect(wokenAtMs).toBe(1020);
  });

  test('fires what is due already without an advance, but never at once', async () => {
    const { clock } = setUp();
    const fired: string[] = [];
    clock.schedule(1000, () => fired.push('now'));
    clock.schedule(5, () => fired.push('past'));
    expect(fired).toEqual([]);
    await nextTurn();
    await nextTurn();
    expect(fired).toEqual(['past', 'now']);
    expect(clock.now()).toBe(1000);
  });

  test('reports what was due already when the advance began', async () => {
    const { clock } = setUp();
    clock.schedule(900, () => {}, 'overdue');
    expect((await clock.advance(0)).fired).toEqual([{ atMs: 1000, label: 'overdue' }]);
  });

  test('never fires a cancelled timer, not even one cancelled at the same instant', async () => {
    const { clock } = setUp();
    clock.schedule(1010, () => cancelSecond());
    const cancelSecond = clock.schedule(1010, () => expect.fail('was cancelled'));
    const cancelThird = clock.schedule(1020, () => expect.fail('was cancelled'), 'third');
    cancelThird();
    cancelThird();
    expect((await clock.advance(100)).fired).toEqual([]);
  });

  test('forgets cancelled timers and keeps the others, however many there are', async () => {
    const { clock } = setUp();
    const fired: number[] = [];
    const cancels = Array.from({ length: 2000 }, (_, at) =>
      clock.schedule(3000 - at, () => fired.push(clock.now())),
    );
    for (const [at, cancel] of cancels.entries()) if (at % 100 !== 0) cancel();
    await clock.advance(5000);
    for (const cancel of cancels) cancel();
    expect(fired).toEqual(Array.from({ length: 20 }, (_, at) => 1100 + at * 100));
  });

  test('serialises advances that are asked for at the same time', async () => {
    const { clock } = setUp();
    const fired: number[] = [];
    for (const dueMs of [1005, 1015, 1025])
      clock.schedule(dueMs, () => fired.push(clock.now()), 't');
    const reports = await Promise.all([clock.advance(10), clock.advance(10), clock.advance(10)]);
    expect(fired).toEqual([1005, 1015, 1025]);
    expect(reports.map(({ fromMs, toMs }) => [fromMs, toMs])).toEqual([
      [1000, 1010],
      [1010, 1020],
      [1020, 1030],
    ]);
    expect(reports.map((report) => report.fired.length)).toEqual([1, 1, 1]);
  });

  test('hands the error of a timer to whoever advances, and goes on working', async () => {
    const { clock } = setUp();
    let fired = false;
    clock.schedule(1010, () => {
      throw new Error('broken timer');
    });
    clock.schedule(1010, () => {
      fired = true;
    });
    await expect(clock.advance(50)).rejects.toThrow('broken timer');
    await clock.advance(50);
    expect([fired, clock.now()]).toEqual([true, 1060]);
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])(
    'does not advance by %d',
    async (deltaMs) => {
      await expect(setUp().clock.advance(deltaMs)).rejects.toThrow(RangeError);
    },
  );

  test('sleeps until its time has come or the signal says stop', async () => {
    const { clock } = setUp();
    const controller = new AbortController();
    const slept = clock.sleep(10).then(() => clock.now());
    const stopped = clock.sleep(10, controller.signal);
    controller.abort(new Error('stop'));
    await expect(stopped).rejects.toThrow('stop');
    await expect(clock.sleep(10, controller.signal)).rejects.toThrow('stop');
    await clock.advance(10);
    expect(await slept).toBe(1010);
  });

  test('fires every timer exactly once, in due order, however time is cut up', async () => {
    const dueTimes = fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 40 });
    const steps = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(dueTimes, steps, async (delays, deltas) => {
        const { clock } = setUp();
        const fired: { dueMs: number; atMs: number }[] = [];
        for (const delay of delays) {
          const dueMs = 1000 + delay;
          clock.schedule(dueMs, () => fired.push({ dueMs, atMs: clock.now() }), 'timer');
        }
        let reported = 0;
        for (const delta of deltas) reported += (await clock.advance(delta)).fired.length;
        const due = delays.map((delay) => 1000 + delay).filter((dueMs) => dueMs <= clock.now());
        expect(fired.map((timer) => timer.dueMs)).toEqual(due.toSorted((a, b) => a - b));
        expect(fired.every(({ dueMs, atMs }) => dueMs === atMs)).toBe(true);
        expect(reported).toBe(due.length);
      }),
      { numRuns: 40 },
    );
  });
});
