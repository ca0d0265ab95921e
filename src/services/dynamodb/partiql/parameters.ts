// The parameters of a statement: values like all others, but for how numbers are read.
import { readValue, type AttributeValue, type RawValue } from '../attribute-value.ts';
import { invalid } from '../errors.ts';
import { NESTING_MAX_LEVELS } from '../limits.ts';

const INT32_MAX = 2_147_483_647;

/** Throws for the first problem in the order of the document. */
export function readParameters(raw: readonly RawValue[]): readonly AttributeValue[] {
  return raw.map((value) => {
    checkExponents(value);
    return readValue(value, invalid);
  });
}

/**
 * AWS: unlike elsewhere, a number's exponent has 32 bits: an exponent beyond cannot be converted,
 * and 1e2147483647 wraps into an underflow.
 * paritysuite/dynamodb-conformance, tests/tier3/error-messages/partiqlParameterNumbers.test.ts
 */
function checkExponents(value: RawValue, level = 1): void {
  // Deeper, readValue complains of the depth.
  if (level > NESTING_MAX_LEVELS) return;
  const { N, NS, L, M } = value;
  if (typeof N === 'string') checkExponent(N);
  if (Array.isArray(NS)) for (const member of NS as string[]) checkExponent(member);
  const below = Array.isArray(L) ? (L as RawValue[]) : Object.values((M ?? {}) as RawValue);
  for (const child of below as RawValue[]) {
    if (tooDeep(child, level + 1)) return;
    checkExponents(child, level + 1);
  }
}

/** What is deep comes before what stands behind it. */
function tooDeep(value: RawValue, level: number): boolean {
  if (level > NESTING_MAX_LEVELS) return true;
  const { L, M } = value;
  const below = Array.isArray(L) ? (L as RawValue[]) : Object.values((M ?? {}) as RawValue);
  return (below as RawValue[]).some((child) => tooDeep(child, level + 1));
}

function checkExponent(number: string): void {
  const [, sign, digits] =
    /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE]([+-]?)([0-9]+)$/.exec(number) ?? [];
  if (digits === undefined) return;
  const exponent = Number(digits);
  if (exponent > INT32_MAX) {
    throw invalid(`The parameter cannot be converted to a numeric value: ${number}`);
  }
  if (exponent === INT32_MAX && sign !== '-') {
    throw invalid(
      'Number underflow. Attempting to store a number with magnitude smaller than supported range',
    );
  }
}
