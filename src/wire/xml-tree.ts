// XML text to a plain tree, prefixes removed.
import { parseXML } from '@aws-sdk/xml-builder';

/** An element: text, or its attributes and children by local name (an array where repeated). */
export type XmlNode = string | XmlElement;
interface XmlElement {
  readonly [name: string]: XmlNode | readonly XmlNode[];
}

export interface XmlDocument {
  /** Local name of the root element. */
  readonly name: string;
  readonly root: XmlNode;
}

const TEXT = '#text';
// The parser reads recursively; deeper than any request of AWS, far from the end of the stack.
const MAX_DEPTH = 200;
const PREFIXED_TAG = /<[A-Za-z_][\w.-]*:/;
// The parser decodes references above U+FFFF as one UTF-16 unit.
const WIDE_REFERENCE = /&#(?:x([0-9a-fA-F]{5,6})|(\d{5,7}));/g;

/** Throws when the text is not one well-formed element. */
export function parseXmlDocument(text: string): XmlDocument {
  refuseDepth(text);
  const parsed = parseXML(text.includes('&#') ? text.replace(WIDE_REFERENCE, decodeWide) : text);
  const tree = (PREFIXED_TAG.test(text) ? withoutPrefixes(parsed) : parsed) as XmlElement;
  const [entry] = Object.entries(tree);
  if (entry === undefined) throw new SyntaxError('no root element');
  return { name: entry[0], root: entry[1] as XmlNode };
}

/** Children or attributes of that name, in order. */
export function childrenOf(node: XmlNode, name: string): readonly XmlNode[] {
  if (typeof node === 'string' || !Object.hasOwn(node, name)) return [];
  const found = node[name];
  if (found === undefined) return [];
  return Array.isArray(found) ? (found as readonly XmlNode[]) : [found as XmlNode];
}

/** The text directly inside the element. */
export function textOf(node: XmlNode): string {
  if (typeof node === 'string') return node;
  const text = Object.hasOwn(node, TEXT) ? node[TEXT] : undefined;
  return typeof text === 'string' ? text : '';
}

function refuseDepth(text: string): void {
  let depth = 0;
  for (const [tag] of text.matchAll(/<\/|<[A-Za-z_][^<>]*\/?>/g)) {
    if (tag === '</') depth--;
    else if (!tag.endsWith('/>') && ++depth > MAX_DEPTH) throw new SyntaxError('nested too deeply');
  }
}

function decodeWide(
  reference: string,
  hex: string | undefined,
  decimal: string | undefined,
): string {
  const point = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
  return point > 0xffff && point <= 0x10ffff ? String.fromCodePoint(point) : reference;
}

// Attributes are keys too: `xsi:type` stays under its full name, declarations are dropped.
function withoutPrefixes(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutPrefixes);
  if (typeof node !== 'object' || node === null) return node;
  const out: Record<string, unknown> = Object.create(null);
  for (const [name, child] of Object.entries(node)) {
    if (name.startsWith('xmlns')) continue;
    const colon = name.indexOf(':');
    const clean = withoutPrefixes(child);
    if (colon === -1) addChild(out, name, clean);
    else {
      if (typeof child === 'string') out[name] = clean;
      addChild(out, name.slice(colon + 1), clean);
    }
  }
  const names = Object.keys(out);
  return names.length === 1 && names[0] === TEXT ? out[TEXT] : out;
}

function addChild(out: Record<string, unknown>, name: string, child: unknown): void {
  const before = out[name];
  if (before === undefined) out[name] = child;
  else out[name] = [before, child].flat();
}
