// Signature version 2 of S3's presigned URLs, which boto3 still makes in us-east-1 unless told otherwise.
// <docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html>
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { HttpRequest } from '../http.ts';
import { bucketOfHost } from '../s3-address.ts';
import type { AuthFailure } from './auth-errors.ts';
import { authFailure, badSessionToken } from './auth-errors.ts';
import type { QueryParameter } from './query-parameters.ts';
import { parseQuery, readQueryParameter } from './query-parameters.ts';

/** Parameters that are part of the signed resource. Same page, and botocore's `HmacV1Auth`. */
const SUBRESOURCES: ReadonlySet<string> = new Set([
  'accelerate',
  'acl',
  'analytics',
  'cors',
  'defaultObjectAcl',
  'delete',
  'inventory',
  'lifecycle',
  'location',
  'logging',
  'metrics',
  'notification',
  'object-lock',
  'partNumber',
  'policy',
  'replication',
  'requestPayment',
  'response-cache-control',
  'response-content-disposition',
  'response-content-encoding',
  'response-content-language',
  'response-content-type',
  'response-expires',
  'restore',
  'select',
  'select-type',
  'storageClass',
  'tagging',
  'torrent',
  'uploadId',
  'uploads',
  'versionId',
  'versioning',
  'versions',
  'website',
]);

export function isPresignedVersion2(request: HttpRequest): boolean {
  const { query } = request;
  return (
    query.includes('AWSAccessKeyId=') &&
    !query.includes('X-Amz-Algorithm=') &&
    readQueryParameter(query, 'Signature') !== undefined
  );
}

/** Undefined while the URL is still valid. */
export function checkVersion2Time(request: HttpRequest, nowMs: number): AuthFailure | undefined {
  const expires = readQueryParameter(request.query, 'Expires');
  if (expires === undefined || !/^-?\d{1,12}$/.test(expires)) {
    const message =
      expires === undefined
        ? 'Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters'
        : `Invalid date (should be seconds since epoch): ${expires}`;
    return { ok: false, code: 'AccessDenied', message, status: 403 };
  }
  const endsMs = Number(expires) * 1000;
  if (nowMs <= endsMs) return undefined;
  const fields = {
    Expires: new Date(endsMs).toISOString().replace('.000Z', 'Z'),
    ServerTime: new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z'),
  };
  return { ok: false, code: 'AccessDenied', message: 'Request has expired', status: 403, fields };
}

export interface Version2Credentials {
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Undefined when the signature holds and the URL is still valid. */
export function checkPresignedVersion2(
  request: HttpRequest,
  credentials: Version2Credentials,
  nowMs: number,
): AuthFailure | undefined {
  const untimely = checkVersion2Time(request, nowMs);
  if (untimely !== undefined) return untimely;
  const query = parseQuery(request.query);
  const stringToSign = describeRequest(request, query);
  const signature = valueOf(query, 'signature') ?? '';
  if (!matchesVersion2(stringToSign, signature, credentials.secretAccessKey)) {
    const message =
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.';
    return authFailure('s3', 'mismatch', message, {
      AWSAccessKeyId: valueOf(query, 'awsaccesskeyid'),
      StringToSign: stringToSign,
      SignatureProvided: signature,
    });
  }
  const token = valueOf(query, 'x-amz-security-token') ?? request.headers['x-amz-security-token'];
  return token === credentials.sessionToken ? undefined : badSessionToken('s3');
}

/** Whether `signature` (base64) is the one of this text, or of a form's policy. */
export function matchesVersion2(text: string, signature: string, secret: string): boolean {
  const expected = createHmac('sha1', secret).update(text).digest();
  const sent = Buffer.from(signature, 'base64');
  return sent.length === expected.length && timingSafeEqual(sent, expected);
}

function describeRequest(request: HttpRequest, query: readonly QueryParameter[]): string {
  // What a client moves from head to query counts as if it stood in the head.
  const named = (name: string): string => request.headers[name] ?? valueOf(query, name) ?? '';
  return [
    request.method,
    named('content-md5'),
    named('content-type'),
    named('expires'),
    amzHeaders(request, query) + resourceOf(request, query),
  ].join('\n');
}

function amzHeaders(request: HttpRequest, query: readonly QueryParameter[]): string {
  const found = new Map<string, string>();
  for (const { name, value } of query) {
    if (name.toLowerCase().startsWith('x-amz-')) found.set(name.toLowerCase(), value);
  }
  for (const [name, value] of Object.entries(request.headers)) {
    if (name.startsWith('x-amz-')) found.set(name, value);
  }
  return [...found]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}:${value.trim()}\n`)
    .join('');
}

function resourceOf(request: HttpRequest, query: readonly QueryParameter[]): string {
  const bucket = bucketOfHost(request.headers['host'] ?? '');
  const path = typeof bucket === 'string' ? `/${bucket}${request.path}` : request.path;
  const parts = query
    .filter(({ name }) => SUBRESOURCES.has(name))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, value }) => (value === '' ? name : `${name}=${value}`));
  return parts.length === 0 ? path : `${path}?${parts.join('&')}`;
}

/** By lower-case name. */
function valueOf(query: readonly QueryParameter[], name: string): string | undefined {
  return query.find((parameter) => parameter.name.toLowerCase() === name)?.value;
}
