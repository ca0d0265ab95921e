// Polls one queue for one event source mapping: receive, filter, invoke, delete what succeeded.
import type { OutputOf } from '../../models/operations.ts';
import { ServiceError } from '../../base/errors.ts';
import { createMatcher } from '../../base/event-pattern.ts';
import { parseArn } from '../../base/arn.ts';
import type { WorkContext } from '../../kernel/context.ts';
import { queueUrl } from './destinations.ts';
import { execute, newInvocationId } from './execution.ts';
import { functionArn } from './function-reference.ts';
import {
  RECEIVE_WAIT_SEC,
  SQS_BATCH_WITHOUT_WINDOW_MAX,
  SQS_POLLER_CONCURRENCY,
  THROTTLE_BACKOFF_FIRST_MS,
} from './limits.ts';
import { jsonOf } from './payload.ts';
import { failedItems } from './partial-batch.ts';
import { resolveFunction } from './resolve.ts';
import type { MappingRecord } from './store.ts';

type Message = NonNullable<OutputOf<'sqs', 'ReceiveMessage'>['Messages']>[number];

/** One poller at work. */
interface Poller {
  readonly mapping: MappingRecord;
  readonly queueUrl: string;
  readonly context: WorkContext;
  readonly accepts: (message: Message) => boolean;
}

/** Runs until the mapping changes or the cloud stops. */
export async function pollQueue(
  mapping: MappingRecord,
  stop: AbortSignal,
  context: WorkContext,
): Promise<void> {
  const signal = AbortSignal.any([stop, context.signal]);
  const poller: Poller = {
    mapping,
    queueUrl: queueUrl(mapping.eventSourceArn, context),
    context: { ...context, signal },
    accepts: compileFilters(mapping.filters),
  };
  const concurrency = mapping.maximumConcurrency ?? SQS_POLLER_CONCURRENCY;
  const running = new Set<Promise<void>>();
  while (!signal.aborted) {
    if (running.size >= concurrency) {
      await context.activity.park(Promise.race(running));
      continue;
    }
    const batch = await gatherBatch(poller, signal);
    if (batch.length === 0) continue;
    const work = runBatch(poller, batch).finally(() => running.delete(work));
    running.add(work);
  }
  await Promise.all(running);
}

/** Up to a batch of messages: what is there, or what arrives within the batching window. */
async function gatherBatch(poller: Poller, signal: AbortSignal): Promise<Message[]> {
  const { batchSize, batchWindowSec } = poller.mapping;
  const { clock } = poller.context;
  const batch = await receive(poller, { signal, limit: batchSize, waitSec: RECEIVE_WAIT_SEC });
  if (batch.length === 0 || batchWindowSec === 0) return batch;
  const closesMs = clock.now() + batchWindowSec * 1_000;
  while (batch.length < batchSize && !signal.aborted) {
    const leftSec = Math.ceil((closesMs - clock.now()) / 1_000);
    if (leftSec <= 0) break;
    const more = await receive(poller, {
      signal,
      limit: batchSize - batch.length,
      waitSec: Math.min(leftSec, RECEIVE_WAIT_SEC),
    });
    batch.push(...more);
  }
  return batch;
}

interface ReceiveRequest {
  readonly signal: AbortSignal;
  readonly limit: number;
  readonly waitSec: number;
}

async function receive(poller: Poller, request: ReceiveRequest): Promise<Message[]> {
  const { context } = poller;
  try {
    const { Messages = [] } = await context.call('sqs', 'ReceiveMessage', {
      QueueUrl: poller.queueUrl,
      MaxNumberOfMessages: Math.min(request.limit, SQS_BATCH_WITHOUT_WINDOW_MAX),
      WaitTimeSeconds: request.waitSec,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['All'],
    }, { signal: request.signal });
    return Messages;
  } catch (error) {
    if (request.signal.aborted) return [];
    if (!(error instanceof ServiceError)) throw error;
    // The queue is gone or refuses: AWS's pollers keep trying, and so a new queue is picked up.
    await context.activity.park(
      context.clock.sleep(THROTTLE_BACKOFF_FIRST_MS * 5, request.signal).catch(() => undefined),
    );
    return [];
  }
}

async function runBatch(poller: Poller, batch: readonly Message[]): Promise<void> {
  const wanted = batch.filter((message) => poller.accepts(message));
  // AWS: what the filter refuses is deleted from the queue. <developer guide, "event filtering">
  await deleteMessages(poller, batch.filter((message) => !wanted.includes(message)));
  if (wanted.length === 0) return;
  const result = await invokeWith(poller, wanted);
  if (result === undefined || result.error !== undefined) return;
  const failed = poller.mapping.reportsItemFailures
    ? failedItems(jsonOf(result.payload), wanted.map((message) => message.MessageId ?? ''))
    : new Set<string>();
  await deleteMessages(poller, wanted.filter((message) => !failed.has(message.MessageId ?? '')));
}

/** The function's answer; undefined when it could not be run, and the messages become visible again. */
async function invokeWith(
  { mapping, context }: Poller,
  messages: readonly Message[],
): Promise<Awaited<ReturnType<typeof execute>> | undefined> {
  const scope = { account: context.account, region: context.region };
  const { functionName: name, qualifier } = mapping;
  const reference = { scope, name, ...(qualifier === undefined ? {} : { qualifier }) };
  const event = { Records: messages.map((message) => toRecord(message, mapping.eventSourceArn)) };
  try {
    const resolved = await context.store.read((view) => resolveFunction(view, reference, context.random));
    return await execute(
      resolved,
      {
        requestId: newInvocationId(context),
        payload: new TextEncoder().encode(JSON.stringify(event)),
        invokedArn: functionArn(scope, name, qualifier),
      },
      context,
    );
  } catch (error) {
    // Throttled, deleted or not runnable here: the messages return after their visibility timeout.
    if (error instanceof ServiceError) return undefined;
    throw error;
  }
}

/** A record as functions see it. <developer guide, "Example Amazon SQS message event"> */
function toRecord(message: Message, eventSourceArn: string): Record<string, unknown> {
  const attributes = Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => [
    name,
    {
      ...(value.StringValue === undefined ? {} : { stringValue: value.StringValue }),
      ...(value.BinaryValue === undefined
        ? {}
        : { binaryValue: Buffer.from(value.BinaryValue).toString('base64') }),
      stringListValues: [],
      binaryListValues: [],
      dataType: value.DataType,
    },
  ]);
  return {
    messageId: message.MessageId,
    receiptHandle: message.ReceiptHandle,
    body: message.Body,
    attributes: message.Attributes ?? {},
    messageAttributes: Object.fromEntries(attributes),
    ...(message.MD5OfMessageAttributes === undefined
      ? {}
      : { md5OfMessageAttributes: message.MD5OfMessageAttributes }),
    md5OfBody: message.MD5OfBody,
    eventSource: 'aws:sqs',
    eventSourceARN: eventSourceArn,
    awsRegion: parseArn(eventSourceArn)?.region,
  };
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

/** Filters see the record with a JSON body as an object. <developer guide, "event filtering", SQS> */
function compileFilters(filters: readonly string[]): (message: Message) => boolean {
  if (filters.length === 0) return () => true;
  const matchers = filters.map((pattern) => createMatcher(JSON.parse(pattern)));
  return (message) => {
    const record = { ...toRecord(message, ''), body: parseBody(message.Body ?? '') };
    return matchers.some((matches) => matches(record));
  };
}

function parseBody(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
