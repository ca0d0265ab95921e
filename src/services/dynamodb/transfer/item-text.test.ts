// Items as text: the guide's own examples of DynamoDB JSON and Ion, and random items there and back.
import { describe, expect, test } from 'vitest';
import { CsvSyntaxError, endsRecord, readRecord } from './csv.ts';
import { IonSyntaxError, readIon } from './ion-text.ts';
import { readIonItems, readJsonLine, toIon, toJson } from './item-text.ts';
import type { Item } from '../attribute-value.ts';

/** AWS developer guide, "DynamoDB table export output format". */
const BOOK: Item = {
  Authors: { SS: ['Author1', 'Author2'] },
  Dimensions: { S: '8.5 x 11.0 x 1.5' },
  ISBN: { S: '333-3333333333' },
  Id: { N: '103' },
  InPublication: { BOOL: false },
  PageCount: { N: '600' },
  Price: { N: '2000' },
  ProductCategory: { S: 'Book' },
  Title: { S: 'Book 103 Title' },
};
const BOOK_ION =
  '{Authors:$dynamodb_SS::["Author1","Author2"],Dimensions:"8.5 x 11.0 x 1.5",ISBN:"333-3333333333",Id:103.,InPublication:false,PageCount:6d2,Price:2d3,ProductCategory:"Book",Title:"Book 103 Title"}';

describe('Ion', () => {
  test("writes the guide's example", () => {
    expect(toIon(BOOK)).toBe(BOOK_ION);
  });

  test("reads the guide's example", () => {
    expect(readIonItems(`$ion_1_0 {Item:${BOOK_ION}}`)).toEqual([BOOK]);
  });

  test.each([
    ['null', { kind: 'null' }],
    ['null.string', { kind: 'null' }],
    ['true', { kind: 'boolean', value: true }],
    ['-1_000.50d-3', { kind: 'number', text: '-1000.50e-3' }],
    ['1e3', { kind: 'number', text: '1e3' }],
    ['"a\\n\\u00e9\\x41\\\n"', { kind: 'text', text: 'a\néA' }],
    ["'quoted symbol'", { kind: 'text', text: 'quoted symbol' }],
    ["'''long ''' /* comment */ '''string'''", { kind: 'text', text: 'long string' }],
    ['{{ aGVsbG8= }}', { kind: 'bytes', bytes: Uint8Array.from(Buffer.from('hello')) }],
    ['[1, // one\n 2,]', { kind: 'list' }],
  ])('reads %s', (text, expected) => {
    expect(readIon(text)).toMatchObject([expected]);
  });

  test.each(['{', '[1 2]', '"open', '{a 1}', '{{ "clob" }}', '(1 + 2)', 'nan', '['.repeat(100)])(
    'refuses %s',
    (text) => {
      expect(() => readIon(text)).toThrow(IonSyntaxError);
    },
  );
});

const ODD: Item = {
  "it's \"odd\"": { S: 'quotes \' " and \\ and \u0000 and 😀' },
  null: { NULL: true },
  $dollar: { B: Uint8Array.of(0, 255, 1) },
  small: { N: '0.000000000000000000000000000000123' },
  large: { N: '-99999999999999999999999999999999999999000' },
  nested: { M: { list: { L: [{ N: '1.5' }, { M: {} }, { BOOL: true }] } } },
  sets: { NS: ['1', '-2.25'] },
  blobs: { BS: [Uint8Array.of(1), Uint8Array.of(2)] },
};

test.each([
  ['JSON', (item: Item) => readJsonLine(JSON.stringify({ Item: toJson(item) }))],
  ['Ion', (item: Item) => readIonItems(`{Item:${toIon(item)}}`)[0]],
])('an odd item comes back from %s', (_, there) => {
  expect(there(ODD)).toEqual(ODD);
});

describe('CSV', () => {
  test.each([
    ['a,b,c', ['a', 'b', 'c']],
    ['a,,', ['a', '', '']],
    ['"a,b","c""d"', ['a,b', 'c"d']],
    ['"two\nlines",x', ['two\nlines', 'x']],
  ])('%j', (record, fields) => {
    expect(readRecord(record, ',')).toEqual(fields);
  });

  // AWS developer guide, "Amazon S3 import formats for DynamoDB".
  test('refuses quotes that are not escaped, as the guide says', () => {
    expect(() => readRecord('id,value "123",Dress', ',')).toThrow(CsvSyntaxError);
    expect(readRecord('id,"value ""123""",Dress', ',')).toEqual(['id', 'value "123"', 'Dress']);
  });

  test('a record ends where its quotes are balanced', () => {
    expect(endsRecord('a,"b')).toBe(false);
    expect(endsRecord('a,"b""c"')).toBe(true);
  });
});
