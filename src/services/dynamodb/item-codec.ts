// Items as they are stored: the JSON they are answered with, behind their size.
import { AssertionFailed } from '../../base/errors.ts';
import { setAttribute, type AttributeValue, type Item } from './attribute-value.ts';

// A stored item = format, size, JSON. The size is as itemSize counts it, in LEB128; the JSON is that
// of the wire, in UTF-8. Binaries are base64 there, and the format says whether there are any, so that
// all other items need no second look. Formats other than these are left for those to come.
const PLAIN = 2;
const WITH_BINARIES = 3;

const INITIAL_BYTES = 4096;
/** Format and the longest size. */
const HEAD_MAX_BYTES = 6;
const UTF8_MAX_BYTES = 3;

/** An item and its size as DynamoDB counts it, so that reads need not count again. */
export interface SizedItem {
  readonly item: Item;
  readonly size: number;
}

/** A buffer that grows; one is reused for all items, since encoding never waits. */
let scratch = Buffer.allocUnsafe(INITIAL_BYTES);

export function encodeItem(sized: SizedItem): Uint8Array {
  const { item, size } = sized;
  const binary = holdsBinary(item);
  const text = JSON.stringify(binary ? encodeBinaries(item) : item);
  const most = HEAD_MAX_BYTES + text.length * UTF8_MAX_BYTES;
  if (most > scratch.length) scratch = Buffer.allocUnsafe(Math.max(most, scratch.length * 2));
  scratch[0] = binary ? WITH_BINARIES : PLAIN;
  const start = writeCount(size, 1);
  const end = start + scratch.write(text, start, 'utf8');
  return Uint8Array.prototype.slice.call(scratch, 0, end);
}

export function decodeItem(bytes: Uint8Array): EncodedItem {
  return new EncodedItem(bytes);
}

/** The size alone, without reading the item. */
export function storedSize(bytes: Uint8Array): number {
  return new EncodedItem(bytes).size;
}

/** An item as it was stored. Many are only handed on: their JSON is parsed for those who look. */
export class EncodedItem implements SizedItem {
  readonly size: number;
  /** The item as the wire has it. */
  readonly json: string;
  readonly #hasBinaries: boolean;
  #item: Item | undefined;

  constructor(bytes: Uint8Array) {
    const format = bytes[0];
    if (format !== PLAIN && format !== WITH_BINARIES) {
      throw new AssertionFailed(`stored item has format ${format}`);
    }
    let at = 1;
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      size |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    this.size = size;
    this.json = asBuffer(bytes).toString('utf8', at);
    this.#hasBinaries = format === WITH_BINARIES;
  }

  get item(): Item {
    if (this.#item === undefined) {
      const item = JSON.parse(this.json) as Item;
      this.#item = this.#hasBinaries ? decodeBinaries(item) : item;
    }
    return this.#item;
  }
}

/** Stores give Buffers, and another view of one would cost as much as reading a small item. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Returns where the count ends. */
function writeCount(count: number, start: number): number {
  let at = start;
  let rest = count;
  while (rest >= 0x80) {
    scratch[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  scratch[at++] = rest;
  return at;
}

function holdsBinary(item: Item): boolean {
  for (const name in item) {
    const value = item[name];
    if (value !== undefined && isOrHoldsBinary(value)) return true;
  }
  return false;
}

function isOrHoldsBinary(value: AttributeValue): boolean {
  if ('M' in value) return holdsBinary(value.M);
  if ('L' in value) return value.L.some(isOrHoldsBinary);
  return 'B' in value || 'BS' in value;
}

/** For JSON alone: texts stand where the item has bytes. */
function encodeBinaries(item: Item): unknown {
  return mapItem(item, encodeBinary);
}

function encodeBinary(value: AttributeValue): AttributeValue {
  const encoded = (bytes: Uint8Array): Uint8Array =>
    asBuffer(bytes).toString('base64') as unknown as Uint8Array;
  if ('B' in value) return { B: encoded(value.B) };
  if ('BS' in value) return { BS: value.BS.map(encoded) };
  return mapNested(value, encodeBinary);
}

function decodeBinaries(item: Item): Item {
  return mapItem(item, decodeBinary);
}

function decodeBinary(value: AttributeValue): AttributeValue {
  const decoded = (text: unknown): Uint8Array => Buffer.from(String(text), 'base64');
  if ('B' in value) return { B: decoded(value.B) };
  if ('BS' in value) return { BS: value.BS.map(decoded) };
  return mapNested(value, decodeBinary);
}

type Change = (value: AttributeValue) => AttributeValue;

function mapItem(item: Item, change: Change): Item {
  const mapped: Record<string, AttributeValue> = {};
  for (const name of Object.keys(item)) {
    const value = item[name];
    if (value !== undefined) setAttribute(mapped, name, change(value));
  }
  return mapped;
}

function mapNested(value: AttributeValue, change: Change): AttributeValue {
  if ('M' in value) return { M: mapItem(value.M, change) };
  return 'L' in value ? { L: value.L.map(change) } : value;
}
