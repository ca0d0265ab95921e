// Parses PartiQL statements: SELECT, INSERT, UPDATE in both its forms, and DELETE.
import { malformedStatement } from '../errors.ts';
import {
  expectKeyword,
  isAtEnd,
  isKeyword,
  isSymbol,
  openCursor,
  parseList,
  peek,
  take,
  takeKeyword,
  type Cursor,
  type Parsers,
} from './cursor.ts';
import { tokenize } from './lexer.ts';
import { parseExpression } from './parse-expression.ts';
import { parseSimplePath, takeAlias } from './parse-term.ts';
import type {
  Change,
  Column,
  Expression,
  OrderTerm,
  Place,
  ReturningMapping,
  SelectNode,
  Source,
} from './syntax-tree.ts';

const PARSERS: Parsers = { expression: parseExpression, statement: parseStatementTerm };

/** A statement and how many parameters it takes. */
export interface ParsedStatement {
  readonly tree: Expression;
  readonly parameters: number;
}

/** Throws the service's error. Any expression is a statement here; what it may be comes later. */
export function parseStatement(text: string): ParsedStatement {
  const cursor = openCursor(tokenize(text), PARSERS);
  const tree = parseExpression(cursor);
  if (!isAtEnd(cursor)) {
    throw malformedStatement(
      isSymbol(cursor, ';')
        ? 'Unexpected token after semicolon. (Only one query is allowed.)'
        : 'Unexpected token after expression',
    );
  }
  return { tree, parameters: cursor.parameters };
}

/** The statement that begins with the keyword that is next; undefined when none does. */
function parseStatementTerm(cursor: Cursor): Expression | undefined {
  const { text, at } = peek(cursor);
  switch (text) {
    case 'select':
      take(cursor);
      return parseSelect(cursor, at);
    case 'insert_into':
      take(cursor);
      return parseInsert(cursor, at);
    case 'update':
      take(cursor);
      return parseUpdate(cursor, at);
    case 'from':
      take(cursor);
      return parseFromFirst(cursor, at);
    case 'delete':
      take(cursor);
      return parseDelete(cursor, at);
    case 'set':
    case 'remove':
      throw malformedStatement('Unexpected keyword');
    default:
      return undefined;
  }
}

/** Binds FROM and WHERE tighter than a surrounding operator. */
const CLAUSE_PRECEDENCE = 6;

function parseSelect(cursor: Cursor, at: Place): Expression {
  const distinct = takeKeyword(cursor, 'distinct');
  if (!distinct) takeKeyword(cursor, 'all');
  const valueClause = isKeyword(cursor, 'value')
    ? { name: 'VALUE', at: take(cursor).at }
    : undefined;
  const columns = parseColumns(cursor);
  if (!takeKeyword(cursor, 'from')) throw malformedStatement('Expected FROM after SELECT list');
  const table = parseExpression(cursor, CLAUSE_PRECEDENCE);
  const from = { table, alias: takeAlias(cursor) };
  const join = isSymbol(cursor, ',') ? { name: 'JOIN', at: take(cursor).at } : undefined;
  if (join !== undefined) parseExpression(cursor, CLAUSE_PRECEDENCE);
  const where = takeKeyword(cursor, 'where')
    ? parseExpression(cursor, CLAUSE_PRECEDENCE)
    : undefined;
  const orderBy = parseOrderBy(cursor);
  const extraClause = valueClause ?? join ?? parseExtraClause(cursor);
  const node: SelectNode = {
    kind: 'select',
    distinct,
    columns,
    from,
    where,
    orderBy,
    extraClause,
    at,
  };
  return node;
}

function parseColumns(cursor: Cursor): 'all' | Column[] {
  if (isSymbol(cursor, '*')) {
    take(cursor);
    if (isSymbol(cursor, ',')) throw notAlone();
    return 'all';
  }
  if (isKeyword(cursor, 'from')) throw malformedStatement('Unexpected keyword');
  return parseList(cursor, () => {
    if (isSymbol(cursor, '*')) throw notAlone();
    return { expression: parseExpression(cursor), alias: takeAlias(cursor) };
  });
}

function notAlone(): Error {
  return malformedStatement(
    "Other expressions may not be present in the select list when '*' is used without dot notation.",
  );
}

