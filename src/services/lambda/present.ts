// Shapes stored functions into what the API prints.
import type { OutputOf } from '../../models/operations.ts';
import type { Scope } from '../../kernel/context.ts';
import { functionArn } from './function-reference.ts';
import type { AliasRecord, FunctionVersion, InvokeConfig, MappingRecord, StreamSettings } from './store.ts';

export type FunctionConfiguration = OutputOf<'lambda', 'GetFunctionConfiguration'>;

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
    Runtime: version.runtime as NonNullable<FunctionConfiguration['Runtime']>,
    Role: version.role,
    Handler: version.handler,
    CodeSize: version.code.sizeBytes,
    Description: version.description,
    Timeout: version.timeoutSec,
    MemorySize: version.memoryMb,
    LastModified: version.lastModified,
    CodeSha256: version.code.sha256,
    Version: version.version,
    TracingConfig: { Mode: version.tracingMode },
    RevisionId: version.revisionId,
    State: 'Active',
    LastUpdateStatus: 'Successful',
    PackageType: 'Zip',
    Architectures: [version.architecture],
    EphemeralStorage: { Size: version.ephemeralStorageMb },
    SnapStart: { ApplyOn: 'None', OptimizationStatus: 'Off' },
    LoggingConfig: { LogFormat: 'Text', LogGroup: logGroupOf(version) },
    ...(environment === undefined ? {} : { Environment: { Variables: environment } }),
    ...(deadLetterArn === undefined ? {} : { DeadLetterConfig: { TargetArn: deadLetterArn } }),
    ...(layers.length === 0
      ? {}
      : { Layers: layers.map(({ arn, code }) => ({ Arn: arn, CodeSize: code.sizeBytes })) }),
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

export function presentMapping(
  scope: Scope,
  mapping: MappingRecord,
  state: string,
): OutputOf<'lambda', 'GetEventSourceMapping'> {
  return {
    UUID: mapping.uuid,
    BatchSize: mapping.batchSize,
    MaximumBatchingWindowInSeconds: mapping.batchWindowSec,
    EventSourceArn: mapping.eventSourceArn,
    FunctionArn: functionArn(scope, mapping.functionName, mapping.qualifier),
    LastModified: new Date(mapping.lastModifiedMs),
    State: state,
    StateTransitionReason: mapping.stream === undefined ? 'USER_INITIATED' : 'User action',
    ...presentStream(mapping.stream),
    FunctionResponseTypes: mapping.reportsItemFailures ? ['ReportBatchItemFailures'] : [],
    EventSourceMappingArn: `arn:aws:lambda:${scope.region}:${scope.account}:event-source-mapping:${mapping.uuid}`,
    ...(mapping.filters.length === 0
      ? {}
      : { FilterCriteria: { Filters: mapping.filters.map((Pattern) => ({ Pattern })) } }),
    ...(mapping.maximumConcurrency === undefined
      ? {}
      : { ScalingConfig: { MaximumConcurrency: mapping.maximumConcurrency } }),
  };
}

function presentStream(stream: StreamSettings | undefined): Partial<OutputOf<'lambda', 'GetEventSourceMapping'>> {
  if (stream === undefined) return {};
  const { onFailureArn } = stream;
  return {
    StartingPosition: stream.startingPosition,
    BisectBatchOnFunctionError: stream.bisectsOnError,
    MaximumRetryAttempts: stream.retriesMax,
    MaximumRecordAgeInSeconds: stream.recordAgeMaxSec,
    ParallelizationFactor: stream.parallelization,
    TumblingWindowInSeconds: 0,
    DestinationConfig: { OnFailure: onFailureArn === undefined ? {} : { Destination: onFailureArn } },
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
