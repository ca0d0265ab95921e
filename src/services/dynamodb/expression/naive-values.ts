// Values, paths and items as the naive side of the random tests sees them, apart from all code
// under test.
import fc from 'fast-check';
import type { AttributeValue, Item } from '../attribute-value.ts';

/** Numbers count units of 10^-170; binary is Latin-1 text. */
export type Naive =
  | { readonly type: 'S' | 'B'; readonly text: string }
  | { readonly type: 'N'; readonly units: bigint }
  | { readonly type: 'BOOL'; readonly on: boolean }
  | { readonly type: 'NULL' }
  | { readonly type: 'L' | 'SS' | 'NS' | 'BS'; readonly members: readonly Naive[] }
  | { readonly type: 'M'; readonly item: NaiveItem };
export type NaiveItem = Readonly<Record<string, Naive>>;
export type Step = string | number;

const DECIMALS = 170;
const ONE = 10n ** BigInt(DECIMALS);

/** The number as DynamoDB prints it. */
function printNumber(units: bigint): string {
  const magnitude = units < 0n ? -units : units;
  const fraction = (magnitude % ONE).toString().padStart(DECIMALS, '0').replace(/0+$/, '');
  return `${units < 0n ? '-' : ''}${magnitude / ONE}${fraction === '' ? '' : `.${fraction}`}`;
}

function parseNumber(text: string): bigint {
  const [whole = '', fraction = ''] = text.replace('-', '').split('.');
  const magnitude = BigInt(whole + fraction.padEnd(DECIMALS, '0'));
  return text.startsWith('-') ? -magnitude : magnitude;
}

/** Whether DynamoDB can hold it: 38 digits, from 1E-130 to below 1E+126. */
export function fits(units: bigint): boolean {
  if (units === 0n) return true;
  const digits = units.toString().replace('-', '');
  const exponent = digits.length - 1 - DECIMALS;
  return digits.replace(/0+$/, '').length <= 38 && exponent >= -130 && exponent <= 125;
}

/** The same text for equal values only. */
export function show(value: Naive | undefined): string {
  if (value === undefined) return 'absent';
  switch (value.type) {
    case 'S':
    case 'B':
      return `${value.type}${JSON.stringify(value.text)}`;
    case 'N':
      return `N${value.units}`;
    case 'BOOL':
      return `BOOL${value.on}`;
    case 'NULL':
      return 'NULL';
    case 'L':
      return `[${value.members.map(show).join(', ')}]`;
    case 'M':
      return showItem(value.item);
    case 'SS':
    case 'NS':
    case 'BS':
      return `<${value.members.map(show).toSorted().join(', ')}>`;
  }
}

export function showItem(item: NaiveItem): string {
  const members = Object.keys(item).toSorted();
  return `{${members.map((name) => `${name}: ${show(item[name])}`).join(', ')}}`;
}

export function toValue(value: Naive): AttributeValue {
  switch (value.type) {
    case 'S':
      return { S: value.text };
    case 'B':
      return { B: Buffer.from(value.text, 'latin1') };
    case 'N':
      return { N: printNumber(value.units) };
    case 'BOOL':
      return { BOOL: value.on };
    case 'NULL':
      return { NULL: true };
    case 'L':
      return { L: value.members.map(toValue) };
    case 'M':
      return { M: toItem(value.item) };
    case 'SS':
    case 'NS':
    case 'BS': {
      const members = value.members.map((member) => Object.values(toValue(member))[0] as unknown);
      return { [value.type]: members } as unknown as AttributeValue;
    }
  }
}

export function toItem(item: NaiveItem): Item {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, toValue(value)]));
}

/** From the wire or from our own values alike. */
function fromValue(value: object): Naive {
  const [type, content] = Object.entries(value)[0] as [Naive['type'], unknown];
  const all = (member: string): Naive[] =>
    (content as unknown[]).map((element) => fromValue({ [member]: element }));
  switch (type) {
    case 'S':
      return { type, text: content as string };
    case 'B':
      return { type, text: Buffer.from(content as Uint8Array).toString('latin1') };
    case 'N':
      return { type, units: parseNumber(content as string) };
    case 'BOOL':
      return { type, on: content as boolean };
    case 'NULL':
      return { type };
    case 'L':
      return { type, members: (content as object[]).map(fromValue) };
    case 'M':
      return { type, item: fromItem(content as Record<string, object>) };
    case 'SS':
    case 'NS':
    case 'BS':
      return { type, members: all(type.charAt(0)) };
  }
}

