// CreateTopic, DeleteTopic, ListTopics.
import type { Tx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { invalidParameter, tagLimitExceeded, unsupported } from '../errors.ts';
import { FAN_OUT_PAGE, LIST_PAGE, TAGS_MAX } from '../limits.ts';
import { checkTopicArn } from '../rules.ts';
import {
  deleteSubscription,
  deleteTopic as dropTopic,
  findTopic,
  listSubscriptionsOf,
  listTopics as findTopics,
  putTopic,
} from '../store.ts';
import type { Topic } from '../topic.ts';
import { isTopicName, topicArn } from '../topic.ts';
import { readToken, writeToken } from './page-token.ts';
import { differsFrom, readTopicSettings } from './topic-attributes.ts';
import { readTags } from './tags.ts';

/** Idempotent: the same name, attributes and tags give the same topic. */
export async function createTopic(
  input: InputOf<'sns', 'CreateTopic'>,
  ctx: RequestContext,
): Promise<OutputOf<'sns', 'CreateTopic'>> {
  const name = checkName(input.Name, input.Attributes);
  if (input.DataProtectionPolicy !== undefined) throw unsupported('data protection policies');
  const attributes: Readonly<Record<string, string>> = input.Attributes ?? {};
  const settings = readTopicSettings(attributes, (message) =>
    invalidParameter(`Attributes Reason: ${message}`),
  );
  const tags = readTags(input.Tags);
  if (Object.keys(tags).length > TAGS_MAX) throw tagLimitExceeded();
  const address = { account: ctx.account, region: ctx.region, name };
  await ctx.store.transact(async (tx) => {
    const existing = await findTopic(tx, address);
    if (existing === undefined) {
      putTopic(tx, { ...address, displayName: '', ...settings, tags, deletedSubscriptions: 0 });
      return;
    }
    if (differsFrom(existing, settings)) {
      throw invalidParameter('Attributes Reason: Topic already exists with different attributes');
    }
    if (input.Tags !== undefined && !sameTags(existing, tags)) {
      throw invalidParameter('Tags Reason: Topic already exists with different tags');
    }
  });
  return { TopicArn: topicArn(address) };
}

/** A topic that does not exist is deleted all the same. Source: SNS API reference, DeleteTopic. */
export async function deleteTopic(
  input: InputOf<'sns', 'DeleteTopic'>,
  ctx: RequestContext,
): Promise<OutputOf<'sns', 'DeleteTopic'>> {
  const address = checkTopicArn(input.TopicArn, 'TopicArn');
  await ctx.store.transact(async (tx) => {
    dropTopic(tx, address);
    await dropSubscriptions(tx, address);
  });
  return {};
}

export async function listTopics(
  input: InputOf<'sns', 'ListTopics'>,
  ctx: RequestContext,
): Promise<OutputOf<'sns', 'ListTopics'>> {
  const after = readToken(input.NextToken);
  const topics = await ctx.store.read((view) =>
    findTopics(view, ctx, { after, limit: LIST_PAGE + 1 }),
  );
  const page = topics.slice(0, LIST_PAGE);
  return {
    Topics: page.map((topic) => ({ TopicArn: topicArn(topic) })),
    ...writeToken(topics.length > LIST_PAGE ? page.at(-1)?.name : undefined),
  };
}

function checkName(
  name: string | undefined,
  attributes: Readonly<Record<string, string>> | undefined,
): string {
  if (/^true$/i.test(attributes?.['FifoTopic'] ?? '') || name?.endsWith('.fifo')) {
    throw unsupported('FIFO topics');
  }
  if (name !== undefined && isTopicName(name)) return name;
  throw invalidParameter('Topic Name');
}

async function dropSubscriptions(tx: Tx, address: Parameters<typeof findTopic>[1]): Promise<void> {
  for (;;) {
    const page = await listSubscriptionsOf(tx, address, { limit: FAN_OUT_PAGE });
    for (const subscription of page) deleteSubscription(tx, subscription);
    if (page.length < FAN_OUT_PAGE) return;
  }
}

function sameTags(topic: Topic, tags: Readonly<Record<string, string>>): boolean {
  const keys = new Set([...Object.keys(topic.tags), ...Object.keys(tags)]);
  return [...keys].every((key) => topic.tags[key] === tags[key]);
}
