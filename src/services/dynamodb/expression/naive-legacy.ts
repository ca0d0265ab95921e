// Random parameters from before expressions, each with what a naive reader would make of it.
import type {
  AttributeValueUpdate,
  Condition,
  ExpectedAttributeValue,
} from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { beginsWith, compare, contains } from './naive-conditions.ts';
import { added, applyPlaced, without } from './naive-updates.ts';
import {
  binaries,
  lists,
  NAMES,
  numbers,
  ordered,
  orderOf,
  sets,
  strings,
  toValue,
  values,
  type Naive,
  type NaiveItem,
} from './naive-values.ts';

interface Row {
  readonly operator: NonNullable<Condition['ComparisonOperator']>;
  readonly values: readonly Naive[];
  readonly test: (value: Naive | undefined) => boolean;
}

export interface LegacyConditions {
  readonly conditions: Record<string, Condition>;
  readonly expected: Record<string, ExpectedAttributeValue>;
  readonly operator: 'AND' | 'OR' | undefined;
  readonly test: (item: NaiveItem) => boolean;
}

const sameType = fc.oneof(
  fc.array(numbers, { minLength: 2, maxLength: 3 }),
  fc.array(strings, { minLength: 2, maxLength: 3 }),
  fc.array(binaries, { minLength: 2, maxLength: 3 }),
);
const comparators = { LT: '<', LE: '<=', GT: '>', GE: '>=' } as const;

const rows: fc.Arbitrary<Row> = fc.oneof(
  fc.tuple(values, fc.boolean()).map(([value, equal]) => ({
    operator: equal ? ('EQ' as const) : ('NE' as const),
    values: [value],
    test: (found: Naive | undefined) => compare(equal ? '=' : '<>', found, value),
  })),
  fc.tuple(ordered, fc.constantFrom('LT', 'LE', 'GT', 'GE')).map(([value, operator]) => ({
    operator,
    values: [value],
    test: (found: Naive | undefined) => compare(comparators[operator], found, value),
  })),
  fc.boolean().map((exists) => ({
    operator: exists ? ('NOT_NULL' as const) : ('NULL' as const),
    values: [],
    test: (found: Naive | undefined) => (found !== undefined) === exists,
  })),
  fc.tuple(ordered, fc.boolean()).map(([value, wanted]) => ({
    operator: wanted ? ('CONTAINS' as const) : ('NOT_CONTAINS' as const),
    values: [value],
    test: (found: Naive | undefined) => found !== undefined && contains(found, value) === wanted,
  })),
  fc.oneof(strings, binaries).map((value) => ({
    operator: 'BEGINS_WITH' as const,
    values: [value],
    test: (found: Naive | undefined) => beginsWith(found, value),
  })),
  sameType.map((list) => ({
    operator: 'IN' as const,
    values: list,
    test: (found: Naive | undefined) => list.some((value) => compare('=', found, value)),
  })),
  sameType.map(([first, second]) => {
    const [low, high] = (orderOf(first, second) ?? 0) > 0 ? [second, first] : [first, second];
    return {
      operator: 'BETWEEN' as const,
      values: [low, high].filter((value) => value !== undefined),
      test: (found: Naive | undefined) => compare('>=', found, low) && compare('<=', found, high),
    };
  }),
);

/** The ways to say the same in Expected. */
function toExpected({ operator, values: list }: Row, short: boolean): ExpectedAttributeValue {
  const [value] = list.map(toWire);
  if (short && operator === 'EQ') return { Value: value };
  if (short && operator === 'NULL') return { Exists: false };
  if (short && list.length === 1) return { ComparisonOperator: operator, Value: value };
  return toCondition({ operator, values: list });
}

function toCondition({ operator, values: list }: Pick<Row, 'operator' | 'values'>): Condition {
  if (list.length === 0) return { ComparisonOperator: operator };
  return { ComparisonOperator: operator, AttributeValueList: list.map(toWire) };
}

function toWire(value: Naive): NonNullable<AttributeValueUpdate['Value']> {
  return toValue(value) as unknown as NonNullable<AttributeValueUpdate['Value']>;
}

export const legacyConditions: fc.Arbitrary<LegacyConditions> = fc
  .tuple(
    fc.dictionary(fc.constantFrom(...NAMES), fc.tuple(rows, fc.boolean()), { minKeys: 1 }),
    fc.constantFrom('AND', 'OR', undefined),
  )
  .map(([byName, operator]) => {
    const list = Object.entries(byName);
    return {
      conditions: Object.fromEntries(list.map(([name, [row]]) => [name, toCondition(row)])),
      expected: Object.fromEntries(
        list.map(([name, [row, short]]) => [name, toExpected(row, short)]),
      ),
      // Nothing joins a single condition.
      operator: list.length > 1 ? operator : undefined,
      test: (item) => {
        const results = list.map(([name, [row]]) => row.test(item[name]));
        return operator === 'OR' ? results.includes(true) : !results.includes(false);
      },
    };
  });

export interface LegacyUpdates {
  readonly updates: Record<string, AttributeValueUpdate>;
  /** The item afterwards. Throws `Refused`. */
  readonly apply: (item: NaiveItem) => NaiveItem;
}

interface Action {
  readonly update: AttributeValueUpdate;
  readonly result: (old: Naive | undefined) => Naive | undefined;
}

const actions: fc.Arbitrary<Action> = fc.oneof(
  fc.tuple(values, fc.constantFrom('PUT' as const, undefined)).map(([value, action]) => ({
    update: { ...(action && { Action: action }), Value: toWire(value) },
    result: () => value,
  })),
  fc.constant({ update: { Action: 'DELETE' as const }, result: () => undefined }),
  fc.oneof(numbers, sets, lists).map((value) => ({
    update: { Action: 'ADD' as const, Value: toWire(value) },
    result: (old: Naive | undefined) => added(old, value),
  })),
  sets.map((value) => ({
    update: { Action: 'DELETE' as const, Value: toWire(value) },
    result: (old: Naive | undefined) => without(old, value),
  })),
);

export const legacyUpdates: fc.Arbitrary<LegacyUpdates> = fc
  .dictionary(fc.constantFrom(...NAMES, 'dd'), actions, { minKeys: 1 })
  .map((byName) => ({
    updates: Object.fromEntries(Object.entries(byName).map(([name, { update }]) => [name, update])),
    apply: (item) =>
      applyPlaced(
        item,
        Object.entries(byName).map(([name, { result }]) => ({
          steps: [name],
          result: result(item[name]),
        })),
      ),
  }));
