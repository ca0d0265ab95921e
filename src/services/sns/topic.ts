// Topics: their settings, names and ARNs.
import { formatArn, parseArn } from '../../base/arn.ts';
import type { Scope } from '../../kernel/context.ts';

export interface TopicSettings {
  readonly displayName: string;
  /** JSON text; absent: the default policy, which lets the owner do everything. */
  readonly policy?: string | undefined;
  /** JSON text; of effect for http endpoints only. */
  readonly deliveryPolicy?: string | undefined;
  readonly kmsKeyId?: string | undefined;
  readonly signatureVersion?: '1' | '2' | undefined;
  readonly tracing?: 'PassThrough' | undefined;
  /** Percent of deliveries that are logged, by attribute name; all are 0. */
  readonly feedbackSampleRates?: Readonly<Record<string, string>> | undefined;
}

export interface Topic extends Scope, TopicSettings {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly deletedSubscriptions: number;
}

export interface TopicAddress extends Scope {
  readonly name: string;
}

export function topicArn(topic: TopicAddress): string {
  return formatArn({
    service: 'sns',
    region: topic.region,
    account: topic.account,
    resource: topic.name,
  });
}

/** The topic an ARN names, or undefined when it is no topic's. */
export function parseTopicArn(text: string): TopicAddress | undefined {
  const arn = parseArn(text);
  if (arn === undefined || arn.service !== 'sns' || arn.resource.includes(':')) return undefined;
  return { account: arn.account, region: arn.region, name: arn.resource };
}

export function isTopicName(name: string): boolean {
  return /^[A-Za-z0-9_-]{1,256}$/.test(name);
}

/**
 * What GetTopicAttributes shows while no policy has been set. Recorded:
 * test_create_topic_test_arn.
 */
export function defaultPolicy(topic: TopicAddress): string {
  const actions = [
    'GetTopicAttributes',
    'SetTopicAttributes',
    'AddPermission',
    'RemovePermission',
    'DeleteTopic',
    'Subscribe',
    'ListSubscriptionsByTopic',
    'Publish',
  ];
  return JSON.stringify({
    Version: '2008-10-17',
    Id: '__default_policy_ID',
    Statement: [
      {
        Sid: '__default_statement_ID',
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: actions.map((action) => `SNS:${action}`),
        Resource: topicArn(topic),
        Condition: { StringEquals: { 'AWS:SourceOwner': topic.account } },
      },
    ],
  });
}

/** Recorded: test_create_topic_test_arn. */
const DEFAULT_DELIVERY = {
  defaultHealthyRetryPolicy: {
    minDelayTarget: 20,
    maxDelayTarget: 20,
    numRetries: 3,
    numMaxDelayRetries: 0,
    numNoDelayRetries: 0,
    numMinDelayRetries: 0,
    backoffFunction: 'linear',
  },
  disableSubscriptionOverrides: false,
  defaultRequestPolicy: { headerContentType: 'text/plain; charset=UTF-8' },
};

/** The delivery policy in force for http endpoints: the topic's own over the defaults. */
export function effectiveDeliveryPolicy(topic: TopicSettings): string {
  const own = topic.deliveryPolicy === undefined ? {} : readObject(topic.deliveryPolicy);
  return JSON.stringify({ http: { ...DEFAULT_DELIVERY, ...own['http'] } });
}

function readObject(text: string): Record<string, object> {
  return JSON.parse(text) as Record<string, object>;
}
