// One batch of a queue's messages: filtered, given to the function, deleted as far as it succeeded.
import { ServiceError } from '../../../base/errors.ts';
import type { FunctionResult } from '../../../base/function-runner.ts';
import type { Scope, WorkContext } from '../../../kernel/context.ts';
import { execute, newInvocationId } from '../execution.ts';
import { functionArn } from '../function-reference.ts';
import {
  SQS_BATCH_WITHOUT_WINDOW_MAX,
  SYNC_PAYLOAD_BYTES_MAX,
  THROTTLE_BACKOFF_FIRST_MS,
} from '../limits.ts';
import { jsonOf } from '../payload.ts';
import { resolveFunction } from '../resolve.ts';
import type { MappingRecord } from '../store.ts';
import { countEvents } from './mapping-metrics.ts';
import { failedItems } from './partial-batch.ts';
import { type Message, filterView, toRecord } from './sqs-record.ts';

/** One poller at work. */
export interface QueuePoller {
  readonly mapping: MappingRecord;
  readonly scope: Scope;
  readonly queueUrl: string;
  readonly context: WorkContext;
  /** Aborted when the mapping changes or the cloud stops. */
  readonly signal: AbortSignal;
  readonly accepts: (view: unknown) => boolean;
  /** When messages that failed were last given to the function, by their id. */
  readonly failedAtMs: Map<string, number>;
}

/** A message as the function gets it. */
export interface QueueItem {
  readonly id: string;
  readonly receiptHandle: string | undefined;
  readonly traceId: string | undefined;
  /** The record in the event, as JSON. */
  readonly record: string;
}

/** Room left in an event for what is around the records. */
const EVENT_FRAME_BYTES = 64;
/** Requests to delete that are under way at once. */
const DELETES_AT_ONCE = 8;

/** Those the function is to have; the others are deleted. */
export async function admitMessages(
  poller: QueuePoller,
  messages: readonly Message[],
): Promise<QueueItem[]> {
  const { mapping, accepts } = poller;
  const items: QueueItem[] = [];
  const refused: (string | undefined)[] = [];
  for (const message of messages) {
    const record = toRecord(message, mapping.eventSourceArn);
    if (mapping.filters.length > 0 && !accepts(filterView(record))) {
      refused.push(message.ReceiptHandle);
      continue;
    }
    items.push({
      id: message.MessageId ?? '',
      receiptHandle: message.ReceiptHandle,
      traceId: message.Attributes?.AWSTraceHeader,
      record: JSON.stringify(record),
    });
  }
  countEvents(poller, 'PolledEventCount', messages.length);
  countEvents(poller, 'FilteredOutEventCount', refused.length);
  // AWS: what the filter refuses is deleted from the queue. <developer guide, "event filtering">
  await deleteMessages(poller, refused);
  return items;
}

