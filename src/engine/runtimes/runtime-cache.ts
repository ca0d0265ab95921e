// Where fetched runtimes and SDKs are kept: one folder of the user's, shared by all clouds of this machine.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface RuntimeCache {
  readonly folder: string;
  /** The folder of a package that is there; undefined when it is not. */
  find(name: string): string | undefined;
  /**
   * Returns the package's folder, and fills it first when it is not there. `fill` is given a new folder
   * and may throw, then nothing is kept. Of several processes that want it, one fills.
   */
  install(name: string, fill: (draft: string) => Promise<void>): Promise<string>;
}

/** How often a process looks whether another one is done with what both want. */
const LOOK_AGAIN_MS = 200;

/** CLOUDLET_RUNTIMES names another folder. */
export function openRuntimeCache(folder = defaultFolder()): RuntimeCache {
  const running = new Map<string, Promise<string>>();

  function find(name: string): string | undefined {
    const path = join(folder, name);
    return existsSync(path) ? path : undefined;
  }

  async function fillOnce(name: string, fill: (draft: string) => Promise<void>): Promise<string> {
    const path = join(folder, name);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const unlock = await lock(`${path}.lock`);
    const draft = `${path}.${process.pid}`;
    try {
      if (existsSync(path)) return path;
      await rm(draft, { recursive: true, force: true });
      await mkdir(draft);
      await fill(draft);
      await rename(draft, path);
      return path;
    } finally {
      await rm(draft, { recursive: true, force: true });
      unlock();
    }
  }

  return {
    folder,
    find,
    async install(name, fill) {
      const found = find(name);
      if (found !== undefined) return found;
      let filling = running.get(name);
      if (filling === undefined) {
        filling = fillOnce(name, fill).finally(() => running.delete(name));
        running.set(name, filling);
      }
      return filling;
    },
  };
}

function defaultFolder(): string {
  const named = process.env['CLOUDLET_RUNTIMES'];
  if (named !== undefined && named !== '') return named;
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'cloudlet', 'runtimes');
}

/** Held by a file with the holder's process id; that of a process which is gone counts for nothing. */
async function lock(path: string): Promise<() => void> {
  for (;;) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (isAbandoned(path)) rmSync(path, { force: true });
    else await sleep(LOOK_AGAIN_MS);
  }
}

function isAbandoned(path: string): boolean {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    // Empty: being written this moment.
    if (!Number.isInteger(pid) || pid === 0) return false;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
