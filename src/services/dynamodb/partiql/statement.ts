// From a statement's text to what it asks for, as far as that goes without its table.
import type { AttributeValue, Item } from '../attribute-value.ts';
import { setAttribute } from '../attribute-value.ts';
import { invalid } from '../errors.ts';
import type { BoundAction, BoundCondition, Path } from '../expression/syntax.ts';
import { readChanges } from './changes.ts';
import { literalValue, nodeName, structFields } from './literal.ts';
import { parseStatement, type ParsedStatement } from './parse-statement.ts';
import {
  openReferences,
  parameterValue,
  plainPath,
  unexpectedComponent,
  type References,
} from './references.ts';
import {
  atPlace,
  type CallNode,
  type DeleteNode,
  type Expression,
  type InsertNode,
  type ReturningMapping,
  type SelectNode,
  type Source,
  type UpdateNode,
} from './syntax-tree.ts';
import { readWhere } from './where.ts';

export interface SelectStatement {
  readonly kind: 'select';
  readonly tableName: string;
  readonly indexName: string | undefined;
  /** Undefined for `*`. */
  readonly columns: readonly SelectColumn[] | undefined;
  readonly where: BoundCondition | undefined;
  readonly orderBy: readonly SortTerm[];
}

export interface SelectColumn {
  readonly name: string;
  readonly path: Path;
}

export interface SortTerm {
  readonly attribute: string;
  readonly descending: boolean;
}

export interface InsertStatement {
  readonly kind: 'insert';
  readonly tableName: string;
  readonly item: Item;
}

export interface UpdateStatement {
  readonly kind: 'update';
  readonly tableName: string;
  readonly actions: readonly BoundAction[];
  readonly where: BoundCondition | undefined;
  readonly returning: ReturningMapping | undefined;
}

export interface DeleteStatement {
  readonly kind: 'delete';
  readonly tableName: string;
  readonly where: BoundCondition | undefined;
  readonly returning: ReturningMapping | undefined;
}

/** `EXISTS(SELECT …)`: a condition of a transaction. */
export interface ExistsStatement {
  readonly kind: 'exists';
  readonly tableName: string;
  readonly select: SelectStatement;
}

export type WriteStatement = InsertStatement | UpdateStatement | DeleteStatement;
export type Statement = SelectStatement | WriteStatement | ExistsStatement;

/** Applications send few distinct texts, again and again. */
const REMEMBERED = 1000;
const remembered = new Map<string, ParsedStatement>();

/** Throws the service's errors. */
export function readStatement(text: string, parameters: readonly AttributeValue[]): Statement {
  const { tree, parameters: wanted } = parse(text);
  const references = openReferences(parameters);
  // Asks for the last one: all the others are there when it is.
  if (wanted > 0) parameterValue(references, wanted - 1);
  if (tree.kind === 'select') return readSelect(tree, references);
  if (tree.kind === 'insert') return readInsert(tree, references);
  if (tree.kind === 'update') return readUpdate(tree, references);
  if (tree.kind === 'delete') return readDelete(tree, references);
  if (tree.kind === 'call' && tree.name === 'exists') return readExists(tree, references);
  throw invalid(`Unsupported operation: ${nodeName(tree)}`);
}

function parse(text: string): ParsedStatement {
  let parsed = remembered.get(text);
  if (parsed === undefined) {
    parsed = parseStatement(text);
    const [oldest] = remembered.keys();
    if (remembered.size >= REMEMBERED && oldest !== undefined) remembered.delete(oldest);
    remembered.set(text, parsed);
  }
  return parsed;
}

/** The table, and the index behind it. */
function readSource({ table, alias }: Source): readonly [string, string | undefined] {
  if (alias !== undefined) throw invalid('Aliasing is not supported');
  const [tableName = '', indexName, ...more] = sourceComponents(table);
  if (more.length > 0) {
    throw invalid('A path may contain at most 2 components in the FROM clause');
  }
  if (tableName === '' || indexName === '') {
    throw invalid('Path component cannot be an empty string');
  }
  return [tableName, indexName];
}

