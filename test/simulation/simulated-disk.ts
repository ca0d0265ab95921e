// A disk under the optimistic store: commits take their time, several processes share it, and a
// process may die between any two steps.
import { createOrderedMap } from '../../src/platform/ordered-map.ts';
import type { Mark, StoreEngine } from '../../src/platform/store-engine.ts';
import type { Scheduler } from './scheduler.ts';

export interface SimulatedDisk {
  /** The engine of one process. */
  connect(scheduler: Scheduler): StoreEngine;
}

export function createSimulatedDisk(): SimulatedDisk {
  const entries = createOrderedMap<Uint8Array>();
  let mark: Mark = { commits: 0, nextSequence: 1 };

  return {
    connect: (scheduler) => ({
      shared: true,
      snapshot() {
        const view = entries.view();
        return { mark, ...view, getShared: (key) => view.get(key), release: () => {} };
      },
      async commit({ writes, expectedCommits, nextSequence }) {
        await scheduler.pause();
        if (mark.commits !== expectedCommits) return false;
        for (const [key, value] of writes) {
          if (value === undefined) entries.delete(key);
          else entries.set(key, value);
        }
        mark = { commits: expectedCommits + 1, nextSequence };
        // Visible to everybody, but the process does not know it yet.
        await scheduler.pause();
        return true;
      },
      close: () => Promise.resolve(),
    }),
  };
}
