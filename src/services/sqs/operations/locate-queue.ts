// Finds the queue a request is about, and says its address.
import type { ReadTx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import { missingParameter, queueDoesNotExist } from '../errors.ts';
import type { Queue, QueueAddress } from '../queue.ts';
import { parseQueueUrl } from '../queue.ts';
import { findQueue } from '../store.ts';

/** Account and name from `QueueUrl`; in the query form the URL posted to may say it instead. */
export function readQueueUrl(
  input: { QueueUrl?: string | undefined },
  ctx: RequestContext,
): QueueAddress {
  if (input.QueueUrl !== undefined && input.QueueUrl !== '') {
    return parseQueueUrl(input.QueueUrl, ctx.account);
  }
  if (ctx.http !== undefined && /^\/\d{12}\/[^/]+\/?$/.test(ctx.http.path)) {
    return parseQueueUrl(ctx.http.path, ctx.account);
  }
  throw missingParameter('QueueUrl');
}

/** The queue, or QueueDoesNotExist. */
export async function requireQueue(
  view: ReadTx,
  region: string,
  { account, name }: QueueAddress,
): Promise<Queue> {
  const queue = await findQueue(view, { account, region }, name);
  if (queue === undefined) throw queueDoesNotExist();
  return queue;
}

export function queueUrl(ctx: RequestContext, { account, name }: QueueAddress): string {
  return `${ctx.endpoint}/${account}/${name}`;
}
