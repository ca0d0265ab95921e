// What PartiQL refuses, and in which words. Expected answers are AWS's, as recorded by paritysuite and
// nubo-db/dynamodb-conformance (eu-west-2, 2026) and by floci's PartiQL tests (eu-west-2, 2026-09-17).
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { describe, expect, test } from 'vitest';
import { createCloud } from '../../../testing/create-cloud.ts';
import { MALFORMED, refusal, rows, run, useTables } from './test-tables.ts';

useTables(createCloud);

const LEFTOVER = `${MALFORMED}Unexpected token after expression`;
const INCOMPLETE = 'Where clause does not contain a mandatory equality on all key attributes';
const OVERLAP = 'Overlapping conditions with range keys are not supported in where clause';
const OPERAND = 'Incorrect operand type for operator or function; operator or function: ';
const OVERFLOW =
  'Number overflow. Attempting to store a number with magnitude larger than supported range';
const UNDERFLOW =
  'Number underflow. Attempting to store a number with magnitude smaller than supported range';

describe('statements that are refused', () => {
  const key = "pk = 'a' AND sk = 'b'";
  const cases: readonly (readonly [statement: string, message: string])[] = [
    [`SELECT * FROM "numbers" WHERE pk = 1 foo`, LEFTOVER],
    [`SELECT * FROM "numbers" WHERE pk = 1 e5`, LEFTOVER],
    [`SELECT * FROM "numbers" WHERE pk = 1)`, LEFTOVER],
    [`INSERT INTO "numbers" VALUE {'pk': 1} foo`, LEFTOVER],
    [`INSERT INTO "plain" t VALUE {'pk': 'x'}`, LEFTOVER],
    [`UPDATE "numbers" SET a = 9 WHERE pk = 1 foo`, LEFTOVER],
    [`DELETE FROM "numbers" WHERE pk = 1 ORDER BY pk`, LEFTOVER],
    [`SELECT * FROM "numbers" ORDER BY pk WHERE pk = 1`, LEFTOVER],
    [`FROM "plain" SET c = 1 WHERE pk = 'x'`, LEFTOVER],
    [`SELECTT * FROMM "plain"`, LEFTOVER],
    [`SLECT * FROM "plain" WHERE pk = 'x'`, `${MALFORMED}Expected data manipulation`],
    [`INSERT INTO urls (key, target) VALUES (?, ?)`, `${MALFORMED}Unexpected keyword`],
    [`SELECT * FROM "numbers" WHERE pk = 1e2147483648`, MALFORMED],
    [`SELECT * FROM "numbers" WHERE pk = 1e99999999999`, MALFORMED],
    [`SELECT * FROM "numbers" WHERE pk = 1.5e-2147483647`, MALFORMED],
    [`SELECT * FROM "numbers" WHERE pk = 1 # note`, MALFORMED],
    [`SELECT * FROM "numbers" WHERE pk = 1 /* note`, MALFORMED],
    [`SELECT * FROM "plain`, MALFORMED],
    [`SELECT * FROM "plain" t WHERE pk = 'x'`, 'Aliasing is not supported'],
    [`SELECT * FROM "plain" AS t WHERE pk = 'x'`, 'Aliasing is not supported'],
    [`UPDATE "plain" t SET a = 3 WHERE pk = 'x'`, 'Aliasing is not supported'],
    [`DELETE FROM "plain" t WHERE pk = 'x'`, 'Aliasing is not supported'],
    [`SELECT * FROM "numbers" WHERE pk = 1e126`, `${OVERFLOW} under root`],
    [`SELECT * FROM "numbers" WHERE pk = 1e-131`, `${UNDERFLOW} under root`],
    [
      `SELECT * FROM "numbers" WHERE pk = 123456789012345678901234567890123456789`,
      'Attempting to store more than 38 significant digits in a Number under root',
    ],
    [`INSERT INTO "numbers" VALUE {'pk': 1, 'm': {'x': 1e126}}`, `${OVERFLOW} under root.x`],
    [`INSERT INTO "numbers" VALUE {'pk': 1, 'l': [1, 1e126]}`, `${OVERFLOW} under root[1]`],
    [`SELECT * FROM "plain" WHERE`, `${MALFORMED}Unexpected term`],
    [`SELECT * FROM "plain" WHERE;`, `${MALFORMED}Unexpected term`],
    [`UPDATE "plain" SET a = 1 WHERE`, `${MALFORMED}Unexpected term`],
    [`SELECT * FROM "plain" WHERE NOT`, `${MALFORMED}Unexpected term`],
    [`SELECT * FROM "plain" WHERE (`, `${MALFORMED}Unexpected term`],
    [`SELECT * FROM "never-made" WHERE`, `${MALFORMED}Unexpected term`],
    [
      `SELECT * FROM "plain" WHERE pk = 'p' AND`,
      `${MALFORMED}Missing right-hand side expression of infix operator`,
    ],
    [`SELECT * FROM "plain" WHERE ORDER BY pk`, `${MALFORMED}Unexpected keyword`],
    [`x IS INT4`, 'Unsupported operation: IsType'],
    [`x IS DOUBLE PRECISION`, 'Unsupported operation: IsType'],
    [`x IS CHARACTER VARYING`, 'Unsupported operation: IsType'],
    [`SELECT * FROM "plain" WHERE pk = 'a' AND x IS FOO`, `${MALFORMED}Expected type name`],
    [`SELECT * FROM "plain" WHERE IS NULL`, `${MALFORMED}Unexpected operator`],
    [`SELECT * FROM "plain" WHERE pk = LIKE`, `${MALFORMED}Unexpected operator`],
    [`DELETE FROM`, `${MALFORMED}Expected identifier for simple path`],
    [`DELETE FROM;`, `${MALFORMED}Expected identifier for simple path`],
    [`DELETE FROM WHERE pk = 'a'`, `${MALFORMED}Expected identifier for simple path`],
    [`SELECT * FROM`, `${MALFORMED}Unexpected term`],
    [`FROM "plain" SET c = 1`, INCOMPLETE],
    [`FROM "plain" REMOVE a`, INCOMPLETE],
    [`FROM "plain" WHERE a = 1 SET c = 1`, INCOMPLETE],
    [`DELETE FROM "plain" WHERE "name" = 'alpha'`, INCOMPLETE],
    [`UPDATE "sorted" SET n=n--1 WHERE ${key}`, INCOMPLETE],
    [
      `SELECT * FROM "never-made" WHERE pk = 'x'`,
      'ResourceNotFoundException: Requested resource not found',
    ],
    [
      `SELECT pk FROM "never-made" WHERE pk = 'x' AND val < true`,
      `${OPERAND}<, operand type: BOOL`,
    ],
    [`SELECT * FROM "" WHERE pk = 'x'`, 'Path component cannot be an empty string'],
    [`SELECT * FROM "indexed"."" WHERE pk = 'x'`, 'Path component cannot be an empty string'],
    [
      `SELECT * FROM "indexed"."gsi-all"."extra" WHERE pk = 'p'`,
      'A path may contain at most 2 components in the FROM clause',
    ],
    [
      `SELECT * FROM "indexed"."no-such" WHERE pk = 'p'`,
      'The table does not have the specified index',
    ],
    [
      `INSERT INTO "indexed"."gsi-all" VALUE {'pk': 'w', 'sk': 'w'}`,
      'FROM clause may only contain a single table name',
    ],
    [
      `UPDATE "indexed"."gsi-all" SET held = 'z' WHERE pk = 'p' AND sk = 's1'`,
      'This operation is not supported on an index',
    ],
    [
      `DELETE FROM "indexed"."gsi-all" WHERE pk = 'p' AND sk = 's1'`,
      'This operation is not supported on an index',
    ],
    [
      `DELETE FROM "plain" WHERE pk = 'x' RETURNING MODIFIED OLD *`,
      'Invalid returning clause: RETURNING MODIFIED OLD *. Only RETURNING ALL OLD * is allowed in DELETE statements.',
    ],
    [
      `SELECT sk FROM "sorted" WHERE ${key} AND attribute_type(l, 1)`,
      `${OPERAND}attribute_type, operand type: N`,
    ],
    [
      `SELECT pk FROM "sorted" WHERE pk = 'a' AND attribute_type(Total, 'X')`,
      'Invalid attribute type name found; type: X, valid types: {N,BS,L,B,NULL,M,S,SS,NS,BOOL}',
    ],
    [
      `SELECT l[-1] FROM "sorted" WHERE ${key}`,
      'List index is not within the allowable range; index: [-1] at 1:11:1',
    ],
    [
      `SELECT l[2147483648] FROM "sorted" WHERE ${key}`,
      'List index is not within the allowable range; index: [2147483648] at 1:10:10',
    ],
    [
      `SELECT * FROM "plain" WHERE pk = 'x' AND attribute_exists('ss')`,
      'Operator or function requires a document path; operator or function: attribute_exists',
    ],
    [
      `SELECT * FROM "plain" WHERE pk = 'x' AND attribute_exists()`,
      'Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 0',
    ],
    [
      `SELECT attribute_exists(ss) FROM "plain" WHERE pk = 'x'`,
      'Unexpected path component at 1:8:16',
    ],
    [`SELECT COUNT(*) FROM "plain"`, 'Unexpected path component at 1:8:5'],
    [
      `SELECT * FROM "plain" WHERE pk = 'x' AND EXISTS(ss)`,
      'Unrecognized function: exists at 1:42:6',
    ],
    [
      `SELECT * FROM "plain" WHERE pk = 'x' AND attribute_exists(m.inner)`,
      `${MALFORMED}Invalid path dot component`,
    ],
    [
      `UPDATE "plain" SET t = set_add(ss, <<'x'>>) WHERE pk = 'x'`,
      'The first argument to SET_ADD must equal the assignment value at 1:24:7',
    ],
    [
      `UPDATE "plain"\nSET ss = set_add(ss, 'x')\nWHERE pk = 'x'`,
      'The second argument to SET_ADD must be a value with type SET at 2:18:2',
    ],
    [
      `UPDATE "plain" SET "ss" = set_delete("ss", ['x']) WHERE pk = 'x'`,
      'The second argument to SET_DELETE must be a value with type SET at 1:38:4',
    ],
    [
      `UPDATE "plain" SET ss = set_add(ss) WHERE pk = 'x'`,
      'SET_ADD must have exactly two arguments at 1:25:7',
    ],
    [`UPDATE "plain" SET ss = set_add(ss, <<>>) WHERE pk = 'x'`, 'Empty bags are not supported'],
    [
      `SELECT * FROM "plain" WHERE set_add(ss, <<'x'>>) = ss`,
      'Unrecognized function: set_add at 1:29:7',
    ],
    [
      `INSERT INTO "plain" VALUE {'pk': 'x', 'ss': set_add(<<'a'>>, <<'b'>>)}`,
      'Unsupported data type: set_add under key root at 1:45:7',
    ],
    [
      `INSERT INTO "plain" VALUE {'pk': 'x', 's': <<1, 'a'>>}`,
      'Unsupported data type in Bag. DynamoDB only supports either numbers or strings in bags',
    ],
    [
      `INSERT INTO "plain" VALUE {'pk': 'x', 's': <<'a', 'a'>>}`,
      'One or more parameter values were invalid: Input collection [a, a] contains duplicates.',
    ],
    [
      `UPDATE "plain" SET n = set_add(n, <<2, 2.0>>) WHERE pk = 'x'`,
      'One or more parameter values were invalid: Input collection [2, 2.0] contains duplicates! under root',
    ],
    [
      `UPDATE "plain" SET n = 'a' + 1 WHERE pk = 'x' AND nope = 'x'`,
      `${OPERAND}+, operand type: S`,
    ],
    [`UPDATE "plain" SET n = n - null WHERE pk = 'x'`, `${OPERAND}-, operand type: NULL`],
    [
      `SELECT sk FROM "sorted" WHERE ${key} AND attribute_exists(n) > false`,
      `${OPERAND}>, operand type: BOOL`,
    ],
    [
      `SELECT sk FROM "sorted" ORDER BY sk`,
      'Must have WHERE clause in the statement when using ORDER BY clause.',
    ],
    [
      `SELECT sk FROM "sorted" WHERE pk = 'o' ORDER BY Total DESC`,
      'Attribute Total in ORDER BY clause must be part of the primary key',
    ],
    [
      `SELECT sk FROM "sorted" WHERE pk > 'a' ORDER BY sk`,
      'Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause.',
    ],
    [
      `SELECT sk FROM "sorted" WHERE pk IN ['o', 'p'] ORDER BY sk DESC`,
      'Must have hash key in ORDER BY clause when more than one hash key condition specified in WHERE clause.',
    ],
    [`SELECT sk FROM "sorted" WHERE pk IN ['r', 'r']`, OVERLAP],
    [`SELECT sk FROM "sorted" WHERE pk = 'r' OR pk = 'r'`, OVERLAP],
    [`SELECT sk FROM "sorted" WHERE pk = 'r' AND (sk > '0' OR sk < '5')`, OVERLAP],
    [`SELECT sk FROM "sorted" WHERE pk = 'r' AND (sk = '1' OR flag = 'two')`, OVERLAP],
    [`SELECT * FROM "sorted" WHERE pk = 'a' AND x <> '1' OR pk = 'a' AND sk = '2'`, OVERLAP],
    [
      `SELECT * FROM "sorted" WHERE pk = 1 OR pk = 'r'`,
      "Key attribute's data type should match its data type in table's schema: Key pk",
    ],
    [
      `SELECT * FROM "sorted" WHERE pk = 'r' AND sk IN ['1', 2]`,
      "Key attribute's data type should match its data type in table's schema: Key sk",
    ],
    [
      `UPDATE "sorted" SET a = 1 WHERE ${key} AND pk = 'other'`,
      'Multiple conditions on same key pk. Only single item Update/Insert/Delete are supported',
    ],
    [
      `EXISTS(SELECT * FROM "sorted" WHERE ${key} AND Awards IS MISSING)`,
      'EXISTS can only be used in ExecuteTransaction write requests.',
    ],
    [
      `SELECT pk FROM "indexed"."gsi-inc" WHERE g2 = 'y' AND free = 'f1'`,
      'One or more parameter values were invalid: Secondary index gsi-inc does not project one or more filter attributes: [free]',
    ],
    [
      `SELECT pk FROM "indexed"."gsi-inc" WHERE g2 = 'y' AND b = '1' AND (a = '2' OR held = '3')`,
      'One or more parameter values were invalid: Secondary index gsi-inc does not project one or more filter attributes: [a, b]',
    ],
    [
      `SELECT pk FROM "indexed"."gsi-inc" WHERE (g2 = 'q' AND u1 = '1') OR (g2 = 'b' AND u2 = '1')`,
      'One or more parameter values were invalid: Secondary index gsi-inc does not project one or more filter attributes: [u1]',
    ],
    [
      `SELECT pk FROM "indexed"."lsi-keys" WHERE pk = 'p' AND l BETWEEN 'k1' AND 'k4' AND NOT free = 'f1'`,
      'One or more parameter values were invalid: Secondary index lsi-keys does not project one or more filter attributes: [free]',
    ],
    [
      `SELECT free, alternate FROM "indexed"."gsi-inc" WHERE g2 = 'y'`,
      'One or more parameter values were invalid: Global secondary index gsi-inc does not project [free, alternate]',
    ],
  ];
  test.each(cases)('%s', async (statement, message) => {
    expect(await refusal(run(statement, undefined))).toBe(message);
  });

  test('deep literals name their place', async () => {
    const deep = (levels: number): string =>
      `UPDATE "plain" SET d = ${"{'a':".repeat(levels)}1${'}'.repeat(levels)} WHERE pk = 'deep'`;
    expect(await refusal(run(deep(32)))).toBe(
      `Nesting Levels have exceeded supported limits under root${'.a'.repeat(32)}`,
    );
    expect(await refusal(run(deep(31)))).toMatch(/^ConditionalCheckFailed/);
  });

  test('nothing a statement says can exhaust the stack', async () => {
    for (const text of [
      '('.repeat(8000),
      'NOT '.repeat(2000),
      '- '.repeat(4000),
      '['.repeat(8000),
    ]) {
      expect(await refusal(run(text))).toContain(MALFORMED);
    }
  });

  test('reads of many values', async () => {
    const values = (count: number): string =>
      Array.from({ length: count }, (_, i) => `'v${i}'`).join(', ');
    const select = 'SELECT sk FROM "sorted" WHERE';
    const tooMany = 'Too many decomposed read operations for a given query.';
    expect(await refusal(run(`${select} pk IN [${values(51)}]`))).toBe(tooMany);
    expect(await refusal(run(`${select} pk = 'r' AND sk IN [${values(51)}]`))).toBe(tooMany);
    expect(await refusal(run(`${select} pk IN [${values(26)}] AND sk IN ['1','2']`))).toBe(tooMany);
    const both = `${select} pk IN [${values(50)}] AND flag IN [${values(100)}]`;
    expect(await refusal(run(both))).toBe('accepted');
    expect(await refusal(run(`${select} pk IN [${values(51)}] OR flag = 'one'`))).toBe('accepted');
    expect(await refusal(run(`${select} pk = 'r' AND flag IN [${values(101)}]`))).toBe(
      'The IN operator is provided with too many operands; number of operands: 101',
    );
  });
});

