// The bound on messages in flight: exact at the limit, and cheap far from it.
import { expect, test } from 'vitest';
import { createMemoryStore } from '../../platform/memory-store.ts';
import { releaseInFlight, reserveInFlight } from './in-flight-bound.ts';

test('grants up to the limit and counts afresh only near it', async () => {
  const store = createMemoryStore();
  let truth = 0;
  let counts = 0;
  const reserve = (wanted: number): Promise<number> =>
    reserveInFlight(store, { backlog: 'b', wanted, limit: 25 }, async () => {
      counts += 1;
      return truth;
    });
  expect(await reserve(10)).toBe(10);
  expect(await reserve(10)).toBe(10);
  truth = 20;
  expect(counts).toBe(1);
  expect(await reserve(10)).toBe(5);
  expect(counts).toBe(2);
  truth = 25;
  expect(await reserve(1)).toBe(0);
  truth = 3;
  expect(await reserve(10)).toBe(10);
  releaseInFlight(store, 'b', 10);
  expect(await reserve(10)).toBe(10);
  await store.close();
});
