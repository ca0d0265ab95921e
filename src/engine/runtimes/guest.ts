// One runtime process: started, watched, heard, ended. Knows nothing of functions and invocations.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Stream } from 'node:stream';
import type { ControlGroup } from '../isolation/control-groups.ts';
import type { Extensions, ShutdownReason } from '../runtime-api/extensions-api.ts';
import type { ProcessEnd } from '../failures.ts';
import type { HostLayout, Isolation } from '../isolation/isolation.ts';
import type { LogChannel } from '../logs/log-channel.ts';
import { createLogSplitter } from '../logs/log-splitter.ts';
import { createMemoryMeter, type MemoryMeter } from '../isolation/process-memory.ts';
import type { RuntimeApi } from '../runtime-api/runtime-api.ts';
import { dialLoopback } from '../runtime-api/telemetry.ts';
import type { Watchdog } from '../isolation/watchdog.ts';

export interface Guest {
  /** Leads the process group; undefined when it could not be started. */
  readonly pid: number | undefined;
  readonly api: RuntimeApi;
  readonly layout: HostLayout;
  readonly memory: MemoryMeter;
  /** Resolves once the process has ended and what it wrote has been read. */
  readonly ended: Promise<ProcessEnd>;
  /** Receives every message; those written before it is set come at once. */
  hear(listener: (message: string) => void): void;
  /** The same for what the programs of extensions write. */
  hearExtensions(listener: (message: string) => void): void;
  /** Holds up or lets go the process's writes. */
  holdLogs(held: boolean): void;
  /** Stops the processor for it; memory and connections stay. */
  freeze(): void;
  thaw(): void;
  /** Ends the process and all of its group, now. */
  kill(): void;
  /** The same, after its extensions were told and had time to end. */
  shutDown(reason: ShutdownReason): void;
}

export interface GuestSettings {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly layout: HostLayout;
  readonly isolation: Isolation;
  readonly api: RuntimeApi;
  readonly channel: LogChannel;
  readonly watchdog: Watchdog;
}

/** Writers left behind by a dead runtime (its children in other groups) are not waited for longer. */
const DRAIN_LIMIT_MS = 250;

/** AWS: for all extensions together. docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html */
const SHUTDOWN_LIMIT_MS = 2000;
/** Descriptors 4 and 5 of an environment with extensions. */
const PIPES = ['pipe', 'pipe'] as const;

export function startGuest(settings: GuestSettings): Guest {
  const { argv, api, channel, layout, isolation } = settings;
  const { extensions } = api;
  const hasPrograms = extensions !== undefined && extensions.programs.length > 0;
  const pipes = hasPrograms ? PIPES : [];
  const launch = isolation.launch({ argv, layout, nextDescriptor: 4 + pipes.length });
  const [file = '', ...args] = [...(layout.group?.enter ?? []), launch.file, ...launch.args];
  const child = spawn(file, args, {
    cwd: launch.workingDirectory,
    env: settings.env,
    stdio: ['ignore', channel.outputFd, channel.outputFd, channel.frameFd, ...pipes, ...launch.descriptors],
    // A group of its own: killed as one, and spared by a Ctrl-C meant for the engine.
    detached: true,
  });
  channel.handedOver();
  for (const descriptor of launch.descriptors) closeSync(descriptor);
  // An idle environment does not keep the engine's process alive; timers of running ones do.
  child.unref();
  const { pid } = child;
  const guarded: GuestProcess = {
    pid,
    functionPid: () => pid && isolation.functionPid(pid),
    ended: exitOf(child, isolation),
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    ref: () => child.ref(),
  };
  const extensionLogs = hasPrograms ? followPrograms(child, extensions) : undefined;
  return guardGuest(guarded, settings, extensionLogs);
}

/** One process, or the first of several, whoever started it. */
export interface GuestProcess {
  /** Leads its process group; undefined when it could not be started. */
  readonly pid: number | undefined;
  /** The runtime's own, as the machine counts; undefined while it is not there yet. */
  readonly functionPid: () => number | undefined;
  readonly ended: Promise<ProcessEnd>;
  readonly hasEnded: () => boolean;
  /** Keeps the engine's own process until this one has ended. */
  readonly ref: () => void;
}

interface GuardSettings {
  readonly layout: HostLayout;
  readonly isolation: Isolation;
  readonly api: RuntimeApi;
  readonly channel: { readonly reader: Socket };
  readonly watchdog: Watchdog;
}

