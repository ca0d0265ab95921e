// CloudFormation types AWS::IAM::Policy and AWS::IAM::ManagedPolicy.
import { JSON_VALUE, TEXT, TEXTS } from '../../kernel/property-shapes.ts';
import { textOf, textsOf } from '../../kernel/resource-requests.ts';
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
  missingFrom,
} from './resource-parts.ts';

const MAX_POLICY_NAME = 128;

type Kind = 'Roles' | 'Users' | 'Groups';
const KINDS: readonly Kind[] = ['Roles', 'Users', 'Groups'];

/** An inline policy, put into each of the entities it names. */
export const inlinePolicyResource: ResourceHandler = {
  type: 'AWS::IAM::Policy',
  shape: {
    type: 'object',
    properties: {
      PolicyName: TEXT,
      PolicyDocument: JSON_VALUE,
      Roles: TEXTS,
      Users: TEXTS,
      Groups: TEXTS,
    },
    required: ['PolicyName', 'PolicyDocument'],
  },
  replaceOn: ['PolicyName'],
  async create(request) {
    await finishOrUndo(
      () => putEverywhere(request),
      () => removeFrom(request, request.properties, {}),
    );
    return { physicalId: request.physicalName(MAX_POLICY_NAME) };
  },
  async candidates(request) {
    return (await isAnywhere(request)) ? [request.physicalName(MAX_POLICY_NAME)] : [];
  },
  async update(request) {
    await putEverywhere(request);
    await removeFrom(request, request.previous, request.properties);
    return { physicalId: request.physicalId };
  },
  async delete(request) {
    await removeFrom(request, request.properties, {});
  },
};

async function putEverywhere({ properties, call }: ResourceRequest): Promise<void> {
  const PolicyName = textOf(properties, 'PolicyName') ?? '';
  const PolicyDocument = documentOf(properties['PolicyDocument']);
  const policy = { PolicyName, PolicyDocument };
  for (const RoleName of textsOf(properties, 'Roles'))
    await call('iam', 'PutRolePolicy', { RoleName, ...policy });
  for (const UserName of textsOf(properties, 'Users'))
    await call('iam', 'PutUserPolicy', { UserName, ...policy });
  for (const GroupName of textsOf(properties, 'Groups'))
    await call('iam', 'PutGroupPolicy', { GroupName, ...policy });
}

async function isAnywhere({ properties, call }: ResourceRequest): Promise<boolean> {
  const PolicyName = textOf(properties, 'PolicyName') ?? '';
  const reads = [
    ...textsOf(properties, 'Roles').map(
      (RoleName) => () => call('iam', 'GetRolePolicy', { RoleName, PolicyName }),
    ),
    ...textsOf(properties, 'Users').map(
      (UserName) => () => call('iam', 'GetUserPolicy', { UserName, PolicyName }),
    ),
    ...textsOf(properties, 'Groups').map(
      (GroupName) => () => call('iam', 'GetGroupPolicy', { GroupName, PolicyName }),
    ),
  ];
  for (const read of reads) if ((await findName(PolicyName, read)) !== undefined) return true;
  return false;
}

/** Takes the policy out of the entities of `before` that `after` does not name. */
async function removeFrom(
  { call }: ResourceRequest,
  before: Properties,
  after: Properties,
): Promise<void> {
  const PolicyName = textOf(before, 'PolicyName') ?? '';
  const gone = (kind: Kind): string[] => missingFrom(textsOf(before, kind), textsOf(after, kind));
  for (const RoleName of gone('Roles')) {
    await ignoreMissing(() => call('iam', 'DeleteRolePolicy', { RoleName, PolicyName }));
  }
  for (const UserName of gone('Users')) {
    await ignoreMissing(() => call('iam', 'DeleteUserPolicy', { UserName, PolicyName }));
  }
  for (const GroupName of gone('Groups')) {
    await ignoreMissing(() => call('iam', 'DeleteGroupPolicy', { GroupName, PolicyName }));
  }
}

