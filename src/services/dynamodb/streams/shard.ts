// What shards and the records in them are called.
import { createHash } from 'node:crypto';

/** Sequence numbers are 21 to 40 digits long; all of ours have the same length, so they sort as texts. */
const SEQUENCE_BASE = 10n ** 20n;
const SEQUENCE_TEXT = /^\d{21,40}$/;

/** One of the shards a stream has had, oldest first; each is the parent of the next. */
export interface Shard {
  /** Counted from 0 within the stream. */
  readonly number: number;
  readonly id: string;
  readonly parentId: string | undefined;
  readonly openedSequence: number;
  readonly openedMs: number;
  /** Undefined while the shard takes records. */
  readonly closed: { readonly sequence: number; readonly atMs: number } | undefined;
}

export function sequenceText(sequence: number): string {
  return String(SEQUENCE_BASE + BigInt(sequence));
}

/** The sequence a text stands for; undefined when it stands for none of ours. */
export function readSequence(text: string): number | undefined {
  if (!SEQUENCE_TEXT.test(text)) return undefined;
  const sequence = BigInt(text) - SEQUENCE_BASE;
  if (sequence < 0n || sequence > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  return Number(sequence);
}

/** The time it was opened, which orders shards, and a part that makes it unique. */
export function shardId(stream: string, number: number, openedMs: number): string {
  const unique = createHash('sha256').update(`${stream}/${number}`).digest('hex').slice(0, 8);
  return `shardId-${String(openedMs).padStart(20, '0')}-${unique}`;
}

/** The same for a record however often it is read. */
export function eventId(stream: string, sequence: number): string {
  return createHash('md5').update(`${stream}/${sequence}`).digest('hex');
}
