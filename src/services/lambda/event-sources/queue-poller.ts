// Polls one queue for one event source mapping: receive, filter, invoke, delete what succeeded.
import { ServiceError } from '../../../base/errors.ts';
import type { FunctionResult } from '../../../base/function-runner.ts';
import type { Scope, WorkContext } from '../../../kernel/context.ts';
import { queueUrl } from '../destinations.ts';
import { execute, newInvocationId } from '../execution.ts';
import { functionArn } from '../function-reference.ts';
import {
  POLLER_BACKOFF_FIRST_MS,
  POLLER_BACKOFF_MAX_MS,
  RECEIVE_WAIT_SEC,
  SQS_BATCH_WITHOUT_WINDOW_MAX,
  SQS_POLLER_CONCURRENCY,
  SYNC_PAYLOAD_BYTES_MAX,
  THROTTLE_BACKOFF_FIRST_MS,
} from '../limits.ts';
import { failedItems } from './partial-batch.ts';
import { jsonOf } from '../payload.ts';
import { resolveFunction } from '../resolve.ts';
import { type Message, compileFilters, toRecord } from './sqs-record.ts';
import { type MappingRecord, getFunction } from '../store.ts';

/** One poller at work. */
interface Poller {
  readonly mapping: MappingRecord;
  readonly scope: Scope;
  readonly queueUrl: string;
  readonly context: WorkContext;
  /** Aborted when the mapping changes or the cloud stops. */
  readonly signal: AbortSignal;
  readonly accepts: (message: Message) => boolean;
  /** When messages that failed were last given to the function, by their id. */
  readonly failedAtMs: Map<string, number>;
}

/** Runs until the mapping changes or the cloud stops. */
export async function pollQueue(
  mapping: MappingRecord,
  stop: AbortSignal,
  context: WorkContext,
): Promise<void> {
  const poller: Poller = {
    mapping,
    scope: { account: context.account, region: context.region },
    queueUrl: queueUrl(mapping.eventSourceArn, context),
    context,
    signal: AbortSignal.any([stop, context.signal]),
    accepts: compileFilters(mapping.filters, mapping.eventSourceArn),
    failedAtMs: new Map(),
  };
  const concurrency = mapping.maximumConcurrency ?? SQS_POLLER_CONCURRENCY;
  const running = new Set<Promise<void>>();
  let failures = 0;
  while (!poller.signal.aborted) {
    if (running.size >= concurrency) {
      await context.activity.park(Promise.race(running));
      continue;
    }
    const batch = (await hasFunction(poller)) ? await gatherBatch(poller) : undefined;
    // The queue or the function is gone: pollers keep trying, and so a new one is picked up.
    failures = batch === undefined ? failures + 1 : 0;
    if (batch === undefined) await rest(poller, backoffMs(failures));
    for (const part of splitBySize(batch ?? [])) {
      const work: Promise<void> = startBatch(poller, part).finally(() => running.delete(work));
      running.add(work);
    }
  }
  await context.activity.park(Promise.all(running));
}

function backoffMs(failures: number): number {
  return Math.min(POLLER_BACKOFF_MAX_MS, POLLER_BACKOFF_FIRST_MS * 2 ** (failures - 1));
}

/** Waits on the cloud's clock, idle, or until the poller is stopped. */
async function rest({ context, signal }: Poller, delayMs: number): Promise<void> {
  await context.activity.park(context.clock.sleep(delayMs, signal).catch(() => undefined));
}

async function hasFunction({ context, scope, mapping }: Poller): Promise<boolean> {
  const record = await context.store.read((view) => getFunction(view, scope, mapping.functionName));
  return record !== undefined;
}

