// The state of SNS: topics and their subscriptions.
import type { ReadTx, Tx } from '../../base/store.ts';
import type { Scope } from '../../kernel/context.ts';
import { table } from '../../kernel/table.ts';
import type { Subscription, SubscriptionAddress } from './subscription.ts';
import { subscriptionArn } from './subscription.ts';
import type { Topic, TopicAddress } from './topic.ts';

/** Keyed `[account, region, name]`. */
const topics = table<Topic>('sns/topic');
/** Keyed `[account, region, topic, id]`: account and region of the topic. */
const subscriptions = table<Subscription>('sns/subscription');
/** Keyed `[owner, region, subscriptionArn]`. */
const byOwner = table<SubscriptionAddress>('sns/subscription-owner');
/** Keyed `[account, region, topic, protocol, endpoint]`: an endpoint subscribes to a topic once. */
const byEndpoint = table<string>('sns/subscription-endpoint');

interface Page {
  readonly after?: string | undefined;
  readonly limit: number;
}

export function findTopic(
  view: ReadTx,
  { account, region, name }: TopicAddress,
): Promise<Topic | undefined> {
  return topics.get(view, [account, region, name]);
}

export function putTopic(tx: Tx, topic: Topic): void {
  topics.put(tx, [topic.account, topic.region, topic.name], topic);
}

export function deleteTopic(tx: Tx, topic: TopicAddress): void {
  topics.delete(tx, [topic.account, topic.region, topic.name]);
}

export async function listTopics(
  view: ReadTx,
  { account, region }: Scope,
  { after, limit }: Page,
): Promise<Topic[]> {
  const prefix = [account, region];
  const rows = await topics.list(view, prefix, {
    limit,
    ...(after === undefined ? {} : { after: [...prefix, after] }),
  });
  return rows.map((row) => row.value);
}

export function findSubscription(
  view: ReadTx,
  { account, region, topicName, id }: SubscriptionAddress,
): Promise<Subscription | undefined> {
  return subscriptions.get(view, [account, region, topicName, id]);
}

/** The topic's subscription of an endpoint, if it has one. */
export async function findByEndpoint(
  view: ReadTx,
  topic: TopicAddress,
  { protocol, endpoint }: { protocol: string; endpoint: string },
): Promise<Subscription | undefined> {
  const id = await byEndpoint.get(view, [
    topic.account,
    topic.region,
    topic.name,
    protocol,
    endpoint,
  ]);
  if (id === undefined) return undefined;
  return findSubscription(view, { ...topic, topicName: topic.name, id });
}

export function putSubscription(tx: Tx, subscription: Subscription): void {
  const { topic, id, owner, protocol, endpoint } = subscription;
  const base = [topic.account, topic.region, topic.name];
  subscriptions.put(tx, [...base, id], subscription);
  byEndpoint.put(tx, [...base, protocol, endpoint], id);
  byOwner.put(tx, [owner, topic.region, subscriptionArn(subscription)], {
    account: topic.account,
    region: topic.region,
    topicName: topic.name,
    id,
  });
}

export function deleteSubscription(tx: Tx, subscription: Subscription): void {
  const { topic, id, owner, protocol, endpoint } = subscription;
  const base = [topic.account, topic.region, topic.name];
  subscriptions.delete(tx, [...base, id]);
  byEndpoint.delete(tx, [...base, protocol, endpoint]);
  byOwner.delete(tx, [owner, topic.region, subscriptionArn(subscription)]);
}

export async function listSubscriptionsOf(
  view: ReadTx,
  topic: TopicAddress,
  { after, limit }: Page,
): Promise<Subscription[]> {
  const prefix = [topic.account, topic.region, topic.name];
  const rows = await subscriptions.list(view, prefix, {
    limit,
    ...(after === undefined ? {} : { after: [...prefix, after] }),
  });
  return rows.map((row) => row.value);
}

/** Subscriptions an account made, in order of ARN. */
export async function listOwnSubscriptions(
  view: ReadTx,
  { account, region }: Scope,
  { after, limit }: Page,
): Promise<Subscription[]> {
  const prefix = [account, region];
  const rows = await byOwner.list(view, prefix, {
    limit,
    ...(after === undefined ? {} : { after: [...prefix, after] }),
  });
  const found = await Promise.all(rows.map((row) => findSubscription(view, row.value)));
  return found.filter((subscription) => subscription !== undefined);
}
