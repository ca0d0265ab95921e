// Tags of roles, users, policies and instance profiles.
import type { Tx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { Tag } from '../entity.ts';
import { nameKey, removeTags } from '../entity.ts';
import { managedByAws } from '../errors.ts';
import { isAwsManaged } from '../managed-policy.ts';
import type { PageRequest } from '../paging.ts';
import { cutPage, sortBy } from '../paging.ts';
import {
  addTags,
  readTags,
  requireEntity,
  requireInstanceProfile,
  requirePolicy,
} from '../rules.ts';
import type { In, Out } from '../shapes.ts';
import { tagShapes } from '../shapes.ts';
import { putEntity, putInstanceProfile, putPolicy } from '../store.ts';

type Change = (tags: readonly Tag[]) => Tag[];

/** Reads a thing's tags and, given a change, writes the changed ones. */
type TagDoor = (tx: Tx, ctx: RequestContext, change: Change) => Promise<readonly Tag[]>;

function entityDoor(kind: 'role' | 'user', name: string | undefined): TagDoor {
  return async (tx, { account }, change) => {
    const entity = await requireEntity(tx, kind, { account, name: name ?? '' });
    putEntity(tx, kind, account, { ...entity, tags: change(entity.tags) });
    return entity.tags;
  };
}

function policyDoor(arn: string | undefined): TagDoor {
  return async (tx, { account }, change) => {
    const policy = await requirePolicy(tx, account, arn ?? '');
    if (isAwsManaged(policy.arn)) throw managedByAws(policy.arn);
    putPolicy(tx, account, { ...policy, tags: change(policy.tags) });
    return policy.tags;
  };
}

function profileDoor(name: string | undefined): TagDoor {
  return async (tx, { account }, change) => {
    const profile = await requireInstanceProfile(tx, { account, name: name ?? '' });
    putInstanceProfile(tx, account, { ...profile, tags: change(profile.tags) });
    return profile.tags;
  };
}

async function tag(
  door: TagDoor,
  input: { readonly Tags: In<'TagRole'>['Tags'] },
  ctx: RequestContext,
): Promise<Record<string, never>> {
  const added = readTags(input.Tags);
  await ctx.store.transact((tx) => door(tx, ctx, (tags) => addTags(tags, added)));
  return {};
}

async function untag(
  door: TagDoor,
  input: { readonly TagKeys: readonly string[] | undefined },
  ctx: RequestContext,
): Promise<Record<string, never>> {
  await ctx.store.transact((tx) => door(tx, ctx, (tags) => removeTags(tags, input.TagKeys ?? [])));
  return {};
}

interface TagPage {
  Tags: { Key: string; Value: string }[];
  IsTruncated: boolean;
  Marker?: string;
}

function pageOf(tags: readonly Tag[], request: PageRequest): TagPage {
  const { items, more } = cutPage(
    sortBy(tags, (each) => nameKey(each.key)),
    request,
    (each) => nameKey(each.key),
  );
  return { Tags: tagShapes(items), ...more };
}

export async function tagRole(input: In<'TagRole'>, ctx: RequestContext): Promise<Out<'TagRole'>> {
  return tag(entityDoor('role', input.RoleName), input, ctx);
}
export async function tagUser(input: In<'TagUser'>, ctx: RequestContext): Promise<Out<'TagUser'>> {
  return tag(entityDoor('user', input.UserName), input, ctx);
}
export async function tagPolicy(
  input: In<'TagPolicy'>,
  ctx: RequestContext,
): Promise<Out<'TagPolicy'>> {
  return tag(policyDoor(input.PolicyArn), input, ctx);
}
export async function tagInstanceProfile(
  input: In<'TagInstanceProfile'>,
  ctx: RequestContext,
): Promise<Out<'TagInstanceProfile'>> {
  return tag(profileDoor(input.InstanceProfileName), input, ctx);
}

export async function untagRole(
  input: In<'UntagRole'>,
  ctx: RequestContext,
): Promise<Out<'UntagRole'>> {
  return untag(entityDoor('role', input.RoleName), input, ctx);
}
export async function untagUser(
  input: In<'UntagUser'>,
  ctx: RequestContext,
): Promise<Out<'UntagUser'>> {
  return untag(entityDoor('user', input.UserName), input, ctx);
}
export async function untagPolicy(
  input: In<'UntagPolicy'>,
  ctx: RequestContext,
): Promise<Out<'UntagPolicy'>> {
  return untag(policyDoor(input.PolicyArn), input, ctx);
}
export async function untagInstanceProfile(
  input: In<'UntagInstanceProfile'>,
  ctx: RequestContext,
): Promise<Out<'UntagInstanceProfile'>> {
  return untag(profileDoor(input.InstanceProfileName), input, ctx);
}

export async function listRoleTags(
  input: In<'ListRoleTags'>,
  ctx: RequestContext,
): Promise<Out<'ListRoleTags'>> {
  const named = { account: ctx.account, name: input.RoleName ?? '' };
  const { tags } = await ctx.store.read((view) => requireEntity(view, 'role', named));
  return pageOf(tags, input);
}
export async function listUserTags(
  input: In<'ListUserTags'>,
  ctx: RequestContext,
): Promise<Out<'ListUserTags'>> {
  const named = { account: ctx.account, name: input.UserName ?? '' };
  const { tags } = await ctx.store.read((view) => requireEntity(view, 'user', named));
  return pageOf(tags, input);
}
export async function listPolicyTags(
  input: In<'ListPolicyTags'>,
  ctx: RequestContext,
): Promise<Out<'ListPolicyTags'>> {
  const { tags } = await ctx.store.read((view) =>
    requirePolicy(view, ctx.account, input.PolicyArn ?? ''),
  );
  return pageOf(tags, input);
}
export async function listInstanceProfileTags(
  input: In<'ListInstanceProfileTags'>,
  ctx: RequestContext,
): Promise<Out<'ListInstanceProfileTags'>> {
  const named = { account: ctx.account, name: input.InstanceProfileName ?? '' };
  const { tags } = await ctx.store.read((view) => requireInstanceProfile(view, named));
  return pageOf(tags, input);
}
