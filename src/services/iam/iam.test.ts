// IAM through the official SDK: what a deploy does with roles, policies, users, and what it is refused.
import {
  AddRoleToInstanceProfileCommand,
  AddUserToGroupCommand,
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateAccountAliasCommand,
  CreateGroupCommand,
  CreateInstanceProfileCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  CreateServiceLinkedRoleCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteGroupCommand,
  DeleteInstanceProfileCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DeleteRoleCommand,
  DeleteRolePermissionsBoundaryCommand,
  DeleteRolePolicyCommand,
  DeleteServiceLinkedRoleCommand,
  DeleteUserCommand,
  DetachRolePolicyCommand,
  DetachUserPolicyCommand,
  GetAccountSummaryCommand,
  GetGroupCommand,
  GetInstanceProfileCommand,
  GetLoginProfileCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  GetServiceLinkedRoleDeletionStatusCommand,
  GetUserCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListAccountAliasesCommand,
  ListAttachedRolePoliciesCommand,
  ListEntitiesForPolicyCommand,
  ListGroupsForUserCommand,
  ListInstanceProfilesForRoleCommand,
  ListMFADevicesCommand,
  ListPoliciesCommand,
  ListPolicyVersionsCommand,
  ListRolePoliciesCommand,
  ListRoleTagsCommand,
  ListRolesCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  RemoveRoleFromInstanceProfileCommand,
  RemoveUserFromGroupCommand,
  SetDefaultPolicyVersionCommand,
  SimulatePrincipalPolicyCommand,
  TagRoleCommand,
  UntagRoleCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
  UpdateUserCommand,
} from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TestCloud } from '../../testing/create-cloud.ts';
import { createCloud } from '../../testing/create-cloud.ts';

const ACCOUNT = '111122223333';
const TRUST = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
  ],
});
const POLICY = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: ['s3:GetObject', 'dynamodb:*'], Resource: '*' }],
});
const BASIC_EXECUTION = 'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole';

let cloud: TestCloud;
let iam: IAMClient;
beforeEach(async () => {
  cloud = await createCloud();
  iam = cloud.client(IAMClient, { account: ACCOUNT });
});
afterEach(() => cloud.close());

async function createRole(RoleName = 'app'): Promise<void> {
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: TRUST }));
}

async function createPolicy(PolicyName = 'read'): Promise<string> {
  const { Policy } = await iam.send(
    new CreatePolicyCommand({ PolicyName, PolicyDocument: POLICY }),
  );
  return Policy?.Arn ?? '';
}

