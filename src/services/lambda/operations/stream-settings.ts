// Parameters of event source mappings on DynamoDB streams.
import { parseArn } from '../../../base/arn.ts';
import { ServiceError } from '../../../base/errors.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf } from '../../../models/operations.ts';
import { destinationService } from '../destinations.ts';
import { invalidParameter } from '../errors.ts';
import { STREAM_RECORD_AGE_MIN_SEC } from '../limits.ts';
import { refuseUnsupported } from '../rules.ts';
import type { StreamCheckpoint, StreamSettings } from '../store.ts';
import { isMissing, latestCheckpoints, listShards } from '../event-sources/stream-reader.ts';

type CreateInput = InputOf<'lambda', 'CreateEventSourceMapping'>;
type UpdateInput = InputOf<'lambda', 'UpdateEventSourceMapping'>;

export function isStream(eventSourceArn: string): boolean {
  const arn = parseArn(eventSourceArn);
  return arn?.service === 'dynamodb' && arn.resource.includes('/stream/');
}

/** Refuses what does not go with a stream, and what is not there yet. */
export function checkStreamParameters(
  eventSourceArn: string,
  input: CreateInput | UpdateInput,
): void {
  const ofQueues = { ScalingConfig: input.ScalingConfig?.MaximumConcurrency };
  for (const [name, value] of Object.entries(ofQueues)) {
    if (value === undefined) continue;
    throw invalidParameter(`Unsupported ${name} parameter for given event source mapping type.`);
  }
  if ('EventSourceArn' in input || 'StartingPosition' in input) {
    checkStartingPosition(eventSourceArn, input.StartingPosition);
  }
  const ageSec = input.MaximumRecordAgeInSeconds;
  if (ageSec !== undefined && ageSec !== -1 && ageSec < STREAM_RECORD_AGE_MIN_SEC) {
    throw invalidParameter(
      `MaximumRecordAgeInSeconds must be -1 or at least ${STREAM_RECORD_AGE_MIN_SEC} seconds.`,
    );
  }
  const target = input.DestinationConfig?.OnFailure?.Destination;
  if (target !== undefined) checkDestination(target);
  refuseUnsupported({
    // Zero is how templates and tools ask for none.
    TumblingWindowInSeconds: input.TumblingWindowInSeconds || undefined,
    'DestinationConfig.OnSuccess': input.DestinationConfig?.OnSuccess?.Destination,
    ProvisionedPollerConfig: input.ProvisionedPollerConfig,
    MetricsConfig: input.MetricsConfig,
    KMSKeyArn: input.KMSKeyArn,
  });
}

/** Messages as localstack, event_source_mapping/… recorded them. */
function checkStartingPosition(eventSourceArn: string, position: string | undefined): void {
  if (position === undefined) {
    throw invalidParameter(
      "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.",
    );
  }
  if (position === 'AT_TIMESTAMP') {
    throw invalidParameter(`Unsupported starting position for arn type: ${eventSourceArn}`);
  }
}

function checkDestination(arn: string): void {
  const service = destinationService(arn);
  if ((service === 'sqs' || service === 'sns') && !arn.endsWith('.fifo')) return;
  throw invalidParameter(
    `The provided destination config DestinationConfig(onFailure=OnFailure(destination=${arn})) is invalid.`,
  );
}

/** What the request asks for, over what was in force before. */
export function readStreamSettings(
  input: CreateInput | UpdateInput,
  previous: StreamSettings | undefined,
): StreamSettings {
  const asked = 'StartingPosition' in input ? input.StartingPosition : undefined;
  const startingPosition =
    previous?.startingPosition ?? (asked === 'LATEST' ? 'LATEST' : 'TRIM_HORIZON');
  // An OnFailure without a destination takes the one in force away.
  const onFailureArn =
    input.DestinationConfig === undefined
      ? previous?.onFailureArn
      : input.DestinationConfig.OnFailure?.Destination;
  return {
    startingPosition,
    bisectsOnError: input.BisectBatchOnFunctionError ?? previous?.bisectsOnError ?? false,
    retriesMax: input.MaximumRetryAttempts ?? previous?.retriesMax ?? -1,
    recordAgeMaxSec: input.MaximumRecordAgeInSeconds ?? previous?.recordAgeMaxSec ?? -1,
    parallelization: input.ParallelizationFactor ?? previous?.parallelization ?? 1,
    ...(onFailureArn === undefined ? {} : { onFailureArn }),
  };
}

/** The stream is there; where a new mapping begins in each of its shards. */
export async function firstCheckpoints(
  eventSourceArn: string,
  { startingPosition }: StreamSettings,
  context: RequestContext,
): Promise<Map<string, StreamCheckpoint>> {
  try {
    if (startingPosition === 'LATEST') return await latestCheckpoints(eventSourceArn, context);
    await listShards(eventSourceArn, context);
    return new Map();
  } catch (error) {
    if (isMissing(error)) throw invalidParameter(`Stream not found: ${eventSourceArn}`);
    if (error instanceof ServiceError) {
      throw invalidParameter(`Cannot access stream ${eventSourceArn}. ${error.message}`);
    }
    throw error;
  }
}
