// CloudFormation types of SQS: AWS::SQS::Queue and AWS::SQS::QueuePolicy.
import { FLAG, INTEGER, JSON_VALUE, TAGS, TEXT, TEXTS } from '../../kernel/property-shapes.ts';
import {
  goneTags,
  jsonText,
  tagsOf,
  textOf,
  textsOf,
  unlessAbsent,
  unlessGone,
} from '../../kernel/resource-requests.ts';
import type {
  Properties,
  ResourceHandler,
  ResourceRequest,
  ResourceResult,
} from '../../kernel/resources.ts';

type Attributes = Record<string, string>;

/** How SQS says that what is to be removed is not there. */
const GONE = 'QueueDoesNotExist';

/** Properties that are queue attributes of the same name, with what an absent one means. */
const ATTRIBUTE_DEFAULTS: Readonly<Record<string, string>> = {
  DelaySeconds: '0',
  MaximumMessageSize: '1048576',
  MessageRetentionPeriod: '345600',
  ReceiveMessageWaitTimeSeconds: '0',
  VisibilityTimeout: '30',
  RedrivePolicy: '',
  RedriveAllowPolicy: '',
  KmsMasterKeyId: '',
  KmsDataKeyReusePeriodSeconds: '300',
  SqsManagedSseEnabled: 'true',
};
/** Only sent for FIFO queues: a standard one does not know these names. */
const FIFO_DEFAULTS: Readonly<Record<string, string>> = {
  ContentBasedDeduplication: 'false',
  DeduplicationScope: 'queue',
  FifoThroughputLimit: 'perQueue',
};

const queue: ResourceHandler = {
  type: 'AWS::SQS::Queue',
  shape: {
    type: 'object',
    properties: {
      QueueName: TEXT,
      DelaySeconds: INTEGER,
      MaximumMessageSize: INTEGER,
      MessageRetentionPeriod: INTEGER,
      ReceiveMessageWaitTimeSeconds: INTEGER,
      VisibilityTimeout: INTEGER,
      RedrivePolicy: JSON_VALUE,
      RedriveAllowPolicy: JSON_VALUE,
      KmsMasterKeyId: TEXT,
      KmsDataKeyReusePeriodSeconds: INTEGER,
      SqsManagedSseEnabled: FLAG,
      FifoQueue: FLAG,
      ContentBasedDeduplication: FLAG,
      DeduplicationScope: TEXT,
      FifoThroughputLimit: TEXT,
      Tags: TAGS,
    },
  },
  replaceOn: ['QueueName', 'FifoQueue'],
  async create(request) {
    const { QueueUrl } = await request.call('sqs', 'CreateQueue', {
      QueueName: queueName(request),
      Attributes: givenAttributes(request.properties),
      tags: tagsOf(request),
    });
    return describeQueue(request, QueueUrl ?? '');
  },
  async find(request) {
    const get = request.call('sqs', 'GetQueueUrl', { QueueName: queueName(request) });
    return (await unlessAbsent(get, GONE))?.QueueUrl;
  },
  async update(request) {
    const { physicalId: url, properties, previous } = request;
    const given = givenAttributes(properties);
    const before = givenAttributes(previous);
    const changed: Attributes = {};
    for (const name of new Set([...Object.keys(given), ...Object.keys(before)])) {
      const wanted = given[name] ?? ATTRIBUTE_DEFAULTS[name] ?? FIFO_DEFAULTS[name];
      if (wanted !== undefined && given[name] !== before[name]) changed[name] = wanted;
    }
    // The reuse period means something with a key only.
    if (changed['KmsMasterKeyId'] === '') delete changed['KmsDataKeyReusePeriodSeconds'];
    if (Object.keys(changed).length > 0) {
      await request.call('sqs', 'SetQueueAttributes', { QueueUrl: url, Attributes: changed });
    }
    await updateTags(request, url);
    return describeQueue(request, url);
  },
  async delete({ call, physicalId }) {
    await unlessGone(call('sqs', 'DeleteQueue', { QueueUrl: physicalId }), GONE);
  },
};

