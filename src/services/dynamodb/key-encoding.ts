// Keys as bytes: a fixed-size hash places an item's partition, order-preserving bytes its sort key.
import { hash } from 'node:crypto';
import { AssertionFailed } from '../../base/errors.ts';
import type { AttributeValue } from './attribute-value.ts';
import { encodeNumber } from './number.ts';

/** Types a key attribute may have. */
export type KeyType = 'S' | 'N' | 'B';

/** Bytes of a hash. Fixed and short, so that a key of 2 KB fits where stores limit keys. */
const HASH_BYTES = 16;

/** A key attribute's value as bytes that order as the values do. */
export function encodeKeyValue(value: AttributeValue): Uint8Array {
  if ('S' in value) return Buffer.from(value.S, 'utf8');
  if ('N' in value) return encodeNumber(value.N);
  if ('B' in value) return value.B;
  throw new AssertionFailed('a key attribute is a string, a number or a binary');
}

/**
 * Where a partition lies. The first bit is clear, so that every hash has a successor of the same
 * length and the space divides evenly into scan segments.
 */
export function hashBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  const bytes = parts.length === 1 && only !== undefined ? only : joinParts(parts);
  // Text output avoids the cost of native buffers; each of its characters is a byte.
  const digest = Buffer.from(hash('sha256', bytes, 'binary').slice(0, HASH_BYTES), 'latin1');
  digest[0] = (digest[0] ?? 0) & 0x7f;
  return digest;
}

/** Each part after its length, which keeps ('ab', 'c') and ('a', 'bc') apart. */
function joinParts(parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts.flatMap((part) => [Buffer.from(`${part.length}:`), part]));
}

/** The first byte string after `bytes` itself. */
export function bytesAfter(bytes: Uint8Array): Uint8Array {
  const after = new Uint8Array(bytes.length + 1);
  after.set(bytes);
  return after;
}

/** The first byte string after all that start with `prefix`; undefined when there is none. */
export function prefixEnd(prefix: Uint8Array): Uint8Array | undefined {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length -= 1;
  if (length === 0) return undefined;
  // Not slice: a Buffer's slice is the same memory.
  const end = new Uint8Array(prefix.subarray(0, length));
  end[length - 1] = (end[length - 1] ?? 0) + 1;
  return end;
}

/** The first hash after `hash`. */
export function hashAfter(hash: Uint8Array): Uint8Array {
  const after = prefixEnd(hash);
  if (after === undefined) throw new AssertionFailed('a hash has its first bit clear');
  return after;
}

/** The lowest hash of a segment of a parallel scan; segment `total` is past the end. */
export function segmentStart(segment: number, total: number): Uint8Array {
  const start = Buffer.alloc(HASH_BYTES);
  // 2^31 × segment / total is exact enough: the same expression bounds neighbours on both sides.
  start.writeUInt32BE(Math.ceil((2 ** 31 * segment) / total));
  return start;
}
