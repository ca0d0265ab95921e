// Turns a query or scan into the range of keys it reads.
import { unreachable } from '../../base/errors.ts';
import type { Key } from '../../base/store.ts';
import type { KeyCondition, SortCondition } from './expression/key-condition.ts';
import {
  bytesAfter,
  encodeKeyValue,
  hashAfter,
  hashBytes,
  prefixEnd,
  segmentStart,
} from './key-encoding.ts';

/**
 * Keys from `from` up to but not including `to`, both relative to the rows of a table or an index.
 */
export interface KeyRange {
  readonly from: Key;
  readonly to: Key;
}

/** The rows of one partition whose sort keys satisfy the condition. */
export function queryRange({ partition, sort }: KeyCondition): KeyRange {
  const hash = hashBytes(encodeKeyValue(partition));
  return sort === undefined ? { from: [hash], to: [hashAfter(hash)] } : sortRange(hash, sort);
}

function sortRange(hash: Uint8Array, { operator, low, high }: SortCondition): KeyRange {
  const bytes = encodeKeyValue(low);
  const whole = { from: [hash], to: [hashAfter(hash)] };
  switch (operator) {
    case 'EQ':
      return { from: [hash, bytes], to: [hash, bytesAfter(bytes)] };
    case 'LT':
      return { ...whole, to: [hash, bytes] };
    case 'LE':
      return { ...whole, to: [hash, bytesAfter(bytes)] };
    case 'GT':
      return { ...whole, from: [hash, bytesAfter(bytes)] };
    case 'GE':
      return { ...whole, from: [hash, bytes] };
    case 'BETWEEN':
      return { from: [hash, bytes], to: [hash, bytesAfter(encodeKeyValue(high ?? low))] };
    case 'BEGINS_WITH': {
      const end = prefixEnd(bytes);
      return { from: [hash, bytes], to: end === undefined ? whole.to : [hash, end] };
    }
    default:
      return unreachable(operator);
  }
}

/** All rows, or those of one segment of a parallel scan. */
export function scanRange(segment: number, totalSegments: number): KeyRange {
  return {
    from: [segmentStart(segment, totalSegments)],
    to: [segmentStart(segment + 1, totalSegments)],
  };
}

/** What of a range is left after the row at `position`. */
export function rangeAfter(range: KeyRange, position: Key, reverse: boolean): KeyRange {
  if (reverse) return { from: range.from, to: position };
  // A number sorts before texts and bytes: this is the first key after `position` itself, and rows
  // are never extensions of one another.
  return { from: [...position, 0], to: range.to };
}
