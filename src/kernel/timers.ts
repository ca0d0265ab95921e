// Durable timers: tasks in the store, ordered by due time, that run when their time has come and again
// after a crash. The one mechanism behind retries, deliveries, expiries and schedules.
import type { Activity } from '../base/activity.ts';
import type { Cancel, Clock } from '../base/clock.ts';
import { UserError, assert } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Random } from '../base/random.ts';
import type { Key, ReadTx, Store, Tx } from '../base/store.ts';
import type { Scope, Timers, TimerTask, WorkContext } from './context.ts';
import type { TracedScope } from './contexts.ts';
import type { TimerWorker } from './service.ts';
import { type Row, type Table, table } from './table.ts';

interface TimerRow extends Scope {
  readonly worker: string;
  readonly payload: unknown;
  readonly attempts: number;
  /** Present when the task was scheduled with an id; `token` tells the latest schedule of that id. */
  readonly id?: string;
  readonly token: string;
  readonly traceId?: string;
}

/** A queue of timers with steps of its own, so that slow ones do not keep quick ones waiting. */
interface Lane {
  /** Keyed `[dueMs, token]`. */
  readonly timers: Table<TimerRow>;
  readonly topic: string;
  /** Steps at a time. */
  readonly concurrencyMax: number;
}

const QUICK: Lane = {
  timers: table<TimerRow>('kernel/timer'),
  topic: 'kernel/timers',
  concurrencyMax: 256,
};
/** Steps that wait for functions: as many as an account's functions run at a time by default. */
const SLOW: Lane = {
  timers: table<TimerRow>('kernel/slow-timer'),
  topic: 'kernel/slow-timers',
  concurrencyMax: 1_000,
};

/** Keyed `[worker, id]`: which schedule of an id is in force. */
const latest = table<{ readonly dueMs: number; readonly token: string }>('kernel/timer-id');

/** Rows that a scan reads at a time. */
const PAGE = 16;
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 300_000;

/** A task that ran to its end during an advance of the clock. */
export interface FiredTimer {
  readonly atMs: number;
  readonly worker: string;
}

export interface TimerDispatcherOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly activity: Activity;
  readonly random: Random;
  readonly log: Log;
  readonly workers: ReadonlyMap<string, TimerWorker>;
  /** Names of workers whose steps wait for others. */
  readonly slowWorkers: ReadonlySet<string>;
  /** Makes the context a step runs in. */
  readonly contextFor: (scope: TracedScope, worker: string, token: WorkContext['activity']) => WorkContext;
}

export interface TimerDispatcher extends Timers {
  start(): void;
  /** No further steps start; resolves when those running have ended. */
  stop(): Promise<void>;
  /** Calls `seen` for every task that ends well. Returns the way to stop watching. */
  watch(seen: (fired: FiredTimer) => void): () => void;
}

function createTimers({ random, slowWorkers }: TimerDispatcherOptions): Timers {
  return {
    schedule(tx, scope, task) {
      const lane = slowWorkers.has(task.worker) ? SLOW : QUICK;
      writeTimer(tx, scope, { task, random, lane });
    },
    async cancel(tx, worker, id) {
      // The timer's own row stays and is dropped as stale when its time comes.
      latest.delete(tx, [worker, id]);
    },
  };
}

interface Written {
  readonly task: TimerTask;
  readonly random: Random;
  readonly lane: Lane;
}

function writeTimer(tx: Tx, scope: Scope, { task, random, lane }: Written): void {
  assert(Number.isFinite(task.dueMs), `timer of ${task.worker} is due at a real instant`);
  const token = Buffer.from(random.bytes(12)).toString('hex');
  const row: TimerRow = {
    worker: task.worker,
    account: scope.account,
    region: scope.region,
    payload: task.payload,
    attempts: 0,
    token,
    ...(task.id === undefined ? {} : { id: task.id }),
    ...(task.traceId === undefined ? {} : { traceId: task.traceId }),
  };
  lane.timers.put(tx, [task.dueMs, token], row);
  if (task.id !== undefined) latest.put(tx, [task.worker, task.id], { dueMs: task.dueMs, token });
  tx.notify(lane.topic);
}

export function createTimerDispatcher(options: TimerDispatcherOptions): TimerDispatcher {
  const watchers = new Set<(fired: FiredTimer) => void>();
  const onFired = (fired: FiredTimer): void => {
    for (const seen of watchers) seen(fired);
  };
  const lanes = [QUICK, SLOW].map((lane) => runLane(lane, options, onFired));
  return {
    ...createTimers(options),
    start() {
      for (const lane of lanes) lane.start();
    },
    async stop() {
      await Promise.all(lanes.map((lane) => lane.stop()));
    },
    watch(seen) {
      watchers.add(seen);
      return () => watchers.delete(seen);
    },
  };
}