/** Batches end at the size of one invocation's payload, whatever their number of messages. */
export function splitBySize(items: readonly QueueItem[]): QueueItem[][] {
  const parts: QueueItem[][] = [];
  let part: QueueItem[] = [];
  let bytes = EVENT_FRAME_BYTES;
  for (const item of items) {
    const itemBytes = Buffer.byteLength(item.record) + 1;
    if (part.length > 0 && bytes + itemBytes > SYNC_PAYLOAD_BYTES_MAX) {
      parts.push(part);
      part = [];
      bytes = EVENT_FRAME_BYTES;
    }
    part.push(item);
    bytes += itemBytes;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}

/** Whether the function took all of the batch. */
export async function runBatch(poller: QueuePoller, batch: readonly QueueItem[]): Promise<boolean> {
  await waitAfterFailure(poller, batch);
  const ids = batch.map(({ id }) => id);
  const result = await invokeWith(poller, batch);
  const failed = failedOf(poller.mapping, result, ids);
  const nowMs = poller.context.clock.now();
  for (const id of failed) poller.failedAtMs.set(id, nowMs);
  const done = batch.filter(({ id }) => !failed.has(id));
  countEvents(poller, 'InvokedEventCount', done.length);
  countEvents(poller, 'FailedInvokeEventCount', failed.size);
  countEvents(poller, 'DeletedEventCount', done.length);
  await deleteMessages(poller, done.map(({ receiptHandle }) => receiptHandle));
  return failed.size === 0;
}

/** The ids that stay in the queue. */
function failedOf(
  mapping: MappingRecord,
  result: FunctionResult | undefined,
  ids: readonly string[],
): ReadonlySet<string> {
  if (result === undefined || result.error !== undefined) return new Set(ids);
  if (!mapping.reportsItemFailures) return new Set();
  return failedItems(jsonOf(result.payload), ids);
}

/**
 * With a visibility timeout of zero a failed message is back at once: it waits a second, so that a
 * clock that stands still is not kept busy for ever. AWS's pollers back off after failures, too.
 */
async function waitAfterFailure(poller: QueuePoller, batch: readonly QueueItem[]): Promise<void> {
  const { failedAtMs, context } = poller;
  if (failedAtMs.size === 0) return;
  const recentMs = context.clock.now() - THROTTLE_BACKOFF_FIRST_MS;
  for (const [id, atMs] of failedAtMs) if (atMs <= recentMs) failedAtMs.delete(id);
  if (!batch.some(({ id }) => failedAtMs.has(id))) return;
  await rest(poller, THROTTLE_BACKOFF_FIRST_MS);
}

/**
 * The function's answer; undefined when it could not be run, and the messages become visible again.
 * Throttles are retried until that moment. <developer guide, SQS, "Backoff strategy">
 */
async function invokeWith(
  poller: QueuePoller,
  batch: readonly QueueItem[],
): Promise<FunctionResult | undefined> {
  const { mapping, context, scope } = poller;
  const { functionName: name, qualifier } = mapping;
  const reference = { scope, name, ...(qualifier === undefined ? {} : { qualifier }) };
  const traceId = batch[0]?.traceId;
  const execution = {
    requestId: newInvocationId(context),
    payload: new TextEncoder().encode(`{"Records":[${batch.map(({ record }) => record).join(',')}]}`),
    invokedArn: functionArn(scope, name, qualifier),
    ...(traceId === undefined ? {} : { traceId }),
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

async function visibilityTimeoutMs({ context, queueUrl: QueueUrl }: QueuePoller): Promise<number> {
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

async function deleteMessages(
  poller: QueuePoller,
  receipts: readonly (string | undefined)[],
): Promise<void> {
  const chunks: (string | undefined)[][] = [];
  for (let at = 0; at < receipts.length; at += SQS_BATCH_WITHOUT_WINDOW_MAX) {
    chunks.push(receipts.slice(at, at + SQS_BATCH_WITHOUT_WINDOW_MAX));
  }
  for (let at = 0; at < chunks.length; at += DELETES_AT_ONCE) {
    await Promise.all(chunks.slice(at, at + DELETES_AT_ONCE).map((chunk) => deleteChunk(poller, chunk)));
  }
}

async function deleteChunk(
  { context, queueUrl: QueueUrl }: QueuePoller,
  receipts: readonly (string | undefined)[],
): Promise<void> {
  try {
    await context.call('sqs', 'DeleteMessageBatch', {
      QueueUrl,
      Entries: receipts.map((ReceiptHandle, i) => ({ Id: String(i), ReceiptHandle })),
    });
  } catch (error) {
    // The queue is gone, and its messages with it.
    if (!(error instanceof ServiceError)) throw error;
  }
}

/** Waits on the cloud's clock, idle, or until the poller is stopped. */
export async function rest({ context, signal }: QueuePoller, delayMs: number): Promise<void> {
  await context.activity.park(context.clock.sleep(delayMs, signal).catch(() => undefined));
}
