// ChangeMessageVisibility and ChangeMessageVisibilityBatch.
import { ServiceError } from '../../../base/errors.ts';
import type { Tx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import {
  invalidValue,
  notAvailableForVisibilityChange,
  receiptHandleIsInvalid,
} from '../errors.ts';
import { VISIBILITY_TIMEOUT_MAX_SEC } from '../limits.ts';
import type { Queue } from '../queue.ts';
import { parseReceiptHandle } from '../receipt-handle.ts';
import { checkBatch, checkVisibilityTimeout, required } from '../rules.ts';
import { findWaiting, moveMessage, queueTopic } from '../store.ts';
import { presentBatch } from './batch-result.ts';
import { readQueueUrl, requireQueue } from './locate-queue.ts';

interface Change {
  readonly handle: string;
  readonly timeoutSec: number;
}

export async function changeMessageVisibility(
  input: InputOf<'sqs', 'ChangeMessageVisibility'>,
  ctx: RequestContext,
): Promise<OutputOf<'sqs', 'ChangeMessageVisibility'>> {
  const address = readQueueUrl(input, ctx);
  const handle = required(input.ReceiptHandle, 'ReceiptHandle');
  const timeoutSec = required(input.VisibilityTimeout, 'VisibilityTimeout');
  await ctx.store.transact(async (tx) => {
    const queue = await requireQueue(tx, ctx.region, address);
    await applyChange(tx, queue, { handle, timeoutSec, nowMs: ctx.nowMs });
  });
  return {};
}

export async function changeMessageVisibilityBatch(
  input: InputOf<'sqs', 'ChangeMessageVisibilityBatch'>,
  ctx: RequestContext,
): Promise<OutputOf<'sqs', 'ChangeMessageVisibilityBatch'>> {
  const address = readQueueUrl(input, ctx);
  const entries = checkBatch(input.Entries, 'ChangeMessageVisibilityBatchRequestEntry');
  const problems = await ctx.store.transact(async (tx) => {
    const queue = await requireQueue(tx, ctx.region, address);
    const found: (ServiceError | undefined)[] = [];
    for (const { ReceiptHandle, VisibilityTimeout } of entries) {
      const change = { handle: ReceiptHandle ?? '', timeoutSec: VisibilityTimeout ?? 0 };
      found.push(await tryChange(tx, queue, { ...change, nowMs: ctx.nowMs }));
    }
    return found;
  });
  return presentBatch(entries, problems);
}

async function tryChange(
  tx: Tx,
  queue: Queue,
  change: Change & { nowMs: number },
): Promise<ServiceError | undefined> {
  try {
    await applyChange(tx, queue, change);
    return undefined;
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
}

// AWS: a message whose timeout has run out may still be changed while no one else has received it.
// Recorded: test_change_message_visibility_after_visibility_timeout_expiration.
async function applyChange(
  tx: Tx,
  queue: Queue,
  { handle, timeoutSec, nowMs }: Change & { nowMs: number },
): Promise<void> {
  checkVisibilityTimeout(timeoutSec);
  const receipt = parseReceiptHandle(handle);
  if (receipt === undefined) throw receiptHandleIsInvalid(handle);
  const waiting =
    receipt.backlog === queue.backlog ? await findWaiting(tx, queue, receipt) : undefined;
  if (waiting?.delivery.receives !== receipt.receive) throw notAvailableForVisibilityChange(handle);
  const visibleMs = nowMs + timeoutSec * 1000;
  const receivedMs = waiting.delivery.receivedMs ?? nowMs;
  if (visibleMs > receivedMs + VISIBILITY_TIMEOUT_MAX_SEC * 1000) {
    throw invalidValue(
      timeoutSec,
      'VisibilityTimeout',
      'Total VisibilityTimeout for the message is beyond the limit [43200 seconds]',
    );
  }
  await moveMessage(tx, queue, {
    waiting,
    visibleMs,
    delivery: waiting.delivery,
  });
  tx.notify(queueTopic(queue));
}
