// WHERE clauses, translated onto the conditions of expressions.
import { VALUE_TYPES, type ValueType } from '../attribute-value.ts';
import { invalid } from '../errors.ts';
import { bindCondition } from '../expression/bind-condition.ts';
import type { BoundCondition, Comparator, Condition, Operand } from '../expression/syntax.ts';
import { IN_MAX_OPERANDS } from '../limits.ts';
import { nodeName } from './literal.ts';
import {
  constantOf,
  fail,
  isPath,
  pathOf,
  toPlaceholders,
  valueOperand,
  type References,
} from './references.ts';
import { atPlace, type CallNode, type Expression } from './syntax-tree.ts';

type Raw = Condition<string>;

/** Functions by the number of their operands; only `size` gives a value. */
const TESTS: ReadonlySet<string> = new Set([
  'attribute_exists',
  'attribute_not_exists',
  'attribute_type',
  'begins_with',
  'contains',
]);

const COMPARATORS: ReadonlySet<string> = new Set(['=', '<>', '<', '<=', '>', '>=']);

/** The condition a WHERE clause is, its operands checked. */
export function readWhere(node: Expression, references: References): BoundCondition {
  const condition = toCondition(node, references);
  return bindCondition(condition, toPlaceholders(references), fail);
}

function toCondition(node: Expression, references: References): Raw {
  if (node.kind === 'binary') return connective(node, references);
  if (node.kind === 'not') return not(toCondition(node.operand, references));
  if (node.kind === 'between') {
    const operand = toOperand(node.operand, references);
    const low = toOperand(node.low, references);
    return { kind: 'between', operand, low, high: toOperand(node.high, references) };
  }
  if (node.kind === 'in') return membership(node.operand, node.choices, references);
  if (node.kind === 'is') return typeTest(node.operand, node.type, references);
  if (node.kind === 'call') return test(node, references);
  throw unsupportedOperator(nodeName(node));
}

type BinaryNode = Extract<Expression, { kind: 'binary' }>;

function connective({ operator, left, right }: BinaryNode, references: References): Raw {
  if (operator === 'and' || operator === 'or') {
    const condition = toCondition(left, references);
    return { kind: operator, left: condition, right: toCondition(right, references) };
  }
  if (!COMPARATORS.has(operator)) throw unsupportedOperator(operator);
  return comparison(operator as Comparator, [left, right], references);
}

function unsupportedOperator(operator: string): Error {
  return invalid(
    `Unsupported operator in Condition Expression. Operator: ${operator.toUpperCase()}`,
  );
}

function unrecognized({ name, at }: CallNode): Error {
  return invalid(`Unrecognized function: ${name}${atPlace(at)}`);
}

function test(node: CallNode, references: References): Raw {
  if (!TESTS.has(node.name)) throw unrecognized(node);
  if (node.name === 'attribute_type') checkTypeName(node.args[1], references);
  const args = node.args.map((arg) => toOperand(arg, references));
  return { kind: 'call', name: node.name, args };
}

/** AWS: lists the types in an order of PartiQL's own. floci, DocumentedSyntaxIntegrationTest */
function checkTypeName(node: Expression | undefined, references: References): void {
  const value = node && constantOf(references, node);
  if (value === undefined || !('S' in value)) return;
  if (VALUE_TYPES.some((type) => type === value.S)) return;
  throw invalid(
    `Invalid attribute type name found; type: ${value.S}, valid types: {N,BS,L,B,NULL,M,S,SS,NS,BOOL}`,
  );
}

function toOperand(node: Expression, references: References): Operand<string> {
  if (isPath(node)) return { kind: 'path', path: pathOf(references, node) };
  const value = constantOf(references, node);
  if (value !== undefined) return valueOperand(references, value);
  if (node.kind === 'call') {
    if (node.name !== 'size') throw unrecognized(node);
    const args = node.args.map((arg) => toOperand(arg, references));
    return { kind: 'call', name: 'size', args };
  }
  throw unsupportedOperator(node.kind === 'binary' ? node.operator : nodeName(node));
}

