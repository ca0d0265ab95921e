// The sandbox driver: bubblewrap namespaces with nothing of the machine but what the function needs.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import {
  GUEST_FOLDER,
  type HostLayout,
  type InnerLayout,
  type Isolation,
} from './isolation.ts';
import { type AgentFolders, type MountAgent, startMountAgent } from './mount-agent.ts';
import { MAX_PROCESSES } from './control-groups.ts';
import type { Runtime } from '../runtimes/runtimes.ts';

const TASK = '/var/task';
const LAYERS = '/opt';
const RUNTIME = '/var/runtime';
const PROVIDED = '/var/runtime/provided';
const SOCKET = '/var/runtime/api.sock';
const LANGUAGE = '/var/lang';
const PRLIMIT = '/usr/bin/prlimit';
const MAX_FILES = 1024;

/** What programs expect below /etc: names, certificates, the linker's cache. No host secrets. */
const ETC = [
  'alternatives', 'ca-certificates', 'ca-certificates.conf', 'gai.conf', 'host.conf', 'hosts',
  'ld.so.cache', 'ld.so.conf', 'ld.so.conf.d', 'localtime', 'mime.types', 'nsswitch.conf',
  'pki', 'protocols', 'resolv.conf', 'services', 'ssl',
].map((name) => `/etc/${name}`);
const KERNEL_SETTINGS = ['sys', 'sysrq-trigger', 'irq', 'bus', 'fs', 'acpi'].map((name) => `/proc/${name}`);
const SYSTEM_FOLDERS = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];

/** AWS: the ids functions run as (sbx_user1051). */
const USER_ID = '993';
const GROUP_ID = '990';

function createSandboxIsolation(bubblewrap: string, folders: AgentFolders): Isolation {
  let starting: Promise<MountAgent | undefined> | undefined;
  let agent: MountAgent | undefined;
  let closed = false;

  async function openAgent(): Promise<MountAgent | undefined> {
    agent = await startMountAgent(folders);
    if (closed) agent?.close();
    return agent;
  }

  return {
    name: 'sandbox',
    canBootAhead: async () => !closed && (await (starting ??= openAgent())) !== undefined,
    async attach({ folder, tree: own }, tree) {
      if (own === undefined) await agent?.attach(folder, tree);
    },
    boundsStorage: true,
    inner,
    launch(argv, layout) {
      const command = [bubblewrap, ...sandboxArguments(layout), '--', ...limits(layout), ...argv];
      if (layout.tree === undefined) command.unshift(...(agent?.enter ?? []));
      const [file = '', ...args] = command;
      return { file, args, workingDirectory: '/' };
    },
    close() {
      closed = true;
      agent?.close();
    },
    executable: (runtime) => languageOf(runtime).executable,
    functionPid: findFunctionPid,
    // bubblewrap reports a signal as a shell does.
    signalOf: (code) => (code > 128 ? SIGNALS[code - 128] : undefined),
  };
}

const SIGNALS: Readonly<Record<number, string>> = {
  1: 'SIGHUP', 2: 'SIGINT', 3: 'SIGQUIT', 4: 'SIGILL', 5: 'SIGTRAP', 6: 'SIGABRT', 7: 'SIGBUS',
  8: 'SIGFPE', 9: 'SIGKILL', 11: 'SIGSEGV', 13: 'SIGPIPE', 14: 'SIGALRM', 15: 'SIGTERM',
};

/** Where bubblewrap is and that it works here; undefined with the reason told when it does not. */
export async function findSandbox(
  folders: AgentFolders,
  tell: (reason: string) => void,
): Promise<Isolation | undefined> {
  const places = (process.env['PATH'] ?? '').split(':').map((folder) => join(folder, 'bwrap'));
  const bubblewrap = places.find((path) => existsSync(path));
  if (bubblewrap === undefined) {
    tell('bubblewrap (bwrap) is not installed');
    return undefined;
  }
  const failure = await tryOut(bubblewrap);
  if (failure !== undefined) {
    tell(`bubblewrap does not work here: ${failure}`);
    return undefined;
  }
  return createSandboxIsolation(bubblewrap, folders);
}

function tryOut(bubblewrap: string): Promise<string | undefined> {
  const args = [...namespaces(), ...systemMounts(), '--tmpfs', '/tmp', '/bin/sh', '-c', 'exit 0'];
  return new Promise((resolve) => {
    execFile(bubblewrap, args, { timeout: 5000, env: {} }, (error, _out, stderr) => {
      resolve(error === null ? undefined : stderr.trim() || error.message);
    });
  });
}

function inner(layout: HostLayout): InnerLayout {
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

function sandboxArguments(layout: HostLayout): string[] {
  const { tree, socketPath, providedFolder } = layout;
  const sizeBytes = layout.ephemeralStorageMb * 2 ** 20;
  const args = [
    ...namespaces(),
    ...systemMounts(),
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
  if (providedFolder !== undefined) {
    args.push('--ro-bind', providedFolder, PROVIDED);
    // Packages are looked for in the folders above /var/task too: layers', then the provided ones.
    if (layout.runtime.family === 'nodejs') {
      args.push('--symlink', '/opt/nodejs/node_modules', '/var/node_modules');
      args.push('--symlink', PROVIDED, '/node_modules');
    }
    for (const source of layout.providedSources) {
      if (!source.startsWith('/usr/')) args.push('--ro-bind-try', source, source);
    }
  }
  // The root itself is a tmpfs of the sandbox: nothing is left to be written there.
  args.push('--remount-ro', '/', '--chdir', tree === undefined ? '/' : TASK);
  return args;
}

/** AWS: 1,024 open files, and as many processes and threads. gettingstarted-limits.html */
function limits({ group }: HostLayout): string[] {
  if (!existsSync(PRLIMIT)) return [];
  const args = [PRLIMIT, `--nofile=${MAX_FILES}:${MAX_FILES}`, '--core=0:0'];
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

function systemMounts(): string[] {
  const mounts = ['--ro-bind', '/usr', '/usr', '--proc', '/proc', '--dev', '/dev'];
  for (const folder of SYSTEM_FOLDERS) {
    if (!existsSync(folder)) continue;
    const target = linkTarget(folder);
    if (target === undefined) mounts.push('--ro-bind', folder, folder);
    else mounts.push('--symlink', target, folder);
  }
  // An engine started by root has mapped root into the sandbox: kernel settings would obey it.
  for (const path of KERNEL_SETTINGS) mounts.push('--ro-bind-try', path, path);
  for (const path of ETC) mounts.push('--ro-bind-try', path, path);
  // Without an entry for its user a program has no home, and the AWS SDK fails on looking for one.
  for (const name of ['passwd', 'group']) {
    mounts.push('--ro-bind', join(GUEST_FOLDER, 'etc', name), `/etc/${name}`);
  }
  return mounts;
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** The interpreter's own folder, seen at the same place unless a function's mounts are there. */
function languageOf(runtime: Runtime): { executable: string; mounts: string[] } {
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

/** The function's process as the machine numbers it: below bubblewrap and its init. */
function findFunctionPid(pid: number): number | undefined {
  const init = firstChild(pid);
  return init === undefined ? undefined : firstChild(init);
}

function firstChild(pid: number): number | undefined {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
    return children === '' ? undefined : Number(children.split(' ')[0]);
  } catch {
    return undefined;
  }
}
