// AWS::Lambda::Function.
import {
  FLAG,
  INTEGER,
  TAGS,
  TEXT,
  TEXTS,
  TEXT_MAP,
  only,
} from '../../../kernel/property-shapes.ts';
import {
  hasChanged,
  tagsOf,
  textOf,
  unlessAbsent,
  unlessGone,
} from '../../../kernel/resource-requests.ts';
import type { ResourceHandler, ResourceRequest } from '../../../kernel/resources.ts';
import type { InputOf } from '../../../models/operations.ts';
import { GONE } from './gone.ts';
import { archiveInlineSource } from '../inline-archive.ts';

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
  return { ZipFile: await archiveInlineSource(textOf(request.properties, 'Runtime') ?? '', code['ZipFile']) };
}

export const functionResource: ResourceHandler = {
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
      Environment: only({ Variables: TEXT_MAP }),
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
        Ipv6AllowedForDualStack: FLAG,
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
    const FunctionName = textOf(request.properties, 'FunctionName') ?? request.physicalName(64);
    const PackageType = textOf(request.properties, 'PackageType');
    const Architectures = request.properties['Architectures'];
    const input = {
      ...settingsOf(request),
      FunctionName,
      Role: textOf(request.properties, 'Role'),
      Code: await codeOf(request),
      Tags: tagsOf(request),
      ...(PackageType === undefined ? {} : { PackageType }),
      ...(Architectures === undefined ? {} : { Architectures }),
    } as InputOf<'lambda', 'CreateFunction'>;
    const { FunctionArn } = await request.call('lambda', 'CreateFunction', input);
    await applyConcurrency(request, FunctionName);
    return { physicalId: FunctionName, attributes: { Arn: FunctionArn } };
  },
  async find(request) {
    const FunctionName = textOf(request.properties, 'FunctionName') ?? request.physicalName(64);
    const found = await unlessAbsent(request.call('lambda', 'GetFunction', { FunctionName }), GONE);
    return found === undefined ? undefined : FunctionName;
  },
  async update(request) {
    const FunctionName = request.physicalId;
    const { previous, properties } = request;
    const changed = (name: string): boolean => hasChanged(name, previous, properties);
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
        LoggingConfig: { LogFormat: 'Text' },
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
    await unlessGone(request.call('lambda', 'DeleteFunction', { FunctionName: request.physicalId }), GONE);
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
