// Functions through the SDK: create, read, change, publish, aliases, permissions, tags, layers, settings.
import * as L from '@aws-sdk/client-lambda';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCloud, type TestCloud } from '../../testing/create-cloud.ts';
import { ROLE, createNodeFunction, moduleZip, zip } from './test-archive.ts';

let cloud: TestCloud;
let lambda: L.LambdaClient;

beforeEach(async () => {
  cloud = await createCloud();
  lambda = cloud.client(L.LambdaClient);
});
afterEach(async () => {
  // Functions' last lines reach the logs before the store closes.
  await cloud.settle();
  await cloud.close();
});

const ARN = 'arn:aws:lambda:us-east-1:000000000000:function';
const source = 'export const handler = async (event) => event;';

async function create(name = 'fn', settings: Partial<L.CreateFunctionCommandInput> = {}): Promise<void> {
  await createNodeFunction(lambda, name, { source, ...settings });
}

async function update(settings: Partial<L.UpdateFunctionConfigurationCommandInput>): Promise<void> {
  await lambda.send(new L.UpdateFunctionConfigurationCommand({ FunctionName: 'fn', ...settings }));
}

async function publish(name = 'fn'): Promise<string> {
  const { Version = '' } = await lambda.send(new L.PublishVersionCommand({ FunctionName: name }));
  return Version;
}

async function invokedVersion(qualifier: string): Promise<string | undefined> {
  const answer = await lambda.send(
    new L.InvokeCommand({ FunctionName: 'fn', Qualifier: qualifier, Payload: '{}' }),
  );
  return answer.ExecutedVersion;
}

