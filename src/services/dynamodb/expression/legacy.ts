// The parameters that came before expressions, translated onto the same trees.
import {
  compareValues,
  readValue,
  typeOf,
  type AttributeValue,
  type RawValue,
  type ValueType,
} from '../attribute-value.ts';
import { invalid, invalidParameter } from '../errors.ts';
import type { BoundAction, BoundCondition, BoundOperand, Comparator } from './syntax.ts';

export type LegacyOperator =
  | 'EQ'
  | 'NE'
  | 'LE'
  | 'LT'
  | 'GE'
  | 'GT'
  | 'NULL'
  | 'NOT_NULL'
  | 'CONTAINS'
  | 'NOT_CONTAINS'
  | 'BEGINS_WITH'
  | 'IN'
  | 'BETWEEN';

export interface LegacyCondition {
  readonly operator: LegacyOperator;
  readonly values: readonly AttributeValue[];
}

/** One entry of QueryFilter, ScanFilter or KeyConditions, as parsed from the wire. */
export interface RawLegacyCondition {
  readonly operator: string | undefined;
  readonly values: readonly RawValue[] | undefined;
}

/** One entry of Expected. */
export interface RawExpectation extends RawLegacyCondition {
  readonly value: RawValue | undefined;
  readonly exists: boolean | undefined;
}

/** One entry of AttributeUpdates. */
export interface RawAttributeUpdate {
  readonly action: string | undefined;
  readonly value: RawValue | undefined;
}

const COMPARATORS: Partial<Record<LegacyOperator, Comparator>> = {
  EQ: '=',
  NE: '<>',
  LE: '<=',
  LT: '<',
  GE: '>=',
  GT: '>',
};

/** How many values an operator takes: exactly, or at least for IN. */
const VALUE_COUNTS: Readonly<Record<LegacyOperator, number>> = {
  EQ: 1,
  NE: 1,
  LE: 1,
  LT: 1,
  GE: 1,
  GT: 1,
  NULL: 0,
  NOT_NULL: 0,
  CONTAINS: 1,
  NOT_CONTAINS: 1,
  BEGINS_WITH: 1,
  IN: 1,
  BETWEEN: 2,
};

const SCALARS: readonly ValueType[] = ['S', 'N', 'B'];

/** Types an operator compares with; those not listed take any. */
const VALUE_TYPES: Partial<Record<LegacyOperator, readonly ValueType[]>> = {
  LE: SCALARS,
  LT: SCALARS,
  GE: SCALARS,
  GT: SCALARS,
  BETWEEN: SCALARS,
  IN: SCALARS,
  CONTAINS: SCALARS,
  NOT_CONTAINS: SCALARS,
  BEGINS_WITH: ['S', 'B'],
};

/**
 * Checks one entry of QueryFilter, ScanFilter or KeyConditions. The model has checked the
 * operator's name.
 */
export function readLegacyCondition(raw: RawLegacyCondition): LegacyCondition {
  const operator = raw.operator as LegacyOperator;
  const values = (raw.values ?? []).map((value) => readValue(value, invalid));
  checkCount(operator, values.length);
  checkSameType(values);
  const allowed = VALUE_TYPES[operator];
  for (const value of values) {
    if (allowed !== undefined && !allowed.includes(typeOf(value))) {
      throw invalidParameter(
        `ComparisonOperator ${operator} is not valid for ${typeOf(value)} AttributeValue type`,
      );
    }
  }
  checkBounds(operator, values);
  return { operator, values };
}

/** AWS: checks in this order. dynalite, validateAttributeConditions */
export function readExpectation(attribute: string, raw: RawExpectation): LegacyCondition {
  if (raw.values !== undefined && raw.value !== undefined) {
    throw invalidParameter(
      `Value and AttributeValueList cannot be used together for Attribute: ${attribute}`,
    );
  }
  if (raw.operator === undefined) return readExistence(attribute, raw);
  if (raw.exists !== undefined) {
    throw invalidParameter(
      `Exists and ComparisonOperator cannot be used together for Attribute: ${attribute}`,
    );
  }
  const operator = raw.operator as LegacyOperator;
  if (VALUE_COUNTS[operator] > 0 && raw.values === undefined && raw.value === undefined) {
    throw invalidParameter(
      `Value or AttributeValueList must be used with ComparisonOperator: ${operator} for Attribute: ${attribute}`,
    );
  }
  const given = raw.values ?? (raw.value === undefined ? [] : [raw.value]);
  return readLegacyCondition({ operator, values: given });
}

