// The log of recent commits: which keys changed since when, and what may be forgotten.
import { expect, test } from 'vitest';
import { createCommitLog } from './commit-log.ts';

const writes = (...keys: string[]): Map<string, undefined> =>
  new Map(keys.map((key) => [key, undefined]));
const reads = (keys: string[], ...ranges: [from: string, to: string][]) => ({
  keys: new Set(keys),
  ranges: ranges.map(([from, to]) => ({ from, to })),
});

test('tells which reads later commits invalidate', () => {
  const log = createCommitLog();
  const first = log.add(writes('a', 'b'));
  const second = log.add(writes('b', 'm'));
  expect([first, second, log.last]).toEqual([1, 2, 2]);
  expect(log.conflicts(reads(['a']), 0)).toBe(true);
  expect(log.conflicts(reads(['a']), first)).toBe(false);
  expect(log.conflicts(reads(['b']), first)).toBe(true);
  expect(log.conflicts(reads(['b']), second)).toBe(false);
  expect(log.conflicts(reads([], ['l', 'n']), first)).toBe(true);
  expect(log.conflicts(reads([], ['m', 'n']), first)).toBe(true);
  expect(log.conflicts(reads([], ['l', 'm']), first)).toBe(false);
  expect(log.changed('m', first)).toBe(true);
  expect(log.changed('m', second)).toBe(false);
});

test('forgets what nobody asks about, and nothing else', () => {
  const log = createCommitLog();
  for (let at = 0; at < 500; at++) log.add(writes(`k${at % 7}`, `once${at}`));
  const lastOfK3 = 494;
  for (let upTo = 1; upTo < 500; upTo += 13) {
    log.forget(upTo);
    expect(log.conflicts(reads(['k3']), upTo)).toBe(upTo < lastOfK3);
    expect(log.conflicts(reads([], ['once', 'onced']), upTo)).toBe(true);
    expect(log.changed(`once${upTo}`, upTo)).toBe(true);
    expect(log.changed(`once${upTo - 1}`, upTo)).toBe(false);
  }
  log.forget(log.last);
  expect(log.conflicts(reads(['k3'], ['a', 'z']), 0)).toBe(false);
});
