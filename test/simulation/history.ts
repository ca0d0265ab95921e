// Records what transactions saw and did, and proves that one by one they would have seen the same.
import { deepStrictEqual } from 'node:assert/strict';
import { AssertionFailed, assert } from '../../src/base/errors.ts';
import type { Entry, Key, RangeOptions, ReadTx, Store, Tx } from '../../src/base/store.ts';
import { AFTER_ANY, encodeKey } from '../../src/base/tuple.ts';

// Every transaction that writes appends its attempt's number here: the order of these entries is
// the order in which the store says the transactions happened.
const HISTORY = 'history';

type Step =
  | { readonly kind: 'get'; readonly key: Key; readonly found: string | undefined }
  | {
      readonly kind: 'range';
      readonly from: Key;
      readonly to: Key;
      readonly options: RangeOptions;
      readonly found: readonly string[];
    }
  | { readonly kind: 'claim'; readonly found: readonly string[] }
  | { readonly kind: 'put'; readonly key: Key; readonly value: string }
  | { readonly kind: 'delete'; readonly key: Key }
  | { readonly kind: 'append'; readonly prefix: Key; readonly value: string };

/** One run of a body. */
export interface Attempt {
  readonly number: number;
  readonly steps: Step[];
  /** How many outcomes were published before this attempt began: it comes after all of these. */
  readonly after: number;
  /** The last transaction that a reader saw in the history. */
  seen: number | undefined;
}

export interface History {
  /** Begins an attempt that will write. */
  writing(tx: Tx): Promise<RecordedTx>;
  /** Begins an attempt whose writes, if any, are not to come to stand; it notes its place. */
  reading(view: ReadTx): Promise<RecordedTx>;
  /** The outcome of this attempt was told to the caller. */
  published(attempt: Attempt): void;
  /** Checks everything against what the store holds now. Returns the number of transactions. */
  check(store: Store): Promise<number>;
}

/** Like a transaction, and remembers every step. */
export interface RecordedTx {
  readonly attempt: Attempt;
  get(key: Key): Promise<string | undefined>;
  range(from: Key, to: Key, options: RangeOptions): Promise<Entry[]>;
  claim(from: Key, to: Key, limit: number): Promise<Entry[]>;
  put(key: Key, value: string): void;
  delete(key: Key): void;
  append(prefix: Key, value: string): void;
}

const textOf = (value: Uint8Array): string => Buffer.from(value).toString();
const shown = (entry: Entry): string => `${encodeKey(entry.key)}=${textOf(entry.value)}`;

export function createHistory(): History {
  const attempts: Attempt[] = [];
  const publishedAttempts: Attempt[] = [];

  function begin(): Attempt {
    const after = publishedAttempts.length;
    const attempt = { number: attempts.length, steps: [], after, seen: undefined };
    attempts.push(attempt);
    return attempt;
  }

  return {
    async writing(tx) {
      const attempt = begin();
      tx.append([HISTORY], Buffer.from(String(attempt.number)));
      return record(attempt, tx, tx);
    },
    async reading(view) {
      const attempt = begin();
      const [last] = await view.range([HISTORY], [HISTORY, AFTER_ANY], { limit: 1, reverse: true });
      attempt.seen = last === undefined ? 0 : Number(last.key[1]);
      return record(attempt, view, 'put' in view ? (view as Tx) : undefined);
    },
    published: (attempt) => void publishedAttempts.push(attempt),
    async check(store) {
      const log = await store.read((view) =>
        view.range([HISTORY], [HISTORY, AFTER_ANY], { limit: Number.MAX_SAFE_INTEGER }),
      );
      const order = log.map((entry) => ({
        place: Number(entry.key[1]),
        attempt: attempts[Number(textOf(entry.value))] ?? missing(entry),
      }));
      const states = replay(order);
      checkPublished(publishedAttempts, states);
      checkRealTime(publishedAttempts, order);
      await compareContent(store, states.at(-1)?.state ?? new Map());
      return order.length;
    },
  };
}

function missing(entry: Entry): never {
  throw new AssertionFailed(`the history holds an attempt that nobody made: ${shown(entry)}`);
}

function record(attempt: Attempt, view: ReadTx, tx: Tx | undefined): RecordedTx {
  const { steps } = attempt;
  const writable = (): Tx => tx ?? missingTx();
  return {
    attempt,
    async get(key) {
      const value = await view.get(key);
      const found = value === undefined ? undefined : textOf(value);
      steps.push({ kind: 'get', key, found });
      return found;
    },
    async range(from, to, options) {
      const entries = await view.range(from, to, options);
      steps.push({ kind: 'range', from, to, options, found: entries.map(shown) });
      return entries;
    },
    async claim(from, to, limit) {
      const entries = await writable().claim(from, to, limit);
      steps.push({ kind: 'claim', found: entries.map(shown) });
      return entries;
    },
    put(key, value) {
      writable().put(key, Buffer.from(value));
      steps.push({ kind: 'put', key, value });
    },
    delete(key) {
      writable().delete(key);
      steps.push({ kind: 'delete', key });
    },
    append(prefix, value) {
      writable().append(prefix, Buffer.from(value));
      steps.push({ kind: 'append', prefix, value });
    },
  };
}

