// Subscribe, ConfirmSubscription, Unsubscribe, ListSubscriptions, ListSubscriptionsByTopic.
import { parseArn } from '../../../base/arn.ts';
import { ownEntry } from '../../../base/own-entry.ts';
import { randomText, randomUuid } from '../../../base/random.ts';
import type { Principal, RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { invalidParameter, invalidToken, topicNotFound, unsupported } from '../errors.ts';
import { FAN_OUT_PAGE, LIST_PAGE } from '../limits.ts';
import { checkSubscriptionArn, checkTopicArn } from '../rules.ts';
import {
  deleteSubscription,
  findByEndpoint,
  findSubscription,
  findTopic,
  listOwnSubscriptions,
  listSubscriptionsOf,
  putSubscription,
  putTopic,
} from '../store.ts';
import type { Protocol, Subscription } from '../subscription.ts';
import { DEFAULT_SUBSCRIPTION, subscriptionArn } from '../subscription.ts';
import { topicArn } from '../topic.ts';
import { scheduleExpiry } from '../workers.ts';
import { readToken, writeToken } from './page-token.ts';
import { readSettings } from './subscription-attributes.ts';

const TOKEN_CHARS = 256;
/** Known to AWS, not here. */
const LATER: Readonly<Record<string, string>> = {
  http: 'subscriptions of http endpoints',
  https: 'subscriptions of https endpoints',
  sms: 'text messages to phones',
  application: 'push notifications to mobile applications',
  firehose: 'subscriptions of Firehose delivery streams',
};

export async function subscribe(
  input: InputOf<'sns', 'Subscribe'>,
  ctx: RequestContext,
): Promise<OutputOf<'sns', 'Subscribe'>> {
  const topic = checkTopicArn(input.TopicArn, 'TopicArn');
  const protocol = checkProtocol(input.Protocol);
  const endpoint = checkEndpoint(protocol, input.Endpoint);
  const settings = readSettings(input.Attributes ?? {}, {
    current: DEFAULT_SUBSCRIPTION,
    refuse: (message) => invalidParameter(`Attributes Reason: ${message}`),
  });
  const isPending = protocol === 'email' || protocol === 'email-json';
  const subscription: Subscription = {
    ...settings,
    id: randomUuid(ctx.random),
    topic,
    owner: ctx.account,
    protocol,
    endpoint,
    principalArn: principalArn(ctx.principal),
    token: isPending ? randomText(ctx.random, TOKEN_CHARS, '0123456789abcdef') : undefined,
    confirmedByOwner: !isPending,
  };
  const found = await ctx.store.transact(async (tx) => {
    if ((await findTopic(tx, topic)) === undefined) throw topicNotFound();
    const existing = await findByEndpoint(tx, topic, subscription);
    if (existing === undefined) {
      putSubscription(tx, subscription);
      if (isPending) scheduleExpiry(tx, ctx, subscription);
      return subscription;
    }
    // AWS: subscribing again gives the subscription there is, unless it would have to change.
    if (input.Attributes !== undefined && !sameSettings(existing, subscription)) {
      throw invalidParameter(
        'Attributes Reason: Subscription already exists with different attributes',
      );
    }
    return existing;
  });
  const isShown = found.token === undefined || input.ReturnSubscriptionArn === true;
  return { SubscriptionArn: isShown ? subscriptionArn(found) : 'pending confirmation' };
}

export async function confirmSubscription(
  input: InputOf<'sns', 'ConfirmSubscription'>,
  ctx: RequestContext,
): Promise<OutputOf<'sns', 'ConfirmSubscription'>> {
  const topic = checkTopicArn(input.TopicArn, 'TopicArn');
  const token = input.Token ?? '';
  if (!/^[0-9a-f]{64,}$/i.test(token)) throw invalidToken();
  const confirmed = await ctx.store.transact(async (tx) => {
    for (let after: string | undefined; ;) {
      const page = await listSubscriptionsOf(tx, topic, { after, limit: FAN_OUT_PAGE });
      const found = page.find((each) => each.token === token);
      if (found !== undefined) {
        const done: Subscription = {
          ...found,
          token: undefined,
          confirmedByOwner: ctx.principal.kind !== 'anonymous',
        };
        putSubscription(tx, done);
        return done;
      }
      after = page.at(-1)?.id;
      if (page.length < FAN_OUT_PAGE) throw invalidParameter('Token');
    }
  });
  return { SubscriptionArn: subscriptionArn(confirmed) };
}

/** A subscription that is gone already is no error. */
export async function unsubscribe(
  input: InputOf<'sns', 'Unsubscribe'>,
  ctx: RequestContext,
): Promise<OutputOf<'sns', 'Unsubscribe'>> {
  const address = checkSubscriptionArn(input.SubscriptionArn);
  await ctx.store.transact(async (tx) => {
    const subscription = await findSubscription(tx, address);
    if (subscription === undefined) return;
    if (subscription.token !== undefined) {
      throw invalidParameter(
        'This subscription is pending confirmation and cannot be deleted until it is confirmed',
      );
    }
    deleteSubscription(tx, subscription);
    const topic = await findTopic(tx, subscription.topic);
    if (topic !== undefined) {
      putTopic(tx, { ...topic, deletedSubscriptions: topic.deletedSubscriptions + 1 });
    }
  });
  return {};
}

export async function listSubscriptions(
  input: InputOf<'sns', 'ListSubscriptions'>,
  ctx: RequestContext,
): Promise<OutputOf<'sns', 'ListSubscriptions'>> {
  const after = readToken(input.NextToken);
  const found = await ctx.store.read((view) =>
    listOwnSubscriptions(view, ctx, { after, limit: LIST_PAGE + 1 }),
  );
  return describePage(found, subscriptionArn);
}

export async function listSubscriptionsByTopic(
  input: InputOf<'sns', 'ListSubscriptionsByTopic'>,
  ctx: RequestContext,
): Promise<OutputOf<'sns', 'ListSubscriptionsByTopic'>> {
  const topic = checkTopicArn(input.TopicArn, 'TopicArn');
  const after = readToken(input.NextToken);
  const found = await ctx.store.read(async (view) => {
    if ((await findTopic(view, topic)) === undefined) throw topicNotFound();
    return listSubscriptionsOf(view, topic, { after, limit: LIST_PAGE + 1 });
  });
  return describePage(found, ({ id }) => id);
}

function describePage(
  found: readonly Subscription[],
  keyOf: (subscription: Subscription) => string,
): OutputOf<'sns', 'ListSubscriptions'> {
  const page = found.slice(0, LIST_PAGE);
  const last = page.at(-1);
  return {
    Subscriptions: page.map((subscription) => ({
      SubscriptionArn:
        subscription.token === undefined ? subscriptionArn(subscription) : 'PendingConfirmation',
      Owner: subscription.owner,
      Protocol: subscription.protocol,
      Endpoint: subscription.endpoint,
      TopicArn: topicArn(subscription.topic),
    })),
    ...writeToken(found.length > LIST_PAGE && last !== undefined ? keyOf(last) : undefined),
  };
}

function checkProtocol(protocol: string | undefined): Protocol {
  if (protocol === 'sqs' || protocol === 'lambda') return protocol;
  if (protocol === 'email' || protocol === 'email-json') return protocol;
  const later = ownEntry(LATER, protocol ?? '');
  if (later !== undefined) throw unsupported(later);
  throw invalidParameter(`Amazon SNS does not support this protocol string: ${protocol}`);
}

function checkEndpoint(protocol: Protocol, endpoint: string | undefined): string {
  const arn = parseArn(endpoint ?? '');
  if (protocol === 'sqs') {
    if (endpoint === undefined || arn?.service !== 'sqs')
      throw invalidParameter('SQS endpoint ARN');
    if (endpoint.endsWith('.fifo')) {
      throw invalidParameter(
        'Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics',
      );
    }
    return endpoint;
  }
  if (protocol === 'lambda') {
    if (endpoint === undefined || arn?.service !== 'lambda') {
      throw invalidParameter('Lambda endpoint ARN');
    }
    return endpoint;
  }
  if (endpoint === undefined || !/^[^@\s]+@[^@\s]+$/.test(endpoint)) {
    throw invalidParameter('Email address');
  }
  return endpoint;
}

function sameSettings(left: Subscription, right: Subscription): boolean {
  return (
    left.rawDelivery === right.rawDelivery &&
    left.filterPolicy === right.filterPolicy &&
    left.filterScope === right.filterScope &&
    left.redrivePolicy === right.redrivePolicy
  );
}

function principalArn(principal: Principal): string {
  switch (principal.kind) {
    case 'user':
    case 'role':
      return principal.arn;
    case 'service':
      return principal.service;
    case 'root':
    case 'anonymous':
      return `arn:aws:iam::${principal.account}:root`;
  }
}
