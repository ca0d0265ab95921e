// Attribute values: DynamoDB's ten types, checked and normalised on the way in, compared ever
// after.
import { ATTRIBUTE_NAME_MAX_BYTES, NESTING_MAX_LEVELS } from './limits.ts';
import { canonicalNumber, compareNumbers, type Complain } from './number.ts';

// The type descriptors are DynamoDB's own words, and values keep the shape they have on the wire,
// so that a read hands stored values on without building them again.

/** One value. Numbers are canonical texts, sets hold no duplicates, `NULL` is always true. */
export type AttributeValue =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly B: Uint8Array }
  | { readonly BOOL: boolean }
  | { readonly NULL: true }
  | { readonly M: Item }
  | { readonly L: readonly AttributeValue[] }
  | { readonly SS: readonly string[] }
  | { readonly NS: readonly string[] }
  | { readonly BS: readonly Uint8Array[] };

export type ValueType = 'S' | 'N' | 'B' | 'BOOL' | 'NULL' | 'M' | 'L' | 'SS' | 'NS' | 'BS';

/** Attributes by name. */
export type Item = Readonly<Record<string, AttributeValue>>;

export const VALUE_TYPES: readonly ValueType[] = [
  'S',
  'N',
  'B',
  'BOOL',
  'NULL',
  'M',
  'L',
  'SS',
  'NS',
  'BS',
];

/** A value as the wire layer parsed it: any members may be set. */
export type RawValue = Readonly<Record<string, unknown>>;

const INVALID = 'One or more parameter values were invalid: ';
const EMPTY =
  'Supplied AttributeValue is empty, must contain exactly one of the supported datatypes';
const SEVERAL =
  'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes';
const NOT_TRUE = `${INVALID}Null attribute value types must have the value of true`;
const TOO_DEEP =
  'Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit';

export function typeOf(value: AttributeValue): ValueType {
  for (const type in value) return type as ValueType;
  return 'NULL';
}

/** Checks and normalises the attributes of an item. */
export function readItem(raw: Readonly<Record<string, RawValue>>, complain: Complain): Item {
  const item: Record<string, AttributeValue> = {};
  for (const name of Object.keys(raw)) {
    if (name.length * 3 > ATTRIBUTE_NAME_MAX_BYTES) checkNameLength(name, complain);
    setAttribute(item, name, readValue(raw[name] ?? {}, complain));
  }
  return item;
}

/** Checks and normalises one value. */
export function readValue(raw: RawValue, complain: Complain, level = 1): AttributeValue {
  if (level > NESTING_MAX_LEVELS) throw complain(TOO_DEEP);
  let type: string | undefined;
  for (const member in raw) {
    if (raw[member] === undefined || raw[member] === null || member === '$unknown') continue;
    if (type !== undefined) throw complain(SEVERAL);
    type = member;
  }
  if (type === undefined) throw complain(EMPTY);
  return readTyped(type as ValueType, { content: raw[type], complain, level });
}

/** @param content of the type the descriptor says: the wire layer has checked that. */
function readTyped(
  type: ValueType,
  { content, complain, level }: { content: unknown; complain: Complain; level: number },
): AttributeValue {
  switch (type) {
    case 'S':
      return { S: content as string };
    case 'N':
      return { N: canonicalNumber(content as string, complain) };
    case 'B':
      return { B: content as Uint8Array };
    case 'BOOL':
      return { BOOL: content as boolean };
    case 'NULL':
      if (content !== true) throw complain(NOT_TRUE);
      return { NULL: true };
    case 'M':
      return { M: readMap(content as Record<string, RawValue>, complain, level) };
    case 'L':
      return {
        L: (content as RawValue[]).map((element) => readValue(element, complain, level + 1)),
      };
    case 'SS':
      return { SS: readStringSet(content as string[], complain) };
    case 'NS':
      return { NS: readNumberSet(content as string[], complain) };
    case 'BS':
      return { BS: readBinarySet(content as Uint8Array[], complain) };
    default:
      // A descriptor the service does not know.
      throw complain(EMPTY);
  }
}

function readMap(raw: Readonly<Record<string, RawValue>>, complain: Complain, level: number): Item {
  const map: Record<string, AttributeValue> = {};
  for (const name of Object.keys(raw)) {
    setAttribute(map, name, readValue(raw[name] ?? {}, complain, level + 1));
  }
  return map;
}

