// Polls one queue for one event source mapping: receives messages and starts batches of them.
import { ServiceError } from '../../../base/errors.ts';
import type { WorkContext } from '../../../kernel/context.ts';
import { queueUrl } from '../destinations.ts';
import {
  POLLER_BACKOFF_FIRST_MS,
  POLLER_BACKOFF_MAX_MS,
  RECEIVE_WAIT_SEC,
  SQS_BATCH_WITHOUT_WINDOW_MAX,
} from '../limits.ts';
import { type MappingRecord, getFunction } from '../store.ts';
import { type QueueItem, type QueuePoller, admitMessages, rest, runBatch, splitBySize } from './queue-batch.ts';
import { type QueueScaling, createQueueScaling } from './queue-scaling.ts';
import { compileFilters } from './record-filter.ts';
import type { Message } from './sqs-record.ts';

/** Runs until the mapping changes or the cloud stops. */
export async function pollQueue(
  mapping: MappingRecord,
  stop: AbortSignal,
  context: WorkContext,
): Promise<void> {
  const poller: QueuePoller = {
    mapping,
    scope: { account: context.account, region: context.region },
    queueUrl: queueUrl(mapping.eventSourceArn, context),
    context,
    signal: AbortSignal.any([stop, context.signal]),
    accepts: compileFilters(mapping.filters),
    failedAtMs: new Map(),
  };
  const isFifo = mapping.eventSourceArn.endsWith('.fifo');
  const scaling = createQueueScaling(mapping);
  const running = new Set<Promise<void>>();
  let failures = 0;
  while (!poller.signal.aborted) {
    if (running.size >= scaling.limit(context.clock.now())) {
      await waitForRoom(poller, scaling, running);
      continue;
    }
    const batch = (await hasFunction(poller)) ? await gatherBatch(poller) : undefined;
    // The queue or the function is gone: pollers keep trying, and so a new one is picked up.
    failures = batch === undefined ? failures + 1 : 0;
    if (batch === undefined) await rest(poller, backoffMs(failures));
    if (batch === undefined || batch.length === 0) {
      scaling.relax();
      continue;
    }
    const parts = splitBySize(await admitMessages(poller, batch));
    for (const sequence of isFifo ? [parts] : parts.map((part) => [part])) {
      const work: Promise<void> = startBatches(poller, scaling, sequence).finally(() => running.delete(work));
      running.add(work);
    }
  }
  await context.activity.park(Promise.all(running));
}

function backoffMs(failures: number): number {
  return Math.min(POLLER_BACKOFF_MAX_MS, POLLER_BACKOFF_FIRST_MS * 2 ** (failures - 1));
}

/** Idle until a batch has ended, or one more may run. */
async function waitForRoom(
  { context, signal, failedAtMs }: QueuePoller,
  scaling: QueueScaling,
  running: ReadonlySet<Promise<void>>,
): Promise<void> {
  // AWS: no more at once while the function fails. <developer guide, "Backoff strategy">
  const isFailing = failedAtMs.size > 0;
  if (!isFailing) scaling.saturated(context.clock.now());
  const growsInMs = isFailing ? undefined : scaling.growsInMs(context.clock.now());
  const ended = new AbortController();
  const grown =
    growsInMs === undefined
      ? []
      : [context.clock.sleep(growsInMs, AbortSignal.any([signal, ended.signal])).catch(() => undefined)];
  await context.activity.park(Promise.race([...running, ...grown]));
  ended.abort();
}

async function hasFunction({ context, scope, mapping }: QueuePoller): Promise<boolean> {
  const record = await context.store.read((view) => getFunction(view, scope, mapping.functionName));
  return record !== undefined;
}

/** Up to a batch of messages: what is there, or what arrives within the batching window. */
async function gatherBatch(poller: QueuePoller): Promise<Message[] | undefined> {
  const { batchSize, batchWindowSec } = poller.mapping;
  const { clock } = poller.context;
  const batch = await receive(poller, batchSize, RECEIVE_WAIT_SEC);
  if (batch === undefined || batch.length === 0 || batchWindowSec === 0) return batch;
  const closesMs = clock.now() + batchWindowSec * 1_000;
  while (batch.length < batchSize && !poller.signal.aborted) {
    const leftSec = Math.ceil((closesMs - clock.now()) / 1_000);
    if (leftSec <= 0) break;
    const waitSec = Math.min(leftSec, RECEIVE_WAIT_SEC);
    const more = await receive(poller, batchSize - batch.length, waitSec);
    if (more === undefined) break;
    batch.push(...more);
  }
  return batch;
}

/** What came within `waitSec`; undefined when the queue refused. */
async function receive(
  poller: QueuePoller,
  limit: number,
  waitSec: number,
): Promise<Message[] | undefined> {
  const { context, signal } = poller;
  try {
    const { Messages = [] } = await context.call(
      'sqs',
      'ReceiveMessage',
      {
        QueueUrl: poller.queueUrl,
        MaxNumberOfMessages: Math.min(limit, SQS_BATCH_WITHOUT_WINDOW_MAX),
        WaitTimeSeconds: waitSec,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['All'],
      },
      { signal },
    );
    return Messages;
  } catch (error) {
    if (signal.aborted) return [];
    if (error instanceof ServiceError) return undefined;
    throw error;
  }
}

/**
 * Runs batches as work of its own, so that the poller may idle meanwhile. Resolves when it ended. Batches
 * of one sequence run one after the other, and none after one that failed: they hold messages in order.
 */
function startBatches(
  poller: QueuePoller,
  scaling: QueueScaling,
  sequence: readonly (readonly QueueItem[])[],
): Promise<void> {
  return new Promise((resolve) => {
    poller.context.spawn('lambda/queue-batch', poller.scope, async (own) => {
      try {
        for (const batch of sequence) {
          if (await runBatch({ ...poller, context: own }, batch)) continue;
          // AWS: a function that fails is given less at once. <developer guide, "Backoff strategy">
          scaling.relax();
          return;
        }
      } finally {
        resolve();
      }
    });
  });
}