export function guardGuest(
  guarded: GuestProcess,
  { api, channel, layout, isolation, watchdog }: GuardSettings,
  extensionLogs?: (listener: (message: string) => void) => void,
): Guest {
  const { pid } = guarded;
  const { group, network } = layout;
  const { extensions } = api;
  if (pid !== undefined) watchdog.watch(pid);
  if (network !== undefined) extensions?.telemetry.reachBy((port) => network.connect(port));
  else if (pid !== undefined) guardLoopback(api, pid, isolation);
  const meter = createMemoryMeter(guarded.functionPid);
  const memory = group === undefined ? meter : withGroup(meter, group);
  const heard = collectLogs(channel);
  let leaving = false;

  function kill(): void {
    if (pid === undefined || guarded.hasEnded()) return;
    // Whoever kills waits for the end.
    guarded.ref();
    killGroup(pid);
  }

  async function end(): Promise<ProcessEnd> {
    const how = await guarded.ended;
    if (pid !== undefined) {
      // Children of the runtime that outlive it go too: the environment is over.
      killGroup(pid);
      watchdog.forget(pid);
    }
    await heard.drained();
    memory.close();
    await extensions?.telemetry.flush();
    extensions?.telemetry.close();
    const ranOutOfMemory = group?.ranOutOfMemory() === true;
    group?.remove();
    api.close();
    network?.close();
    await rm(layout.folder, { recursive: true, force: true }).catch(() => {});
    const killed = how.kind === 'signal' && how.signal === 'SIGKILL';
    return killed && ranOutOfMemory ? { kind: 'out-of-memory' } : how;
  }

  function signalAll(signal: 'SIGSTOP' | 'SIGCONT'): void {
    if (pid === undefined) return;
    signalGroup(pid, signal);
    // Those that have left the runtime's process group.
    for (const other of group?.processes() ?? []) signalGroup(other, signal, 'one');
  }

  return {
    pid,
    api,
    layout,
    memory,
    ended: end(),
    hear: heard.hear,
    hearExtensions(listener) {
      extensionLogs?.(listener);
    },
    holdLogs: heard.hold,
    freeze: () => signalAll('SIGSTOP'),
    thaw: () => signalAll('SIGCONT'),
    kill,
    shutDown(reason) {
      if (extensions === undefined) return kill();
      if (leaving) return undefined;
      leaving = true;
      signalAll('SIGCONT');
      guarded.ref();
      const limit = setTimeout(kill, SHUTDOWN_LIMIT_MS);
      void extensions.shutdown(reason, Date.now() + SHUTDOWN_LIMIT_MS).then(() => {
        clearTimeout(limit);
        return kill();
      });
      return undefined;
    },
  };
}

/** On the machine's loopback everybody could ask to be this environment, or pose as its listener. */
function guardLoopback(api: RuntimeApi, pid: number, isolation: Isolation): void {
  api.admits = (socket) => isolation.admits(socket, pid);
  api.extensions?.telemetry.reachBy(async (port) => {
    if (!isolation.listens(port, pid)) throw new Error(`no extension listens on port ${port}`);
    return dialLoopback(port);
  });
}

function killGroup(pid: number): void {
  signalGroup(pid, 'SIGKILL');
}

function signalGroup(pid: number, signal: NodeJS.Signals, whom: 'all' | 'one' = 'all'): void {
  try {
    process.kill(whom === 'all' ? -pid : pid, signal);
  } catch {
    // Nobody of the group is left.
  }
}

/** The runtime's own memory, or that of all its processes where that is more. */
function withGroup(own: MemoryMeter, group: ControlGroup): MemoryMeter {
  let peakMb = 0;
  const ofGroup = (): number => {
    const now = group.currentMb();
    if (now > peakMb) peakMb = now;
    return now;
  };
  return {
    currentMb: () => Math.max(own.currentMb(), ofGroup()),
    peakMb() {
      ofGroup();
      return Math.max(own.peakMb(), Math.ceil(peakMb));
    },
    close: () => own.close(),
  };
}

function exitOf(child: ChildProcess, isolation: Isolation): Promise<ProcessEnd> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      const meant = signal ?? isolation.signalOf(code ?? 0);
      if (meant !== undefined) resolve({ kind: 'signal', signal: meant });
      else resolve({ kind: 'exit', code: code ?? 0 });
    });
    child.once('error', (error) => resolve({ kind: 'not-started', reason: spawnReason(error) }));
  });
}

const SPAWN_REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  ENOENT: 'no such file or directory',
  ENOEXEC: 'exec format error',
};

/** In the words of the platform's own launcher (Go's os/exec). */
function spawnReason(error: NodeJS.ErrnoException): string {
  return `fork/exec ${error.path ?? 'bootstrap'}: ${SPAWN_REASONS[error.code ?? ''] ?? error.message}`;
}

/** Tells of programs that ended; returns how to hear what they write. */
function followPrograms(
  child: ChildProcess,
  extensions: Extensions,
): (listener: (message: string) => void) => void {
  const streams: readonly (Stream | null | undefined)[] = child.stdio;
  const [notices, output] = streams.slice(4);
  let listener: (message: string) => void = () => {};
  const splitter = createLogSplitter((message) => listener(message));
  let text = '';
  notices?.on('data', (chunk: Buffer) => {
    const lines = (text + chunk.toString()).split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      const [, status, name] = /^(\d+) (.*)$/.exec(line) ?? [];
      if (name !== undefined) extensions.ended(name, Number(status));
    }
  });
  output?.on('data', (chunk: Buffer) => splitter.push(chunk));
  output?.once('end', () => splitter.flush());
  for (const stream of [notices, output]) {
    stream?.on('error', () => {});
    if (stream instanceof Socket) stream.unref();
  }
  return (next) => (listener = next);
}

interface HeardLogs {
  readonly hear: (listener: (message: string) => void) => void;
  readonly hold: (held: boolean) => void;
  readonly drained: () => Promise<void>;
}

function collectLogs(channel: { readonly reader: Socket }): HeardLogs {
  let early: string[] | undefined = [];
  let listener: (message: string) => void = (message) => early?.push(message);
  const splitter = createLogSplitter((message) => listener(message));
  const ended = new Promise<void>((resolve) => {
    channel.reader.once('close', resolve);
  });
  channel.reader.on('data', (chunk: Buffer) => splitter.push(chunk));
  channel.reader.once('end', () => channel.reader.destroy());

  return {
    hear(next) {
      listener = next;
      for (const message of early ?? []) next(message);
      early = undefined;
    },
    hold(held) {
      if (held) channel.reader.pause();
      else channel.reader.resume();
    },
    async drained() {
      channel.reader.resume();
      const limit = setTimeout(() => channel.reader.destroy(), DRAIN_LIMIT_MS);
      await ended;
      clearTimeout(limit);
      splitter.flush();
    },
  };
}
