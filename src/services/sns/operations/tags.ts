// TagResource, UntagResource, ListTagsForResource: tags of topics.
import type { ReadTx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { invalidParameter, resourceNotFound, tagLimitExceeded } from '../errors.ts';
import { TAGS_MAX } from '../limits.ts';
import { findTopic, putTopic } from '../store.ts';
import type { Topic } from '../topic.ts';
import { parseTopicArn } from '../topic.ts';

export async function tagResource(
  input: InputOf<'sns', 'TagResource'>,
  ctx: RequestContext,
): Promise<OutputOf<'sns', 'TagResource'>> {
  const added = readTags(input.Tags);
  await ctx.store.transact(async (tx) => {
    const topic = await requireTopic(tx, input.ResourceArn);
    const tags = { ...topic.tags, ...added };
    if (Object.keys(tags).length > TAGS_MAX) throw tagLimitExceeded();
    putTopic(tx, { ...topic, tags });
  });
  return {};
}

export async function untagResource(
  input: InputOf<'sns', 'UntagResource'>,
  ctx: RequestContext,
): Promise<OutputOf<'sns', 'UntagResource'>> {
  const removed = new Set(input.TagKeys ?? []);
  await ctx.store.transact(async (tx) => {
    const topic = await requireTopic(tx, input.ResourceArn);
    const kept = Object.entries(topic.tags).filter(([key]) => !removed.has(key));
    putTopic(tx, { ...topic, tags: Object.fromEntries(kept) });
  });
  return {};
}

export async function listTagsForResource(
  input: InputOf<'sns', 'ListTagsForResource'>,
  ctx: RequestContext,
): Promise<OutputOf<'sns', 'ListTagsForResource'>> {
  const topic = await ctx.store.read((view) => requireTopic(view, input.ResourceArn));
  return { Tags: Object.entries(topic.tags).map(([Key, Value]) => ({ Key, Value })) };
}

/** Tags as key → value. Recorded: test_tags (duplicates). */
export function readTags(
  tags: readonly { Key: string | undefined; Value: string | undefined }[] | undefined,
): Record<string, string> {
  const list = tags ?? [];
  const map = Object.fromEntries(list.map(({ Key = '', Value = '' }) => [Key, Value]));
  if (Object.keys(map).length < list.length)
    throw invalidParameter('Duplicated keys are not allowed.');
  return map;
}

async function requireTopic(view: ReadTx, arn: string | undefined): Promise<Topic> {
  const address = parseTopicArn(arn ?? '');
  const topic = address && (await findTopic(view, address));
  if (topic === undefined) throw resourceNotFound();
  return topic;
}
