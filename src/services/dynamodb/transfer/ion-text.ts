// Reads Amazon Ion text into plain values. Source: amazon-ion.github.io, "Ion text encoding".

export type IonValue = { readonly annotations: readonly string[] } & (
  | { readonly kind: 'null' }
  | { readonly kind: 'boolean'; readonly value: boolean }
  /** Integers, decimals and floats, as a decimal text with `e` for the exponent. */
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'list'; readonly values: readonly IonValue[] }
  | { readonly kind: 'struct'; readonly fields: ReadonlyMap<string, IonValue> }
);

/** Thrown for a text that is no Ion, or Ion that no item can hold. */
export class IonSyntaxError extends Error {}

const NESTING_MAX = 64;
const SPACE = /(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y;
const NUMBER = /[+-]?(?:\d[\d_]*)(?:\.[\d_]*)?(?:[dDeE][+-]?\d+)?/y;
const SYMBOL = /[A-Za-z_$][\w$]*/y;
const VERSION_MARKER = '$ion_1_0';

interface Cursor {
  readonly text: string;
  at: number;
}

/** Every value at the top of a text, version markers left out. */
export function readIon(text: string): IonValue[] {
  const from: Cursor = { text, at: 0 };
  const values: IonValue[] = [];
  for (skipSpace(from); from.at < text.length; skipSpace(from)) {
    const start = from.at;
    const value = readValue(from, 0);
    const isMarker = value.kind === 'text' && text.slice(start, from.at).trim() === VERSION_MARKER;
    if (!isMarker) values.push(value);
  }
  return values;
}

function skipSpace(from: Cursor): void {
  from.at += match(from, SPACE)?.length ?? 0;
}

function match({ text, at }: Cursor, pattern: RegExp): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

function fail(from: Cursor, problem: string): IonSyntaxError {
  return new IonSyntaxError(`${problem} at ${from.at}`);
}

function readValue(from: Cursor, level: number): IonValue {
  if (level > NESTING_MAX) throw fail(from, 'values are nested too deeply');
  skipSpace(from);
  const annotations: string[] = [];
  for (;;) {
    const start = from.at;
    const name = isQuotedSymbol(from) ? readQuoted(from, "'") : match(from, SYMBOL);
    if (name === undefined) break;
    if (from.at === start) from.at += name.length;
    skipSpace(from);
    if (!from.text.startsWith('::', from.at)) {
      if (from.text[start] === "'") return { kind: 'text', text: name, annotations };
      return readKeyword(name, annotations, from);
    }
    from.at += 2;
    annotations.push(name);
    skipSpace(from);
  }
  return readBare(from, { annotations, level });
}

/** Three quotes begin a long string, one begins a symbol. */
function isQuotedSymbol({ text, at }: Cursor): boolean {
  return text[at] === "'" && !text.startsWith("'''", at);
}

function readKeyword(name: string, annotations: readonly string[], from: Cursor): IonValue {
  switch (name) {
    case 'true':
    case 'false':
      return { kind: 'boolean', value: name === 'true', annotations };
    case 'null':
      // A null may name its type.
      if (from.text[from.at] === '.') {
        from.at += 1;
        from.at += match(from, SYMBOL)?.length ?? 0;
      }
      return { kind: 'null', annotations };
    case 'nan':
      throw fail(from, 'there is no number nan');
    default:
      return { kind: 'text', text: name, annotations };
  }
}

interface Place {
  readonly annotations: readonly string[];
  readonly level: number;
}

function readBare(from: Cursor, { annotations, level }: Place): IonValue {
  const { text, at } = from;
  const first = text[at];
  if (first === '"') return { kind: 'text', text: readQuoted(from, '"'), annotations };
  if (text.startsWith("'''", at)) return { kind: 'text', text: readLong(from), annotations };
  if (text.startsWith('{{', at)) return { kind: 'bytes', bytes: readBlob(from), annotations };
  if (first === '{') return { kind: 'struct', fields: readStruct(from, level), annotations };
  if (first === '[') return { kind: 'list', values: readList(from, level), annotations };
  const number = match(from, NUMBER);
  if (number === undefined) throw fail(from, 'a value is expected');
  from.at += number.length;
  return { kind: 'number', text: number.replaceAll('_', '').replace(/[dD]/, 'e'), annotations };
}

function readList(from: Cursor, level: number): IonValue[] {
  const values: IonValue[] = [];
  from.at += 1;
  for (;;) {
    skipSpace(from);
    if (take(from, ']')) return values;
    values.push(readValue(from, level + 1));
    skipSpace(from);
    if (!take(from, ',') && from.text[from.at] !== ']') throw fail(from, "',' or ']' is expected");
  }
}

function readStruct(from: Cursor, level: number): Map<string, IonValue> {
  const fields = new Map<string, IonValue>();
  from.at += 1;
  for (;;) {
    skipSpace(from);
    if (take(from, '}')) return fields;
    const name = readFieldName(from);
    skipSpace(from);
    if (!take(from, ':')) throw fail(from, "':' is expected");
    fields.set(name, readValue(from, level + 1));
    skipSpace(from);
    if (!take(from, ',') && from.text[from.at] !== '}') throw fail(from, "',' or '}' is expected");
  }
}

function readFieldName(from: Cursor): string {
  const { text, at } = from;
  if (text[at] === '"') return readQuoted(from, '"');
  if (text.startsWith("'''", at)) return readLong(from);
  if (text[at] === "'") return readQuoted(from, "'");
  const name = match(from, SYMBOL);
  if (name === undefined) throw fail(from, 'a name is expected');
  from.at += name.length;
  return name;
}

function take(from: Cursor, character: string): boolean {
  if (from.text[from.at] !== character) return false;
  from.at += 1;
  return true;
}

function readQuoted(from: Cursor, quote: '"' | "'"): string {
  let result = '';
  for (from.at += 1; from.at < from.text.length; ) {
    const character = from.text[from.at] ?? '';
    if (character === quote) {
      from.at += 1;
      return result;
    }
    result += character === '\\' ? readEscape(from) : character;
    if (character !== '\\') from.at += 1;
  }
  throw fail(from, 'a text does not end');
}

/** Long strings next to one another are one. */
function readLong(from: Cursor): string {
  let result = '';
  while (from.text.startsWith("'''", from.at)) {
    from.at += 3;
    while (!from.text.startsWith("'''", from.at)) {
      const character = from.text[from.at];
      if (character === undefined) throw fail(from, 'a text does not end');
      result += character === '\\' ? readEscape(from) : character;
      if (character !== '\\') from.at += 1;
    }
    from.at += 3;
    skipSpace(from);
  }
  return result;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\u0007',
  b: '\b',
  t: '\t',
  n: '\n',
  f: '\f',
  r: '\r',
  v: '\v',
  '\n': '',
};
const CODE_LENGTH: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

function readEscape(from: Cursor): string {
  const letter = from.text[from.at + 1] ?? '';
  const length = CODE_LENGTH[letter];
  if (length === undefined) {
    from.at += 2;
    return ESCAPES[letter] ?? letter;
  }
  const digits = from.text.slice(from.at + 2, from.at + 2 + length);
  const code = Number.parseInt(digits, 16);
  if (digits.length < length || !(code <= 0x10_ff_ff)) throw fail(from, 'an escape is malformed');
  from.at += 2 + length;
  return length === 8 ? String.fromCodePoint(code) : String.fromCharCode(code);
}

function readBlob(from: Cursor): Uint8Array {
  const end = from.text.indexOf('}}', from.at);
  if (end === -1) throw fail(from, 'a blob does not end');
  const content = from.text.slice(from.at + 2, end).trim();
  if (content.startsWith('"')) throw fail(from, 'clobs are not known');
  from.at = end + 2;
  return Uint8Array.from(Buffer.from(content, 'base64'));
}
