// Hands validated transactions to the engine: one commit at a time, and each takes along all that
// gathered while the last one was under way.
import { assert } from '../base/errors.ts';
import { createPendingWrites } from './pending-writes.ts';
import type { PendingView } from './pending-writes.ts';
import type { Mark, MarkedSnapshot, StoreEngine, Writes } from './store-engine.ts';

/** Where a transaction begins. */
interface Start {
  readonly snapshot: MarkedSnapshot;
  /** Validated writes that the snapshot does not hold yet. */
  readonly pending: PendingView | undefined;
  /** Moves when another process wrote: whatever began in an older epoch must begin again. */
  readonly epoch: number;
}

/** True: durable. False: another process wrote in between, nothing was written. */
export type Outcome = true | Promise<boolean>;

export interface GroupCommit {
  readonly epoch: number;
  /** The number the next append gets; a transaction that appends moves it before `submit`. */
  nextSequence: number;
  begin(): Start;
  /** Looks whether another process has committed. */
  observe(): void;
  /** Takes the writes of the validated commit `number`; numbers grow from call to call. */
  submit(writes: Writes, number: number): Outcome;
  /** What became, or will become, of the submitted commit `number`. */
  outcomeOf(number: number): Outcome;
  /** Resolves when nothing is under way. */
  drain(): Promise<void>;
}

interface Batch {
  readonly writes: Map<string, Uint8Array | undefined>;
  lastNumber: number;
  readonly outcome: Promise<boolean>;
  readonly resolve: (durable: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** @param onForeignCommit called when commits of another process are seen for the first time. */
export function createGroupCommit(engine: StoreEngine, onForeignCommit: () => void): GroupCommit {
  const pending = createPendingWrites();
  const first = engine.snapshot();
  let known: number = first.mark.commits;
  let nextSequence = first.mark.nextSequence;
  first.release();
  let epoch = 0;
  let inFlight: Batch | undefined;
  let gathering: Batch | undefined;

  /** Another process wrote, or the engine failed: nothing that is not durable yet may stand. */
  function startEpoch(): void {
    epoch += 1;
    pending.clear();
    gathering?.resolve(false);
    gathering = undefined;
  }

  function adopt(mark: Mark): void {
    // While a commit of ours is under way its effect may be visible before its promise resolves. A
    // foreign one in its place looks the same, but then ours is about to fail and start an epoch.
    if (mark.commits === known || (inFlight !== undefined && mark.commits === known + 1)) return;
    assert(mark.commits > known, 'the store does not go back in time');
    startEpoch();
    known = mark.commits;
    nextSequence = mark.nextSequence;
    onForeignCommit();
  }

  /** Waits for a commit that the engine does not make at once. */
  async function follow(batch: Batch, sent: Promise<boolean>): Promise<void> {
    const expectedCommits = known;
    inFlight = batch;
    let durable: boolean;
    try {
      durable = await sent;
    } catch (error) {
      inFlight = undefined;
      startEpoch();
      batch.reject(error);
      return;
    }
    inFlight = undefined;
    if (durable) {
      known = Math.max(known, expectedCommits + 1);
      pending.settle(batch.writes.keys(), batch.lastNumber);
    } else {
      startEpoch();
    }
    batch.resolve(durable);
    sendGathered();
  }

  function sendGathered(): void {
    const batch = gathering;
    if (batch === undefined) return;
    gathering = undefined;
    const sent = engine.commit({ writes: batch.writes, expectedCommits: known, nextSequence });
    assert(sent !== true, 'an engine that commits at once never lets commits gather');
    void follow(batch, sent);
  }

  function submit(writes: Writes, number: number): Outcome {
    if (inFlight === undefined) {
      const sent = engine.commit({ writes, expectedCommits: known, nextSequence });
      if (sent === true) {
        known += 1;
        return true;
      }
      pending.add(writes, number);
      const batch = createBatch(new Map(writes), number);
      void follow(batch, sent);
      return batch.outcome;
    }
    gathering ??= createBatch(new Map(), number);
    for (const [key, value] of writes) gathering.writes.set(key, value);
    gathering.lastNumber = number;
    pending.add(writes, number);
    return gathering.outcome;
  }

  return {
    get epoch() {
      return epoch;
    },
    get nextSequence() {
      return nextSequence;
    },
    set nextSequence(value) {
      nextSequence = value;
    },
    begin() {
      const snapshot = engine.snapshot();
      adopt(snapshot.mark);
      return { snapshot, pending: pending.view(), epoch };
    },
    observe() {
      const snapshot = engine.snapshot();
      adopt(snapshot.mark);
      snapshot.release();
    },
    submit,
    outcomeOf(number) {
      if (inFlight !== undefined && number <= inFlight.lastNumber) return inFlight.outcome;
      return gathering !== undefined && number <= gathering.lastNumber ? gathering.outcome : true;
    },
    async drain() {
      while (inFlight !== undefined) await inFlight.outcome.catch(() => false);
    },
  };
}

function createBatch(writes: Batch['writes'], lastNumber: number): Batch {
  let settle: Pick<Batch, 'resolve' | 'reject'> = { resolve: () => {}, reject: () => {} };
  const outcome = new Promise<boolean>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { writes, lastNumber, outcome, ...settle };
}
