// REST APIs through the SDK: import, resources, methods, integrations, deployments, stages, tags.
import * as A from '@aws-sdk/client-api-gateway';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCloud, type TestCloud } from '../../testing/create-cloud.ts';

let cloud: TestCloud;
let gateway: A.APIGatewayClient;

beforeEach(async () => {
  cloud = await createCloud();
  gateway = cloud.client(A.APIGatewayClient);
});
afterEach(() => cloud.close());

const URI =
  'arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:fn/invocations';

async function createApi(input: Partial<A.CreateRestApiCommandInput> = {}): Promise<{ id: string; root: string }> {
  const { id = '', rootResourceId = '' } = await gateway.send(
    new A.CreateRestApiCommand({ name: 'test', ...input }),
  );
  return { id, root: rootResourceId };
}

interface Address {
  readonly restApiId: string;
  readonly resourceId: string;
  readonly httpMethod: string;
}

async function createMethod(): Promise<Address> {
  const { id: restApiId, root } = await createApi();
  const { id: resourceId = '' } = await gateway.send(
    new A.CreateResourceCommand({ restApiId, parentId: root, pathPart: 'users' }),
  );
  const address = { restApiId, resourceId, httpMethod: 'GET' };
  await gateway.send(new A.PutMethodCommand({ ...address, authorizationType: 'NONE' }));
  return address;
}

async function putProxy(address: Address, input: Partial<A.PutIntegrationCommandInput> = {}): Promise<A.Integration> {
  return gateway.send(
    new A.PutIntegrationCommand({
      ...address,
      type: 'AWS_PROXY',
      integrationHttpMethod: 'POST',
      uri: URI,
      ...input,
    }),
  );
}

function importBody(definition: unknown): Uint8Array {
  return new TextEncoder().encode(typeof definition === 'string' ? definition : JSON.stringify(definition));
}

describe('APIs', () => {
  test('create, get, list, update, delete', async () => {
    const made = await gateway.send(
      new A.CreateRestApiCommand({ name: 'one', description: 'd', tags: { a: 'b' } }),
    );
    const { $metadata, ...shown } = made;
    expect($metadata.httpStatusCode).toBe(201);
    // Members as recorded from AWS: localstack test_apigateway_api.py::test_create_rest_api_with_tags.
    expect(shown).toEqual({
      id: expect.stringMatching(/^[a-z0-9]{10}$/),
      name: 'one',
      description: 'd',
      createdDate: new Date(Math.floor(cloud.clock.now().getTime() / 1000) * 1000),
      apiKeySource: 'HEADER',
      endpointConfiguration: { types: ['EDGE'], ipAddressType: 'ipv4' },
      disableExecuteApiEndpoint: false,
      rootResourceId: expect.stringMatching(/^[a-z0-9]{6,10}$/),
      tags: { a: 'b' },
    });
    const restApiId = made.id ?? '';
    const changed = await gateway.send(
      new A.UpdateRestApiCommand({
        restApiId,
        patchOperations: [
          { op: 'replace', path: '/name', value: 'two' },
          { op: 'add', path: '/binaryMediaTypes/image~1png' },
          { op: 'replace', path: '/endpointConfiguration/types/EDGE', value: 'REGIONAL' },
        ],
      }),
    );
    expect(changed).toMatchObject({
      name: 'two',
      binaryMediaTypes: ['image/png'],
      endpointConfiguration: { types: ['REGIONAL'] },
    });
    for (let i = 0; i < 2; i++) await createApi();
    const page = await gateway.send(new A.GetRestApisCommand({ limit: 2 }));
    expect(page.items).toHaveLength(2);
    const rest = await gateway.send(new A.GetRestApisCommand({ position: page.position }));
    expect([rest.items?.length, rest.position]).toEqual([1, undefined]);
    const gone = await gateway.send(new A.DeleteRestApiCommand({ restApiId }));
    expect(gone.$metadata.httpStatusCode).toBe(202);
    await expect(gateway.send(new A.GetRestApiCommand({ restApiId }))).rejects.toMatchObject({
      name: 'NotFoundException',
      message: `Invalid API identifier specified 000000000000:${restApiId}`,
      $metadata: { httpStatusCode: 404 },
    });
  });

  test.each<[string, Partial<A.CreateRestApiCommandInput>]>([
    ['cloneFrom', { cloneFrom: 'aaaaaaaaaa' }],
    ['minimumCompressionSize', { minimumCompressionSize: 10 }],
    ['A resource policy', { policy: '{}' }],
    ['The endpoint type PRIVATE', { endpointConfiguration: { types: ['PRIVATE'] } }],
  ])('refuses %s, which is not there yet', async (what, input) => {
    await expect(createApi(input)).rejects.toMatchObject({
      name: 'BadRequestException',
      message: `${what} is not supported by Cloudlet yet.`,
    });
  });

  test('tags of APIs and stages', async () => {
    const { id } = await createApi({ tags: { a: '1' } });
    const resourceArn = `arn:aws:apigateway:us-east-1::/restapis/${id}`;
    await gateway.send(new A.TagResourceCommand({ resourceArn, tags: { b: '2' } }));
    await gateway.send(new A.UntagResourceCommand({ resourceArn, tagKeys: ['a'] }));
    expect((await gateway.send(new A.GetTagsCommand({ resourceArn }))).tags).toEqual({ b: '2' });
  });
});

