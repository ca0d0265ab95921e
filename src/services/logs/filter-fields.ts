// Patterns for space-delimited events: `[ip, user, ..., status_code = 4*, bytes > 1000]`.
import type { Extracted, MessageFilter, Scanner, ValueTest } from './filter-syntax.ts';
import { createScanner, readComparison } from './filter-syntax.ts';

interface Field {
  readonly name: string;
  readonly test: ValueTest;
}

type Part = Field | 'ellipsis';

/**
 * Every field of the event needs one of the pattern, but for `...`, which stands for any number.
 */
export function compileFields(pattern: string): MessageFilter {
  const parts = parsePattern(pattern);
  return (message) => align(parts, splitFields(message));
}

function parsePattern(pattern: string): Part[] {
  const scanner = createScanner(pattern);
  const parts: Part[] = [];
  scanner.expect('[');
  do {
    parts.push(readPart(scanner, parts.length + 1));
  } while (scanner.take(','));
  scanner.expect(']');
  if (!scanner.atEnd) scanner.fail();
  return parts;
}

function readPart(scanner: Scanner, position: number): Part {
  if (scanner.take('...')) return 'ellipsis';
  const names = new Set<string>();
  const test = readOr(scanner, names);
  const [name = String(position), other] = names;
  // AWS: the conditions of a field speak of that field alone.
  if (other !== undefined) return scanner.fail();
  return { name, test };
}

function readOr(scanner: Scanner, names: Set<string>): ValueTest {
  const tests = [readAnd(scanner, names)];
  while (scanner.take('||')) tests.push(readAnd(scanner, names));
  return (value) => tests.some((test) => test(value));
}

function readAnd(scanner: Scanner, names: Set<string>): ValueTest {
  const tests = [readCondition(scanner, names)];
  while (scanner.take('&&')) tests.push(readCondition(scanner, names));
  return (value) => tests.every((test) => test(value));
}

function readCondition(scanner: Scanner, names: Set<string>): ValueTest {
  if (scanner.take('(')) {
    const inner = readOr(scanner, names);
    scanner.expect(')');
    return inner;
  }
  const name = scanner.match(/[\p{L}\p{N}_-]+|\*/u);
  if (name !== undefined) names.add(name);
  const compare = readComparison(scanner);
  if (name === undefined && compare === undefined && !/^[,\]]/.test(scanner.rest.trimStart())) {
    return scanner.fail();
  }
  return compare ?? (() => true);
}

/** Fields are divided by white space; `[…]` and `"…"` hold one field together. */
function splitFields(message: string): string[] {
  const fields: string[] = [];
  for (const [, bracketed, quoted, bare] of message.matchAll(/\[([^\]]*)\]|"([^"]*)"|(\S+)/g)) {
    fields.push(bracketed ?? quoted ?? bare ?? '');
  }
  return fields;
}

function align(parts: readonly Part[], fields: readonly string[]): Extracted | undefined {
  const ellipsis = parts.indexOf('ellipsis');
  if (ellipsis === -1) {
    return parts.length === fields.length ? check(parts, fields) : undefined;
  }
  const head = parts.slice(0, ellipsis);
  const tail = parts.slice(ellipsis + 1);
  if (fields.length < head.length + tail.length) return undefined;
  const first = check(head, fields.slice(0, head.length));
  const last = check(tail, fields.slice(fields.length - tail.length));
  return first && last && { ...first, ...last };
}

function check(parts: readonly Part[], fields: readonly string[]): Extracted | undefined {
  const extracted: Record<string, string> = {};
  for (const [at, part] of parts.entries()) {
    const value = fields[at] ?? '';
    if (part === 'ellipsis' || !part.test(value)) return undefined;
    extracted[`$${part.name}`] = value;
  }
  return extracted;
}
