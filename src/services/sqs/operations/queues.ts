// CreateQueue, DeleteQueue, GetQueueUrl, ListQueues, PurgeQueue, ListDeadLetterSourceQueues.
import { randomUuid } from '../../../base/random.ts';
import type { Tx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { invalidParameter, purgeQueueInProgress, queueNameExists } from '../errors.ts';
import { LIST_RESULTS_MAX, PURGE_INTERVAL_SEC, TAGS_MAX } from '../limits.ts';
import type { Queue } from '../queue.ts';
import { DEFAULT_SETTINGS } from '../queue.ts';
import { checkQueueName } from '../rules.ts';
import {
  deleteQueue as dropQueue,
  findQueue,
  listDeadLetterSources,
  listQueues as findQueues,
  putQueue,
} from '../store.ts';
import { scheduleErase, scheduleSweep } from '../workers.ts';
import { checkRedriveTarget } from './attributes.ts';
import { queueUrl, readQueueUrl, requireQueue } from './locate-queue.ts';
import { findDifference, readFifoWish, readSettings } from './queue-attributes.ts';

/**
 * Differs: a name may be used again at once after DeleteQueue (AWS asks for 60 seconds, because its
 * deletion spreads; ours is done when it answers).
 */
export async function createQueue(
  input: InputOf<'sqs', 'CreateQueue'>,
  ctx: RequestContext,
): Promise<OutputOf<'sqs', 'CreateQueue'>> {
  const attributes: Partial<Record<string, string>> = input.Attributes ?? {};
  const fifo = readFifoWish(attributes);
  const name = checkQueueName(input.QueueName, fifo !== undefined);
  const settings = readSettings(attributes, fifo);
  const tags = input.tags ?? {};
  if (Object.keys(tags).length > TAGS_MAX) {
    throw invalidParameter(`Too many tags added for queue ${name}.`);
  }
  const backlog = randomUuid(ctx.random);
  await ctx.store.transact(async (tx) => {
    const existing = await findQueue(tx, ctx, name);
    if (existing !== undefined) {
      const difference = findDifference(existing, attributes, settings);
      if (difference !== undefined) throw queueNameExists(difference);
      return;
    }
    const queue: Queue = {
      ...DEFAULT_SETTINGS,
      ...settings,
      account: ctx.account,
      region: ctx.region,
      name,
      backlog,
      createdMs: ctx.nowMs,
      modifiedMs: ctx.nowMs,
      tags,
    };
    await checkRedriveTarget(tx, queue);
    putQueue(tx, queue, undefined);
    scheduleSweep(tx, ctx, { queue, dueMs: ctx.nowMs + queue.retentionSec * 1000 });
  });
  return { QueueUrl: queueUrl(ctx, { account: ctx.account, name }) };
}

export async function deleteQueue(
  input: InputOf<'sqs', 'DeleteQueue'>,
  ctx: RequestContext,
): Promise<OutputOf<'sqs', 'DeleteQueue'>> {
  const address = readQueueUrl(input, ctx);
  await ctx.store.transact(async (tx) => {
    const queue = await requireQueue(tx, ctx.region, address);
    dropQueue(tx, queue);
    abandonBacklog(tx, ctx, queue);
  });
  return {};
}

export async function getQueueUrl(
  input: InputOf<'sqs', 'GetQueueUrl'>,
  ctx: RequestContext,
): Promise<OutputOf<'sqs', 'GetQueueUrl'>> {
  const address = {
    account: input.QueueOwnerAWSAccountId ?? ctx.account,
    name: input.QueueName ?? '',
  };
  await ctx.store.read((view) => requireQueue(view, ctx.region, address));
  return { QueueUrl: queueUrl(ctx, address) };
}

export async function listQueues(
  input: InputOf<'sqs', 'ListQueues'>,
  ctx: RequestContext,
): Promise<OutputOf<'sqs', 'ListQueues'>> {
  const page = readPage(input);
  const prefix = input.QueueNamePrefix ?? '';
  const found = await ctx.store.read((view) =>
    findQueues(view, ctx, { prefix, after: page.after, limit: page.limit + 1 }),
  );
  const { names, next } = cutPage(
    found.map((queue) => queue.name),
    input.MaxResults ?? undefined,
  );
  // AWS: no QueueUrls member at all when there is none.
  if (names.length === 0) return {};
  const urls = names.map((name) => queueUrl(ctx, { account: ctx.account, name }));
  return { QueueUrls: urls, ...(next === undefined ? {} : { NextToken: next }) };
}

export async function listDeadLetterSourceQueues(
  input: InputOf<'sqs', 'ListDeadLetterSourceQueues'>,
  ctx: RequestContext,
): Promise<OutputOf<'sqs', 'ListDeadLetterSourceQueues'>> {
  const address = readQueueUrl(input, ctx);
  const page = readPage(input);
  const found = await ctx.store.read(async (view) => {
    const queue = await requireQueue(view, ctx.region, address);
    return listDeadLetterSources(view, queue, { after: page.after, limit: page.limit + 1 });
  });
  const { names, next } = cutPage(found, input.MaxResults ?? undefined);
  return {
    queueUrls: names.map((name) => queueUrl(ctx, { account: address.account, name })),
    ...(next === undefined ? {} : { NextToken: next }),
  };
}

export async function purgeQueue(
  input: InputOf<'sqs', 'PurgeQueue'>,
  ctx: RequestContext,
): Promise<OutputOf<'sqs', 'PurgeQueue'>> {
  const address = readQueueUrl(input, ctx);
  const backlog = randomUuid(ctx.random);
  await ctx.store.transact(async (tx) => {
    const queue = await requireQueue(tx, ctx.region, address);
    if (ctx.nowMs < (queue.purgedMs ?? -Infinity) + PURGE_INTERVAL_SEC * 1000) {
      throw purgeQueueInProgress(queue.name);
    }
    putQueue(tx, { ...queue, backlog, purgedMs: ctx.nowMs }, queue);
    abandonBacklog(tx, ctx, queue);
  });
  return {};
}

/**
 * A purge or deletion costs the same whatever the queue holds; its messages go in the background.
 */
function abandonBacklog(tx: Tx, ctx: RequestContext, queue: Queue): void {
  scheduleErase(tx, ctx, { queue, dueMs: ctx.nowMs });
}

interface PageInput {
  readonly NextToken?: string | undefined;
  readonly MaxResults?: number | undefined;
}

function readPage(input: PageInput): { after: string | undefined; limit: number } {
  const limit = input.MaxResults ?? LIST_RESULTS_MAX;
  if (!Number.isInteger(limit) || limit < 1 || limit > LIST_RESULTS_MAX) {
    throw invalidParameter(
      'Value for parameter MaxResults is invalid. Reason: MaxResults must be an ' +
        `integer between 1 and ${LIST_RESULTS_MAX}.`,
    );
  }
  if (input.NextToken === undefined) return { after: undefined, limit };
  const after = Buffer.from(input.NextToken, 'base64url').toString('utf8');
  if (after === '' || Buffer.from(after).toString('base64url') !== input.NextToken) {
    throw invalidParameter('Value for parameter NextToken is invalid.');
  }
  return { after, limit };
}

// AWS: without MaxResults the list ends at 1000 and no NextToken is given.
// Source: SQS API reference, ListQueues.
function cutPage(
  names: readonly string[],
  maxResults: number | undefined,
): { names: string[]; next?: string } {
  const limit = maxResults ?? LIST_RESULTS_MAX;
  const page = names.slice(0, limit);
  const last = page.at(-1);
  if (maxResults === undefined || names.length <= limit || last === undefined)
    return { names: page };
  return { names: page, next: Buffer.from(last).toString('base64url') };
}
