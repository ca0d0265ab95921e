// One receive: takes visible messages, hides them, and moves the hopeless to the dead-letter queue.
import type { Tx } from '../../base/store.ts';
import type { WorkContext } from '../../kernel/context.ts';
import { queueDoesNotExist } from './errors.ts';
import type { Delivery, Message, Waiting } from './message.ts';
import { countReceive, decideFate } from './message.ts';
import type { Queue } from './queue.ts';
import { parseQueueArn, queueArn } from './queue.ts';
import { numberOf } from './sequence-number.ts';
import {
  addMessage,
  claimVisible,
  findMessage,
  findQueue,
  moveMessage,
  placeLast,
  queueTopic,
  removeMessage,
} from './store.ts';

export interface Received {
  readonly queue: Queue;
  readonly message: Message;
  readonly delivery: Delivery;
}

export interface TakeOptions {
  readonly account: string;
  readonly name: string;
  readonly limit: number;
  /** Default: the queue's. */
  readonly visibilityTimeoutSec: number | undefined;
  readonly nowMs: number;
}

/** Expired and dead-lettered messages met on the way make room for others, but not without end. */
const ROUNDS_MAX = 20;

export function takeMessages(ctx: WorkContext, options: TakeOptions): Promise<readonly Received[]> {
  const { account, name, limit, nowMs } = options;
  return ctx.store.transact(async (tx) => {
    const queue = await findQueue(tx, { account, region: ctx.region }, name);
    if (queue === undefined) throw queueDoesNotExist();
    const deadLetterQueue = await findDeadLetterQueue(tx, queue);
    const timeoutSec = options.visibilityTimeoutSec ?? queue.visibilityTimeoutSec;
    const visibleMs = nowMs + timeoutSec * 1000;
    const received: Received[] = [];
    for (let round = 0; round < ROUNDS_MAX && received.length < limit; round++) {
      const claimed = await claimVisible(tx, queue, { nowMs, limit: limit - received.length });
      for (const waiting of claimed) {
        const fate = decideFate(waiting.delivery, {
          retentionMs: queue.retentionSec * 1000,
          maxReceives: deadLetterQueue === undefined ? undefined : queue.redrivePolicy?.maxReceives,
          nowMs,
        });
        const message = await findMessage(tx, queue, {
          sentMs: waiting.delivery.sentMs,
          messageId: waiting.messageId,
        });
        if (fate === 'expired' || message === undefined) {
          await removeMessage(tx, queue, waiting);
        } else if (fate === 'dead-letter' && deadLetterQueue !== undefined) {
          await removeMessage(tx, queue, waiting);
          await buryMessage(tx, deadLetterQueue, { ctx, waiting, message, source: queue, nowMs });
        } else {
          const delivery = countReceive(waiting.delivery, nowMs);
          await moveMessage(tx, queue, { waiting, visibleMs, delivery });
          received.push({ queue, message, delivery });
        }
      }
      // With a timeout of zero the same messages would be claimed again.
      if (claimed.length === 0 || timeoutSec === 0) break;
    }
    if (timeoutSec === 0 && received.length > 0) tx.notify(queueTopic(queue));
    return received;
  });
}

/** The queue's dead-letter queue; a policy whose target is gone moves nothing. */
async function findDeadLetterQueue(tx: Tx, queue: Queue): Promise<Queue | undefined> {
  const target = queue.redrivePolicy && parseQueueArn(queue.redrivePolicy.targetArn);
  return target && findQueue(tx, target, target.name);
}

/**
 * A message keeps its id, its attributes, its count of receives and the time it was sent (so its
 * retention goes on counting). Source: SQS Developer Guide, "Using dead-letter queues".
 */
async function buryMessage(
  tx: Tx,
  deadLetterQueue: Queue,
  options: { ctx: WorkContext; waiting: Waiting; message: Message; source: Queue; nowMs: number },
): Promise<void> {
  const { ctx, waiting, message, source, nowMs } = options;
  const visibleMs = nowMs + deadLetterQueue.delaySec * 1000;
  const entered = await placeLast(tx, deadLetterQueue, { store: ctx.store, visibleMs });
  const buried: Message = {
    ...message,
    deadLetterSourceArn: queueArn(source),
    entered,
    ...numberOf(deadLetterQueue, entered),
  };
  const delivery = { ...waiting.delivery, receives: 0 };
  await addMessage(tx, deadLetterQueue, { message: buried, delivery });
}
