// Expressions: the grammar and its errors, in AWS's words.
import { describe, expect, test } from 'vitest';
import type { Item } from '../attribute-value.ts';
import { holds } from './evaluate.ts';
import { checkAllUsed, openPlaceholders } from './placeholders.ts';
import { readCondition, readProjection, readUpdate } from './read-expression.ts';

const NAMES = { '#a': 'a', '#b': 'b', '#c': 'c', '#l': 'list', '#s': 'size' };
const VALUES: Item = {
  ':s': { S: 'text' },
  ':n': { N: '5' },
  ':m': { N: '1' },
  ':l': { L: [] },
  ':b': { BOOL: true },
  ':u': { NULL: true },
  ':ss': { SS: ['x'] },
  ':t': { S: 'XX' },
};

const condition = (text: string): unknown =>
  readCondition('ConditionExpression', text, openPlaceholders(NAMES, VALUES));
const update = (text: string): unknown => readUpdate(text, openPlaceholders(NAMES, VALUES));
const projection = (text: string): unknown => readProjection(text, openPlaceholders(NAMES, VALUES));

// Sources of the messages: dynalite (recorded against AWS), nubo-db/dynamodb-conformance, public
// issues.
describe('condition errors', () => {
  test.each([
    ['', 'The expression can not be empty;'],
    ['a = ', 'Syntax error; token: "<EOF>", near: "="'],
    ['a', 'Syntax error; token: "<EOF>", near: "a"'],
    ['a = :s AND', 'Syntax error; token: "<EOF>", near: "AND"'],
    ['a > = :s', 'Syntax error; token: "=", near: "> = :s"'],
    ['a = :s b = :n', 'Syntax error; token: "b", near: ":s b ="'],
    ['!!!', 'Syntax error; token: "!", near: "!!"'],
    ['a = # AND b = :s', 'Syntax error; token: "#", near: "= # AND"'],
    ['_a = :s', 'Syntax error; token: "_", near: "_a"'],
    ['(a = :s', 'Syntax error; token: "<EOF>", near: ":s"'],
    ['a[b] = :s', 'Syntax error; token: "b", near: "[b]"'],
    ['((a = :s))', 'The expression has redundant parentheses;'],
    ['a = ((:s))', 'The expression has redundant parentheses;'],
    ['foo(a) = :s', 'Invalid function name; function: foo'],
    ['size(a)', 'The function is not allowed to be used this way in an expression; function: size'],
    [
      'attribute_exists(a) = :s',
      'The function is not allowed to be used this way in an expression; function: attribute_exists',
    ],
    [
      'contains(a, begins_with(b, :s))',
      'The function is not allowed to be used this way in an expression; function: begins_with',
    ],
    ['size = :n', 'Attribute name is a reserved keyword; reserved keyword: size'],
    ['a.Name = :n', 'Attribute name is a reserved keyword; reserved keyword: Name'],
    [
      'a = :missing',
      'An expression attribute value used in expression is not defined; attribute value: :missing',
    ],
    [
      '#missing = :s',
      'An expression attribute name used in the document path is not defined; attribute name: #missing',
    ],
    [
      'attribute_exists(a, b)',
      'Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 2',
    ],
    [
      'attribute_exists(:s)',
      'Operator or function requires a document path; operator or function: attribute_exists',
    ],
    [
      'begins_with(a, :n)',
      'Incorrect operand type for operator or function; operator or function: begins_with, operand type: N',
    ],
    [
      'size(:n) = :n',
      'Incorrect operand type for operator or function; operator or function: size, operand type: N',
    ],
    [
      'attribute_type(a, :t)',
      'Invalid attribute type name found; type: XX, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}',
    ],
    [
      'attribute_type(a, :n)',
      'Incorrect operand type for operator or function; operator or function: attribute_type, operand type: N',
    ],
    [
      'contains(#a, a)',
      'The first operand must be distinct from the remaining operands for this operator or function; operator: contains, first operand: [a]',
    ],
    [
      'a.b[1] = a.b[1]',
      'The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [a, b, [1]]',
    ],
    [
      'a BETWEEN :s AND :n',
      'The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {S:text}, upper bound operand: AttributeValue: {N:5}',
    ],
    [
      'a BETWEEN :n AND :m',
      'The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:5}, upper bound operand: AttributeValue: {N:1}',
    ],
  ])('%s', (text, message) => {
    expect(() => condition(text)).toThrow(
      expect.objectContaining({
        code: 'ValidationException',
        message: `Invalid ConditionExpression: ${message}`,
      }),
    );
  });

  test('limits: four kilobytes, three hundred operators, a hundred choices', () => {
    expect(() => condition(`a = :s ${' '.repeat(4096)}`)).toThrow(
      /Expression size has exceeded the maximum allowed size; expression size: 4103/,
    );
    const many = (count: number): string => Array<string>(count).fill('a=:s').join(' OR ');
    expect(condition(many(300))).toBeDefined();
    expect(() => condition(many(301))).toThrow(
      /The expression contains too many operators; operator count: 301/,
    );
    const choices = (count: number): string => Array<string>(count).fill(':s').join(',');
    expect(condition(`a IN (${choices(100)})`)).toBeDefined();
    expect(() => condition(`a IN (${choices(101)})`)).toThrow(/IN operator .*: 101/);
  });

  test('parentheses without end are refused, not followed', () => {
    expect(() => condition(`${'('.repeat(2000)}a=:s${')'.repeat(2000)}`)).toThrow(/parentheses/);
    expect(() => update(`SET a = ${'('.repeat(2000)}:s${')'.repeat(2000)}`)).toThrow(/parentheses/);
  });
});

