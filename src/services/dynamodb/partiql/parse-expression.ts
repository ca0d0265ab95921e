// Parses PartiQL expressions by precedence of operators.
import { malformedStatement } from '../errors.ts';
import {
  expectKeyword,
  expectSymbol,
  isSymbol,
  nested,
  parseList,
  peek,
  take,
  takeSymbol,
  type Cursor,
} from './cursor.ts';
import { TYPE_WORDS } from './keywords.ts';
import type { Token } from './lexer.ts';
import { parsePath } from './parse-term.ts';
import type { BinaryOperator, Expression } from './syntax-tree.ts';

/** Higher binds tighter. Source: the PartiQL specification. */
const PRECEDENCE: Readonly<Record<string, number>> = {
  or: 10,
  and: 20,
  '=': 40,
  '<>': 40,
  is: 40,
  is_not: 40,
  in: 40,
  not_in: 40,
  '<': 50,
  '<=': 50,
  '>': 50,
  '>=': 50,
  between: 50,
  not_between: 50,
  like: 50,
  not_like: 50,
  '+': 60,
  '-': 60,
  '||': 60,
  '*': 70,
  '/': 70,
  '%': 70,
};
const NOT_PRECEDENCE = 30;

function infixPrecedence({ kind, text }: Token): number {
  if (kind === 'operator' || (kind === 'symbol' && text === '*')) return PRECEDENCE[text] ?? 0;
  return 0;
}

/** Reads as much as binds tighter than `precedence`. */
export function parseExpression(cursor: Cursor, precedence = -1): Expression {
  return nested(cursor, () => {
    let left = parseUnary(cursor);
    for (;;) {
      const operator = peek(cursor);
      const binding = infixPrecedence(operator);
      if (binding === 0 || binding <= precedence) return left;
      take(cursor);
      left = parseInfix(cursor, left, operator);
    }
  });
}

function parseInfix(cursor: Cursor, left: Expression, operator: Token): Expression {
  const { at, text } = operator;
  switch (text) {
    case 'is':
    case 'is_not': {
      const test: Expression = { kind: 'is', operand: left, type: parseType(cursor), at };
      return negatedIf(text === 'is_not', test);
    }
    case 'in':
    case 'not_in': {
      const choices = parseChoices(cursor, operator);
      return negatedIf(text === 'not_in', { kind: 'in', operand: left, choices, at });
    }
    case 'between':
    case 'not_between': {
      const low = parseRight(cursor, operator);
      expectKeyword(cursor, 'and');
      if (peek(cursor).kind === 'end') throw malformedStatement('Expected expression after AND');
      const high = parseExpression(cursor, PRECEDENCE['between']);
      return negatedIf(text === 'not_between', { kind: 'between', operand: left, low, high, at });
    }
    case 'like':
    case 'not_like': {
      const pattern = parseRight(cursor, operator);
      return negatedIf(text === 'not_like', { kind: 'like', operand: left, pattern, at });
    }
    default: {
      const right = parseRight(cursor, operator);
      return { kind: 'binary', operator: text as BinaryOperator, left, right, at };
    }
  }
}

function negatedIf(negated: boolean, operand: Expression): Expression {
  return negated ? { kind: 'not', operand, at: operand.at } : operand;
}

function parseRight(cursor: Cursor, operator: Token): Expression {
  if (peek(cursor).kind === 'end') {
    throw malformedStatement('Missing right-hand side expression of infix operator');
  }
  return parseExpression(cursor, infixPrecedence(operator));
}

/** `IN (a, b)` is a list, whatever a parenthesis means elsewhere. */
function parseChoices(cursor: Cursor, operator: Token): Expression {
  const { at } = peek(cursor);
  if (!isSymbol(cursor, '(')) return parseRight(cursor, operator);
  take(cursor);
  const items = parseList(cursor, () => parseExpression(cursor));
  expectSymbol(cursor, ')');
  return { kind: 'list', items, at };
}

function parseType(cursor: Cursor): string {
  const { kind, text } = peek(cursor);
  if (kind !== 'keyword' || !TYPE_WORDS.has(text)) throw malformedStatement('Expected type name');
  take(cursor);
  if (takeSymbol(cursor, '(')) {
    parseList(cursor, () => take(cursor));
    expectSymbol(cursor, ')');
  }
  return text;
}

function parseUnary(cursor: Cursor): Expression {
  const { kind, text, at } = peek(cursor);
  if (kind !== 'operator' || !['not', '+', '-'].includes(text)) return parsePath(cursor);
  take(cursor);
  if (text === 'not') return { kind: 'not', operand: parseExpression(cursor, NOT_PRECEDENCE), at };
  const operand = nested(cursor, () => parseUnary(cursor));
  if (operand.kind !== 'number') return { kind: 'sign', operand, at };
  return text === '+' ? operand : { ...operand, text: negate(operand.text) };
}

function negate(number: string): string {
  return number.startsWith('-') ? number.slice(1) : `-${number}`;
}
