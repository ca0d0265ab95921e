// Code signing configurations: their life, whom they bind, and what they refuse.
import * as L from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCloud, type TestCloud } from '../../testing/create-cloud.ts';
import { createNodeFunction, moduleZip, zip } from './test-archive.ts';

let cloud: TestCloud;
let lambda: L.LambdaClient;

beforeEach(async () => {
  cloud = await createCloud();
  lambda = cloud.client(L.LambdaClient);
});
afterEach(async () => {
  await cloud.settle();
  await cloud.close();
});

const PUBLISHER = 'arn:aws:signer:us-east-1:000000000000:/signing-profiles/team/abcdef';
const NO_SUCH = 'arn:aws:lambda:us-east-1:000000000000:code-signing-config:csc-0123456789abcdef0';
const FUNCTION_ARN = 'arn:aws:lambda:us-east-1:000000000000:function:fn';
const source = 'export const handler = async () => 1;';

async function createConfig(
  policy?: L.CodeSigningPolicy,
  more: Partial<L.CreateCodeSigningConfigCommandInput> = {},
): Promise<string> {
  const { CodeSigningConfig } = await lambda.send(
    new L.CreateCodeSigningConfigCommand({
      AllowedPublishers: { SigningProfileVersionArns: [PUBLISHER] },
      ...(policy && { CodeSigningPolicies: { UntrustedArtifactOnDeployment: policy } }),
      ...more,
    }),
  );
  return CodeSigningConfig?.CodeSigningConfigArn ?? '';
}

async function users(CodeSigningConfigArn: string): Promise<string[] | undefined> {
  const listed = await lambda.send(new L.ListFunctionsByCodeSigningConfigCommand({ CodeSigningConfigArn }));
  return listed.FunctionArns;
}

async function attach(arn: string): Promise<void> {
  const input = { FunctionName: 'fn', CodeSigningConfigArn: arn };
  expect(await lambda.send(new L.PutFunctionCodeSigningConfigCommand(input))).toMatchObject(input);
}

