// CloudFormation types of Lambda: the settings beside code and configuration, changed in place.
import * as C from '@aws-sdk/client-cloudformation';
import * as L from '@aws-sdk/client-lambda';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createCloud, type TestCloud } from '../../testing/create-cloud.ts';
import { ROLE, zip } from './test-archive.ts';

let cloud: TestCloud;
let lambda: L.LambdaClient;
let stacks: C.CloudFormationClient;

beforeEach(async () => {
  cloud = await createCloud();
  lambda = cloud.client(L.LambdaClient);
  stacks = cloud.client(C.CloudFormationClient);
});
afterEach(async () => {
  await cloud.settle();
  await cloud.close();
});

const StackName = 'app';
const FUNCTION = {
  FunctionName: 'fn',
  Role: ROLE,
  Runtime: 'nodejs22.x',
  Handler: 'index.handler',
  Code: { ZipFile: 'exports.handler = async () => 1;' },
};

interface Settled {
  readonly status: string | undefined;
  readonly reasons: (string | undefined)[];
  readonly outputs: Readonly<Record<string, string>>;
}

async function settle(): Promise<Settled> {
  await cloud.settle();
  const { Stacks } = await stacks.send(new C.DescribeStacksCommand({ StackName }));
  const { StackEvents = [] } = await stacks.send(new C.DescribeStackEventsCommand({ StackName }));
  const failed = StackEvents.filter((each) => each.ResourceStatus?.endsWith('FAILED') === true);
  const outputs = Stacks?.[0]?.Outputs ?? [];
  return {
    status: Stacks?.[0]?.StackStatus,
    reasons: failed.map((each) => each.ResourceStatusReason),
    outputs: Object.fromEntries(outputs.map((each) => [each.OutputKey, each.OutputValue ?? ''])),
  };
}

async function deploy(Resources: object, Outputs: object = {}): Promise<Settled> {
  const TemplateBody = JSON.stringify({ Resources, Outputs });
  const exists = await stacks.send(new C.DescribeStacksCommand({ StackName })).then(() => true, () => false);
  await (exists
    ? stacks.send(new C.UpdateStackCommand({ StackName, TemplateBody }))
    : stacks.send(new C.CreateStackCommand({ StackName, TemplateBody })));
  return settle();
}

async function remove(): Promise<void> {
  await stacks.send(new C.DeleteStackCommand({ StackName }));
  await cloud.settle();
}

const PUBLISHERS = {
  AllowedPublishers: {
    SigningProfileVersionArns: ['arn:aws:signer:us-east-1:000000000000:/signing-profiles/team/abcdef'],
  },
};

