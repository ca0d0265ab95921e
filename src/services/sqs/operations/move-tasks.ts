// StartMessageMoveTask, CancelMessageMoveTask, ListMessageMoveTasks.
import { randomUuid } from '../../../base/random.ts';
import type { ReadTx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { invalidParameter, invalidValue, resourceNotFound } from '../errors.ts';
import { MOVE_RATE_MAX_PER_SEC, MOVE_TASKS_KEPT } from '../limits.ts';
import type { MoveTask } from '../move-task.ts';
import { formatTaskHandle, parseTaskHandle } from '../move-task.ts';
import type { Queue } from '../queue.ts';
import { parseQueueArn, queueArn } from '../queue.ts';
import { required } from '../rules.ts';
import {
  countMessages,
  deleteMoveTask,
  findQueue,
  listDeadLetterSources,
  listMoveTasks,
  putMoveTask,
} from '../store.ts';
import { scheduleMove } from '../workers.ts';

export async function startMessageMoveTask(
  input: InputOf<'sqs', 'StartMessageMoveTask'>,
  ctx: RequestContext,
): Promise<OutputOf<'sqs', 'StartMessageMoveTask'>> {
  const sourceArn = required(input.SourceArn, 'SourceArn');
  const rate = input.MaxNumberOfMessagesPerSecond;
  if (
    rate !== undefined &&
    !(Number.isInteger(rate) && rate >= 1 && rate <= MOVE_RATE_MAX_PER_SEC)
  ) {
    throw invalidValue(
      rate,
      'MaxNumberOfMessagesPerSecond',
      'Must be between 1 and 500, if provided.',
    );
  }
  const source = await ctx.store.read((view) => requireSource(view, ctx, sourceArn));
  const { visible } = await countMessages(ctx.store, source, ctx.nowMs);
  const task: MoveTask = {
    id: randomUuid(ctx.random),
    account: source.account,
    region: source.region,
    source: source.name,
    sourceArn,
    destinationArn: input.DestinationArn,
    maxPerSecond: rate,
    status: 'RUNNING',
    startedMs: ctx.nowMs,
    moved: 0,
    toMove: visible,
  };
  await ctx.store.transact(async (tx) => {
    await requireSource(tx, ctx, sourceArn);
    if (input.DestinationArn !== undefined) {
      await requireByArn(tx, ctx, { arn: input.DestinationArn, parameter: 'DestinationArn' });
    }
    const tasks = await listMoveTasks(tx, source, MOVE_TASKS_KEPT);
    if (tasks.some(({ status }) => status === 'RUNNING')) {
      throw invalidParameter(
        'There is already a task running. Only one active task is allowed for a source queue arn ' +
          'at a given time.',
      );
    }
    const oldest = tasks.at(MOVE_TASKS_KEPT - 1);
    if (oldest !== undefined) deleteMoveTask(tx, oldest);
    putMoveTask(tx, task);
    scheduleMove(tx, ctx, { task, dueMs: ctx.nowMs });
  });
  return { TaskHandle: formatTaskHandle(task) };
}

export async function cancelMessageMoveTask(
  input: InputOf<'sqs', 'CancelMessageMoveTask'>,
  ctx: RequestContext,
): Promise<OutputOf<'sqs', 'CancelMessageMoveTask'>> {
  const handle = parseTaskHandle(required(input.TaskHandle, 'TaskHandle'));
  if (handle === undefined) throw invalidParameter('Value for parameter TaskHandle is invalid.');
  const moved = await ctx.store.transact(async (tx) => {
    const queue = await requireByArn(tx, ctx, { arn: handle.sourceArn, parameter: 'SourceArn' });
    const tasks = await listMoveTasks(tx, queue, MOVE_TASKS_KEPT);
    const task = tasks.find((each) => each.id === handle.id);
    if (task === undefined) throw resourceNotFound('Task does not exist.');
    if (task.status !== 'RUNNING') {
      throw invalidParameter('Only active tasks can be cancelled.');
    }
    putMoveTask(tx, { ...task, status: 'CANCELLED' });
    return task.moved;
  });
  return { ApproximateNumberOfMessagesMoved: moved };
}

export async function listMessageMoveTasks(
  input: InputOf<'sqs', 'ListMessageMoveTasks'>,
  ctx: RequestContext,
): Promise<OutputOf<'sqs', 'ListMessageMoveTasks'>> {
  const arn = required(input.SourceArn, 'SourceArn');
  const limit = input.MaxResults ?? 1;
  if (!Number.isInteger(limit) || limit < 1 || limit > MOVE_TASKS_KEPT) {
    throw invalidValue(limit, 'MaxResults', 'Must be between 1 and 10, if provided.');
  }
  const tasks = await ctx.store.read(async (view) => {
    const queue = await requireByArn(view, ctx, { arn, parameter: 'SourceArn' });
    return listMoveTasks(view, queue, limit);
  });
  return { Results: tasks.map(describeTask) };
}

// AWS: only a running task shows its handle. Recorded: test_move_task_cancel.
function describeTask(
  task: MoveTask,
): NonNullable<OutputOf<'sqs', 'ListMessageMoveTasks'>['Results']>[number] {
  return {
    ...(task.status === 'RUNNING' ? { TaskHandle: formatTaskHandle(task) } : {}),
    Status: task.status,
    SourceArn: task.sourceArn,
    ...(task.destinationArn === undefined ? {} : { DestinationArn: task.destinationArn }),
    ...(task.maxPerSecond === undefined ? {} : { MaxNumberOfMessagesPerSecond: task.maxPerSecond }),
    ApproximateNumberOfMessagesMoved: task.moved,
    ApproximateNumberOfMessagesToMove: task.toMove,
    ...(task.failureReason === undefined ? {} : { FailureReason: task.failureReason }),
    StartedTimestamp: task.startedMs,
  };
}

async function requireSource(view: ReadTx, ctx: RequestContext, arn: string): Promise<Queue> {
  const queue = await requireByArn(view, ctx, { arn, parameter: 'SourceArn' });
  const sources = await listDeadLetterSources(view, queue, { limit: 1 });
  if (sources.length === 0) {
    throw invalidParameter('Source queue must be configured as a Dead Letter Queue.');
  }
  return queue;
}

async function requireByArn(
  view: ReadTx,
  ctx: RequestContext,
  { arn, parameter }: { arn: string; parameter: string },
): Promise<Queue> {
  const missing = (): Error =>
    resourceNotFound(
      `The resource that you specified for the ${parameter} parameter doesn't exist.`,
    );
  const address = parseQueueArn(arn);
  if (address === undefined || address.region !== ctx.region) throw missing();
  const queue = await findQueue(view, address, address.name);
  if (queue === undefined || queueArn(queue) !== arn) throw missing();
  return queue;
}
