// One rule of an event pattern: a literal or a comparison, compiled to a test of a single value.
import { ownEntry } from './own-entry.ts';
import { compileAddressRange } from './address-range.ts';
import { PatternError } from './pattern-error.ts';

type Scalar = string | number | boolean | null;

export interface ValueRule {
  /** Whether the rule holds for a field that is not there. */
  readonly matchesAbsent: boolean;
  matches(value: Scalar): boolean;
}

type TextTest = (value: string) => boolean;

/** Differences below it do not count: AWS promises five digits and keeps six. */
const PRECISION = 1_000_000;

const COMPARISONS: Readonly<Record<string, (operand: unknown) => ValueRule>> = {
  prefix: (operand) => onText(compileAffix('prefix', operand)),
  suffix: (operand) => onText(compileAffix('suffix', operand)),
  'equals-ignore-case': (operand) => onText(compileIgnoreCase(operand)),
  wildcard: (operand) => onText(compileWildcard(operand)),
  'anything-but': compileAnythingBut,
  numeric: compileNumeric,
  exists: compileExists,
  cidr: (operand) => onText(compileAddressRange(textOperand('cidr', operand))),
};

export function compileRules(rules: readonly unknown[]): ValueRule[] {
  return rules.map(compileRule);
}

function compileRule(rule: unknown): ValueRule {
  if (typeof rule === 'number') return presentOnly((value) => sameNumber(value, rule));
  if (rule === null || typeof rule === 'string' || typeof rule === 'boolean') {
    return presentOnly((value) => value === rule);
  }
  if (typeof rule !== 'object' || Array.isArray(rule)) {
    throw new PatternError('Match value must be String, number, true, false, or null');
  }
  const [[name, operand] = ['', undefined], second] = Object.entries(rule);
  const compile = ownEntry(COMPARISONS, name);
  if (compile === undefined) throw new PatternError(`Unrecognized match type ${name}`);
  if (second !== undefined) throw new PatternError('Only one key allowed in match expression');
  return compile(operand);
}

function compileAffix(kind: 'prefix' | 'suffix', operand: unknown): TextTest {
  if (isSingle(operand, 'equals-ignore-case')) {
    const affix = textOperand(kind, operand['equals-ignore-case']).toLowerCase();
    return (value) => hasAffix(kind, value.toLowerCase(), affix);
  }
  const affix = textOperand(kind, operand);
  return (value) => hasAffix(kind, value, affix);
}

function hasAffix(kind: 'prefix' | 'suffix', value: string, affix: string): boolean {
  return kind === 'prefix' ? value.startsWith(affix) : value.endsWith(affix);
}

function compileIgnoreCase(operand: unknown): TextTest {
  const wanted = textOperand('equals-ignore-case', operand).toLowerCase();
  return (value) => value.toLowerCase() === wanted;
}

/** `*` stands for any characters; `\*` and `\\` for themselves. */
function compileWildcard(operand: unknown): TextTest {
  const pattern = textOperand('wildcard', operand);
  const parts: string[] = [''];
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] ?? '';
    if (character === '*') {
      if (pattern[at + 1] === '*') {
        throw new PatternError(`Consecutive wildcard characters at pos ${at}`);
      }
      parts.push('');
    } else if (character === '\\') {
      const escaped = pattern[at + 1];
      if (escaped !== '*' && escaped !== '\\') {
        throw new PatternError(`Invalid escape character at pos ${at}`);
      }
      parts.push((parts.pop() ?? '') + escaped);
      at += 1;
    } else {
      parts.push((parts.pop() ?? '') + character);
    }
  }
  return (value) => matchesParts(value, parts);
}