describe('roles', () => {
  // Shapes of the answers: localstack tests/aws/services/iam/test_iam.snapshot.json, test_create_describe_role.
  test('are created and described', async () => {
    const created = await iam.send(
      new CreateRoleCommand({
        RoleName: 'App',
        Path: '/team/',
        AssumeRolePolicyDocument: TRUST,
        Description: 'd',
        Tags: [{ Key: 'k', Value: 'v' }],
      }),
    );
    expect(created.Role).toMatchObject({
      Arn: `arn:aws:iam::${ACCOUNT}:role/team/App`,
      Path: '/team/',
      RoleName: 'App',
      RoleId: expect.stringMatching(/^AROA[A-Z2-7]{17}$/),
      Tags: [{ Key: 'k', Value: 'v' }],
    });
    expect(created.Role?.MaxSessionDuration).toBeUndefined();
    expect(decodeURIComponent(created.Role?.AssumeRolePolicyDocument ?? '')).toBe(TRUST);
    const { Role } = await iam.send(new GetRoleCommand({ RoleName: 'App' }));
    expect(Role).toMatchObject({
      MaxSessionDuration: 3600,
      RoleLastUsed: {},
      Description: 'd',
      Tags: [{ Key: 'k', Value: 'v' }],
    });
    const { Roles, IsTruncated } = await iam.send(new ListRolesCommand({ PathPrefix: '/team/' }));
    expect(IsTruncated).toBe(false);
    expect(Roles?.map((role) => role.RoleName)).toEqual(['App']);
    expect(Roles?.[0]?.RoleLastUsed).toBeUndefined();
    expect((await iam.send(new ListRolesCommand({ PathPrefix: '/other/' }))).Roles).toEqual([]);
  });

  test('are global: the same in every region, apart in every account', async () => {
    await createRole();
    const elsewhere = cloud.client(IAMClient, { account: ACCOUNT, region: 'eu-west-1' });
    await elsewhere.send(new GetRoleCommand({ RoleName: 'app' }));
    const other = cloud.client(IAMClient, { account: '999999999999' });
    await expect(other.send(new GetRoleCommand({ RoleName: 'app' }))).rejects.toMatchObject({
      name: 'NoSuchEntityException',
    });
  });

  test('names are unique without regard to case', async () => {
    await createRole('App');
    await expect(createRole('aPP')).rejects.toMatchObject({
      name: 'EntityAlreadyExistsException',
      message: 'Role with name aPP already exists.',
      $metadata: { httpStatusCode: 409 },
    });
  });

  test('change', async () => {
    await createRole();
    await iam.send(
      new UpdateRoleCommand({ RoleName: 'app', Description: 'new', MaxSessionDuration: 7200 }),
    );
    const trust = TRUST.replace('lambda', 'events');
    await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: 'app', PolicyDocument: trust }));
    const { Role } = await iam.send(new GetRoleCommand({ RoleName: 'app' }));
    expect(Role).toMatchObject({ Description: 'new', MaxSessionDuration: 7200 });
    expect(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '')).toBe(trust);
  });

  test('are tagged and untagged; keys regardless of case', async () => {
    await createRole();
    await iam.send(
      new TagRoleCommand({
        RoleName: 'app',
        Tags: [
          { Key: 'Team', Value: 'a' },
          { Key: 'env', Value: '' },
        ],
      }),
    );
    await iam.send(new TagRoleCommand({ RoleName: 'app', Tags: [{ Key: 'team', Value: 'b' }] }));
    await iam.send(new UntagRoleCommand({ RoleName: 'app', TagKeys: ['ENV'] }));
    expect((await iam.send(new ListRoleTagsCommand({ RoleName: 'app' }))).Tags).toEqual([
      { Key: 'team', Value: 'b' },
    ]);
    await expect(
      iam.send(
        new TagRoleCommand({
          RoleName: 'app',
          Tags: [
            { Key: 'a', Value: '1' },
            { Key: 'A', Value: '2' },
          ],
        }),
      ),
    ).rejects.toMatchObject({
      name: 'InvalidInputException',
      message: 'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
    });
    await expect(
      iam.send(new TagRoleCommand({ RoleName: 'app', Tags: [{ Key: 'aws:x', Value: '1' }] })),
    ).rejects.toMatchObject({ name: 'InvalidInputException' });
  });

  test('are deleted once nothing hangs on them, as Terraform does it', async () => {
    await createRole();
    const PolicyArn = await createPolicy();
    await iam.send(new AttachRolePolicyCommand({ RoleName: 'app', PolicyArn }));
    await iam.send(
      new PutRolePolicyCommand({ RoleName: 'app', PolicyName: 'inline', PolicyDocument: POLICY }),
    );
    await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: 'p' }));
    await iam.send(
      new AddRoleToInstanceProfileCommand({ InstanceProfileName: 'p', RoleName: 'app' }),
    );
    const conflict = (message: string): object => ({
      name: 'DeleteConflictException',
      message,
      $metadata: { httpStatusCode: 409 },
    });
    const remove = (): Promise<unknown> => iam.send(new DeleteRoleCommand({ RoleName: 'app' }));
    await expect(remove()).rejects.toMatchObject(
      conflict('Cannot delete entity, must remove roles from instance profile first.'),
    );
    const { InstanceProfiles } = await iam.send(
      new ListInstanceProfilesForRoleCommand({ RoleName: 'app' }),
    );
    expect(InstanceProfiles?.map((profile) => profile.InstanceProfileName)).toEqual(['p']);
    await iam.send(
      new RemoveRoleFromInstanceProfileCommand({ InstanceProfileName: 'p', RoleName: 'app' }),
    );
    await expect(remove()).rejects.toMatchObject(
      conflict('Cannot delete entity, must detach all policies first.'),
    );
    await iam.send(new DetachRolePolicyCommand({ RoleName: 'app', PolicyArn }));
    await expect(remove()).rejects.toMatchObject(
      conflict('Cannot delete entity, must delete policies first.'),
    );
    await iam.send(new DeleteRolePolicyCommand({ RoleName: 'app', PolicyName: 'inline' }));
    await remove();
    await expect(remove()).rejects.toMatchObject({
      name: 'NoSuchEntityException',
      message: 'The role with name app cannot be found.',
      $metadata: { httpStatusCode: 404 },
    });
  });

  test('lists come in pages', async () => {
    for (const name of ['c', 'A', 'b', 'd', 'e']) await createRole(name);
    const first = await iam.send(new ListRolesCommand({ MaxItems: 2 }));
    expect(first).toMatchObject({ IsTruncated: true, Marker: expect.any(String) });
    await iam.send(new DeleteRoleCommand({ RoleName: 'b' }));
    const second = await iam.send(new ListRolesCommand({ MaxItems: 2, Marker: first.Marker }));
    const third = await iam.send(new ListRolesCommand({ MaxItems: 2, Marker: second.Marker }));
    const pages = [first, second, third].map((page) => page.Roles?.map((role) => role.RoleName));
    expect(pages).toEqual([['A', 'b'], ['c', 'd'], ['e']]);
    expect(third.IsTruncated).toBe(false);
    await expect(iam.send(new ListRolesCommand({ Marker: 'nonsense' }))).rejects.toMatchObject({
      name: 'ValidationError',
    });
  });
});

