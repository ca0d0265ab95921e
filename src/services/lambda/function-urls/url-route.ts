// The HTTP addresses of functions: requests become invocations, answers become responses.
import { ServiceError } from '../../../base/errors.ts';
import { randomUuid } from '../../../base/random.ts';
import type { WorkContext } from '../../../kernel/context.ts';
import type { HttpRoute } from '../../../kernel/service.ts';
import { BodyTooLarge, type HttpRequest, type HttpResponse } from '../../../wire/http.ts';
import { type Execution, execute } from '../execution.ts';
import { functionArn } from '../function-reference.ts';
import { SYNC_PAYLOAD_BYTES_MAX } from '../limits.ts';
import { jsonOf } from '../payload.ts';
import { type ResolvedFunction, resolveFunction } from '../resolve.ts';
import { type FunctionUrlRecord, functionKey, functionUrls, urlOwners } from '../store.ts';
import { executeStreamed } from '../invocation/streamed-execution.ts';
import { type UrlAddress, findUrlAddress } from './url-address.ts';
import { corsHeaders, isPreflight } from './url-cors.ts';
import { buildUrlEvent, readUrlAnswer } from './url-event.ts';
import { type UrlCaller, identifyUrlCaller } from './url-iam.ts';
import { message } from './url-message.ts';
import { readStreamedAnswer, splitPrelude } from './url-stream.ts';

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
  readonly url: FunctionUrlRecord;
}

async function findTarget({ urlId }: UrlAddress, context: WorkContext): Promise<Target | undefined> {
  return context.store.read(async (view) => {
    const owner = await urlOwners.get(view, [urlId]);
    if (owner === undefined) return undefined;
    const { account, region, name, qualifier } = owner;
    const scope = { account, region };
    const url = await functionUrls.get(view, [...functionKey(scope, name), qualifier]);
    const reference = { scope, name, ...(qualifier === '' ? {} : { qualifier }) };
    const resolved = await resolveFunction(view, reference, context.random).catch(() => undefined);
    if (url === undefined || resolved === undefined) return undefined;
    const invokedArn = functionArn(scope, name, qualifier === '' ? undefined : qualifier);
    return { resolved, invokedArn, url };
  });
}

interface Arrival {
  readonly address: UrlAddress;
  readonly target: Target;
  readonly requestId: string;
}

async function answer(
  arrival: Arrival,
  request: HttpRequest,
  context: WorkContext,
): Promise<HttpResponse> {
  const { url, resolved } = arrival.target;
  const { cors } = url;
  const shared = cors === undefined ? {} : corsHeaders(cors, request);
  if (cors !== undefined && isPreflight(request)) return { status: 200, headers: shared };
  try {
    let caller: UrlCaller | undefined;
    if (url.authType === 'AWS_IAM') {
      const found = await identifyUrlCaller(request, resolved.scope.region, context);
      if ('refusal' in found) return withHeaders(found.refusal, shared);
      ({ caller } = found);
    }
    const execution = await readRequest(arrival, { request, caller }, context);
    const response =
      url.invokeMode === 'RESPONSE_STREAM'
        ? await stream(resolved, execution, { context, readerLeft: request.signal })
        : await buffer(resolved, execution, context);
    // AWS: the URL's own rules win over headers of the function.
    return withHeaders(response ?? message(502, 'Internal Server Error'), shared);
  } catch (error) {
    if (error instanceof BodyTooLarge) return message(413, 'Request Entity Too Large');
    if (!(error instanceof ServiceError)) throw error;
    return error.status === 429 ? message(429, 'Rate Exceeded.') : message(502, 'Internal Server Error');
  }
}

async function readRequest(
  { address, target, requestId }: Arrival,
  { request, caller }: { readonly request: HttpRequest; readonly caller: UrlCaller | undefined },
  context: WorkContext,
): Promise<Execution> {
  const body = await request.body.bytes(SYNC_PAYLOAD_BYTES_MAX);
  const event = buildUrlEvent({ address, request, body, requestId, nowMs: context.nowMs, caller });
  const payload = new TextEncoder().encode(JSON.stringify(event));
  const traceId = request.headers['x-amzn-trace-id'];
  return {
    requestId,
    payload,
    invokedArn: target.invokedArn,
    ...(traceId === undefined ? {} : { traceId }),
  };
}

async function buffer(
  resolved: ResolvedFunction,
  execution: Execution,
  context: WorkContext,
): Promise<HttpResponse | undefined> {
  const { payload, error, traceId } = await execute(resolved, execution, context);
  if (error !== undefined) return undefined;
  const response = splitPrelude(payload) ?? readUrlAnswer(jsonOf(payload));
  return response && withHeaders(response, { 'x-amzn-trace-id': traceId });
}

async function stream(
  resolved: ResolvedFunction,
  execution: Execution,
  reading: { readonly context: WorkContext; readonly readerLeft: AbortSignal },
): Promise<HttpResponse | undefined> {
  return readStreamedAnswer(await executeStreamed(resolved, execution, reading));
}

function withHeaders(response: HttpResponse, headers: HttpResponse['headers']): HttpResponse {
  return { ...response, headers: { ...response.headers, ...headers } };
}
