// Where a PartiQL parser stands in its tokens, and the errors it throws.
import { malformedStatement } from '../errors.ts';
import type { Token } from './lexer.ts';
import type { Expression, Place } from './syntax-tree.ts';

export interface Cursor {
  readonly tokens: readonly Token[];
  at: number;
  /** Question marks met so far. */
  parameters: number;
  depth: number;
  readonly parse: Parsers;
}

/** Statements and expressions are made of one another: here each finds the other. */
export interface Parsers {
  readonly expression: (cursor: Cursor) => Expression;
  /** Undefined when the keyword that is next begins no statement. */
  readonly statement: (cursor: Cursor) => Expression | undefined;
}

/**
 * Deeper nesting than any statement has a use for; the stack is not for the client to fill.
 */
const MAX_DEPTH = 200;
const NOWHERE: Place = { line: 1, column: 1, length: 0 };
const END: Token = { kind: 'end', text: '', at: NOWHERE };

export function openCursor(tokens: readonly Token[], parse: Parsers): Cursor {
  return { tokens, at: 0, parameters: 0, depth: 0, parse };
}

export function peek(cursor: Cursor, ahead = 0): Token {
  return cursor.tokens[cursor.at + ahead] ?? cursor.tokens.at(-1) ?? END;
}

export function take(cursor: Cursor): Token {
  const token = peek(cursor);
  cursor.at += 1;
  return token;
}

export function isKeyword(cursor: Cursor, word: string): boolean {
  const { kind, text } = peek(cursor);
  return (kind === 'keyword' || kind === 'operator') && text === word;
}

export function takeKeyword(cursor: Cursor, word: string): boolean {
  if (!isKeyword(cursor, word)) return false;
  cursor.at += 1;
  return true;
}

export function isSymbol(cursor: Cursor, symbol: string): boolean {
  const { kind, text } = peek(cursor);
  return kind === 'symbol' && text === symbol;
}

export function takeSymbol(cursor: Cursor, symbol: string): boolean {
  if (!isSymbol(cursor, symbol)) return false;
  cursor.at += 1;
  return true;
}

const SYMBOL_NAMES: Readonly<Record<string, string>> = {
  ')': 'RIGHT_PAREN',
  ']': 'RIGHT_BRACKET',
  '}': 'RIGHT_CURLY',
  '>>': 'RIGHT_DOUBLE_ANGLE_BRACKET',
  ':': 'COLON',
  '(': 'LEFT_PAREN',
};

export function expectSymbol(cursor: Cursor, symbol: string): void {
  if (!takeSymbol(cursor, symbol)) {
    throw malformedStatement(`Expected ${SYMBOL_NAMES[symbol] ?? symbol}`);
  }
}

export function expectKeyword(cursor: Cursor, word: string): void {
  if (!takeKeyword(cursor, word))
    throw malformedStatement(`Expected ${word.toUpperCase()} keyword`);
}

/** Whether nothing but a semicolon is left. */
export function isAtEnd(cursor: Cursor): boolean {
  const first = peek(cursor);
  return first.kind === 'end' || (isSymbol(cursor, ';') && peek(cursor, 1).kind === 'end');
}

export function isName({ kind }: Token): boolean {
  return kind === 'name' || kind === 'quoted';
}

/** Runs `parse` one level deeper. */
export function nested<T>(cursor: Cursor, parse: () => T): T {
  cursor.depth += 1;
  if (cursor.depth > MAX_DEPTH) throw malformedStatement('The statement is nested too deeply');
  const result = parse();
  cursor.depth -= 1;
  return result;
}

/** One or more, separated by commas. */
export function parseList<T>(cursor: Cursor, parseOne: () => T): T[] {
  const list = [parseOne()];
  while (takeSymbol(cursor, ',')) list.push(parseOne());
  return list;
}
