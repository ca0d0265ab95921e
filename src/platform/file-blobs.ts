// Blobs as files: written aside, synced, and moved into place.
import { mkdir, open, readFile, readdir, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { BlobMissing } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import type { Blobs } from '../base/store.ts';
import { isBlobId, randomBlobId } from './blob-id.ts';
import { createSystemRandom } from './system-random.ts';

export interface FileBlobsOptions {
  /** The folder that holds them; made when it is missing. */
  readonly path: string;
  /** Where ids come from. */
  readonly random?: Random;
}

type Source = Uint8Array | AsyncIterable<Uint8Array>;

const INCOMING = 'incoming';
const FOLDER = /^[0-9a-f]{2}$/;
// A file that got no byte for a day belongs to a process that died while it wrote.
const ABANDONED_AFTER_MS = 86_400_000;
const CHUNK_BYTES = 64 * 1024;

/** Keeps a blob in `PATH/ab/c/abc…`; while it is written it is `PATH/incoming/abc…`. */
export async function openFileBlobs(options: FileBlobsOptions): Promise<Blobs> {
  const { random = createSystemRandom() } = options;
  const path = resolve(options.path);
  await mkdir(join(path, INCOMING), { recursive: true });
  await removeAbandoned(join(path, INCOMING));
  const made = new Map<string, Promise<void>>();

  /** Makes the folder of a blob, durably, the first time it is needed. */
  function makeFolder(folder: string): Promise<void> {
    const making = made.get(folder) ?? makeSyncedFolder(folder, path);
    made.set(folder, making);
    // A failure (no space, no permission) may be over at the next attempt.
    making.catch(() => made.delete(folder));
    return making;
  }

  async function unusedId(): Promise<string> {
    for (;;) {
      const id = randomBlobId(random);
      // A seeded generator makes the same ids again after a restart; a blob never replaces another.
      if (!(await exists(locate(path, id)))) return id;
    }
  }

  return {
    async put(source) {
      const id = await unusedId();
      const temporary = join(path, INCOMING, id);
      const target = locate(path, id);
      try {
        const writing = writeSynced(temporary, source);
        const [sizeBytes] = await Promise.all([writing, makeFolder(dirname(target))]);
        await rename(temporary, target);
        await syncFolder(dirname(target));
        return { id, sizeBytes };
      } catch (error) {
        await unlink(temporary).catch(() => undefined);
        throw error;
      }
    },
    async *read(id, range) {
      yield* readFrom(locate(path, id), id, range);
    },
    async get(id) {
      return readFile(locate(path, id)).catch((error: unknown) => throwMissing(error, id));
    },
    async delete(id) {
      if (isBlobId(id)) await unlink(locate(path, id)).catch(ignoreMissing);
    },
    async *list() {
      for (const first of await readdir(path)) {
        if (!FOLDER.test(first)) continue;
        for (const second of await readdir(join(path, first))) {
          yield* (await readdir(join(path, first, second))).filter(isBlobId);
        }
      }
    },
  };
}

function locate(path: string, id: string): string {
  if (!isBlobId(id)) throw new BlobMissing(id);
  return join(path, id.slice(0, 2), id.slice(2, 3), id);
}

async function writeSynced(path: string, source: Source): Promise<number> {
  const file = await open(path, 'wx');
  try {
    let sizeBytes = 0;
    for await (const chunk of source instanceof Uint8Array ? [source] : source) {
      // Writes the whole chunk, in several calls if need be, and moves the position on.
      await file.writeFile(chunk);
      sizeBytes += chunk.length;
    }
    await file.sync();
    return sizeBytes;
  } finally {
    await file.close();
  }
}

async function* readFrom(
  path: string,
  id: string,
  range: { readonly start: number; readonly end: number } | undefined,
): AsyncGenerator<Uint8Array> {
  const file = await open(path).catch((error: unknown) => throwMissing(error, id));
  try {
    const { size } = await file.stat();
    const end = Math.min(range?.end ?? Infinity, size - 1);
    for (let at = range?.start ?? 0; at <= end;) {
      const chunk = new Uint8Array(Math.min(CHUNK_BYTES, end - at + 1));
      const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
      if (bytesRead === 0) throw new Error(`the blob ${id} was cut short while it was read`);
      yield chunk.subarray(0, bytesRead);
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}

/** Makes `folder` and those between it and `root`; each is recorded durably in the one above. */
async function makeSyncedFolder(folder: string, root: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (let above = dirname(folder); above.startsWith(root); above = dirname(above)) {
    await syncFolder(above);
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function removeAbandoned(incoming: string): Promise<void> {
  const before = Date.now() - ABANDONED_AFTER_MS;
  for (const name of await readdir(incoming)) {
    const file = join(incoming, name);
    const info = await stat(file).catch(ignoreMissing);
    if (info !== undefined && info.mtimeMs < before) await unlink(file).catch(ignoreMissing);
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(ignoreMissing)) !== undefined;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}

function throwMissing(error: unknown, id: string): never {
  throw isMissing(error) ? new BlobMissing(id) : error;
}
