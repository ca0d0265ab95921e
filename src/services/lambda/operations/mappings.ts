// Event source mappings: create, get, list, update, delete.
import { parseArn } from '../../../base/arn.ts';
import { ServiceError } from '../../../base/errors.ts';
import { createMatcher } from '../../../base/event-pattern.ts';
import { randomUuid } from '../../../base/random.ts';
import type { ReadTx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import {
  invalidParameter,
  mappingExists,
  mappingNotFound,
  queueUnreadable,
  streamMappingExists,
} from '../errors.ts';
import { type FunctionReference, parseFunctionReference } from '../function-reference.ts';
import { SQS_BATCH_DEFAULT, SQS_BATCH_WITHOUT_WINDOW_MAX, STREAM_BATCH_DEFAULT } from '../limits.ts';
import { MAPPINGS_MAX, applyMapping, stopPoller } from '../event-sources/mapping-lifecycle.ts';
import { pageOf } from '../page.ts';
import { presentMapping } from '../present.ts';
import { queueUrl } from '../destinations.ts';
import { type ResolvedFunction, resolveFunction } from '../resolve.ts';
import { refuseUnsupported } from '../rules.ts';
import { type MappingRecord, getFunction, mappingTags, mappings } from '../store.ts';
import { deleteCheckpoints, putCheckpoint } from '../event-sources/stream-checkpoints.ts';
import {
  checkStreamParameters,
  firstCheckpoints,
  isStream,
  readStreamSettings,
} from './stream-settings.ts';

type CreateInput = InputOf<'lambda', 'CreateEventSourceMapping'>;
type UpdateInput = InputOf<'lambda', 'UpdateEventSourceMapping'>;
type MappingOutput = OutputOf<'lambda', 'GetEventSourceMapping'>;

export async function createEventSourceMapping(
  input: CreateInput,
  context: RequestContext,
): Promise<MappingOutput> {
  const eventSourceArn = input.EventSourceArn ?? '';
  checkSource(eventSourceArn, input);
  const reference = parseFunctionReference(input.FunctionName ?? '', undefined, context);
  const { name, qualifier } = reference;
  const { version } = await requireFunction(reference, context);
  const stream = isStream(eventSourceArn) ? readStreamSettings(input, undefined) : undefined;
  const starts =
    stream === undefined
      ? await checkQueue(eventSourceArn, version.timeoutSec, context)
      : await firstCheckpoints(eventSourceArn, stream, context);
  const mapping: MappingRecord = {
    uuid: randomUuid(context.random),
    eventSourceArn,
    functionName: name,
    ...(qualifier === undefined ? {} : { qualifier }),
    ...readSettings(input, eventSourceArn, undefined),
    ...(stream === undefined ? {} : { stream }),
    lastModifiedMs: context.nowMs,
  };
  await context.store.transact(async (tx) => {
    const existing = await findMapping(tx, context, (other) => sameEnds(other, mapping));
    if (existing !== undefined) {
      const conflict = stream === undefined ? mappingExists : streamMappingExists;
      throw conflict(existing.uuid, eventSourceArn, name);
    }
    const key = [context.account, context.region, mapping.uuid];
    mappings.put(tx, key, mapping);
    if (input.Tags !== undefined) mappingTags.put(tx, key, input.Tags);
    for (const [shardId, checkpoint] of starts ?? []) {
      putCheckpoint(tx, { scope: context, uuid: mapping.uuid }, { shardId, checkpoint });
    }
  });
  applyMapping(context, mapping, context);
  return presentMapping(context, mapping, mapping.enabled ? 'Creating' : 'Disabled');
}

export async function getEventSourceMapping(
  input: InputOf<'lambda', 'GetEventSourceMapping'>,
  context: RequestContext,
): Promise<MappingOutput> {
  const mapping = await context.store.read((view) => requireMapping(view, context, input.UUID));
  return presentMapping(context, mapping, mapping.enabled ? 'Enabled' : 'Disabled');
}

export async function listEventSourceMappings(
  input: InputOf<'lambda', 'ListEventSourceMappings'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'ListEventSourceMappings'>> {
  const wanted =
    input.FunctionName === undefined
      ? undefined
      : parseFunctionReference(input.FunctionName, undefined, context);
  const scope = [context.account, context.region];
  const rows = await context.store.read((view) => mappings.list(view, scope, { limit: MAPPINGS_MAX }));
  const all = rows
    .map((row) => row.value)
    .filter(
      (mapping) =>
        (wanted === undefined ||
          (mapping.functionName === wanted.name && mapping.qualifier === wanted.qualifier)) &&
        (input.EventSourceArn === undefined || mapping.eventSourceArn === input.EventSourceArn),
    );
  const { items, next } = pageOf(all, input, 100);
  return {
    EventSourceMappings: items.map((mapping) =>
      presentMapping(context, mapping, mapping.enabled ? 'Enabled' : 'Disabled'),
    ),
    ...next,
  };
}

export async function updateEventSourceMapping(
  input: UpdateInput,
  context: RequestContext,
): Promise<MappingOutput> {
  const mapping = await context.store.transact(async (tx) => {
    const previous = await requireMapping(tx, context, input.UUID);
    checkSource(previous.eventSourceArn, input);
    const reference =
      input.FunctionName === undefined
        ? undefined
        : parseFunctionReference(input.FunctionName, undefined, context);
    if (reference !== undefined && (await getFunction(tx, reference.scope, reference.name)) === undefined) {
      throw invalidParameter('Function does not exist');
    }
    const { qualifier: _previous, ...rest } = previous;
    const qualifier = reference === undefined ? previous.qualifier : reference.qualifier;
    const changed: MappingRecord = {
      ...rest,
      functionName: reference?.name ?? previous.functionName,
      ...(qualifier === undefined ? {} : { qualifier }),
      ...readSettings(input, previous.eventSourceArn, previous),
      ...(previous.stream === undefined ? {} : { stream: readStreamSettings(input, previous.stream) }),
      lastModifiedMs: context.nowMs,
    };
    mappings.put(tx, [context.account, context.region, changed.uuid], changed);
    return changed;
  });
  applyMapping(context, mapping, context);
  return presentMapping(context, mapping, 'Updating');
}

export async function deleteEventSourceMapping(
  input: InputOf<'lambda', 'DeleteEventSourceMapping'>,
  context: RequestContext,
): Promise<MappingOutput> {
  const mapping = await context.store.transact(async (tx) => {
    const found = await requireMapping(tx, context, input.UUID);
    const key = [context.account, context.region, found.uuid];
    mappings.delete(tx, key);
    mappingTags.delete(tx, key);
    await deleteCheckpoints(tx, { scope: context, uuid: found.uuid });
    return found;
  });
  stopPoller(mapping.uuid, context);
  return presentMapping(context, mapping, 'Deleting');
}

async function requireMapping(
  view: ReadTx,
  context: RequestContext,
  uuid: string | undefined,
): Promise<MappingRecord> {
  const mapping = await mappings.get(view, [context.account, context.region, uuid ?? '']);
  if (mapping === undefined) throw mappingNotFound();
  return mapping;
}

async function findMapping(
  view: ReadTx,
  context: RequestContext,
  matches: (mapping: MappingRecord) => boolean,
): Promise<MappingRecord | undefined> {
  const rows = await mappings.list(view, [context.account, context.region], { limit: MAPPINGS_MAX });
  return rows.map((row) => row.value).find(matches);
}

function sameEnds(a: MappingRecord, b: MappingRecord): boolean {
  return (
    a.eventSourceArn === b.eventSourceArn &&
    a.functionName === b.functionName &&
    a.qualifier === b.qualifier
  );
}

/** Queues and DynamoDB streams; parameters of the one do not go with the other. */
function checkSource(eventSourceArn: string, input: CreateInput | UpdateInput): void {
  const service = parseArn(eventSourceArn)?.service;
  if (service === undefined) throw invalidParameter('Unrecognized event source.');
  refuseOtherSources(input);
  if (isStream(eventSourceArn)) {
    checkStreamParameters(eventSourceArn, input);
    return;
  }
  if (service !== 'sqs') {
    throw invalidParameter(`Event source mappings on ${service} are not supported by Cloudlet yet.`);
  }
  const ofStreams = {
    BisectBatchOnFunctionError: input.BisectBatchOnFunctionError,
    MaximumRecordAgeInSeconds: input.MaximumRecordAgeInSeconds,
    MaximumRetryAttempts: input.MaximumRetryAttempts,
    ParallelizationFactor: input.ParallelizationFactor,
    TumblingWindowInSeconds: input.TumblingWindowInSeconds,
    StartingPositionTimestamp:
      'StartingPositionTimestamp' in input ? input.StartingPositionTimestamp : undefined,
    StartingPosition: 'StartingPosition' in input ? input.StartingPosition : undefined,
  };
  for (const [name, value] of Object.entries(ofStreams)) {
    if (value === undefined || value === false) continue;
    throw invalidParameter(`Unsupported ${name} parameter for given event source mapping type.`);
  }
  refuseUnsupported({
    ProvisionedPollerConfig: input.ProvisionedPollerConfig,
    MetricsConfig: input.MetricsConfig,
    KMSKeyArn: input.KMSKeyArn,
    'DestinationConfig.OnFailure': input.DestinationConfig?.OnFailure?.Destination,
  });
}

/** Kafka, MQ and DocumentDB: their parameters say nothing to a queue. */
function refuseOtherSources(input: CreateInput | UpdateInput): void {
  refuseUnsupported({
    Topics: 'Topics' in input ? input.Topics : undefined,
    Queues: 'Queues' in input ? input.Queues : undefined,
    SelfManagedEventSource: 'SelfManagedEventSource' in input ? input.SelfManagedEventSource : undefined,
    SourceAccessConfigurations:
      (input.SourceAccessConfigurations?.length ?? 0) > 0 ? input.SourceAccessConfigurations : undefined,
    AmazonManagedKafkaEventSourceConfig: input.AmazonManagedKafkaEventSourceConfig,
    SelfManagedKafkaEventSourceConfig: input.SelfManagedKafkaEventSourceConfig,
    DocumentDBEventSourceConfig: input.DocumentDBEventSourceConfig,
    LoggingConfig: input.LoggingConfig,
  });
}

async function requireFunction(
  reference: FunctionReference,
  context: RequestContext,
): Promise<ResolvedFunction> {
  return context.store
    .read((view) => resolveFunction(view, reference))
    .catch((error: unknown) => {
      if (error instanceof ServiceError) throw invalidParameter('Function does not exist');
      throw error;
    });
}

/** The queue is there, and messages stay hidden for as long as the function may run. */
async function checkQueue(
  eventSourceArn: string,
  timeoutSec: number,
  context: RequestContext,
): Promise<undefined> {
  const hiddenSec = await readVisibilityTimeout(eventSourceArn, context);
  if (hiddenSec < timeoutSec) {
    throw invalidParameter(
      `Queue visibility timeout: ${hiddenSec} seconds is less than Function timeout: ${timeoutSec} seconds`,
    );
  }
  return undefined;
}

async function readVisibilityTimeout(eventSourceArn: string, context: RequestContext): Promise<number> {
  try {
    const { Attributes } = await context.call('sqs', 'GetQueueAttributes', {
      QueueUrl: queueUrl(eventSourceArn, context),
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

function readSettings(
  input: CreateInput | UpdateInput,
  eventSourceArn: string,
  previous: MappingRecord | undefined,
): Pick<
  MappingRecord,
  'enabled' | 'batchSize' | 'batchWindowSec' | 'filters' | 'reportsItemFailures' | 'maximumConcurrency'
> {
  const isFifo = eventSourceArn.endsWith('.fifo');
  const ofStream = isStream(eventSourceArn);
  const batchDefault = ofStream ? STREAM_BATCH_DEFAULT : SQS_BATCH_DEFAULT;
  const batchSize = input.BatchSize ?? previous?.batchSize ?? batchDefault;
  const batchWindowSec = input.MaximumBatchingWindowInSeconds ?? previous?.batchWindowSec ?? 0;
  if (!ofStream && batchSize > SQS_BATCH_WITHOUT_WINDOW_MAX && batchWindowSec < 1) {
    throw invalidParameter(
      'Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10',
    );
  }
  if (isFifo && batchWindowSec > 0) {
    throw invalidParameter('Batching window is not supported for FIFO queues.');
  }
  const filters = readFilters(input) ?? previous?.filters ?? [];
  const maximumConcurrency =
    input.ScalingConfig === undefined
      ? previous?.maximumConcurrency
      : input.ScalingConfig.MaximumConcurrency;
  const reportsItemFailures =
    input.FunctionResponseTypes?.includes('ReportBatchItemFailures') ??
    previous?.reportsItemFailures ??
    false;
  return {
    enabled: input.Enabled ?? previous?.enabled ?? true,
    batchSize,
    batchWindowSec,
    filters,
    reportsItemFailures,
    ...(maximumConcurrency === undefined ? {} : { maximumConcurrency }),
  };
}

function readFilters(input: CreateInput | UpdateInput): readonly string[] | undefined {
  if (input.FilterCriteria === undefined) return undefined;
  const patterns = (input.FilterCriteria.Filters ?? []).map((filter) => filter.Pattern ?? '');
  for (const pattern of patterns) {
    try {
      createMatcher(JSON.parse(pattern));
    } catch {
      throw invalidParameter('Invalid filter pattern definition.');
    }
  }
  return patterns;
}
