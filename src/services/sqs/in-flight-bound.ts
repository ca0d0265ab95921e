// Keeps a queue's messages in flight under AWS's limit without a counter that every receive writes.
import type { Store } from '../../base/store.ts';

/** An upper bound per backlog: deletions and timeouts only lower the truth. */
const bounds = new WeakMap<Store, Map<string, number>>();

/**
 * How many of `wanted` messages may still be received. Counts afresh (`count`) only when the bound
 * says the limit may be reached, so it costs nothing until a queue holds very many.
 */
export async function reserveInFlight(
  store: Store,
  { backlog, wanted, limit }: { backlog: string; wanted: number; limit: number },
  count: () => Promise<number>,
): Promise<number> {
  const known = boundsOf(store);
  let bound = known.get(backlog);
  if (bound === undefined || bound + wanted > limit) bound = await count();
  const granted = Math.max(0, Math.min(wanted, limit - bound));
  known.set(backlog, bound + granted);
  return granted;
}

/** Gives back what a receive reserved and did not use. */
export function releaseInFlight(store: Store, backlog: string, unused: number): void {
  const known = boundsOf(store);
  const bound = known.get(backlog);
  if (bound !== undefined) known.set(backlog, Math.max(0, bound - unused));
}

function boundsOf(store: Store): Map<string, number> {
  const found = bounds.get(store) ?? new Map<string, number>();
  bounds.set(store, found);
  return found;
}
