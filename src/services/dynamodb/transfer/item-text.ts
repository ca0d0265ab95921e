// Items as the lines of exports and imports: DynamoDB JSON and Amazon Ion.
import { unreachable } from '../../../base/errors.ts';
import {
  readItem,
  setAttribute,
  type AttributeValue,
  type Item,
  type RawValue,
} from '../attribute-value.ts';
import { invalid } from '../errors.ts';
import { readIon, type IonValue } from './ion-text.ts';

/** Binaries as Base64, in everything DynamoDB JSON has. */
export function toJson(item: Item): object {
  const members = Object.entries(item).map(([name, value]) => [name, valueToJson(value)] as const);
  return Object.fromEntries(members);
}

function valueToJson(value: AttributeValue): object {
  if ('B' in value) return { B: base64(value.B) };
  if ('BS' in value) return { BS: value.BS.map(base64) };
  if ('M' in value) return { M: toJson(value.M) };
  if ('L' in value) return { L: value.L.map(valueToJson) };
  return value;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

/** The item of a line of DynamoDB JSON, plain or as an export has it. Throws when it is none. */
export function readJsonLine(line: string): Item {
  const parsed: unknown = JSON.parse(line);
  const { Item: item } = (parsed ?? {}) as { readonly Item?: unknown };
  if (typeof item !== 'object' || item === null) throw invalid('The line has no member Item');
  return readItem(rawMembers(item), invalid);
}

function rawMembers(item: object): Record<string, RawValue> {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, rawOf(value)]));
}

/** As the wire gives values: bytes for binaries. */
function rawOf(value: unknown): RawValue {
  if (typeof value !== 'object' || value === null) throw invalid('The value has no type');
  const members = Object.entries(value).map(([type, content]: [string, unknown]) => {
    if (type === 'B') return [type, bytesOf(content)] as const;
    if (type === 'BS' && Array.isArray(content)) return [type, content.map(bytesOf)] as const;
    if (type === 'L' && Array.isArray(content)) return [type, content.map(rawOf)] as const;
    if (type === 'M' && typeof content === 'object') {
      return [type, rawMembers(content ?? {})] as const;
    }
    return [type, content] as const;
  });
  return Object.fromEntries(members);
}

function bytesOf(content: unknown): Uint8Array {
  if (typeof content !== 'string') throw invalid('A binary is not Base64');
  return Uint8Array.from(Buffer.from(content, 'base64'));
}

/** AWS: sets are lists with an annotation of their own. <developer guide, "S3DataExport.Output"> */
const SET = { SS: '$dynamodb_SS', NS: '$dynamodb_NS', BS: '$dynamodb_BS' } as const;
const SYMBOL = /^[A-Za-z_][\w]*$/;
const RESERVED = new Set(['null', 'true', 'false', 'nan']);

/** The item as an Ion struct, on one line. */
export function toIon(item: Item): string {
  const members = Object.entries(item).map(
    ([name, value]) => `${ionName(name)}:${valueToIon(value)}`,
  );
  return `{${members.join(',')}}`;
}

export function ionName(name: string): string {
  return SYMBOL.test(name) && !RESERVED.has(name) ? name : `'${escapeText(name, "'")}'`;
}

function valueToIon(value: AttributeValue): string {
  if ('S' in value) return ionText(value.S);
  if ('N' in value) return ionDecimal(value.N);
  if ('B' in value) return `{{${base64(value.B)}}}`;
  if ('BOOL' in value) return String(value.BOOL);
  if ('NULL' in value) return 'null';
  if ('M' in value) return toIon(value.M);
  if ('L' in value) return `[${value.L.map(valueToIon).join(',')}]`;
  if ('SS' in value) return `${SET.SS}::[${value.SS.map(ionText).join(',')}]`;
  if ('NS' in value) return `${SET.NS}::[${value.NS.map(ionDecimal).join(',')}]`;
  return `${SET.BS}::[${value.BS.map((bytes) => `{{${base64(bytes)}}}`).join(',')}]`;
}

function ionText(text: string): string {
  return `"${escapeText(text, '"')}"`;
}

function escapeText(text: string, quote: string): string {
  // JSON's escapes are Ion's, but for the quote.
  const escaped = JSON.stringify(text).slice(1, -1);
  return quote === '"' ? escaped : escaped.replaceAll(String.raw`\"`, '"').replaceAll("'", String.raw`\'`);
}

/** AWS: 103 is `103.`, 600 is `6d2`. <developer guide, "S3DataExport.Output", Amazon Ion> */
function ionDecimal(number: string): string {
  const [mantissa = '0', exponentText = '0'] = number.toLowerCase().split('e');
  const negative = mantissa.startsWith('-');
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0.';
  const exponent = Number(exponentText) - fraction.length + (digits.length - significant.length);
  const sign = negative ? '-' : '';
  if (exponent === 0) return `${sign}${significant}.`;
  if (exponent < 0 && -exponent < significant.length) {
    const point = significant.length + exponent;
    return `${sign}${significant.slice(0, point)}.${significant.slice(point)}`;
  }
  return `${sign}${significant}d${exponent}`;
}

/** The items of a piece of Ion text. Throws when one of its values is none. */
export function readIonItems(text: string): Item[] {
  return readIon(text).map((value) => {
    const item = value.kind === 'struct' ? value.fields.get('Item') : undefined;
    if (item?.kind !== 'struct') throw invalid('The value has no field Item');
    return readItem(rawFields(item.fields), invalid);
  });
}

function rawFields(fields: ReadonlyMap<string, IonValue>): Record<string, RawValue> {
  const item: Record<string, RawValue> = {};
  for (const [name, value] of fields) {
    setAttribute(item as Record<string, never>, name, rawIon(value) as never);
  }
  return item;
}

function rawIon(value: IonValue): RawValue {
  switch (value.kind) {
    case 'null':
      return { NULL: true };
    case 'boolean':
      return { BOOL: value.value };
    case 'number':
      return { N: value.text };
    case 'text':
      return { S: value.text };
    case 'bytes':
      return { B: value.bytes };
    case 'struct':
      return { M: rawFields(value.fields) };
    case 'list':
      return rawList(value.values, value.annotations);
    default:
      return unreachable(value);
  }
}

function rawList(values: readonly IonValue[], annotations: readonly string[]): RawValue {
  if (annotations.includes(SET.SS)) return { SS: values.map((v) => (v.kind === 'text' ? v.text : v)) };
  if (annotations.includes(SET.NS)) {
    return { NS: values.map((v) => (v.kind === 'number' ? v.text : v)) };
  }
  if (annotations.includes(SET.BS)) {
    return { BS: values.map((v) => (v.kind === 'bytes' ? v.bytes : v)) };
  }
  return { L: values.map(rawIon) };
}
