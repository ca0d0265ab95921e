// Writes that are validated but not yet durable, laid over the engine's content.
import { createOrderedMap } from './ordered-map.ts';
import type { OrderedView } from './ordered-map.ts';
import type { Writes } from './store-engine.ts';

export interface PendingWrite {
  /** Undefined: removed. */
  readonly value: Uint8Array | undefined;
  /** The number of the commit it belongs to. */
  readonly commit: number;
}

/** The pending writes as they were at one instant. */
export type PendingView = OrderedView<PendingWrite>;

export interface PendingWrites {
  /** A view that later changes leave alone; undefined when nothing is pending. */
  view(): PendingView | undefined;
  add(writes: Writes, commit: number): void;
  /** Drops the writes to these keys that belong to commits up to `commit`. */
  settle(keys: Iterable<string>, commit: number): void;
  clear(): void;
}

export function createPendingWrites(): PendingWrites {
  let pending = createOrderedMap<PendingWrite>();
  let view: PendingView | undefined;

  return {
    view() {
      if (pending.size === 0) return undefined;
      view ??= pending.view();
      return view;
    },
    add(writes, commit) {
      view = undefined;
      for (const [key, value] of writes) pending.set(key, { value, commit });
    },
    settle(keys, commit) {
      view = undefined;
      for (const key of keys) {
        const write = pending.get(key);
        if (write !== undefined && write.commit <= commit) pending.delete(key);
      }
    },
    clear() {
      view = undefined;
      pending = createOrderedMap<PendingWrite>();
    },
  };
}
