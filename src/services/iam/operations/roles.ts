// Roles: create, read, change, delete.
import { randomUuid } from '../../../base/random.ts';
import { newUniqueId } from '../../../kernel/access-key-id.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { Role } from '../entity.ts';
import { entityArn, nameKey } from '../entity.ts';
import { deletionTaskNotFound, entityExists, invalidInput, mustFirst } from '../errors.ts';
import { DEFAULT_SESSION_SEC } from '../limits.ts';
import { findAwsPolicy } from '../managed-policy.ts';
import { cutPage } from '../paging.ts';
import {
  readTags,
  requireBoundary,
  requireEntity,
  requireOwnRole,
  requireTrustPolicy,
} from '../rules.ts';
import { findLinkedRole } from '../service-linked-roles.ts';
import type { In, Out } from '../shapes.ts';
import { createdRoleShape, roleShape, roleSummary } from '../shapes.ts';
import {
  deleteAttachment,
  deleteEntity,
  getEntity,
  hasDeletionTask,
  listEntities,
  listInstanceProfiles,
  putAttachment,
  putDeletionTask,
  putEntity,
} from '../store.ts';

export async function createRole(
  input: In<'CreateRole'>,
  ctx: RequestContext,
): Promise<Out<'CreateRole'>> {
  const { RoleName: name = '', Path: path = '/', PermissionsBoundary: boundaryArn } = input;
  const { account } = ctx;
  const trustPolicy = input.AssumeRolePolicyDocument ?? '';
  requireTrustPolicy(trustPolicy);
  const role: Role = {
    name,
    path,
    id: newUniqueId(ctx.random, 'AROA', account),
    arn: entityArn(account, 'role', path, name),
    createdAtMs: ctx.nowMs,
    trustPolicy,
    maxSessionSec: input.MaxSessionDuration ?? DEFAULT_SESSION_SEC,
    inlinePolicies: [],
    attachedPolicies: [],
    tags: readTags(input.Tags),
    ...(input.Description === undefined ? {} : { description: input.Description }),
    ...(boundaryArn === undefined ? {} : { boundaryArn }),
  };
  await ctx.store.transact(async (tx) => {
    if ((await getEntity(tx, 'role', { account, name })) !== undefined)
      throw entityExists('role', name);
    if (boundaryArn !== undefined) {
      await requireBoundary(tx, account, boundaryArn);
      putAttachment(tx, { account, policyArn: boundaryArn, use: 'boundary', kind: 'role', name });
    }
    putEntity(tx, 'role', account, role);
  });
  return { Role: createdRoleShape(role) };
}

export async function getRole(input: In<'GetRole'>, ctx: RequestContext): Promise<Out<'GetRole'>> {
  const named = { account: ctx.account, name: input.RoleName ?? '' };
  const role = await ctx.store.read((view) => requireEntity(view, 'role', named));
  return { Role: roleShape(role) };
}

export async function listRoles(
  input: In<'ListRoles'>,
  ctx: RequestContext,
): Promise<Out<'ListRoles'>> {
  const { PathPrefix: prefix = '/' } = input;
  const roles = await ctx.store.read((view) => listEntities(view, 'role', ctx.account));
  const matching = roles.filter((role) => role.path.startsWith(prefix));
  const { items, more } = cutPage(matching, input, (role) => nameKey(role.name));
  return { Roles: items.map(roleSummary), ...more };
}

export async function updateRole(
  input: In<'UpdateRole'>,
  ctx: RequestContext,
): Promise<Out<'UpdateRole'>> {
  await changeRole(input.RoleName ?? '', ctx, (role) => ({
    ...role,
    ...(input.Description === undefined ? {} : { description: input.Description }),
    // AWS: one hour when it is not given (API reference of UpdateRole).
    maxSessionSec: input.MaxSessionDuration ?? DEFAULT_SESSION_SEC,
  }));
  return {};
}

export async function updateRoleDescription(
  input: In<'UpdateRoleDescription'>,
  ctx: RequestContext,
): Promise<Out<'UpdateRoleDescription'>> {
  const description = input.Description ?? '';
  const role = await changeRole(input.RoleName ?? '', ctx, (before) => ({
    ...before,
    description,
  }));
  return { Role: roleShape(role) };
}

export async function updateAssumeRolePolicy(
  input: In<'UpdateAssumeRolePolicy'>,
  ctx: RequestContext,
): Promise<Out<'UpdateAssumeRolePolicy'>> {
  const trustPolicy = input.PolicyDocument ?? '';
  requireTrustPolicy(trustPolicy);
  await changeRole(input.RoleName ?? '', ctx, (role) => ({ ...role, trustPolicy }));
  return {};
}

