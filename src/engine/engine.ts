// The engine: runs functions in execution environments. Knows definitions and archives, no AWS API.
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir, totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import {
  type FunctionDefinition,
  type FunctionRunner,
  FunctionUnavailable,
  type LogSink,
} from '../base/function-runner.ts';
import type { Random } from '../base/random.ts';
import { inspectArchive } from './code/archive.ts';
import { chooseCodeFolder } from './code/code-folder.ts';
import { type CodeTree, createCodeTrees, type CodeTrees } from './code/code-trees.ts';
import { CONTROLLERS, readKernelView } from './isolation/control-group-files.ts';
import { type ControlGroups, openControlGroups } from './isolation/control-groups.ts';
import { buildEnvironment, needsEnvironmentAtStart } from './environment-variables.ts';
import { ExecutionEnvironment } from './execution-environment.ts';
import { Extensions } from './runtime-api/extensions-api.ts';
import type { Guest } from './runtimes/guest.ts';
import { type InnerLayout, type Isolation, processIsolation } from './isolation/isolation.ts';
import {
  type BootRequest,
  createLauncher,
  type Launcher,
  type ProvidedModules,
} from './runtimes/launcher.ts';
import { createLogChannels } from './logs/log-channel.ts';
import type { AgentFolders } from './isolation/mount-agent.ts';
import { providedPackageOf } from './code/python-sdk.ts';
import { findNodeModules, linkNodeModules, linkPythonPackages } from './code/provided-modules.ts';
import { type EnvironmentEvents, Router } from './router.ts';
import { findSandbox } from './isolation/sandbox-isolation.ts';
import { createRuntimeFinder, type Runtime, type RuntimeFinder } from './runtimes/runtimes.ts';
import { createStandbyPool, type StandbyPool } from './runtimes/standby-pool.ts';
import { createStreamLog } from './logs/stream-log.ts';
import { createTelemetry } from './runtime-api/telemetry.ts';
import { createWatchdog } from './isolation/watchdog.ts';

export interface EngineOptions {
  /** Unpacked code (kept, for the next start) and files of running environments. Created on use. */
  readonly workDir: string;
  readonly logs: LogSink;
  /** Present: the cloud's time is virtual, and functions must see it. */
  readonly cloudNowMs?: () => number;
  /** The cloud's address, for AWS_ENDPOINT_URL. */
  readonly endpoint: () => string;
  readonly random: Random;
  /** Default `auto`: the strongest that works here. */
  readonly isolation?: 'auto' | 'process' | 'sandbox';
  /** Most environments at a time. Default: by memory, at most 1,000. */
  readonly maxConcurrency?: number;
  /** An environment unused for so long ends. Default 5 minutes. */
  readonly idleTimeoutMs?: number;
  /** What the operator should know, e.g. that another version runs a runtime. */
  readonly onNotice?: (message: string) => void;
  /** Told of every delivery of log lines under way, so that a cloud knows when it is quiet. */
  readonly track?: (work: Promise<unknown>) => void;
  /** node_modules folders with the SDK that nodejs* provides. Default: those above the working directory. */
  readonly providedModules?: readonly string[];
  /** Runtimes kept booted ahead per kind, from its first use on. Default 2; 0 with a virtual clock. */
  readonly standbySize?: number;
  /** Handlers get the processor by memory, 1769 MB for one vCPU, where control groups can. Default true. */
  readonly cpuByMemory?: boolean;
  /** Node.js executables by major version, before those this machine is searched for. */
  readonly nodeExecutables?: Readonly<Record<string, string>>;
  /**
   * Commands that run a runtime instead of our own client, e.g.
   * `{ 'python3.12': ['python3.12', '-m', 'awslambdaric'] }`. The handler is their last argument.
   */
  readonly runtimeClients?: Readonly<Record<string, readonly string[]>>;
}

