// GetQueueAttributes and SetQueueAttributes.
import type { ReadTx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { invalidValue, missingParameter } from '../errors.ts';
import type { Queue } from '../queue.ts';
import { parseQueueArn, permitsSource, queueArn } from '../queue.ts';
import { countMessages, findQueue, putQueue } from '../store.ts';
import { scheduleSweep } from '../workers.ts';
import { readQueueUrl, requireQueue } from './locate-queue.ts';
import {
  readAttributeNames,
  readSettings,
  showAttributes,
  wantsCounts,
} from './queue-attributes.ts';

export async function getQueueAttributes(
  input: InputOf<'sqs', 'GetQueueAttributes'>,
  ctx: RequestContext,
): Promise<OutputOf<'sqs', 'GetQueueAttributes'>> {
  const address = readQueueUrl(input, ctx);
  const queue = await ctx.store.read((view) => requireQueue(view, ctx.region, address));
  const names = readAttributeNames(input.AttributeNames);
  if (names.size === 0) return {};
  const counts = wantsCounts(names)
    ? await countMessages(ctx.store, queue, ctx.nowMs)
    : { visible: 0, inFlight: 0, delayed: 0 };
  return { Attributes: showAttributes(queue, names, counts) };
}

export async function setQueueAttributes(
  input: InputOf<'sqs', 'SetQueueAttributes'>,
  ctx: RequestContext,
): Promise<OutputOf<'sqs', 'SetQueueAttributes'>> {
  const address = readQueueUrl(input, ctx);
  const attributes: Partial<Record<string, string>> = input.Attributes ?? {};
  if (Object.keys(attributes).length === 0) throw missingParameter('Attribute.Name');
  await ctx.store.transact(async (tx) => {
    const queue = await requireQueue(tx, ctx.region, address);
    const changed: Queue = {
      ...queue,
      ...readSettings(attributes, queue.fifo),
      modifiedMs: ctx.nowMs,
    };
    if (attributes['RedrivePolicy'] !== undefined) await checkRedriveTarget(tx, changed);
    putQueue(tx, changed, queue);
    // A shorter retention may have ended the life of messages already.
    if (changed.retentionSec < queue.retentionSec) {
      scheduleSweep(tx, ctx, { queue: changed, dueMs: ctx.nowMs });
    }
  });
  return {};
}

/**
 * The dead-letter queue must exist, belong to the same account and region, and allow this source.
 */
export async function checkRedriveTarget(view: ReadTx, queue: Queue): Promise<void> {
  const { redrivePolicy: policy } = queue;
  if (policy === undefined) return;
  const refuse = (reason: string): Error =>
    invalidValue(
      JSON.stringify({
        deadLetterTargetArn: policy.targetArn,
        maxReceiveCount: policy.maxReceives,
      }),
      'RedrivePolicy',
      reason,
    );
  const target = parseQueueArn(policy.targetArn);
  if (target?.account !== queue.account || target.region !== queue.region) {
    throw refuse('Dead-letter target owner should be same as the source.');
  }
  const deadLetterQueue = await findQueue(view, queue, target.name);
  if (deadLetterQueue === undefined) throw refuse('Dead letter target does not exist.');
  if ((deadLetterQueue.fifo === undefined) !== (queue.fifo === undefined)) {
    throw refuse('Dead-letter target must be same type of queue as the source.');
  }
  if (!permitsSource(deadLetterQueue, queueArn(queue))) {
    throw refuse(
      'The redrive allow policy of the dead letter target does not allow this source queue.',
    );
  }
}
