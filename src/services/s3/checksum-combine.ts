// The CRC of a whole from the CRCs of its parts, so that a multipart object need not be read again.
import type { ChecksumAlgorithm } from './checksums.ts';

/** Reflected polynomial and width in bits, of the algorithms that can be combined. */
const POLYNOMIALS: Partial<Record<ChecksumAlgorithm, { polynomial: bigint; width: bigint }>> = {
  CRC32: { polynomial: 0xedb88320n, width: 32n },
  CRC32C: { polynomial: 0x82f63b78n, width: 32n },
  CRC64NVME: { polynomial: 0x9a6c9329ac4bc9b5n, width: 64n },
};

/** Whether `combineCrc` knows the algorithm; digests like SHA-256 cannot be combined. */
export function isCombinable(algorithm: ChecksumAlgorithm): boolean {
  return POLYNOMIALS[algorithm] !== undefined;
}

/**
 * The checksum of `first` followed by `second`, base64.
 * crc(AB) = crc(A)·x^(8·|B|) + crc(B) in GF(2)[x] modulo the polynomial (zlib's crc32_combine).
 */
export function combineCrc(
  algorithm: ChecksumAlgorithm,
  first: string,
  second: { readonly checksum: string; readonly sizeBytes: number },
): string {
  const field = POLYNOMIALS[algorithm];
  if (field === undefined) throw new RangeError(`${algorithm} cannot be combined`);
  const shift = powerOfX(8n * BigInt(second.sizeBytes), field);
  const combined = multiply(fromBase64(first), shift, field) ^ fromBase64(second.checksum);
  const hex = combined.toString(16).padStart(Number(field.width / 4n), '0');
  return Buffer.from(hex, 'hex').toString('base64');
}

type Field = { readonly polynomial: bigint; readonly width: bigint };

// Reflected: the top bit of a word is the coefficient of x^0.
function powerOfX(exponent: bigint, field: Field): bigint {
  const one = 1n << (field.width - 1n);
  let result = one;
  let square = one >> 1n;
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = multiply(result, square, field);
    square = multiply(square, square, field);
  }
  return result;
}

function multiply(a: bigint, b: bigint, { polynomial, width }: Field): bigint {
  let product = 0n;
  let shifted = b;
  for (let bit = width - 1n; bit >= 0n; bit--) {
    if ((a >> bit) & 1n) product ^= shifted;
    shifted = shifted & 1n ? (shifted >> 1n) ^ polynomial : shifted >> 1n;
  }
  return product;
}

function fromBase64(text: string): bigint {
  return BigInt(`0x${Buffer.from(text, 'base64').toString('hex')}`);
}
