// ReceiveMessage: short and long polling.
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { overInFlightLimit } from '../errors.ts';
import { releaseInFlight, reserveInFlight } from '../in-flight-bound.ts';
import { IN_FLIGHT_MAX } from '../limits.ts';
import type { Queue, QueueAddress } from '../queue.ts';
import type { Received } from '../receive-step.ts';
import { takeMessages } from '../receive-step.ts';
import { checkAttemptId, checkMaxMessages, checkVisibilityTimeout, checkWait } from '../rules.ts';
import { countMessages, firstVisibleMs, queueTopic } from '../store.ts';
import { waitUntil } from '../wait-until.ts';
import { readQueueUrl, requireQueue } from './locate-queue.ts';
import { describeReceived } from './received-message.ts';

type Input = InputOf<'sqs', 'ReceiveMessage'>;

export async function receiveMessage(
  input: Input,
  ctx: RequestContext,
): Promise<OutputOf<'sqs', 'ReceiveMessage'>> {
  const address = readQueueUrl(input, ctx);
  const wanted = input.MaxNumberOfMessages ?? 1;
  checkMaxMessages(wanted);
  if (input.WaitTimeSeconds !== undefined) checkWait(input.WaitTimeSeconds);
  if (input.VisibilityTimeout !== undefined) checkVisibilityTimeout(input.VisibilityTimeout);
  const received = await poll(ctx, { address, wanted, input });
  return received.length === 0
    ? {}
    : { Messages: received.map((each) => describeReceived(each, input)) };
}

interface Poll {
  readonly address: QueueAddress;
  readonly wanted: number;
  readonly input: Input;
}

/** Tries until messages come, the wait is over, or the caller goes away. */
async function poll(ctx: RequestContext, request: Poll): Promise<readonly Received[]> {
  const { address, input } = request;
  let glance = await look(ctx, address);
  checkAttemptId(input.ReceiveRequestAttemptId, glance.queue.fifo !== undefined);
  const waitSec = input.WaitTimeSeconds ?? glance.queue.receiveWaitSec;
  if (waitSec === 0) return attempt(ctx, request, { glance, isLongPoll: false });
  const deadlineMs = ctx.nowMs + waitSec * 1000;
  for (;;) {
    const wake = listenOnce(ctx, glance.queue);
    try {
      glance = await look(ctx, address);
      const received = await attempt(ctx, request, { glance, isLongPoll: true });
      const nowMs = ctx.clock.now();
      if (received.length > 0 || nowMs >= deadlineMs || ctx.signal.aborted) return received;
      // A message already visible is one that another receiver holds or that the limit keeps back.
      const { visibleMs = deadlineMs } = await look(ctx, address);
      const nextMs = visibleMs <= nowMs ? deadlineMs : visibleMs;
      await waitUntil(ctx, Math.min(nextMs, deadlineMs), wake.woken);
    } finally {
      wake.stop();
    }
  }
}

interface Glance {
  readonly queue: Queue;
  /** When its first message is or becomes visible. */
  readonly visibleMs: number | undefined;
}

function look(ctx: RequestContext, address: QueueAddress): Promise<Glance> {
  return ctx.store.read(async (view) => {
    const queue = await requireQueue(view, ctx.region, address);
    return { queue, visibleMs: await firstVisibleMs(view, queue) };
  });
}

async function attempt(
  ctx: RequestContext,
  { wanted, input }: Poll,
  { glance, isLongPoll }: { glance: Glance; isLongPoll: boolean },
): Promise<readonly Received[]> {
  const { queue, visibleMs } = glance;
  const nowMs = ctx.clock.now();
  // Most polls of an idle queue end here, on a read, without a transaction.
  if (visibleMs === undefined || visibleMs > nowMs) return [];
  const granted = await reserveInFlight(
    ctx.store,
    { backlog: queue.backlog, wanted, limit: IN_FLIGHT_MAX },
    async () => (await countMessages(ctx.store, queue, nowMs)).inFlight,
  );
  if (granted === 0) {
    // AWS: only short polling hears of the limit. Source: SQS Developer Guide, visibility timeout.
    if (isLongPoll) return [];
    throw overInFlightLimit();
  }
  let unused = granted;
  try {
    const received = await takeMessages(ctx, {
      name: queue.name,
      account: queue.account,
      limit: granted,
      visibilityTimeoutSec: input.VisibilityTimeout,
      nowMs,
    });
    unused -= received.length;
    return received;
  } finally {
    releaseInFlight(ctx.store, queue.backlog, unused);
  }
}

/** Listens before the attempt, so that a message sent during it is not missed. */
function listenOnce(ctx: RequestContext, queue: Queue): { woken: Promise<void>; stop: () => void } {
  let stop = (): void => undefined;
  const woken = new Promise<void>((resolve) => {
    stop = ctx.store.listen(queueTopic(queue), resolve);
  });
  return { woken, stop: () => stop() };
}
