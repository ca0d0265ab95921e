// What a sandboxed function sees of the machine: bubblewrap's arguments for namespaces, files and limits.
import { existsSync, mkdirSync, readlinkSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Runtime } from '../runtimes/runtime.ts';
import { MAX_PROCESSES } from './control-groups.ts';
import { type ForkOrder, GUEST_FOLDER, type HostLayout, type InnerLayout } from './isolation.ts';

const TASK = '/var/task';
const LAYERS = '/opt';
const RUNTIME = '/var/runtime';
const PROVIDED = '/var/runtime/provided';
const SOCKET = '/var/runtime/api.sock';
const FORKS = '/var/runtime/fork';
/** Where a sandbox that forks has a /proc that nothing covers. */
export const UNCOVERED_PROC = '/var/runtime/proc';
const LANGUAGE = '/var/lang';
const PRLIMIT = '/usr/bin/prlimit';
const MAX_FILES = 1024;
/** The kernel counts them by user; without a bound of its own one function could take the engine's. */
const MAX_PENDING_SIGNALS = 1024;

/** What programs expect below /etc: certificates, the linker's cache, names of things. No host secrets. */
const ETC = [
  'alternatives', 'ca-certificates', 'ca-certificates.conf', 'gai.conf', 'host.conf', 'ld.so.cache',
  'ld.so.conf', 'ld.so.conf.d', 'localtime', 'mime.types', 'nsswitch.conf', 'pki', 'protocols', 'services', 'ssl',
].map((name) => `/etc/${name}`);
/** Of use only to those who reach the machine's network. */
const ETC_OF_THE_NETWORK = ['/etc/resolv.conf'];
const KERNEL_SETTINGS = ['sys', 'sysrq-trigger', 'irq', 'bus', 'fs', 'acpi'].map((name) => `/proc/${name}`);
/** What these tell is of the machine: its memory, keys, timers, symbols and how it was started. */
const KERNEL_SECRETS = [
  'kcore', 'keys', 'key-users', 'kallsyms', 'timer_list', 'sched_debug', 'slabinfo', 'vmallocinfo', 'interrupts',
  'latency_stats', 'cmdline',
].map((name) => `/proc/${name}`);
const SYSTEM_FOLDERS = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];

/** AWS: the ids functions run as (sbx_user1051). */
const USER_ID = '993';
const GROUP_ID = '990';

export interface SandboxView {
  /** The file that is /etc/hosts inside. */
  readonly hostsFile: string;
  /** Whether functions reach the machine's network. */
  readonly sharesNetwork: boolean;
}

export function innerLayout(layout: HostLayout): InnerLayout {
  return {
    tree: { taskRoot: TASK, layerRoot: LAYERS, hasLayers: layout.tree?.hasLayers ?? false },
    workingDirectory: TASK,
    temporaryFolder: undefined,
    socketPath: layout.socketPath === undefined ? undefined : SOCKET,
    providedFolder: layout.providedFolder === undefined ? undefined : PROVIDED,
    guestFolder: join(RUNTIME, 'guest'),
    bytecodeFolder: undefined,
  };
}

export function sandboxArguments(layout: HostLayout, view: SandboxView): string[] {
  const { tree, socketPath, providedFolder } = layout;
  const sizeBytes = layout.ephemeralStorageMb * 2 ** 20;
  const args = [
    ...namespaces(),
    ...systemMounts(view),
    // Differs: /tmp is in memory, because only so its size can be bounded without privileges.
    '--size',
    String(sizeBytes),
    '--tmpfs',
    '/tmp',
    ...languageOf(layout.runtime).mounts,
    '--ro-bind',
    GUEST_FOLDER,
    join(RUNTIME, 'guest'),
  ];
  // Without a tree yet: two empty folders that the agent covers with the function's.
  const { taskRoot, layerRoot } = tree ?? placeholders(layout.folder);
  args.push('--ro-bind', taskRoot, TASK, '--ro-bind', layerRoot, LAYERS);
  if (socketPath !== undefined) args.push('--ro-bind', socketPath, SOCKET);
  if (layout.forkFolder !== undefined) {
    args.push('--ro-bind', layout.forkFolder, FORKS, '--dir', UNCOVERED_PROC);
  }
  if (providedFolder !== undefined) {
    args.push('--ro-bind', providedFolder, PROVIDED);
    // Packages are looked for in the folders above /var/task too: layers', then the provided ones.
    if (layout.runtime.family === 'nodejs') {
      args.push('--symlink', '/opt/nodejs/node_modules', '/var/node_modules');
      args.push('--symlink', PROVIDED, '/node_modules');
    }
    for (const source of layout.providedSources) args.push(...placeOf(source));
  }
  // AWS: no shared memory in /dev/shm. Here it would be a second /tmp, of no size.
  args.push('--remount-ro', '/dev');
  // The root itself is a tmpfs of the sandbox: nothing is left to be written there.
  args.push('--remount-ro', '/', '--chdir', tree === undefined ? '/' : TASK);
  return args;
}

