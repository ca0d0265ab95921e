// Remembers which keys recent commits wrote, as long as a running transaction may have read them.
import type { Writes } from './store-engine.ts';

/** A part of the key space that a transaction looked at: `from <= key < to`. */
export interface ReadRange {
  readonly from: string;
  readonly to: string;
}

/** Everything a transaction saw. */
export interface ReadSet {
  readonly keys: ReadonlySet<string>;
  readonly ranges: readonly ReadRange[];
}

export interface CommitLog {
  /** The number of the last commit. */
  readonly last: number;
  /** Adds a commit and returns its number. */
  add(writes: Writes): number;
  /** Whether a commit after number `since` wrote `key`. */
  changed(key: string, since: number): boolean;
  /** Whether a commit after number `since` wrote anything in the read set (phantoms included). */
  conflicts(reads: ReadSet, since: number): boolean;
  /** Forgets commits up to `number`: nobody running began before it. */
  forget(number: number): void;
}

interface LoggedCommit {
  readonly number: number;
  readonly keys: readonly string[];
}

export function createCommitLog(): CommitLog {
  const lastWrites = new Map<string, number>();
  let commits: LoggedCommit[] = [];
  // Commits before this index are forgotten; the array is cut when they are the greater part.
  let first = 0;
  let last = 0;

  function changed(key: string, since: number): boolean {
    const number = lastWrites.get(key);
    return number !== undefined && number > since;
  }

  function rangesConflict(ranges: readonly ReadRange[], since: number): boolean {
    for (let at = commits.length - 1; at >= first; at--) {
      const commit = commits[at];
      if (commit === undefined || commit.number <= since) return false;
      for (const key of commit.keys) {
        if (ranges.some((range) => key >= range.from && key < range.to)) return true;
      }
    }
    return false;
  }

  return {
    get last() {
      return last;
    },
    add(writes) {
      last += 1;
      for (const key of writes.keys()) lastWrites.set(key, last);
      commits.push({ number: last, keys: [...writes.keys()] });
      return last;
    },
    changed,
    conflicts(reads, since) {
      if (last === since) return false;
      for (const key of reads.keys) if (changed(key, since)) return true;
      return reads.ranges.length > 0 && rangesConflict(reads.ranges, since);
    },
    forget(number) {
      if (number >= last) {
        commits = [];
        first = 0;
        lastWrites.clear();
        return;
      }
      for (;;) {
        const commit = commits[first];
        if (commit === undefined || commit.number > number) break;
        for (const key of commit.keys) {
          if (lastWrites.get(key) === commit.number) lastWrites.delete(key);
        }
        first += 1;
      }
      if (first > 64 && first * 2 > commits.length) {
        commits = commits.slice(first);
        first = 0;
      }
    },
  };
}