export function fromItem(item: Readonly<Record<string, object>>): NaiveItem {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, fromValue(value)]));
}

/** What stands at the path. */
export function valueIn(item: NaiveItem, path: readonly Step[]): Naive | undefined {
  let at: Naive | undefined = { type: 'M', item };
  for (const step of path) {
    if (at?.type === 'M' && typeof step === 'string') at = at.item[step];
    else if (at?.type === 'L' && typeof step === 'number') at = at.members[step];
    else return undefined;
  }
  return at;
}

/** Negative, zero or positive for two numbers, strings or binaries; undefined for all else. */
export function orderOf(a: Naive | undefined, b: Naive | undefined): number | undefined {
  if (a?.type === 'N' && b?.type === 'N')
    return Number(a.units > b.units) - Number(a.units < b.units);
  if (a === undefined || b === undefined || a.type !== b.type) return undefined;
  if (a.type === 'S' && b.type === 'S')
    return Buffer.compare(Buffer.from(a.text), Buffer.from(b.text));
  if (a.type === 'B' && b.type === 'B') return a.text < b.text ? -1 : Number(a.text > b.text);
  return undefined;
}

export const numbers: fc.Arbitrary<Naive> = fc
  .oneof(
    { weight: 12, arbitrary: fc.bigInt(-3n, 3n).map((n) => n * ONE) },
    fc.constantFrom('0.1', '-0.5', '9'.repeat(38), `-${'9'.repeat(38)}`).map(parseNumber),
    fc
      .tuple(fc.bigInt(-(10n ** 38n) + 1n, 10n ** 38n - 1n), fc.integer({ min: 2, max: 257 }))
      .map(([digits, exponent]) => digits * 10n ** BigInt(exponent))
      .filter(fits),
  )
  .map((units) => ({ type: 'N', units }));
export const strings: fc.Arbitrary<Naive & { type: 'S' | 'B' }> = fc
  .constantFrom('', 'a', 'ab', 'b', 'ba', 'é', '\u{ffff}', '\u{1f600}')
  .map((text) => ({ type: 'S', text }));
export const binaries: fc.Arbitrary<Naive & { type: 'S' | 'B' }> = fc
  .constantFrom('', 'a', 'ab', '\0', '\u{ff}', 'a\u{80}')
  .map((text) => ({ type: 'B', text }));
/** The types that have an order. */
export const ordered: fc.Arbitrary<Naive> = fc.oneof(numbers, strings, binaries);
export const scalars: fc.Arbitrary<Naive> = fc.oneof(
  { weight: 3, arbitrary: ordered },
  fc.boolean().map((on): Naive => ({ type: 'BOOL', on })),
  fc.constant<Naive>({ type: 'NULL' }),
);

function setsOf(type: 'SS' | 'NS' | 'BS', members: fc.Arbitrary<Naive>): fc.Arbitrary<Naive> {
  // Sets hold no empty strings.
  const full = members.filter((member) => !('text' in member) || member.text !== '');
  return fc
    .uniqueArray(full, { minLength: 1, maxLength: 3, selector: show })
    .map((list) => ({ type, members: list }));
}

export const sets: fc.Arbitrary<Naive> = fc.oneof(
  { weight: 4, arbitrary: setsOf('NS', numbers) },
  setsOf('SS', strings),
  setsOf('BS', binaries),
);

function listsOf(elements: fc.Arbitrary<Naive>): fc.Arbitrary<Naive> {
  return fc.array(elements, { maxLength: 3 }).map((members) => ({ type: 'L', members }));
}

function mapsOf(members: fc.Arbitrary<Naive>): fc.Arbitrary<Naive> {
  return fc
    .dictionary(fc.constantFrom('x', 'y'), members, { noNullPrototype: true })
    .map((item) => ({ type: 'M', item }));
}

const { value: anyValues } = fc.letrec<{ value: Naive }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    { weight: 4, arbitrary: scalars },
    { weight: 2, arbitrary: sets },
    { weight: 2, arbitrary: listsOf(tie('value')) },
    { weight: 3, arbitrary: mapsOf(tie('value')) },
  ),
}));
export const values = anyValues;
export const lists = listsOf(values);

