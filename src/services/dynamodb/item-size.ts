// The size of items as DynamoDB counts it: for the 400 KB limit, pages and capacity units.
import type { AttributeValue, Item } from './attribute-value.ts';
import { numberSize } from './number.ts';

/** Overhead of a list or a map. */
const DOCUMENT_BYTES = 3;

/** Names and values of all attributes, in bytes. */
export function itemSize(item: Item): number {
  let size = 0;
  for (const name of Object.keys(item)) size += attributeSize(name, item[name]);
  return size;
}

/** @param value undefined counts nothing, so that an absent attribute may be asked for. */
export function attributeSize(name: string, value: AttributeValue | undefined): number {
  return value === undefined ? 0 : textSize(name) + valueSize(value);
}

function valueSize(value: AttributeValue): number {
  if ('S' in value) return textSize(value.S);
  if ('N' in value) return numberSize(value.N);
  if ('B' in value) return value.B.length;
  if ('BOOL' in value || 'NULL' in value) return 1;
  if ('M' in value) return mapSize(value.M);
  if ('L' in value) {
    return value.L.reduce((sum, element) => sum + 1 + valueSize(element), DOCUMENT_BYTES);
  }
  if ('SS' in value) return value.SS.reduce((sum, member) => sum + textSize(member), 0);
  if ('NS' in value) return value.NS.reduce((sum, member) => sum + numberSize(member), 0);
  return value.BS.reduce((sum, member) => sum + member.length, 0);
}

function mapSize(map: Item): number {
  return DOCUMENT_BYTES + Object.keys(map).length + itemSize(map);
}

function textSize(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}
