// Names of temporary copies: they tell who made them, so that what a killed sweep left can be known.
import { createHash, randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

const PREFIX = 'cloudlet-tune';
const PATTERN = /^cloudlet-tune-([0-9a-f]{8})-(\d+)-[0-9a-f]{8}-\d+$/;
/** Whoever made a copy so long ago, on another machine, is not waiting for it any more. */
const STALE_MS = 6 * 3_600_000;

/** `cloudlet-tune-HOST-PID-RANDOM-MEMORY` */
export function newName(memoryMb: number): string {
  return [PREFIX, hostId(), process.pid, randomBytes(4).toString('hex'), memoryMb].join('-');
}

export function isCopy(name: string): boolean {
  return PATTERN.test(name);
}

/** Whether a function is a copy whose maker is gone. */
export function isStale(name: string, lastModifiedMs: number): boolean {
  const [, host, pid] = PATTERN.exec(name) ?? [];
  if (host === undefined) return false;
  if (host === hostId()) return Number(pid) !== process.pid && !isAlive(Number(pid));
  return Date.now() - lastModifiedMs > STALE_MS;
}

function hostId(): string {
  return createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
