// Zip archives of code and layers: checked before anything is written, unpacked without leaving their folder.
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { crc32, inflateRawSync } from 'node:zlib';
import { type Entry, fromBufferPromise, type ZipFile } from 'yauzl';
import { type ArchiveSummary, FunctionUnavailable } from '../../base/function-runner.ts';

/** AWS: code and layers together, unpacked. docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const MAX_UNPACKED_BYTES = 262_144_000;
/** Beyond this an archive is an attack on the file system, not a function. */
const MAX_ENTRIES = 200_000;

type ArchiveItem =
  | { readonly kind: 'folder'; readonly path: string; readonly mode: number }
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly entry: Entry }
  | { readonly kind: 'link'; readonly path: string; readonly entry: Entry };

const FILE_TYPE_MASK = 0o170000;
const SYMLINK = 0o120000;
const FOLDER = 0o040000;
const REGULAR = 0o100000;
const STORED = 0;
const DEFLATED = 8;

/** Reads the directory of the archive and refuses what must not be unpacked. */
export async function inspectArchive(zip: Uint8Array): Promise<ArchiveSummary> {
  const { summary } = await readDirectory(toBuffer(zip));
  return summary;
}

/**
 * Unpacks into `folder`, which exists and is empty. Permissions are kept; symbolic links may only
 * point to places inside the archive.
 */
export async function unpackArchive(
  zip: Uint8Array,
  folder: string,
  maxBytes = MAX_UNPACKED_BYTES,
): Promise<ArchiveSummary> {
  const buffer = toBuffer(zip);
  const { items, summary, file } = await readDirectory(buffer);
  if (summary.unpackedBytes > maxBytes) {
    throw refuse(`Unzipped size must be smaller than ${maxBytes} bytes`);
  }
  const made = new Set<string>();
  const makeFolder = async (path: string): Promise<void> => {
    if (made.has(path)) return;
    await mkdir(path, { recursive: true });
    made.add(path);
  };
  for (const item of items) {
    if (item.kind === 'folder') await makeFolder(join(folder, item.path));
    if (item.kind !== 'file') continue;
    const target = join(folder, item.path);
    await makeFolder(dirname(target));
    await writeFile(target, await extract(buffer, file, item.entry));
    await chmod(target, item.mode);
  }
  // Links last: nothing is ever written through one.
  for (const item of items) {
    if (item.kind !== 'link') continue;
    await makeFolder(dirname(join(folder, item.path)));
    const content = await extract(buffer, file, item.entry);
    const target = content.toString('utf8');
    assertInside(item.path, target);
    await symlink(target, join(folder, item.path));
  }
  return summary;
}

interface Directory {
  readonly file: ZipFile;
  readonly items: readonly ArchiveItem[];
  readonly summary: ArchiveSummary;
}

async function readDirectory(buffer: Buffer): Promise<Directory> {
  try {
    const file = await fromBufferPromise(buffer, { lazyEntries: true, autoClose: false });
    const items: ArchiveItem[] = [];
    let unpackedBytes = 0;
    if (file.entryCount > MAX_ENTRIES) throw refuse('the archive has too many entries');
    for await (const entry of eachEntry(file)) {
      items.push(classify(entry));
      unpackedBytes += entry.uncompressedSize;
    }
    refuseClashes(items);
    return { file, items, summary: { unpackedBytes, entries: items.length } };
  } catch (error) {
    throw asUnzipFailure(error);
  }
}

async function* eachEntry(file: ZipFile): AsyncGenerator<Entry> {
  const queue: Entry[] = [];
  let wake: () => void = () => {};
  let ended = false;
  let failure: Error | undefined;
  file.on('entry', (entry: Entry) => {
    queue.push(entry);
    wake();
  });
  file.on('end', () => {
    ended = true;
    wake();
  });
  file.on('error', (error: Error) => {
    failure = error;
    wake();
  });
  for (;;) {
    if (failure !== undefined) throw failure;
    const entry = queue.shift();
    if (entry !== undefined) {
      yield entry;
      continue;
    }
    if (ended) return;
    const arrived = new Promise<void>((resolve) => (wake = resolve));
    file.readEntry();
    await arrived;
  }
}

/** yauzl has already refused absolute names, backslashes and `..`. */
function classify(entry: Entry): ArchiveItem {
  const name = entry.fileName;
  if (entry.isEncrypted()) throw refuse(`${name} is encrypted`);
  if (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED) {
    throw refuse(`${name} is compressed by method ${entry.compressionMethod}`);
  }
  const path = posix.normalize(name).replace(/\/$/, '');
  if (path === '' || name.includes('\0')) throw refuse('an entry has no usable name');
  const unixMode = entry.externalFileAttributes >>> 16;
  const type = unixMode & FILE_TYPE_MASK;
  const permissions = unixMode & 0o777;
  if (name.endsWith('/') || type === FOLDER) {
    return { kind: 'folder', path, mode: permissions || 0o755 };
  }
  if (type === SYMLINK) return { kind: 'link', path, entry };
  if (type !== 0 && type !== REGULAR) throw refuse(`${name} is neither file, folder nor link`);
  return { kind: 'file', path, mode: unixMode === 0 ? 0o644 : permissions, entry };
}

/** A name used as a file or link cannot also be a folder: what lies "below" a link would escape it. */
function refuseClashes(items: readonly ArchiveItem[]): void {
  const leaves = new Set<string>();
  for (const item of items) if (item.kind !== 'folder') leaves.add(item.path);
  for (const item of items) {
    if (item.kind === 'folder' && leaves.has(item.path)) throw refuse(`${item.path} appears twice`);
    for (let up = posix.dirname(item.path); up !== '.'; up = posix.dirname(up)) {
      if (leaves.has(up)) throw refuse(`${item.path} lies below ${up}, which is not a folder`);
    }
  }
}

function assertInside(path: string, target: string): void {
  const resolved = posix.normalize(posix.join(posix.dirname(path), target));
  const escapes = posix.isAbsolute(target) || resolved === '..' || resolved.startsWith('../');
  if (escapes || target === '' || target.includes('\0')) {
    throw refuse(`${path} links to ${target}, outside of the archive`);
  }
}

async function extract(buffer: Buffer, file: ZipFile, entry: Entry): Promise<Buffer> {
  try {
    const { fileDataStart } = await file.readLocalFileHeaderPromise(entry, { minimal: true });
    const end = fileDataStart + entry.compressedSize;
    if (end > buffer.length) throw new Error('entry ends behind the archive');
    const raw = buffer.subarray(fileDataStart, end);
    const content =
      entry.compressionMethod === STORED || entry.uncompressedSize === 0
        ? raw.subarray(0, entry.uncompressedSize)
        : // Never more than the size declared, which was counted against the limit.
          inflateRawSync(raw, { maxOutputLength: entry.uncompressedSize });
    if (content.length !== entry.uncompressedSize || crc32(content) !== entry.crc32) {
      throw new Error(`${entry.fileName} is damaged`);
    }
    return content;
  } catch (error) {
    throw asUnzipFailure(error);
  }
}

function refuse(message: string, cause?: unknown): FunctionUnavailable {
  return new FunctionUnavailable('InvalidZipFileException', message, { cause });
}

/** AWS: the message of CreateFunction for a broken archive; what was wrong with it is the cause. */
function asUnzipFailure(error: unknown): FunctionUnavailable {
  if (error instanceof FunctionUnavailable) return error;
  const text = 'Could not unzip uploaded file. Please check your file, then try to upload again.';
  return refuse(text, error);
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
