// DynamoDB numbers: 38 significant decimal digits, magnitudes 1E-130 to 9.9…E+125, exact
// arithmetic.
import { NUMBER_MAX_DIGITS, NUMBER_MAX_EXPONENT, NUMBER_MIN_EXPONENT } from './limits.ts';

/**
 * Builds the error for a problem with a value, in the words of the place where the value stands.
 */
export type Complain = (problem: string) => Error;

// A number is kept as its canonical text: plain decimal notation without needless zeros or signs,
// as DynamoDB gives it back. Equal numbers have equal texts.

/** ±d.ddd × 10^exponent; `digits` without leading and trailing zeros, empty for zero. */
interface Decimal {
  readonly negative: boolean;
  readonly digits: string;
  readonly exponent: number;
}

const CANONICAL_INTEGER = /^(?:0|-?[1-9][0-9]{0,37})$/;
const NUMBER = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?$/;
/** Exponents from here on cannot be converted: they need more than 64 bits. */
const INT64_END = 2 ** 63;
const ZERO: Decimal = { negative: false, digits: '', exponent: 0 };

const OVERFLOW =
  'Number overflow. Attempting to store a number with magnitude larger than supported range';
const UNDERFLOW =
  'Number underflow. Attempting to store a number with magnitude smaller than supported range';
const NOT_NUMERIC = 'The parameter cannot be converted to a numeric value';

/** The canonical text of what a client sent. */
export function canonicalNumber(text: string, complain: Complain): string {
  if (CANONICAL_INTEGER.test(text)) return text;
  if (text === '') throw complain(NOT_NUMERIC);
  const match = NUMBER.exec(text);
  const [, sign, whole = '', fraction = '', exponent = '0'] = match ?? [];
  if (match === null || whole + fraction === '') throw complain(`${NOT_NUMERIC}: ${text}`);
  const written = Number(exponent);
  if (Math.abs(written) >= INT64_END) throw complain(`${NOT_NUMERIC}: ${text}`);
  const decimal = normalize(sign === '-', whole + fraction, whole.length - 1 + written);
  // AWS: a zero has the magnitude it is written with. paritysuite, numberExponent.test.ts
  const isZero = decimal.digits === '';
  checkExponent(isZero ? written - fraction.length : decimal.exponent, complain);
  if (decimal.digits.length > NUMBER_MAX_DIGITS) {
    throw complain('Attempting to store more than 38 significant digits in a Number');
  }
  return format(decimal);
}

/** a + b, or a - b. */
export function addNumbers(
  a: string,
  b: string,
  { subtract, complain }: { readonly subtract: boolean; readonly complain: Complain },
): string {
  const [x, y] = [parse(a), parse(b)];
  const scale = Math.min(lastExponent(x), lastExponent(y));
  const sum = scaled(x, scale) + (subtract ? -scaled(y, scale) : scaled(y, scale));
  const negative = sum < 0n;
  const text = (negative ? -sum : sum).toString();
  const result = normalize(negative, text, text.length - 1 + scale);
  // AWS: calls a result that needs more than 38 digits an overflow. scylladb test_number.py
  if (result.digits.length > NUMBER_MAX_DIGITS) throw complain(OVERFLOW);
  if (result.digits !== '') checkExponent(result.exponent, complain);
  return format(result);
}

/** Negative, zero or positive, as a is less than, equal to or greater than b. */
export function compareNumbers(a: string, b: string): number {
  if (a === b) return 0;
  // Doubles are exact for short integers, the common case.
  if (a.length <= 15 && b.length <= 15 && !a.includes('.') && !b.includes('.')) {
    return Number(a) - Number(b);
  }
  const [x, y] = [parse(a), parse(b)];
  const [xSign, ySign] = [signOf(x), signOf(y)];
  if (xSign !== ySign) return xSign - ySign;
  const magnitude =
    x.exponent === y.exponent ? compareText(x.digits, y.digits) : x.exponent - y.exponent;
  return xSign * magnitude;
}

