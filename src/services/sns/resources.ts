// CloudFormation types of SNS: AWS::SNS::Topic, AWS::SNS::Subscription and AWS::SNS::TopicPolicy.
import type {
  Properties,
  PropertyShape,
  ResourceHandler,
  ResourceRequest,
} from '../../kernel/resources.ts';
import { unsupported } from './errors.ts';

const text: PropertyShape = { type: 'string' };
const json: PropertyShape = { type: 'json' };
const flag: PropertyShape = { type: 'boolean' };
const tags: PropertyShape = {
  type: 'list',
  of: { type: 'object', properties: { Key: text, Value: text }, required: ['Key', 'Value'] },
};

/** Properties that are topic attributes of the same name, with what an absent one means. */
const TOPIC_DEFAULTS: Readonly<Record<string, string>> = {
  DisplayName: '',
  KmsMasterKeyId: '',
  SignatureVersion: '1',
  TracingConfig: 'PassThrough',
};
/** Sent when given; SNS refuses them by name. */
const TOPIC_REFUSED = [
  'FifoTopic',
  'ContentBasedDeduplication',
  'FifoThroughputScope',
  'ArchivePolicy',
];

interface Endpoint {
  readonly Protocol: string;
  readonly Endpoint: string;
}

const topic: ResourceHandler = {
  type: 'AWS::SNS::Topic',
  shape: {
    type: 'object',
    properties: {
      TopicName: text,
      DisplayName: text,
      KmsMasterKeyId: text,
      SignatureVersion: text,
      TracingConfig: text,
      FifoTopic: flag,
      ContentBasedDeduplication: flag,
      FifoThroughputScope: text,
      ArchivePolicy: json,
      DataProtectionPolicy: json,
      DeliveryStatusLogging: json,
      Subscription: {
        type: 'list',
        of: {
          type: 'object',
          properties: { Protocol: text, Endpoint: text },
          required: ['Protocol', 'Endpoint'],
        },
      },
      Tags: tags,
    },
  },
  replaceOn: ['TopicName', 'FifoTopic'],
  async create(request) {
    const { properties, call } = request;
    refuseDeliveryStatus(properties);
    const { TopicArn = '' } = await call('sns', 'CreateTopic', {
      Name: stringOf(properties['TopicName']) ?? request.physicalName(256),
      Attributes: topicAttributes(properties),
      Tags: tagList(wantedTags(request)),
      ...(properties['DataProtectionPolicy'] === undefined
        ? {}
        : { DataProtectionPolicy: jsonText(properties['DataProtectionPolicy']) }),
    });
    for (const endpoint of endpointsOf(properties)) {
      await call('sns', 'Subscribe', { TopicArn, ...endpoint });
    }
    return describeTopic(TopicArn);
  },
  async update(request) {
    const { physicalId: TopicArn, properties, previous, call } = request;
    refuseDeliveryStatus(properties);
    const given = topicAttributes(properties);
    const before = topicAttributes(previous);
    for (const AttributeName of new Set([...Object.keys(given), ...Object.keys(before)])) {
      const AttributeValue = given[AttributeName] ?? TOPIC_DEFAULTS[AttributeName];
      if (given[AttributeName] === before[AttributeName] || AttributeValue === undefined) continue;
      await call('sns', 'SetTopicAttributes', { TopicArn, AttributeName, AttributeValue });
    }
    await updateTags(request, TopicArn);
    await updateSubscriptions(request, TopicArn);
    return describeTopic(TopicArn);
  },
  async delete({ call, physicalId }) {
    await call('sns', 'DeleteTopic', { TopicArn: physicalId });
  },
};

const SUBSCRIPTION_ATTRIBUTES = [
  'FilterPolicyScope',
  'FilterPolicy',
  'RawMessageDelivery',
  'RedrivePolicy',
  'DeliveryPolicy',
  'ReplayPolicy',
  'SubscriptionRoleArn',
];
const SUBSCRIPTION_DEFAULTS: Readonly<Record<string, string>> = {
  FilterPolicyScope: 'MessageAttributes',
  FilterPolicy: '{}',
  RawMessageDelivery: 'false',
  RedrivePolicy: '',
};

