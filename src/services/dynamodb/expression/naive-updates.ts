// Random updates and projections, each with what a naive reader would make of it.
import fc from 'fast-check';
import {
  areApart,
  fits,
  listPaths,
  lists,
  numberPaths,
  numbers,
  paths,
  setPaths,
  sets,
  show,
  valueIn,
  values,
  type Naive,
  type NaiveItem,
  type NaivePath,
  type Step,
  type Text,
} from './naive-values.ts';

/** The item does not suit the update. */
export class Refused extends Error {}

interface Change extends Text {
  readonly clause: 'SET' | 'REMOVE' | 'ADD' | 'DELETE';
  readonly path: NaivePath;
  /** What is to stand at the path; undefined for nothing. */
  readonly result: (item: NaiveItem) => Naive | undefined;
}

export interface Update extends Text {
  /** The item afterwards. Throws `Refused`. */
  readonly apply: (item: NaiveItem) => NaiveItem;
}

interface Operand extends Text {
  readonly get: (item: NaiveItem) => Naive;
}

function sum(a: Naive | undefined, b: Naive | undefined, sign = 1n): Naive {
  if (a?.type !== 'N' || b?.type !== 'N') throw new Refused();
  const units = a.units + sign * b.units;
  if (!fits(units)) throw new Refused();
  return { type: 'N', units };
}

/** What ADD makes of a value. */
export function added(old: Naive | undefined, value: Naive): Naive {
  if (old === undefined) return value;
  if (old.type === 'N') return sum(old, value);
  if (!('members' in value) || !('members' in old) || old.type !== value.type) throw new Refused();
  const known = new Set(old.type === 'L' ? [] : old.members.map(show));
  const more = value.members.filter((member) => !known.has(show(member)));
  return { type: old.type, members: [...old.members, ...more] };
}

/** What DELETE leaves of a set. */
export function without(old: Naive | undefined, value: Naive): Naive | undefined {
  if (old === undefined) return undefined;
  if (!('members' in value) || !('members' in old) || old.type !== value.type) throw new Refused();
  const gone = new Set(value.members.map(show));
  const members = old.members.filter((member) => !gone.has(show(member)));
  return members.length === 0 ? undefined : { type: old.type, members };
}

const literal = (value: Naive): Operand => ({ text: '?', values: [value], get: () => value });
const atPath = ({ text, steps }: NaivePath): Operand => ({
  text,
  values: [],
  get: (item) => {
    const value = valueIn(item, steps);
    if (value === undefined) throw new Refused();
    return value;
  },
});

/** Paths, literals of a kind, and if_not_exists() of both. */
function operands(
  at: fc.Arbitrary<NaivePath>,
  literals: fc.Arbitrary<Naive>,
): fc.Arbitrary<Operand> {
  const defaults = fc
    .tuple(at, fc.oneof(at.map(atPath), literals.map(literal)))
    .map(([path, other]): Operand => ({
      text: `if_not_exists(${path.text}, ${other.text})`,
      values: other.values,
      get: (item) => valueIn(item, path.steps) ?? other.get(item),
    }));
  return fc.oneof(at.map(atPath), { weight: 2, arbitrary: literals.map(literal) }, defaults);
}

const listOperands = operands(listPaths, lists);
const appends = fc.tuple(listOperands, listOperands).map(([head, tail]): Operand => ({
  text: `list_append(${head.text}, ${tail.text})`,
  values: [...head.values, ...tail.values],
  get: (item) => {
    const [one, two] = [head.get(item), tail.get(item)];
    if (one.type !== 'L' || two.type !== 'L') throw new Refused();
    return { type: 'L', members: [...one.members, ...two.members] };
  },
}));

const numberOperands = operands(numberPaths, numbers);
const arithmetic = fc
  .tuple(numberOperands, numberOperands, fc.constantFrom(1n, -1n))
  .map(([left, right, sign]): Operand => ({
    text: `${left.text} ${sign > 0n ? '+' : '-'} ${right.text}`,
    values: [...left.values, ...right.values],
    get: (item) => sum(left.get(item), right.get(item), sign),
  }));

const settings: fc.Arbitrary<Change> = fc
  .tuple(paths, fc.oneof(operands(paths, values), appends, arithmetic))
  .map(([path, operand]) => ({
    clause: 'SET',
    path,
    text: `${path.text} = ${operand.text}`,
    values: operand.values,
    result: operand.get,
  }));

const removals: fc.Arbitrary<Change> = paths.map((path) => ({
  clause: 'REMOVE',
  path,
  text: path.text,
  values: [],
  result: () => undefined,
}));

const additions: fc.Arbitrary<Change> = fc
  .oneof(
    fc.tuple(numberPaths, numbers),
    fc.tuple(setPaths, sets),
    fc.tuple(paths, fc.oneof(numbers, sets)),
  )
  .map(([path, value]) => ({
    clause: 'ADD',
    path,
    text: `${path.text} ?`,
    values: [value],
    result: (item) => added(valueIn(item, path.steps), value),
  }));

