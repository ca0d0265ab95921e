// Order of writes: numbers that grow with time, and the ids of versions and uploads made of them.
import type { Random } from '../../base/random.ts';
import { randomText } from '../../base/random.ts';
import { localSlot } from '../../kernel/context.ts';
import type { WorkContext } from '../../kernel/context.ts';

/** Room for this many writes a millisecond; 2^53 is reached in the year 2248. */
const PER_MS = 1024;

const last = localSlot(() => ({ sequence: 0 }));

/** A number greater than any this cloud gave before, and ordered by time across restarts. */
export function nextSequence(context: Pick<WorkContext, 'local' | 'nowMs'>): number {
  const counter = context.local(last);
  counter.sequence = Math.max(counter.sequence + 1, context.nowMs * PER_MS);
  return counter.sequence;
}

// Digits in ASCII order, so that ids of one length sort as their numbers do.
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const NUMBER_LENGTH = 10;
const VERSION_ID_LENGTH = 32;
const UPLOAD_ID_LENGTH = 96;

/** The id of versions written while versioning is off or suspended. */
export const NULL_VERSION = 'null';

/** The random part of a version id, drawn before the transaction that makes the version. */
export function drawVersionTail(random: Random): string {
  return randomText(random, VERSION_ID_LENGTH - NUMBER_LENGTH, DIGITS);
}

/** 32 characters like AWS's; the write's number is inside, so that a version is found without a scan. */
export function formatVersionId(sequence: number, tail: string): string {
  return formatNumber(sequence) + tail;
}

/** The write's number, or undefined for text that is no version id of ours. */
export function parseVersionId(versionId: string): number | undefined {
  if (versionId.length !== VERSION_ID_LENGTH) return undefined;
  return parseNumber(versionId.slice(0, NUMBER_LENGTH));
}

/** Upload ids sort by the time they were made. */
export function formatUploadId(sequence: number, random: Random): string {
  return formatNumber(sequence) + randomText(random, UPLOAD_ID_LENGTH - NUMBER_LENGTH, DIGITS);
}

function formatNumber(value: number): string {
  let text = '';
  for (let left = value; text.length < NUMBER_LENGTH; left = Math.floor(left / DIGITS.length)) {
    text = (DIGITS[left % DIGITS.length] ?? '') + text;
  }
  return text;
}

function parseNumber(text: string): number | undefined {
  let value = 0;
  for (const char of text) {
    const digit = DIGITS.indexOf(char);
    if (digit === -1) return undefined;
    value = value * DIGITS.length + digit;
  }
  return Number.isSafeInteger(value) ? value : undefined;
}
