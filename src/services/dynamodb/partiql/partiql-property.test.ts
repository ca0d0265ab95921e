// Random statements: what is printed from a parsed one parses to the same, and SELECT finds what
// Query and Scan find on random tables.
import {
  CreateTableCommand,
  DynamoDBClient,
  ExecuteStatementCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  type AttributeValue,
} from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCloud, type TestCloud } from '../../../testing/create-cloud.ts';
import { parseStatement } from './parse-statement.ts';
import type { BinaryOperator, Change, Expression, Place, PathStep, Source } from './syntax-tree.ts';

// Trees without places, which printing does not keep.

const at: Place = { line: 1, column: 1, length: 1 };

function withoutPlaces(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPlaces);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== 'at')
      .map(([name, member]) => [name, withoutPlaces(member)]),
  );
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function printAll(nodes: readonly Expression[]): string {
  return nodes.map(print).join(', ');
}

/** Every operand in parentheses, so that precedence does not matter. */
function group(node: Expression): string {
  return `(${print(node)})`;
}

function print(node: Expression): string {
  switch (node.kind) {
    case 'name':
      return quote(node.name);
    case 'path':
      return print(node.root) + node.steps.map(printStep).join('');
    case 'string':
      return `'${node.text.replaceAll("'", "''")}'`;
    case 'number':
      return node.text.startsWith('-') ? `- ${node.text.slice(1)}` : node.text;
    case 'boolean':
      return String(node.value);
    case 'null':
    case 'missing':
      return node.kind;
    case 'star':
      return '*';
    case 'parameter':
      return '?';
    case 'list':
      return `[${printAll(node.items)}]`;
    case 'bag':
      return `<<${printAll(node.items)}>>`;
    case 'struct':
      return `{${node.fields.map(({ key, value }) => `${print(key)}: ${print(value)}`).join(', ')}}`;
    case 'call':
      return `${node.name}(${printAll(node.args)})`;
    case 'not':
      return `NOT ${group(node.operand)}`;
    case 'sign':
      return `- ${print(node.operand)}`;
    case 'binary':
      return `${group(node.left)} ${node.operator} ${group(node.right)}`;
    case 'between':
      return `${group(node.operand)} BETWEEN ${group(node.low)} AND ${group(node.high)}`;
    case 'in':
      return `${group(node.operand)} IN ${print(node.choices)}`;
    case 'is':
      return `${group(node.operand)} IS ${node.type}`;
    case 'like':
      return `${group(node.operand)} LIKE ${group(node.pattern)}`;
    case 'select':
      return [
        'SELECT',
        node.columns === 'all' ? '*' : printAll(node.columns.map(({ expression }) => expression)),
        `FROM ${printSource(node.from)}`,
        ...printWhere(node.where),
        ...(node.orderBy.length === 0 ? [] : ['ORDER BY']),
        node.orderBy
          .map(({ expression, descending, explicit }) =>
            [print(expression), ...(explicit ? [descending ? 'DESC' : 'ASC'] : [])].join(' '),
          )
          .join(', '),
      ].join(' ');
    case 'insert':
      return `INSERT INTO ${print(node.table)} VALUE ${print(node.value)}`;
    case 'update':
      return [
        `UPDATE ${printSource(node.from)}`,
        ...node.changes.map(printChange),
        ...printWhere(node.where),
        ...printReturning(node.returning),
      ].join(' ');
    case 'delete':
      return [
        `DELETE FROM ${printSource(node.from)}`,
        ...printWhere(node.where),
        ...printReturning(node.returning),
      ].join(' ');
  }
}

function printStep(step: PathStep): string {
  if (step.kind === 'member') return `.${quote(step.name)}`;
  return step.kind === 'index' ? `[${print(step.index)}]` : '.*';
}

function printSource({ table }: Source): string {
  return print(table);
}

function printWhere(where: Expression | undefined): string[] {
  return where === undefined ? [] : [`WHERE ${print(where)}`];
}

function printReturning(returning: string | undefined): string[] {
  return returning === undefined
    ? []
    : [`RETURNING ${returning.replace('_', ' ').toUpperCase()} *`];
}

function printChange(change: Change): string {
  return change.kind === 'remove'
    ? `REMOVE ${print(change.target)}`
    : `SET ${print(change.target)} = ${print(change.value)}`;
}

