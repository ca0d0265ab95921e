// The Globals section: properties that every resource of a type has, unless it says otherwise.
import supported from './globals.json' with { type: 'json' };
import { SamError, resourceProblem } from './sam-error.ts';
import { clone, isIntrinsic, isMap } from './values.ts';
import type { JsonMap } from './values.ts';

const SUPPORTED: Readonly<Record<string, readonly string[]>> = supported;
const PREFIX = 'AWS::Serverless::';

/** Merges the section into the resources and removes it. Throws SamError. */
export function applyGlobals(template: JsonMap): void {
  const sections =
    'Globals' in template ? readGlobals(template['Globals']) : new Map<string, JsonMap>();
  const resources = template['Resources'] as Record<string, JsonMap>;
  for (const [logicalId, resource] of Object.entries(resources)) {
    const type = resource['Type'];
    const globals = typeof type === 'string' ? sections.get(type) : undefined;
    if (globals === undefined) continue;
    const applied = withoutIgnored(globals, logicalId, resource['IgnoreGlobals']);
    resource['Properties'] = merge(applied, resource['Properties'] ?? {});
  }
  delete template['Globals'];
}

function readGlobals(section: unknown): Map<string, JsonMap> {
  if (!isMap(section)) refuse('It must be a non-empty dictionary');
  const names = Object.keys(SUPPORTED)
    .map((type) => type.slice(PREFIX.length))
    .toSorted();
  const globals = new Map<string, JsonMap>();
  for (const [name, properties] of Object.entries(section)) {
    const known = SUPPORTED[PREFIX + name];
    if (known === undefined) {
      refuse(
        `'${name}' is not supported. Must be one of the following values - ${listText(names)}`,
      );
    }
    if (!isMap(properties)) refuse('Value of ${section} must be a dictionary');
    const stranger = Object.keys(properties).find((key) => !known.includes(key));
    if (stranger !== undefined) {
      refuse(
        `'${stranger}' is not a supported property of '${name}'. ` +
          `Must be one of the following values - ${listText(known)}`,
      );
    }
    globals.set(PREFIX + name, properties);
  }
  return globals;
}

function listText(names: readonly string[]): string {
  return `[${names.map((name) => `'${name}'`).join(', ')}]`;
}

function refuse(message: string): never {
  throw new SamError([`'Globals' section is invalid. ${message}`]);
}

function withoutIgnored(globals: JsonMap, logicalId: string, ignored: unknown): JsonMap {
  const isEmpty = !Array.isArray(ignored)
    ? ignored === undefined || ignored === null || ignored === ''
    : ignored.length === 0;
  if (isEmpty) return globals;
  const invalid = (detail: string): never => {
    throw new SamError([
      resourceProblem(
        logicalId,
        `Resource ${logicalId} has invalid resource attribute 'IgnoreGlobals'${detail}.`,
      ).message,
    ]);
  };
  if (ignored === '*') return {};
  if (!Array.isArray(ignored)) return invalid('');
  const kept = { ...globals };
  for (const key of ignored as unknown[]) {
    if (typeof key !== 'string' || !Object.hasOwn(kept, key))
      return invalid(` on item '${String(key)}'`);
    delete kept[key];
  }
  return kept;
}

/** Maps are merged, lists joined (global first); of anything else the resource's own value is taken. */
function merge(globalValue: unknown, local: unknown): unknown {
  if (isPlainMap(globalValue) && isPlainMap(local)) {
    const merged: JsonMap = clone(globalValue);
    for (const [key, value] of Object.entries(local)) {
      merged[key] = Object.hasOwn(globalValue, key) ? merge(globalValue[key], value) : value;
    }
    return merged;
  }
  if (Array.isArray(globalValue) && Array.isArray(local)) return [...clone(globalValue), ...local];
  return local;
}

function isPlainMap(value: unknown): value is JsonMap {
  return isMap(value) && !isIntrinsic(value);
}

/**
 * `OpenApiVersion` becomes known only after the Globals, when the implicit API has its skeleton already: the
 * documents that the transform itself began are turned into that version.
 */
export function applyOpenApiVersion(template: JsonMap): void {
  for (const resource of Object.values(template['Resources'] as Record<string, JsonMap>)) {
    if (resource['Type'] !== 'AWS::Serverless::Api') continue;
    const properties = resource['Properties'];
    if (
      !isMap(properties) ||
      !('OpenApiVersion' in properties) ||
      !('__MANAGE_SWAGGER' in properties)
    )
      continue;
    if (!/^3(\.\d)(\.\d)?$/.test(versionText(properties['OpenApiVersion']))) continue;
    properties['OpenApiVersion'] = versionText(properties['OpenApiVersion']);
    const body = properties['DefinitionBody'];
    if (!isMap(body)) continue;
    body['openapi'] = properties['OpenApiVersion'];
    delete body['swagger'];
  }
}

/** A version may be written as a number: 3.0. */
function versionText(version: unknown): string {
  return typeof version === 'number' && Number.isInteger(version)
    ? `${version}.0`
    : String(version);
}
