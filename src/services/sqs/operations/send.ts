// SendMessage and SendMessageBatch.
import { ServiceError } from '../../../base/errors.ts';
import { randomUuid } from '../../../base/random.ts';
import type { Tx } from '../../../base/store.ts';
import type { Principal, RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { messageTooLong } from '../errors.ts';
import type { Attributes, Message } from '../message.ts';
import { UNTOUCHED } from '../message.ts';
import { digestAttributes, digestText, measureMessage } from '../message-digest.ts';
import type { Queue } from '../queue.ts';
import type { WireAttribute } from '../rules.ts';
import {
  checkBatch,
  checkBatchSize,
  checkBody,
  checkDelay,
  checkGroupId,
  checkSize,
  readAttributes,
  readTraceHeader,
} from '../rules.ts';
import { addMessage, nextArrival } from '../store.ts';
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
  readonly arrival: number;
  readonly body: string;
  readonly attributes: Attributes | undefined;
  readonly traceHeader: string | undefined;
  readonly delaySec: number | undefined;
  readonly groupId: string | undefined;
}

export async function sendMessage(
  input: InputOf<'sqs', 'SendMessage'>,
  ctx: RequestContext,
): Promise<OutputOf<'sqs', 'SendMessage'>> {
  const address = readQueueUrl(input, ctx);
  const draft = readDraft(input, ctx);
  await ctx.store.transact(async (tx) => {
    const queue = await requireQueue(tx, ctx.region, address);
    checkSize(draft.body, draft.attributes ?? {}, queue.maximumMessageBytes);
    addMessage(tx, queue, placeDraft(draft, queue, ctx), { ...UNTOUCHED, sentMs: ctx.nowMs });
  });
  return describeSent(draft);
}

export async function sendMessageBatch(
  input: InputOf<'sqs', 'SendMessageBatch'>,
  ctx: RequestContext,
): Promise<OutputOf<'sqs', 'SendMessageBatch'>> {
  const address = readQueueUrl(input, ctx);
  const entries = checkBatch(input.Entries, 'SendMessageBatchRequestEntry');
  const outcomes = entries.map((entry) => ({ id: entry.Id, result: tryReadDraft(entry, ctx) }));
  checkBatchSize(
    outcomes.flatMap(({ result }) =>
      result instanceof ServiceError
        ? []
        : [{ body: result.body, attributes: result.attributes ?? {} }],
    ),
  );
  const settled = await ctx.store.transact(async (tx) => {
    const queue = await requireQueue(tx, ctx.region, address);
    return outcomes.map(({ id, result }) => ({
      id,
      result: sendDraft(tx, queue, { result, ctx }),
    }));
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

/** Sends one entry of a batch, unless it was or is refused. */
function sendDraft(
  tx: Tx,
  queue: Queue,
  { result, ctx }: { result: Draft | ServiceError; ctx: RequestContext },
): Draft | ServiceError {
  if (result instanceof ServiceError) return result;
  const { body, attributes = {} } = result;
  if (measureMessage(body, attributes) > queue.maximumMessageBytes) {
    return messageTooLong(queue.maximumMessageBytes);
  }
  addMessage(tx, queue, placeDraft(result, queue, ctx), { ...UNTOUCHED, sentMs: ctx.nowMs });
  return result;
}

function readDraft(input: Envelope, ctx: RequestContext): Draft {
  const body = checkBody(input.MessageBody);
  checkDelay(input.DelaySeconds);
  const attributes = readAttributes(input.MessageAttributes);
  const traceHeader = readTraceHeader(input.MessageSystemAttributes);
  const groupId = checkGroupId(input.MessageGroupId, input.MessageDeduplicationId);
  return {
    id: randomUuid(ctx.random),
    arrival: nextArrival(ctx.store),
    body,
    attributes,
    traceHeader,
    delaySec: input.DelaySeconds,
    groupId,
  };
}

function tryReadDraft(input: Envelope, ctx: RequestContext): Draft | ServiceError {
  try {
    return readDraft(input, ctx);
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
}

function placeDraft(draft: Draft, queue: Queue, ctx: RequestContext): Message {
  const delayMs = (draft.delaySec ?? queue.delaySec) * 1000;
  return {
    id: draft.id,
    body: draft.body,
    senderId: senderIdOf(ctx.principal),
    sentMs: ctx.nowMs,
    entered: { visibleMs: ctx.nowMs + delayMs, arrival: draft.arrival },
    ...(draft.attributes === undefined ? {} : { attributes: draft.attributes }),
    ...(draft.traceHeader === undefined ? {} : { traceHeader: draft.traceHeader }),
    ...(draft.groupId === undefined ? {} : { groupId: draft.groupId }),
  };
}

function describeSent(draft: Draft): {
  MessageId: string;
  MD5OfMessageBody: string;
  MD5OfMessageAttributes?: string;
  MD5OfMessageSystemAttributes?: string;
} {
  const { attributes, traceHeader } = draft;
  return {
    MessageId: draft.id,
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