function sourceComponents(node: Expression): string[] {
  if (node.kind === 'name') return [node.name];
  if (node.kind !== 'path' || node.root.kind !== 'name') {
    throw invalid(`Unexpected from source${atPlace(node.at)}`);
  }
  const members = node.steps.map((step) => {
    if (step.kind !== 'member') throw invalid(`Unexpected path component${atPlace(step.at)}`);
    return step.name;
  });
  return [node.root.name, ...members];
}

/** AWS: a write names the table alone. */
function readTarget(source: Source): string {
  const [tableName, indexName] = readSource(source);
  if (indexName !== undefined) throw invalid('This operation is not supported on an index');
  return tableName;
}

function readSelect(node: SelectNode, references: References): SelectStatement {
  const { columns, extraClause } = node;
  const [tableName, indexName] = readSource(node.from);
  if (extraClause !== undefined) {
    throw invalid(`Unsupported clause: ${extraClause.name}${atPlace(extraClause.at)}`);
  }
  if (node.distinct) throw invalid(`Unsupported clause: DISTINCT${atPlace(node.at)}`);
  return {
    kind: 'select',
    tableName,
    indexName,
    columns: columns === 'all' ? undefined : readColumns(columns),
    where: node.where && readWhere(node.where, references),
    orderBy: node.orderBy.map(({ expression, descending }) => {
      if (expression.kind !== 'name') throw unexpectedComponent(expression);
      return { attribute: expression.name, descending };
    }),
  };
}

function readColumns(columns: Exclude<SelectNode['columns'], 'all'>): SelectColumn[] {
  const read = columns.map(({ expression, alias }) => {
    if (alias !== undefined) throw invalid('Aliasing is not supported');
    const path = plainPath(expression);
    return { name: columnName(path), path };
  });
  const names = new Set<string>();
  for (const { name } of read) {
    if (names.has(name)) throw invalid(`Duplicate identifiers in select clause: ${name}`);
    names.add(name);
  }
  return read;
}

/** AWS: `a.b[0]` is the column `b[0]`. floci, PartiQLEdgeCaseIntegrationTest */
function columnName(path: Path): string {
  const last = path.findLastIndex((step) => typeof step === 'string');
  const [name, ...indexes] = path.slice(last);
  return `${name}${indexes.map((index) => `[${index}]`).join('')}`;
}

function readInsert(node: InsertNode, references: References): InsertStatement {
  const components = sourceComponents(node.table);
  if (components.length > 1) throw invalid('FROM clause may only contain a single table name');
  const tableName = readTarget({ table: node.table, alias: undefined });
  if (node.extraClause === 'RETURNING') throw invalid('RETURNING is not supported in INSERT');
  if (node.extraClause !== undefined) {
    throw invalid(`Unsupported clause: ${node.extraClause}${atPlace(node.at)}`);
  }
  if (node.value.kind !== 'struct') {
    throw invalid(
      `Unsupported data type: ${nodeName(node.value)} under key root${atPlace(node.value.at)}`,
    );
  }
  const item: Record<string, AttributeValue> = {};
  for (const [name, value] of structFields(node.value)) {
    const parameter = value.kind === 'parameter';
    const read = parameter ? parameterValue(references, value.number) : literalValue(value);
    setAttribute(item, name, read);
  }
  return { kind: 'insert', tableName, item };
}

function readUpdate(node: UpdateNode, references: References): UpdateStatement {
  return {
    kind: 'update',
    tableName: readTarget(node.from),
    actions: readChanges(node.changes, references),
    where: node.where && readWhere(node.where, references),
    returning: node.returning,
  };
}

function readDelete(node: DeleteNode, references: References): DeleteStatement {
  const tableName = readTarget(node.from);
  const { returning } = node;
  if (returning !== undefined && returning !== 'all_old') {
    const clause = returning.toUpperCase().replace('_', ' ');
    throw invalid(
      `Invalid returning clause: RETURNING ${clause} *. Only RETURNING ALL OLD * is allowed in DELETE statements.`,
    );
  }
  const where = node.where && readWhere(node.where, references);
  return { kind: 'delete', tableName, where, returning };
}

function readExists({ args, at }: CallNode, references: References): ExistsStatement {
  const [node] = args;
  if (args.length !== 1 || node?.kind !== 'select') {
    throw invalid(`Unrecognized function: exists${atPlace(at)}`);
  }
  const select = readSelect(node, references);
  return { kind: 'exists', tableName: select.tableName, select };
}
