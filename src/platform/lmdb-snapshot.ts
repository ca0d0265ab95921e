// A read transaction of LMDB that several transactions of the store look through.
import type { Database, Transaction } from 'lmdb';
import { assert } from '../base/errors.ts';
import type { KeyRange } from './ordered-map.ts';
import type { EncodedEntry, Mark, MarkedSnapshot } from './store-engine.ts';

type Entries = Database<Uint8Array, string>;

export interface SharedSnapshot extends MarkedSnapshot {
  /** One more user, who will release it. */
  share(): void;
  /** Ends it, whoever uses it still. */
  end(): void;
}

interface SnapshotParts {
  readonly entries: Entries;
  readonly transaction: Transaction;
  readonly mark: Mark;
  /** What snapshots of the same mark have read for all. */
  readonly remembered: Map<string, Uint8Array | undefined>;
}

/** Entries remembered for one mark; all are dropped when there are more. */
const REMEMBERED_MAX = 10_000;

/** @returns a snapshot with one user. */
export function shareSnapshot(
  { entries, transaction, mark, remembered }: SnapshotParts,
  ended: () => void,
): SharedSnapshot {
  let users = 1;
  const options = { transaction };

  function end(): void {
    if (users < 0) return;
    users = -1;
    transaction.done();
    ended();
  }

  function checkOpen(): void {
    assert(users > 0, 'the store is closed');
  }

  return {
    mark,
    get(key) {
      checkOpen();
      return entries.get(key, options);
    },
    getShared(key) {
      checkOpen();
      const known = remembered.get(key);
      if (known !== undefined || remembered.has(key)) return known;
      const value = entries.get(key, options);
      if (remembered.size >= REMEMBERED_MAX) remembered.clear();
      remembered.set(key, value);
      return value;
    },
    range(range) {
      checkOpen();
      if (range.from >= range.to || range.limit <= 0) return [];
      return readRange(entries, range, transaction);
    },
    share() {
      users += 1;
    },
    release() {
      users -= 1;
      if (users === 0) end();
    },
    end,
  };
}

function readRange(
  entries: Entries,
  { from, to, limit, reverse }: KeyRange,
  transaction: Transaction,
): EncodedEntry[] {
  const bounds = reverse
    ? { start: to, end: from, reverse, exclusiveStart: true, inclusiveEnd: true }
    : { start: from, end: to };
  const found: EncodedEntry[] = [];
  for (const { key, value } of entries.getRange({ ...bounds, limit, transaction })) {
    found.push([key, value]);
  }
  return found;
}