export const managedPolicyResource: ResourceHandler = {
  type: 'AWS::IAM::ManagedPolicy',
  shape: {
    type: 'object',
    properties: {
      ManagedPolicyName: TEXT,
      PolicyDocument: JSON_VALUE,
      Description: TEXT,
      Path: TEXT,
      Roles: TEXTS,
      Users: TEXTS,
      Groups: TEXTS,
    },
    required: ['PolicyDocument'],
  },
  replaceOn: ['ManagedPolicyName', 'Path', 'Description'],
  find(request) {
    const path = textOf(request.properties, 'Path') ?? '/';
    const arn = `arn:aws:iam::${request.account}:policy${path}${policyName(request)}`;
    return findName(arn, () => request.call('iam', 'GetPolicy', { PolicyArn: arn }));
  },
  async create(request) {
    const { properties, call } = request;
    const { Policy } = await call('iam', 'CreatePolicy', {
      PolicyName: policyName(request),
      PolicyDocument: documentOf(properties['PolicyDocument']),
      Path: textOf(properties, 'Path') ?? '/',
      ...(properties['Description'] === undefined
        ? {}
        : { Description: textOf(properties, 'Description') }),
    });
    const arn = Policy?.Arn ?? '';
    await finishOrUndo(
      () => attachEverywhere(request, arn),
      () => removePolicy(request, arn),
    );
    return describePolicy(request, arn);
  },
  async update(request) {
    const { properties, previous, physicalId: arn, call } = request;
    const document = documentOf(properties['PolicyDocument']);
    if (document !== documentOf(previous['PolicyDocument'])) {
      await makeRoomForVersion(request, arn);
      await call('iam', 'CreatePolicyVersion', {
        PolicyArn: arn,
        PolicyDocument: document,
        SetAsDefault: true,
      });
    }
    await attachEverywhere(request, arn);
    await detachFrom(request, arn, { before: previous, after: properties });
    return describePolicy(request, arn);
  },
  async delete(request) {
    await removePolicy(request, request.physicalId);
  },
};

function policyName(request: ResourceRequest): string {
  return textOf(request.properties, 'ManagedPolicyName') ?? request.physicalName(MAX_POLICY_NAME);
}

/** AWS: CloudFormation deletes the oldest version when there are five. */
async function makeRoomForVersion({ call }: ResourceRequest, arn: string): Promise<void> {
  const { Versions = [] } = await call('iam', 'ListPolicyVersions', { PolicyArn: arn });
  const oldest = Versions.findLast((version) => version.IsDefaultVersion !== true);
  if (Versions.length < 5 || oldest === undefined) return;
  await call('iam', 'DeletePolicyVersion', { PolicyArn: arn, VersionId: oldest.VersionId });
}

async function attachEverywhere(
  { properties, call }: ResourceRequest,
  PolicyArn: string,
): Promise<void> {
  for (const RoleName of textsOf(properties, 'Roles'))
    await call('iam', 'AttachRolePolicy', { RoleName, PolicyArn });
  for (const UserName of textsOf(properties, 'Users'))
    await call('iam', 'AttachUserPolicy', { UserName, PolicyArn });
  for (const GroupName of textsOf(properties, 'Groups'))
    await call('iam', 'AttachGroupPolicy', { GroupName, PolicyArn });
}

async function detachFrom(
  { call }: ResourceRequest,
  PolicyArn: string,
  { before, after }: { readonly before: Properties; readonly after: Properties },
): Promise<void> {
  const gone = Object.fromEntries(
    KINDS.map((kind) => [kind, missingFrom(textsOf(before, kind), textsOf(after, kind))]),
  );
  for (const RoleName of gone['Roles'] ?? []) {
    await ignoreMissing(() => call('iam', 'DetachRolePolicy', { RoleName, PolicyArn }));
  }
  for (const UserName of gone['Users'] ?? []) {
    await ignoreMissing(() => call('iam', 'DetachUserPolicy', { UserName, PolicyArn }));
  }
  for (const GroupName of gone['Groups'] ?? []) {
    await ignoreMissing(() => call('iam', 'DetachGroupPolicy', { GroupName, PolicyArn }));
  }
}

async function removePolicy(request: ResourceRequest, arn: string): Promise<void> {
  const { call, properties } = request;
  await ignoreMissing(async () => {
    await detachFrom(request, arn, { before: properties, after: {} });
    const { Versions = [] } = await call('iam', 'ListPolicyVersions', { PolicyArn: arn });
    for (const { VersionId, IsDefaultVersion } of Versions) {
      if (!IsDefaultVersion)
        await call('iam', 'DeletePolicyVersion', { PolicyArn: arn, VersionId });
    }
    await call('iam', 'DeletePolicy', { PolicyArn: arn });
  });
}

async function describePolicy({ call }: ResourceRequest, arn: string): Promise<ResourceResult> {
  const { Policy } = await call('iam', 'GetPolicy', { PolicyArn: arn });
  return {
    physicalId: arn,
    attributes: {
      PolicyArn: arn,
      PolicyId: Policy?.PolicyId,
      AttachmentCount: Policy?.AttachmentCount,
      PermissionsBoundaryUsageCount: Policy?.PermissionsBoundaryUsageCount,
      DefaultVersionId: Policy?.DefaultVersionId,
      IsAttachable: Policy?.IsAttachable,
      CreateDate: Policy?.CreateDate?.toISOString(),
      UpdateDate: Policy?.UpdateDate?.toISOString(),
    },
  };
}
