// Intrinsic functions: the value of a template expression, as far as it is known.
import { TemplateError } from '../kernel/templates.ts';
import { cutCidr } from './cidr.ts';
import { textOf } from './parameters.ts';
import type { ParameterValue } from './parameters.ts';
import { isObject, splitAttribute } from './parse-template.ts';
import type { PlainObject } from './parse-template.ts';

/** A value that follows from a resource which does not exist yet. */
export class Pending {
  /** `ID` or `ID.Attribute` it waits for. */
  readonly sources: readonly string[];
  constructor(sources: readonly string[]) {
    this.sources = sources;
  }
}

/** `AWS::NoValue`: the member or item that holds it is left out. */
export const NO_VALUE: unique symbol = Symbol('AWS::NoValue');

export interface Environment {
  readonly parameters: ReadonlyMap<string, ParameterValue>;
  /** `AWS::Region` and its siblings. */
  readonly pseudo: Readonly<Record<string, unknown>>;
  readonly mappings: PlainObject;
  /** Throws TemplateError for an unknown name. */
  condition(name: string): boolean;
  /** What `Ref` of a resource gives; undefined: no such resource. */
  ref(logicalId: string): unknown;
  attribute(logicalId: string, name: string): unknown;
  exportValue(name: string): string | undefined;
  /** Fn::Length, Fn::ToJsonString and default values in Fn::FindInMap. */
  readonly languageExtensions: boolean;
}

type Intrinsic = (argument: unknown, env: Environment) => unknown;

/** Resolves every function in `value`. Parts not known yet come back as Pending. */
export function evaluate(value: unknown, env: Environment): unknown {
  if (Array.isArray(value)) {
    return value.map((item: unknown) => evaluate(item, env)).filter((item) => item !== NO_VALUE);
  }
  if (!isObject(value)) return value;
  const [key = '', ...more] = Object.keys(value);
  if (more.length === 0 && isFunctionName(key)) return callIntrinsic(key, value[key], env);
  const resolved: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) {
    const member = evaluate(inner, env);
    if (member !== NO_VALUE) resolved[name] = member;
  }
  return resolved;
}

function isFunctionName(key: string): boolean {
  return key === 'Ref' || key === 'Condition' || key.startsWith('Fn::');
}

function callIntrinsic(name: string, argument: unknown, env: Environment): unknown {
  // `Condition` is a function only where a condition stands; elsewhere (IAM policies) it is a plain member.
  if (name === 'Condition' && typeof argument !== 'string')
    return { Condition: evaluate(argument, env) };
  const intrinsic = Object.hasOwn(INTRINSICS, name) ? INTRINSICS[name] : undefined;
  if (intrinsic === undefined) {
    throw new TemplateError(`Template format error: Unrecognized intrinsic function ${name}`);
  }
  return intrinsic(argument, env);
}

const INTRINSICS: Readonly<Record<string, Intrinsic>> = {
  Ref: evaluateRef,
  Condition: (name, env) => env.condition(String(name)),
  'Fn::GetAtt': evaluateGetAtt,
  'Fn::Sub': evaluateSub,
  'Fn::Join': evaluateJoin,
  'Fn::Select': evaluateSelect,
  'Fn::Split': evaluateSplit,
  'Fn::If': evaluateIf,
  'Fn::And': (argument, env) => operands('Fn::And', argument, env).every(Boolean),
  'Fn::Or': (argument, env) => operands('Fn::Or', argument, env).some(Boolean),
  'Fn::Not': (argument, env) => {
    const values = listOf(argument).map((item) => evaluate(item, env));
    if (values.length !== 1) fail('Fn::Not requires a list argument with one element');
    return !toBoolean(values[0]);
  },
  'Fn::Equals': evaluateEquals,
  'Fn::FindInMap': evaluateFindInMap,
  'Fn::Base64': (argument, env) =>
    onKnown(evaluate(argument, env), (text) =>
      Buffer.from(scalarText(text), 'utf8').toString('base64'),
    ),
  'Fn::Cidr': evaluateCidr,
  'Fn::GetAZs': (argument, env) =>
    onKnown(evaluate(argument, env), (given) => {
      const region = given === '' || given === undefined ? env.pseudo['AWS::Region'] : given;
      return ['a', 'b', 'c'].map((zone) => `${scalarText(region)}${zone}`);
    }),
  'Fn::ImportValue': (argument, env) =>
    onKnown(evaluate(argument, env), (name) => {
      const found = env.exportValue(scalarText(name));
      if (found === undefined)
        throw new TemplateError(`No export named ${scalarText(name)} found.`);
      return found;
    }),
  'Fn::Length': (argument, env) => {
    requireExtensions('Fn::Length', env);
    return onKnown(evaluate(argument, env), (list) =>
      Array.isArray(list) ? list.length : fail('Fn::Length requires a list argument'),
    );
  },
  'Fn::ToJsonString': (argument, env) => {
    requireExtensions('Fn::ToJsonString', env);
    return onKnown(evaluate(argument, env), (value) => JSON.stringify(value));
  },
  'Fn::Transform': (argument) => {
    const name = isObject(argument) ? String(argument['Name']) : 'of this kind';
    throw new TemplateError(
      `Transform ${name} is not supported here: nothing runs macros inside a template.`,
      {
        kind: 'transform',
      },
    );
  },
};