const deletions: fc.Arbitrary<Change> = fc
  .tuple(fc.oneof({ weight: 4, arbitrary: setPaths }, paths), sets)
  .map(([path, value]) => ({
    clause: 'DELETE',
    path,
    text: `${path.text} ?`,
    values: [value],
    result: (item) => without(valueIn(item, path.steps), value),
  }));

const changes: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: settings },
  { weight: 2, arbitrary: removals },
  { weight: 1, arbitrary: additions },
  { weight: 1, arbitrary: deletions },
);

interface Placed {
  readonly steps: readonly Step[];
  readonly result: Naive | undefined;
}

/** The value at `prefix` afterwards; an index means the element that was there before. */
function rebuilt(value: Naive, prefix: readonly Step[], placed: readonly Placed[]): Naive {
  const key = JSON.stringify(prefix);
  const here = placed.filter(({ steps }) => JSON.stringify(steps.slice(0, -1)) === key);
  const child = (step: Step, old: Naive): Naive | undefined => {
    const change = here.find(({ steps }) => steps.at(-1) === step);
    return change === undefined ? rebuilt(old, [...prefix, step], placed) : change.result;
  };
  if (value.type === 'M') {
    const item: Record<string, Naive> = {};
    const found = Object.entries(value.item).map(
      ([name, old]) => [name, child(name, old)] as const,
    );
    const made = here.map(({ steps, result }) => [String(steps.at(-1)), result] as const);
    for (const [name, now] of [...found, ...made]) if (now !== undefined) item[name] = now;
    return { type: 'M', item };
  }
  if (value.type !== 'L') return value;
  const kept = value.members.map((old, index) => child(index, old));
  const past = here.filter(({ steps }) => Number(steps.at(-1)) >= value.members.length);
  past.sort((one, two) => Number(one.steps.at(-1)) - Number(two.steps.at(-1)));
  const members = [...kept, ...past.map(({ result }) => result)];
  return { type: 'L', members: members.filter((member) => member !== undefined) };
}

export function applyPlaced(item: NaiveItem, placed: readonly Placed[]): NaiveItem {
  for (const { steps } of placed) {
    const parent = valueIn(item, steps.slice(0, -1));
    if (parent?.type !== (typeof steps.at(-1) === 'string' ? 'M' : 'L')) throw new Refused();
  }
  const after = rebuilt({ type: 'M', item }, [], placed);
  return after.type === 'M' ? after.item : {};
}

export const updates: fc.Arbitrary<Update> = fc
  .tuple(
    fc.uniqueArray(changes, {
      minLength: 1,
      maxLength: 5,
      comparator: (one, two) => !areApart(one.path, two.path),
    }),
    fc.shuffledSubarray(['SET', 'REMOVE', 'ADD', 'DELETE'] as const, { minLength: 4 }),
  )
  .map(([list, order]) => {
    const sections = order
      .map((clause) => list.filter((change) => change.clause === clause))
      .filter((section) => section.length > 0);
    return {
      text: sections
        .map((section) => `${section[0]?.clause} ${section.map(({ text }) => text).join(', ')}`)
        .join(' '),
      values: sections.flat().flatMap((change) => change.values),
      apply: (item) =>
        applyPlaced(
          item,
          list.map(({ path, result }) => ({ steps: path.steps, result: result(item) })),
        ),
    };
  });

export interface NaiveProjection {
  readonly text: string;
  readonly pick: (item: NaiveItem) => NaiveItem;
}

function picked(
  value: Naive,
  prefix: readonly Step[],
  wanted: readonly (readonly Step[])[],
): Naive | undefined {
  const key = JSON.stringify(prefix);
  if (wanted.some((steps) => JSON.stringify(steps) === key)) return value;
  if (value.type === 'M') {
    const found = Object.entries(value.item)
      .map(([name, member]) => [name, picked(member, [...prefix, name], wanted)] as const)
      .filter((entry): entry is [string, Naive] => entry[1] !== undefined);
    return found.length === 0 ? undefined : { type: 'M', item: Object.fromEntries(found) };
  }
  if (value.type !== 'L') return undefined;
  const members = value.members
    .map((member, index) => picked(member, [...prefix, index], wanted))
    .filter((member) => member !== undefined);
  return members.length === 0 ? undefined : { type: 'L', members };
}

export const projections: fc.Arbitrary<NaiveProjection> = fc
  .uniqueArray(paths, {
    minLength: 1,
    maxLength: 5,
    comparator: (one, two) => !areApart(one, two),
  })
  .map((list) => ({
    text: list.map(({ text }) => text).join(', '),
    pick: (item) => {
      const part = picked(
        { type: 'M', item },
        [],
        list.map(({ steps }) => steps),
      );
      return part?.type === 'M' ? part.item : {};
    },
  }));
