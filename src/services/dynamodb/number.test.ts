// Numbers: what AWS accepts, how it writes them back, exact arithmetic and order.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addNumbers, canonicalNumber, compareNumbers, encodeNumber, numberSize } from './number.ts';

const complain = (problem: string): Error => new Error(problem);
const read = (text: string): string => canonicalNumber(text, complain);

const OVERFLOW =
  'Number overflow. Attempting to store a number with magnitude larger than supported range';
const UNDERFLOW =
  'Number underflow. Attempting to store a number with magnitude smaller than supported range';

describe('canonicalNumber', () => {
  // Sources: scylladb test_number.py (run against AWS), nubo-db/dynamodb-conformance
  // numberByteSize.
  test.each([
    ['3', '3'],
    ['+3', '3'],
    ['-7.1234', '-7.1234'],
    ['.123', '0.123'],
    ['0001.23', '1.23'],
    ['0042.1200', '42.12'],
    ['1e+5', '100000'],
    ['-17e5', '-1700000'],
    ['-17.4E37', `-174${'0'.repeat(36)}`],
    // A zero is measured by the exponent it is written with. paritysuite, numberExponent.test.ts
    ['0e125', '0'],
    ['0.00e126', '0'],
    ['-0', '0'],
    ['-0.0', '0'],
    ['1E125', `1${'0'.repeat(125)}`],
    ['9.99999999e125', `999999999${'0'.repeat(117)}`],
    ['1e-130', `0.${'0'.repeat(129)}1`],
    ['3.1415926535897932384626433832795028841', '3.1415926535897932384626433832795028841'],
    ['100.00', '100'],
  ])('%s is written back as %s', (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  test.each([
    ['', 'The parameter cannot be converted to a numeric value'],
    ['dog', 'The parameter cannot be converted to a numeric value: dog'],
    ['NaN', 'The parameter cannot be converted to a numeric value: NaN'],
    ['-Infinity', 'The parameter cannot be converted to a numeric value: -Infinity'],
    [' 1', 'The parameter cannot be converted to a numeric value:  1'],
    ['1 ', 'The parameter cannot be converted to a numeric value: 1 '],
    ['.', 'The parameter cannot be converted to a numeric value: .'],
    ['0x10', 'The parameter cannot be converted to a numeric value: 0x10'],
    ['1e126', OVERFLOW],
    ['11e125', OVERFLOW],
    ['-1e126', OVERFLOW],
    ['1e100000000', OVERFLOW],
    ['1e2147483648', OVERFLOW],
    ['1e99999999999', OVERFLOW],
    ['1e-99999999999', UNDERFLOW],
    ['0e126', OVERFLOW],
    ['0e-131', UNDERFLOW],
    [
      '1e9223372036854775808',
      'The parameter cannot be converted to a numeric value: 1e9223372036854775808',
    ],
    ['1e-131', UNDERFLOW],
    ['0.9e-130', UNDERFLOW],
    [
      '3.14159265358979323846264338327950288419',
      'Attempting to store more than 38 significant digits in a Number',
    ],
    [
      '314159265358979323846264338327950288419e30',
      'Attempting to store more than 38 significant digits in a Number',
    ],
  ])('%s is refused', (text, message) => {
    expect(() => read(text)).toThrow(new Error(message));
  });
});

describe('addNumbers', () => {
  const add = (a: string, b: string): string =>
    addNumbers(read(a), read(b), { subtract: false, complain });
  const subtract = (a: string, b: string): string =>
    addNumbers(read(a), read(b), { subtract: true, complain });

  test.each([
    ['1', '10000000000000000000000', '10000000000000000000001'],
    ['0.1', '0.2', '0.3'],
    ['5', '-5', '0'],
    ['-0.5', '0.25', '-0.25'],
    ['0', '1e-130', `0.${'0'.repeat(129)}1`],
    ['9e124', '1e124', `1${'0'.repeat(125)}`],
  ])('%s + %s = %s', (a, b, sum) => {
    expect(add(a, b)).toBe(sum);
  });

  // Source: scylladb test_number.py, test_update_expression_plus_*.
  test('differences are exact and results out of range overflow', () => {
    expect(subtract('10000000000000000000000', '1')).toBe('9999999999999999999999');
    expect(() => add('9e125', '9e125')).toThrow(new Error(OVERFLOW));
    expect(() => add('1e50', '1')).toThrow(new Error(OVERFLOW));
    expect(() => subtract('1e50', '1')).toThrow(new Error(OVERFLOW));
  });
});

describe('numberSize', () => {
  // Source: nubo-db/dynamodb-conformance, src/item-size.ts, measured at the byte against eu-west-2.
  test.each([
    ['0', 1],
    ['1', 2],
    ['12', 2],
    ['123', 3],
    ['1234', 3],
    ['12345678901234567890123456789012345678', 20],
    ['0042', 2],
    ['100', 2],
    ['1010', 3],
    ['0.0000001', 2],
    ['1E125', 2],
    ['1E-100', 2],
    ['1.5', 3],
    ['15', 2],
    ['1.200', 3],
    ['1.234', 4],
    ['3.14159', 5],
    ['123456', 4],
    ['100.5', 4],
    ['0.15', 2],
    ['-42', 3],
    ['-0', 1],
  ])('%s counts %i bytes', (text, bytes) => {
    expect(numberSize(read(text))).toBe(bytes);
  });
});

describe('order', () => {
  const decimals = fc
    .tuple(
      fc.boolean(),
      fc.bigInt({ min: 0n, max: 10n ** 38n - 1n }),
      fc.integer({ min: -92, max: 87 }),
    )
    .map(([negative, digits, exponent]) => `${negative ? '-' : ''}${digits}e${exponent}`);

  /** By integers scaled to a common exponent: no code of ours. */
  function naiveCompare(a: string, b: string): number {
    const [x, y] = [a, b].map((text) => {
      const [digits = '0', exponent = '0'] = text.split('e');
      return BigInt(digits) * 10n ** BigInt(Number(exponent) + 92);
    }) as [bigint, bigint];
    return x < y ? -1 : Number(x > y);
  }

  test('compareNumbers and the bytes of encodeNumber agree with plain integers', () => {
    fc.assert(
      fc.property(decimals, decimals, (a, b) => {
        const expected = naiveCompare(a, b);
        const [x, y] = [read(a), read(b)];
        expect(Math.sign(compareNumbers(x, y))).toBe(expected);
        expect(Buffer.compare(encodeNumber(x), encodeNumber(y))).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['-1e125', '-1e-130'],
    ['-1e-130', '0'],
    ['0', '1e-130'],
    ['1.2', '1.23'],
    ['-1.23', '-1.2'],
    ['9', '10'],
    ['99', '100'],
    ['-10', '-9'],
  ])('%s comes before %s', (low, high) => {
    expect(compareNumbers(read(low), read(high))).toBeLessThan(0);
    expect(Buffer.compare(encodeNumber(read(low)), encodeNumber(read(high)))).toBe(-1);
  });
});
