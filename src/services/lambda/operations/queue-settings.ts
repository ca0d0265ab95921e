// Parameters of event source mappings on queues.
import { ServiceError } from '../../../base/errors.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf } from '../../../models/operations.ts';
import { queueUrl } from '../destinations.ts';
import { invalidParameter, queueUnreadable } from '../errors.ts';
import {
  PROVISIONED_POLLERS_DEFAULT,
  PROVISIONED_POLLERS_MIN,
  SQS_BATCH_WITHOUT_WINDOW_MAX,
} from '../limits.ts';
import type { MappingRecord } from '../store.ts';

type CreateInput = InputOf<'lambda', 'CreateEventSourceMapping'>;
type UpdateInput = InputOf<'lambda', 'UpdateEventSourceMapping'>;
type QueueSettings = Pick<MappingRecord, 'maximumConcurrency' | 'provisionedPollers'>;

/** Refuses what does not go with a queue. */
export function checkQueueParameters(input: CreateInput | UpdateInput): void {
  if ('StartingPosition' in input && input.StartingPosition !== undefined) {
    throw invalidParameter('StartingPosition is not valid for SQS event sources.');
  }
  const ofStreams = {
    BisectBatchOnFunctionError: input.BisectBatchOnFunctionError,
    MaximumRecordAgeInSeconds: input.MaximumRecordAgeInSeconds,
    MaximumRetryAttempts: input.MaximumRetryAttempts,
    ParallelizationFactor: input.ParallelizationFactor,
    // Zero is how tools ask for none.
    TumblingWindowInSeconds: input.TumblingWindowInSeconds || undefined,
    StartingPositionTimestamp:
      'StartingPositionTimestamp' in input ? input.StartingPositionTimestamp : undefined,
    DestinationConfig:
      input.DestinationConfig?.OnFailure?.Destination ?? input.DestinationConfig?.OnSuccess?.Destination,
  };
  for (const [name, value] of Object.entries(ofStreams)) {
    if (value === undefined || value === false) continue;
    throw invalidParameter(`Unsupported ${name} parameter for given event source mapping type.`);
  }
}

export function checkQueueBatch(queueArn: string, batchSize: number, batchWindowSec: number): void {
  if (batchSize > SQS_BATCH_WITHOUT_WINDOW_MAX && batchWindowSec < 1) {
    throw invalidParameter(
      'Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10',
    );
  }
  if (queueArn.endsWith('.fifo') && batchWindowSec > 0) {
    throw invalidParameter('Batching window is not supported for FIFO queues.');
  }
}

/** How many batches run at once: an upper bound, or pollers kept ready; never both. */
export function readQueueSettings(
  input: CreateInput | UpdateInput,
  previous: QueueSettings | undefined,
): QueueSettings {
  const maximumConcurrency =
    input.ScalingConfig === undefined
      ? previous?.maximumConcurrency
      : input.ScalingConfig.MaximumConcurrency;
  const provisionedPollers =
    input.ProvisionedPollerConfig === undefined
      ? previous?.provisionedPollers
      : readPollers(input.ProvisionedPollerConfig);
  if (maximumConcurrency !== undefined && provisionedPollers !== undefined) {
    throw invalidParameter('ScalingConfig and ProvisionedPollerConfig cannot be used together.');
  }
  return {
    ...(maximumConcurrency === undefined ? {} : { maximumConcurrency }),
    ...(provisionedPollers === undefined ? {} : { provisionedPollers }),
  };
}

/** An empty configuration takes the pollers away. <API reference, ProvisionedPollerConfig> */
function readPollers(
  config: NonNullable<CreateInput['ProvisionedPollerConfig']>,
): MappingRecord['provisionedPollers'] {
  const { MinimumPollers, MaximumPollers, PollerGroupName } = config;
  if (PollerGroupName !== undefined && PollerGroupName !== '') {
    throw invalidParameter('PollerGroupName is only supported for Kafka event source mappings.');
  }
  if (MinimumPollers === undefined && MaximumPollers === undefined) return undefined;
  const maximum = MaximumPollers ?? PROVISIONED_POLLERS_DEFAULT;
  const minimum = MinimumPollers ?? Math.min(PROVISIONED_POLLERS_MIN, maximum);
  if (minimum < PROVISIONED_POLLERS_MIN || maximum < PROVISIONED_POLLERS_MIN) {
    throw invalidParameter(
      `MinimumPollers and MaximumPollers must be at least ${PROVISIONED_POLLERS_MIN} for SQS event sources.`,
    );
  }
  if (minimum > maximum) throw invalidParameter('MinimumPollers must not be greater than MaximumPollers.');
  return { minimum, maximum };
}

/** The queue is there, and messages stay hidden for as long as the function may run. */
export async function checkQueue(
  queueArn: string,
  timeoutSec: number,
  context: RequestContext,
): Promise<void> {
  const hiddenSec = await readVisibilityTimeout(queueArn, context);
  if (hiddenSec >= timeoutSec) return;
  throw invalidParameter(
    `Queue visibility timeout: ${hiddenSec} seconds is less than Function timeout: ${timeoutSec} seconds`,
  );
}

async function readVisibilityTimeout(queueArn: string, context: RequestContext): Promise<number> {
  try {
    const { Attributes } = await context.call('sqs', 'GetQueueAttributes', {
      QueueUrl: queueUrl(queueArn, context),
      AttributeNames: ['VisibilityTimeout'],
    });
    return Number(Attributes?.['VisibilityTimeout'] ?? 0);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    // AWS: quotes the code of the older query protocol.
    const isAbsent = error.code === 'QueueDoesNotExist';
    const code = isAbsent ? 'AWS.SimpleQueueService.NonExistentQueue' : error.code;
    throw queueUnreadable(code, error.message);
  }
}
