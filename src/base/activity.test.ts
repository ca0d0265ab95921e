// Work in flight is counted: parked work does not count, and quiet means a calm turn.
import { describe, expect, test } from 'vitest';
import { createActivity } from './activity.ts';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Whether `quiet` resolves within a few turns. */
async function becomesQuiet(quiet: Promise<void>): Promise<boolean> {
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 6; turn++) await nextTurn();
  };
  return Promise.race([quiet.then(() => true), turns().then(() => false)]);
}

describe('activity', () => {
  test('is quiet when nothing is in flight', async () => {
    expect(await becomesQuiet(createActivity(nextTurn).quiet())).toBe(true);
  });

  test('is not quiet until every piece of work has ended', async () => {
    const activity = createActivity(nextTurn);
    const [first, second] = [activity.begin(), activity.begin()];
    const quiet = activity.quiet();
    expect([activity.inFlight, await becomesQuiet(quiet)]).toEqual([2, false]);
    first.end();
    first.end();
    expect([activity.inFlight, await becomesQuiet(quiet)]).toEqual([1, false]);
    second.end();
    expect([activity.inFlight, await becomesQuiet(quiet)]).toEqual([0, true]);
  });

  test('is not quiet while one piece of work leads to the next', async () => {
    const activity = createActivity(nextTurn);
    let steps = 0;
    const next = (): void => {
      steps += 1;
      if (steps === 10) return;
      void activity.run(nextTurn).then(() => setImmediate(next));
    };
    next();
    await activity.quiet();
    expect(steps).toBe(10);
  });

  test('ends with the body, whatever becomes of it', async () => {
    const activity = createActivity(nextTurn);
    expect(await activity.run(async () => activity.inFlight)).toBe(1);
    await expect(activity.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(activity.inFlight).toBe(0);
  });

  test('does not count what is parked, and counts it again afterwards', async () => {
    const activity = createActivity(nextTurn);
    const token = activity.begin();
    let wake: (message: string) => void = () => {};
    const parked = token.park(new Promise<string>((resolve) => (wake = resolve)));
    expect([activity.inFlight, await becomesQuiet(activity.quiet())]).toEqual([0, true]);
    wake('message');
    expect(await parked).toBe('message');
    expect(activity.inFlight).toBe(1);
    token.end();
    expect(activity.inFlight).toBe(0);
  });

  test('counts a token again after the last of several parks, also failed ones', async () => {
    const activity = createActivity(nextTurn);
    const token = activity.begin();
    let fail: (error: Error) => void = () => {};
    let wake = (): void => {};
    const first = token.park(new Promise<void>((_, reject) => (fail = reject)));
    const second = token.park(new Promise<void>((resolve) => (wake = resolve)));
    expect(activity.inFlight).toBe(0);
    fail(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    expect(activity.inFlight).toBe(0);
    wake();
    await second;
    expect(activity.inFlight).toBe(1);
    token.end();
  });

  test('never counts work that ended while it was parked', async () => {
    const activity = createActivity(nextTurn);
    const token = activity.begin();
    let wake = (): void => {};
    const parked = token.park(new Promise<void>((resolve) => (wake = resolve)));
    token.end();
    wake();
    await parked;
    expect(activity.inFlight).toBe(0);
    await token.park(Promise.resolve());
    expect(activity.inFlight).toBe(0);
  });
});
