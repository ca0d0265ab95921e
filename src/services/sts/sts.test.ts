// STS through the official SDK: identities, sessions whose credentials are verified, refusals.
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  UpdateAccessKeyCommand,
} from '@aws-sdk/client-iam';
import {
  AssumeRoleCommand,
  GetAccessKeyInfoCommand,
  GetCallerIdentityCommand,
  GetSessionTokenCommand,
  STSClient,
} from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TestCloud } from '../../testing/create-cloud.ts';
import { createCloud } from '../../testing/create-cloud.ts';

const ACCOUNT = '111122223333';

let cloud: TestCloud;
beforeEach(async () => {
  cloud = await createCloud();
});
afterEach(() => cloud.close());

interface Keys {
  readonly AccessKeyId?: string | undefined;
  readonly SecretAccessKey?: string | undefined;
  readonly SessionToken?: string | undefined;
}

/** A client that signs with issued credentials. */
function clientWith(
  keys: Keys | undefined,
  change: Partial<Record<'secretAccessKey' | 'sessionToken', string>> = {},
): STSClient {
  return new STSClient({
    endpoint: cloud.endpoint,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: {
      accessKeyId: keys?.AccessKeyId ?? '',
      secretAccessKey: keys?.SecretAccessKey ?? '',
      ...(keys?.SessionToken === undefined ? {} : { sessionToken: keys.SessionToken }),
      ...change,
    },
  });
}

function trust(principal: unknown, condition?: object): string {
  const statement = {
    Effect: 'Allow',
    Action: 'sts:AssumeRole',
    Principal: principal,
    ...(condition === undefined ? {} : { Condition: condition }),
  };
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}

async function createRole(
  name: string,
  principal: unknown,
  more: { condition?: object; MaxSessionDuration?: number } = {},
): Promise<string> {
  const { condition, ...rest } = more;
  const iam = cloud.client(IAMClient, { account: ACCOUNT });
  const { Role } = await iam.send(
    new CreateRoleCommand({
      RoleName: name,
      AssumeRolePolicyDocument: trust(principal, condition),
      ...rest,
    }),
  );
  return Role?.Arn ?? '';
}

async function createUserKeys(name: string): Promise<Keys> {
  const iam = cloud.client(IAMClient, { account: ACCOUNT });
  await iam.send(new CreateUserCommand({ UserName: name }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: name }));
  return AccessKey ?? {};
}

describe('GetCallerIdentity', () => {
  test('a 12-digit key is the root of its account', async () => {
    const sts = cloud.client(STSClient, { account: ACCOUNT });
    expect(await sts.send(new GetCallerIdentityCommand({}))).toMatchObject({
      Account: ACCOUNT,
      Arn: `arn:aws:iam::${ACCOUNT}:root`,
      UserId: ACCOUNT,
    });
  });

  test('a user, by its access key', async () => {
    const sts = clientWith(await createUserKeys('ann'));
    expect(await sts.send(new GetCallerIdentityCommand({}))).toMatchObject({
      Account: ACCOUNT,
      Arn: `arn:aws:iam::${ACCOUNT}:user/ann`,
      UserId: expect.stringMatching(/^AIDA[A-Z2-7]{17}$/),
    });
  });

  test('nobody', async () => {
    const response = await fetch(cloud.endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'Action=GetCallerIdentity&Version=2011-06-15',
    });
    expect(response.status).toBe(403);
    expect(await response.text()).toContain('<Code>MissingAuthenticationToken</Code>');
  });
});

describe('access keys of users', () => {
  test('are verified, and refused once inactive', async () => {
    const keys = await createUserKeys('ann');
    await expect(
      clientWith(keys, { secretAccessKey: 'wrong' }).send(new GetCallerIdentityCommand({})),
    ).rejects.toMatchObject({ name: 'SignatureDoesNotMatch' });
    const iam = cloud.client(IAMClient, { account: ACCOUNT });
    await iam.send(
      new UpdateAccessKeyCommand({
        UserName: 'ann',
        AccessKeyId: keys.AccessKeyId ?? '',
        Status: 'Inactive',
      }),
    );
    await expect(clientWith(keys).send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      name: 'InvalidClientTokenId',
      message: 'The security token included in the request is invalid.',
    });
  });
});