/** Starts what is due in one lane, as much at a time as the lane allows. */
function runLane(
  { timers, topic, concurrencyMax }: Lane,
  options: TimerDispatcherOptions,
  onFired: (fired: FiredTimer) => void,
): Pick<TimerDispatcher, 'start' | 'stop'> {
  const { store, clock, activity, log } = options;
  const running = new Map<string, Promise<void>>();
  let stopped = true;
  let cancelWake: Cancel | undefined;
  let unlisten: (() => void) | undefined;
  let scanning: Promise<void> | undefined;
  let scanAgain = false;

  /** One scan at a time; a wake during a scan asks for one more. Scanning counts as work in flight. */
  function wake(): void {
    if (stopped) return;
    if (scanning !== undefined) {
      scanAgain = true;
      return;
    }
    scanning = activity
      .run(async () => {
        do {
          scanAgain = false;
          await scan();
        } while (scanAgain && !stopped);
      })
      .catch((error: unknown) => log.error('the timer scan failed', error))
      .finally(() => {
        scanning = undefined;
        if (scanAgain) wake();
      });
  }

  /** Begins what is due, page by page: mostly only the first few timers are of interest. */
  async function scan(): Promise<void> {
    let last: Key | undefined;
    for (;;) {
      const after = last === undefined ? {} : { after: last };
      const rows = await store.read((view) => timers.list(view, [], { limit: PAGE, ...after }));
      cancelWake?.();
      cancelWake = undefined;
      if (!beginDue(rows) || rows.length < PAGE) return;
      last = rows.at(-1)?.key;
    }
  }

  /** False when it came to a timer that must wait: for its time, or for others to end. */
  function beginDue(rows: readonly Row<TimerRow>[]): boolean {
    for (const { key, value } of rows) {
      if (running.has(value.token)) continue;
      const dueMs = Number(key[0]);
      if (dueMs > clock.now()) {
        cancelWake = clock.schedule(dueMs, wake);
        return false;
      }
      if (running.size >= concurrencyMax) return false;
      begin(key, value);
    }
    return true;
  }

  function begin(key: Key, row: TimerRow): void {
    const step = activity
      .run((token) => runStep(key, row, token))
      .catch((error: unknown) => log.error(`timer ${row.worker} could not be settled`, error))
      .finally(() => {
        running.delete(row.token);
        wake();
      });
    running.set(row.token, step);
  }

  async function runStep(key: Key, row: TimerRow, token: WorkContext['activity']): Promise<void> {
    if (row.id !== undefined && (await store.read((view) => isStale(view, row)))) {
      await store.transact(async (tx) => timers.delete(tx, key));
      return;
    }
    const worker = options.workers.get(row.worker);
    try {
      if (worker === undefined) {
        throw new UserError('ERR_UNKNOWN_WORKER', `no service declares the worker ${row.worker}`, {
          fix: 'start the version of Cloudlet that wrote this data directory',
        });
      }
      await worker(row.payload, options.contextFor(row, row.worker, token));
    } catch (error) {
      await retryLater(key, row, error);
      return;
    }
    await store.transact((tx) => settle(tx, key, row));
    onFired({ atMs: Number(key[0]), worker: row.worker });
  }

  async function retryLater(key: Key, row: TimerRow, error: unknown): Promise<void> {
    if (stopped) return;
    const delayMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** row.attempts);
    log.error(`the worker ${row.worker} failed and runs again in ${delayMs / 1000} s`, error);
    const dueMs = clock.now() + delayMs;
    await store.transact(async (tx) => {
      timers.delete(tx, key);
      timers.put(tx, [dueMs, row.token], { ...row, attempts: row.attempts + 1 });
      tx.notify(topic);
    });
  }

  /** The step is done: its timer goes. */
  async function settle(tx: Tx, key: Key, row: TimerRow): Promise<void> {
    timers.delete(tx, key);
    if (row.id === undefined) return;
    // The step may have scheduled its successor under the same id: that one stays.
    const current = await latest.get(tx, [row.worker, row.id]);
    if (current?.token === row.token) latest.delete(tx, [row.worker, row.id]);
  }

  return {
    start() {
      stopped = false;
      unlisten = store.listen(topic, wake);
      wake();
    },
    async stop() {
      stopped = true;
      cancelWake?.();
      unlisten?.();
      await scanning;
      await Promise.all(running.values());
    },
  };
}

async function isStale(view: ReadTx, { worker, id, token }: TimerRow): Promise<boolean> {
  if (id === undefined) return false;
  return (await latest.get(view, [worker, id]))?.token !== token;
}
