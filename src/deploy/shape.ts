// Checks properties against a resource type's shape and coerces scalars, as CloudFormation does.
import type { Properties, PropertyShape } from '../kernel/resources.ts';
import { Pending } from './evaluate.ts';
import { isObject } from './parse-template.ts';

export type ObjectShape = Extract<PropertyShape, { type: 'object' }>;

export type ShapeResult =
  | { readonly ok: true; readonly properties: Properties }
  /** Each like `#/Tags/0: required key [Key] not found`. */
  | { readonly ok: false; readonly problems: readonly string[] };

/** All problems at once, outermost first. */
export function conform(properties: Properties, shape: ObjectShape): ShapeResult {
  const problems: string[] = [];
  const conformed = visit(properties, { shape, path: '#', problems });
  return problems.length > 0
    ? { ok: false, problems }
    : { ok: true, properties: isObject(conformed) ? conformed : {} };
}

interface Place {
  readonly shape: PropertyShape;
  readonly path: string;
  readonly problems: string[];
}

function visit(value: unknown, place: Place): unknown {
  const { shape } = place;
  // While planning, parts may not be known yet; they are checked when they are.
  if (value instanceof Pending) return value;
  switch (shape.type) {
    case 'json':
      return value;
    case 'string':
      return coerceString(value, place);
    case 'integer':
    case 'number':
      return coerceNumber(value, place);
    case 'boolean':
      if (typeof value === 'boolean') return value;
      if (value === 'true' || value === 'false') return value === 'true';
      return mismatch(value, place, 'Boolean');
    case 'list':
      if (!Array.isArray(value)) return mismatch(value, place, 'JSONArray');
      return value.map((item: unknown, i) =>
        visit(item, { ...place, shape: shape.of, path: `${place.path}/${i}` }),
      );
    case 'map':
      if (!isObject(value)) return mismatch(value, place, 'JSONObject');
      return mapMembers(value, (key, inner) =>
        visit(inner, { ...place, shape: shape.of, path: `${place.path}/${key}` }),
      );
    case 'object':
      return isObject(value)
        ? visitObject(value, shape, place)
        : mismatch(value, place, 'JSONObject');
  }
}

function visitObject(value: Properties, shape: ObjectShape, place: Place): Properties {
  const { path, problems } = place;
  for (const key of Object.keys(value)) {
    if (shape.others === undefined && !Object.hasOwn(shape.properties, key))
      problems.push(`${path}: extraneous key [${key}] is not permitted`);
  }
  for (const key of shape.required ?? []) {
    if (value[key] === undefined) problems.push(`${path}: required key [${key}] not found`);
  }
  return mapMembers(value, (key, inner) => {
    const member = Object.hasOwn(shape.properties, key) ? shape.properties[key] : shape.others;
    return member === undefined
      ? inner
      : visit(inner, { shape: member, path: `${path}/${key}`, problems });
  });
}

function mapMembers(
  value: Properties,
  change: (key: string, inner: unknown) => unknown,
): Properties {
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, change(key, inner)]));
}

function coerceString(value: unknown, place: Place): unknown {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return mismatch(value, place, 'String');
}

function coerceNumber(value: unknown, place: Place): unknown {
  const isInteger = place.shape.type === 'integer';
  const isNumeral = typeof value === 'string' && /^-?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(value);
  const number = isNumeral ? Number(value) : value;
  if (typeof number !== 'number') return mismatch(value, place, isInteger ? 'Integer' : 'Number');
  if (isInteger && !Number.isInteger(number)) return mismatch(value, place, 'Integer');
  return number;
}

function mismatch(value: unknown, place: Place, expected: string): undefined {
  place.problems.push(`${place.path}: expected type: ${expected}, found: ${kindOf(value)}`);
  return undefined;
}

// The names of org.json's types: what AWS's validator prints.
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'JSONArray';
  if (typeof value === 'string') return 'String';
  if (typeof value === 'number') return Number.isInteger(value) ? 'Integer' : 'Double';
  if (typeof value === 'boolean') return 'Boolean';
  return 'JSONObject';
}