describe('AssumeRole', () => {
  test('issues credentials that are the role, until they expire', async () => {
    const RoleArn = await createRole('app', { AWS: ACCOUNT }, { MaxSessionDuration: 7200 });
    const sts = clientWith(await createUserKeys('ann'));
    const { Credentials, AssumedRoleUser, PackedPolicySize } = await sts.send(
      new AssumeRoleCommand({ RoleArn, RoleSessionName: 's1', DurationSeconds: 7200 }),
    );
    expect(AssumedRoleUser).toEqual({
      Arn: `arn:aws:sts::${ACCOUNT}:assumed-role/app/s1`,
      AssumedRoleId: expect.stringMatching(/^AROA[A-Z2-7]{17}:s1$/),
    });
    expect(PackedPolicySize).toBeUndefined();
    expect(Credentials?.AccessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
    expect(
      Math.ceil(((Credentials?.Expiration?.getTime() ?? 0) - cloud.clock.now().getTime()) / 1000),
    ).toBe(7200);

    const session = clientWith(Credentials);
    expect(await session.send(new GetCallerIdentityCommand({}))).toMatchObject({
      Account: ACCOUNT,
      Arn: AssumedRoleUser?.Arn,
      UserId: AssumedRoleUser?.AssumedRoleId,
    });
    await expect(
      clientWith(Credentials, { sessionToken: 'other' }).send(new GetCallerIdentityCommand({})),
    ).rejects.toMatchObject({ name: 'InvalidClientTokenId' });
    await cloud.clock.advance('121m');
    await expect(session.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      name: 'ExpiredToken',
      message: 'The security token included in the request is expired',
    });
    // Days later the session itself is forgotten; its credentials must not pass for anyone else's.
    await cloud.clock.advance('3d');
    for (let i = 0; i < 3; i++)
      await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 's2' }));
    await expect(session.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      name: 'ExpiredToken',
    });
  });

  test('the trust policy decides', async () => {
    const sts = clientWith(await createUserKeys('ann'));
    const forLambda = await createRole('for-lambda', { Service: 'lambda.amazonaws.com' });
    // Message: recorded from AWS many times over (Service: AWSSecurityTokenService; Error Code: AccessDenied).
    await expect(
      sts.send(new AssumeRoleCommand({ RoleArn: forLambda, RoleSessionName: 's1' })),
    ).rejects.toMatchObject({
      name: 'AccessDenied',
      message: `User: arn:aws:iam::${ACCOUNT}:user/ann is not authorized to perform: sts:AssumeRole on resource: ${forLambda}`,
    });
    const guarded = await createRole(
      'guarded',
      { AWS: ACCOUNT },
      { condition: { StringEquals: { 'sts:ExternalId': 'shop' } } },
    );
    await expect(
      sts.send(new AssumeRoleCommand({ RoleArn: guarded, RoleSessionName: 's1' })),
    ).rejects.toMatchObject({ name: 'AccessDenied' });
    await sts.send(
      new AssumeRoleCommand({ RoleArn: guarded, RoleSessionName: 's1', ExternalId: 'shop' }),
    );
    const missing = `arn:aws:iam::${ACCOUNT}:role/missing`;
    await expect(
      sts.send(new AssumeRoleCommand({ RoleArn: missing, RoleSessionName: 's1' })),
    ).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  test('the root of the account may assume any of its roles; another root may not', async () => {
    const RoleArn = await createRole('for-lambda', { Service: 'lambda.amazonaws.com' });
    const own = cloud.client(STSClient, { account: ACCOUNT });
    await own.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 's1' }));
    const other = cloud.client(STSClient, { account: '999999999999' });
    await expect(
      other.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 's1' })),
    ).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  test('durations: the role’s maximum, and one hour when roles are chained', async () => {
    const RoleArn = await createRole('app', { AWS: ACCOUNT });
    const sts = cloud.client(STSClient, { account: ACCOUNT });
    await expect(
      sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 's1', DurationSeconds: 3601 })),
    ).rejects.toMatchObject({
      name: 'ValidationError',
      message: 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    });
    const long = await createRole('long', { AWS: ACCOUNT }, { MaxSessionDuration: 43_200 });
    const { Credentials } = await sts.send(
      new AssumeRoleCommand({ RoleArn, RoleSessionName: 's1' }),
    );
    await expect(
      clientWith(Credentials).send(
        new AssumeRoleCommand({ RoleArn: long, RoleSessionName: 's2', DurationSeconds: 3601 }),
      ),
    ).rejects.toMatchObject({ name: 'ValidationError' });
  });

  // localstack tests/aws/services/sts/test_sts.snapshot.json
  test.each([
    'nothing-valid-in-here',
    'arn::b:::something/test-role',
    'arn:a::::something/test-role',
    'arn:a:::something/test-role',
    'arn:a:a::aaaaaaaaaa:',
  ])('ARN %j', async (RoleArn) => {
    const sts = cloud.client(STSClient, { account: ACCOUNT });
    await expect(
      sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 's1' })),
    ).rejects.toMatchObject({ name: 'ValidationError', message: `${RoleArn} is invalid` });
  });

  test('tags: duplicates, transitive keys, conflicts with the calling session', async () => {
    const RoleArn = await createRole('app', { AWS: ACCOUNT });
    const sts = cloud.client(STSClient, { account: ACCOUNT });
    const base = { RoleArn, RoleSessionName: 's1' };
    await expect(
      sts.send(
        new AssumeRoleCommand({
          ...base,
          Tags: [
            { Key: 'a', Value: '1' },
            { Key: 'A', Value: '2' },
          ],
        }),
      ),
    ).rejects.toMatchObject({
      name: 'InvalidParameterValue',
      message: 'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
    });
    await expect(
      sts.send(new AssumeRoleCommand({ ...base, TransitiveTagKeys: ['team'] })),
    ).rejects.toMatchObject({
      name: 'InvalidParameterValue',
      message: 'The specified transitive tag key must be included in the requested tags.',
    });
    const { Credentials, PackedPolicySize } = await sts.send(
      new AssumeRoleCommand({
        ...base,
        Tags: [{ Key: 'team', Value: 'x' }],
        TransitiveTagKeys: ['team'],
      }),
    );
    expect(PackedPolicySize).toBeGreaterThan(0);
    await expect(
      clientWith(Credentials).send(
        new AssumeRoleCommand({ ...base, Tags: [{ Key: 'Team', Value: 'y' }] }),
      ),
    ).rejects.toMatchObject({
      name: 'InvalidParameterValue',
      message:
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
    });
  });

  test('session policies must be JSON; MFA codes are never right', async () => {
    const RoleArn = await createRole('app', { AWS: ACCOUNT });
    const sts = cloud.client(STSClient, { account: ACCOUNT });
    await expect(
      sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 's1', Policy: '{' })),
    ).rejects.toMatchObject({ name: 'MalformedPolicyDocumentException' });
    await expect(
      sts.send(
        new AssumeRoleCommand({
          RoleArn,
          RoleSessionName: 's1',
          SerialNumber: `arn:aws:iam::${ACCOUNT}:mfa/x`,
          TokenCode: '123456',
        }),
      ),
    ).rejects.toMatchObject({
      name: 'AccessDenied',
      message: 'MultiFactorAuthentication failed with invalid MFA one time pass code.',
    });
  });
});

