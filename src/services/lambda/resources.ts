// CloudFormation types of Lambda.
import type { InputOf } from '../../models/operations.ts';
import { ServiceError } from '../../base/errors.ts';
import type { PropertyShape, ResourceHandler, ResourceRequest } from '../../kernel/resources.ts';
import { archiveInlineSource } from './inline-archive.ts';

const TEXT = { type: 'string' } as const;
const INTEGER = { type: 'integer' } as const;
const TEXTS = { type: 'list', of: TEXT } as const;
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

/** Tags of the template over those of the stack. */
function tagsOf(request: ResourceRequest): Record<string, string> {
  const list = (request.properties['Tags'] ?? []) as readonly { Key: string; Value: string }[];
  return { ...request.stackTags, ...Object.fromEntries(list.map(({ Key, Value }) => [Key, Value])) };
}

/** Settles for the outcome when the thing is gone already. */
async function unlessGone(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== 'ResourceNotFoundException') throw error;
  }
}

/** Function names and ARNs as templates give them; the name is what `Ref` gives. */
function functionNameOf(request: ResourceRequest): string {
  return text(request, 'FunctionName') ?? '';
}

const FUNCTION_SETTINGS = [
  'Runtime',
  'Handler',
  'Role',
  'Description',
  'Timeout',
  'MemorySize',
  'Environment',
  'Layers',
  'DeadLetterConfig',
  'TracingConfig',
  'EphemeralStorage',
  'LoggingConfig',
  'VpcConfig',
  'FileSystemConfigs',
  'KmsKeyArn',
  'ImageConfig',
  'SnapStart',
] as const;

/** The template's properties under the names of the API. */
function settingsOf(request: ResourceRequest): Partial<InputOf<'lambda', 'CreateFunction'>> {
  const settings: Record<string, unknown> = {};
  for (const name of FUNCTION_SETTINGS) {
    if (request.properties[name] !== undefined) {
      settings[name === 'KmsKeyArn' ? 'KMSKeyArn' : name] = request.properties[name];
    }
  }
  return settings;
}

async function codeOf(request: ResourceRequest): Promise<InputOf<'lambda', 'CreateFunction'>['Code']> {
  const code = request.properties['Code'] as Readonly<Record<string, string>>;
  if (code['ZipFile'] === undefined) return code;
  return { ZipFile: await archiveInlineSource(text(request, 'Runtime') ?? '', code['ZipFile']) };
}