function evaluateRef(argument: unknown, env: Environment): unknown {
  if (typeof argument !== 'string') fail('every Ref object must have a single String value.');
  if (argument === 'AWS::NoValue') return NO_VALUE;
  if (Object.hasOwn(env.pseudo, argument)) return env.pseudo[argument];
  const parameter = env.parameters.get(argument);
  if (parameter !== undefined) return parameter;
  const resource = env.ref(argument);
  if (resource === undefined) throw unresolved([argument], 'Resources');
  return resource;
}

export function unresolved(names: readonly string[], section: string): TemplateError {
  return new TemplateError(
    `Template format error: Unresolved resource dependencies [${names.join(', ')}] ` +
      `in the ${section} block of the template`,
  );
}

/** `[logicalId, attribute]`; the attribute may be an expression. */
export function readGetAtt(argument: unknown): readonly [string, unknown] {
  const parts: unknown = typeof argument === 'string' ? splitAttribute(argument) : argument;
  if (!Array.isArray(parts) || parts.length < 2 || typeof parts[0] !== 'string') {
    fail(
      'every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute',
    );
  }
  // `!GetAtt [A, Outputs, X]` is accepted as `A.Outputs.X`.
  return [parts[0], parts.length === 2 ? parts[1] : parts.slice(1).join('.')];
}

function evaluateGetAtt(argument: unknown, env: Environment): unknown {
  const [logicalId, attribute] = readGetAtt(argument);
  return onKnown(evaluate(attribute, env), (name) => env.attribute(logicalId, scalarText(name)));
}

/** The `${…}` of a Sub text, literals (`${!x}`) left out. */
export function substitutions(text: string): string[] {
  return [...text.matchAll(/\$\{([^!}][^}]*)\}/g)].map((match) => (match[1] ?? '').trim());
}

/** The text and the local variables of Fn::Sub. */
export function readSub(argument: unknown): { text: string; variables: PlainObject } {
  const [text, variables = {}] = Array.isArray(argument) ? (argument as unknown[]) : [argument];
  const isWellFormed =
    typeof text === 'string' &&
    isObject(variables) &&
    (!Array.isArray(argument) || argument.length === 2);
  if (!isWellFormed) {
    fail(
      "One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first " +
        'argument, and an optional second argument to specify a mapping of values to replace in the string',
    );
  }
  return { text, variables };
}

function evaluateSub(argument: unknown, env: Environment): unknown {
  const { text, variables } = readSub(argument);
  const pending: string[] = [];
  const replaced = text.replace(/\$\{([^}]*)\}/g, (whole, inner: string) => {
    if (inner.startsWith('!')) return `\${${inner.slice(1)}}`;
    const name = inner.trim();
    if (!/^[a-zA-Z0-9_.:]+$/.test(name)) {
      fail(
        'variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons',
      );
    }
    const value = evaluateVariable(name, variables, env);
    if (value instanceof Pending) {
      pending.push(...value.sources);
      return whole;
    }
    return scalarText(value);
  });
  return pending.length > 0 ? new Pending(pending) : replaced;
}

function evaluateVariable(name: string, variables: PlainObject, env: Environment): unknown {
  if (Object.hasOwn(variables, name)) return evaluate(variables[name], env);
  if (!name.includes('.')) return evaluateRef(name, env);
  return evaluateGetAtt(name, env);
}

function evaluateJoin(argument: unknown, env: Environment): unknown {
  const [delimiter, items] = listOf(argument);
  const list = evaluate(items, env);
  if (list instanceof Pending) return list;
  if (typeof delimiter !== 'string' || !Array.isArray(list) || listOf(argument).length !== 2) {
    fail(
      'every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be ' +
        'joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.',
    );
  }
  return onKnown(list, (known) => (known as unknown[]).map(scalarText).join(delimiter));
}

