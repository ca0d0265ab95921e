// The composition root: store, clock, engine and services become one running cloud.
import { type Activity, createActivity } from '../base/activity.ts';
import type { AdvanceReport, Clock, VirtualClock } from '../base/clock.ts';
import { UserError } from '../base/errors.ts';
import { FunctionUnavailable } from '../base/function-runner.ts';
import { type Log, silentLog } from '../base/log.ts';
import { type Random, seededRandom } from '../base/random.ts';
import type { Blobs, Store } from '../base/store.ts';
import { createTemplateEngine } from '../deploy/template-engine.ts';
import type { EngineOptions } from '../engine/engine-options.ts';
import { createEngine } from '../engine/engine.ts';
import type { IsolationReport } from '../engine/isolation/isolation-report.ts';
import type { AuthenticationMode } from '../kernel/authenticate.ts';
import type { Call } from '../kernel/context.ts';
import type { FaultRule } from '../kernel/faults.ts';
import { type Kernel, createKernel } from '../kernel/kernel.ts';
import type { ServiceSettings } from '../kernel/settings.ts';
import { type DataDirectory, openDataDirectory } from '../platform/data-directory.ts';
import { openFileBlobs } from '../platform/file-blobs.ts';
import { type HttpServer, listen } from '../platform/http-server.ts';
import { openLmdbStore } from '../platform/lmdb-store.ts';
import { createMemoryBlobs } from '../platform/memory-blobs.ts';
import { createMemoryStore } from '../platform/memory-store.ts';
import { nextTurn } from '../platform/next-turn.ts';
import { createSystemClock } from '../platform/system-clock.ts';
import { createSystemRandom } from '../platform/system-random.ts';
import { createVirtualClock } from '../platform/virtual-clock.ts';
import { temporaryWorkDirectory } from '../platform/work-directory.ts';
import { createControl } from './control.ts';
import { type CostReport, reportCost } from './cost-report.ts';
import { createLogWriter } from './log-writer.ts';
import { SERVICES } from './services.ts';
import { createUsageMeter, dayOf, listUsage } from './usage-meter.ts';

export interface CloudOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default: any free port. */
  readonly port?: number;
  /** Where state lives; absent: in memory, gone with the process. */
  readonly dataDirectory?: string;
  /** Default `system`. */
  readonly clock?: 'system' | 'virtual';
  /** Where a virtual clock starts, epoch ms. Default: now; with a seed, 2026-01-01T00:00:00Z. */
  readonly startMs?: number;
  /** Makes ids and faults the same in every run. Default: from the system's randomness. */
  readonly seed?: number;
  readonly faults?: readonly FaultRule[];
  /** Services that behave more like AWS than is convenient. */
  readonly settings?: ServiceSettings;
  readonly authentication?: AuthenticationMode;
  /** Functions may be made with runtimes that AWS no longer takes (`nodejs12.x`). Default false. */
  readonly allowDeprecatedRuntimes?: boolean;
  /** A runtime that is missing on this machine is fetched on its first use. Default false. */
  readonly fetchRuntimes?: boolean;
  /** Default `process`. A sandbox asked for by name that cannot be had is an error at the start. */
  readonly isolation?: 'auto' | 'process' | 'sandbox';
  /** What functions reach: the cloud alone (in the sandbox only), or the machine's network. Default `open`. */
  readonly functionNetwork?: 'cloud' | 'open';
  /** Functions that take a debugger, and where; asked whenever an environment starts. */
  readonly debug?: EngineOptions['debug'];
  readonly log?: Log;
  /** Called by `POST /_cloudlet/stop`. */
  readonly onStopRequest?: () => void;
}

export interface Cloud {
  /** e.g. `http://127.0.0.1:4566` */
  readonly endpoint: string;
  readonly clock: Clock;
  readonly kernel: Kernel;
  /** The in-process client, as the root of account 000000000000. */
  readonly call: Call;
  /** Moves a virtual clock; ERR_CLOCK_NOT_VIRTUAL otherwise. */
  advance(deltaMs: number): Promise<AdvanceReport>;
  /** Resolves when nothing is in flight. */
  quiet(): Promise<void>;
  /** What the account's functions cost by AWS's price list, from the UTC day of `sinceMs` on. */
  cost(account: string, sinceMs?: number): Promise<CostReport>;
  /** An independent copy with the same state and time (in-memory clouds only). */
  fork(): Promise<Cloud>;
  /** How functions are kept apart; undefined until it is known, which for plain processes is never asked. */
  readonly isolation: IsolationReport | undefined;
  /** Bugs of ours met so far. */
  readonly defects: readonly unknown[];
  /** Stops everything this cloud started. Idempotent. */
  close(): Promise<void>;
}