describe('create and get', () => {
  test('prints what AWS prints of a new function', async () => {
    const code = await moduleZip(source);
    const sha256 = createHash('sha256').update(code).digest('base64');
    const answer = await lambda.send(
      new L.CreateFunctionCommand({
        FunctionName: 'fn',
        Role: ROLE,
        Runtime: 'nodejs22.x',
        Handler: 'index.handler',
        Code: { ZipFile: code },
        Environment: { Variables: {} },
        Tags: { team: 'core' },
      }),
    );
    // Members as recorded from AWS: localstack test_lambda_api.py::test_function_lifecycle.
    const { $metadata, RevisionId, LastModified, ...shown } = answer;
    expect($metadata.httpStatusCode).toBe(201);
    expect(LastModified).toBe(cloud.clock.now().toISOString().replace('Z', '+0000'));
    expect(shown).toEqual({
      Architectures: ['x86_64'],
      CodeSha256: sha256,
      CodeSize: code.length,
      Description: '',
      Environment: { Variables: {} },
      EphemeralStorage: { Size: 512 },
      FunctionArn: `${ARN}:fn`,
      FunctionName: 'fn',
      Handler: 'index.handler',
      LoggingConfig: { LogFormat: 'Text', LogGroup: '/aws/lambda/fn' },
      MemorySize: 128,
      PackageType: 'Zip',
      Role: ROLE,
      Runtime: 'nodejs22.x',
      SnapStart: { ApplyOn: 'None', OptimizationStatus: 'Off' },
      RuntimeVersionConfig: { RuntimeVersionArn: expect.stringMatching(/^arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}$/) },
      State: 'Pending',
      StateReason: 'The function is being created.',
      StateReasonCode: 'Creating',
      Timeout: 3,
      TracingConfig: { Mode: 'PassThrough' },
      Version: '$LATEST',
    });
    const got = await lambda.send(new L.GetFunctionCommand({ FunctionName: 'fn' }));
    const { StateReason: _reason, StateReasonCode: _code, ...settled } = shown;
    expect(got.Configuration).toEqual({
      ...settled,
      State: 'Active',
      LastUpdateStatus: 'Successful',
      RevisionId,
      LastModified,
    });
    expect(got.Tags).toEqual({ team: 'core' });
    expect(got.Code?.RepositoryType).toBe('S3');
    const download = await fetch(got.Code?.Location ?? '');
    expect(Buffer.from(await download.arrayBuffer()).equals(code)).toBe(true);
    const guess = (got.Code?.Location ?? '').replace(/sha256=.*/, 'sha256=guess');
    expect((await fetch(guess)).status).toBe(403);
  });

  test('takes code from S3, by version too, and says what S3 said', async () => {
    const s3 = cloud.client(S3Client);
    await s3.send(new CreateBucketCommand({ Bucket: 'code' }));
    await s3.send(new PutObjectCommand({ Bucket: 'code', Key: 'a.zip', Body: await moduleZip(source) }));
    await create('fn', { Code: { S3Bucket: 'code', S3Key: 'a.zip' } });
    expect(await invokedVersion('$LATEST')).toBe('$LATEST');
    // Recorded by moto and localstack from AWS.
    await expect(create('gone', { Code: { S3Bucket: 'code', S3Key: 'b.zip' } })).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message:
        'Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist.',
    });
    await expect(create('gone', { Code: { S3Bucket: 'none', S3Key: 'b.zip' } })).rejects.toMatchObject({
      message:
        'Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does not exist',
    });
  });

  test.each([
    ['name', 'fn', 'fn'],
    ['name and qualifier', 'fn:$LATEST', 'fn:$LATEST'],
    ['partial ARN', '000000000000:function:fn', 'fn'],
    ['partial ARN without the word', '000000000000:fn:1', 'fn:1'],
    ['ARN', `${ARN}:fn`, 'fn'],
    ['qualified ARN', `${ARN}:fn:1`, 'fn:1'],
  ])('finds a function by %s', async (_form, FunctionName, shown) => {
    await create('fn', { Publish: true });
    const got = await lambda.send(new L.GetFunctionCommand({ FunctionName }));
    expect(got.Configuration?.FunctionArn).toBe(`${ARN}:${shown}`);
  });

  test('refuses names that do not fit, contradict, or lie in another region', async () => {
    await create();
    const get = (FunctionName: string, Qualifier?: string): Promise<unknown> =>
      lambda.send(new L.GetFunctionCommand({ FunctionName, Qualifier }));
    await expect(get('a b')).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(
        /^1 validation error detected: Value 'a b' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: /,
      ),
    });
    // Recorded: localstack test_lambda_api.py::test_function_name_variations and siblings.
    await expect(get('fn:1', '2')).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message: 'The derived qualifier from the function name does not match the specified qualifier.',
    });
    await expect(get(`${ARN.replace('us-east-1', 'eu-west-1')}:fn`)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')",
      $metadata: { httpStatusCode: 404 },
    });
    await expect(get('none')).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: `Function not found: ${ARN}:none`,
      Type: 'User',
    });
    await expect(get('fn', 'live')).rejects.toMatchObject({ message: `Function not found: ${ARN}:fn:live` });
  });

  test.each<[string, Partial<L.CreateFunctionCommandInput>, string]>([
    ['an empty archive', { Code: { ZipFile: new Uint8Array(0) } }, 'Uploaded file must be a non-empty zip'],
    [
      'a broken archive',
      { Code: { ZipFile: Buffer.from('not a zip') } },
      'Could not unzip uploaded file. Please check your file, then try to upload again.',
    ],
    ['no code', { Code: {} }, 'Please provide a source for function code.'],
    [
      'two sources',
      { Code: { ZipFile: Buffer.from('x'), S3Bucket: 'bucket', S3Key: 'k' } },
      'Please do not provide other FunctionCode parameters when providing a ZipFile.',
    ],
    [
      'a reserved variable',
      { Environment: { Variables: { AWS_REGION: 'x' } } },
      'Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: AWS_REGION',
    ],
    [
      'too many variables',
      { Environment: { Variables: { LONG: 'x'.repeat(4_090) } } },
      `Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: {"LONG":"${'x'.repeat(4_090)}"}`,
    ],
    [
      'a layer that is not there',
      { Layers: ['arn:aws:lambda:us-east-1:000000000000:layer:none:1'] },
      'Layer version arn:aws:lambda:us-east-1:000000000000:layer:none:1 does not exist.',
    ],
    [
      'a layer of another region',
      { Layers: ['arn:aws:lambda:eu-west-1:000000000000:layer:none:1'] },
      'Layers are not in the same region as the function. Layers are expected to be in region us-east-1.',
    ],
    [
      'a dead letter target that takes no messages',
      { DeadLetterConfig: { TargetArn: 'arn:aws:s3:::bucket' } },
      'The provided dead letter config DeadLetterConfig(targetArn=arn:aws:s3:::bucket) is invalid.',
    ],
    [
      'log levels of plain text',
      { LoggingConfig: { LogFormat: 'Text', SystemLogLevel: 'DEBUG' } },
      // Recorded: aws/aws-cdk#28045, localstack provider.
      'LogLevel is not supported when LogFormat is set to "Text". Remove LogLevel from your request or change the LogFormat to "JSON" and try again.',
    ],
    [
      'SnapStart of a runtime without it',
      { SnapStart: { ApplyOn: 'PublishedVersions' } },
      // Recorded: localstack provider.
      'nodejs22.x is not supported for SnapStart enabled functions.',
    ],
  ])('refuses %s, and makes nothing', async (_what, settings, message) => {
    await expect(create('fn', settings)).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message,
      $metadata: { httpStatusCode: 400 },
    });
    const { Functions } = await lambda.send(new L.ListFunctionsCommand({}));
    expect(Functions).toEqual([]);
  });

  test('refuses an unknown runtime, an unknown role form and a second function of the name', async () => {
    // AWS's order of the values is its own; the frame of the message is recorded.
    await expect(create('fn', { Runtime: 'nodejs5.x' as L.Runtime })).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message: expect.stringMatching(
        /^Value nodejs5\.x at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: \[.*\] or be a valid ARN$/,
      ),
    });
    await expect(create('fn', { Role: 'worker' })).rejects.toMatchObject({ name: 'ValidationException' });
    await create();
    await expect(create()).rejects.toMatchObject({
      name: 'ResourceConflictException',
      message: 'Function already exist: fn',
      $metadata: { httpStatusCode: 409 },
    });
  });

  test('a direct upload is at most 50 MB', async () => {
    const large = new Uint8Array(52_428_801);
    await expect(create('fn', { Code: { ZipFile: large } })).rejects.toMatchObject({
      name: 'RequestEntityTooLargeException',
      message: 'Request must be smaller than 69905067 bytes for the CreateFunction operation',
      $metadata: { httpStatusCode: 413 },
    });
  });
});

