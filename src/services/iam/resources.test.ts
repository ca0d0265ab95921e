// CloudFormation types of IAM: a stack makes them, changes them in place, and takes them away again.
import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import {
  CreateRoleCommand,
  GetInstanceProfileCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  GetUserPolicyCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListAttachedRolePoliciesCommand,
  ListPoliciesCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  ListUsersCommand,
} from '@aws-sdk/client-iam';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TestCloud } from '../../testing/create-cloud.ts';
import { createCloud } from '../../testing/create-cloud.ts';

const BASIC = 'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole';
const SQS = 'arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole';

let cloud: TestCloud;
let iam: IAMClient;
let cfn: CloudFormationClient;
beforeEach(async () => {
  cloud = await createCloud();
  iam = cloud.client(IAMClient);
  cfn = cloud.client(CloudFormationClient);
});
afterEach(() => cloud.close());

function allow(Action: string): object {
  return { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource: '*' }] };
}

interface Variant {
  readonly managed: readonly string[];
  readonly policies: Readonly<Record<string, string>>;
  readonly action: string;
  readonly description: string;
  readonly tag: string;
}

const FIRST: Variant = {
  managed: [BASIC],
  policies: { a: 's3:GetObject', b: 's3:PutObject' },
  action: 'sns:Publish',
  description: 'one',
  tag: 'x',
};
const SECOND: Variant = {
  managed: [SQS],
  policies: { b: 's3:DeleteObject' },
  action: 'sqs:SendMessage',
  description: 'two',
  tag: 'y',
};

function template({ managed, policies, action, description, tag }: Variant): string {
  const trust = {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
    ],
  };
  return JSON.stringify({
    Resources: {
      Role: {
        Type: 'AWS::IAM::Role',
        Properties: {
          AssumeRolePolicyDocument: trust,
          Description: description,
          MaxSessionDuration: 7200,
          ManagedPolicyArns: managed,
          Policies: Object.entries(policies).map(([PolicyName, each]) => ({
            PolicyName,
            PolicyDocument: allow(each),
          })),
          Tags: [{ Key: 'team', Value: tag }],
        },
      },
      Inline: {
        Type: 'AWS::IAM::Policy',
        Properties: {
          PolicyName: 'inline',
          PolicyDocument: allow(action),
          Roles: [{ Ref: 'Role' }],
          Users: [{ Ref: 'User' }],
        },
      },
      Managed: {
        Type: 'AWS::IAM::ManagedPolicy',
        Properties: { PolicyDocument: allow(action), Roles: [{ Ref: 'Role' }] },
      },
      Profile: { Type: 'AWS::IAM::InstanceProfile', Properties: { Roles: [{ Ref: 'Role' }] } },
      User: { Type: 'AWS::IAM::User', Properties: { ManagedPolicyArns: managed } },
      Key: { Type: 'AWS::IAM::AccessKey', Properties: { UserName: { Ref: 'User' } } },
    },
    Outputs: {
      RoleName: { Value: { Ref: 'Role' } },
      RoleArn: { Value: { 'Fn::GetAtt': ['Role', 'Arn'] } },
      ManagedArn: { Value: { Ref: 'Managed' } },
      ProfileName: { Value: { Ref: 'Profile' } },
      UserName: { Value: { Ref: 'User' } },
      KeyId: { Value: { Ref: 'Key' } },
      Secret: { Value: { 'Fn::GetAtt': ['Key', 'SecretAccessKey'] } },
    },
  });
}

const stack = { StackName: 'shop', Capabilities: ['CAPABILITY_NAMED_IAM' as const] };

async function outputsWhen(status: string): Promise<Record<string, string>> {
  await cloud.settle();
  const { Stacks } = await cfn.send(new DescribeStacksCommand({ StackName: 'shop' }));
  if (Stacks?.[0]?.StackStatus !== status) {
    const { StackEvents } = await cfn.send(new DescribeStackEventsCommand({ StackName: 'shop' }));
    const reasons = StackEvents?.map(
      (event) =>
        `${event.LogicalResourceId}: ${event.ResourceStatus} ${event.ResourceStatusReason}`,
    );
    throw new Error(`${Stacks?.[0]?.StackStatus}\n${reasons?.join('\n')}`);
  }
  return Object.fromEntries(
    (Stacks[0].Outputs ?? []).map((output) => [output.OutputKey ?? '', output.OutputValue ?? '']),
  );
}

async function attachedTo(RoleName: string | undefined): Promise<(string | undefined)[]> {
  const { AttachedPolicies } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
  return (AttachedPolicies ?? []).map((policy) => policy.PolicyArn);
}

