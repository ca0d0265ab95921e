// Resolves the placeholders of update and projection expressions and checks paths and types.
import { unreachable } from '../../../base/errors.ts';
import { typeOf, type AttributeValue, type ValueType } from '../attribute-value.ts';
import type { Fail } from './bind-condition.ts';
import { resolvePath, resolveValue, type Placeholders } from './placeholders.ts';
import {
  formatPath,
  type BoundAction,
  type BoundOperand,
  type Operand,
  type Path,
  type SetValue,
  type UpdateAction,
} from './syntax.ts';

/** The first problem of each kind; which one is told is decided at the end. */
interface Problems {
  overlap?: string;
  conflict?: string;
  operand?: string;
  function?: string;
}

/** How messages about ADD and DELETE name types. AWS: unlike all others. dynalite, updateParser */
const LONG_TYPE_NAMES: Partial<Record<ValueType, string>> = {
  S: 'STRING',
  N: 'NUMBER',
  B: 'BINARY',
  NULL: 'NULL',
  BOOL: 'BOOLEAN',
  L: 'LIST',
  M: 'MAP',
};

interface Binding {
  readonly placeholders: Placeholders;
  readonly fail: Fail;
  readonly problems: Problems;
}

/**
 * AWS: reports the kinds of problems in a fixed order, whatever their place. dynalite, updateParser
 */
export function bindUpdate(
  actions: readonly UpdateAction<string>[],
  placeholders: Placeholders,
  fail: Fail,
): readonly BoundAction[] {
  for (const action of actions) checkNamesDefined(action, placeholders, fail);
  for (const action of actions) checkValuesDefined(action, placeholders, fail);
  const problems: Problems = {};
  const bound = actions.map((action) => bindAction(action, { placeholders, fail, problems }));
  checkPaths(
    bound.map((action) => action.path),
    problems,
  );
  throwFirst(problems, fail);
  return bound;
}

function checkNamesDefined(
  action: UpdateAction<string>,
  placeholders: Placeholders,
  fail: Fail,
): void {
  resolvePath(placeholders, action.path, fail);
  for (const operand of operandsOf(action)) {
    if (operand.kind === 'path') resolvePath(placeholders, operand.path, fail);
  }
}

function checkValuesDefined(
  action: UpdateAction<string>,
  placeholders: Placeholders,
  fail: Fail,
): void {
  if (action.kind === 'add' || action.kind === 'delete') {
    resolveValue(placeholders, action.value, fail);
  }
  for (const operand of operandsOf(action)) {
    if (operand.kind === 'value') resolveValue(placeholders, operand.value, fail);
  }
}

function operandsOf(action: UpdateAction<string>): Operand<string>[] {
  if (action.kind !== 'set') return [];
  const { value } = action;
  return value.kind === 'arithmetic' ? [value.left, value.right].flatMap(flatten) : flatten(value);
}

function flatten(operand: Operand<string>): Operand<string>[] {
  return operand.kind === 'call' ? operand.args.flatMap(flatten) : [operand];
}

/** Resolved paths, none of which contains another. */
export function bindProjection(
  paths: readonly Path[],
  placeholders: Placeholders,
  fail: Fail,
): readonly Path[] {
  const problems: Problems = {};
  const bound = paths.map((path) => resolvePath(placeholders, path, fail));
  checkPaths(bound, problems);
  throwFirst(problems, fail);
  return bound;
}

function throwFirst(problems: Problems, fail: Fail): void {
  const first = problems.overlap ?? problems.conflict ?? problems.operand ?? problems.function;
  if (first !== undefined) throw fail(first);
}

function bindAction(action: UpdateAction<string>, binding: Binding): BoundAction {
  const { placeholders, fail, problems } = binding;
  const path = resolvePath(placeholders, action.path, fail);
  switch (action.kind) {
    case 'remove':
      return { kind: 'remove', path };
    case 'set':
      return { kind: 'set', path, value: bindSetValue(action.value, binding) };
    case 'add':
    case 'delete': {
      const value = resolveValue(placeholders, action.value, fail);
      checkSetOperand(action.kind, value, problems);
      return { kind: action.kind, path, value };
    }
    default:
      return unreachable(action);
  }
}

function bindSetValue(value: SetValue<string>, binding: Binding): SetValue<AttributeValue> {
  if (value.kind !== 'arithmetic') return bindOperand(value, binding);
  const left = bindOperand(value.left, binding);
  const right = bindOperand(value.right, binding);
  checkLiterals(value.operator, [left, right], { type: 'N', problems: binding.problems });
  return { kind: 'arithmetic', operator: value.operator, left, right };
}

function bindOperand(operand: Operand<string>, binding: Binding): BoundOperand {
  switch (operand.kind) {
    case 'path':
      return { kind: 'path', path: resolvePath(binding.placeholders, operand.path, binding.fail) };
    case 'value':
      return {
        kind: 'value',
        value: resolveValue(binding.placeholders, operand.value, binding.fail),
      };
    case 'call': {
      const args = operand.args.map((arg) => bindOperand(arg, binding));
      checkCall(operand.name, args, binding.problems);
      return { kind: 'call', name: operand.name, args };
    }
    default:
      return unreachable(operand);
  }
}

function checkCall(name: string, args: readonly BoundOperand[], problems: Problems): void {
  if (args.length !== 2) {
    problems.function ??= `Incorrect number of operands for operator or function; operator or function: ${name}, number of operands: ${args.length}`;
  } else if (name === 'if_not_exists') {
    if (args[0]?.kind !== 'path') {
      problems.function ??= `Operator or function requires a document path; operator or function: ${name}`;
    }
  } else {
    checkLiterals(name, args, { type: 'L', problems });
  }
}

function checkLiterals(
  name: string,
  operands: readonly BoundOperand[],
  { type, problems }: { readonly type: ValueType; readonly problems: Problems },
): void {
  for (const operand of operands) {
    if (operand.kind !== 'value' || typeOf(operand.value) === type) continue;
    problems.function ??= `Incorrect operand type for operator or function; operator or function: ${name}, operand type: ${typeOf(operand.value)}`;
  }
}

function checkSetOperand(kind: 'add' | 'delete', value: AttributeValue, problems: Problems): void {
  const type = typeOf(value);
  const longName = LONG_TYPE_NAMES[type];
  if (longName === undefined || (kind === 'add' && type === 'N')) return;
  problems.operand ??= `Incorrect operand type for operator or function; operator: ${kind.toUpperCase()}, operand type: ${longName}`;
}

function checkPaths(paths: readonly Path[], problems: Problems): void {
  for (let later = 1; later < paths.length; later++) {
    for (let earlier = 0; earlier < later; earlier++) {
      const [one, two] = [paths[earlier], paths[later]];
      if (one !== undefined && two !== undefined) checkPair(one, two, problems);
      if (problems.overlap !== undefined) return;
    }
  }
}

function checkPair(one: Path, two: Path, problems: Problems): void {
  const both = `must remove or rewrite one of these paths; path one: ${formatPath(one)}, path two: ${formatPath(two)}`;
  for (let i = 0; i < one.length && i < two.length; i++) {
    if (typeof one[i] !== typeof two[i]) {
      problems.conflict ??= `Two document paths conflict with each other; ${both}`;
      return;
    }
    if (one[i] !== two[i]) return;
  }
  problems.overlap ??= `Two document paths overlap with each other; ${both}`;
}