test('a function takes on code signing, runtime updates, loops and logging, and lets go of them', async () => {
  const signing = (policy: string): object => ({
    Type: 'AWS::Lambda::CodeSigningConfig',
    Properties: { ...PUBLISHERS, CodeSigningPolicies: { UntrustedArtifactOnDeployment: policy }, Tags: [{ Key: 'a', Value: 'b' }] },
  });
  const outputs = {
    Signing: { Value: { Ref: 'Signing' } },
    Id: { Value: { 'Fn::GetAtt': ['Signing', 'CodeSigningConfigId'] } },
    Snap: { Value: { 'Fn::GetAtt': ['Function', 'SnapStartResponse.OptimizationStatus'] } },
  };
  const made = await deploy(
    {
      Signing: signing('Warn'),
      Function: {
        Type: 'AWS::Lambda::Function',
        Properties: {
          ...FUNCTION,
          CodeSigningConfigArn: { Ref: 'Signing' },
          RuntimeManagementConfig: { UpdateRuntimeOn: 'FunctionUpdate' },
          RecursiveLoop: 'Allow',
          LoggingConfig: { LogFormat: 'JSON', ApplicationLogLevel: 'WARN' },
        },
      },
    },
    outputs,
  );
  expect(made).toMatchObject({ status: 'CREATE_COMPLETE', reasons: [], outputs: { Snap: 'Off' } });
  const { Signing = '', Id } = made.outputs;
  expect(Signing).toBe(`arn:aws:lambda:us-east-1:000000000000:code-signing-config:${Id}`);
  const FunctionName = 'fn';
  const state = async (): Promise<unknown[]> => [
    (await lambda.send(new L.GetFunctionCodeSigningConfigCommand({ FunctionName }))).CodeSigningConfigArn,
    (await lambda.send(new L.GetRuntimeManagementConfigCommand({ FunctionName }))).UpdateRuntimeOn,
    (await lambda.send(new L.GetFunctionRecursionConfigCommand({ FunctionName }))).RecursiveLoop,
    (await lambda.send(new L.GetFunctionConfigurationCommand({ FunctionName }))).LoggingConfig?.LogFormat,
  ];
  expect(await state()).toEqual([Signing, 'FunctionUpdate', 'Allow', 'JSON']);
  expect((await lambda.send(new L.ListTagsCommand({ Resource: Signing }))).Tags).toMatchObject({
    a: 'b',
    'aws:cloudformation:stack-name': StackName,
  });
  const changed = await deploy(
    { Signing: signing('Enforce'), Function: { Type: 'AWS::Lambda::Function', Properties: FUNCTION } },
    outputs,
  );
  expect(changed).toMatchObject({ status: 'UPDATE_COMPLETE', outputs: made.outputs });
  expect(await state()).toEqual([undefined, 'Auto', 'Terminate', 'Text']);
  const config = await lambda.send(new L.GetCodeSigningConfigCommand({ CodeSigningConfigArn: Signing }));
  expect(config.CodeSigningConfig?.CodeSigningPolicies).toEqual({ UntrustedArtifactOnDeployment: 'Enforce' });
  await remove();
  expect((await lambda.send(new L.ListCodeSigningConfigsCommand({}))).CodeSigningConfigs).toEqual([]);
});

test('a stack is refused what code signing refuses, and goes back', async () => {
  const refused = await deploy({
    Signing: {
      Type: 'AWS::Lambda::CodeSigningConfig',
      Properties: { ...PUBLISHERS, CodeSigningPolicies: { UntrustedArtifactOnDeployment: 'Enforce' } },
    },
    Function: {
      Type: 'AWS::Lambda::Function',
      Properties: { ...FUNCTION, CodeSigningConfigArn: { Ref: 'Signing' } },
    },
  });
  expect(refused.status).toBe('ROLLBACK_COMPLETE');
  expect(refused.reasons.join()).toContain('Lambda cannot deploy the function.');
  expect((await lambda.send(new L.ListCodeSigningConfigsCommand({}))).CodeSigningConfigs).toEqual([]);
});

test('provisioned concurrency of a version and an alias is ready when the stack is, and changes in place', async () => {
  const resources = (ofAlias: number | undefined): object => ({
    Function: { Type: 'AWS::Lambda::Function', Properties: FUNCTION },
    Version: {
      Type: 'AWS::Lambda::Version',
      Properties: {
        FunctionName: { Ref: 'Function' },
        RuntimePolicy: { UpdateRuntimeOn: 'FunctionUpdate' },
      },
    },
    Alias: {
      Type: 'AWS::Lambda::Alias',
      Properties: {
        FunctionName: { Ref: 'Function' },
        FunctionVersion: { 'Fn::GetAtt': ['Version', 'Version'] },
        Name: 'live',
        ...(ofAlias && { ProvisionedConcurrencyConfig: { ProvisionedConcurrentExecutions: ofAlias } }),
      },
    },
  });
  const provisioned = async (): Promise<unknown[]> => {
    const { ProvisionedConcurrencyConfigs = [] } = await lambda.send(
      new L.ListProvisionedConcurrencyConfigsCommand({ FunctionName: 'fn' }),
    );
    return ProvisionedConcurrencyConfigs.map((each) => [
      each.FunctionArn?.split(':').at(-1),
      each.AllocatedProvisionedConcurrentExecutions,
      each.Status,
    ]);
  };
  expect(await deploy(resources(1))).toMatchObject({ status: 'CREATE_COMPLETE', reasons: [] });
  expect(await provisioned()).toEqual([['live', 1, 'READY']]);
  const policy = await lambda.send(new L.GetRuntimeManagementConfigCommand({ FunctionName: 'fn', Qualifier: '1' }));
  expect(policy.UpdateRuntimeOn).toBe('FunctionUpdate');
  expect(await deploy(resources(2))).toMatchObject({ status: 'UPDATE_COMPLETE', reasons: [] });
  expect(await provisioned()).toEqual([['live', 2, 'READY']]);
  expect((await deploy(resources(undefined))).status).toBe('UPDATE_COMPLETE');
  expect(await provisioned()).toEqual([]);
  await remove();
  expect((await lambda.send(new L.ListFunctionsCommand({}))).Functions).toEqual([]);
});