/** Greedy from the left, the last part anchored at the end: linear, whatever the pattern. */
function matchesParts(value: string, parts: readonly string[]): boolean {
  const [first = '', ...rest] = parts;
  const last = rest.pop();
  if (last === undefined) return value === first;
  if (!value.startsWith(first) || value.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of rest) {
    const found = value.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return value.length - last.length >= at && value.endsWith(last);
}

function compileAnythingBut(operand: unknown): ValueRule {
  if (typeof operand === 'object' && operand !== null && !Array.isArray(operand)) {
    const [[name, inner] = ['', undefined], second] = Object.entries(operand);
    const compile = ownEntry(TEXT_TESTS, name);
    if (compile === undefined || second !== undefined) {
      throw new PatternError(
        'Value of anything-but must be an array or single string/number value.',
      );
    }
    const tests = (Array.isArray(inner) ? inner : [inner]).map(compile);
    return presentOnly(
      (value) => typeof value === 'string' && !tests.some((matches) => matches(value)),
    );
  }
  const refused: unknown[] = Array.isArray(operand) ? operand : [operand];
  const kinds = new Set(refused.map((value) => typeof value));
  if (
    refused.length === 0 ||
    refused.some((value) => !['string', 'number'].includes(typeof value))
  ) {
    throw new PatternError('Inside anything but list, start|null|boolean is not supported.');
  }
  if (kinds.size > 1) {
    throw new PatternError(
      'Inside anything but list, either all values are number or string, mixed type is not supported',
    );
  }
  return presentOnly(
    (value) =>
      !refused.some((each) =>
        typeof each === 'number' ? sameNumber(value, each) : value === each,
      ),
  );
}

const TEXT_TESTS: Readonly<Record<string, (operand: unknown) => TextTest>> = {
  prefix: (operand) => compileAffix('prefix', operand),
  suffix: (operand) => compileAffix('suffix', operand),
  'equals-ignore-case': compileIgnoreCase,
  wildcard: compileWildcard,
};

function compileExists(operand: unknown): ValueRule {
  if (typeof operand !== 'boolean') {
    throw new PatternError('exists match pattern must be either true or false.');
  }
  return { matchesAbsent: !operand, matches: () => operand };
}

/** `["=", 1]`, `[">", 0, "<=", 5]` */
function compileNumeric(operand: unknown): ValueRule {
  if (!Array.isArray(operand) || operand.length === 0) {
    throw new PatternError('Invalid member in numeric match: ]');
  }
  const [operator, bound, secondOperator, secondBound, ...more] = operand as unknown[];
  if (typeof operator !== 'string') {
    throw new PatternError(`Invalid member in numeric match: ${String(operator)}`);
  }
  if (!['=', '<', '<=', '>', '>='].includes(operator)) {
    throw new PatternError(`Unrecognized numeric range operator: ${operator}`);
  }
  const from = numberOperand(operator === '=' ? 'equals' : operator, bound);
  if (operand.length === 2) return presentOnly((value) => holds(value, operator, from));
  if (operator !== '>' && operator !== '>=') {
    throw new PatternError('Too many elements in numeric expression');
  }
  if (typeof secondOperator !== 'string') {
    throw new PatternError(`Bad value in numeric range: ${String(secondOperator)}`);
  }
  if (secondOperator !== '<' && secondOperator !== '<=') {
    throw new PatternError(`Bad numeric range operator: ${secondOperator}`);
  }
  const to = numberOperand(secondOperator, secondBound);
  if (to <= from) throw new PatternError('Bottom must be less than top');
  if (more.length > 0) throw new PatternError('Too many terms in numeric range expression');
  return presentOnly((value) => holds(value, operator, from) && holds(value, secondOperator, to));
}

function holds(value: Scalar, operator: string, bound: number): boolean {
  if (typeof value !== 'number') return false;
  if (operator === '=') return sameNumber(value, bound);
  if (operator === '<') return value < bound;
  if (operator === '<=') return value <= bound;
  return operator === '>' ? value > bound : value >= bound;
}

function sameNumber(value: Scalar, wanted: number): boolean {
  return (
    typeof value === 'number' &&
    (value === wanted || Math.trunc(value * PRECISION) === Math.trunc(wanted * PRECISION))
  );
}

function numberOperand(operator: string, operand: unknown): number {
  if (typeof operand === 'number') return operand;
  throw new PatternError(`Value of ${operator} must be numeric`);
}

function textOperand(name: string, operand: unknown): string {
  if (typeof operand === 'string') return operand;
  throw new PatternError(`${name} match pattern must be a string`);
}

function isSingle<K extends string>(operand: unknown, key: K): operand is Record<K, unknown> {
  return (
    typeof operand === 'object' &&
    operand !== null &&
    Object.keys(operand).length === 1 &&
    key in operand
  );
}

function onText(matches: TextTest): ValueRule {
  return presentOnly((value) => typeof value === 'string' && matches(value));
}

function presentOnly(matches: (value: Scalar) => boolean): ValueRule {
  return { matchesAbsent: false, matches };
}
