// AWS::ApiGateway::Method.
import {
  FLAG,
  FLAG_MAP,
  INTEGER,
  TEXT,
  TEXTS,
  TEXT_MAP,
  only,
} from '../../../kernel/property-shapes.ts';
import { textOf, unlessAbsent, unlessGone } from '../../../kernel/resource-requests.ts';
import type { PropertyShape, ResourceHandler, ResourceRequest } from '../../../kernel/resources.ts';
import { GONE, lowerFirst } from './properties.ts';

const INTEGRATION = {
  Type: TEXT,
  IntegrationHttpMethod: TEXT,
  Uri: TEXT,
  Credentials: TEXT,
  ConnectionType: TEXT,
  ConnectionId: TEXT,
  ContentHandling: TEXT,
  PassthroughBehavior: TEXT,
  RequestParameters: TEXT_MAP,
  RequestTemplates: TEXT_MAP,
  TimeoutInMillis: INTEGER,
  CacheKeyParameters: TEXTS,
  CacheNamespace: TEXT,
  IntegrationResponses: {
    type: 'list',
    of: only({
      StatusCode: TEXT,
      SelectionPattern: TEXT,
      ResponseParameters: TEXT_MAP,
      ResponseTemplates: TEXT_MAP,
      ContentHandling: TEXT,
    }),
  },
} as const satisfies Readonly<Record<string, PropertyShape>>;

export const method: ResourceHandler = {
  type: 'AWS::ApiGateway::Method',
  shape: {
    type: 'object',
    required: ['HttpMethod', 'ResourceId', 'RestApiId'],
    properties: {
      HttpMethod: TEXT,
      ResourceId: TEXT,
      RestApiId: TEXT,
      AuthorizationType: TEXT,
      AuthorizerId: TEXT,
      AuthorizationScopes: TEXTS,
      ApiKeyRequired: FLAG,
      OperationName: TEXT,
      RequestParameters: FLAG_MAP,
      RequestModels: TEXT_MAP,
      RequestValidatorId: TEXT,
      Integration: only(INTEGRATION),
      MethodResponses: {
        type: 'list',
        of: only({
          StatusCode: TEXT,
          ResponseParameters: FLAG_MAP,
          ResponseModels: TEXT_MAP,
        }),
      },
    },
  },
  // Made anew in place: a method is one row, and deployments are snapshots.
  replaceOn: ['HttpMethod', 'ResourceId', 'RestApiId'],
  async create(request) {
    await putMethod(request);
    return { physicalId: methodIdOf(request) };
  },
  async find(request) {
    const get = request.call('apigateway', 'GetMethod', addressOf(request));
    return (await unlessAbsent(get, GONE)) && methodIdOf(request);
  },
  async update(request) {
    // Gone already when an earlier attempt was interrupted.
    await unlessGone(request.call('apigateway', 'DeleteMethod', addressOf(request)), GONE);
    await putMethod(request);
    return { physicalId: request.physicalId };
  },
  async delete(request) {
    await unlessGone(request.call('apigateway', 'DeleteMethod', addressOf(request)), GONE);
  },
};

interface MethodAddress {
  readonly restApiId: string | undefined;
  readonly resourceId: string | undefined;
  readonly httpMethod: string | undefined;
}

function addressOf(request: ResourceRequest): MethodAddress {
  return {
    restApiId: textOf(request.properties, 'RestApiId'),
    resourceId: textOf(request.properties, 'ResourceId'),
    httpMethod: textOf(request.properties, 'HttpMethod'),
  };
}

function methodIdOf(request: ResourceRequest): string {
  const { restApiId, resourceId, httpMethod } = addressOf(request);
  return `${restApiId}|${resourceId}|${httpMethod}`;
}

async function putMethod(request: ResourceRequest): Promise<void> {
  const address = addressOf(request);
  const { properties } = request;
  await request.call('apigateway', 'PutMethod', {
    ...address,
    ...lowerFirst(properties, [
      'AuthorizerId',
      'AuthorizationScopes',
      'ApiKeyRequired',
      'OperationName',
      'RequestParameters',
      'RequestModels',
      'RequestValidatorId',
    ]),
    authorizationType: textOf(request.properties, 'AuthorizationType') ?? 'NONE',
  });
  const responses = (properties['MethodResponses'] ?? []) as readonly Record<string, unknown>[];
  for (const response of responses) {
    await request.call('apigateway', 'PutMethodResponse', {
      ...address,
      statusCode: String(response['StatusCode']),
      ...lowerFirst(response, ['ResponseParameters', 'ResponseModels']),
    });
  }
  const integration = properties['Integration'] as Record<string, unknown> | undefined;
  if (integration === undefined) return;
  await request.call('apigateway', 'PutIntegration', {
    ...address,
    type: integration['Type'] as 'AWS_PROXY',
    ...lowerFirst(integration, [
      'IntegrationHttpMethod',
      'Uri',
      'Credentials',
      'ConnectionType',
      'PassthroughBehavior',
      'RequestParameters',
      'RequestTemplates',
      'TimeoutInMillis',
      'ContentHandling',
      'CacheKeyParameters',
      'CacheNamespace',
    ]),
  });
  const mapped = (integration['IntegrationResponses'] ?? []) as readonly Record<string, unknown>[];
  for (const response of mapped) {
    await request.call('apigateway', 'PutIntegrationResponse', {
      ...address,
      statusCode: String(response['StatusCode']),
      ...lowerFirst(response, [
        'SelectionPattern',
        'ResponseParameters',
        'ResponseTemplates',
        'ContentHandling',
      ]),
    });
  }
}
