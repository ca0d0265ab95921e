// SET and REMOVE clauses, translated onto the actions of update expressions.
import { typeOf, type AttributeValue } from '../attribute-value.ts';
import { invalid } from '../errors.ts';
import { bindUpdate } from '../expression/bind-update.ts';
import type { BoundAction, Operand, SetValue, UpdateAction } from '../expression/syntax.ts';
import { nodeName } from './literal.ts';
import {
  constantOf,
  fail,
  isPath,
  pathOf,
  plainPath,
  toPlaceholders,
  valueOperand,
  type References,
} from './references.ts';
import { atPlace, type CallNode, type Change, type Expression } from './syntax-tree.ts';

export function readChanges(
  changes: readonly Change[],
  references: References,
): readonly BoundAction[] {
  const actions = changes.map((change) => toAction(change, references));
  return bindUpdate(actions, toPlaceholders(references), fail);
}

function toAction(change: Change, references: References): UpdateAction<string> {
  const { target } = change;
  if (change.kind === 'remove') return { kind: 'remove', path: pathOf(references, target) };
  const { value } = change;
  if (value.kind === 'call' && (value.name === 'set_add' || value.name === 'set_delete')) {
    return setChange(target, value, references);
  }
  const path = pathOf(references, target);
  return { kind: 'set', path, value: toSetValue(value, references) };
}

/**
 * `a = set_add(a, <<…>>)` is ADD, `set_delete` is DELETE.
 * AWS: paritysuite/dynamodb-conformance, tests/tier3/error-messages/partiqlFunctions.test.ts
 */
function setChange(
  target: Expression,
  { name, args, at }: CallNode,
  references: References,
): UpdateAction<string> {
  const title = name.toUpperCase();
  const [first, second] = args;
  if (args.length !== 2 || first === undefined || second === undefined) {
    throw invalid(`${title} must have exactly two arguments${atPlace(at)}`);
  }
  if (!isPath(first) || !isSamePath(first, target)) {
    throw invalid(`The first argument to ${title} must equal the assignment value${atPlace(at)}`);
  }
  const value = constantOf(references, second);
  if (value === undefined || !isSet(value)) {
    throw invalid(
      `The second argument to ${title} must be a value with type SET${atPlace(first.at)}`,
    );
  }
  const operand = valueOperand(references, value);
  return {
    kind: name === 'set_add' ? 'add' : 'delete',
    path: pathOf(references, target),
    value: operand.kind === 'value' ? operand.value : '',
  };
}

function isSet(value: AttributeValue): boolean {
  return ['SS', 'NS', 'BS'].includes(typeOf(value));
}

function isSamePath(a: Expression, b: Expression): boolean {
  const [one, other] = [plainPath(a), plainPath(b)];
  return one.length === other.length && one.every((step, i) => step === other[i]);
}

function toSetValue(node: Expression, references: References): SetValue<string> {
  if (node.kind !== 'binary') return toOperand(node, references);
  const { operator } = node;
  if (operator !== '+' && operator !== '-') throw unsupported(operator);
  const left = toOperand(node.left, references);
  return { kind: 'arithmetic', operator, left, right: toOperand(node.right, references) };
}

function toOperand(node: Expression, references: References): Operand<string> {
  if (isPath(node)) return { kind: 'path', path: pathOf(references, node) };
  const value = constantOf(references, node);
  if (value !== undefined) return valueOperand(references, value);
  if (node.kind === 'call') {
    if (node.name !== 'list_append') {
      throw invalid(`Unrecognized function: ${node.name}${atPlace(node.at)}`);
    }
    const args = node.args.map((arg) => toOperand(arg, references));
    return { kind: 'call', name: 'list_append', args };
  }
  throw unsupported(node.kind === 'binary' ? node.operator : nodeName(node));
}

function unsupported(operator: string): Error {
  return invalid(`Unsupported operator in Update Expression. Operator: ${operator.toUpperCase()}`);
}
