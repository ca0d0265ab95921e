// Key ranges: every sort key condition selects exactly the keys that satisfy it.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeKey } from '../../base/tuple.ts';
import type { Key } from '../../base/store.ts';
import type { AttributeValue } from './attribute-value.ts';
import { holds } from './expression/evaluate.ts';
import type { SortCondition } from './expression/key-condition.ts';
import { combineConditions } from './expression/legacy.ts';
import { encodeKeyValue, hashBytes, segmentStart } from './key-encoding.ts';
import { queryRange, rangeAfter, scanRange } from './query-range.ts';

const partition: AttributeValue = { S: 'p' };
const hash = hashBytes(encodeKeyValue(partition));

const bytes = fc.uint8Array({ minLength: 1, maxLength: 4 });
const binary = fc
  .oneof(
    bytes,
    fc
      .array(fc.constantFrom(0, 255), { minLength: 1, maxLength: 4 })
      .map((b) => Uint8Array.from(b)),
  )
  .map((B): AttributeValue => ({ B }));
const number = fc.integer({ min: -50, max: 50 }).map((n): AttributeValue => ({ N: String(n) }));
const operators = ['EQ', 'LT', 'LE', 'GT', 'GE', 'BETWEEN', 'BEGINS_WITH'] as const;

function inRange(key: Key, { from, to }: { from: Key; to: Key }): boolean {
  const [low, at, high] = [from, key, to].map(encodeKey) as [string, string, string];
  return low <= at && at < high;
}

test.each([
  ['binary', binary],
  ['number', number],
] as const)('a %s key is in the range exactly when the condition holds', (_, values) => {
  fc.assert(
    fc.property(
      fc.constantFrom(...operators),
      values,
      values,
      values,
      (operator, low, high, key) => {
        fc.pre(operator !== 'BEGINS_WITH' || 'B' in low);
        const sort: SortCondition = {
          operator,
          low,
          high: operator === 'BETWEEN' ? high : undefined,
        };
        const operands = operator === 'BETWEEN' ? [low, high] : [low];
        const condition = combineConditions(
          new Map([['k', { operator, values: operands }]]),
          'AND',
        );
        const expected = condition !== undefined && holds(condition, { k: key });
        const range = queryRange({ partition, sort });
        // An index adds the hash of the item's own key.
        for (const tail of [[], [hashBytes(Uint8Array.of(1))]]) {
          expect(inRange([hash, encodeKeyValue(key), ...tail], range)).toBe(expected);
        }
      },
    ),
    { numRuns: 3000 },
  );
});

test('segments share out all hashes, each to one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.string(), (total, text) => {
      const position = hashBytes(Buffer.from(text));
      const place = Buffer.from(position).readUInt32BE() / 2 ** 31;
      const near = [-1, 0, 1].map((delta) => Math.floor(place * total) + delta);
      const holding = near.filter(
        (segment) =>
          segment >= 0 && segment < total && inRange([position], scanRange(segment, total)),
      );
      expect(holding).toHaveLength(1);
    }),
  );
  expect(Buffer.compare(segmentStart(0, 7), Buffer.alloc(16))).toBe(0);
});

test('a page goes on strictly after the row it stopped at', () => {
  const range = queryRange({ partition, sort: undefined });
  const at: Key = [hash, Uint8Array.of(5)];
  expect(inRange(at, rangeAfter(range, at, false))).toBe(false);
  expect(inRange([hash, Uint8Array.of(5, 0)], rangeAfter(range, at, false))).toBe(true);
  expect(inRange(at, rangeAfter(range, at, true))).toBe(false);
  expect(inRange([hash, Uint8Array.of(4, 255)], rangeAfter(range, at, true))).toBe(true);
});
