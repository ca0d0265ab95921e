// Reads a serverless resource or event: known properties only, of the right types. The types are data.
import propertyTypes from './property-types.json' with { type: 'json' };
import { resourceProblem } from './sam-error.ts';
import { isMap, isSet } from './values.ts';
import type { JsonMap } from './values.ts';

export type Family = keyof typeof propertyTypes;

const TABLES: Readonly<Record<Family, Readonly<Record<string, Readonly<Record<string, string>>>>>> =
  propertyTypes;

export function isKnownType(family: Family, type: unknown): type is string {
  return typeof type === 'string' && Object.hasOwn(TABLES[family], type);
}

export interface Declared {
  /** In the template, or the function's id followed by the event's. */
  readonly logicalId: string;
  readonly type: string;
  /** Members with a value. */
  readonly properties: JsonMap;
  readonly dependsOn: unknown;
  /** Attributes that the resource itself keeps. */
  readonly attributes: JsonMap;
}

const OWN_ATTRIBUTES = [
  'DeletionPolicy',
  'UpdatePolicy',
  'Condition',
  'UpdateReplacePolicy',
  'Metadata',
];
const INHERITED_ATTRIBUTES = ['Condition', 'DeletionPolicy', 'UpdateReplacePolicy'];

/** Throws SamProblem for what does not belong there. */
export function readDeclared(family: Family, logicalId: string, declared: JsonMap): Declared {
  checkLogicalId(logicalId);
  const type = String(declared['Type']);
  const given = declared['Properties'];
  if ('Properties' in declared && !isMap(given) && given !== null) {
    throw resourceProblem(logicalId, 'Properties of a resource must be an object.');
  }
  const types = TABLES[family][type] ?? {};
  const properties = isMap(given) ? given : {};
  for (const name of Object.keys(properties)) {
    if (Object.hasOwn(types, name)) continue;
    throw resourceProblem(logicalId, `property ${name} not defined for resource of type ${type}`);
  }
  for (const [name, expression] of Object.entries(types)) {
    checkProperty(logicalId, { name, expression, value: properties[name] });
  }
  return {
    logicalId,
    type,
    properties: { ...properties },
    dependsOn: declared['DependsOn'],
    attributes: pick(declared, OWN_ATTRIBUTES),
  };
}

export function checkLogicalId(logicalId: string): void {
  if (!/^[A-Za-z0-9]+$/.test(logicalId))
    throw resourceProblem(logicalId, 'Logical ids must be alphanumeric.');
}

/** What the resources made from this one share with it: its condition and policies. */
export function inherited(attributes: JsonMap): JsonMap {
  return pick(attributes, INHERITED_ATTRIBUTES);
}

function pick(from: JsonMap, names: readonly string[]): JsonMap {
  return Object.fromEntries(names.filter((name) => name in from).map((name) => [name, from[name]]));
}

interface Checked {
  readonly name: string;
  /** `!` required; ` literal`: no intrinsic function; alternatives by `|`. */
  readonly expression: string;
  readonly value: unknown;
}

function checkProperty(logicalId: string, { name, expression, value }: Checked): void {
  const isRequired = expression.startsWith('!');
  const isLiteral = expression.endsWith(' literal');
  const type = expression.replace(/^!/, '').replace(/ literal$/, '');
  // Any map of one member may be an intrinsic function; CloudFormation judges it later.
  if (!isLiteral && type !== 'any' && isMap(value) && Object.keys(value).length === 1) return;
  if (!isSet(value)) {
    if (isRequired) throw resourceProblem(logicalId, `Missing required property '${name}'.`);
    return;
  }
  if (!fits(value, type)) throw resourceProblem(logicalId, describeMismatch(name, type));
}

function describeMismatch(name: string, type: string): string {
  if (type === 'map') return `Property '${name}' should be a map.`;
  if (type === 'str') return `Property '${name}' should be a string.`;
  if (!type.startsWith('enum:')) return `Type of property '${name}' is invalid.`;
  const values = type
    .slice(5)
    .split(',')
    .map((value) => `'${value}'`);
  return `Property '${name}' should be a one of the strings: ${values.join(' or ')}.`;
}

function fits(value: unknown, type: string): boolean {
  return splitAlternatives(type).some((one) => fitsOne(value, one));
}

function fitsOne(value: unknown, type: string): boolean {
  const inner = /^(list|map)<(.*)>$/.exec(type);
  if (inner?.[1] === 'list')
    return Array.isArray(value) && value.every((item) => fits(item, inner[2] ?? ''));
  if (inner?.[1] === 'map')
    return isMap(value) && Object.values(value).every((item) => fits(item, inner[2] ?? ''));
  if (type.startsWith('enum:'))
    return type
      .slice(5)
      .split(',')
      .some((allowed) => allowed === value);
  switch (type) {
    case 'str':
      return typeof value === 'string';
    case 'map':
      return isMap(value);
    case 'list':
      return Array.isArray(value);
    case 'bool':
      return typeof value === 'boolean';
    case 'int':
      // A boolean is an integer to Python.
      return Number.isInteger(value) || typeof value === 'boolean';
    default:
      return true;
  }
}

/** `str|list<str|map>` → `str`, `list<str|map>` */
function splitAlternatives(type: string): string[] {
  const parts: string[] = [''];
  let depth = 0;
  for (const char of type) {
    if (char === '<') depth += 1;
    if (char === '>') depth -= 1;
    if (char === '|' && depth === 0) parts.push('');
    else parts[parts.length - 1] += char;
  }
  return parts;
}
