// Layer versions beyond their use by functions: names and ARNs, archives, permissions, listings.
import * as L from '@aws-sdk/client-lambda';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCloud, type TestCloud } from '../../testing/create-cloud.ts';
import { createNodeFunction, zip } from './test-archive.ts';

let cloud: TestCloud;
let lambda: L.LambdaClient;
let stranger: L.LambdaClient;

beforeEach(async () => {
  cloud = await createCloud();
  lambda = cloud.client(L.LambdaClient);
  stranger = cloud.client(L.LambdaClient, { account: '111122223333' });
});
afterEach(() => cloud.close());

const LAYER = 'arn:aws:lambda:us-east-1:000000000000:layer:shared';

async function publish(input: Partial<L.PublishLayerVersionCommandInput> = {}): Promise<string> {
  const Content = { ZipFile: await zip({ 'a.txt': 'a' }) };
  const { LayerVersionArn = '' } = await lambda.send(
    new L.PublishLayerVersionCommand({ LayerName: 'shared', Content, ...input }),
  );
  return LayerVersionArn;
}

function permit(input: Partial<L.AddLayerVersionPermissionCommandInput> = {}): Promise<L.AddLayerVersionPermissionResponse> {
  return lambda.send(
    new L.AddLayerVersionPermissionCommand({
      LayerName: 'shared',
      VersionNumber: 1,
      StatementId: 's1',
      Action: 'lambda:GetLayerVersion',
      Principal: '111122223333',
      ...input,
    }),
  );
}

describe('versions', () => {
  test('are found by name and by ARN, and their archive can be fetched', async () => {
    const archive = await zip({ 'a.txt': 'a' });
    const made = await lambda.send(
      new L.PublishLayerVersionCommand({
        LayerName: 'shared',
        Content: { ZipFile: archive },
        Description: 'd',
        LicenseInfo: 'MIT',
        CompatibleRuntimes: ['nodejs22.x'],
        CompatibleArchitectures: ['arm64'],
      }),
    );
    const { $metadata, ...shown } = made;
    expect($metadata.httpStatusCode).toBe(201);
    // Members as recorded from AWS: localstack test_lambda_api.py, TestLambdaLayer::test_layer_lifecycle.
    expect(shown).toEqual({
      Content: {
        Location: expect.any(String),
        CodeSha256: createHash('sha256').update(archive).digest('base64'),
        CodeSize: archive.length,
      },
      LayerArn: LAYER,
      LayerVersionArn: `${LAYER}:1`,
      Description: 'd',
      CreatedDate: cloud.clock.now().toISOString().replace('Z', '+0000'),
      Version: 1,
      LicenseInfo: 'MIT',
      CompatibleRuntimes: ['nodejs22.x'],
      CompatibleArchitectures: ['arm64'],
    });
    for (const command of [
      new L.GetLayerVersionCommand({ LayerName: 'shared', VersionNumber: 1 }),
      new L.GetLayerVersionCommand({ LayerName: LAYER, VersionNumber: 1 }),
      new L.GetLayerVersionByArnCommand({ Arn: `${LAYER}:1` }),
    ]) {
      const { $metadata: _, ...got } = await lambda.send(command as L.GetLayerVersionCommand);
      expect(got).toEqual(shown);
    }
    const fetched = await fetch(made.Content?.Location ?? '');
    expect(Buffer.from(await fetched.arrayBuffer()).equals(archive)).toBe(true);
    const guessed = (made.Content?.Location ?? '').replace(/sha256=.*/, 'sha256=guess');
    expect((await fetch(guessed)).status).toBe(403);
  });

  test('list by runtime and architecture, newest first; a layer shows its newest that matches', async () => {
    await publish({ CompatibleRuntimes: ['nodejs22.x'], CompatibleArchitectures: ['x86_64'] });
    await publish({ CompatibleRuntimes: ['python3.12'], CompatibleArchitectures: ['arm64'] });
    await publish({ LayerName: 'other' });
    const versions = async (input: Partial<L.ListLayerVersionsCommandInput>): Promise<unknown[]> => {
      const { LayerVersions = [] } = await lambda.send(
        new L.ListLayerVersionsCommand({ LayerName: 'shared', ...input }),
      );
      return LayerVersions.map(({ Version }) => Version);
    };
    expect(await versions({})).toEqual([2, 1]);
    expect(await versions({ LayerName: LAYER, CompatibleRuntime: 'nodejs22.x' })).toEqual([1]);
    expect(await versions({ CompatibleArchitecture: 'arm64' })).toEqual([2]);
    expect(await versions({ CompatibleArchitecture: 'arm64', CompatibleRuntime: 'nodejs22.x' })).toEqual([]);
    const layers = async (input: L.ListLayersCommandInput): Promise<unknown[]> => {
      const { Layers = [] } = await lambda.send(new L.ListLayersCommand(input));
      return Layers.map((each) => [each.LayerName, each.LatestMatchingVersion?.Version]);
    };
    expect(await layers({})).toEqual([['other', 1], ['shared', 2]]);
    expect(await layers({ CompatibleRuntime: 'nodejs22.x' })).toEqual([['shared', 1]]);
    expect(await layers({ CompatibleArchitecture: 'arm64' })).toEqual([['shared', 2]]);
    const page = await lambda.send(new L.ListLayersCommand({ MaxItems: 1 }));
    const rest = await lambda.send(new L.ListLayersCommand({ Marker: page.NextMarker }));
    expect(rest.Layers?.map((each) => each.LayerName)).toEqual(['shared']);
  });

  // Recorded: localstack test_lambda_api.py, TestLambdaLayer::test_layer_exceptions.
  test.each<[string, () => Promise<unknown>, object]>([
    [
      'a version below one',
      () => lambda.send(new L.GetLayerVersionCommand({ LayerName: 'shared', VersionNumber: 0 })),
      { name: 'InvalidParameterValueException', message: 'Layer Version Cannot be less than 1' },
    ],
    [
      'deleting a version below one',
      () => lambda.send(new L.DeleteLayerVersionCommand({ LayerName: 'shared', VersionNumber: -1 })),
      { name: 'InvalidParameterValueException', message: 'Layer Version Cannot be less than 1' },
    ],
    [
      'a version that is not there',
      () => lambda.send(new L.GetLayerVersionCommand({ LayerName: 'shared', VersionNumber: 9 })),
      { name: 'ResourceNotFoundException', message: 'The resource you requested does not exist.' },
    ],
    [
      'an ARN without a version',
      () => lambda.send(new L.GetLayerVersionByArnCommand({ Arn: LAYER })),
      {
        name: 'ValidationException',
        message: expect.stringContaining(
          `1 validation error detected: Value '${LAYER}' at 'arn' failed to satisfy constraint: Member must satisfy regular expression pattern: `,
        ),
      },
    ],
    [
      'an archive that is none',
      () => publish({ Content: { ZipFile: Buffer.from('no zip') } }),
      {
        name: 'InvalidParameterValueException',
        message: 'Could not unzip uploaded file. Please check your file, then try to upload again.',
      },
    ],
  ])('refuse %s', async (_what, act, error) => {
    await publish();
    await expect(act()).rejects.toMatchObject(error);
  });
});

