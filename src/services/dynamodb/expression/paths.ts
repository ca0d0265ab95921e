// The document paths a condition speaks of.
import { unreachable } from '../../../base/errors.ts';
import type { BoundCondition, BoundOperand, Path } from './syntax.ts';

/** In the order they stand there, repetitions included. */
export function conditionPaths(condition: BoundCondition): Path[] {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return [...conditionPaths(condition.left), ...conditionPaths(condition.right)];
    case 'not':
      return conditionPaths(condition.condition);
    case 'compare':
      return operandPaths([condition.left, condition.right]);
    case 'between':
      return operandPaths([condition.operand, condition.low, condition.high]);
    case 'in':
      return operandPaths([condition.operand, ...condition.choices]);
    case 'call':
      return operandPaths(condition.args);
    default:
      return unreachable(condition);
  }
}

function operandPaths(operands: readonly BoundOperand[]): Path[] {
  return operands.flatMap((operand) => {
    if (operand.kind === 'path') return [operand.path];
    return operand.kind === 'call' ? operandPaths(operand.args) : [];
  });
}
