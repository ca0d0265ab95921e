// What a transaction sees: its own writes over pending ones over its snapshot.
import type { KeyRange } from './ordered-map.ts';
import type { PendingView, PendingWrite } from './pending-writes.ts';
import type { EncodedEntry, Snapshot, Writes } from './store-engine.ts';

export interface ReadLayers {
  get(key: string): Uint8Array | undefined;
  getShared(key: string): Uint8Array | undefined;
  range(range: KeyRange): readonly EncodedEntry[];
  /** The greatest number of a pending commit of which a write was seen; 0 when none. */
  seenPending(): number;
}

export interface Layers {
  readonly own: Writes;
  readonly pending: PendingView | undefined;
  readonly snapshot: Snapshot;
}

export function createReadLayers({ own, pending, snapshot }: Layers): ReadLayers {
  let seenPending = 0;

  function see(write: PendingWrite): Uint8Array | undefined {
    if (write.commit > seenPending) seenPending = write.commit;
    return write.value;
  }

  /** The writes that cover a part of the snapshot. */
  function writesOver({ from, to }: KeyRange): Map<string, Uint8Array | undefined> {
    const over = new Map<string, Uint8Array | undefined>();
    for (const [key, write] of pending?.range({ from, to, limit: Infinity, reverse: false }) ??
      []) {
      over.set(key, see(write));
    }
    for (const [key, value] of own) if (key >= from && key < to) over.set(key, value);
    return over;
  }

  return {
    get(key) {
      const written = own.get(key);
      if (written !== undefined) return copyOf(written);
      if (own.has(key)) return undefined;
      const write = pending?.get(key);
      if (write === undefined) return snapshot.get(key);
      const value = see(write);
      return value === undefined ? undefined : copyOf(value);
    },
    getShared(key) {
      if (own.has(key)) return own.get(key);
      const write = pending?.get(key);
      return write === undefined ? snapshot.getShared(key) : see(write);
    },
    range(range) {
      const over = writesOver(range);
      if (over.size === 0) return snapshot.range(range);
      // Each write above can hide one entry of the snapshot, so that many more are read.
      const under = snapshot.range({ ...range, limit: range.limit + over.size });
      const merged = under.filter(([key]) => !over.has(key));
      for (const [key, value] of over) if (value !== undefined) merged.push([key, copyOf(value)]);
      const sign = range.reverse ? -1 : 1;
      merged.sort(([a], [b]) => (a < b ? -sign : sign));
      return merged.slice(0, range.limit);
    },
    seenPending: () => seenPending,
  };
}

// Short-lived, unlike what a transaction keeps: Buffer's pool is several times faster than own arrays.
function copyOf(value: Uint8Array): Uint8Array {
  return Buffer.from(value);
}
