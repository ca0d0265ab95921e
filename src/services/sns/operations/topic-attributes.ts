// GetTopicAttributes and SetTopicAttributes.
import { isDeepStrictEqual } from 'node:util';
import { ownEntry } from '../../../base/own-entry.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { invalidParameter, topicNotFound, unsupported } from '../errors.ts';
import { FAN_OUT_PAGE } from '../limits.ts';
import { checkTopicArn } from '../rules.ts';
import { findTopic, listSubscriptionsOf, putTopic } from '../store.ts';
import type { Topic, TopicAddress, TopicSettings } from '../topic.ts';
import { defaultPolicy, effectiveDeliveryPolicy, topicArn } from '../topic.ts';
import type { ReadTx } from '../../../base/store.ts';

type Patch = { -readonly [K in keyof TopicSettings]?: TopicSettings[K] };
type Refuse = (message: string) => Error;

const READERS: Readonly<Record<string, (value: string, patch: Patch, refuse: Refuse) => void>> = {
  DisplayName(value, patch, refuse) {
    if (value.length > 100) throw refuse('DisplayName: Must be at most 100 characters long');
    patch.displayName = value;
  },
  Policy(value, patch, refuse) {
    if (value !== '' && !isJsonObject(value)) throw refuse('Policy Error: null');
    patch.policy = value === '' ? undefined : value;
  },
  DeliveryPolicy(value, patch, refuse) {
    if (value !== '' && !isJsonObject(value)) throw refuse('DeliveryPolicy: failed to parse JSON.');
    patch.deliveryPolicy = value === '' ? undefined : value;
  },
  KmsMasterKeyId(value, patch) {
    // Differs: keys of one's own are refused, because there is no KMS to ask for them yet.
    if (value !== '' && value !== 'alias/aws/sns' && !value.endsWith(':alias/aws/sns')) {
      throw unsupported(`encryption with the KMS key ${value} (alias/aws/sns works)`);
    }
    patch.kmsKeyId = value === '' ? undefined : value;
  },
  SignatureVersion(value, patch, refuse) {
    if (value !== '1' && value !== '2') throw refuse(`SignatureVersion: Invalid value [${value}].`);
    patch.signatureVersion = value;
  },
  TracingConfig(value, patch, refuse) {
    if (value === 'Active') throw unsupported('active tracing of topics');
    if (value !== 'PassThrough') throw refuse(`TracingConfig: Invalid value [${value}].`);
    patch.tracing = value;
  },
};

const FEEDBACK_ATTRIBUTE =
  /^(Application|Firehose|HTTP|Lambda|SQS)(FailureFeedbackRoleArn|SuccessFeedback(RoleArn|SampleRate))$/;

/** Known to AWS, not here: each would change what happens to messages. */
const LATER: Readonly<Record<string, string>> = {
  ArchivePolicy: 'message archives',
  BeginningArchiveTime: 'message archives',
  ContentBasedDeduplication: 'FIFO topics',
  FifoThroughputScope: 'FIFO topics',
  FifoTopic: 'FIFO topics',
  DataProtectionPolicy: 'data protection policies',
};

export async function getTopicAttributes(
  input: InputOf<'sns', 'GetTopicAttributes'>,
  ctx: RequestContext,
): Promise<OutputOf<'sns', 'GetTopicAttributes'>> {
  const address = checkTopicArn(input.TopicArn, 'TopicArn');
  return ctx.store.read(async (view) => {
    const topic = await findTopic(view, address);
    if (topic === undefined) throw topicNotFound();
    return { Attributes: describeTopic(topic, await countSubscriptions(view, topic)) };
  });
}

export async function setTopicAttributes(
  input: InputOf<'sns', 'SetTopicAttributes'>,
  ctx: RequestContext,
): Promise<OutputOf<'sns', 'SetTopicAttributes'>> {
  const address = checkTopicArn(input.TopicArn, 'TopicArn');
  const patch = readTopicSettings(
    { [input.AttributeName ?? '']: input.AttributeValue ?? '' },
    invalidParameter,
  );
  await ctx.store.transact(async (tx) => {
    const topic = await findTopic(tx, address);
    if (topic === undefined) throw topicNotFound();
    putTopic(tx, mergeSettings(topic, patch));
  });
  return {};
}

/** @param refuse makes the error of a wrong value; CreateTopic words it differently. */
export function readTopicSettings(
  attributes: Readonly<Record<string, string>>,
  refuse: Refuse,
): Patch {
  const patch: Patch = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'FifoTopic' && /^false$/i.test(value)) continue;
    if (FEEDBACK_ATTRIBUTE.test(name)) {
      readFeedback(name, value, patch);
      continue;
    }
    const later = ownEntry(LATER, name);
    if (later !== undefined) throw unsupported(later);
    const read = ownEntry(READERS, name);
    if (read === undefined) throw invalidParameter('AttributeName');
    read(value, patch, refuse);
  }
  return patch;
}

/** No role and a rate of 0 ask for no logs, which is what there is; Terraform sets them so. */
function readFeedback(name: string, value: string, patch: Patch): void {
  const asksForNothing = value === '' || (name.endsWith('SampleRate') && /^0+$/.test(value));
  if (!asksForNothing) throw unsupported('delivery status logs');
  if (value === '') return;
  patch.feedbackSampleRates = { ...patch.feedbackSampleRates, [name]: '0' };
}

function mergeSettings(topic: Topic, patch: Patch): Topic {
  const feedbackSampleRates = { ...topic.feedbackSampleRates, ...patch.feedbackSampleRates };
  return { ...topic, ...patch, feedbackSampleRates };
}

export function differsFrom(topic: Topic, asked: Patch): boolean {
  const wanted = mergeSettings(topic, asked);
  return (Object.keys(asked) as (keyof Patch)[]).some(
    (name) => !isDeepStrictEqual(topic[name], wanted[name]),
  );
}

function describeTopic(
  topic: Topic,
  counts: { confirmed: number; pending: number },
): Record<string, string> {
  return {
    TopicArn: topicArn(topic),
    Owner: topic.account,
    DisplayName: topic.displayName,
    Policy: topic.policy ?? defaultPolicy(topic),
    EffectiveDeliveryPolicy: effectiveDeliveryPolicy(topic),
    SubscriptionsConfirmed: String(counts.confirmed),
    SubscriptionsPending: String(counts.pending),
    SubscriptionsDeleted: String(topic.deletedSubscriptions),
    ...(topic.deliveryPolicy === undefined ? {} : { DeliveryPolicy: topic.deliveryPolicy }),
    ...(topic.kmsKeyId === undefined ? {} : { KmsMasterKeyId: topic.kmsKeyId }),
    ...(topic.signatureVersion === undefined ? {} : { SignatureVersion: topic.signatureVersion }),
    ...(topic.tracing === undefined ? {} : { TracingConfig: topic.tracing }),
    ...topic.feedbackSampleRates,
  };
}

async function countSubscriptions(
  view: ReadTx,
  topic: TopicAddress,
): Promise<{ confirmed: number; pending: number }> {
  const counts = { confirmed: 0, pending: 0 };
  for (let after: string | undefined; ;) {
    const page = await listSubscriptionsOf(view, topic, { after, limit: FAN_OUT_PAGE });
    for (const { token } of page) counts[token === undefined ? 'confirmed' : 'pending'] += 1;
    after = page.at(-1)?.id;
    if (page.length < FAN_OUT_PAGE) return counts;
  }
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
