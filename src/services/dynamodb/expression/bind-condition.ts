// Resolves the placeholders of a condition and checks its operands' types.
import { unreachable } from '../../../base/errors.ts';
import {
  compareValues,
  typeOf,
  VALUE_TYPES,
  type AttributeValue,
  type ValueType,
} from '../attribute-value.ts';
import { resolvePath, resolveValue, type Placeholders } from './placeholders.ts';
import {
  formatPath,
  type BoundCondition,
  type BoundOperand,
  type Condition,
  type Operand,
  type Path,
} from './syntax.ts';

/** Words a problem in the name of the expression it is in. */
export type Fail = (problem: string) => Error;

interface Binding {
  readonly placeholders: Placeholders;
  readonly fail: Fail;
}

const OPERAND_COUNTS: Readonly<Record<string, number>> = {
  attribute_exists: 1,
  attribute_not_exists: 1,
  attribute_type: 2,
  begins_with: 2,
  contains: 2,
  size: 1,
};

/**
 * AWS: checks conditions from left to right, the placeholders of each before its types. dynalite
 */
export function bindCondition(
  tree: Condition<string>,
  placeholders: Placeholders,
  fail: Fail,
): BoundCondition {
  return bind(tree, { placeholders, fail });
}

function bind(tree: Condition<string>, binding: Binding): BoundCondition {
  switch (tree.kind) {
    case 'and':
    case 'or':
      return { kind: tree.kind, left: bind(tree.left, binding), right: bind(tree.right, binding) };
    case 'not':
      return { kind: 'not', condition: bind(tree.condition, binding) };
    case 'call': {
      const call = { kind: tree.kind, name: tree.name, args: bindAll(tree.args, binding) };
      checkCall(call.name, call.args, binding.fail);
      return call;
    }
    case 'compare': {
      const [left, right] = [bindOperand(tree.left, binding), bindOperand(tree.right, binding)];
      checkOperands([left, right], binding.fail);
      checkDistinct(tree.comparator, [left, right], binding.fail);
      if (tree.comparator !== '=' && tree.comparator !== '<>') {
        checkOrdered(tree.comparator, [left, right], binding.fail);
      }
      return { kind: 'compare', comparator: tree.comparator, left, right };
    }
    case 'between': {
      const operand = bindOperand(tree.operand, binding);
      const [low, high] = [bindOperand(tree.low, binding), bindOperand(tree.high, binding)];
      checkOperands([operand, low, high], binding.fail);
      checkBounds(low, high, binding.fail);
      return { kind: 'between', operand, low, high };
    }
    case 'in': {
      const operand = bindOperand(tree.operand, binding);
      const choices = bindAll(tree.choices, binding);
      checkOperands([operand, ...choices], binding.fail);
      return { kind: 'in', operand, choices };
    }
    default:
      return unreachable(tree);
  }
}

function bindAll(operands: readonly Operand<string>[], binding: Binding): BoundOperand[] {
  return operands.map((operand) => bindOperand(operand, binding));
}

function bindOperand(operand: Operand<string>, binding: Binding): BoundOperand {
  const { placeholders, fail } = binding;
  switch (operand.kind) {
    case 'path':
      return { kind: 'path', path: resolvePath(placeholders, operand.path, fail) };
    case 'value':
      return { kind: 'value', value: resolveValue(placeholders, operand.value, fail) };
    case 'call':
      return { kind: 'call', name: operand.name, args: bindAll(operand.args, binding) };
    default:
      return unreachable(operand);
  }
}

function checkOperands(operands: readonly BoundOperand[], fail: Fail): void {
  for (const operand of operands) {
    if (operand.kind === 'call') checkCall(operand.name, operand.args, fail);
  }
}