describe('list and delete', () => {
  test('lists in pages, with all versions on request', async () => {
    for (const name of ['a', 'b', 'c']) await create(name, { Publish: true });
    const first = await lambda.send(new L.ListFunctionsCommand({ MaxItems: 2 }));
    expect(first.Functions?.map((each) => each.FunctionArn)).toEqual([`${ARN}:a`, `${ARN}:b`]);
    const second = await lambda.send(new L.ListFunctionsCommand({ Marker: first.NextMarker }));
    expect(second.Functions?.map((each) => each.FunctionName)).toEqual(['c']);
    expect(second.NextMarker).toBeUndefined();
    const all = await lambda.send(new L.ListFunctionsCommand({ FunctionVersion: 'ALL' }));
    expect(all.Functions?.map((each) => each.FunctionArn)).toContain(`${ARN}:b:1`);
    expect(all.Functions).toHaveLength(6);
    const elsewhere = cloud.client(L.LambdaClient, { region: 'eu-west-1' });
    expect((await elsewhere.send(new L.ListFunctionsCommand({}))).Functions).toEqual([]);
  });

  test('deletes a version, then the function with all that hangs on it', async () => {
    await create('fn', { Publish: true });
    const remove = (Qualifier?: string): Promise<L.DeleteFunctionCommandOutput> =>
      lambda.send(new L.DeleteFunctionCommand({ FunctionName: 'fn', Qualifier }));
    await lambda.send(new L.CreateAliasCommand({ FunctionName: 'fn', Name: 'live', FunctionVersion: '1' }));
    await expect(remove('1')).rejects.toMatchObject({ name: 'ResourceConflictException' });
    await expect(remove('$LATEST')).rejects.toMatchObject({
      message: '$LATEST version cannot be deleted without deleting the function.',
    });
    await lambda.send(new L.DeleteAliasCommand({ FunctionName: 'fn', Name: 'live' }));
    expect((await remove('1')).$metadata.httpStatusCode).toBe(204);
    await expect(invokedVersion('1')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await remove();
    await expect(remove()).rejects.toMatchObject({ message: `Function not found: ${ARN}:fn` });
    await create();
    expect(await publish()).toBe('1');
  });
});

describe('updates', () => {
  test('new code runs at once; a dry run and a stale revision change nothing', async () => {
    await create();
    const before = await lambda.send(new L.GetFunctionConfigurationCommand({ FunctionName: 'fn' }));
    const ZipFile = await moduleZip('export const handler = async () => "new";');
    const update = (input: Partial<L.UpdateFunctionCodeCommandInput>): Promise<L.FunctionConfiguration> =>
      lambda.send(new L.UpdateFunctionCodeCommand({ FunctionName: 'fn', ZipFile, ...input }));
    expect((await update({ DryRun: true })).CodeSha256).not.toBe(before.CodeSha256);
    await expect(update({ RevisionId: 'a1b2' })).rejects.toMatchObject({
      name: 'PreconditionFailedException',
      message:
        'The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id',
      $metadata: { httpStatusCode: 412 },
    });
    const same = await lambda.send(new L.GetFunctionConfigurationCommand({ FunctionName: 'fn' }));
    expect(same.RevisionId).toBe(before.RevisionId);
    await update({ RevisionId: before.RevisionId });
    const answer = await lambda.send(new L.InvokeCommand({ FunctionName: 'fn' }));
    expect(answer.Payload?.transformToString()).toBe('"new"');
    expect((await update({ Publish: true })).FunctionArn).toBe(`${ARN}:fn:1`);
  });

  test('settings not named stay; warm environments see the new ones', async () => {
    await create('fn', {
      source: 'export const handler = async () => process.env.COLOUR ?? null;',
      Timeout: 7,
      Environment: { Variables: { COLOUR: 'red' } },
    } as Partial<L.CreateFunctionCommandInput>);
    const colour = async (): Promise<string | undefined> =>
      (await lambda.send(new L.InvokeCommand({ FunctionName: 'fn' }))).Payload?.transformToString();
    expect(await colour()).toBe('"red"');
    await update({ Environment: { Variables: { COLOUR: 'blue' } } });
    expect(await colour()).toBe('"blue"');
    await update({ MemorySize: 256, Description: 'd' });
    expect(await colour()).toBe('"blue"');
    const config = await lambda.send(new L.GetFunctionConfigurationCommand({ FunctionName: 'fn' }));
    expect(config).toMatchObject({ Timeout: 7, MemorySize: 256, Description: 'd' });
    await update({ Environment: { Variables: {} } });
    expect(await colour()).toBe('null');
  });
});

describe('versions and aliases', () => {
  test('publishing numbers versions, and changes nothing when nothing changed', async () => {
    await create();
    expect([await publish(), await publish()]).toEqual(['1', '1']);
    await update({ Timeout: 5 });
    expect(await publish()).toBe('2');
    const one = await lambda.send(new L.GetFunctionCommand({ FunctionName: 'fn', Qualifier: '1' }));
    expect(one.Configuration).toMatchObject({ Timeout: 3, Version: '1', FunctionArn: `${ARN}:fn:1` });
    const page = await lambda.send(new L.ListVersionsByFunctionCommand({ FunctionName: 'fn', MaxItems: 2 }));
    expect(page.Versions?.map((each) => each.Version)).toEqual(['$LATEST', '1']);
    const rest = await lambda.send(
      new L.ListVersionsByFunctionCommand({ FunctionName: 'fn', Marker: page.NextMarker }),
    );
    expect(rest.Versions?.map((each) => each.Version)).toEqual(['2']);
    await expect(
      lambda.send(new L.PublishVersionCommand({ FunctionName: 'fn', CodeSha256: 'AAAA' })),
    ).rejects.toMatchObject({ message: expect.stringContaining('is different from current CodeSHA256 in $LATEST') });
  });

  test('an alias lives, points elsewhere, and is found by the versions it uses', async () => {
    await create('fn', { Publish: true });
    const made = await lambda.send(
      new L.CreateAliasCommand({ FunctionName: 'fn', Name: 'live', FunctionVersion: '1', Description: 'd' }),
    );
    expect(made).toMatchObject({ AliasArn: `${ARN}:fn:live`, FunctionVersion: '1', Description: 'd' });
    expect(made.$metadata.httpStatusCode).toBe(201);
    await expect(
      lambda.send(new L.CreateAliasCommand({ FunctionName: 'fn', Name: 'live', FunctionVersion: '1' })),
    ).rejects.toMatchObject({
      name: 'ResourceConflictException',
      message: `Alias already exists: ${ARN}:fn:live`,
    });
    await expect(
      lambda.send(new L.CreateAliasCommand({ FunctionName: 'fn', Name: 'x', FunctionVersion: '9' })),
    ).rejects.toMatchObject({ message: `Function not found: ${ARN}:fn:9` });
    await expect(
      lambda.send(new L.GetAliasCommand({ FunctionName: 'fn', Name: 'x' })),
    ).rejects.toMatchObject({ message: `Cannot find alias arn: ${ARN}:fn:x` });
    await update({ Timeout: 5 });
    await publish();
    await lambda.send(new L.UpdateAliasCommand({ FunctionName: 'fn', Name: 'live', FunctionVersion: '2' }));
    expect(await invokedVersion('live')).toBe('2');
    const listed = async (FunctionVersion: string): Promise<unknown> =>
      (await lambda.send(new L.ListAliasesCommand({ FunctionName: 'fn', FunctionVersion }))).Aliases?.length;
    expect([await listed('1'), await listed('2')]).toEqual([0, 1]);
  });

  test('a weighted alias shares traffic, the same way for the same seed', async () => {
    const runs: string[] = [];
    for (let run = 0; run < 2; run++) {
      await using seeded = await createCloud({ seed: 7 });
      const client = seeded.client(L.LambdaClient);
      await createNodeFunction(client, 'fn', { source, Publish: true });
      await client.send(new L.UpdateFunctionConfigurationCommand({ FunctionName: 'fn', Timeout: 5 }));
      await client.send(new L.PublishVersionCommand({ FunctionName: 'fn' }));
      await client.send(
        new L.CreateAliasCommand({
          FunctionName: 'fn',
          Name: 'live',
          FunctionVersion: '1',
          RoutingConfig: { AdditionalVersionWeights: { 2: 0.3 } },
        }),
      );
      let versions = '';
      for (let i = 0; i < 40; i++) {
        const input = { FunctionName: 'fn', Qualifier: 'live', InvocationType: 'RequestResponse' } as const;
        versions += (await client.send(new L.InvokeCommand(input))).ExecutedVersion;
      }
      runs.push(versions);
    }
    expect(runs[0]).toBe(runs[1]);
    const second = (runs[0] ?? '').replaceAll('1', '').length;
    expect(second).toBeGreaterThan(3);
    expect(second).toBeLessThan(25);
  });

  test.each([
    [{ 1: 0.5 }, '1', 'Invalid function version 1. Function version 1 is already included in routing configuration.'],
    [{ 1: 0.5 }, '$LATEST', '$LATEST is not supported for an alias pointing to more than 1 version'],
    [{ 1: 0.2, 2: 0.2 }, '1', 'Number of items in AdditionalVersionWeights cannot be greater than 1'],
  ])('refuses the routing %j beside %s', async (weights, FunctionVersion, message) => {
    await create('fn', { Publish: true });
    const command = new L.CreateAliasCommand({
      FunctionName: 'fn',
      Name: 'live',
      FunctionVersion,
      RoutingConfig: { AdditionalVersionWeights: weights },
    });
    await expect(lambda.send(command)).rejects.toMatchObject({ message });
  });
});

describe('permissions', () => {
  const add = (input: Partial<L.AddPermissionCommandInput> = {}): Promise<L.AddPermissionCommandOutput> =>
    lambda.send(
      new L.AddPermissionCommand({
        FunctionName: 'fn',
        StatementId: 's1',
        Action: 'lambda:InvokeFunction',
        Principal: 's3.amazonaws.com',
        ...input,
      }),
    );

  test('print as AWS prints them and move the revision of the function', async () => {
    await create();
    const before = await lambda.send(new L.GetFunctionConfigurationCommand({ FunctionName: 'fn' }));
    const { Statement } = await add({ SourceArn: 'arn:aws:s3:::b', SourceAccount: '111111111111' });
    // Recorded: localstack test_lambda_api.py::test_permission_lifecycle.
    expect(JSON.parse(Statement ?? '')).toEqual({
      Sid: 's1',
      Effect: 'Allow',
      Principal: { Service: 's3.amazonaws.com' },
      Action: 'lambda:InvokeFunction',
      Resource: `${ARN}:fn`,
      Condition: {
        StringEquals: { 'AWS:SourceAccount': '111111111111' },
        ArnLike: { 'AWS:SourceArn': 'arn:aws:s3:::b' },
      },
    });
    await add({ StatementId: 's2', Principal: '222222222222' });
    const policy = await lambda.send(new L.GetPolicyCommand({ FunctionName: 'fn' }));
    const document = JSON.parse(policy.Policy ?? '') as { Statement: { Principal: unknown }[] };
    expect(document).toMatchObject({ Version: '2012-10-17', Id: 'default' });
    expect(document.Statement[1]?.Principal).toEqual({ AWS: 'arn:aws:iam::222222222222:root' });
    const after = await lambda.send(new L.GetFunctionConfigurationCommand({ FunctionName: 'fn' }));
    expect(policy.RevisionId).toBe(after.RevisionId);
    expect(after.RevisionId).not.toBe(before.RevisionId);
    await expect(add({ StatementId: 's3', RevisionId: before.RevisionId })).rejects.toMatchObject({
      name: 'PreconditionFailedException',
    });
  });

  test('are refused and removed with the messages of AWS', async () => {
    await create();
    const remove = (StatementId: string): Promise<unknown> =>
      lambda.send(new L.RemovePermissionCommand({ FunctionName: 'fn', StatementId }));
    const get = (): Promise<unknown> => lambda.send(new L.GetPolicyCommand({ FunctionName: 'fn' }));
    await expect(get()).rejects.toMatchObject({ message: 'The resource you requested does not exist.' });
    await expect(remove('s1')).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'No policy is associated with the given resource.',
    });
    await expect(add({ Qualifier: '$LATEST' })).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message: 'We currently do not support adding policies for $LATEST.',
    });
    await add();
    await expect(add()).rejects.toMatchObject({
      name: 'ResourceConflictException',
      message:
        'The statement id (s1) provided already exists. Please provide a new statement id, or remove the existing statement.',
    });
    await expect(remove('s2')).rejects.toMatchObject({
      message: 'Statement s2 is not found in resource policy.',
    });
    await remove('s1');
    await expect(get()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  test('fill 20 KB at most', async () => {
    await create();
    const SourceArn = `arn:aws:s3:::${'b'.repeat(3_000)}`;
    for (let i = 0; i < 6; i++) await add({ StatementId: `s${i}`, SourceArn });
    await expect(add({ StatementId: 's6', SourceArn })).rejects.toMatchObject({
      name: 'PolicyLengthExceededException',
      message: expect.stringMatching(/^The final policy size \(\d+\) is bigger than the limit \(20480\)\.$/),
    });
  });
});

