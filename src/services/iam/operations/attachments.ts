// Managed policies on roles, users and groups, and as permissions boundaries.
import type { RequestContext } from '../../../kernel/context.ts';
import type { EntityKind } from '../entity.ts';
import { nameKey } from '../entity.ts';
import { invalidArn, policyNotFound, protectedRole, quotaExceeded } from '../errors.ts';
import { MAX_ATTACHED_POLICIES } from '../limits.ts';
import type { PageRequest } from '../paging.ts';
import { cutPage, sortBy } from '../paging.ts';
import {
  requireAttachable,
  requireBoundary,
  requireEntity,
  requireOwnRole,
  requirePolicy,
} from '../rules.ts';
import type { In, Out } from '../shapes.ts';
import type { AttachmentUse } from '../store.ts';
import {
  deleteAttachment,
  listAttachments,
  listEntities,
  putAttachment,
  putEntity,
} from '../store.ts';

interface Target {
  readonly kind: EntityKind;
  readonly name: string;
}

interface ArnInput {
  readonly PolicyArn: string | undefined;
}

const QUOTAS: Readonly<Record<EntityKind, string>> = {
  role: 'PoliciesPerRole',
  user: 'PoliciesPerUser',
  group: 'PoliciesPerGroup',
};

/** AWS: attaching what is attached already changes nothing and succeeds. */
async function attach(
  { kind, name }: Target,
  input: ArnInput,
  ctx: RequestContext,
): Promise<Record<string, never>> {
  const { account } = ctx;
  const policyArn = input.PolicyArn ?? '';
  await ctx.store.transact(async (tx) => {
    const entity = await requireEntity(tx, kind, { account, name });
    if ('linkedService' in entity && entity.linkedService !== undefined)
      throw protectedRole(entity.name);
    await requireAttachable(tx, account, policyArn);
    if (entity.attachedPolicies.includes(policyArn)) return;
    if (entity.attachedPolicies.length >= MAX_ATTACHED_POLICIES) {
      throw quotaExceeded(QUOTAS[kind], MAX_ATTACHED_POLICIES);
    }
    putEntity(tx, kind, account, {
      ...entity,
      attachedPolicies: [...entity.attachedPolicies, policyArn],
    });
    putAttachment(tx, { account, policyArn, use: 'policy', kind, name: entity.name });
  });
  return {};
}

async function detach(
  { kind, name }: Target,
  input: ArnInput,
  ctx: RequestContext,
): Promise<Record<string, never>> {
  const { account } = ctx;
  const policyArn = input.PolicyArn ?? '';
  await ctx.store.transact(async (tx) => {
    const entity = await requireEntity(tx, kind, { account, name });
    if ('linkedService' in entity && entity.linkedService !== undefined)
      throw protectedRole(entity.name);
    if (!policyArn.startsWith('arn:')) throw invalidArn(policyArn);
    if (!entity.attachedPolicies.includes(policyArn)) throw policyNotFound(policyArn);
    const attachedPolicies = entity.attachedPolicies.filter((arn) => arn !== policyArn);
    putEntity(tx, kind, account, { ...entity, attachedPolicies });
    deleteAttachment(tx, { account, policyArn, use: 'policy', kind, name: entity.name });
  });
  return {};
}

interface AttachedPolicies {
  AttachedPolicies: { PolicyName: string; PolicyArn: string }[];
  IsTruncated: boolean;
  Marker?: string;
}

