// The copy-on-write map against a sorted model: sets, deletes, ranges, views and forks.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type KeyRange, type OrderedView, createOrderedMap } from './ordered-map.ts';

const key = fc.integer({ min: 0, max: 400 }).map((number) => String(number).padStart(3, '0'));
const change = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('set' as const), key, value: fc.integer() }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), key }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('view' as const, 'fork' as const) }) },
);
const range = fc.record({
  from: key,
  to: key,
  limit: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constant(Infinity)),
  reverse: fc.boolean(),
});

function expectedRange(
  model: ReadonlyMap<string, number>,
  { from, to, limit, reverse }: KeyRange,
): unknown {
  const pairs = [...model]
    .filter(([at]) => at >= from && at < to)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return (reverse ? pairs.toReversed() : pairs).slice(0, limit);
}

function expectSame(
  map: OrderedView<number>,
  model: ReadonlyMap<string, number>,
  ranges: KeyRange[],
): void {
  expect(map.size).toBe(model.size);
  const all = { from: '', to: 'z', limit: Infinity, reverse: false };
  for (const bounds of [all, ...ranges])
    expect(map.range(bounds)).toEqual(expectedRange(model, bounds));
  for (let at = 0; at < 400; at += 7) {
    const probe = String(at).padStart(3, '0');
    expect(map.get(probe)).toBe(model.get(probe));
  }
}

test('does what a sorted map does; views and forks stay as they were', () => {
  fc.assert(
    fc.property(
      fc.array(change, { maxLength: 800, size: 'max' }),
      fc.array(range, { maxLength: 6 }),
      (changes, ranges) => {
        let map = createOrderedMap<number>();
        const model = new Map<string, number>();
        const kept: { view: OrderedView<number>; model: Map<string, number> }[] = [];
        for (const step of changes) {
          if (step.kind === 'set') {
            map.set(step.key, step.value);
            model.set(step.key, step.value);
          } else if (step.kind === 'delete') {
            map.delete(step.key);
            model.delete(step.key);
          } else if (step.kind === 'view') {
            kept.push({ view: map.view(), model: new Map(model) });
          } else {
            // Going on with the fork, the one left behind must keep still.
            kept.push({ view: map, model: new Map(model) });
            map = map.fork();
          }
        }
        expectSame(map, model, ranges);
        for (const past of kept.slice(-3)) expectSame(past.view, past.model, ranges);
      },
    ),
    { numRuns: 150 },
  );
});

test('keeps its order through many insertions and deletions', () => {
  const map = createOrderedMap<number>();
  const name = (number: number): string => String(number).padStart(6, '0');
  for (let at = 0; at < 20_000; at++) map.set(name((at * 7919) % 20_000), at);
  for (let at = 0; at < 20_000; at++) if (at % 100 !== 0) map.delete(name(at));
  const left = map.range({ from: '', to: 'z', limit: Infinity, reverse: false }).map(([at]) => at);
  expect(left).toEqual(Array.from({ length: 200 }, (_, at) => name(at * 100)));
});

test('forks in a time that does not grow with the content', () => {
  const small = createOrderedMap<number>();
  const large = createOrderedMap<number>();
  for (let at = 0; at < 200_000; at++) large.set(String(at), at);
  const timeOf = (map: typeof small): number => {
    const startMs = performance.now();
    for (let at = 0; at < 2000; at++) map.fork();
    return performance.now() - startMs;
  };
  timeOf(small);
  // Copying would take some thousand times as long.
  expect(timeOf(large)).toBeLessThan(timeOf(small) * 50 + 50);
});