const functionResource: ResourceHandler = {
  type: 'AWS::Lambda::Function',
  shape: {
    type: 'object',
    required: ['Code', 'Role'],
    properties: {
      FunctionName: TEXT,
      Code: only({
        ZipFile: TEXT,
        S3Bucket: TEXT,
        S3Key: TEXT,
        S3ObjectVersion: TEXT,
        ImageUri: TEXT,
        SourceKMSKeyArn: TEXT,
      }),
      Runtime: TEXT,
      Handler: TEXT,
      Role: TEXT,
      Description: TEXT,
      Timeout: INTEGER,
      MemorySize: INTEGER,
      Environment: only({ Variables: { type: 'map', of: TEXT } }),
      Layers: TEXTS,
      DeadLetterConfig: only({ TargetArn: TEXT }),
      TracingConfig: only({ Mode: TEXT }),
      EphemeralStorage: only({ Size: INTEGER }),
      LoggingConfig: only({
        LogFormat: TEXT,
        LogGroup: TEXT,
        ApplicationLogLevel: TEXT,
        SystemLogLevel: TEXT,
      }),
      VpcConfig: only({
        SubnetIds: TEXTS,
        SecurityGroupIds: TEXTS,
        Ipv6AllowedForDualStack: { type: 'boolean' },
      }),
      FileSystemConfigs: { type: 'list', of: only({ Arn: TEXT, LocalMountPath: TEXT }) },
      KmsKeyArn: TEXT,
      ImageConfig: only({ Command: TEXTS, EntryPoint: TEXTS, WorkingDirectory: TEXT }),
      SnapStart: only({ ApplyOn: TEXT }),
      PackageType: TEXT,
      Architectures: TEXTS,
      ReservedConcurrentExecutions: INTEGER,
      Tags: TAGS,
    },
  },
  replaceOn: ['FunctionName', 'PackageType'],
  async create(request) {
    const FunctionName = text(request, 'FunctionName') ?? request.physicalName(64);
    const PackageType = text(request, 'PackageType');
    const Architectures = request.properties['Architectures'];
    const input = {
      ...settingsOf(request),
      FunctionName,
      Role: text(request, 'Role'),
      Code: await codeOf(request),
      Tags: tagsOf(request),
      ...(PackageType === undefined ? {} : { PackageType }),
      ...(Architectures === undefined ? {} : { Architectures }),
    } as InputOf<'lambda', 'CreateFunction'>;
    const { FunctionArn } = await request.call('lambda', 'CreateFunction', input);
    await applyConcurrency(request, FunctionName);
    return { physicalId: FunctionName, attributes: { Arn: FunctionArn } };
  },
  async update(request) {
    const FunctionName = request.physicalId;
    const { previous, properties } = request;
    const changed = (name: string): boolean =>
      JSON.stringify(previous[name]) !== JSON.stringify(properties[name]);
    if (changed('Code') || changed('Architectures')) {
      const input = { ...(await codeOf(request)), FunctionName, Architectures: properties['Architectures'] };
      await request.call('lambda', 'UpdateFunctionCode', input as InputOf<'lambda', 'UpdateFunctionCode'>);
    }
    if (FUNCTION_SETTINGS.some(changed)) {
      // A property taken out of the template goes back to its default.
      const defaults = {
        Description: '',
        Timeout: 3,
        MemorySize: 128,
        Environment: { Variables: {} },
        Layers: [],
        DeadLetterConfig: { TargetArn: '' },
        TracingConfig: { Mode: 'PassThrough' },
        EphemeralStorage: { Size: 512 },
        LoggingConfig: { LogGroup: '' },
      };
      const input = { ...defaults, ...settingsOf(request), FunctionName };
      await request.call(
        'lambda',
        'UpdateFunctionConfiguration',
        input as InputOf<'lambda', 'UpdateFunctionConfiguration'>,
      );
    }
    if (changed('ReservedConcurrentExecutions')) await applyConcurrency(request, FunctionName);
    const { Configuration, Tags = {} } = await request.call('lambda', 'GetFunction', { FunctionName });
    const Resource = Configuration?.FunctionArn;
    const wanted = tagsOf(request);
    const TagKeys = Object.keys(Tags).filter((key) => !(key in wanted));
    if (TagKeys.length > 0) await request.call('lambda', 'UntagResource', { Resource, TagKeys });
    await request.call('lambda', 'TagResource', { Resource, Tags: wanted });
    return { physicalId: FunctionName, attributes: { Arn: Resource } };
  },
  async delete(request) {
    await unlessGone(request.call('lambda', 'DeleteFunction', { FunctionName: request.physicalId }));
  },
};

async function applyConcurrency(request: ResourceRequest, FunctionName: string): Promise<void> {
  const reserved = request.properties['ReservedConcurrentExecutions'];
  if (typeof reserved === 'number') {
    const ReservedConcurrentExecutions = reserved;
    await request.call('lambda', 'PutFunctionConcurrency', { FunctionName, ReservedConcurrentExecutions });
  } else {
    await request.call('lambda', 'DeleteFunctionConcurrency', { FunctionName });
  }
}

const permissionResource: ResourceHandler = {
  type: 'AWS::Lambda::Permission',
  shape: {
    type: 'object',
    required: ['Action', 'FunctionName', 'Principal'],
    properties: {
      Action: TEXT,
      FunctionName: TEXT,
      Principal: TEXT,
      SourceArn: TEXT,
      SourceAccount: TEXT,
      EventSourceToken: TEXT,
      FunctionUrlAuthType: TEXT,
      PrincipalOrgID: TEXT,
      InvokedViaFunctionUrl: { type: 'boolean' },
    },
  },
  replaceOn: [
    'Action',
    'FunctionName',
    'Principal',
    'SourceArn',
    'SourceAccount',
    'EventSourceToken',
    'FunctionUrlAuthType',
    'PrincipalOrgID',
    'InvokedViaFunctionUrl',
  ],
  async create(request) {
    const StatementId = request.physicalName(100);
    const input = { ...request.properties, StatementId } as unknown as InputOf<'lambda', 'AddPermission'>;
    await request.call('lambda', 'AddPermission', input);
    return { physicalId: StatementId, attributes: { Id: StatementId } };
  },
  async delete(request) {
    const input = { FunctionName: functionNameOf(request), StatementId: request.physicalId };
    await unlessGone(request.call('lambda', 'RemovePermission', input));
  },
};