describe('configurations', () => {
  test('are made, shown, changed in part, listed in pages and removed', async () => {
    const CodeSigningConfigArn = await createConfig(undefined, { Description: 'first' });
    // <Lambda API model: CodeSigningConfigArn, CodeSigningConfigId; API reference: the policy is Warn by default>
    expect(CodeSigningConfigArn).toMatch(
      /^arn:aws:lambda:us-east-1:000000000000:code-signing-config:csc-[a-z0-9]{17}$/,
    );
    const get = async (): Promise<L.CodeSigningConfig | undefined> =>
      (await lambda.send(new L.GetCodeSigningConfigCommand({ CodeSigningConfigArn }))).CodeSigningConfig;
    expect(await get()).toEqual({
      CodeSigningConfigArn,
      CodeSigningConfigId: CodeSigningConfigArn.split(':').at(-1),
      Description: 'first',
      AllowedPublishers: { SigningProfileVersionArns: [PUBLISHER] },
      CodeSigningPolicies: { UntrustedArtifactOnDeployment: 'Warn' },
      LastModified: cloud.clock.now().toISOString().replace('Z', '+0000'),
    });
    await cloud.clock.advance('1m');
    const CodeSigningPolicies = { UntrustedArtifactOnDeployment: 'Enforce' } as const;
    await lambda.send(new L.UpdateCodeSigningConfigCommand({ CodeSigningConfigArn, CodeSigningPolicies }));
    expect(await get()).toMatchObject({
      Description: 'first',
      AllowedPublishers: { SigningProfileVersionArns: [PUBLISHER] },
      CodeSigningPolicies,
      LastModified: cloud.clock.now().toISOString().replace('Z', '+0000'),
    });
    await createConfig();
    const page = await lambda.send(new L.ListCodeSigningConfigsCommand({ MaxItems: 1 }));
    const rest = await lambda.send(new L.ListCodeSigningConfigsCommand({ Marker: page.NextMarker }));
    expect([page.CodeSigningConfigs?.length, rest.CodeSigningConfigs?.length]).toEqual([1, 1]);
    await lambda.send(new L.DeleteCodeSigningConfigCommand({ CodeSigningConfigArn }));
    expect((await lambda.send(new L.ListCodeSigningConfigsCommand({}))).CodeSigningConfigs).toHaveLength(1);
  });

  // Recorded: localstack test_lambda_api.py, TestCodeSigningConfig::test_code_signing_not_found_excs.
  test.each([
    ['get', new L.GetCodeSigningConfigCommand({ CodeSigningConfigArn: NO_SUCH })],
    ['update', new L.UpdateCodeSigningConfigCommand({ CodeSigningConfigArn: NO_SUCH })],
    ['delete', new L.DeleteCodeSigningConfigCommand({ CodeSigningConfigArn: NO_SUCH })],
    ['list functions of', new L.ListFunctionsByCodeSigningConfigCommand({ CodeSigningConfigArn: NO_SUCH })],
  ])('refuses to %s one that is not there', async (_what, command) => {
    await expect(lambda.send(command as L.GetCodeSigningConfigCommand)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: `The Lambda code signing configuration ${NO_SUCH} can not be found.`,
    });
  });

  test('carry tags', async () => {
    const Resource = await createConfig(undefined, { Tags: { a: '1' } });
    await lambda.send(new L.TagResourceCommand({ Resource, Tags: { b: '2' } }));
    await lambda.send(new L.UntagResourceCommand({ Resource, TagKeys: ['a'] }));
    expect((await lambda.send(new L.ListTagsCommand({ Resource }))).Tags).toEqual({ b: '2' });
    await expect(lambda.send(new L.ListTagsCommand({ Resource: NO_SUCH }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });
});

describe('functions', () => {
  test('take one, show it, are listed by it, and let it go', async () => {
    const [one, two] = [await createConfig(), await createConfig()];
    await createNodeFunction(lambda, 'fn', { source, CodeSigningConfigArn: one });
    const shown = async (): Promise<string | undefined> =>
      (await lambda.send(new L.GetFunctionCodeSigningConfigCommand({ FunctionName: 'fn' }))).CodeSigningConfigArn;
    expect([await shown(), await users(one)]).toEqual([one, [FUNCTION_ARN]]);
    await attach(two);
    expect([await shown(), await users(one), await users(two)]).toEqual([two, [], [FUNCTION_ARN]]);
    await expect(
      lambda.send(new L.DeleteCodeSigningConfigCommand({ CodeSigningConfigArn: two })),
    ).rejects.toMatchObject({ name: 'ResourceConflictException' });
    await lambda.send(new L.DeleteFunctionCodeSigningConfigCommand({ FunctionName: 'fn' }));
    expect([await shown(), await users(two)]).toEqual([undefined, []]);
    await lambda.send(new L.DeleteCodeSigningConfigCommand({ CodeSigningConfigArn: two }));
  });

  test('refuse what is not there', async () => {
    // Recorded: localstack test_lambda_api.py, TestCodeSigningConfig::test_code_signing_not_found_excs.
    const absent = {
      name: 'CodeSigningConfigNotFoundException',
      message: `The code signing configuration cannot be found. Check that the provided configuration is not deleted: ${NO_SUCH}.`,
    };
    await expect(
      createNodeFunction(lambda, 'fn', { source, CodeSigningConfigArn: NO_SUCH }),
    ).rejects.toMatchObject(absent);
    await createNodeFunction(lambda, 'fn', { source });
    await expect(attach(NO_SUCH)).rejects.toMatchObject(absent);
    const missing = { name: 'ResourceNotFoundException', message: `Function not found: ${FUNCTION_ARN}2` };
    const FunctionName = 'fn2';
    const CodeSigningConfigArn = await createConfig();
    for (const command of [
      new L.PutFunctionCodeSigningConfigCommand({ FunctionName, CodeSigningConfigArn }),
      new L.GetFunctionCodeSigningConfigCommand({ FunctionName }),
      new L.DeleteFunctionCodeSigningConfigCommand({ FunctionName }),
    ]) {
      await expect(lambda.send(command as L.GetFunctionCodeSigningConfigCommand)).rejects.toMatchObject(missing);
    }
  });

  test('Warn deploys what nobody signed, Enforce refuses it: code, layers, new functions', async () => {
    const [warn, enforce] = [await createConfig('Warn'), await createConfig('Enforce')];
    await createNodeFunction(lambda, 'fn', { source, CodeSigningConfigArn: warn });
    const ZipFile = await moduleZip('export const handler = async () => 2;');
    const deploy = (): Promise<unknown> =>
      lambda.send(new L.UpdateFunctionCodeCommand({ FunctionName: 'fn', ZipFile }));
    await deploy();
    const { LayerVersionArn = '' } = await lambda.send(
      new L.PublishLayerVersionCommand({ LayerName: 'l', Content: { ZipFile: await zip({ a: 'a' }) } }),
    );
    await attach(enforce);
    // Recorded by users of AWS Signer: "Check the provided signature for arn:aws:lambda:…".
    const untrusted = (name: string): object => ({
      name: 'CodeVerificationFailedException',
      message: `Lambda cannot deploy the function. The function or layer might be signed using a signature that the client is not configured to accept. Check the provided signature for arn:aws:lambda:us-east-1:000000000000:function:${name}.`,
    });
    await expect(deploy()).rejects.toMatchObject(untrusted('fn'));
    const configure = (input: object): Promise<unknown> =>
      lambda.send(new L.UpdateFunctionConfigurationCommand({ FunctionName: 'fn', ...input }));
    await expect(configure({ Layers: [LayerVersionArn] })).rejects.toMatchObject(untrusted('fn'));
    await configure({ Timeout: 9 });
    await expect(
      createNodeFunction(lambda, 'new', { source, CodeSigningConfigArn: enforce }),
    ).rejects.toMatchObject(untrusted('new'));
    // What runs already goes on running.
    const answer = await lambda.send(new L.InvokeCommand({ FunctionName: 'fn' }));
    expect(answer.Payload?.transformToString()).toBe('2');
  });
});