describe('import', () => {
  const definition = {
    openapi: '3.0.1',
    info: { title: 'shop', version: '7', description: 'd' },
    paths: {
      '/items/{id}': {
        get: {
          operationId: 'getItem',
          responses: { 200: { description: 'ok' } },
          'x-amazon-apigateway-integration': { type: 'aws_proxy', httpMethod: 'POST', uri: URI },
        },
        'x-amazon-apigateway-any-method': {
          'x-amazon-apigateway-integration': { type: 'aws_proxy', httpMethod: 'POST', uri: URI },
        },
      },
    },
    'x-amazon-apigateway-binary-media-types': ['image/png'],
  };

  test('makes the tree, the methods and the settings of a definition; put replaces them', async () => {
    const api = await gateway.send(new A.ImportRestApiCommand({ body: importBody(definition) }));
    expect(api).toMatchObject({ name: 'shop', version: '7', description: 'd', binaryMediaTypes: ['image/png'] });
    const restApiId = api.id ?? '';
    const list = async (): Promise<unknown> => {
      const { items = [] } = await gateway.send(new A.GetResourcesCommand({ restApiId, embed: ['methods'] }));
      return items.map((each) => [each.path, Object.keys(each.resourceMethods ?? {})]);
    };
    expect(await list()).toEqual([['/', []], ['/items', []], ['/items/{id}', ['GET', 'ANY']]]);
    const yaml = 'swagger: "2.0"\ninfo: {title: other}\npaths:\n  /a: {}\n';
    const put = await gateway.send(
      new A.PutRestApiCommand({ restApiId, mode: 'overwrite', body: importBody(yaml) }),
    );
    expect(put).toMatchObject({ id: restApiId, name: 'other' });
    expect(await list()).toEqual([['/', []], ['/a', []]]);
  });

  test.each([
    ['no definition', 'hello', 'Invalid OpenAPI input.'],
    ['brackets without end', '['.repeat(5000), 'Invalid OpenAPI input.'],
    ['lists without end', '- '.repeat(5000), 'Invalid OpenAPI input.'],
    ['a value inside of itself', 'a: &a [*a]', 'Invalid OpenAPI input.'],
    ['another version', { swagger: '1.2', paths: {} }, 'Invalid OpenAPI input.'],
    [
      'an authorizer',
      { ...definition, security: [{ sigv4: [] }] },
      'The authorizer sigv4 of GET /items/{id} is not supported by Cloudlet yet.',
    ],
    [
      'an integration that is not there yet',
      {
        ...definition,
        paths: { '/': { get: { 'x-amazon-apigateway-integration': { type: 'http_proxy', uri: 'http://a' } } } },
      },
      'The integration type HTTP_PROXY is not supported by Cloudlet yet.',
    ],
  ])('refuses %s, and makes nothing', async (_what, body, message) => {
    await expect(
      gateway.send(new A.ImportRestApiCommand({ body: importBody(body) })),
    ).rejects.toMatchObject({ name: 'BadRequestException', message });
    expect((await gateway.send(new A.GetRestApisCommand({}))).items).toEqual([]);
  });
});

