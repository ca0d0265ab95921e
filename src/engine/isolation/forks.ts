// How processes forked inside an environment become environments of their own: walls, ids, networks.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ForkedProcess, Forks } from './isolation.ts';

/** Without a sandbox: a process group and a folder for temporary files. */
export const plainForks: Forks = {
  prepare: async () => {},
  order({ forkFolder = '', folder, tree }, layout, name) {
    const order = { socket: join(forkFolder, `${name}.sock`), log: join(forkFolder, `${name}.log`) };
    if (tree === undefined) return order;
    return { ...order, temporary: [join(folder, 'tmp'), join(layout.folder, 'tmp')] };
  },
  // Differs: without /proc memory is measured of the supervisor, as nothing tells its children.
  locate: (_zygotePid, told) => ({ supervisor: told, functionPid: () => childrenOf(told)?.[0] ?? told }),
  openNetwork: async () => undefined,
};

/**
 * The supervisor, a child of the sandbox's first process, or, for a moment, of a child of the process
 * that forks. The newest are looked at first.
 */
export function locateInside(zygotePid: number, told: number): ForkedProcess {
  const [init = 0] = childrenOf(zygotePid) ?? [];
  const [zygote = 0] = childrenOf(init) ?? [];
  const isIt = (pid: number): boolean => {
    const ids = numbersOf(pid);
    return ids.at(-2) === told && ids.at(-1) === 1;
  };
  const early = (childrenOf(zygote) ?? []).flatMap((helper) => childrenOf(helper) ?? []).find(isIt);
  const found = early ?? (childrenOf(init) ?? []).toReversed().find(isIt);
  if (found === undefined) throw new Error('the forked process is gone');
  return { supervisor: found, functionPid: () => childrenOf(found)?.[0] };
}

/*
 * The kernel lets a process without rights mount a new /proc only where it sees one uncovered. The
 * sandbox's own is covered in places, so it gets another one, read-only and of its own processes.
 */
export function showProcesses(enter: readonly string[], zygotePid: number, place: string): Promise<void> {
  const init = childrenOf(zygotePid)?.[0];
  const into = ['nsenter', '--target', String(init), '--pid', '--mount'];
  const mount = ['mount', '-n', '-t', 'proc', '-o', 'ro,nosuid,nodev,noexec', 'proc', place];
  const [file = '', ...args] = [...enter, ...into, ...mount];
  return new Promise((resolve, reject) => {
    execFile(file, args, { timeout: 5000 }, (error, _out, trouble) => {
      if (error === null) resolve();
      else reject(new Error(trouble.trim() || error.message, { cause: error }));
    });
  });
}

function childrenOf(pid: number): number[] | undefined {
  try {
    // One list per thread: any of them may have started a process.
    const threads = readdirSync(`/proc/${pid}/task`);
    const lists = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1'));
    return lists.join(' ').split(' ').map(Number).filter(Boolean);
  } catch {
    return undefined;
  }
}

/** The process's id in each of the nested namespaces, the outermost first. */
function numbersOf(pid: number): number[] {
  try {
    const line = /^NSpid:\s+(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? '';
    return line.split(/\s+/).map(Number);
  } catch {
    return [];
  }
}