function parseOrderBy(cursor: Cursor): OrderTerm[] {
  if (!takeKeyword(cursor, 'order')) return [];
  expectKeyword(cursor, 'by');
  return parseList(cursor, () => {
    const expression = parseExpression(cursor);
    const descending = takeKeyword(cursor, 'desc');
    const explicit = descending || takeKeyword(cursor, 'asc');
    return { expression, descending, explicit };
  });
}

/** GROUP BY, HAVING and LIMIT are PartiQL, if not DynamoDB's. */
function parseExtraClause(cursor: Cursor): { name: string; at: Place } | undefined {
  let found: { name: string; at: Place } | undefined;
  for (const name of ['group', 'having', 'limit', 'offset']) {
    if (!takeKeyword(cursor, name)) continue;
    if (name === 'group') expectKeyword(cursor, 'by');
    const { at } = peek(cursor);
    parseList(cursor, () => parseExpression(cursor, CLAUSE_PRECEDENCE));
    found ??= { name: name === 'group' ? 'GROUP BY' : name.toUpperCase(), at };
  }
  return found;
}

function parseInsert(cursor: Cursor, at: Place): Expression {
  const table = parseSimplePath(cursor);
  const single = takeKeyword(cursor, 'value');
  const value = parseExpression(cursor);
  let extraClause: string | undefined = single ? undefined : 'INSERT';
  if (single && isKeyword(cursor, 'at')) {
    take(cursor);
    parseExpression(cursor);
    extraClause = 'AT';
  }
  if (single && takeKeyword(cursor, 'on_conflict')) {
    throw malformedStatement('invalid ON CONFLICT syntax');
  }
  if (single && parseReturning(cursor) !== undefined) extraClause = 'RETURNING';
  return { kind: 'insert', table, value, extraClause, at };
}

function parseUpdate(cursor: Cursor, at: Place): Expression {
  const from = parseTarget(cursor);
  const changes = parseChanges(cursor);
  const where = parseWhere(cursor);
  return { kind: 'update', from, changes, where, returning: parseReturning(cursor), at };
}

/** AWS: `FROM "t" WHERE … SET …` is an UPDATE. paritysuite, fromFirstUpdate.test.ts */
function parseFromFirst(cursor: Cursor, at: Place): Expression {
  const table = parseExpression(cursor);
  const from = { table, alias: takeAlias(cursor) };
  const where = parseWhere(cursor);
  const changes = parseChanges(cursor);
  return { kind: 'update', from, changes, where, returning: parseReturning(cursor), at };
}

function parseDelete(cursor: Cursor, at: Place): Expression {
  if (!takeKeyword(cursor, 'from')) throw malformedStatement('Expected FROM after DELETE');
  const from = parseTarget(cursor);
  const where = parseWhere(cursor);
  return { kind: 'delete', from, where, returning: parseReturning(cursor), at };
}

function parseTarget(cursor: Cursor): Source {
  const table = parseSimplePath(cursor);
  return { table, alias: takeAlias(cursor) };
}

function parseWhere(cursor: Cursor): Expression | undefined {
  return takeKeyword(cursor, 'where') ? parseExpression(cursor) : undefined;
}

function parseChanges(cursor: Cursor): Change[] {
  const changes: Change[] = [];
  for (;;) {
    if (takeKeyword(cursor, 'set')) {
      changes.push(...parseList(cursor, () => parseAssignment(cursor)));
    } else if (takeKeyword(cursor, 'remove')) {
      changes.push({ kind: 'remove', target: parseSimplePath(cursor) });
    } else if (changes.length === 0) {
      throw malformedStatement('Expected data manipulation');
    } else {
      return changes;
    }
  }
}

function parseAssignment(cursor: Cursor): Change {
  const target = parseSimplePath(cursor);
  if (!takeKeyword(cursor, '=')) throw malformedStatement("Expected '='");
  return { kind: 'set', target, value: parseExpression(cursor) };
}

const MAPPINGS: readonly ReturningMapping[] = [
  'all_old',
  'all_new',
  'modified_old',
  'modified_new',
];

function parseReturning(cursor: Cursor): ReturningMapping | undefined {
  if (!takeKeyword(cursor, 'returning')) return undefined;
  const mapping = MAPPINGS.find((candidate) => takeKeyword(cursor, candidate));
  if (mapping === undefined) {
    throw malformedStatement(
      'Expected ( MODIFIED | ALL ) ( NEW | OLD ) in each returning element.',
    );
  }
  if (!isSymbol(cursor, '*')) {
    throw malformedStatement('Unsupported syntax in RETURNING columns.');
  }
  take(cursor);
  return mapping;
}