test('a layer is opened to another account, and closed again', async () => {
  const s3 = cloud.client(S3Client);
  await s3.send(new CreateBucketCommand({ Bucket: 'code' }));
  await s3.send(new PutObjectCommand({ Bucket: 'code', Key: 'l.zip', Body: await zip({ a: 'a' }) }));
  const layer = {
    Type: 'AWS::Lambda::LayerVersion',
    Properties: { LayerName: 'shared', Content: { S3Bucket: 'code', S3Key: 'l.zip' } },
  };
  const permission = {
    Type: 'AWS::Lambda::LayerVersionPermission',
    Properties: {
      LayerVersionArn: { Ref: 'Layer' },
      Action: 'lambda:GetLayerVersion',
      Principal: '111122223333',
    },
  };
  const made = await deploy({ Layer: layer, Permission: permission }, { Id: { Value: { Ref: 'Permission' } } });
  expect(made).toMatchObject({ status: 'CREATE_COMPLETE', reasons: [] });
  const Arn = 'arn:aws:lambda:us-east-1:000000000000:layer:shared:1';
  // <CloudFormation reference, AWS::Lambda::LayerVersionPermission, return values>
  expect(made.outputs['Id']).toMatch(new RegExp(`^${Arn}#app-Permission-`));
  const stranger = cloud.client(L.LambdaClient, { account: '111122223333' });
  const read = (): Promise<L.GetLayerVersionByArnCommandOutput> =>
    stranger.send(new L.GetLayerVersionByArnCommand({ Arn }));
  expect((await read()).Version).toBe(1);
  expect((await deploy({ Layer: layer })).status).toBe('UPDATE_COMPLETE');
  await expect(read()).rejects.toMatchObject({ name: 'AccessDeniedException' });
});

test('a mapping changes its pollers and metrics in place', async () => {
  const resources = (settings: object): object => ({
    Queue: { Type: 'AWS::SQS::Queue' },
    Function: { Type: 'AWS::Lambda::Function', Properties: FUNCTION },
    Mapping: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: {
        FunctionName: { Ref: 'Function' },
        EventSourceArn: { 'Fn::GetAtt': ['Queue', 'Arn'] },
        ...settings,
      },
    },
  });
  const mapping = async (): Promise<L.EventSourceMappingConfiguration> => {
    const { EventSourceMappings } = await lambda.send(new L.ListEventSourceMappingsCommand({}));
    return EventSourceMappings?.[0] ?? {};
  };
  const ProvisionedPollerConfig = { MinimumPollers: 2, MaximumPollers: 5 };
  const MetricsConfig = { Metrics: ['EventCount'] };
  expect((await deploy(resources({ ProvisionedPollerConfig, MetricsConfig }))).status).toBe('CREATE_COMPLETE');
  const first = await mapping();
  expect(first).toMatchObject({ ProvisionedPollerConfig, MetricsConfig });
  expect((await deploy(resources({ ScalingConfig: { MaximumConcurrency: 4 } }))).status).toBe('UPDATE_COMPLETE');
  const second = await mapping();
  expect(second).toMatchObject({ UUID: first.UUID, ScalingConfig: { MaximumConcurrency: 4 } });
  expect([second.ProvisionedPollerConfig, second.MetricsConfig]).toEqual([undefined, undefined]);
  const refused = await deploy(resources({ DocumentDBEventSourceConfig: { DatabaseName: 'd' } }));
  expect(refused.reasons.join()).toContain('Unsupported DocumentDBEventSourceConfig parameter for given event source mapping type.');
});
