// CloudFormation types of IAM: roles, policies, instance profiles, users, groups, access keys.
import { INTEGER, TAGS, TEXT, TEXTS } from '../../kernel/property-shapes.ts';
import { listAll, textOf, textsOf } from '../../kernel/resource-requests.ts';
import type {
  Properties,
  ResourceHandler,
  ResourceRequest,
  ResourceResult,
} from '../../kernel/resources.ts';
import { carryPolicies, dropPolicies } from './held-policies.ts';
import type { PolicyHolder } from './held-policies.ts';
import { inlinePolicyResource, managedPolicyResource } from './policy-resources.ts';
import {
  findName,
  finishOrUndo,
  ignoreMissing,
  inlinePolicies,
  missingFrom,
  wantedTags,
} from './resource-parts.ts';
import { roleResource } from './role-resource.ts';

const MAX_NAME = 128;
const MAX_USER_NAME = 64;

const instanceProfileResource: ResourceHandler = {
  type: 'AWS::IAM::InstanceProfile',
  shape: {
    type: 'object',
    properties: { InstanceProfileName: TEXT, Path: TEXT, Roles: TEXTS },
    required: ['Roles'],
  },
  replaceOn: ['InstanceProfileName', 'Path'],
  find(request) {
    const name = instanceProfileName(request);
    return findName(name, () =>
      request.call('iam', 'GetInstanceProfile', { InstanceProfileName: name }),
    );
  },
  async create(request) {
    const { properties, call } = request;
    const name = instanceProfileName(request);
    await call('iam', 'CreateInstanceProfile', {
      InstanceProfileName: name,
      Path: textOf(properties, 'Path') ?? '/',
    });
    await finishOrUndo(
      () => carryRoles(request, name, {}),
      () => removeInstanceProfile(request, name),
    );
    return describeInstanceProfile(request, name);
  },
  async update(request) {
    await carryRoles(request, request.physicalId, request.previous);
    return describeInstanceProfile(request, request.physicalId);
  },
  async delete(request) {
    await removeInstanceProfile(request, request.physicalId);
  },
};

function instanceProfileName(request: ResourceRequest): string {
  return textOf(request.properties, 'InstanceProfileName') ?? request.physicalName(MAX_NAME);
}

async function carryRoles(
  { properties, call }: ResourceRequest,
  name: string,
  previous: Properties,
): Promise<void> {
  const [roles, before] = [textsOf(properties, 'Roles'), textsOf(previous, 'Roles')];
  for (const RoleName of missingFrom(before, roles)) {
    await ignoreMissing(() =>
      call('iam', 'RemoveRoleFromInstanceProfile', { InstanceProfileName: name, RoleName }),
    );
  }
  for (const RoleName of missingFrom(roles, before)) {
    await call('iam', 'AddRoleToInstanceProfile', { InstanceProfileName: name, RoleName });
  }
}

async function removeInstanceProfile({ call }: ResourceRequest, name: string): Promise<void> {
  await ignoreMissing(async () => {
    const { InstanceProfile } = await call('iam', 'GetInstanceProfile', {
      InstanceProfileName: name,
    });
    for (const { RoleName } of InstanceProfile?.Roles ?? []) {
      await call('iam', 'RemoveRoleFromInstanceProfile', { InstanceProfileName: name, RoleName });
    }
    await call('iam', 'DeleteInstanceProfile', { InstanceProfileName: name });
  });
}

async function describeInstanceProfile(
  { call }: ResourceRequest,
  name: string,
): Promise<ResourceResult> {
  const { InstanceProfile } = await call('iam', 'GetInstanceProfile', {
    InstanceProfileName: name,
  });
  return { physicalId: name, attributes: { Arn: InstanceProfile?.Arn } };
}

const userResource: ResourceHandler = {
  type: 'AWS::IAM::User',
  shape: {
    type: 'object',
    properties: {
      UserName: TEXT,
      Path: TEXT,
      PermissionsBoundary: TEXT,
      ManagedPolicyArns: TEXTS,
      Policies: inlinePolicies,
      Groups: TEXTS,
      Tags: TAGS,
    },
  },
  replaceOn: ['UserName', 'Path', 'PermissionsBoundary'],
  find(request) {
    const name = userName(request);
    return findName(name, () => request.call('iam', 'GetUser', { UserName: name }));
  },
  async create(request) {
    const { properties, call } = request;
    const name = userName(request);
    const boundary = textOf(properties, 'PermissionsBoundary');
    await call('iam', 'CreateUser', {
      UserName: name,
      Path: textOf(properties, 'Path') ?? '/',
      Tags: wantedTags(request),
      ...(boundary === undefined ? {} : { PermissionsBoundary: boundary }),
    });
    await finishOrUndo(
      () => carryUser(request, name, {}),
      () => removeUser(request, name),
    );
    return describeUser(request, name);
  },
  async update(request) {
    const { physicalId: name, call } = request;
    await carryUser(request, name, request.previous);
    const tags = wantedTags(request);
    const { Tags: before = [] } = await call('iam', 'ListUserTags', { UserName: name });
    const keys = before.flatMap((tag) => (tag.Key === undefined ? [] : [tag.Key]));
    const gone = missingFrom(
      keys,
      tags.map((tag) => tag.Key),
    );
    if (gone.length > 0) await call('iam', 'UntagUser', { UserName: name, TagKeys: gone });
    if (tags.length > 0) await call('iam', 'TagUser', { UserName: name, Tags: tags });
    return describeUser(request, name);
  },
  async delete(request) {
    await removeUser(request, request.physicalId);
  },
};

