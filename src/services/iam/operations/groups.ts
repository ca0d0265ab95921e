// Groups of users.
import type { Tx } from '../../../base/store.ts';
import { newUniqueId } from '../../../kernel/access-key-id.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { Group } from '../entity.ts';
import { entityArn, nameKey, sameName } from '../entity.ts';
import { entityExists, mustFirst, quotaExceeded } from '../errors.ts';
import { MAX_GROUPS_PER_USER } from '../limits.ts';
import { cutPage, sortBy } from '../paging.ts';
import { requireEntity } from '../rules.ts';
import type { GroupShape, In, Out, UserShape } from '../shapes.ts';
import { groupShape, userSummary } from '../shapes.ts';
import {
  deleteAttachment,
  deleteEntity,
  getEntity,
  listEntities,
  putAttachment,
  putEntity,
} from '../store.ts';

export async function createGroup(
  input: In<'CreateGroup'>,
  ctx: RequestContext,
): Promise<Out<'CreateGroup'>> {
  const { GroupName: name = '', Path: path = '/' } = input;
  const { account } = ctx;
  const group: Group = {
    name,
    path,
    id: newUniqueId(ctx.random, 'AGPA', account),
    arn: entityArn(account, 'group', path, name),
    createdAtMs: ctx.nowMs,
    inlinePolicies: [],
    attachedPolicies: [],
    members: [],
    tags: [],
  };
  await ctx.store.transact(async (tx) => {
    if ((await getEntity(tx, 'group', { account, name })) !== undefined)
      throw entityExists('group', name);
    putEntity(tx, 'group', account, group);
  });
  return { Group: groupShape(group) };
}

export async function getGroup(
  input: In<'GetGroup'>,
  ctx: RequestContext,
): Promise<Out<'GetGroup'>> {
  const { account } = ctx;
  return ctx.store.read(async (view) => {
    const group = await requireEntity(view, 'group', { account, name: input.GroupName ?? '' });
    const { items, more } = cutPage(sortBy(group.members, nameKey), input, nameKey);
    const users: UserShape[] = [];
    for (const name of items)
      users.push(userSummary(await requireEntity(view, 'user', { account, name })));
    return { Group: groupShape(group), Users: users, ...more };
  });
}

export async function listGroups(
  input: In<'ListGroups'>,
  ctx: RequestContext,
): Promise<Out<'ListGroups'>> {
  const { PathPrefix: prefix = '/' } = input;
  const groups = await ctx.store.read((view) => listEntities(view, 'group', ctx.account));
  const matching = groups.filter((group) => group.path.startsWith(prefix));
  const { items, more } = cutPage(matching, input, (group) => nameKey(group.name));
  return { Groups: items.map(groupShape), ...more };
}

export async function listGroupsForUser(
  input: In<'ListGroupsForUser'>,
  ctx: RequestContext,
): Promise<Out<'ListGroupsForUser'>> {
  const { account } = ctx;
  return ctx.store.read(async (view) => {
    const user = await requireEntity(view, 'user', { account, name: input.UserName ?? '' });
    const { items, more } = cutPage(sortBy(user.groups, nameKey), input, nameKey);
    const groups: GroupShape[] = [];
    for (const name of items)
      groups.push(groupShape(await requireEntity(view, 'group', { account, name })));
    return { Groups: groups, ...more };
  });
}

export async function updateGroup(
  input: In<'UpdateGroup'>,
  ctx: RequestContext,
): Promise<Out<'UpdateGroup'>> {
  const { account } = ctx;
  await ctx.store.transact(async (tx) => {
    const before = await requireEntity(tx, 'group', { account, name: input.GroupName ?? '' });
    const { NewGroupName: name = before.name, NewPath: path = before.path } = input;
    if (!sameName(name, before.name)) {
      if ((await getEntity(tx, 'group', { account, name })) !== undefined)
        throw entityExists('group', name);
      deleteEntity(tx, 'group', account, before.name);
    }
    putEntity(tx, 'group', account, {
      ...before,
      name,
      path,
      arn: entityArn(account, 'group', path, name),
    });
    await moveReferences(tx, account, { before, name });
  });
  return {};
}

/** Members and attachments know a group by its name. */
async function moveReferences(
  tx: Tx,
  account: string,
  { before, name }: { readonly before: Group; readonly name: string },
): Promise<void> {
  for (const member of before.members) {
    const user = await requireEntity(tx, 'user', { account, name: member });
    const groups = user.groups.map((group) => (sameName(group, before.name) ? name : group));
    putEntity(tx, 'user', account, { ...user, groups });
  }
  for (const policyArn of before.attachedPolicies) {
    deleteAttachment(tx, { account, policyArn, use: 'policy', kind: 'group', name: before.name });
    putAttachment(tx, { account, policyArn, use: 'policy', kind: 'group', name });
  }
}

export async function deleteGroup(
  input: In<'DeleteGroup'>,
  ctx: RequestContext,
): Promise<Out<'DeleteGroup'>> {
  const { account } = ctx;
  await ctx.store.transact(async (tx) => {
    const group = await requireEntity(tx, 'group', { account, name: input.GroupName ?? '' });
    if (group.members.length > 0) throw mustFirst('remove users from group');
    if (group.attachedPolicies.length > 0) throw mustFirst('detach all policies');
    if (group.inlinePolicies.length > 0) throw mustFirst('delete policies');
    deleteEntity(tx, 'group', account, group.name);
  });
  return {};
}

export async function addUserToGroup(
  input: In<'AddUserToGroup'>,
  ctx: RequestContext,
): Promise<Out<'AddUserToGroup'>> {
  const { account } = ctx;
  await ctx.store.transact(async (tx) => {
    const group = await requireEntity(tx, 'group', { account, name: input.GroupName ?? '' });
    const user = await requireEntity(tx, 'user', { account, name: input.UserName ?? '' });
    if (group.members.some((member) => sameName(member, user.name))) return;
    if (user.groups.length >= MAX_GROUPS_PER_USER)
      throw quotaExceeded('GroupsPerUser', MAX_GROUPS_PER_USER);
    putEntity(tx, 'group', account, { ...group, members: [...group.members, user.name] });
    putEntity(tx, 'user', account, { ...user, groups: [...user.groups, group.name] });
  });
  return {};
}

export async function removeUserFromGroup(
  input: In<'RemoveUserFromGroup'>,
  ctx: RequestContext,
): Promise<Out<'RemoveUserFromGroup'>> {
  const { account } = ctx;
  await ctx.store.transact(async (tx) => {
    const group = await requireEntity(tx, 'group', { account, name: input.GroupName ?? '' });
    const user = await requireEntity(tx, 'user', { account, name: input.UserName ?? '' });
    const members = group.members.filter((member) => !sameName(member, user.name));
    const groups = user.groups.filter((name) => !sameName(name, group.name));
    putEntity(tx, 'group', account, { ...group, members });
    putEntity(tx, 'user', account, { ...user, groups });
  });
  return {};
}
