// CloudFormation types of SQS: AWS::SQS::Queue and AWS::SQS::QueuePolicy.
import type {
  Properties,
  PropertyShape,
  ResourceHandler,
  ResourceRequest,
  ResourceResult,
} from '../../kernel/resources.ts';

type Attributes = Record<string, string>;

const integer: PropertyShape = { type: 'integer' };
const text: PropertyShape = { type: 'string' };
const json: PropertyShape = { type: 'json' };
const flag: PropertyShape = { type: 'boolean' };
const tags: PropertyShape = {
  type: 'list',
  of: { type: 'object', properties: { Key: text, Value: text }, required: ['Key', 'Value'] },
};

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
      QueueName: text,
      DelaySeconds: integer,
      MaximumMessageSize: integer,
      MessageRetentionPeriod: integer,
      ReceiveMessageWaitTimeSeconds: integer,
      VisibilityTimeout: integer,
      RedrivePolicy: json,
      RedriveAllowPolicy: json,
      KmsMasterKeyId: text,
      KmsDataKeyReusePeriodSeconds: integer,
      SqsManagedSseEnabled: flag,
      FifoQueue: flag,
      ContentBasedDeduplication: flag,
      DeduplicationScope: text,
      FifoThroughputLimit: text,
      Tags: tags,
    },
  },
  replaceOn: ['QueueName', 'FifoQueue'],
  async create(request) {
    const isFifo = request.properties['FifoQueue'] === true;
    const name =
      stringOf(request.properties['QueueName']) ??
      (isFifo ? `${request.physicalName(75)}.fifo` : request.physicalName(80));
    const { QueueUrl } = await request.call('sqs', 'CreateQueue', {
      QueueName: name,
      Attributes: givenAttributes(request.properties),
      tags: wantedTags(request),
    });
    return describeQueue(request, QueueUrl ?? '');
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
    await ignoreMissing(call('sqs', 'DeleteQueue', { QueueUrl: physicalId }));
  },
};

const queuePolicy: ResourceHandler = {
  type: 'AWS::SQS::QueuePolicy',
  shape: {
    type: 'object',
    properties: { PolicyDocument: json, Queues: { type: 'list', of: text } },
    required: ['PolicyDocument', 'Queues'],
  },
  replaceOn: [],
  async create(request) {
    await putPolicy(request, queueUrls(request.properties));
    const physicalId = request.physicalName(80);
    return { physicalId, attributes: { Id: physicalId } };
  },
  async update(request) {
    const urls = queueUrls(request.properties);
    await putPolicy(request, urls);
    const left = queueUrls(request.previous).filter((url) => !urls.includes(url));
    await removePolicy(request, left);
    return { physicalId: request.physicalId, attributes: { Id: request.physicalId } };
  },
  async delete(request) {
    await removePolicy(request, queueUrls(request.properties));
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
    await ignoreMissing(
      request.call('sqs', 'SetQueueAttributes', { QueueUrl, Attributes: { Policy: '' } }),
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
  const wanted = wantedTags(request);
  const gone = Object.keys(tagMap(request.previous['Tags'])).filter((key) => !(key in wanted));
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

function wantedTags(request: ResourceRequest): Record<string, string> {
  return { ...request.stackTags, ...tagMap(request.properties['Tags']) };
}

function tagMap(value: unknown): Record<string, string> {
  const list = Array.isArray(value) ? (value as { Key: string; Value: string }[]) : [];
  return Object.fromEntries(list.map(({ Key, Value }) => [Key, Value]));
}

function queueUrls(properties: Properties): readonly string[] {
  const urls = properties['Queues'];
  return Array.isArray(urls) ? urls.map(String) : [];
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function jsonText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A resource that is already gone counts as removed. */
async function ignoreMissing(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'QueueDoesNotExist') throw error;
  }
}
