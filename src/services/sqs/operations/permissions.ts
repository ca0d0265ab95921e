// AddPermission and RemovePermission: statements of the queue's policy by label.
import type { RequestContext } from '../../../kernel/context.ts';
import { grantStatement, readPolicyDocument } from '../../../kernel/permission-statements.ts';
import type { PolicyDocument, PolicyStatement } from '../../../kernel/permission-statements.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { invalidParameter, invalidValue, missingParameter, tooManyActions } from '../errors.ts';
import { PERMISSION_ACTIONS_MAX } from '../limits.ts';
import type { Queue } from '../queue.ts';
import { queueArn } from '../queue.ts';
import { putQueue } from '../store.ts';
import { readQueueUrl, requireQueue } from './locate-queue.ts';

/** The actions an owner may give to others. Source: SQS API reference, AddPermission. */
const GRANTABLE = new Set([
  '*',
  'ChangeMessageVisibility',
  'DeleteMessage',
  'GetQueueAttributes',
  'GetQueueUrl',
  'ListDeadLetterSourceQueues',
  'PurgeQueue',
  'ReceiveMessage',
  'SendMessage',
]);

export async function addPermission(
  input: InputOf<'sqs', 'AddPermission'>,
  ctx: RequestContext,
): Promise<OutputOf<'sqs', 'AddPermission'>> {
  const address = readQueueUrl(input, ctx);
  const label = checkLabel(input.Label);
  const actions = checkActions(input.Actions);
  const accounts = input.AWSAccountIds ?? [];
  if (accounts.length === 0) {
    throw invalidValue('[]', 'PrincipalId', 'Unable to verify.');
  }
  for (const account of accounts) {
    if (!/^\d{12}$/.test(account))
      throw invalidValue(`[${account}]`, 'PrincipalId', 'Unable to verify.');
  }
  await ctx.store.transact(async (tx) => {
    const queue = await requireQueue(tx, ctx.region, address);
    const policy = readPolicy(queue);
    if (policy.Statement.some((statement) => statement.Sid === label)) {
      throw invalidValue(label, 'Label', 'Already exists.');
    }
    const added = grantStatement({
      label,
      accounts,
      actions: actions.map((action) => `SQS:${action}`),
      resource: queueArn(queue),
    });
    putQueue(tx, withStatements(queue, policy, [...policy.Statement, added]), queue);
  });
  return {};
}

export async function removePermission(
  input: InputOf<'sqs', 'RemovePermission'>,
  ctx: RequestContext,
): Promise<OutputOf<'sqs', 'RemovePermission'>> {
  const address = readQueueUrl(input, ctx);
  const label = checkLabel(input.Label);
  await ctx.store.transact(async (tx) => {
    const queue = await requireQueue(tx, ctx.region, address);
    const policy = readPolicy(queue);
    const kept = policy.Statement.filter((statement) => statement.Sid !== label);
    if (kept.length === policy.Statement.length) {
      throw invalidValue(label, 'Label', "can't find label.");
    }
    putQueue(tx, withStatements(queue, policy, kept), queue);
  });
  return {};
}

function checkLabel(label: string | undefined): string {
  if (label === undefined || label === '') throw missingParameter('Label');
  if (/^[A-Za-z0-9_-]{1,80}$/.test(label)) return label;
  throw invalidParameter(
    'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length',
  );
}

function checkActions(actions: readonly string[] | undefined): readonly string[] {
  if (actions === undefined || actions.length === 0) throw missingParameter('Actions');
  if (actions.length > PERMISSION_ACTIONS_MAX) throw tooManyActions(actions.length);
  for (const action of actions) {
    if (!GRANTABLE.has(action)) {
      throw invalidValue(
        `SQS:${action}`,
        'ActionName',
        'Only the queue owner is allowed to invoke this action.',
      );
    }
  }
  return actions;
}

function readPolicy(queue: Queue): PolicyDocument {
  if (queue.policy === undefined) {
    return { Version: '2008-10-17', Id: `${queueArn(queue)}/SQSDefaultPolicy`, Statement: [] };
  }
  return readPolicyDocument(queue.policy);
}

// AWS: without statements the queue has no policy any more. Recorded:
// test_sqs_permission_lifecycle.
function withStatements(
  queue: Queue,
  policy: PolicyDocument,
  statements: readonly PolicyStatement[],
): Queue {
  const text = JSON.stringify({ ...policy, Statement: statements });
  return { ...queue, policy: statements.length === 0 ? undefined : text };
}