describe('parameters', () => {
  const positions: readonly (readonly [string, string])[] = [
    ['a comparison', `SELECT * FROM "sorted" WHERE pk = 'a' AND n = ?`],
    ['an INSERT', `INSERT INTO "sorted" VALUE {'pk': 'a', 'sk': 's', 'n': ?}`],
    ['a SET', `UPDATE "sorted" SET n = ? WHERE pk = 'a' AND sk = 's'`],
    ['a key', `SELECT * FROM "sorted" WHERE pk = ?`],
  ];
  const deep = (levels: number, leaf: AttributeValue): AttributeValue =>
    levels === 0 ? leaf : { M: { n: deep(levels - 1, leaf) } };
  const unconvertible = 'The parameter cannot be converted to a numeric value';
  const nesting =
    'Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit';

  test.each(positions)('numbers in %s', async (_, statement) => {
    for (const N of ['1e99999999999', '-1e99999999999', '1e-99999999999', '1e2147483648']) {
      expect(await refusal(run(statement, [{ N }]))).toBe(`${unconvertible}: ${N}`);
    }
    expect(await refusal(run(statement, [{ N: '1e2147483647' }]))).toBe(UNDERFLOW);
    expect(await refusal(run(statement, [{ N: '' }]))).toBe(unconvertible);
  });

  test('the first problem in the order of the document is told', async () => {
    const pair = `SELECT * FROM "sorted" WHERE pk = 'a' AND x = ? AND y = ?`;
    const bad = { N: 'abc' };
    const leaf = { S: 'leaf' };
    expect(await refusal(run(pair, [deep(40, leaf), bad]))).toBe(nesting);
    expect(await refusal(run(pair, [bad, deep(40, leaf)]))).toBe(`${unconvertible}: abc`);
    expect(await refusal(run(pair, [{ M: { d: deep(40, leaf), bad } }, leaf]))).toBe(nesting);
    expect(await refusal(run(pair, [{ M: { bad, d: deep(40, leaf) } }, leaf]))).toBe(
      `${unconvertible}: abc`,
    );
    expect(await refusal(run(pair, [deep(40, bad), leaf]))).toBe(nesting);
  });

  test('are looked at before the statement', async () => {
    const duplicates =
      'One or more parameter values were invalid: Input collection [a, a] contains duplicates.';
    expect(await refusal(run('UPDATE "sorted" SET WHERE', [{ SS: ['a', 'a'] }]))).toBe(duplicates);
    const insert = `INSERT INTO "sorted" VALUE {'pk': 'a', 'sk': 's', 'n': ?}`;
    expect(await refusal(run(insert, [{ NULL: false as never }]))).toBe(
      'One or more parameter values were invalid: Null attribute value types must have the value of true',
    );
  });

  test('missing ones are missed, and they do not stand in literals', async () => {
    expect(await refusal(run('SELECT * FROM "plain" WHERE pk = ?'))).toBe(
      "Number of parameters in request and statement don't match.",
    );
    expect(await refusal(run(`UPDATE "plain" SET x = [?] WHERE pk = 'a'`, [{ S: 'v' }]))).toBe(
      'Unsupported data type: Parameter under key root[0] at 1:25:1',
    );
    expect(
      await refusal(run(`INSERT INTO "plain" VALUE {'pk':'a','m':{'k':?}}`, [{ S: 'v' }])),
    ).toBe('Unsupported data type: Parameter under key root.k at 1:46:1');
  });

  test('take the place of any value', async () => {
    await run(`INSERT INTO "plain" VALUE {'pk': ?, 'n': ?}`, [{ S: 'params' }, { N: '1' }]);
    const found = await rows(`SELECT n FROM "plain" WHERE pk = ? AND n IN [?, 2]`, [
      { S: 'params' },
      { N: '1' },
    ]);
    expect(found).toEqual([{ n: { N: '1' } }]);
  });
});
