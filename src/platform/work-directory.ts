// Scratch space of a cloud that keeps nothing: a directory of its own, gone when the cloud closes.
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Random } from '../base/random.ts';

export interface WorkDirectory {
  /** Not created until somebody writes to it. */
  readonly path: string;
  remove(): Promise<void>;
}

export function temporaryWorkDirectory(random: Random): WorkDirectory {
  // The process id keeps clouds with equal seeds in different processes apart.
  const unique = `${process.pid}-${Buffer.from(random.bytes(8)).toString('hex')}`;
  const path = join(tmpdir(), `cloudlet-${unique}`);
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