function readExistence(attribute: string, raw: RawExpectation): LegacyCondition {
  if (raw.values !== undefined) {
    throw invalidParameter(
      `AttributeValueList can only be used with a ComparisonOperator for Attribute: ${attribute}`,
    );
  }
  if (raw.exists === false) {
    if (raw.value !== undefined) {
      throw invalidParameter(
        `Value cannot be used when Exists is false for Attribute: ${attribute}`,
      );
    }
    return { operator: 'NULL', values: [] };
  }
  if (raw.value === undefined) {
    throw invalidParameter(
      `Value must be provided when Exists is ${raw.exists ?? 'null'} for Attribute: ${attribute}`,
    );
  }
  return { operator: 'EQ', values: [readValue(raw.value, invalid)] };
}

function checkCount(operator: LegacyOperator, count: number): void {
  const wanted = VALUE_COUNTS[operator];
  if (operator === 'IN' ? count >= wanted : count === wanted) return;
  throw invalidParameter(`Invalid number of argument(s) for the ${operator} ComparisonOperator`);
}

function checkSameType(values: readonly AttributeValue[]): void {
  if (new Set(values.map(typeOf)).size > 1) {
    throw invalidParameter('AttributeValues inside AttributeValueList must be of same type');
  }
}

function checkBounds(operator: LegacyOperator, [low, high]: readonly AttributeValue[]): void {
  if (operator !== 'BETWEEN' || low === undefined || high === undefined) return;
  if ((compareValues(low, high) ?? 0) <= 0) return;
  throw invalid(
    'The BETWEEN condition was provided a range where the lower bound is greater than the upper bound',
  );
}

/** All conditions joined by `operator`; undefined when there are none. */
export function combineConditions(
  conditions: ReadonlyMap<string, LegacyCondition>,
  operator: 'AND' | 'OR',
): BoundCondition | undefined {
  let combined: BoundCondition | undefined;
  for (const [attribute, condition] of conditions) {
    const next = toCondition(attribute, condition);
    const kind = operator === 'OR' ? 'or' : 'and';
    combined = combined === undefined ? next : { kind, left: combined, right: next };
  }
  return combined;
}

function toCondition(attribute: string, { operator, values }: LegacyCondition): BoundCondition {
  const operand: BoundOperand = { kind: 'path', path: [attribute] };
  const literals = values.map((value): BoundOperand => ({ kind: 'value', value }));
  const [first = operand, second = operand] = literals;
  const comparator = COMPARATORS[operator];
  if (comparator !== undefined) return { kind: 'compare', comparator, left: operand, right: first };
  if (operator === 'NULL') return call('attribute_not_exists', operand);
  if (operator === 'NOT_NULL') return call('attribute_exists', operand);
  if (operator === 'IN') return { kind: 'in', operand, choices: literals };
  if (operator === 'BETWEEN') return { kind: 'between', operand, low: first, high: second };
  if (operator === 'BEGINS_WITH') return call('begins_with', operand, first);
  const contains = call('contains', operand, first);
  if (operator === 'CONTAINS') return contains;
  // AWS: an absent attribute matches neither CONTAINS nor NOT_CONTAINS. scylladb test_expected.py
  return {
    kind: 'and',
    left: call('attribute_exists', operand),
    right: { kind: 'not', condition: contains },
  };
}

function call(name: string, ...args: readonly BoundOperand[]): BoundCondition {
  return { kind: 'call', name, args };
}

/** AWS: checks in this order. dynalite, validations/updateItem */
export function readAttributeUpdate(attribute: string, raw: RawAttributeUpdate): BoundAction {
  const path = [attribute];
  const value = raw.value === undefined ? undefined : readValue(raw.value, invalid);
  const action = raw.action ?? 'PUT';
  if (value === undefined) {
    if (action === 'DELETE') return { kind: 'remove', path };
    throw invalidParameter('Only DELETE action is allowed when no attribute value is specified');
  }
  const type = typeOf(value);
  if (action === 'DELETE') {
    if (!['SS', 'NS', 'BS'].includes(type)) {
      throw invalidParameter(`DELETE action with value is not supported for the type ${type}`);
    }
    return { kind: 'delete', path, value, legacy: true };
  }
  if (action === 'ADD') {
    if (!['L', 'SS', 'NS', 'BS', 'N'].includes(type)) {
      throw invalidParameter(`ADD action is not supported for the type ${type}`);
    }
    return { kind: 'add', path, value, legacy: true };
  }
  return { kind: 'set', path, value: { kind: 'value', value } };
}
