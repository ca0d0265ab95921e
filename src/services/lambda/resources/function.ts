// AWS::Lambda::Function.
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
import {
  hasChanged,
  tagsOf,
  textOf,
  unlessAbsent,
  unlessGone,
} from '../../../kernel/resource-requests.ts';
import type { ResourceHandler, ResourceRequest } from '../../../kernel/resources.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { GONE } from './gone.ts';
import { replaceTags } from './replace-tags.ts';
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
  'CapacityProviderConfig',
  'DurableConfig',
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

type Apply = (request: ResourceRequest, FunctionName: string) => Promise<void>;

/** Properties with operations of their own, which also take them back to their defaults. */
const ATTACHMENTS: readonly (readonly [name: string, apply: Apply])[] = [
  ['ReservedConcurrentExecutions', applyConcurrency],
  ['RuntimeManagementConfig', applyRuntimeManagement],
  ['RecursiveLoop', applyRecursion],
  ['FunctionScalingConfig', applyScaling],
];

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
      CodeSigningConfigArn: TEXT,
      RecursiveLoop: TEXT,
      RuntimeManagementConfig: only({ UpdateRuntimeOn: TEXT, RuntimeVersionArn: TEXT }),
      // Not there yet: what refuses them is the operation, by name.
      CapacityProviderConfig: JSON_VALUE,
      DurableConfig: JSON_VALUE,
      TenancyConfig: JSON_VALUE,
      FunctionScalingConfig: JSON_VALUE,
      PublishToLatestPublished: FLAG,
      Tags: TAGS,
    },
  },
  replaceOn: ['FunctionName', 'PackageType', 'TenancyConfig'],
  async create(request) {
    const FunctionName = textOf(request.properties, 'FunctionName') ?? request.physicalName(64);
    const { PackageType, Architectures, TenancyConfig, CodeSigningConfigArn, PublishToLatestPublished } =
      request.properties;
    const input = {
      ...settingsOf(request),
      FunctionName,
      Role: textOf(request.properties, 'Role'),
      Code: await codeOf(request),
      Tags: tagsOf(request),
      PackageType,
      Architectures,
      TenancyConfig,
      CodeSigningConfigArn,
      PublishTo: PublishToLatestPublished === true ? 'LATEST_PUBLISHED' : undefined,
    } as InputOf<'lambda', 'CreateFunction'>;
    const { FunctionArn, SnapStart } = await request.call('lambda', 'CreateFunction', input);
    for (const [name, apply] of ATTACHMENTS) {
      if (request.properties[name] !== undefined) await apply(request, FunctionName);
    }
    return { physicalId: FunctionName, attributes: attributesOf(FunctionArn, SnapStart) };
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
    // First: what is deployed below answers to it.
    if (changed('CodeSigningConfigArn')) await applyCodeSigning(request, FunctionName);
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
        LoggingConfig: { LogFormat: 'Text', LogGroup: `/aws/lambda/${FunctionName}` },
        SnapStart: { ApplyOn: 'None' },
      };
      const input = { ...defaults, ...settingsOf(request), FunctionName };
      await request.call(
        'lambda',
        'UpdateFunctionConfiguration',
        input as InputOf<'lambda', 'UpdateFunctionConfiguration'>,
      );
    }
    for (const [name, apply] of ATTACHMENTS) if (changed(name)) await apply(request, FunctionName);
    const { FunctionArn: Resource, SnapStart } = await request.call('lambda', 'GetFunctionConfiguration', {
      FunctionName,
    });
    await replaceTags(request, Resource);
    return { physicalId: FunctionName, attributes: attributesOf(Resource, SnapStart) };
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

/** A property taken out of the template takes the configuration off the function. */
async function applyCodeSigning(request: ResourceRequest, FunctionName: string): Promise<void> {
  const CodeSigningConfigArn = textOf(request.properties, 'CodeSigningConfigArn');
  if (CodeSigningConfigArn === undefined) {
    await request.call('lambda', 'DeleteFunctionCodeSigningConfig', { FunctionName });
  } else {
    await request.call('lambda', 'PutFunctionCodeSigningConfig', { FunctionName, CodeSigningConfigArn });
  }
}

async function applyRuntimeManagement(request: ResourceRequest, FunctionName: string): Promise<void> {
  const config = request.properties['RuntimeManagementConfig'] ?? { UpdateRuntimeOn: 'Auto' };
  const input = { FunctionName, ...config } as InputOf<'lambda', 'PutRuntimeManagementConfig'>;
  await request.call('lambda', 'PutRuntimeManagementConfig', input);
}

async function applyRecursion(request: ResourceRequest, FunctionName: string): Promise<void> {
  const RecursiveLoop = textOf(request.properties, 'RecursiveLoop') ?? 'Terminate';
  const input = { FunctionName, RecursiveLoop } as InputOf<'lambda', 'PutFunctionRecursionConfig'>;
  await request.call('lambda', 'PutFunctionRecursionConfig', input);
}

async function applyScaling(request: ResourceRequest, FunctionName: string): Promise<void> {
  const { FunctionScalingConfig } = request.properties;
  const input = { FunctionName, Qualifier: '$LATEST.PUBLISHED', FunctionScalingConfig };
  await request.call('lambda', 'PutFunctionScalingConfig', input as InputOf<'lambda', 'PutFunctionScalingConfig'>);
}

/** `SnapStartResponse.ApplyOn` and its sibling stand beside the ARN. */
function attributesOf(
  Arn: string | undefined,
  snapStart: OutputOf<'lambda', 'GetFunctionConfiguration'>['SnapStart'],
): Record<string, unknown> {
  const { ApplyOn, OptimizationStatus } = snapStart ?? {};
  return {
    Arn,
    SnapStartResponse: { ApplyOn, OptimizationStatus },
    'SnapStartResponse.ApplyOn': ApplyOn,
    'SnapStartResponse.OptimizationStatus': OptimizationStatus,
  };
}
