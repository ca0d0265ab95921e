// Requests to function URLs as events of payload format 2.0, and answers of functions as responses.
// <developer guide, "Invoking Lambda function URLs", request and response payload format>
import type { HttpRequest, HttpResponse } from '../../../wire/http.ts';
import type { UrlAddress } from './url-address.ts';
import type { UrlCaller } from './url-iam.ts';

export interface UrlEventParts {
  readonly address: UrlAddress;
  readonly request: HttpRequest;
  readonly body: Uint8Array;
  readonly requestId: string;
  readonly nowMs: number;
  /** Who signed the request, where that was asked for. */
  readonly caller: UrlCaller | undefined;
}

/** Bodies of these types travel as text, all others in base64. */
const TEXTUAL = /^(text\/|application\/(json|xml|javascript|x-www-form-urlencoded)\b|[^;]*\+(json|xml)\b)/i;

export function buildUrlEvent(parts: UrlEventParts): Record<string, unknown> {
  const { address, request, body, requestId, nowMs, caller } = parts;
  const { cookie, ...headers } = request.headers;
  const query = readQuery(request.query);
  const isText = TEXTUAL.test(headers['content-type'] ?? 'application/json');
  const { host = '' } = headers;
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: address.path,
    rawQueryString: request.query,
    ...(cookie === undefined ? {} : { cookies: cookie.split(/; */) }),
    headers: forwardedHeaders(headers, request),
    ...(query === undefined ? {} : { queryStringParameters: query }),
    requestContext: {
      accountId: caller?.accountId ?? 'anonymous',
      apiId: address.urlId,
      ...(caller === undefined ? {} : { authentication: null, authorizer: { iam: caller } }),
      domainName: host,
      domainPrefix: address.urlId,
      http: {
        method: request.method,
        path: address.path,
        protocol: 'HTTP/1.1',
        sourceIp: request.sourceIp,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId,
      routeKey: '$default',
      stage: '$default',
      time: commonLogTime(nowMs),
      timeEpoch: nowMs,
    },
    ...(body.length === 0 ? {} : { body: Buffer.from(body).toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: body.length > 0 && !isText,
  };
}

const HOP_BY_HOP: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade']);

function forwardedHeaders(
  headers: Readonly<Record<string, string>>,
  { sourceIp }: HttpRequest,
): Record<string, string> {
  const port = /:(\d+)$/.exec(headers['host'] ?? '')?.[1] ?? '80';
  return {
    ...Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name))),
    'x-forwarded-for': sourceIp,
    'x-forwarded-port': port,
    'x-forwarded-proto': 'http',
  };
}

/** Repeated parameters are joined by commas; undefined when there are none. */
function readQuery(query: string): Record<string, string> | undefined {
  if (query === '') return undefined;
  const values: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(query)) {
    values[name] = name in values ? `${values[name]},${value}` : value;
  }
  return values;
}

/** `21/Nov/2026:08:09:10 +0000` */
function commonLogTime(epochMs: number): string {
  const [, day, month, year, time] =
    /^\w+, (\d+) (\w+) (\d+) ([\d:]+)/.exec(new Date(epochMs).toUTCString()) ?? [];
  return `${day}/${month}/${year}:${time} +0000`;
}

/** The response a function means; undefined when it means none (AWS: 502). */
export function readUrlAnswer(answer: unknown): HttpResponse | undefined {
  const isResponse = typeof answer === 'object' && answer !== null && 'statusCode' in answer;
  if (!isResponse) {
    // AWS: anything else that is valid JSON is the body of a 200.
    const body = typeof answer === 'string' ? answer : JSON.stringify(answer ?? null);
    return { status: 200, headers: { 'content-type': 'application/json' }, body };
  }
  const { statusCode, headers = {}, body, cookies, isBase64Encoded } = answer as Record<string, unknown>;
  const status = Number(statusCode);
  if (!Number.isInteger(status) || status < 100 || status > 599) return undefined;
  if (headers !== null && typeof headers !== 'object') return undefined;
  const sent: Record<string, string | readonly string[]> = { 'content-type': 'application/json' };
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (name.toLowerCase() !== 'content-length') sent[name.toLowerCase()] = String(value);
  }
  if (Array.isArray(cookies)) sent['set-cookie'] = cookies.map(String);
  const text = typeof body === 'string' ? body : body === undefined || body === null ? '' : JSON.stringify(body);
  return { status, headers: sent, body: isBase64Encoded === true ? Buffer.from(text, 'base64') : text };
}