function missingTx(): never {
  throw new AssertionFailed('a view cannot write');
}

type State = ReadonlyMap<string, string>;

interface Placed {
  readonly place: number;
  readonly attempt: Attempt;
}

/** Runs the attempts one after the other on a map; each must see what it saw in the store. */
function replay(order: readonly Placed[]): { place: number; state: State }[] {
  const states: { place: number; state: State }[] = [{ place: 0, state: new Map() }];
  const seen = new Set<number>();
  for (const { place, attempt } of order) {
    assert(!seen.has(attempt.number), `attempt ${attempt.number} came to stand twice`);
    seen.add(attempt.number);
    const state = new Map(states.at(-1)?.state);
    runSteps(attempt, state);
    // Appends are numbered one after the other, beginning with the history's own.
    let sequence = place;
    for (const step of attempt.steps) {
      if (step.kind === 'append') state.set(encodeKey([...step.prefix, ++sequence]), step.value);
    }
    states.push({ place, state });
  }
  return states;
}

function runSteps(attempt: Attempt, state: Map<string, string>): void {
  for (const step of attempt.steps) {
    const what = `attempt ${attempt.number}: ${JSON.stringify(step)}`;
    switch (step.kind) {
      case 'get':
        deepStrictEqual(step.found, state.get(encodeKey(step.key)), what);
        break;
      case 'range':
        deepStrictEqual(step.found, rangeOf(state, step.from, step.to, step.options), what);
        break;
      case 'claim':
        for (const entry of step.found) {
          const [key, value] = [...state].find(([name]) => entry.startsWith(`${name}=`)) ?? [];
          deepStrictEqual(entry, `${key}=${value}`, what);
        }
        break;
      case 'put':
        state.set(encodeKey(step.key), step.value);
        break;
      case 'delete':
        state.delete(encodeKey(step.key));
        break;
      case 'append':
        break;
    }
  }
}

function rangeOf(
  state: State,
  from: Key,
  to: Key,
  { limit, reverse = false }: RangeOptions,
): string[] {
  const [first, end] = [encodeKey(from), encodeKey(to)];
  const keys = [...state.keys()].filter((key) => key >= first && key < end).toSorted();
  if (reverse) keys.reverse();
  return keys.slice(0, limit).map((key) => `${key}=${state.get(key)}`);
}

/** What readers were told must be true at their place in the history. */
function checkPublished(
  published: readonly Attempt[],
  states: readonly { place: number; state: State }[],
): void {
  const byPlace = new Map(states.map(({ place, state }) => [place, state]));
  for (const attempt of published) {
    if (attempt.seen === undefined) continue;
    const state = byPlace.get(attempt.seen);
    assert(state !== undefined, `attempt ${attempt.number} saw a transaction that did not last`);
    runSteps(attempt, new Map(state));
  }
}

/** Whatever was acknowledged is there, and comes before all that began afterwards. */
function checkRealTime(published: readonly Attempt[], order: readonly Placed[]): void {
  const places = new Map(order.map(({ attempt, place }) => [attempt.number, place]));
  const placeOf = (attempt: Attempt): number => {
    const place = attempt.seen ?? places.get(attempt.number);
    assert(place !== undefined, `attempt ${attempt.number} was acknowledged and is lost`);
    return place;
  };
  /** The last place among the first so many that were published. */
  const last = [0];
  for (const attempt of published) last.push(Math.max(last.at(-1) ?? 0, placeOf(attempt)));
  for (const attempt of [...published, ...order.map((placed) => placed.attempt)]) {
    const before = last[attempt.after] ?? 0;
    const place = placeOf(attempt);
    const late = attempt.seen === undefined ? place > before : place >= before;
    assert(late, `attempt ${attempt.number} at ${place} began after ${before} was acknowledged`);
  }
}

async function compareContent(store: Store, state: State): Promise<void> {
  const entries = await store.read((view) =>
    view.range([0], [AFTER_ANY], { limit: Number.MAX_SAFE_INTEGER }),
  );
  const content = entries.filter((entry) => entry.key[0] !== HISTORY).map(shown);
  deepStrictEqual(content, rangeOf(state, [0], [AFTER_ANY], { limit: Infinity }));
}
