// XML text from values, by schema.
import { mismatch } from './json-writer.ts';
import { kindOf, membersOf, traitsOf } from './schema.ts';
import type { Member, Schema } from './schema.ts';
import { writeText } from './text-value.ts';
import type { TextStyle } from './text-value.ts';

export const XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

export interface XmlStyle {
  /** ec2Query: every list is flattened. */
  readonly flattensLists?: boolean;
}

const TEXT: TextStyle = { timestamps: 'date-time' };
const SPECIAL = /[&<>"'\r\n\u0085\u2028]/;
const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  // References, so that parsers do not normalise the line ends away.
  '\r': '&#xD;',
  '\n': '&#xA;',
  '\u0085': '&#x85;',
  '\u2028': '&#x2028;',
};

/** Text content or an attribute's value. */
export function escapeXml(text: string): string {
  return SPECIAL.test(text)
    ? text.replace(/[&<>"'\r\n\u0085\u2028]/g, (char) => ESCAPES[char] ?? char)
    : text;
}

/** `<name attributes>content</name>`. */
export function element(name: string, content: string, attributes = ''): string {
  return `<${name}${attributes}>${content}</${name}>`;
}

/** A root element around a structure's members; `xmlns` is the service's, a shape's own wins. */
export function writeXmlRoot(
  name: string,
  schema: Schema,
  options: {
    value: unknown;
    members?: readonly Member[];
    xmlns?: string | undefined;
    style?: XmlStyle;
  },
): string {
  const members = options.members ?? membersOf(schema);
  const style = options.style ?? {};
  const own = namespaceOf(schema);
  const xmlns =
    own === '' && options.xmlns !== undefined ? ` xmlns="${escapeXml(options.xmlns)}"` : own;
  if (kindOf(schema) !== 'structure' && kindOf(schema) !== 'union') {
    return writeNode(name, schema, { value: options.value, style });
  }
  const source = asObject(schema, options.value);
  return element(
    name,
    writeChildren(members, source, style),
    xmlns + writeAttributes(members, source),
  );
}

/** The elements of a structure's members, one after another. */
export function writeXmlMembers(schema: Schema, value: unknown, style: XmlStyle = {}): string {
  return writeChildren(membersOf(schema), asObject(schema, value), style);
}

function writeChildren(
  members: readonly Member[],
  source: Record<string, unknown>,
  style: XmlStyle,
): string {
  let text = '';
  for (const member of members) {
    const value = source[member.name];
    if (value === null || value === undefined || member.traits.xmlAttribute !== undefined) continue;
    text += writeMember(member, value, style);
  }
  return text;
}

function writeAttributes(members: readonly Member[], source: Record<string, unknown>): string {
  let text = '';
  for (const { name, schema, traits, xmlName } of members) {
    const value = source[name];
    if (traits.xmlAttribute === undefined || value === null || value === undefined) continue;
    text += ` ${xmlName ?? name}="${escapeXml(writeText(schema, value, TEXT))}"`;
  }
  return text;
}

function writeMember(
  { name, schema, traits, xmlName }: Member,
  value: unknown,
  style: XmlStyle,
): string {
  const tag = xmlName ?? name;
  const flat = traits.xmlFlattened !== undefined;
  if (schema.isListSchema() && (flat || style.flattensLists === true)) {
    return writeItems(tag, schema, { value, style });
  }
  if (schema.isMapSchema() && flat) return writeEntries(tag, schema, { value, style });
  return writeNode(tag, schema, { value, style });
}

function writeNode(tag: string, schema: Schema, { value, style }: Written): string {
  const xmlns = namespaceOf(schema);
  switch (kindOf(schema)) {
    case 'structure':
    case 'union': {
      const source = asObject(schema, value);
      const members = membersOf(schema);
      return element(
        tag,
        writeChildren(members, source, style),
        xmlns + writeAttributes(members, source),
      );
    }
    case 'list': {
      const itemTag = traitsOf(schema.getValueSchema()).xmlName ?? 'member';
      return element(tag, writeItems(itemTag, schema, { value, style }), xmlns);
    }
    case 'map':
      return element(tag, writeEntries('entry', schema, { value, style }), xmlns);
    case 'unit':
      return element(tag, '');
    case 'bigDecimal':
    case 'bigInteger':
    case 'blob':
    case 'boolean':
    case 'document':
    case 'number':
    case 'string':
    case 'timestamp':
    default:
      return element(tag, escapeXml(writeText(schema, value, TEXT)), xmlns);
  }
}

interface Written {
  readonly value: unknown;
  readonly style: XmlStyle;
}

function writeItems(tag: string, schema: Schema, { value, style }: Written): string {
  if (!Array.isArray(value)) throw mismatch(schema, 'an array', value);
  const item = schema.getValueSchema();
  let text = '';
  for (const entry of value) {
    if (entry !== null && entry !== undefined)
      text += writeNode(tag, item, { value: entry, style });
  }
  return text;
}

function writeEntries(tag: string, schema: Schema, { value, style }: Written): string {
  const keySchema = schema.getKeySchema();
  const valueSchema = schema.getValueSchema();
  const keyTag = traitsOf(keySchema).xmlName ?? 'key';
  const valueTag = traitsOf(valueSchema).xmlName ?? 'value';
  let text = '';
  for (const [key, entry] of Object.entries(asObject(schema, value))) {
    if (entry === null || entry === undefined) continue;
    const content =
      element(keyTag, escapeXml(key), namespaceOf(keySchema)) +
      writeNode(valueTag, valueSchema, { value: entry, style });
    text += element(tag, content);
  }
  return text;
}

function namespaceOf(schema: Schema): string {
  const namespace = traitsOf(schema).xmlNamespace;
  if (namespace === undefined) return '';
  const [prefix, uri] = namespace;
  return ` xmlns${prefix ? `:${prefix}` : ''}="${escapeXml(uri)}"`;
}

function asObject(schema: Schema, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw mismatch(schema, 'an object', value);
  return value as Record<string, unknown>;
}
