// Which idle environments go when the machine runs out of memory.
import { readFileSync } from 'node:fs';

export interface IdleEnvironment {
  readonly idleMs: number;
  readonly memoryMb: number;
  /** Its function has another idle one: its end makes no cold start yet. */
  readonly isSpare: boolean;
}

/** The last one of a function counts as if it had been used so much more recently. */
const LAST_ONE_FACTOR = 8;

/** The least useful first, until so much memory is free: long unused, large, and not the last of its function. */
export function chooseLeastUseful<T extends IdleEnvironment>(idle: readonly T[], neededMb: number): T[] {
  const cost = ({ idleMs, memoryMb, isSpare }: T): number => (idleMs * memoryMb) / (isSpare ? 1 : LAST_ONE_FACTOR);
  const chosen: T[] = [];
  let freedMb = 0;
  for (const each of idle.toSorted((a, b) => cost(b) - cost(a))) {
    if (freedMb >= neededMb) break;
    freedMb += each.memoryMb;
    chosen.push(each);
  }
  return chosen;
}

/** Below this share of the machine's memory something has to go. */
const LEAST_SHARE = 0.05;

/**
 * How much memory the machine is short of, MB.
 * Differs: only Linux tells what is available; elsewhere environments end for being idle alone.
 */
export function measureShortageMb(path = '/proc/meminfo'): number {
  try {
    const text = readFileSync(path, 'latin1');
    const read = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1]) / 1024;
    return Math.max(0, read('MemTotal') * LEAST_SHARE - read('MemAvailable')) || 0;
  } catch {
    return 0;
  }
}
