// Background steps of SQS: expiry of messages, erasure of abandoned backlogs, message move tasks.
import type { Tx } from '../../base/store.ts';
import type { Scope, WorkContext } from '../../kernel/context.ts';
import type { TimerWorker } from '../../kernel/service.ts';
import { ERASE_BATCH, SWEEP_INTERVAL_MS } from './limits.ts';
import { runMoveStep } from './move-step.ts';
import type { MoveTask } from './move-task.ts';
import type { Queue } from './queue.ts';
import { eraseBacklog, findQueue, findWaiting, listOldest, removeMessage } from './store.ts';

interface QueuePayload {
  readonly account: string;
  readonly name: string;
  readonly backlog: string;
}

interface MovePayload {
  readonly account: string;
  readonly source: string;
  readonly taskId: string;
}

export const workers: Readonly<Record<string, TimerWorker>> = {
  'sqs/sweep': (payload, ctx) => sweepExpired(payload as QueuePayload, ctx),
  'sqs/erase': (payload, ctx) => eraseAbandoned(payload as QueuePayload, ctx),
  'sqs/move': async (payload, ctx) => {
    const { account, source, taskId } = payload as MovePayload;
    await runMoveStep({ account, source, taskId }, ctx, scheduleMove);
  },
};

/** Deletes expired messages at `dueMs`; one sweep per queue stands in the timers at any time. */
export function scheduleSweep(
  tx: Tx,
  ctx: WorkContext,
  { queue, dueMs }: { queue: Queue; dueMs: number },
): void {
  ctx.timers.schedule(tx, scopeOf(queue), {
    worker: 'sqs/sweep',
    id: [queue.account, queue.region, queue.name].join('/'),
    dueMs,
    payload: payloadOf(queue),
  });
}

/** Removes the messages of a backlog that the queue left behind. */
export function scheduleErase(
  tx: Tx,
  ctx: WorkContext,
  { queue, dueMs }: { queue: Queue; dueMs: number },
): void {
  ctx.timers.schedule(tx, scopeOf(queue), {
    worker: 'sqs/erase',
    dueMs,
    payload: payloadOf(queue),
  });
}

/** The next step of a message move task. */
export function scheduleMove(
  tx: Tx,
  ctx: WorkContext,
  { task, dueMs }: { task: MoveTask; dueMs: number },
): void {
  ctx.timers.schedule(tx, scopeOf(task), {
    worker: 'sqs/move',
    id: task.id,
    dueMs,
    payload: { account: task.account, source: task.source, taskId: task.id } satisfies MovePayload,
  });
}

/**
 * Removes what has outlived the queue's retention and comes again when the next message will have.
 * Receives skip expired messages by themselves; this gives their space back.
 */
async function sweepExpired(payload: QueuePayload, ctx: WorkContext): Promise<void> {
  const scope = { account: payload.account, region: ctx.region };
  await ctx.store.transact(async (tx) => {
    const queue = await findQueue(tx, scope, payload.name);
    if (queue === undefined) return;
    const nowMs = ctx.clock.now();
    const retentionMs = queue.retentionSec * 1000;
    const expired = await listOldest(tx, queue, {
      beforeMs: nowMs - retentionMs + 1,
      limit: ERASE_BATCH,
    });
    for (const message of expired) {
      const waiting = await findWaiting(tx, queue, {
        sentMs: message.sentMs,
        messageId: message.id,
      });
      if (waiting !== undefined) await removeMessage(tx, queue, waiting);
    }
    if (expired.length === ERASE_BATCH) return scheduleSweep(tx, ctx, { queue, dueMs: nowMs });
    const [oldest] = await listOldest(tx, queue, { beforeMs: Number.MAX_VALUE, limit: 1 });
    const dueMs = (oldest?.sentMs ?? nowMs) + retentionMs;
    scheduleSweep(tx, ctx, { queue, dueMs: Math.max(dueMs, nowMs + SWEEP_INTERVAL_MS) });
  });
}

async function eraseAbandoned(payload: QueuePayload, ctx: WorkContext): Promise<void> {
  for (let done = false; !done;) {
    done = await ctx.store.transact((tx) =>
      eraseBacklog(
        tx,
        { account: payload.account, region: ctx.region, backlog: payload.backlog },
        ERASE_BATCH,
      ),
    );
  }
}

function scopeOf(owner: Scope): Scope {
  return { account: owner.account, region: owner.region };
}

function payloadOf(queue: Queue): QueuePayload {
  return { account: queue.account, name: queue.name, backlog: queue.backlog };
}
