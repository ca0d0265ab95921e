// CloudFormation type AWS::IAM::Role.
import type {
  Properties,
  ResourceHandler,
  ResourceRequest,
  ResourceResult,
} from '../../kernel/resources.ts';
import {
  documentOf,
  findName,
  finishOrUndo,
  ignoreMissing,
  inlinePolicies,
  json,
  missingFrom,
  policiesOf,
  tagList,
  text,
  texts,
  textOf,
  textsOf,
  wantedTags,
} from './resource-parts.ts';

const MAX_ROLE_NAME = 64;

export const roleResource: ResourceHandler = {
  type: 'AWS::IAM::Role',
  shape: {
    type: 'object',
    properties: {
      AssumeRolePolicyDocument: json,
      Description: text,
      ManagedPolicyArns: texts,
      MaxSessionDuration: { type: 'integer' },
      Path: text,
      PermissionsBoundary: text,
      Policies: inlinePolicies,
      RoleName: text,
      Tags: tagList,
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
      ...optional('Path', textOf(properties['Path'])),
      ...optional('Description', textOf(properties['Description'])),
      ...optional('MaxSessionDuration', numberOf(properties['MaxSessionDuration'])),
      ...optional('PermissionsBoundary', textOf(properties['PermissionsBoundary'])),
    });
    await finishOrUndo(
      () => carryPolicies(request, name, {}),
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
      Description: textOf(properties['Description']) ?? '',
      MaxSessionDuration: numberOf(properties['MaxSessionDuration']) ?? 3600,
    });
    await carryBoundary(request, name, previous);
    await carryPolicies(request, name, previous);
    await carryTags(request, name);
    return describeRole(request, name);
  },
  async delete(request) {
    await removeRole(request, request.physicalId);
  },
};

function roleName(request: ResourceRequest): string {
  return textOf(request.properties['RoleName']) ?? request.physicalName(MAX_ROLE_NAME);
}

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

async function carryPolicies(
  { properties, call }: ResourceRequest,
  name: string,
  previous: Properties,
): Promise<void> {
  const policies = policiesOf(properties['Policies']);
  for (const { PolicyName, PolicyDocument } of policies) {
    await call('iam', 'PutRolePolicy', {
      RoleName: name,
      PolicyName,
      PolicyDocument: documentOf(PolicyDocument),
    });
  }
  const kept = policies.map((policy) => policy.PolicyName);
  const before = policiesOf(previous['Policies']).map((policy) => policy.PolicyName);
  for (const PolicyName of missingFrom(before, kept)) {
    await ignoreMissing(() => call('iam', 'DeleteRolePolicy', { RoleName: name, PolicyName }));
  }
  const [arns, arnsBefore] = [
    textsOf(properties['ManagedPolicyArns']),
    textsOf(previous['ManagedPolicyArns']),
  ];
  // Detached first, so that a changed set of ten does not exceed the quota on the way.
  for (const PolicyArn of missingFrom(arnsBefore, arns)) {
    await ignoreMissing(() => call('iam', 'DetachRolePolicy', { RoleName: name, PolicyArn }));
  }
  for (const PolicyArn of arns)
    await call('iam', 'AttachRolePolicy', { RoleName: name, PolicyArn });
}

async function carryBoundary(
  { properties, call }: ResourceRequest,
  name: string,
  previous: Properties,
): Promise<void> {
  const boundary = textOf(properties['PermissionsBoundary']);
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
async function removeRole({ call }: ResourceRequest, name: string): Promise<void> {
  await ignoreMissing(async () => {
    const { AttachedPolicies = [] } = await call('iam', 'ListAttachedRolePolicies', {
      RoleName: name,
    });
    for (const { PolicyArn } of AttachedPolicies)
      await call('iam', 'DetachRolePolicy', { RoleName: name, PolicyArn });
    const { PolicyNames = [] } = await call('iam', 'ListRolePolicies', { RoleName: name });
    for (const PolicyName of PolicyNames)
      await call('iam', 'DeleteRolePolicy', { RoleName: name, PolicyName });
    await call('iam', 'DeleteRole', { RoleName: name });
  });
}

async function describeRole({ call }: ResourceRequest, name: string): Promise<ResourceResult> {
  const { Role } = await call('iam', 'GetRole', { RoleName: name });
  return { physicalId: name, attributes: { Arn: Role?.Arn, RoleId: Role?.RoleId } };
}
