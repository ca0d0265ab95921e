// What is particular to the optimistic core: turns, failing engines. The contract suite has more.
import { afterEach, expect, test, vi } from 'vitest';
import type { Store } from '../base/store.ts';
import { createMemoryStore } from './memory-store.ts';
import { nextTurn } from './next-turn.ts';
import { createOptimisticStore } from './optimistic-store.ts';
import { createOrderedMap } from './ordered-map.ts';
import type { StoreEngine } from './store-engine.ts';

afterEach(() => {
  vi.useRealTimers();
});

test('a body that waits for other commits while it runs alone lets them pass', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const store = createMemoryStore();
  const touch = (): Promise<void> => store.transact(async (tx) => tx.put(['a'], Buffer.from('x')));
  let runs = 0;
  const entangled = store.transact(async (tx) => {
    runs += 1;
    await tx.get(['a']);
    // Never do this: each run conflicts with the commit that it waits for.
    if (runs < 9) await touch();
    tx.put(['b'], Buffer.from('x'));
  });
  for (let at = 0; at < 50; at++) {
    await nextTurn();
    await vi.advanceTimersByTimeAsync(500);
  }
  await entangled;
  expect(runs).toBe(9);
});

/** An engine whose commits end when and how the test says. */
function createSlowEngine() {
  const entries = createOrderedMap<Uint8Array>();
  const commits: { succeed: () => void; fail: (error: Error) => void }[] = [];
  let count = 0;
  const engine: StoreEngine = {
    shared: false,
    snapshot() {
      const view = entries.view();
      const mark = { commits: count, nextSequence: 1 };
      return { mark, ...view, getShared: (key) => view.get(key), release() {} };
    },
    commit: ({ writes }) =>
      new Promise((resolve, reject) => {
        commits.push({
          succeed() {
            count += 1;
            for (const [key, value] of writes) if (value !== undefined) entries.set(key, value);
            resolve(true);
          },
          fail: reject,
        });
      }),
    close: () => Promise.resolve(),
  };
  return { store: createOptimisticStore(engine), commits };
}

const put = (store: Store, name: string): Promise<void> =>
  store.transact(async (tx) => tx.put([name], Buffer.from(name)));
async function get(store: Store, name: string): Promise<string | undefined> {
  const value = await store.read((view) => view.get([name]));
  return value === undefined ? undefined : Buffer.from(value).toString();
}

test('commits that arrive while one is under way go together', async () => {
  const { store, commits } = createSlowEngine();
  const first = put(store, 'a');
  await nextTurn();
  const others = ['b', 'c', 'd'].map((name) => put(store, name));
  await nextTurn();
  expect(commits).toHaveLength(1);
  commits[0]?.succeed();
  await first;
  expect(commits).toHaveLength(2);
  commits[1]?.succeed();
  await Promise.all(others);
  expect(commits).toHaveLength(2);
});

test('nobody is told of writes that are not durable yet', async () => {
  const { store, commits } = createSlowEngine();
  let told = '';
  const writing = put(store, 'a').then(() => (told += 'written '));
  await nextTurn();
  const reading = store
    .transact(async (tx) => (await tx.get(['a'])) !== undefined)
    .then((found) => (told += `read ${found} `));
  const failing = store
    .transact(async (tx) => {
      if ((await tx.get(['a'])) !== undefined) throw new Error('it is there');
    })
    .catch((error: Error) => (told += error.message));
  expect(await get(store, 'a')).toBeUndefined();
  for (let turn = 0; turn < 5; turn++) await nextTurn();
  expect(told).toBe('');
  commits[0]?.succeed();
  await Promise.all([writing, reading, failing]);
  expect(told).toBe('written read true it is there');
});

test('a commit that the engine refuses fails its transactions, and later ones work', async () => {
  const { store, commits } = createSlowEngine();
  const first = put(store, 'a');
  await nextTurn();
  const behind = put(store, 'b');
  await nextTurn();
  commits[0]?.fail(new Error('the disk is full'));
  await expect(first).rejects.toThrow('the disk is full');
  // What gathered behind it was not part of it, and is tried again.
  for (let turn = 0; turn < 5; turn++) await nextTurn();
  commits[1]?.succeed();
  await behind;
  expect([await get(store, 'a'), await get(store, 'b')]).toEqual([undefined, 'b']);
});
