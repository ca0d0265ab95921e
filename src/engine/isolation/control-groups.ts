// Control groups of environments: what they may use of the machine, all their processes together.
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Controller,
  CONTROLLERS,
  findHierarchies,
  type Hierarchy,
  type KernelView,
} from './control-group-files.ts';

export interface ControlGroup {
  /** What a command begins with, so that its process and all it starts are in the group. */
  readonly enter: readonly string[];
  /** Moves a process in; what it starts from then on is in the group too. */
  add(pid: number): Promise<void>;
  /** Bounds memory, and what lies in /tmp, which is memory too. */
  limitMemory(memoryMb: number, storageMb: number): void;
  /** A share of the processor by memory; undefined lifts it. */
  limitCpu(memoryMb: number | undefined): void;
  /** Memory of all processes without files; 0 when unknown. */
  currentMb(): number;
  /** Whether the kernel ended a process of the group for want of memory. */
  ranOutOfMemory(): boolean;
  processes(): number[];
  readonly boundsProcesses: boolean;
  /** After the last process has ended. */
  remove(): void;
}

export interface ControlGroups {
  /** What cannot be bounded here. */
  readonly missing: readonly Controller[];
  create(): ControlGroup;
  /** Processes on their way out hold their group for a moment; what stays, the next engine removes. */
  close(): Promise<void>;
}

/** AWS: processes and threads. docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const MAX_PROCESSES = 1024;
/** bubblewrap's own processes count too. */
const SANDBOX_PROCESSES = 4;
/** What the sandbox and the kernel's tables take on top. */
const SPARE_MB = 32;
/** AWS: one vCPU. docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
const MEMORY_PER_CPU_MB = 1769;
/** Short: a function that has used its share waits for the next period. */
const CPU_PERIOD_US = 20_000;
const MIN_QUOTA_US = 1000;
const REMOVE_TRIES = 20;
const REMOVE_PAUSE_MS = 10;
const GROUP_NAME = /^cloudlet-(\d+)-[0-9a-f]+$/;

// 0 is the process that writes. Failing to enter ends it: nothing runs without its limits.
const ENTER = 'while [ "$1" != -- ]; do echo 0 > "$1" || exit 126; shift; done; shift; exec "$@"';

/** Undefined where this process may make no groups at all. */
export function openControlGroups(view: KernelView): ControlGroups | undefined {
  const name = `cloudlet-${process.pid}-${randomBytes(4).toString('hex')}`;
  const hierarchies = findHierarchies(view).filter((hierarchy) => prepare(hierarchy, name));
  if (hierarchies.length === 0) return undefined;
  const present = new Set(hierarchies.flatMap(({ controllers }) => controllers));
  const roots = hierarchies.map(({ parent }) => join(parent, name));
  let made = 0;
  const leaving = new Set<string>();

  function removeAll(): void {
    for (const folder of leaving) if (removeFolder(folder)) leaving.delete(folder);
  }

  return {
    missing: CONTROLLERS.filter((controller) => !present.has(controller)),
    create() {
      made += 1;
      removeAll();
      return createGroup(hierarchies, `${name}/${made}`, (folders) => {
        for (const folder of folders) leaving.add(folder);
        removeAll();
      });
    },
    async close() {
      for (let tries = 0; tries < REMOVE_TRIES; tries += 1) {
        if (roots.map(removeTree).every(Boolean)) return;
        await sleep(REMOVE_PAUSE_MS);
      }
    },
  };
}

/** Makes the group that holds those of all environments, and removes those of engines that are gone. */
function prepare({ version, parent, controllers }: Hierarchy, name: string): boolean {
  try {
    for (const other of readdirSync(parent)) {
      const pid = GROUP_NAME.exec(other)?.[1];
      if (pid !== undefined && !isRunning(Number(pid))) removeTree(join(parent, other));
    }
    mkdirSync(join(parent, name));
    if (version === 2) {
      const all = controllers.map((controller) => `+${controller}`).join(' ');
      writeFileSync(join(parent, name, 'cgroup.subtree_control'), all);
    }
    return true;
  } catch {
    removeTree(join(parent, name));
    return false;
  }
}

