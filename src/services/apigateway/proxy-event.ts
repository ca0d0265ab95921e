// The event of a Lambda proxy integration. <developer guide, "Input format of a Lambda function for proxy integration">
import type { HttpRequest } from '../../wire/http.ts';
import { forwardedHeaders } from './headers.ts';
import { isBinary } from './media-types.ts';
import { commonLogTime } from './request-time.ts';
import type { LiveStage } from './store.ts';

/** A request that has found its resource. */
export interface GatewayRequest {
  readonly live: LiveStage;
  readonly request: HttpRequest;
  /** Below the stage, as sent. */
  readonly path: string;
  readonly resourceId: string;
  readonly resourcePath: string;
  readonly pathParameters: Readonly<Record<string, string>>;
  readonly ids: RequestIds;
  readonly nowMs: number;
}

/** The ids in every response of a stage. */
export interface RequestIds {
  readonly requestId: string;
  readonly extendedRequestId: string;
  readonly traceId: string;
}

export function buildProxyEvent(parts: GatewayRequest, body: Uint8Array): Record<string, unknown> {
  const { live, request, pathParameters } = parts;
  const query = readQuery(request.query);
  const headers = forwardedHeaders(request, parts.ids.traceId);
  const binary = isBinary(request.headers['content-type'], live.deployment.snapshot.binaryMediaTypes);
  return {
    resource: parts.resourcePath,
    path: parts.path,
    httpMethod: request.method,
    headers: mapValues(headers, (values) => values.at(-1)),
    multiValueHeaders: headers,
    queryStringParameters: emptyToNull(mapValues(query, (values) => values.at(-1))),
    multiValueQueryStringParameters: emptyToNull(query),
    pathParameters: emptyToNull(pathParameters),
    stageVariables: emptyToNull(live.stage.variables),
    requestContext: requestContext(parts),
    body: body.length === 0 ? null : Buffer.from(body).toString(binary ? 'base64' : 'utf8'),
    isBase64Encoded: binary && body.length > 0,
  };
}

/** Also what access logs may print. */
export function requestContext(parts: GatewayRequest): Record<string, unknown> {
  const { live, request, nowMs, ids } = parts;
  return {
    resourceId: parts.resourceId,
    resourcePath: parts.resourcePath,
    httpMethod: request.method,
    extendedRequestId: ids.extendedRequestId,
    requestTime: commonLogTime(nowMs),
    path: `/${live.stage.name}${parts.path}`,
    accountId: live.scope.account,
    protocol: 'HTTP/1.1',
    stage: live.stage.name,
    domainPrefix: live.api.id,
    requestTimeEpoch: nowMs,
    requestId: ids.requestId,
    identity: {
      cognitoIdentityPoolId: null,
      accountId: null,
      cognitoIdentityId: null,
      caller: null,
      sourceIp: request.sourceIp,
      principalOrgId: null,
      accessKey: null,
      cognitoAuthenticationType: null,
      cognitoAuthenticationProvider: null,
      userArn: null,
      userAgent: request.headers['user-agent'] ?? null,
      user: null,
    },
    domainName: request.headers['host'] ?? '',
    deploymentId: live.deployment.id,
    apiId: live.api.id,
  };
}

function readQuery(query: string): Record<string, string[]> {
  const values: Record<string, string[]> = {};
  for (const [name, value] of new URLSearchParams(query)) (values[name] ??= []).push(value);
  return values;
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, map: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

/** AWS: absent collections are null, not empty. */
function emptyToNull<T extends object>(record: T): T | null {
  return Object.keys(record).length === 0 ? null : record;
}
