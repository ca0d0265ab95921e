// CloudFormation types of API Gateway.
import type { InputOf } from '../../models/operations.ts';
import { ServiceError } from '../../base/errors.ts';
import type { PropertyShape, ResourceHandler, ResourceRequest } from '../../kernel/resources.ts';
import { unsupported } from './errors.ts';

const TEXT = { type: 'string' } as const;
const FLAG = { type: 'boolean' } as const;
const INTEGER = { type: 'integer' } as const;
const JSON_VALUE = { type: 'json' } as const;
const TEXTS = { type: 'list', of: TEXT } as const;
const TEXT_MAP = { type: 'map', of: TEXT } as const;
const TAGS: PropertyShape = {
  type: 'list',
  of: { type: 'object', properties: { Key: TEXT, Value: TEXT }, required: ['Key', 'Value'] },
};

function only(properties: Readonly<Record<string, PropertyShape>>): PropertyShape {
  return { type: 'object', properties };
}

function text(request: ResourceRequest, name: string): string | undefined {
  const value = request.properties[name];
  return typeof value === 'string' ? value : undefined;
}

function tagsOf(request: ResourceRequest): Record<string, string> {
  const list = (request.properties['Tags'] ?? []) as readonly { Key: string; Value: string }[];
  return { ...request.stackTags, ...Object.fromEntries(list.map(({ Key, Value }) => [Key, Value])) };
}

async function unlessGone(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== 'NotFoundException') throw error;
  }
}

/** Properties that are accepted only while they ask for nothing. */
function refuse(request: ResourceRequest, names: readonly string[]): void {
  for (const name of names) {
    const value = request.properties[name];
    if (value === undefined || value === false) continue;
    throw unsupported(`${name} of ${request.logicalId}`);
  }
}

const restApi: ResourceHandler = {
  type: 'AWS::ApiGateway::RestApi',
  shape: {
    type: 'object',
    properties: {
      Name: TEXT,
      Description: TEXT,
      Body: JSON_VALUE,
      BodyS3Location: only({ Bucket: TEXT, Key: TEXT, ETag: TEXT, Version: TEXT }),
      BinaryMediaTypes: TEXTS,
      EndpointConfiguration: only({ Types: TEXTS, VpcEndpointIds: TEXTS, IpAddressType: TEXT }),
      Parameters: TEXT_MAP,
      FailOnWarnings: FLAG,
      Mode: TEXT,
      ApiKeySourceType: TEXT,
      MinimumCompressionSize: INTEGER,
      Policy: JSON_VALUE,
      DisableExecuteApiEndpoint: FLAG,
      CloneFrom: TEXT,
      Tags: TAGS,
    },
  },
  replaceOn: [],
  async create(request) {
    const input = {
      name: nameOf(request),
      description: text(request, 'Description'),
      ...settingsOf(request),
      tags: tagsOf(request),
    } as InputOf<'apigateway', 'CreateRestApi'>;
    const { id = '' } = await request.call('apigateway', 'CreateRestApi', input);
    try {
      await putDefinition(request, id);
    } catch (error) {
      // A refused definition leaves no API behind.
      await request.call('apigateway', 'DeleteRestApi', { restApiId: id });
      throw error;
    }
    return describe(request, id);
  },
  async update(request) {
    const restApiId = request.physicalId;
    await putDefinition(request, restApiId);
    await request.call('apigateway', 'UpdateRestApi', {
      restApiId,
      patchOperations: [
        { op: 'replace', path: '/name', value: nameOf(request) },
        { op: 'replace', path: '/description', value: text(request, 'Description') ?? '' },
        {
          op: 'replace',
          path: '/disableExecuteApiEndpoint',
          value: String(request.properties['DisableExecuteApiEndpoint'] ?? false),
        },
      ],
    });
    const resourceArn = `arn:aws:apigateway:${request.region}::/restapis/${restApiId}`;
    await request.call('apigateway', 'TagResource', { resourceArn, tags: tagsOf(request) });
    return describe(request, restApiId);
  },
  async delete(request) {
    await unlessGone(request.call('apigateway', 'DeleteRestApi', { restApiId: request.physicalId }));
  },
};

/** The name property, else the definition's title, else the logical id. */
function nameOf(request: ResourceRequest): string {
  const body = request.properties['Body'] as { info?: { title?: unknown } } | undefined;
  const title = body?.info?.title;
  return text(request, 'Name') ?? (typeof title === 'string' ? title : request.logicalId);
}

