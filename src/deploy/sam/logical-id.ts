// Logical ids with a hash of what they stand for, byte for byte as AWS's translator makes them.
import { createHash } from 'node:crypto';
import { isFilled, isMap } from './values.ts';

const HASH_LENGTH = 10;

/** The prefix, with ten hex digits of the data's SHA-1 when there is any data. */
export function hashedId(prefix: string, data: unknown): string {
  return isFilled(data) ? prefix + digestOf(data).slice(0, HASH_LENGTH) : prefix;
}

/** 40 hex digits. */
export function digestOf(data: unknown): string {
  const text = typeof data === 'string' ? data : pythonJson(data);
  return createHash('sha1').update(text, 'utf8').digest('hex');
}

/** Python's `json.dumps(data, separators=(",", ":"), sort_keys=True)`: sorted keys, ASCII only. */
export function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(',')}]`;
  if (isMap(value)) {
    const members = Object.keys(value)
      .filter((key) => value[key] !== undefined)
      .toSorted(compareCodePoints)
      .map((key) => `${pythonJson(key)}:${pythonJson(value[key])}`);
    return `{${members.join(',')}}`;
  }
  if (typeof value === 'string') return asciiJson(value);
  return JSON.stringify(value ?? null);
}

/** A JSON string with everything beyond ASCII escaped. */
export function asciiJson(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export function compareCodePoints(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
