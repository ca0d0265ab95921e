// CloudFormation types of Lambda, deployed, updated, run and removed as a stack.
import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import * as L from '@aws-sdk/client-lambda';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { createCloud } from '../../testing/create-cloud.ts';
import { ROLE, zip } from './test-archive.ts';

interface Wishes {
  readonly answer: string;
  readonly settings?: object;
  readonly mapping?: object;
  readonly weight?: number;
}

function template({ answer, settings = {}, mapping = {}, weight = 0.2 }: Wishes): string {
  return JSON.stringify({
    Resources: {
      Queue: { Type: 'AWS::SQS::Queue' },
      Layer: {
        Type: 'AWS::Lambda::LayerVersion',
        Properties: { LayerName: 'shared', Content: { S3Bucket: 'code', S3Key: 'layer.zip' } },
      },
      Function: {
        Type: 'AWS::Lambda::Function',
        Properties: {
          FunctionName: 'fn',
          Role: ROLE,
          Runtime: 'nodejs22.x',
          Handler: 'index.handler',
          Code: { ZipFile: `exports.handler = async () => '${answer}';` },
          Layers: [{ Ref: 'Layer' }],
          ...settings,
        },
      },
      Version: { Type: 'AWS::Lambda::Version', Properties: { FunctionName: { Ref: 'Function' } } },
      Alias: {
        Type: 'AWS::Lambda::Alias',
        Properties: {
          FunctionName: { Ref: 'Function' },
          FunctionVersion: { 'Fn::GetAtt': ['Version', 'Version'] },
          Name: 'live',
          Description: String(weight),
        },
      },
      Permission: {
        Type: 'AWS::Lambda::Permission',
        Properties: {
          FunctionName: { Ref: 'Alias' },
          Action: 'lambda:InvokeFunction',
          Principal: 'apigateway.amazonaws.com',
        },
      },
      Url: {
        Type: 'AWS::Lambda::Url',
        Properties: { TargetFunctionArn: { 'Fn::GetAtt': ['Function', 'Arn'] }, AuthType: 'NONE' },
      },
      Config: {
        Type: 'AWS::Lambda::EventInvokeConfig',
        Properties: {
          FunctionName: { Ref: 'Function' },
          Qualifier: '$LATEST',
          MaximumRetryAttempts: 1,
          DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['Queue', 'Arn'] } } },
        },
      },
      Mapping: {
        Type: 'AWS::Lambda::EventSourceMapping',
        Properties: {
          FunctionName: { 'Fn::GetAtt': ['Function', 'Arn'] },
          EventSourceArn: { 'Fn::GetAtt': ['Queue', 'Arn'] },
          ...mapping,
        },
      },
    },
    Outputs: {
      Arn: { Value: { 'Fn::GetAtt': ['Function', 'Arn'] } },
      Alias: { Value: { Ref: 'Alias' } },
      Version: { Value: { Ref: 'Version' } },
      Layer: { Value: { Ref: 'Layer' } },
      Url: { Value: { 'Fn::GetAtt': ['Url', 'FunctionUrl'] } },
      Mapping: { Value: { Ref: 'Mapping' } },
    },
  });
}

