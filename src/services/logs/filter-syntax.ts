// What the kinds of filter pattern share: a scanner, comparisons of one value, and the syntax
// error.

/** A pattern that breaks the grammar. */
export class FilterSyntaxError extends Error {
  override readonly name = 'FilterSyntaxError';
}

/** What a match found: values by selector or field name; empty for patterns of terms. */
export type Extracted = Readonly<Record<string, string>>;

/** The values extracted from a message, or undefined when it does not match. */
export type MessageFilter = (message: string) => Extracted | undefined;

export type Value = string | number | boolean | null;
export type ValueTest = (value: Value) => boolean;

type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=';
const OPERATORS: readonly Operator[] = ['<=', '>=', '!=', '=', '<', '>'];

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** Reads a pattern from left to right. */
export interface Scanner {
  readonly rest: string;
  readonly atEnd: boolean;
  /** Skips white space. */
  skipSpace(): void;
  /** Takes `text` (after white space) if it comes next. */
  take(text: string): boolean;
  /** Takes what the sticky pattern matches (after white space). */
  match(pattern: RegExp): string | undefined;
  /** Takes `text` or throws. */
  expect(text: string): void;
  fail(): never;
}

export function createScanner(text: string): Scanner {
  let at = 0;
  const scanner: Scanner = {
    get rest() {
      return text.slice(at);
    },
    get atEnd() {
      return text.slice(at).trim() === '';
    },
    skipSpace() {
      while (at < text.length && /\s/.test(text[at] ?? '')) at += 1;
    },
    take(wanted) {
      scanner.skipSpace();
      if (!text.startsWith(wanted, at)) return false;
      at += wanted.length;
      return true;
    },
    match(pattern) {
      scanner.skipSpace();
      const sticky = new RegExp(pattern.source, `${pattern.flags.replace('y', '')}y`);
      sticky.lastIndex = at;
      const found = sticky.exec(text)?.[0];
      if (found !== undefined) at += found.length;
      return found;
    },
    expect(wanted) {
      if (!scanner.take(wanted)) scanner.fail();
    },
    fail() {
      throw new FilterSyntaxError(`Invalid character(s) in term '${text.slice(at).trim()}'`);
    },
  };
  return scanner;
}

/** Reads `= 404`, `!= "text"`, `> 10`, `= %regex%` and compiles it. */
export function readComparison(scanner: Scanner): ValueTest | undefined {
  const operator = OPERATORS.find((each) => scanner.take(each));
  if (operator === undefined) return undefined;
  const quoted = readQuoted(scanner);
  if (quoted !== undefined) return equality(operator, wildcardTest(quoted), scanner);
  const regex = scanner.match(/%[^%]*%/);
  if (regex !== undefined) return equality(operator, regexTest(regex), scanner);
  const bare = scanner.match(/[^\s,&|()\]}]+/);
  if (bare === undefined) return scanner.fail();
  if (NUMBER.test(bare)) return numberTest(operator, Number(bare));
  return equality(operator, wildcardTest(bare), scanner);
}

/** The text of a quoted string, `\"` and `\\` unescaped; undefined when none comes next. */
export function readQuoted(scanner: Scanner): string | undefined {
  const found = scanner.match(/"(?:[^"\\]|\\.)*"/);
  return found?.slice(1, -1).replaceAll(/\\(["\\])/g, '$1');
}

/** Whether a text contains what `%regex%` says; `^` and `$` anchor it. */
export function regexTest(delimited: string): (text: string) => boolean {
  const source = delimited.slice(1, -1);
  // AWS: alphanumerics, these symbols, and operators without groups.
  if (source === '' || !/^[\w\s:#=@/;,\-^$?[\]{}|\\*+.]*$/.test(source)) {
    throw new FilterSyntaxError(`Invalid character(s) in regex '${source}'`);
  }
  let compiled: RegExp;
  try {
    compiled = new RegExp(source);
  } catch {
    throw new FilterSyntaxError(`Invalid regex '${source}'`);
  }
  return (text) => compiled.test(text);
}

function equality(
  operator: Operator,
  matches: (text: string) => boolean,
  scanner: Scanner,
): ValueTest {
  if (operator === '=') return (value) => isText(value) && matches(String(value));
  if (operator === '!=') return (value) => !(isText(value) && matches(String(value)));
  return scanner.fail();
}

/** `*` stands for any characters; without one the whole value must be equal. */
function wildcardTest(pattern: string): (text: string) => boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const compiled = new RegExp(`^${parts.join('[^]*?')}$`);
  return (text) => compiled.test(text);
}

function numberTest(operator: Operator, wanted: number): ValueTest {
  return (value) => {
    const actual = typeof value === 'number' ? value : parseNumber(value);
    if (actual === undefined) return operator === '!=';
    switch (operator) {
      case '=':
        return actual === wanted;
      case '!=':
        return actual !== wanted;
      case '<':
        return actual < wanted;
      case '<=':
        return actual <= wanted;
      case '>':
        return actual > wanted;
      case '>=':
        return actual >= wanted;
    }
  };
}

function parseNumber(value: Value): number | undefined {
  return typeof value === 'string' && NUMBER.test(value) ? Number(value) : undefined;
}

function isText(value: Value): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}
