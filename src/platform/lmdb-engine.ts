// Keeps the store's entries in LMDB: durable commits in a thread of its own, reads from snapshots.
import { open } from 'lmdb';
import type { Database, RootDatabase, Transaction } from 'lmdb';
import { UserError, assert } from '../base/errors.ts';
import { checkDatabaseFile } from './lmdb-file.ts';
import { type SharedSnapshot, shareSnapshot } from './lmdb-snapshot.ts';
import type { Mark, StoreEngine } from './store-engine.ts';

const FORMAT = 'cloudlet-store 1';

// With this page size LMDB holds keys of up to 4026 bytes, and the core's longest key fits.
const PAGE_BYTES = 8192;
// Every snapshot that is open at the same time takes a slot, in all processes together.
const MOST_SNAPSHOTS = 2048;

const ENTRIES = 'entries';
const META = 'meta';
const FORMAT_KEY = 'format';
const MARK_KEY = 'mark';

interface Databases {
  readonly root: RootDatabase<Uint8Array, string>;
  readonly entries: Database<Uint8Array, string>;
  /** The format, and the mark: its version is the commit count, which a commit can depend on. */
  readonly meta: Database<Uint8Array, string>;
}

export async function openLmdbEngine(path: string): Promise<StoreEngine> {
  await checkDatabaseFile(path);
  const databases = openDatabases(path);
  try {
    await prepare(databases.meta, path);
  } catch (error) {
    await databases.root.close();
    throw error;
  }
  return createEngine(databases);
}

function openDatabases(path: string): Databases {
  try {
    const root: RootDatabase<Uint8Array, string> = open({
      path,
      noSubdir: false,
      pageSize: PAGE_BYTES,
      maxReaders: MOST_SNAPSHOTS,
      maxDbs: 4,
      // A commit is visible only after it is on the disk: nobody acts on what a power cut may undo.
      overlappingSync: false,
      // Commits are grouped by the core; each batch starts at once.
      eventTurnBatching: false,
      ...ENCODING,
    });
    checkOwn(root, path);
    const entries = root.openDB<Uint8Array, string>(ENTRIES, ENCODING);
    const meta = root.openDB<Uint8Array, string>(META, { ...ENCODING, useVersions: true });
    return { root, entries, meta };
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError('ERR_STORE_UNREADABLE', `the store cannot be opened: ${messageOf(error)}`, {
      where: path,
      fix: 'Check that the folder is writable; else restore a backup or start with an empty one.',
      cause: error,
    });
  }
}

/** The main database lists the named ones: others than ours mean that somebody else made it. */
function checkOwn(root: Databases['root'], path: string): void {
  const names = [...root.getKeys({ start: '\x00', limit: 3 })];
  // LMDB keeps names with the zero that ends them.
  const foreign = names.find((name) => name !== `${ENTRIES}\x00` && name !== `${META}\x00`);
  if (foreign === undefined) return;
  void root.close();
  throw new UserError(
    'ERR_STORE_FOREIGN',
    'the folder holds a database that cloudlet did not make',
    {
      where: path,
      fix: 'Give another data folder.',
    },
  );
}

// Encoded keys hold one char per byte.
const KEY_ENCODER = {
  writeKey(key: string, target: Buffer, at: number): number {
    const end = at + target.write(key, at, 'latin1');
    // lmdb answers a RangeError with a new, empty buffer.
    if (end - at < key.length) throw new RangeError('no room for the key');
    return end;
  },
  readKey: (source: Buffer, at: number, end: number): string => source.toString('latin1', at, end),
};

const ENCODING = { encoding: 'binary', keyEncoder: KEY_ENCODER } as const;

/** Writes the format into a new database; refuses one of another format. */
async function prepare(meta: Databases['meta'], path: string): Promise<void> {
  const found = meta.get(FORMAT_KEY);
  if (found === undefined) {
    // Of two processes that make the same store, one succeeds; both then find the same start.
    await meta.ifNoExists(MARK_KEY, () => {
      void meta.put(FORMAT_KEY, Buffer.from(FORMAT), 0);
      void meta.put(MARK_KEY, encodeSequence(1), 0);
    });
    return;
  }
  const format = Buffer.from(found).toString();
  if (format === FORMAT) return;
  throw new UserError(
    'ERR_STORE_VERSION',
    `the store has the format '${format}', not '${FORMAT}'`,
    {
      where: path,
      fix: 'Open it with the version of cloudlet that made it, or give another data folder.',
    },
  );
}

function createEngine({ root, entries, meta }: Databases): StoreEngine {
  // Transactions that begin in one turn of the event loop, between two commits, share a snapshot.
  let current: SharedSnapshot | undefined;
  const open = new Set<SharedSnapshot>();
  // Between two commits, by whomever, every snapshot holds the same.
  let remembered = new Map<string, Uint8Array | undefined>();
  let rememberedAt = Number.NaN;

  function dropCurrent(): void {
    current?.release();
    current = undefined;
  }

  function readMark(transaction: Transaction): Mark {
    const entry = meta.getEntry(MARK_KEY, { transaction });
    assert(entry?.version !== undefined, 'the store has a mark');
    return { commits: entry.version, nextSequence: decodeSequence(entry.value) };
  }

  function openSnapshot(): SharedSnapshot {
    // Without this the transaction of the last turn might come back, from before a foreign commit.
    root.resetReadTxn();
    const transaction = root.useReadTransaction();
    const mark = readMark(transaction);
    if (mark.commits !== rememberedAt) {
      remembered = new Map();
      rememberedAt = mark.commits;
    }
    const snapshot = shareSnapshot({ entries, transaction, mark, remembered }, () => {
      open.delete(snapshot);
    });
    open.add(snapshot);
    return snapshot;
  }

  return {
    shared: true,
    snapshot() {
      if (current === undefined) {
        current = openSnapshot();
        setImmediate(dropCurrent);
      }
      current.share();
      return current;
    },
    async commit({ writes, expectedCommits, nextSequence }) {
      const done = meta.ifVersion(MARK_KEY, expectedCommits, () => {
        for (const [key, value] of writes) {
          if (value === undefined) void entries.remove(key);
          else void entries.put(key, value);
        }
        void meta.put(MARK_KEY, encodeSequence(nextSequence), expectedCommits + 1);
      });
      try {
        return await done;
      } catch (error) {
        throw await explain(error);
      } finally {
        dropCurrent();
      }
    },
    async close() {
      dropCurrent();
      for (const snapshot of open) snapshot.end();
      await root.close();
    },
  };
}

function encodeSequence(sequence: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(sequence);
  return bytes;
}

function decodeSequence(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0);
}

/** The reason of a failed commit: lmdb hands it over in a promise of its own. */
async function explain(error: unknown): Promise<Error> {
  let reason = error;
  if (error instanceof Error && 'commitError' in error) {
    try {
      await error.commitError;
    } catch (cause) {
      reason = cause;
    }
  }
  return new Error(`the store could not commit: ${messageOf(reason)}`, { cause: reason });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
