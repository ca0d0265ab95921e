// Typed tables over the store: the only way services keep state.
import { Packr } from 'msgpackr';
import { AFTER_ANY } from '../base/tuple.ts';
import type { Entry, Key, KeyPart, ReadTx, Tx } from '../base/store.ts';

// Plain MessagePack maps (no shared record structures): every value can be read on its own, for ever.
const codec = new Packr({ useRecords: false, encodeUndefinedAsNil: false, int64AsType: 'number' });

/** Decoded definitions kept per table; all are dropped when there are more. */
const DEFINITIONS_MAX = 1_000;

export interface Row<T> {
  /** The key parts after the table's name. */
  readonly key: Key;
  readonly value: T;
}

export interface ListOptions {
  readonly limit: number;
  /** Start strictly after this key (reverse: strictly before); parts as given to `put`. */
  readonly after?: Key;
  readonly reverse?: boolean;
}

export interface Table<T> {
  readonly name: string;
  get(view: ReadTx, key: Key): Promise<T | undefined>;
  put(tx: Tx, key: Key, value: T): void;
  delete(tx: Tx, key: Key): void;
  /** Rows whose key starts with `prefix`, in key order. */
  list(view: ReadTx, prefix: Key, options: ListOptions): Promise<Row<T>[]>;
  /** Rows with `from <= key < to`. */
  range(view: ReadTx, from: Key, to: Key, options: { limit: number; reverse?: boolean }): Promise<Row<T>[]>;
  /** Like `range`, skipping rows another running transaction claimed. */
  claim(tx: Tx, from: Key, to: Key, limit: number): Promise<Row<T>[]>;
  /** Appends under `[...prefix, sequence]`, the sequence being given at commit. */
  append(tx: Tx, prefix: Key, value: T): void;
}

/**
 * Declares a table. Values are plain data: objects, arrays, strings, numbers, booleans, null,
 * Uint8Array; undefined members stay undefined.
 * @param name `SERVICE/NOUN`, unique in the cloud.
 */
export function table<T>(name: string): Table<T> {
  return tableOf<T>(name, { pack: (value) => codec.pack(value), unpack: (bytes) => codec.unpack(bytes) as T });
}

/**
 * Declares a table of definitions that are read far more often than they change (tables, queues): as
 * long as the stored bytes are the same, the value decoded last is given again. It is shared, so its
 * readers must not change it; `T` should be readonly throughout.
 */
export function definitionTable<T>(name: string): Table<T> {
  const known = new WeakMap<Uint8Array, T>();
  const lastRead = new Map<string, { readonly bytes: Uint8Array; readonly value: T }>();
  const plain = table<T>(name);
  return {
    ...plain,
    async get(view, key) {
      const bytes = await view.getShared([name, ...key]);
      if (bytes === undefined) return undefined;
      const remembered = known.get(bytes);
      if (remembered !== undefined) return remembered;
      // Read again after some commit: most probably as it was.
      const id = key.join('\0');
      const last = lastRead.get(id);
      const same = last !== undefined && Buffer.compare(last.bytes, bytes) === 0;
      const value = same ? last.value : (codec.unpack(bytes) as T);
      known.set(bytes, value);
      if (lastRead.size >= DEFINITIONS_MAX) lastRead.clear();
      lastRead.set(id, { bytes, value });
      return value;
    },
  };
}

/** Declares a table whose values are bytes of the service's own making, stored as they are. */
export function bytesTable(name: string): Table<Uint8Array> {
  return tableOf<Uint8Array>(name, { pack: (value) => value, unpack: (bytes) => bytes });
}

/** The key of an entry is decoded when it is asked for, which many readers of values never do. */
class EntryRow<T> implements Row<T> {
  readonly value: T;
  readonly #entry: Entry;

  constructor(entry: Entry, value: T) {
    this.#entry = entry;
    this.value = value;
  }

  get key(): Key {
    return this.#entry.key.slice(1);
  }
}

interface ValueCodec<T> {
  readonly pack: (value: T) => Uint8Array;
  readonly unpack: (bytes: Uint8Array) => T;
}

function tableOf<T>(name: string, { pack, unpack }: ValueCodec<T>): Table<T> {
  const at = (key: Key): Key => [name, ...key];
  const row = (entry: Entry): Row<T> => new EntryRow(entry, unpack(entry.value));
  return {
    name,
    async get(view, key) {
      const bytes = await view.get(at(key));
      return bytes === undefined ? undefined : unpack(bytes);
    },
    put: (tx, key, value) => tx.put(at(key), pack(value)),
    delete: (tx, key) => tx.delete(at(key)),
    async list(view, prefix, { after, limit, reverse = false }) {
      const from = after !== undefined && !reverse ? successor(at(after)) : at(prefix);
      const to = after !== undefined && reverse ? at(after) : [...at(prefix), AFTER_ANY];
      return (await view.range(from, to, { limit, reverse })).map(row);
    },
    async range(view, from, to, { limit, reverse = false }) {
      return (await view.range(at(from), at(to), { limit, reverse })).map(row);
    },
    async claim(tx, from, to, limit) {
      return (await tx.claim(at(from), at(to), limit)).map(row);
    },
    append: (tx, prefix, value) => tx.append(at(prefix), pack(value)),
  };
}

/** The first key after `key` itself: anything that extends it comes later. */
function successor(key: Key): Key {
  const lowest: KeyPart = -Number.MAX_VALUE;
  return [...key, lowest];
}
