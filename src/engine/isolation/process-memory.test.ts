// Memory of a process by /proc and by ps: this test's own, which is known.
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createMemoryMeter, createPsMeter, type MemoryMeter } from './process-memory.ts';

const meters: [string, () => MemoryMeter, boolean][] = [
  ['/proc', () => createMemoryMeter(() => process.pid), existsSync('/proc/self/status')],
  ['ps', () => createPsMeter(process.pid), true],
];

test.each(meters.filter(([, , present]) => present))('%s agrees with the process itself', async (_name, create) => {
  const meter = create();
  const expectedMb = process.memoryUsage.rss() / 2 ** 20;
  await expect.poll(() => Math.abs(meter.currentMb() / expectedMb - 1)).toBeLessThan(0.3);
  expect(meter.peakMb()).toBeGreaterThanOrEqual(Math.floor(expectedMb * 0.7));
  meter.close();
});

test('a process that is not there uses nothing, and is asked for again', () => {
  let pid: number | undefined;
  const meter = createMemoryMeter(() => pid);
  expect([meter.currentMb(), meter.peakMb()]).toEqual([0, 0]);
  pid = process.pid;
  if (existsSync('/proc/self/status')) expect(meter.currentMb()).toBeGreaterThan(10);
  meter.close();
});