function evaluateSplit(argument: unknown, env: Environment): unknown {
  const [delimiter, source] = listOf(argument).map((item) => evaluate(item, env));
  if (source instanceof Pending) return source;
  if (typeof delimiter !== 'string' || delimiter === '' || typeof source !== 'string') {
    fail(
      'every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or ' +
        'a function that returns a string to be split.',
    );
  }
  return source.split(delimiter);
}

function evaluateSelect(argument: unknown, env: Environment): unknown {
  const [index, list] = listOf(argument).map((item) => evaluate(item, env));
  if (index instanceof Pending) return index;
  if (list instanceof Pending) return list;
  const at = Number(index);
  if (!Array.isArray(list) || !Number.isInteger(at) || listOf(argument).length !== 2) {
    fail('Fn::Select requires a list argument with two elements: an integer index and a list');
  }
  if (at < 0 || at >= list.length)
    fail(`Fn::Select cannot select nonexistent value at index ${at}`);
  return list[at];
}

function evaluateIf(argument: unknown, env: Environment): unknown {
  const [name, whenTrue, whenFalse] = listOf(argument);
  if (listOf(argument).length !== 3) fail('Fn::If requires a list argument with three elements');
  // A condition's name as a rule; the transform of some tools leaves `{Condition: name}`.
  const holds = typeof name === 'string' ? env.condition(name) : toBoolean(evaluate(name, env));
  return evaluate(holds ? whenTrue : whenFalse, env);
}

function evaluateEquals(argument: unknown, env: Environment): unknown {
  const values = listOf(argument).map((item) => evaluate(item, env));
  if (values.length !== 2) fail('every Fn::Equals object requires a list of 2 string parameters.');
  const [left, right] = values.map(textOf);
  return left === right;
}

function operands(name: string, argument: unknown, env: Environment): boolean[] {
  const list = listOf(argument);
  if (list.length < 2 || list.length > 10) {
    fail(`every ${name} object requires a list of at least 2 and at most 10 boolean parameters.`);
  }
  return list.map((item) => toBoolean(evaluate(item, env)));
}

function toBoolean(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  if (value === 'true' || value === 'false') return value === 'true';
  return fail('a condition must be a boolean');
}

function evaluateFindInMap(argument: unknown, env: Environment): unknown {
  const list = listOf(argument);
  const fallback = list[3];
  const hasDefault = env.languageExtensions && isObject(fallback) && 'DefaultValue' in fallback;
  if (list.length !== (hasDefault ? 4 : 3)) {
    fail(
      'every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value',
    );
  }
  const names = list.slice(0, 3).map((item) => evaluate(item, env));
  return onKnown(names, (known) => {
    const path = (known as unknown[]).map(scalarText);
    let found: unknown = env.mappings;
    for (const step of path)
      found = isObject(found) && Object.hasOwn(found, step) ? found[step] : undefined;
    if (found !== undefined) return found;
    if (hasDefault) return evaluate(fallback['DefaultValue'], env);
    return fail(`Unable to get mapping for ${path.join('::')}`);
  });
}

function evaluateCidr(argument: unknown, env: Environment): unknown {
  const values = evaluate(listOf(argument), env);
  return onKnown(values, (known) => {
    const [block, count, hostBits = 8] = known as unknown[];
    return cutCidr({ block: scalarText(block), count: Number(count), hostBits: Number(hostBits) });
  });
}

function requireExtensions(name: string, env: Environment): void {
  if (env.languageExtensions) return;
  throw new TemplateError(
    `Template format error: ${name} needs the transform AWS::LanguageExtensions in the template`,
  );
}

/** `use(value)`, or the parts that are still pending. */
function onKnown(value: unknown, use: (value: unknown) => unknown): unknown {
  const waiting = pendingSources(value);
  return waiting.length > 0 ? new Pending(waiting) : use(value);
}

/** Sources of every Pending inside `value`. */
export function pendingSources(value: unknown): string[] {
  if (value instanceof Pending) return [...value.sources];
  if (Array.isArray(value)) return value.flatMap(pendingSources);
  if (isObject(value)) return Object.values(value).flatMap(pendingSources);
  return [];
}

function listOf(argument: unknown): unknown[] {
  return Array.isArray(argument) ? argument : [];
}

function scalarText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return value.map(scalarText).join(',');
  return fail('a function that makes text was given something that is not a string');
}

function fail(message: string): never {
  throw new TemplateError(`Template error: ${message}`);
}
