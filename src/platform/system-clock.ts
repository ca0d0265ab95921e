// The machine's clock.
import type { Cancel, Clock } from '../base/clock.ts';
import { sleepOn } from './sleep.ts';

// A long wait is cut in pieces: setTimeout counts to 2^31 ms only, and it does not notice when the
// machine was suspended or its clock was set; so the due time is looked at again every minute.
const LONGEST_WAIT_MS = 60_000;

export function createSystemClock(): Clock {
  function schedule(dueMs: number, fire: () => void): Cancel {
    let timer: NodeJS.Timeout;
    const wait = (): void => {
      const remainingMs = Math.max(0, dueMs - Date.now());
      timer = setTimeout(check, Math.min(Math.ceil(remainingMs), LONGEST_WAIT_MS));
    };
    const check = (): void => (Date.now() >= dueMs ? fire() : wait());
    wait();
    return () => clearTimeout(timer);
  }

  const clock: Clock = {
    now: () => Date.now(),
    schedule,
    sleep: (delayMs, signal) => sleepOn(clock, delayMs, signal),
  };
  return clock;
}