const texts = fc.string({ unit: 'grapheme', maxLength: 6 });
const attributeNames = fc.oneof(fc.constantFrom('a', 'Select', 'inner', 'a b', '"'), texts);
const numbers = fc
  .tuple(fc.bigInt({ min: -(10n ** 37n), max: 10n ** 37n }), fc.constantFrom('', '.5', 'e3', 'E-7'))
  .map(([digits, tail]) => `${digits}${tail}`);

const { expression } = fc.letrec<{ expression: Expression }>((tie) => {
  const inner = tie('expression');
  const inners = fc.array(inner, { maxLength: 3 });
  const several = fc.array(inner, { minLength: 1, maxLength: 3 });
  const name = attributeNames.map((text): Expression => ({
    kind: 'name',
    name: text,
    quoted: true,
    at,
  }));
  const step: fc.Arbitrary<PathStep> = fc.oneof(
    attributeNames.map((text): PathStep => ({ kind: 'member', name: text, quoted: true, at })),
    fc
      .nat(9)
      .map((i): PathStep => ({ kind: 'index', index: { kind: 'number', text: `${i}`, at }, at })),
  );
  return {
    expression: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      name,
      texts.map((text): Expression => ({ kind: 'string', text, at })),
      numbers.map((text): Expression => ({ kind: 'number', text, at })),
      fc.boolean().map((value): Expression => ({ kind: 'boolean', value, at })),
      fc.constantFrom<Expression>({ kind: 'null', at }, { kind: 'missing', at }),
      fc
        .tuple(name, fc.array(step, { minLength: 1, maxLength: 3 }))
        .map(([root, steps]): Expression => ({ kind: 'path', root, steps, at })),
      inners.map((items): Expression => ({ kind: 'list', items, at })),
      inners.map((items): Expression => ({ kind: 'bag', items, at })),
      fc.array(fc.tuple(texts, inner), { maxLength: 3 }).map((fields): Expression => ({
        kind: 'struct',
        fields: fields.map(([text, value]) => ({ key: { kind: 'string', text, at }, value })),
        at,
      })),
      fc
        .tuple(fc.constantFrom('size', 'contains', 'set_add', 'foo'), inners)
        .map(([call, args]): Expression => ({ kind: 'call', name: call, args, at })),
      inner.map((operand): Expression => ({ kind: 'not', operand, at })),
      fc
        .tuple(
          fc.constantFrom<BinaryOperator>('=', '<>', '<=', '+', '-', '*', '||', 'and', 'or'),
          inner,
          inner,
        )
        .map(([operator, left, right]): Expression => ({
          kind: 'binary',
          operator,
          left,
          right,
          at,
        })),
      fc
        .tuple(inner, inner, inner)
        .map(([operand, low, high]): Expression => ({ kind: 'between', operand, low, high, at })),
      fc.tuple(inner, several).map(([operand, items]): Expression => ({
        kind: 'in',
        operand,
        choices: { kind: 'list', items, at },
        at,
      })),
      fc
        .tuple(inner, fc.constantFrom('null', 'missing', 'string', 'tuple'))
        .map(([operand, type]): Expression => ({ kind: 'is', operand, type, at })),
    ),
  };
});

const table = attributeNames.map((name): Expression => ({ kind: 'name', name, quoted: true, at }));
const source = table.map((node): Source => ({ table: node, alias: undefined }));
const where = fc.option(expression, { nil: undefined });
const mapping = fc.constantFrom('all_old', 'all_new', 'modified_old', 'modified_new', undefined);
const target = table;

const statements: fc.Arbitrary<Expression> = fc.oneof(
  fc
    .record({
      columns: fc.oneof(
        fc.constant('all' as const),
        fc.array(
          expression.map((node) => ({ expression: node, alias: undefined })),
          {
            minLength: 1,
            maxLength: 3,
          },
        ),
      ),
      from: source,
      where,
      orderBy: fc.array(
        fc
          .record({ expression: target, descending: fc.boolean(), explicit: fc.boolean() })
          .map((term) => ({ ...term, explicit: term.explicit || term.descending })),
        { maxLength: 2 },
      ),
    })
    .map((parts): Expression => ({
      kind: 'select',
      distinct: false,
      extraClause: undefined,
      at,
      ...parts,
    })),
  fc.tuple(table, expression).map(([into, value]): Expression => ({
    kind: 'insert',
    table: into,
    value,
    extraClause: undefined,
    at,
  })),
  fc
    .record({
      from: source,
      where,
      returning: mapping,
      changes: fc.array(
        fc.oneof(
          fc.record({ kind: fc.constant('set' as const), target, value: expression }),
          fc.record({ kind: fc.constant('remove' as const), target }),
        ),
        { minLength: 1, maxLength: 3 },
      ),
    })
    .map((parts): Expression => ({ kind: 'update', at, ...parts })),
  fc
    .record({ from: source, where, returning: mapping })
    .map((parts): Expression => ({ kind: 'delete', at, ...parts })),
);

