// AWS::Lambda::EventSourceMapping.
import { parseArn } from '../../../base/arn.ts';
import { FLAG, INTEGER, JSON_VALUE, NUMBER, TAGS, TEXT, TEXTS, only } from '../../../kernel/property-shapes.ts';
import { tagsOf, textOf, unlessGone } from '../../../kernel/resource-requests.ts';
import type {
  Properties,
  PropertyShape,
  ResourceHandler,
  ResourceRequest,
} from '../../../kernel/resources.ts';
import type { InputOf } from '../../../models/operations.ts';
import { GONE } from './gone.ts';
import { replaceTags } from './replace-tags.ts';

const MAPPING_SETTINGS = {
  FunctionName: TEXT,
  Enabled: FLAG,
  BatchSize: INTEGER,
  MaximumBatchingWindowInSeconds: INTEGER,
  FilterCriteria: only({ Filters: { type: 'list', of: only({ Pattern: TEXT }) } }),
  FunctionResponseTypes: TEXTS,
  ScalingConfig: only({ MaximumConcurrency: INTEGER }),
  DestinationConfig: only({ OnFailure: only({ Destination: TEXT }) }),
  BisectBatchOnFunctionError: FLAG,
  MaximumRecordAgeInSeconds: INTEGER,
  MaximumRetryAttempts: INTEGER,
  ParallelizationFactor: INTEGER,
  TumblingWindowInSeconds: INTEGER,
  KmsKeyArn: TEXT,
  MetricsConfig: only({ Metrics: TEXTS }),
  ProvisionedPollerConfig: only({ MinimumPollers: INTEGER, MaximumPollers: INTEGER, PollerGroupName: TEXT }),
  // Of sources that are not there yet: what refuses them is the operation, by name.
  SourceAccessConfigurations: JSON_VALUE,
  AmazonManagedKafkaEventSourceConfig: JSON_VALUE,
  SelfManagedKafkaEventSourceConfig: JSON_VALUE,
  DocumentDBEventSourceConfig: JSON_VALUE,
  LoggingConfig: JSON_VALUE,
} as const satisfies Readonly<Record<string, PropertyShape>>;

const QUEUE_DEFAULTS = { BatchSize: 10, ScalingConfig: {}, ProvisionedPollerConfig: {} } as const;
const STREAM_DEFAULTS = {
  BatchSize: 100,
  BisectBatchOnFunctionError: false,
  DestinationConfig: { OnFailure: {} },
  MaximumRecordAgeInSeconds: -1,
  MaximumRetryAttempts: -1,
  ParallelizationFactor: 1,
  TumblingWindowInSeconds: 0,
} as const;

function isQueue({ properties }: ResourceRequest): boolean {
  return parseArn(textOf(properties, 'EventSourceArn') ?? '')?.service === 'sqs';
}

export const mappingResource: ResourceHandler = {
  type: 'AWS::Lambda::EventSourceMapping',
  shape: {
    type: 'object',
    required: ['FunctionName'],
    properties: {
      ...MAPPING_SETTINGS,
      EventSourceArn: TEXT,
      StartingPosition: TEXT,
      StartingPositionTimestamp: NUMBER,
      SelfManagedEventSource: JSON_VALUE,
      Topics: TEXTS,
      Queues: TEXTS,
      Tags: TAGS,
    },
  },
  replaceOn: [
    'EventSourceArn',
    'StartingPosition',
    'StartingPositionTimestamp',
    'SelfManagedEventSource',
    'Topics',
    'Queues',
  ],
  async create(request) {
    const input = { ...inputOf(request.properties), Tags: tagsOf(request) };
    const { UUID = '', EventSourceMappingArn } = await request.call(
      'lambda',
      'CreateEventSourceMapping',
      input as InputOf<'lambda', 'CreateEventSourceMapping'>,
    );
    return { physicalId: UUID, attributes: { Id: UUID, EventSourceMappingArn } };
  },
  async find(request) {
    const FunctionName = textOf(request.properties, 'FunctionName');
    const EventSourceArn = textOf(request.properties, 'EventSourceArn');
    const { EventSourceMappings = [] } = await request.call('lambda', 'ListEventSourceMappings', {
      FunctionName,
      EventSourceArn,
    });
    return EventSourceMappings[0]?.UUID;
  },
  async update(request) {
    const settings = Object.fromEntries(
      Object.entries(request.properties).filter(([name]) => name in MAPPING_SETTINGS),
    );
    const UUID = request.physicalId;
    const { EventSourceMappingArn } = await request.call('lambda', 'UpdateEventSourceMapping', {
      // A property taken out of the template goes back to its default.
      Enabled: true,
      MaximumBatchingWindowInSeconds: 0,
      FilterCriteria: { Filters: [] },
      FunctionResponseTypes: [],
      MetricsConfig: { Metrics: [] },
      ...(isQueue(request) ? QUEUE_DEFAULTS : STREAM_DEFAULTS),
      ...inputOf(settings),
      UUID,
    });
    await replaceTags(request, EventSourceMappingArn);
    return { physicalId: UUID, attributes: { Id: UUID, EventSourceMappingArn } };
  },
  async delete(request) {
    await unlessGone(
      request.call('lambda', 'DeleteEventSourceMapping', { UUID: request.physicalId }),
      GONE,
    );
  },
};

/** The template's properties under the names of the API, tags aside. */
function inputOf(properties: Properties): Record<string, unknown> {
  const { Tags: _tags, KmsKeyArn, StartingPositionTimestamp: startSec, ...rest } = properties;
  return {
    ...rest,
    ...(KmsKeyArn === undefined ? {} : { KMSKeyArn: KmsKeyArn }),
    ...(typeof startSec === 'number' ? { StartingPositionTimestamp: new Date(startSec * 1_000) } : {}),
  };
}
