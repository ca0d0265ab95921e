// Positions of events as text: ids of events and page tokens, 56 digits as on AWS.
import type { EventPosition } from './log-group.ts';

const TIME_DIGITS = 20;
const SEQUENCE_DIGITS = 36;

/** 56 digits whose order is the order of events. */
export function formatPosition({ timestampMs, sequence }: EventPosition): string {
  const time = String(timestampMs).padStart(TIME_DIGITS, '0');
  return time + String(sequence).padStart(SEQUENCE_DIGITS, '0');
}

/** The position back, or undefined for text that is none. */
export function parsePosition(text: string): EventPosition | undefined {
  if (!/^\d{56}$/.test(text)) return undefined;
  const position = {
    timestampMs: Number(text.slice(0, TIME_DIGITS)),
    sequence: Number(text.slice(TIME_DIGITS)),
  };
  return Number.isSafeInteger(position.timestampMs) && Number.isSafeInteger(position.sequence)
    ? position
    : undefined;
}

export interface EventToken {
  readonly direction: 'forward' | 'backward';
  readonly position: EventPosition;
}

/** `f/DIGITS/s` and `b/DIGITS/s` */
export function formatToken({ direction, position }: EventToken): string {
  return `${direction === 'forward' ? 'f' : 'b'}/${formatPosition(position)}/s`;
}

export function parseToken(text: string): EventToken | undefined {
  const [, letter, digits = ''] = /^([fb])\/(\d+)\/s$/.exec(text) ?? [];
  const position = parsePosition(digits);
  if (position === undefined) return undefined;
  return { direction: letter === 'f' ? 'forward' : 'backward', position };
}
