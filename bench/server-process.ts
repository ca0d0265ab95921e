// Starts a server as a process of its own, and measures what the system says about it.
import { spawn } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';

export interface ServerProcess {
  readonly endpoint: string;
  readonly pid: number;
  /** From the start of the process to its ready line. */
  readonly readyMs: number;
  stop(): Promise<void>;
}

export interface Memory {
  /**
   * Megabytes: the resident set of the process itself, and of its children what is not shared. The
   * proportional set of the process would be flattered by every other node that runs here.
   */
  readonly megabytes: number;
  readonly processes: number;
}

/** Runs `node ARGS`; the first line it prints must be JSON with an `endpoint`. */
export async function startServer(args: readonly string[]): Promise<ServerProcess> {
  const startMs = performance.now();
  const child = spawn(process.execPath, [...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-4000);
  });
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const line = await new Promise<string>((resolve, reject) => {
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const end = output.indexOf('\n');
      if (end >= 0) resolve(output.slice(0, end));
    });
    child.on('error', reject);
    child.on('close', (code) => reject(new Error(`${args[0]} ended with ${code}:\n${errors}`)));
  });
  const readyMs = performance.now() - startMs;
  const { endpoint } = JSON.parse(line) as { endpoint: string };
  return {
    endpoint,
    pid: child.pid ?? 0,
    readyMs,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Linux only: elsewhere undefined. */
export async function measureMemory(pid: number): Promise<Memory | undefined> {
  if (process.platform !== 'linux') return undefined;
  const family = await familyOf(pid);
  let kilobytes = await readKb(`/proc/${pid}/status`, 'VmRSS');
  for (const member of family) {
    if (member !== pid) kilobytes += await readKb(`/proc/${member}/smaps_rollup`, 'Pss');
  }
  return { megabytes: kilobytes / 1024, processes: family.length };
}

const TICKS_PER_SECOND = 100;

/**
 * Megabytes that are the process's own: heap and buffers, without the pages of files it has mapped,
 * which the system takes back when it needs them. Linux only: elsewhere undefined.
 */
export async function measureOwnMemoryMb(pid: number): Promise<number | undefined> {
  if (process.platform !== 'linux') return undefined;
  return (await readKb(`/proc/${pid}/status`, 'RssAnon')) / 1024;
}

/** Processor time a process has used so far, milliseconds. Linux only: elsewhere undefined. */
export async function measureCpuMs(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat === undefined) return undefined;
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  return ((Number(user) + Number(system)) * 1000) / TICKS_PER_SECOND;
}

async function readKb(file: string, field: string): Promise<number> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
}

async function familyOf(pid: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
  }
  const isBelow = (member: number | undefined): boolean =>
    member !== undefined && member > 1 && (member === pid || isBelow(parents.get(member)));
  return [...parents.keys()].filter(isBelow);
}
