// What the optimistic store asks of the engine that keeps the entries.
import type { KeyRange } from './ordered-map.ts';

/** The value written under an encoded key; undefined: the key is removed. */
export type Writes = ReadonlyMap<string, Uint8Array | undefined>;

export type EncodedEntry = readonly [key: string, value: Uint8Array];

/** The committed content at one instant. The bytes it returns belong to the caller. */
export interface Snapshot {
  get(key: string): Uint8Array | undefined;
  /** Like `get`, but the bytes are everybody's: the same object while the entry stands. */
  getShared(key: string): Uint8Array | undefined;
  range(range: KeyRange): EncodedEntry[];
  /** Must be called once. */
  release(): void;
}

/** Where the engine's history stands. Every commit moves it, whichever process makes it. */
export interface Mark {
  /** Commits so far. */
  readonly commits: number;
  /** The number the next append gets. */
  readonly nextSequence: number;
}

/** A snapshot that knows its place in the engine's history. */
export interface MarkedSnapshot extends Snapshot {
  readonly mark: Mark;
}

interface Commit {
  readonly writes: Writes;
  /** The commit count all of this rests upon; if it is no longer that, nothing is written. */
  readonly expectedCommits: number;
  readonly nextSequence: number;
}

export interface StoreEngine {
  /** Whether other processes may commit to the same content. */
  readonly shared: boolean;
  snapshot(): MarkedSnapshot;
  /**
   * Makes the writes durable and visible, all or none. `true` at once when no wait is needed.
   * False: another process committed first. Never called again before the last one ended.
   */
  commit(commit: Commit): true | Promise<boolean>;
  close(): Promise<void>;
}