test('what is printed from a statement parses to the statement', () => {
  fc.assert(
    fc.property(statements, (tree) => {
      expect(withoutPlaces(parseStatement(print(tree)).tree)).toEqual(withoutPlaces(tree));
    }),
    { numRuns: 2000 },
  );
});

test('parameters are numbered in the order they stand', () => {
  const { tree, parameters } = parseStatement(`SELECT a FROM t WHERE b = ? AND c IN [?, ?]`);
  expect(parameters).toBe(3);
  expect(JSON.stringify(tree).match(/"number":\d/g)).toEqual([
    '"number":0',
    '"number":1',
    '"number":2',
  ]);
});

test('no text makes the parser fail in another way than refusing', () => {
  const words = fc.constantFrom(
    ...`SELECT INSERT INTO UPDATE DELETE FROM WHERE VALUE SET REMOVE AND OR NOT IN IS NULL MISSING
    BETWEEN LIKE ORDER BY ASC RETURNING ALL OLD * ( ) [ ] { } << >> , : ; ? . - + = <> 'a' "t" x 1 1e5
    exists size null limit group select`.split(/\s+/),
  );
  fc.assert(
    fc.property(fc.array(words, { maxLength: 20 }), (parts) => {
      try {
        parseStatement(parts.join(' '));
      } catch (error) {
        expect(String(error)).toContain("Statement wasn't well formed");
      }
    }),
    { numRuns: 5000 },
  );
});

// SELECT against Query and Scan.

let cloud: TestCloud;
let db: DynamoDBClient;

beforeAll(async () => {
  cloud = await createCloud();
  db = cloud.client(DynamoDBClient);
});
afterAll(() => cloud.close());

type Row = Record<string, AttributeValue>;

let tables = 0;

async function fill(rows: readonly Row[]): Promise<string> {
  const TableName = `random-${tables++}`;
  await db.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'N' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
    }),
  );
  await Promise.all(rows.map((Item) => db.send(new PutItemCommand({ TableName, Item }))));
  return TableName;
}

/** A condition in both languages: PartiQL's literals are the expressions' values in their order. */
interface Both {
  readonly partiql: string;
  readonly expression: string;
  readonly values: readonly AttributeValue[];
}

const smallNumber = fc.integer({ min: -3, max: 3 });

function literal(value: AttributeValue): string {
  return value.N ?? `'${value.S}'`;
}

const value: fc.Arbitrary<AttributeValue> = fc.oneof(
  smallNumber.map((n) => ({ N: `${n}` })),
  fc.constantFrom('', 'a', 'ab', "it''s").map((S) => ({ S })),
);
const attribute = fc.constantFrom('v', 'w', 'm.x');

const { filter } = fc.letrec<{ filter: Both }>((tie) => ({
  filter: fc.oneof(
    { depthSize: 'small' },
    fc
      .tuple(attribute, fc.constantFrom('=', '<>', '<', '<=', '>', '>='), value)
      .map(([name, operator, operand]): Both => ({
        partiql: `${name} ${operator} ${literal(operand)}`,
        expression: `${name} ${operator} ?`,
        values: [operand],
      })),
    fc
      .tuple(attribute, fc.array(value, { minLength: 1, maxLength: 3 }))
      .map(([name, values]): Both => ({
        partiql: `${name} IN [${values.map(literal).join(', ')}]`,
        expression: `${name} IN (${values.map(() => '?').join(', ')})`,
        values,
      })),
    attribute.map((name): Both => ({
      partiql: `${name} IS NOT MISSING`,
      expression: `attribute_exists(${name})`,
      values: [],
    })),
    fc.tuple(attribute, fc.constantFrom('a', 'ab')).map(([name, S]): Both => ({
      partiql: `begins_with(${name}, '${S}')`,
      expression: `begins_with(${name}, ?)`,
      values: [{ S }],
    })),
    tie('filter').map((inner): Both => ({
      ...inner,
      partiql: `NOT (${inner.partiql})`,
      expression: `NOT (${inner.expression})`,
    })),
    fc
      .tuple(tie('filter'), fc.constantFrom('AND', 'OR'), tie('filter'))
      .map(([left, word, right]): Both => ({
        partiql: `(${left.partiql} ${word} ${right.partiql})`,
        expression: `${left.expression} ${word} ${right.expression}`,
        values: [...left.values, ...right.values],
      })),
  ),
}));

