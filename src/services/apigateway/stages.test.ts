// Requests to deployed stages over plain HTTP: events, answers, mocks, limits, logs.
import * as A from '@aws-sdk/client-api-gateway';
import { CloudWatchLogsClient, CreateLogGroupCommand, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateFunctionCommand, LambdaClient, PutFunctionConcurrencyCommand } from '@aws-sdk/client-lambda';
import { request as httpRequest } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ZipFile } from 'yazl';
import { type CreateCloudOptions, createCloud, type TestCloud } from '../../testing/create-cloud.ts';

let cloud: TestCloud;
let gateway: A.APIGatewayClient;
let lambda: LambdaClient;

async function open(options: CreateCloudOptions = {}): Promise<void> {
  cloud = await createCloud(options);
  gateway = cloud.client(A.APIGatewayClient);
  lambda = cloud.client(LambdaClient);
}

beforeEach(() => open());
afterEach(async () => {
  // Functions' last lines reach the logs before the store closes.
  await cloud.settle();
  await cloud.close();
});

async function createFunction(FunctionName: string, source: string): Promise<string> {
  const archive = new ZipFile();
  archive.addBuffer(Buffer.from(source), 'index.mjs');
  archive.end();
  const chunks: Buffer[] = [];
  for await (const chunk of archive.outputStream) chunks.push(Buffer.from(chunk));
  const { FunctionArn } = await lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      Role: 'arn:aws:iam::000000000000:role/worker',
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Timeout: 30,
      Code: { ZipFile: Buffer.concat(chunks) },
    }),
  );
  return `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${FunctionArn}/invocations`;
}

interface ApiWishes {
  /** `METHOD /path` → integration, by the extension's names; a text is the URI of a function. */
  readonly methods: Readonly<Record<string, string | object>>;
  readonly binaryMediaTypes?: readonly string[];
  readonly variables?: Record<string, string>;
}

/** Imports an API, deploys it to the stage `prod`, and gives its id. */
async function deploy({ methods, binaryMediaTypes = [], variables = {} }: ApiWishes): Promise<string> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [key, integration] of Object.entries(methods)) {
    const [method = '', path = ''] = key.split(' ');
    const name = method === 'ANY' ? 'x-amazon-apigateway-any-method' : method.toLowerCase();
    const proxy = { type: 'aws_proxy', httpMethod: 'POST', uri: integration };
    (paths[path] ??= {})[name] =
      typeof integration === 'string' ? { 'x-amazon-apigateway-integration': proxy } : integration;
  }
  const body = new TextEncoder().encode(
    JSON.stringify({
      swagger: '2.0',
      info: { title: 'test', version: '1.0' },
      paths,
      'x-amazon-apigateway-binary-media-types': binaryMediaTypes,
    }),
  );
  const { id: restApiId = '' } = await gateway.send(new A.ImportRestApiCommand({ body }));
  await gateway.send(new A.CreateDeploymentCommand({ restApiId, stageName: 'prod', variables }));
  return restApiId;
}

function at(apiId: string, path: string): string {
  return `${cloud.endpoint}/restapis/${apiId}/prod/_user_request_${path}`;
}

interface RawAnswer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
}