describe('documents', () => {
  // Messages: moto's tests of policy validation against AWS; "This policy contains invalid Json" from LocalStack's.
  test.each<[string, string]>([
    ['{', 'This policy contains invalid Json'],
    ['[]', 'Syntax errors in policy.'],
    ['{"Version":"2012-10-17","Statement":[]}', 'Could not parse the policy: Statement is empty!'],
    [
      '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole"}]}',
      'Missing required field Principal',
    ],
    [
      '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}]}',
      'Has prohibited field Resource',
    ],
    [
      '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject"}]}',
      'AssumeRole policy may only specify STS AssumeRole actions.',
    ],
  ])('trust policy %s', async (AssumeRolePolicyDocument, message) => {
    await expect(
      iam.send(new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument })),
    ).rejects.toMatchObject({ name: 'MalformedPolicyDocumentException', message });
  });

  test.each<[object | string, string]>([
    ['{', 'Syntax errors in policy.'],
    [{ Version: '2020-01-01', Statement: [] }, 'Syntax errors in policy.'],
    [
      { Version: '2012-10-17', Statement: { Effect: 'Allow', Resource: '*' } },
      'Policy statement must contain actions.',
    ],
    [
      { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 's3:GetObject' } },
      'Policy statement must contain resources.',
    ],
    [
      { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 'GetObject', Resource: '*' } },
      'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.',
    ],
    [
      {
        Version: '2012-10-17',
        Statement: { Effect: 'Allow', Action: 's3:Get:Object', Resource: '*' },
      },
      'Actions/Condition can contain only one colon.',
    ],
    [
      {
        Version: '2012-10-17',
        Statement: { Effect: 'Allow', Action: 's3:GetObject', Resource: 'bucket' },
      },
      'Resource bucket must be in ARN format or "*".',
    ],
    [
      {
        Version: '2012-10-17',
        Statement: { Effect: 'Allow', Action: 's3:GetObject', Resource: '*', Principal: '*' },
      },
      'Policy document should not specify a principal.',
    ],
    [
      {
        Version: '2012-10-17',
        Statement: [1, 2].map(() => ({ Sid: 'a', Effect: 'Allow', Action: '*', Resource: '*' })),
      },
      'Statement IDs (SID) in a single policy must be unique.',
    ],
  ])('identity policy %j', async (document, message) => {
    const PolicyDocument = typeof document === 'string' ? document : JSON.stringify(document);
    await expect(
      iam.send(new CreatePolicyCommand({ PolicyName: 'p', PolicyDocument })),
    ).rejects.toMatchObject({ name: 'MalformedPolicyDocumentException', message });
  });

  test('inline policies have room together, not each', async () => {
    await createRole();
    const large = JSON.stringify({
      Version: '2012-10-17',
      Statement: {
        Effect: 'Allow',
        Action: 's3:*',
        Resource: Array.from(
          { length: 150 },
          (_, i) => `arn:aws:s3:::bucket-${i}/${'k'.repeat(20)}`,
        ),
      },
    });
    await iam.send(
      new PutRolePolicyCommand({ RoleName: 'app', PolicyName: 'a', PolicyDocument: large }),
    );
    await expect(
      iam.send(
        new PutRolePolicyCommand({ RoleName: 'app', PolicyName: 'b', PolicyDocument: large }),
      ),
    ).rejects.toMatchObject({
      name: 'LimitExceededException',
      message: 'Maximum policy size of 10240 bytes exceeded for role app',
    });
  });
});

