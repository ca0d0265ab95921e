// AWS::ApiGateway::Stage.
import {
  FLAG,
  INTEGER,
  JSON_VALUE,
  NUMBER,
  TAGS,
  TEXT,
  TEXT_MAP,
  only,
} from '../../../kernel/property-shapes.ts';
import { tagsOf, textOf, unlessAbsent, unlessGone } from '../../../kernel/resource-requests.ts';
import type { Properties, ResourceHandler } from '../../../kernel/resources.ts';
import type { InputOf } from '../../../models/operations.ts';
import { GONE, lowerFirst, refuse } from './properties.ts';

const ACCESS_LOG = only({ DestinationArn: TEXT, Format: TEXT });
const METHOD_SETTING = only({
  ResourcePath: TEXT,
  HttpMethod: TEXT,
  ThrottlingBurstLimit: INTEGER,
  ThrottlingRateLimit: NUMBER,
  LoggingLevel: TEXT,
  DataTraceEnabled: FLAG,
  MetricsEnabled: FLAG,
  CachingEnabled: FLAG,
  CacheTtlInSeconds: INTEGER,
  CacheDataEncrypted: FLAG,
});

/** Names of a method setting in templates and in patches. */
const SETTING_NAMES: Readonly<Record<string, string>> = {
  ThrottlingBurstLimit: 'throttling/burstLimit',
  ThrottlingRateLimit: 'throttling/rateLimit',
  LoggingLevel: 'logging/loglevel',
  DataTraceEnabled: 'logging/dataTrace',
  MetricsEnabled: 'metrics/enabled',
  CachingEnabled: 'caching/enabled',
  CacheTtlInSeconds: 'caching/ttlInSeconds',
  CacheDataEncrypted: 'caching/dataEncrypted',
};

const NOT_YET = ['CacheClusterEnabled', 'CanarySetting', 'ClientCertificateId'];

export const stage: ResourceHandler = {
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
      MethodSettings: { type: 'list', of: METHOD_SETTING },
      AccessLogSetting: ACCESS_LOG,
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
    refuse(request, NOT_YET);
    const restApiId = textOf(request.properties, 'RestApiId');
    const stageName = textOf(request.properties, 'StageName') ?? '';
    await request.call('apigateway', 'CreateStage', {
      restApiId,
      stageName,
      deploymentId: textOf(request.properties, 'DeploymentId'),
      ...lowerFirst(request.properties, ['Description', 'Variables', 'TracingEnabled']),
      tags: tagsOf(request),
    });
    const patchOperations = settingPatches({}, request.properties);
    try {
      if (patchOperations.length > 0) {
        await request.call('apigateway', 'UpdateStage', { restApiId, stageName, patchOperations });
      }
    } catch (error) {
      // A refused setting leaves no stage behind.
      await request.call('apigateway', 'DeleteStage', { restApiId, stageName });
      throw error;
    }
    return { physicalId: stageName };
  },
  async find(request) {
    const restApiId = textOf(request.properties, 'RestApiId');
    const stageName = textOf(request.properties, 'StageName') ?? '';
    const get = request.call('apigateway', 'GetStage', { restApiId, stageName });
    return (await unlessAbsent(get, GONE))?.stageName;
  },
  async update(request) {
    refuse(request, NOT_YET);
    const { previous, properties } = request;
    await request.call('apigateway', 'UpdateStage', {
      restApiId: textOf(properties, 'RestApiId'),
      stageName: request.physicalId,
      patchOperations: [
        { op: 'replace', path: '/deploymentId', value: textOf(properties, 'DeploymentId') ?? '' },
        { op: 'replace', path: '/description', value: textOf(properties, 'Description') ?? '' },
        { op: 'replace', path: '/tracingEnabled', value: String(properties['TracingEnabled'] === true) },
        ...variablePatches(previous, properties),
        ...settingPatches(previous, properties),
      ],
    });
    return { physicalId: request.physicalId };
  },
  async delete(request) {
    const input = { restApiId: textOf(request.properties, 'RestApiId'), stageName: request.physicalId };
    await unlessGone(request.call('apigateway', 'DeleteStage', input), GONE);
  },
};

type Patch = NonNullable<InputOf<'apigateway', 'UpdateStage'>['patchOperations']>[number];

function variablePatches(previous: Properties, properties: Properties): Patch[] {
  const before = (previous['Variables'] ?? {}) as Record<string, string>;
  const after = (properties['Variables'] ?? {}) as Record<string, string>;
  return [
    ...Object.keys(before)
      .filter((name) => !(name in after))
      .map((name): Patch => ({ op: 'remove', path: `/variables/${escape(name)}` })),
    ...Object.entries(after).map(
      ([name, value]): Patch => ({ op: 'replace', path: `/variables/${escape(name)}`, value }),
    ),
  ];
}

/** Method settings and access log: what is gone is removed, what is there is set. */
function settingPatches(previous: Properties, properties: Properties): Patch[] {
  const keysBefore = new Set(settingsOf(previous).map(keyOf));
  const settings = settingsOf(properties);
  const log = properties['AccessLogSetting'] as { DestinationArn?: string; Format?: string } | undefined;
  const hadLog = previous['AccessLogSetting'] !== undefined;
  return [
    ...[...keysBefore].map((key): Patch => ({ op: 'remove', path: `/${key}` })),
    ...settings.flatMap((setting) =>
      Object.entries(SETTING_NAMES)
        .filter(([name]) => setting[name] !== undefined)
        .map(
          ([name, path]): Patch => ({
            op: 'replace',
            path: `/${keyOf(setting)}/${path}`,
            value: String(setting[name]),
          }),
        ),
    ),
    ...(hadLog && log === undefined ? [{ op: 'remove', path: '/accessLogSettings' } as const] : []),
    ...(log === undefined
      ? []
      : [
          { op: 'replace', path: '/accessLogSettings/destinationArn', value: log.DestinationArn ?? '' } as const,
          { op: 'replace', path: '/accessLogSettings/format', value: log.Format ?? '' } as const,
        ]),
  ];
}

function settingsOf(properties: Properties): readonly Readonly<Record<string, unknown>>[] {
  return (properties['MethodSettings'] ?? []) as readonly Readonly<Record<string, unknown>>[];
}

/** `/pets/{id}` and `GET` → `~1pets~1{id}/GET`; `/*` and `*` mean all. */
function keyOf(setting: Readonly<Record<string, unknown>>): string {
  const path = textOf(setting, 'ResourcePath') ?? '/*';
  const method = textOf(setting, 'HttpMethod') ?? '*';
  return path === '/*' ? `*/${method}` : `${escape(path)}/${method}`;
}

function escape(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
