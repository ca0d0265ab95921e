// A bell: one waits, others ring; a ring before the wait is not lost.

export interface Wakeup {
  ring(): void;
  /** Resolves at the next ring, or at once when it rang since the last wait. One waiter at a time. */
  wait(): Promise<void>;
}

export function createWakeup(): Wakeup {
  let rang = false;
  let release: (() => void) | undefined;
  return {
    ring() {
      rang = true;
      release?.();
    },
    async wait() {
      if (!rang) {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      }
      rang = false;
      release = undefined;
    },
  };
}
