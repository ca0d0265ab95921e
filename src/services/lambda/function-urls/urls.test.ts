// Function URLs: their configuration through the SDK, their requests over plain HTTP.
import * as L from '@aws-sdk/client-lambda';
import { request as httpRequest } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCloud, type TestCloud } from '../../../testing/create-cloud.ts';
import { createNodeFunction } from '../test-archive.ts';

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

const ARN = 'arn:aws:lambda:us-east-1:000000000000:function:fn';

async function create(source: string): Promise<void> {
  await createNodeFunction(lambda, 'fn', { source, Publish: true });
}

async function createUrl(input: Partial<L.CreateFunctionUrlConfigCommandInput> = {}): Promise<string> {
  const { FunctionUrl = '' } = await lambda.send(
    new L.CreateFunctionUrlConfigCommand({ FunctionName: 'fn', AuthType: 'NONE', ...input }),
  );
  return FunctionUrl;
}

/** The path form of an address: test machines need not resolve names below localhost. */
function pathForm(url: string): string {
  const id = new URL(url).hostname.split('.')[0];
  return `${cloud.endpoint}/_aws/lambda-url/${id}`;
}

describe('configuration', () => {
  test('create, get, update, list, delete', async () => {
    await create('export const handler = async () => 1;');
    const made = await lambda.send(
      new L.CreateFunctionUrlConfigCommand({ FunctionName: 'fn', AuthType: 'NONE' }),
    );
    const port = new URL(cloud.endpoint).port;
    expect(made.FunctionUrl).toMatch(
      new RegExp(`^http://[a-z0-9]{32}\\.lambda-url\\.us-east-1\\.localhost:${port}/$`),
    );
    expect(made).toMatchObject({ FunctionArn: ARN, AuthType: 'NONE', $metadata: { httpStatusCode: 201 } });
    // Recorded: localstack test_lambda_api.py::TestLambdaUrl.
    await expect(createUrl()).rejects.toMatchObject({
      name: 'ResourceConflictException',
      message: `Failed to create function url config for [functionArn = ${ARN}]. Error message:  FunctionUrlConfig exists for this Lambda function`,
    });
    await expect(createUrl({ FunctionName: 'none' })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Function does not exist',
    });
    await expect(createUrl({ Qualifier: 'live' })).rejects.toMatchObject({
      message: 'Function does not exist',
    });
    await expect(createUrl({ Qualifier: '1' })).rejects.toMatchObject({ name: 'ValidationException' });
    await lambda.send(new L.CreateAliasCommand({ FunctionName: 'fn', Name: 'live', FunctionVersion: '1' }));
    await createUrl({ Qualifier: 'live', Cors: { AllowOrigins: ['*'], MaxAge: 60 } });
    const { FunctionUrlConfigs } = await lambda.send(
      new L.ListFunctionUrlConfigsCommand({ FunctionName: 'fn' }),
    );
    expect(FunctionUrlConfigs?.map((each) => [each.FunctionArn, each.Cors])).toEqual([
      [ARN, undefined],
      [`${ARN}:live`, { AllowOrigins: ['*'], MaxAge: 60 }],
    ]);
    await cloud.clock.advance('1s');
    const changed = await lambda.send(
      new L.UpdateFunctionUrlConfigCommand({ FunctionName: 'fn', Cors: { AllowMethods: ['GET'] } }),
    );
    expect(changed.FunctionUrl).toBe(made.FunctionUrl);
    expect(changed.LastModifiedTime).toBe(cloud.clock.now().toISOString());
    await lambda.send(new L.DeleteFunctionUrlConfigCommand({ FunctionName: 'fn' }));
    await expect(
      lambda.send(new L.GetFunctionUrlConfigCommand({ FunctionName: 'fn' })),
    ).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'The resource you requested does not exist.',
    });
    expect((await fetch(pathForm(made.FunctionUrl ?? ''))).status).toBe(403);
  });

  test('types of authorisation and modes are kept, and changed one by one', async () => {
    await create('export const handler = async () => 1;');
    const made = await lambda.send(
      new L.CreateFunctionUrlConfigCommand({
        FunctionName: 'fn',
        AuthType: 'AWS_IAM',
        InvokeMode: 'RESPONSE_STREAM',
      }),
    );
    expect(made).toMatchObject({ AuthType: 'AWS_IAM', InvokeMode: 'RESPONSE_STREAM' });
    const change = new L.UpdateFunctionUrlConfigCommand({ FunctionName: 'fn', AuthType: 'NONE' });
    expect(await lambda.send(change)).toMatchObject({ AuthType: 'NONE', InvokeMode: 'RESPONSE_STREAM' });
    const got = await lambda.send(new L.GetFunctionUrlConfigCommand({ FunctionName: 'fn' }));
    expect(got).toMatchObject({ AuthType: 'NONE', InvokeMode: 'RESPONSE_STREAM' });
  });
});

