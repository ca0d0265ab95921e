// Requests to a deployed stage: host form `ID.execute-api.…` and path forms.
import { randomText, randomUuid } from '../../base/random.ts';
import type { WorkContext } from '../../kernel/context.ts';
import { ServiceError } from '../../base/errors.ts';
import type { HttpRoute } from '../../kernel/service.ts';
import { BodyTooLarge, type HttpRequest, type HttpResponse } from '../../wire/http.ts';
import { functionOfUri } from './integration-uri.ts';
import { PAYLOAD_BYTES_MAX } from './limits.ts';
import { answerMock } from './mock-integration.ts';
import { type ProxyEventParts, buildProxyEvent } from './proxy-event.ts';
import { readProxyAnswer } from './proxy-response.ts';
import { matchResource } from './resource-tree.ts';
import { type IntegrationRecord, type LiveStage, findLiveStage } from './store.ts';

interface StageAddress {
  readonly apiId: string;
  readonly stageName: string;
  /** Below the stage, starting with `/`. */
  readonly path: string;
}

const HOST = /^([a-z0-9]{10})\.execute-api\./;
/** `/restapis/ID/STAGE/_user_request_/PATH`, as other local clouds spell it. */
const USER_REQUEST = /^\/restapis\/([a-z0-9]{10})\/([^/]+)\/_user_request_(\/.*)?$/;
const PREFIXED = /^\/_aws\/execute-api\/([a-z0-9]{10})\/([^/]+)(\/.*)?$/;
const BELOW_HOST = /^\/([^/]+)(\/.*)?$/;

/** The ids in every response of a stage. */
interface Ids {
  readonly requestId: string;
  readonly extendedRequestId: string;
}

export const stageRoute: HttpRoute = {
  name: 'API Gateway stage',
  match: findAddress,
  async handle(matched, request, context) {
    const ids: Ids = {
      requestId: randomUuid(context.random),
      extendedRequestId: `${randomText(context.random, 15, 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')}=`,
    };
    const response = await answerStage(matched as StageAddress, request, { context, ids });
    return {
      ...response,
      headers: {
        'x-amzn-requestid': ids.requestId,
        'x-amz-apigw-id': ids.extendedRequestId,
        ...response.headers,
      },
    };
  },
};

function findAddress(request: HttpRequest): StageAddress | undefined {
  const hostId = HOST.exec(request.headers['host'] ?? '')?.[1];
  if (hostId !== undefined) {
    const [, stageName = '', path = '/'] = BELOW_HOST.exec(request.path) ?? [];
    return { apiId: hostId, stageName, path };
  }
  if (!request.path.startsWith('/restapis/') && !request.path.startsWith('/_aws/')) return undefined;
  const match = USER_REQUEST.exec(request.path) ?? PREFIXED.exec(request.path);
  if (match === null) return undefined;
  const [, apiId = '', stageName = '', path = '/'] = match;
  return { apiId, stageName, path };
}

async function answerStage(
  address: StageAddress,
  request: HttpRequest,
  { context, ids }: { context: WorkContext; ids: Ids },
): Promise<HttpResponse> {
  const live = await context.store.read((view) => findLiveStage(view, address.apiId, address.stageName));
  if (live === undefined || live.api.disabledExecuteEndpoint) return gatewayError(403, 'Forbidden', 'ForbiddenException');
  const match = matchResource(live.deployment.snapshot.resources, address.path);
  const method = match?.resource.methods[request.method] ?? match?.resource.methods['ANY'];
  // AWS: a path or method that is not there is told as a missing token. <"Gateway response types">
  if (match === undefined || method === undefined) {
    return gatewayError(403, 'Missing Authentication Token', 'MissingAuthenticationTokenException');
  }
  const { integration } = method;
  if (integration === undefined) return internalError(500);
  let body: Uint8Array;
  try {
    body = await request.body.bytes(PAYLOAD_BYTES_MAX);
  } catch (error) {
    if (!(error instanceof BodyTooLarge)) throw error;
    return gatewayError(413, 'Request Too Long', 'RequestTooLargeException');
  }
  if (integration.type === 'MOCK') {
    return answerMock(integration, request.headers['content-type']) ?? internalError(500);
  }
  const parts: ProxyEventParts = {
    live,
    request,
    body,
    path: address.path,
    resourceId: match.resource.id,
    resourcePath: match.resourcePath,
    pathParameters: match.pathParameters,
    ...ids,
    nowMs: context.nowMs,
  };
  return answerProxy(parts, integration, context);
}

async function answerProxy(
  parts: ProxyEventParts,
  integration: IntegrationRecord,
  context: WorkContext,
): Promise<HttpResponse> {
  const { live, request } = parts;
  const FunctionName = functionOfUri(integration.uri ?? '', live.stage.variables);
  if (FunctionName === undefined) return internalError(500);
  const Payload = new TextEncoder().encode(JSON.stringify(buildProxyEvent(parts)));
  const invocation = invokeFunction({ FunctionName, Payload }, live, context);
  const answer = await withTimeout(invocation, integration.timeoutMs, context);
  if (answer === 'timeout') {
    return { status: 504, ...jsonMessage('Endpoint request timed out'), };
  }
  if (answer === undefined) return internalError(502);
  return (
    readProxyAnswer({
      answer: answer.value,
      accept: request.headers['accept'],
      binaryMediaTypes: live.deployment.snapshot.binaryMediaTypes,
    }) ?? internalError(502)
  );
}

interface FunctionCall {
  readonly FunctionName: string;
  readonly Payload: Uint8Array;
}

/** The function's answer; undefined when it failed, was throttled, or is not there. */
async function invokeFunction(
  call: FunctionCall,
  live: LiveStage,
  context: WorkContext,
): Promise<{ readonly value: unknown } | undefined> {
  const { account, region } = live.scope;
  const sourceArn = `arn:aws:execute-api:${region}:${account}:${live.api.id}/${live.stage.name}`;
  try {
    const { Payload, FunctionError } = await context.call('lambda', 'Invoke', call, {
      account,
      region,
      as: { kind: 'service', account, service: 'apigateway.amazonaws.com', sourceArn },
    });
    if (FunctionError !== undefined || Payload === undefined) return undefined;
    return { value: JSON.parse(Buffer.from(Payload).toString('utf8')) };
  } catch (error) {
    if (error instanceof ServiceError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * The gateway gives up before the function does; the function runs on, as on AWS.
 * The cloud's clock decides: on a virtual one that stands still the answer is waited for.
 */
async function withTimeout<T>(
  work: Promise<T>,
  timeoutMs: number,
  context: WorkContext,
): Promise<T | 'timeout'> {
  let cancel = (): void => {};
  const timeout = new Promise<'timeout'>((resolve) => {
    cancel = context.clock.schedule(context.clock.now() + timeoutMs, () => resolve('timeout'));
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    cancel();
  }
}

function gatewayError(status: number, message: string, type: string): HttpResponse {
  const { headers, body } = jsonMessage(message);
  return { status, headers: { ...headers, 'x-amzn-errortype': type }, body };
}

function internalError(status: 500 | 502): HttpResponse {
  return gatewayError(status, 'Internal server error', 'InternalServerErrorException');
}

function jsonMessage(message: string): Pick<HttpResponse, 'headers'> & { body: string } {
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ message }) };
}
