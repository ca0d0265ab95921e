// Bytes that child processes are to read from a descriptor, in a file that has no name.
import { randomUUID } from 'node:crypto';
import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SealedFile {
  readonly content: Uint8Array;
  /** A descriptor that stands at the beginning; the caller closes it. */
  open(): number;
  close(): void;
}

/** Linux only: the file is opened again by its descriptor. */
export function createSealedFile(content: Uint8Array): SealedFile {
  const path = join(tmpdir(), `cloudlet-${randomUUID()}`);
  const own = openSync(path, 'wx+', 0o600);
  unlinkSync(path);
  writeSync(own, content);
  let isOpen = true;
  return {
    content,
    // Descriptors that are inherited share their position: each child needs one of its own.
    open: () => openSync(`/proc/self/fd/${own}`, 'r'),
    close() {
      if (isOpen) closeSync(own);
      isOpen = false;
    },
  };
}
