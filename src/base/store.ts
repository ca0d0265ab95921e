// The contract of durable state: an ordered key-value store with serialisable transactions.

/**
 * One component of a key. Order within a position: numbers (numerically) < strings (by UTF-8 bytes)
 * < byte arrays (by bytes). Numbers are finite doubles; -0 equals 0.
 */
export type KeyPart = string | number | Uint8Array;

/** A tuple. Byte order of the encoded form is tuple order, and a prefix sorts before its extensions. */
export type Key = readonly KeyPart[];

export interface Entry {
  readonly key: Key;
  readonly value: Uint8Array;
}

export interface RangeOptions {
  /** Most entries returned. Always given: a range without a bound is a bug waiting for growth. */
  readonly limit: number;
  /** Walk from `to` down to `from`. Default false. */
  readonly reverse?: boolean;
}

/** A consistent view of the store at one instant. */
export interface ReadTx {
  get(key: Key): Promise<Uint8Array | undefined>;
  /**
   * Like `get`, for small entries that are read far more often than written. Others are given the
   * same bytes, the very same object while the entry stands: never change them.
   */
  getShared(key: Key): Promise<Uint8Array | undefined>;
  /** Entries with `from <= key < to` in tuple order (reverse: descending). */
  range(from: Key, to: Key, options: RangeOptions): Promise<Entry[]>;
}

/**
 * A serialisable transaction. Reads see the snapshot taken at the start plus the transaction's own
 * writes. The body may run again after a conflict, so it has no effects but through `tx`.
 */
export interface Tx extends ReadTx {
  put(key: Key, value: Uint8Array): void;
  delete(key: Key): void;
  /**
   * Up to `limit` entries in order that no other running transaction has claimed; others skip them
   * (queues, timers). The claim ends with the transaction; a claimer deletes or moves what it took.
   */
  claim(from: Key, to: Key, limit: number): Promise<Entry[]>;
  /**
   * Writes `value` under `[...prefix, sequence]`; the sequence number (unique in the store, growing in
   * commit order) is assigned at commit. For logs and streams. Not readable inside this transaction.
   */
  append(prefix: Key, value: Uint8Array): void;
  /** After the commit, wakes every `listen(topic)`. Repeats within one transaction count once. */
  notify(topic: string): void;
}

export interface Store {
  /** Runs `body` in a transaction; resolves after the commit is durable (engine permitting). */
  transact<T>(body: (tx: Tx) => Promise<T>): Promise<T>;
  /** Runs `body` on a read-only snapshot; never conflicts, never commits. */
  read<T>(body: (view: ReadTx) => Promise<T>): Promise<T>;
  /** Calls `wake` after each commit that notified `topic`. Returns the way to stop. */
  listen(topic: string, wake: () => void): () => void;
  close(): Promise<void>;
}

/** A store that can be copied in constant time (the memory engine). */
export interface ForkableStore extends Store {
  /** An independent store with the same committed content. */
  fork(): ForkableStore;
}

/** Large immutable bodies, apart from the ordered store. A blob exists once `put` resolved. */
export interface Blobs {
  /** Stores the bytes durably and returns their id and size in bytes. */
  put(source: Uint8Array | AsyncIterable<Uint8Array>): Promise<BlobInfo>;
  /** Streams bytes `start`..`end` (inclusive, default: all). Throws BlobMissing for an unknown id. */
  read(id: string, range?: { readonly start: number; readonly end: number }): AsyncIterable<Uint8Array>;
  /** The whole blob in memory. Throws BlobMissing. */
  get(id: string): Promise<Uint8Array>;
  /** Removes it; unknown ids are ignored. */
  delete(id: string): Promise<void>;
  /** Every id that exists, for the sweep of orphans at start. */
  list(): AsyncIterable<string>;
}

export interface BlobInfo {
  readonly id: string;
  readonly sizeBytes: number;
}

export interface ForkableBlobs extends Blobs {
  fork(): ForkableBlobs;
}