interface Parts {
  readonly store: Store;
  readonly blobs: Blobs;
  readonly clock: Clock;
  readonly activity: Activity;
  readonly random: Random;
  readonly directory?: DataDirectory;
}

const SEEDED_START_MS = Date.UTC(2026, 0, 1);

/** Opens the state, starts the services and listens. */
export async function openCloud(options: CloudOptions = {}): Promise<Cloud> {
  const random = options.seed === undefined ? createSystemRandom() : seededRandom(options.seed);
  const activity = createActivity(nextTurn);
  const clock = createClock(options, activity);
  if (options.dataDirectory === undefined) {
    const state = { store: createMemoryStore(), blobs: createMemoryBlobs({ random }) };
    return assemble(options, { ...state, clock, activity, random });
  }
  const directory = await openDataDirectory(options.dataDirectory);
  try {
    const [store, blobs] = await Promise.all([
      openLmdbStore({ path: directory.storePath }),
      openFileBlobs({ path: directory.blobsPath, random }),
    ]);
    return await assemble(options, { store, blobs, clock, activity, random, directory });
  } catch (error) {
    await directory.release();
    throw error;
  }
}

function createClock(options: CloudOptions, activity: Activity): Clock {
  const system = createSystemClock();
  if ((options.clock ?? 'system') === 'system') return system;
  const startMs = options.startMs ?? (options.seed === undefined ? system.now() : SEEDED_START_MS);
  return createVirtualClock({ startMs, activity });
}

