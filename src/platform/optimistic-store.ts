// Serialisable transactions over any engine: bodies run side by side on snapshots and are checked
// against one another in a single synchronous step when they commit.
import { assert } from '../base/errors.ts';
import type { Store, Tx } from '../base/store.ts';
import { createClaims } from './claims.ts';
import { createCommitLog } from './commit-log.ts';
import { createGroupCommit } from './group-commit.ts';
import type { Outcome } from './group-commit.ts';
import { createListeners } from './listeners.ts';
import { nextTurn } from './next-turn.ts';
import type { Snapshot, StoreEngine } from './store-engine.ts';
import { createTransaction, createView } from './transaction.ts';
import type { Transaction } from './transaction.ts';
import { type Turn, createTurns } from './turns.ts';

// After so many conflicts a body no longer starts over at once, and after some more it runs alone.
const CONFLICTS_BEFORE_PAUSE = 2;
const CONFLICTS_BEFORE_ALONE = 6;
const LONGEST_TURN_MS = 2_000;

// How late, at most, a listener hears of commits of other processes.
const FOREIGN_POLL_MS = 50;

/** One run of a body. */
interface Run {
  readonly transaction: Transaction;
  readonly snapshot: Snapshot;
  readonly epoch: number;
  /** The last commit that the run sees. */
  readonly since: number;
}

type Attempt<T> = { readonly done: true; readonly value: T } | { readonly done: false };

export function createOptimisticStore(engine: StoreEngine): Store {
  const log = createCommitLog();
  const listeners = createListeners();
  const commits = createGroupCommit(engine, listeners.wakeAll);
  const claims = createClaims();
  // In order of their start, so the first one is the oldest.
  const running = new Set<Run>();
  const turns = createTurns(LONGEST_TURN_MS);
  let closing: Promise<void> | undefined;
  // What another process commits wakes everybody here: topics do not leave their process.
  const foreign = createPoll(FOREIGN_POLL_MS, () => {
    if (listeners.any) commits.observe();
    return listeners.any;
  });

  function begin(): Run {
    assert(closing === undefined, 'the store is closed');
    const since = log.last;
    const { snapshot, pending, epoch } = commits.begin();
    const transaction = createTransaction({
      snapshot,
      pending,
      claim: (key) => !log.changed(key, since) && claims.take(key, run),
    });
    const run: Run = { transaction, snapshot, epoch, since };
    running.add(run);
    return run;
  }

  function finish(run: Run): void {
    run.transaction.end();
    run.snapshot.release();
    claims.release(run);
    running.delete(run);
    const [oldest] = running;
    log.forget(oldest === undefined ? log.last : oldest.since);
  }

  /** Validates and submits in one step, with nothing in between. */
  function commit(run: Run): Outcome | false {
    const { transaction, epoch, since } = run;
    if (!transaction.hasWrites()) return seenOutcome(run);
    assert(closing === undefined, 'the store is closed');
    if (epoch !== commits.epoch || log.conflicts(transaction.reads, since)) return false;
    const { writes, nextSequence } = transaction.resolveWrites(commits.nextSequence);
    commits.nextSequence = nextSequence;
    return commits.submit(writes, log.add(writes));
  }

  /** Whether what a run without writes has seen came to stand: only then its answer may go out. */
  function seenOutcome({ transaction, epoch }: Run): Outcome | false {
    const seen = transaction.seenPending();
    if (seen === 0) return true;
    return epoch === commits.epoch && commits.outcomeOf(seen);
  }

  async function attempt<T>(body: (tx: Tx) => Promise<T>, turn?: Turn): Promise<Attempt<T>> {
    const run = begin();
    let value: T;
    let outcome: Outcome | false;
    try {
      value = await body(run.transaction.tx);
      run.transaction.end();
      if (run.transaction.hasWrites()) await turns.pass(turn);
      outcome = commit(run);
      turn?.end();
    } catch (error) {
      if (await seenOutcome(run)) throw error;
      return { done: false };
    } finally {
      finish(run);
    }
    if (!(await outcome)) return { done: false };
    listeners.wake(run.transaction.topics);
    return { done: true, value };
  }

  /** Runs a body that lost too often while no other one commits. */
  async function runAlone<T>(body: (tx: Tx) => Promise<T>): Promise<T> {
    for (;;) {
      const turn = await turns.begin();
      try {
        const result = await attempt(body, turn);
        if (result.done) return result.value;
      } finally {
        turn.end();
      }
      // Another process came in between, or the turn was too short.
      await nextTurn();
    }
  }

  return {
    async transact(body) {
      for (let conflicts = 0; conflicts < CONFLICTS_BEFORE_ALONE; conflicts++) {
        if (conflicts > CONFLICTS_BEFORE_PAUSE) await nextTurn();
        const result = await attempt(body);
        if (result.done) return result.value;
      }
      return runAlone(body);
    },
    async read(body) {
      assert(closing === undefined, 'the store is closed');
      const snapshot = engine.snapshot();
      try {
        return await body(createView(snapshot));
      } finally {
        snapshot.release();
      }
    },
    listen(topic, wake) {
      const stop = listeners.listen(topic, wake);
      if (engine.shared) foreign.start();
      return stop;
    },
    close() {
      foreign.stop();
      closing ??= commits.drain().then(() => engine.close());
      return closing;
    },
  };
}

/** Calls `look` again and again until it answers false; started again, it goes on. */
function createPoll(everyMs: number, look: () => boolean): { start(): void; stop(): void } {
  let timer: NodeJS.Timeout | undefined;

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }

  return {
    start() {
      timer ??= setInterval(() => {
        if (!look()) stop();
      }, everyMs).unref();
    },
    stop,
  };
}
