// Random conditions, each with the function a naive reader would write for it.
import fc from 'fast-check';
import {
  binaries,
  numbers,
  ordered,
  orderOf,
  paths,
  scalars,
  show,
  strings,
  valueIn,
  values,
  type Naive,
  type NaiveItem,
  type NaivePath,
  type Text,
} from './naive-values.ts';

export interface Clause extends Text {
  readonly test: (item: NaiveItem) => boolean;
}

/** What stands on a side of a comparison. */
interface Operand extends Text {
  readonly get: (item: NaiveItem) => Naive | undefined;
}

const COMPARATORS = ['=', '<>', '<', '<=', '>', '>='];
const TYPES = ['S', 'N', 'B', 'BOOL', 'NULL', 'L', 'M', 'SS', 'NS', 'BS'];

export function compare(comparator: string, a: Naive | undefined, b: Naive | undefined): boolean {
  const equal = a !== undefined && show(a) === show(b);
  if (comparator === '=') return equal;
  if (comparator === '<>') return !equal;
  const order = orderOf(a, b);
  if (order === undefined) return false;
  if (comparator === '<') return order < 0;
  if (comparator === '<=') return order <= 0;
  return comparator === '>' ? order > 0 : order >= 0;
}

export function beginsWith(value: Naive | undefined, prefix: Naive | undefined): boolean {
  if (value === undefined || prefix === undefined || value.type !== prefix.type) return false;
  return 'text' in value && 'text' in prefix && value.text.startsWith(prefix.text);
}

export function contains(value: Naive | undefined, part: Naive | undefined): boolean {
  if (value === undefined || part === undefined) return false;
  if ('members' in value) return value.members.some((member) => show(member) === show(part));
  return (
    'text' in value && 'text' in part && value.type === part.type && value.text.includes(part.text)
  );
}

function sizeOf(value: Naive | undefined): Naive | undefined {
  let size: number | undefined;
  if (value !== undefined && 'members' in value) size = value.members.length;
  if (value !== undefined && 'text' in value) size = value.text.length;
  if (value?.type === 'M') size = Object.keys(value.item).length;
  return size === undefined ? undefined : { type: 'N', units: BigInt(size) * 10n ** 170n };
}

const atPath = ({ text, steps }: NaivePath): Operand => ({
  text,
  values: [],
  get: (item) => valueIn(item, steps),
});
const literal = (value: Naive): Operand => ({ text: '?', values: [value], get: () => value });
const sizes = paths.map((path): Operand => ({
  text: `size(${path.text})`,
  values: [],
  get: (item) => sizeOf(valueIn(item, path.steps)),
}));

/** Paths, sizes and literals of the given kind. */
function operands(literals: fc.Arbitrary<Naive>): fc.Arbitrary<Operand> {
  return fc.oneof(
    { weight: 3, arbitrary: paths.map(atPath) },
    { weight: 1, arbitrary: sizes },
    { weight: 3, arbitrary: literals.map(literal) },
  );
}

/** A path compared with itself is refused, however it is written. */
function areDistinct([one, two]: readonly [Operand, Operand, ...unknown[]]): boolean {
  const plain = ({ text }: Operand): string => text.replaceAll('#', '');
  return one.text === '?' || plain(one) !== plain(two);
}

const joinValues = (...parts: readonly Text[]): readonly Naive[] =>
  parts.flatMap((part) => part.values);

const comparisons: fc.Arbitrary<Clause> = fc
  .oneof(
    fc.tuple(operands(values), operands(values), fc.constantFrom('=', '<>')),
    fc.tuple(operands(ordered), operands(ordered), fc.constantFrom(...COMPARATORS)),
  )
  .filter(areDistinct)
  .map(([left, right, comparator]) => ({
    text: `${left.text} ${comparator} ${right.text}`,
    values: joinValues(left, right),
    test: (item) => compare(comparator, left.get(item), right.get(item)),
  }));

