// One run of a transaction's body: reads from its snapshot, keeps its writes and what it saw.
import { assert } from '../base/errors.ts';
import type { Entry, Key, ReadTx, Tx } from '../base/store.ts';
import { decodeKey, encodeKey } from '../base/tuple.ts';
import type { ReadRange, ReadSet } from './commit-log.ts';
import type { PendingView } from './pending-writes.ts';
import { createReadLayers } from './read-layers.ts';
import type { EncodedEntry, Snapshot, Writes } from './store-engine.ts';

/** The longest encoded key. Every engine holds keys of this size, and all refuse longer ones. */
const MAX_KEY_BYTES = 4000;

// A claim reads a little more than it needs, since others may hold the first entries.
const CLAIM_SLACK = 2;

export interface TransactionStart {
  readonly snapshot: Snapshot;
  readonly pending: PendingView | undefined;
  /** Takes the claim on an entry of the snapshot; false when it is held or has changed since. */
  claim(key: string): boolean;
}

export interface Transaction {
  readonly tx: Tx;
  readonly reads: ReadSet;
  readonly topics: ReadonlySet<string>;
  /** The greatest number of a pending commit that the body saw writes of; 0 when none. */
  seenPending(): number;
  hasWrites(): boolean;
  /** All writes, appends numbered from `nextSequence` on. */
  resolveWrites(nextSequence: number): { readonly writes: Writes; readonly nextSequence: number };
  /** The body is over: using `tx` from now on is a bug. */
  end(): void;
}

/** @returns a view that reads one snapshot and keeps no account of it. */
export function createView(snapshot: Snapshot): ReadTx {
  return {
    async get(key) {
      return snapshot.get(encodeBound(key));
    },
    async getShared(key) {
      return snapshot.getShared(encodeBound(key));
    },
    async range(from, to, { limit, reverse = false }) {
      const entries = snapshot.range({
        from: encodeBound(from),
        to: encodeBound(to),
        limit,
        reverse,
      });
      return entries.map(decodeEntry);
    },
  };
}

export function createTransaction(start: TransactionStart): Transaction {
  const { snapshot, pending } = start;
  const readKeys = new Set<string>();
  const readRanges: ReadRange[] = [];
  const own = new Map<string, Uint8Array | undefined>();
  const appends: { readonly prefix: string; readonly value: Uint8Array }[] = [];
  const topics = new Set<string>();
  const layers = createReadLayers({ snapshot, pending, own });
  let ended = false;

  function checkRunning(): void {
    assert(!ended, 'a transaction is used within its body only: an await is missing');
  }

  async function get(key: Key): Promise<Uint8Array | undefined> {
    checkRunning();
    const encoded = encodeBound(key);
    if (!own.has(encoded)) readKeys.add(encoded);
    return layers.get(encoded);
  }

  async function getShared(key: Key): Promise<Uint8Array | undefined> {
    checkRunning();
    const encoded = encodeBound(key);
    if (!own.has(encoded)) readKeys.add(encoded);
    return layers.getShared(encoded);
  }

  async function range(
    from: Key,
    to: Key,
    options: { limit: number; reverse?: boolean },
  ): Promise<Entry[]> {
    checkRunning();
    const { limit, reverse = false } = options;
    const bounds = { from: encodeBound(from), to: encodeBound(to) };
    const entries = layers.range({ ...bounds, limit, reverse });
    // What lies beyond the last entry was not seen: changes there are no conflict.
    const last = entries.length === limit ? entries.at(-1)?.[0] : undefined;
    if (last === undefined) readRanges.push(bounds);
    else if (reverse) readRanges.push({ from: last, to: bounds.to });
    else readRanges.push({ from: bounds.from, to: keyAfter(last) });
    return entries.map(decodeEntry);
  }

  async function claim(from: Key, to: Key, limit: number): Promise<Entry[]> {
    checkRunning();
    const end = encodeBound(to);
    const claimed: Entry[] = [];
    for (let next = encodeBound(from), slack = CLAIM_SLACK; claimed.length < limit; slack *= 2) {
      const wanted = limit - claimed.length + slack;
      const entries = layers.range({ from: next, to: end, limit: wanted, reverse: false });
      for (const entry of entries) {
        if (claimed.length === limit) break;
        if (!own.has(entry[0]) && !start.claim(entry[0])) continue;
        readKeys.add(entry[0]);
        claimed.push(decodeEntry(entry));
      }
      const last = entries.at(-1)?.[0];
      if (last === undefined || entries.length < wanted) break;
      next = keyAfter(last);
    }
    return claimed;
  }

  const tx: Tx = {
    get,
    getShared,
    range,
    claim,
    put(key, value) {
      checkRunning();
      own.set(encodeStored(key), new Uint8Array(value));
    },
    delete(key) {
      checkRunning();
      own.set(encodeStored(key), undefined);
    },
    append(prefix, value) {
      checkRunning();
      appends.push({
        prefix: encodeStored([...prefix, 0]).slice(0, -9),
        value: new Uint8Array(value),
      });
    },
    notify(topic) {
      checkRunning();
      topics.add(topic);
    },
  };

  return {
    tx,
    reads: { keys: readKeys, ranges: readRanges },
    topics,
    // Not getters: a literal with one gets a shape of its own each time.
    seenPending: () => layers.seenPending(),
    hasWrites: () => own.size > 0 || appends.length > 0,
    resolveWrites(nextSequence) {
      let sequence = nextSequence;
      for (const { prefix, value } of appends) own.set(prefix + encodeKey([sequence++]), value);
      return { writes: own, nextSequence: sequence };
    },
    end() {
      ended = true;
    },
  };
}

/** The smallest encoded key above `key`. */
function keyAfter(key: string): string {
  return key + '\x00';
}

function encodeStored(key: Key): string {
  const encoded = encodeKey(key);
  assert(
    encoded.length > 0 && encoded.length <= MAX_KEY_BYTES,
    `a key has 1 to ${MAX_KEY_BYTES} encoded bytes, not ${encoded.length} (${String(key[0])}…)`,
  );
  return encoded;
}

/**
 * A key to look for. No stored key is longer than the limit, so one byte more is all that can
 * matter in a comparison with one.
 */
function encodeBound(key: Key): string {
  const encoded = encodeKey(key);
  return encoded.length > MAX_KEY_BYTES ? encoded.slice(0, MAX_KEY_BYTES + 1) : encoded;
}

function decodeEntry([key, value]: EncodedEntry): Entry {
  return new StoredEntry(key, value);
}

/** Most readers of a range want its values: keys are decoded for those who ask. */
class StoredEntry implements Entry {
  readonly value: Uint8Array;
  readonly #encoded: string;
  #key: Key | undefined;

  constructor(encoded: string, value: Uint8Array) {
    this.#encoded = encoded;
    this.value = value;
  }

  get key(): Key {
    this.#key ??= decodeKey(this.#encoded);
    return this.#key;
  }
}
