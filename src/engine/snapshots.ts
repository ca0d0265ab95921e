// SnapStart: processes that have initialised a function, and the environments forked from them.
import { type FunctionDefinition, FunctionUnavailable } from '../base/function-runner.ts';
import { describeFunction } from './assignment.ts';
import type { CodeTrees } from './code/code-trees.ts';
import { listPrograms } from './code/extension-programs.ts';
import type { EngineOptions } from './engine-options.ts';
import { buildEnvironment, needsEnvironmentAtStart } from './environment-variables.ts';
import { describeFailure, type InitFailure, runInitPhase } from './init-phase.ts';
import type { InnerLayout } from './isolation/isolation.ts';
import { PlatformLog } from './logs/platform-log.ts';
import { createStreamLog, type StreamLog } from './logs/stream-log.ts';
import { describeRuntime, logStreamName } from './logs/stream-name.ts';
import type { Guest } from './runtimes/guest.ts';
import type { Launcher } from './runtimes/launcher.ts';
import type { Runtime } from './runtimes/runtime.ts';
import type { RuntimeFinder } from './runtimes/runtimes.ts';
import type { Zygote } from './runtimes/zygote.ts';

export interface Snapshots {
  /** Initialises the function, once; rejects with FunctionUnavailable. */
  make(definition: FunctionDefinition): Promise<void>;
  /** An environment that goes on from there; makes the snapshot if there is none (any more). */
  restore(definition: FunctionDefinition): Promise<Guest>;
  /** Lets go of it once its environments have ended. */
  retire(key: string): void;
  close(): Promise<void>;
}

export interface SnapshotSettings {
  readonly options: EngineOptions;
  readonly runtimes: RuntimeFinder;
  readonly trees: CodeTrees;
  readonly launcher: Launcher;
  /** Environments kept restored ahead, per snapshot in use. */
  readonly spares: number;
}

interface Snapshot {
  readonly zygote: Zygote;
  readonly ready: Guest[];
  /** What an environment is told when it goes on. */
  readonly assign: (guest: Guest) => void;
  filling: boolean;
  retired: boolean;
}

/** AWS: or the function's timeout, if that is longer. docs.aws.amazon.com/lambda/latest/dg/snapstart.html */
const INIT_LIMIT_MS = 130_000;
/** Spares are made when the environment that was just restored has probably answered. */
const REFILL_DELAY_MS = 30;

export function createSnapshots(settings: SnapshotSettings): Snapshots {
  const snapshots = new Map<string, Promise<Snapshot>>();
  const ending = new Set<Promise<unknown>>();
  /** Keys whose snapshot was let go: an invocation that waited may still need it once more. */
  const retired = new Set<string>();
  let closed = false;

  function find(definition: FunctionDefinition): Promise<Snapshot> {
    const { key } = definition;
    let snapshot = snapshots.get(key);
    if (snapshot === undefined) {
      snapshot = make(definition);
      snapshots.set(key, snapshot);
      const forget = (): void => {
        if (snapshots.get(key) === snapshot) snapshots.delete(key);
      };
      // The next one who needs it tries again.
      snapshot.then(({ zygote }) => void zygote.guest.ended.then(forget), forget);
    }
    return snapshot;
  }

  async function make(definition: FunctionDefinition): Promise<Snapshot> {
    const snapshot = await initialise(settings, definition);
    if (closed) letGo(snapshot);
    return snapshot;
  }

  function letGo(snapshot: Snapshot): void {
    snapshot.retired = true;
    for (const guest of snapshot.ready.splice(0)) guest.kill();
    snapshot.zygote.endWhenUnused();
    ending.add(snapshot.zygote.guest.ended);
    void snapshot.zygote.guest.ended.then(() => ending.delete(snapshot.zygote.guest.ended));
  }

  async function refill(snapshot: Snapshot, definition: FunctionDefinition): Promise<void> {
    snapshot.filling = false;
    while (!closed && !snapshot.retired && snapshot.ready.length < settings.spares) {
      const guest = await snapshot.zygote.fork(definition).catch(() => undefined);
      if (guest === undefined) return;
      if (closed || snapshot.retired) return guest.kill();
      snapshot.ready.push(guest);
      void dropWhenEnded(snapshot, guest);
    }
  }

  async function dropWhenEnded({ ready }: Snapshot, guest: Guest): Promise<void> {
    await guest.ended;
    const at = ready.indexOf(guest);
    if (at !== -1) ready.splice(at, 1);
  }

  function discard(key: string): void {
    const snapshot = snapshots.get(key);
    if (snapshot === undefined) return;
    snapshots.delete(key);
    retired.add(key);
    snapshot.then(letGo, () => {});
  }

  return {
    async make(definition) {
      retired.delete(definition.key);
      const snapshot = await find(definition);
      await refill(snapshot, definition);
    },
    async restore(definition) {
      const snapshot = await find(definition);
      const guest = snapshot.ready.shift() ?? (await snapshot.zygote.fork(definition));
      if (retired.has(definition.key)) {
        discard(definition.key);
      } else if (settings.spares > 0 && !snapshot.filling) {
        snapshot.filling = true;
        setTimeout(() => void refill(snapshot, definition), REFILL_DELAY_MS).unref();
      }
      snapshot.assign(guest);
      return guest;
    },
    retire: discard,
    async close() {
      closed = true;
      const all = await Promise.allSettled(snapshots.values());
      for (const made of all) {
        if (made.status !== 'fulfilled') continue;
        letGo(made.value);
        made.value.zygote.guest.kill();
      }
      snapshots.clear();
      await Promise.all(ending);
    },
  };
}

