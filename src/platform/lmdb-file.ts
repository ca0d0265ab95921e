// Looks at a database file before LMDB maps it: damage must end in a message, not in a crash.
import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../base/errors.ts';

// Layout of a meta page: `MDB_page_header` (24 bytes), then `MDB_meta`. lmdb 3.5 liblmdb/mdb.c
const PAGE_HEADER_BYTES = 24;
const PAGE_FLAGS_AT = 18;
const PAGE_LOWER_AT = 20;
const META_BYTES = 168;
const BRANCH_FLAG = 0x01;
const LEAF_FLAG = 0x02;
const META_PAGE_FLAG = 0x08;
const FIXED_LEAF_FLAG = 0x20;
// Within a page, offsets count from the end of its header. A node is 8 bytes (size or page, flags,
// key size), the key and the data; that of a named database is an `MDB_db`, whose end is its root.
const NODE_BYTES = 8;
const BIG_DATA_FLAG = 0x01;
const SUB_DATABASE_FLAG = 0x02;
const DATABASE_ROOT_AT = 40;
const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;

interface Meta {
  readonly pageBytes: number;
  readonly lastPage: number;
  /** The roots of the trees: free pages, then the main database. Undefined: an empty tree. */
  readonly roots: readonly (number | undefined)[];
  readonly transaction: number;
}

/** @throws UserError when `PATH/data.mdb` is there but no whole database of the right version. */
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
    if (size > 0) await checkContent(file, where);
  } finally {
    await file.close();
  }
}

async function checkContent(file: FileHandle, where: string): Promise<void> {
  const meta = await readLatestMeta(file, where);
  // Asked after the meta was read: another process may be making the file longer.
  const { size: sizeBytes } = await file.stat();
  if ((meta.lastPage + 1) * meta.pageBytes <= sizeBytes) return;
  // The file may be shorter if nobody refers to the pages it lacks: then it is worth a walk.
  if (await isWhole(file, meta, Math.floor(sizeBytes / meta.pageBytes))) return;
  // Unless another process commits at this moment: it moves pages under our feet.
  const { transaction } = await readLatestMeta(file, where);
  if (transaction === meta.transaction) throw damaged(where, 'parts of it are missing');
  await checkContent(file, where);
}

/** Whether the first so many pages hold all that the trees refer to. */
async function isWhole(
  file: FileHandle,
  { roots, pageBytes }: Meta,
  pages: number,
): Promise<boolean> {
  const seen = new Set<number>();
  const waiting = roots.filter((root) => root !== undefined);
  for (let number = waiting.pop(); number !== undefined; number = waiting.pop()) {
    if (number >= pages || seen.has(number)) return false;
    seen.add(number);
    const page = Buffer.alloc(pageBytes);
    await file.read(page, 0, pageBytes, number * pageBytes);
    try {
      for (const reference of referencesOf(page)) {
        if (reference.last >= pages) return false;
        if (reference.isTree) waiting.push(reference.first);
      }
    } catch (error) {
      // An offset that points out of the page.
      if (error instanceof RangeError) return false;
      throw error;
    }
  }
  return true;
}

interface PageReference {
  readonly first: number;
  readonly last: number;
  /** Whether the page belongs to a tree, and so refers to further ones. */
  readonly isTree: boolean;
}

/** The pages that a page of a tree refers to. */
function* referencesOf(page: Buffer): Generator<PageReference> {
  const flags = page.readUInt16LE(PAGE_FLAGS_AT);
  const isBranch = (flags & BRANCH_FLAG) !== 0;
  if (!isBranch && (flags & (LEAF_FLAG | FIXED_LEAF_FLAG)) !== LEAF_FLAG) return;
  const content = page.subarray(PAGE_HEADER_BYTES);
  const nodes = page.readUInt16LE(PAGE_LOWER_AT) / 2;
  for (let at = 0; at < nodes; at++) {
    const node = content.subarray(content.readUInt16LE(at * 2));
    if (isBranch) {
      const child = node.readUInt32LE(0) + node.readUInt16LE(4) * 2 ** 32;
      yield { first: child, last: child, isTree: true };
      continue;
    }
    const data = node.subarray(NODE_BYTES + node.readUInt16LE(6));
    const nodeFlags = node.readUInt16LE(4);
    if ((nodeFlags & BIG_DATA_FLAG) !== 0) {
      // `MDB_ovpage`: the first page, a transaction, how many pages.
      const first = Number(data.readBigUInt64LE(0));
      yield { first, last: first + Number(data.readBigUInt64LE(16)) - 1, isTree: false };
    } else if ((nodeFlags & SUB_DATABASE_FLAG) !== 0) {
      const root = readRoot(data, DATABASE_ROOT_AT);
      if (root !== undefined) yield { first: root, last: root, isTree: true };
    }
  }
}

async function readLatestMeta(file: FileHandle, where: string): Promise<Meta> {
  const first = await readMeta(file, 0, where);
  const second = await readMeta(file, first.pageBytes, where);
  return second.transaction > first.transaction ? second : first;
}

async function readMeta(file: FileHandle, at: number, where: string): Promise<Meta> {
  const page = Buffer.alloc(META_BYTES);
  const { bytesRead } = await file.read(page, 0, META_BYTES, at);
  if (bytesRead < META_BYTES) throw damaged(where, 'its beginning is cut short');
  const meta = page.subarray(PAGE_HEADER_BYTES);
  if ((page.readUInt16LE(PAGE_FLAGS_AT) & META_PAGE_FLAG) === 0 || meta.readUInt32LE(0) !== MAGIC) {
    throw damaged(where, 'it is not an LMDB database');
  }
  const version = meta.readUInt32LE(4) & 0xffff;
  if (version !== DATA_VERSION) {
    throw new UserError(
      'ERR_STORE_VERSION',
      `the database has LMDB's file format ${version}, not 2`,
      {
        where,
        fix: 'Open it with the version of cloudlet that made it, or give another data folder.',
      },
    );
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
