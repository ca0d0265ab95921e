// Values of the protocol suites: their plain JSON to SDK values by schema, and back.
import { isStringObject } from '../../src/wire/json-writer.ts';
import { kindOf, membersOf } from '../../src/wire/schema.ts';
import type { Schema } from '../../src/wire/schema.ts';

/** Suite JSON (epoch seconds, text for bytes, "NaN") to what a handler gives. */
export function toModelValue(schema: Schema, value: unknown): unknown {
  if (value === null || value === undefined) return value;
  switch (kindOf(schema)) {
    case 'structure':
    case 'union': {
      const source = value as Record<string, unknown>;
      const members = membersOf(schema).filter(({ name }) => source[name] !== undefined);
      return Object.fromEntries(
        members.map((member) => [member.name, toModelValue(member.schema, source[member.name])]),
      );
    }
    case 'list':
      return (value as unknown[]).map((item) => toModelValue(schema.getValueSchema(), item));
    case 'map': {
      const entries = Object.entries(value);
      return Object.fromEntries(
        entries.map(([key, item]) => [key, toModelValue(schema.getValueSchema(), item)]),
      );
    }
    case 'timestamp':
      return new Date(Math.round(Number(value) * 1000));
    case 'blob':
      return Buffer.from(value as string, 'utf8');
    case 'number':
      return Number(value);
    case 'bigDecimal':
    case 'bigInteger':
    case 'boolean':
    case 'document':
    case 'string':
    case 'unit':
    default:
      return value;
  }
}

/** SDK values to suite JSON, without null and undefined members. */
export function toSuiteValue(value: unknown): unknown {
  if (value instanceof Date) return value.getTime() / 1000;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (isStringObject(value)) return value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (Array.isArray(value)) return value.map(toSuiteValue);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .filter(([key, item]) => item !== null && item !== undefined && key !== '$metadata')
    .map(([key, item]) => [key, toSuiteValue(item)] as const);
  return Object.fromEntries(entries);
}
