// AWS::ApiGateway::RestApi.
import {
  FLAG,
  INTEGER,
  JSON_VALUE,
  TAGS,
  TEXT,
  TEXTS,
  TEXT_MAP,
  only,
} from '../../../kernel/property-shapes.ts';
import { isOwn, listAll, tagsOf, textOf, unlessGone } from '../../../kernel/resource-requests.ts';
import type { Properties, ResourceHandler, ResourceRequest } from '../../../kernel/resources.ts';
import type { InputOf } from '../../../models/operations.ts';
import { unsupported } from '../errors.ts';
import { GONE, lowerFirst, refuse } from './properties.ts';

export const restApi: ResourceHandler = {
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
      description: textOf(request.properties, 'Description'),
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
  async candidates(request) {
    const apis = await listAll(async (position) => {
      const page = await request.call('apigateway', 'GetRestApis', { limit: 500, position });
      return { items: page.items, next: page.position };
    });
    return apis.filter(({ tags }) => isOwn(request, tags)).map(({ id = '' }) => id);
  },
  async update(request) {
    const restApiId = request.physicalId;
    const { previous, properties } = request;
    const settings = settingsOf(request);
    await putDefinition(request, restApiId);
    await request.call('apigateway', 'UpdateRestApi', {
      restApiId,
      patchOperations: [
        { op: 'replace', path: '/name', value: nameOf(request) },
        { op: 'replace', path: '/description', value: textOf(properties, 'Description') ?? '' },
        {
          op: 'replace',
          path: '/disableExecuteApiEndpoint',
          value: String(properties['DisableExecuteApiEndpoint'] === true),
        },
        ...mediaTypePatches(previous, properties),
        ...(await endpointPatches(request, settings.endpointConfiguration?.types?.[0])),
      ],
    });
    const resourceArn = `arn:aws:apigateway:${request.region}::/restapis/${restApiId}`;
    const wanted = tagsOf(request);
    const { tags = {} } = await request.call('apigateway', 'GetTags', { resourceArn });
    const tagKeys = Object.keys(tags).filter((key) => !(key in wanted));
    if (tagKeys.length > 0) await request.call('apigateway', 'UntagResource', { resourceArn, tagKeys });
    await request.call('apigateway', 'TagResource', { resourceArn, tags: wanted });
    return describe(request, restApiId);
  },
  async delete(request) {
    await unlessGone(request.call('apigateway', 'DeleteRestApi', { restApiId: request.physicalId }), GONE);
  },
};

type Patch = NonNullable<InputOf<'apigateway', 'UpdateRestApi'>['patchOperations']>[number];

/** With a definition, the types came with it. */
function mediaTypePatches(previous: Properties, properties: Properties): Patch[] {
  if (properties['Body'] !== undefined) return [];
  const [before, after] = [previous, properties].map((each) => (each['BinaryMediaTypes'] ?? []) as string[]);
  const path = (type: string): string =>
    `/binaryMediaTypes/${type.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  return [
    ...(before ?? [])
      .filter((type) => after?.includes(type) !== true)
      .map((type): Patch => ({ op: 'remove', path: path(type) })),
    ...(after ?? [])
      .filter((type) => before?.includes(type) !== true)
      .map((type): Patch => ({ op: 'add', path: path(type) })),
  ];
}

async function endpointPatches(
  request: ResourceRequest & { readonly physicalId: string },
  wanted: string | undefined,
): Promise<Patch[]> {
  const { endpointConfiguration } = await request.call('apigateway', 'GetRestApi', {
    restApiId: request.physicalId,
  });
  const current = endpointConfiguration?.types?.[0];
  if (wanted === undefined || current === undefined || wanted === current) return [];
  return [{ op: 'replace', path: `/endpointConfiguration/types/${current}`, value: wanted }];
}

/** The name property, else the definition's title, else the logical id. */
function nameOf(request: ResourceRequest): string {
  const body = request.properties['Body'] as { info?: { title?: unknown } } | undefined;
  const title = body?.info?.title;
  return textOf(request.properties, 'Name') ?? (typeof title === 'string' ? title : request.logicalId);
}

type ApiSettings = Pick<
  InputOf<'apigateway', 'CreateRestApi'>,
  'binaryMediaTypes' | 'disableExecuteApiEndpoint' | 'apiKeySource' | 'endpointConfiguration'
>;

function settingsOf(request: ResourceRequest): ApiSettings {
  refuse(request, ['BodyS3Location', 'Policy', 'CloneFrom', 'MinimumCompressionSize']);
  const { properties } = request;
  if (textOf(properties, 'Mode') === 'merge') throw unsupported(`Mode merge of ${request.logicalId}`);
  const { endpointConfigurationTypes, ...otherParameters } = (properties['Parameters'] ?? {}) as Record<
    string,
    string
  >;
  const [unknown] = Object.keys(otherParameters);
  if (unknown !== undefined) throw unsupported(`The parameter ${unknown} of ${request.logicalId}`);
  const endpoint = properties['EndpointConfiguration'] as { Types?: string[] } | undefined;
  const types =
    endpoint?.Types ?? (endpointConfigurationTypes === undefined ? undefined : [endpointConfigurationTypes]);
  return {
    ...lowerFirst(properties, ['BinaryMediaTypes', 'DisableExecuteApiEndpoint']),
    ...(properties['ApiKeySourceType'] === undefined
      ? {}
      : { apiKeySource: properties['ApiKeySourceType'] as 'HEADER' }),
    ...(types === undefined ? {} : { endpointConfiguration: { types: types as ['REGIONAL'] } }),
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