/** Costs nothing until the first invocation: no file, no process. */
export function createEngine(options: EngineOptions): FunctionRunner {
  const onNotice = options.onNotice ?? (() => {});
  let parts: Promise<EngineParts> | undefined;
  const open = (): Promise<EngineParts> => {
    if (parts === undefined) {
      parts = openParts(options, onNotice);
      // What is missing may be installed meanwhile.
      parts.catch(() => (parts = undefined));
    }
    return parts;
  };
  const router = new Router({
    maxConcurrency: options.maxConcurrency ?? defaultConcurrency(),
    idleTimeoutMs: options.idleTimeoutMs ?? 300_000,
    create: (definition, events) => createEnvironment(options, open, definition, events),
  });

  return {
    inspectArchive,
    invoke: (definition, invocation) => router.invoke(definition, invocation),
    async retire(key) {
      router.retire(key);
    },
    async close() {
      await router.close();
      await (await parts?.catch(() => undefined))?.close();
    },
  };
}

/** An idle Node.js takes about 40 MB resident, a part of it shared. */
function defaultConcurrency(): number {
  return Math.min(1000, Math.max(16, Math.floor(totalmem() / 2 ** 26)));
}

interface EngineParts {
  readonly runtimes: RuntimeFinder;
  readonly trees: CodeTrees;
  readonly launcher: Launcher;
  readonly standby: StandbyPool;
  /** Packages of the provided SDK that a function was seen to load, by its ARN. */
  readonly preloads: Map<string, readonly string[]>;
  close(): Promise<void>;
}

async function openParts(
  options: EngineOptions,
  onNotice: (message: string) => void,
): Promise<EngineParts> {
  const workDir = resolve(options.workDir);
  const run = join(workDir, 'run', `${process.pid}-${randomBytes(4).toString('hex')}`);
  const folders = { run, trees: join(workDir, 'code') };
  const isolation = await chooseIsolation(options.isolation ?? 'auto', folders, onNotice);
  const sockets = openRunFolder(run);
  const treesFolder = openTreesFolder(workDir, isolation, onNotice);
  const groups = isolation.name === 'sandbox' ? openGroups(onNotice) : undefined;
  const watchdog = createWatchdog();
  let environments = 0;
  let socketCount = 0;
  const launcher = createLauncher({
    isolation,
    channels: createLogChannels(join(run, 'logs')),
    groups,
    watchdog,
    newFolder: () => join(run, `env-${(environments += 1)}`),
    newSocketPath: () => join(sockets, `${(socketCount += 1)}`),
    bytecodeFolder: join(treesFolder, 'bytecode'),
    provided: createProvider(options, treesFolder),
  });
  const standby = createStandbyPool(
    launcher,
    options.standbySize ?? (options.cloudNowMs === undefined ? 2 : 0),
  );
  return {
    runtimes: createRuntimeFinder(onNotice, options.nodeExecutables ?? {}),
    trees: createCodeTrees(treesFolder),
    launcher,
    standby,
    preloads: new Map(),
    async close() {
      await standby.close();
      watchdog.close();
      isolation.close();
      await groups?.close();
      await Promise.all([
        rm(run, { recursive: true, force: true }),
        rm(sockets, { recursive: true, force: true }),
      ]);
    },
  };
}

/** `auto` takes what there is and says so; a sandbox asked for by name is never silently left out. */
async function chooseIsolation(
  wanted: 'auto' | 'process' | 'sandbox',
  folders: AgentFolders,
  onNotice: (message: string) => void,
): Promise<Isolation> {
  if (wanted === 'process') return processIsolation;
  let missing = '';
  const sandbox = await findSandbox(folders, (reason) => (missing = reason));
  if (sandbox !== undefined) {
    if (wanted === 'auto') onNotice('functions run in the sandbox (bubblewrap)');
    return sandbox;
  }
  if (wanted === 'sandbox') {
    const text = `functions cannot be sandboxed: ${missing}`;
    onNotice(text);
    throw new FunctionUnavailable('SandboxUnavailable', text);
  }
  onNotice(`functions run as plain processes, without a sandbox: ${missing}`);
  return processIsolation;
}

function openGroups(onNotice: (message: string) => void): ControlGroups | undefined {
  const groups = process.platform === 'linux' ? openControlGroups(readKernelView()) : undefined;
  const missing = groups === undefined ? CONTROLLERS : groups.missing;
  if (missing.length > 0) {
    onNotice(
      `functions share ${missing.map((name) => SHARED[name]).join(', ')} without limits of their own: no control groups ` +
        'can be made here. Start cloudlet by `systemd-run --user --scope -p Delegate=yes`, or as root',
    );
  }
  return groups;
}

const SHARED = { memory: "the machine's memory", pids: 'process ids', cpu: 'the processors' } as const;

