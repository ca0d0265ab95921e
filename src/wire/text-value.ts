// Scalars as text: headers, query strings, labels, form fields, XML content.
import { NumericValue } from '@smithy/core/serde';
import { isStringObject, mismatch } from './json-writer.ts';
import { kindOf, timestampFormatOf, traitsOf } from './schema.ts';
import type { Schema } from './schema.ts';
import { formatTimestamp, parseTimestamp } from './timestamp-text.ts';
import type { TimestampFormat } from './timestamp-text.ts';

/** A text that is no value of its schema; each protocol answers it with its own code. */
export class MalformedText extends Error {
  override readonly name = 'MalformedText';
  readonly text: string;
  readonly schema: Schema;

  constructor(text: string, schema: Schema) {
    super(`not a ${kindOf(schema)}: ${text}`);
    this.text = text;
    this.schema = schema;
  }
}

export interface TextStyle {
  /** Timestamps whose traits name no format. */
  readonly timestamps: TimestampFormat;
  /** Strings with a media type travel in base64 (headers). */
  readonly encodesMediaTypes?: boolean;
}

const NUMBER = /^[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?$/;

/** The value; throws MalformedText. Structures and collections are the caller's business. */
export function readText(schema: Schema, text: string, style: TextStyle): unknown {
  switch (kindOf(schema)) {
    case 'number':
      return readNumber(schema, text);
    case 'boolean':
      if (text === 'true') return true;
      if (text === 'false') return false;
      // The SDKs write lower case; other clients of the query API write `True` or `1`.
      return readLooseBoolean(schema, text);
    case 'timestamp': {
      const format = timestampFormatOf(schema) ?? style.timestamps;
      const date = parseTimestamp(text, format);
      if (date === undefined) throw new MalformedText(text, schema);
      return date;
    }
    case 'blob':
      return readBlob(schema, text);
    case 'bigInteger':
      if (!/^-?\d+$/.test(text)) throw new MalformedText(text, schema);
      return BigInt(text);
    case 'bigDecimal':
      if (!NUMBER.test(text)) throw new MalformedText(text, schema);
      return new NumericValue(text, 'bigDecimal');
    case 'document':
    case 'list':
    case 'map':
    case 'string':
    case 'structure':
    case 'union':
    case 'unit':
    default:
      if (style.encodesMediaTypes === true && traitsOf(schema).mediaType !== undefined) {
        return Buffer.from(text, 'base64').toString('utf8');
      }
      return text;
  }
}

/** The text of a scalar; throws AssertionFailed for a value its schema does not allow. */
export function writeText(schema: Schema, value: unknown, style: TextStyle): string {
  switch (kindOf(schema)) {
    case 'timestamp':
      if (!(value instanceof Date)) throw mismatch(schema, 'a Date', value);
      return formatTimestamp(value, timestampFormatOf(schema) ?? style.timestamps);
    case 'blob':
      if (!(value instanceof Uint8Array)) throw mismatch(schema, 'bytes', value);
      return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
    case 'string': {
      if (typeof value !== 'string' && !isStringObject(value))
        throw mismatch(schema, 'a string', value);
      const encodes = style.encodesMediaTypes === true && traitsOf(schema).mediaType !== undefined;
      return encodes ? Buffer.from(value.toString()).toString('base64') : value.toString();
    }
    case 'number':
      if (typeof value !== 'number' && typeof value !== 'bigint')
        throw mismatch(schema, 'a number', value);
      return String(value);
    case 'boolean':
      if (typeof value !== 'boolean') throw mismatch(schema, 'a boolean', value);
      return String(value);
    case 'bigDecimal':
    case 'bigInteger':
    case 'document':
    case 'list':
    case 'map':
    case 'structure':
    case 'union':
    case 'unit':
    default:
      return String(value);
  }
}

function readNumber(schema: Schema, text: string): number {
  if (NUMBER.test(text)) return Number(text);
  if (text === 'NaN' || text === 'Infinity' || text === '-Infinity') return Number(text);
  throw new MalformedText(text, schema);
}

function readLooseBoolean(schema: Schema, text: string): boolean {
  const lower = text.toLowerCase();
  if (lower === 'true' || lower === '1') return true;
  if (lower === 'false' || lower === '0') return false;
  throw new MalformedText(text, schema);
}

function readBlob(schema: Schema, text: string): Uint8Array {
  const compact = text.replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(compact)) throw new MalformedText(text, schema);
  return Buffer.from(compact, 'base64');
}
