// Requests to a deployed stage: from address to resource, method, integration and back.
import { ServiceError } from '../../base/errors.ts';
import { type Random, randomText, randomUuid } from '../../base/random.ts';
import type { WorkContext } from '../../kernel/context.ts';
import type { HttpRoute } from '../../kernel/service.ts';
import { BodyTooLarge, type HttpRequest, type HttpResponse } from '../../wire/http.ts';
import { formatAccessLine, writeAccessLine } from './access-log.ts';
import { type GatewayAnswer, gatewayAnswer } from './gateway-responses.ts';
import { functionOfUri } from './integration-uri.ts';
import { PAYLOAD_BYTES_MAX } from './limits.ts';
import { answerMock } from './mock-integration.ts';
import { type GatewayRequest, type RequestIds, buildProxyEvent, requestContext } from './proxy-event.ts';
import { readProxyAnswer } from './proxy-response.ts';
import { matchResource } from './resource-tree.ts';
import { type StageAddress, findStageAddress } from './stage-address.ts';
import { settingOf } from './stage-settings.ts';
import { type IntegrationRecord, type MethodRecord, findLiveStage } from './store.ts';
import { takeToken } from './throttle.ts';

export const stageRoute: HttpRoute = {
  name: 'API Gateway stage',
  match: findStageAddress,
  async handle(matched, request, context) {
    const ids = newIds(context.random, context.nowMs);
    const { response } = await answerStage(matched as StageAddress, { request, ids }, context);
    return {
      ...response,
      headers: {
        'x-amzn-requestid': ids.requestId,
        'x-amz-apigw-id': ids.extendedRequestId,
        'x-amzn-trace-id': ids.traceId,
        ...response.headers,
      },
    };
  },
};

const ID_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

function newIds(random: Random, nowMs: number): RequestIds {
  const second = Math.floor(nowMs / 1_000).toString(16);
  return {
    requestId: randomUuid(random),
    extendedRequestId: `${randomText(random, 15, ID_ALPHABET)}=`,
    traceId: `Root=1-${second}-${Buffer.from(random.bytes(12)).toString('hex')}`,
  };
}

interface Arrival {
  readonly request: HttpRequest;
  readonly ids: RequestIds;
}

async function answerStage(
  { apiId, stageName, path }: StageAddress,
  { request, ids }: Arrival,
  context: WorkContext,
): Promise<GatewayAnswer> {
  const live = await context.store.read((view) => findLiveStage(view, apiId, stageName));
  if (live === undefined || live.api.disabledExecuteEndpoint) return gatewayAnswer('ACCESS_DENIED');
  const match = matchResource(live.deployment.snapshot.resources, path);
  const method = match?.resource.methods[request.method] ?? match?.resource.methods['ANY'];
  const gateway: GatewayRequest = {
    live,
    request,
    path,
    resourceId: match?.resource.id ?? '',
    resourcePath: match?.resourcePath ?? '',
    pathParameters: match?.pathParameters ?? {},
    ids: withTraceOf(request, ids),
    nowMs: context.nowMs,
  };
  const answer =
    method === undefined
      ? // AWS: a path or method that is not there is told as a missing token.
        gatewayAnswer('MISSING_AUTHENTICATION_TOKEN')
      : await answerMethod(gateway, method, context);
  logAccess(gateway, answer, context);
  return answer;
}

/** AWS: a trace that the client began is continued. */
function withTraceOf(request: HttpRequest, ids: RequestIds): RequestIds {
  const traceId = request.headers['x-amzn-trace-id'];
  return traceId === undefined ? ids : { ...ids, traceId };
}

async function answerMethod(
  gateway: GatewayRequest,
  method: MethodRecord,
  context: WorkContext,
): Promise<GatewayAnswer> {
  const { live, request, resourcePath } = gateway;
  const setting = settingOf(live.stage.methodSettings, resourcePath, request.method);
  const bucket = `${live.api.id}/${live.stage.name}${resourcePath} ${request.method}`;
  if (setting !== undefined && !takeToken(bucket, setting, context)) return gatewayAnswer('THROTTLED');
  const { integration } = method;
  if (integration === undefined) return gatewayAnswer('API_CONFIGURATION_ERROR');
  try {
    const body = await request.body.bytes(PAYLOAD_BYTES_MAX);
    if (integration.type === 'AWS_PROXY') return await answerProxy({ gateway, body, integration }, context);
    const response = answerMock(integration, request.headers['content-type']);
    return response === undefined ? gatewayAnswer('API_CONFIGURATION_ERROR') : { response };
  } catch (error) {
    if (error instanceof BodyTooLarge) return gatewayAnswer('REQUEST_TOO_LARGE');
    throw error;
  }
}

