// The one time that everything a transaction writes carries.
import type { Clock } from '../../base/clock.ts';
import type { Tx } from '../../base/store.ts';

// A transaction that runs again is another one: who commits later never carries an earlier time than
// what it has read.
const times = new WeakMap<Tx, number>();

/** Epoch ms; the same for all writes of a transaction. */
export function writeTime(tx: Tx, clock: Clock): number {
  const known = times.get(tx);
  if (known !== undefined) return known;
  const nowMs = clock.now();
  times.set(tx, nowMs);
  return nowMs;
}