describe('conditions that are fine', () => {
  test.each([
    '(a = :s)',
    '(a = :s) AND (b = :n)',
    '(a = :s AND (b = :n))',
    'a=:s',
    'a = :s and not b = :n or c <> :s',
    'NOT (a = :s)',
    'not NOT a = :s',
    ':s = a',
    '(a) = (:s)',
    'size(a) >= :n',
    'a IN (:s, b, :n)',
    'a\t\n=\r:s',
    'a.b[10].#c = :s',
    'attribute_not_exists(#a.b)',
    'a BETWEEN b AND c',
  ])('%s', (text) => {
    expect(condition(text)).toBeDefined();
  });
});

describe('update errors', () => {
  test.each([
    ['INVALID SYNTAX HERE', 'Syntax error; token: "INVALID", near: "INVALID SYNTAX"'],
    ['ADD hits : incr', 'Syntax error; token: ":", near: "hits : incr"'],
    ['SET', 'Syntax error; token: "<EOF>", near: "SET"'],
    ['SET a = :s,', 'Syntax error; token: "<EOF>", near: ","'],
    ['SET a = :n + :n + :n', 'Syntax error; token: "+", near: ":n + :n"'],
    ['ADD a b', 'Syntax error; token: "b", near: "a b"'],
    ['SET name = :s', 'Attribute name is a reserved keyword; reserved keyword: name'],
    ['SET a = foo(:s)', 'Invalid function name; function: foo'],
    ['SET a = :s SET b = :s', 'The "SET" section can only be used once in an update expression;'],
    [
      'SET a = :v, #missing = :s',
      'An expression attribute name used in the document path is not defined; attribute name: #missing',
    ],
    [
      'SET a = :v, a = :s',
      'An expression attribute value used in expression is not defined; attribute value: :v',
    ],
    [
      'SET a = :s REMOVE #a.b',
      'Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a, b]',
    ],
    [
      'SET a.b = :s, a[1] = :s',
      'Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a, [1]]',
    ],
    [
      'ADD a :s',
      'Incorrect operand type for operator or function; operator: ADD, operand type: STRING',
    ],
    [
      'DELETE a :n',
      'Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER',
    ],
    [
      'SET a = b + :s',
      'Incorrect operand type for operator or function; operator or function: +, operand type: S',
    ],
    [
      'SET a = list_append(b, :s)',
      'Incorrect operand type for operator or function; operator or function: list_append, operand type: S',
    ],
    [
      'SET a = if_not_exists(:s, :s)',
      'Operator or function requires a document path; operator or function: if_not_exists',
    ],
    [
      'SET a = list_append(list_append(b, :l), :l)',
      'The function is not allowed to be used this way in an expression; function: list_append',
    ],
    [
      'SET a = list_append(:l, list_append(:l, b))',
      'The function is not allowed to be used this way in an expression; function: list_append',
    ],
    [
      'SET a = list_append(b)',
      'Incorrect number of operands for operator or function; operator or function: list_append, number of operands: 1',
    ],
  ])('%s', (text, message) => {
    expect(() => update(text)).toThrow(`Invalid UpdateExpression: ${message}`);
  });

  test.each([
    'set a = :s remove b add c :n',
    'SET a = (:n)',
    'SET a = (b + :n)',
    'SET a = (b) + (:n)',
    'SET a = if_not_exists(a, :n) - :m',
    'SET a = list_append(if_not_exists(a, :l), :l)',
    'SET a[0] = :s, a[1].b = :n REMOVE a[2]',
    'DELETE a :ss ADD b :ss',
  ])('%s is fine', (text) => {
    expect(update(text)).toBeDefined();
  });
});

describe('projections', () => {
  test.each([
    ['', 'The expression can not be empty;'],
    ['a,', 'Syntax error; token: "<EOF>", near: ","'],
    ['a b', 'Syntax error; token: "b", near: "a b"'],
    ['a, year', 'Attribute name is a reserved keyword; reserved keyword: year'],
    [
      'a, #x',
      'An expression attribute name used in the document path is not defined; attribute name: #x',
    ],
    [
      'a, a',
      'Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a]',
    ],
    [
      'a.b, #a.b[0]',
      'Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a, b, [0]]',
    ],
  ])('%s', (text, message) => {
    expect(() => projection(text)).toThrow(`Invalid ProjectionExpression: ${message}`);
  });

  test('names without conflict come back resolved', () => {
    expect(projection('#a.b[1], #l, c')).toEqual([['a', 'b', 1], ['list'], ['c']]);
  });
});

