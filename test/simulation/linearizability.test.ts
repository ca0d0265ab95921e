// The checker of histories: it takes what can be put in an order, and finds what cannot.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkHistory, type Model, type Operation } from './linearizability.ts';

type Input =
  | { readonly kind: 'read' }
  | { readonly kind: 'write'; readonly value: number }
  | { readonly kind: 'swap'; readonly from: number; readonly to: number }
  | { readonly kind: 'add' };
type Output = number | boolean;
type Step = Operation<Input, Output>;

const register: Model<number, Input, Output> = {
  initial: 0,
  step(state, input, output) {
    switch (input.kind) {
      case 'read':
        return output === undefined || output === state ? state : undefined;
      case 'write':
        return input.value;
      case 'swap': {
        const matches = state === input.from;
        if (output !== undefined && output !== matches) return undefined;
        return matches ? input.to : state;
      }
      case 'add':
        return output === undefined || output === state + 1 ? state + 1 : undefined;
    }
  },
  format: String,
};

let clients = 0;
function op(
  input: Input,
  output: Output | undefined,
  [startMs, endMs]: readonly [number, number],
): Step {
  return { client: clients++, input, output, startMs, endMs };
}

const write = (value: number, ...at: [number, number]): Step =>
  op({ kind: 'write', value }, true, at);
const read = (value: number, ...at: [number, number]): Step => op({ kind: 'read' }, value, at);
const add = (value: number | undefined, ...at: [number, number]): Step =>
  op({ kind: 'add' }, value, at);
const swap = (from: number, to: number, done: boolean, ...at: [number, number]): Step =>
  op({ kind: 'swap', from, to }, done, at);
const lost = (value: number, startMs: number): Step =>
  op({ kind: 'write', value }, undefined, [startMs, Infinity]);

describe('histories that have an order', () => {
  test.each<[string, Step[]]>([
    ['nothing', []],
    ['one after another', [write(1, 0, 1), read(1, 2, 3), write(2, 4, 5), read(2, 6, 7)]],
    ['a read during a write sees the old value', [write(1, 0, 9), read(0, 1, 2)]],
    ['a read during a write sees the new value', [write(1, 0, 9), read(1, 1, 2)]],
    ['reads during a write turn to the new value', [write(1, 0, 9), read(0, 1, 2), read(1, 3, 4)]],
    ['two writes at once', [write(1, 0, 9), write(2, 0, 9), read(1, 10, 11)]],
    ['one of two swaps', [swap(0, 1, true, 0, 9), swap(0, 2, false, 0, 9), read(1, 10, 11)]],
    ['counters in any order', [add(2, 0, 9), add(1, 0, 9), add(3, 0, 9)]],
    ['an unknown write that happened', [lost(7, 0), read(7, 5, 6)]],
    ['an unknown write that never happened', [lost(7, 0), read(0, 5, 6), read(0, 9, 10)]],
    ['an unknown write that happened late', [lost(7, 0), read(0, 5, 6), read(7, 9, 10)]],
    ['an unknown count', [add(undefined, 0, Infinity), add(1, 2, 3), add(3, 4, 5)]],
    ['a touch in time is an overlap', [write(1, 0, 5), read(0, 5, 6)]],
  ])('%s', (_, history) => {
    expect(checkHistory(register, history)).toEqual({ linearizable: true });
  });
});

describe('histories that have none', () => {
  test.each<[string, Step[]]>([
    ['a stale read', [write(1, 0, 1), read(0, 2, 3)]],
    ['a value from nowhere', [write(1, 0, 1), read(5, 2, 3)]],
    ['a value that was read is gone', [write(1, 0, 9), read(1, 1, 2), read(0, 3, 4)]],
    ['a lost update', [add(1, 0, 1), add(1, 2, 3)]],
    ['a lost update at once', [add(1, 0, 9), add(1, 0, 9)]],
    ['two swaps from one value', [swap(0, 1, true, 0, 9), swap(0, 2, true, 0, 9)]],
    ['a swap that should have matched', [write(1, 0, 1), swap(1, 2, false, 2, 3)]],
    ['a write seen before it began', [read(1, 0, 1), write(1, 2, 3)]],
    ['an unknown write twice', [lost(7, 0), read(7, 1, 2), write(1, 3, 4), read(7, 5, 6)]],
    ['an unknown write undone', [lost(7, 0), read(7, 1, 2), read(0, 3, 4)]],
    ['an unknown write before it began', [read(7, 0, 1), lost(7, 2)]],
    ['an acknowledged write lost', [write(1, 0, 1), write(2, 2, 3), lost(9, 4), read(1, 5, 6)]],
  ])('%s', (_, history) => {
    expect(checkHistory(register, history).linearizable).toBe(false);
  });

  test('the verdict tells how far it came', () => {
    const [first, stale] = [write(1, 0, 1), read(0, 2, 3)];
    expect(checkHistory(register, [first, stale])).toEqual({
      linearizable: false,
      longest: [first],
      stuck: [stale],
    });
  });
});

/** Operations done one by one at random points within the time each of them takes. */
const histories = fc
  .array(
    fc.record({
      pointMs: fc.integer({ min: 0, max: 200 }),
      beforeMs: fc.nat(30),
      afterMs: fc.nat(30),
      kind: fc.constantFrom('read' as const, 'write' as const, 'swap' as const, 'add' as const),
      known: fc.boolean(),
      value: fc.integer({ min: 0, max: 3 }),
    }),
    { maxLength: 40 },
  )
  .map((plans) => {
    let state = 0;
    return plans
      .toSorted((a, b) => a.pointMs - b.pointMs)
      .map(({ pointMs, beforeMs, afterMs, kind, known, value }, i): Step => {
        const input: Input =
          kind === 'write'
            ? { kind, value: 100 + i }
            : kind === 'swap'
              ? { kind, from: value, to: 1000 + i }
              : { kind };
        let output: Output = true;
        if (kind === 'read') output = state;
        if (kind === 'swap') output = state === value;
        if (kind === 'add') output = state + 1;
        state = register.step(state, input, undefined) ?? state;
        const at: [number, number] = [pointMs - beforeMs, pointMs + afterMs];
        // Points of different operations do not coincide.
        const shift = i / 1000;
        const [startMs, endMs] = [at[0] + shift, at[1] + shift];
        return known || kind === 'read'
          ? op(input, output, [startMs, endMs])
          : op(input, undefined, [startMs, Infinity]);
      });
  });

test('what was done one by one is found to have an order', () => {
  fc.assert(
    fc.property(histories, (history) => {
      expect(checkHistory(register, history)).toEqual({ linearizable: true });
    }),
    { numRuns: 500 },
  );
});

test('a read of what was never written is found', () => {
  fc.assert(
    fc.property(histories, fc.integer({ min: 0, max: 200 }), (history, atMs) => {
      const verdict = checkHistory(register, [...history, read(-1, atMs, atMs + 1)]);
      expect(verdict.linearizable).toBe(false);
    }),
    { numRuns: 200 },
  );
});
