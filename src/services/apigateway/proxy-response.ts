// From a proxy function's answer to an HTTP response.
// <developer guide, "Output format of a Lambda function for proxy integration">
import type { HttpResponse } from '../../wire/http.ts';
import { isBinary } from './proxy-event.ts';

export interface AnswerParts {
  /** The function's response, parsed; undefined when it was no JSON. */
  readonly answer: unknown;
  readonly accept: string | undefined;
  readonly binaryMediaTypes: readonly string[];
}

/** The response, or undefined when the answer is malformed (AWS: 502, "Internal server error"). */
export function readProxyAnswer({ answer, accept, binaryMediaTypes }: AnswerParts): HttpResponse | undefined {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return undefined;
  const known = new Set(['statusCode', 'headers', 'multiValueHeaders', 'body', 'isBase64Encoded']);
  // AWS: a member it does not know makes the whole response malformed.
  if (Object.keys(answer).some((name) => !known.has(name))) return undefined;
  const { statusCode, body, isBase64Encoded, ...rest } = answer as Record<string, unknown>;
  const status = Number(statusCode ?? Number.NaN);
  if (!Number.isInteger(status) || status < 100 || status > 599) return undefined;
  const headers = readHeaders(rest['headers'], rest['multiValueHeaders']);
  if (headers === undefined) return undefined;
  if (body !== undefined && body !== null && typeof body !== 'string') return undefined;
  headers['content-type'] ??= 'application/json';
  const text = body ?? '';
  // AWS: the base64 is undone only when the client accepts a binary type of the API.
  const decode = isBase64Encoded === true && isBinary(accept?.split(',')[0] ?? '*/*', binaryMediaTypes);
  return { status, headers, body: decode ? Buffer.from(text, 'base64') : text };
}

function readHeaders(single: unknown, multiple: unknown): Record<string, string | string[]> | undefined {
  const headers: Record<string, string | string[]> = {};
  for (const source of [single, multiple]) {
    if (source === undefined || source === null) continue;
    if (typeof source !== 'object' || Array.isArray(source)) return undefined;
    for (const [name, value] of Object.entries(source)) {
      const key = name.toLowerCase();
      if (value === null || value === undefined || key === 'content-length') continue;
      headers[key] = Array.isArray(value) ? value.map(String) : String(value);
    }
  }
  return headers;
}
