// What is particular to the store on LMDB: files, reopening, growth.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UserError } from '../base/errors.ts';
import type { Store } from '../base/store.ts';
import { AFTER_ANY } from '../base/tuple.ts';
import { openLmdbStore } from './lmdb-store.ts';
import { nextTurn } from './next-turn.ts';

const PAGE_BYTES = 8192;

let path: string;
let data: string;

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'cloudlet-lmdb-'));
  data = join(path, 'data.mdb');
});
afterEach(() => rm(path, { recursive: true }));

async function withStore<T>(use: (store: Store) => Promise<T>): Promise<T> {
  const store = await openLmdbStore({ path });
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

async function fill(store: Store, count: number, valueBytes: number): Promise<void> {
  for (let at = 0; at < count; at += 100) {
    await store.transact(async (tx) => {
      for (let more = 0; more < 100; more++)
        tx.put(['row', at + more], new Uint8Array(valueBytes).fill(at));
    });
  }
}

async function openingError(): Promise<UserError> {
  const error: unknown = await openLmdbStore({ path }).then(
    () => 'it opened',
    (reason: unknown) => reason,
  );
  if (!(error instanceof UserError)) throw new Error(`not a user error: ${String(error)}`);
  return error;
}

describe('a reopened store', () => {
  test('has everything, and numbers appends on', async () => {
    await withStore((store) =>
      store.transact(async (tx) => {
        tx.put(['a'], Buffer.from('kept'));
        tx.append(['log'], Buffer.from('1'));
      }),
    );
    await withStore((store) => store.transact(async (tx) => tx.append(['log'], Buffer.from('2'))));
    await withStore(async (store) => {
      const log = await store.read((view) => view.range(['log'], ['log', AFTER_ANY], { limit: 9 }));
      expect(log.map((entry) => Buffer.from(entry.value).toString())).toEqual(['1', '2']);
      expect(log.map((entry) => entry.key[1])).toEqual([1, 2]);
      expect(await store.read((view) => view.get(['a']))).toEqual(Buffer.from('kept'));
    });
  });

  test('has what was committed just before it was closed', async () => {
    const store = await openLmdbStore({ path });
    const commits = Array.from({ length: 50 }, (_, at) =>
      store.transact(async (tx) => tx.put(['row', at], Buffer.from('x'))),
    );
    await nextTurn();
    await store.close();
    await Promise.all(commits);
    const rows = await withStore((again) =>
      again.read((view) => view.range(['row'], ['row', AFTER_ANY], { limit: 99 })),
    );
    expect(rows).toHaveLength(50);
  });
});

test('two stores of one process see one another', async () => {
  await withStore((first) =>
    withStore(async (second) => {
      await first.transact(async (tx) => tx.put(['a'], Buffer.from('1')));
      await nextTurn();
      expect(await second.read((view) => view.get(['a']))).toEqual(Buffer.from('1'));
      const add = (store: Store): Promise<void> =>
        store.transact(async (tx) => {
          const before = await tx.get(['n']);
          await nextTurn();
          tx.put(['n'], Buffer.from([(before?.[0] ?? 0) + 1]));
        });
      await Promise.all(Array.from({ length: 40 }, (_, at) => add(at % 2 === 0 ? first : second)));
      expect((await first.read((view) => view.get(['n'])))?.[0]).toBe(40);
    }),
  );
});

test('shared bytes are forgotten when another store of the same file commits', async () => {
  await withStore((one) =>
    withStore(async (other) => {
      const shared = async (): Promise<string> =>
        String(await one.read((view) => view.getShared(['a'])));
      const put = (store: Store, value: string): Promise<void> =>
        store.transact(async (tx) => tx.put(['a'], Buffer.from(value)));
      await put(one, 'first');
      expect(await shared()).toBe('first');
      await put(other, 'second');
      await nextTurn();
      expect(await shared()).toBe('second');
    }),
  );
});

test('grows while snapshots of it are open', async () => {
  await withStore(async (store) => {
    await fill(store, 100, 100);
    await store.read(async (view) => {
      for (let round = 0; round < 5; round++) await fill(store, 2000, 1000);
      expect(await view.get(['row', 7])).toEqual(Buffer.from(new Uint8Array(100)));
      expect(await view.range(['row'], ['row', AFTER_ANY], { limit: 1e6 })).toHaveLength(100);
    });
    const rows = await store.read((view) =>
      view.range(['row'], ['row', AFTER_ANY], { limit: 1e6 }),
    );
    expect(rows).toHaveLength(2000);
  });
});

test('may have many snapshots open at the same time', async () => {
  await withStore(async (store) => {
    let open = 0;
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const readers: Promise<number | undefined>[] = [];
    for (let at = 0; at < 400; at++) {
      await store.transact(async (tx) => tx.put(['n'], Buffer.from([at % 256])));
      const reader = store.read(async (view) => {
        open += 1;
        await released;
        return (await view.get(['n']))?.[0];
      });
      readers.push(reader);
    }
    expect(open).toBe(400);
    release();
    expect(await Promise.all(readers)).toEqual(Array.from({ length: 400 }, (_, at) => at % 256));
  });
});

describe('opening refuses', () => {
  test('a file in place of the folder', async () => {
    await rm(path, { recursive: true });
    await writeFile(path, 'a file');
    expect(await openingError()).toMatchObject({ code: 'ERR_STORE_UNREADABLE', where: path });
  });

  test.each([
    ['text               ', Buffer.from('hello, this is not a database at all'.repeat(20))],
    ['a few bytes        ', Buffer.from('hello')],
    ['zeros              ', Buffer.alloc(100_000)],
  ])('a database file of %s', async (_, content) => {
    await writeFile(data, content);
    expect(await openingError()).toMatchObject({ code: 'ERR_STORE_DAMAGED', where: data });
  });

  test('another version of the database format', async () => {
    await withStore((store) => fill(store, 100, 10));
    const content = await readFile(data);
    content.writeUInt32LE(3, 28);
    await writeFile(data, content);
    expect(await openingError()).toMatchObject({ code: 'ERR_STORE_VERSION', where: data });
  });

  test('a database that something else made', async () => {
    const foreign = open({ path, noSubdir: false, overlappingSync: false });
    await foreign.put('somebody', 'else');
    await foreign.close();
    expect(await openingError()).toMatchObject({ code: 'ERR_STORE_FOREIGN', where: path });
  });

  test('another version of our own format', async () => {
    await withStore((store) => fill(store, 100, 10));
    const database = open({
      path,
      noSubdir: false,
      pageSize: 8192,
      overlappingSync: false,
      maxDbs: 4,
    });
    const keyEncoding = 'binary';
    const meta = database.openDB({
      name: 'meta',
      encoding: 'binary',
      keyEncoding,
      useVersions: true,
    });
    await meta.put(Buffer.from('format'), Buffer.from('cloudlet-store 7'), 0);
    await database.close();
    const error = await openingError();
    expect(error).toMatchObject({ code: 'ERR_STORE_VERSION', where: path });
    expect(error.message).toContain('cloudlet-store 7');
  });

  test('a database that lost its end, wherever it is cut', async () => {
    // Large values lie in pages of their own, and rewriting rows spreads the trees over the file.
    await withStore(async (store) => {
      await fill(store, 3000, 500);
      await fill(store, 100, 20_000);
      await store.transact(async (tx) => {
        for (let at = 2000; at < 3000; at++) tx.delete(['row', at]);
      });
      await fill(store, 500, 500);
    });
    const content = await readFile(data);
    const pages = content.length / PAGE_BYTES;
    let refused = 0;
    for (let left = 3; left < pages; left += 7) {
      await writeFile(data, content.subarray(0, left * PAGE_BYTES));
      const outcome: unknown = await withStore((store) =>
        // What opens must be readable from one end to the other.
        store.read((view) => view.range(['row'], ['row', AFTER_ANY], { limit: 1e6 })),
      ).catch((error: unknown) => error);
      if (Array.isArray(outcome)) {
        expect(outcome).toHaveLength(2000);
      } else {
        expect(outcome).toMatchObject({ code: 'ERR_STORE_DAMAGED', where: data });
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(pages / 14);
    await writeFile(data, content);
    await withStore(async (store) => {
      const rows = await store.read((view) =>
        view.range(['row'], ['row', AFTER_ANY], { limit: 1e6 }),
      );
      expect(rows).toHaveLength(2000);
    });
  });
});

test('an empty database file is a store that was about to be made', async () => {
  await mkdir(path, { recursive: true });
  await writeFile(data, '');
  await withStore((store) => fill(store, 100, 10));
});
