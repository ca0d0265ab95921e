// The container driver: functions from container images, run by the command line of docker or podman.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { type FunctionDefinition, FunctionUnavailable } from '../../base/function-runner.ts';
import type { ProcessEnd } from '../failures.ts';
import type { Extensions } from '../runtime-api/extensions-api.ts';
import { openRuntimeApi } from '../runtime-api/runtime-api.ts';
import type { Guest } from '../runtimes/guest.ts';
import { type ContainerCommand, findContainerCommand } from './container-command.ts';
import { MAX_PROCESSES } from './control-groups.ts';
import { collectLogs } from './container-logs.ts';
import type { HostLayout } from './isolation.ts';
import { createMemoryMeter } from './process-memory.ts';

export interface ContainerRequest {
  readonly definition: FunctionDefinition & Required<Pick<FunctionDefinition, 'image'>>;
  readonly extensions: Extensions;
  /** Whether handlers have a share of the processor by their memory. */
  readonly boundsCpu: boolean;
  /** The variables the platform gives, beside the image's own. */
  complete(runtimeApi: string): Readonly<Record<string, string>>;
}

export interface Containers {
  /** Has the image on this machine. Rejects with FunctionUnavailable when it cannot be had. */
  fetch(uri: string): Promise<void>;
  /** Rejects with FunctionUnavailable when there is no engine for containers, or no such image. */
  start(request: ContainerRequest): Promise<Guest>;
  close(): Promise<void>;
}

export interface ContainerSettings {
  /** Default: docker, else podman. */
  readonly command: string | undefined;
  /** Functions must not reach the machine's network: containers share it. */
  readonly needsOwnNetwork: boolean;
}

/** On Linux containers share the machine's network; elsewhere they run in a virtual machine, which knows ours by name. */
const HOST_NAME = process.platform === 'linux' ? '127.0.0.1' : 'host.docker.internal';
/** AWS: 1,769 MB for one processor. docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
const MB_PER_CPU = 1769;
/** AWS: the ids functions run as, whatever USER the image names. */
const USER = '993:990';

export function createContainers({ command: named, needsOwnNetwork }: ContainerSettings): Containers {
  let opened: Promise<{ command: ContainerCommand; release: () => void }> | undefined;
  const running = new Set<Promise<unknown>>();

  async function open(): Promise<{ command: ContainerCommand; release: () => void }> {
    if (needsOwnNetwork) {
      const text = 'functions from container images cannot be kept from the network: the container driver shares it';
      throw new FunctionUnavailable('NetworkUnavailable', text);
    }
    const command = await findContainerCommand(named);
    return { command, release: await command.guard() };
  }

  async function fetchImage(uri: string): Promise<ContainerCommand> {
    opened ??= open();
    // The engine may be started meanwhile.
    opened.catch(() => (opened = undefined));
    const { command } = await opened;
    await command.requireImage(uri);
    return command;
  }

  return {
    async fetch(uri) {
      await fetchImage(uri);
    },
    async start(request) {
      const command = await fetchImage(request.definition.image.uri);
      const guest = await startContainer(command, request);
      const ended = guest.ended.finally(() => running.delete(ended));
      running.add(ended);
      return guest;
    },
    async close() {
      await Promise.all(running);
      (await opened?.catch(() => undefined))?.release();
    },
  };
}

async function startContainer(command: ContainerCommand, request: ContainerRequest): Promise<Guest> {
  const { extensions } = request;
  const api = await openRuntimeApi(undefined, extensions);
  // Differs: which container a connection comes from cannot be told without the rights of root.
  api.admits = () => true;
  const port = api.address.split(':').at(-1) ?? '';
  const variables = outsideNames(request.complete(`${HOST_NAME}:${port}`));
  const name = `cloudlet-${process.pid}-${randomBytes(6).toString('hex')}`;
  const child = spawn(command.file, runArguments({ command, name, variables, request }), {
    env: { ...variables, ...commandEnvironment() },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Spared by a Ctrl-C meant for the engine.
    detached: true,
  });
  child.unref();
  const logs = collectLogs([child.stdout, child.stderr]);
  const memory = createMemoryMeter(locateProcess(command, name));

  function kill(): void {
    child.ref();
    void command.ask(['rm', '--force', name]);
  }

  async function end(): Promise<ProcessEnd> {
    const code = await exitOf(child);
    const how = await describeEnd({ command, name, code, lastWords: logs.lastWords });
    await command.ask(['rm', '--force', name]);
    memory.close();
    await extensions.telemetry.flush();
    extensions.telemetry.close();
    api.close();
    return how;
  }

  return {
    pid: child.pid,
    api,
    layout: EMPTY_LAYOUT,
    memory,
    ended: end(),
    hear: logs.hear,
    hearExtensions() {},
    holdLogs: logs.hold,
    // Differs: containers are not stopped between invocations, because that takes a start of the command each time.
    freeze() {},
    thaw() {},
    kill,
    // Differs: programs in the image's /opt/extensions are not started, so nobody has to be told.
    shutDown: kill,
  };
}