/** Attributes by what mostly is in them: a number, text, a list, a map, a set of numbers. */
export const NAMES = ['nn', 'tt', 'll', 'mm', 'ns'];

const mostly = (kind: fc.Arbitrary<Naive>): fc.Arbitrary<Naive> =>
  fc.oneof({ weight: 9, arbitrary: kind }, values);
export const items: fc.Arbitrary<NaiveItem> = fc
  .record(
    {
      nn: mostly(numbers),
      tt: mostly(fc.oneof(strings, binaries)),
      ll: mostly(fc.array(values, { minLength: 1, maxLength: 3 }).map(toList)),
      mm: mostly(
        fc
          .record(
            {
              x: mostly(numbers),
              y: mostly(fc.array(scalars, { minLength: 1, maxLength: 3 }).map(toList)),
            },
            { noNullPrototype: true },
          )
          .map((item) => ({ type: 'M', item })),
      ),
      ns: mostly(setsOf('NS', numbers)),
    },
    { noNullPrototype: true },
  )
  .chain((item) => {
    const names = fc.subarray(Object.keys(item), { minLength: 3 });
    return names.map((kept) =>
      Object.fromEntries(Object.entries(item).filter(([name]) => kept.includes(name))),
    );
  });

function toList(members: readonly Naive[]): Naive {
  return { type: 'L', members };
}

/** A path and one of the ways to write it. */
export interface NaivePath {
  readonly text: string;
  readonly steps: readonly Step[];
}

function writtenAs(...texts: readonly string[]): fc.Arbitrary<NaivePath> {
  return fc.tuple(fc.constantFrom(...texts), fc.boolean()).map(([text, named]) => ({
    text: (named ? '#' : '') + text,
    steps: (text.match(/\w+/g) ?? []).map((step) => (/^\d/.test(step) ? Number(step) : step)),
  }));
}

export const numberPaths = writtenAs('nn', 'mm.x');
const textPaths = writtenAs('tt', 'll[0]');
export const listPaths = writtenAs('ll', 'mm.y');
export const setPaths = writtenAs('ns');
const oddPaths = writtenAs('dd', 'mm.z', 'ns', 'll[9]', 'nn.x', 'tt[0]', 'll.x', 'mm[0]', 'dd.x');
const innerPaths = writtenAs(
  'll[0]',
  'll[1]',
  'll[2]',
  'll[0].x',
  'll[1][0]',
  'mm.y[0]',
  'mm.y[1]',
);
export const paths: fc.Arbitrary<NaivePath> = fc.oneof(
  { weight: 3, arbitrary: numberPaths },
  { weight: 2, arbitrary: textPaths },
  { weight: 2, arbitrary: listPaths },
  { weight: 3, arbitrary: innerPaths },
  { weight: 1, arbitrary: setPaths },
  { weight: 1, arbitrary: oddPaths },
  { weight: 1, arbitrary: writtenAs('dd', 'mm', 'mm.z') },
);

/** Two paths that neither contain nor contradict each other. */
export function areApart(one: NaivePath, two: NaivePath): boolean {
  const shared = Math.min(one.steps.length, two.steps.length);
  const at = one.steps.findIndex((step, i) => i >= shared || step !== two.steps[i]);
  return at !== -1 && at < shared && typeof one.steps[at] === typeof two.steps[at];
}

/** An expression with question marks for values. */
export interface Text {
  readonly text: string;
  readonly values: readonly Naive[];
}

/** The expression with its question marks numbered, and its placeholders. */
export function bind(
  { text, values: list }: Text,
  prefix = 'v',
): { text: string; names: Record<string, string> | undefined; values: Item | undefined } {
  let next = 0;
  const numbered = text.replaceAll('?', () => `:${prefix}${next++}`);
  const entries = list.map((value, i) => [`:${prefix}${i}`, toValue(value)] as const);
  const refs = [...new Set(text.match(/#\w+/g))];
  return {
    text: numbered,
    names:
      refs.length === 0 ? undefined : Object.fromEntries(refs.map((ref) => [ref, ref.slice(1)])),
    values: list.length === 0 ? undefined : Object.fromEntries(entries),
  };
}
