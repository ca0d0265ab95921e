// Tags of log groups, in both generations of the API.
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { tooManyTags } from '../errors.ts';
import { TAGS_MAX } from '../limits.ts';
import { groupNameOf } from '../log-group.ts';
import { putGroup } from '../store.ts';
import { requireGroup } from './locate-group.ts';

type Tags = Readonly<Record<string, string>>;

export async function tagResource(
  input: InputOf<'logs', 'TagResource'>,
  ctx: RequestContext,
): Promise<OutputOf<'logs', 'TagResource'>> {
  await addTags(ctx, { name: groupNameOf(input.resourceArn ?? ''), tags: input.tags ?? {} });
  return {};
}

export async function untagResource(
  input: InputOf<'logs', 'UntagResource'>,
  ctx: RequestContext,
): Promise<OutputOf<'logs', 'UntagResource'>> {
  await removeTags(ctx, { name: groupNameOf(input.resourceArn ?? ''), keys: input.tagKeys ?? [] });
  return {};
}

export async function listTagsForResource(
  input: InputOf<'logs', 'ListTagsForResource'>,
  ctx: RequestContext,
): Promise<OutputOf<'logs', 'ListTagsForResource'>> {
  return { tags: await readTags(ctx, groupNameOf(input.resourceArn ?? '')) };
}

export async function tagLogGroup(
  input: InputOf<'logs', 'TagLogGroup'>,
  ctx: RequestContext,
): Promise<OutputOf<'logs', 'TagLogGroup'>> {
  await addTags(ctx, { name: input.logGroupName ?? '', tags: input.tags ?? {} });
  return {};
}

export async function untagLogGroup(
  input: InputOf<'logs', 'UntagLogGroup'>,
  ctx: RequestContext,
): Promise<OutputOf<'logs', 'UntagLogGroup'>> {
  await removeTags(ctx, { name: input.logGroupName ?? '', keys: input.tags ?? [] });
  return {};
}

export async function listTagsLogGroup(
  input: InputOf<'logs', 'ListTagsLogGroup'>,
  ctx: RequestContext,
): Promise<OutputOf<'logs', 'ListTagsLogGroup'>> {
  return { tags: await readTags(ctx, input.logGroupName ?? '') };
}

async function addTags(
  ctx: RequestContext,
  { name, tags }: { name: string; tags: Tags },
): Promise<void> {
  await ctx.store.transact(async (tx) => {
    const group = await requireGroup(tx, ctx, name);
    const all = { ...group.tags, ...tags };
    if (Object.keys(all).length > TAGS_MAX) throw tooManyTags(name);
    putGroup(tx, { ...group, tags: all });
  });
}

async function removeTags(
  ctx: RequestContext,
  { name, keys }: { name: string; keys: readonly string[] },
): Promise<void> {
  await ctx.store.transact(async (tx) => {
    const group = await requireGroup(tx, ctx, name);
    const kept = Object.entries(group.tags).filter(([key]) => !keys.includes(key));
    putGroup(tx, { ...group, tags: Object.fromEntries(kept) });
  });
}

async function readTags(ctx: RequestContext, name: string): Promise<Record<string, string>> {
  const group = await ctx.store.read((view) => requireGroup(view, ctx, name));
  return { ...group.tags };
}
