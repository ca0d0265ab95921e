// Sleeping, for any clock that can schedule.
import type { Clock } from '../base/clock.ts';

/** Resolves after `delayMs` of the clock's time, or rejects with the signal's reason. */
export function sleepOn(
  clock: Pick<Clock, 'now' | 'schedule'>,
  delayMs: number,
  signal?: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const wake = (): void => {
      signal?.removeEventListener('abort', abort);
      resolve();
    };
    const cancel = clock.schedule(clock.now() + delayMs, wake);
    const abort = (): void => {
      cancel();
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', abort, { once: true });
  });
}
