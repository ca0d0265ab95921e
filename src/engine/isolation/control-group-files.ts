// Where this process may make control groups, and what their files are called: version 1 and version 2.
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

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
    const own = join(mount.point, below).replace(/\/$/, '');
    // An engine before us in this process, or in this scope, has made room already.
    const parent = mount.version === 2 && basename(own) === OWN_CHILD ? dirname(own) : own;
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
 * us alone (`systemd-run --user --scope -p Delegate=yes`): then its processes move into a child.
 */
function delegated(parent: string, wanted: readonly Controller[]): Controller[] {
  if (!isWritable(parent)) return [];
  const enabled = words(join(parent, 'cgroup.subtree_control'));
  const ready = wanted.filter((name) => enabled.includes(name));
  const available = words(join(parent, 'cgroup.controllers'));
  const possible = wanted.filter((name) => available.includes(name));
  if (ready.length === possible.length) return ready;
  if (!isOurs(parent)) return ready;
  try {
    makeRoom(parent);
    writeFileSync(join(parent, 'cgroup.subtree_control'), possible.map((name) => `+${name}`).join(' '));
    return possible;
  } catch {
    return ready;
  }
}

/** The root may have both; a scope that systemd-run made holds what was started by it, such as npx and us. */
function isOurs(parent: string): boolean {
  const isAlone = words(join(parent, 'cgroup.procs')).every((pid) => pid === String(process.pid));
  return isAlone || isRoot(parent) || RUN_SCOPE.test(parent);
}

/** Where our own processes go, for those of functions to have groups beside it. */
const OWN_CHILD = 'cloudlet';
const RUN_SCOPE = /\/run-[^/]*\.scope$/;

/** Only the root has no type. */
function isRoot(parent: string): boolean {
  return existsSync(join(parent, 'cgroup.controllers')) && !existsSync(join(parent, 'cgroup.type'));
}

function makeRoom(parent: string): void {
  if (isRoot(parent)) return;
  const child = join(parent, OWN_CHILD);
  mkdirSync(child, { recursive: true });
  for (const pid of words(join(parent, 'cgroup.procs'))) {
    try {
      writeFileSync(join(child, 'cgroup.procs'), pid);
    } catch (error) {
      // It has ended meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** Why these cannot be bounded here, and what helps. */
export function explainMissing({ mounts, membership }: KernelView, missing: readonly Controller[]): string {
  const names = missing.map((name) => NAMES[name]).join(', ');
  const first = `limits on ${names}, for want of control groups`;
  const own = /^0::(\/.*)$/m.exec(membership)?.[1];
  const mount = mounts.split('\n').flatMap(parseMount).find(({ version }) => version === 2);
  const bySystemd = existsSync('/run/systemd/system');
  const offered = mount === undefined ? [] : words(join(mount.point, 'cgroup.controllers'));
  if (mount === undefined || own === undefined || !missing.some((name) => offered.includes(name))) {
    return `${first}: this machine has version 1 of them, which root alone may use`;
  }
  const group = join(mount.point, own);
  const lacking = missing.filter((name) => !words(join(group, 'cgroup.controllers')).includes(name));
  if (bySystemd && isWritable(group) && lacking.length > 0) {
    return (
      `${first}: systemd hands down no ${lacking.join(', ')} to users; put "[Service]\\nDelegate=cpu memory pids" ` +
      'into /etc/systemd/system/user@.service.d/delegate.conf, run systemctl daemon-reload, and log in again'
    );
  }
  if (bySystemd) {
    const user = process.getuid?.() === 0 ? '' : '--user ';
    return `${first}: start by \`systemd-run ${user}--scope -p Delegate=yes cloudlet …\`, or with Delegate=yes in its unit`;
  }
  return `${first}: give this process a group that it may write (${group}) and has to itself`;
}

const NAMES = { memory: 'memory', pids: 'processes', cpu: 'the processor' } as const;

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
