// Shapes stored functions into what the API prints.
import type { OutputOf } from '../../models/operations.ts';
import type { Scope } from '../../kernel/context.ts';
import { functionArn } from './function-reference.ts';
import { presentImage } from './images.ts';
import { runtimeVersionArn } from './runtime-version.ts';
import type { AliasRecord, FunctionVersion, InvokeConfig } from './store.ts';

export type FunctionConfiguration = OutputOf<'lambda', 'GetFunctionConfiguration'>;

/**
 * What was asked for has begun, as AWS's answers to creations and updates say; waiters then read on.
 * <localstack test_lambda_api.snapshot.json, create and update responses>
 */
export type Begun = 'created' | 'updated';

const BEGUN: Readonly<Record<Begun, Partial<FunctionConfiguration>>> = {
  created: {
    State: 'Pending',
    StateReason: 'The function is being created.',
    StateReasonCode: 'Creating',
  },
  updated: {
    State: 'Active',
    LastUpdateStatus: 'InProgress',
    LastUpdateStatusReason: 'The function is being updated.',
    // AWS's own SDKs lack this code in their list of reasons.
    LastUpdateStatusReasonCode: 'Creating' as 'InternalError',
  },
};

/** Answers like {@link presentConfiguration}, of a version that was made or changed just now. */
export function presentBegun(configuration: FunctionConfiguration, begun: Begun): FunctionConfiguration {
  const { State: _state, LastUpdateStatus: _status, ...rest } = configuration;
  return { ...rest, ...BEGUN[begun] };
}

/** @param qualifier how the caller named the version; absent: an unqualified ARN. */
export function presentConfiguration(
  scope: Scope,
  version: FunctionVersion,
  qualifier?: string,
): FunctionConfiguration {
  const { environment, layers, deadLetterArn } = version;
  return {
    FunctionName: version.name,
    FunctionArn: functionArn(scope, version.name, qualifier),
    ...presentPackage(scope, version),
    Role: version.role,
    CodeSize: version.code.sizeBytes,
    Description: version.description,
    Timeout: version.timeoutSec,
    MemorySize: version.memoryMb,
    LastModified: version.lastModified,
    CodeSha256: version.code.sha256,
    Version: version.version,
    TracingConfig: { Mode: version.tracingMode },
    RevisionId: version.revisionId,
    ...presentState(version),
    Architectures: [version.architecture],
    EphemeralStorage: { Size: version.ephemeralStorageMb },
    SnapStart: presentSnapStart(version),
    LoggingConfig: presentLogging(version),
    ...(environment === undefined ? {} : { Environment: { Variables: environment } }),
    ...(deadLetterArn === undefined ? {} : { DeadLetterConfig: { TargetArn: deadLetterArn } }),
    ...(layers.length === 0
      ? {}
      : { Layers: layers.map(({ arn, code }) => ({ Arn: arn, CodeSize: code.sizeBytes })) }),
  };
}

/** AWS: an image has a runtime and a handler of its own. */
function presentPackage(scope: Scope, { image, runtime, handler }: FunctionVersion): Partial<FunctionConfiguration> {
  if (image !== undefined) return { PackageType: 'Image', ...presentImage(image) };
  return {
    PackageType: 'Zip',
    Runtime: runtime as NonNullable<FunctionConfiguration['Runtime']>,
    RuntimeVersionConfig: { RuntimeVersionArn: runtimeVersionArn(scope, runtime) },
    Handler: handler,
  };
}

function presentState({ state }: FunctionVersion): Partial<FunctionConfiguration> {
  if (state === undefined) return { State: 'Active', LastUpdateStatus: 'Successful' };
  return {
    State: state.status,
    StateReason: state.reason,
    StateReasonCode: state.reasonCode as NonNullable<FunctionConfiguration['StateReasonCode']>,
  };
}

/** AWS: optimised is a published version whose snapshot is there; `$LATEST` never is. */
function presentSnapStart({ snapStart, version, state }: FunctionVersion): FunctionConfiguration['SnapStart'] {
  if (snapStart !== true) return { ApplyOn: 'None', OptimizationStatus: 'Off' };
  const isOptimised = version !== '$LATEST' && state === undefined;
  return { ApplyOn: 'PublishedVersions', OptimizationStatus: isOptimised ? 'On' : 'Off' };
}

function presentLogging(version: FunctionVersion): NonNullable<FunctionConfiguration['LoggingConfig']> {
  const { logging } = version;
  const LogGroup = logGroupOf(version);
  if (logging === undefined || logging.format === 'Text') return { LogFormat: 'Text', LogGroup };
  return {
    LogFormat: 'JSON',
    ApplicationLogLevel: logging.applicationLevel,
    SystemLogLevel: logging.systemLevel,
    LogGroup,
  };
}

export function logGroupOf(version: FunctionVersion): string {
  return version.logGroup ?? `/aws/lambda/${version.name}`;
}

export function presentAlias(
  scope: Scope,
  functionName: string,
  alias: AliasRecord,
): OutputOf<'lambda', 'GetAlias'> {
  return {
    AliasArn: functionArn(scope, functionName, alias.name),
    Name: alias.name,
    FunctionVersion: alias.functionVersion,
    Description: alias.description,
    RevisionId: alias.revisionId,
    ...(Object.keys(alias.weights).length === 0
      ? {}
      : { RoutingConfig: { AdditionalVersionWeights: alias.weights } }),
  };
}

export function presentInvokeConfig(
  arn: string,
  config: InvokeConfig,
): OutputOf<'lambda', 'GetFunctionEventInvokeConfig'> {
  const { maximumRetryAttempts, maximumEventAgeSec, onSuccessArn, onFailureArn } = config;
  return {
    LastModified: new Date(config.lastModifiedMs),
    FunctionArn: arn,
    ...(maximumRetryAttempts === undefined ? {} : { MaximumRetryAttempts: maximumRetryAttempts }),
    ...(maximumEventAgeSec === undefined ? {} : { MaximumEventAgeInSeconds: maximumEventAgeSec }),
    DestinationConfig: {
      OnSuccess: onSuccessArn === undefined ? {} : { Destination: onSuccessArn },
      OnFailure: onFailureArn === undefined ? {} : { Destination: onFailureArn },
    },
  };
}

/** `2026-01-02T03:04:05.678+0000`, the one date format only Lambda prints. */
export function lambdaTimestamp(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '+0000');
}