function settingsOf(request: ResourceRequest): Record<string, unknown> {
  refuse(request, ['BodyS3Location', 'Policy', 'CloneFrom', 'MinimumCompressionSize']);
  const { properties } = request;
  const endpoint = properties['EndpointConfiguration'] as { Types?: string[] } | undefined;
  const parameterType = (properties['Parameters'] as Record<string, string> | undefined)?.[
    'endpointConfigurationTypes'
  ];
  const types = endpoint?.Types ?? (parameterType === undefined ? undefined : [parameterType]);
  return {
    ...(properties['BinaryMediaTypes'] === undefined
      ? {}
      : { binaryMediaTypes: properties['BinaryMediaTypes'] }),
    ...(properties['DisableExecuteApiEndpoint'] === undefined
      ? {}
      : { disableExecuteApiEndpoint: properties['DisableExecuteApiEndpoint'] }),
    ...(properties['ApiKeySourceType'] === undefined
      ? {}
      : { apiKeySource: properties['ApiKeySourceType'] }),
    ...(types === undefined ? {} : { endpointConfiguration: { types } }),
  };
}

async function putDefinition(request: ResourceRequest, restApiId: string): Promise<void> {
  const definition = request.properties['Body'];
  if (definition === undefined) return;
  const types = request.properties['BinaryMediaTypes'];
  const merged =
    types === undefined
      ? definition
      : { ...(definition as object), 'x-amazon-apigateway-binary-media-types': types };
  const body = new TextEncoder().encode(JSON.stringify(merged));
  await request.call('apigateway', 'PutRestApi', { restApiId, mode: 'overwrite', body });
}

async function describe(
  request: ResourceRequest,
  restApiId: string,
): Promise<{ physicalId: string; attributes: Record<string, unknown> }> {
  const { rootResourceId } = await request.call('apigateway', 'GetRestApi', { restApiId });
  return { physicalId: restApiId, attributes: { RootResourceId: rootResourceId, RestApiId: restApiId } };
}

const resource: ResourceHandler = {
  type: 'AWS::ApiGateway::Resource',
  shape: {
    type: 'object',
    required: ['ParentId', 'PathPart', 'RestApiId'],
    properties: { ParentId: TEXT, PathPart: TEXT, RestApiId: TEXT },
  },
  replaceOn: ['ParentId', 'PathPart', 'RestApiId'],
  async create(request) {
    const { id = '' } = await request.call('apigateway', 'CreateResource', {
      restApiId: text(request, 'RestApiId'),
      parentId: text(request, 'ParentId'),
      pathPart: text(request, 'PathPart'),
    });
    return { physicalId: id, attributes: { ResourceId: id } };
  },
  async delete(request) {
    const input = { restApiId: text(request, 'RestApiId'), resourceId: request.physicalId };
    await unlessGone(request.call('apigateway', 'DeleteResource', input));
  },
};

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

const method: ResourceHandler = {
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
      RequestParameters: { type: 'map', of: FLAG },
      RequestModels: TEXT_MAP,
      RequestValidatorId: TEXT,
      Integration: only(INTEGRATION),
      MethodResponses: {
        type: 'list',
        of: only({
          StatusCode: TEXT,
          ResponseParameters: { type: 'map', of: FLAG },
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
  async update(request) {
    await request.call('apigateway', 'DeleteMethod', addressOf(request));
    await putMethod(request);
    return { physicalId: request.physicalId };
  },
  async delete(request) {
    await unlessGone(request.call('apigateway', 'DeleteMethod', addressOf(request)));
  },
};

interface MethodAddress {
  readonly restApiId: string | undefined;
  readonly resourceId: string | undefined;
  readonly httpMethod: string | undefined;
}

function addressOf(request: ResourceRequest): MethodAddress {
  return {
    restApiId: text(request, 'RestApiId'),
    resourceId: text(request, 'ResourceId'),
    httpMethod: text(request, 'HttpMethod'),
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
    authorizationType: text(request, 'AuthorizationType') ?? 'NONE',
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
    ]),
  });
  const mapped = (integration['IntegrationResponses'] ?? []) as readonly Record<string, unknown>[];
  for (const response of mapped) {
    await request.call('apigateway', 'PutIntegrationResponse', {
      ...address,
      statusCode: String(response['StatusCode']),
      ...lowerFirst(response, ['SelectionPattern', 'ResponseParameters', 'ResponseTemplates']),
    });
  }
}

