// Parameters that event source mappings on queues and streams share, and those that go with neither.
import { parseArn } from '../../../base/arn.ts';
import type { InputOf } from '../../../models/operations.ts';
import { invalidParameter } from '../errors.ts';
import { compileFilters } from '../event-sources/record-filter.ts';
import { findStreamSource } from '../event-sources/stream-sources.ts';
import { SQS_BATCH_DEFAULT, STREAM_BATCH_DEFAULT } from '../limits.ts';
import { refuseUnsupported } from '../rules.ts';
import type { MappingRecord } from '../store.ts';
import { checkQueueBatch, checkQueueParameters, readQueueSettings } from './queue-settings.ts';
import { checkStreamParameters } from './stream-settings.ts';

type CreateInput = InputOf<'lambda', 'CreateEventSourceMapping'>;
type UpdateInput = InputOf<'lambda', 'UpdateEventSourceMapping'>;

/** Queues and streams of kinds that can be read here; parameters of the one do not go with the other. */
export function checkSource(eventSourceArn: string, input: CreateInput | UpdateInput): void {
  const isSelfManaged = 'SelfManagedEventSource' in input && input.SelfManagedEventSource !== undefined;
  const service = isSelfManaged ? 'self-managed Kafka' : parseArn(eventSourceArn)?.service;
  if (service === undefined) throw invalidParameter('Unrecognized event source.');
  const isStream = findStreamSource(eventSourceArn) !== undefined;
  if (service !== 'sqs' && !isStream) {
    throw invalidParameter(`Event source mappings on ${service} are not supported by Cloudlet yet.`);
  }
  refuseOtherSources(input);
  if (isStream) checkStreamParameters(input);
  else checkQueueParameters(input);
}

/** Kafka, MQ and DocumentDB: their parameters say nothing to queues and streams. */
function refuseOtherSources(input: CreateInput | UpdateInput): void {
  const ofOthers = {
    Topics: 'Topics' in input ? input.Topics : undefined,
    Queues: 'Queues' in input ? input.Queues : undefined,
    SourceAccessConfigurations:
      (input.SourceAccessConfigurations?.length ?? 0) > 0 ? input.SourceAccessConfigurations : undefined,
    AmazonManagedKafkaEventSourceConfig: input.AmazonManagedKafkaEventSourceConfig,
    SelfManagedKafkaEventSourceConfig: input.SelfManagedKafkaEventSourceConfig,
    DocumentDBEventSourceConfig: input.DocumentDBEventSourceConfig,
    LoggingConfig: input.LoggingConfig,
  };
  for (const [name, value] of Object.entries(ofOthers)) {
    if (value === undefined) continue;
    throw invalidParameter(`Unsupported ${name} parameter for given event source mapping type.`);
  }
  const foreign = input.MetricsConfig?.Metrics?.find((metric) => metric !== 'EventCount');
  if (foreign !== undefined) {
    throw invalidParameter(`Unsupported ${foreign} metric for given event source mapping type.`);
  }
  // An empty text is how tools ask for none.
  refuseUnsupported({ KMSKeyArn: input.KMSKeyArn || undefined });
}

/** What the request asks for, over what was in force before. */
export function readMappingSettings(
  input: CreateInput | UpdateInput,
  eventSourceArn: string,
  previous: MappingRecord | undefined,
): Omit<MappingRecord, 'uuid' | 'eventSourceArn' | 'functionName' | 'qualifier' | 'stream' | 'lastModifiedMs'> {
  const isStream = findStreamSource(eventSourceArn) !== undefined;
  const batchDefault = isStream ? STREAM_BATCH_DEFAULT : SQS_BATCH_DEFAULT;
  const batchSize = input.BatchSize ?? previous?.batchSize ?? batchDefault;
  const batchWindowSec = input.MaximumBatchingWindowInSeconds ?? previous?.batchWindowSec ?? 0;
  if (!isStream) checkQueueBatch(eventSourceArn, batchSize, batchWindowSec);
  const reportsItemFailures =
    input.FunctionResponseTypes?.includes('ReportBatchItemFailures') ??
    previous?.reportsItemFailures ??
    false;
  const countsEvents = input.MetricsConfig?.Metrics?.includes('EventCount') ?? previous?.countsEvents;
  return {
    enabled: input.Enabled ?? previous?.enabled ?? true,
    batchSize,
    batchWindowSec,
    filters: readFilters(input) ?? previous?.filters ?? [],
    reportsItemFailures,
    ...readQueueSettings(input, previous),
    ...(countsEvents === true ? { countsEvents } : {}),
  };
}

function readFilters(input: CreateInput | UpdateInput): readonly string[] | undefined {
  if (input.FilterCriteria === undefined) return undefined;
  const patterns = (input.FilterCriteria.Filters ?? []).map((filter) => filter.Pattern ?? '');
  try {
    compileFilters(patterns);
  } catch {
    throw invalidParameter('Invalid filter pattern definition.');
  }
  return patterns;
}
