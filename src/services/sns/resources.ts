// CloudFormation types of SNS: AWS::SNS::Topic, AWS::SNS::Subscription and AWS::SNS::TopicPolicy.
import { FLAG, JSON_VALUE, TAGS, TEXT, TEXTS } from '../../kernel/property-shapes.ts';
import {
  goneTags,
  jsonText,
  listAll,
  tagPairs,
  tagsOf,
  textOf,
  textsOf,
  unlessAbsent,
  unlessGone,
} from '../../kernel/resource-requests.ts';
import type { Properties, ResourceHandler, ResourceRequest } from '../../kernel/resources.ts';
import { unsupported } from './errors.ts';

/** How SNS says that what is to be removed is not there. */
const GONE = 'NotFoundException';

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
      TopicName: TEXT,
      DisplayName: TEXT,
      KmsMasterKeyId: TEXT,
      SignatureVersion: TEXT,
      TracingConfig: TEXT,
      FifoTopic: FLAG,
      ContentBasedDeduplication: FLAG,
      FifoThroughputScope: TEXT,
      ArchivePolicy: JSON_VALUE,
      DataProtectionPolicy: JSON_VALUE,
      DeliveryStatusLogging: JSON_VALUE,
      Subscription: {
        type: 'list',
        of: {
          type: 'object',
          properties: { Protocol: TEXT, Endpoint: TEXT },
          required: ['Protocol', 'Endpoint'],
        },
      },
      Tags: TAGS,
    },
  },
  replaceOn: ['TopicName', 'FifoTopic'],
  async create(request) {
    const { properties, call } = request;
    refuseDeliveryStatus(properties);
    const { TopicArn = '' } = await call('sns', 'CreateTopic', {
      Name: topicName(request),
      Attributes: topicAttributes(properties),
      Tags: tagPairs(tagsOf(request)),
      ...(properties['DataProtectionPolicy'] === undefined
        ? {}
        : { DataProtectionPolicy: jsonText(properties['DataProtectionPolicy']) }),
    });
    for (const endpoint of endpointsOf(properties)) {
      await call('sns', 'Subscribe', { TopicArn, ...endpoint });
    }
    return describeTopic(TopicArn);
  },
  async find(request) {
    const TopicArn = `arn:aws:sns:${request.region}:${request.account}:${topicName(request)}`;
    const get = request.call('sns', 'GetTopicAttributes', { TopicArn });
    return (await unlessAbsent(get, GONE)) && TopicArn;
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

function topicName(request: ResourceRequest): string {
  return textOf(request.properties, 'TopicName') ?? request.physicalName(256);
}

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
      TopicArn: TEXT,
      Protocol: TEXT,
      Endpoint: TEXT,
      Region: TEXT,
      FilterPolicy: JSON_VALUE,
      FilterPolicyScope: TEXT,
      RawMessageDelivery: FLAG,
      RedrivePolicy: JSON_VALUE,
      DeliveryPolicy: JSON_VALUE,
      ReplayPolicy: JSON_VALUE,
      SubscriptionRoleArn: TEXT,
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
        Endpoint: textOf(properties, 'Endpoint'),
        Attributes: subscriptionAttributes(properties),
        ReturnSubscriptionArn: true,
      },
      { region: textOf(properties, 'Region') ?? region },
    );
    return { physicalId: SubscriptionArn, attributes: { Arn: SubscriptionArn } };
  },
  // AWS: one that exists already is taken over, as Subscribe answers with it.
  async candidates(request) {
    const { properties } = request;
    const found = await findSubscription(request, {
      TopicArn: String(properties['TopicArn']),
      endpoint: {
        Protocol: String(properties['Protocol']),
        Endpoint: textOf(properties, 'Endpoint') ?? '',
      },
    });
    return found === undefined ? [] : [found];
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
    properties: { PolicyDocument: JSON_VALUE, Topics: TEXTS },
    required: ['PolicyDocument', 'Topics'],
  },
  replaceOn: [],
  async create(request) {
    await putPolicy(request, textsOf(request.properties, 'Topics'));
    const physicalId = request.physicalName(80);
    return { physicalId, attributes: { Id: physicalId } };
  },
  // A policy has no identity but its text.
  async candidates(request) {
    const wanted = jsonText(request.properties['PolicyDocument']);
    for (const TopicArn of textsOf(request.properties, 'Topics')) {
      const { Attributes } = await request.call('sns', 'GetTopicAttributes', { TopicArn });
      if (Attributes?.['Policy'] === wanted) return [request.physicalName(80)];
    }
    return [];
  },
  async update(request) {
    const arns = textsOf(request.properties, 'Topics');
    await putPolicy(request, arns);
    await removePolicy(
      request,
      textsOf(request.previous, 'Topics').filter((arn) => !arns.includes(arn)),
    );
    return { physicalId: request.physicalId, attributes: { Id: request.physicalId } };
  },
  async delete(request) {
    await removePolicy(request, textsOf(request.properties, 'Topics'));
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
  const all = await listAll(async (NextToken) => {
    const page = await request.call('sns', 'ListSubscriptionsByTopic', { TopicArn, NextToken });
    return { items: page.Subscriptions, next: page.NextToken };
  });
  const found = all.find(
    (each) => each.Protocol === endpoint.Protocol && each.Endpoint === endpoint.Endpoint,
  );
  return found?.SubscriptionArn === 'PendingConfirmation' ? undefined : found?.SubscriptionArn;
}

async function updateTags(
  request: ResourceRequest & { readonly previous: Properties },
  ResourceArn: string,
): Promise<void> {
  const wanted = tagsOf(request);
  const TagKeys = goneTags(request);
  if (TagKeys.length > 0) await request.call('sns', 'UntagResource', { ResourceArn, TagKeys });
  if (Object.keys(wanted).length > 0) {
    await request.call('sns', 'TagResource', { ResourceArn, Tags: tagPairs(wanted) });
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
    const reset = { TopicArn, AttributeName: 'Policy', AttributeValue: '' };
    await unlessGone(request.call('sns', 'SetTopicAttributes', reset), GONE);
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