/** Bytes whose order is the order of the numbers. */
export function encodeNumber(text: string): Uint8Array {
  const { negative, digits, exponent } = parse(text);
  if (digits === '') return Uint8Array.of(2);
  const pairs = Math.ceil(digits.length / 2);
  const bytes = new Uint8Array(2 + pairs + (negative ? 1 : 0));
  bytes[0] = negative ? 1 : 3;
  bytes[1] = flip(exponent - NUMBER_MIN_EXPONENT, negative);
  for (let i = 0; i < pairs; i++) {
    const pair = Number(digits.slice(2 * i, 2 * i + 2).padEnd(2, '0'));
    bytes[2 + i] = flip(pair + 1, negative);
  }
  // Among negative numbers the one with more digits is the smaller: the end sorts after any pair.
  if (negative) bytes[2 + pairs] = 255;
  return bytes;
}

/**
 * What a number counts towards an item's size. AWS: digits before and after the point are counted
 * in pairs of their own, which the guide does not say. nubo-db/dynamodb-conformance,
 * tests/tier3/limits/numberByteSize.test.ts
 */
export function numberSize(text: string): number {
  if (text === '0') return 1;
  const negative = text.startsWith('-');
  const [wholeText = '', fraction = ''] = (negative ? text.slice(1) : text).split('.');
  const whole = wholeText === '0' ? '' : wholeText;
  const wholeDigits = fraction === '' ? whole.replace(/0+$/, '').length : whole.length;
  const fractionDigits = whole === '' ? fraction.replace(/^0+/, '').length : fraction.length;
  return 1 + Math.ceil(wholeDigits / 2) + Math.ceil(fractionDigits / 2) + (negative ? 1 : 0);
}

/**
 * The whole number of seconds or whatever, rounded down; undefined when it is too large to matter.
 */
export function toSafeInteger(text: string): number | undefined {
  const value = Math.floor(Number(text));
  return Number.isSafeInteger(value) ? value : undefined;
}

function parse(canonical: string): Decimal {
  const negative = canonical.startsWith('-');
  const unsigned = negative ? canonical.slice(1) : canonical;
  const point = unsigned.indexOf('.');
  if (point === -1) return normalize(negative, unsigned, unsigned.length - 1);
  return normalize(negative, unsigned.slice(0, point) + unsigned.slice(point + 1), point - 1);
}

/** @param exponent of the first of `digits`, which may have zeros around. */
function normalize(negative: boolean, digits: string, exponent: number): Decimal {
  let start = 0;
  while (digits[start] === '0') start += 1;
  if (start === digits.length) return ZERO;
  let end = digits.length;
  while (digits[end - 1] === '0') end -= 1;
  return { negative, digits: digits.slice(start, end), exponent: exponent - start };
}

function checkExponent(exponent: number, complain: Complain): void {
  if (exponent > NUMBER_MAX_EXPONENT) throw complain(OVERFLOW);
  if (exponent < NUMBER_MIN_EXPONENT) throw complain(UNDERFLOW);
}

function format({ negative, digits, exponent }: Decimal): string {
  if (digits === '') return '0';
  const sign = negative ? '-' : '';
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const wholeLength = exponent + 1;
  if (digits.length <= wholeLength) return sign + digits.padEnd(wholeLength, '0');
  return `${sign}${digits.slice(0, wholeLength)}.${digits.slice(wholeLength)}`;
}

function lastExponent({ digits, exponent }: Decimal): number {
  return exponent - Math.max(digits.length - 1, 0);
}

function scaled(decimal: Decimal, scale: number): bigint {
  if (decimal.digits === '') return 0n;
  const magnitude = BigInt(decimal.digits) * 10n ** BigInt(lastExponent(decimal) - scale);
  return decimal.negative ? -magnitude : magnitude;
}

function signOf(decimal: Decimal): number {
  if (decimal.digits === '') return 0;
  return decimal.negative ? -1 : 1;
}

function flip(byte: number, negative: boolean): number {
  return negative ? 255 - byte : byte;
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