const MAPPING_SETTINGS = {
  FunctionName: TEXT,
  Enabled: { type: 'boolean' },
  BatchSize: INTEGER,
  MaximumBatchingWindowInSeconds: INTEGER,
  FilterCriteria: only({ Filters: { type: 'list', of: only({ Pattern: TEXT }) } }),
  FunctionResponseTypes: TEXTS,
  ScalingConfig: only({ MaximumConcurrency: INTEGER }),
  DestinationConfig: only({ OnFailure: only({ Destination: TEXT }) }),
  BisectBatchOnFunctionError: { type: 'boolean' },
  MaximumRecordAgeInSeconds: INTEGER,
  MaximumRetryAttempts: INTEGER,
  ParallelizationFactor: INTEGER,
  TumblingWindowInSeconds: INTEGER,
  KmsKeyArn: TEXT,
} as const satisfies Readonly<Record<string, PropertyShape>>;

const mappingResource: ResourceHandler = {
  type: 'AWS::Lambda::EventSourceMapping',
  shape: {
    type: 'object',
    required: ['FunctionName'],
    properties: {
      ...MAPPING_SETTINGS,
      EventSourceArn: TEXT,
      StartingPosition: TEXT,
      StartingPositionTimestamp: { type: 'number' },
      Tags: TAGS,
    },
  },
  replaceOn: ['EventSourceArn', 'StartingPosition', 'StartingPositionTimestamp'],
  async create(request) {
    const { Tags: _tags, ...properties } = request.properties;
    const input = { ...properties, Tags: tagsOf(request) };
    const { UUID = '', EventSourceMappingArn } = await request.call(
      'lambda',
      'CreateEventSourceMapping',
      input as InputOf<'lambda', 'CreateEventSourceMapping'>,
    );
    return { physicalId: UUID, attributes: { Id: UUID, EventSourceMappingArn } };
  },
  async update(request) {
    const settings = Object.fromEntries(
      Object.entries(request.properties).filter(([name]) => name in MAPPING_SETTINGS),
    );
    const { EventSourceMappingArn } = await request.call('lambda', 'UpdateEventSourceMapping', {
      Enabled: true,
      FilterCriteria: { Filters: [] },
      FunctionResponseTypes: [],
      ...settings,
      UUID: request.physicalId,
    });
    return { physicalId: request.physicalId, attributes: { Id: request.physicalId, EventSourceMappingArn } };
  },
  async delete(request) {
    await unlessGone(request.call('lambda', 'DeleteEventSourceMapping', { UUID: request.physicalId }));
  },
};

const versionResource: ResourceHandler = {
  type: 'AWS::Lambda::Version',
  shape: {
    type: 'object',
    required: ['FunctionName'],
    properties: { FunctionName: TEXT, Description: TEXT, CodeSha256: TEXT },
  },
  replaceOn: ['FunctionName', 'Description', 'CodeSha256'],
  async create(request) {
    const input = request.properties as unknown as InputOf<'lambda', 'PublishVersion'>;
    const { FunctionArn = '', Version } = await request.call('lambda', 'PublishVersion', input);
    return { physicalId: FunctionArn, attributes: { Version, FunctionArn } };
  },
  async delete(request) {
    const [, name, version] = /:function:([^:]+):(\d+)$/.exec(request.physicalId) ?? [];
    if (name === undefined || version === undefined) return;
    await unlessGone(request.call('lambda', 'DeleteFunction', { FunctionName: name, Qualifier: version }));
  },
};

/** `[{FunctionVersion, FunctionWeight}]` of the template → the API's map. */
function routingOf(request: ResourceRequest): { AdditionalVersionWeights: Record<string, number> } {
  const config = request.properties['RoutingConfig'] as
    | { AdditionalVersionWeights?: readonly { FunctionVersion: string; FunctionWeight: number }[] }
    | undefined;
  const weights = config?.AdditionalVersionWeights ?? [];
  return {
    AdditionalVersionWeights: Object.fromEntries(
      weights.map(({ FunctionVersion, FunctionWeight }) => [FunctionVersion, FunctionWeight]),
    ),
  };
}

