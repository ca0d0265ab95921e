// Event sources that Lambda polls: queues, streams, brokers. Each becomes an event source mapping, and the
// function's role gets what polling needs.
import { isDeepStrictEqual } from 'node:util';
import { make } from './cfn-resource.ts';
import type { CfnResource } from './cfn-resource.ts';
import { expectMap } from './expect.ts';
import type { PullEvent } from './polled-source.ts';
import { sourcePolicies } from './pull-event-policies.ts';
import type { Declared } from './read-properties.ts';
import { inlinePolicy, managedPolicyArn } from './role.ts';
import { eventProblem } from './sam-error.ts';
import { isFilled, isIntrinsic, isSet, mapOr } from './values.ts';
import type { JsonMap } from './values.ts';

export const PULL_TYPES = [
  'SQS',
  'Kinesis',
  'DynamoDB',
  'MSK',
  'MQ',
  'SelfManagedKafka',
  'DocumentDB',
];

/** The member that names the source. */
const SOURCE_PROPERTY: Readonly<Record<string, string>> = {
  SQS: 'Queue',
  Kinesis: 'Stream',
  DynamoDB: 'Stream',
  MSK: 'Stream',
  MQ: 'Broker',
  DocumentDB: 'Cluster',
};

const MANAGED_POLICY: Readonly<Record<string, string>> = {
  SQS: 'AWSLambdaSQSQueueExecutionRole',
  Kinesis: 'AWSLambdaKinesisExecutionRole',
  DynamoDB: 'AWSLambdaDynamoDBExecutionRole',
  MSK: 'AWSLambdaMSKExecutionRole',
};

/** Members of the event that the mapping takes as they are. */
const PASSED = [
  'StartingPosition', 'StartingPositionTimestamp', 'BatchSize', 'Enabled', 'MaximumBatchingWindowInSeconds',
  'MaximumRetryAttempts', 'BisectBatchOnFunctionError', 'MaximumRecordAgeInSeconds', 'ParallelizationFactor',
  'Topics', 'Queues', 'SourceAccessConfigurations', 'TumblingWindowInSeconds', 'FunctionResponseTypes',
  'FilterCriteria', 'KmsKeyArn', 'ScalingConfig', 'ProvisionedPollerConfig', 'MetricsConfig', 'LoggingConfig',
]; // prettier-ignore

const FILTERED = ['DocumentDB', 'DynamoDB', 'Kinesis', 'MQ', 'MSK', 'SelfManagedKafka', 'SQS'];

export function makeMapping(pull: PullEvent): CfnResource[] {
  const { event, target } = pull;
  const { logicalId, type, properties } = event;
  checkFilter(pull);
  const destination = readDestination(event);
  const source = SOURCE_PROPERTY[type];
  const mapping = make({
    logicalId,
    type: 'AWS::Lambda::EventSourceMapping',
    attributes: target.attributes,
    properties: {
      FunctionName: target.name,
      EventSourceArn: source === undefined ? undefined : properties[source],
      ...Object.fromEntries(PASSED.map((name) => [name, properties[name]])),
      ...kafkaMembers(event),
      ...(type === 'DocumentDB'
        ? { DocumentDBEventSourceConfig: documentDbMembers(properties) }
        : {}),
      ...(isFilled(properties['DestinationConfig'])
        ? { DestinationConfig: properties['DestinationConfig'] }
        : {}),
    },
  });
  linkPolicies(pull, destination);
  return [mapping];
}

function checkFilter({ event, eventId }: PullEvent): void {
  const criteria = event.properties['FilterCriteria'];
  if (!isFilled(criteria) || isIntrinsic(criteria)) return;
  if (!FILTERED.includes(event.type)) {
    throw eventProblem(
      eventId,
      `FilterCriteria is only available for ${FILTERED.join(', ')} events.`,
    );
  }
  if (Object.keys(mapOr(criteria)).some((key) => key !== 'Filters')) {
    throw eventProblem(eventId, 'FilterCriteria field has a wrong format');
  }
}

