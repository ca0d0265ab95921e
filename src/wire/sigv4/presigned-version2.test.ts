// Presigned URLs of signature version 2: AWS's own example, and what differs from it.
import { describe, expect, test } from 'vitest';
import { bodyOf } from '../http.ts';
import type { HttpRequest } from '../http.ts';
import { identifyCaller } from './identify-caller.ts';
import { checkPresignedTime, verifySignature } from './verify.ts';

// "Query string request authentication alternative", in the guide named in presigned-version2.ts.
const KEY = { secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };
const EXPIRES_MS = 1_175_139_620_000;
const QUERY =
  'AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&Expires=1175139620';

function request(change: Partial<HttpRequest> = {}): HttpRequest {
  return {
    method: 'GET',
    path: '/photos/puppy.jpg',
    query: QUERY,
    headers: { host: 'johnsmith.s3.amazonaws.com' },
    body: bodyOf(new Uint8Array()),
    sourceIp: '127.0.0.1',
    signal: new AbortController().signal,
    ...change,
  };
}
const verify = (change: Partial<HttpRequest> = {}, nowMs = EXPIRES_MS - 1000) =>
  verifySignature({ request: request(change), credentials: KEY, nowMs });

describe('presigned URLs of signature version 2', () => {
  test('hold, however the bucket is addressed', async () => {
    expect(identifyCaller(request())).toMatchObject({ form: 'presigned', signingName: 's3' });
    expect(await verify()).toEqual({ ok: true });
    const path = '/johnsmith/photos/puppy.jpg';
    expect(await verify({ path, headers: { host: '127.0.0.1:4566' } })).toEqual({ ok: true });
  });

  test.each<[string, Partial<HttpRequest>]>([
    ['another method', { method: 'PUT' }],
    ['another key', { path: '/photos/kitten.jpg' }],
    ['another time', { query: QUERY.replace('9620', '9621') }],
    ['a content type', { headers: { host: 'johnsmith.s3.amazonaws.com', 'content-type': 'text/plain' } }],
    ['an amz header', { headers: { host: 'johnsmith.s3.amazonaws.com', 'x-amz-acl': 'private' } }],
    ['a version', { query: `${QUERY}&versionId=1` }],
    ['other answer headers', { query: `${QUERY}&response-content-type=text%2Fhtml` }],
    ['a signature of another length', { query: QUERY.replace('NpgC', '') }],
  ])('do not hold for %s', async (_, change) => {
    expect(await verify(change)).toMatchObject({ code: 'SignatureDoesNotMatch', status: 403 });
  });

  test('hold for parameters that are not of the resource', async () => {
    expect(await verify({ query: `${QUERY}&list-type=2` })).toEqual({ ok: true });
  });

  test('expire, also where signatures are not verified', async () => {
    const expired = { code: 'AccessDenied', message: 'Request has expired', status: 403 };
    expect(await verify({}, EXPIRES_MS + 1)).toMatchObject(expired);
    expect(checkPresignedTime(request(), EXPIRES_MS + 1)).toMatchObject(expired);
    expect(checkPresignedTime(request(), EXPIRES_MS)).toBeUndefined();
    const unclear = request({ query: QUERY.replace('1175139620', 'soon') });
    expect(checkPresignedTime(unclear, 0)).toMatchObject({ code: 'AccessDenied' });
  });
});