describe('requests', () => {
  test('arrive as events of payload format 2.0', async () => {
    await create('export const handler = async (event) => event;');
    const url = `${pathForm(await createUrl())}/a%20b/c?x=1&y=%20z&x=2`;
    const response = await fetch(url, {
      method: 'POST',
      body: '{"hello":"world"}',
      headers: { 'content-type': 'application/json', cookie: 'a=1; b=2', 'x-mine': 'yes', 'user-agent': 'me' },
    });
    expect(response.headers.get('content-type')).toBe('application/json');
    const event = (await response.json()) as Record<string, Record<string, unknown>>;
    // <developer guide, "Request payload format">
    expect(event).toMatchObject({
      version: '2.0',
      routeKey: '$default',
      rawPath: '/a%20b/c',
      rawQueryString: 'x=1&y=%20z&x=2',
      cookies: ['a=1', 'b=2'],
      queryStringParameters: { x: '1,2', y: ' z' },
      headers: { 'x-mine': 'yes', 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http' },
      requestContext: {
        accountId: 'anonymous',
        http: { method: 'POST', path: '/a%20b/c', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'me' },
        routeKey: '$default',
        stage: '$default',
        requestId: response.headers.get('x-amzn-requestid'),
        timeEpoch: cloud.clock.now().getTime(),
      },
      body: '{"hello":"world"}',
      isBase64Encoded: false,
    });
    expect(event['headers']).not.toHaveProperty('cookie');
    expect(event['requestContext']?.['time']).toMatch(/^\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d \+0000$/);
  });

  test('by host name, too; bodies that are no text in base64', async () => {
    await create('export const handler = async (event) => [event.body, event.isBase64Encoded, event.rawPath];');
    const { host, port } = new URL(await createUrl());
    const body = await new Promise<string>((resolve, reject) => {
      const sent = httpRequest(
        { host: '127.0.0.1', port, method: 'PUT', path: '/p', headers: { host, 'content-type': 'image/png' } },
        (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => (text += chunk.toString()));
          response.on('end', () => resolve(text));
        },
      );
      sent.on('error', reject);
      sent.end(Buffer.from([0xff, 0x00]));
    });
    expect(JSON.parse(body)).toEqual(['/wA=', true, '/p']);
  });

  test('answers: a response object, plain JSON, text, binary, cookies', async () => {
    await create(`const answers = {
        '/full': { statusCode: 201, headers: { 'Content-Type': 'text/css', 'X-A': 'b' }, body: 'p {}', cookies: ['a=1; Secure', 'b=2'] },
        '/binary': { statusCode: 200, headers: { 'content-type': 'image/png' }, body: '/wA=', isBase64Encoded: true },
        '/text': 'Hello',
        '/json': { message: 'hi' },
        '/wrong': { statusCode: 'many' },
      };
      export const handler = async (event) => {
        if (event.rawPath === '/throw') throw new Error('no');
        return answers[event.rawPath];
      };`);
    const base = pathForm(await createUrl());
    const full = await fetch(`${base}/full`);
    expect([full.status, full.headers.get('x-a'), full.headers.get('content-type'), await full.text()]).toEqual(
      [201, 'b', 'text/css', 'p {}'],
    );
    expect(full.headers.getSetCookie()).toEqual(['a=1; Secure', 'b=2']);
    const binary = await fetch(`${base}/binary`);
    expect([...new Uint8Array(await binary.arrayBuffer())]).toEqual([0xff, 0x00]);
    expect(await (await fetch(`${base}/text`)).text()).toBe('Hello');
    expect(await (await fetch(`${base}/json`)).json()).toEqual({ message: 'hi' });
    for (const path of ['/wrong', '/throw']) {
      const failed = await fetch(base + path);
      expect([failed.status, await failed.json()]).toEqual([502, { Message: 'Internal Server Error' }]);
    }
  });

  test('a throttled function answers 429', async () => {
    await create('export const handler = async () => 1;');
    const url = pathForm(await createUrl());
    await lambda.send(
      new L.PutFunctionConcurrencyCommand({ FunctionName: 'fn', ReservedConcurrentExecutions: 0 }),
    );
    expect((await fetch(url)).status).toBe(429);
  });

  test('preflights are answered by the URL; its rules win over the function', async () => {
    await create(`export const handler = async () => ({
      statusCode: 200, headers: { 'access-control-allow-origin': 'https://elsewhere' }, body: '' });`);
    const url = pathForm(
      await createUrl({
        Cors: {
          AllowOrigins: ['https://*.example.com'],
          AllowMethods: ['GET', 'PUT'],
          AllowHeaders: ['x-a'],
          ExposeHeaders: ['x-b'],
          AllowCredentials: true,
          MaxAge: 300,
        },
      }),
    );
    const origin = 'https://app.example.com';
    const preflight = await fetch(url, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'PUT' },
    });
    expect(preflight.status).toBe(200);
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET,PUT',
      'access-control-allow-headers': 'x-a',
      'access-control-expose-headers': 'x-b',
      'access-control-allow-credentials': 'true',
      'access-control-max-age': '300',
    });
    const plain = await fetch(url, { headers: { origin } });
    expect(plain.headers.get('access-control-allow-origin')).toBe(origin);
    const stranger = await fetch(url, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.test', 'access-control-request-method': 'PUT' },
    });
    expect(stranger.headers.get('access-control-allow-origin')).toBeNull();
  });
});