describe('inline policies of roles', () => {
  test('are put, read, replaced, listed, deleted', async () => {
    await createRole();
    await iam.send(
      new PutRolePolicyCommand({
        RoleName: 'app',
        PolicyName: 'b',
        PolicyDocument: TRUST.replace(
          '"Principal":{"Service":"lambda.amazonaws.com"},',
          '"Resource":"*",',
        ),
      }),
    );
    await iam.send(
      new PutRolePolicyCommand({ RoleName: 'app', PolicyName: 'a', PolicyDocument: POLICY }),
    );
    await iam.send(
      new PutRolePolicyCommand({ RoleName: 'app', PolicyName: 'b', PolicyDocument: POLICY }),
    );
    expect((await iam.send(new ListRolePoliciesCommand({ RoleName: 'app' }))).PolicyNames).toEqual([
      'a',
      'b',
    ]);
    const { PolicyDocument, RoleName, PolicyName } = await iam.send(
      new GetRolePolicyCommand({ RoleName: 'app', PolicyName: 'b' }),
    );
    expect({ RoleName, PolicyName, document: decodeURIComponent(PolicyDocument ?? '') }).toEqual({
      RoleName: 'app',
      PolicyName: 'b',
      document: POLICY,
    });
    await iam.send(new DeleteRolePolicyCommand({ RoleName: 'app', PolicyName: 'b' }));
    await expect(
      iam.send(new GetRolePolicyCommand({ RoleName: 'app', PolicyName: 'b' })),
    ).rejects.toMatchObject({
      name: 'NoSuchEntityException',
      message: 'The role policy with name b cannot be found.',
    });
  });
});

