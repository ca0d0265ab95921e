// One contract suite for every engine of the store.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Entry, Key, ReadTx, Store, Tx } from '../base/store.ts';
import { AFTER_ANY } from '../base/tuple.ts';
import { openLmdbStore } from './lmdb-store.ts';
import { createMemoryStore } from './memory-store.ts';
import { nextTurn } from './next-turn.ts';

interface Harness {
  readonly store: Store;
  remove(): Promise<void>;
}

const ENGINES: { name: string; open: () => Promise<Harness> }[] = [
  {
    name: 'memory',
    async open() {
      const store = createMemoryStore();
      return { store, remove: () => store.close() };
    },
  },
  {
    name: 'lmdb',
    async open() {
      const path = await mkdtemp(join(tmpdir(), 'cloudlet-store-'));
      const store = await openLmdbStore({ path });
      return {
        store,
        async remove() {
          await store.close();
          await rm(path, { recursive: true });
        },
      };
    },
  },
];

const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : Buffer.from(value).toString();
const shown = (entries: readonly Entry[]): string =>
  entries.map(({ key, value }) => `${key.join('.')}=${text(value)}`).join(' ');

/** A point that bodies wait for, so that a test decides how they interleave. */
function createGate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe.each(ENGINES)('the $name store', ({ open }) => {
  let harness: Harness;
  let store: Store;

  beforeEach(async () => {
    harness = await open();
    store = harness.store;
  });
  afterEach(() => harness.remove());

  const put = (key: Key, value: string): Promise<void> =>
    store.transact(async (tx) => tx.put(key, bytes(value)));
  const get = (key: Key): Promise<string | undefined> =>
    store.read(async (view) => text(await view.get(key)));
  const list = (from: Key, to: Key, limit = 100, reverse = false): Promise<string> =>
    store.read(async (view) => shown(await view.range(from, to, { limit, reverse })));

  /** Adds one to the number at `key`; waits in between. */
  async function increment(tx: Tx, key: Key, wait: Promise<void> = nextTurn()): Promise<number> {
    const value = Number(text(await tx.get(key)) ?? '0') + 1;
    await wait;
    tx.put(key, bytes(String(value)));
    return value;
  }

  describe('entries', () => {
    test('are found after the commit, replaced and deleted', async () => {
      expect(await get(['a'])).toBeUndefined();
      await put(['a'], 'one');
      expect(await get(['a'])).toBe('one');
      await put(['a'], 'two');
      expect(await get(['a'])).toBe('two');
      await store.transact(async (tx) => tx.delete(['a']));
      expect(await get(['a'])).toBeUndefined();
    });

    test.each([0, 1, 300, 5_000, 100_000, 3_000_000])('hold values of %i bytes', async (length) => {
      const value = new Uint8Array(length).map((_, at) => (at * 31) % 251);
      await store.transact(async (tx) => {
        tx.put(['big'], value);
        tx.put(['bigger'], new Uint8Array(length).fill(9));
      });
      const [one, all] = await store.read(async (view) => [
        await view.get(['big']),
        await view.range(['big'], ['c'], { limit: 10 }),
      ]);
      expect(Buffer.compare(one ?? bytes('none'), value)).toBe(0);
      expect(all.map((entry) => entry.value.length)).toEqual([length, length]);
      expect(Buffer.compare(all[0]?.value ?? bytes('none'), value)).toBe(0);
    });

    test('read as shared are the same object until they change', async () => {
      const shared = (): Promise<Uint8Array | undefined> =>
        store.read((view) => view.getShared(['a']));
      expect(await shared()).toBeUndefined();
      await put(['a'], 'one');
      const first = await shared();
      expect(text(first)).toBe('one');
      await nextTurn();
      expect(await shared()).toBe(first);
      await store.transact(async (tx) => {
        expect(text(await tx.getShared(['a']))).toBe('one');
        tx.put(['a'], bytes('two'));
        expect(text(await tx.getShared(['a']))).toBe('two');
        tx.delete(['a']);
        expect(await tx.getShared(['a'])).toBeUndefined();
        tx.put(['a'], bytes('three'));
      });
      expect(text(await shared())).toBe('three');
      expect(text(first)).toBe('one');
    });

    test('read as shared by a transaction are what it depends on', async () => {
      await put(['a'], 'old');
      const gate = createGate();
      let runs = 0;
      const copied = store.transact(async (tx) => {
        runs += 1;
        const value = (await tx.getShared(['a'])) ?? bytes('none');
        if (runs === 1) await gate.opened;
        tx.put(['b'], value);
      });
      await put(['a'], 'new');
      gate.open();
      await copied;
      expect([runs, await get(['b'])]).toEqual([2, 'new']);
    });

    test('do not share memory with writers or readers', async () => {
      const given = bytes('abc');
      await store.transact(async (tx) => {
        tx.put(['a'], given);
        given[0] = 0x78;
        const own = await tx.get(['a']);
        expect(text(own)).toBe('abc');
        own?.fill(0);
        const [entry] = await tx.range(['a'], ['b'], { limit: 1 });
        expect(text(entry?.value)).toBe('abc');
        entry?.value.fill(0);
      });
      const read = await store.read(async (view) => [
        await view.get(['a']),
        (await view.range(['a'], ['b'], { limit: 1 }))[0]?.value,
      ]);
      expect(read.map(text)).toEqual(['abc', 'abc']);
      for (const value of read) value?.fill(0);
      expect(await get(['a'])).toBe('abc');
      expect(await list(['a'], ['b'])).toBe('a=abc');
    });

    test('may have keys of up to 4000 encoded bytes, and no longer ones', async () => {
      const longest = 'k'.repeat(3998);
      await put([longest], 'fits');
      expect(await get([longest])).toBe('fits');
      await expect(put([`${longest}k`], 'no')).rejects.toThrow(/4000 encoded bytes, not 4001/);
      await expect(store.transact(async (tx) => tx.append([longest], bytes('no')))).rejects.toThrow(
        /4000 encoded bytes/,
      );
      // Longer bounds still bound.
      expect(await list([longest], [`${longest}k`])).toBe(`${longest}=fits`);
      expect(await list([longest, 'beyond'], ['l'])).toBe('');
      expect(await list(['k'], [longest, AFTER_ANY], 10, true)).toBe(`${longest}=fits`);
      expect(await get([`${longest}k`])).toBeUndefined();
    });

    test('with long keys are all found in ranges', async () => {
      const keys = Array.from({ length: 30 }, (_, at) => ['long', 'x'.repeat(3900) + at]);
      await store.transact(async (tx) => {
        for (const key of keys) tx.put(key, bytes('v'));
      });
      const found: number[] = [];
      for (const key of keys) {
        const entries = await store.read((view) =>
          view.range(key, [...key, AFTER_ANY], { limit: 9 }),
        );
        found.push(entries.length);
      }
      expect(found).toEqual(keys.map(() => 1));
    });
  });

  describe('ranges', () => {
    const KEYS: Key[] = [
      ['t', -5],
      ['t', 0],
      ['t', 0.5],
      ['t', 3],
      ['t', 'a'],
      ['t', 'a', 1],
      ['t', 'a\x00'],
      ['t', 'ab'],
      ['t', 'é'],
      ['t', Uint8Array.of(0, 1)],
    ];

    beforeEach(async () => {
      await store.transact(async (tx) => {
        for (const [at, key] of KEYS.toReversed().entries()) tx.put(key, bytes(String(at)));
      });
    });

    const order = async (from: Key, to: Key, limit: number, reverse = false): Promise<number[]> => {
      const entries = await store.read((view) => view.range(from, to, { limit, reverse }));
      return entries.map((entry) => KEYS.length - 1 - Number(text(entry.value)));
    };

    test.each<[string, Key, Key, number, boolean, number[]]>([
      ['all in tuple order  ', ['t'], ['t', AFTER_ANY], 100, false, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
      ['backwards           ', ['t'], ['t', AFTER_ANY], 100, true, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]],
      ['the first           ', ['t'], ['t', AFTER_ANY], 3, false, [0, 1, 2]],
      ['the last            ', ['t'], ['t', AFTER_ANY], 3, true, [9, 8, 7]],
      ['from included       ', ['t', 0], ['t', AFTER_ANY], 2, false, [1, 2]],
      ['to excluded         ', ['t', 0], ['t', 'a'], 100, false, [1, 2, 3]],
      ['to excluded, back   ', ['t', 0], ['t', 'a'], 2, true, [3, 2]],
      ['from included, back ', ['t', 0], ['t', 'a'], 100, true, [3, 2, 1]],
      ['a prefix with itself', ['t', 'a'], ['t', 'a', AFTER_ANY], 100, false, [4, 5]],
      ['between keys        ', ['t', 1], ['t', 2], 100, false, []],
      ['empty               ', ['t', 3], ['t', 3], 100, false, []],
      ['upside down         ', ['t', 3], ['t', 0], 100, false, []],
      ['upside down, back   ', ['t', 3], ['t', 0], 100, true, []],
      ['no limit left       ', ['t'], ['u'], 0, false, []],
      ['elsewhere           ', ['u'], ['v'], 100, true, []],
    ])('%s', async (_, from, to, limit, reverse, expected) => {
      expect(await order(from, to, limit, reverse)).toEqual(expected);
    });

    test('give keys back as they were put', async () => {
      const entries = await store.read((view) => view.range(['t'], ['u'], { limit: 100 }));
      expect(entries.map((entry) => entry.key)).toEqual(KEYS);
    });

    test('of a transaction show its own writes and deletions', async () => {
      await put(['r', 1], 'old');
      await put(['r', 2], 'old');
      await put(['r', 3], 'old');
      await store.transact(async (tx) => {
        tx.delete(['r', 1]);
        tx.put(['r', 2], bytes('new'));
        tx.put(['r', 4], bytes('new'));
        tx.delete(['r', 9]);
        const all = async (limit: number, reverse: boolean): Promise<string> =>
          shown(await tx.range(['r'], ['r', AFTER_ANY], { limit, reverse }));
        expect(await all(9, false)).toBe('r.2=new r.3=old r.4=new');
        expect(await all(9, true)).toBe('r.4=new r.3=old r.2=new');
        expect(await all(2, false)).toBe('r.2=new r.3=old');
        expect(await all(1, true)).toBe('r.4=new');
        expect(text(await tx.get(['r', 1]))).toBeUndefined();
        expect(text(await tx.get(['r', 2]))).toBe('new');
      });
      expect(await list(['r'], ['r', AFTER_ANY])).toBe('r.2=new r.3=old r.4=new');
    });
  });

  describe('transactions', () => {
    test('write all or nothing', async () => {
      await expect(
        store.transact(async (tx) => {
          tx.put(['a'], bytes('1'));
          tx.append(['log'], bytes('1'));
          throw new Error('changed my mind');
        }),
      ).rejects.toThrow('changed my mind');
      expect(await list(['a'], ['z'])).toBe('');
    });

    test('return what the body returned, once', async () => {
      expect(await store.transact(async () => 42)).toBe(42);
    });

    test('lose no update', async () => {
      const results = await Promise.all(
        Array.from({ length: 50 }, () => store.transact((tx) => increment(tx, ['n']))),
      );
      expect(await get(['n'])).toBe('50');
      expect(results.toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: 50 }, (_, at) => at + 1),
      );
    });

    test('that read a key another one wrote run again', async () => {
      const gate = createGate();
      let runs = 0;
      const slow = store.transact(async (tx) => {
        runs += 1;
        await increment(tx, ['n'], gate.opened);
      });
      await store.transact((tx) => increment(tx, ['n']));
      gate.open();
      await slow;
      expect([runs, await get(['n'])]).toEqual([2, '2']);
    });

    test('that touch different keys do not disturb one another', async () => {
      await put(['a'], '0');
      const gate = createGate();
      let runs = 0;
      const slow = store.transact(async (tx) => {
        runs += 1;
        await increment(tx, ['a'], gate.opened);
        await tx.range(['m'], ['p'], { limit: 5 });
      });
      await put(['b'], 'x');
      await put(['p'], 'just outside');
      gate.open();
      await slow;
      expect(runs).toBe(1);
    });

    test('cannot both take the last of something (write skew)', async () => {
      await put(['on call', 'ann'], 'yes');
      await put(['on call', 'bob'], 'yes');
      const leave = (name: string): Promise<string> =>
        store.transact(async (tx) => {
          const states = [await tx.get(['on call', 'ann']), await tx.get(['on call', 'bob'])];
          await nextTurn();
          if (states.filter((state) => text(state) === 'yes').length < 2) return 'stays';
          tx.put(['on call', name], bytes('no'));
          return 'leaves';
        });
      const outcomes = await Promise.all([leave('ann'), leave('bob')]);
      expect(outcomes.toSorted()).toEqual(['leaves', 'stays']);
    });

    test.each([
      ['forwards', false],
      ['backwards', true],
    ])('notice entries that appear in a range they read (phantoms, %s)', async (_, reverse) => {
      const book = (seat: string): Promise<boolean> =>
        store.transact(async (tx) => {
          const taken = await tx.range(['seats'], ['seats', AFTER_ANY], { limit: 10, reverse });
          await nextTurn();
          if (taken.length > 0) return false;
          tx.put(['seats', seat], bytes('taken'));
          return true;
        });
      const booked = await Promise.all(['a', 'b', 'c', 'd'].map(book));
      expect(booked.filter(Boolean)).toHaveLength(1);
    });

    test.each([
      ['before the end of a full page', false, ['p', 1], 2],
      ['beyond a full page           ', false, ['p', 9], 1],
      ['before a full page, backwards', true, ['p', 1], 1],
      ['in a full page, backwards    ', true, ['p', 9], 2],
    ] as const)('conflict only with what they saw: %s', async (_, reverse, added, expectedRuns) => {
      await put(['p', 4], 'x');
      await put(['p', 6], 'x');
      const gate = createGate();
      let runs = 0;
      const reader = store.transact(async (tx) => {
        runs += 1;
        await tx.range(['p'], ['q'], { limit: 1, reverse });
        await gate.opened;
        tx.put(['done'], bytes('1'));
      });
      await put(added, 'new');
      gate.open();
      await reader;
      expect(runs).toBe(expectedRuns);
    });

    test('see one snapshot from beginning to end', async () => {
      await put(['a'], '1');
      await put(['b'], '1');
      const gate = createGate();
      const observe = async (view: ReadTx): Promise<string> => {
        const first = text(await view.get(['a']));
        await gate.opened;
        const rest = shown(await view.range(['b'], ['c'], { limit: 5 }));
        return `${first} ${rest}`;
      };
      const viewing = store.read(observe);
      const transacting = store.transact(observe);
      await store.transact(async (tx) => {
        tx.put(['a'], bytes('2'));
        tx.put(['b'], bytes('2'));
      });
      gate.open();
      expect(await viewing).toBe('1 b=1');
      expect(await transacting).toBe('1 b=1');
      expect(await store.read(observe)).toBe('2 b=2');
    });

    test('with a long body come to an end among many short ones (starvation)', async () => {
      let over = false;
      const churn = async (): Promise<void> => {
        while (!over) await store.transact((tx) => increment(tx, ['hot']));
      };
      const churning = [churn(), churn(), churn()];
      let runs = 0;
      await store.transact(async (tx) => {
        runs += 1;
        for (let turn = 0; turn < 30; turn++) await nextTurn();
        await increment(tx, ['hot']);
      });
      over = true;
      await Promise.all(churning);
      expect(runs).toBeGreaterThan(1);
      expect(runs).toBeLessThan(10);
    });

    test('refuse to be used after their body ended', async () => {
      const kept = await store.transact(async (tx) => tx);
      expect(() => kept.put(['a'], bytes('late'))).toThrow(/await is missing/);
      await expect(kept.get(['a'])).rejects.toThrow(/await is missing/);
    });
  });

  describe('claims', () => {
    beforeEach(async () => {
      await store.transact(async (tx) => {
        for (let at = 0; at < 60; at++) tx.put(['queue', at], bytes(`m${at}`));
      });
    });

    const take = async (tx: Tx, limit: number): Promise<string> => {
      const entries = await tx.claim(['queue'], ['queue', AFTER_ANY], limit);
      for (const { key } of entries) tx.delete(key);
      return entries.map((entry) => text(entry.value)).join(' ');
    };

    test('skip what others hold, without conflicts', async () => {
      const gate = createGate();
      let runs = 0;
      const first = store.transact(async (tx) => {
        runs += 1;
        const taken = await take(tx, 2);
        await gate.opened;
        return taken;
      });
      expect(await store.transact((tx) => take(tx, 2))).toBe('m2 m3');
      gate.open();
      expect([await first, runs]).toEqual(['m0 m1', 1]);
      expect(await store.transact((tx) => take(tx, 1))).toBe('m4');
    });

    test('reach past many held entries', async () => {
      const gate = createGate();
      const holders = [0, 1, 2, 3, 4].map(() =>
        store.transact(async (tx) => {
          const taken = await take(tx, 10);
          await gate.opened;
          return taken;
        }),
      );
      await nextTurn();
      expect(await store.transact((tx) => take(tx, 2))).toBe('m50 m51');
      gate.open();
      const all = (await Promise.all(holders)).join(' ').split(' ');
      expect(new Set(all).size).toBe(50);
    });

    test('end with the transaction, whether it commits or fails', async () => {
      await expect(
        store.transact(async (tx) => {
          await take(tx, 5);
          throw new Error('no');
        }),
      ).rejects.toThrow('no');
      await store.transact((tx) => tx.claim(['queue'], ['queue', AFTER_ANY], 5));
      expect(await store.transact((tx) => take(tx, 2))).toBe('m0 m1');
    });

    test('do not hand out what another one took meanwhile', async () => {
      const gate = createGate();
      let runs = 0;
      const late = store.transact(async (tx) => {
        runs += 1;
        await gate.opened;
        return take(tx, 1);
      });
      expect(await store.transact((tx) => take(tx, 3))).toBe('m0 m1 m2');
      gate.open();
      expect([await late, runs]).toEqual(['m3', 1]);
    });

    test('conflict with a writer that claims nothing', async () => {
      const gate = createGate();
      const claimed: string[] = [];
      const claimer = store.transact(async (tx) => {
        claimed.push(await take(tx, 1));
        await gate.opened;
      });
      await put(['queue', 0], 'changed');
      gate.open();
      await claimer;
      expect(claimed).toEqual(['m0', 'changed']);
    });

    test('see entries of their own transaction', async () => {
      const taken = await store.transact(async (tx) => {
        tx.put(['queue', -1], bytes('own'));
        tx.delete(['queue', 0]);
        return take(tx, 2);
      });
      expect(taken).toBe('own m1');
    });

    test('hand out each entry once under load', async () => {
      const taken: string[] = [];
      const consume = async (): Promise<void> => {
        for (;;) {
          const batch = await store.transact(async (tx) => {
            const some = await take(tx, 3);
            await nextTurn();
            return some;
          });
          if (batch === '') return;
          taken.push(...batch.split(' '));
        }
      };
      await Promise.all([consume(), consume(), consume(), consume()]);
      expect(taken.toSorted()).toEqual(Array.from({ length: 60 }, (_, at) => `m${at}`).toSorted());
    });
  });

  describe('appends', () => {
    const log = (): Promise<Entry[]> =>
      store.read((view) => view.range(['log'], ['log', AFTER_ANY], { limit: 1000 }));

    test('are numbered in commit order, across prefixes', async () => {
      await store.transact(async (tx) => {
        tx.append(['log'], bytes('a'));
        tx.append(['log', 'sub'], bytes('b'));
        tx.append(['log'], bytes('c'));
      });
      await store.transact(async (tx) => tx.append(['log'], bytes('d')));
      const entries = await log();
      expect(entries.map((entry) => text(entry.value))).toEqual(['a', 'c', 'd', 'b']);
      const numbers = entries.map((entry) => Number(entry.key.at(-1)));
      expect(new Set(numbers).size).toBe(4);
      expect(numbers[0]).toBeLessThan(numbers[1] ?? 0);
      expect(numbers[1]).toBeLessThan(numbers[2] ?? 0);
    });

    test('follow the order in which transactions commit, not begin', async () => {
      const gate = createGate();
      const slow = store.transact(async (tx) => {
        tx.append(['log'], bytes('begun first'));
        await gate.opened;
      });
      await store.transact(async (tx) => tx.append(['log'], bytes('committed first')));
      gate.open();
      await slow;
      expect((await log()).map((entry) => text(entry.value))).toEqual([
        'committed first',
        'begun first',
      ]);
    });

    test('do not conflict with one another', async () => {
      let runs = 0;
      await Promise.all(
        Array.from({ length: 40 }, (_, at) =>
          store.transact(async (tx) => {
            runs += 1;
            await nextTurn();
            tx.append(['log'], bytes(String(at)));
          }),
        ),
      );
      expect([runs, (await log()).length]).toEqual([40, 40]);
    });

    test('are not readable within their transaction', async () => {
      await store.transact(async (tx) => {
        tx.append(['log'], bytes('a'));
        expect(await tx.range(['log'], ['log', AFTER_ANY], { limit: 10 })).toEqual([]);
      });
      expect(await log()).toHaveLength(1);
    });

    test('conflict with whoever read to the end of the log', async () => {
      let runs = 0;
      const gate = createGate();
      const follower = store.transact(async (tx) => {
        runs += 1;
        const seen = await tx.range(['log'], ['log', AFTER_ANY], { limit: 10 });
        await gate.opened;
        tx.put(['count'], bytes(String(seen.length)));
      });
      await store.transact(async (tx) => tx.append(['log'], bytes('a')));
      gate.open();
      await follower;
      expect([runs, await get(['count'])]).toEqual([2, '1']);
    });
  });

  describe('notifications', () => {
    test('wake every listener of the topic once, after the commit', async () => {
      const seen: string[] = [];
      const wake = vi.fn(() => void get(['a']).then((value) => seen.push(String(value))));
      const other = vi.fn();
      store.listen('topic', wake);
      store.listen('topic', wake);
      store.listen('other', other);
      await store.transact(async (tx) => {
        tx.put(['a'], bytes('written'));
        tx.notify('topic');
        tx.notify('topic');
        expect(wake).not.toHaveBeenCalled();
      });
      expect(wake).toHaveBeenCalledTimes(2);
      expect(other).not.toHaveBeenCalled();
      await vi.waitUntil(() => seen.length === 2);
      expect(seen).toEqual(['written', 'written']);
    });

    test('end when the listener stops, and never come from failed transactions', async () => {
      const wake = vi.fn();
      const stop = store.listen('topic', wake);
      const failing = store.transact(async (tx) => {
        tx.notify('topic');
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      expect(wake).not.toHaveBeenCalled();
      stop();
      await store.transact(async (tx) => tx.notify('topic'));
      expect(wake).not.toHaveBeenCalled();
    });

    test('may come without writes, and come once though the body ran twice', async () => {
      const wake = vi.fn();
      store.listen('topic', wake);
      await store.transact(async (tx) => tx.notify('topic'));
      expect(wake).toHaveBeenCalledTimes(1);
      const gate = createGate();
      const slow = store.transact(async (tx) => {
        tx.notify('topic');
        await increment(tx, ['n'], gate.opened);
      });
      await put(['n'], '5');
      gate.open();
      await slow;
      expect(wake).toHaveBeenCalledTimes(2);
    });
  });

  describe('closing', () => {
    test('waits for commits under way and refuses new ones', async () => {
      const committing = put(['a'], 'x');
      await nextTurn();
      const closing = store.close();
      await committing;
      await closing;
      await expect(put(['b'], 'x')).rejects.toThrow('the store is closed');
      await expect(get(['a'])).rejects.toThrow('the store is closed');
      await store.close();
    });

    test('ends bodies that still run', async () => {
      const gate = createGate();
      const body = async (view: ReadTx): Promise<void> => {
        await view.get(['a']);
        await gate.opened;
        await view.get(['b']);
      };
      const late = [store.read(body), store.transact(body)];
      await store.close();
      gate.open();
      for (const outcome of await Promise.allSettled(late)) expect(outcome.status).toBe('rejected');
    });
  });
});
