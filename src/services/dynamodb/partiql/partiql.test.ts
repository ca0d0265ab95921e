// PartiQL through the SDK. Expected answers are AWS's, as recorded by paritysuite and
// nubo-db/dynamodb-conformance (eu-west-2, 2026) and by floci's PartiQL tests (eu-west-2, 2026-09-17).
import {
  BatchExecuteStatementCommand,
  ExecuteTransactionCommand,
  TransactionCanceledException,
  type AttributeValue,
  type BatchStatementRequest,
  type ExecuteStatementCommandInput,
  type ExecuteTransactionCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { beforeAll, describe, expect, test } from 'vitest';
import { createCloud } from '../../../testing/create-cloud.ts';
import {
  db,
  MALFORMED,
  put,
  refusal,
  rows,
  run,
  sortKeys,
  stored,
  useTables,
  type Row,
} from './test-tables.ts';

useTables(createCloud);

/** The error of each statement of a transaction. */
async function transact(...statements: string[]): Promise<string> {
  return refusal(
    db.send(
      new ExecuteTransactionCommand({
        TransactStatements: statements.map((Statement) => ({ Statement })),
      }),
    ),
  );
}

async function reasons(...statements: string[]): Promise<(string | undefined)[][]> {
  try {
    await db.send(
      new ExecuteTransactionCommand({
        TransactStatements: statements.map((Statement) => ({ Statement })),
      }),
    );
  } catch (error) {
    if (!(error instanceof TransactionCanceledException)) throw error;
    return (error.CancellationReasons ?? []).map(({ Code, Message }) => [Code, Message]);
  }
  return [];
}

const OVERLAP = 'Overlapping conditions with range keys are not supported in where clause';

describe('SELECT', () => {
  beforeAll(async () => {
    for (const sk of ['1', '2', '3']) {
      await put('sorted', {
        pk: { S: 'o' },
        sk: { S: sk },
        flag: { S: sk === '2' ? 'two' : 'odd' },
      });
      await put('sorted', { pk: { S: 'p' }, sk: { S: sk } });
    }
    await put('plain', {
      pk: { S: 'fn' },
      ss: { SS: ['a', 'b'] },
      s: { S: 'str' },
      n: { N: '1' },
      m: { M: { sub: { S: 'x' }, k: { L: [{ S: 'c' }] } } },
      l: { L: [{ S: 'first' }] },
      nul: { NULL: true },
      yes: { BOOL: true },
      image: { B: new Uint8Array(400) },
      'odd name': { S: 'q"' },
    });
    for (const N of ['7310000', '7.3', '-7.3', '1']) await put('numbers', { pk: { N }, n: { N } });
  });

  const conditions: readonly (readonly [condition: string, holds: boolean])[] = [
    ['attribute_exists(ss)', true],
    ['attribute_exists(nope)', false],
    ['NOT attribute_exists(nope)', true],
    ['ATTRIBUTE_NOT_EXISTS (nope)', true],
    ['(attribute_exists(nope) OR attribute_exists("ss"))', true],
    ['attribute_exists(m.sub) AND attribute_exists(l[0])', true],
    ['attribute_exists(m.nope)', false],
    ['size(s) = 3', true],
    ['size(image) > 300', true],
    ["attribute_type(ss, 'SS')", true],
    ["attribute_type(ss, 'S')", false],
    ['nul IS NULL', true],
    ['s IS NULL', false],
    ['nope IS NULL', false],
    ['s IS NOT NULL', true],
    ['nul IS NOT NULL', false],
    ['nope IS MISSING', true],
    ['s IS NOT MISSING', true],
    ['yes IS BOOL', true],
    ['s IS STRING', true],
    ['s IS BOOL', false],
    ["contains(ss, 'a') AND contains(s, 'tr')", true],
    ["begins_with(s, 'st') AND NOT begins_with(s, 'x')", true],
    ['n != 2 AND n <> 2', true],
    ['n = - - 1', true],
    ['n > -/* c */-1', false],
    ['n BETWEEN - 2 AND +5 AND n IN [- 1, 1]', true],
    ['n IN (1, 2) AND n NOT IN (3) AND n NOT BETWEEN 2 AND 3', true],
    ["ss = <<'b', 'a'>>", true],
    ["m = {'k': ['c'], 'sub': 'x'}", true],
    ["l = ['first']", true],
    ['yes = true', true],
    ['"odd name" = \'q"\'', true],
    ["'str' = s", true],
    ['attribute_exists(nope) = false', true],
    ['true = attribute_exists(n)', true],
    ['attribute_exists(n) <> 1', true],
    ["contains(nope, 'z') = false", true],
    ['(n BETWEEN 0 AND 5) = true', true],
    ["(n = 5 OR s = 'x') = false", true],
    ['attribute_exists(nope) IN [true, false]', true],
    ['attribute_exists(n) = attribute_exists(s)', true],
    ['attribute_exists(n) = yes', true],
    ['attribute_exists(n) = 1', false],
    ['NOT attribute_exists(n) = true', false],
    ['(attribute_exists(n) = true) = false', false],
    ['attribute_exists(n) = s', false],
  ];
  test.each(conditions)('WHERE %s is %s', async (condition, holds) => {
    const found = await rows(`SELECT pk FROM "plain" WHERE pk = 'fn' AND ${condition}`);
    expect(found).toEqual(holds ? [{ pk: { S: 'fn' } }] : []);
  });

  test.each([
    ['7.31e6', '7310000'],
    ['7.31E+6', '7310000'],
    ['73100000e-1', '7310000'],
    ['.73e1', '7.3'],
    ['-.73e1', '-7.3'],
  ])('the number %s', async (literal, N) => {
    expect(await rows(`SELECT pk FROM "numbers" WHERE pk = ${literal}`)).toEqual([{ pk: { N } }]);
  });

  test('columns are named after the end of their path', async () => {
    const found = await rows(`SELECT m.sub, m.k[0], l[-0], nope FROM "plain" WHERE pk = 'fn'`);
    expect(found).toEqual([{ sub: { S: 'x' }, 'k[0]': { S: 'c' }, 'l[0]': { S: 'first' } }]);
  });

  test.each([
    ["pk = 'o' ORDER BY sk DESC", ['3', '2', '1']],
    ["pk = 'o' ORDER BY sk ASC", ['1', '2', '3']],
    ["pk = 'o' ORDER BY pk ASC", ['3', '2', '1']],
    ["pk IN ['o', 'p'] ORDER BY pk DESC, sk ASC", ['1', '2', '3', '1', '2', '3']],
    ["pk = 'o' AND (sk = '1' OR sk = '2')", ['1', '2']],
    ["pk = 'o' AND sk IN ['1', '2']", ['1', '2']],
    ["pk = 'o' AND (sk < '2' OR sk > '2' OR sk = '2')", ['1', '2', '3']],
    ["pk = 'o' AND NOT sk = '1'", ['2', '3']],
    ["pk = 'o' AND sk > '1' AND sk <> '3'", ['2']],
    ["pk = 'o' AND sk = '1' AND sk > '0'", ['1']],
    ["pk = 'o' AND flag = 'two'", ['2']],
    ["pk = 'o' AND begins_with(sk, '3')", ['3']],
    ["pk = 'o' AND sk BETWEEN '2' AND '3'", ['2', '3']],
    ["pk = 'o' AND '1' < sk", ['2', '3']],
  ])('WHERE %s', async (where, expected) => {
    expect(await sortKeys(`SELECT sk FROM "sorted" WHERE ${where}`)).toEqual(expected);
  });

  test.each([
    ["pk = 'o' AND NOT sk = '1' OR pk = 'o' AND sk = '2'", ['2', '3']],
    ["pk = 'o' AND sk <> '1' OR pk = 'o' AND sk = '2'", ['2', '3']],
    ["pk = 'o' OR pk = 'o' AND NOT sk = '1'", ['1', '2', '3']],
    ["pk = 'o' AND (pk = 'p' OR flag = 'two')", ['2']],
  ])('the union of %s', async (where, expected) => {
    expect(
      (await rows(`SELECT sk FROM "sorted" WHERE ${where}`))
        .map((row) => row['sk']?.S ?? '')
        .toSorted(),
    ).toEqual(expected);
  });

  test('comments are space', async () => {
    const statement = `-- first\nSELECT/**/sk FROM "sorted" -- note\nWHERE pk/* k */='o' AND sk='1'; --`;
    expect(await sortKeys(statement)).toEqual(['1']);
  });

  test('pages follow one another over queries, with Limit counting what is read', async () => {
    const statement = `SELECT pk, sk FROM "sorted" WHERE pk IN ['o', 'p'] ORDER BY pk DESC`;
    const first = await run(statement, undefined, { Limit: 2 });
    expect(first.Items?.map(({ sk }) => sk?.S)).toEqual(['3', '2']);
    expect(first.LastEvaluatedKey).toEqual({ pk: { S: 'p' }, sk: { S: '2' } });
    const { NextToken } = first;
    const second = await run(statement, undefined, { Limit: 2, NextToken });
    expect(second.Items?.map(({ pk, sk }) => `${pk?.S}${sk?.S}`)).toEqual(['p1', 'o3']);
    const last = await run(statement, undefined, { NextToken: second.NextToken });
    expect(last.Items?.map(({ sk }) => sk?.S)).toEqual(['2', '1']);
    expect(last.NextToken).toBeUndefined();
    const other = `SELECT pk FROM "sorted" WHERE pk IN ['o', 'p'] ORDER BY pk DESC`;
    expect(await refusal(run(other, undefined, { NextToken }))).toBe(
      'NextToken does not match request',
    );
    expect(await refusal(run(statement, undefined, { NextToken: 'x' }))).toBe('Invalid NextToken');
  });

  test('indexes give what they hold', async () => {
    const names = async (statement: string): Promise<string[]> =>
      [...new Set((await rows(statement)).flatMap(Object.keys))].toSorted();
    expect(await sortKeys(`SELECT sk FROM "indexed"."gsi-all" WHERE g = 'x'`)).toHaveLength(2);
    expect(await names(`SELECT * FROM "indexed"."gsi-keys" WHERE g2 = 'y'`)).toEqual([
      'g2',
      'pk',
      'sk',
    ]);
    expect(await names(`SELECT * FROM "indexed"."lsi-keys" WHERE pk = 'p'`)).toEqual([
      'l',
      'pk',
      'sk',
    ]);
    expect(await rows(`SELECT free FROM "indexed"."lsi-keys" WHERE pk = 'p'`)).toHaveLength(3);
    expect(await rows(`SELECT pk FROM "indexed"."gsi-inc" WHERE free = 'f1'`)).toEqual([]);
    expect(await rows(`SELECT pk FROM "indexed"."gsi-keys" WHERE NOT free = 'f1'`)).toHaveLength(4);
    const either = `SELECT sk FROM "indexed"."gsi-inc" WHERE (g2 = 'y' AND free = 'f1') OR (g2 = 'y2')`;
    expect(await sortKeys(either)).toEqual(['s5']);
    const mixed = `SELECT sk FROM "indexed"."gsi-inc" WHERE (g2 = 'y' AND held = 'h1') OR (g2 = 'z' AND aa = '1')`;
    expect(await sortKeys(mixed)).toEqual(['s1']);
    expect(
      await refusal(
        run(`SELECT * FROM "indexed"."gsi-all" WHERE g = 'x'`, undefined, { ConsistentRead: true }),
      ),
    ).toBe('Strongly consistent read is not supported on Global Secondary Indexes');
  });

  test('capacity is charged where it is read', async () => {
    const cost = async (
      statement: string,
      options: Partial<ExecuteStatementCommandInput> = {},
    ): Promise<(number | undefined)[]> => {
      const { ConsumedCapacity: capacity } = await run(statement, undefined, {
        ReturnConsumedCapacity: 'INDEXES',
        ...options,
      });
      return [
        capacity?.Table?.CapacityUnits,
        capacity?.GlobalSecondaryIndexes?.['gsi-all']?.CapacityUnits,
        capacity?.LocalSecondaryIndexes?.['lsi-keys']?.CapacityUnits,
      ];
    };
    expect(await cost(`SELECT pk FROM "indexed"."gsi-all" WHERE g = 'x'`)).toEqual([
      0,
      0.5,
      undefined,
    ]);
    const back = `SELECT free FROM "indexed"."lsi-keys" WHERE pk = 'p'`;
    expect(await cost(back)).toEqual([1.5, undefined, 0.5]);
    expect(await cost(back, { ConsistentRead: true })).toEqual([3, undefined, 1]);
    expect(await cost(back, { Limit: 1 })).toEqual([0.5, undefined, 0.5]);
  });
});

describe('writes', () => {
  const at = (pk: string): Row => ({ pk: { S: pk } });

  test('INSERT makes items of every kind of literal, and never replaces one', async () => {
    const { Items } = await run(
      `INSERT INTO "plain" value {'pk': 'lit', 'n': -1.5e-3, 'z': -0, 'q': 'it''s', 't': TRUE,
        'f': false, 'u': null, 'm': {'a': [1, 'b']}, 'ns': <<1, 4.5>>, 'ss': <<'x', 'y'>>}`,
    );
    expect(Items).toEqual([]);
    expect(await stored('plain', at('lit'))).toEqual({
      pk: { S: 'lit' },
      n: { N: '-0.0015' },
      z: { N: '0' },
      q: { S: "it's" },
      t: { BOOL: true },
      f: { BOOL: false },
      u: { NULL: true },
      m: { M: { a: { L: [{ N: '1' }, { S: 'b' }] } } },
      ns: { NS: ['1', '4.5'] },
      ss: { SS: ['x', 'y'] },
    });
    expect(await refusal(run(`INSERT INTO "plain" VALUE {'pk': 'lit'}`))).toBe(
      'DuplicateItemException: Duplicate primary key exists in table',
    );
  });

  test('UPDATE with everything it knows', async () => {
    await put('plain', {
      pk: { S: 'upd' },
      n: { N: '1' },
      m: { M: {} },
      l: { L: [{ N: '1' }, { S: 'gone' }] },
      ns: { NS: ['1'] },
      ss: { SS: ['a', 'b'] },
      only: { SS: ['a'] },
    });
    await run(`UPDATE "plain" SET n = n + 100 SET m.entry = [2020, 'text', 2.4]
      SET l = LIST_APPEND(l, [4, <<'s1', 's2'>>]) SET ns = SET_ADD(ns, <<345, 48.4>>)
      SET ss = set_delete(ss, <<'a'>>), only = set_delete(only, <<'a'>>)
      SET fresh = set_add(fresh, <<'m'>>) WHERE pk = 'upd'`);
    await run(`FROM "plain" WHERE pk = 'upd' SET n = n - - 1 REMOVE l[1] REMOVE m.entry[0]`);
    expect(await stored('plain', at('upd'))).toEqual({
      pk: { S: 'upd' },
      n: { N: '102' },
      m: { M: { entry: { L: [{ S: 'text' }, { N: '2.4' }] } } },
      l: { L: [{ N: '1' }, { N: '4' }, { SS: ['s1', 's2'] }] },
      ns: { NS: ['1', '345', '48.4'] },
      ss: { SS: ['b'] },
      fresh: { SS: ['m'] },
    });
  });

  const wrongType = 'An operand in the update expression has an incorrect data type';
  const invalidPath = 'The document path provided in the update expression is invalid for update';
  test.each([
    ['ss = set_add(ss, <<1>>)', wrongType],
    ["s = set_add(s, <<'x'>>)", wrongType],
    ['ss = set_delete(ss, <<1>>)', wrongType],
    ["nolist[0] = 'x'", invalidPath],
    [
      'nolist = list_append(nolist, [1])',
      'The provided expression refers to an attribute that does not exist in the item',
    ],
    [
      "pk = 'other'",
      'One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key',
    ],
  ])('SET %s is refused', async (set, message) => {
    await put('plain', { pk: { S: 'wrong' }, ss: { SS: ['a'] }, s: { S: 'str' } });
    expect(await refusal(run(`UPDATE "plain" SET ${set} WHERE pk = 'wrong'`))).toBe(message);
  });

  const failed = 'ConditionalCheckFailedException: The conditional request failed';
  test.each([
    ['UPDATE "plain" SET z = 1 WHERE pk = \'absent\'', failed],
    ['UPDATE "plain" SET z = 1 WHERE pk = \'absent\' AND attribute_not_exists(pk)', failed],
    ["UPDATE \"plain\" SET ss = set_add(ss, <<'x'>>) WHERE pk = 'absent'", failed],
    ['UPDATE "plain" SET z = 1 WHERE pk = \'cond\' AND a = 6', failed],
    ["UPDATE \"plain\" SET z = 1 WHERE (pk = 'cond' AND a = 5) AND pk = 'cond'", 'accepted'],
    ['DELETE FROM "plain" WHERE pk = \'cond\' AND attribute_exists(nope)', failed],
    ['DELETE FROM "plain" WHERE pk = \'absent\' AND a = 5', 'accepted'],
    ['DELETE FROM "plain" WHERE pk = \'cond\' AND attribute_not_exists(nope)', 'accepted'],
  ])('%s: %s', async (statement, answer) => {
    await put('plain', { pk: { S: 'cond' }, a: { N: '5' } });
    expect(await refusal(run(statement))).toBe(answer);
    expect(await stored('plain', at('absent'))).toBeUndefined();
  });

  test('a failed condition hands the item out when asked', async () => {
    await put('plain', { pk: { S: 'cond' }, a: { N: '5' } });
    const work = run(`UPDATE "plain" SET z = 1 WHERE pk = 'cond' AND a = 6`, undefined, {
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    await expect(work).rejects.toMatchObject({ Item: { pk: { S: 'cond' }, a: { N: '5' } } });
  });

  const list = (...texts: string[]): AttributeValue => ({ L: texts.map((S) => ({ S })) });
  test.each<[string, string, Row[]]>([
    ["SET d = 'new'", 'ALL OLD', [{ pk: { S: 'ret' }, d: { S: 'old' }, t: list('a', 'b', 'c') }]],
    ["SET d = 'new'", 'ALL NEW', [{ pk: { S: 'ret' }, d: { S: 'new' }, t: list('a', 'b', 'c') }]],
    ["SET d = 'new'", 'MODIFIED OLD', [{ d: { S: 'old' } }]],
    ["SET d = 'new'", 'MODIFIED NEW', [{ d: { S: 'new' } }]],
    ['REMOVE d', 'MODIFIED OLD', [{ d: { S: 'old' } }]],
    ['REMOVE d', 'MODIFIED NEW', []],
    ["SET e = 'new'", 'MODIFIED OLD', []],
    ["SET t[2] = 'y', t[0] = 'x'", 'MODIFIED NEW', [{ t: list('x', 'y') }]],
    ["SET t[2] = 'y', t[0] = 'x'", 'MODIFIED OLD', [{ t: list('a', 'c') }]],
    ["SET t[5] = 'd'", 'MODIFIED NEW', []],
    ["SET t[3] = 'd'", 'MODIFIED NEW', [{ t: list('d') }]],
    ['REMOVE t[1]', 'MODIFIED NEW', [{ t: list('c') }]],
    ['REMOVE t[2]', 'MODIFIED NEW', []],
  ])('UPDATE %s RETURNING %s *', async (change, returning, expected) => {
    await put('plain', { pk: { S: 'ret' }, d: { S: 'old' }, t: list('a', 'b', 'c') });
    const statement = `UPDATE "plain" ${change} WHERE pk = 'ret' RETURNING ${returning} *`;
    expect(await rows(statement)).toEqual(expected);
  });

  test('DELETE RETURNING ALL OLD *', async () => {
    await put('plain', { pk: { S: 'ret' }, d: { S: 'old' } });
    const statement = `DELETE FROM "plain" WHERE pk = 'ret' RETURNING ALL OLD *`;
    expect(await rows(statement)).toEqual([{ pk: { S: 'ret' }, d: { S: 'old' } }]);
    expect(await rows(statement)).toEqual([]);
  });

  test('an update cannot make an item too deep', async () => {
    await put('plain', { pk: { S: 'deep' }, m: { M: {} } });
    const deep = (levels: number): AttributeValue =>
      levels === 0 ? { S: 'x' } : { M: { a: deep(levels - 1) } };
    const statement = `UPDATE "plain" SET m.deep = ? WHERE pk = 'deep'`;
    expect(await refusal(run(statement, [deep(31)]))).toBe(
      'Nesting Levels have exceeded supported limits',
    );
    expect(await refusal(run(statement, [deep(30)]))).toBe('accepted');
  });
});

describe('BatchExecuteStatement', () => {
  type Answer = [code: string | undefined, table: string | undefined, item: Row | undefined];

  async function batch(...statements: (string | BatchStatementRequest)[]): Promise<Answer[]> {
    const { Responses } = await db.send(
      new BatchExecuteStatementCommand({
        Statements: statements.map((entry) =>
          typeof entry === 'string' ? { Statement: entry } : entry,
        ),
      }),
    );
    return (Responses ?? []).map(({ Error: error, TableName, Item }) => [
      error && `${error.Code}: ${error.Message}`,
      TableName,
      Item,
    ]);
  }

  const notByKey =
    'ValidationError: Select statements within BatchExecuteStatement must specify the primary key in the where clause.';

  test('reads', async () => {
    await put('plain', { pk: { S: 'b1' }, d: { S: 'one' } });
    expect(
      await batch(
        `SELECT d FROM "plain" WHERE pk = 'b1'`,
        `SELECT d FROM "plain" WHERE pk IN ['b1']`,
        `SELECT * FROM "plain" WHERE pk = 'nothing'`,
        `SELECT * FROM "plain" WHERE val = 'a'`,
        `SELECT * FROM "plain" WHERE pk = 'b1' AND d = 'one'`,
        `SELECT * FROM "indexed"."gsi-all" WHERE pk = 'p' AND sk = 's1' AND g = 'x'`,
        `SELECT * FROM "never-made" WHERE pk = 'x'`,
        `SLECT * FROM "plain"`,
      ),
    ).toEqual([
      [undefined, 'plain', { d: { S: 'one' } }],
      [undefined, 'plain', { d: { S: 'one' } }],
      [undefined, 'plain', undefined],
      [notByKey, undefined, undefined],
      [notByKey, undefined, undefined],
      [notByKey, undefined, undefined],
      ['ResourceNotFound: Requested resource not found', undefined, undefined],
      [`ValidationError: ${MALFORMED}Expected data manipulation`, undefined, undefined],
    ]);
  });

  test('writes, each for itself', async () => {
    await put('plain', { pk: { S: 'b1' }, d: { S: 'one' } });
    await put('plain', { pk: { S: 'b2' }, d: { S: 'two' } });
    const update = (where: string): string =>
      `UPDATE "plain" SET d = 'new' WHERE ${where} RETURNING MODIFIED NEW *`;
    expect(
      await batch(
        update("pk = 'b1'"),
        {
          Statement: update("pk = 'b2' AND d = 'x'"),
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        },
        `INSERT INTO "plain" VALUE {'pk': 'b2'}`,
        `DELETE FROM "plain" WHERE pk = 'b3' RETURNING ALL OLD *`,
        `DELETE FROM "plain" WHERE pk = 'b3' RETURNING MODIFIED OLD *`,
        `UPDATE "plain" REMOVE gone WHERE pk = 'b2' RETURNING MODIFIED NEW *`,
        { Statement: `UPDATE "plain" SET d = ? WHERE pk = 'b2'`, Parameters: [{ SS: [] }] },
      ),
    ).toEqual([
      [undefined, 'plain', { d: { S: 'new' } }],
      ['ConditionalCheckFailed: The conditional request failed', 'plain', undefined],
      ['DuplicateItem: Duplicate primary key exists in table', 'plain', undefined],
      [undefined, 'plain', undefined],
      [
        'ValidationError: Invalid returning clause: RETURNING MODIFIED OLD *. Only RETURNING ALL OLD * is allowed in DELETE statements.',
        undefined,
        undefined,
      ],
      [undefined, 'plain', undefined],
      [
        'ValidationError: One or more parameter values were invalid: An string set  may not be empty',
        undefined,
        undefined,
      ],
    ]);
  });

  test('each read has its own consistency', async () => {
    const { ConsumedCapacity } = await db.send(
      new BatchExecuteStatementCommand({
        ReturnConsumedCapacity: 'TOTAL',
        Statements: [
          { Statement: `SELECT * FROM "plain" WHERE pk = 'b1'`, ConsistentRead: true },
          { Statement: `SELECT * FROM "plain" WHERE pk = 'b2'` },
        ],
      }),
    );
    expect(ConsumedCapacity).toEqual([{ TableName: 'plain', CapacityUnits: 1.5 }]);
  });

  test('reads and writes do not mix', async () => {
    const work = batch(
      `SELECT * FROM "plain" WHERE pk = 'b'`,
      `DELETE FROM "plain" WHERE pk = 'b'`,
    );
    expect(await refusal(work)).toContain('both read and write operations');
  });
});

describe('ExecuteTransaction', () => {
  const key = "pk = 't' AND sk = '1'";
  const member = 'Validation failed in TransactStatements[0]: ';
  const keyed = `${member}Select statements within ExecuteTransaction must specify the primary key in the where clause.`;
  const mismatch = 'The provided key element does not match the schema';

  test.each([
    [`SELECT * FROM "sorted" WHERE ${key} AND flag = 'x'`, keyed],
    [`SELECT * FROM "sorted" WHERE pk = 't'`, keyed],
    [`SELECT * FROM "sorted" WHERE ${key} AND pk = 'u'`, keyed],
    [`SELECT * FROM "sorted" WHERE pk IN ['t', 't'] AND sk = '1'`, member + OVERLAP],
    [`SELECT * FROM "sorted" WHERE`, `${member}${MALFORMED}Unexpected term`],
    [
      `SELECT * FROM "indexed"."gsi-all" WHERE g = 'x'`,
      `${member}Reads on indices are not supported within transactions.`,
    ],
    [
      `UPDATE "sorted" SET d = 'v' WHERE ${key} RETURNING ALL NEW *`,
      `${member}RETURNING clause is not supported in ExecuteTransaction.`,
    ],
    [
      `EXISTS(SELECT * FROM "sorted" WHERE ${key})`,
      `${member}EXISTS() must contain a single item read with additional condition`,
    ],
    [
      `EXISTS(SELECT * FROM "sorted" WHERE pk IN ['t'] AND sk = '1' AND flag = 'one')`,
      `${member}EXISTS() must contain a single item read with additional condition`,
    ],
    [`SELECT * FROM "sorted" WHERE (sk = '1') AND pk = 't' AND pk = 't'`, 'accepted'],
    [`SELECT * FROM "sorted" WHERE pk IN ['t'] AND sk IN ['1']`, 'accepted'],
  ])('%s', async (statement, answer) => {
    expect(await transact(statement)).toBe(answer);
  });

  test('reads answer, writes do not', async () => {
    await put('sorted', { pk: { S: 't' }, sk: { S: '1' }, a: { S: 'x' } });
    const send = (...statements: string[]): Promise<ExecuteTransactionCommandOutput> =>
      db.send(
        new ExecuteTransactionCommand({
          TransactStatements: statements.map((Statement) => ({ Statement })),
        }),
      );
    const select = `SELECT a FROM "sorted" WHERE ${key}`;
    const { Responses } = await send(select, `SELECT * FROM "sorted" WHERE pk = 't' AND sk = '2'`);
    expect(Responses).toEqual([{ Item: { a: { S: 'x' } } }, {}]);
    const written = await send(
      `UPDATE "sorted" SET a = 'y' WHERE ${key}`,
      `INSERT INTO "sorted" VALUE {'pk': 't', 'sk': 'new'}`,
    );
    expect(written.Responses).toEqual([]);
    expect(await rows(select)).toEqual([{ a: { S: 'y' } }]);
    expect(await transact(select, `UPDATE "sorted" SET a = 'z' WHERE ${key}`)).toBe(
      'ExecuteTransaction API does not support both read and write operations in the same request.',
    );
    expect(await transact(select, select)).toBe(
      'Transaction request cannot include multiple operations on one item',
    );
  });

  test('all or nothing, with a reason for each', async () => {
    await put('sorted', { pk: { S: 't' }, sk: { S: '1' }, a: { S: 'x' } });
    const other = `UPDATE "sorted" SET touched = 1 WHERE pk = 'o' AND sk = '1'`;
    expect(await reasons(`INSERT INTO "sorted" VALUE {'pk': 't', 'sk': '1'}`, other)).toEqual([
      ['DuplicateItem', 'Duplicate primary key exists in table'],
      ['None', undefined],
    ]);
    const exists = `EXISTS(SELECT * FROM "sorted" WHERE ${key} AND a IS MISSING)`;
    const failed = ['ConditionalCheckFailed', 'The conditional request failed'];
    expect(await reasons(exists, other)).toEqual([failed, ['None', undefined]]);
    expect(
      await reasons(`EXISTS(SELECT * FROM "sorted" WHERE ${key} AND pk = 'u' AND a = 'x')`, other),
    ).toEqual([failed, ['None', undefined]]);
    expect(await stored('sorted', { pk: { S: 'o' }, sk: { S: '1' } })).not.toHaveProperty(
      'touched',
    );
    expect(await reasons(`EXISTS(SELECT * FROM "sorted" WHERE ${key} AND a = 'x')`, other)).toEqual(
      [],
    );
    expect(await stored('sorted', { pk: { S: 'o' }, sk: { S: '1' } })).toHaveProperty('touched');
  });

  test('keys that name no item cancel', async () => {
    const update = `UPDATE "sorted" SET a = 1 WHERE `;
    const found = await reasons(
      `${update}pk = 'k'`,
      `${update}pk IN ['k'] AND sk = '1'`,
      `${update}pk = 'k' AND sk = '1' AND pk = 'other'`,
      `${update}pk = 'k' AND sk = 1`,
      `INSERT INTO "sorted" VALUE {'pk': 'k'}`,
      `DELETE FROM "sorted" WHERE sk = '1'`,
      `${update}pk = 'o' AND sk = '1'`,
    );
    expect(found.map(([code]) => code)).toEqual([
      ...Array.from({ length: 6 }, () => 'ValidationError'),
      'None',
    ]);
    expect(found[0]?.[1]).toBe(mismatch);
    expect(found[3]?.[1]).toBe(mismatch);
    expect(found[4]?.[1]).toBe(
      'One or more parameter values were invalid: Missing the key sk in the item',
    );
    expect(await reasons(`SELECT * FROM "sorted" WHERE pk = 'k' AND sk = 1`)).toEqual([
      ['ValidationError', mismatch],
    ]);
  });

  test('missing tables cancel, once the others are in order', async () => {
    const missing = `UPDATE "never-made" SET a = 1 WHERE pk = 'x' AND sk = '1'`;
    expect(
      await reasons(`${missing} RETURNING ALL NEW *`, `SELECT 1 FROM x`).catch(() => 'refused'),
    ).toBe('refused');
    expect(
      await reasons(`${missing} RETURNING ALL NEW *`, `UPDATE "sorted" SET a = 1 WHERE ${key}`),
    ).toEqual([
      ['ResourceNotFound', 'Requested resource not found'],
      ['None', undefined],
    ]);
    expect(
      await transact(missing, `UPDATE "sorted" SET a = 1 WHERE ${key} RETURNING ALL NEW *`),
    ).toBe(
      'Validation failed in TransactStatements[1]: RETURNING clause is not supported in ExecuteTransaction.',
    );
  });

  test('a repetition with the same token changes nothing and costs a read', async () => {
    await run(`INSERT INTO "plain" VALUE {'pk': 'idem', 'n': 0}`);
    const send = async (n: number): Promise<object | undefined> => {
      const { ConsumedCapacity } = await db.send(
        new ExecuteTransactionCommand({
          ClientRequestToken: 'token-of-mine',
          ReturnConsumedCapacity: 'INDEXES',
          TransactStatements: [{ Statement: `UPDATE "plain" SET n = n + ${n} WHERE pk = 'idem'` }],
        }),
      );
      return ConsumedCapacity?.[0];
    };
    expect(await send(1)).toMatchObject({ WriteCapacityUnits: 2 });
    const repeated = await send(1);
    expect(repeated).toMatchObject({ ReadCapacityUnits: 2 });
    expect(repeated).not.toHaveProperty('WriteCapacityUnits');
    expect(await rows(`SELECT n FROM "plain" WHERE pk = 'idem'`)).toEqual([{ n: { N: '1' } }]);
    await expect(send(2)).rejects.toMatchObject({ name: 'IdempotentParameterMismatchException' });
  });
});
