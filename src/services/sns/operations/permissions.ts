// AddPermission and RemovePermission: statements of the topic's policy by label.
import type { RequestContext } from '../../../kernel/context.ts';
import { grantStatement, readPolicyDocument } from '../../../kernel/permission-statements.ts';
import type { PolicyDocument } from '../../../kernel/permission-statements.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { invalidParameter, topicNotFound } from '../errors.ts';
import { checkTopicArn } from '../rules.ts';
import { findTopic, putTopic } from '../store.ts';
import type { Topic } from '../topic.ts';
import { defaultPolicy, topicArn } from '../topic.ts';

/** The actions an owner may give to others. Source: SNS API reference, AddPermission. */
const GRANTABLE = new Set([
  'GetTopicAttributes',
  'SetTopicAttributes',
  'AddPermission',
  'RemovePermission',
  'DeleteTopic',
  'Subscribe',
  'ListSubscriptionsByTopic',
  'Publish',
  'Receive',
]);

export async function addPermission(
  input: InputOf<'sns', 'AddPermission'>,
  ctx: RequestContext,
): Promise<OutputOf<'sns', 'AddPermission'>> {
  const address = checkTopicArn(input.TopicArn, 'TopicArn');
  const actions = input.ActionName ?? [];
  const accounts = input.AWSAccountId ?? [];
  if (actions.length === 0 || actions.some((action) => !GRANTABLE.has(action))) {
    throw invalidParameter('Policy statement action out of service scope!');
  }
  if (accounts.length === 0 || accounts.some((account) => !/^\d{12}$/.test(account))) {
    throw invalidParameter('Policy Error: null');
  }
  await ctx.store.transact(async (tx) => {
    const topic = await findTopic(tx, address);
    if (topic === undefined) throw topicNotFound();
    const policy = readPolicy(topic);
    if (policy.Statement.some(({ Sid }) => Sid === input.Label)) {
      throw invalidParameter('Statement already exists');
    }
    const added = grantStatement({
      label: input.Label,
      accounts,
      actions: actions.map((action) => `SNS:${action}`),
      resource: topicArn(topic),
    });
    const Statement = [...policy.Statement, added];
    putTopic(tx, { ...topic, policy: JSON.stringify({ ...policy, Statement }) });
  });
  return {};
}

export async function removePermission(
  input: InputOf<'sns', 'RemovePermission'>,
  ctx: RequestContext,
): Promise<OutputOf<'sns', 'RemovePermission'>> {
  const address = checkTopicArn(input.TopicArn, 'TopicArn');
  await ctx.store.transact(async (tx) => {
    const topic = await findTopic(tx, address);
    if (topic === undefined) throw topicNotFound();
    const policy = readPolicy(topic);
    const Statement = policy.Statement.filter(({ Sid }) => Sid !== input.Label);
    putTopic(tx, { ...topic, policy: JSON.stringify({ ...policy, Statement }) });
  });
  return {};
}

function readPolicy(topic: Topic): PolicyDocument {
  return readPolicyDocument(topic.policy ?? defaultPolicy(topic));
}