/** Runs the init phase in a process that is kept; its lines have a log stream of their own. */
async function initialise(settings: SnapshotSettings, definition: FunctionDefinition): Promise<Snapshot> {
  const { options, launcher } = settings;
  const nowMs = options.cloudNowMs ?? Date.now;
  const [runtime, tree] = await Promise.all([
    settings.runtimes.find(definition.runtime),
    settings.trees.prepare(definition),
  ]);
  refuseWhatCannotFork(runtime, options, listPrograms(tree).length > 0);
  const log = openLog(options, definition);
  const platform = new PlatformLog({
    definition,
    log,
    runtimeVersion: describeRuntime(definition),
    initializationType: 'snap-start',
    isSnapshot: true,
    nowMs,
  });
  platform.environmentStarts();
  const endpoint = launcher.isolation.endpoint(options.endpoint());
  const variables = { definition, runtime, endpoint, logStreamName: '', initializationType: 'snap-start' } as const;
  const complete = (inner: InnerLayout, runtimeApi: string): Record<string, string> =>
    buildEnvironment({ ...variables, ...inner, runtimeApi });
  const { memoryMb, ephemeralStorageMb } = definition;
  const early = needsEnvironmentAtStart(definition, tree) ? { complete } : {};
  const describe = (guest: Guest): Record<string, unknown> => {
    const inner = launcher.isolation.inner({ ...guest.layout, tree });
    const env = complete(inner, inner.socketPath ?? guest.api.address);
    const told = describeFunction({ env, inner, tree, runtime, isolation: launcher.isolation });
    return { ...told, keepsEnvironment: 'complete' in early, nowMs: options.cloudNowMs?.() };
  };
  let zygote: Zygote | undefined;
  const start = async (): Promise<Guest> => {
    const request = { runtime, memoryMb, ephemeralStorageMb, tree, forks: 'initialised', ...early } as const;
    zygote = await launcher.bootZygote(request);
    zygote.guest.api.assign({ ...describe(zygote.guest), snapshot: true });
    return zygote.guest;
  };
  const limitMs = Math.max(INIT_LIMIT_MS, definition.timeoutMs);
  const outcome = await runInitPhase(limitMs, start, (guest) => guest.hear((line) => log.append(line)));
  platform.initEnds(outcome, 'init');
  log.flush();
  if (outcome.kind === 'failed') throw initFailed(outcome);
  if (zygote === undefined) throw new Error('an init phase has ended well without a process');
  await makeReady(zygote, runtime);
  const assign = (guest: Guest): void => guest.api.assign(describe(guest));
  return { zygote, ready: [], assign, filling: false, retired: false };
}

function openLog(options: EngineOptions, definition: FunctionDefinition): StreamLog {
  const nowMs = options.cloudNowMs ?? Date.now;
  return createStreamLog({
    definition,
    streamName: logStreamName(nowMs(), definition.version, options.random),
    sink: options.logs,
    nowMs,
    track: options.track ?? ((work) => void work.catch(() => {})),
  });
}

function refuseWhatCannotFork(runtime: Runtime, options: EngineOptions, hasExtensions: boolean): void {
  const refuse = (why: string): never => {
    throw new FunctionUnavailable('SnapStartNotSupported', `no snapshot of this ${runtime.id} function can be made here: ${why}`);
  };
  if (runtime.family !== 'python') refuse('only Python processes can be forked once they are initialised');
  if (options.runtimeClients?.[runtime.id] !== undefined) refuse('a runtime client of your own runs it');
  if (process.platform === 'win32') refuse('Windows cannot fork processes');
  if (hasExtensions) refuse('the programs in /opt/extensions cannot be forked with it');
}

/** AWS: StateReasonCode. docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html */
function initFailed(outcome: InitFailure): FunctionUnavailable {
  const reason = outcome.status === 'timeout' ? 'FunctionError.InitTimeout' : 'FunctionError.RuntimeInitError';
  return new FunctionUnavailable(reason, describeFailure(outcome));
}

async function makeReady(zygote: Zygote, runtime: Runtime): Promise<void> {
  try {
    await zygote.prepare();
  } catch (error) {
    zygote.guest.kill();
    const why = error instanceof Error ? error.message : String(error);
    const text = `no snapshot of this ${runtime.id} function can be made here: its environments could not be kept apart (${why})`;
    throw new FunctionUnavailable('SnapStartNotSupported', text, { cause: error });
  }
}
