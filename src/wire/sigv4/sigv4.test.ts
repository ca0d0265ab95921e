// Signatures made by the official signers hold here; everything that differs from what was signed does not.
import { createHash, createHmac } from 'node:crypto';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { SignatureV4 } from '@smithy/signature-v4';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bodyOf } from '../http.ts';
import type { HttpRequest } from '../http.ts';
import { formatAmzDate, parseAmzDate } from './amz-date.ts';
import { canonicalPath, canonicalQuery, canonicalS3Path } from './canonical-request.ts';
import { identifyCaller } from './identify-caller.ts';
import { deriveSigningKey } from './signing-key.ts';
import type { VerificationResult } from './verify.ts';
import { checkPresignedTime, verifySignature } from './verify.ts';

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const KEY = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};

class Sha256 {
  readonly #hash;
  constructor(secret?: unknown) {
    this.#hash =
      secret === undefined ? createHash('sha256') : createHmac('sha256', secret as Buffer);
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return new Uint8Array(this.#hash.digest());
  }
  reset(): void {}
}

interface Draft {
  readonly method?: string;
  readonly path?: string;
  readonly query?: Record<string, string | string[]>;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

interface SignOptions {
  readonly service?: string;
  readonly sessionToken?: string;
  readonly applyChecksum?: boolean;
  readonly presignSec?: number;
}

function encodeQuery(query: Readonly<Record<string, string | string[] | null>>): string {
  return Object.entries(query)
    .flatMap(([name, value]) =>
      Array.isArray(value) ? value.map((each) => [name, each]) : [[name, value ?? '']],
    )
    .map(([name, value]) => `${encodeURIComponent(name ?? '')}=${encodeURIComponent(value ?? '')}`)
    .join('&');
}

/** What the official signer sends, as a server receives it. */
async function sign(draft: Draft, options: SignOptions = {}): Promise<HttpRequest> {
  const { service = 'dynamodb', presignSec } = options;
  const signer = new SignatureV4({
    service,
    region: 'eu-west-1',
    sha256: Sha256,
    credentials: {
      ...KEY,
      ...(options.sessionToken === undefined ? {} : { sessionToken: options.sessionToken }),
    },
    uriEscapePath: service !== 's3',
    applyChecksum: options.applyChecksum ?? true,
  });
  const { method = 'POST', path = '/', query = {}, headers = {}, body = '' } = draft;
  const plain = {
    method,
    protocol: 'http:',
    hostname: 'localhost',
    path,
    query,
    headers: { host: 'localhost:4566', ...headers },
    body,
  };
  const signingDate = new Date(NOW_MS);
  const signed = (presignSec === undefined
    ? await signer.sign(plain, { signingDate })
    : await signer.presign(plain, { signingDate, expiresIn: presignSec })) as unknown as {
    method: string;
    path: string;
    query?: Record<string, string | string[]>;
    headers: Record<string, string>;
  };
  return {
    method: signed.method,
    path: signed.path,
    query: encodeQuery(signed.query ?? {}),
    headers: Object.fromEntries(
      Object.entries(signed.headers).map(([name, value]) => [name.toLowerCase(), value]),
    ),
    body: bodyOf(Buffer.from(body)),
    sourceIp: '127.0.0.1',
    signal: new AbortController().signal,
  };
}

function verify(
  request: HttpRequest,
  more: { sessionToken?: string; nowMs?: number; secret?: string } = {},
): Promise<VerificationResult> {
  const { sessionToken, nowMs = NOW_MS, secret = KEY.secretAccessKey } = more;
  const credentials = {
    secretAccessKey: secret,
    ...(sessionToken === undefined ? {} : { sessionToken }),
  };
  return verifySignature({ request, credentials, nowMs });
}

describe('requests of the official signer', () => {
  test.each<[string, Draft, SignOptions]>([
    [
      'JSON with a hash in the head',
      { body: '{"TableName":"a"}', headers: { 'x-amz-target': 'DynamoDB_20120810.GetItem' } },
      {},
    ],
    [
      'JSON without it (as boto3 signs)',
      { body: '{"TableName":"a"}', headers: { 'x-amz-target': 'DynamoDB_20120810.GetItem' } },
      { applyChecksum: false },
    ],
    [
      'form',
      {
        body: 'Action=ListUsers&Version=2010-05-08',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      },
      { service: 'iam' },
    ],
    [
      'REST path with escapes',
      {
        method: 'GET',
        path: '/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A1%3Afunction%3Af/policy',
      },
      { service: 'lambda' },
    ],
    [
      'path with dots and double slashes',
      { method: 'GET', path: '/a//b/./c/../d/' },
      { service: 'lambda' },
    ],
    [
      'query with repeats and odd characters',
      { method: 'GET', query: { tagKeys: ['b', 'a'], 'x y': "é*'()!~", empty: '' } },
      { service: 'lambda' },
    ],
    [
      'S3 key with spaces, plus, dots and unicode',
      { method: 'PUT', path: '/bucket/a%20b%2Bc//../%E2%82%AC%27%28%29', body: 'hello' },
      { service: 's3' },
    ],
    ['session token', { body: '{}' }, { sessionToken: 'token/+=' }],
  ])('%s', async (_title, draft, options) => {
    const request = await sign(draft, options);
    const more = options.sessionToken === undefined ? {} : { sessionToken: options.sessionToken };
    expect(await verify(request, more)).toMatchObject({ ok: true });
    expect(await verify(request, { ...more, secret: 'another' })).toMatchObject({ ok: false });
    expect(identifyCaller(request)).toMatchObject({
      accessKeyId: KEY.accessKeyId,
      region: 'eu-west-1',
      signingName: options.service ?? 'dynamodb',
      form: 'header',
    });
  });

  test('whatever the key and the query are', async () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
    // The signer copies the query by assignment, which loses this one name.
    const queryName = text.filter((name) => name !== '__proto__');
    await fc.assert(
      fc.asyncProperty(text, queryName, text, async (key, name, value) => {
        const path = `/bucket/${key.split('/').map(encodeStrictly).join('/')}`;
        const draft = { method: 'GET', path, query: { [name]: value } };
        expect(await verify(await sign(draft, { service: 's3' }))).toMatchObject({ ok: true });
      }),
      { numRuns: 200 },
    );
  });
});

function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

describe('anything changed after signing is refused', () => {
  test.each<[string, (request: HttpRequest) => HttpRequest]>([
    ['method', (request) => ({ ...request, method: 'PUT' })],
    ['path', (request) => ({ ...request, path: '/other' })],
    ['query', (request) => ({ ...request, query: 'a=b' })],
    [
      'signed header',
      (request) => ({
        ...request,
        headers: { ...request.headers, 'x-amz-target': 'DynamoDB_20120810.DeleteTable' },
      }),
    ],
    ['host', (request) => ({ ...request, headers: { ...request.headers, host: 'other:4566' } })],
    ['body', (request) => ({ ...request, body: bodyOf(Buffer.from('{"TableName":"b"}')) })],
  ])('%s', async (_title, change) => {
    const draft = {
      body: '{"TableName":"a"}',
      headers: { 'x-amz-target': 'DynamoDB_20120810.GetItem' },
    };
    const request = await sign(draft, { applyChecksum: false });
    expect(await verify(change(request))).toMatchObject({
      ok: false,
      code: 'InvalidSignatureException',
      status: 400,
    });
  });
});

describe('refusals in the words of each family', () => {
  const query = {
    body: 'Action=X',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  };
  const json = { body: '{}', headers: { 'x-amz-target': 'DynamoDB_20120810.GetItem' } };

  test('mismatch shows the canonical request', async () => {
    const result = await verify(await sign(query, { service: 'sqs' }), { secret: 'x' });
    expect(result).toMatchObject({ code: 'SignatureDoesNotMatch', status: 403 });
    expect(result.ok ? '' : result.message).toContain(
      "The Canonical String for this request should have been\n'POST\n/\n\ncontent-type:",
    );
  });

  test('mismatch on S3 lists what was computed', async () => {
    const result = await verify(await sign({ method: 'GET', path: '/b/k' }, { service: 's3' }), {
      secret: 'x',
    });
    expect(result).toMatchObject({
      code: 'SignatureDoesNotMatch',
      message:
        'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
      status: 403,
      fields: {
        AWSAccessKeyId: KEY.accessKeyId,
        StringToSign: expect.stringMatching(/^AWS4-HMAC-SHA256\n20260102T030405Z\n/),
        StringToSignBytes: expect.stringMatching(/^41 57 53 34 /),
      },
    });
  });

  // Form of the messages: recorded from DynamoDB, STS and S3 (mhart/dynalite; AWS SigV4 troubleshooting guide).
  test.each<[string, Draft, SignOptions, number, object]>([
    [
      'query, too old',
      query,
      { service: 'sts' },
      NOW_MS + 20 * 60_000,
      {
        code: 'SignatureDoesNotMatch',
        status: 403,
        message:
          'Signature expired: 20260102T030405Z is now earlier than 20260102T030905Z (20260102T032405Z - 15 min.)',
      },
    ],
    [
      'query, too early',
      query,
      { service: 'sts' },
      NOW_MS - 20 * 60_000,
      {
        code: 'SignatureDoesNotMatch',
        status: 403,
        message:
          'Signature not yet current: 20260102T030405Z is still later than 20260102T025905Z (20260102T024405Z + 15 min.)',
      },
    ],
    [
      'json, too old',
      json,
      {},
      NOW_MS + 20 * 60_000,
      { code: 'InvalidSignatureException', status: 400 },
    ],
    [
      'S3, too old',
      { method: 'GET', path: '/b' },
      { service: 's3' },
      NOW_MS + 20 * 60_000,
      {
        code: 'RequestTimeTooSkewed',
        status: 403,
        message: 'The difference between the request time and the current time is too large.',
      },
    ],
  ])('%s', async (_title, draft, options, nowMs, expected) => {
    expect(await verify(await sign(draft, options), { nowMs })).toMatchObject({
      ok: false,
      ...expected,
    });
  });

  test.each([
    [
      'no fields at all',
      'AWS4-HMAC-SHA256 ',
      "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. ",
    ],
    [
      'no signature',
      'AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=host',
      "Authorization header requires 'Signature' parameter. ",
    ],
    [
      'credential of three parts',
      'AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=0',
      "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'a/b/c'",
    ],
    [
      'another terminator',
      'AWS4-HMAC-SHA256 Credential=a/20260102/c/d/aws5_request, SignedHeaders=host, Signature=0',
      "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'.",
    ],
    [
      'another algorithm',
      'AWS5-HMAC Credential=a/20260102/c/d/aws4_request, SignedHeaders=host, Signature=0',
      "Unsupported AWS 'algorithm': 'AWS5-HMAC'",
    ],
  ])('incomplete: %s', async (_title, authorization, message) => {
    const request = await sign(json);
    const result = await verify({ ...request, headers: { ...request.headers, authorization } });
    expect(result).toMatchObject({ ok: false, code: 'IncompleteSignatureException' });
    expect(result.ok ? '' : result.message).toContain(message);
  });

  test('SigV4A is refused by name', async () => {
    const request = await sign(json);
    const authorization =
      'AWS4-ECDSA-P256-SHA256 Credential=AKID/20260102/s3/aws4_request, SignedHeaders=host, Signature=00';
    const result = await verify({ ...request, headers: { ...request.headers, authorization } });
    expect(result).toMatchObject({ ok: false, code: 'NotImplemented', status: 501 });
  });

  test('a token that was not issued, or none where one was', async () => {
    const withToken = await sign(json, { sessionToken: 'other' });
    expect(await verify(withToken, { sessionToken: 'issued' })).toMatchObject({
      code: 'UnrecognizedClientException',
    });
    expect(await verify(withToken)).toMatchObject({ code: 'UnrecognizedClientException' });
    expect(await verify(await sign(json), { sessionToken: 'issued' })).toMatchObject({
      code: 'UnrecognizedClientException',
    });
    const s3 = await sign({ method: 'GET', path: '/b' }, { service: 's3', sessionToken: 'other' });
    expect(await verify(s3, { sessionToken: 'issued' })).toMatchObject({
      code: 'InvalidToken',
      status: 400,
    });
  });

  test('S3 refuses x-amz headers that were added after signing', async () => {
    const request = await sign({ method: 'PUT', path: '/b/k' }, { service: 's3' });
    const result = await verify({
      ...request,
      headers: { ...request.headers, 'x-amz-acl': 'public-read' },
    });
    expect(result).toMatchObject({
      code: 'AccessDenied',
      fields: { HeadersNotSigned: 'x-amz-acl' },
    });
  });
});

describe('presigned URLs', () => {
  function requestOf(url: string, method: string): HttpRequest {
    const { pathname, search, host } = new URL(url);
    return {
      method,
      path: pathname,
      query: search.slice(1),
      headers: { host },
      body: bodyOf(new Uint8Array()),
      sourceIp: '127.0.0.1',
      signal: new AbortController().signal,
    };
  }
  const client = new S3Client({
    region: 'eu-west-1',
    endpoint: 'http://localhost:4566',
    forcePathStyle: true,
    credentials: { ...KEY, sessionToken: 'token' },
  });
  const signingDate = new Date(NOW_MS);

  test('of s3-request-presigner, until they expire', async () => {
    const url = await getSignedUrl(
      client,
      new GetObjectCommand({ Bucket: 'b', Key: "a b/é+'(1).txt" }),
      { expiresIn: 60, signingDate },
    );
    const request = requestOf(url, 'GET');
    expect(identifyCaller(request)).toEqual({
      accessKeyId: KEY.accessKeyId,
      region: 'eu-west-1',
      signingName: 's3',
      sessionToken: 'token',
      form: 'presigned',
    });
    expect(await verify(request, { sessionToken: 'token' })).toMatchObject({
      ok: true,
      material: { payloadHash: 'UNSIGNED-PAYLOAD' },
    });
    expect(await verify(request, { sessionToken: 'token', nowMs: NOW_MS + 60_000 })).toMatchObject({
      ok: true,
    });
    expect(await verify(request, { sessionToken: 'token', nowMs: NOW_MS + 61_000 })).toMatchObject({
      code: 'AccessDenied',
      message: 'Request has expired',
      status: 403,
      fields: {
        'X-Amz-Expires': 60,
        Expires: '2026-01-02T03:05:05Z',
        ServerTime: '2026-01-02T03:05:06Z',
      },
    });
    expect(
      await verify(request, { sessionToken: 'token', nowMs: NOW_MS - 16 * 60_000 }),
    ).toMatchObject({ code: 'AccessDenied', message: 'Request is not yet valid' });
    expect(await verify({ ...request, method: 'DELETE' }, { sessionToken: 'token' })).toMatchObject(
      { code: 'SignatureDoesNotMatch' },
    );
    expect(
      await verify(
        { ...request, query: request.query.replace('X-Amz-Expires=60', 'X-Amz-Expires=600') },
        { sessionToken: 'token' },
      ),
    ).toMatchObject({ code: 'SignatureDoesNotMatch' });
  });

  test('for an upload, with a header that must come along', async () => {
    const url = await getSignedUrl(
      client,
      new PutObjectCommand({ Bucket: 'b', Key: 'k', ContentType: 'image/png' }),
      { expiresIn: 60, signingDate, signableHeaders: new Set(['content-type']) },
    );
    const request = requestOf(url, 'PUT');
    const body = bodyOf(Buffer.from('pixels'));
    const sent = { ...request, body, headers: { ...request.headers, 'content-type': 'image/png' } };
    expect(await verify(sent, { sessionToken: 'token' })).toMatchObject({ ok: true });
    const other = { ...sent, headers: { ...sent.headers, 'content-type': 'text/html' } };
    expect(await verify(other, { sessionToken: 'token' })).toMatchObject({
      code: 'SignatureDoesNotMatch',
    });
  });

  test('of other services, as EKS presigns GetCallerIdentity', async () => {
    const request = await sign(
      { method: 'GET', query: { Action: 'GetCallerIdentity', Version: '2011-06-15' } },
      { service: 'sts', presignSec: 60 },
    );
    expect(await verify(request)).toMatchObject({ ok: true });
    expect(await verify(request, { nowMs: NOW_MS + 120_000 })).toMatchObject({
      code: 'SignatureDoesNotMatch',
      message: expect.stringMatching(/^Signature expired: /),
    });
  });

  test.each([
    [
      'X-Amz-Expires=604801',
      'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds',
    ],
    ['X-Amz-Expires=-1', 'X-Amz-Expires must be non-negative'],
    ['X-Amz-Expires=soon', 'X-Amz-Expires should be a number'],
  ])('%s', async (expires, message) => {
    const url = await getSignedUrl(client, new GetObjectCommand({ Bucket: 'b', Key: 'k' }), {
      expiresIn: 60,
      signingDate,
    });
    const request = requestOf(url.replace('X-Amz-Expires=60', expires), 'GET');
    expect(await verify(request)).toMatchObject({
      code: 'AuthorizationQueryParametersError',
      message,
      status: 400,
    });
  });

  test('expire also where signatures are not verified', async () => {
    const url = await getSignedUrl(client, new GetObjectCommand({ Bucket: 'b', Key: 'k' }), {
      expiresIn: 60,
      signingDate,
    });
    const request = requestOf(url, 'GET');
    expect(checkPresignedTime(request, NOW_MS)).toBeUndefined();
    expect(checkPresignedTime(request, NOW_MS + 61_000)).toMatchObject({
      message: 'Request has expired',
    });
    expect(checkPresignedTime(await sign({}), NOW_MS + 1e9)).toBeUndefined();
  });
});

describe('identifyCaller', () => {
  test.each<[string, Partial<HttpRequest>, object]>([
    ['nobody', {}, { form: 'anonymous' }],
    [
      "a bearer token is the application's",
      { headers: { authorization: 'Bearer abc' } },
      { form: 'anonymous' },
    ],
    [
      'signature version 2 in the head',
      { headers: { authorization: 'AWS AKID:sig=' } },
      { accessKeyId: 'AKID', signingName: 's3', form: 'header' },
    ],
    [
      'signature version 2 in the query',
      { query: 'AWSAccessKeyId=AKID&Signature=a%3D&Expires=1' },
      { accessKeyId: 'AKID', signingName: 's3', form: 'presigned' },
    ],
    [
      'SigV4A',
      {
        headers: {
          authorization:
            'AWS4-ECDSA-P256-SHA256 Credential=AKID/20260102/s3/aws4_request, SignedHeaders=host, Signature=00',
        },
      },
      { accessKeyId: 'AKID', signingName: 's3', form: 'header' },
    ],
    [
      'no spaces between fields',
      {
        headers: {
          authorization:
            'AWS4-HMAC-SHA256 Credential=AKID/20260102/r/s/aws4_request,SignedHeaders=host,Signature=00',
        },
      },
      { accessKeyId: 'AKID', region: 'r', signingName: 's', form: 'header' },
    ],
    [
      'a broken header',
      { headers: { authorization: 'AWS4-HMAC-SHA256 what' } },
      { form: 'header' },
    ],
  ])('%s', async (_title, part, expected) => {
    const request = {
      method: 'GET',
      path: '/',
      query: '',
      headers: {},
      body: bodyOf(new Uint8Array()),
      sourceIp: '',
      signal: new AbortController().signal,
      ...part,
    };
    expect(identifyCaller(request)).toEqual(expected);
  });
});

describe('hostile input', () => {
  test('nothing in a head makes verification throw', async () => {
    const junk = fc.string({ unit: 'binary', maxLength: 60 });
    const auth = fc.oneof(
      junk,
      fc
        .tuple(junk, junk, junk)
        .map(([a, b, c]) => `AWS4-HMAC-SHA256 Credential=${a}, SignedHeaders=${b}, Signature=${c}`),
      fc
        .tuple(junk, junk)
        .map(
          ([a, b]) =>
            `AWS4-HMAC-SHA256 Credential=AKID/20260102/${a}/s3/aws4_request, SignedHeaders=host;${b}, Signature=${'0'.repeat(64)}`,
        ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.option(auth, { nil: undefined }),
        junk,
        junk,
        junk,
        async (authorization, path, query, date) => {
          const headers = {
            host: 'h',
            'x-amz-date': date.length % 2 ? date : '20260102T030405Z',
            ...(authorization === undefined ? {} : { authorization }),
          };
          const request: HttpRequest = {
            method: 'GET',
            path: `/${path}`,
            query:
              date.length % 3
                ? query
                : `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${query}&X-Amz-Date=${date}&X-Amz-Signature=${path}&X-Amz-SignedHeaders=host&X-Amz-Expires=1`,
            headers,
            body: bodyOf(new Uint8Array()),
            sourceIp: '',
            signal: new AbortController().signal,
          };
          identifyCaller(request);
          checkPresignedTime(request, NOW_MS);
          expect((await verify(request)).ok).toBe(false);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['20260102T030405Z', NOW_MS],
    ['20260232T030405Z', undefined],
    ['20260102T250405Z', undefined],
    ['2026-01-02T03:04:05Z', undefined],
    ['', undefined],
  ])('date %j', (text, expected) => {
    expect(parseAmzDate(text)).toBe(expected);
    if (expected !== undefined) expect(formatAmzDate(expected)).toBe(text);
  });
});

describe('canonical forms', () => {
  // Examples of AWS's "Create a signed AWS API request" guide and of the S3 API's SigV4 pages.
  test.each([
    ['/documents%20and%20settings/', '/documents%2520and%2520settings/'],
    ['', '/'],
    ['/a/../..', '/'],
    ['//', '/'],
  ])('path %j', (path, expected) => {
    expect(canonicalPath(path)).toBe(expected);
  });
  test.each([
    ['/my-object//example//photo.user', '/my-object//example//photo.user'],
    ['/a%2fb', '/a%2Fb'],
    ['/%', '/%25'],
    ['/a+b', '/a%2Bb'],
  ])('S3 path %j', (path, expected) => {
    expect(canonicalS3Path(path)).toBe(expected);
  });
  test.each([
    ['acl', 'acl='],
    ['prefix=a b&max-keys=20&marker', 'marker=&max-keys=20&prefix=a%20b'],
    ['b=2&a=1&b=1', 'a=1&b=1&b=2'],
    ['a=%', 'a=%25'],
    ['a=x+y', 'a=x%20y'],
  ])('query %j', (query, expected) => {
    expect(canonicalQuery(query)).toBe(expected);
  });
  test('signing key', () => {
    // https://docs.aws.amazon.com/general/latest/gr/signature-v4-examples.html
    const key = deriveSigningKey('wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', {
      date: '20120215',
      region: 'us-east-1',
      service: 'iam',
    });
    expect(key.toString('hex')).toBe(
      'f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d',
    );
  });
});