const subscription: ResourceHandler = {
  type: 'AWS::SNS::Subscription',
  shape: {
    type: 'object',
    properties: {
      TopicArn: text,
      Protocol: text,
      Endpoint: text,
      Region: text,
      FilterPolicy: json,
      FilterPolicyScope: text,
      RawMessageDelivery: flag,
      RedrivePolicy: json,
      DeliveryPolicy: json,
      ReplayPolicy: json,
      SubscriptionRoleArn: text,
    },
    required: ['TopicArn', 'Protocol'],
  },
  replaceOn: ['TopicArn', 'Protocol', 'Endpoint', 'Region'],
  async create({ properties, call, region }) {
    const { SubscriptionArn = '' } = await call(
      'sns',
      'Subscribe',
      {
        TopicArn: String(properties['TopicArn']),
        Protocol: String(properties['Protocol']),
        Endpoint: stringOf(properties['Endpoint']),
        Attributes: subscriptionAttributes(properties),
        ReturnSubscriptionArn: true,
      },
      { region: stringOf(properties['Region']) ?? region },
    );
    return { physicalId: SubscriptionArn, attributes: { Arn: SubscriptionArn } };
  },
  async update({ properties, previous, call, physicalId: SubscriptionArn }) {
    const given = subscriptionAttributes(properties);
    const before = subscriptionAttributes(previous);
    const isBodyScope = given['FilterPolicyScope'] === 'MessageBody';
    // A nested policy is legal in one scope only: the scope goes first when it widens, last when
    // not.
    const names = isBodyScope ? SUBSCRIPTION_ATTRIBUTES : SUBSCRIPTION_ATTRIBUTES.toReversed();
    for (const AttributeName of names) {
      if (given[AttributeName] === before[AttributeName]) continue;
      const AttributeValue = given[AttributeName] ?? SUBSCRIPTION_DEFAULTS[AttributeName] ?? '';
      await call('sns', 'SetSubscriptionAttributes', {
        SubscriptionArn,
        AttributeName,
        AttributeValue,
      });
    }
    return { physicalId: SubscriptionArn, attributes: { Arn: SubscriptionArn } };
  },
  async delete({ call, physicalId }) {
    await ignorePending(call('sns', 'Unsubscribe', { SubscriptionArn: physicalId }));
  },
};

const topicPolicy: ResourceHandler = {
  type: 'AWS::SNS::TopicPolicy',
  shape: {
    type: 'object',
    properties: { PolicyDocument: json, Topics: { type: 'list', of: text } },
    required: ['PolicyDocument', 'Topics'],
  },
  replaceOn: [],
  async create(request) {
    await putPolicy(request, topicsOf(request.properties));
    const physicalId = request.physicalName(80);
    return { physicalId, attributes: { Id: physicalId } };
  },
  async update(request) {
    const arns = topicsOf(request.properties);
    await putPolicy(request, arns);
    await removePolicy(
      request,
      topicsOf(request.previous).filter((arn) => !arns.includes(arn)),
    );
    return { physicalId: request.physicalId, attributes: { Id: request.physicalId } };
  },
  async delete(request) {
    await removePolicy(request, topicsOf(request.properties));
  },
};

export const resources: readonly ResourceHandler[] = [topic, subscription, topicPolicy];

function describeTopic(arn: string): { physicalId: string; attributes: Record<string, unknown> } {
  return { physicalId: arn, attributes: { TopicArn: arn, TopicName: arn.split(':').at(-1) } };
}

/** A refused property stops the deployment with SNS's own words. */
function refuseDeliveryStatus(properties: Properties): void {
  if (properties['DeliveryStatusLogging'] !== undefined) {
    throw unsupported('delivery status logs');
  }
}

async function updateSubscriptions(
  request: ResourceRequest & { readonly previous: Properties },
  TopicArn: string,
): Promise<void> {
  const wanted = endpointsOf(request.properties);
  const gone = endpointsOf(request.previous).filter(
    (each) => !wanted.some((other) => sameEndpoint(each, other)),
  );
  for (const endpoint of wanted) await request.call('sns', 'Subscribe', { TopicArn, ...endpoint });
  for (const endpoint of gone) {
    const SubscriptionArn = await findSubscription(request, { TopicArn, endpoint });
    if (SubscriptionArn !== undefined)
      await request.call('sns', 'Unsubscribe', { SubscriptionArn });
  }
}

