// Packs a folder into an archive that is the same for the same content.
import { createHash } from 'node:crypto';
import { readFile, readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ZipFile } from 'yazl';
import { collectBytes } from '../../base/collect-bytes.ts';

/** DOS time begins here; one stamp for all makes equal folders equal archives. */
const STAMP = new Date(1980, 0, 1);

export interface Archive {
  readonly bytes: Buffer;
  /** SHA-256 of the bytes, hex. */
  readonly sha256: string;
}

/** @param skip relative paths (with `/`) that stay out. */
export async function zipFolder(
  folder: string,
  skip: (path: string) => boolean = () => false,
): Promise<Archive> {
  const zip = new ZipFile();
  for (const path of await listFiles(folder, '', skip)) {
    const { mode } = await stat(join(folder, path));
    // Executables stay executable; all else about the mode is this machine's business.
    const fileMode = (mode & 0o111) === 0 ? 0o100644 : 0o100755;
    zip.addBuffer(await readFile(join(folder, path)), path, { mtime: STAMP, mode: fileMode });
  }
  zip.end();
  const bytes = await collectBytes(zip.outputStream);
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}

async function listFiles(
  folder: string,
  below: string,
  skip: (path: string) => boolean,
): Promise<string[]> {
  const files: string[] = [];
  const entries = await readdir(join(folder, below), { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (skip(path)) continue;
    const isFolder = entry.isSymbolicLink() ? await pointsToFolder(folder, path) : entry.isDirectory();
    if (isFolder === undefined) continue;
    if (isFolder) files.push(...(await listFiles(folder, path, skip)));
    else files.push(path);
  }
  return files;
}

/** Links are followed (npm links its programs); a broken one is left out. */
async function pointsToFolder(folder: string, path: string): Promise<boolean | undefined> {
  await readlink(join(folder, path));
  return (await stat(join(folder, path)).catch(() => undefined))?.isDirectory();
}
