// The event of a Lambda proxy integration. <developer guide, "Input format of a Lambda function for proxy integration">
import type { HttpRequest } from '../../wire/http.ts';
import type { LiveStage } from './store.ts';

export interface ProxyEventParts {
  readonly live: LiveStage;
  readonly request: HttpRequest;
  readonly body: Uint8Array;
  /** Path below the stage, as sent. */
  readonly path: string;
  readonly resourceId: string;
  readonly resourcePath: string;
  readonly pathParameters: Readonly<Record<string, string>>;
  readonly requestId: string;
  readonly extendedRequestId: string;
  readonly nowMs: number;
}

export function buildProxyEvent(parts: ProxyEventParts): Record<string, unknown> {
  const { live, request, body, pathParameters } = parts;
  const query = readQuery(request.query);
  const headers = restoreHeaderNames(request.headers);
  const binary = isBinary(request.headers['content-type'], live.deployment.snapshot.binaryMediaTypes);
  return {
    resource: parts.resourcePath,
    path: parts.path,
    httpMethod: request.method,
    headers,
    multiValueHeaders: mapValues(headers, (value) => [value]),
    queryStringParameters: emptyToNull(mapValues(query, (values) => values.at(-1))),
    multiValueQueryStringParameters: emptyToNull(query),
    pathParameters: emptyToNull(pathParameters),
    stageVariables: emptyToNull(live.stage.variables),
    requestContext: requestContext(parts),
    body: body.length === 0 ? null : Buffer.from(body).toString(binary ? 'base64' : 'utf8'),
    isBase64Encoded: binary && body.length > 0,
  };
}

function requestContext(parts: ProxyEventParts): Record<string, unknown> {
  const { live, request, nowMs } = parts;
  const { host = '' } = request.headers;
  return {
    resourceId: parts.resourceId,
    resourcePath: parts.resourcePath,
    httpMethod: request.method,
    extendedRequestId: parts.extendedRequestId,
    requestTime: commonLogTime(nowMs),
    path: `/${live.stage.name}${parts.path}`,
    accountId: live.scope.account,
    protocol: 'HTTP/1.1',
    stage: live.stage.name,
    domainPrefix: live.api.id,
    requestTimeEpoch: nowMs,
    requestId: parts.requestId,
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
    domainName: host,
    deploymentId: live.deployment.id,
    apiId: live.api.id,
  };
}

/** `21/Nov/2026:08:09:10 +0000` */
function commonLogTime(epochMs: number): string {
  const [, day, month, year, time] =
    /^\w+, (\d+) (\w+) (\d+) ([\d:]+)/.exec(new Date(epochMs).toUTCString()) ?? [];
  return `${day}/${month}/${year}:${time} +0000`;
}

function readQuery(query: string): Record<string, string[]> {
  const values: Record<string, string[]> = {};
  for (const [name, value] of new URLSearchParams(query)) (values[name] ??= []).push(value);
  return values;
}

/** Node lower-cases names; well-known ones get back the spelling that AWS passes on. */
function restoreHeaderNames(headers: HttpRequest['headers']): Record<string, string> {
  const restored: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name === 'connection' || name === 'transfer-encoding') continue;
    // AWS: passes custom names as sent; clients of HTTP/2 send lower case, so handlers accept it.
    restored[CANONICAL.get(name) ?? name] = value;
  }
  return restored;
}

const CANONICAL: ReadonlyMap<string, string> = new Map(
  [
    'Accept',
    'Accept-Encoding',
    'Accept-Language',
    'Authorization',
    'Cache-Control',
    'Content-Type',
    'Cookie',
    'Host',
    'Origin',
    'Referer',
    'User-Agent',
    'X-Amzn-Trace-Id',
    'X-Forwarded-For',
    'X-Forwarded-Port',
    'X-Forwarded-Proto',
  ].map((name) => [name.toLowerCase(), name]),
);

/** Whether a media type is among an API's binary ones (`*` and `image/*` are patterns). */
export function isBinary(mediaType: string | undefined, binaryTypes: readonly string[]): boolean {
  const type = (mediaType ?? 'application/json').split(';')[0]?.trim().toLowerCase() ?? '';
  return binaryTypes.some((binary) => {
    if (binary === '*/*' || binary === '*') return true;
    if (binary.endsWith('/*')) return type.startsWith(binary.slice(0, -1).toLowerCase());
    return type === binary.toLowerCase();
  });
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, map: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

/** AWS: absent collections are null, not empty. */
function emptyToNull<T extends object>(record: T): T | null {
  return Object.keys(record).length === 0 ? null : record;
}