describe('tags, layers, settings', () => {
  test('tags are added, overwritten and removed', async () => {
    await create('fn', { Tags: { a: '1', b: '2' } });
    const Resource = `${ARN}:fn`;
    await lambda.send(new L.TagResourceCommand({ Resource, Tags: { b: '3', c: '4' } }));
    await lambda.send(new L.UntagResourceCommand({ Resource, TagKeys: ['a'] }));
    expect((await lambda.send(new L.ListTagsCommand({ Resource }))).Tags).toEqual({ b: '3', c: '4' });
    await expect(
      lambda.send(new L.ListTagsCommand({ Resource: `${ARN}:none` })),
    ).rejects.toMatchObject({ message: `Function not found: ${ARN}:none` });
  });

  test('a layer is found at /opt, stays with its users when deleted, and lists by runtime', async () => {
    const publishLayer = async (content: string): Promise<string> => {
      const { LayerVersionArn = '' } = await lambda.send(
        new L.PublishLayerVersionCommand({
          LayerName: 'shared',
          Content: {
            ZipFile: await zip({ 'nodejs/node_modules/shared-dep/index.js': `module.exports = '${content}'` }),
          },
          CompatibleRuntimes: ['nodejs22.x'],
        }),
      );
      return LayerVersionArn;
    };
    const [one, two] = [await publishLayer('one'), await publishLayer('two')];
    expect(two).toBe('arn:aws:lambda:us-east-1:000000000000:layer:shared:2');
    await create('fn', {
      source: "import dep from 'shared-dep'; export const handler = async () => dep;",
      Layers: [two],
    } as Partial<L.CreateFunctionCommandInput>);
    await expect(update({ Layers: [one, two] })).rejects.toMatchObject({
      message: `Two different versions of the same layer are not allowed to be referenced in the same function. ${one} and ${two} are versions of the same layer.`,
    });
    await lambda.send(new L.DeleteLayerVersionCommand({ LayerName: 'shared', VersionNumber: 2 }));
    for (const VersionNumber of [Number.NaN, Number.POSITIVE_INFINITY]) {
      await lambda.send(new L.DeleteLayerVersionCommand({ LayerName: 'shared', VersionNumber }));
      await expect(
        lambda.send(new L.GetLayerVersionCommand({ LayerName: 'shared', VersionNumber })),
      ).rejects.toMatchObject({ name: 'InvalidParameterValueException' });
    }
    await cloud.clock.advance('10m');
    // The archive of a deleted layer version stays for as long as a function uses it.
    const answer = await lambda.send(new L.InvokeCommand({ FunctionName: 'fn' }));
    expect(answer.Payload?.transformToString()).toBe('"two"');
    const config = await lambda.send(new L.GetFunctionConfigurationCommand({ FunctionName: 'fn' }));
    expect(config.Layers).toEqual([{ Arn: two, CodeSize: expect.any(Number) }]);
    await expect(
      lambda.send(new L.GetLayerVersionCommand({ LayerName: 'shared', VersionNumber: 2 })),
    ).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'The resource you requested does not exist.',
    });
    const listed = await lambda.send(new L.ListLayersCommand({ CompatibleRuntime: 'nodejs22.x' }));
    expect(listed.Layers?.map((each) => each.LatestMatchingVersion?.LayerVersionArn)).toEqual([one]);
    expect((await lambda.send(new L.ListLayersCommand({ CompatibleRuntime: 'java21' }))).Layers).toEqual([]);
    expect((await lambda.send(new L.GetLayerVersionByArnCommand({ Arn: one }))).Version).toBe(1);
  });

  test('concurrency is reserved from the pool of the account', async () => {
    await create();
    const reserve = (n: number): Promise<unknown> =>
      lambda.send(
        new L.PutFunctionConcurrencyCommand({ FunctionName: 'fn', ReservedConcurrentExecutions: n }),
      );
    await expect(reserve(901)).rejects.toMatchObject({
      message:
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].",
    });
    await reserve(900);
    const account = await lambda.send(new L.GetAccountSettingsCommand({}));
    expect(account.AccountLimit?.UnreservedConcurrentExecutions).toBe(100);
    expect(account.AccountUsage?.FunctionCount).toBe(1);
    const got = await lambda.send(new L.GetFunctionCommand({ FunctionName: 'fn' }));
    expect(got.Concurrency).toEqual({ ReservedConcurrentExecutions: 900 });
    await lambda.send(new L.DeleteFunctionConcurrencyCommand({ FunctionName: 'fn' }));
    const none = await lambda.send(new L.GetFunctionConcurrencyCommand({ FunctionName: 'fn' }));
    expect(none.ReservedConcurrentExecutions).toBeUndefined();
  });

  test('loops are stopped unless they are allowed', async () => {
    await create();
    const FunctionName = 'fn';
    const read = async (): Promise<string | undefined> =>
      (await lambda.send(new L.GetFunctionRecursionConfigCommand({ FunctionName }))).RecursiveLoop;
    // AWS: the default. <API reference, GetFunctionRecursionConfig>
    expect(await read()).toBe('Terminate');
    for (const RecursiveLoop of ['Allow', 'Terminate'] as const) {
      const put = await lambda.send(new L.PutFunctionRecursionConfigCommand({ FunctionName, RecursiveLoop }));
      expect([put.RecursiveLoop, await read()]).toEqual([RecursiveLoop, RecursiveLoop]);
    }
    const absent = new L.GetFunctionRecursionConfigCommand({ FunctionName: 'absent' });
    await expect(lambda.send(absent)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  test('logging settings: parts change, levels come and go with JSON', async () => {
    await create();
    const change = async (LoggingConfig: L.LoggingConfig): Promise<L.LoggingConfig | undefined> => {
      const input = { FunctionName: 'fn', LoggingConfig };
      await lambda.send(new L.UpdateFunctionConfigurationCommand(input));
      const got = await lambda.send(new L.GetFunctionConfigurationCommand({ FunctionName: 'fn' }));
      return got.LoggingConfig;
    };
    // Recorded: localstack test_advanced_logging_configuration_format_switch and _partial_….
    expect(await change({ LogFormat: 'JSON' })).toEqual({
      LogFormat: 'JSON',
      ApplicationLogLevel: 'INFO',
      SystemLogLevel: 'INFO',
      LogGroup: '/aws/lambda/fn',
    });
    expect(await change({ SystemLogLevel: 'DEBUG', LogGroup: '/own' })).toEqual({
      LogFormat: 'JSON',
      ApplicationLogLevel: 'INFO',
      SystemLogLevel: 'DEBUG',
      LogGroup: '/own',
    });
    expect(await change({ LogFormat: 'Text' })).toEqual({ LogFormat: 'Text', LogGroup: '/own' });
    await expect(change({ ApplicationLogLevel: 'WARN' })).rejects.toMatchObject({
      message: expect.stringContaining('LogLevel is not supported when LogFormat is set to "Text".') as string,
    });
  });

  test('states: what begins says so, the waiters of the SDK see its end', async () => {
    await create();
    const waiting = { client: lambda, maxWaitTime: 10 };
    await L.waitUntilFunctionActiveV2(waiting, { FunctionName: 'fn' });
    const updated = await lambda.send(
      new L.UpdateFunctionConfigurationCommand({ FunctionName: 'fn', Timeout: 5 }),
    );
    // Recorded: localstack test_lambda_api.snapshot.json, update responses.
    expect(updated).toMatchObject({
      State: 'Active',
      LastUpdateStatus: 'InProgress',
      LastUpdateStatusReason: 'The function is being updated.',
      LastUpdateStatusReasonCode: 'Creating',
    });
    await L.waitUntilFunctionUpdatedV2(waiting, { FunctionName: 'fn' });
    const first = await lambda.send(new L.PublishVersionCommand({ FunctionName: 'fn' }));
    expect(first).toMatchObject({ Version: '1', State: 'Pending', StateReasonCode: 'Creating' });
    await L.waitUntilPublishedVersionActive(waiting, { FunctionName: 'fn', Qualifier: '1' });
    // Nothing changed: the version that is there, as it is.
    const again = await lambda.send(new L.PublishVersionCommand({ FunctionName: 'fn' }));
    expect(again).toMatchObject({ Version: '1', State: 'Active', LastUpdateStatus: 'Successful' });
  });

  test('event invoke configs: put replaces, update merges, list pages', async () => {
    await create('fn', { Publish: true });
    const put = (input: Partial<L.PutFunctionEventInvokeConfigCommandInput>): Promise<unknown> =>
      lambda.send(new L.PutFunctionEventInvokeConfigCommand({ FunctionName: 'fn', ...input }));
    // Messages recorded: localstack test_lambda_api.py::TestLambdaEventInvokeConfig.
    await expect(put({})).rejects.toMatchObject({
      message: 'You must specify at least one of error handling or destination setting.',
    });
    await expect(put({ FunctionName: 'none', MaximumRetryAttempts: 0 })).rejects.toMatchObject({
      message: "The function doesn't exist.",
    });
    await expect(put({ DestinationConfig: { OnSuccess: { Destination: `${ARN}:fn` } } })).rejects.toMatchObject({
      message: "You can't specify the function as a destination for itself.",
    });
    await expect(
      put({ DestinationConfig: { OnSuccess: { Destination: 'arn:aws:s3:::b' } } }),
    ).rejects.toMatchObject({
      message:
        'The provided destination config DestinationConfig(onSuccess=OnSuccess(destination=arn:aws:s3:::b), onFailure=null) is invalid.',
    });
    await put({ MaximumRetryAttempts: 1, MaximumEventAgeInSeconds: 100 });
    await lambda.send(
      new L.UpdateFunctionEventInvokeConfigCommand({ FunctionName: 'fn', MaximumRetryAttempts: 0 }),
    );
    const get = new L.GetFunctionEventInvokeConfigCommand({ FunctionName: 'fn' });
    expect(await lambda.send(get)).toMatchObject({
      FunctionArn: `${ARN}:fn:$LATEST`,
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 100,
      DestinationConfig: { OnSuccess: {}, OnFailure: {} },
    });
    await put({ Qualifier: '1', MaximumRetryAttempts: 2 });
    const page = await lambda.send(
      new L.ListFunctionEventInvokeConfigsCommand({ FunctionName: 'fn', MaxItems: 1 }),
    );
    expect(page.FunctionEventInvokeConfigs).toHaveLength(1);
    expect(page.NextMarker).toBeDefined();
    await lambda.send(new L.DeleteFunctionEventInvokeConfigCommand({ FunctionName: 'fn' }));
    await expect(lambda.send(get)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: `The function ${ARN}:fn:$LATEST doesn't have an EventInvokeConfig`,
    });
  });
});