/** Nothing of such an environment is in folders of ours. */
const EMPTY_LAYOUT: HostLayout = {
  runtime: { family: 'provided', id: '', version: '', actualVersion: '', executable: '', source: 'image', sitePackages: [] },
  tree: undefined,
  folder: '',
  ephemeralStorageMb: 0,
  socketPath: undefined,
  providedFolder: undefined,
  bytecodeFolder: '',
  providedSources: [],
  group: undefined,
  network: undefined,
};

interface RunParts {
  readonly command: ContainerCommand;
  readonly name: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly request: ContainerRequest;
}

/** AWS: a read-only file system but for /tmp, no privileges, and ImageConfig in place of the image's own. images-create.html */
function runArguments({ command, name, variables, request }: RunParts): string[] {
  const { image, memoryMb, ephemeralStorageMb, architecture } = request.definition;
  const { uri, entryPoint = [], command: given = [], workingDirectory } = image;
  const [entry, ...rest] = entryPoint;
  const cpus = Math.max(0.05, memoryMb / MB_PER_CPU).toFixed(2);
  return [
    'run', '--name', name, '--label', command.label, '--pull', 'never',
    ...(process.platform === 'linux' ? ['--network', 'host'] : []),
    '--platform', architecture === 'arm64' ? 'linux/arm64' : 'linux/amd64',
    '--memory', `${memoryMb}m`, '--memory-swap', `${memoryMb}m`,
    ...(request.boundsCpu ? ['--cpus', cpus] : []),
    '--pids-limit', String(MAX_PROCESSES), '--ulimit', 'nofile=1024:1024',
    '--read-only', '--tmpfs', `/tmp:rw,exec,mode=1777,size=${ephemeralStorageMb}m`,
    '--user', USER, '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges',
    ...Object.keys(variables).flatMap((variable) => ['--env', passOn(variable, variables)]),
    ...(entry === undefined ? [] : ['--entrypoint', entry]),
    ...(workingDirectory === undefined ? [] : ['--workdir', workingDirectory]),
    uri, ...rest, ...given,
  ];
}

/** By name alone, so that no value shows in a list of processes, but for those the command itself goes by. */
function passOn(variable: string, variables: Readonly<Record<string, string>>): string {
  return variable in commandEnvironment() ? `${variable}=${variables[variable] ?? ''}` : variable;
}

const OF_THE_COMMAND = /^(PATH|HOME|USER|TMPDIR|XDG_.*|DOCKER_.*|CONTAINER_.*|CONTAINERS_.*|BUILDAH_.*|SSH_AUTH_SOCK|SystemRoot|LD_.*)$/;

function commandEnvironment(): Record<string, string> {
  const own: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (OF_THE_COMMAND.test(name) && value !== undefined) own[name] = value;
  }
  return own;
}

/** The cloud's address as the container sees it. */
function outsideNames(variables: Readonly<Record<string, string>>): Record<string, string> {
  const endpoint = variables['AWS_ENDPOINT_URL'];
  if (endpoint === undefined || HOST_NAME === '127.0.0.1') return { ...variables };
  return { ...variables, AWS_ENDPOINT_URL: endpoint.replace(/127\.0\.0\.1|localhost/, HOST_NAME) };
}

/** Its process as the machine counts, asked for once somebody wants to know. */
function locateProcess(command: ContainerCommand, name: string): () => number | undefined {
  let asking = false;
  let pid: number | undefined;
  async function look(): Promise<void> {
    asking = true;
    const found = Number(await command.ask(['inspect', '--format', '{{.State.Pid}}', name]));
    asking = false;
    if (process.platform === 'linux' && found > 0) pid = found;
  }
  return () => {
    if (pid === undefined && !asking) void look();
    return pid;
  };
}

interface EndParts {
  readonly command: ContainerCommand;
  readonly name: string;
  readonly code: number;
  readonly lastWords: () => string;
}

/** Exit codes of `run`: 125 the command's own failure, 126 and 127 the entry point's, else the program's. */
async function describeEnd({ command, name, code, lastWords }: EndParts): Promise<ProcessEnd> {
  const format = '{{.State.OOMKilled}} {{.State.ExitCode}} {{.State.Error}}';
  const state = await command.ask(['inspect', '--format', format, name]);
  const [, ranOut, stateCode, error = ''] = /^(true|false) (\d+) ?([^]*)$/.exec(state ?? '') ?? [];
  if (ranOut === 'true') return { kind: 'out-of-memory' };
  if (code >= 125 && code <= 127) return { kind: 'not-started', reason: error.trim() || lastWords() };
  const status = stateCode === undefined ? code : Number(stateCode);
  if (status <= 128) return { kind: 'exit', code: status };
  return { kind: 'signal', signal: SIGNALS[status - 128] ?? `SIG${status - 128}` };
}

const SIGNALS: Readonly<Record<number, string>> = {
  1: 'SIGHUP', 2: 'SIGINT', 4: 'SIGILL', 6: 'SIGABRT', 8: 'SIGFPE', 9: 'SIGKILL', 11: 'SIGSEGV', 15: 'SIGTERM',
};

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    // Both streams have been read to their end by then.
    child.once('close', (code) => resolve(code ?? 137));
    child.once('error', () => resolve(125));
  });
}
