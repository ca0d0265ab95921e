// Shapes stored event source mappings into what the API prints.
import type { Scope } from '../../../kernel/context.ts';
import type { OutputOf } from '../../../models/operations.ts';
import { functionArn } from '../function-reference.ts';
import type { MappingRecord, StreamSettings } from '../store.ts';

type MappingOutput = OutputOf<'lambda', 'GetEventSourceMapping'>;

export type MappingState =
  | 'Creating'
  | 'Enabling'
  | 'Enabled'
  | 'Disabling'
  | 'Disabled'
  | 'Updating'
  | 'Deleting';

export interface MappingStanding {
  readonly state: MappingState;
  /** What came of the last batch; undefined before the first. */
  readonly result: string | undefined;
}

export function presentMapping(
  scope: Scope,
  mapping: MappingRecord,
  { state, result }: MappingStanding,
): MappingOutput {
  const { stream, provisionedPollers: pollers, maximumConcurrency, filters } = mapping;
  return {
    UUID: mapping.uuid,
    BatchSize: mapping.batchSize,
    MaximumBatchingWindowInSeconds: mapping.batchWindowSec,
    EventSourceArn: mapping.eventSourceArn,
    FunctionArn: functionArn(scope, mapping.functionName, mapping.qualifier),
    LastModified: new Date(mapping.lastModifiedMs),
    State: state,
    StateTransitionReason: stream === undefined ? 'USER_INITIATED' : 'User action',
    ...(stream === undefined ? {} : presentStream(stream, result)),
    FunctionResponseTypes: mapping.reportsItemFailures ? ['ReportBatchItemFailures'] : [],
    EventSourceMappingArn: `arn:aws:lambda:${scope.region}:${scope.account}:event-source-mapping:${mapping.uuid}`,
    ...(filters.length === 0 ? {} : { FilterCriteria: { Filters: filters.map((Pattern) => ({ Pattern })) } }),
    ...(maximumConcurrency === undefined
      ? {}
      : { ScalingConfig: { MaximumConcurrency: maximumConcurrency } }),
    ...(pollers === undefined
      ? {}
      : { ProvisionedPollerConfig: { MinimumPollers: pollers.minimum, MaximumPollers: pollers.maximum } }),
    ...(mapping.countsEvents === true ? { MetricsConfig: { Metrics: ['EventCount'] } } : {}),
  };
}

function presentStream(stream: StreamSettings, result: string | undefined): Partial<MappingOutput> {
  const { onFailureArn, startingTimeMs } = stream;
  return {
    StartingPosition: stream.startingPosition,
    ...(startingTimeMs === undefined ? {} : { StartingPositionTimestamp: new Date(startingTimeMs) }),
    BisectBatchOnFunctionError: stream.bisectsOnError,
    MaximumRetryAttempts: stream.retriesMax,
    MaximumRecordAgeInSeconds: stream.recordAgeMaxSec,
    ParallelizationFactor: stream.parallelization,
    TumblingWindowInSeconds: stream.tumblingWindowSec ?? 0,
    DestinationConfig: { OnFailure: onFailureArn === undefined ? {} : { Destination: onFailureArn } },
    // AWS: in these words. <localstack test_lambda_integration_dynamodbstreams.snapshot.json>
    LastProcessingResult: result ?? 'No records processed',
  };
}
