// SendMessage and SendMessageBatch.
import { createHash } from 'node:crypto';
import { ServiceError } from '../../../base/errors.ts';
import { randomUuid } from '../../../base/random.ts';
import type { Tx } from '../../../base/store.ts';
import type { Principal, RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { invalidParameter } from '../errors.ts';
import { findDuplicate, rememberDeduplication } from '../line-store.ts';
import type { Attributes, Message } from '../message.ts';
import { UNTOUCHED } from '../message.ts';
import { digestAttributes, digestText } from '../message-digest.ts';
import type { FifoSettings, Queue } from '../queue.ts';
import type { WireAttribute } from '../rules.ts';
import {
  checkBatch,
  checkBatchSize,
  checkBody,
  checkDelay,
  checkQueueType,
  checkSize,
  readAttributes,
  readTraceHeader,
} from '../rules.ts';
import { numberOf } from '../sequence-number.ts';
import { addMessage, placeLast } from '../store.ts';
import { readQueueUrl, requireQueue } from './locate-queue.ts';
import { failEntry } from './batch-result.ts';

/** The members a single send and a batch entry share. */
interface Envelope {
  readonly MessageBody: string | undefined;
  readonly DelaySeconds?: number | undefined;
  readonly MessageAttributes?: Readonly<Record<string, WireAttribute>> | undefined;
  readonly MessageSystemAttributes?: Readonly<Partial<Record<string, WireAttribute>>> | undefined;
  readonly MessageGroupId?: string | undefined;
  readonly MessageDeduplicationId?: string | undefined;
}

/** A checked message that has no queue yet. */
interface Draft {
  readonly id: string;
  readonly body: string;
  readonly attributes: Attributes | undefined;
  readonly traceHeader: string | undefined;
  readonly delaySec: number | undefined;
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
}

/** What became of a draft: its own ids, or those of the message it duplicates. */
interface Sent {
  readonly draft: Draft;
  readonly messageId: string;
  readonly sequenceNumber?: string;
}

export async function sendMessage(
  input: InputOf<'sqs', 'SendMessage'>,
  ctx: RequestContext,
): Promise<OutputOf<'sqs', 'SendMessage'>> {
  const address = readQueueUrl(input, ctx);
  const draft = readDraft(input, ctx);
  const sent = await ctx.store.transact(async (tx) => {
    const queue = await requireQueue(tx, ctx.region, address);
    return sendDraft(tx, queue, { draft, ctx });
  });
  return describeSent(sent);
}

export async function sendMessageBatch(
  input: InputOf<'sqs', 'SendMessageBatch'>,
  ctx: RequestContext,
): Promise<OutputOf<'sqs', 'SendMessageBatch'>> {
  const address = readQueueUrl(input, ctx);
  const entries = checkBatch(input.Entries, 'SendMessageBatchRequestEntry');
  const drafts = entries.map((entry) => ({
    id: entry.Id,
    draft: orRefusal(() => readDraft(entry, ctx)),
  }));
  checkBatchSize(
    drafts.flatMap(({ draft }) =>
      draft instanceof ServiceError
        ? []
        : [{ body: draft.body, attributes: draft.attributes ?? {} }],
    ),
  );
  const settled = await ctx.store.transact(async (tx) => {
    const queue = await requireQueue(tx, ctx.region, address);
    checkGroups(drafts, queue);
    const results: { id: string; result: Sent | ServiceError }[] = [];
    for (const { id, draft } of drafts) {
      const result =
        draft instanceof ServiceError
          ? draft
          : await sendDraft(tx, queue, { draft, ctx }).catch(keepRefusal);
      results.push({ id, result });
    }
    return results;
  });
  return {
    Successful: settled.flatMap(({ id, result }) =>
      result instanceof ServiceError ? [] : [{ Id: id, ...describeSent(result) }],
    ),
    Failed: settled.flatMap(({ id, result }) =>
      result instanceof ServiceError ? [failEntry(id, result)] : [],
    ),
  };
}

// AWS: what a FIFO queue misses in one entry fails the whole batch.
// Recorded: test_send_batch_missing_message_group_id_for_fifo_queue.
function checkGroups(drafts: readonly { draft: Draft | ServiceError }[], queue: Queue): void {
  if (queue.fifo === undefined) return;
  for (const { draft } of drafts) {
    if (draft instanceof ServiceError) continue;
    if (draft.groupId === undefined) {
      throw invalidParameter('The request must contain the parameter MessageGroupId.');
    }
    checkQueueType({ ...draft, delaySec: undefined }, queue.fifo);
  }
}

async function sendDraft(
  tx: Tx,
  queue: Queue,
  { draft, ctx }: { draft: Draft; ctx: RequestContext },
): Promise<Sent> {
  checkSize(draft.body, draft.attributes ?? {}, queue.maximumMessageBytes);
  checkQueueType(draft, queue.fifo);
  const deduplication = queue.fifo && describeDeduplication(draft, queue.fifo);
  if (deduplication !== undefined) {
    const first = await findDuplicate(tx, queue, { ...deduplication, nowMs: ctx.nowMs });
    if (first !== undefined) return { draft, ...first };
  }
  const message = await placeDraft(tx, queue, { draft, deduplicationId: deduplication?.id, ctx });
  await addMessage(tx, queue, { message, delivery: { ...UNTOUCHED, sentMs: ctx.nowMs } });
  const { id: messageId, sequenceNumber = '', sentMs } = message;
  if (deduplication === undefined) return { draft, messageId };
  const sent = { messageId, sequenceNumber, sentMs };
  await rememberDeduplication(tx, queue, { ...deduplication, sent });
  return { draft, ...sent };
}

/** What makes a message a duplicate: its id, or its body's hash, in the queue or in its group. */
function describeDeduplication(draft: Draft, fifo: FifoSettings): { scope: string; id: string } {
  const scope =
    fifo.deduplicationScope === 'messageGroup' ? `group ${draft.groupId ?? ''}` : 'queue';
  const id = draft.deduplicationId ?? createHash('sha256').update(draft.body).digest('hex');
  return { scope, id };
}

function readDraft(input: Envelope, ctx: RequestContext): Draft {
  const body = checkBody(input.MessageBody);
  checkDelay(input.DelaySeconds);
  return {
    id: randomUuid(ctx.random),
    body,
    attributes: readAttributes(input.MessageAttributes),
    traceHeader: readTraceHeader(input.MessageSystemAttributes),
    delaySec: input.DelaySeconds,
    groupId: input.MessageGroupId,
    deduplicationId: input.MessageDeduplicationId,
  };
}

async function placeDraft(
  tx: Tx,
  queue: Queue,
  options: { draft: Draft; deduplicationId: string | undefined; ctx: RequestContext },
): Promise<Message> {
  const { draft, deduplicationId, ctx } = options;
  const delaySec = queue.fifo === undefined ? (draft.delaySec ?? queue.delaySec) : queue.delaySec;
  const traceHeader = draft.traceHeader ?? ctx.traceId;
  const visibleMs = ctx.nowMs + delaySec * 1000;
  const entered = await placeLast(tx, queue, { store: ctx.store, visibleMs });
  return {
    id: draft.id,
    body: draft.body,
    senderId: senderIdOf(ctx.principal),
    sentMs: ctx.nowMs,
    entered,
    ...numberOf(queue, entered),
    ...(draft.attributes === undefined ? {} : { attributes: draft.attributes }),
    // AWS: the trace of the request goes along, where the sender gives none of its own.
    ...(traceHeader === undefined ? {} : { traceHeader }),
    ...(draft.groupId === undefined ? {} : { groupId: draft.groupId }),
    ...(deduplicationId === undefined ? {} : { deduplicationId }),
  };
}

function orRefusal<T>(read: () => T): T | ServiceError {
  try {
    return read();
  } catch (error) {
    return keepRefusal(error);
  }
}

/** What AWS refuses is an answer; anything else is our bug and goes on. */
function keepRefusal(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  throw error;
}

function describeSent({ draft, messageId, sequenceNumber }: Sent): {
  MessageId: string;
  SequenceNumber?: string;
  MD5OfMessageBody: string;
  MD5OfMessageAttributes?: string;
  MD5OfMessageSystemAttributes?: string;
} {
  const { attributes, traceHeader } = draft;
  return {
    MessageId: messageId,
    ...(sequenceNumber === undefined ? {} : { SequenceNumber: sequenceNumber }),
    MD5OfMessageBody: digestText(draft.body),
    ...(attributes === undefined ? {} : { MD5OfMessageAttributes: digestAttributes(attributes) }),
    ...(traceHeader === undefined
      ? {}
      : {
          MD5OfMessageSystemAttributes: digestAttributes({
            AWSTraceHeader: { dataType: 'String', text: traceHeader },
          }),
        }),
  };
}

function senderIdOf(principal: Principal): string {
  switch (principal.kind) {
    case 'user':
    case 'role':
      return principal.userId;
    case 'service':
      return principal.service;
    case 'root':
    case 'anonymous':
      return principal.account;
  }
}
