// Inline policies of roles, users and groups.
import type { RequestContext } from '../../../kernel/context.ts';
import type { Entity, EntityKind } from '../entity.ts';
import { nameKey, sameName, withInlinePolicy, withoutInlinePolicy } from '../entity.ts';
import { inlinePolicyNotFound, protectedRole } from '../errors.ts';
import type { PageRequest } from '../paging.ts';
import { cutPage } from '../paging.ts';
import { requireEntity, requireIdentityPolicy, requireInlineRoom } from '../rules.ts';
import type { In, Out } from '../shapes.ts';
import { encodeDocument } from '../shapes.ts';
import { putEntity } from '../store.ts';

interface Target {
  readonly kind: EntityKind;
  readonly name: string;
}

interface PolicyInput {
  readonly PolicyName: string | undefined;
  readonly PolicyDocument?: string | undefined;
}

async function put(
  target: Target,
  input: PolicyInput,
  ctx: RequestContext,
): Promise<Record<string, never>> {
  const { PolicyName: name = '', PolicyDocument: document = '' } = input;
  requireIdentityPolicy(document);
  await changeInline(target, ctx, (entity) => {
    const inlinePolicies = withInlinePolicy(entity.inlinePolicies, { name, document });
    requireInlineRoom(target.kind, entity.name, inlinePolicies);
    return inlinePolicies;
  });
  return {};
}

async function remove(
  target: Target,
  input: PolicyInput,
  ctx: RequestContext,
): Promise<Record<string, never>> {
  const { PolicyName: name = '' } = input;
  await changeInline(target, ctx, (entity) => {
    requirePolicy(entity, target.kind, name);
    return withoutInlinePolicy(entity.inlinePolicies, name);
  });
  return {};
}

async function changeInline(
  { kind, name }: Target,
  ctx: RequestContext,
  change: (entity: Entity) => Entity['inlinePolicies'],
): Promise<void> {
  await ctx.store.transact(async (tx) => {
    const entity = await requireEntity(tx, kind, { account: ctx.account, name });
    if ('linkedService' in entity && entity.linkedService !== undefined)
      throw protectedRole(entity.name);
    putEntity(tx, kind, ctx.account, { ...entity, inlinePolicies: change(entity) });
  });
}

async function get(
  { kind, name }: Target,
  input: PolicyInput,
  ctx: RequestContext,
): Promise<{ PolicyName: string; PolicyDocument: string }> {
  const entity = await ctx.store.read((view) =>
    requireEntity(view, kind, { account: ctx.account, name }),
  );
  const policy = requirePolicy(entity, kind, input.PolicyName ?? '');
  return { PolicyName: policy.name, PolicyDocument: encodeDocument(policy.document) };
}

async function list(
  { kind, name }: Target,
  input: PageRequest,
  ctx: RequestContext,
): Promise<{ PolicyNames: string[]; IsTruncated: boolean; Marker?: string }> {
  const entity = await ctx.store.read((view) =>
    requireEntity(view, kind, { account: ctx.account, name }),
  );
  const names = entity.inlinePolicies.map((policy) => policy.name);
  const { items, more } = cutPage(names.toSorted(byNameKey), input, nameKey);
  return { PolicyNames: items, ...more };
}

function byNameKey(a: string, b: string): number {
  return nameKey(a) < nameKey(b) ? -1 : 1;
}

function requirePolicy(
  entity: Entity,
  kind: EntityKind,
  name: string,
): Entity['inlinePolicies'][number] {
  const policy = entity.inlinePolicies.find((each) => sameName(each.name, name));
  if (policy === undefined) throw inlinePolicyNotFound(kind, name);
  return policy;
}

const roleOf = (input: { RoleName: string | undefined }): Target => ({
  kind: 'role',
  name: input.RoleName ?? '',
});
const userOf = (input: { UserName: string | undefined }): Target => ({
  kind: 'user',
  name: input.UserName ?? '',
});
const groupOf = (input: { GroupName: string | undefined }): Target => ({
  kind: 'group',
  name: input.GroupName ?? '',
});

export async function putRolePolicy(
  input: In<'PutRolePolicy'>,
  ctx: RequestContext,
): Promise<Out<'PutRolePolicy'>> {
  return put(roleOf(input), input, ctx);
}
export async function putUserPolicy(
  input: In<'PutUserPolicy'>,
  ctx: RequestContext,
): Promise<Out<'PutUserPolicy'>> {
  return put(userOf(input), input, ctx);
}
export async function putGroupPolicy(
  input: In<'PutGroupPolicy'>,
  ctx: RequestContext,
): Promise<Out<'PutGroupPolicy'>> {
  return put(groupOf(input), input, ctx);
}

export async function deleteRolePolicy(
  input: In<'DeleteRolePolicy'>,
  ctx: RequestContext,
): Promise<Out<'DeleteRolePolicy'>> {
  return remove(roleOf(input), input, ctx);
}
export async function deleteUserPolicy(
  input: In<'DeleteUserPolicy'>,
  ctx: RequestContext,
): Promise<Out<'DeleteUserPolicy'>> {
  return remove(userOf(input), input, ctx);
}
export async function deleteGroupPolicy(
  input: In<'DeleteGroupPolicy'>,
  ctx: RequestContext,
): Promise<Out<'DeleteGroupPolicy'>> {
  return remove(groupOf(input), input, ctx);
}

export async function getRolePolicy(
  input: In<'GetRolePolicy'>,
  ctx: RequestContext,
): Promise<Out<'GetRolePolicy'>> {
  return { RoleName: input.RoleName, ...(await get(roleOf(input), input, ctx)) };
}
export async function getUserPolicy(
  input: In<'GetUserPolicy'>,
  ctx: RequestContext,
): Promise<Out<'GetUserPolicy'>> {
  return { UserName: input.UserName, ...(await get(userOf(input), input, ctx)) };
}
export async function getGroupPolicy(
  input: In<'GetGroupPolicy'>,
  ctx: RequestContext,
): Promise<Out<'GetGroupPolicy'>> {
  return { GroupName: input.GroupName, ...(await get(groupOf(input), input, ctx)) };
}

export async function listRolePolicies(
  input: In<'ListRolePolicies'>,
  ctx: RequestContext,
): Promise<Out<'ListRolePolicies'>> {
  return list(roleOf(input), input, ctx);
}
export async function listUserPolicies(
  input: In<'ListUserPolicies'>,
  ctx: RequestContext,
): Promise<Out<'ListUserPolicies'>> {
  return list(userOf(input), input, ctx);
}
export async function listGroupPolicies(
  input: In<'ListGroupPolicies'>,
  ctx: RequestContext,
): Promise<Out<'ListGroupPolicies'>> {
  return list(groupOf(input), input, ctx);
}
