// Compiled readers: parsed JSON or CBOR in, input out; a wrong type is a SerializationException.
import { ServiceError } from '../base/errors.ts';
import { kindOf, membersOf, shapeName, timestampFormatOf, traitsOf } from './schema.ts';
import type { Kind, Schema } from './schema.ts';
import type { TimestampFormat } from './timestamp-text.ts';

/** Takes a value that is neither null nor undefined. */
export type ValueReader = (value: unknown) => unknown;

/** What differs between the encodings that share this reader. */
export interface ValueDialect {
  /** JSON names apply (restJson1); the RPC protocols use member names. */
  readonly jsonName: boolean;
  /** Java package of the service's shapes, as its messages spell it. */
  readonly javaPackage?: string;
  readBlob(value: unknown): Uint8Array;
  readTimestamp(value: unknown, format: TimestampFormat | undefined): Date;
}

/** Where a value stands decides some messages: in a structure's member, or in a list or map. */
type Position = 'field' | 'element';

// AWS: where a list or map must stand directly inside another one, a scalar meets a cast error of
// Java's runtime; the message is DynamoDB's, verbatim. <github.com/architect/dynalite test/helpers>
const CAST_ERROR =
  'class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl cannot be cast to class ' +
  'java.lang.Class (sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl and ' +
  "java.lang.Class are in module java.base of loader 'bootstrap')";
const NOT_A_STRUCTURE_HERE = 'Start of structure or map found where not expected';
const JAVA_CLASSES: Partial<Record<Kind, string>> = {
  string: 'java.lang.String',
  number: 'java.lang.Integer',
  boolean: 'java.lang.Boolean',
  blob: 'java.nio.ByteBuffer',
  timestamp: 'java.util.Date',
};

// Deeper than any value AWS takes (DynamoDB: 32), far from the end of the stack: what runs there may
// end the process instead of throwing, see base/nesting.ts.
const LEVELS_MAX = 200;
/** Of structures that contain themselves; reading is synchronous, so one count will do. */
let levels = 0;

/** Compiles readers for one dialect; each structure once. */
export class ReaderCompiler {
  private readonly dialect: ValueDialect;
  private readonly structures = new WeakMap<object, ValueReader>();

  constructor(dialect: ValueDialect) {
    this.dialect = dialect;
  }

  compile(schema: Schema, position: Position = 'field'): ValueReader {
    switch (kindOf(schema)) {
      case 'string':
        return readString;
      case 'number':
        return readNumber;
      case 'boolean':
        return readBoolean;
      case 'blob':
        return (value) => this.dialect.readBlob(value);
      case 'timestamp': {
        const format = timestampFormatOf(schema);
        return (value) => this.dialect.readTimestamp(value, format);
      }
      case 'list':
        return this.compileList(schema, position);
      case 'map':
        return this.compileMap(schema, position);
      case 'structure':
      case 'union':
        return this.compileStructure(schema, position);
      case 'unit':
        return () => ({});
      case 'bigInteger':
      case 'bigDecimal':
      case 'document':
        break;
    }
    return (value) => value;
  }

  private compileList(schema: Schema, position: Position): ValueReader {
    const read = this.compile(schema.getValueSchema(), 'element');
    const sparse = traitsOf(schema).sparse !== undefined;
    return (value) => {
      if (!Array.isArray(value)) {
        if (typeof value === 'object') throw wrongType(NOT_A_STRUCTURE_HERE);
        throw wrongType(position === 'element' ? CAST_ERROR : 'Unexpected field type');
      }
      const out: unknown[] = [];
      for (const item of value) {
        if (item !== null) out.push(read(item));
        else if (sparse) out.push(null);
      }
      return out;
    };
  }

  private compileMap(schema: Schema, position: Position): ValueReader {
    const valueSchema = schema.getValueSchema();
    const read = this.compile(valueSchema, 'element');
    const sparse = traitsOf(schema).sparse !== undefined;
    return (value) => {
      if (Array.isArray(value)) {
        const parameters = `java.lang.String, ${this.javaName(valueSchema)}`;
        throw wrongType(`Unrecognized collection type java.util.Map<${parameters}>`);
      }
      if (typeof value !== 'object' || value === null) {
        throw wrongType(position === 'element' ? CAST_ERROR : 'Unexpected field type');
      }
      const out: Record<string, unknown> = {};
      for (const [key, item] of Object.entries(value)) {
        if (item === null && !sparse) continue;
        setKey(out, key, item === null ? null : read(item));
      }
      return out;
    };
  }