/** Template names to the API's: `OperationName` → `operationName`. */
function lowerFirst(
  properties: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Record<string, never> {
  const lowered = names
    .filter((name) => properties[name] !== undefined)
    .map((name) => [name.charAt(0).toLowerCase() + name.slice(1), properties[name]]);
  // The shapes above have checked the types that the operations expect.
  return Object.fromEntries(lowered) as Record<string, never>;
}

const deployment: ResourceHandler = {
  type: 'AWS::ApiGateway::Deployment',
  shape: {
    type: 'object',
    required: ['RestApiId'],
    properties: {
      RestApiId: TEXT,
      Description: TEXT,
      StageName: TEXT,
      StageDescription: only({ Description: TEXT, Variables: TEXT_MAP, TracingEnabled: FLAG }),
      DeploymentCanarySettings: JSON_VALUE,
    },
  },
  replaceOn: ['RestApiId', 'StageName', 'StageDescription', 'DeploymentCanarySettings'],
  async create(request) {
    refuse(request, ['DeploymentCanarySettings']);
    const stage = (request.properties['StageDescription'] ?? {}) as Record<string, unknown>;
    const { id = '' } = await request.call('apigateway', 'CreateDeployment', {
      restApiId: text(request, 'RestApiId'),
      ...lowerFirst(request.properties, ['Description', 'StageName']),
      ...lowerFirst(stage, ['Variables', 'TracingEnabled']),
      ...(stage['Description'] === undefined ? {} : { stageDescription: String(stage['Description']) }),
    });
    return { physicalId: id, attributes: { DeploymentId: id } };
  },
  async update(request) {
    await request.call('apigateway', 'UpdateDeployment', {
      restApiId: text(request, 'RestApiId'),
      deploymentId: request.physicalId,
      patchOperations: [
        { op: 'replace', path: '/description', value: text(request, 'Description') ?? '' },
      ],
    });
    return { physicalId: request.physicalId, attributes: { DeploymentId: request.physicalId } };
  },
  async delete(request) {
    const restApiId = text(request, 'RestApiId');
    const deploymentId = request.physicalId;
    // A stage that this deployment made itself goes with it.
    const { item = [] } = await request.call('apigateway', 'GetStages', { restApiId, deploymentId }).catch(
      () => ({ item: [] }),
    );
    for (const { stageName } of item) {
      if (stageName === text(request, 'StageName')) {
        await request.call('apigateway', 'DeleteStage', { restApiId, stageName });
      }
    }
    await unlessGone(request.call('apigateway', 'DeleteDeployment', { restApiId, deploymentId }));
  },
};

const stage: ResourceHandler = {
  type: 'AWS::ApiGateway::Stage',
  shape: {
    type: 'object',
    required: ['RestApiId'],
    properties: {
      RestApiId: TEXT,
      StageName: TEXT,
      DeploymentId: TEXT,
      Description: TEXT,
      Variables: TEXT_MAP,
      TracingEnabled: FLAG,
      MethodSettings: JSON_VALUE,
      AccessLogSetting: JSON_VALUE,
      CacheClusterEnabled: FLAG,
      CacheClusterSize: TEXT,
      CanarySetting: JSON_VALUE,
      ClientCertificateId: TEXT,
      DocumentationVersion: TEXT,
      Tags: TAGS,
    },
  },
  replaceOn: ['RestApiId', 'StageName'],
  async create(request) {
    refuse(request, [
      'MethodSettings',
      'AccessLogSetting',
      'CacheClusterEnabled',
      'CanarySetting',
      'ClientCertificateId',
    ]);
    const stageName = text(request, 'StageName') ?? '';
    await request.call('apigateway', 'CreateStage', {
      restApiId: text(request, 'RestApiId'),
      stageName,
      deploymentId: text(request, 'DeploymentId'),
      ...lowerFirst(request.properties, ['Description', 'Variables', 'TracingEnabled']),
      tags: tagsOf(request),
    });
    return { physicalId: stageName };
  },
  async update(request) {
    refuse(request, [
      'MethodSettings',
      'AccessLogSetting',
      'CacheClusterEnabled',
      'CanarySetting',
      'ClientCertificateId',
    ]);
    const before = (request.previous['Variables'] ?? {}) as Record<string, string>;
    const after = (request.properties['Variables'] ?? {}) as Record<string, string>;
    const escape = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');
    await request.call('apigateway', 'UpdateStage', {
      restApiId: text(request, 'RestApiId'),
      stageName: request.physicalId,
      patchOperations: [
        { op: 'replace', path: '/deploymentId', value: text(request, 'DeploymentId') ?? '' },
        { op: 'replace', path: '/description', value: text(request, 'Description') ?? '' },
        {
          op: 'replace',
          path: '/tracingEnabled',
          value: String(request.properties['TracingEnabled'] ?? false),
        },
        ...Object.keys(before)
          .filter((name) => !(name in after))
          .map((name) => ({ op: 'remove' as const, path: `/variables/${escape(name)}` })),
        ...Object.entries(after).map(([name, value]) => ({
          op: 'replace' as const,
          path: `/variables/${escape(name)}`,
          value,
        })),
      ],
    });
    return { physicalId: request.physicalId };
  },
  async delete(request) {
    const input = { restApiId: text(request, 'RestApiId'), stageName: request.physicalId };
    await unlessGone(request.call('apigateway', 'DeleteStage', input));
  },
};

export const resources: readonly ResourceHandler[] = [
  restApi,
  resource,
  method,
  deployment,
  stage,
];