function userName(request: ResourceRequest): string {
  return textOf(request.properties, 'UserName') ?? request.physicalName(MAX_USER_NAME);
}

function holderOf({ call }: ResourceRequest, UserName: string): PolicyHolder {
  return {
    putInline: (policy) => call('iam', 'PutUserPolicy', { UserName, ...policy }),
    deleteInline: (PolicyName) => call('iam', 'DeleteUserPolicy', { UserName, PolicyName }),
    attach: (PolicyArn) => call('iam', 'AttachUserPolicy', { UserName, PolicyArn }),
    detach: (PolicyArn) => call('iam', 'DetachUserPolicy', { UserName, PolicyArn }),
  };
}

async function carryUser(
  request: ResourceRequest,
  name: string,
  previous: Properties,
): Promise<void> {
  const { properties, call } = request;
  await carryPolicies(holderOf(request, name), properties, previous);
  const groups = textsOf(properties, 'Groups');
  for (const GroupName of missingFrom(textsOf(previous, 'Groups'), groups)) {
    await ignoreMissing(() => call('iam', 'RemoveUserFromGroup', { UserName: name, GroupName }));
  }
  for (const GroupName of groups)
    await call('iam', 'AddUserToGroup', { UserName: name, GroupName });
}

async function removeUser(request: ResourceRequest, name: string): Promise<void> {
  const { call } = request;
  await ignoreMissing(async () => {
    const { Groups = [] } = await call('iam', 'ListGroupsForUser', { UserName: name });
    for (const { GroupName } of Groups)
      await call('iam', 'RemoveUserFromGroup', { UserName: name, GroupName });
    const attached = await call('iam', 'ListAttachedUserPolicies', { UserName: name });
    const inline = await call('iam', 'ListUserPolicies', { UserName: name });
    await dropPolicies(holderOf(request, name), {
      attached: attached.AttachedPolicies,
      inline: inline.PolicyNames,
    });
    await call('iam', 'DeleteUser', { UserName: name });
  });
}

async function describeUser({ call }: ResourceRequest, name: string): Promise<ResourceResult> {
  const { User } = await call('iam', 'GetUser', { UserName: name });
  return { physicalId: name, attributes: { Arn: User?.Arn } };
}

const accessKeyResource: ResourceHandler = {
  type: 'AWS::IAM::AccessKey',
  shape: {
    type: 'object',
    properties: { UserName: TEXT, Status: TEXT, Serial: INTEGER },
    required: ['UserName'],
  },
  // AWS: a higher serial is how a template asks for a new key.
  replaceOn: ['UserName', 'Serial'],
  async create({ properties, call }) {
    const UserName = textOf(properties, 'UserName') ?? '';
    const { AccessKey } = await call('iam', 'CreateAccessKey', { UserName });
    const id = AccessKey?.AccessKeyId ?? '';
    if (properties['Status'] === 'Inactive') {
      await call('iam', 'UpdateAccessKey', { UserName, AccessKeyId: id, Status: 'Inactive' });
    }
    return { physicalId: id, attributes: { SecretAccessKey: AccessKey?.SecretAccessKey } };
  },
  // Keys have no tags: one that is new to the user is taken for the one that was being made.
  candidates({ properties, call }) {
    const UserName = textOf(properties, 'UserName') ?? '';
    return listAll(async (Marker) => {
      const page = await call('iam', 'ListAccessKeys', { UserName, Marker });
      return {
        items: page.AccessKeyMetadata?.map(({ AccessKeyId = '' }) => AccessKeyId),
        next: page.Marker,
      };
    });
  },
  async update({ properties, physicalId, call }) {
    const Status = properties['Status'] === 'Inactive' ? 'Inactive' : 'Active';
    const UserName = textOf(properties, 'UserName') ?? '';
    await call('iam', 'UpdateAccessKey', { UserName, AccessKeyId: physicalId, Status });
    return { physicalId };
  },
  async delete({ properties, physicalId, call }) {
    const UserName = textOf(properties, 'UserName') ?? '';
    await ignoreMissing(() =>
      call('iam', 'DeleteAccessKey', { UserName, AccessKeyId: physicalId }),
    );
  },
};

export const resources: readonly ResourceHandler[] = [
  roleResource,
  inlinePolicyResource,
  managedPolicyResource,
  instanceProfileResource,
  userResource,
  accessKeyResource,
];
