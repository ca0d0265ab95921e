// The system’s randomness: lengths, ranges, and draws that are not used twice.
import { expect, test } from 'vitest';
import { createSystemRandom } from './system-random.ts';

test.each([0, 1, 16, 4096, 4097, 100_000])('draws %i bytes', (length) => {
  expect(createSystemRandom().bytes(length)).toHaveLength(length);
});

test('never hands out the same bytes twice, nor memory it keeps', () => {
  const random = createSystemRandom();
  const seen = new Set<string>();
  const first = random.bytes(16);
  const copy = first.slice();
  for (let at = 0; at < 5000; at++) seen.add(Buffer.from(random.bytes(16)).toString('hex'));
  expect(seen.size).toBe(5000);
  expect(first).toEqual(copy);
});

test('draws numbers that fill [0, 1) evenly', () => {
  const random = createSystemRandom();
  const counts = Array.from({ length: 10 }, () => 0);
  for (let at = 0; at < 20_000; at++) {
    const drawn = random.next();
    expect(drawn >= 0 && drawn < 1).toBe(true);
    const bucket = Math.floor(drawn * 10);
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  // 2000 expected each, standard deviation 42: this fails once in some billion runs.
  for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(300);
});
