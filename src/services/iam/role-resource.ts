// CloudFormation type AWS::IAM::Role.
import { INTEGER, JSON_VALUE, TAGS, TEXT, TEXTS } from '../../kernel/property-shapes.ts';
import { textOf } from '../../kernel/resource-requests.ts';
import type {
  Properties,
  ResourceHandler,
  ResourceRequest,
  ResourceResult,
} from '../../kernel/resources.ts';
import { carryPolicies, dropPolicies } from './held-policies.ts';
import type { PolicyHolder } from './held-policies.ts';
import {
  documentOf,
  findName,
  finishOrUndo,
  ignoreMissing,
  inlinePolicies,
  missingFrom,
  wantedTags,
} from './resource-parts.ts';

const MAX_ROLE_NAME = 64;

export const roleResource: ResourceHandler = {
  type: 'AWS::IAM::Role',
  shape: {
    type: 'object',
    properties: {
      AssumeRolePolicyDocument: JSON_VALUE,
      Description: TEXT,
      ManagedPolicyArns: TEXTS,
      MaxSessionDuration: INTEGER,
      Path: TEXT,
      PermissionsBoundary: TEXT,
      Policies: inlinePolicies,
      RoleName: TEXT,
      Tags: TAGS,
    },
    required: ['AssumeRolePolicyDocument'],
  },
  replaceOn: ['RoleName', 'Path'],
  find(request) {
    const name = roleName(request);
    return findName(name, () => request.call('iam', 'GetRole', { RoleName: name }));
  },
  async create(request) {
    const { properties, call } = request;
    const name = roleName(request);
    await call('iam', 'CreateRole', {
      RoleName: name,
      AssumeRolePolicyDocument: documentOf(properties['AssumeRolePolicyDocument']),
      Tags: wantedTags(request),
      ...optional('Path', textOf(properties, 'Path')),
      ...optional('Description', textOf(properties, 'Description')),
      ...optional('MaxSessionDuration', numberOf(properties['MaxSessionDuration'])),
      ...optional('PermissionsBoundary', textOf(properties, 'PermissionsBoundary')),
    });
    await finishOrUndo(
      () => carryPolicies(holderOf(request, name), properties, {}),
      () => removeRole(request, name),
    );
    return describeRole(request, name);
  },
  async update(request) {
    const { physicalId: name, properties, previous, call } = request;
    await call('iam', 'UpdateAssumeRolePolicy', {
      RoleName: name,
      PolicyDocument: documentOf(properties['AssumeRolePolicyDocument']),
    });
    await call('iam', 'UpdateRole', {
      RoleName: name,
      Description: textOf(properties, 'Description') ?? '',
      MaxSessionDuration: numberOf(properties['MaxSessionDuration']) ?? 3600,
    });
    await carryBoundary(request, name, previous);
    await carryPolicies(holderOf(request, name), properties, previous);
    await carryTags(request, name);
    return describeRole(request, name);
  },
  async delete(request) {
    await removeRole(request, request.physicalId);
  },
};

function roleName(request: ResourceRequest): string {
  return textOf(request.properties, 'RoleName') ?? request.physicalName(MAX_ROLE_NAME);
}

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function holderOf({ call }: ResourceRequest, RoleName: string): PolicyHolder {
  return {
    putInline: (policy) => call('iam', 'PutRolePolicy', { RoleName, ...policy }),
    deleteInline: (PolicyName) => call('iam', 'DeleteRolePolicy', { RoleName, PolicyName }),
    attach: (PolicyArn) => call('iam', 'AttachRolePolicy', { RoleName, PolicyArn }),
    detach: (PolicyArn) => call('iam', 'DetachRolePolicy', { RoleName, PolicyArn }),
  };
}

async function carryBoundary(
  { properties, call }: ResourceRequest,
  name: string,
  previous: Properties,
): Promise<void> {
  const boundary = textOf(properties, 'PermissionsBoundary');
  if (boundary !== undefined) {
    await call('iam', 'PutRolePermissionsBoundary', {
      RoleName: name,
      PermissionsBoundary: boundary,
    });
  } else if (previous['PermissionsBoundary'] !== undefined) {
    await call('iam', 'DeleteRolePermissionsBoundary', { RoleName: name });
  }
}

async function carryTags(request: ResourceRequest, name: string): Promise<void> {
  const { call } = request;
  const tags = wantedTags(request);
  const { Tags: before = [] } = await call('iam', 'ListRoleTags', { RoleName: name });
  const gone = missingFrom(
    before.flatMap((tag) => (tag.Key === undefined ? [] : [tag.Key])),
    tags.map((tag) => tag.Key),
  );
  if (gone.length > 0) await call('iam', 'UntagRole', { RoleName: name, TagKeys: gone });
  if (tags.length > 0) await call('iam', 'TagRole', { RoleName: name, Tags: tags });
}

/** Takes off whatever the role carries, also what was added outside the stack's template. */
async function removeRole(request: ResourceRequest, name: string): Promise<void> {
  const { call } = request;
  await ignoreMissing(async () => {
    const attached = await call('iam', 'ListAttachedRolePolicies', { RoleName: name });
    const inline = await call('iam', 'ListRolePolicies', { RoleName: name });
    await dropPolicies(holderOf(request, name), {
      attached: attached.AttachedPolicies,
      inline: inline.PolicyNames,
    });
    await call('iam', 'DeleteRole', { RoleName: name });
  });
}

async function describeRole({ call }: ResourceRequest, name: string): Promise<ResourceResult> {
  const { Role } = await call('iam', 'GetRole', { RoleName: name });
  return { physicalId: name, attributes: { Arn: Role?.Arn, RoleId: Role?.RoleId } };
}
