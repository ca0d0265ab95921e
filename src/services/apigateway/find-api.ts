// Finds an API, and draws the ids of new things.
import { randomText } from '../../base/random.ts';
import type { ReadTx } from '../../base/store.ts';
import type { RequestContext } from '../../kernel/context.ts';
import { apiNotFound } from './errors.ts';
import { type ApiRecord, apiKey, apis } from './store.ts';

const ID_ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

export function newApiId(context: RequestContext): string {
  return randomText(context.random, 10, ID_ALPHABET);
}

export function newResourceId(context: RequestContext): string {
  return randomText(context.random, 6, ID_ALPHABET);
}

export async function requireApi(
  view: ReadTx,
  context: RequestContext,
  apiId: string | undefined,
): Promise<ApiRecord> {
  const api = await apis.get(view, apiKey(context, apiId ?? ''));
  if (api === undefined) throw apiNotFound(apiId ?? '', context.account);
  return api;
}
