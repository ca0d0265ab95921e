// Parses the terms of PartiQL expressions: literals, paths, calls; statements are terms like others.
import { unreachable } from '../../../base/errors.ts';
import { malformedStatement } from '../errors.ts';
import {
  expectSymbol,
  isKeyword,
  isName,
  isSymbol,
  parseList,
  peek,
  take,
  takeSymbol,
  type Cursor,
} from './cursor.ts';
import { FUNCTION_WORDS } from './keywords.ts';
import type { Token } from './lexer.ts';
import type { Expression, PathStep, Place } from './syntax-tree.ts';

export function parsePath(cursor: Cursor): Expression {
  const root = parseTerm(cursor);
  const steps = parseSteps(cursor, false);
  return steps.length === 0 ? root : { kind: 'path', root, steps, at: root.at };
}

/** A name and steps below it: what can be written to. */
export function parseSimplePath(cursor: Cursor): Expression {
  const token = peek(cursor);
  if (!isName(token)) throw malformedStatement('Expected identifier for simple path');
  take(cursor);
  const root = nameNode(token);
  const steps = parseSteps(cursor, true);
  return steps.length === 0 ? root : { kind: 'path', root, steps, at: root.at };
}

function nameNode({ kind, text, at }: Token): Expression {
  return { kind: 'name', name: text, quoted: kind === 'quoted', at };
}

function parseSteps(cursor: Cursor, simple: boolean): PathStep[] {
  const steps: PathStep[] = [];
  for (;;) {
    if (takeSymbol(cursor, '.')) steps.push(parseMember(cursor, simple));
    else if (takeSymbol(cursor, '[')) steps.push(parseIndex(cursor, simple));
    else return steps;
  }
}

function parseMember(cursor: Cursor, simple: boolean): PathStep {
  const token = peek(cursor);
  if (isName(token)) {
    take(cursor);
    return { kind: 'member', name: token.text, quoted: token.kind === 'quoted', at: token.at };
  }
  if (!isSymbol(cursor, '*')) throw malformedStatement('Invalid path dot component');
  if (simple) throw malformedStatement('Invalid path dot component for simple path');
  take(cursor);
  return { kind: 'wildcard', at: token.at };
}

function parseIndex(cursor: Cursor, simple: boolean): PathStep {
  const { at } = peek(cursor);
  if (!simple && takeSymbol(cursor, '*')) {
    expectSymbol(cursor, ']');
    return { kind: 'wildcard', at };
  }
  const index = cursor.parse.expression(cursor);
  expectSymbol(cursor, ']');
  return { kind: 'index', index, at };
}

function parseTerm(cursor: Cursor): Expression {
  const token = peek(cursor);
  switch (token.kind) {
    case 'operator':
      throw malformedStatement('Unexpected operator');
    case 'keyword':
      return parseKeywordTerm(cursor, token);
    case 'string':
      take(cursor);
      return { kind: 'string', text: token.text, at: token.at };
    case 'number':
      take(cursor);
      return { kind: 'number', text: token.text, at: token.at };
    case 'name':
    case 'quoted': {
      take(cursor);
      return isSymbol(cursor, '(') ? parseCall(cursor, token) : nameNode(token);
    }
    case 'symbol':
      return parseSymbolTerm(cursor, token);
    case 'end':
      throw malformedStatement('Unexpected term');
    default:
      return unreachable(token.kind);
  }
}

function parseKeywordTerm(cursor: Cursor, { text, at }: Token): Expression {
  if (text === 'true' || text === 'false') {
    take(cursor);
    return { kind: 'boolean', value: text === 'true', at };
  }
  if (text === 'null' || text === 'missing') {
    take(cursor);
    return { kind: text, at };
  }
  if (FUNCTION_WORDS.has(text)) {
    const name = take(cursor);
    if (!isSymbol(cursor, '(')) throw malformedStatement('Unexpected keyword');
    return parseCall(cursor, name);
  }
  const statement = cursor.parse.statement(cursor);
  if (statement === undefined) throw malformedStatement('Unexpected keyword');
  return statement;
}

/** The name is taken, the parenthesis is next. */
function parseCall(cursor: Cursor, { text, at }: Token): Expression {
  const name = text.toLowerCase();
  expectSymbol(cursor, '(');
  if (takeSymbol(cursor, ')')) return { kind: 'call', name, args: [], at };
  const star = peek(cursor);
  if (takeSymbol(cursor, '*')) {
    if (name !== 'count') throw malformedStatement(`${name}(*) is not allowed`);
    expectSymbol(cursor, ')');
    return { kind: 'call', name, args: [{ kind: 'star', at: star.at }], at };
  }
  const args = parseList(cursor, () => cursor.parse.expression(cursor));
  expectSymbol(cursor, ')');
  return { kind: 'call', name, args, at };
}

function parseSymbolTerm(cursor: Cursor, { text, at }: Token): Expression {
  switch (text) {
    case '(':
      return parseGroup(cursor, at);
    case '[':
      take(cursor);
      return { kind: 'list', items: parseItems(cursor, ']'), at };
    case '<<':
      take(cursor);
      return { kind: 'bag', items: parseItems(cursor, '>>'), at };
    case '{':
      return parseStruct(cursor, at);
    case '?':
      take(cursor);
      return { kind: 'parameter', number: cursor.parameters++, at };
    default:
      throw malformedStatement('Unexpected term');
  }
}

function parseItems(cursor: Cursor, closing: string): Expression[] {
  if (takeSymbol(cursor, closing)) return [];
  const items = parseList(cursor, () => cursor.parse.expression(cursor));
  expectSymbol(cursor, closing);
  return items;
}

/** One expression in parentheses is itself; several are a list. */
function parseGroup(cursor: Cursor, at: Place): Expression {
  take(cursor);
  if (isSymbol(cursor, ')')) throw malformedStatement('Unexpected term');
  const items = parseList(cursor, () => cursor.parse.expression(cursor));
  expectSymbol(cursor, ')');
  const [only] = items;
  return items.length === 1 && only !== undefined ? only : { kind: 'list', items, at };
}

function parseStruct(cursor: Cursor, at: Place): Expression {
  take(cursor);
  if (takeSymbol(cursor, '}')) return { kind: 'struct', fields: [], at };
  const fields = parseList(cursor, () => {
    const key = cursor.parse.expression(cursor);
    expectSymbol(cursor, ':');
    return { key, value: cursor.parse.expression(cursor) };
  });
  expectSymbol(cursor, '}');
  return { kind: 'struct', fields, at };
}

/** Whether a name that could be an alias is next. */
export function takeAlias(cursor: Cursor): string | undefined {
  if (isKeyword(cursor, 'as')) {
    take(cursor);
    if (!isName(peek(cursor))) throw malformedStatement('Expected identifier for AS-alias');
    return take(cursor).text;
  }
  return isName(peek(cursor)) ? take(cursor).text : undefined;
}
