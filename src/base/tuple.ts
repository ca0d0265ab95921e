// Order-preserving encoding of key tuples into binary strings (one char per byte, 0..255).
import type { Key, KeyPart } from './store.ts';

// Tags order the kinds of parts: number < string < bytes. Strings and bytes end with 00, and a 00
// inside is written 00 FF, so that a shorter text sorts before its extensions.
const NUMBER = '\x10';
const TEXT = '\x20';
const BYTES = '\x30';
const END = '\x00';
const ESCAPED_ZERO = '\x00\xff';

// oxlint-disable-next-line no-control-regex -- the encoding is about these very characters
const PLAIN = /^[\x01-\x7f]*$/;
const scratch = new DataView(new ArrayBuffer(8));

/** The encoded form; comparing two of them as strings compares the tuples. */
export function encodeKey(key: Key): string {
  let encoded = '';
  for (const part of key) encoded += encodePart(part);
  return encoded;
}

/** The tuple back. Throws on text that `encodeKey` did not make. */
export function decodeKey(encoded: string): Key {
  const parts: KeyPart[] = [];
  for (let at = 0; at < encoded.length; ) {
    const tag = encoded[at];
    if (tag === NUMBER) {
      parts.push(decodeNumber(encoded, at + 1));
      at += 9;
    } else if (tag === TEXT || tag === BYTES) {
      const end = findEnd(encoded, at + 1);
      const raw = encoded.slice(at + 1, end).replaceAll(ESCAPED_ZERO, END);
      parts.push(tag === TEXT ? decodeText(raw) : new Uint8Array(Buffer.from(raw, 'latin1')));
      at = end + 1;
    } else {
      throw new RangeError(`not an encoded key: tag ${encoded.charCodeAt(at)} at ${at}`);
    }
  }
  return parts;
}

/** The smallest key greater than every key that starts with `prefix`; for the `to` of a range. */
export const AFTER_ANY: Uint8Array = Uint8Array.of(0xff, 0xff, 0xff, 0xff);

/** `[from, to)` that holds all keys with at least one part after `prefix`. */
export function prefixRange(prefix: Key): { from: Key; to: Key } {
  return { from: prefix, to: [...prefix, AFTER_ANY] };
}

function encodePart(part: KeyPart): string {
  if (typeof part === 'string') {
    if (PLAIN.test(part)) return TEXT + part + END;
    const raw = Buffer.from(part, 'utf8').toString('latin1');
    return TEXT + raw.replaceAll(END, ESCAPED_ZERO) + END;
  }
  if (typeof part === 'number') return NUMBER + encodeNumber(part);
  // Most parts are Buffers already, and another view of them would cost more than the text.
  const bytes = Buffer.isBuffer(part)
    ? part
    : Buffer.from(part.buffer, part.byteOffset, part.byteLength);
  const raw = bytes.toString('latin1');
  return BYTES + (raw.includes(END) ? raw.replaceAll(END, ESCAPED_ZERO) : raw) + END;
}

// IEEE 754 doubles order as bytes once the sign bit is flipped (positive) or all bits are (negative).
function encodeNumber(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`key part is not a finite number: ${value}`);
  scratch.setFloat64(0, value === 0 ? 0 : value);
  const high = scratch.getUint32(0);
  const low = scratch.getUint32(4);
  const negative = high >>> 31 === 1;
  return word(negative ? ~high : high ^ 0x80000000) + word(negative ? ~low : low);
}

function decodeNumber(encoded: string, at: number): number {
  const high = readWord(encoded, at);
  const low = readWord(encoded, at + 4);
  const positive = high >>> 31 === 1;
  scratch.setUint32(0, positive ? high ^ 0x80000000 : ~high);
  scratch.setUint32(4, positive ? low : ~low);
  return scratch.getFloat64(0);
}

function word(bits: number): string {
  return String.fromCharCode((bits >>> 24) & 255, (bits >>> 16) & 255, (bits >>> 8) & 255, bits & 255);
}

function readWord(encoded: string, at: number): number {
  return (
    ((encoded.charCodeAt(at) << 24) |
      (encoded.charCodeAt(at + 1) << 16) |
      (encoded.charCodeAt(at + 2) << 8) |
      encoded.charCodeAt(at + 3)) >>>
    0
  );
}

function findEnd(encoded: string, from: number): number {
  for (let at = encoded.indexOf(END, from); at !== -1; at = encoded.indexOf(END, at + 2)) {
    if (encoded[at + 1] !== '\xff') return at;
  }
  throw new RangeError('not an encoded key: a text part has no end');
}

function decodeText(raw: string): string {
  return PLAIN.test(raw) ? raw : Buffer.from(raw, 'latin1').toString('utf8');
}