describe('managed policies', () => {
  test('have versions, one of them the default', async () => {
    const PolicyArn = await createPolicy();
    expect(PolicyArn).toBe(`arn:aws:iam::${ACCOUNT}:policy/read`);
    for (let i = 0; i < 4; i++)
      await iam.send(
        new CreatePolicyVersionCommand({
          PolicyArn,
          PolicyDocument: POLICY,
          SetAsDefault: i === 0,
        }),
      );
    await expect(
      iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: POLICY })),
    ).rejects.toMatchObject({ name: 'LimitExceededException' });
    const { Versions } = await iam.send(new ListPolicyVersionsCommand({ PolicyArn }));
    expect(Versions?.map((version) => [version.VersionId, version.IsDefaultVersion])).toEqual([
      ['v5', false],
      ['v4', false],
      ['v3', false],
      ['v2', true],
      ['v1', false],
    ]);
    await expect(
      iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: 'v2' })),
    ).rejects.toMatchObject({
      name: 'DeleteConflictException',
      message: 'Cannot delete the default version of a policy.',
    });
    await iam.send(new SetDefaultPolicyVersionCommand({ PolicyArn, VersionId: 'v5' }));
    await iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: 'v2' }));
    expect((await iam.send(new GetPolicyCommand({ PolicyArn }))).Policy?.DefaultVersionId).toBe(
      'v5',
    );
    await iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: POLICY }));
    const { PolicyVersion } = await iam.send(
      new GetPolicyVersionCommand({ PolicyArn, VersionId: 'v6' }),
    );
    expect(decodeURIComponent(PolicyVersion?.Document ?? '')).toBe(POLICY);
    await expect(
      iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: 'v2' })),
    ).rejects.toMatchObject({
      name: 'NoSuchEntityException',
      message: `Policy ${PolicyArn} version v2 does not exist or is not attachable.`,
    });
  });

  // Messages: localstack test_iam.snapshot.json, test_role_attach_policy.
  test('are attached by ARN, twice without harm', async () => {
    await createRole();
    const PolicyArn = await createPolicy();
    const attach = (arn: string): Promise<unknown> =>
      iam.send(new AttachRolePolicyCommand({ RoleName: 'app', PolicyArn: arn }));
    await expect(attach('longpolicynamebutnoarn')).rejects.toMatchObject({
      name: 'InvalidInputException',
      message: 'ARN longpolicynamebutnoarn is not valid.',
    });
    await expect(attach(`${PolicyArn}123`)).rejects.toMatchObject({
      name: 'NoSuchEntityException',
      message: `Policy ${PolicyArn}123 does not exist or is not attachable.`,
    });
    await attach(PolicyArn);
    await attach(PolicyArn);
    await attach(BASIC_EXECUTION);
    const { AttachedPolicies } = await iam.send(
      new ListAttachedRolePoliciesCommand({ RoleName: 'app' }),
    );
    expect(AttachedPolicies).toEqual([
      { PolicyName: 'read', PolicyArn },
      { PolicyName: 'AWSLambdaBasicExecutionRole', PolicyArn: BASIC_EXECUTION },
    ]);
    expect((await iam.send(new GetPolicyCommand({ PolicyArn }))).Policy?.AttachmentCount).toBe(1);
    expect(
      (await iam.send(new ListEntitiesForPolicyCommand({ PolicyArn }))).PolicyRoles?.map(
        (role) => role.RoleName,
      ),
    ).toEqual(['app']);
    await expect(iam.send(new DeletePolicyCommand({ PolicyArn }))).rejects.toMatchObject({
      name: 'DeleteConflictException',
      message: 'Cannot delete a policy attached to entities.',
    });
    await iam.send(new DetachRolePolicyCommand({ RoleName: 'app', PolicyArn }));
    await expect(
      iam.send(new DetachRolePolicyCommand({ RoleName: 'app', PolicyArn })),
    ).rejects.toMatchObject({
      name: 'NoSuchEntityException',
      message: `Policy ${PolicyArn} was not found.`,
    });
    await iam.send(new DeletePolicyCommand({ PolicyArn }));
    await expect(iam.send(new GetPolicyCommand({ PolicyArn }))).rejects.toMatchObject({
      name: 'NoSuchEntityException',
      message: `Policy ${PolicyArn} was not found.`,
    });
  });

  test('ten to a role', async () => {
    await createRole();
    for (let i = 0; i < 10; i++)
      await iam.send(
        new AttachRolePolicyCommand({ RoleName: 'app', PolicyArn: await createPolicy(`p${i}`) }),
      );
    await expect(
      iam.send(new AttachRolePolicyCommand({ RoleName: 'app', PolicyArn: BASIC_EXECUTION })),
    ).rejects.toMatchObject({
      name: 'LimitExceededException',
      message: 'Cannot exceed quota for PoliciesPerRole: 10',
    });
  });

  test('of AWS: documents of the common ones, names of all', async () => {
    const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn: BASIC_EXECUTION }));
    expect(Policy).toMatchObject({
      PolicyName: 'AWSLambdaBasicExecutionRole',
      Path: '/service-role/',
      DefaultVersionId: 'v1',
      IsAttachable: true,
      CreateDate: new Date('2015-04-09T15:03:43Z'),
    });
    const { PolicyVersion } = await iam.send(
      new GetPolicyVersionCommand({ PolicyArn: BASIC_EXECUTION, VersionId: 'v1' }),
    );
    // https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaBasicExecutionRole.html
    expect(JSON.parse(decodeURIComponent(PolicyVersion?.Document ?? ''))).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
          Resource: '*',
        },
      ],
    });
    expect(
      (
        await iam.send(
          new GetPolicyCommand({ PolicyArn: 'arn:aws:iam::aws:policy/AmazonGlacierFullAccess' }),
        )
      ).Policy?.PolicyName,
    ).toBe('AmazonGlacierFullAccess');
    await expect(
      iam.send(
        new GetPolicyVersionCommand({
          PolicyArn: 'arn:aws:iam::aws:policy/AmazonGlacierFullAccess',
          VersionId: 'v1',
        }),
      ),
    ).rejects.toMatchObject({ name: 'NotImplemented', $metadata: { httpStatusCode: 501 } });
    await expect(
      iam.send(new GetPolicyCommand({ PolicyArn: 'arn:aws:iam::aws:policy/NoSuchPolicy' })),
    ).rejects.toMatchObject({ name: 'NoSuchEntityException' });
    await expect(
      iam.send(
        new GetPolicyCommand({ PolicyArn: 'arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole' }),
      ),
    ).rejects.toMatchObject({ name: 'NoSuchEntityException' });
    await expect(
      iam.send(new DeletePolicyCommand({ PolicyArn: BASIC_EXECUTION })),
    ).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  test('lists: own, of AWS, attached', async () => {
    await createRole();
    await createPolicy();
    await iam.send(new AttachRolePolicyCommand({ RoleName: 'app', PolicyArn: BASIC_EXECUTION }));
    const names = async (more: object): Promise<unknown> =>
      (await iam.send(new ListPoliciesCommand(more))).Policies?.map((policy) => policy.PolicyName);
    expect(await names({ Scope: 'Local' })).toEqual(['read']);
    expect(await names({ OnlyAttached: true })).toEqual(['AWSLambdaBasicExecutionRole']);
    expect(await names({ Scope: 'AWS', PathPrefix: '/job-function/' })).toContain('ViewOnlyAccess');
    let seen = 0;
    for (let Marker: string | undefined, more = true; more;) {
      const page = await iam.send(new ListPoliciesCommand({ MaxItems: 1000, Marker }));
      seen += page.Policies?.length ?? 0;
      more = page.IsTruncated ?? false;
      Marker = page.Marker;
    }
    expect(seen).toBeGreaterThan(1400);
  });

  test('bound permissions', async () => {
    await createRole();
    const PermissionsBoundary = await createPolicy('bound');
    await expect(
      iam.send(
        new PutRolePermissionsBoundaryCommand({
          RoleName: 'app',
          PermissionsBoundary: `${PermissionsBoundary}x`,
        }),
      ),
    ).rejects.toMatchObject({
      name: 'NoSuchEntityException',
      message: `Scope ARN: ${PermissionsBoundary}x does not exist or is not attachable.`,
    });
    await iam.send(new PutRolePermissionsBoundaryCommand({ RoleName: 'app', PermissionsBoundary }));
    const { Role } = await iam.send(new GetRoleCommand({ RoleName: 'app' }));
    expect(Role?.PermissionsBoundary).toEqual({
      PermissionsBoundaryType: 'Policy',
      PermissionsBoundaryArn: PermissionsBoundary,
    });
    expect(
      (await iam.send(new GetPolicyCommand({ PolicyArn: PermissionsBoundary }))).Policy
        ?.PermissionsBoundaryUsageCount,
    ).toBe(1);
    await expect(
      iam.send(new DeletePolicyCommand({ PolicyArn: PermissionsBoundary })),
    ).rejects.toMatchObject({ name: 'DeleteConflictException' });
    await iam.send(new DeleteRolePermissionsBoundaryCommand({ RoleName: 'app' }));
    await iam.send(new DeletePolicyCommand({ PolicyArn: PermissionsBoundary }));
  });
});

