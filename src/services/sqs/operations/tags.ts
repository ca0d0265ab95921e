// TagQueue, UntagQueue, ListQueueTags.
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { invalidParameter, missingParameter } from '../errors.ts';
import { TAGS_MAX } from '../limits.ts';
import { putQueue } from '../store.ts';
import { readQueueUrl, requireQueue } from './locate-queue.ts';

export async function tagQueue(
  input: InputOf<'sqs', 'TagQueue'>,
  ctx: RequestContext,
): Promise<OutputOf<'sqs', 'TagQueue'>> {
  const address = readQueueUrl(input, ctx);
  const added = input.Tags ?? {};
  if (Object.keys(added).length === 0) throw missingParameter('Tags');
  await ctx.store.transact(async (tx) => {
    const queue = await requireQueue(tx, ctx.region, address);
    const tags = { ...queue.tags, ...added };
    if (Object.keys(tags).length > TAGS_MAX) {
      throw invalidParameter(`Too many tags added for queue ${queue.name}.`);
    }
    putQueue(tx, { ...queue, tags }, queue);
  });
  return {};
}

export async function untagQueue(
  input: InputOf<'sqs', 'UntagQueue'>,
  ctx: RequestContext,
): Promise<OutputOf<'sqs', 'UntagQueue'>> {
  const address = readQueueUrl(input, ctx);
  const removed = new Set(input.TagKeys ?? []);
  if (removed.size === 0) {
    throw invalidParameter('Tag keys must be between 1 and 128 characters in length.');
  }
  await ctx.store.transact(async (tx) => {
    const queue = await requireQueue(tx, ctx.region, address);
    const kept = Object.entries(queue.tags).filter(([key]) => !removed.has(key));
    putQueue(tx, { ...queue, tags: Object.fromEntries(kept) }, queue);
  });
  return {};
}

export async function listQueueTags(
  input: InputOf<'sqs', 'ListQueueTags'>,
  ctx: RequestContext,
): Promise<OutputOf<'sqs', 'ListQueueTags'>> {
  const address = readQueueUrl(input, ctx);
  const queue = await ctx.store.read((view) => requireQueue(view, ctx.region, address));
  return { Tags: { ...queue.tags } };
}