/** In the sandbox code is seen at /var/task, wherever it lies. */
function openTreesFolder(
  workDir: string,
  isolation: Isolation,
  onNotice: (message: string) => void,
): string {
  if (isolation.name === 'sandbox') return join(workDir, 'code');
  const { path, leaks } = chooseCodeFolder(workDir);
  if (leaks.length > 0) {
    onNotice(`functions can load packages that they do not bring, from ${leaks.join(' and ')}`);
  }
  return path;
}

/**
 * Makes the folder, removes those of engines that are gone, and returns where sockets go: their paths
 * hold 107 bytes, so that deep work directories get a short folder for them.
 */
function openRunFolder(folder: string): string {
  const runs = dirname(folder);
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(runs)) {
    if (!isAlive(Number.parseInt(name, 10))) rmSync(join(runs, name), { recursive: true, force: true });
  }
  return Buffer.byteLength(folder) < 90 ? folder : mkdtempSync(join(tmpdir(), 'cloudlet-'));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The provided SDK, linked on the first use of a family. */
function createProvider(
  options: EngineOptions,
  treesFolder: string,
): (runtime: Runtime) => Promise<ProvidedModules> {
  const linked = new Map<string, Promise<ProvidedModules>>();

  async function link(runtime: Runtime): Promise<ProvidedModules> {
    if (runtime.family === 'nodejs') {
      const sources = options.providedModules ?? findNodeModules(process.cwd());
      // Above all code trees: where imports of ES modules end up in the end.
      const folder = join(treesFolder, 'node_modules');
      await linkNodeModules(folder, sources);
      return { folder, sources };
    }
    if (runtime.family === 'python') {
      const folder = join(treesFolder, `python${runtime.actualVersion}`);
      await linkPythonPackages(folder, runtime.sitePackages);
      return { folder, sources: runtime.sitePackages };
    }
    return { folder: undefined, sources: [] };
  }

  return (runtime) => {
    const key = `${runtime.family}${runtime.actualVersion}`;
    let provided = linked.get(key);
    if (provided === undefined) {
      provided = link(runtime);
      linked.set(key, provided);
    }
    return provided;
  };
}

function createEnvironment(
  options: EngineOptions,
  open: () => Promise<EngineParts>,
  definition: FunctionDefinition,
  events: EnvironmentEvents,
): ExecutionEnvironment {
  const nowMs = options.cloudNowMs ?? Date.now;
  const streamName = logStreamName(nowMs(), definition.version, options.random);
  const family = /^[a-z]+/.exec(definition.runtime)?.[0] ?? '';
  const isForeign = family === 'provided' || options.runtimeClients?.[definition.runtime] !== undefined;
  return new ExecutionEnvironment({
    definition,
    log: createStreamLog({
      definition,
      streamName,
      sink: options.logs,
      nowMs,
      track: options.track ?? ((work) => void work.catch(() => {})),
    }),
    runtimeVersion: describeRuntime(definition),
    boundsCpu: options.cpuByMemory ?? true,
    usesCloudTime: options.cloudNowMs !== undefined && !isForeign,
    nowMs,
    startRuntime: async () => startRuntime(options, await open(), definition, streamName),
    ...events,
  });
}