/** Sets an own member whatever its name: assigning to `__proto__` would not. */
export function setAttribute(
  target: Record<string, AttributeValue>,
  name: string,
  value: AttributeValue,
): void {
  if (name === '__proto__') {
    Object.defineProperty(target, name, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  } else {
    target[name] = value;
  }
}

/** The attribute of that name; never something inherited from Object. */
export function attributeOf(item: Item, name: string): AttributeValue | undefined {
  return Object.hasOwn(item, name) ? item[name] : undefined;
}

function checkNameLength(name: string, complain: Complain): void {
  if (Buffer.byteLength(name) <= ATTRIBUTE_NAME_MAX_BYTES) return;
  throw complain(
    `${INVALID}Attribute name is too large, must be less than ${ATTRIBUTE_NAME_MAX_BYTES + 1} bytes`,
  );
}

function readStringSet(members: readonly string[], complain: Complain): readonly string[] {
  if (members.length === 0) throw complain(`${INVALID}An string set  may not be empty`);
  if (new Set(members).size !== members.length) {
    throw complain(`${INVALID}Input collection [${members.join(', ')}] contains duplicates.`);
  }
  return members;
}

function readNumberSet(members: readonly string[], complain: Complain): readonly string[] {
  if (members.length === 0) throw complain(`${INVALID}An number set  may not be empty`);
  const numbers = members.map((member) => canonicalNumber(member, complain));
  if (new Set(numbers).size !== numbers.length)
    throw complain('Input collection contains duplicates');
  return numbers;
}

function readBinarySet(members: readonly Uint8Array[], complain: Complain): readonly Uint8Array[] {
  if (members.length === 0) throw complain(`${INVALID}Binary sets should not be empty`);
  const texts = members.map(base64);
  if (new Set(texts).size !== texts.length) {
    throw complain(
      `${INVALID}Input collection [${texts.join(', ')}]of type BS contains duplicates.`,
    );
  }
  return members;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** Equality as `=` has it: sets regardless of order, documents deeply, numbers by value. */
export function equalValues(a: AttributeValue, b: AttributeValue): boolean {
  if ('S' in a) return 'S' in b && a.S === b.S;
  if ('N' in a) return 'N' in b && a.N === b.N;
  if ('BOOL' in a) return 'BOOL' in b && a.BOOL === b.BOOL;
  if ('NULL' in a) return 'NULL' in b;
  if ('B' in a) return 'B' in b && Buffer.compare(a.B, b.B) === 0;
  if ('M' in a) return 'M' in b && equalItems(a.M, b.M);
  if ('L' in a) return 'L' in b && equalLists(a.L, b.L);
  if ('SS' in a) return 'SS' in b && equalTextSets(a.SS, b.SS);
  if ('NS' in a) return 'NS' in b && equalTextSets(a.NS, b.NS);
  return 'BS' in b && equalTextSets(a.BS.map(base64), b.BS.map(base64));
}

export function equalItems(a: Item, b: Item): boolean {
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  for (const name of names) {
    const [x, y] = [attributeOf(a, name), attributeOf(b, name)];
    if (x === undefined || y === undefined || !equalValues(x, y)) return false;
  }
  return true;
}

function equalLists(a: readonly AttributeValue[], b: readonly AttributeValue[]): boolean {
  return (
    a.length === b.length &&
    a.every((value, i) => {
      const other = b[i];
      return other !== undefined && equalValues(value, other);
    })
  );
}

function equalTextSets(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  const members = new Set(a);
  return b.every((member) => members.has(member));
}

/** The order of two strings, numbers or binaries; undefined when they have none. */
export function compareValues(a: AttributeValue, b: AttributeValue): number | undefined {
  if ('S' in a) return 'S' in b ? compareTexts(a.S, b.S) : undefined;
  if ('N' in a) return 'N' in b ? compareNumbers(a.N, b.N) : undefined;
  if ('B' in a) return 'B' in b ? Buffer.compare(a.B, b.B) : undefined;
  return undefined;
}

/** By UTF-8 bytes, which differs from JavaScript's order where surrogates are involved. */
function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Whether the value has more than `levels` levels, itself being the first. */
export function isDeeperThan(value: AttributeValue, levels: number): boolean {
  if (levels <= 0) return true;
  if ('L' in value) return value.L.some((element) => isDeeperThan(element, levels - 1));
  if (!('M' in value)) return false;
  return Object.values(value.M).some((member) => isDeeperThan(member, levels - 1));
}

/** Members of a set compared as texts, whatever the set's type. */
export function memberText(member: string | Uint8Array): string {
  return typeof member === 'string' ? member : base64(member);
}
