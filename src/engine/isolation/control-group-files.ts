// Where this process may make control groups, and what their files are called: version 1 and version 2.
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type Controller = 'memory' | 'pids' | 'cpu';
export const CONTROLLERS: readonly Controller[] = ['memory', 'pids', 'cpu'];

export interface Hierarchy {
  readonly version: 1 | 2;
  /** The folder new groups go into. */
  readonly parent: string;
  readonly controllers: readonly Controller[];
}

/** As the kernel shows it; a test gives its own. */
export interface KernelView {
  /** /proc/self/mountinfo */
  readonly mounts: string;
  /** /proc/self/cgroup */
  readonly membership: string;
}

export function readKernelView(): KernelView {
  return {
    mounts: readFileSync('/proc/self/mountinfo', 'utf8'),
    membership: readFileSync('/proc/self/cgroup', 'utf8'),
  };
}

interface Mount {
  readonly root: string;
  readonly point: string;
  readonly version: 1 | 2;
  readonly options: readonly string[];
}

/** The hierarchies that are usable here, below our own group; a controller appears once. */
export function findHierarchies(view: KernelView): Hierarchy[] {
  const mounts = view.mounts.split('\n').flatMap(parseMount);
  const found: Hierarchy[] = [];
  const missing = new Set(CONTROLLERS);
  for (const line of view.membership.split('\n')) {
    const [, names = '', path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    const mount = mounts.find((candidate) =>
      names === ''
        ? candidate.version === 2
        : candidate.version === 1 && names.split(',').every((name) => candidate.options.includes(name)),
    );
    if (mount === undefined) continue;
    const below = mount.root === '/' ? path : path.slice(mount.root.length);
    const parent = join(mount.point, below).replace(/\/$/, '');
    const wanted = [...missing];
    const controllers =
      mount.version === 1
        ? wanted.filter((name) => names.split(',').includes(name) && isWritable(parent))
        : delegated(parent, wanted);
    if (controllers.length === 0) continue;
    for (const name of controllers) missing.delete(name);
    found.push({ version: mount.version, parent, controllers });
  }
  return found;
}

function parseMount(line: string): Mount[] {
  const match = /^\d+ \d+ \S+ (\S+) (\S+) .* - (cgroup2?) \S+ (\S+)$/.exec(line);
  if (match === null) return [];
  const [, root = '', point = '', type, options = ''] = match;
  return [{ root, point, version: type === 'cgroup2' ? 2 : 1, options: options.split(',') }];
}

/**
 * Version 2 lets a group have either processes or children with limits. Ours must have been given to
 * us alone (`systemd-run --user --scope -p Delegate=yes`): then this process moves into a child.
 */
function delegated(parent: string, wanted: readonly Controller[]): Controller[] {
  const enabled = words(join(parent, 'cgroup.subtree_control'));
  const ready = wanted.filter((name) => enabled.includes(name));
  if (ready.length > 0 && isWritable(parent)) return ready;
  const available = words(join(parent, 'cgroup.controllers'));
  const possible = wanted.filter((name) => available.includes(name));
  const alone = words(join(parent, 'cgroup.procs')).every((pid) => pid === String(process.pid));
  if (possible.length === 0 || !alone || !isWritable(parent)) return [];
  try {
    mkdirSync(join(parent, 'cloudlet'), { recursive: true });
    writeFileSync(join(parent, 'cloudlet', 'cgroup.procs'), '0');
    writeFileSync(join(parent, 'cgroup.subtree_control'), possible.map((name) => `+${name}`).join(' '));
    return possible;
  } catch {
    return [];
  }
}

function words(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split(/\s+/).filter((word) => word !== '');
  } catch {
    return [];
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return existsSync(join(folder, 'cgroup.procs'));
  } catch {
    return false;
  }
}
