// Access keys of users: what signs their requests.
import { newUniqueId } from '../../../kernel/access-key-id.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import {
  deleteAccessKey as endCredential,
  newSecretAccessKey,
  putAccessKey,
  resolveAccessKey,
} from '../../../kernel/credentials.ts';
import type { AccessKey, User } from '../entity.ts';
import { accessKeyNotFound, quotaExceeded } from '../errors.ts';
import { MAX_ACCESS_KEYS_PER_USER } from '../limits.ts';
import { cutPage, sortBy } from '../paging.ts';
import { requireEntity, userNameOf } from '../rules.ts';
import type { In, Out } from '../shapes.ts';
import { deleteKeyOwner, findKeyOwner, putEntity, putKeyOwner } from '../store.ts';

export async function createAccessKey(
  input: In<'CreateAccessKey'>,
  ctx: RequestContext,
): Promise<Out<'CreateAccessKey'>> {
  const { account, nowMs } = ctx;
  const name = userNameOf(input.UserName, ctx.principal);
  const accessKeyId = newUniqueId(ctx.random, 'AKIA', account);
  const secretAccessKey = newSecretAccessKey(ctx.random);
  return ctx.store.transact(async (tx) => {
    const user = await requireEntity(tx, 'user', { account, name });
    if (user.accessKeys.length >= MAX_ACCESS_KEYS_PER_USER) {
      throw quotaExceeded('AccessKeysPerUser', MAX_ACCESS_KEYS_PER_USER);
    }
    const key: AccessKey = { id: accessKeyId, active: true, createdAtMs: nowMs };
    putEntity(tx, 'user', account, { ...user, accessKeys: [...user.accessKeys, key] });
    putKeyOwner(tx, account, accessKeyId, user.name);
    const principal = { kind: 'user', account, arn: user.arn, userId: user.id } as const;
    putAccessKey(tx, { accessKeyId, secretAccessKey, principal, active: true });
    return {
      AccessKey: {
        UserName: user.name,
        AccessKeyId: accessKeyId,
        Status: 'Active',
        SecretAccessKey: secretAccessKey,
        CreateDate: new Date(nowMs),
      },
    };
  });
}

export async function listAccessKeys(
  input: In<'ListAccessKeys'>,
  ctx: RequestContext,
): Promise<Out<'ListAccessKeys'>> {
  const name = userNameOf(input.UserName, ctx.principal);
  const user = await ctx.store.read((view) =>
    requireEntity(view, 'user', { account: ctx.account, name }),
  );
  const { items, more } = cutPage(
    sortBy(user.accessKeys, (key) => key.id),
    input,
    (key) => key.id,
  );
  const keys = items.map((key) => ({
    UserName: user.name,
    AccessKeyId: key.id,
    Status: statusOf(key),
    CreateDate: new Date(key.createdAtMs),
  }));
  return { AccessKeyMetadata: keys, ...more };
}

export async function updateAccessKey(
  input: In<'UpdateAccessKey'>,
  ctx: RequestContext,
): Promise<Out<'UpdateAccessKey'>> {
  const { account } = ctx;
  const id = input.AccessKeyId ?? '';
  await ctx.store.transact(async (tx) => {
    const name =
      input.UserName ??
      (await findKeyOwner(tx, account, id)) ??
      userNameOf(undefined, ctx.principal);
    const user = await requireEntity(tx, 'user', { account, name });
    requireKey(user, id);
    const active = input.Status === 'Active';
    const accessKeys = user.accessKeys.map((key) => (key.id === id ? { ...key, active } : key));
    putEntity(tx, 'user', account, { ...user, accessKeys });
    const credential = await resolveAccessKey(tx, id);
    if (credential !== undefined) putAccessKey(tx, { ...credential, active });
  });
  return {};
}

export async function deleteAccessKey(
  input: In<'DeleteAccessKey'>,
  ctx: RequestContext,
): Promise<Out<'DeleteAccessKey'>> {
  const { account } = ctx;
  const id = input.AccessKeyId ?? '';
  await ctx.store.transact(async (tx) => {
    const name =
      input.UserName ??
      (await findKeyOwner(tx, account, id)) ??
      userNameOf(undefined, ctx.principal);
    const user = await requireEntity(tx, 'user', { account, name });
    requireKey(user, id);
    putEntity(tx, 'user', account, {
      ...user,
      accessKeys: user.accessKeys.filter((key) => key.id !== id),
    });
    deleteKeyOwner(tx, account, id);
    await endCredential(tx, id);
  });
  return {};
}

function requireKey(user: User, id: string): void {
  if (!user.accessKeys.some((key) => key.id === id)) throw accessKeyNotFound(id);
}

function statusOf(key: AccessKey): 'Active' | 'Inactive' {
  return key.active ? 'Active' : 'Inactive';
}
