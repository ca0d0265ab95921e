// The domain's things in AWS's output shapes.
import type { InputOf, OperationName, OutputOf } from '../../models/operations.ts';
import { encodeComponent } from '../../wire/sigv4/query-parameters.ts';
import type { Entity, Group, Role, Tag, User } from './entity.ts';
import type { ManagedPolicy } from './managed-policy.ts';
import type { InstanceProfile, PolicyUse } from './store.ts';

/** Input and output of IAM's operations, by name. */
export type In<O extends OperationName<'iam'>> = InputOf<'iam', O>;
export type Out<O extends OperationName<'iam'>> = OutputOf<'iam', O>;

export type RoleShape = NonNullable<OutputOf<'iam', 'GetRole'>['Role']>;
export type UserShape = NonNullable<OutputOf<'iam', 'GetUser'>['User']>;
export type GroupShape = NonNullable<OutputOf<'iam', 'GetGroup'>['Group']>;
export type PolicyShape = NonNullable<OutputOf<'iam', 'GetPolicy'>['Policy']>;
export type InstanceProfileShape = NonNullable<
  OutputOf<'iam', 'GetInstanceProfile'>['InstanceProfile']
>;

/** AWS: documents in answers are percent-encoded, RFC 3986. */
export function encodeDocument(document: string): string {
  return encodeComponent(document);
}

export function tagShapes(tags: readonly Tag[]): { Key: string; Value: string }[] {
  return tags.map(({ key, value }) => ({ Key: key, Value: value }));
}

/** AWS: answers about one thing carry its tags, lists do not; absent when there are none. */
function withTags(tags: readonly Tag[]): { Tags?: { Key: string; Value: string }[] } {
  return tags.length === 0 ? {} : { Tags: tagShapes(tags) };
}

function withBoundary(entity: Entity): Pick<RoleShape, 'PermissionsBoundary'> {
  if (entity.boundaryArn === undefined) return {};
  // AWS: the type reads `Policy` in answers, though its model says PermissionsBoundaryPolicy.
  const PermissionsBoundary = {
    PermissionsBoundaryType: 'Policy' as 'PermissionsBoundaryPolicy',
    PermissionsBoundaryArn: entity.boundaryArn,
  };
  return { PermissionsBoundary };
}

/** As lists and CreateRole give it. */
export function roleSummary(role: Role): RoleShape {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.id,
    Arn: role.arn,
    CreateDate: new Date(role.createdAtMs),
    AssumeRolePolicyDocument: encodeDocument(role.trustPolicy),
    ...(role.description === undefined ? {} : { Description: role.description }),
    MaxSessionDuration: role.maxSessionSec,
  };
}

/** As GetRole gives it. */
export function roleShape(role: Role): RoleShape {
  return { ...roleSummary(role), ...withBoundary(role), ...withTags(role.tags), RoleLastUsed: {} };
}

/** As CreateRole gives it. */
export function createdRoleShape(role: Role): RoleShape {
  const { MaxSessionDuration: _, ...shape } = roleSummary(role);
  return { ...shape, ...withBoundary(role), ...withTags(role.tags) };
}

export function userSummary(user: User): UserShape {
  return {
    Path: user.path,
    UserName: user.name,
    UserId: user.id,
    Arn: user.arn,
    CreateDate: new Date(user.createdAtMs),
  };
}

export function userShape(user: User): UserShape {
  return { ...userSummary(user), ...withBoundary(user), ...withTags(user.tags) };
}

export function groupShape(group: Group): GroupShape {
  return {
    Path: group.path,
    GroupName: group.name,
    GroupId: group.id,
    Arn: group.arn,
    CreateDate: new Date(group.createdAtMs),
  };
}

export function policySummary(policy: ManagedPolicy, use: PolicyUse): PolicyShape {
  return {
    PolicyName: policy.name,
    PolicyId: policy.id,
    Arn: policy.arn,
    Path: policy.path,
    DefaultVersionId: policy.defaultVersionId,
    AttachmentCount: use.attachments,
    PermissionsBoundaryUsageCount: use.boundaries,
    IsAttachable: true,
    CreateDate: new Date(policy.createdAtMs),
    UpdateDate: new Date(policy.updatedAtMs),
  };
}

export function policyShape(policy: ManagedPolicy, use: PolicyUse): PolicyShape {
  return {
    ...policySummary(policy, use),
    ...(policy.description === undefined ? {} : { Description: policy.description }),
    ...withTags(policy.tags),
  };
}

export function instanceProfileShape(
  profile: InstanceProfile,
  role: Role | undefined,
): InstanceProfileShape {
  return {
    Path: profile.path,
    InstanceProfileName: profile.name,
    InstanceProfileId: profile.id,
    Arn: profile.arn,
    CreateDate: new Date(profile.createdAtMs),
    Roles: role === undefined ? [] : [roleSummary(role)],
    ...withTags(profile.tags),
  };
}