/** What an environment forked in the sandbox of `zygote` does to be in one of its own. */
export function forkOrder(
  zygote: HostLayout,
  { ephemeralStorageMb }: HostLayout,
  given: { readonly name: string; readonly network: boolean; readonly hasFilter: boolean },
): ForkOrder {
  const { name, network, hasFilter } = given;
  const socket = join(FORKS, `${name}.sock`);
  const walls = {
    sizeBytes: ephemeralStorageMb * 2 ** 20,
    keepsTemporary: zygote.tree !== undefined,
    api: SOCKET,
    network,
    secrets: KERNEL_SECRETS,
    filter: hasFilter ? join(FORKS, 'filter') : undefined,
    binds: [[socket, SOCKET] as const],
    hidden: [FORKS, UNCOVERED_PROC],
  };
  return { socket, log: join(FORKS, `${name}.log`), walls };
}

/** For a first try of what this machine allows. */
export function minimalArguments(): string[] {
  return [...namespaces(), ...systemMounts(undefined), '--tmpfs', '/tmp'];
}

/** AWS: 1,024 open files, and as many processes and threads. gettingstarted-limits.html */
export function limits({ group }: HostLayout): string[] {
  if (!existsSync(PRLIMIT)) return [];
  const args = [
    PRLIMIT,
    `--nofile=${MAX_FILES}:${MAX_FILES}`,
    // One byte, not none: the kernel gives a crash to the machine's handler unless the limit is 1. core(5)
    '--core=1:1',
    `--sigpending=${MAX_PENDING_SIGNALS}:${MAX_PENDING_SIGNALS}`,
  ];
  // Counted per user and namespace: it binds engines that do not run as root, the others have groups.
  if (group?.boundsProcesses !== true) args.push(`--nproc=${MAX_PROCESSES}:${MAX_PROCESSES}`);
  return args;
}

function placeholders(folder: string): { taskRoot: string; layerRoot: string } {
  const places = { taskRoot: join(folder, 'task'), layerRoot: join(folder, 'opt') };
  for (const place of Object.values(places)) mkdirSync(place, { recursive: true });
  return places;
}

function namespaces(): string[] {
  return [
    '--unshare-user',
    '--unshare-pid',
    '--unshare-ipc',
    '--unshare-uts',
    '--unshare-cgroup-try',
    '--uid',
    USER_ID,
    '--gid',
    GROUP_ID,
    '--hostname',
    'localhost',
    '--cap-drop',
    'ALL',
    '--die-with-parent',
  ];
}

function systemMounts(view: SandboxView | undefined): string[] {
  const mounts = ['--ro-bind', '/usr', '/usr', '--proc', '/proc', '--dev', '/dev'];
  for (const folder of SYSTEM_FOLDERS) {
    if (!existsSync(folder)) continue;
    const target = linkTarget(folder);
    if (target === undefined) mounts.push('--ro-bind', folder, folder);
    else mounts.push('--symlink', target, folder);
  }
  // An engine started by root has mapped root into the sandbox: kernel settings would obey it.
  for (const path of KERNEL_SETTINGS) mounts.push('--ro-bind-try', path, path);
  // On a file system without devices /dev/null cannot even be opened.
  for (const path of KERNEL_SECRETS) if (existsSync(path)) mounts.push('--ro-bind', '/dev/null', path);
  const etc = view?.sharesNetwork === false ? ETC : [...ETC, ...ETC_OF_THE_NETWORK];
  for (const path of etc) mounts.push('--ro-bind-try', path, path);
  if (view !== undefined) mounts.push('--ro-bind', view.hostsFile, '/etc/hosts');
  // Without an entry for its user a program has no home, and the AWS SDK fails on looking for one.
  for (const name of ['passwd', 'group']) {
    mounts.push('--ro-bind', join(GUEST_FOLDER, 'etc', name), `/etc/${name}`);
  }
  return mounts;
}

/** What lies below /usr is there already; a link stays one, for what it leads to comes too. */
function placeOf(path: string): string[] {
  if (path.startsWith('/usr/')) return [];
  const target = linkTarget(path);
  return target === undefined ? ['--ro-bind-try', path, path] : ['--symlink', target, path];
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** The interpreter's own folder, seen at the same place unless a function's mounts are there. */
export function languageOf(runtime: Runtime): { executable: string; mounts: string[] } {
  if (runtime.executable === '') return { executable: '', mounts: [] };
  const real = realpathSync(runtime.executable);
  const prefix = join(real, '..', '..');
  if (prefix === '/usr' || prefix.startsWith('/usr/')) return { executable: real, mounts: [] };
  const place = prefix.startsWith('/opt/') || prefix.startsWith('/var/') ? LANGUAGE : prefix;
  return {
    executable: join(place, real.slice(prefix.length)),
    mounts: ['--ro-bind', prefix, place],
  };
}