describe('resources', () => {
  test('form a tree; a branch goes with its root', async () => {
    const { id: restApiId, root } = await createApi();
    const add = (parentId: string, pathPart: string): Promise<A.Resource> =>
      gateway.send(new A.CreateResourceCommand({ restApiId, parentId, pathPart }));
    const users = await add(root, 'users');
    expect(users).toMatchObject({ path: '/users', pathPart: 'users', parentId: root });
    const one = await add(users.id ?? '', '{id}');
    expect(one.path).toBe('/users/{id}');
    // Recorded: localstack test_apigateway_api.py::test_resource_lifecycle and siblings.
    await expect(add(root, 'users')).rejects.toMatchObject({
      name: 'ConflictException',
      message: 'Another resource with the same parent already has this name: users',
      $metadata: { httpStatusCode: 409 },
    });
    await expect(add('abcdef', 'x')).rejects.toMatchObject({
      name: 'NotFoundException',
      message: 'Invalid Resource identifier specified',
    });
    await expect(add(root, '/x/')).rejects.toMatchObject({ name: 'BadRequestException' });
    const renamed = await gateway.send(
      new A.UpdateResourceCommand({
        restApiId,
        resourceId: users.id,
        patchOperations: [{ op: 'replace', path: '/pathPart', value: 'people' }],
      }),
    );
    expect(renamed.path).toBe('/people');
    await gateway.send(new A.DeleteResourceCommand({ restApiId, resourceId: users.id }));
    const { items } = await gateway.send(new A.GetResourcesCommand({ restApiId }));
    expect(items?.map((each) => each.path)).toEqual(['/']);
    await expect(
      gateway.send(new A.DeleteResourceCommand({ restApiId, resourceId: root })),
    ).rejects.toMatchObject({ name: 'BadRequestException' });
  });
});

