// Values from an XML tree, by schema.
import { kindOf, membersOf, shapeName, traitsOf } from './schema.ts';
import type { Member, Schema } from './schema.ts';
import { readText } from './text-value.ts';
import type { TextStyle } from './text-value.ts';
import { setKey } from './value-reader.ts';
import { childrenOf, parseXmlDocument, textOf } from './xml-tree.ts';
import type { XmlNode } from './xml-tree.ts';

const STYLE: TextStyle = { timestamps: 'date-time' };

/** The document did not start with the element its operation takes. */
export class UnexpectedRoot extends Error {
  override readonly name = 'UnexpectedRoot';
}

/**
 * Reads a whole document.
 * @param rootNames accepted names of the root element; empty accepts any.
 */
export function readXml(schema: Schema, text: string, rootNames: readonly string[]): unknown {
  const { name, root } = parseXmlDocument(text);
  if (rootNames.length > 0 && !rootNames.includes(name)) throw new UnexpectedRoot(name);
  return readNode(schema, root);
}

/** Members that are part of the body, given the element that holds them. */
export function readXmlMembers(members: readonly Member[], node: XmlNode): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const member of members) {
    const value = readMember(member, node);
    if (value !== undefined) out[member.name] = value;
  }
  return out;
}

/** The tag an element of this payload schema has. */
export function rootNameOf(schema: Schema): string {
  return traitsOf(schema).xmlName ?? shapeName(schema);
}

function readMember({ name, schema, traits, xmlName }: Member, node: XmlNode): unknown {
  const elements = childrenOf(node, xmlName ?? name);
  const first = elements[0];
  if (first === undefined) return undefined;
  if (traits.xmlFlattened !== undefined) {
    if (schema.isListSchema())
      return elements.map((item) => readNode(schema.getValueSchema(), item));
    if (schema.isMapSchema()) return readEntries(schema, elements);
  }
  return readNode(schema, first);
}

function readNode(schema: Schema, node: XmlNode): unknown {
  switch (kindOf(schema)) {
    case 'structure':
    case 'union':
      return readXmlMembers(membersOf(schema), node);
    case 'list': {
      const item = schema.getValueSchema();
      return childrenOf(node, traitsOf(item).xmlName ?? 'member').map((child) =>
        readNode(item, child),
      );
    }
    case 'map':
      return readEntries(schema, childrenOf(node, 'entry'));
    case 'document':
      return node;
    case 'unit':
      return {};
    case 'string':
      return textOf(node);
    case 'bigDecimal':
    case 'bigInteger':
    case 'blob':
    case 'boolean':
    case 'number':
    case 'timestamp':
    default:
      return readText(schema, textOf(node).trim(), STYLE);
  }
}

function readEntries(schema: Schema, entries: readonly XmlNode[]): Record<string, unknown> {
  const valueSchema = schema.getValueSchema();
  const keyName = traitsOf(schema.getKeySchema()).xmlName ?? 'key';
  const valueName = traitsOf(valueSchema).xmlName ?? 'value';
  const out: Record<string, unknown> = {};
  for (const entry of entries) {
    const [key] = childrenOf(entry, keyName);
    const [value] = childrenOf(entry, valueName);
    if (key !== undefined && value !== undefined)
      setKey(out, textOf(key), readNode(valueSchema, value));
  }
  return out;
}