  private compileStructure(schema: Schema, position: Position): ValueReader {
    const identity = schema.getSchema() as object;
    const known = this.structures.get(identity);
    const read = known === undefined ? this.compileFields(schema, identity) : countLevels(known);
    const className = this.javaName(schema);
    const unexpected =
      position === 'field' ? 'Unexpected field type' : 'Unexpected value type in payload';
    return (value) => {
      if (typeof value !== 'object') throw wrongType(unexpected);
      if (Array.isArray(value)) throw wrongType(`Unrecognized collection type class ${className}`);
      return read(value);
    };
  }

  // Unions are read as structures: which members exclude each other, services say themselves.
  private compileFields(schema: Schema, identity: object): ValueReader {
    const fields: Record<string, { name: string; read: ValueReader }> = Object.create(null);
    const reader: ValueReader = (value) => {
      const source = value as Record<string, unknown>;
      const out: Record<string, unknown> = {};
      for (const key in source) {
        const field = fields[key];
        if (field === undefined) continue;
        const item = source[key];
        if (item !== null && item !== undefined) out[field.name] = field.read(item);
      }
      return out;
    };
    // Known before its members are compiled: shapes may contain themselves.
    this.structures.set(identity, reader);
    for (const { name, schema: member, traits } of membersOf(schema)) {
      const key = this.dialect.jsonName ? (traits.jsonName ?? name) : name;
      fields[key] = { name, read: this.compile(member) };
    }
    return reader;
  }

  private javaName(schema: Schema): string {
    const prefix = this.dialect.javaPackage === undefined ? '' : `${this.dialect.javaPackage}.`;
    return JAVA_CLASSES[kindOf(schema)] ?? prefix + shapeName(schema);
  }
}

/** The answer to a value of the wrong type or a body that cannot be read. */
export function wrongType(message: string): ServiceError {
  return new ServiceError('SerializationException', message);
}

/** Reads; a value nested too deeply is the client's fault. */
export function readGuarded(read: ValueReader, value: unknown): unknown {
  levels = 0;
  return read(value);
}

function countLevels(read: ValueReader): ValueReader {
  return (value) => {
    levels += 1;
    if (levels > LEVELS_MAX) throw wrongType('');
    const out = read(value);
    levels -= 1;
    return out;
  };
}

/** Assigns an own key, `__proto__` included. */
export function setKey(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') target[key] = value;
  else
    Object.defineProperty(target, key, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    });
}

// Token names and messages: DynamoDB's. <github.com/architect/dynalite test/helpers>
function tokenOf(value: unknown): string {
  if (typeof value === 'string') return 'STRING_VALUE';
  if (typeof value === 'boolean') return value ? 'TRUE_VALUE' : 'FALSE_VALUE';
  return Number.isInteger(value) || typeof value === 'bigint' ? 'NUMBER_VALUE' : 'DECIMAL_VALUE';
}

function refuseScalar(value: unknown, javaClass: string): ServiceError {
  if (Array.isArray(value))
    return wrongType(`Unrecognized collection type class java.lang.${javaClass}`);
  if (typeof value === 'object') return wrongType(NOT_A_STRUCTURE_HERE);
  return wrongType(`${tokenOf(value)} cannot be converted to ${javaClass}`);
}

function readString(value: unknown): unknown {
  if (typeof value === 'string') return value;
  throw refuseScalar(value, 'String');
}

function readBoolean(value: unknown): unknown {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string') throw wrongType('Unexpected token received from parser');
  throw refuseScalar(value, 'Boolean');
}

// The schemas do not tell integers from floats: the constraint table does.
function readNumber(value: unknown): unknown {
  if (typeof value === 'number') return value;
  if (value === 'NaN') return Number.NaN;
  if (value === 'Infinity') return Number.POSITIVE_INFINITY;
  if (value === '-Infinity') return Number.NEGATIVE_INFINITY;
  if (typeof value === 'bigint') return Number(value);
  throw refuseScalar(value, 'Integer');
}
