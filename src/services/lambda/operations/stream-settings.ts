// Parameters of event source mappings on streams.
import { ServiceError } from '../../../base/errors.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf } from '../../../models/operations.ts';
import { destinationService } from '../destinations.ts';
import { invalidParameter } from '../errors.ts';
import { firstPlaces } from '../event-sources/stream-cursor.ts';
import { type StreamSource, isMissing } from '../event-sources/stream-source.ts';
import { STREAM_RECORD_AGE_MIN_SEC } from '../limits.ts';
import type { StreamCheckpoint, StreamSettings } from '../store.ts';

type CreateInput = InputOf<'lambda', 'CreateEventSourceMapping'>;
type UpdateInput = InputOf<'lambda', 'UpdateEventSourceMapping'>;

/** Refuses what does not go with a stream. */
export function checkStreamParameters(input: CreateInput | UpdateInput): void {
  const ofQueues = {
    ScalingConfig: input.ScalingConfig?.MaximumConcurrency,
    ProvisionedPollerConfig: input.ProvisionedPollerConfig,
    DestinationConfig: input.DestinationConfig?.OnSuccess?.Destination,
  };
  for (const [name, value] of Object.entries(ofQueues)) {
    if (value === undefined) continue;
    throw invalidParameter(`Unsupported ${name} parameter for given event source mapping type.`);
  }
  const ageSec = input.MaximumRecordAgeInSeconds;
  if (ageSec !== undefined && ageSec !== -1 && ageSec < STREAM_RECORD_AGE_MIN_SEC) {
    throw invalidParameter(
      `MaximumRecordAgeInSeconds must be -1 or at least ${STREAM_RECORD_AGE_MIN_SEC} seconds.`,
    );
  }
  const target = input.DestinationConfig?.OnFailure?.Destination;
  if (target !== undefined && target !== '') checkDestination(target);
}

/** Messages as localstack, event_source_mapping/test_api.snapshot.json, recorded them. */
export function checkStartingPosition(source: StreamSource, input: CreateInput): void {
  const { StartingPosition: position, StartingPositionTimestamp: timestamp } = input;
  if (position === undefined) {
    throw invalidParameter(
      "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.",
    );
  }
  if (position !== 'AT_TIMESTAMP' && timestamp !== undefined) {
    throw invalidParameter('Timestamp only valid with StartingPosition AT_TIMESTAMP');
  }
  if (position === 'AT_TIMESTAMP' && !source.startsAtTime) {
    throw invalidParameter(`Unsupported starting position for arn type: ${input.EventSourceArn}`);
  }
}

/** Queues, topics and buckets; those that keep order do not take failed batches. */
function checkDestination(arn: string): void {
  const service = destinationService(arn);
  if (service !== undefined && service !== 'lambda' && !arn.endsWith('.fifo')) return;
  throw invalidParameter(
    `The provided destination config DestinationConfig(onSuccess=null, onFailure=OnFailure(destination=${arn})) is invalid.`,
  );
}

/** What the request asks for, over what was in force before. */
export function readStreamSettings(
  input: CreateInput | UpdateInput,
  previous: StreamSettings | undefined,
): StreamSettings {
  const onFailureArn =
    input.DestinationConfig === undefined
      ? previous?.onFailureArn
      : // An OnFailure without a destination takes the one in force away.
        input.DestinationConfig.OnFailure?.Destination || undefined;
  const parallelization = input.ParallelizationFactor ?? previous?.parallelization ?? 1;
  const windowSec = input.TumblingWindowInSeconds ?? previous?.tumblingWindowSec ?? 0;
  if (windowSec > 0 && parallelization > 1) {
    throw invalidParameter('ParallelizationFactor must be 1 when TumblingWindowInSeconds is set.');
  }
  return {
    ...readStart(input, previous),
    bisectsOnError: input.BisectBatchOnFunctionError ?? previous?.bisectsOnError ?? false,
    retriesMax: input.MaximumRetryAttempts ?? previous?.retriesMax ?? -1,
    recordAgeMaxSec: input.MaximumRecordAgeInSeconds ?? previous?.recordAgeMaxSec ?? -1,
    parallelization,
    ...(windowSec === 0 ? {} : { tumblingWindowSec: windowSec }),
    ...(onFailureArn === undefined ? {} : { onFailureArn }),
  };
}

/** Where a mapping began never changes. */
function readStart(
  input: CreateInput | UpdateInput,
  previous: StreamSettings | undefined,
): Pick<StreamSettings, 'startingPosition' | 'startingTimeMs'> {
  if (previous !== undefined) {
    const { startingPosition, startingTimeMs } = previous;
    return { startingPosition, ...(startingTimeMs === undefined ? {} : { startingTimeMs }) };
  }
  const position = 'StartingPosition' in input ? input.StartingPosition : undefined;
  const timestamp = 'StartingPositionTimestamp' in input ? input.StartingPositionTimestamp : undefined;
  return {
    startingPosition: position ?? 'TRIM_HORIZON',
    ...(timestamp === undefined ? {} : { startingTimeMs: timestamp.getTime() }),
  };
}

/** The stream is there; where a new mapping begins in each of its shards. */
export async function firstCheckpoints(
  source: StreamSource,
  start: { readonly streamArn: string; readonly settings: StreamSettings },
  context: RequestContext,
): Promise<Map<string, StreamCheckpoint>> {
  const { streamArn, settings } = start;
  try {
    if (settings.startingPosition !== 'TRIM_HORIZON') {
      return await firstPlaces(source, { streamArn, timeMs: settings.startingTimeMs }, context);
    }
    await source.listShards(streamArn, context);
    return new Map();
  } catch (error) {
    if (isMissing(error)) throw invalidParameter(`Stream not found: ${streamArn}`);
    if (error instanceof ServiceError) {
      throw invalidParameter(`Cannot access stream ${streamArn}. ${error.message}`);
    }
    throw error;
  }
}