interface ProxyCall {
  readonly gateway: GatewayRequest;
  readonly body: Uint8Array;
  readonly integration: IntegrationRecord;
}

async function answerProxy(
  { gateway, body, integration }: ProxyCall,
  context: WorkContext,
): Promise<GatewayAnswer> {
  const { live, request } = gateway;
  const FunctionName = functionOfUri(integration.uri ?? '', live.stage.variables);
  // AWS: functions are invoked by POST; any other integration method fails at this point.
  // <localstack test_lambda_aws_proxy_integration_non_post_method>
  if (FunctionName === undefined || integration.httpMethod !== 'POST') {
    return gatewayAnswer('API_CONFIGURATION_ERROR');
  }
  const Payload = new TextEncoder().encode(JSON.stringify(buildProxyEvent(gateway, body)));
  const invocation = invokeFunction({ FunctionName, Payload }, gateway, context);
  const answer = await withTimeout(invocation, integration.timeoutMs, context);
  if (answer === 'timeout') {
    // It runs on: the cloud is not quiet before it has ended.
    context.spawn('apigateway/late-answer', live.scope, async () => void (await invocation));
    return gatewayAnswer('INTEGRATION_TIMEOUT');
  }
  if (answer === 'absent') return gatewayAnswer('API_CONFIGURATION_ERROR');
  const response =
    answer === 'failed'
      ? undefined
      : readProxyAnswer({
          answer: answer.value,
          accept: request.headers['accept'],
          binaryMediaTypes: live.deployment.snapshot.binaryMediaTypes,
        });
  return response === undefined ? gatewayAnswer('INTEGRATION_FAILURE') : { response };
}

interface FunctionCall {
  readonly FunctionName: string;
  readonly Payload: Uint8Array;
}

/** The function's answer; `failed` when it threw or was throttled, `absent` when it may not be called. */
async function invokeFunction(
  call: FunctionCall,
  { live, request, resourcePath }: GatewayRequest,
  context: WorkContext,
): Promise<{ readonly value: unknown } | 'failed' | 'absent'> {
  const { account, region } = live.scope;
  const sourceArn = `arn:aws:execute-api:${region}:${account}:${live.api.id}/${live.stage.name}/${request.method}${resourcePath}`;
  try {
    const { Payload, FunctionError } = await context.call('lambda', 'Invoke', call, {
      account,
      region,
      as: { kind: 'service', account, service: 'apigateway.amazonaws.com', sourceArn },
    });
    if (FunctionError !== undefined || Payload === undefined) return 'failed';
    return { value: JSON.parse(Buffer.from(Payload).toString('utf8')) };
  } catch (error) {
    if (error instanceof SyntaxError) return 'failed';
    if (!(error instanceof ServiceError)) throw error;
    return error.status === 404 || error.status === 403 ? 'absent' : 'failed';
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

function logAccess(gateway: GatewayRequest, answer: GatewayAnswer, context: WorkContext): void {
  const { live } = gateway;
  if (live.stage.accessLog === undefined) return;
  const { response, type, message } = answer;
  const latencyMs = context.clock.now() - gateway.nowMs;
  const variables = {
    ...requestContext(gateway),
    status: response.status,
    responseLength: lengthOf(response.body),
    responseLatency: latencyMs,
    xrayTraceId: gateway.ids.traceId.replace(/^Root=/, ''),
    ...(type === undefined
      ? { integrationStatus: 200, integrationLatency: latencyMs, integration: { status: 200, latency: latencyMs } }
      : { error: { message, messageString: JSON.stringify(message), responseType: type } }),
  };
  writeAccessLine(live, formatAccessLine(live.stage.accessLog.format, variables), context);
}

function lengthOf(body: HttpResponse['body']): number {
  if (typeof body === 'string') return Buffer.byteLength(body);
  return body instanceof Uint8Array ? body.length : 0;
}