test('functions of a stack, with all that hangs on them', async () => {
  await using cloud = await createCloud();
  const stacks = cloud.client(CloudFormationClient);
  const lambda = cloud.client(L.LambdaClient);
  const s3 = cloud.client(S3Client);
  await s3.send(new CreateBucketCommand({ Bucket: 'code' }));
  await s3.send(
    new PutObjectCommand({ Bucket: 'code', Key: 'layer.zip', Body: await zip({ 'a.txt': 'a' }) }),
  );
  const StackName = 'app';

  async function outcome(): Promise<{ status: unknown; outputs: Record<string, string> }> {
    await cloud.settle();
    const { Stacks } = await stacks.send(new DescribeStacksCommand({ StackName }));
    const { StackEvents = [] } = await stacks.send(new DescribeStackEventsCommand({ StackName }));
    const failed = StackEvents.filter((each) => each.ResourceStatus?.endsWith('FAILED') === true);
    expect(failed.map((each) => each.ResourceStatusReason)).toEqual([]);
    const outputs = Stacks?.[0]?.Outputs ?? [];
    return {
      status: Stacks?.[0]?.StackStatus,
      outputs: Object.fromEntries(outputs.map((each) => [each.OutputKey, each.OutputValue ?? ''])),
    };
  }

  const ARN = 'arn:aws:lambda:us-east-1:000000000000:function:fn';
  const first = template({
    answer: 'one',
    settings: { Timeout: 9, ReservedConcurrentExecutions: 5, Tags: [{ Key: 'a', Value: 'b' }] },
    mapping: { BatchSize: 5, FunctionResponseTypes: ['ReportBatchItemFailures'] },
  });
  await stacks.send(new CreateStackCommand({ StackName, TemplateBody: first }));
  const created = await outcome();
  expect(created).toMatchObject({
    status: 'CREATE_COMPLETE',
    outputs: {
      Arn: ARN,
      Alias: `${ARN}:live`,
      Version: `${ARN}:1`,
      Layer: 'arn:aws:lambda:us-east-1:000000000000:layer:shared:1',
      Url: expect.stringMatching(/^http:\/\/[a-z0-9]{32}\.lambda-url\.us-east-1\./),
    },
  });
  const answer = async (Qualifier?: string): Promise<string | undefined> =>
    (await lambda.send(new L.InvokeCommand({ FunctionName: 'fn', Qualifier }))).Payload?.transformToString();
  expect(await answer('live')).toBe('"one"');
  const got = await lambda.send(new L.GetFunctionCommand({ FunctionName: 'fn' }));
  expect(got.Concurrency?.ReservedConcurrentExecutions).toBe(5);
  expect(got.Tags).toMatchObject({ a: 'b', 'aws:cloudformation:stack-name': StackName });
  const UUID = created.outputs['Mapping'];
  const mapping = (): Promise<L.EventSourceMappingConfiguration> =>
    lambda.send(new L.GetEventSourceMappingCommand({ UUID }));
  expect(await mapping()).toMatchObject({ BatchSize: 5, FunctionResponseTypes: ['ReportBatchItemFailures'] });
  const policy = await lambda.send(new L.GetPolicyCommand({ FunctionName: 'fn', Qualifier: 'live' }));
  expect(policy.Policy).toContain(`"Resource":"${ARN}:live"`);

  const second = template({ answer: 'two', weight: 0.5, mapping: { Enabled: false } });
  await stacks.send(new UpdateStackCommand({ StackName, TemplateBody: second }));
  const updated = await outcome();
  expect(updated.status).toBe('UPDATE_COMPLETE');
  expect(updated.outputs).toEqual(created.outputs);
  // The version and the alias on it stand for the code they were made of.
  expect([await answer(), await answer('live')]).toEqual(['"two"', '"one"']);
  const after = await lambda.send(new L.GetFunctionCommand({ FunctionName: 'fn' }));
  expect(after.Configuration?.Timeout).toBe(3);
  expect(after.Concurrency).toBeUndefined();
  expect(after.Tags).not.toHaveProperty('a');
  expect(await mapping()).toMatchObject({ BatchSize: 10, FunctionResponseTypes: [], State: 'Disabled' });

  await stacks.send(new DeleteStackCommand({ StackName }));
  await cloud.settle();
  expect((await lambda.send(new L.ListFunctionsCommand({}))).Functions).toEqual([]);
  expect((await lambda.send(new L.ListEventSourceMappingsCommand({}))).EventSourceMappings).toEqual([]);
  expect((await lambda.send(new L.ListLayersCommand({}))).Layers).toEqual([]);
});