test('placeholders that no expression uses are told', () => {
  const placeholders = openPlaceholders(
    { '#a': 'a', '#b': 'b' },
    { ':s': { S: 'x' }, ':t': { S: 'y' } },
  );
  readCondition('FilterExpression', '#a = :s', placeholders);
  expect(() => checkAllUsed(placeholders)).toThrow(
    'Value provided in ExpressionAttributeNames unused in expressions: keys: {#b}',
  );
  readUpdate('SET #b = :s', placeholders);
  expect(() => checkAllUsed(placeholders)).toThrow(
    'Value provided in ExpressionAttributeValues unused in expressions: keys: {:t}',
  );
});

describe('evaluation', () => {
  // The item of the AWS developer guide, "Expressions" (ProductCatalog 789), with two attributes
  // more.
  const item: Item = {
    Id: { N: '789' },
    ProductCategory: { S: 'Home Improvement' },
    Price: { N: '52' },
    InStock: { BOOL: true },
    Brand: { S: 'Acme' },
    Color: { L: [{ S: 'Red' }, { S: 'Black' }] },
    Sizes: { SS: ['S', 'M'] },
    Ratings: { NS: ['4', '5'] },
    Photo: { B: Uint8Array.of(1, 2, 3) },
    Nothing: { NULL: true },
    Reviews: { M: { FiveStar: { L: [{ S: 'Excellent' }, { S: 'Great' }] }, OneStar: { L: [] } } },
  };
  const values: Item = {
    ':52': { N: '52.0'.replace('.0', '') },
    ':60': { N: '60' },
    ':100': { N: '100' },
    ':text': { S: '52' },
    ':acme': { S: 'Acme' },
    ':ac': { S: 'Ac' },
    ':red': { S: 'Red' },
    ':m': { S: 'M' },
    ':5': { N: '5' },
    ':two': { N: '2' },
    ':three': { N: '3' },
    ':bytes': { B: Uint8Array.of(2, 3) },
    ':start': { B: Uint8Array.of(1, 2) },
    ':typeL': { S: 'L' },
    ':typeNull': { S: 'NULL' },
    ':set': { SS: ['M', 'S'] },
    ':true': { BOOL: true },
  };

  test.each([
    ['Price = :52', true],
    ['Price = :text', false],
    ['Price <> :text', true],
    ['Absent <> :52', true],
    ['Absent = :52', false],
    ['NOT Absent = :52', true],
    ['Absent < :52', false],
    ['Price < :60', true],
    ['Price < :100', true],
    [':60 > Price', true],
    ['Brand > :52', false],
    ['Price BETWEEN :52 AND :60', true],
    ['Price BETWEEN :60 AND :100', false],
    ['Brand IN (:red, :acme)', true],
    ['Absent IN (:red, :acme)', false],
    ['attribute_exists(Reviews.FiveStar[1])', true],
    ['attribute_exists(Reviews.FiveStar[2])', false],
    ['attribute_exists(Brand.FiveStar)', false],
    ['attribute_not_exists(Reviews.ThreeStar)', true],
    ['attribute_exists(Nothing)', true],
    ['attribute_type(Color, :typeL)', true],
    ['attribute_type(Nothing, :typeNull)', true],
    ['attribute_type(Absent, :typeL)', false],
    ['begins_with(Brand, :ac)', true],
    ['begins_with(Color, :red)', false],
    ['begins_with(Photo, :start)', true],
    ['begins_with(Photo, :bytes)', false],
    ['contains(Brand, :ac)', true],
    ['contains(Color, :red)', true],
    ['contains(Sizes, :m)', true],
    ['contains(Ratings, :5)', true],
    ['contains(Photo, :bytes)', true],
    ['contains(Price, :5)', false],
    ['size(Color) = :two', true],
    ['size(Reviews) = :two', true],
    ['size(Photo) = :three', true],
    ['size(Price) = :two', false],
    ['size(Absent) < :100', false],
    ['Sizes = :set', true],
    ['InStock = :true', true],
    ['Reviews.OneStar <> Reviews.FiveStar', true],
    // AND binds more tightly than OR, and NOT most of all.
    ['Price = :52 OR Price = :60 AND Price = :100', true],
    ['(Price = :52 OR Price = :60) AND Price = :100', false],
    ['NOT Price = :60 AND Price = :52', true],
  ])('%s is %s', (text, expected) => {
    const tree = readCondition('FilterExpression', text, openPlaceholders(undefined, values));
    expect(holds(tree, item)).toBe(expected);
  });

  test('size counts UTF-16 code units', () => {
    const sized = readCondition(
      'FilterExpression',
      'size(a) = :two',
      openPlaceholders(undefined, values),
    );
    expect(holds(sized, { a: { S: '😀' } })).toBe(true);
    expect(holds(sized, { a: { S: 'é' } })).toBe(false);
  });

  test('attributes every object has are absent unless the item has them', () => {
    const tree = readCondition(
      'FilterExpression',
      'attribute_exists(toString)',
      openPlaceholders(undefined, undefined),
    );
    expect(holds(tree, {})).toBe(false);
  });
});