async function list(
  { kind, name }: Target,
  input: PageRequest & { readonly PathPrefix?: string | undefined },
  ctx: RequestContext,
): Promise<AttachedPolicies> {
  const entity = await ctx.store.read((view) =>
    requireEntity(view, kind, { account: ctx.account, name }),
  );
  const prefix = input.PathPrefix ?? '/';
  const attached = entity.attachedPolicies
    .filter((arn) => arn.slice(arn.indexOf(':policy/') + ':policy'.length).startsWith(prefix))
    .map((arn) => ({ PolicyName: arn.slice(arn.lastIndexOf('/') + 1), PolicyArn: arn }));
  const { items, more } = cutPage(
    sortBy(attached, (each) => each.PolicyArn),
    input,
    (each) => each.PolicyArn,
  );
  return { AttachedPolicies: items, ...more };
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

export async function attachRolePolicy(
  input: In<'AttachRolePolicy'>,
  ctx: RequestContext,
): Promise<Out<'AttachRolePolicy'>> {
  return attach(roleOf(input), input, ctx);
}
export async function attachUserPolicy(
  input: In<'AttachUserPolicy'>,
  ctx: RequestContext,
): Promise<Out<'AttachUserPolicy'>> {
  return attach(userOf(input), input, ctx);
}
export async function attachGroupPolicy(
  input: In<'AttachGroupPolicy'>,
  ctx: RequestContext,
): Promise<Out<'AttachGroupPolicy'>> {
  return attach(groupOf(input), input, ctx);
}

export async function detachRolePolicy(
  input: In<'DetachRolePolicy'>,
  ctx: RequestContext,
): Promise<Out<'DetachRolePolicy'>> {
  return detach(roleOf(input), input, ctx);
}
export async function detachUserPolicy(
  input: In<'DetachUserPolicy'>,
  ctx: RequestContext,
): Promise<Out<'DetachUserPolicy'>> {
  return detach(userOf(input), input, ctx);
}
export async function detachGroupPolicy(
  input: In<'DetachGroupPolicy'>,
  ctx: RequestContext,
): Promise<Out<'DetachGroupPolicy'>> {
  return detach(groupOf(input), input, ctx);
}

export async function listAttachedRolePolicies(
  input: In<'ListAttachedRolePolicies'>,
  ctx: RequestContext,
): Promise<Out<'ListAttachedRolePolicies'>> {
  return list(roleOf(input), input, ctx);
}
export async function listAttachedUserPolicies(
  input: In<'ListAttachedUserPolicies'>,
  ctx: RequestContext,
): Promise<Out<'ListAttachedUserPolicies'>> {
  return list(userOf(input), input, ctx);
}
export async function listAttachedGroupPolicies(
  input: In<'ListAttachedGroupPolicies'>,
  ctx: RequestContext,
): Promise<Out<'ListAttachedGroupPolicies'>> {
  return list(groupOf(input), input, ctx);
}

export async function listEntitiesForPolicy(
  input: In<'ListEntitiesForPolicy'>,
  ctx: RequestContext,
): Promise<Out<'ListEntitiesForPolicy'>> {
  const { account } = ctx;
  const policyArn = input.PolicyArn ?? '';
  const uses = usesOf(input.PolicyUsageFilter);
  const prefix = input.PathPrefix ?? '/';
  const found = await ctx.store.read(async (view) => {
    await requirePolicy(view, account, policyArn);
    const attached: Target[] = [];
    for (const use of uses) {
      for (const each of await listAttachments(view, { account, policyArn, use })) {
        const known = attached.some(({ kind, name }) => kind === each.kind && name === each.name);
        if (!known) attached.push(each);
      }
    }
    const ids = new Map<string, { id: string; path: string }>();
    for (const kind of new Set(attached.map((each) => each.kind))) {
      for (const { name, id, path } of await listEntities(view, kind, account))
        ids.set(`${kind}/${nameKey(name)}`, { id, path });
    }
    return attached.flatMap(({ kind, name }) => {
      const entity = ids.get(`${kind}/${nameKey(name)}`);
      return entity?.path.startsWith(prefix) === true ? [{ kind, name, id: entity.id }] : [];
    });
  });
  const wanted = found.filter(({ kind }) => matchesFilter(kind, input.EntityFilter));
  const sorted = sortBy(wanted, ({ kind, name }) => `${kind}/${nameKey(name)}`);
  const { items, more } = cutPage(sorted, input, ({ kind, name }) => `${kind}/${nameKey(name)}`);
  const of = (kind: EntityKind): typeof items => items.filter((item) => item.kind === kind);
  return {
    PolicyGroups: of('group').map(({ name, id }) => ({ GroupName: name, GroupId: id })),
    PolicyUsers: of('user').map(({ name, id }) => ({ UserName: name, UserId: id })),
    PolicyRoles: of('role').map(({ name, id }) => ({ RoleName: name, RoleId: id })),
    ...more,
  };
}

function usesOf(filter: string | undefined): AttachmentUse[] {
  if (filter === 'PermissionsBoundary') return ['boundary'];
  return filter === 'PermissionsPolicy' ? ['policy'] : ['policy', 'boundary'];
}

function matchesFilter(kind: EntityKind, filter: string | undefined): boolean {
  return filter === undefined || filter.toLowerCase() === kind;
}

export async function putRolePermissionsBoundary(
  input: In<'PutRolePermissionsBoundary'>,
  ctx: RequestContext,
): Promise<Out<'PutRolePermissionsBoundary'>> {
  return setBoundary(roleOf(input), input.PermissionsBoundary, ctx);
}
export async function putUserPermissionsBoundary(
  input: In<'PutUserPermissionsBoundary'>,
  ctx: RequestContext,
): Promise<Out<'PutUserPermissionsBoundary'>> {
  return setBoundary(userOf(input), input.PermissionsBoundary, ctx);
}
export async function deleteRolePermissionsBoundary(
  input: In<'DeleteRolePermissionsBoundary'>,
  ctx: RequestContext,
): Promise<Out<'DeleteRolePermissionsBoundary'>> {
  return setBoundary(roleOf(input), undefined, ctx);
}
export async function deleteUserPermissionsBoundary(
  input: In<'DeleteUserPermissionsBoundary'>,
  ctx: RequestContext,
): Promise<Out<'DeleteUserPermissionsBoundary'>> {
  return setBoundary(userOf(input), undefined, ctx);
}

async function setBoundary(
  { kind, name }: Target,
  arn: string | undefined,
  ctx: RequestContext,
): Promise<Record<string, never>> {
  const { account } = ctx;
  await ctx.store.transact(async (tx) => {
    const named = { account, name };
    const entity =
      kind === 'role' ? await requireOwnRole(tx, named) : await requireEntity(tx, kind, named);
    if (arn !== undefined) await requireBoundary(tx, account, arn);
    const { boundaryArn: before, ...rest } = entity;
    if (before !== undefined) {
      deleteAttachment(tx, {
        account,
        policyArn: before,
        use: 'boundary',
        kind,
        name: entity.name,
      });
    }
    if (arn !== undefined)
      putAttachment(tx, { account, policyArn: arn, use: 'boundary', kind, name: entity.name });
    putEntity(tx, kind, account, { ...rest, ...(arn === undefined ? {} : { boundaryArn: arn }) });
  });
  return {};
}