/** A request with exactly these headers, which `fetch` would not leave alone. */
function raw(
  path: string,
  { method = 'GET', headers = [], body }: { method?: string; headers?: string[]; body?: Uint8Array } = {},
): Promise<RawAnswer> {
  const { port } = new URL(cloud.endpoint);
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ host: '127.0.0.1', port, method, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const ECHO = 'export const handler = async (event) => ({ statusCode: 200, body: JSON.stringify(event) });';

describe('the event of a proxy integration', () => {
  test('has the members that AWS gives it', async () => {
    const uri = await createFunction('echo', ECHO);
    const apiId = await deploy({ methods: { 'ANY /{proxy+}': uri }, variables: { colour: 'red' } });
    const host = `${apiId}.execute-api.localhost:${new URL(cloud.endpoint).port}`;
    const { resources } = await readResources(apiId);
    const answer = await raw('/prod/test-path/?x=1&y=a%2Bb&x=2&z=c+d', {
      method: 'POST',
      headers: Object.entries({
        Host: host,
        'User-Agent': 'me',
        'tEsT-HEADeR': 'aValUE',
        'content-type': 'application/json;charset=utf-8',
        'Content-Length': '2',
      })
        .flat()
        .concat('X-Twice', 'one', 'X-Twice', 'two'),
      body: Buffer.from('{}'),
    });
    expect(answer.status).toBe(200);
    const event = JSON.parse(answer.body.toString()) as Record<string, Record<string, unknown>>;
    const requestId = answer.headers['x-amzn-requestid'];
    const nowMs = cloud.clock.now().getTime();
    // Recorded from AWS: localstack test_apigateway_lambda.py::test_lambda_aws_proxy_integration.
    // Differs: no CloudFront in front, so none of its headers; http and this machine's port.
    expect(event).toEqual({
      resource: '/{proxy+}',
      path: '/test-path/',
      httpMethod: 'POST',
      headers: {
        'Content-Type': 'application/json;charset=utf-8',
        Host: host,
        'User-Agent': 'me',
        'X-Amzn-Trace-Id': answer.headers['x-amzn-trace-id'],
        'X-Forwarded-For': '127.0.0.1',
        'X-Forwarded-Port': new URL(cloud.endpoint).port,
        'X-Forwarded-Proto': 'http',
        'X-Twice': 'two',
        'tEsT-HEADeR': 'aValUE',
      },
      multiValueHeaders: {
        'Content-Type': ['application/json;charset=utf-8'],
        Host: [host],
        'User-Agent': ['me'],
        'X-Amzn-Trace-Id': [answer.headers['x-amzn-trace-id']],
        'X-Forwarded-For': ['127.0.0.1'],
        'X-Forwarded-Port': [new URL(cloud.endpoint).port],
        'X-Forwarded-Proto': ['http'],
        'X-Twice': ['one', 'two'],
        'tEsT-HEADeR': ['aValUE'],
      },
      queryStringParameters: { x: '2', y: 'a+b', z: 'c d' },
      multiValueQueryStringParameters: { x: ['1', '2'], y: ['a+b'], z: ['c d'] },
      pathParameters: { proxy: 'test-path' },
      stageVariables: { colour: 'red' },
      requestContext: {
        accountId: '000000000000',
        apiId,
        deploymentId: expect.stringMatching(/^[a-z0-9]{6}$/),
        domainName: host,
        domainPrefix: apiId,
        extendedRequestId: answer.headers['x-amz-apigw-id'],
        httpMethod: 'POST',
        identity: {
          accessKey: null,
          accountId: null,
          caller: null,
          cognitoAuthenticationProvider: null,
          cognitoAuthenticationType: null,
          cognitoIdentityId: null,
          cognitoIdentityPoolId: null,
          principalOrgId: null,
          sourceIp: '127.0.0.1',
          user: null,
          userAgent: 'me',
          userArn: null,
        },
        path: '/prod/test-path/',
        protocol: 'HTTP/1.1',
        requestId,
        requestTime: expect.stringMatching(/^\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
        requestTimeEpoch: nowMs,
        resourceId: resources.find((each) => each.path === '/{proxy+}')?.id,
        resourcePath: '/{proxy+}',
        stage: 'prod',
      },
      body: '{}',
      isBase64Encoded: false,
    });
  });

  async function readResources(restApiId: string): Promise<{ resources: A.Resource[] }> {
    const { items = [] } = await gateway.send(new A.GetResourcesCommand({ restApiId }));
    return { resources: items };
  }

  test('paths and their parameters come as they were sent; collections that are empty are null', async () => {
    const uri = await createFunction('echo', ECHO);
    const apiId = await deploy({ methods: { 'GET /users/{id}': uri, 'GET /{proxy+}': uri } });
    // Recorded: localstack, invocation-payload-with-path-encoded-email.
    const path = '/users/test%2Balias@gmail.com';
    const event = (await (await fetch(at(apiId, path))).json()) as Record<string, unknown>;
    expect(event).toMatchObject({
      path,
      resource: '/users/{id}',
      pathParameters: { id: 'test%2Balias@gmail.com' },
      queryStringParameters: null,
      multiValueQueryStringParameters: null,
      stageVariables: null,
      body: null,
    });
    const greedy = (await (await fetch(at(apiId, '/users/a/b'))).json()) as Record<string, unknown>;
    expect(greedy).toMatchObject({ resource: '/{proxy+}', pathParameters: { proxy: 'users/a/b' } });
  });

  test('bodies of binary types come in base64', async () => {
    const uri = await createFunction('echo', ECHO);
    const apiId = await deploy({ methods: { 'POST /': uri }, binaryMediaTypes: ['image/*'] });
    const bytes = Buffer.from([0xff, 0xd8, 0x00]);
    const post = async (type: string): Promise<Record<string, unknown>> => {
      const response = await fetch(at(apiId, '/'), {
        method: 'POST',
        body: bytes,
        headers: { 'content-type': type },
      });
      return (await response.json()) as Record<string, unknown>;
    };
    expect(await post('image/jpeg')).toMatchObject({ body: '/9gA', isBase64Encoded: true });
    expect(await post('text/plain')).toMatchObject({ isBase64Encoded: false });
  });

  test('stage variables choose the function', async () => {
    const uri = await createFunction('echo', ECHO);
    const apiId = await deploy({
      methods: { 'GET /': uri.replace('function:echo', 'function:${stageVariables.name}') },
      variables: { name: 'echo' },
    });
    expect((await fetch(at(apiId, '/'))).status).toBe(200);
  });
});

describe('answers of functions', () => {
  test('status, headers, many cookies, names that are remapped', async () => {
    const uri = await createFunction(
      'fn',
      `export const handler = async () => ({
         statusCode: '201',
         headers: { 'Content-Type': 'text/css', 'X-One': 1, 'WWW-Authenticate': 'Basic' },
         multiValueHeaders: { 'Set-Cookie': ['a=1', 'b=2'], 'X-One': ['2'] },
         body: 'p {}',
       });`,
    );
    const apiId = await deploy({ methods: { 'GET /': uri } });
    const response = await fetch(at(apiId, '/'));
    expect(response.status).toBe(201);
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/css',
      'x-one': '1, 2',
      'x-amzn-remapped-www-authenticate': 'Basic',
    });
    expect(await response.text()).toBe('p {}');
  });

  test('base64 is undone for clients that accept a binary type first', async () => {
    const uri = await createFunction(
      'fn',
      "export const handler = async () => ({ statusCode: 200, headers: { 'content-type': 'image/png' }, body: '/9gA', isBase64Encoded: true });",
    );
    const apiId = await deploy({ methods: { 'GET /': uri }, binaryMediaTypes: ['image/png'] });
    const get = async (accept: string): Promise<string> =>
      Buffer.from(await (await fetch(at(apiId, '/'), { headers: { accept } })).arrayBuffer()).toString('latin1');
    expect(await get('image/png,text/html')).toBe('\xff\xd8\x00');
    expect(await get('text/html,image/png')).toBe('/9gA');
  });

  test.each([
    ['an absent status is 200', '{ body: "x" }', 200, 'x'],
    ['an empty object is a 200', '{}', 200, ''],
    ['text is malformed', '"hello"', 502, '{"message":"Internal server error"}'],
    ['an unknown member is malformed', '{ statusCode: 200, wrong: 1 }', 502, '{"message":"Internal server error"}'],
    ['a body that is no text is malformed', '{ statusCode: 200, body: { a: 1 } }', 502, '{"message":"Internal server error"}'],
    ['a status that is none is malformed', '{ statusCode: "many" }', 502, '{"message":"Internal server error"}'],
    ['null is malformed', 'null', 502, '{"message":"Internal server error"}'],
  ])('%s', async (_title, answer, status, body) => {
    const uri = await createFunction('fn', `export const handler = async () => (${answer});`);
    const apiId = await deploy({ methods: { 'GET /': uri } });
    const response = await fetch(at(apiId, '/'));
    expect([response.status, await response.text()]).toEqual([status, body]);
  });

  test('functions that fail, are throttled, are not there, are called by GET', async () => {
    const uri = await createFunction('fn', "export const handler = async () => { throw new Error('no'); };");
    const echo = await createFunction('echo', ECHO);
    const apiId = await deploy({
      methods: {
        'GET /fails': uri,
        'GET /busy': echo,
        'GET /absent': uri.replace('function:fn', 'function:none'),
        'GET /by-get': {
          'x-amazon-apigateway-integration': { type: 'aws_proxy', httpMethod: 'GET', uri: echo },
        },
      },
    });
    await lambda.send(
      new PutFunctionConcurrencyCommand({ FunctionName: 'echo', ReservedConcurrentExecutions: 0 }),
    );
    const get = async (path: string): Promise<[number, unknown, string | null]> => {
      const response = await fetch(at(apiId, path));
      return [response.status, await response.json(), response.headers.get('x-amzn-errortype')];
    };
    const message = { message: 'Internal server error' };
    expect(await get('/fails')).toEqual([502, message, 'InternalServerErrorException']);
    expect(await get('/busy')).toEqual([502, message, 'InternalServerErrorException']);
    expect(await get('/absent')).toEqual([500, message, 'InternalServerErrorException']);
    expect(await get('/by-get')).toEqual([500, message, 'InternalServerErrorException']);
  });

  test('a function that takes longer than the integration may is a 504', async () => {
    await cloud.close();
    await open({ clock: 'system' });
    const uri = await createFunction('slow', 'export const handler = () => new Promise((done) => setTimeout(done, 400));');
    const integration = { type: 'aws_proxy', httpMethod: 'POST', uri, timeoutInMillis: 50 };
    const apiId = await deploy({ methods: { 'GET /': { 'x-amazon-apigateway-integration': integration } } });
    const response = await fetch(at(apiId, '/'));
    expect([response.status, await response.json()]).toEqual([504, { message: 'Endpoint request timed out' }]);
    await cloud.settle();
  });

  test('answers and bodies of megabytes pass; above ten the gateway refuses', async () => {
    const uri = await createFunction(
      'fn',
      'export const handler = async (event) => ({ statusCode: 200, body: event.body ?? "" });',
    );
    const apiId = await deploy({ methods: { 'POST /': uri } });
    const post = (bytes: number): Promise<Response> =>
      fetch(at(apiId, '/'), { method: 'POST', body: 'x'.repeat(bytes) });
    expect((await (await post(3_000_000)).text()).length).toBe(3_000_000);
    const refused = await post(10_485_761);
    expect([refused.status, await refused.json()]).toEqual([413, { message: 'Request Too Long' }]);
  });
});