const aliasResource: ResourceHandler = {
  type: 'AWS::Lambda::Alias',
  shape: {
    type: 'object',
    required: ['FunctionName', 'FunctionVersion', 'Name'],
    properties: {
      FunctionName: TEXT,
      FunctionVersion: TEXT,
      Name: TEXT,
      Description: TEXT,
      RoutingConfig: only({
        AdditionalVersionWeights: {
          type: 'list',
          of: only({ FunctionVersion: TEXT, FunctionWeight: { type: 'number' } }),
        },
      }),
    },
  },
  replaceOn: ['FunctionName', 'Name'],
  async create(request) {
    const { AliasArn = '' } = await request.call('lambda', 'CreateAlias', aliasInput(request));
    return { physicalId: AliasArn, attributes: { AliasArn } };
  },
  async update(request) {
    const { AliasArn = '' } = await request.call('lambda', 'UpdateAlias', aliasInput(request));
    return { physicalId: AliasArn, attributes: { AliasArn } };
  },
  async delete(request) {
    const input = { FunctionName: functionNameOf(request), Name: text(request, 'Name') };
    await unlessGone(request.call('lambda', 'DeleteAlias', input));
  },
};

function aliasInput(request: ResourceRequest): InputOf<'lambda', 'CreateAlias'> {
  return {
    FunctionName: functionNameOf(request),
    Name: text(request, 'Name'),
    FunctionVersion: text(request, 'FunctionVersion'),
    Description: text(request, 'Description') ?? '',
    RoutingConfig: routingOf(request),
  };
}

const layerResource: ResourceHandler = {
  type: 'AWS::Lambda::LayerVersion',
  shape: {
    type: 'object',
    required: ['Content'],
    properties: {
      LayerName: TEXT,
      Description: TEXT,
      Content: only({ S3Bucket: TEXT, S3Key: TEXT, S3ObjectVersion: TEXT }),
      CompatibleRuntimes: TEXTS,
      CompatibleArchitectures: TEXTS,
      LicenseInfo: TEXT,
    },
  },
  replaceOn: [
    'LayerName',
    'Description',
    'Content',
    'CompatibleRuntimes',
    'CompatibleArchitectures',
    'LicenseInfo',
  ],
  async create(request) {
    const LayerName = text(request, 'LayerName') ?? request.physicalName(140);
    const input = { ...request.properties, LayerName } as unknown as InputOf<'lambda', 'PublishLayerVersion'>;
    const { LayerVersionArn = '' } = await request.call('lambda', 'PublishLayerVersion', input);
    return { physicalId: LayerVersionArn, attributes: { LayerVersionArn } };
  },
  async delete(request) {
    const [, LayerName, version] = /:layer:([^:]+):(\d+)$/.exec(request.physicalId) ?? [];
    const input = { LayerName, VersionNumber: Number(version) };
    await unlessGone(request.call('lambda', 'DeleteLayerVersion', input));
  },
};

const invokeConfigResource: ResourceHandler = {
  type: 'AWS::Lambda::EventInvokeConfig',
  shape: {
    type: 'object',
    required: ['FunctionName', 'Qualifier'],
    properties: {
      FunctionName: TEXT,
      Qualifier: TEXT,
      MaximumRetryAttempts: INTEGER,
      MaximumEventAgeInSeconds: INTEGER,
      DestinationConfig: only({
        OnSuccess: only({ Destination: TEXT }),
        OnFailure: only({ Destination: TEXT }),
      }),
    },
  },
  replaceOn: ['FunctionName', 'Qualifier'],
  create: putInvokeConfig,
  update: putInvokeConfig,
  async delete(request) {
    const input = { FunctionName: functionNameOf(request), Qualifier: text(request, 'Qualifier') };
    await unlessGone(request.call('lambda', 'DeleteFunctionEventInvokeConfig', input));
  },
};

async function putInvokeConfig(request: ResourceRequest): Promise<{ physicalId: string }> {
  const input = request.properties as unknown as InputOf<'lambda', 'PutFunctionEventInvokeConfig'>;
  await request.call('lambda', 'PutFunctionEventInvokeConfig', input);
  return { physicalId: `${functionNameOf(request)}|${text(request, 'Qualifier') ?? ''}` };
}

export const resources: readonly ResourceHandler[] = [
  functionResource,
  permissionResource,
  mappingResource,
  versionResource,
  aliasResource,
  layerResource,
  invokeConfigResource,
];