describe('permissions', () => {
  test('are added, shown and removed', async () => {
    const arn = await publish();
    const first = await permit();
    // <API reference, AddLayerVersionPermission, example>
    const statement = {
      Sid: 's1',
      Effect: 'Allow',
      Principal: { AWS: 'arn:aws:iam::111122223333:root' },
      Action: 'lambda:GetLayerVersion',
      Resource: arn,
    };
    expect(JSON.parse(first.Statement ?? '')).toEqual(statement);
    const second = await permit({ StatementId: 's2', Principal: '*', OrganizationId: 'o-t194hfs8cz' });
    const policy = await lambda.send(
      new L.GetLayerVersionPolicyCommand({ LayerName: LAYER, VersionNumber: 1 }),
    );
    expect(policy.RevisionId).toBe(second.RevisionId);
    expect(JSON.parse(policy.Policy ?? '')).toEqual({
      Version: '2012-10-17',
      Id: 'default',
      Statement: [
        statement,
        {
          ...statement,
          Sid: 's2',
          Principal: '*',
          Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-t194hfs8cz' } },
        },
      ],
    });
    const remove = (StatementId: string, RevisionId?: string): Promise<unknown> =>
      lambda.send(
        new L.RemoveLayerVersionPermissionCommand({ LayerName: 'shared', VersionNumber: 1, StatementId, RevisionId }),
      );
    // Recorded: localstack test_lambda_api.py, TestLambdaLayer::test_layer_policy_exceptions.
    const stale = {
      name: 'PreconditionFailedException',
      message:
        'The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy API to retrieve the latest Revision Id',
    };
    await expect(remove('s1', first.RevisionId)).rejects.toMatchObject(stale);
    await expect(permit({ StatementId: 's3', RevisionId: first.RevisionId })).rejects.toMatchObject(stale);
    await expect(permit()).rejects.toMatchObject({
      name: 'ResourceConflictException',
      message:
        'The statement id (s1) provided already exists. Please provide a new statement id, or remove the existing statement.',
    });
    await expect(remove('s9')).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Statement s9 is not found in resource policy.',
    });
    await remove('s1', second.RevisionId);
    await remove('s2');
    await expect(
      lambda.send(new L.GetLayerVersionPolicyCommand({ LayerName: 'shared', VersionNumber: 1 })),
    ).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'No policy is associated with the given resource.',
    });
    await expect(permit({ VersionNumber: 2 })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: `Layer version ${LAYER}:2 does not exist.`,
    });
    await expect(permit({ Action: 'lambda:ListLayers' })).rejects.toMatchObject({
      name: 'ValidationException',
      message:
        "1 validation error detected: Value 'lambda:ListLayers' at 'action' failed to satisfy constraint: Member must satisfy regular expression pattern: lambda:GetLayerVersion",
    });
  });

  test('let other accounts use the layer, and only the permitted ones', async () => {
    const arn = await publish();
    const use = (): Promise<unknown> =>
      createNodeFunction(stranger, 'fn', { source: 'export const handler = async () => 1;', Layers: [arn] });
    const read = (): Promise<unknown> => stranger.send(new L.GetLayerVersionByArnCommand({ Arn: arn }));
    const denied = {
      name: 'AccessDeniedException',
      message: `User: arn:aws:iam::111122223333:root is not authorized to perform: lambda:GetLayerVersion on resource: ${arn} because no resource-based policy allows the lambda:GetLayerVersion action`,
    };
    await expect(use()).rejects.toMatchObject(denied);
    await expect(read()).rejects.toMatchObject(denied);
    await permit({ StatementId: 'org', Principal: '*', OrganizationId: 'o-t194hfs8cz' });
    await permit({ StatementId: 'another', Principal: '444455556666' });
    await expect(use()).rejects.toMatchObject(denied);
    await permit();
    await read();
    await use();
    await expect(
      stranger.send(new L.PublishLayerVersionCommand({ LayerName: LAYER, Content: { ZipFile: await zip({ a: '' }) } })),
    ).rejects.toMatchObject({ name: 'AccessDeniedException' });
    expect((await stranger.send(new L.ListLayersCommand({}))).Layers).toEqual([]);
  });
});
