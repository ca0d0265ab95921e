// Expectations on values, failing with the translator's words.
import { eventProblem, resourceProblem } from './sam-error.ts';
import { isMap, isSet } from './values.ts';
import type { JsonMap } from './values.ts';

/** What a value belongs to. `attribute`: a member beside Properties. */
export interface Owner {
  readonly resource?: string;
  readonly event?: string;
  readonly attribute?: boolean;
}

function fail(owner: Owner, message: string): never {
  if (owner.event !== undefined) throw eventProblem(owner.event, message);
  throw resourceProblem(owner.resource ?? '', message);
}

function expectKind(
  value: unknown,
  owner: Owner,
  expected: { path: string; kind: string; message?: string | undefined },
): never {
  const { path, kind, message } = expected;
  const noun = owner.attribute === true ? 'Attribute' : 'Property';
  return fail(owner, message ?? `${noun} '${path}' should be a ${kind}.`);
}

export function expectMap(value: unknown, owner: Owner, path: string, message?: string): JsonMap {
  return isMap(value) ? value : expectKind(value, owner, { path, kind: 'map', message });
}

export function expectList(value: unknown, owner: Owner, path: string): unknown[] {
  return Array.isArray(value) ? value : expectKind(value, owner, { path, kind: 'list' });
}

export function expectText(value: unknown, owner: Owner, path: string): string {
  return typeof value === 'string' ? value : expectKind(value, owner, { path, kind: 'string' });
}

export function expectTexts(value: unknown, owner: Owner, path: string): string[] {
  return expectList(value, owner, path).map((item, i) => expectText(item, owner, `${path}[${i}]`));
}

export function expectBoolean(value: unknown, owner: Owner, path: string): boolean {
  return typeof value === 'boolean' ? value : expectKind(value, owner, { path, kind: 'boolean' });
}

export function expectSet<T>(value: T, owner: Owner, path: string): NonNullable<T> {
  if (isSet(value)) return value as NonNullable<T>;
  return fail(owner, `Property '${path}' is required.`);
}