function createGroup(
  hierarchies: readonly Hierarchy[],
  name: string,
  leave: (folders: readonly string[]) => void,
): ControlGroup {
  const folders = hierarchies.map(({ parent }) => join(parent, name));
  const places = new Map<Controller, { folder: string; version: 1 | 2 }>();
  for (const [index, { version, controllers }] of hierarchies.entries()) {
    const folder = folders[index] ?? '';
    mkdirSync(folder);
    for (const controller of controllers) places.set(controller, { folder, version });
  }
  const write = (controller: Controller, files: Files): void => {
    const place = places.get(controller);
    if (place === undefined) return;
    for (const [file, value] of place.version === 1 ? files.v1 : files.v2) {
      put(join(place.folder, file), value);
    }
  };
  const read = (controller: Controller, v1: string, v2: string): string => {
    const place = places.get(controller);
    return place === undefined ? '' : get(join(place.folder, place.version === 1 ? v1 : v2));
  };
  const processLimit = String(MAX_PROCESSES + SANDBOX_PROCESSES);
  write('pids', { v1: [['pids.max', processLimit]], v2: [['pids.max', processLimit]] });
  return {
    enter: ['/bin/sh', '-c', ENTER, 'sh', ...folders.map((folder) => join(folder, 'cgroup.procs')), '--'],
    async add(pid) {
      // The kernel takes milliseconds for it: not on this thread.
      await Promise.all(folders.map((folder) => writeFile(join(folder, 'cgroup.procs'), String(pid))));
    },
    limitMemory: (memoryMb, storageMb) => write('memory', memoryFiles(memoryMb + storageMb + SPARE_MB)),
    limitCpu: (memoryMb) => write('cpu', cpuFiles(memoryMb)),
    currentMb() {
      const stat = read('memory', 'memory.stat', 'memory.stat');
      return Number(/^(?:total_rss|anon) (\d+)$/m.exec(stat)?.[1] ?? 0) / 2 ** 20;
    },
    ranOutOfMemory() {
      return /^oom_kill [1-9]/m.test(read('memory', 'memory.oom_control', 'memory.events'));
    },
    processes: () => get(join(folders[0] ?? '', 'cgroup.procs')).split('\n').map(Number).filter(Boolean),
    boundsProcesses: places.has('pids'),
    remove: () => leave(folders),
  };
}

/** File and value, in the order they have to be written. */
interface Files {
  readonly v1: readonly (readonly [string, string])[];
  readonly v2: readonly (readonly [string, string])[];
}

function memoryFiles(limitMb: number): Files {
  const bytes = String(limitMb * 2 ** 20);
  return {
    // Twice: memory with swap can neither be below memory alone nor raised after it.
    v1: [
      ['memory.limit_in_bytes', bytes],
      ['memory.memsw.limit_in_bytes', bytes],
      ['memory.limit_in_bytes', bytes],
    ],
    v2: [
      ['memory.max', bytes],
      ['memory.swap.max', '0'],
    ],
  };
}

function cpuFiles(memoryMb: number | undefined): Files {
  const share = (memoryMb ?? Number.POSITIVE_INFINITY) / MEMORY_PER_CPU_MB;
  const bounded = share < cpus().length;
  const quota = String(Math.max(MIN_QUOTA_US, Math.round(share * CPU_PERIOD_US)));
  return {
    v1: [
      ['cpu.cfs_period_us', String(CPU_PERIOD_US)],
      ['cpu.cfs_quota_us', bounded ? quota : '-1'],
    ],
    v2: [['cpu.max', `${bounded ? quota : 'max'} ${CPU_PERIOD_US}`]],
  };
}

function put(path: string, value: string): void {
  try {
    writeFileSync(path, value);
  } catch {
    // A kernel without swap accounting lacks some of these files.
  }
}

function get(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function removeTree(root: string): boolean {
  let names: string[] = [];
  try {
    names = readdirSync(root, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? [e.name] : []));
  } catch {
    return true;
  }
  for (const name of names) removeFolder(join(root, name));
  return removeFolder(root);
}

/** False while the last of its processes is still on its way out. */
function removeFolder(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
