// Seeded randomness: the same seed draws the same, and every draw is within its bounds.
import { describe, expect, test } from 'vitest';
import { randomInteger, randomText, randomUuid, seededRandom } from './random.ts';

describe('seeded randomness', () => {
  test('repeats itself from the same seed, and differs from another', () => {
    const draw = (seed: number): string => {
      const random = seededRandom(seed);
      return [
        randomUuid(random),
        randomText(random, 20, 'abc'),
        random.next(),
        random.bytes(5),
      ].join();
    };
    expect(draw(1)).toBe(draw(1));
    expect(draw(1)).not.toBe(draw(2));
    expect(draw(0)).not.toBe(draw(2 ** 32 - 1));
  });

  test('fills [0, 1) evenly', () => {
    const random = seededRandom(7);
    const counts = Array.from({ length: 16 }, () => 0);
    for (let at = 0; at < 64_000; at++) {
      const drawn = random.next();
      if (!(drawn >= 0 && drawn < 1)) expect.fail(`drew ${drawn}`);
      const bucket = Math.floor(drawn * 16);
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    // 4000 expected each, standard deviation 61; the seed is fixed, so this never flickers.
    for (const count of counts) expect(Math.abs(count - 4000)).toBeLessThan(300);
  });

  test('sets every bit of its bytes half the time', () => {
    const drawn = seededRandom(9).bytes(40_000);
    for (let bit = 0; bit < 8; bit++) {
      const ones = drawn.filter((byte) => (byte >> bit) & 1).length;
      expect(Math.abs(ones - 20_000)).toBeLessThan(600);
    }
  });
});

describe('draws', () => {
  test('of integers stay below their bound and reach every value', () => {
    const random = seededRandom(3);
    const drawn = new Set(Array.from({ length: 500 }, () => randomInteger(random, 7)));
    expect([...drawn].toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  test('of UUIDs are of version 4 and variant 1', () => {
    const random = seededRandom(4);
    for (let at = 0; at < 100; at++) {
      expect(randomUuid(random)).toMatch(
        /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      );
    }
  });

  test.each([
    ['0123456789abcdef', 1000],
    ['abc', 1000],
    ['x', 10],
    ['ab', 0],
  ])('of texts use exactly the alphabet %s', (alphabet, length) => {
    const text = randomText(seededRandom(5), length, alphabet);
    expect(text).toHaveLength(length);
    expect(new Set(text)).toEqual(new Set(length === 0 ? '' : alphabet));
  });

  test('of texts favour no letter of an alphabet that does not divide 256', () => {
    const text = randomText(seededRandom(6), 30_000, 'abcde');
    for (const letter of 'abcde') {
      expect(Math.abs(text.split(letter).length - 1 - 6000)).toBeLessThan(350);
    }
  });
});
