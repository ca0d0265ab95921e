// Receipt handles: opaque text that names one receive of one message.
import { createHash } from 'node:crypto';

export interface Receipt {
  /** The queue's backlog the message is in; purging or deleting the queue begins a new one. */
  readonly backlog: string;
  readonly messageId: string;
  readonly sentMs: number;
  /** Which receive it was, counted from 1. */
  readonly receive: number;
}

export function formatReceiptHandle(receipt: Receipt): string {
  const text = [receipt.backlog, receipt.messageId, receipt.sentMs, receipt.receive].join(' ');
  return Buffer.from(`${check(text)} ${text}`, 'latin1').toString('base64');
}

/** The receipt, or undefined for text that `formatReceiptHandle` did not make. */
export function parseReceiptHandle(handle: string): Receipt | undefined {
  const [sum, ...rest] = Buffer.from(handle, 'base64').toString('latin1').split(' ');
  if (rest.length !== 4 || sum !== check(rest.join(' '))) return undefined;
  const [backlog = '', messageId = '', sentMs, receive] = rest;
  return { backlog, messageId, sentMs: Number(sentMs), receive: Number(receive) };
}

function check(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('hex').slice(0, 16);
}