describe('addresses and methods', () => {
  test('what is not there', async () => {
    const uri = await createFunction('echo', ECHO);
    const apiId = await deploy({ methods: { 'GET /users': uri, 'HEAD /users': uri } });
    const missing = { message: 'Missing Authentication Token' };
    for (const [method, path] of [['GET', '/other'], ['PUT', '/users'], ['OPTIONS', '/users'], ['GET', '/']] as const) {
      const response = await fetch(at(apiId, path), { method });
      expect([path, response.status, await response.json()]).toEqual([path, 403, missing]);
      expect(response.headers.get('x-amzn-errortype')).toBe('MissingAuthenticationTokenException');
    }
    const stage = await fetch(at(apiId, '/users').replace('/prod/', '/other/'));
    expect([stage.status, await stage.json()]).toEqual([403, { message: 'Forbidden' }]);
    expect((await fetch(at('aaaaaaaaaa', '/users'))).status).toBe(403);
    const head = await fetch(at(apiId, '/users'), { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  test('literal parts before variables before greedy ones; every form of address', async () => {
    const uri = await createFunction(
      'fn',
      'export const handler = async (event) => ({ statusCode: 200, body: event.resource });',
    );
    const apiId = await deploy({
      methods: { 'GET /a/b': uri, 'GET /a/{x}': uri, 'GET /{x}/b': uri, 'ANY /{proxy+}': uri, 'GET /': uri },
    });
    const get = async (path: string): Promise<string> => (await fetch(at(apiId, path))).text();
    expect([await get('/a/b'), await get('/a/c'), await get('/c/b'), await get('/c/d'), await get('')]).toEqual([
      '/a/b',
      '/a/{x}',
      '/{x}/b',
      '/{proxy+}',
      '/',
    ]);
    const prefixed = await fetch(`${cloud.endpoint}/_aws/execute-api/${apiId}/prod/a/b`);
    expect(await prefixed.text()).toBe('/a/b');
    for (const host of [`${apiId}.execute-api.localhost`, `${apiId}.execute-api.us-east-1.amazonaws.com`]) {
      const answer = await raw('/prod/a/b', { headers: ['Host', host] });
      expect(answer.body.toString()).toBe('/a/b');
    }
  });

  test('a disabled default endpoint answers nothing', async () => {
    const uri = await createFunction('echo', ECHO);
    const apiId = await deploy({ methods: { 'GET /': uri } });
    await gateway.send(
      new A.UpdateRestApiCommand({
        restApiId: apiId,
        patchOperations: [{ op: 'replace', path: '/disableExecuteApiEndpoint', value: 'true' }],
      }),
    );
    expect((await fetch(at(apiId, '/'))).status).toBe(403);
  });

  test('changes show after the next deployment only', async () => {
    const uri = await createFunction('echo', ECHO);
    const apiId = await deploy({ methods: { 'GET /old': uri } });
    const { items = [] } = await gateway.send(new A.GetResourcesCommand({ restApiId: apiId }));
    const resourceId = items.find((each) => each.path === '/old')?.id;
    await gateway.send(new A.DeleteMethodCommand({ restApiId: apiId, resourceId, httpMethod: 'GET' }));
    expect((await fetch(at(apiId, '/old'))).status).toBe(200);
    const address = { restApiId: apiId, resourceId, httpMethod: 'GET' };
    await gateway.send(new A.PutMethodCommand({ ...address, authorizationType: 'NONE' }));
    await gateway.send(
      new A.PutIntegrationCommand({
        ...address,
        type: 'MOCK',
        requestTemplates: { 'application/json': '{"statusCode": 204}' },
      }),
    );
    await gateway.send(new A.PutMethodResponseCommand({ ...address, statusCode: '204' }));
    await gateway.send(new A.PutIntegrationResponseCommand({ ...address, statusCode: '204' }));
    expect((await fetch(at(apiId, '/old'))).status).toBe(200);
    await gateway.send(new A.CreateDeploymentCommand({ restApiId: apiId, stageName: 'prod' }));
    expect((await fetch(at(apiId, '/old'))).status).toBe(204);
  });
});

describe('mock integrations', () => {
  test('a preflight as SAM writes it', async () => {
    const uri = await createFunction('echo', ECHO);
    // <aws-sam-translator, swagger.py, the OPTIONS method of Cors>
    const parameters = {
      'method.response.header.Access-Control-Allow-Headers': "'Content-Type,Authorization'",
      'method.response.header.Access-Control-Allow-Methods': "'GET,POST,OPTIONS'",
      'method.response.header.Access-Control-Allow-Origin': "'*'",
    };
    const apiId = await deploy({
      methods: {
        'POST /': uri,
        'OPTIONS /': {
          consumes: ['application/json'],
          produces: ['application/json'],
          'x-amazon-apigateway-integration': {
            type: 'mock',
            requestTemplates: { 'application/json': '{\n  "statusCode" : 200\n}\n' },
            responses: {
              default: {
                statusCode: '200',
                responseParameters: parameters,
                responseTemplates: { 'application/json': '{}\n' },
              },
            },
          },
          responses: {
            200: {
              description: 'Default response for CORS method',
              headers: {
                'Access-Control-Allow-Headers': { type: 'string' },
                'Access-Control-Allow-Methods': { type: 'string' },
                'Access-Control-Allow-Origin': { type: 'string' },
              },
            },
          },
        },
      },
    });
    const response = await fetch(at(apiId, '/'), {
      method: 'OPTIONS',
      headers: { origin: 'https://a.test', 'access-control-request-method': 'POST' },
    });
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-headers': 'Content-Type,Authorization',
      'access-control-allow-methods': 'GET,POST,OPTIONS',
      'access-control-allow-origin': '*',
    });
  });
});

describe('stage settings', () => {
  async function set(restApiId: string, ...settings: [path: string, value: string][]): Promise<A.Stage> {
    const patchOperations = settings.map(([path, value]) => ({ op: 'replace', path, value }) as const);
    return gateway.send(new A.UpdateStageCommand({ restApiId, stageName: 'prod', patchOperations }));
  }

  test('throttling lets a burst through and then its rate, on the cloud clock', async () => {
    const uri = await createFunction('echo', ECHO);
    const apiId = await deploy({ methods: { 'GET /slow': uri, 'GET /free': uri } });
    const stage = await set(
      apiId,
      ['/~1slow/GET/throttling/burstLimit', '2'],
      ['/~1slow/GET/throttling/rateLimit', '0.5'],
    );
    expect(stage.methodSettings?.['~1slow/GET']).toMatchObject({
      throttlingBurstLimit: 2,
      throttlingRateLimit: 0.5,
      metricsEnabled: false,
    });
    const statuses = async (path: string, times: number): Promise<number[]> => {
      const seen: number[] = [];
      for (let i = 0; i < times; i++) seen.push((await fetch(at(apiId, path))).status);
      return seen;
    };
    expect(await statuses('/slow', 3)).toEqual([200, 200, 429]);
    const refused = await fetch(at(apiId, '/slow'));
    expect(await refused.json()).toEqual({ message: 'Too Many Requests' });
    expect(await statuses('/free', 3)).toEqual([200, 200, 200]);
    await cloud.clock.advance('2s');
    expect(await statuses('/slow', 2)).toEqual([200, 429]);
  });

  test('settings that are not there yet are refused, neutral ones accepted', async () => {
    const uri = await createFunction('echo', ECHO);
    const apiId = await deploy({ methods: { 'GET /': uri } });
    await expect(set(apiId, ['/*/*/metrics/enabled', 'true'])).rejects.toMatchObject({
      name: 'BadRequestException',
      message: 'The method setting metrics/enabled with the value true is not supported by Cloudlet yet.',
    });
    await expect(set(apiId, ['/*/*/logging/loglevel', 'INFO'])).rejects.toMatchObject({
      name: 'BadRequestException',
    });
    await set(apiId, ['/*/*/logging/loglevel', 'OFF'], ['/*/*/caching/enabled', 'false']);
  });

  test('an access log prints a line a request', async () => {
    const uri = await createFunction('echo', ECHO);
    const apiId = await deploy({ methods: { 'GET /users/{id}': uri } });
    const logs = cloud.client(CloudWatchLogsClient);
    await logs.send(new CreateLogGroupCommand({ logGroupName: 'access' }));
    const format =
      '$context.requestId $context.identity.sourceIp "$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.responseLength $context.authorizer.claims.sub $context.error.message';
    const destinationArn = 'arn:aws:logs:us-east-1:000000000000:log-group:access';
    await expect(set(apiId, ['/accessLogSettings/format', format])).rejects.toMatchObject({
      message: 'Invalid ARN specified in the request',
    });
    const stage = await set(
      apiId,
      ['/accessLogSettings/destinationArn', `${destinationArn}:*`],
      ['/accessLogSettings/format', format],
    );
    expect(stage.accessLogSettings).toEqual({ destinationArn, format });
    const found = await fetch(at(apiId, '/users/1'));
    const length = (await found.text()).length;
    const lost = await fetch(at(apiId, '/nothing'));
    await cloud.settle();
    const { events = [] } = await logs.send(new FilterLogEventsCommand({ logGroupName: 'access' }));
    const id = (response: Response): string | null => response.headers.get('x-amzn-requestid');
    expect(events.map((each) => each.message)).toEqual([
      `${id(found)} 127.0.0.1 "GET /users/{id} HTTP/1.1" 200 ${length} - -`,
      `${id(lost)} 127.0.0.1 "GET - HTTP/1.1" 403 42 - Missing Authentication Token`,
    ]);
    await expect(set(apiId, ['/accessLogSettings/format', '$context.status'])).rejects.toMatchObject({
      name: 'BadRequestException',
    });
  });
});
