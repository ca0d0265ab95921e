// A template's sections, checked for form: what CloudFormation refuses before it knows any value.
import { TemplateError } from '../kernel/templates.ts';
import { textOf } from './parameters.ts';
import { isObject } from './parse-template.ts';
import type { PlainObject } from './parse-template.ts';

export interface TemplateModel {
  readonly description?: string;
  readonly version?: string;
  readonly metadata?: PlainObject;
  readonly transforms: readonly string[];
  readonly parameters: Readonly<Record<string, PlainObject>>;
  readonly mappings: PlainObject;
  readonly conditions: PlainObject;
  readonly rules: Readonly<Record<string, PlainObject>>;
  readonly resources: Readonly<Record<string, ResourceModel>>;
  readonly outputs: Readonly<Record<string, OutputModel>>;
}

export interface ResourceModel {
  readonly logicalId: string;
  readonly type: string;
  readonly properties: PlainObject;
  readonly condition?: string;
  readonly dependsOn: readonly string[];
  /** A policy may be an intrinsic function under AWS::LanguageExtensions. */
  readonly deletionPolicy?: unknown;
  readonly updateReplacePolicy?: unknown;
  readonly metadata?: unknown;
}

export interface OutputModel {
  readonly key: string;
  readonly value: unknown;
  readonly condition?: string;
  readonly description?: string;
  readonly exportName?: unknown;
}

const SECTIONS = new Set([
  'AWSTemplateFormatVersion', 'Conditions', 'Description', 'Mappings', 'Metadata', 'Outputs', 'Parameters',
  'Resources', 'Rules', 'Transform', 'Hooks',
]); // prettier-ignore

const RESOURCE_MEMBERS = new Set([
  'Type', 'Properties', 'Condition', 'DependsOn', 'DeletionPolicy', 'UpdateReplacePolicy', 'Metadata',
  'CreationPolicy', 'UpdatePolicy', 'Description', 'Version',
]); // prettier-ignore

const POLICIES: readonly string[] = ['Delete', 'Retain', 'RetainExceptOnCreate', 'Snapshot'];
const RESOURCES_MAX = 500;

/** Throws TemplateError. Expects plain CloudFormation: transforms have run. */
export function readTemplateModel(content: PlainObject): TemplateModel {
  const unknown = Object.keys(content).filter((section) => !SECTIONS.has(section));
  if (unknown.length > 0) {
    throw new TemplateError(`Invalid template property or properties [${unknown.join(', ')}]`);
  }
  if (content['Hooks'] !== undefined) refuse('the Hooks section is not supported');
  refuseNulls(content);
  const resources = readSection(content, 'Resources');
  const resourceIds = Object.keys(resources);
  if (resourceIds.length === 0) refuse('At least one Resources member must be defined.');
  if (resourceIds.length > RESOURCES_MAX) {
    refuse(
      `Number of resources, ${resourceIds.length}, is greater than maximum allowed, ${RESOURCES_MAX}`,
    );
  }
  const description = content['Description'];
  if (description !== undefined && typeof description !== 'string') {
    refuse('Template Description must be a string.');
  }
  const version = content['AWSTemplateFormatVersion'];
  if (version !== undefined && version !== '2010-09-09') {
    throw new TemplateError('Template format error: Unsupported template format version.');
  }
  return {
    ...(typeof description === 'string' ? { description } : {}),
    ...(typeof version === 'string' ? { version } : {}),
    ...(isObject(content['Metadata']) ? { metadata: content['Metadata'] } : {}),
    transforms: readTransforms(content),
    parameters: objectsOf(content, 'Parameters'),
    mappings: readMappings(content),
    conditions: readSection(content, 'Conditions'),
    rules: objectsOf(content, 'Rules'),
    resources: mapEntries(resources, readResource),
    outputs: mapEntries(readSection(content, 'Outputs'), readOutput),
  };
}

export function readTransforms(content: PlainObject): string[] {
  const declared = content['Transform'];
  if (declared === undefined) return [];
  const list = Array.isArray(declared) ? declared : [declared];
  return list.map((entry: unknown) => {
    if (typeof entry === 'string') return entry;
    if (isObject(entry) && typeof entry['Name'] === 'string') return entry['Name'];
    return refuse('Transform must be the name of a macro or a list of names.');
  });
}

function readSection(content: PlainObject, name: string): PlainObject {
  const section = content[name];
  if (section === undefined) return {};
  if (!isObject(section)) return refuse(`[/${name}] value must be a JSON object`);
  const odd = Object.keys(section).find((key) => !/^[a-zA-Z0-9]+$/.test(key));
  if (odd !== undefined && name !== 'Mappings') {
    refuse(`${SINGULAR[name] ?? 'Key'} name ${odd} is non alphanumeric.`);
  }
  return section;
}

const SINGULAR: Readonly<Record<string, string>> = {
  Resources: 'Resource',
  Parameters: 'Parameter',
  Outputs: 'Output',
  Conditions: 'Condition',
  Rules: 'Rule',
};

