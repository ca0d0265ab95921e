// Instance profiles: containers that hand a role to a machine.
import type { ReadTx } from '../../../base/store.ts';
import { newUniqueId } from '../../../kernel/access-key-id.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import { nameKey, sameName } from '../entity.ts';
import {
  instanceProfileExists,
  mustFirst,
  quotaExceeded,
  roleNotInInstanceProfile,
} from '../errors.ts';
import { cutPage } from '../paging.ts';
import { readTags, requireEntity, requireInstanceProfile } from '../rules.ts';
import type { In, InstanceProfileShape, Out } from '../shapes.ts';
import { instanceProfileShape } from '../shapes.ts';
import type { InstanceProfile } from '../store.ts';
import {
  deleteInstanceProfile as deleteRow,
  getEntity,
  getInstanceProfile as getRow,
  listInstanceProfiles as listRows,
  putInstanceProfile,
} from '../store.ts';

export async function createInstanceProfile(
  input: In<'CreateInstanceProfile'>,
  ctx: RequestContext,
): Promise<Out<'CreateInstanceProfile'>> {
  const { InstanceProfileName: name = '', Path: path = '/' } = input;
  const { account } = ctx;
  const profile: InstanceProfile = {
    name,
    path,
    id: newUniqueId(ctx.random, 'AIPA', account),
    arn: `arn:aws:iam::${account}:instance-profile${path}${name}`,
    createdAtMs: ctx.nowMs,
    tags: readTags(input.Tags),
  };
  await ctx.store.transact(async (tx) => {
    if ((await getRow(tx, account, name)) !== undefined) throw instanceProfileExists(name);
    putInstanceProfile(tx, account, profile);
  });
  return { InstanceProfile: instanceProfileShape(profile, undefined) };
}

export async function getInstanceProfile(
  input: In<'GetInstanceProfile'>,
  ctx: RequestContext,
): Promise<Out<'GetInstanceProfile'>> {
  return ctx.store.read(async (view) => {
    const profile = await requireInstanceProfile(view, namedBy(input, ctx));
    return { InstanceProfile: await describe(view, ctx.account, profile) };
  });
}

export async function deleteInstanceProfile(
  input: In<'DeleteInstanceProfile'>,
  ctx: RequestContext,
): Promise<Out<'DeleteInstanceProfile'>> {
  await ctx.store.transact(async (tx) => {
    const profile = await requireInstanceProfile(tx, namedBy(input, ctx));
    if (profile.role !== undefined) throw mustFirst('remove roles from instance profile');
    deleteRow(tx, ctx.account, profile.name);
  });
  return {};
}

export async function listInstanceProfiles(
  input: In<'ListInstanceProfiles'>,
  ctx: RequestContext,
): Promise<Out<'ListInstanceProfiles'>> {
  const { PathPrefix: prefix = '/' } = input;
  return ctx.store.read(async (view) => {
    const all = await listRows(view, ctx.account);
    const matching = all.filter((profile) => profile.path.startsWith(prefix));
    return pageOf(view, ctx.account, { profiles: matching, request: input });
  });
}

export async function listInstanceProfilesForRole(
  input: In<'ListInstanceProfilesForRole'>,
  ctx: RequestContext,
): Promise<Out<'ListInstanceProfilesForRole'>> {
  const { account } = ctx;
  return ctx.store.read(async (view) => {
    const role = await requireEntity(view, 'role', { account, name: input.RoleName ?? '' });
    const all = await listRows(view, account);
    const holding = all.filter(
      (profile) => profile.role !== undefined && sameName(profile.role, role.name),
    );
    return pageOf(view, account, { profiles: holding, request: input });
  });
}

interface Listing {
  readonly profiles: readonly InstanceProfile[];
  readonly request: {
    readonly Marker?: string | undefined;
    readonly MaxItems?: number | undefined;
  };
}

async function pageOf(
  view: ReadTx,
  account: string,
  { profiles, request }: Listing,
): Promise<{ InstanceProfiles: InstanceProfileShape[]; IsTruncated: boolean; Marker?: string }> {
  const { items, more } = cutPage(profiles, request, (profile) => nameKey(profile.name));
  const shapes: InstanceProfileShape[] = [];
  for (const profile of items) {
    // AWS: lists leave tags out.
    const { Tags: _, ...shape } = await describe(view, account, profile);
    shapes.push(shape);
  }
  return { InstanceProfiles: shapes, ...more };
}

async function describe(
  view: ReadTx,
  account: string,
  profile: InstanceProfile,
): Promise<InstanceProfileShape> {
  const { role: name } = profile;
  const role = name === undefined ? undefined : await getEntity(view, 'role', { account, name });
  return instanceProfileShape(profile, role);
}

export async function addRoleToInstanceProfile(
  input: In<'AddRoleToInstanceProfile'>,
  ctx: RequestContext,
): Promise<Out<'AddRoleToInstanceProfile'>> {
  const { account } = ctx;
  await ctx.store.transact(async (tx) => {
    const profile = await requireInstanceProfile(tx, namedBy(input, ctx));
    const role = await requireEntity(tx, 'role', { account, name: input.RoleName ?? '' });
    if (profile.role !== undefined) throw quotaExceeded('InstanceSessionsPerInstanceProfile', 1);
    putInstanceProfile(tx, account, { ...profile, role: role.name });
  });
  return {};
}

export async function removeRoleFromInstanceProfile(
  input: In<'RemoveRoleFromInstanceProfile'>,
  ctx: RequestContext,
): Promise<Out<'RemoveRoleFromInstanceProfile'>> {
  const name = input.RoleName ?? '';
  await ctx.store.transact(async (tx) => {
    const { role, ...profile } = await requireInstanceProfile(tx, namedBy(input, ctx));
    if (role === undefined || !sameName(role, name)) throw roleNotInInstanceProfile(name);
    putInstanceProfile(tx, ctx.account, profile);
  });
  return {};
}

function namedBy(
  input: { readonly InstanceProfileName: string | undefined },
  { account }: RequestContext,
): { account: string; name: string } {
  return { account, name: input.InstanceProfileName ?? '' };
}
