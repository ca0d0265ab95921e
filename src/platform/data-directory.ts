// The directory of a durable cloud: its layout, its version, and the lock that keeps a second cloud out.
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../base/errors.ts';

/** Raised when a newer layout can no longer be read by older code. */
const FORMAT = 1;

export interface DataDirectory {
  readonly path: string;
  readonly storePath: string;
  readonly blobsPath: string;
  /** Unpacked code and sockets: may be deleted while no cloud runs. */
  readonly workPath: string;
  /** Tells other commands where this cloud answers. */
  announce(endpoint: string): Promise<void>;
  /** Lets the next cloud in. */
  release(): Promise<void>;
}

export interface RunningCloud {
  readonly pid: number;
  /** When the process started, as the system counts it: a reused pid is not the same process. */
  readonly started?: string;
  readonly endpoint: string;
}

/** Creates or opens the directory and takes its lock. */
export async function openDataDirectory(directory: string): Promise<DataDirectory> {
  const path = resolve(directory);
  const lockPath = join(path, 'running.json');
  await mkdir(path, { recursive: true }).catch((error: unknown) => {
    throw new UserError('ERR_DATA_DIRECTORY', `cannot create the data directory: ${String(error)}`, {
      where: path,
      fix: 'choose a writable place with --data DIR, or keep nothing with --ephemeral',
      cause: error,
    });
  });
  await takeLock(lockPath, path);
  try {
    await checkFormat(path);
  } catch (error) {
    await rm(lockPath, { force: true });
    throw error;
  }
  return {
    path,
    storePath: join(path, 'store'),
    blobsPath: join(path, 'blobs'),
    workPath: join(path, 'work'),
    announce: async (endpoint) => writeFile(lockPath, JSON.stringify(await ownState(endpoint))),
    release: () => rm(lockPath, { force: true }),
  };
}

/** The cloud that holds the directory, if its process lives. */
export async function findRunningCloud(directory: string): Promise<RunningCloud | undefined> {
  const state = await readLock(join(resolve(directory), 'running.json'));
  return state !== undefined && state.endpoint !== '' && (await isHeld(state)) ? state : undefined;
}

/** A cloud that was just told to end gets this long to let go. */
const LOCK_TRIES = 10;
const LOCK_RETRY_MS = 50;

async function takeLock(lockPath: string, path: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const file = await open(lockPath, 'wx');
      await file.writeFile(JSON.stringify(await ownState('')));
      await file.close();
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const holder = await readLock(lockPath);
      if (holder !== undefined && (await isHeld(holder))) {
        if (attempt < LOCK_TRIES) {
          await delay(LOCK_RETRY_MS);
          continue;
        }
        throw new UserError('ERR_DATA_IN_USE', `another cloud (process ${holder.pid}) uses this data`, {
          where: path,
          fix: 'stop it with `cloudlet stop`, or choose another directory with --data DIR',
        });
      }
      // Left behind by a cloud that was killed.
      await rm(lockPath, { force: true });
    }
  }
}

async function readLock(lockPath: string): Promise<RunningCloud | undefined> {
  try {
    const state: unknown = JSON.parse(await readFile(lockPath, 'utf8'));
    return isRunningCloud(state) ? state : undefined;
  } catch {
    // Absent, or half-written by a process that was killed: nobody holds it.
    return undefined;
  }
}

function isRunningCloud(state: unknown): state is RunningCloud {
  return (
    typeof state === 'object' &&
    state !== null &&
    'pid' in state &&
    typeof state.pid === 'number' &&
    'endpoint' in state &&
    typeof state.endpoint === 'string'
  );
}

async function ownState(endpoint: string): Promise<RunningCloud> {
  const started = (await readProcess(process.pid))?.started;
  return { pid: process.pid, endpoint, ...(started === undefined ? {} : { started }) };
}

/** Whether the process that took the lock still lives. */
async function isHeld({ pid, started }: RunningCloud): Promise<boolean> {
  if (!isAlive(pid)) return false;
  const now = await readProcess(pid);
  // Without /proc (macOS, Windows) the signal's answer is all there is.
  if (now === undefined) return true;
  // Z: killed, and nobody has collected it yet (containers without an init process).
  return now.state !== 'Z' && (started === undefined || started === now.started);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** State and start time of a process. <proc(5): fields 3 and 22 of /proc/PID/stat> */
async function readProcess(pid: number): Promise<{ state: string; started: string } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  // The second field is the command in parentheses and may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', started: fields[19] ?? '' };
}

async function checkFormat(path: string): Promise<void> {
  const formatPath = join(path, 'format.json');
  const text = await readFile(formatPath, 'utf8').catch(() => undefined);
  if (text === undefined) {
    await writeFile(formatPath, `${JSON.stringify({ format: FORMAT })}\n`);
    return;
  }
  if (text.trim() === JSON.stringify({ format: FORMAT })) return;
  throw new UserError('ERR_DATA_FORMAT', `the data directory was written by another version: ${text.trim()}`, {
    where: formatPath,
    fix: `this version reads format ${FORMAT}; use the version that wrote it, or another --data DIR`,
  });
}