/** The ARN of a confirmed subscription; those that wait for confirmation end by themselves. */
async function findSubscription(
  request: ResourceRequest,
  { TopicArn, endpoint }: { TopicArn: string; endpoint: Endpoint },
): Promise<string | undefined> {
  for (let NextToken: string | undefined; ;) {
    const page = await request.call('sns', 'ListSubscriptionsByTopic', { TopicArn, NextToken });
    const found = page.Subscriptions?.find(
      (each) => each.Protocol === endpoint.Protocol && each.Endpoint === endpoint.Endpoint,
    );
    if (found !== undefined) {
      return found.SubscriptionArn === 'PendingConfirmation' ? undefined : found.SubscriptionArn;
    }
    NextToken = page.NextToken;
    if (NextToken === undefined) return undefined;
  }
}

async function updateTags(
  request: ResourceRequest & { readonly previous: Properties },
  ResourceArn: string,
): Promise<void> {
  const wanted = wantedTags(request);
  const TagKeys = Object.keys(tagMap(request.previous['Tags'])).filter((key) => !(key in wanted));
  if (TagKeys.length > 0) await request.call('sns', 'UntagResource', { ResourceArn, TagKeys });
  if (Object.keys(wanted).length > 0) {
    await request.call('sns', 'TagResource', { ResourceArn, Tags: tagList(wanted) });
  }
}

async function putPolicy(request: ResourceRequest, arns: readonly string[]): Promise<void> {
  const AttributeValue = jsonText(request.properties['PolicyDocument']);
  for (const TopicArn of arns) {
    await request.call('sns', 'SetTopicAttributes', {
      TopicArn,
      AttributeName: 'Policy',
      AttributeValue,
    });
  }
}

async function removePolicy(request: ResourceRequest, arns: readonly string[]): Promise<void> {
  for (const TopicArn of arns) {
    try {
      await request.call('sns', 'SetTopicAttributes', {
        TopicArn,
        AttributeName: 'Policy',
        AttributeValue: '',
      });
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'NotFoundException') throw error;
    }
  }
}

// AWS: a stack deletes a subscription nobody confirmed without complaint; it ends by itself.
async function ignorePending(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof Error) || !error.message.includes('pending confirmation')) throw error;
  }
}

function topicAttributes(properties: Properties): Record<string, string> {
  return pick(properties, [...Object.keys(TOPIC_DEFAULTS), ...TOPIC_REFUSED]);
}

function subscriptionAttributes(properties: Properties): Record<string, string> {
  return pick(properties, SUBSCRIPTION_ATTRIBUTES);
}

function pick(properties: Properties, names: readonly string[]): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const name of names) {
    const value = properties[name];
    if (value !== undefined) picked[name] = jsonText(value);
  }
  return picked;
}

function endpointsOf(properties: Properties): readonly Endpoint[] {
  const list = properties['Subscription'];
  return Array.isArray(list) ? (list as Endpoint[]) : [];
}

function sameEndpoint(left: Endpoint, right: Endpoint): boolean {
  return left.Protocol === right.Protocol && left.Endpoint === right.Endpoint;
}

function topicsOf(properties: Properties): readonly string[] {
  const list = properties['Topics'];
  return Array.isArray(list) ? list.map(String) : [];
}

function wantedTags(request: ResourceRequest): Record<string, string> {
  return { ...request.stackTags, ...tagMap(request.properties['Tags']) };
}

function tagMap(value: unknown): Record<string, string> {
  const list = Array.isArray(value) ? (value as { Key: string; Value: string }[]) : [];
  return Object.fromEntries(list.map(({ Key, Value }) => [Key, Value]));
}

function tagList(map: Readonly<Record<string, string>>): { Key: string; Value: string }[] {
  return Object.entries(map).map(([Key, Value]) => ({ Key, Value }));
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function jsonText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
