// Attribute values: normalisation, refusals in AWS's words, equality and size.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  equalValues,
  readItem,
  readValue,
  type AttributeValue,
  type RawValue,
} from './attribute-value.ts';
import { decodeItem, encodeItem, storedSize } from './item-codec.ts';
import { itemSize } from './item-size.ts';

const complain = (problem: string): Error => new Error(problem);
const read = (raw: RawValue): AttributeValue => readValue(raw, complain);

function nest(levels: number): RawValue {
  let value: RawValue = { S: 'x' };
  for (let i = 0; i < levels; i++) value = { L: [value] };
  return value;
}

describe('readValue', () => {
  test('numbers are canonical everywhere, NULL is always true, unset members do not count', () => {
    expect(read({ N: '1.50', S: undefined })).toEqual({ N: '1.5' });
    expect(read({ NS: ['1.0', '2e1'] })).toEqual({ NS: ['1', '20'] });
    expect(read({ M: { a: { L: [{ N: '007' }] } } })).toEqual({ M: { a: { L: [{ N: '7' }] } } });
    expect(read({ NULL: true })).toEqual({ NULL: true });
  });

  // Sources: dynalite validations/index.js; nubo-db/dynamodb-conformance captures.
  test.each<[string, RawValue, string]>([
    // AWS: two regions took it for some weeks of 2026. paritysuite, error-messages/putItem.test.ts
    [
      'a false null',
      { NULL: false },
      'One or more parameter values were invalid: Null attribute value types must have the value of true',
    ],
    [
      'no type',
      {},
      'Supplied AttributeValue is empty, must contain exactly one of the supported datatypes',
    ],
    [
      'two types',
      { S: 'a', N: '1' },
      'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes',
    ],
    [
      'an empty string set',
      { SS: [] },
      'One or more parameter values were invalid: An string set  may not be empty',
    ],
    [
      'an empty number set',
      { NS: [] },
      'One or more parameter values were invalid: An number set  may not be empty',
    ],
    [
      'an empty binary set',
      { BS: [] },
      'One or more parameter values were invalid: Binary sets should not be empty',
    ],
    [
      'a string twice',
      { SS: ['a', 'a'] },
      'One or more parameter values were invalid: Input collection [a, a] contains duplicates.',
    ],
    ['a number twice', { NS: ['1', '1.0'] }, 'Input collection contains duplicates'],
    [
      'a nested problem',
      { M: { a: { L: [{ SS: [] }] } } },
      'One or more parameter values were invalid: An string set  may not be empty',
    ],
    [
      'too deep a document',
      nest(32),
      'Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit',
    ],
  ])('%s is refused', (_, raw, message) => {
    expect(() => read(raw)).toThrow(new Error(message));
  });

  test('thirty-two levels are allowed, and empty texts outside keys', () => {
    expect(read(nest(31))).toEqual(nest(31));
    expect(read({ S: '' })).toEqual({ S: '' });
    expect(read({ B: new Uint8Array() })).toEqual({ B: new Uint8Array() });
  });

  test('an attribute may have any name', () => {
    const raw = JSON.parse('{"__proto__": {"S": "a"}, "constructor": {"S": "b"}}');
    const item = readItem(raw, complain);
    expect(Object.keys(item)).toEqual(['__proto__', 'constructor']);
    const stored = decodeItem(encodeItem({ item, size: itemSize(item) }));
    expect(Object.entries(stored.item)).toEqual(Object.entries(item));
  });
});

describe('equalValues', () => {
  test.each<[boolean, AttributeValue, AttributeValue]>([
    [true, { SS: ['a', 'b'] }, { SS: ['b', 'a'] }],
    [false, { SS: ['a', 'b'] }, { SS: ['a', 'c'] }],
    [false, { SS: ['1'] }, { NS: ['1'] }],
    [true, { L: [{ S: 'a' }] }, { L: [{ S: 'a' }] }],
    [false, { L: [{ S: 'a' }, { S: 'b' }] }, { L: [{ S: 'b' }, { S: 'a' }] }],
    [
      true,
      { M: { a: { N: '1' }, b: { NULL: true } } },
      { M: { b: { NULL: true }, a: { N: '1' } } },
    ],
    [false, { M: { a: { N: '1' } } }, { M: { a: { N: '1' }, b: { N: '2' } } }],
    [true, { B: Uint8Array.of(1, 2) }, { B: Buffer.from([1, 2]) }],
    [
      true,
      { BS: [Uint8Array.of(1), Uint8Array.of(2)] },
      { BS: [Uint8Array.of(2), Uint8Array.of(1)] },
    ],
    [false, { S: '1' }, { N: '1' }],
    [false, { BOOL: true }, { BOOL: false }],
  ])('%s: %j, %j', (equal, a, b) => {
    expect(equalValues(a, b)).toBe(equal);
    expect(equalValues(b, a)).toBe(equal);
  });
});

describe('itemSize', () => {
  // Rules: AWS developer guide, "DynamoDB item sizes and formats".
  test.each<[number, Record<string, AttributeValue>]>([
    [0, {}],
    [6, { abc: { S: 'xyz' } }],
    [5, { ü: { S: 'üx' } }],
    [6, { ab: { B: new Uint8Array(4) } }],
    [3, { a: { BOOL: true }, b: { S: '' } }],
    [2, { a: { NULL: true } }],
    [4, { a: { L: [] } }],
    [4, { a: { M: {} } }],
    // 1 for the name, 3 for the list, then 1 for each element and its own size.
    [1 + 3 + (1 + 2) + (1 + 1), { a: { L: [{ S: 'xx' }, { BOOL: false }] } }],
    [1 + 3 + (1 + 1 + 2), { a: { M: { k: { S: 'xx' } } } }],
    [1 + 5, { a: { SS: ['ab', 'cde'] } }],
    [1 + 2 + 3, { a: { NS: ['1', '-42'] } }],
  ])('%i bytes', (bytes, item) => {
    expect(itemSize(item)).toBe(bytes);
  });
});

describe('stored items', () => {
  const scalar = fc.oneof(
    fc.string({ unit: 'grapheme' }).map((S) => ({ S })),
    fc.integer().map((n) => ({ N: String(n) })),
    fc.uint8Array().map((B) => ({ B })),
    fc.boolean().map((BOOL) => ({ BOOL })),
    fc.constant({ NULL: true as const }),
    fc.uniqueArray(fc.string(), { minLength: 1 }).map((SS) => ({ SS })),
    fc.uniqueArray(fc.nat().map(String), { minLength: 1 }).map((NS) => ({ NS })),
    fc.array(fc.uint8Array(), { minLength: 1 }).map((BS) => ({ BS })),
  );
  const { value } = fc.letrec<{ value: AttributeValue }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      scalar,
      fc.array(tie('value')).map((L) => ({ L })),
      fc.dictionary(fc.string(), tie('value')).map((M) => ({ M })),
    ),
  }));

  test('come back as they were', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), value), (item) => {
        const plain = { ...item };
        const size = itemSize(plain);
        const bytes = encodeItem({ item: plain, size });
        expect(storedSize(bytes)).toBe(size);
        const stored = decodeItem(bytes);
        expect(stored.size).toBe(size);
        expect(equalValues({ M: stored.item }, { M: plain })).toBe(true);
      }),
    );
  });
});
