// Starts runtimes: our own, booted empty and told their function later, or any program with a bootstrap.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { FunctionUnavailable } from '../../base/function-runner.ts';
import type { CodeTree } from '../code/code-trees.ts';
import type { Extensions } from '../runtime-api/extensions-api.ts';
import type { ControlGroups } from '../isolation/control-groups.ts';
import { findBootstrap, foreignCommand } from './foreign-command.ts';
import { type Guest, startGuest } from './guest.ts';
import type { EnvironmentNetwork, HostLayout, InnerLayout, Isolation } from '../isolation/isolation.ts';
import type { LogChannels } from '../logs/log-channel.ts';
import { openRuntimeApi, type RuntimeApi } from '../runtime-api/runtime-api.ts';
import { ForkOrders, type SideApi } from '../runtime-api/supervision.ts';
import type { Runtime } from './runtime.ts';
import type { Watchdog } from '../isolation/watchdog.ts';
import { createZygote, type Zygote } from './zygote.ts';

export interface LauncherSettings {
  readonly isolation: Isolation;
  readonly channels: LogChannels;
  /** Undefined: environments are not bounded by control groups. */
  readonly groups: ControlGroups | undefined;
  readonly watchdog: Watchdog;
  /** A new, empty place for an environment's private files. Not created yet. */
  readonly newFolder: () => string;
  /** Short: socket paths may have 107 bytes. */
  readonly newSocketPath: () => string;
  /** As short, and not created yet either. */
  readonly newForkFolder: () => string;
  /** For compiled Python modules, shared by all environments. */
  readonly bytecodeFolder: string;
  readonly provided: (runtime: Runtime) => Promise<ProvidedModules>;
}

export interface ProvidedModules {
  readonly folder: string | undefined;
  readonly sources: readonly string[];
}

export interface BootRequest {
  readonly runtime: Runtime;
  readonly memoryMb: number;
  readonly ephemeralStorageMb: number;
  /** Undefined: booted ahead, for a function not known yet. */
  readonly tree?: CodeTree;
  /** Packages of the provided SDK to load while booting. */
  readonly preload?: readonly string[];
  /** Present: the environment has them, and the Runtime API is on TCP, where they look for it. */
  readonly extensions?: Extensions | undefined;
  /**
   * Environments are forked from it: as they are before they have a function, or with the function
   * that it was given and has initialised.
   */
  readonly forks?: 'empty' | 'initialised';
  /** Makes the environment the process starts with; without it a bare one. */
  readonly complete?: (inner: InnerLayout, runtimeApi: string) => Record<string, string>;
}

/** What a program that is not ours is started with. */
interface ForeignRequest extends BootRequest {
  readonly tree: CodeTree;
  /** Undefined: `bootstrap` of the function or of a layer. */
  readonly command: readonly string[] | undefined;
  readonly handler: string;
  readonly complete: (inner: InnerLayout, runtimeApi: string) => Record<string, string>;
}

export interface Launcher {
  readonly isolation: Isolation;
  /** Boots one of our own runtimes; it waits for its assignment. */
  boot(request: BootRequest): Promise<Guest>;
  /** Boots one that environments can be forked from, once it is ready. */
  bootZygote(request: BootRequest & Required<Pick<BootRequest, 'forks'>>): Promise<Zygote>;
  /** Starts somebody else's runtime, with its whole environment, over TCP. */
  bootForeign(request: ForeignRequest): Promise<Guest>;
}

const BARE_ENVIRONMENT: Record<string, string> = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  LANG: 'en_US.UTF-8',
  TZ: ':UTC',
};