describe('GetSessionToken', () => {
  test('gives a user a session as itself, which cannot begin another', async () => {
    const keys = await createUserKeys('ann');
    const { Credentials } = await clientWith(keys).send(new GetSessionTokenCommand({}));
    expect(
      Math.ceil(((Credentials?.Expiration?.getTime() ?? 0) - cloud.clock.now().getTime()) / 1000),
    ).toBe(43_200);
    const session = clientWith(Credentials);
    expect((await session.send(new GetCallerIdentityCommand({}))).Arn).toBe(
      `arn:aws:iam::${ACCOUNT}:user/ann`,
    );
    await expect(session.send(new GetSessionTokenCommand({}))).rejects.toMatchObject({
      name: 'AccessDenied',
      message: 'Cannot call GetSessionToken with session credentials',
    });
  });
});

test('GetAccessKeyInfo reads the account out of the id', async () => {
  const sts = cloud.client(STSClient);
  const { AccessKeyId } = await createUserKeys('ann');
  expect((await sts.send(new GetAccessKeyInfoCommand({ AccessKeyId }))).Account).toBe(ACCOUNT);
  expect(
    (await sts.send(new GetAccessKeyInfoCommand({ AccessKeyId: 'ASIAY34FZKBOKMUTVV7A' }))).Account,
  ).toBe('609629065308');
  await expect(
    sts.send(new GetAccessKeyInfoCommand({ AccessKeyId: 'not-a-key-id-at-all' })),
  ).rejects.toMatchObject({ name: 'ValidationError' });
});
