// Encoded keys sort as their tuples do, and decode to what they were.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Key, KeyPart } from './store.ts';
import { AFTER_ANY, decodeKey, encodeKey, prefixRange } from './tuple.ts';

const bytes = fc.uint8Array({ maxLength: 6 }).filter((value) => !startsWithAfterAny(value));
const part: fc.Arbitrary<KeyPart> = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -3, max: 3 }),
  fc.string({ unit: 'binary', maxLength: 6 }),
  // Texts and bytes around the escape are where an encoding goes wrong.
  fc
    .array(fc.constantFrom('\x00', '\x01', 'a', '\xff', '\u{ffff}', '\u{10000}'), { maxLength: 4 })
    .map((chars) => chars.join('')),
  fc
    .array(fc.constantFrom(0, 1, 0xfe, 0xff), { maxLength: 4 })
    .map((values) => Uint8Array.from(values))
    .filter((value) => !startsWithAfterAny(value)),
  bytes,
);
const key = fc.array(part, { maxLength: 4 });

function startsWithAfterAny(value: Uint8Array): boolean {
  return value.length >= 4 && value.subarray(0, 4).every((byte) => byte === 0xff);
}

/** The order as the contract words it, without any encoding. */
function compareKeys(a: Key, b: Key): number {
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const order = compareParts(a[at] ?? 0, b[at] ?? 0);
    if (order !== 0) return order;
  }
  return Math.sign(a.length - b.length);
}

function compareParts(a: KeyPart, b: KeyPart): number {
  const kind = (value: KeyPart): number => ['number', 'string', 'object'].indexOf(typeof value);
  if (kind(a) !== kind(b)) return Math.sign(kind(a) - kind(b));
  if (typeof a === 'number') return a === b ? 0 : a < (b as number) ? -1 : 1;
  return Math.sign(Buffer.compare(Buffer.from(a as string), Buffer.from(b as string)));
}

function compareEncoded(a: Key, b: Key): number {
  const [first, second] = [encodeKey(a), encodeKey(b)];
  if (first === second) return 0;
  return first < second ? -1 : 1;
}

describe('encoded keys', () => {
  test('order as the tuples do', () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        expect(compareEncoded(a, b)).toBe(compareKeys(a, b));
      }),
      { numRuns: 3000 },
    );
  });

  test('order as the tuples do when they share a beginning', () => {
    fc.assert(
      fc.property(key, part, part, key, (prefix, a, b, rest) => {
        expect(compareEncoded([...prefix, a, ...rest], [...prefix, b])).toBe(
          compareKeys([...prefix, a, ...rest], [...prefix, b]),
        );
      }),
      { numRuns: 3000 },
    );
  });

  test('hold one byte per char', () => {
    fc.assert(
      fc.property(key, (tuple) => {
        expect(Buffer.from(encodeKey(tuple), 'latin1').toString('latin1')).toBe(encodeKey(tuple));
      }),
    );
  });

  test('give the tuple back', () => {
    fc.assert(
      fc.property(key, (tuple) => {
        const expected = tuple.map((value) => (value === 0 ? 0 : value));
        expect(decodeKey(encodeKey(tuple))).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });

  test('of a prefix lie in its range, and no others', () => {
    fc.assert(
      fc.property(key, key, (prefix, other) => {
        const { from, to } = prefixRange(prefix);
        const encoded = encodeKey(other);
        const within = encoded >= encodeKey(from) && encoded < encodeKey(to);
        const begins =
          compareKeys(other.slice(0, prefix.length), prefix) === 0 && other.length >= prefix.length;
        expect(within).toBe(begins);
      }),
      { numRuns: 3000 },
    );
    fc.assert(
      fc.property(key, part, (prefix, more) => {
        const { from, to } = prefixRange(prefix);
        const encoded = encodeKey([...prefix, more]);
        expect(encoded >= encodeKey(from) && encoded < encodeKey(to)).toBe(true);
      }),
    );
  });

  test('take both zeros for one', () => {
    expect(encodeKey([-0])).toBe(encodeKey([0]));
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'refuse %d',
    (value) => {
      expect(() => encodeKey([value])).toThrow(RangeError);
    },
  );

  test.each(['\x01', '\x20abc', '\x30\x00\xff', 'plain'])('are not made of %j', (text) => {
    expect(() => decodeKey(text)).toThrow(RangeError);
  });

  test('that end a range come after everything', () => {
    expect(compareEncoded(['a', 'zzz', 5], ['a', AFTER_ANY])).toBe(-1);
    expect(compareEncoded(['a', Uint8Array.of(0xff, 0xff, 0xff)], ['a', AFTER_ANY])).toBe(-1);
    expect(compareEncoded(['b'], ['a', AFTER_ANY])).toBe(1);
  });
});