describe('instance profiles', () => {
  test('hold one role', async () => {
    await createRole();
    await createRole('other');
    const { InstanceProfile } = await iam.send(
      new CreateInstanceProfileCommand({ InstanceProfileName: 'p', Path: '/x/' }),
    );
    expect(InstanceProfile).toMatchObject({
      Arn: `arn:aws:iam::${ACCOUNT}:instance-profile/x/p`,
      InstanceProfileId: expect.stringMatching(/^AIPA/),
      Roles: [],
    });
    await iam.send(
      new AddRoleToInstanceProfileCommand({ InstanceProfileName: 'p', RoleName: 'app' }),
    );
    await expect(
      iam.send(
        new AddRoleToInstanceProfileCommand({ InstanceProfileName: 'p', RoleName: 'other' }),
      ),
    ).rejects.toMatchObject({
      name: 'LimitExceededException',
      message: 'Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1',
    });
    const described = await iam.send(new GetInstanceProfileCommand({ InstanceProfileName: 'p' }));
    expect(described.InstanceProfile?.Roles?.map((role) => role.RoleName)).toEqual(['app']);
    await expect(
      iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName: 'p' })),
    ).rejects.toMatchObject({ name: 'DeleteConflictException' });
    await iam.send(
      new RemoveRoleFromInstanceProfileCommand({ InstanceProfileName: 'p', RoleName: 'app' }),
    );
    await iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName: 'p' }));
    await expect(
      iam.send(new GetInstanceProfileCommand({ InstanceProfileName: 'p' })),
    ).rejects.toMatchObject({
      name: 'NoSuchEntityException',
      message: 'Instance Profile p cannot be found.',
    });
  });
});