describe('methods and integrations', () => {
  test('print what was put, embed what hangs on them, and change by patches', async () => {
    const address = await createMethod();
    const integration = await putProxy(address);
    // Members recorded: localstack test_apigateway_lambda.py, put-integration.
    const { $metadata, ...shown } = integration as A.PutIntegrationCommandOutput;
    expect($metadata.httpStatusCode).toBe(201);
    expect(shown).toEqual({
      cacheKeyParameters: [],
      cacheNamespace: address.resourceId,
      httpMethod: 'POST',
      passthroughBehavior: 'WHEN_NO_MATCH',
      timeoutInMillis: 29_000,
      type: 'AWS_PROXY',
      uri: URI,
    });
    await gateway.send(
      new A.PutMethodResponseCommand({ ...address, statusCode: '200', responseModels: { 'application/json': 'Empty' } }),
    );
    await gateway.send(
      new A.PutIntegrationResponseCommand({ ...address, statusCode: '200', selectionPattern: '' }),
    );
    const method = await gateway.send(new A.GetMethodCommand(address));
    expect(method).toMatchObject({
      httpMethod: 'GET',
      authorizationType: 'NONE',
      apiKeyRequired: false,
      methodResponses: { 200: { statusCode: '200', responseModels: { 'application/json': 'Empty' } } },
      methodIntegration: {
        type: 'AWS_PROXY',
        integrationResponses: { 200: { statusCode: '200', selectionPattern: '' } },
      },
    });
    const patched = await gateway.send(
      new A.UpdateIntegrationCommand({
        ...address,
        patchOperations: [
          { op: 'replace', path: '/timeoutInMillis', value: '1000' },
          { op: 'replace', path: '/uri', value: URI.replace('fn', 'other') },
        ],
      }),
    );
    expect(patched).toMatchObject({ timeoutInMillis: 1000, uri: URI.replace('fn', 'other') });
    expect(patched.integrationResponses).toHaveProperty('200');
    const updated = await gateway.send(
      new A.UpdateMethodCommand({
        ...address,
        patchOperations: [
          { op: 'replace', path: '/operationName', value: 'list' },
          { op: 'add', path: '/requestParameters/method.request.querystring.q', value: 'true' },
        ],
      }),
    );
    expect(updated).toMatchObject({
      operationName: 'list',
      requestParameters: { 'method.request.querystring.q': true },
    });
    const response = await gateway.send(
      new A.UpdateMethodResponseCommand({
        ...address,
        statusCode: '200',
        patchOperations: [
          { op: 'add', path: '/responseParameters/method.response.header.X', value: 'false' },
          { op: 'remove', path: '/responseModels/application~1json' },
        ],
      }),
    );
    expect(response.responseParameters).toEqual({ 'method.response.header.X': false });
    expect(response.responseModels).toBeUndefined();
    const mapped = await gateway.send(
      new A.UpdateIntegrationResponseCommand({
        ...address,
        statusCode: '200',
        patchOperations: [
          { op: 'add', path: '/responseParameters/method.response.header.X', value: "'x'" },
        ],
      }),
    );
    expect(mapped.responseParameters).toEqual({ 'method.response.header.X': "'x'" });
  });

  test('what is not there is told by what it is', async () => {
    const address = await createMethod();
    // Recorded: localstack test_apigateway_api.py, get-integration-after-delete and siblings.
    const cases: [Promise<unknown>, string][] = [
      [gateway.send(new A.GetIntegrationCommand(address)), 'Invalid Integration identifier specified'],
      [gateway.send(new A.GetMethodCommand({ ...address, httpMethod: 'PUT' })), 'Invalid Method identifier specified'],
      [
        gateway.send(new A.GetMethodResponseCommand({ ...address, statusCode: '200' })),
        'Invalid Response status code specified',
      ],
      [
        gateway.send(new A.GetResourceCommand({ restApiId: address.restApiId, resourceId: 'abcdef' })),
        'Invalid Resource identifier specified',
      ],
    ];
    for (const [work, message] of cases) {
      await expect(work).rejects.toMatchObject({ name: 'NotFoundException', message });
    }
    await expect(
      gateway.send(new A.PutMethodCommand({ ...address, authorizationType: 'NONE' })),
    ).rejects.toMatchObject({
      name: 'ConflictException',
      message: 'Method already exists for this resource',
    });
  });

  test.each<[string, (address: Address) => Promise<unknown>, string]>([
    [
      'an authorizer',
      (a) => gateway.send(new A.PutMethodCommand({ ...a, httpMethod: 'PUT', authorizationType: 'AWS_IAM' })),
      'The authorization type AWS_IAM is not supported by Cloudlet yet.',
    ],
    [
      'a timeout out of range',
      (a) => putProxy(a, { timeoutInMillis: 10 }),
      'Timeout should be between 50 ms and 29000 ms',
    ],
    [
      'a template in VTL',
      (a) => putProxy(a, { type: 'MOCK', requestTemplates: { 'application/json': "$input.path('$')" } }),
      'Mapping templates with VTL directives or variables are not supported by Cloudlet yet; static templates are.',
    ],
    [
      'a proxy to another service',
      (a) => putProxy(a, { uri: 'arn:aws:apigateway:us-east-1:sqs:path/0/q' }),
      'A proxy to arn:aws:apigateway:us-east-1:sqs:path/0/q is not supported by Cloudlet yet.',
    ],
    [
      'a cache key',
      (a) => putProxy(a, { cacheKeyParameters: ['method.request.path.id'] }),
      'A cache key is not supported by Cloudlet yet.',
    ],
    [
      'a patch of another path',
      async (a) => {
        await putProxy(a);
        const patchOperations = [{ op: 'replace', path: '/colour', value: 'red' } as const];
        return gateway.send(new A.UpdateIntegrationCommand({ ...a, patchOperations }));
      },
      "Invalid patch path '/colour' specified for op 'replace'. Must be one of: [/uri, /httpMethod, /credentials, /passthroughBehavior, /timeoutInMillis, /contentHandling, /cacheNamespace, /requestTemplates/*, /requestParameters/*]",
    ],
    [
      'a header that no method response declares',
      async (a) => {
        await putProxy(a, { type: 'MOCK' });
        await gateway.send(new A.PutMethodResponseCommand({ ...a, statusCode: '200' }));
        const responseParameters = { 'method.response.header.X': "'x'" };
        return gateway.send(
          new A.PutIntegrationResponseCommand({ ...a, statusCode: '200', responseParameters }),
        );
      },
      'Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression parameter specified: method.response.header.X]',
    ],
  ])('refuses %s', async (_what, act, message) => {
    await expect(act(await createMethod())).rejects.toMatchObject({ name: 'BadRequestException', message });
  });
});

