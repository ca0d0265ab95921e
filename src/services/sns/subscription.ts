// Subscriptions: who gets a topic's messages, which of them, and in what form.
import type { Scope } from '../../kernel/context.ts';
import type { TopicAddress } from './topic.ts';
import { topicArn } from './topic.ts';

export type Protocol = 'sqs' | 'lambda' | 'email' | 'email-json';
export type FilterScope = 'MessageAttributes' | 'MessageBody';

export interface SubscriptionSettings {
  readonly rawDelivery: boolean;
  /** JSON text as given. */
  readonly filterPolicy?: string | undefined;
  readonly filterScope: FilterScope;
  /** JSON text as given. */
  readonly redrivePolicy?: string | undefined;
}

export interface Subscription extends SubscriptionSettings {
  readonly id: string;
  readonly topic: TopicAddress;
  /** Account that subscribed. */
  readonly owner: string;
  readonly protocol: Protocol;
  readonly endpoint: string;
  readonly principalArn: string;
  /** Present until confirmed. */
  readonly token?: string | undefined;
  readonly confirmedByOwner: boolean;
}

export const DEFAULT_SUBSCRIPTION: SubscriptionSettings = {
  rawDelivery: false,
  filterScope: 'MessageAttributes',
};

export interface SubscriptionAddress extends Scope {
  readonly topicName: string;
  readonly id: string;
}

export function subscriptionArn(subscription: Subscription): string {
  return `${topicArn(subscription.topic)}:${subscription.id}`;
}

/** `arn:aws:sns:REGION:ACCOUNT:TOPIC:ID`, or undefined. */
export function parseSubscriptionArn(text: string): SubscriptionAddress | undefined {
  const parts = text.split(':');
  const [arn, , service, region, account, topicName, id] = parts;
  if (arn !== 'arn' || service !== 'sns' || parts.length !== 7) return undefined;
  if (region === undefined || account === undefined || !topicName || !id) return undefined;
  return { account, region, topicName, id };
}

/** Where undeliverable messages go, if anywhere. */
export function deadLetterArn(subscription: SubscriptionSettings): string | undefined {
  if (subscription.redrivePolicy === undefined) return undefined;
  const { deadLetterTargetArn } = JSON.parse(subscription.redrivePolicy) as {
    deadLetterTargetArn?: string;
  };
  return deadLetterTargetArn;
}