async function assemble(options: CloudOptions, parts: Parts): Promise<Cloud> {
  const { store, blobs, clock, activity, random, directory } = parts;
  const log = options.log ?? silentLog;
  const defects: unknown[] = [];
  const temporary = directory === undefined ? temporaryWorkDirectory(random) : undefined;
  const deliveries = new Set<Promise<unknown>>();
  let server: HttpServer | undefined;
  const endpoint = (): string => server?.url ?? '';

  const meter = createUsageMeter({ store, clock, activity, log });
  const engine = createEngine({
    workDir: directory?.workPath ?? temporary?.path ?? '',
    endpoint,
    random,
    isolation: options.isolation ?? 'process',
    network: options.functionNetwork ?? 'open',
    takeConnection: (socket) => (server === undefined ? void socket.destroy() : server.take(socket)),
    allowDeprecatedRuntimes: options.allowDeprecatedRuntimes ?? false,
    fetchRuntimes: options.fetchRuntimes ?? false,
    logs: { write: (definition, stream, lines) => logWriter.write(definition, stream, lines) },
    track,
    onNotice: (message: string) => log.info(message),
    ...(isVirtual(clock) ? { cloudNowMs: () => clock.now() } : {}),
    ...(options.debug === undefined ? {} : { debug: options.debug }),
  });
  const functions = meter.watch(engine);
  const templates = createTemplateEngine({
    handlers: SERVICES.flatMap((service) => service.resources ?? []),
  });

  const kernel: Kernel = createKernel({
    services: SERVICES,
    store,
    blobs,
    clock,
    random,
    activity,
    log,
    ports: () => ({ functions, templates }),
    endpoint,
    authentication: options.authentication ?? 'trust',
    faults: options.faults ?? [],
    settings: options.settings ?? {},
    onDefect(error, where) {
      // What is cut short by the end of the cloud is no bug.
      if (closing !== undefined) return;
      defects.push(error);
      log.error(`internal error in ${where}`, error);
    },
  });
  const logWriter = createLogWriter(kernel.call);

  /** Counts as work in flight, and is waited for before the store closes. */
  function track(work: Promise<unknown>): void {
    const settled = activity
      .run(() => work)
      .catch((error: unknown) => log.error('lines of a function could not be kept', error))
      .finally(() => deliveries.delete(settled));
    deliveries.add(settled);
  }

  let closing: Promise<void> | undefined;
  async function shutDown(): Promise<void> {
    await server?.close(100);
    await Promise.all([kernel.stop(), functions.close()]);
    await Promise.all([...deliveries, meter.flush()]);
    await store.close();
    await temporary?.remove();
    await directory?.release();
  }

  let isolation: IsolationReport | undefined;
  /** What was asked for by name must be there before anything is served; what is taken as it comes, need not. */
  async function settleIsolation(): Promise<void> {
    const known = engine.describeIsolation().then((report) => (isolation = report));
    const settled = known.catch((error: unknown) => {
      if (!(error instanceof FunctionUnavailable)) throw error;
      throw new UserError('ERR_ISOLATION', error.message, {
        fix: 'get what is missing, or ask for less: `--isolation auto`, `--function-network open`',
        cause: error,
      });
    });
    if (options.isolation === 'sandbox' || options.functionNetwork === 'cloud') await settled;
    else settled.catch((error: unknown) => log.error('it is not known how functions can be kept apart', error));
  }

  const cloud: Cloud = {
    get endpoint() {
      return endpoint();
    },
    get isolation() {
      return isolation;
    },
    clock,
    kernel,
    call: kernel.call,
    advance: (deltaMs) => advance(cloud, deltaMs),
    quiet: () => activity.quiet(),
    async cost(account, sinceMs) {
      await meter.flush();
      const since = sinceMs === undefined ? undefined : dayOf(sinceMs);
      return reportCost(await store.read((view) => listUsage(view, account, since ?? '')), since);
    },
    fork: () => fork(options, parts),
    defects,
    close: () => (closing ??= shutDown()),
  };

  const control = createControl({
    cloud,
    clockKind: options.clock ?? 'system',
    onStopRequest: options.onStopRequest,
  });
  try {
    server = await listen({
      host: options.host ?? '127.0.0.1',
      port: options.port ?? 0,
      handler: (request) => control(request) ?? kernel.handle(request),
      onError: (error) => log.error('a response could not be sent', error),
    });
    if ((options.isolation ?? 'process') !== 'process' || options.functionNetwork === 'cloud') await settleIsolation();
    await directory?.announce(endpoint());
    await kernel.start();
  } catch (error) {
    await cloud.close();
    throw error;
  }
  return cloud;
}

async function advance(cloud: Cloud, deltaMs: number): Promise<AdvanceReport> {
  if (!isVirtual(cloud.clock)) {
    throw new UserError('ERR_CLOCK_NOT_VIRTUAL', 'this cloud runs on the system clock', {
      fix: 'start it with `--clock virtual` to advance time',
    });
  }
  const fired: { atMs: number; label: string }[] = [];
  const unwatch = cloud.kernel.watchTimers(({ atMs, worker }) => fired.push({ atMs, label: worker }));
  try {
    const report = await cloud.clock.advance(deltaMs);
    return { ...report, fired: [...report.fired, ...fired].toSorted((a, b) => a.atMs - b.atMs) };
  } finally {
    unwatch();
  }
}

async function fork(options: CloudOptions, parts: Parts): Promise<Cloud> {
  const { store, blobs, clock } = parts;
  if (!isForkable(store) || !isForkable(blobs) || !isVirtual(clock)) {
    throw new UserError('ERR_NOT_FORKABLE', 'only an in-memory cloud on a virtual clock can be forked', {
      fix: 'create it with createCloud(), which is both',
    });
  }
  await parts.activity.quiet();
  const seed = Buffer.from(parts.random.bytes(4)).readUInt32LE();
  const activity = createActivity(nextTurn);
  return assemble(
    { ...options, port: 0 },
    {
      store: store.fork(),
      blobs: blobs.fork(),
      clock: createVirtualClock({ startMs: clock.now(), activity }),
      activity,
      random: options.seed === undefined ? createSystemRandom() : seededRandom(seed),
    },
  );
}

function isForkable<T>(state: T): state is T & { fork(): T } {
  return typeof state === 'object' && state !== null && 'fork' in state;
}

function isVirtual(clock: Clock): clock is VirtualClock {
  return 'advance' in clock;
}