function kafkaMembers({ logicalId, type, properties }: Declared): JsonMap {
  const members: JsonMap = {};
  const servers = properties['KafkaBootstrapServers'];
  if (isFilled(servers)) {
    members['SelfManagedEventSource'] = { Endpoints: { KafkaBootstrapServers: servers } };
  }
  const group = properties['ConsumerGroupId'];
  const registry = properties['SchemaRegistryConfig'];
  const config: JsonMap = {
    ...(isFilled(group) ? { ConsumerGroupId: group } : {}),
    ...(isFilled(registry) ? { SchemaRegistryConfig: registry } : {}),
  };
  if (type === 'MSK' || type === 'SelfManagedKafka') {
    const name =
      type === 'MSK' ? 'AmazonManagedKafkaEventSourceConfig' : 'SelfManagedKafkaEventSourceConfig';
    if (isFilled(config)) members[name] = config;
  } else if (isFilled(group)) {
    throw eventProblem(
      logicalId,
      `Property ConsumerGroupId not defined for resource of type ${type}.`,
    );
  }
  return members;
}

function documentDbMembers(properties: JsonMap): JsonMap {
  const { DatabaseName, CollectionName, FullDocument } = properties;
  return {
    DatabaseName,
    ...(isFilled(CollectionName) ? { CollectionName } : {}),
    ...(isFilled(FullDocument) ? { FullDocument } : {}),
  };
}

/** The policy for an on-failure destination; its `Type` is for the transform alone and goes. */
function readDestination({ logicalId, properties }: Declared): JsonMap | undefined {
  const config = properties['DestinationConfig'];
  if (!isFilled(config)) return undefined;
  const onFailure = expectMap(
    mapOr(config)['OnFailure'],
    { event: logicalId },
    'DestinationConfig.OnFailure',
  );
  const type = onFailure['Type'];
  if (!isFilled(type)) return undefined;
  delete onFailure['Type'];
  const destination = onFailure['Destination'];
  switch (type) {
    case 'SQS':
      return inlinePolicy(`${logicalId}SQSPolicy`, 'sqs:SendMessage', destination);
    case 'SNS':
      return inlinePolicy(`${logicalId}SNSPolicy`, 'sns:publish', destination);
    case 'S3':
      return bucketPolicy(logicalId, destination);
    case 'Kafka':
      return undefined;
    default:
      throw eventProblem(
        logicalId,
        "The only valid values for 'Type' are 'SQS', 'SNS', 'S3', and 'Kafka'",
      );
  }
}

/** Leave to write objects into a bucket. */
export function bucketPolicy(logicalId: string, bucketArn: unknown): JsonMap {
  return {
    PolicyName: `${logicalId}S3Policy`,
    PolicyDocument: {
      Statement: [
        {
          Action: 's3:PutObject',
          Effect: 'Allow',
          Resource: { 'Fn::Join': ['/', [bucketArn, '*']] },
        },
        { Action: 's3:ListBucket', Effect: 'Allow', Resource: bucketArn },
      ],
    },
  };
}

function linkPolicies(pull: PullEvent, destination: JsonMap | undefined): void {
  const { event, role, partition } = pull;
  const own = sourcePolicies(pull);
  const managed = MANAGED_POLICY[event.type];
  if (managed !== undefined) {
    const arns = role.properties['ManagedPolicyArns'] as unknown[];
    const arn = managedPolicyArn(partition, `service-role/${managed}`);
    if (!arns.includes(arn)) arns.push(arn);
  }
  for (const policy of [...own, ...(destination === undefined ? [] : [destination])]) {
    const policies = isSet(role.properties['Policies'])
      ? (role.properties['Policies'] as JsonMap[])
      : [];
    role.properties['Policies'] = policies;
    const isThere = policies.some((one) =>
      isDeepStrictEqual(one['PolicyDocument'], policy['PolicyDocument']),
    );
    if (!isThere) policies.push(policy);
  }
}
