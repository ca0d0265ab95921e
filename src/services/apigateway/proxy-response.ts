// From a proxy function's answer to an HTTP response.
// <developer guide, "Output format of a Lambda function for proxy integration">
import type { HttpResponse } from '../../wire/http.ts';
import { responseHeaders } from './headers.ts';
import { isBinary } from './media-types.ts';

export interface AnswerParts {
  /** The function's response, parsed. */
  readonly answer: unknown;
  readonly accept: string | undefined;
  readonly binaryMediaTypes: readonly string[];
}

const MEMBERS: ReadonlySet<string> = new Set([
  'statusCode',
  'headers',
  'multiValueHeaders',
  'body',
  'isBase64Encoded',
]);

/** The response, or undefined when the answer is malformed (AWS: 502, "Internal server error"). */
export function readProxyAnswer({ answer, accept, binaryMediaTypes }: AnswerParts): HttpResponse | undefined {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return undefined;
  // AWS: a member it does not know makes the whole answer malformed; an absent status is 200.
  // <localstack test_apigateway_lambda.py::test_lambda_aws_proxy_response_format, validated against AWS>
  if (Object.keys(answer).some((name) => !MEMBERS.has(name))) return undefined;
  const { statusCode, body, isBase64Encoded, headers, multiValueHeaders } = answer as Record<string, unknown>;
  const status = Number(statusCode ?? 200);
  if (!Number.isInteger(status) || status < 100 || status > 599) return undefined;
  const sent = responseHeaders(headers, multiValueHeaders);
  if (sent === undefined) return undefined;
  if (body !== undefined && body !== null && typeof body !== 'string') return undefined;
  const text = body ?? '';
  // AWS: the base64 is undone only when the type the client accepts first is a binary one of the API.
  const decode = isBase64Encoded === true && isBinary(accept?.split(',')[0], binaryMediaTypes);
  return {
    status,
    headers: { 'content-type': 'application/json', ...sent },
    body: decode ? Buffer.from(text, 'base64') : text,
  };
}