describe('deployments and stages', () => {
  test('an API without methods or integrations cannot be deployed', async () => {
    const { id: restApiId } = await createApi();
    // Recorded by moto and localstack from AWS.
    await expect(gateway.send(new A.CreateDeploymentCommand({ restApiId }))).rejects.toMatchObject({
      name: 'BadRequestException',
      message: "The REST API doesn't contain any methods",
    });
    const address = await createMethod();
    await expect(
      gateway.send(new A.CreateDeploymentCommand({ restApiId: address.restApiId })),
    ).rejects.toMatchObject({ message: 'No integration defined for method' });
  });

  test('stages serve deployments, have variables, and hold their deployment', async () => {
    const address = await createMethod();
    await putProxy(address);
    const { restApiId } = address;
    const { id: deploymentId } = await gateway.send(
      new A.CreateDeploymentCommand({ restApiId, stageName: 'prod', stageDescription: 's', description: 'd' }),
    );
    const { id: second } = await gateway.send(new A.CreateDeploymentCommand({ restApiId }));
    const stage = await gateway.send(new A.GetStageCommand({ restApiId, stageName: 'prod' }));
    expect(stage).toMatchObject({
      stageName: 'prod',
      deploymentId,
      description: 's',
      methodSettings: {},
      tracingEnabled: false,
      cacheClusterEnabled: false,
      cacheClusterStatus: 'NOT_AVAILABLE',
    });
    const create = (input: Partial<A.CreateStageCommandInput>): Promise<A.Stage> =>
      gateway.send(new A.CreateStageCommand({ restApiId, stageName: 'dev', deploymentId, ...input }));
    await create({ variables: { a: '1', b: '2' }, tags: { t: 'x' } });
    await expect(create({})).rejects.toMatchObject({
      name: 'ConflictException',
      message: 'Stage already exists',
    });
    await expect(create({ stageName: 'a b' })).rejects.toMatchObject({
      message: 'Stage name only allows a-zA-Z0-9_-',
    });
    await expect(create({ stageName: 'x', deploymentId: 'abcdef' })).rejects.toMatchObject({
      name: 'NotFoundException',
    });
    const patched = await gateway.send(
      new A.UpdateStageCommand({
        restApiId,
        stageName: 'dev',
        patchOperations: [
          { op: 'replace', path: '/deploymentId', value: second },
          { op: 'remove', path: '/variables/a' },
          { op: 'replace', path: '/variables/c', value: '3' },
        ],
      }),
    );
    expect(patched).toMatchObject({ deploymentId: second, variables: { b: '2', c: '3' }, tags: { t: 'x' } });
    await expect(
      gateway.send(new A.DeleteDeploymentCommand({ restApiId, deploymentId })),
    ).rejects.toMatchObject({
      name: 'BadRequestException',
      message: 'Active stages pointing to this deployment must be moved or deleted',
    });
    const { item } = await gateway.send(new A.GetStagesCommand({ restApiId, deploymentId }));
    expect(item?.map((each) => each.stageName)).toEqual(['prod']);
    await gateway.send(new A.DeleteStageCommand({ restApiId, stageName: 'prod' }));
    await gateway.send(new A.DeleteDeploymentCommand({ restApiId, deploymentId }));
    const { items } = await gateway.send(new A.GetDeploymentsCommand({ restApiId }));
    expect(items?.map((each) => each.id)).toEqual([second]);
    await expect(
      gateway.send(new A.GetStageCommand({ restApiId, stageName: 'prod' })),
    ).rejects.toMatchObject({ name: 'NotFoundException', message: 'Invalid stage identifier specified' });
  });
});

test('what is not there yet answers 501 with its reason', async () => {
  await expect(gateway.send(new A.GetApiKeysCommand({}))).rejects.toMatchObject({
    $metadata: { httpStatusCode: 501 },
    message: expect.stringContaining('API keys and usage plans are not there yet'),
  });
});
