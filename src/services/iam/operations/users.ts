// Users: create, read, rename, delete.
import type { ReadTx, Tx } from '../../../base/store.ts';
import { newUniqueId } from '../../../kernel/access-key-id.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import { putAccessKey, resolveAccessKey } from '../../../kernel/credentials.ts';
import type { User } from '../entity.ts';
import { entityArn, nameKey, sameName } from '../entity.ts';
import { entityExists, mustFirst } from '../errors.ts';
import { cutPage } from '../paging.ts';
import { readTags, requireBoundary, requireEntity, userNameOf } from '../rules.ts';
import type { In, Out } from '../shapes.ts';
import { userShape, userSummary } from '../shapes.ts';
import {
  deleteAttachment,
  deleteEntity,
  getEntity,
  listEntities,
  putAttachment,
  putEntity,
  putKeyOwner,
} from '../store.ts';

export async function createUser(
  input: In<'CreateUser'>,
  ctx: RequestContext,
): Promise<Out<'CreateUser'>> {
  const { UserName: name = '', Path: path = '/', PermissionsBoundary: boundaryArn } = input;
  const { account } = ctx;
  const user: User = {
    name,
    path,
    id: newUniqueId(ctx.random, 'AIDA', account),
    arn: entityArn(account, 'user', path, name),
    createdAtMs: ctx.nowMs,
    inlinePolicies: [],
    attachedPolicies: [],
    accessKeys: [],
    groups: [],
    tags: readTags(input.Tags),
    ...(boundaryArn === undefined ? {} : { boundaryArn }),
  };
  await ctx.store.transact(async (tx) => {
    if ((await getEntity(tx, 'user', { account, name })) !== undefined)
      throw entityExists('user', name);
    if (boundaryArn !== undefined) {
      await requireBoundary(tx, account, boundaryArn);
      putAttachment(tx, { account, policyArn: boundaryArn, use: 'boundary', kind: 'user', name });
    }
    putEntity(tx, 'user', account, user);
  });
  return { User: userShape(user) };
}

/** Without a name: the caller, who may be the account's root. */
export async function getUser(input: In<'GetUser'>, ctx: RequestContext): Promise<Out<'GetUser'>> {
  const { account, principal } = ctx;
  if (input.UserName === undefined && principal.kind === 'root') {
    // AWS: the root has neither name nor path. Differs: when the account began is not on record.
    const Arn = `arn:aws:iam::${account}:root`;
    return {
      User: { Path: undefined, UserName: undefined, UserId: account, Arn, CreateDate: new Date(0) },
    };
  }
  const name = userNameOf(input.UserName, principal);
  const user = await ctx.store.read((view) => requireEntity(view, 'user', { account, name }));
  return { User: userShape(user) };
}

export async function listUsers(
  input: In<'ListUsers'>,
  ctx: RequestContext,
): Promise<Out<'ListUsers'>> {
  const { PathPrefix: prefix = '/' } = input;
  const users = await ctx.store.read((view) => listEntities(view, 'user', ctx.account));
  const matching = users.filter((user) => user.path.startsWith(prefix));
  const { items, more } = cutPage(matching, input, (user) => nameKey(user.name));
  return { Users: items.map(userSummary), ...more };
}

export async function updateUser(
  input: In<'UpdateUser'>,
  ctx: RequestContext,
): Promise<Out<'UpdateUser'>> {
  const { account } = ctx;
  await ctx.store.transact(async (tx) => {
    const before = await requireEntity(tx, 'user', { account, name: input.UserName ?? '' });
    const { NewUserName: name = before.name, NewPath: path = before.path } = input;
    const after: User = { ...before, name, path, arn: entityArn(account, 'user', path, name) };
    if (!sameName(name, before.name)) {
      if ((await getEntity(tx, 'user', { account, name })) !== undefined)
        throw entityExists('user', name);
      deleteEntity(tx, 'user', account, before.name);
    }
    putEntity(tx, 'user', account, after);
    await moveReferences(tx, account, { before, after });
  });
  return {};
}

/** Everything that knows a user by name or ARN follows it: groups, attachments, access keys. */
async function moveReferences(
  tx: Tx,
  account: string,
  { before, after }: { readonly before: User; readonly after: User },
): Promise<void> {
  for (const groupName of before.groups) {
    const group = await requireEntity(tx, 'group', { account, name: groupName });
    const members = group.members.map((member) =>
      sameName(member, before.name) ? after.name : member,
    );
    putEntity(tx, 'group', account, { ...group, members });
  }
  const policies = before.attachedPolicies.map((policyArn) => ({
    policyArn,
    use: 'policy' as const,
  }));
  const bounds =
    before.boundaryArn === undefined
      ? []
      : [{ policyArn: before.boundaryArn, use: 'boundary' as const }];
  for (const each of [...policies, ...bounds]) {
    deleteAttachment(tx, { ...each, account, kind: 'user', name: before.name });
    putAttachment(tx, { ...each, account, kind: 'user', name: after.name });
  }
  for (const key of before.accessKeys) {
    putKeyOwner(tx, account, key.id, after.name);
    const credential = await resolveAccessKey(tx, key.id);
    if (credential !== undefined) {
      putAccessKey(tx, {
        ...credential,
        principal: { kind: 'user', account, arn: after.arn, userId: after.id },
      });
    }
  }
}

export async function deleteUser(
  input: In<'DeleteUser'>,
  ctx: RequestContext,
): Promise<Out<'DeleteUser'>> {
  const { account } = ctx;
  await ctx.store.transact(async (tx) => {
    const user = await requireUnused(tx, account, input.UserName ?? '');
    if (user.boundaryArn !== undefined) {
      deleteAttachment(tx, {
        account,
        policyArn: user.boundaryArn,
        use: 'boundary',
        kind: 'user',
        name: user.name,
      });
    }
    deleteEntity(tx, 'user', account, user.name);
  });
  return {};
}

async function requireUnused(view: ReadTx, account: string, name: string): Promise<User> {
  const user = await requireEntity(view, 'user', { account, name });
  if (user.groups.length > 0) throw mustFirst('remove users from group');
  if (user.attachedPolicies.length > 0) throw mustFirst('detach all policies');
  if (user.inlinePolicies.length > 0) throw mustFirst('delete policies');
  if (user.accessKeys.length > 0) throw mustFirst('delete access keys');
  return user;
}
