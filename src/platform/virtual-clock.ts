// A clock that stands still until it is advanced, and then fires everything due in order.
import type { Activity } from '../base/activity.ts';
import type { AdvanceReport, Cancel, VirtualClock } from '../base/clock.ts';
import { sleepOn } from './sleep.ts';
import { createTimerHeap } from './timer-heap.ts';

export interface VirtualClockOptions {
  /** The time at first, epoch milliseconds. */
  readonly startMs: number;
  /** Tells when the cloud is quiet. */
  readonly activity: Pick<Activity, 'quiet'>;
}

interface Timer {
  readonly dueMs: number;
  readonly order: number;
  readonly fire: () => void;
  readonly label: string | undefined;
  /** Fired or cancelled: whoever finds it in the heap drops it. */
  done: boolean;
}

// Long polls cancel a timer each, and a clock that stands still would keep them for ever.
const MANY_CANCELLED = 64;

export function createVirtualClock({ startMs, activity }: VirtualClockOptions): VirtualClock {
  const timers = createTimerHeap<Timer>();
  let nowMs = startMs;
  let scheduled = 0;
  /** Cancelled timers that are still in the heap. */
  let cancelled = 0;
  let wakeQueued = false;
  let lastAdvance: Promise<unknown> = Promise.resolve();
  let report: { atMs: number; label: string }[] | undefined;

  function schedule(dueMs: number, fire: () => void, label?: string): Cancel {
    const timer: Timer = { dueMs, order: scheduled++, fire, label, done: false };
    timers.push(timer);
    if (dueMs <= nowMs) wakeSoon();
    return () => {
      if (timer.done) return;
      timer.done = true;
      cancelled += 1;
      if (cancelled > MANY_CANCELLED && cancelled * 2 > timers.size) sweep();
    };
  }

  function sweep(): void {
    timers.retain((timer) => !timer.done);
    cancelled = 0;
  }

  // What is due already does not wait for an advance; as with setTimeout it never fires at once.
  function wakeSoon(): void {
    if (wakeQueued) return;
    wakeQueued = true;
    setImmediate(() => {
      wakeQueued = false;
      fireDue();
    });
  }

  /** Fires what is due at the present instant, and nothing that these timers add. */
  function fireDue(): void {
    const lastOrder = scheduled;
    try {
      for (let next = peekPending(); next !== undefined; next = peekPending()) {
        if (next.dueMs > nowMs || next.order >= lastOrder) break;
        timers.pop();
        next.done = true;
        if (next.label !== undefined) report?.push({ atMs: nowMs, label: next.label });
        next.fire();
      }
    } finally {
      const left = peekPending();
      if (left !== undefined && left.dueMs <= nowMs) wakeSoon();
    }
  }

  function peekPending(): Timer | undefined {
    while (timers.peek()?.done === true) {
      timers.pop();
      cancelled -= 1;
    }
    return timers.peek();
  }

  async function runAdvance(deltaMs: number): Promise<AdvanceReport> {
    const fired: { atMs: number; label: string }[] = [];
    report = fired;
    try {
      // Work under way belongs to the instant in which it began.
      await activity.quiet();
      const fromMs = nowMs;
      const toMs = fromMs + deltaMs;
      for (let next = peekPending(); next !== undefined; next = peekPending()) {
        if (next.dueMs > toMs) break;
        nowMs = Math.max(nowMs, next.dueMs);
        fireDue();
        await activity.quiet();
      }
      nowMs = toMs;
      return { fromMs, toMs, fired };
    } finally {
      report = undefined;
    }
  }

  const clock: VirtualClock = {
    now: () => nowMs,
    schedule,
    sleep: (delayMs, signal) => sleepOn(clock, delayMs, signal),
    advance(deltaMs) {
      if (!(deltaMs >= 0 && Number.isFinite(deltaMs))) {
        return Promise.reject(new RangeError(`a clock cannot advance by ${deltaMs} ms`));
      }
      const advance = lastAdvance.then(() => runAdvance(deltaMs));
      lastAdvance = advance.catch(() => undefined);
      return advance;
    },
  };
  return clock;
}