function queueName(request: ResourceRequest): string {
  const given = textOf(request.properties, 'QueueName');
  if (given !== undefined) return given;
  const isFifo = request.properties['FifoQueue'] === true;
  return isFifo ? `${request.physicalName(75)}.fifo` : request.physicalName(80);
}

const queuePolicy: ResourceHandler = {
  type: 'AWS::SQS::QueuePolicy',
  shape: {
    type: 'object',
    properties: { PolicyDocument: JSON_VALUE, Queues: TEXTS },
    required: ['PolicyDocument', 'Queues'],
  },
  replaceOn: [],
  async create(request) {
    await putPolicy(request, textsOf(request.properties, 'Queues'));
    const physicalId = request.physicalName(80);
    return { physicalId, attributes: { Id: physicalId } };
  },
  // A policy has no identity but its text.
  async candidates(request) {
    const wanted = jsonText(request.properties['PolicyDocument']);
    for (const QueueUrl of textsOf(request.properties, 'Queues')) {
      const { Attributes } = await request.call('sqs', 'GetQueueAttributes', {
        QueueUrl,
        AttributeNames: ['Policy'],
      });
      if (Attributes?.Policy === wanted) return [request.physicalName(80)];
    }
    return [];
  },
  async update(request) {
    const urls = textsOf(request.properties, 'Queues');
    await putPolicy(request, urls);
    const left = textsOf(request.previous, 'Queues').filter((url) => !urls.includes(url));
    await removePolicy(request, left);
    return { physicalId: request.physicalId, attributes: { Id: request.physicalId } };
  },
  async delete(request) {
    await removePolicy(request, textsOf(request.properties, 'Queues'));
  },
};

export const resources: readonly ResourceHandler[] = [queue, queuePolicy];

async function putPolicy(request: ResourceRequest, urls: readonly string[]): Promise<void> {
  const Policy = jsonText(request.properties['PolicyDocument']);
  for (const QueueUrl of urls) {
    await request.call('sqs', 'SetQueueAttributes', { QueueUrl, Attributes: { Policy } });
  }
}

async function removePolicy(request: ResourceRequest, urls: readonly string[]): Promise<void> {
  for (const QueueUrl of urls) {
    await unlessGone(
      request.call('sqs', 'SetQueueAttributes', { QueueUrl, Attributes: { Policy: '' } }),
      GONE,
    );
  }
}

async function describeQueue(request: ResourceRequest, url: string): Promise<ResourceResult> {
  const { Attributes } = await request.call('sqs', 'GetQueueAttributes', {
    QueueUrl: url,
    AttributeNames: ['QueueArn'],
  });
  return {
    physicalId: url,
    attributes: { Arn: Attributes?.QueueArn, QueueName: url.split('/').at(-1), QueueUrl: url },
  };
}

async function updateTags(
  request: ResourceRequest & { readonly previous: Properties },
  url: string,
): Promise<void> {
  const wanted = tagsOf(request);
  const gone = goneTags(request);
  if (gone.length > 0) await request.call('sqs', 'UntagQueue', { QueueUrl: url, TagKeys: gone });
  if (Object.keys(wanted).length > 0) {
    await request.call('sqs', 'TagQueue', { QueueUrl: url, Tags: wanted });
  }
}

function givenAttributes(properties: Properties): Attributes {
  const attributes: Attributes = {};
  for (const name of ['FifoQueue', ...Object.keys({ ...ATTRIBUTE_DEFAULTS, ...FIFO_DEFAULTS })]) {
    const value = properties[name];
    // AWS: FifoQueue is true or absent; CloudFormation leaves a false one out.
    if (value === undefined || (name === 'FifoQueue' && value === false)) continue;
    attributes[name] = jsonText(value);
  }
  return attributes;
}
