// The store in memory: for tests and `--ephemeral`, forked in constant time.
import { assert } from '../base/errors.ts';
import type { ForkableStore } from '../base/store.ts';
import { createOptimisticStore } from './optimistic-store.ts';
import { createOrderedMap } from './ordered-map.ts';
import type { OrderedMap } from './ordered-map.ts';
import type { Mark, MarkedSnapshot, StoreEngine } from './store-engine.ts';

interface Content {
  readonly entries: OrderedMap<Uint8Array>;
  readonly mark: Mark;
}

export function createMemoryStore(): ForkableStore {
  return storeOf({ entries: createOrderedMap(), mark: { commits: 0, nextSequence: 1 } });
}

function storeOf(content: Content): ForkableStore {
  const { engine, fork } = createMemoryEngine(content);
  return { ...createOptimisticStore(engine), fork: () => storeOf(fork()) };
}

function createMemoryEngine({ entries, mark: startMark }: Content): {
  readonly engine: StoreEngine;
  readonly fork: () => Content;
} {
  let mark = startMark;
  // Transactions that begin between two commits share one view.
  let current: MarkedSnapshot | undefined;
  let closed = false;

  function takeSnapshot(): MarkedSnapshot {
    const view = entries.view();
    return {
      mark,
      get(key) {
        assert(!closed, 'the store is closed');
        const value = view.get(key);
        return value === undefined ? undefined : copyOf(value);
      },
      getShared(key) {
        assert(!closed, 'the store is closed');
        return view.get(key);
      },
      range(range) {
        assert(!closed, 'the store is closed');
        return view.range(range).map(([key, value]) => [key, copyOf(value)]);
      },
      release: () => {},
    };
  }

  const engine: StoreEngine = {
    shared: false,
    snapshot() {
      current ??= takeSnapshot();
      return current;
    },
    commit({ writes, nextSequence }) {
      current = undefined;
      for (const [key, value] of writes) {
        if (value === undefined) entries.delete(key);
        else entries.set(key, value);
      }
      mark = { commits: mark.commits + 1, nextSequence };
      return true;
    },
    async close() {
      closed = true;
    },
  };
  return { engine, fork: () => ({ entries: entries.fork(), mark }) };
}

// Nobody outside shares the stored bytes: what a reader does to its copy stays with the reader.
// Copies are short-lived, so they come from Buffer's pool: several times faster than own arrays.
function copyOf(value: Uint8Array): Uint8Array {
  return Buffer.from(value);
}