/** Whether the node is true or false rather than a value. */
function isCondition(node: Expression): boolean {
  if (node.kind === 'call') return TESTS.has(node.name);
  if (node.kind === 'binary') {
    return COMPARATORS.has(node.operator) || node.operator === 'and' || node.operator === 'or';
  }
  return ['not', 'between', 'in', 'is'].includes(node.kind);
}

/**
 * A comparison of two values; or of a condition with something, which expressions do not have and
 * which is therefore written out in AND, OR and NOT.
 */
function comparison(
  comparator: Comparator,
  [left, right]: readonly [Expression, Expression],
  references: References,
): Raw {
  if (!isCondition(left) && !isCondition(right)) {
    const operand = toOperand(left, references);
    return { kind: 'compare', comparator, left: operand, right: toOperand(right, references) };
  }
  if (comparator !== '=' && comparator !== '<>') {
    throw invalid(
      `Incorrect operand type for operator or function; operator or function: ${comparator}, operand type: BOOL`,
    );
  }
  const [condition, other] = isCondition(left) ? [left, right] : [right, left];
  const same = sameTruth(toCondition(condition, references), other, references);
  return comparator === '=' ? same : not(same);
}

/** Holds when `other` is BOOL and what the condition is. */
function sameTruth(condition: Raw, other: Expression, references: References): Raw {
  const isTrue = isCondition(other)
    ? toCondition(other, references)
    : equals(other, true, references);
  const isFalse = isCondition(other) ? not(isTrue) : equals(other, false, references);
  return or(and(condition, isTrue), and(not(condition), isFalse));
}

function equals(node: Expression, value: boolean, references: References): Raw {
  const left = toOperand(node, references);
  return {
    kind: 'compare',
    comparator: '=',
    left,
    right: valueOperand(references, { BOOL: value }),
  };
}

function and(left: Raw, right: Raw): Raw {
  return { kind: 'and', left, right };
}

function or(left: Raw, right: Raw): Raw {
  return { kind: 'or', left, right };
}

function not(condition: Raw): Raw {
  return { kind: 'not', condition };
}

function membership(operand: Expression, choices: Expression, references: References): Raw {
  if (choices.kind !== 'list' && choices.kind !== 'bag') throw unsupportedOperator('in');
  const { items } = choices;
  if (items.length > IN_MAX_OPERANDS) {
    throw invalid(
      `The IN operator is provided with too many operands; number of operands: ${items.length}`,
    );
  }
  if (isCondition(operand)) {
    const condition = toCondition(operand, references);
    const [first, ...rest] = items.map((item) => sameTruth(condition, item, references));
    return first === undefined ? and(condition, not(condition)) : rest.reduce(or, first);
  }
  return {
    kind: 'in',
    operand: toOperand(operand, references),
    choices: items.map((item) => toOperand(item, references)),
  };
}

/** The types behind IS, in DynamoDB's terms. Source: AWS developer guide, "PartiQL data types". */
const TYPES: Readonly<Record<string, ValueType>> = {
  null: 'NULL',
  bool: 'BOOL',
  boolean: 'BOOL',
  blob: 'B',
  string: 'S',
  numeric: 'N',
  struct: 'M',
  tuple: 'M',
  list: 'L',
};

function typeTest(node: Expression, type: string, references: References): Raw {
  const operand = toOperand(node, references);
  if (type === 'missing') return { kind: 'call', name: 'attribute_not_exists', args: [operand] };
  const wanted = TYPES[type];
  if (wanted === undefined) {
    throw invalid(
      `Unsupported data type for IS operator: ${type.toUpperCase()}. Supported data types are [MISSING, NULL, BOOLEAN, BLOB, STRING, NUMERIC, STRUCT, TUPLE, LIST]`,
    );
  }
  const args = [operand, valueOperand(references, { S: wanted })];
  return { kind: 'call', name: 'attribute_type', args };
}
