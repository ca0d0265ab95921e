// Random conditions and updates against naive evaluators written for this test alone.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AttributeValue, Item } from '../attribute-value.ts';
import { applyUpdate } from './apply-update.ts';
import { holds } from './evaluate.ts';
import { openPlaceholders } from './placeholders.ts';
import { readCondition, readUpdate } from './read-expression.ts';

// The naive side sees plain JavaScript values: numbers, strings, arrays, objects.
type Plain =
  number | string | boolean | null | readonly Plain[] | { readonly [name: string]: Plain };
type PlainItem = Readonly<Record<string, Plain>>;

function toValue(plain: Plain): AttributeValue {
  if (typeof plain === 'number') return { N: String(plain) };
  if (typeof plain === 'string') return { S: plain };
  if (typeof plain === 'boolean') return { BOOL: plain };
  if (plain === null) return { NULL: true };
  if (Array.isArray(plain)) return { L: plain.map(toValue) };
  return { M: toItem(plain as PlainItem) };
}

function toItem(plain: PlainItem): Item {
  return Object.fromEntries(Object.entries(plain).map(([name, value]) => [name, toValue(value)]));
}

const scalar: fc.Arbitrary<Plain> = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom('', 'a', 'ab', 'b'),
  fc.boolean(),
  fc.constant(null),
);
const plain: fc.Arbitrary<Plain> = fc.oneof(
  { weight: 4, arbitrary: scalar },
  { weight: 1, arbitrary: fc.array(scalar, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.record({ x: scalar, y: fc.array(scalar, { maxLength: 2 }) }) },
);
const names = ['aa', 'bb', 'cc'];
const items = fc.dictionary(fc.constantFrom(...names), plain, { noNullPrototype: true });

interface Part {
  readonly text: string;
  readonly get: (item: PlainItem) => Plain | undefined;
}

const paths: fc.Arbitrary<Part> = fc
  .tuple(fc.constantFrom(...names), fc.constantFrom('', '.x', '.y', '.y[0]', '[0]', '[1]'))
  .map(([head, tail]) => ({
    text: head + tail,
    get: (item) => {
      let at: unknown = item[head];
      for (const step of tail.split(/[.[\]]/).filter((s) => s !== '')) {
        const index = /^\d/.test(step);
        if (typeof at !== 'object' || at === null || Array.isArray(at) !== index) return undefined;
        at = (at as Record<string, unknown>)[step];
      }
      return at as Plain | undefined;
    },
  }));

interface Clause {
  readonly text: string;
  readonly values: readonly Plain[];
  readonly test: (item: PlainItem) => boolean;
}

function isSame(a: Plain | undefined, b: Plain | undefined): boolean {
  return a !== undefined && JSON.stringify(a) === JSON.stringify(b);
}

/** -1, 0 or 1 for two numbers or two strings; undefined for all else. */
function order(a: Plain | undefined, b: Plain | undefined): number | undefined {
  if (typeof a === 'number' && typeof b === 'number') return Math.sign(a - b);
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : Number(a > b);
  return undefined;
}

const orders: Readonly<Record<string, readonly number[]>> = {
  '<': [-1],
  '<=': [-1, 0],
  '>': [1],
  '>=': [0, 1],
};

const ordered = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom('', 'a', 'ab', 'b'));

const leaves: fc.Arbitrary<Clause> = fc.oneof(
  fc.tuple(paths, plain, fc.boolean()).map(([path, value, equal]) => ({
    text: `${path.text} ${equal ? '=' : '<>'} ?`,
    values: [value],
    test: (item: PlainItem) => isSame(path.get(item), value) === equal,
  })),
  fc.tuple(paths, ordered, fc.constantFrom(...Object.keys(orders))).map(([path, value, op]) => ({
    text: `${path.text} ${op} ?`,
    values: [value],
    test: (item: PlainItem) => {
      const found = order(path.get(item), value);
      return found !== undefined && orders[op]?.includes(found) === true;
    },
  })),
  fc.tuple(paths, fc.boolean()).map(([path, exists]) => ({
    text: `attribute_${exists ? '' : 'not_'}exists(${path.text})`,
    values: [],
    test: (item: PlainItem) => (path.get(item) !== undefined) === exists,
  })),
  fc.tuple(paths, fc.constantFrom('', 'a', 'ab')).map(([path, prefix]) => ({
    text: `begins_with(${path.text}, ?)`,
    values: [prefix],
    test: (item: PlainItem) => {
      const found = path.get(item);
      return typeof found === 'string' && found.startsWith(prefix);
    },
  })),
  fc.tuple(paths, scalar).map(([path, part]) => ({
    text: `contains(${path.text}, ?)`,
    values: [part],
    test: (item: PlainItem) => {
      const found = path.get(item);
      if (typeof found === 'string') return typeof part === 'string' && found.includes(part);
      return Array.isArray(found) && found.some((element) => isSame(element, part));
    },
  })),
  fc.tuple(paths, fc.array(scalar, { minLength: 1, maxLength: 3 })).map(([path, values]) => ({
    text: `${path.text} IN (${values.map(() => '?').join(', ')})`,
    values,
    test: (item: PlainItem) => values.some((value) => isSame(path.get(item), value)),
  })),
  fc.tuple(paths, fc.integer({ min: 0, max: 3 })).map(([path, size]) => ({
    text: `size(${path.text}) = ?`,
    values: [size],
    test: (item: PlainItem) => {
      const found = path.get(item);
      if (typeof found === 'string' || Array.isArray(found)) return found.length === size;
      return typeof found === 'object' && found !== null && Object.keys(found).length === size;
    },
  })),
);

