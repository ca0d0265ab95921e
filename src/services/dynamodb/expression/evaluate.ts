// Evaluates conditions against an item: the one evaluator behind conditions, filters and legacy
// parameters.
import {
  attributeOf,
  compareValues,
  equalValues,
  memberText,
  typeOf,
  type AttributeValue,
  type Item,
} from '../attribute-value.ts';
import { unreachable } from '../../../base/errors.ts';
import type { BoundCondition, BoundOperand, Comparator, Path } from './syntax.ts';

/** @param item undefined when there is none: every attribute is then absent. */
export function holds(condition: BoundCondition, item: Item): boolean {
  switch (condition.kind) {
    case 'and':
      return holds(condition.left, item) && holds(condition.right, item);
    case 'or':
      return holds(condition.left, item) || holds(condition.right, item);
    case 'not':
      return !holds(condition.condition, item);
    case 'compare':
      return compares(
        condition.comparator,
        operandValue(condition.left, item),
        operandValue(condition.right, item),
      );
    case 'between': {
      const value = operandValue(condition.operand, item);
      return (
        compares('>=', value, operandValue(condition.low, item)) &&
        compares('<=', value, operandValue(condition.high, item))
      );
    }
    case 'in': {
      const value = operandValue(condition.operand, item);
      return condition.choices.some((choice) => compares('=', value, operandValue(choice, item)));
    }
    case 'call':
      return calls(condition.name, condition.args, item);
    default:
      return unreachable(condition);
  }
}

/** What stands at the path; undefined when nothing does. */
export function valueAt(path: Path, item: Item): AttributeValue | undefined {
  const [head] = path;
  let value = typeof head === 'string' ? attributeOf(item, head) : undefined;
  for (let i = 1; i < path.length && value !== undefined; i++) {
    const step = path[i];
    if (typeof step === 'number') value = 'L' in value ? value.L[step] : undefined;
    else value = 'M' in value && step !== undefined ? attributeOf(value.M, step) : undefined;
  }
  return value;
}

function operandValue(operand: BoundOperand, item: Item): AttributeValue | undefined {
  switch (operand.kind) {
    case 'path':
      return valueAt(operand.path, item);
    case 'value':
      return operand.value;
    case 'call': {
      const [arg] = operand.args;
      const size = arg === undefined ? undefined : sizeOf(operandValue(arg, item));
      return size === undefined ? undefined : { N: String(size) };
    }
    default:
      return unreachable(operand);
  }
}

/** Absent values and values of different types are unequal and have no order. */
function compares(
  comparator: Comparator,
  left: AttributeValue | undefined,
  right: AttributeValue | undefined,
): boolean {
  if (left === undefined || right === undefined) return comparator === '<>';
  if (comparator === '=') return equalValues(left, right);
  if (comparator === '<>') return !equalValues(left, right);
  const order = compareValues(left, right);
  if (order === undefined) return false;
  switch (comparator) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    default:
      return unreachable(comparator);
  }
}

function calls(name: string, args: readonly BoundOperand[], item: Item): boolean {
  const [first, second] = args;
  const value = first === undefined ? undefined : operandValue(first, item);
  if (name === 'attribute_exists') return value !== undefined;
  if (name === 'attribute_not_exists') return value === undefined;
  const other = second === undefined ? undefined : operandValue(second, item);
  if (value === undefined || other === undefined) return false;
  switch (name) {
    case 'attribute_type':
      return 'S' in other && typeOf(value) === other.S;
    case 'begins_with':
      return beginsWith(value, other);
    default:
      return contains(value, other);
  }
}

function beginsWith(value: AttributeValue, prefix: AttributeValue): boolean {
  if ('S' in value) return 'S' in prefix && value.S.startsWith(prefix.S);
  if ('B' in value && 'B' in prefix) {
    return Buffer.compare(value.B.subarray(0, prefix.B.length), prefix.B) === 0;
  }
  return false;
}

function contains(value: AttributeValue, part: AttributeValue): boolean {
  if ('S' in value) return 'S' in part && value.S.includes(part.S);
  if ('B' in value) return 'B' in part && Buffer.from(value.B).includes(Buffer.from(part.B));
  if ('L' in value) return value.L.some((element) => equalValues(element, part));
  if ('SS' in value) return 'S' in part && value.SS.includes(part.S);
  if ('NS' in value) return 'N' in part && value.NS.includes(part.N);
  if ('BS' in value && 'B' in part) {
    const wanted = memberText(part.B);
    return value.BS.some((member) => memberText(member) === wanted);
  }
  return false;
}

function sizeOf(value: AttributeValue | undefined): number | undefined {
  if (value === undefined) return undefined;
  // AWS: counts UTF-16 code units. nubo-db/dynoxide#34
  if ('S' in value) return value.S.length;
  if ('B' in value) return value.B.length;
  if ('L' in value) return value.L.length;
  if ('M' in value) return Object.keys(value.M).length;
  if ('SS' in value) return value.SS.length;
  if ('NS' in value) return value.NS.length;
  if ('BS' in value) return value.BS.length;
  return undefined;
}
