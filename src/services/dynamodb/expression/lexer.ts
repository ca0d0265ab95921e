// Splits an expression into tokens and words the syntax errors.

export interface Token {
  readonly kind: 'name' | 'nameRef' | 'valueRef' | 'index' | 'symbol' | 'end';
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** The expression is not one. The message is DynamoDB's, without the name of the parameter. */
export class SyntaxProblem extends Error {
  override readonly name = 'SyntaxProblem';
}

/** Where a parser stands in its tokens. */
export interface Cursor {
  readonly text: string;
  readonly tokens: readonly Token[];
  at: number;
}

const TOKEN =
  /[ \t\r\n]*(?:([A-Za-z][A-Za-z0-9_]*)|(#[A-Za-z0-9_]+)|(:[A-Za-z0-9_]+)|([0-9]+)|(<>|<=|>=|[^]))/y;
const TRAILING_SPACE = /[ \t\r\n]*$/y;

export function openCursor(text: string): Cursor {
  return { text, tokens: tokenize(text), at: 0 };
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    TRAILING_SPACE.lastIndex = at;
    if (TRAILING_SPACE.test(text)) break;
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (match === null) break;
    const [, name, nameRef, valueRef, index, symbol] = match;
    const content = name ?? nameRef ?? valueRef ?? index ?? symbol ?? '';
    const end = TOKEN.lastIndex;
    const kind = kindOf({ name, nameRef, valueRef, index });
    tokens.push({ kind, text: content, start: end - content.length, end });
    at = end;
  }
  tokens.push({ kind: 'end', text: '<EOF>', start: text.length, end: text.length });
  return tokens;
}

function kindOf(groups: {
  readonly name: string | undefined;
  readonly nameRef: string | undefined;
  readonly valueRef: string | undefined;
  readonly index: string | undefined;
}): Token['kind'] {
  if (groups.name !== undefined) return 'name';
  if (groups.nameRef !== undefined) return 'nameRef';
  if (groups.valueRef !== undefined) return 'valueRef';
  return groups.index === undefined ? 'symbol' : 'index';
}

const END: Token = { kind: 'end', text: '<EOF>', start: 0, end: 0 };

export function peek(cursor: Cursor, ahead = 0): Token {
  return cursor.tokens[cursor.at + ahead] ?? cursor.tokens.at(-1) ?? END;
}

/** Takes the next token whatever it is. */
export function take(cursor: Cursor): Token {
  const token = peek(cursor);
  cursor.at += 1;
  return token;
}

export function isSymbol(cursor: Cursor, symbol: string): boolean {
  const token = peek(cursor);
  return token.kind === 'symbol' && token.text === symbol;
}

/** Takes the symbol if it is next. */
export function takeSymbol(cursor: Cursor, symbol: string): boolean {
  if (!isSymbol(cursor, symbol)) return false;
  cursor.at += 1;
  return true;
}

/** Takes the keyword (upper case) if it is next, in any letter case. */
export function takeKeyword(cursor: Cursor, keyword: string): boolean {
  const token = peek(cursor);
  if (token.kind !== 'name' || token.text.toUpperCase() !== keyword) return false;
  cursor.at += 1;
  return true;
}

export function expectSymbol(cursor: Cursor, symbol: string): void {
  if (!takeSymbol(cursor, symbol)) throw unexpected(cursor);
}

export function expectEnd(cursor: Cursor): void {
  if (peek(cursor).kind !== 'end') throw unexpected(cursor);
}

/**
 * AWS: names the token and shows the text from the token before it to the token after it, e.g.
 * `token: "SYNTAX", near: "INVALID SYNTAX HERE"`.
 */
export function unexpected(cursor: Cursor): SyntaxProblem {
  const token = peek(cursor);
  const before = cursor.tokens[cursor.at - 1] ?? token;
  const after = peek(cursor, 1);
  const near = cursor.text.slice(before.start, token.kind === 'end' ? before.end : after.end);
  // The end of the text ends the window at the last real token.
  const window = after.kind === 'end' ? near.trimEnd() : near;
  return new SyntaxProblem(`Syntax error; token: "${token.text}", near: "${window}"`);
}