const { clause: clauses } = fc.letrec<{ clause: Clause }>((tie) => ({
  clause: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    leaves,
    tie('clause').map((inner) => ({
      text: `NOT ${inner.text}`,
      values: inner.values,
      test: (item: PlainItem) => !inner.test(item),
    })),
    fc.tuple(tie('clause'), tie('clause'), fc.boolean()).map(([left, right, and]) => ({
      text: `(${left.text} ${and ? 'AND' : 'OR'} ${right.text})`,
      values: [...left.values, ...right.values],
      // A side that is itself AND or OR has its own parentheses, so precedence does not matter here.
      test: (item: PlainItem) =>
        and ? left.test(item) && right.test(item) : left.test(item) || right.test(item),
    })),
  ),
}));

/** Numbers the question marks. */
function placeholders(
  text: string,
  values: readonly Plain[],
): { text: string; values: Item | undefined } {
  let next = 0;
  const numbered = text.replaceAll('?', () => `:v${next++}`);
  const entries = values.map((value, i) => [`:v${i}`, toValue(value)] as const);
  return { text: numbered, values: values.length === 0 ? undefined : Object.fromEntries(entries) };
}

test('conditions hold exactly when the naive evaluator says so', () => {
  fc.assert(
    fc.property(clauses, items, (clause, item) => {
      const { text, values } = placeholders(clause.text, clause.values);
      const tree = readCondition('FilterExpression', text, openPlaceholders(undefined, values));
      expect(holds(tree, toItem(item))).toBe(clause.test(item));
    }),
    { numRuns: 5000 },
  );
});

test('updates of whole attributes do what assignments do, all reading the old item', () => {
  const value = fc.oneof(
    fc.record({ kind: fc.constant('literal' as const), plain }),
    fc.record({ kind: fc.constant('copy' as const), from: fc.constantFrom(...names) }),
    fc.record({ kind: fc.constant('default' as const), from: fc.constantFrom(...names), plain }),
  );
  const changes = fc.uniqueArray(
    fc.record({ name: fc.constantFrom(...names, 'dd'), remove: fc.boolean(), value }),
    { selector: ({ name }) => name, minLength: 1 },
  );
  fc.assert(
    fc.property(changes, items, (list, item) => {
      const values: Plain[] = [];
      const expected: Record<string, Plain> = { ...item };
      const sets: string[] = [];
      const removes: string[] = [];
      let refused = false;
      for (const { name, remove, value: v } of list) {
        if (remove) {
          removes.push(name);
          delete expected[name];
          continue;
        }
        if (v.kind !== 'copy') values.push(v.plain);
        if (v.kind === 'literal') sets.push(`${name} = ?`);
        if (v.kind === 'copy') sets.push(`${name} = ${v.from}`);
        if (v.kind === 'default') sets.push(`${name} = if_not_exists(${v.from}, ?)`);
        const result =
          v.kind === 'literal'
            ? v.plain
            : (item[v.from] ?? (v.kind === 'default' ? v.plain : undefined));
        const found = v.kind !== 'literal' && v.from in item ? item[v.from] : result;
        if (found === undefined) refused = true;
        else expected[name] = found;
      }
      const text = [
        ...(sets.length > 0 ? [`SET ${sets.join(', ')}`] : []),
        ...(removes.length > 0 ? [`REMOVE ${removes.join(', ')}`] : []),
      ].join(' ');
      const bound = placeholders(text, values);
      const actions = readUpdate(bound.text, openPlaceholders(undefined, bound.values));
      if (refused) expect(() => applyUpdate(actions, toItem(item))).toThrow(/does not exist/);
      else expect(applyUpdate(actions, toItem(item))).toEqual(toItem(expected));
    }),
    { numRuns: 2000 },
  );
});
