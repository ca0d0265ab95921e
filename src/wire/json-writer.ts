// Compiled JSON writers: an output value in, JSON text out, by schema.
import { AssertionFailed } from '../base/errors.ts';
import { encodeBase64 } from './base64.ts';
import { JsonText } from './json-text.ts';
import { kindOf, membersOf, shapeName, timestampFormatOf, traitsOf } from './schema.ts';
import type { Kind, Member, Schema } from './schema.ts';
import { formatTimestamp } from './timestamp-text.ts';

/** Takes a value that is neither null nor undefined. */
export type JsonWriter = (value: unknown) => string;

// Text that needs no escape stands between quotes as it is; the test is cheaper than the escape.
// oxlint-disable-next-line no-control-regex -- control characters are what must be escaped
const NEEDS_ESCAPE = /["\\\u0000-\u001f\ud800-\udfff]/;

/** Compiles writers for one naming rule; each structure once. */
export function createWriterCompiler(useJsonName: boolean): (schema: Schema) => JsonWriter {
  const structures = new WeakMap<object, JsonWriter>();

  function compile(schema: Schema): JsonWriter {
    const kind = kindOf(schema);
    switch (kind) {
      case 'list':
        return compileList(schema);
      case 'map':
        return compileMap(schema);
      case 'structure':
      case 'union': {
        const identity = schema.getSchema() as object;
        const known = structures.get(identity);
        if (known !== undefined) return known;
        return kind === 'union' ? compileUnion(schema, identity) : compileStructure(schema, identity);
      }
      case 'bigDecimal':
      case 'bigInteger':
      case 'blob':
      case 'boolean':
      case 'document':
      case 'number':
      case 'string':
      case 'timestamp':
      case 'unit':
      default:
        return compileScalar(schema, kind);
    }
  }

  function compileList(schema: Schema): JsonWriter {
    const write = compile(schema.getValueSchema());
    const sparse = traitsOf(schema).sparse !== undefined;
    return (value) => {
      if (!Array.isArray(value)) throw mismatch(schema, 'an array', value);
      let text = '[';
      for (const item of value) {
        const absent = item === null || item === undefined;
        if (absent && !sparse) continue;
        if (text.length > 1) text += ',';
        text += absent ? 'null' : write(item);
      }
      return text + ']';
    };
  }

  function compileMap(schema: Schema): JsonWriter {
    const write = compile(schema.getValueSchema());
    const sparse = traitsOf(schema).sparse !== undefined;
    return (value) => {
      if (typeof value !== 'object' || value === null) throw mismatch(schema, 'a map', value);
      if (value instanceof JsonText) return value.text;
      let text = '{';
      const source = value as Record<string, unknown>;
      for (const key of Object.keys(source)) {
        const item = source[key];
        const absent = item === null || item === undefined;
        if (item === undefined || (absent && !sparse)) continue;
        if (text.length > 1) text += ',';
        text += quote(key) + ':' + (absent ? 'null' : write(item));
      }
      return text + '}';
    };
  }

  function compileStructure(schema: Schema, identity: object): JsonWriter {
    const fields: { name: string; label: string; write: JsonWriter }[] = [];
    const writer: JsonWriter = (value) => {
      if (typeof value !== 'object' || value === null) throw mismatch(schema, 'an object', value);
      const source = value as Record<string, unknown>;
      let text = '{';
      for (const field of fields) {
        const item = source[field.name];
        if (item === null || item === undefined) continue;
        text += (text.length > 1 ? ',' : '') + field.label + field.write(item);
      }
      return text + '}';
    };
    // Known before its members are compiled: shapes may contain themselves.
    structures.set(identity, writer);
    for (const member of membersOf(schema)) {
      fields.push({ name: member.name, label: labelOf(member), write: compile(member.schema) });
    }
    return writer;
  }

  /** A union has one member of many: it is quicker to ask the value which than to try them all. */
  function compileUnion(schema: Schema, identity: object): JsonWriter {
    const fields = new Map<string, { label: string; write: JsonWriter }>();
    const writer: JsonWriter = (value) => {
      if (typeof value !== 'object' || value === null) throw mismatch(schema, 'an object', value);
      const source = value as Record<string, unknown>;
      let text = '{';
      for (const name in source) {
        const item = source[name];
        const field = item === null || item === undefined ? undefined : fields.get(name);
        if (field === undefined) continue;
        text += (text.length > 1 ? ',' : '') + field.label + field.write(item);
      }
      return text + '}';
    };
    structures.set(identity, writer);
    for (const member of membersOf(schema)) {
      fields.set(member.name, { label: labelOf(member), write: compile(member.schema) });
    }
    return writer;
  }

  function labelOf({ name, traits }: Member): string {
    return `${JSON.stringify(useJsonName ? (traits.jsonName ?? name) : name)}:`;
  }

  return compile;
}

function compileScalar(schema: Schema, kind: Kind): JsonWriter {
  switch (kind) {
    case 'string':
      return (value) => {
        if (typeof value === 'string') return quote(value);
        if (isStringObject(value)) return quote(value.toString());
        throw mismatch(schema, 'a string', value);
      };
    case 'number':
      return (value) => {
        if (typeof value !== 'number' && typeof value !== 'bigint')
          throw mismatch(schema, 'a number', value);
        return typeof value === 'bigint' || Number.isFinite(value) ? String(value) : `"${value}"`;
      };
    case 'boolean':
      return (value) => {
        if (typeof value !== 'boolean') throw mismatch(schema, 'a boolean', value);
        return value ? 'true' : 'false';
      };
    case 'blob':
      return (value) => {
        if (!(value instanceof Uint8Array)) throw mismatch(schema, 'bytes', value);
        return `"${encodeBase64(value)}"`;
      };
    case 'timestamp': {
      const format = timestampFormatOf(schema) ?? 'epoch-seconds';
      return (value) => {
        if (!(value instanceof Date)) throw mismatch(schema, 'a Date', value);
        const text = formatTimestamp(value, format);
        return format === 'epoch-seconds' ? text : `"${text}"`;
      };
    }
    case 'bigInteger':
    case 'bigDecimal':
      return (value) => String(value);
    case 'unit':
      return () => '{}';
    case 'document':
    case 'list':
    case 'map':
    case 'structure':
    case 'union':
    default:
      return (value) => JSON.stringify(value) ?? 'null';
  }
}

function quote(text: string): string {
  // Long texts go to the native escape at once, which beats a scan.
  return text.length < 64 && !NEEDS_ESCAPE.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** A handler's output that its own schema refuses is our bug. */
export function mismatch(schema: Schema, expected: string, value: unknown): AssertionFailed {
  const member = schema.isMemberSchema() ? ` (${schema.getMemberName()})` : '';
  const where = shapeName(schema) + member;
  return new AssertionFailed(`output ${where} must be ${expected}, not ${typeof value}`);
}

/** The SDK's LazyJsonString, which types allow where text has a media type of JSON. */
export function isStringObject(value: unknown): value is Pick<string, 'charAt' | 'toString'> {
  return Object.prototype.toString.call(value) === '[object String]';
}