describe('users, groups and keys', () => {
  test('a renamed user keeps its keys, groups and policies', async () => {
    await iam.send(new CreateUserCommand({ UserName: 'ann' }));
    await iam.send(new CreateGroupCommand({ GroupName: 'devs' }));
    await iam.send(new AddUserToGroupCommand({ UserName: 'ann', GroupName: 'devs' }));
    await iam.send(new AttachUserPolicyCommand({ UserName: 'ann', PolicyArn: BASIC_EXECUTION }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'ann' }));
    expect(AccessKey).toMatchObject({
      AccessKeyId: expect.stringMatching(/^AKIA[A-Z2-7]{16}$/),
      SecretAccessKey: expect.stringMatching(/^[\w+/]{40}$/),
      Status: 'Active',
    });
    await iam.send(
      new UpdateUserCommand({ UserName: 'ann', NewUserName: 'anna', NewPath: '/team/' }),
    );
    const credentials = {
      accessKeyId: AccessKey?.AccessKeyId ?? '',
      secretAccessKey: AccessKey?.SecretAccessKey ?? '',
    };
    const own = { endpoint: cloud.endpoint, region: 'us-east-1', credentials };
    expect((await new STSClient(own).send(new GetCallerIdentityCommand({}))).Arn).toBe(
      `arn:aws:iam::${ACCOUNT}:user/team/anna`,
    );
    expect((await new IAMClient(own).send(new GetUserCommand({}))).User?.UserName).toBe('anna');
    expect(
      (await new IAMClient(own).send(new ListAccessKeysCommand({}))).AccessKeyMetadata?.map(
        (key) => [key.UserName, key.Status],
      ),
    ).toEqual([['anna', 'Active']]);
    expect(
      (await iam.send(new GetGroupCommand({ GroupName: 'devs' }))).Users?.map(
        (user) => user.UserName,
      ),
    ).toEqual(['anna']);
    expect(
      (
        await iam.send(new ListEntitiesForPolicyCommand({ PolicyArn: BASIC_EXECUTION }))
      ).PolicyUsers?.map((user) => user.UserName),
    ).toEqual(['anna']);

    const remove = (): Promise<unknown> => iam.send(new DeleteUserCommand({ UserName: 'anna' }));
    await expect(remove()).rejects.toMatchObject({
      message: 'Cannot delete entity, must remove users from group first.',
    });
    await iam.send(new RemoveUserFromGroupCommand({ UserName: 'anna', GroupName: 'devs' }));
    expect((await iam.send(new ListGroupsForUserCommand({ UserName: 'anna' }))).Groups).toEqual([]);
    await expect(remove()).rejects.toMatchObject({
      message: 'Cannot delete entity, must detach all policies first.',
    });
    await iam.send(new DetachUserPolicyCommand({ UserName: 'anna', PolicyArn: BASIC_EXECUTION }));
    await expect(remove()).rejects.toMatchObject({
      message: 'Cannot delete entity, must delete access keys first.',
    });
    await iam.send(new DeleteAccessKeyCommand({ AccessKeyId: credentials.accessKeyId }));
    await expect(
      new STSClient({ ...own, maxAttempts: 1 }).send(new GetCallerIdentityCommand({})),
    ).rejects.toMatchObject({ name: 'InvalidClientTokenId' });
    await remove();
    await iam.send(new DeleteGroupCommand({ GroupName: 'devs' }));
  });

  test('two keys to a user', async () => {
    await iam.send(new CreateUserCommand({ UserName: 'ann' }));
    await iam.send(new CreateAccessKeyCommand({ UserName: 'ann' }));
    await iam.send(new CreateAccessKeyCommand({ UserName: 'ann' }));
    await expect(iam.send(new CreateAccessKeyCommand({ UserName: 'ann' }))).rejects.toMatchObject({
      name: 'LimitExceededException',
      message: 'Cannot exceed quota for AccessKeysPerUser: 2',
    });
    await expect(
      iam.send(
        new DeleteAccessKeyCommand({ UserName: 'ann', AccessKeyId: 'AKIAIOSFODNN7EXAMPLE' }),
      ),
    ).rejects.toMatchObject({
      name: 'NoSuchEntityException',
      message: 'The Access Key with id AKIAIOSFODNN7EXAMPLE cannot be found.',
    });
  });

  test('what nobody can have yet is truthfully absent', async () => {
    await iam.send(new CreateUserCommand({ UserName: 'ann' }));
    expect((await iam.send(new ListMFADevicesCommand({ UserName: 'ann' }))).MFADevices).toEqual([]);
    await expect(iam.send(new GetLoginProfileCommand({ UserName: 'ann' }))).rejects.toMatchObject({
      name: 'NoSuchEntityException',
      message: 'Login Profile for User ann cannot be found.',
    });
    await expect(iam.send(new ListMFADevicesCommand({ UserName: 'bob' }))).rejects.toMatchObject({
      name: 'NoSuchEntityException',
    });
  });

  test('the root asks about itself', async () => {
    expect((await iam.send(new GetUserCommand({}))).User?.Arn).toBe(`arn:aws:iam::${ACCOUNT}:root`);
    await expect(iam.send(new CreateAccessKeyCommand({}))).rejects.toMatchObject({
      name: 'ValidationError',
      message: 'Must specify userName when calling with non-User credentials',
    });
  });
});

