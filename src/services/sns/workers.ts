// Background steps of SNS: delivery of messages, with retries and dead letters, and expiry of
// subscriptions that nobody confirmed.
import { parseArn } from '../../base/arn.ts';
import { ServiceError } from '../../base/errors.ts';
import type { Tx } from '../../base/store.ts';
import type { CallOptions, Scope, WorkContext } from '../../kernel/context.ts';
import type { TimerWorker } from '../../kernel/service.ts';
import { retryDelayMs } from './delivery-policy.ts';
import { PENDING_LIFETIME_MS } from './limits.ts';
import type { PublishedMessage } from './message.ts';
import { textFor } from './message.ts';
import { functionEvent, queueEnvelope } from './notification.ts';
import { deleteSubscription, findSubscription, findTopic } from './store.ts';
import type { Subscription, SubscriptionAddress } from './subscription.ts';
import { deadLetterArn, subscriptionArn } from './subscription.ts';
import { topicArn } from './topic.ts';

interface Delivery {
  readonly subscription: SubscriptionAddress;
  readonly message: PublishedMessage;
  /** Tries that failed. */
  readonly failures: number;
}

export const workers: Readonly<Record<string, TimerWorker>> = {
  'sns/deliver': (payload, ctx) => deliver(payload as Delivery, ctx),
  'sns/expire-pending': (payload, ctx) => expirePending(payload as SubscriptionAddress, ctx),
};

/** Hands a message over for delivery, in the transaction that accepts it. */
export function scheduleDelivery(
  tx: Tx,
  ctx: WorkContext,
  { subscription, message }: { subscription: Subscription; message: PublishedMessage },
): void {
  const payload: Delivery = { subscription: addressOf(subscription), message, failures: 0 };
  ctx.timers.schedule(tx, scopeOf(subscription.topic), {
    worker: 'sns/deliver',
    dueMs: message.publishedMs,
    payload,
  });
}

export function scheduleExpiry(tx: Tx, ctx: WorkContext, subscription: Subscription): void {
  ctx.timers.schedule(tx, scopeOf(subscription.topic), {
    worker: 'sns/expire-pending',
    dueMs: ctx.nowMs + PENDING_LIFETIME_MS,
    payload: addressOf(subscription),
  });
}

/**
 * AWS: a client-side failure (no such queue or function, no permission) is final; a server-side
 * one is tried again. Source: SNS Developer Guide, "Amazon SNS dead-letter queues".
 */
async function deliver(delivery: Delivery, ctx: WorkContext): Promise<void> {
  const { subscription, signatureVersion } = await ctx.store.read(async (view) => {
    const found = await findSubscription(view, delivery.subscription);
    const topic = found && (await findTopic(view, found.topic));
    return { subscription: found, signatureVersion: topic?.signatureVersion ?? '1' };
  });
  // Unsubscribed since: nobody waits for it any more.
  if (subscription === undefined) return;
  try {
    await sendTo(subscription, { ctx, message: delivery.message, signatureVersion });
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const delayMs = isServerSide(error) ? retryDelayMs(delivery.failures + 1) : undefined;
    if (delayMs === undefined) {
      await bury(subscription, { ctx, message: delivery.message, signatureVersion });
      return;
    }
    const next: Delivery = { ...delivery, failures: delivery.failures + 1 };
    await ctx.store.transact(async (tx) =>
      ctx.timers.schedule(tx, scopeOf(subscription.topic), {
        worker: 'sns/deliver',
        dueMs: ctx.clock.now() + delayMs,
        payload: next,
      }),
    );
  }
}

interface Dispatch {
  readonly ctx: WorkContext;
  readonly message: PublishedMessage;
  readonly signatureVersion: '1' | '2';
}

async function sendTo(subscription: Subscription, dispatch: Dispatch): Promise<void> {
  switch (subscription.protocol) {
    case 'sqs':
      return sendToQueue(subscription, dispatch, subscription.endpoint);
    case 'lambda':
      return invokeFunction(subscription, dispatch);
    case 'email':
    case 'email-json':
      // Never confirmed, so never reached: there is no mail to confirm from.
      return;
  }
}

