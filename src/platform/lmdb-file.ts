// Looks at a database file before LMDB maps it: a damaged one must end in a message, not in a crash.
import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../base/errors.ts';

// Layout of a meta page: `MDB_page_header` (24 bytes), then `MDB_meta`. lmdb 3.5 liblmdb/mdb.c
const PAGE_HEADER_BYTES = 24;
const PAGE_FLAGS_AT = 18;
const META_BYTES = 168;
const META_PAGE_FLAG = 0x08;
const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;

interface DatabaseMeta {
  readonly pageBytes: number;
  readonly lastPage: number;
  /** The roots of the trees: free pages, then the main database. Undefined: an empty tree. */
  readonly roots: readonly (number | undefined)[];
  readonly transaction: number;
}

/** @throws UserError when `PATH/data.mdb` exists and is not a whole database of the right version. */
export async function checkDatabaseFile(path: string): Promise<void> {
  const folder = await stat(path).catch(ignoreMissing);
  if (folder === undefined) return;
  if (!folder.isDirectory()) {
    throw new UserError('ERR_STORE_UNREADABLE', 'the store is a folder, but this is a file', {
      where: path,
      fix: 'Give another data folder.',
    });
  }
  const where = join(path, 'data.mdb');
  const file = await open(where).catch(ignoreMissing);
  if (file === undefined) return;
  try {
    const { size } = await file.stat();
    // LMDB makes the file first and fills it next: an empty one is a store that is being made.
    if (size > 0) await checkContent(file, size, where);
  } finally {
    await file.close();
  }
}

async function checkContent(file: FileHandle, sizeBytes: number, where: string): Promise<void> {
  const first = await readMeta(file, 0, where);
  const second = await readMeta(file, first.pageBytes, where);
  const latest = second.transaction > first.transaction ? second : first;
  if ((latest.lastPage + 1) * latest.pageBytes <= sizeBytes) return;
  if (latest.roots.some((root) => root !== undefined && (root + 1) * latest.pageBytes > sizeBytes)) {
    throw damaged(where, 'its end is missing');
  }
}

async function readMeta(file: FileHandle, at: number, where: string): Promise<DatabaseMeta> {
  const page = Buffer.alloc(META_BYTES);
  const { bytesRead } = await file.read(page, 0, META_BYTES, at);
  if (bytesRead < META_BYTES) throw damaged(where, 'its beginning is cut short');
  const meta = page.subarray(PAGE_HEADER_BYTES);
  if ((page.readUInt16LE(PAGE_FLAGS_AT) & META_PAGE_FLAG) === 0 || meta.readUInt32LE(0) !== MAGIC) {
    throw damaged(where, 'it is not an LMDB database');
  }
  const version = meta.readUInt32LE(4) & 0xffff;
  if (version !== DATA_VERSION) {
    throw new UserError('ERR_STORE_VERSION', `the database has LMDB's file format ${version}, not 2`, {
      where,
      fix: 'Open it with the version of cloudlet that made it, or give another data folder.',
    });
  }
  return {
    pageBytes: meta.readUInt32LE(24),
    lastPage: Number(meta.readBigUInt64LE(120)),
    roots: [readRoot(meta, 64), readRoot(meta, 112)],
    transaction: Number(meta.readBigUInt64LE(128)),
  };
}

function readRoot(meta: Buffer, at: number): number | undefined {
  const page = meta.readBigUInt64LE(at);
  return page === 0xffff_ffff_ffff_ffffn ? undefined : Number(page);
}

function damaged(where: string, why: string): UserError {
  return new UserError('ERR_STORE_DAMAGED', `the store is damaged: ${why}`, {
    where,
    fix: 'Restore a backup of the data folder, or start with an empty one.',
  });
}

function ignoreMissing(error: unknown): undefined {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
}
