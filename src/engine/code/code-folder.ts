// Where unpacked code lies: in no folder from which Node.js could look up packages of the machine.
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';

export interface CodeFolder {
  readonly path: string;
  /** Folders above it whose packages a function could still load. */
  readonly leaks: readonly string[];
}

/** Beside a cache's `code`: the work directory it belongs to. It goes when that has gone. */
const OWNER_FILE = 'work-directory';

/**
 * The work directory itself where nothing above it has a `node_modules`; else, because a project's
 * work directory lies in the project, a folder of the user's cache kept for this work directory.
 */
export function chooseCodeFolder(workDir: string, caches = cacheFolders()): CodeFolder {
  const own = join(workDir, 'code');
  const leaks = packagesAbove(workDir);
  if (leaks.length === 0) return { path: own, leaks };
  for (const cache of caches) {
    if (packagesAbove(cache).length > 0) continue;
    const folder = join(cache, createHash('sha256').update(workDir).digest('hex').slice(0, 16));
    if (!claim(cache, folder, workDir)) continue;
    return { path: join(folder, 'code'), leaks: [] };
  }
  return { path: own, leaks };
}

function cacheFolders(): string[] {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return [join(cache, 'cloudlet'), join(tmpdir(), `cloudlet-${userInfo().uid}`)];
}

/** The `node_modules` folders at and above `folder`: where Node.js looks from a file in it. */
function packagesAbove(folder: string): string[] {
  const found: string[] = [];
  for (let at = folder; ; at = dirname(at)) {
    const candidate = join(at, 'node_modules');
    if (existsSync(candidate)) found.push(candidate);
    if (dirname(at) === at) return found;
  }
}

/** Makes the folder ours; false where others could put code in, or programs cannot be run. */
function claim(cache: string, folder: string, workDir: string): boolean {
  try {
    mkdirSync(cache, { recursive: true, mode: 0o700 });
    const info = lstatSync(cache);
    const isOurs = info.isDirectory() && (info.uid === userInfo().uid || userInfo().uid === -1);
    if (!isOurs || (process.platform !== 'win32' && (info.mode & 0o022) !== 0)) return false;
    dropOrphans(cache);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, OWNER_FILE), workDir, { mode: 0o700 });
    // Answers no on a file system mounted without the right to run programs.
    accessSync(join(folder, OWNER_FILE), constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function dropOrphans(cache: string): void {
  for (const name of readdirSync(cache)) {
    const folder = join(cache, name);
    try {
      if (existsSync(readFileSync(join(folder, OWNER_FILE), 'utf8'))) continue;
    } catch {
      // Not one of these folders, or one being made this moment.
      continue;
    }
    rmSync(folder, { recursive: true, force: true });
  }
}
