// The sandbox driver: bubblewrap namespaces with nothing of the machine but what the function needs.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isIP, type Socket } from 'node:net';
import { join } from 'node:path';
import type { EnvironmentNetwork, Isolation, LaunchRequest } from './isolation.ts';
import { type AgentFolders, type MountAgent, startMountAgent } from './mount-agent.ts';
import { type NetworkAgent, startNetworkAgent } from './network-agent.ts';
import { type CodeAgent, startCodeAgent } from './code-agent.ts';
import { locateInside, showProcesses } from './forks.ts';
import { isListenerOf, isPeerOf } from './peer-check.ts';
import {
  forkOrder,
  innerLayout,
  languageOf,
  limits,
  minimalArguments,
  sandboxArguments,
  type SandboxView,
  UNCOVERED_PROC,
} from './sandbox-view.ts';
import { createSealedFile, type SealedFile } from './seccomp/sealed-file.ts';
import { architectureOf, buildSeccompFilter } from './seccomp/seccomp-filter.ts';

/** Functions reach the cloud alone. */
export interface CloudNetwork {
  /** The cloud's address; asked when there is one. */
  readonly endpoint: () => string;
  /** Takes a connection that a function made to the cloud. */
  readonly take: (socket: Socket) => void;
}

interface SandboxParts {
  readonly bubblewrap: string;
  readonly folders: AgentFolders;
  /** Undefined where there is no table of system calls for this architecture. */
  readonly filter: SealedFile | undefined;
  /** For sandboxes in which environments are forked: these wall themselves off, then take the other. */
  readonly forkFilter: SealedFile | undefined;
  /** Undefined: functions share the machine's network. */
  readonly cloud: CloudNetwork | undefined;
}

/** AWS: where runtimes find the Runtime API. Runtime Interface Emulator */
const RUNTIME_API_PORT = 9001;
const NEEDED_TO_WALL_OFF = ['mount', 'unshare'];

function createSandboxIsolation(parts: SandboxParts): Isolation & { prepare(): Promise<void> } {
  const { bubblewrap, folders, filter, forkFilter, cloud } = parts;
  let opening: Promise<MountAgent | undefined> | undefined;
  let networks: Promise<NetworkAgent> | undefined;
  let codeAgent: Promise<CodeAgent> | undefined;
  let view: SandboxView | undefined;
  let closed = false;

  const openAgent = (): Promise<MountAgent | undefined> => (opening ??= startMountAgent(folders));
  let agent: MountAgent | undefined;

  async function openNetworks(): Promise<NetworkAgent> {
    agent = await openAgent();
    if (agent === undefined) throw new Error('networks cannot be made: unshare and nsenter (util-linux) are needed');
    return startNetworkAgent(agent.enterUser);
  }

  function openCodeAgent(python: string): Promise<CodeAgent> {
    const opened = startCodeAgent(agent?.enter ?? [], python, folders.trees);
    // The next one tries again.
    opened.catch(() => (codeAgent = undefined));
    return opened;
  }

  /** The agent, or another one after it. */
  async function currentNetworks(): Promise<NetworkAgent> {
    const known = (networks ??= openNetworks());
    const open = await known.catch(() => undefined);
    if (open?.isOpen !== true && networks === known) networks = openNetworks();
    return networks;
  }

  /** What comes before bubblewrap: namespaces that it starts in. */
  function enter({ layout }: LaunchRequest): readonly string[] {
    const { network, tree } = layout;
    if (agent === undefined || (tree !== undefined && network === undefined)) return [];
    const inside = tree === undefined ? agent.enter : agent.enterUser;
    if (network === undefined) return inside;
    return [...(inside.length === 0 ? ['nsenter'] : inside), `--net=${network.path}`];
  }

  return {
    name: 'sandbox',
    async prepare() {
      if (cloud !== undefined) await currentNetworks();
    },
    async canBootAhead() {
      agent = closed ? undefined : await openAgent();
      if (closed) agent?.close();
      return !closed && agent !== undefined;
    },
    async attach({ folder, tree: own, runtime, supervisor }, tree) {
      if (own !== undefined) return;
      if (supervisor === undefined) await agent?.attach(folder, tree);
      else await (await (codeAgent ??= openCodeAgent(runtime.executable))).attach(supervisor, tree);
    },
    boundsStorage: true,
    inner: innerLayout,
    launch(request) {
      const { argv, layout, nextDescriptor } = request;
      view ??= openView(folders.run, cloud);
      const forks = layout.forkFolder;
      if (forks !== undefined && filter !== undefined) writeFileSync(join(forks, 'filter'), filter.content);
      const taken = forks === undefined ? filter : forkFilter;
      const seccomp = taken === undefined ? [] : ['--seccomp', String(nextDescriptor)];
      const sandbox = [bubblewrap, ...sandboxArguments(layout, view), ...seccomp, '--'];
      const [file = '', ...args] = [...enter(request), ...sandbox, ...limits(layout), ...argv];
      return { file, args, workingDirectory: '/', descriptors: taken === undefined ? [] : [taken.open()] };
    },
    async openNetwork({ runtimeApi }) {
      if (cloud === undefined) return undefined;
      return openEnvironmentNetwork(await currentNetworks(), cloud, { runtimeApi });
    },
    forks: {
      prepare: async (pid) => showProcesses((await openAgent())?.enterUser ?? [], pid, UNCOVERED_PROC),
      order: (zygote, layout, name) =>
        forkOrder(zygote, layout, { name, network: cloud !== undefined, hasFilter: filter !== undefined }),
      locate: locateInside,
      async openNetwork(supervisor) {
        if (cloud === undefined) return undefined;
        return openEnvironmentNetwork(await currentNetworks(), cloud, { of: supervisor });
      },
    },
    endpoint: (outside) => (cloud === undefined ? outside : endpointInside(outside)),
    admits: isPeerOf,
    listens: isListenerOf,
    close() {
      closed = true;
      agent?.close();
      void codeAgent?.then((open) => open.close()).catch(() => {});
      filter?.close();
      forkFilter?.close();
      void networks?.then((open) => open.close()).catch(() => {});
    },
    executable: (runtime) => languageOf(runtime).executable,
    functionPid: findFunctionPid,
    // bubblewrap reports a signal as a shell does.
    signalOf: (code) => (code > 128 ? SIGNALS[code - 128] : undefined),
  };
}

