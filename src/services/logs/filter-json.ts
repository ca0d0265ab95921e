// Patterns for JSON events: `{ $.eventType = "UpdateTrail" && $.errors[0].code >= 500 }`.
import type { Extracted, MessageFilter, Scanner, Value } from './filter-syntax.ts';
import { createScanner, readComparison } from './filter-syntax.ts';

type Selector = readonly (string | number)[];
type Test = (event: unknown) => boolean;

/** Stands in a selector for any element of an array. */
const ANY = '*';

interface Parsed {
  readonly test: Test;
  readonly selectors: ReadonlyMap<string, Selector>;
}

/** Events that are no JSON objects never match. */
export function compileJson(pattern: string): MessageFilter {
  const { test, selectors } = parsePattern(pattern);
  return (message) => {
    const event = parseObject(message);
    if (event === undefined || !test(event)) return undefined;
    return extract(event, selectors);
  };
}

function parsePattern(pattern: string): Parsed {
  const scanner = createScanner(pattern);
  const selectors = new Map<string, Selector>();
  scanner.expect('{');
  const test = readOr(scanner, selectors);
  scanner.expect('}');
  if (!scanner.atEnd) scanner.fail();
  return { test, selectors };
}

/** `&&` binds tighter than `||`. */
function readOr(scanner: Scanner, selectors: Map<string, Selector>): Test {
  const tests = [readAnd(scanner, selectors)];
  while (scanner.take('||')) tests.push(readAnd(scanner, selectors));
  return (event) => tests.some((test) => test(event));
}

function readAnd(scanner: Scanner, selectors: Map<string, Selector>): Test {
  const tests = [readCondition(scanner, selectors)];
  while (scanner.take('&&')) tests.push(readCondition(scanner, selectors));
  return (event) => tests.every((test) => test(event));
}

function readCondition(scanner: Scanner, selectors: Map<string, Selector>): Test {
  if (scanner.take('(')) {
    const inner = readOr(scanner, selectors);
    scanner.expect(')');
    return inner;
  }
  const { text, selector } = readSelector(scanner);
  selectors.set(text, selector);
  const compare = readComparison(scanner);
  if (compare !== undefined) {
    return (event) => select(event, selector).some((value) => isScalar(value) && compare(value));
  }
  if (scanner.match(/NOT\s+EXISTS\b/i)) return (event) => select(event, selector).length === 0;
  if (scanner.match(/EXISTS\b/i)) return (event) => select(event, selector).length > 0;
  const literal = scanner.match(/IS\s+(NULL|TRUE|FALSE)\b/i)?.toUpperCase();
  if (literal === undefined) return scanner.fail();
  const wanted = literal.endsWith('NULL') ? null : literal.endsWith('TRUE');
  return (event) => select(event, selector).includes(wanted);
}

/** `$.a.b-c[0].d`, `$.['a.b']`, `$[0]` */
function readSelector(scanner: Scanner): { text: string; selector: Selector } {
  const text = scanner.match(
    /\$(?:\.?\["[^"]*"\]|\.?\['[^']*'\]|\[(?:\d+|\*)\]|\.[\p{L}\p{N}_@:#-]+)+/u,
  );
  if (text === undefined) return scanner.fail();
  const selector: (string | number)[] = [];
  for (const [, quoted, single, index, name] of text.matchAll(
    /\.?\["([^"]*)"\]|\.?\['([^']*)'\]|\[(\d+|\*)\]|\.([\p{L}\p{N}_@:#-]+)/gu,
  )) {
    if (index !== undefined) selector.push(index === ANY ? ANY : Number(index));
    else selector.push(`.${quoted ?? single ?? name ?? ''}`);
  }
  return { text, selector };
}

/** All values a selector reaches; none when it leads nowhere. */
function select(event: unknown, selector: Selector): unknown[] {
  let values: unknown[] = [event];
  for (const step of selector) values = values.flatMap((value) => follow(value, step));
  return values;
}

function follow(value: unknown, step: string | number): unknown[] {
  if (step === ANY) return Array.isArray(value) ? value : [];
  if (typeof step === 'number') {
    return Array.isArray(value) && step < value.length ? [value[step]] : [];
  }
  const name = step.slice(1);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.hasOwn(value, name) ? [(value as Record<string, unknown>)[name]] : [];
}

function extract(event: unknown, selectors: ReadonlyMap<string, Selector>): Extracted {
  const extracted: Record<string, string> = {};
  for (const [text, selector] of selectors) {
    const [value] = select(event, selector);
    if (value !== undefined)
      extracted[text] = typeof value === 'string' ? value : JSON.stringify(value);
  }
  return extracted;
}

function parseObject(message: string): object | undefined {
  // Most lines of most logs are no JSON: the first character says so at once.
  if (!/^\s*[{[]/.test(message)) return undefined;
  try {
    const value: unknown = JSON.parse(message);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function isScalar(value: unknown): value is Value {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}
