// Key conditions: which partition a query reads, and which part of its sorted items.
import type { AttributeValue } from '../attribute-value.ts';
import { invalid, invalidParameter } from '../errors.ts';
import type { KeyAttribute, KeySchema } from '../table-definition.ts';
import type { LegacyCondition, LegacyOperator } from './legacy.ts';
import type { BoundCondition, BoundOperand } from './syntax.ts';

/** A query's key condition, checked against the key it is for. */
export interface KeyCondition {
  readonly partition: AttributeValue;
  readonly sort: SortCondition | undefined;
}

export interface SortCondition {
  readonly operator: 'EQ' | 'LT' | 'LE' | 'GT' | 'GE' | 'BETWEEN' | 'BEGINS_WITH';
  readonly low: AttributeValue;
  /** For BETWEEN. */
  readonly high: AttributeValue | undefined;
}

const OPERATORS = { '=': 'EQ', '<': 'LT', '<=': 'LE', '>': 'GT', '>=': 'GE' } as const;
/** The comparison with its sides exchanged. */
const EXCHANGED = { '=': 'EQ', '<': 'GT', '<=': 'GE', '>': 'LT', '>=': 'LE' } as const;

const NOT_INDEXABLE: ReadonlySet<LegacyOperator> = new Set<LegacyOperator>([
  'NULL',
  'NOT_NULL',
  'NE',
  'CONTAINS',
  'NOT_CONTAINS',
  'IN',
]);

/** The conditions of a KeyConditionExpression by attribute, in the legacy form. */
export function splitKeyCondition(condition: BoundCondition): Map<string, LegacyCondition> {
  const conditions = new Map<string, LegacyCondition>();
  collect(condition, conditions);
  return conditions;
}

function collect(condition: BoundCondition, into: Map<string, LegacyCondition>): void {
  switch (condition.kind) {
    case 'and':
      collect(condition.left, into);
      collect(condition.right, into);
      return;
    case 'or':
    case 'not':
    case 'in':
      throw invalid(
        `Invalid operator used in KeyConditionExpression: ${condition.kind.toUpperCase()}`,
      );
    case 'compare': {
      const { comparator, left, right } = condition;
      if (comparator === '<>') {
        throw invalid('Invalid operator used in KeyConditionExpression: <>');
      }
      const { attribute, position, values } = splitOperands([left, right]);
      const operator = position === 0 ? OPERATORS[comparator] : EXCHANGED[comparator];
      addCondition(into, attribute, { operator, values });
      return;
    }
    case 'between': {
      const { operand, low, high } = condition;
      checkFirst('BETWEEN', operand);
      const { attribute, values } = splitOperands([operand, low, high]);
      addCondition(into, attribute, { operator: 'BETWEEN', values });
      return;
    }
    case 'call': {
      if (condition.name !== 'begins_with') {
        throw invalid(`Invalid operator used in KeyConditionExpression: ${condition.name}`);
      }
      checkFirst('begins_with', condition.args[0]);
      const { attribute, values } = splitOperands(condition.args);
      addCondition(into, attribute, { operator: 'BEGINS_WITH', values });
    }
  }
}

function checkFirst(operator: string, operand: BoundOperand | undefined): void {
  if (operand?.kind === 'path') return;
  throw invalid(
    `Invalid condition in KeyConditionExpression: ${operator} operator must have the key attribute as its first operand`,
  );
}

function splitOperands(operands: readonly BoundOperand[]): {
  readonly attribute: string;
  readonly position: number;
  readonly values: readonly AttributeValue[];
} {
  let attribute: string | undefined;
  let position = 0;
  const values: AttributeValue[] = [];
  operands.forEach((operand, i) => {
    if (operand.kind === 'call') {
      throw invalid('KeyConditionExpressions cannot contain nested operations');
    }
    if (operand.kind === 'value') {
      values.push(operand.value);
      return;
    }
    if (attribute !== undefined) {
      throw invalid(
        'Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition',
      );
    }
    if (operand.path.length > 1) {
      throw invalid('KeyConditionExpressions cannot have conditions on nested attributes');
    }
    attribute = String(operand.path[0]);
    position = i;
  });
  if (attribute === undefined) {
    throw invalid('Invalid condition in KeyConditionExpression: No key attribute specified');
  }
  return { attribute, position, values };
}

function addCondition(
  into: Map<string, LegacyCondition>,
  attribute: string,
  condition: LegacyCondition,
): void {
  if (into.has(attribute)) {
    throw invalid(
      'Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key',
    );
  }
  into.set(attribute, condition);
}

const MAX_CONDITIONS = 2;

/** AWS: checks in this order. dynalite, actions/query */
export function readKeyCondition(
  conditions: ReadonlyMap<string, LegacyCondition>,
  key: KeySchema,
): KeyCondition {
  if (conditions.size > MAX_CONDITIONS) throw tooManyConditions(conditions.size, key);
  if (key.sort === undefined && conditions.size > 1)
    throw invalid('Query key condition not supported');
  const partition = conditionOn(key.partition, conditions);
  if (partition === undefined) throw missed(key.partition);
  if (partition.operator !== 'EQ') throw invalid('Query key condition not supported');
  const sort = key.sort === undefined ? undefined : conditionOn(key.sort, conditions);
  if (key.sort !== undefined && sort === undefined && conditions.size > 1) throw missed(key.sort);
  const [value] = partition.values;
  if (value === undefined) throw missed(key.partition);
  return { partition: value, sort: sort === undefined ? undefined : toSortCondition(sort) };
}

/** AWS: paritysuite/dynamodb-conformance, error-messages/queryKeyConditionOperands.test.ts */
function tooManyConditions(count: number, key: KeySchema): Error {
  const attributes = key.sort === undefined ? 1 : 2;
  return invalid(
    `The number of query conditions (${count}) exceeds the number of key attributes defined in the schema (${attributes})`,
  );
}

function missed(attribute: KeyAttribute): Error {
  return invalid(`Query condition missed key schema element: ${attribute.name}`);
}

function conditionOn(
  attribute: KeyAttribute,
  conditions: ReadonlyMap<string, LegacyCondition>,
): LegacyCondition | undefined {
  const condition = conditions.get(attribute.name);
  if (condition === undefined) return undefined;
  if (NOT_INDEXABLE.has(condition.operator)) {
    throw invalid('Attempted conditional constraint is not an indexable operation');
  }
  for (const value of condition.values) {
    if (!(attribute.type in value)) {
      throw invalidParameter('Condition parameter type does not match schema type');
    }
    checkNotEmpty(attribute.name, value);
  }
  return condition;
}

/** Throws for an empty string or binary, which no key attribute can hold. */
export function checkNotEmpty(attribute: string, value: AttributeValue): void {
  const empty = emptyKind(value);
  if (empty === undefined) return;
  throw invalid(
    `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty ${empty} value. Key: ${attribute}`,
  );
}

export function emptyKind(value: AttributeValue): 'string' | 'binary' | undefined {
  if ('S' in value && value.S === '') return 'string';
  return 'B' in value && value.B.length === 0 ? 'binary' : undefined;
}

function toSortCondition({ operator, values }: LegacyCondition): SortCondition {
  const [low, high] = values;
  if (low === undefined) throw invalid('Query key condition not supported');
  return { operator: operator as SortCondition['operator'], low, high };
}
