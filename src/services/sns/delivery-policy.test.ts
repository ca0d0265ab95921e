// Retries of deliveries against AWS's published policy.
import { expect, test } from 'vitest';
import { retryDelayMs } from './delivery-policy.ts';

// Source: SNS Developer Guide, "Amazon SNS message delivery retries", table for AWS managed endpoints:
// 3 immediate, 2 after 1 s, 10 with backoff from 1 s to 20 s, 100,000 every 20 s: 100,015 over 23 days.
test('the schedule of AWS managed endpoints', () => {
  const delays = Array.from({ length: 16 }, (_, n) => retryDelayMs(n + 1) ?? -1);
  expect(delays.slice(0, 5)).toEqual([0, 0, 0, 1000, 1000]);
  expect(delays[5]).toBe(1000);
  expect(delays[14]).toBe(20_000);
  expect(delays.slice(5, 15)).toEqual(delays.slice(5, 15).toSorted((a, b) => a - b));
  expect(delays[15]).toBe(20_000);
  expect(retryDelayMs(100_015)).toBe(20_000);
  expect(retryDelayMs(100_016)).toBeUndefined();
});

test('the retries last 23 days', () => {
  let totalMs = 0;
  for (let retry = 1, delayMs = retryDelayMs(1); delayMs !== undefined; delayMs = retryDelayMs(++retry)) {
    totalMs += delayMs;
  }
  expect(Math.floor(totalMs / 86_400_000)).toBe(23);
});
