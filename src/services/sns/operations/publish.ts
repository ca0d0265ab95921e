// Publish and PublishBatch.
import { randomUuid } from '../../../base/random.ts';
import type { Tx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import {
  batchEntryIdsNotDistinct,
  batchTooLong,
  emptyBatch,
  invalidBatchEntryId,
  invalidParameter,
  tooManyEntries,
  topicNotFound,
  unsupported,
} from '../errors.ts';
import { compileFilter } from '../filter-policy.ts';
import { BATCH_ENTRIES_MAX, FAN_OUT_PAGE, MESSAGE_MAX_BYTES } from '../limits.ts';
import type { PublishedMessage } from '../message.ts';
import { textFor } from '../message.ts';
import type { WireAttribute } from '../rules.ts';
import {
  checkSize,
  checkStructure,
  checkSubject,
  checkTopicArn,
  measure,
  readAttributes,
} from '../rules.ts';
import { findTopic, listSubscriptionsOf } from '../store.ts';
import type { Subscription } from '../subscription.ts';
import type { TopicAddress } from '../topic.ts';
import { topicArn } from '../topic.ts';
import { scheduleDelivery } from '../workers.ts';

/** The members a single publish and a batch entry share. */
interface Entry {
  readonly Message: string | undefined;
  readonly Subject?: string | undefined;
  readonly MessageStructure?: string | undefined;
  readonly MessageAttributes?: Readonly<Record<string, WireAttribute>> | undefined;
  readonly MessageDeduplicationId?: string | undefined;
  readonly MessageGroupId?: string | undefined;
}

export async function publish(
  input: InputOf<'sns', 'Publish'>,
  ctx: RequestContext,
): Promise<OutputOf<'sns', 'Publish'>> {
  if (input.PhoneNumber !== undefined) throw unsupported('text messages to phones');
  const topic = readTarget(input);
  const message = readMessage(input, { topic, ctx });
  checkSize(message.body, message.attributes);
  await ctx.store.transact(async (tx) => {
    await requireTopic(tx, topic);
    await fanOut(tx, ctx, { topic, messages: [message] });
  });
  return { MessageId: message.id };
}

export async function publishBatch(
  input: InputOf<'sns', 'PublishBatch'>,
  ctx: RequestContext,
): Promise<OutputOf<'sns', 'PublishBatch'>> {
  const topic = checkTopicArn(input.TopicArn, 'TopicArn');
  const entries = input.PublishBatchRequestEntries ?? [];
  await ctx.store.read((view) => requireTopic(view, topic));
  checkEntries(entries);
  const messages = entries.map((entry) => readMessage(entry, { topic, ctx }));
  const bytes = messages.reduce((sum, { body, attributes }) => sum + measure(body, attributes), 0);
  if (bytes > MESSAGE_MAX_BYTES) throw batchTooLong();
  await ctx.store.transact(async (tx) => {
    await requireTopic(tx, topic);
    await fanOut(tx, ctx, { topic, messages });
  });
  return {
    Successful: entries.map(({ Id }, at) => ({ Id, MessageId: messages[at]?.id })),
    Failed: [],
  };
}

function readTarget(input: InputOf<'sns', 'Publish'>): TopicAddress {
  if (input.TopicArn !== undefined && input.TargetArn !== undefined) {
    throw invalidParameter('TopicArn or TargetArn Reason: only one of them may be given');
  }
  const arn = input.TopicArn ?? input.TargetArn;
  if (arn === undefined) {
    throw invalidParameter('TopicArn or TargetArn Reason: no value for required parameter');
  }
  if (/^arn:[^:]*:sns:[^:]*:[^:]*:endpoint\//.test(arn)) {
    throw invalidParameter('TargetArn Reason: No endpoint found for the target arn specified');
  }
  return checkTopicArn(arn, input.TopicArn === undefined ? 'TargetArn' : 'TopicArn');
}

function checkEntries(entries: readonly { Id: string | undefined }[]): void {
  if (entries.length === 0) throw emptyBatch();
  if (entries.length > BATCH_ENTRIES_MAX) throw tooManyEntries();
  const ids = entries.map(({ Id }) => Id ?? '');
  if (new Set(ids).size < ids.length) throw batchEntryIdsNotDistinct();
  if (ids.some((id) => !/^[\w-]{1,80}$/.test(id))) throw invalidBatchEntryId();
}

function readMessage(
  entry: Entry,
  { topic, ctx }: { topic: TopicAddress; ctx: RequestContext },
): PublishedMessage {
  checkSubject(entry.Subject);
  const body = entry.Message ?? '';
  if (body === '') throw invalidParameter('Empty message');
  const isPerProtocol = checkStructure(entry.MessageStructure, body);
  const attributes = readAttributes(entry.MessageAttributes);
  if (entry.MessageDeduplicationId !== undefined) {
    throw invalidParameter(
      'MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter ' +
        'that is not valid for this topic type',
    );
  }
  const { MessageGroupId: groupId } = entry;
  if (groupId !== undefined && !/^[\x21-\x7e]{1,128}$/.test(groupId)) {
    throw invalidParameter('MessageGroupId');
  }
  return {
    id: randomUuid(ctx.random),
    topicArn: topicArn(topic),
    subject: entry.Subject,
    body,
    isPerProtocol,
    attributes,
    publishedMs: ctx.nowMs,
    // AWS: a standard topic hands the group on to its queues, which use it for fairness.
    groupId,
    traceHeader: ctx.http?.headers['x-amzn-trace-id'],
  };
}

/** Schedules a delivery for every confirmed subscription whose filter lets the message pass. */
async function fanOut(
  tx: Tx,
  ctx: RequestContext,
  { topic, messages }: { topic: TopicAddress; messages: readonly PublishedMessage[] },
): Promise<void> {
  for (let after: string | undefined; ;) {
    const page = await listSubscriptionsOf(tx, topic, { after, limit: FAN_OUT_PAGE });
    for (const subscription of page) {
      if (subscription.token !== undefined) continue;
      const passes = compilePass(subscription);
      for (const message of messages) {
        if (passes(message)) scheduleDelivery(tx, ctx, { subscription, message });
      }
    }
    after = page.at(-1)?.id;
    if (page.length < FAN_OUT_PAGE) return;
  }
}

function compilePass(subscription: Subscription): (message: PublishedMessage) => boolean {
  const { filterPolicy, filterScope, protocol } = subscription;
  if (filterPolicy === undefined) return () => true;
  const passes = compileFilter(filterPolicy, filterScope);
  return (message) => passes({ body: textFor(message, protocol), attributes: message.attributes });
}

async function requireTopic(
  view: Parameters<typeof findTopic>[0],
  topic: TopicAddress,
): Promise<void> {
  if ((await findTopic(view, topic)) === undefined) throw topicNotFound();
}
