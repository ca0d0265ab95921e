// Splits a PartiQL statement into tokens.
import { malformedStatement } from '../errors.ts';
import { isKeyword, OPERATOR_WORDS, WORD_PAIRS } from './keywords.ts';
import type { Place } from './syntax-tree.ts';

export type TokenKind =
  | 'keyword'
  | 'operator'
  | 'name'
  | 'quoted'
  | 'string'
  | 'number'
  /** Brackets, commas, `?`, `*`, `.`, `;` … */
  | 'symbol'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** Keywords and operators in lower case, quoted texts without their quotes. */
  readonly text: string;
  readonly at: Place;
}

const SPACE = /[ \t\r\n\f\v]+|--[^\r\n]*|\/\*[^]*?\*\//y;
const WORD = /[A-Za-z_$][A-Za-z0-9_$]*/y;
const NUMBER = /(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/y;
/** A number that goes wrong in its exponent. */
const BROKEN_NUMBER = /[0-9.][eE]$/;
const STRING = /'((?:[^']|'')*)'/y;
const QUOTED = /"((?:[^"]|"")*)"/y;
const SYMBOL = /<<|>>|<=|>=|<>|!=|\|\||[()[\]{}:,*;?.<>=+\-/%@]/y;
const OPERATORS: ReadonlySet<string> = new Set([
  '<=',
  '>=',
  '<>',
  '!=',
  '||',
  '<',
  '>',
  '=',
  '+',
  '-',
  '/',
  '%',
  '@',
]);

/** AWS: what cannot be split into tokens is refused without a word why. */
function unreadable(): Error {
  return malformedStatement('');
}

/** Throws the service's error. */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  const cursor: Cursor = { text, at: 0, line: 1, column: 1 };
  for (;;) {
    while (advance(cursor, SPACE) !== undefined);
    if (cursor.at >= text.length) break;
    tokens.push(nextToken(cursor));
  }
  tokens.push({
    kind: 'end',
    text: '',
    at: { line: cursor.line, column: cursor.column, length: 0 },
  });
  return joinWords(tokens);
}

interface Cursor {
  readonly text: string;
  at: number;
  line: number;
  column: number;
}

/** Takes what `pattern` matches here and counts its lines and characters. */
function advance(cursor: Cursor, pattern: RegExp): RegExpExecArray | undefined {
  pattern.lastIndex = cursor.at;
  const match = pattern.exec(cursor.text);
  if (match === null) return undefined;
  cursor.at = pattern.lastIndex;
  for (const character of match[0]) {
    if (character === '\n') {
      cursor.line += 1;
      cursor.column = 1;
    } else {
      cursor.column += 1;
    }
  }
  return match;
}

function nextToken(cursor: Cursor): Token {
  const { line, column, at: start } = cursor;
  const placed = (kind: TokenKind, text: string): Token => {
    const length = Array.from(cursor.text.slice(start, cursor.at)).length;
    return { kind, text, at: { line, column, length } };
  };
  const number = advance(cursor, NUMBER);
  if (number !== undefined) {
    checkNumber(number[0], cursor);
    return placed('number', number[0]);
  }
  const word = advance(cursor, WORD);
  if (word !== undefined) return placed(...readWord(word[0]));
  const string = advance(cursor, STRING);
  if (string !== undefined) return placed('string', (string[1] ?? '').replaceAll("''", "'"));
  const quoted = advance(cursor, QUOTED);
  if (quoted !== undefined) return placed('quoted', (quoted[1] ?? '').replaceAll('""', '"'));
  // An open comment begins like a division.
  if (cursor.text.startsWith('/*', cursor.at)) throw unreadable();
  const symbol = advance(cursor, SYMBOL)?.[0];
  if (symbol === undefined) throw unreadable();
  if (symbol === '!=') return placed('operator', '<>');
  return placed(OPERATORS.has(symbol) ? 'operator' : 'symbol', symbol);
}

function readWord(word: string): [TokenKind, string] {
  const lower = word.toLowerCase();
  if (!isKeyword(lower)) return ['name', word];
  return [OPERATOR_WORDS.has(lower) ? 'operator' : 'keyword', lower];
}

const INT32_MAX = 2_147_483_647;

/**
 * AWS: reads numbers as Java's BigDecimal: an exponent or a scale beyond 32 bits is unreadable.
 * paritysuite/dynamodb-conformance, tests/tier3/error-messages/partiqlGrammar.test.ts
 */
function checkNumber(text: string, { text: whole, at }: Cursor): void {
  if (/[eE]/.test(whole.charAt(at)) && BROKEN_NUMBER.test(whole.slice(at - 1, at + 1))) {
    throw unreadable();
  }
  const [mantissa = '', exponentText = '0'] = text.split(/[eE]/);
  const exponent = Number(exponentText);
  const fraction = mantissa.includes('.') ? mantissa.length - mantissa.indexOf('.') - 1 : 0;
  const scale = fraction - exponent;
  if (exponent > INT32_MAX || exponent < -INT32_MAX - 1) throw unreadable();
  if (scale > INT32_MAX || scale < -INT32_MAX - 1) throw unreadable();
}

/** Makes one token of words such as `INSERT INTO`. */
function joinWords(tokens: readonly Token[]): Token[] {
  const joined: Token[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const [token, next] = [tokens[i], tokens[i + 1]];
    if (token === undefined) continue;
    const pair =
      isWord(token) && next !== undefined && isWord(next) && `${token.text} ${next.text}`;
    const text = pair === false ? undefined : WORD_PAIRS[pair];
    if (text === undefined || next === undefined) {
      joined.push(token);
      continue;
    }
    const length =
      next.at.line === token.at.line
        ? next.at.column + next.at.length - token.at.column
        : token.at.length;
    const operator = token.kind === 'operator' || next.kind === 'operator';
    joined.push({ kind: operator ? 'operator' : 'keyword', text, at: { ...token.at, length } });
    i += 1;
  }
  return joined;
}

function isWord({ kind }: Token): boolean {
  return kind === 'keyword' || kind === 'operator';
}
