// Parses update and projection expressions.
import { unreachable } from '../../../base/errors.ts';
import { EXPRESSION_MAX_OPERATORS } from '../limits.ts';
import {
  expectEnd,
  expectSymbol,
  isSymbol,
  openCursor,
  peek,
  take,
  takeKeyword,
  takeSymbol,
  unexpected,
  SyntaxProblem,
  type Cursor,
} from './lexer.ts';
import { findReservedWord } from './parse-condition.ts';
import { isCall, parseCall, parsePath } from './parse-path.ts';
import type { Operand, Parsed, Path, SetValue, UpdateAction } from './syntax.ts';

type RawAction = UpdateAction<string>;
type Section = 'SET' | 'REMOVE' | 'ADD' | 'DELETE';

const SECTIONS: readonly Section[] = ['SET', 'REMOVE', 'ADD', 'DELETE'];
const FUNCTIONS: ReadonlySet<string> = new Set(['if_not_exists', 'list_append']);

interface Findings {
  reservedWord?: string | undefined;
  unknownFunction?: string;
  misusedFunction?: string;
  repeatedSection?: string;
  operators: number;
}

/** Throws SyntaxProblem. */
export function parseUpdate(text: string): Parsed<readonly RawAction[]> {
  const cursor = openCursor(text);
  const actions: RawAction[] = [];
  const found: Findings = { operators: 0 };
  const seen = new Set<Section>();
  do {
    const section = takeSection(cursor);
    if (seen.has(section)) {
      found.repeatedSection ??= `The "${section}" section can only be used once in an update expression;`;
    }
    seen.add(section);
    do actions.push(parseAction(cursor, section, found));
    while (takeSymbol(cursor, ','));
  } while (peek(cursor).kind !== 'end');
  return { tree: actions, problem: firstProblem(found) };
}

/** AWS: in this order. dynalite, updateParser */
function firstProblem(found: Findings): string | undefined {
  if (found.operators > EXPRESSION_MAX_OPERATORS) {
    return `The expression contains too many operators; operator count: ${found.operators}`;
  }
  return (
    found.reservedWord ?? found.unknownFunction ?? found.misusedFunction ?? found.repeatedSection
  );
}

/** Throws SyntaxProblem. */
export function parseProjection(text: string): Parsed<readonly Path[]> {
  const cursor = openCursor(text);
  const paths: Path[] = [];
  do paths.push(parsePath(cursor));
  while (takeSymbol(cursor, ','));
  expectEnd(cursor);
  let problem: string | undefined;
  for (const path of paths) problem ??= findReservedWord(path);
  return { tree: paths, problem };
}

function takeSection(cursor: Cursor): Section {
  const section = SECTIONS.find((candidate) => takeKeyword(cursor, candidate));
  if (section === undefined) throw unexpected(cursor);
  return section;
}

function parseAction(cursor: Cursor, section: Section, found: Findings): RawAction {
  const path = parseCheckedPath(cursor, found);
  switch (section) {
    case 'SET':
      expectSymbol(cursor, '=');
      return { kind: 'set', path, value: parseSetValue(cursor, found) };
    case 'REMOVE':
      return { kind: 'remove', path };
    case 'ADD':
    case 'DELETE':
      if (peek(cursor).kind !== 'valueRef') throw unexpected(cursor);
      return { kind: section === 'ADD' ? 'add' : 'delete', path, value: take(cursor).text };
    default:
      return unreachable(section);
  }
}

function parseSetValue(cursor: Cursor, found: Findings, depth = 0): SetValue<string> {
  checkDepth(depth);
  // A parenthesis may hold the whole value or only its first operand.
  const opening = cursor.at;
  if (takeSymbol(cursor, '(')) {
    const value = parseSetValue(cursor, found, depth + 1);
    expectSymbol(cursor, ')');
    if (value.kind === 'arithmetic' || !isArithmetic(cursor)) return value;
    cursor.at = opening;
  }
  const left = parseOperand(cursor, found);
  if (!isArithmetic(cursor)) return left;
  const operator = take(cursor).text === '+' ? '+' : '-';
  found.operators += 1;
  return { kind: 'arithmetic', operator, left, right: parseOperand(cursor, found) };
}

function isArithmetic(cursor: Cursor): boolean {
  return isSymbol(cursor, '+') || isSymbol(cursor, '-');
}

function parseOperand(cursor: Cursor, found: Findings, depth = 0): Operand<string> {
  checkDepth(depth);
  if (takeSymbol(cursor, '(')) {
    const operand = parseOperand(cursor, found, depth + 1);
    expectSymbol(cursor, ')');
    return operand;
  }
  if (isCall(cursor)) {
    found.operators += 1;
    const call = parseCall(cursor, (at) => parseOperand(at, found, depth + 1));
    if (!FUNCTIONS.has(call.name)) {
      found.unknownFunction ??= `Invalid function name; function: ${call.name}`;
    }
    // AWS: allows other nesting. scylladb test_update_expression.py
    if (call.name === 'list_append' && call.args.some(isListAppend)) {
      found.misusedFunction ??=
        'The function is not allowed to be used this way in an expression; function: list_append';
    }
    return call;
  }
  if (peek(cursor).kind === 'valueRef') return { kind: 'value', value: take(cursor).text };
  return { kind: 'path', path: parseCheckedPath(cursor, found) };
}

function isListAppend(operand: Operand<string>): boolean {
  return operand.kind === 'call' && operand.name === 'list_append';
}

/** Deeper nesting than operators allow is redundant; the stack is not for the client to fill. */
function checkDepth(depth: number): void {
  if (depth > EXPRESSION_MAX_OPERATORS) {
    throw new SyntaxProblem('The expression has redundant parentheses;');
  }
}

function parseCheckedPath(cursor: Cursor, found: Findings): Path {
  const path = parsePath(cursor);
  found.reservedWord ??= findReservedWord(path);
  return path;
}