async function startRuntime(
  options: EngineOptions,
  parts: EngineParts,
  definition: FunctionDefinition,
  logStreamName: string,
): Promise<Guest> {
  const [runtime, tree] = await Promise.all([
    parts.runtimes.find(definition.runtime),
    parts.trees.prepare(definition),
  ]);
  const { launcher } = parts;
  const { memoryMb, ephemeralStorageMb, handler } = definition;
  const settings = { definition, runtime, logStreamName, endpoint: options.endpoint() };
  const command = options.runtimeClients?.[definition.runtime];
  const programs = listPrograms(join(tree.layerRoot, 'extensions'));
  const newExtensions = (): Extensions =>
    new Extensions({
      programs,
      functionName: definition.name,
      functionVersion: definition.version,
      handler,
      account: definition.account,
      telemetry: createTelemetry(options.cloudNowMs ?? Date.now),
    });
  const complete = (inner: InnerLayout, runtimeApi: string): Record<string, string> =>
    buildEnvironment({ ...settings, ...inner, runtimeApi });
  if (runtime.family === 'provided' || command !== undefined) {
    return launcher.bootForeign({
      runtime,
      memoryMb,
      ephemeralStorageMb,
      tree,
      command,
      handler,
      complete,
      extensions: newExtensions(),
    });
  }
  // A wrapper script may start an extension of its own, inside the runtime.
  const hasExtensions = programs.length > 0 || 'AWS_LAMBDA_EXEC_WRAPPER' in definition.environment;
  const atStart = {
    ...(hasExtensions || needsEnvironmentAtStart(definition, tree) ? { complete } : {}),
    ...(hasExtensions ? { extensions: newExtensions() } : {}),
  };
  const preload = bringsOwnSdk(tree, runtime) ? [] : (parts.preloads.get(definition.arn) ?? []);
  const request = { runtime, memoryMb, ephemeralStorageMb, tree, preload, ...atStart };
  const guest = await attachCode(await parts.standby.take(request), request, launcher);
  guest.layout.group?.limitMemory(memoryMb, ephemeralStorageMb);
  const inner = launcher.isolation.inner({ ...guest.layout, tree });
  const runtimeApi = inner.socketPath ?? guest.api.address;
  // Under a virtual clock modules loaded before the clock is in place would keep the real one.
  if (options.cloudNowMs === undefined) {
    guest.api.onLoaded = (packages) => parts.preloads.set(definition.arn, packages);
  }
  guest.api.assign({
    env: complete(inner, runtimeApi),
    providedFolder: inner.providedFolder,
    workingDirectory: inner.workingDirectory,
    nowMs: options.cloudNowMs?.(),
    // Outside of the sandbox only: what one function writes there another must not load.
    compileCache: launcher.isolation.name === 'process' ? `${tree.taskRoot}-cache` : undefined,
    codePath: pythonPath(inner.tree, runtime, inner.providedFolder),
  });
  return guest;
}

/** The programs that are external extensions. */
function listPrograms(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => {
    const info = statSync(join(folder, name), { throwIfNoEntry: false });
    return info?.isFile() === true && (info.mode & 0o111) !== 0;
  });
}

/** Python finds modules by name: one loaded before the code is there would hide the code's own. */
function bringsOwnSdk(tree: CodeTree, runtime: Runtime): boolean {
  if (runtime.family !== 'python') return false;
  const { first } = pythonPath(tree, runtime, undefined);
  return first.some((folder) => {
    try {
      return readdirSync(folder).some((name) => providedPackageOf(name) !== undefined);
    } catch {
      return false;
    }
  });
}

/** One booted ahead that cannot be given its code is replaced. */
async function attachCode(
  guest: Guest,
  request: BootRequest & { readonly tree: CodeTree },
  launcher: Launcher,
): Promise<Guest> {
  try {
    await launcher.isolation.attach(guest.layout, request.tree);
    return guest;
  } catch {
    guest.kill();
    return launcher.boot(request);
  }
}

/** AWS: the function's code first, then layers; the provided SDK last. */
function pythonPath(
  tree: { readonly taskRoot: string; readonly layerRoot: string },
  runtime: Runtime,
  providedFolder: string | undefined,
): { first: string[]; last: string[] } {
  const layer = join(tree.layerRoot, 'python');
  return {
    first: [tree.taskRoot, join(layer, 'lib', `python${runtime.version}`, 'site-packages'), layer],
    last: providedFolder === undefined ? [] : [providedFolder],
  };
}

/** AWS: `2026/11/21/[$LATEST]` and 32 hex digits. */
function logStreamName(nowMs: number, version: string, random: Random): string {
  const day = new Date(nowMs).toISOString().slice(0, 10).replaceAll('-', '/');
  return `${day}/[${version}]${Buffer.from(random.bytes(16)).toString('hex')}`;
}

/** The runtime as INIT_START names it: the identifier asked for, not what runs it here. */
function describeRuntime(definition: FunctionDefinition): { text: string; arn: string } {
  const match = /^([a-z]+)(.*?)(\.x)?$/.exec(definition.runtime);
  const text = `${match?.[1] ?? ''}:${(match?.[2] ?? '').replace(/^\./, '')}.v1`;
  const digest = createHash('sha256').update(text).digest('hex');
  return { text, arn: `arn:aws:lambda:${definition.region}::runtime:${digest}` };
}
