// Decides, from a seed, which of the waiting pieces of work goes on next.
import { type Random, randomInteger } from '../../src/base/random.ts';
import { nextTurn } from '../../src/platform/next-turn.ts';

export interface Scheduler {
  /** Waits until the scheduler picks this piece of work. */
  pause(): Promise<void>;
  /** Lets one waiting piece of work after the other go on until `work` has settled. */
  run<T>(work: Promise<T>): Promise<T>;
  /** The same for so many steps; whatever waits then waits for ever: its process is gone. */
  runAndCrash(steps: number): Promise<void>;
}

export function createScheduler(random: Random): Scheduler {
  let waiting: (() => void)[] = [];
  let crashed = false;

  async function stepOnce(): Promise<void> {
    await nextTurn();
    const [next] = waiting.splice(randomInteger(random, waiting.length), 1);
    next?.();
  }

  return {
    pause: () =>
      new Promise((resolve) => {
        if (!crashed) waiting.push(resolve);
      }),
    async run(work) {
      let settled = false;
      const end = (): void => {
        settled = true;
      };
      work.then(end, end);
      while (!settled) await stepOnce();
      return work;
    },
    async runAndCrash(steps) {
      for (let left = steps; left > 0; left--) await stepOnce();
      crashed = true;
      waiting = [];
      await nextTurn();
    },
  };
}
