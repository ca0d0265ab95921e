// The parts of a condition that say something about a key.
import { unreachable } from '../../../base/errors.ts';
import type { AttributeValue } from '../attribute-value.ts';
import type { LegacyOperator } from '../expression/legacy.ts';
import type { BoundCondition, BoundOperand, Comparator } from '../expression/syntax.ts';

/** A condition on one attribute by constants, in the form key conditions have. */
export interface KeyTerm {
  readonly attribute: string;
  readonly operator: LegacyOperator;
  readonly values: readonly AttributeValue[];
}

const OPERATORS: Readonly<Record<Comparator, LegacyOperator>> = {
  '=': 'EQ',
  '<>': 'NE',
  '<': 'LT',
  '<=': 'LE',
  '>': 'GT',
  '>=': 'GE',
};
/** The comparison with its sides exchanged. */
const EXCHANGED: Readonly<Record<Comparator, Comparator>> = {
  '=': '=',
  '<>': '<>',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

/** The key term a condition is; undefined when it is none. */
export function keyTerm(condition: BoundCondition): KeyTerm | undefined {
  switch (condition.kind) {
    case 'compare': {
      const { left, right, comparator } = condition;
      if (left.kind === 'path') return term(left, OPERATORS[comparator], [right]);
      return term(right, OPERATORS[EXCHANGED[comparator]], [left]);
    }
    case 'between':
      return term(condition.operand, 'BETWEEN', [condition.low, condition.high]);
    case 'in':
      return term(condition.operand, 'IN', condition.choices);
    case 'call': {
      const [path, ...values] = condition.args;
      if (condition.name !== 'begins_with' || path === undefined) return undefined;
      return term(path, 'BEGINS_WITH', values);
    }
    case 'and':
    case 'or':
    case 'not':
      return undefined;
    default:
      return unreachable(condition);
  }
}

function term(
  path: BoundOperand,
  operator: LegacyOperator,
  operands: readonly BoundOperand[],
): KeyTerm | undefined {
  if (path.kind !== 'path' || path.path.length !== 1) return undefined;
  const values = operands.flatMap((operand) => (operand.kind === 'value' ? [operand.value] : []));
  if (values.length !== operands.length) return undefined;
  return { attribute: String(path.path[0]), operator, values };
}

/** The value an equality, or an IN of one, gives the attribute. */
export function pinnedValue({ operator, values }: KeyTerm): AttributeValue | undefined {
  const pins = operator === 'EQ' || (operator === 'IN' && values.length === 1);
  return pins ? values[0] : undefined;
}

/** The conditions that AND joins, in their order. */
export function conjuncts(condition: BoundCondition): BoundCondition[] {
  if (condition.kind !== 'and') return [condition];
  return [...conjuncts(condition.left), ...conjuncts(condition.right)];
}

export function joinConditions(
  kind: 'and' | 'or',
  conditions: readonly BoundCondition[],
): BoundCondition | undefined {
  let joined: BoundCondition | undefined;
  for (const condition of conditions) {
    joined = joined === undefined ? condition : { kind, left: joined, right: condition };
  }
  return joined;
}
