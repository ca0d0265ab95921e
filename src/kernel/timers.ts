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
import { type Row, table } from './table.ts';

interface TimerRow extends Scope {
  readonly worker: string;
  readonly payload: unknown;
  readonly attempts: number;
  /** Present when the task was scheduled with an id; `token` tells the latest schedule of that id. */
  readonly id?: string;
  readonly token: string;
  readonly traceId?: string;
}

/** Keyed `[dueMs, token]`. */
const timers = table<TimerRow>('kernel/timer');
/** Keyed `[worker, id]`: which schedule of an id is in force. */
const latest = table<{ readonly dueMs: number; readonly token: string }>('kernel/timer-id');

const TOPIC = 'kernel/timers';
const CONCURRENCY_MAX = 256;
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

function createTimers(random: Random): Timers {
  return {
    schedule(tx, scope, task) {
      writeTimer(tx, scope, { task, random });
    },
    async cancel(tx, worker, id) {
      // The timer's own row stays and is dropped as stale when its time comes.
      latest.delete(tx, [worker, id]);
    },
  };
}

function writeTimer(tx: Tx, scope: Scope, { task, random }: { task: TimerTask; random: Random }): void {
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
  timers.put(tx, [task.dueMs, token], row);
  if (task.id !== undefined) latest.put(tx, [task.worker, task.id], { dueMs: task.dueMs, token });
  tx.notify(TOPIC);
}

export function createTimerDispatcher(options: TimerDispatcherOptions): TimerDispatcher {
  const { store, clock, activity, log } = options;
  const running = new Map<string, Promise<void>>();
  const watchers = new Set<(fired: FiredTimer) => void>();
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
      if (running.size >= CONCURRENCY_MAX) return false;
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
    for (const seen of watchers) seen({ atMs: Number(key[0]), worker: row.worker });
  }

  async function retryLater(key: Key, row: TimerRow, error: unknown): Promise<void> {
    if (stopped) return;
    const delayMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** row.attempts);
    log.error(`the worker ${row.worker} failed and runs again in ${delayMs / 1000} s`, error);
    const dueMs = clock.now() + delayMs;
    await store.transact(async (tx) => {
      timers.delete(tx, key);
      timers.put(tx, [dueMs, row.token], { ...row, attempts: row.attempts + 1 });
      tx.notify(TOPIC);
    });
  }

  return {
    ...createTimers(options.random),
    start() {
      stopped = false;
      unlisten = store.listen(TOPIC, wake);
      wake();
    },
    async stop() {
      stopped = true;
      cancelWake?.();
      unlisten?.();
      await scanning;
      await Promise.all(running.values());
    },
    watch(seen) {
      watchers.add(seen);
      return () => watchers.delete(seen);
    },
  };
}

async function isStale(view: ReadTx, { worker, id, token }: TimerRow): Promise<boolean> {
  if (id === undefined) return false;
  return (await latest.get(view, [worker, id]))?.token !== token;
}

/** The step is done: its timer goes. */
async function settle(tx: Tx, key: Key, row: TimerRow): Promise<void> {
  timers.delete(tx, key);
  if (row.id === undefined) return;
  // The step may have scheduled its successor under the same id: that one stays.
  const current = await latest.get(tx, [row.worker, row.id]);
  if (current?.token === row.token) latest.delete(tx, [row.worker, row.id]);
}
