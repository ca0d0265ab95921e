// Requests to function URLs: the data plane of `operations/urls.ts`.
import { ServiceError } from '../../base/errors.ts';
import { randomUuid } from '../../base/random.ts';
import type { WorkContext } from '../../kernel/context.ts';
import type { HttpRoute } from '../../kernel/service.ts';
import { BodyTooLarge, type HttpRequest, type HttpResponse } from '../../wire/http.ts';
import { execute } from './execution.ts';
import { functionArn } from './function-reference.ts';
import { SYNC_PAYLOAD_BYTES_MAX } from './limits.ts';
import { jsonOf } from './payload.ts';
import { type ResolvedFunction, resolveFunction } from './resolve.ts';
import { type UrlCors, functionKey, functionUrls, urlOwners } from './store.ts';
import { type UrlAddress, findUrlAddress } from './url-address.ts';
import { corsHeaders, isPreflight } from './url-cors.ts';
import { buildUrlEvent, readUrlAnswer } from './url-event.ts';

export const urlRoute: HttpRoute = {
  name: 'Lambda function URL',
  match: findUrlAddress,
  async handle(matched, request, context) {
    const address = matched as UrlAddress;
    const requestId = randomUuid(context.random);
    const target = await findTarget(address, context);
    const response =
      target === undefined
        ? message(403, 'Forbidden')
        : await answer({ address, target, requestId }, request, context);
    return { ...response, headers: { 'x-amzn-requestid': requestId, ...response.headers } };
  },
};

interface Target {
  readonly resolved: ResolvedFunction;
  readonly invokedArn: string;
  readonly cors: UrlCors | undefined;
}

async function findTarget({ urlId }: UrlAddress, context: WorkContext): Promise<Target | undefined> {
  return context.store.read(async (view) => {
    const owner = await urlOwners.get(view, [urlId]);
    if (owner === undefined) return undefined;
    const { account, region, name, qualifier } = owner;
    const scope = { account, region };
    const record = await functionUrls.get(view, [...functionKey(scope, name), qualifier]);
    const reference = { scope, name, ...(qualifier === '' ? {} : { qualifier }) };
    const resolved = await resolveFunction(view, reference, context.random).catch(() => undefined);
    if (record === undefined || resolved === undefined) return undefined;
    const invokedArn = functionArn(scope, name, qualifier === '' ? undefined : qualifier);
    return { resolved, invokedArn, cors: record.cors };
  });
}

interface Arrival {
  readonly address: UrlAddress;
  readonly target: Target;
  readonly requestId: string;
}

async function answer(
  { address, target, requestId }: Arrival,
  request: HttpRequest,
  context: WorkContext,
): Promise<HttpResponse> {
  const { cors, resolved, invokedArn } = target;
  const shared = cors === undefined ? {} : corsHeaders(cors, request);
  if (cors !== undefined && isPreflight(request)) return { status: 200, headers: shared };
  try {
    const body = await request.body.bytes(SYNC_PAYLOAD_BYTES_MAX);
    const event = buildUrlEvent({ address, request, body, requestId, nowMs: context.nowMs });
    const payload = new TextEncoder().encode(JSON.stringify(event));
    const result = await execute(resolved, { requestId, payload, invokedArn }, context);
    const response = result.error === undefined ? readUrlAnswer(jsonOf(result.payload)) : undefined;
    if (response === undefined) return message(502, 'Internal Server Error');
    // AWS: the URL's own rules win over headers of the function.
    return { ...response, headers: { ...response.headers, ...shared } };
  } catch (error) {
    if (error instanceof BodyTooLarge) return message(413, 'Request Entity Too Large');
    if (!(error instanceof ServiceError)) throw error;
    return error.status === 429 ? message(429, 'Rate Exceeded.') : message(502, 'Internal Server Error');
  }
}

/** AWS spells the member with a capital letter here. */
function message(status: number, Message: string): HttpResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ Message }) };
}
