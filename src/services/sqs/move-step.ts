// One step of a message move task: moves some messages, then waits as the task's rate says.
import type { Tx } from '../../base/store.ts';
import type { WorkContext } from '../../kernel/context.ts';
import { MOVE_BATCH, MOVE_TASKS_KEPT } from './limits.ts';
import type { Message, Waiting } from './message.ts';
import { UNTOUCHED } from './message.ts';
import type { MoveTask } from './move-task.ts';
import { movedMessageId, moveIntervalMs } from './move-task.ts';
import type { Queue } from './queue.ts';
import { parseQueueArn } from './queue.ts';
import { numberOf } from './sequence-number.ts';
import {
  addMessage,
  claimVisible,
  findMessage,
  findQueue,
  listMoveTasks,
  placeLast,
  putMoveTask,
  removeMessage,
} from './store.ts';

const QUEUE_GONE = 'AWS.SimpleQueueService.NonExistentQueue';
/** The message was sent to the dead-letter queue itself and the task has no destination. */
const NO_SOURCE = 'CouldNotDetermineMessageSource';

type Schedule = (tx: Tx, ctx: WorkContext, next: { task: MoveTask; dueMs: number }) => void;

export async function runMoveStep(
  { account, source, taskId }: { account: string; source: string; taskId: string },
  ctx: WorkContext,
  schedule: Schedule,
): Promise<void> {
  const scope = { account, region: ctx.region };
  await ctx.store.transact(async (tx) => {
    const tasks = await listMoveTasks(tx, { ...scope, name: source }, MOVE_TASKS_KEPT);
    const task = tasks.find((each) => each.id === taskId);
    if (task?.status !== 'RUNNING') return;
    const queue = await findQueue(tx, scope, source);
    const next =
      queue === undefined ? fail(task, QUEUE_GONE) : await moveSome(tx, ctx, { task, queue });
    putMoveTask(tx, next);
    if (next.status === 'RUNNING') {
      schedule(tx, ctx, { task: next, dueMs: ctx.clock.now() + moveIntervalMs(next) });
    }
  });
}

async function moveSome(
  tx: Tx,
  ctx: WorkContext,
  { task, queue }: { task: MoveTask; queue: Queue },
): Promise<MoveTask> {
  const nowMs = ctx.clock.now();
  // The task moves what was in the queue when it began; with a rate, one message a step.
  const left = task.toMove - task.moved;
  const limit = Math.min(left, task.maxPerSecond === undefined ? MOVE_BATCH : 1);
  const claimed = limit <= 0 ? [] : await claimVisible(tx, queue, { nowMs, limit });
  if (claimed.length === 0) return { ...task, status: 'COMPLETED' };
  for (const [at, waiting] of claimed.entries()) {
    const sentMs = waiting.delivery.sentMs;
    const message = await findMessage(tx, queue, { sentMs, messageId: waiting.messageId });
    if (message === undefined) continue;
    const arn = task.destinationArn ?? message.deadLetterSourceArn;
    const target = arn === undefined ? undefined : await findByArn(tx, arn);
    if (target === undefined) {
      const soFar = { ...task, moved: task.moved + at };
      return fail(soFar, arn === undefined ? NO_SOURCE : QUEUE_GONE);
    }
    await removeMessage(tx, queue, waiting);
    await addMessage(tx, target, {
      message: await rebirth(tx, message, { task, waiting, ctx, target }),
      delivery: { ...UNTOUCHED, sentMs: nowMs },
    });
  }
  const moved = task.moved + claimed.length;
  return { ...task, moved, status: moved >= task.toMove ? 'COMPLETED' : 'RUNNING' };
}

async function findByArn(tx: Tx, text: string): Promise<Queue | undefined> {
  const arn = parseQueueArn(text);
  return arn && findQueue(tx, arn, arn.name);
}

/**
 * A redriven message is a new one: new id, new sent time, no receives counted.
 * Source: SQS Developer Guide, "Configure a dead-letter queue redrive".
 */
async function rebirth(
  tx: Tx,
  message: Message,
  options: { task: MoveTask; waiting: Waiting; ctx: WorkContext; target: Queue },
): Promise<Message> {
  const { task, waiting, ctx, target } = options;
  const nowMs = ctx.clock.now();
  const visibleMs = nowMs + target.delaySec * 1000;
  const entered = await placeLast(tx, target, { store: ctx.store, visibleMs });
  const { deadLetterSourceArn: _, ...kept } = message;
  return {
    ...kept,
    id: movedMessageId(task, waiting.messageId),
    sentMs: nowMs,
    entered,
    ...numberOf(target, entered),
  };
}

function fail(task: MoveTask, failureReason: string): MoveTask {
  return { ...task, status: 'FAILED', failureReason };
}