async function sendToQueue(
  subscription: Subscription,
  { ctx, message, signatureVersion }: Dispatch,
  queueArn: string,
): Promise<void> {
  const arn = parseArn(queueArn);
  if (arn === undefined) return;
  const isRaw = subscription.rawDelivery && subscription.protocol === 'sqs';
  const envelope = (): string =>
    queueEnvelope(message, {
      subscriptionArn: subscriptionArn(subscription),
      endpoint: ctx.endpoint,
      signatureVersion,
    });
  await ctx.call(
    'sqs',
    'SendMessage',
    {
      QueueUrl: `${ctx.endpoint}/${arn.account}/${arn.resource}`,
      MessageBody: isRaw ? textFor(message, 'sqs') : envelope(),
      ...(isRaw ? { MessageAttributes: queueAttributes(message) } : {}),
      ...(message.groupId === undefined ? {} : { MessageGroupId: message.groupId }),
      ...(message.traceHeader === undefined
        ? {}
        : {
            MessageSystemAttributes: {
              AWSTraceHeader: { DataType: 'String', StringValue: message.traceHeader },
            },
          }),
    },
    asTopic(subscription, arn),
  );
}

async function invokeFunction(
  subscription: Subscription,
  { ctx, message, signatureVersion }: Dispatch,
): Promise<void> {
  const arn = parseArn(subscription.endpoint);
  if (arn === undefined) return;
  const event = functionEvent(message, {
    subscriptionArn: subscriptionArn(subscription),
    endpoint: ctx.endpoint,
    signatureVersion,
  });
  await ctx.call(
    'lambda',
    'Invoke',
    {
      FunctionName: subscription.endpoint,
      InvocationType: 'Event',
      Payload: new TextEncoder().encode(event),
    },
    asTopic(subscription, arn),
  );
}

/**
 * The message as its subscriber would have got it goes to the dead-letter queue, if there is one.
 */
async function bury(subscription: Subscription, dispatch: Dispatch): Promise<void> {
  const target = deadLetterArn(subscription);
  if (target === undefined) return;
  try {
    await sendToQueue(subscription, dispatch, target);
  } catch (error) {
    // A dead-letter queue that is gone loses the message, on AWS as here.
    if (!(error instanceof ServiceError) || isServerSide(error)) throw error;
  }
}

async function expirePending(address: SubscriptionAddress, ctx: WorkContext): Promise<void> {
  await ctx.store.transact(async (tx) => {
    const subscription = await findSubscription(tx, address);
    if (subscription?.token !== undefined) deleteSubscription(tx, subscription);
  });
}

/** Calls are made by SNS on behalf of the topic, in the endpoint's account and region. */
function asTopic(subscription: Subscription, endpoint: Scope): CallOptions {
  return {
    as: {
      kind: 'service',
      service: 'sns.amazonaws.com',
      account: subscription.topic.account,
      sourceArn: topicArn(subscription.topic),
    },
    account: endpoint.account,
    region: endpoint.region,
  };
}

function isServerSide(error: ServiceError): boolean {
  return error.status >= 500 || error.status === 429 || /Throttl|TooManyRequests/.test(error.code);
}

function queueAttributes(
  message: PublishedMessage,
): Record<string, { DataType: string; StringValue?: string; BinaryValue?: Uint8Array }> {
  return Object.fromEntries(
    Object.entries(message.attributes).map(([name, { dataType, text, binary }]) => [
      name,
      {
        DataType: dataType,
        ...(text === undefined ? {} : { StringValue: text }),
        ...(binary === undefined ? {} : { BinaryValue: binary }),
      },
    ]),
  );
}

function scopeOf({ account, region }: Scope): Scope {
  return { account, region };
}

function addressOf(subscription: Subscription): SubscriptionAddress {
  const { account, region, name } = subscription.topic;
  return { account, region, topicName: name, id: subscription.id };
}
