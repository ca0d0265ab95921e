// The ids of blobs.
import type { Random } from '../base/random.ts';

const ID_BYTES = 16;
const ID = /^[0-9a-f]{32}$/;

/** 32 hexadecimal digits that say nothing about the content. */
export function randomBlobId(random: Random): string {
  return Buffer.from(random.bytes(ID_BYTES)).toString('hex');
}

/** Whether `text` has the form of an id, and so is harmless as a file name. */
export function isBlobId(text: string): boolean {
  return ID.test(text);
}