/** Literal bounds have one type and stand in order, or the expression is refused. */
const bounds = fc.oneof(
  fc
    .oneof(fc.tuple(numbers, numbers), fc.tuple(strings, strings), fc.tuple(binaries, binaries))
    .map((pair) => ((orderOf(pair[0], pair[1]) ?? 0) > 0 ? pair.toReversed() : pair).map(literal)),
  fc.tuple(paths.map(atPath), operands(ordered)),
  fc.tuple(operands(ordered), paths.map(atPath)),
);
const betweens: fc.Arbitrary<Clause> = fc
  .tuple(operands(ordered), bounds)
  .map(([operand, [low = operand, high = operand]]) => ({
    text: `${operand.text} BETWEEN ${low.text} AND ${high.text}`,
    values: joinValues(operand, low, high),
    test: (item) =>
      compare('>=', operand.get(item), low.get(item)) &&
      compare('<=', operand.get(item), high.get(item)),
  }));

const memberships: fc.Arbitrary<Clause> = fc
  .tuple(operands(values), fc.array(operands(values), { minLength: 1, maxLength: 4 }))
  .map(([operand, choices]) => ({
    text: `${operand.text} IN (${choices.map(({ text }) => text).join(', ')})`,
    values: joinValues(operand, ...choices),
    test: (item) => choices.some((choice) => compare('=', operand.get(item), choice.get(item))),
  }));

const existences: fc.Arbitrary<Clause> = fc.tuple(paths, fc.boolean()).map(([path, exists]) => ({
  text: `attribute_${exists ? '' : 'not_'}exists(${path.text})`,
  values: [],
  test: (item) => (valueIn(item, path.steps) !== undefined) === exists,
}));

const types: fc.Arbitrary<Clause> = fc
  .tuple(paths, fc.constantFrom(...TYPES))
  .map(([path, type]) => ({
    text: `attribute_type(${path.text}, ?)`,
    values: [{ type: 'S', text: type }],
    test: (item) => valueIn(item, path.steps)?.type === type,
  }));

const prefixes: fc.Arbitrary<Clause> = fc
  .tuple(paths.map(atPath), fc.oneof(paths.map(atPath), fc.oneof(strings, binaries).map(literal)))
  .filter(areDistinct)
  .map(([operand, prefix]) => ({
    text: `begins_with(${operand.text}, ${prefix.text})`,
    values: prefix.values,
    test: (item) => beginsWith(operand.get(item), prefix.get(item)),
  }));

const containments: fc.Arbitrary<Clause> = fc
  .tuple(paths.map(atPath), fc.oneof(paths.map(atPath), scalars.map(literal)))
  .filter(areDistinct)
  .map(([operand, part]) => ({
    text: `contains(${operand.text}, ${part.text})`,
    values: part.values,
    test: (item) => contains(operand.get(item), part.get(item)),
  }));

const leaves = fc.oneof(
  { weight: 3, arbitrary: comparisons },
  betweens,
  memberships,
  existences,
  types,
  prefixes,
  containments,
);

/** AND, OR and NOT, with parentheses only where precedence demands them, and sometimes more. */
export const clauses: fc.Arbitrary<Clause> = fc
  .letrec<{ any: Clause & { level: number } }>((tie) => {
    const group = (part: Clause & { level: number }, level: number): string =>
      part.level < level ? `(${part.text})` : part.text;
    return {
      any: fc.oneof(
        { depthSize: 'medium', withCrossShrink: true },
        leaves.map((leaf) => ({ ...leaf, level: 4 })),
        tie('any').map((inner) => ({
          level: 3,
          text: `NOT ${group(inner, 3)}`,
          values: inner.values,
          test: (item: NaiveItem) => !inner.test(item),
        })),
        fc.tuple(tie('any'), tie('any')).map(([left, right]) => ({
          level: 2,
          text: `${group(left, 2)} AND ${group(right, 2)}`,
          values: joinValues(left, right),
          test: (item: NaiveItem) => left.test(item) && right.test(item),
        })),
        fc.tuple(tie('any'), tie('any')).map(([left, right]) => ({
          level: 1,
          text: `${group(left, 1)} OR ${group(right, 1)}`,
          values: joinValues(left, right),
          test: (item: NaiveItem) => left.test(item) || right.test(item),
        })),
        tie('any').map((inner) => ({ ...inner, text: group(inner, 4), level: 4 })),
      ),
    };
  })
  .any.map((clause): Clause => clause);