const SIGNALS: Readonly<Record<number, string>> = {
  1: 'SIGHUP', 2: 'SIGINT', 3: 'SIGQUIT', 4: 'SIGILL', 5: 'SIGTRAP', 6: 'SIGABRT', 7: 'SIGBUS',
  8: 'SIGFPE', 9: 'SIGKILL', 11: 'SIGSEGV', 13: 'SIGPIPE', 14: 'SIGALRM', 15: 'SIGTERM', 31: 'SIGSYS',
};

/**
 * A sandbox that was seen to work here; undefined, with the reason told, where none does.
 * @param cloud present: functions reach the cloud alone, which takes more than a sandbox by itself.
 */
export async function findSandbox(
  folders: AgentFolders,
  tell: (reason: string) => void,
  cloud?: CloudNetwork,
): Promise<Isolation | undefined> {
  const places = (process.env['PATH'] ?? '').split(':').map((folder) => join(folder, 'bwrap'));
  const bubblewrap = places.find((path) => existsSync(path));
  if (bubblewrap === undefined) {
    tell('bubblewrap (bwrap) is not installed');
    return undefined;
  }
  const architecture = architectureOf(process.arch);
  const filter = architecture && createSealedFile(buildSeccompFilter(architecture));
  const forkFilter = architecture && createSealedFile(buildSeccompFilter(architecture, NEEDED_TO_WALL_OFF));
  const failure = await tryOut(bubblewrap, filter);
  if (failure !== undefined) {
    filter?.close();
    forkFilter?.close();
    tell(`bubblewrap does not work here: ${failure}`);
    return undefined;
  }
  const sandbox = createSandboxIsolation({ bubblewrap, folders, filter, forkFilter, cloud });
  try {
    await sandbox.prepare();
    return sandbox;
  } catch (error) {
    sandbox.close();
    tell(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

function tryOut(bubblewrap: string, filter: SealedFile | undefined): Promise<string | undefined> {
  const descriptor = filter?.open();
  const seccomp = descriptor === undefined ? [] : ['--seccomp', '3'];
  const args = [...minimalArguments(), ...seccomp, '/bin/sh', '-c', 'exit 0'];
  return new Promise((resolve) => {
    const stdio = ['ignore', 'ignore', 'pipe', descriptor ?? 'ignore'] as const;
    const child = spawn(bubblewrap, args, { stdio: [...stdio], timeout: 5000, env: {} });
    if (descriptor !== undefined) closeSync(descriptor);
    let trouble = '';
    child.stderr?.on('data', (chunk: Buffer) => (trouble += chunk.toString()));
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code) => resolve(code === 0 ? undefined : trouble.trim() || `it ended with ${code}`));
  });
}

/** The names that functions find in /etc/hosts: AWS's for the sandbox itself, and the machine's if it is in reach. */
function openView(run: string, cloud: CloudNetwork | undefined): SandboxView {
  const lines = ['127.0.0.1 localhost sandbox sandbox.localdomain'];
  const name = cloud === undefined ? '' : nameOf(cloud.endpoint());
  if (name !== '') lines.push(`127.0.0.1 ${name}`);
  if (cloud === undefined && existsSync('/etc/hosts')) lines.push(readFileSync('/etc/hosts', 'utf8'));
  const hostsFile = join(run, 'hosts');
  mkdirSync(run, { recursive: true });
  writeFileSync(hostsFile, `${lines.join('\n')}\n`);
  return { hostsFile, sharesNetwork: cloud === undefined };
}

async function openEnvironmentNetwork(
  agent: NetworkAgent,
  cloud: CloudNetwork,
  wants: { readonly runtimeApi?: boolean; readonly of?: number },
): Promise<EnvironmentNetwork> {
  const { port, protocol } = new URL(cloud.endpoint());
  const cloudPort = Number(port || (protocol === 'https:' ? 443 : 80));
  const apiPort = cloudPort === RUNTIME_API_PORT ? RUNTIME_API_PORT + 1 : RUNTIME_API_PORT;
  const network = await agent.open([cloudPort, ...(wants.runtimeApi === true ? [apiPort] : [])], wants.of);
  const [toCloud, toRuntimeApi] = network.servers;
  toCloud?.on('connection', (socket: Socket) => cloud.take(socket));
  return {
    path: network.path,
    runtimeApi: toRuntimeApi && { server: toRuntimeApi, address: `127.0.0.1:${apiPort}` },
    connect: (dialled) => network.connect(dialled),
    close: () => network.close(),
  };
}

/** An address of the machine is none in there; a name (a certificate may stand for it) is in /etc/hosts. */
function endpointInside(outside: string): string {
  if (outside === '' || nameOf(outside) !== '') return outside;
  const url = new URL(outside);
  url.hostname = '127.0.0.1';
  return url.href.replace(/\/$/, '');
}

function nameOf(endpoint: string): string {
  const { hostname } = new URL(endpoint);
  return isIP(hostname.replace(/^\[|\]$/g, '')) === 0 ? hostname : '';
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
