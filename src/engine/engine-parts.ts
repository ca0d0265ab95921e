// What all environments of an engine share: isolation, folders, code, runtimes and pools; opened on first use.
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { chooseCodeFolder } from './code/code-folder.ts';
import { createCodeTrees, type CodeTrees } from './code/code-trees.ts';
import { findNodeModules, linkNodeModules, linkPythonPackages, NODE_SCOPES } from './code/provided-modules.ts';
import { closeOverPackages } from './code/sdk-closure.ts';
import type { EngineOptions } from './engine-options.ts';
import { chooseIsolation } from './isolation/choose-isolation.ts';
import { type Containers, createContainers } from './isolation/container-isolation.ts';
import { describeIsolation, type IsolationReport } from './isolation/isolation-report.ts';
import type { Isolation } from './isolation/isolation.ts';
import { createWatchdog } from './isolation/watchdog.ts';
import { createLogChannels } from './logs/log-channel.ts';
import { createLauncher, type Launcher, type ProvidedModules } from './runtimes/launcher.ts';
import { sdkJsPackage } from './runtimes/fetch-package.ts';
import type { Runtime } from './runtimes/runtime.ts';
import { openRuntimeCache, type RuntimeCache } from './runtimes/runtime-cache.ts';
import { createRuntimeFinder, type RuntimeFinder } from './runtimes/runtimes.ts';
import { createStandbyPool, type StandbyPool } from './runtimes/standby-pool.ts';
import { createSnapshots, type Snapshots } from './snapshots.ts';

export interface EngineParts {
  readonly isolation: IsolationReport;
  readonly runtimes: RuntimeFinder;
  readonly trees: CodeTrees;
  readonly launcher: Launcher;
  readonly containers: Containers;
  readonly standby: StandbyPool;
  readonly snapshots: Snapshots;
  /** Packages of the provided SDK that a function was seen to load, by its ARN. */
  readonly preloads: Map<string, readonly string[]>;
  /** Resolves, by port, when a debugger's port is free again. */
  readonly debugged: Map<number, Promise<unknown>>;
  close(): Promise<void>;
}

export async function openParts(
  options: EngineOptions,
  onNotice: (message: string) => void,
): Promise<EngineParts> {
  const workDir = resolve(options.workDir);
  const run = join(workDir, 'run', `${process.pid}-${randomBytes(4).toString('hex')}`);
  const folders = { run, trees: join(workDir, 'code') };
  const sockets = openRunFolder(run);
  const chosen = await chooseIsolation(options, folders).catch((error: unknown) => {
    for (const folder of [run, sockets]) rmSync(folder, { recursive: true, force: true });
    onNotice(error instanceof Error ? error.message : String(error));
    throw error;
  });
  const { isolation, groups, report } = chosen;
  if (options.isolation !== 'process') onNotice(describeIsolation(report));
  const treesFolder = openTreesFolder(workDir, isolation, onNotice);
  const watchdog = createWatchdog();
  const containers = createContainers({ command: options.containerCommand, needsOwnNetwork: options.network === 'cloud' });
  const cache = openRuntimeCache(options.runtimesFolder);
  let environments = 0;
  let socketCount = 0;
  let forkFolders = 0;
  const launcher = createLauncher({
    isolation,
    channels: createLogChannels(join(sockets, 'logs')),
    groups,
    watchdog,
    newFolder: () => join(run, `env-${(environments += 1)}`),
    newSocketPath: () => join(sockets, `${(socketCount += 1)}`),
    newForkFolder: () => join(sockets, `z${(forkFolders += 1)}`),
    bytecodeFolder: join(treesFolder, 'bytecode'),
    provided: createProvider({ options, treesFolder, cache, seesAll: isolation.name === 'process' }),
  });
  const standbySize = options.standbySize ?? (options.cloudNowMs === undefined ? 2 : 0);
  // Code is put into sandboxes below the run folder only.
  const forksEmpty = isolation.name === 'process' || sockets === run;
  const standby = createStandbyPool(launcher, { size: standbySize, forksEmpty });
  const runtimes = createRuntimeFinder({
    onNotice,
    nodeExecutables: options.nodeExecutables ?? {},
    cache,
    fetches: options.fetchRuntimes ?? false,
  });
  const trees = createCodeTrees(treesFolder);
  const snapshots = createSnapshots({ options, runtimes, trees, launcher, spares: standbySize });
  return {
    isolation: report,
    runtimes,
    trees,
    launcher,
    containers,
    standby,
    snapshots,
    preloads: new Map(),
    debugged: new Map(),
    async close() {
      await Promise.all([standby.close(), snapshots.close()]);
      await containers.close();
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
  mkdirSync(folder, { recursive: true });
  removeAbandoned(dirname(folder), /^(\d+)-/);
  if (Buffer.byteLength(folder) < 90) return folder;
  removeAbandoned(tmpdir(), SHORT_FOLDER);
  return mkdtempSync(join(tmpdir(), `cloudlet-sockets-${process.pid}-`));
}

const SHORT_FOLDER = /^cloudlet-sockets-(\d+)-/;

/** What engines left that were killed. */
function removeAbandoned(parent: string, pattern: RegExp): void {
  for (const name of readdirSync(parent)) {
    const pid = pattern.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) removeOurs(join(parent, name));
  }
}

function removeOurs(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // Another user's, in a folder that all may write.
  }
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
function createProvider({
  options,
  treesFolder,
  cache,
  seesAll,
}: {
  readonly options: EngineOptions;
  readonly treesFolder: string;
  readonly cache: RuntimeCache;
  /** Whether functions see the machine's files anyway. */
  readonly seesAll: boolean;
}): (runtime: Runtime) => Promise<ProvidedModules> {
  const linked = new Map<string, Promise<ProvidedModules>>();

  async function link(runtime: Runtime): Promise<ProvidedModules> {
    if (runtime.family === 'nodejs') {
      const fetched = cache.find(sdkJsPackage.name);
      const found = fetched === undefined ? [] : [join(fetched, 'node_modules')];
      const named = options.providedModules ?? [...found, ...findNodeModules(process.cwd())];
      // A node_modules that is a link would be none inside, and what it holds would not be found from there.
      const sources = await Promise.all(named.map((source) => realpath(source).catch(() => source)));
      // Above all code trees: where imports of ES modules end up in the end.
      const folder = join(treesFolder, 'node_modules');
      await linkNodeModules(folder, sources);
      return { folder, sources: seesAll ? [] : await closeOverPackages(sources, NODE_SCOPES) };
    }
    if (runtime.family === 'python') {
      const folder = join(treesFolder, `python${runtime.actualVersion}`);
      return { folder, sources: await linkPythonPackages(folder, runtime.sitePackages) };
    }
    return { folder: runtime.clientFolder, sources: runtime.companions ?? [] };
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
