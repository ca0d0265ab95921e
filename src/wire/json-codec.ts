// JSON by schema, compiled once for each service and shape.
import { decodeBase64 } from './base64.ts';
import { createWriterCompiler } from './json-writer.ts';
import type { JsonWriter } from './json-writer.ts';
import type { Schema } from './schema.ts';
import { parseTimestamp } from './timestamp-text.ts';
import type { TimestampFormat } from './timestamp-text.ts';
import { ReaderCompiler, readGuarded, wrongType } from './value-reader.ts';
import type { ValueReader } from './value-reader.ts';

export interface JsonCodec {
  /** JSON text to a value; throws SerializationException. */
  read(schema: Schema, text: string): unknown;
  write(schema: Schema, value: unknown): string;
}

export interface JsonCodecOptions {
  /** Honour `jsonName` traits (restJson1). */
  readonly jsonName: boolean;
  readonly javaPackage?: string;
}

export function createJsonCodec(options: JsonCodecOptions): JsonCodec {
  const compiler = new ReaderCompiler({ ...options, readBlob, readTimestamp });
  const compileWriter = createWriterCompiler(options.jsonName);
  const readers = new WeakMap<Schema, ValueReader>();
  const writers = new WeakMap<Schema, JsonWriter>();
  return {
    read(schema, text) {
      const value = parseJson(text);
      if (value === null) return schema.isDocumentSchema() ? null : {};
      let reader = readers.get(schema);
      if (reader === undefined) readers.set(schema, (reader = compiler.compile(schema)));
      return readGuarded(reader, value);
    },
    write(schema, value) {
      let writer = writers.get(schema);
      if (writer === undefined) writers.set(schema, (writer = compileWriter(schema)));
      return writer(value);
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // AWS: answers a body that is not JSON with a SerializationException without a message.
    // <github.com/architect/dynalite test/connection>
    throw wrongType('');
  }
}

function readBlob(value: unknown): Uint8Array {
  if (typeof value === 'string') return decodeBase64(value);
  if (Array.isArray(value))
    throw wrongType('Unrecognized collection type class java.nio.ByteBuffer');
  if (typeof value === 'object')
    throw wrongType('Start of structure or map found where not expected');
  throw wrongType('only base-64-encoded strings are convertible to bytes');
}

function readTimestamp(value: unknown, format: TimestampFormat = 'epoch-seconds'): Date {
  if (typeof value === 'number') return new Date(Math.round(value * 1000));
  const date =
    typeof value === 'string' && format !== 'epoch-seconds'
      ? parseTimestamp(value, format)
      : undefined;
  if (date !== undefined) return date;
  if (Array.isArray(value)) throw wrongType('Unrecognized collection type class java.util.Date');
  if (typeof value === 'object')
    throw wrongType('Start of structure or map found where not expected');
  throw wrongType(
    typeof value === 'string' ? `Invalid timestamp: ${value}` : 'Unexpected field type',
  );
}
