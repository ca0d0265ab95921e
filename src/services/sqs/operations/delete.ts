// DeleteMessage and DeleteMessageBatch.
import type { ServiceError } from '../../../base/errors.ts';
import type { Tx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { receiptHandleExpired, receiptHandleIsInvalid } from '../errors.ts';
import type { Queue } from '../queue.ts';
import { parseReceiptHandle } from '../receipt-handle.ts';
import { checkBatch, required } from '../rules.ts';
import { findWaiting, removeMessage } from '../store.ts';
import { presentBatch } from './batch-result.ts';
import { readQueueUrl, requireQueue } from './locate-queue.ts';

export async function deleteMessage(
  input: InputOf<'sqs', 'DeleteMessage'>,
  ctx: RequestContext,
): Promise<OutputOf<'sqs', 'DeleteMessage'>> {
  const address = readQueueUrl(input, ctx);
  const handle = required(input.ReceiptHandle, 'ReceiptHandle');
  await ctx.store.transact(async (tx) => {
    const queue = await requireQueue(tx, ctx.region, address);
    const problem = await removeReceived(tx, queue, { handle, nowMs: ctx.nowMs });
    if (problem !== undefined) throw problem;
  });
  return {};
}

export async function deleteMessageBatch(
  input: InputOf<'sqs', 'DeleteMessageBatch'>,
  ctx: RequestContext,
): Promise<OutputOf<'sqs', 'DeleteMessageBatch'>> {
  const address = readQueueUrl(input, ctx);
  const entries = checkBatch(input.Entries, 'DeleteMessageBatchRequestEntry');
  const problems = await ctx.store.transact(async (tx) => {
    const queue = await requireQueue(tx, ctx.region, address);
    const found: (ServiceError | undefined)[] = [];
    for (const { ReceiptHandle } of entries)
      found.push(
        await removeReceived(tx, queue, { handle: ReceiptHandle ?? '', nowMs: ctx.nowMs }),
      );
    return found;
  });
  return presentBatch(entries, problems);
}

/**
 * Deletes by the latest receipt. An older one, or one of a message already gone, is no error.
 * Source: SQS API reference, DeleteMessage ("otherwise, the request succeeds, but the message will
 * not be deleted").
 */
async function removeReceived(
  tx: Tx,
  queue: Queue,
  { handle, nowMs }: { handle: string; nowMs: number },
): Promise<ServiceError | undefined> {
  const receipt = parseReceiptHandle(handle);
  if (receipt === undefined) return receiptHandleIsInvalid(handle);
  if (receipt.backlog !== queue.backlog) return undefined;
  const waiting = await findWaiting(tx, queue, receipt);
  if (waiting === undefined) return undefined;
  // AWS: FIFO queues do not take a receipt past its visibility timeout.
  // Recorded: test_fifo_delete_message_with_expired_receipt_handle.
  const isCurrent = waiting.delivery.receives === receipt.receive;
  if (queue.fifo !== undefined && !(isCurrent && waiting.place.visibleMs > nowMs)) {
    return receiptHandleExpired(handle);
  }
  if (isCurrent) await removeMessage(tx, queue, waiting);
  return undefined;
}