async function changeRole(
  name: string,
  ctx: RequestContext,
  change: (role: Role) => Role,
): Promise<Role> {
  return ctx.store.transact(async (tx) => {
    const role = change(await requireOwnRole(tx, { account: ctx.account, name }));
    putEntity(tx, 'role', ctx.account, role);
    return role;
  });
}

export async function deleteRole(
  input: In<'DeleteRole'>,
  ctx: RequestContext,
): Promise<Out<'DeleteRole'>> {
  const { account } = ctx;
  await ctx.store.transact(async (tx) => {
    const role = await requireOwnRole(tx, { account, name: input.RoleName ?? '' });
    const profiles = await listInstanceProfiles(tx, account);
    if (
      profiles.some(
        (profile) => profile.role !== undefined && nameKey(profile.role) === nameKey(role.name),
      )
    ) {
      throw mustFirst('remove roles from instance profile');
    }
    if (role.attachedPolicies.length > 0) throw mustFirst('detach all policies');
    if (role.inlinePolicies.length > 0) throw mustFirst('delete policies');
    if (role.boundaryArn !== undefined) {
      deleteAttachment(tx, {
        account,
        policyArn: role.boundaryArn,
        use: 'boundary',
        kind: 'role',
        name: role.name,
      });
    }
    deleteEntity(tx, 'role', account, role.name);
  });
  return {};
}

export async function createServiceLinkedRole(
  input: In<'CreateServiceLinkedRole'>,
  ctx: RequestContext,
): Promise<Out<'CreateServiceLinkedRole'>> {
  const { AWSServiceName: service = '', CustomSuffix: suffix } = input;
  const { account } = ctx;
  const known = findLinkedRole(service);
  if (known === undefined)
    throw invalidInput(`Service ${service} has no service-linked role that Cloudlet knows.`);
  if (suffix !== undefined && known.takesSuffix !== true) {
    throw invalidInput(`Custom suffix is not allowed for ${service}`);
  }
  const name = suffix === undefined ? known.roleName : `${known.roleName}_${suffix}`;
  const path = `/aws-service-role/${service}/`;
  const policyArn = `arn:aws:iam::aws:policy/aws-service-role/${known.policy}`;
  const attached = (await findAwsPolicy(policyArn)) === undefined ? [] : [policyArn];
  const role: Role = {
    name,
    path,
    id: newUniqueId(ctx.random, 'AROA', account),
    arn: entityArn(account, 'role', path, name),
    createdAtMs: ctx.nowMs,
    trustPolicy: JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        { Action: ['sts:AssumeRole'], Effect: 'Allow', Principal: { Service: [service] } },
      ],
    }),
    maxSessionSec: DEFAULT_SESSION_SEC,
    inlinePolicies: [],
    attachedPolicies: attached,
    tags: [],
    linkedService: service,
    ...(input.Description === undefined ? {} : { description: input.Description }),
  };
  await ctx.store.transact(async (tx) => {
    if ((await getEntity(tx, 'role', { account, name })) !== undefined) {
      throw invalidInput(
        `Service role name ${name} has been taken in this account, please try a different suffix.`,
      );
    }
    putEntity(tx, 'role', account, role);
    for (const arn of attached)
      putAttachment(tx, { account, policyArn: arn, use: 'policy', kind: 'role', name });
  });
  return { Role: createdRoleShape(role) };
}

/** AWS: deletes in the background and answers a task; here the role is gone when the answer comes. */
export async function deleteServiceLinkedRole(
  input: In<'DeleteServiceLinkedRole'>,
  ctx: RequestContext,
): Promise<Out<'DeleteServiceLinkedRole'>> {
  const { account } = ctx;
  const uuid = randomUuid(ctx.random);
  return ctx.store.transact(async (tx) => {
    const role = await requireEntity(tx, 'role', { account, name: input.RoleName ?? '' });
    if (role.linkedService === undefined)
      throw invalidInput(`Role ${role.name} is not a service-linked role.`);
    for (const policyArn of role.attachedPolicies) {
      deleteAttachment(tx, { account, policyArn, use: 'policy', kind: 'role', name: role.name });
    }
    deleteEntity(tx, 'role', account, role.name);
    const taskId = `task${role.path}${role.name}/${uuid}`;
    putDeletionTask(tx, account, taskId, role.arn);
    return { DeletionTaskId: taskId };
  });
}

export async function getServiceLinkedRoleDeletionStatus(
  input: In<'GetServiceLinkedRoleDeletionStatus'>,
  ctx: RequestContext,
): Promise<Out<'GetServiceLinkedRoleDeletionStatus'>> {
  const taskId = input.DeletionTaskId ?? '';
  const known = await ctx.store.read((view) => hasDeletionTask(view, ctx.account, taskId));
  if (!known) throw deletionTaskNotFound(taskId);
  return { Status: 'SUCCEEDED' };
}