function objectsOf(content: PlainObject, name: string): Record<string, PlainObject> {
  return mapEntries(readSection(content, name), (key, value) =>
    isObject(value) ? value : refuse(`Every ${name} member must be a JSON object: ${key} is not.`),
  );
}

function readMappings(content: PlainObject): PlainObject {
  const mappings = readSection(content, 'Mappings');
  for (const [name, map] of Object.entries(mappings)) {
    if (!isObject(map)) refuse(`Every Mappings attribute must be a map: ${name} is not.`);
    for (const [key, attributes] of Object.entries(map)) {
      if (!isObject(attributes))
        refuse(`Every Mappings member ${name} must be a map: ${key} is not.`);
    }
  }
  return mappings;
}

function readResource(logicalId: string, value: unknown): ResourceModel {
  const at = `/Resources/${logicalId}`;
  if (!isObject(value)) return refuse(`[${at}] resource definition is malformed`);
  const unknown = Object.keys(value).find((member) => !RESOURCE_MEMBERS.has(member));
  if (unknown !== undefined)
    throw new TemplateError(`Invalid template resource property '${unknown}'`);
  const { Type: type, Properties: properties = {}, Condition: condition } = value;
  if (typeof type !== 'string')
    refuse(`[${at}] Every Resources object must contain a Type member.`);
  if (!isObject(properties)) refuse(`[${at}/Properties] 'Properties' must be a JSON object`);
  if (condition !== undefined && typeof condition !== 'string') {
    refuse(`[${at}/Condition] value must be the name of a condition`);
  }
  for (const member of ['CreationPolicy', 'UpdatePolicy']) {
    if (value[member] !== undefined)
      refuse(`[${at}/${member}] is not supported here: nothing sends signals`);
  }
  const deletionPolicy = checkPolicy(at, 'DeletionPolicy', value['DeletionPolicy']);
  const updateReplacePolicy = checkPolicy(at, 'UpdateReplacePolicy', value['UpdateReplacePolicy']);
  return {
    logicalId,
    type,
    properties,
    dependsOn: readDependsOn(at, value['DependsOn']),
    ...(typeof condition === 'string' ? { condition } : {}),
    ...(deletionPolicy === undefined ? {} : { deletionPolicy }),
    ...(updateReplacePolicy === undefined ? {} : { updateReplacePolicy }),
    ...(value['Metadata'] === undefined ? {} : { metadata: value['Metadata'] }),
  };
}

function checkPolicy(at: string, member: string, value: unknown): unknown {
  if (value === undefined || isObject(value)) return value;
  const allowed =
    member === 'DeletionPolicy' ? POLICIES : POLICIES.filter((p) => p !== 'RetainExceptOnCreate');
  if (allowed.some((policy) => policy === value)) return value;
  throw new TemplateError(
    `Template error: Unrecognized ${member} ${textOf(value)} for resource ${at.slice(11)}`,
  );
}

function readDependsOn(at: string, value: unknown): string[] {
  if (value === undefined) return [];
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.map((entry) =>
    typeof entry === 'string'
      ? entry
      : refuse(`[${at}/DependsOn] DependsOn must be a string or a list of strings`),
  );
}

function readOutput(key: string, value: unknown): OutputModel {
  if (!isObject(value))
    return refuse(`[/Outputs/${key}] Every Outputs member must be a JSON object`);
  if (value['Value'] === undefined)
    return refuse('Every Outputs member must contain a Value object');
  const { Condition: condition, Description: description, Export: exported } = value;
  if (exported !== undefined && (!isObject(exported) || exported['Name'] === undefined)) {
    refuse(`[/Outputs/${key}/Export] Export must contain a Name`);
  }
  return {
    key,
    value: value['Value'],
    ...(typeof condition === 'string' ? { condition } : {}),
    ...(typeof description === 'string' ? { description } : {}),
    ...(isObject(exported) ? { exportName: exported['Name'] } : {}),
  };
}

// AWS: `Template format error: [/Resources/X/Properties/Y] 'null' values are not allowed in templates`
function refuseNulls(content: PlainObject): void {
  for (const section of ['Parameters', 'Mappings', 'Conditions', 'Resources', 'Outputs', 'Rules']) {
    const path = findNull(content[section], `/${section}`);
    if (path !== undefined) refuse(`[${path}] 'null' values are not allowed in templates`);
  }
}

function findNull(value: unknown, path: string): string | undefined {
  if (value === null) return path;
  if (typeof value !== 'object') return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const found = findNull(inner, `${path}/${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

function mapEntries<T>(
  section: PlainObject,
  read: (key: string, value: unknown) => T,
): Record<string, T> {
  return Object.fromEntries(Object.entries(section).map(([key, value]) => [key, read(key, value)]));
}

function refuse(message: string): never {
  throw new TemplateError(`Template format error: ${message}`);
}