/** Up to a batch of messages: what is there, or what arrives within the batching window. */
async function gatherBatch(poller: Poller): Promise<Message[] | undefined> {
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
async function receive(poller: Poller, limit: number, waitSec: number): Promise<Message[] | undefined> {
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

/** Batches end at the size of one invocation's payload, whatever their number of messages. */
function splitBySize(messages: readonly Message[]): Message[][] {
  const parts: Message[][] = [];
  let part: Message[] = [];
  let bytes = 0;
  for (const message of messages) {
    const recordBytes = Buffer.byteLength(JSON.stringify(toRecord(message, ''))) + 256;
    if (part.length > 0 && bytes + recordBytes > SYNC_PAYLOAD_BYTES_MAX) {
      parts.push(part);
      part = [];
      bytes = 0;
    }
    part.push(message);
    bytes += recordBytes;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}

/** Runs a batch as work of its own, so that the poller may idle meanwhile. Resolves when it ended. */
function startBatch(poller: Poller, batch: readonly Message[]): Promise<void> {
  return new Promise((resolve) => {
    poller.context.spawn('lambda/queue-batch', poller.scope, async (own) => {
      try {
        await runBatch({ ...poller, context: own }, batch);
      } finally {
        resolve();
      }
    });
  });
}

async function runBatch(poller: Poller, batch: readonly Message[]): Promise<void> {
  const wanted = batch.filter((message) => poller.accepts(message));
  // AWS: what the filter refuses is deleted from the queue. <developer guide, "event filtering">
  await deleteMessages(poller, batch.filter((message) => !wanted.includes(message)));
  if (wanted.length === 0) return;
  await waitAfterFailure(poller, wanted);
  const ids = wanted.map((message) => message.MessageId ?? '');
  const result = await invokeWith(poller, wanted);
  const failed =
    result === undefined || result.error !== undefined
      ? new Set(ids)
      : poller.mapping.reportsItemFailures
        ? failedItems(jsonOf(result.payload), ids)
        : new Set<string>();
  for (const id of failed) poller.failedAtMs.set(id, poller.context.clock.now());
  await deleteMessages(poller, wanted.filter((message) => !failed.has(message.MessageId ?? '')));
}

/**
 * With a visibility timeout of zero a failed message is back at once: it waits a second, so that a
 * clock that stands still is not kept busy for ever. AWS's pollers back off after failures, too.
 */
async function waitAfterFailure(poller: Poller, messages: readonly Message[]): Promise<void> {
  const { clock } = poller.context;
  const recentMs = clock.now() - THROTTLE_BACKOFF_FIRST_MS;
  for (const [id, atMs] of poller.failedAtMs) if (atMs <= recentMs) poller.failedAtMs.delete(id);
  if (!messages.some(({ MessageId = '' }) => poller.failedAtMs.has(MessageId))) return;
  await rest(poller, THROTTLE_BACKOFF_FIRST_MS);
}

/**
 * The function's answer; undefined when it could not be run, and the messages become visible again.
 * Throttles are retried until that moment. <developer guide, SQS, "Backoff strategy">
 */
async function invokeWith(
  poller: Poller,
  messages: readonly Message[],
): Promise<FunctionResult | undefined> {
  const { mapping, context, scope } = poller;
  const { functionName: name, qualifier } = mapping;
  const reference = { scope, name, ...(qualifier === undefined ? {} : { qualifier }) };
  const event = { Records: messages.map((message) => toRecord(message, mapping.eventSourceArn)) };
  const execution = {
    requestId: newInvocationId(context),
    payload: new TextEncoder().encode(JSON.stringify(event)),
    invokedArn: functionArn(scope, name, qualifier),
  };
  let givesUpMs: number | undefined;
  for (let delayMs = THROTTLE_BACKOFF_FIRST_MS; ; delayMs *= 2) {
    try {
      const resolved = await context.store.read((view) =>
        resolveFunction(view, reference, context.random),
      );
      return await execute(resolved, execution, context);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      // Deleted or not runnable here: the messages return after their visibility timeout.
      if (error.status !== 429) return undefined;
    }
    givesUpMs ??= context.clock.now() + (await visibilityTimeoutMs(poller));
    if (poller.signal.aborted || context.clock.now() + delayMs >= givesUpMs) return undefined;
    await rest(poller, delayMs);
  }
}

async function visibilityTimeoutMs({ context, queueUrl: QueueUrl }: Poller): Promise<number> {
  try {
    const { Attributes } = await context.call('sqs', 'GetQueueAttributes', {
      QueueUrl,
      AttributeNames: ['VisibilityTimeout'],
    });
    return Number(Attributes?.['VisibilityTimeout'] ?? 0) * 1_000;
  } catch (error) {
    if (error instanceof ServiceError) return 0;
    throw error;
  }
}

async function deleteMessages(poller: Poller, messages: readonly Message[]): Promise<void> {
  for (let at = 0; at < messages.length; at += SQS_BATCH_WITHOUT_WINDOW_MAX) {
    const entries = messages.slice(at, at + SQS_BATCH_WITHOUT_WINDOW_MAX);
    try {
      await poller.context.call('sqs', 'DeleteMessageBatch', {
        QueueUrl: poller.queueUrl,
        Entries: entries.map((message, i) => ({ Id: String(i), ReceiptHandle: message.ReceiptHandle })),
      });
    } catch (error) {
      // The queue is gone, and its messages with it.
      if (!(error instanceof ServiceError)) throw error;
    }
  }
}