describe('the account', () => {
  test('service-linked roles are made and deleted by their own operations', async () => {
    const AWSServiceName = 'dynamodb.application-autoscaling.amazonaws.com';
    const { Role } = await iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName }));
    expect(Role?.Arn).toBe(
      `arn:aws:iam::${ACCOUNT}:role/aws-service-role/${AWSServiceName}/AWSServiceRoleForApplicationAutoScaling_DynamoDBTable`,
    );
    const RoleName = Role?.RoleName;
    expect(
      (await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }))).AttachedPolicies?.[0]
        ?.PolicyName,
    ).toBe('AWSApplicationAutoscalingDynamoDBTablePolicy');
    await expect(iam.send(new DeleteRoleCommand({ RoleName }))).rejects.toMatchObject({
      name: 'UnmodifiableEntityException',
      message: `Cannot perform the operation on the protected role '${RoleName}' - this role is only modifiable by AWS`,
    });
    await expect(
      iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName })),
    ).rejects.toMatchObject({ name: 'InvalidInputException' });
    const { DeletionTaskId } = await iam.send(new DeleteServiceLinkedRoleCommand({ RoleName }));
    expect(
      (await iam.send(new GetServiceLinkedRoleDeletionStatusCommand({ DeletionTaskId }))).Status,
    ).toBe('SUCCEEDED');
    await expect(iam.send(new GetRoleCommand({ RoleName }))).rejects.toMatchObject({
      name: 'NoSuchEntityException',
    });
  });

  test('one alias, unique in the cloud', async () => {
    await iam.send(new CreateAccountAliasCommand({ AccountAlias: 'first' }));
    await iam.send(new CreateAccountAliasCommand({ AccountAlias: 'second' }));
    expect((await iam.send(new ListAccountAliasesCommand({}))).AccountAliases).toEqual(['second']);
    const other = cloud.client(IAMClient, { account: '999999999999' });
    await other.send(new CreateAccountAliasCommand({ AccountAlias: 'first' }));
    await expect(
      other.send(new CreateAccountAliasCommand({ AccountAlias: 'second' })),
    ).rejects.toMatchObject({ name: 'EntityAlreadyExistsException' });
  });

  test('summary counts what there is', async () => {
    await createRole();
    await createPolicy();
    expect((await iam.send(new GetAccountSummaryCommand({}))).SummaryMap).toMatchObject({
      Roles: 1,
      Policies: 1,
      PolicyVersionsInUse: 1,
      Users: 0,
      RolesQuota: 1000,
      AttachedPoliciesPerRoleQuota: 10,
    });
  });

  test('what is not there says so', async () => {
    await expect(
      iam.send(
        new SimulatePrincipalPolicyCommand({
          PolicySourceArn: `arn:aws:iam::${ACCOUNT}:role/app`,
          ActionNames: ['s3:GetObject'],
        }),
      ),
    ).rejects.toMatchObject({ name: 'NotImplemented', $metadata: { httpStatusCode: 501 } });
  });
});
