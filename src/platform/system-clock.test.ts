// The system clock: timers fire once, sleeps end or are aborted, far timers wait in steps.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createSystemClock } from './system-clock.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

test('fires at the due time and never before', () => {
  const clock = createSystemClock();
  const fire = vi.fn();
  clock.schedule(1_000_500, fire);
  vi.advanceTimersByTime(499);
  expect(fire).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(fire).toHaveBeenCalledTimes(1);
  expect(clock.now()).toBe(1_000_500);
});

test('fires what is due already soon, but not at once', () => {
  const fire = vi.fn();
  createSystemClock().schedule(5, fire);
  expect(fire).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(fire).toHaveBeenCalledTimes(1);
});

test('waits longer than setTimeout can count', () => {
  const fire = vi.fn();
  const days = 60;
  createSystemClock().schedule(1_000_000 + days * 86_400_000, fire);
  vi.advanceTimersByTime(days * 86_400_000 - 1);
  expect(fire).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(fire).toHaveBeenCalledTimes(1);
});

test('notices within a minute that the clock was set forward', () => {
  const fire = vi.fn();
  createSystemClock().schedule(1_000_000 + 3_600_000, fire);
  vi.setSystemTime(1_000_000 + 4_000_000);
  vi.advanceTimersByTime(60_000);
  expect(fire).toHaveBeenCalledTimes(1);
});

test('waits on when the clock was set back', () => {
  const fire = vi.fn();
  createSystemClock().schedule(1_010_000, fire);
  vi.setSystemTime(1_000_000 - 30_000);
  vi.advanceTimersByTime(10_000);
  expect(fire).not.toHaveBeenCalled();
  vi.advanceTimersByTime(30_000);
  expect(fire).toHaveBeenCalledTimes(1);
});

test('forgets cancelled timers, also between two looks at a long wait', () => {
  const fire = vi.fn();
  const cancel = createSystemClock().schedule(1_000_000 + 600_000, fire);
  vi.advanceTimersByTime(130_000);
  cancel();
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(600_000);
  expect(fire).not.toHaveBeenCalled();
});

test('sleeps, and wakes with the reason of the signal', async () => {
  const clock = createSystemClock();
  const controller = new AbortController();
  const slept = clock.sleep(50);
  const stopped = clock.sleep(50, controller.signal);
  controller.abort(new Error('stop'));
  await expect(stopped).rejects.toThrow('stop');
  vi.advanceTimersByTime(50);
  await slept;
  expect(vi.getTimerCount()).toBe(0);
});