export function createLauncher(settings: LauncherSettings): Launcher {
  const { isolation, channels, watchdog } = settings;

  async function prepare(
    request: BootRequest,
    api: RuntimeApi,
    network: EnvironmentNetwork | undefined,
  ): Promise<HostLayout> {
    const folder = settings.newFolder();
    mkdirSync(join(folder, 'tmp'), { recursive: true });
    const forkFolder = request.forks === undefined ? undefined : settings.newForkFolder();
    if (forkFolder !== undefined) mkdirSync(forkFolder);
    const provided = await settings.provided(request.runtime);
    const group = settings.groups?.create();
    group?.limitMemory(request.memoryMb, request.ephemeralStorageMb);
    return {
      runtime: request.runtime,
      tree: request.tree,
      folder,
      ephemeralStorageMb: request.ephemeralStorageMb,
      socketPath: api.address.startsWith('/') ? api.address : undefined,
      providedFolder: provided.folder,
      providedSources: provided.sources,
      bytecodeFolder: settings.bytecodeFolder,
      group,
      network,
      ...(forkFolder === undefined ? {} : { forkFolder }),
    };
  }

  async function bootOwn(request: BootRequest, side?: SideApi): Promise<Guest> {
    const { extensions } = request;
    const [network, channel] = await Promise.all([
      isolation.openNetwork({ runtimeApi: extensions !== undefined }),
      channels.open(),
    ]);
    const place = extensions === undefined ? settings.newSocketPath() : network?.runtimeApi;
    const api = await openRuntimeApi(place, extensions, side);
    const layout = await prepare(request, api, network);
    const inner = isolation.inner(layout);
    const address = inner.socketPath ?? api.address;
    const env = request.complete?.(inner, address) ?? BARE_ENVIRONMENT;
    const executable = isolation.executable(request.runtime);
    const own = wrap(ownRuntime(request, executable, inner, address), env, inner);
    const argv = withPrograms(own, request, inner);
    return startGuest({ argv, env, layout, isolation, api, channel, watchdog });
  }

  return {
    isolation,
    boot: (request) => bootOwn(request),
    async bootZygote(request) {
      const orders = new ForkOrders();
      const guest = await bootOwn(request, orders);
      orders.onReady = () => guest.api.events.ready();
      return createZygote({ guest, orders, isolation, channels, watchdog, groups: settings.groups });
    },
    async bootForeign(request) {
      // Before anything is opened for it.
      if (request.command === undefined && request.runtime.family === 'provided') findBootstrap(request.tree);
      const [network, channel] = await Promise.all([
        isolation.openNetwork({ runtimeApi: true }),
        channels.open(),
      ]);
      const api = await openRuntimeApi(network?.runtimeApi, request.extensions);
      const layout = await prepare(request, api, network);
      const inner = isolation.inner(layout);
      const env = { ...request.complete(inner, api.address), _LAMBDA_TELEMETRY_LOG_FD: '3' };
      const executable = isolation.executable(request.runtime);
      const program = request.command ? [...request.command, request.handler] : foreignCommand({ ...request, executable, inner });
      const argv = withPrograms(wrap(program, env, inner), request, inner);
      return startGuest({ argv, env, layout, isolation, api, channel, watchdog });
    },
  };
}

function ownRuntime(
  request: BootRequest,
  executable: string,
  inner: InnerLayout,
  address: string,
): string[] {
  const { runtime, memoryMb } = request;
  const names = inner.providedFolder === undefined ? [] : (request.preload ?? []);
  const preload = names.map((name) => join(inner.providedFolder ?? '', name)).join(':');
  switch (runtime.family) {
    case 'nodejs':
      return [
        executable,
        ...heapFlags(memoryMb),
        join(inner.guestFolder, 'node-runtime.cjs'),
        address,
        preload,
      ];
    case 'python':
      // -S: the machine's site-packages are not the function's. The provided SDK is on PYTHONPATH.
      return [
        executable,
        '-S',
        '-u',
        ...(inner.bytecodeFolder === undefined
          ? ['-B']
          : ['-X', `pycache_prefix=${inner.bytecodeFolder}`]),
        join(inner.guestFolder, 'cloudlet_runtime.py'),
        address,
        preload,
        request.forks === 'empty' ? 'zygote' : '',
      ];
    case 'java':
    case 'ruby':
    case 'dotnet':
    case 'go':
    case 'provided':
      throw new FunctionUnavailable('InvalidRuntimeException', `${runtime.id} has no runtime of ours`);
  }
}

/*
 * Starts the programs in /opt/extensions beside the runtime. What they write goes to descriptor 5;
 * how each ended is a line on descriptor 4.
 */
const START_PROGRAMS = `
for program in "$1"/*; do
  if [ -f "$program" ] && [ -x "$program" ]; then
    ( "$program" >&5 2>&5 3>&- 4>&- 5>&-; echo "$? \${program##*/}" >&4 ) &
  fi
done
shift
exec 4>&- 5>&-
exec "$@"
`;

function withPrograms(argv: string[], request: BootRequest, inner: InnerLayout): string[] {
  if (request.extensions === undefined || request.extensions.programs.length === 0) return argv;
  return ['/bin/sh', '-c', START_PROGRAMS, 'sh', join(inner.tree.layerRoot, 'extensions'), ...argv];
}

/** AWS: a script that starts the runtime. docs.aws.amazon.com/lambda/latest/dg/runtimes-modify.html */
function wrap(argv: string[], env: Record<string, string>, inner: InnerLayout): string[] {
  const wrapper = env['AWS_LAMBDA_EXEC_WRAPPER'];
  if (wrapper === undefined || wrapper === '') return argv;
  const path = wrapper
    .replace(/^\/opt\//, `${inner.tree.layerRoot}/`)
    .replace(/^\/var\/task\//, `${inner.tree.taskRoot}/`);
  return [path, ...argv];
}

/** AWS: the Node.js bootstrap gives 90 % of the memory to the old space, half of the rest to semi-spaces. */
function heapFlags(memoryMb: number): string[] {
  const newSpaceMb = Math.floor(memoryMb / 10);
  return [
    `--max-semi-space-size=${Math.max(1, Math.floor(newSpaceMb / 2))}`,
    `--max-old-space-size=${memoryMb - newSpaceMb}`,
  ];
}

