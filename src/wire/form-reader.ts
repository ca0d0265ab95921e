// Operation input from the form fields of the query protocols (`Tags.member.1.Key=…`).
import { ServiceError } from '../base/errors.ts';
import { kindOf, membersOf, traitsOf } from './schema.ts';
import type { Member, Schema } from './schema.ts';
import { readText } from './text-value.ts';
import type { TextStyle } from './text-value.ts';
import { setKey } from './value-reader.ts';

/** Fields in order, percent-decoded. */
export type FormFields = readonly (readonly [name: string, value: string])[];

interface FormNode {
  text: string | undefined;
  readonly children: Map<string, FormNode>;
}

export interface FormStyle {
  /** ec2Query: capitalised keys, `ec2QueryName`, lists always flattened. */
  readonly ec2: boolean;
}

const TEXT: TextStyle = { timestamps: 'date-time' };
// A key is a path through the input; deeper ones than any model has are refused before the walk.
const MAX_KEY_PARTS = 64;

/** Splits `a=1&b=2`; throws MalformedQueryString on broken percent-encoding. */
export function parseForm(text: string): FormFields {
  const fields: [string, string][] = [];
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const at = pair.indexOf('=');
    const name = at === -1 ? pair : pair.slice(0, at);
    fields.push([decode(name), at === -1 ? '' : decode(pair.slice(at + 1))]);
  }
  return fields;
}

/** The input structure; fields that the schema does not know are ignored. */
export function readForm(
  schema: Schema,
  fields: FormFields,
  style: FormStyle,
): Record<string, unknown> {
  const root: FormNode = { text: undefined, children: new Map() };
  for (const [name, value] of fields) {
    const parts = name.split('.');
    if (parts.length > MAX_KEY_PARTS) throw malformed('Unexpected complex element termination');
    let node = root;
    for (const part of parts) {
      let child = node.children.get(part);
      if (child === undefined)
        node.children.set(part, (child = { text: undefined, children: new Map() }));
      node = child;
    }
    node.text ??= value;
  }
  return readStructure(schema, root, style);
}

/** What AWS's query services answer to fields of the wrong form. */
export function malformed(message: string): ServiceError {
  return new ServiceError('MalformedInput', message);
}

function readStructure(schema: Schema, node: FormNode, style: FormStyle): Record<string, unknown> {
  if (node.text !== undefined && node.text !== '' && node.children.size === 0) {
    throw malformed('Unexpected complex element termination');
  }
  const out: Record<string, unknown> = {};
  for (const member of membersOf(schema)) {
    const child = node.children.get(fieldName(member, style));
    if (child !== undefined) out[member.name] = readNode(member.schema, child, style);
  }
  return out;
}

function fieldName({ name, traits, xmlName }: Member, { ec2 }: FormStyle): string {
  const key = xmlName ?? name;
  return ec2 ? (traits.ec2QueryName ?? key.slice(0, 1).toUpperCase() + key.slice(1)) : key;
}

function readNode(schema: Schema, node: FormNode, style: FormStyle): unknown {
  switch (kindOf(schema)) {
    case 'structure':
    case 'union':
      return readStructure(schema, node, style);
    case 'list':
      return readList(schema, node, style);
    case 'map':
      return readMap(schema, node, style);
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
      if (node.text === undefined)
        throw malformed('Start of structure or map found where not expected.');
      return readText(schema, node.text, TEXT);
  }
}

function readList(schema: Schema, node: FormNode, style: FormStyle): unknown[] {
  const item = schema.getValueSchema();
  const flat = style.ec2 || traitsOf(schema).xmlFlattened !== undefined;
  const holder = flat ? node : node.children.get(traitsOf(item).xmlName ?? 'member');
  if (holder === undefined) {
    // `Names=` is how an empty list is written.
    if (node.text === '' || node.children.size > 0) return [];
    throw malformed('Unexpected list element termination');
  }
  return numbered(holder).map((child) => readNode(item, child, style));
}

function readMap(schema: Schema, node: FormNode, style: FormStyle): Record<string, unknown> {
  const valueSchema = schema.getValueSchema();
  const keyName = traitsOf(schema.getKeySchema()).xmlName ?? 'key';
  const valueName = traitsOf(valueSchema).xmlName ?? 'value';
  const holder = traitsOf(schema).xmlFlattened !== undefined ? node : node.children.get('entry');
  const out: Record<string, unknown> = {};
  for (const entry of holder === undefined ? [] : numbered(holder)) {
    const key = entry.children.get(keyName)?.text;
    const value = entry.children.get(valueName);
    if (key !== undefined && value !== undefined)
      setKey(out, key, readNode(valueSchema, value, style));
  }
  return out;
}

// Numbers give the order; gaps are closed.
function numbered(node: FormNode): FormNode[] {
  return [...node.children]
    .filter(([key]) => /^\d+$/.test(key))
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, child]) => child);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (cause) {
    throw new ServiceError('MalformedQueryString', 'The query string contains a syntax error.', {
      status: 404,
      cause,
    });
  }
}