const items = fc.uniqueArray(
  fc.record(
    {
      pk: fc.constantFrom('p', 'q').map((S) => ({ S })),
      sk: smallNumber.map((n) => ({ N: `${n}` })),
      v: value,
      w: value,
      m: value.map((x) => ({ M: { x } })),
    },
    { requiredKeys: ['pk', 'sk'] },
  ),
  { selector: ({ pk, sk }) => `${pk.S} ${sk.N}`, maxLength: 12 },
) as fc.Arbitrary<Row[]>;

const sortCondition = fc.option(
  fc.oneof(
    fc
      .tuple(fc.constantFrom('=', '<', '<=', '>', '>='), smallNumber)
      .map(([operator, n]): Both => ({
        partiql: `sk ${operator} ${n}`,
        expression: `sk ${operator} ?`,
        values: [{ N: `${n}` }],
      })),
    fc.tuple(smallNumber, fc.nat(3)).map(([low, more]): Both => ({
      partiql: `sk BETWEEN ${low} AND ${low + more}`,
      expression: 'sk BETWEEN ? AND ?',
      values: [{ N: `${low}` }, { N: `${low + more}` }],
    })),
  ),
  { nil: undefined },
);

/** Numbers the question marks from `first`. */
function number(text: string, first: number): string {
  let next = first;
  return text.replaceAll('?', () => `:v${next++}`);
}

function byName(values: readonly AttributeValue[]): Row {
  return Object.fromEntries(values.map((entry, i) => [`:v${i}`, unescape(entry)]));
}

/** What the literal's doubled quote stands for. */
function unescape(entry: AttributeValue): AttributeValue {
  return entry.S === undefined ? entry : { S: entry.S.replaceAll("''", "'") };
}

async function selectAll(Statement: string, Limit: number | undefined): Promise<Row[]> {
  const found: Row[] = [];
  let NextToken: string | undefined;
  do {
    const page = await db.send(new ExecuteStatementCommand({ Statement, Limit, NextToken }));
    found.push(...(page.Items ?? []));
    ({ NextToken } = page);
  } while (NextToken !== undefined);
  return found;
}

test('SELECT of a partition is Query', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        items,
        sort: sortCondition,
        filter: fc.option(filter, { nil: undefined }),
        descending: fc.boolean(),
        limit: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
      }),
      async ({ items: rows, sort, filter: where, descending, limit }) => {
        const TableName = await fill(rows);
        const key = [
          { partiql: `pk = 'p'`, expression: 'pk = ?', values: [{ S: 'p' }] },
          sort,
        ].filter((part) => part !== undefined);
        const keyValues = key.flatMap(({ values }) => values);
        const conditions = [...key, where].flatMap((part) => part?.partiql ?? []);
        const { Items } = await db.send(
          new QueryCommand({
            TableName,
            KeyConditionExpression: number(key.map((part) => part.expression).join(' AND '), 0),
            FilterExpression: where && number(where.expression, keyValues.length),
            ExpressionAttributeValues: byName([...keyValues, ...(where?.values ?? [])]),
            ScanIndexForward: !descending,
          }),
        );
        const statement = `SELECT * FROM "${TableName}" WHERE ${conditions.join(' AND ')} ORDER BY sk ${descending ? 'DESC' : 'ASC'}`;
        expect(await selectAll(statement, limit)).toEqual(Items);
      },
    ),
    { numRuns: 60 },
  );
});

test('SELECT without a key is Scan, and one of several partitions is their union', async () => {
  await fc.assert(
    fc.asyncProperty(items, filter, async (rows, where) => {
      const TableName = await fill(rows);
      const { Items = [] } = await db.send(
        new ScanCommand({
          TableName,
          FilterExpression: number(where.expression, 0),
          ExpressionAttributeValues: where.values.length === 0 ? undefined : byName(where.values),
        }),
      );
      const from = `SELECT * FROM "${TableName}" WHERE`;
      expect(await selectAll(`${from} ${where.partiql}`, undefined)).toEqual(Items);
      const both = await selectAll(`${from} pk IN ['p', 'q'] AND ${where.partiql}`, 2);
      const place = (row: Row): string => `${row['pk']?.S} ${row['sk']?.N}`;
      expect(both.map(place).toSorted()).toEqual(Items.map(place).toSorted());
    }),
    { numRuns: 60 },
  );
});
