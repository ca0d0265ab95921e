// Function URLs with AuthType AWS_IAM: signatures, and the caller in the event.
import { CreateAccessKeyCommand, CreateRoleCommand, CreateUserCommand, IAMClient } from '@aws-sdk/client-iam';
import * as L from '@aws-sdk/client-lambda';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { SignatureV4 } from '@smithy/signature-v4';
import { createHash, createHmac } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createCloud, type TestCloud } from '../../../testing/create-cloud.ts';
import { createNodeFunction } from '../test-archive.ts';

let cloud: TestCloud;
let lambda: L.LambdaClient;
let url: URL;

beforeEach(async () => {
  cloud = await createCloud();
  lambda = cloud.client(L.LambdaClient);
  await createNodeFunction(lambda, 'fn', { source: 'export const handler = async (event) => event;' });
  const { FunctionUrl = '' } = await lambda.send(
    new L.CreateFunctionUrlConfigCommand({ FunctionName: 'fn', AuthType: 'AWS_IAM' }),
  );
  const id = new URL(FunctionUrl).hostname.split('.')[0];
  url = new URL(`${cloud.endpoint}/_aws/lambda-url/${id}/path`);
});
afterEach(async () => {
  await cloud.settle();
  await cloud.close();
});

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** What the signer takes for a hash: node's, in its shape. */
class Sha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash =
      secret === undefined ? createHash('sha256') : createHmac('sha256', secret as string | Uint8Array);
  }
  update(data: Uint8Array | string): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

async function request(credentials: Keys, service = 'lambda', region = 'us-east-1'): Promise<Response> {
  const signer = new SignatureV4({ credentials, service, region, sha256: Sha256 });
  const signed = await signer.sign({
    method: 'POST',
    protocol: 'http:',
    hostname: url.hostname,
    port: Number(url.port),
    path: url.pathname,
    query: {},
    headers: { host: url.host, 'content-type': 'application/json' },
    body: '{"a":1}',
  });
  const { host: _host, ...headers } = signed.headers;
  return fetch(url, { method: 'POST', headers, body: '{"a":1}' });
}

interface Caller {
  readonly accountId: string;
  readonly authorizer: { readonly iam: Readonly<Record<string, unknown>> };
}

async function contextOf(response: Response): Promise<Caller> {
  expect(response.status).toBe(200);
  return ((await response.json()) as { requestContext: Caller }).requestContext;
}

async function createUser(): Promise<Keys> {
  const iam = cloud.client(IAMClient);
  await iam.send(new CreateUserCommand({ UserName: 'ada' }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'ada' }));
  return { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
}

test('who does not sign is not let in, and the function does not run', async () => {
  const response = await fetch(url);
  expect([response.status, await response.json()]).toEqual([403, { Message: 'Forbidden' }]);
});

test('the event names the user who signed', async () => {
  const keys = await createUser();
  const { accountId, authorizer } = await contextOf(await request(keys));
  expect(accountId).toBe('000000000000');
  // Members: <developer guide, "Invoking Lambda function URLs", request payload format>
  expect(authorizer.iam).toEqual({
    accessKey: keys.accessKeyId,
    accountId: '000000000000',
    callerId: expect.stringMatching(/^AIDA/) as string,
    cognitoIdentity: null,
    principalOrgId: null,
    userArn: 'arn:aws:iam::000000000000:user/ada',
    userId: authorizer.iam['callerId'],
  });
});

test('a role, and the root of another account', async () => {
  const AssumeRolePolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }],
  });
  await cloud
    .client(IAMClient)
    .send(new CreateRoleCommand({ RoleName: 'caller', AssumeRolePolicyDocument }));
  const { Credentials } = await cloud
    .client(STSClient)
    .send(
      new AssumeRoleCommand({ RoleArn: 'arn:aws:iam::000000000000:role/caller', RoleSessionName: 'here' }),
    );
  const role = await contextOf(
    await request({
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    }),
  );
  expect(role.authorizer.iam['userArn']).toBe('arn:aws:sts::000000000000:assumed-role/caller/here');
  const root = await contextOf(await request({ accessKeyId: '111122223333', secretAccessKey: 'test' }));
  expect(root).toMatchObject({
    accountId: '111122223333',
    authorizer: { iam: { callerId: '111122223333', userArn: 'arn:aws:iam::111122223333:root' } },
  });
});

test('a wrong secret, a wrong service and a wrong region are refused', async () => {
  const { accessKeyId } = await createUser();
  const wrong = await request({ accessKeyId, secretAccessKey: 'wrong' });
  expect([wrong.status, wrong.headers.get('x-amzn-errortype')]).toEqual([403, 'InvalidSignatureException']);
  expect(((await wrong.json()) as { message: string }).message).toMatch(
    /^The request signature we calculated does not match the signature you provided\./,
  );
  const keys = { accessKeyId: '000000000000', secretAccessKey: 'test' };
  const service = await request(keys, 'execute-api');
  expect([service.status, await service.json()]).toEqual([
    403,
    { message: "Credential should be scoped to correct service: 'lambda'. " },
  ]);
  const region = await request(keys, 'lambda', 'eu-west-1');
  expect([region.status, await region.json()]).toEqual([
    403,
    { message: 'Credential should be scoped to a valid region. ' },
  ]);
});
