// Items as compact bytes, the form they are stored in.
import { setAttribute, type AttributeValue, type Item } from './attribute-value.ts';
import { AssertionFailed, unreachable } from '../../base/errors.ts';

// Format 1: [1] size item; size as itemSize counts it; item = count (name value)*; name and texts
// = byte length, UTF-8; value = tag and content. Counts and lengths are LEB128. A first byte other
// than 1 is left for formats to come.
const FORMAT = 1;
const TAG = {
  S: 0,
  N: 1,
  B: 2,
  FALSE: 3,
  TRUE: 4,
  NULL: 5,
  M: 6,
  L: 7,
  SS: 8,
  NS: 9,
  BS: 10,
} as const;

const INITIAL_BYTES = 4096;
/** Below this, copying characters one by one beats the call into native code. */
const SHORT_TEXT = 24;

/** A buffer that grows; one is reused for all items, since encoding never waits. */
interface Writer {
  bytes: Buffer;
  at: number;
}

const writer: Writer = { bytes: Buffer.allocUnsafe(INITIAL_BYTES), at: 0 };

/** An item and its size as DynamoDB counts it, so that reads need not count again. */
export interface SizedItem {
  readonly item: Item;
  readonly size: number;
}

export function encodeItem({ item, size }: SizedItem): Uint8Array {
  writer.at = 0;
  writeTag(writer, FORMAT);
  writeCount(writer, size);
  writeItem(writer, item);
  return Uint8Array.prototype.slice.call(writer.bytes, 0, writer.at);
}

export function decodeItem(bytes: Uint8Array): SizedItem {
  const reader: Reader = { bytes: asBuffer(bytes), at: 1 };
  if (bytes[0] !== FORMAT) throw new AssertionFailed(`stored item has format ${bytes[0]}`);
  const size = readCount(reader);
  return { item: readItem(reader), size };
}

/** The size alone, without reading the item. */
export function storedSize(bytes: Uint8Array): number {
  return readCount({ bytes: asBuffer(bytes), at: 1 });
}

/** Stores give Buffers, and another view of one would cost as much as reading a small item. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function reserve(to: Writer, length: number): void {
  if (to.at + length <= to.bytes.length) return;
  const grown = Buffer.allocUnsafe(Math.max(to.bytes.length * 2, to.at + length));
  to.bytes.copy(grown, 0, 0, to.at);
  to.bytes = grown;
}

function writeItem(to: Writer, item: Item): void {
  const names = Object.keys(item);
  writeCount(to, names.length);
  for (const name of names) {
    const value = item[name];
    if (value === undefined) throw new AssertionFailed(`attribute ${name} has no value`);
    writeText(to, name);
    writeValue(to, value);
  }
}

function writeValue(to: Writer, value: AttributeValue): void {
  if ('S' in value) {
    writeTag(to, TAG.S);
    writeText(to, value.S);
  } else if ('N' in value) {
    writeTag(to, TAG.N);
    writeText(to, value.N);
  } else if ('B' in value) {
    writeTag(to, TAG.B);
    writeBytes(to, value.B);
  } else if ('BOOL' in value) {
    writeTag(to, value.BOOL ? TAG.TRUE : TAG.FALSE);
  } else if ('NULL' in value) {
    writeTag(to, TAG.NULL);
  } else if ('M' in value) {
    writeTag(to, TAG.M);
    writeItem(to, value.M);
  } else if ('L' in value) {
    writeTag(to, TAG.L);
    writeCount(to, value.L.length);
    for (const element of value.L) writeValue(to, element);
  } else {
    writeSet(to, value);
  }
}

type SetValue = Extract<AttributeValue, { SS: unknown } | { NS: unknown } | { BS: unknown }>;

function writeSet(to: Writer, value: SetValue): void {
  if ('BS' in value) {
    writeTag(to, TAG.BS);
    writeCount(to, value.BS.length);
    for (const member of value.BS) writeBytes(to, member);
    return;
  }
  const members = 'SS' in value ? value.SS : value.NS;
  writeTag(to, 'SS' in value ? TAG.SS : TAG.NS);
  writeCount(to, members.length);
  for (const member of members) writeText(to, member);
}

function writeTag(to: Writer, tag: number): void {
  reserve(to, 1);
  to.bytes[to.at++] = tag;
}

function writeCount(to: Writer, count: number): void {
  reserve(to, 5);
  let rest = count;
  while (rest >= 0x80) {
    to.bytes[to.at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  to.bytes[to.at++] = rest;
}

function writeText(to: Writer, text: string): void {
  if (text.length < SHORT_TEXT && writeShortText(to, text)) return;
  const length = Buffer.byteLength(text, 'utf8');
  writeCount(to, length);
  reserve(to, length);
  to.bytes.write(text, to.at, length, 'utf8');
  to.at += length;
}

/** Writes it if it is ASCII; false, and nothing written, if it is not. */
function writeShortText(to: Writer, text: string): boolean {
  reserve(to, text.length + 1);
  const { bytes, at } = to;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) return false;
    bytes[at + 1 + i] = code;
  }
  bytes[at] = text.length;
  to.at = at + 1 + text.length;
  return true;
}

function writeBytes(to: Writer, content: Uint8Array): void {
  writeCount(to, content.length);
  reserve(to, content.length);
  to.bytes.set(content, to.at);
  to.at += content.length;
}

interface Reader {
  readonly bytes: Buffer;
  at: number;
}

function readItem(from: Reader): Item {
  const item: Record<string, AttributeValue> = {};
  for (let left = readCount(from); left > 0; left--) {
    const name = readText(from);
    setAttribute(item, name, readValue(from));
  }
  return item;
}

function readValue(from: Reader): AttributeValue {
  const tag = from.bytes[from.at++] as (typeof TAG)[keyof typeof TAG];
  switch (tag) {
    case TAG.S:
      return { S: readText(from) };
    case TAG.N:
      return { N: readText(from) };
    case TAG.B:
      return { B: readBytes(from) };
    case TAG.FALSE:
      return { BOOL: false };
    case TAG.TRUE:
      return { BOOL: true };
    case TAG.NULL:
      return { NULL: true };
    case TAG.M:
      return { M: readItem(from) };
    case TAG.L:
      return { L: readMany(from, readValue) };
    case TAG.SS:
      return { SS: readMany(from, readText) };
    case TAG.NS:
      return { NS: readMany(from, readText) };
    case TAG.BS:
      return { BS: readMany(from, readBytes) };
    default:
      return unreachable(tag);
  }
}

function readMany<T>(from: Reader, readOne: (from: Reader) => T): T[] {
  const many: T[] = [];
  for (let left = readCount(from); left > 0; left--) many.push(readOne(from));
  return many;
}

function readCount(from: Reader): number {
  let count = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = from.bytes[from.at++] ?? 0;
    count |= (byte & 0x7f) << shift;
    if (byte < 0x80) return count;
  }
}

function readText(from: Reader): string {
  const length = readCount(from);
  const start = from.at;
  from.at += length;
  return from.bytes.toString('utf8', start, from.at);
}

/** A copy: the store's own buffer may be reused after the transaction. */
function readBytes(from: Reader): Uint8Array {
  const length = readCount(from);
  const start = from.at;
  from.at += length;
  return Uint8Array.prototype.slice.call(from.bytes, start, from.at);
}