function checkCall(name: string, args: readonly BoundOperand[], fail: Fail): void {
  checkOperands(args, fail);
  if (args.length !== OPERAND_COUNTS[name]) {
    throw fail(
      `Incorrect number of operands for operator or function; operator or function: ${name}, number of operands: ${args.length}`,
    );
  }
  checkDistinct(name, args, fail);
  const [first, second] = args;
  switch (name) {
    case 'attribute_exists':
    case 'attribute_not_exists':
      if (first?.kind !== 'path') {
        throw fail(`Operator or function requires a document path; operator or function: ${name}`);
      }
      break;
    case 'begins_with':
      for (const arg of args) checkType(name, literalType(arg), { allowed: ['S', 'B'], fail });
      break;
    case 'size':
      if (['N', 'BOOL', 'NULL'].includes(literalType(first) ?? '')) {
        throw fail(wrongType(name, literalType(first)));
      }
      break;
    case 'attribute_type':
      checkTypeName(second, fail);
      break;
  }
}

function checkTypeName(operand: BoundOperand | undefined, fail: Fail): void {
  if (operand?.kind !== 'value' || !('S' in operand.value)) {
    const type = literalType(operand) ?? '{NS,SS,L,BS,N,M,B,BOOL,NULL,S}';
    throw fail(wrongType('attribute_type', type));
  }
  const type = operand.value.S;
  if (!VALUE_TYPES.some((known) => known === type)) {
    throw fail(
      `Invalid attribute type name found; type: ${type}, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}`,
    );
  }
}

function checkType(
  name: string,
  type: ValueType | undefined,
  { allowed, fail }: { readonly allowed: readonly ValueType[]; readonly fail: Fail },
): void {
  if (type !== undefined && !allowed.includes(type)) throw fail(wrongType(name, type));
}

function checkOrdered(comparator: string, operands: readonly BoundOperand[], fail: Fail): void {
  for (const operand of operands) {
    checkType(comparator, literalType(operand), { allowed: ['S', 'N', 'B'], fail });
  }
}

function wrongType(name: string, type: string | undefined): string {
  return `Incorrect operand type for operator or function; operator or function: ${name}, operand type: ${type}`;
}

function checkDistinct(name: string, operands: readonly BoundOperand[], fail: Fail): void {
  const [first, second] = operands;
  if (operands.length !== 2 || first?.kind !== 'path' || second?.kind !== 'path') return;
  if (!equalPaths(first.path, second.path)) return;
  throw fail(
    `The first operand must be distinct from the remaining operands for this operator or function; operator: ${name}, first operand: ${formatPath(first.path)}`,
  );
}

function checkBounds(low: BoundOperand, high: BoundOperand, fail: Fail): void {
  for (const bound of [low, high]) {
    checkType('BETWEEN', literalType(bound), { allowed: ['S', 'N', 'B'], fail });
  }
  if (low.kind !== 'value' || high.kind !== 'value') return;
  const bounds = `lower bound operand: AttributeValue: ${formatValue(low.value)}, upper bound operand: AttributeValue: ${formatValue(high.value)}`;
  if (typeOf(low.value) !== typeOf(high.value)) {
    throw fail(
      `The BETWEEN operator requires same data type for lower and upper bounds; ${bounds}`,
    );
  }
  if ((compareValues(low.value, high.value) ?? 0) > 0) {
    throw fail(
      `The BETWEEN operator requires upper bound to be greater than or equal to lower bound; ${bounds}`,
    );
  }
}

function formatValue(value: AttributeValue): string {
  if ('S' in value) return `{S:${value.S}}`;
  if ('N' in value) return `{N:${value.N}}`;
  return `{${typeOf(value)}:${JSON.stringify(Object.values(value)[0])}}`;
}

/** What type an operand has whatever the item: a literal's, or a function result's. */
function literalType(operand: BoundOperand | undefined): ValueType | undefined {
  if (operand?.kind === 'value') return typeOf(operand.value);
  if (operand?.kind === 'call') return operand.name === 'size' ? 'N' : undefined;
  return undefined;
}

function equalPaths(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((step, i) => step === b[i]);
}
