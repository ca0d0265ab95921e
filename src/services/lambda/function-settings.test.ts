// What hangs on a function beside its configuration: policies as documents, runtime updates, tags.
import * as L from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCloud, type TestCloud } from '../../testing/create-cloud.ts';
import { createNodeFunction } from './test-archive.ts';

let cloud: TestCloud;
let lambda: L.LambdaClient;

beforeEach(async () => {
  cloud = await createCloud();
  lambda = cloud.client(L.LambdaClient);
  await createNodeFunction(lambda, 'fn', { source: 'export const handler = async () => 1;', Publish: true });
});
afterEach(() => cloud.close());

const ARN = 'arn:aws:lambda:us-east-1:000000000000:function:fn';
const FunctionName = 'fn';

describe('a policy as one document', () => {
  const statement = (Sid: string, Resource = ARN): object => ({
    Sid,
    Effect: 'Allow',
    Principal: { Service: ['s3.amazonaws.com', 'sns.amazonaws.com'] },
    Action: ['lambda:InvokeFunction'],
    Resource,
    Condition: { ArnLike: { 'aws:SourceArn': ['arn:aws:s3:::a', 'arn:aws:s3:::b'] } },
  });
  const put = (Statement: unknown, more: Partial<L.PutResourcePolicyCommandInput> = {}): Promise<L.PutResourcePolicyResponse> =>
    lambda.send(
      new L.PutResourcePolicyCommand({
        ResourceArn: ARN,
        Policy: JSON.stringify({ Version: '2012-10-17', Statement }),
        ...more,
      }),
    );

  test('replaces the one before, and is the one that permissions are added to', async () => {
    const first = await put([statement('one'), statement('two')]);
    await lambda.send(
      new L.AddPermissionCommand({
        FunctionName,
        StatementId: 'three',
        Action: 'lambda:InvokeFunction',
        Principal: 'events.amazonaws.com',
      }),
    );
    const { Policy, RevisionId } = await lambda.send(new L.GetResourcePolicyCommand({ ResourceArn: ARN }));
    const document = JSON.parse(Policy ?? '') as { Statement: { Sid: string }[] };
    expect(document.Statement.map(({ Sid }) => Sid)).toEqual(['one', 'two', 'three']);
    expect(document.Statement[0]).toEqual(statement('one'));
    await expect(put(statement('one'), { RevisionId: first.RevisionId })).rejects.toMatchObject({
      name: 'PreconditionFailedException',
    });
    await put(statement('four'), { RevisionId });
    const shown = await lambda.send(new L.GetPolicyCommand({ FunctionName }));
    expect(JSON.parse(shown.Policy ?? '')).toEqual({
      Version: '2012-10-17',
      Id: 'default',
      Statement: [statement('four')],
    });
    await lambda.send(new L.DeleteResourcePolicyCommand({ ResourceArn: ARN }));
    await expect(lambda.send(new L.GetResourcePolicyCommand({ ResourceArn: ARN }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'The resource you requested does not exist.',
    });
  });

  test('stands on a version, too', async () => {
    await put([statement('one', `${ARN}:1`)], { ResourceArn: `${ARN}:1` });
    const ofVersion = await lambda.send(new L.GetPolicyCommand({ FunctionName, Qualifier: '1' }));
    expect(ofVersion.Policy).toContain(`"Resource":"${ARN}:1"`);
    await expect(lambda.send(new L.GetPolicyCommand({ FunctionName }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  test.each<[string, unknown, Partial<L.PutResourcePolicyCommandInput>, string]>([
    ['text that is no JSON', [], { Policy: '{oops' }, 'InvalidParameterValueException'],
    ['no statements', [], {}, 'InvalidParameterValueException'],
    ['half a statement', [{ Effect: 'Allow' }], {}, 'InvalidParameterValueException'],
    ['another resource', [statement('one', `${ARN}2`)], {}, 'InvalidParameterValueException'],
    ['one id twice', [statement('one'), statement('one')], {}, 'InvalidParameterValueException'],
    ['more than 20 KB', Array.from({ length: 90 }, (_, i) => statement(`s${i}`)), {}, 'PolicyLengthExceededException'],
    ['a function that is not there', [statement('one', `${ARN}2`)], { ResourceArn: `${ARN}2` }, 'ResourceNotFoundException'],
    ['a mere name', [statement('one')], { ResourceArn: 'fn' }, 'InvalidParameterValueException'],
  ])('refuses %s', async (_what, statements, more, name) => {
    await expect(put(statements, more)).rejects.toMatchObject({ name });
  });
});

describe('runtime updates', () => {
  const put = (input: Partial<L.PutRuntimeManagementConfigCommandInput>): Promise<L.PutRuntimeManagementConfigResponse> =>
    lambda.send(
      new L.PutRuntimeManagementConfigCommand({ FunctionName, UpdateRuntimeOn: 'Manual', ...input }),
    );
  const shown = async (Qualifier?: string): Promise<object> => {
    const { $metadata: _, ...config } = await lambda.send(
      new L.GetRuntimeManagementConfigCommand({ FunctionName, Qualifier }),
    );
    return config;
  };

  test('are set for each version by itself', async () => {
    const { RuntimeVersionConfig } = await lambda.send(new L.GetFunctionConfigurationCommand({ FunctionName }));
    const RuntimeVersionArn = RuntimeVersionConfig?.RuntimeVersionArn;
    expect(RuntimeVersionArn).toMatch(/^arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}$/);
    await put({ RuntimeVersionArn });
    await put({ UpdateRuntimeOn: 'FunctionUpdate', Qualifier: '1' });
    // AWS: the ARN is told with Manual only. <API reference, GetRuntimeManagementConfig>
    expect(await shown()).toEqual({
      UpdateRuntimeOn: 'Manual',
      RuntimeVersionArn,
      FunctionArn: `${ARN}:$LATEST`,
    });
    expect(await shown('1')).toEqual({ UpdateRuntimeOn: 'FunctionUpdate', FunctionArn: `${ARN}:1` });
    await put({ UpdateRuntimeOn: 'Auto' });
    expect(await shown()).toEqual({ UpdateRuntimeOn: 'Auto', FunctionArn: `${ARN}:$LATEST` });
  });

  test.each<[string, Partial<L.PutRuntimeManagementConfigCommandInput>, string]>([
    ['Manual without a version', {}, 'InvalidParameterValueException'],
    [
      'a version there is not',
      { RuntimeVersionArn: `arn:aws:lambda:us-east-1::runtime:${'0'.repeat(64)}` },
      'InvalidParameterValueException',
    ],
    [
      'a version without Manual',
      { UpdateRuntimeOn: 'Auto', RuntimeVersionArn: `arn:aws:lambda:us-east-1::runtime:${'0'.repeat(64)}` },
      'InvalidParameterValueException',
    ],
    ['an alias', { UpdateRuntimeOn: 'Auto', Qualifier: 'live' }, 'InvalidParameterValueException'],
    ['a version of the function that is not there', { UpdateRuntimeOn: 'Auto', Qualifier: '7' }, 'ResourceNotFoundException'],
  ])('refuse %s', async (_what, input, name) => {
    await expect(put(input)).rejects.toMatchObject({ name });
  });
});

describe('tags', () => {
  const tag = (Tags: Record<string, string>, Resource = ARN): Promise<unknown> =>
    lambda.send(new L.TagResourceCommand({ Resource, Tags }));

  test('move the revision of the function', async () => {
    const revision = async (): Promise<string | undefined> =>
      (await lambda.send(new L.GetFunctionConfigurationCommand({ FunctionName }))).RevisionId;
    const before = await revision();
    await tag({ a: '1' });
    expect(await revision()).not.toBe(before);
  });

  // Recorded: localstack test_lambda_api.py, TestLambdaTags::test_tag_exceptions, test_tag_limits.
  test.each<[string, Record<string, string>, string, string]>([
    ['none', {}, ARN, 'An error occurred and the request cannot be processed.'],
    [
      'more than fifty',
      Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`k${i}`, 'v'])),
      ARN,
      'Number of tags exceeds resource tag limit.',
    ],
    [
      'on a version',
      { a: '1' },
      `${ARN}:1`,
      'Tags on function aliases and versions are not supported. Please specify a function ARN.',
    ],
  ])('are refused: %s', async (_what, tags, resource, message) => {
    await expect(tag(tags, resource)).rejects.toMatchObject({ name: 'InvalidParameterValueException', message });
  });
});
