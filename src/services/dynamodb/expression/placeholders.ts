// ExpressionAttributeNames and -Values: their own checks, and which of them are used.
import type { AttributeValue, Item } from '../attribute-value.ts';
import { invalid } from '../errors.ts';
import type { Path } from './syntax.ts';

const NAME_REF = /^#[0-9a-zA-Z_]+$/;
const VALUE_REF = /^:[0-9a-zA-Z_]+$/;

/** The placeholders of one request; all its expressions share them. */
export interface Placeholders {
  readonly names: Readonly<Record<string, string>> | undefined;
  readonly values: Item | undefined;
  readonly usedNames: Set<string>;
  readonly usedValues: Set<string>;
}

/** @param values already checked; see `checkValueRefs`. */
export function openPlaceholders(
  names: Readonly<Record<string, string>> | undefined,
  values: Item | undefined,
): Placeholders {
  return { names, values, usedNames: new Set(), usedValues: new Set() };
}

export function checkNameRefs(names: Readonly<Record<string, string>>): void {
  const refs = Object.keys(names);
  if (refs.length === 0) throw invalid('ExpressionAttributeNames must not be empty');
  for (const ref of refs) {
    if (!NAME_REF.test(ref)) {
      throw invalid(`ExpressionAttributeNames contains invalid key: Syntax error; key: "${ref}"`);
    }
  }
}

export function checkValueRefs(values: Readonly<Record<string, unknown>>): void {
  const refs = Object.keys(values);
  if (refs.length === 0) throw invalid('ExpressionAttributeValues must not be empty');
  for (const ref of refs) {
    if (!VALUE_REF.test(ref)) {
      throw invalid(`ExpressionAttributeValues contains invalid key: Syntax error; key: "${ref}"`);
    }
  }
}

/** Throws when a placeholder stands in none of the request's expressions. */
export function checkAllUsed(placeholders: Placeholders): void {
  const unusedNames = unused(placeholders.names, placeholders.usedNames);
  if (unusedNames.length > 0) {
    throw invalid(
      `Value provided in ExpressionAttributeNames unused in expressions: keys: {${unusedNames.join(', ')}}`,
    );
  }
  const unusedValues = unused(placeholders.values, placeholders.usedValues);
  if (unusedValues.length > 0) {
    throw invalid(
      `Value provided in ExpressionAttributeValues unused in expressions: keys: {${unusedValues.join(', ')}}`,
    );
  }
}

function unused(given: object | undefined, used: ReadonlySet<string>): string[] {
  return given === undefined ? [] : Object.keys(given).filter((ref) => !used.has(ref));
}

/** The value a placeholder stands for; `fail` words the problem when there is none. */
export function resolveValue(
  placeholders: Placeholders,
  ref: string,
  fail: (problem: string) => Error,
): AttributeValue {
  const { values, usedValues } = placeholders;
  const value = values !== undefined && Object.hasOwn(values, ref) ? values[ref] : undefined;
  if (value === undefined) {
    throw fail(
      `An expression attribute value used in expression is not defined; attribute value: ${ref}`,
    );
  }
  usedValues.add(ref);
  return value;
}

/** The path with its placeholders replaced; the same path when it has none. */
export function resolvePath(
  placeholders: Placeholders,
  path: Path,
  fail: (problem: string) => Error,
): Path {
  if (!path.some(isNameRef)) return path;
  return path.map((step) => (isNameRef(step) ? resolveName(placeholders, step, fail) : step));
}

function isNameRef(step: string | number): step is string {
  return typeof step === 'string' && step.startsWith('#');
}

function resolveName(
  { names, usedNames }: Placeholders,
  ref: string,
  fail: (problem: string) => Error,
): string {
  const name = names !== undefined && Object.hasOwn(names, ref) ? names[ref] : undefined;
  if (name === undefined) {
    throw fail(
      `An expression attribute name used in the document path is not defined; attribute name: ${ref}`,
    );
  }
  usedNames.add(ref);
  return name;
}