test('create, update in place, delete', async () => {
  await cfn.send(
    new CreateStackCommand({
      ...stack,
      TemplateBody: template(FIRST),
      Tags: [{ Key: 'stage', Value: 'dev' }],
    }),
  );
  const made = await outputsWhen('CREATE_COMPLETE');
  const RoleName = made['RoleName'];
  expect(RoleName).toMatch(/^shop-Role-\w+$/);
  expect(made['RoleArn']).toBe(`arn:aws:iam::000000000000:role/${RoleName}`);
  expect(made['KeyId']).toMatch(/^AKIA/);
  expect(made['Secret']).toHaveLength(40);
  expect((await iam.send(new GetRoleCommand({ RoleName }))).Role).toMatchObject({
    Description: 'one',
    MaxSessionDuration: 7200,
    Tags: expect.arrayContaining([
      { Key: 'team', Value: 'x' },
      { Key: 'stage', Value: 'dev' },
    ]),
  });
  expect(await attachedTo(RoleName)).toEqual([made['ManagedArn'], BASIC]);
  expect((await iam.send(new ListRolePoliciesCommand({ RoleName }))).PolicyNames).toEqual([
    'a',
    'b',
    'inline',
  ]);
  await iam.send(new GetUserPolicyCommand({ UserName: made['UserName'], PolicyName: 'inline' }));
  const { InstanceProfile } = await iam.send(
    new GetInstanceProfileCommand({ InstanceProfileName: made['ProfileName'] }),
  );
  expect(InstanceProfile?.Roles?.[0]?.RoleName).toBe(RoleName);

  await cfn.send(new UpdateStackCommand({ ...stack, TemplateBody: template(SECOND) }));
  const changed = await outputsWhen('UPDATE_COMPLETE');
  expect(changed).toEqual(made);
  expect((await iam.send(new GetRoleCommand({ RoleName }))).Role).toMatchObject({
    Description: 'two',
    Tags: expect.arrayContaining([{ Key: 'team', Value: 'y' }]),
  });
  expect(await attachedTo(RoleName)).toEqual([made['ManagedArn'], SQS]);
  expect((await iam.send(new ListRolePoliciesCommand({ RoleName }))).PolicyNames).toEqual([
    'b',
    'inline',
  ]);
  const { PolicyDocument } = await iam.send(
    new GetRolePolicyCommand({ RoleName, PolicyName: 'b' }),
  );
  expect(JSON.parse(decodeURIComponent(PolicyDocument ?? ''))).toEqual(allow('s3:DeleteObject'));
  const { PolicyVersion } = await iam.send(
    new GetPolicyVersionCommand({ PolicyArn: made['ManagedArn'], VersionId: 'v2' }),
  );
  expect(PolicyVersion?.IsDefaultVersion).toBe(true);

  await cfn.send(new DeleteStackCommand({ StackName: 'shop' }));
  await cloud.settle();
  expect((await iam.send(new ListRolesCommand({}))).Roles).toEqual([]);
  expect((await iam.send(new ListUsersCommand({}))).Users).toEqual([]);
  expect((await iam.send(new ListPoliciesCommand({ Scope: 'Local' }))).Policies).toEqual([]);
});

test('a role whose policy is malformed leaves nothing behind', async () => {
  const broken = template({ ...FIRST, policies: { a: 'GetObject' } });
  await cfn.send(new CreateStackCommand({ ...stack, TemplateBody: broken }));
  await outputsWhen('ROLLBACK_COMPLETE');
  expect((await iam.send(new ListRolesCommand({}))).Roles).toEqual([]);
  const { StackEvents } = await cfn.send(new DescribeStackEventsCommand({ StackName: 'shop' }));
  const reason = StackEvents?.find(
    (event) => event.LogicalResourceId === 'Role' && event.ResourceStatus === 'CREATE_FAILED',
  )?.ResourceStatusReason;
  expect(reason).toContain('Actions/Conditions must be prefaced by a vendor');
});

test("a named role that exists already is refused, and stays its owner's", async () => {
  const trust = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: '*', Action: 'sts:AssumeRole' }],
  });
  await iam.send(new CreateRoleCommand({ RoleName: 'mine', AssumeRolePolicyDocument: trust }));
  const TemplateBody = JSON.stringify({
    Resources: {
      Role: {
        Type: 'AWS::IAM::Role',
        Properties: { RoleName: 'mine', AssumeRolePolicyDocument: JSON.parse(trust) },
      },
    },
  });
  await cfn.send(new CreateStackCommand({ ...stack, TemplateBody }));
  await outputsWhen('ROLLBACK_COMPLETE');
  await iam.send(new GetRoleCommand({ RoleName: 'mine' }));
});

test('an access key is made inactive in place', async () => {
  const withStatus = (Status: string): string =>
    JSON.stringify({
      Resources: {
        User: { Type: 'AWS::IAM::User', Properties: { UserName: 'bot' } },
        Key: { Type: 'AWS::IAM::AccessKey', Properties: { UserName: { Ref: 'User' }, Status } },
      },
      Outputs: {
        Id: { Value: { Ref: 'Key' } },
        Secret: { Value: { 'Fn::GetAtt': ['Key', 'SecretAccessKey'] } },
      },
    });
  await cfn.send(new CreateStackCommand({ ...stack, TemplateBody: withStatus('Active') }));
  const made = await outputsWhen('CREATE_COMPLETE');
  await cfn.send(new UpdateStackCommand({ ...stack, TemplateBody: withStatus('Inactive') }));
  expect(await outputsWhen('UPDATE_COMPLETE')).toEqual(made);
  const { AccessKeyMetadata } = await iam.send(new ListAccessKeysCommand({ UserName: 'bot' }));
  expect(AccessKeyMetadata?.map((key) => [key.AccessKeyId, key.Status])).toEqual([
    [made['Id'], 'Inactive'],
  ]);
});
