// GetSubscriptionAttributes and SetSubscriptionAttributes.
import { parseArn } from '../../../base/arn.ts';
import { ownEntry } from '../../../base/own-entry.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { invalidParameter, subscriptionNotFound, unsupported } from '../errors.ts';
import { findPolicyProblem } from '../filter-policy.ts';
import { checkSubscriptionArn } from '../rules.ts';
import { findSubscription, putSubscription } from '../store.ts';
import type { Subscription, SubscriptionSettings } from '../subscription.ts';
import { subscriptionArn } from '../subscription.ts';
import { topicArn } from '../topic.ts';

type Patch = { -readonly [K in keyof SubscriptionSettings]?: SubscriptionSettings[K] };
type Refuse = (message: string) => Error;

/** Known to AWS, not here: each would change what happens to messages. */
const LATER: Readonly<Record<string, string>> = {
  DeliveryPolicy: 'http and https subscriptions, which delivery policies are for',
  ReplayPolicy: 'message replay',
  SubscriptionRoleArn: 'subscriptions of Firehose delivery streams',
};

export async function getSubscriptionAttributes(
  input: InputOf<'sns', 'GetSubscriptionAttributes'>,
  ctx: RequestContext,
): Promise<OutputOf<'sns', 'GetSubscriptionAttributes'>> {
  const address = checkSubscriptionArn(input.SubscriptionArn);
  const subscription = await ctx.store.read((view) => findSubscription(view, address));
  if (subscription === undefined) throw subscriptionNotFound();
  return { Attributes: describe(subscription) };
}

export async function setSubscriptionAttributes(
  input: InputOf<'sns', 'SetSubscriptionAttributes'>,
  ctx: RequestContext,
): Promise<OutputOf<'sns', 'SetSubscriptionAttributes'>> {
  const address = checkSubscriptionArn(input.SubscriptionArn);
  const attributes = { [input.AttributeName ?? '']: input.AttributeValue ?? '' };
  await ctx.store.transact(async (tx) => {
    const subscription = await findSubscription(tx, address);
    if (subscription === undefined) throw subscriptionNotFound();
    const settings = readSettings(attributes, { current: subscription, refuse: invalidParameter });
    putSubscription(tx, { ...subscription, ...settings });
  });
  return {};
}

/**
 * The settings the attributes ask for, laid over `current`.
 * @param refuse makes the error of a wrong value; Subscribe words it differently.
 */
export function readSettings(
  attributes: Readonly<Record<string, string>>,
  { current, refuse }: { current: SubscriptionSettings; refuse: Refuse },
): SubscriptionSettings {
  const patch: Patch = {};
  for (const [name, value] of Object.entries(attributes))
    readSetting(patch, { name, value, refuse });
  const settings: SubscriptionSettings = {
    rawDelivery: patch.rawDelivery ?? current.rawDelivery,
    filterScope: patch.filterScope ?? current.filterScope,
    filterPolicy: 'filterPolicy' in patch ? patch.filterPolicy : current.filterPolicy,
    redrivePolicy: 'redrivePolicy' in patch ? patch.redrivePolicy : current.redrivePolicy,
  };
  // The scope decides what a policy may say, so it is read first, whatever the order given.
  if (settings.filterPolicy !== undefined) {
    const problem = findPolicyProblem(settings.filterPolicy, settings.filterScope);
    // Recorded: the message about nesting never has the `Attributes Reason:` prefix.
    if (problem?.startsWith('Filter policy scope')) throw invalidParameter(problem);
    if (problem !== undefined) throw refuse(problem);
  }
  return settings;
}

function readSetting(
  patch: Patch,
  { name, value, refuse }: { name: string; value: string; refuse: Refuse },
): void {
  const later = ownEntry(LATER, name);
  if (later !== undefined) throw unsupported(later);
  switch (name) {
    case 'RawMessageDelivery':
      if (!/^(true|false)$/i.test(value)) {
        throw refuse(`RawMessageDelivery: Invalid value [${value}]. Must be true or false.`);
      }
      patch.rawDelivery = value.toLowerCase() === 'true';
      return;
    case 'FilterPolicy':
      // AWS: an empty policy takes the filter away.
      patch.filterPolicy = value === '' || value === '{}' ? undefined : value;
      return;
    case 'FilterPolicyScope':
      if (value !== 'MessageAttributes' && value !== 'MessageBody') {
        throw refuse(
          `FilterPolicyScope: Invalid value [${value}]. Please use either MessageBody or MessageAttributes`,
        );
      }
      patch.filterScope = value;
      return;
    case 'RedrivePolicy':
      patch.redrivePolicy = readRedrivePolicy(value, refuse);
      return;
    default:
      throw invalidParameter('AttributeName');
  }
}

function readRedrivePolicy(text: string, refuse: Refuse): string | undefined {
  if (text === '') return undefined;
  let policy: { deadLetterTargetArn?: unknown } | null;
  try {
    policy = JSON.parse(text) as typeof policy;
  } catch (error) {
    const detail = error instanceof Error ? error.message : '';
    throw refuse(`RedrivePolicy: failed to parse JSON. ${detail}`);
  }
  const target = policy?.deadLetterTargetArn;
  if (target === undefined && policy !== null && Object.keys(policy).length === 0) return undefined;
  const arn = typeof target === 'string' ? parseArn(target) : undefined;
  if (arn === undefined || arn.service !== 'sqs') {
    throw refuse('RedrivePolicy: deadLetterTargetArn is an invalid arn');
  }
  return text;
}

// Recorded: test_create_subscriptions_with_attributes, test_set_subscription_filter_policy_scope
// (the scope shows with a policy only).
function describe(subscription: Subscription): Record<string, string> {
  const { filterPolicy, filterScope, redrivePolicy } = subscription;
  return {
    SubscriptionArn: subscriptionArn(subscription),
    TopicArn: topicArn(subscription.topic),
    Protocol: subscription.protocol,
    Endpoint: subscription.endpoint,
    Owner: subscription.owner,
    SubscriptionPrincipal: subscription.principalArn,
    ConfirmationWasAuthenticated: String(subscription.confirmedByOwner),
    PendingConfirmation: String(subscription.token !== undefined),
    RawMessageDelivery: String(subscription.rawDelivery),
    ...(filterPolicy === undefined
      ? {}
      : { FilterPolicy: filterPolicy, FilterPolicyScope: filterScope }),
    ...(redrivePolicy === undefined ? {} : { RedrivePolicy: redrivePolicy }),
  };
}
