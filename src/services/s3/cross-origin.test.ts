// CORS as a browser meets it: preflights and actual requests over plain HTTP.
// Expected: localstack/localstack, tests/aws/services/s3/test_s3_cors.snapshot.json (recorded against AWS).
import { CreateBucketCommand, PutBucketCorsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { CORSRule } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCloud } from '../../testing/create-cloud.ts';
import type { TestCloud } from '../../testing/create-cloud.ts';

const ORIGIN = 'https://localhost:4200';
const VARY = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method';
let cloud: TestCloud;
let s3: S3Client;
let made = 0;

beforeAll(async () => {
  cloud = await createCloud();
  s3 = cloud.client(S3Client);
});
afterAll(() => cloud.close());

async function bucketWith(...CORSRules: CORSRule[]): Promise<string> {
  const Bucket = `cors-${made++}`;
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'test-cors' }));
  if (CORSRules.length > 0) {
    await s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }));
  }
  return Bucket;
}
const request = (method: string, path: string, headers: Record<string, string>) =>
  rawFetch(`${cloud.endpoint}/${path}`, { method, headers });
// fetch() forbids setting Origin itself only in browsers.
const rawFetch: typeof fetch = (url, init) => fetch(url, init);

describe('preflight', () => {
  it('is answered by the first rule that fits', async () => {
    const bucket = await bucketWith({ AllowedOrigins: [ORIGIN], AllowedMethods: ['GET', 'PUT'], MaxAgeSeconds: 3000 });
    const answer = await request('OPTIONS', `${bucket}/k`, {
      origin: ORIGIN,
      'access-control-request-method': 'PUT',
    });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe('');
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'GET, PUT',
      'access-control-allow-origin': ORIGIN,
      'access-control-max-age': '3000',
      'content-length': '0',
      vary: VARY,
    });
  });

  it('allows headers whatever their case, and exposes some', async () => {
    const bucket = await bucketWith({
      AllowedOrigins: ['*'],
      AllowedMethods: ['GET'],
      AllowedHeaders: ['x-amz-expected-bucket-owner', 'x-AMZ-server-SIDE-encryption'],
      ExposeHeaders: ['x-amz-id-2', 'ETag'],
    });
    const answer = await request('OPTIONS', `${bucket}/k`, {
      origin: ORIGIN,
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'x-amz-EXPECTED-bucket-owner, x-amz-server-side-encryption',
    });
    expect(answer.headers.get('access-control-allow-headers')).toBe(
      'x-amz-expected-bucket-owner, x-amz-server-side-encryption',
    );
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
    expect(answer.headers.get('access-control-expose-headers')).toBe('x-amz-id-2, ETag');
  });

  const refused =
    "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.";
  it.each([
    ['a wrong origin', 'https://evil.example', 'GET', undefined],
    ['a wrong method', ORIGIN, 'DELETE', undefined],
    ['a wrong header', ORIGIN, 'GET', 'x-other'],
  ])('refuses %s', async (_, origin, method, headers) => {
    const bucket = await bucketWith({ AllowedOrigins: [ORIGIN], AllowedMethods: ['GET'] });
    const answer = await request('OPTIONS', `${bucket}/k`, {
      origin,
      'access-control-request-method': method,
      ...(headers === undefined ? {} : { 'access-control-request-headers': headers }),
    });
    expect(answer.status).toBe(403);
    const body = await answer.text();
    expect(body).toContain('<Code>AccessForbidden</Code>');
    expect(body).toContain(`<Message>${refused.replaceAll("'", '&apos;')}</Message>`);
    expect(body).toContain(`<Method>${method}</Method>`);
    expect(body).toContain('<ResourceType>OBJECT</ResourceType>');
  });

  it.each([
    ['', {}, 400, 'Insufficient information. Origin request header needed.'],
    ['', { origin: ORIGIN, 'access-control-request-method': 'PUT' }, 403, 'CORSResponse: CORS is not enabled for this bucket.'],
    ['x', { origin: ORIGIN }, 403, 'CORSResponse: Bucket not found'],
  ])('explains itself (%#)', async (suffix, headers, status, message) => {
    const bucket = await bucketWith();
    const answer = await request('OPTIONS', `${bucket}${suffix}/k`, headers);
    expect(answer.status).toBe(status);
    expect(await answer.text()).toContain(`<Message>${message}</Message>`);
  });

  it('matches one wildcard in an origin', async () => {
    const bucket = await bucketWith({ AllowedOrigins: ['http://*.origin.com'], AllowedMethods: ['GET'] });
    const ask = (origin: string) =>
      request('OPTIONS', bucket, { origin, 'access-control-request-method': 'GET' });
    expect((await ask('http://test.origin.com')).headers.get('access-control-allow-origin')).toBe(
      'http://test.origin.com',
    );
    const no = await ask('http://test.origin.org');
    expect(no.status).toBe(403);
    expect(await no.text()).toContain('<ResourceType>BUCKET</ResourceType>');
  });
});

describe('actual requests', () => {
  it('carry the headers when a rule fits, and work all the same when none does', async () => {
    const bucket = await bucketWith({ AllowedOrigins: [ORIGIN], AllowedMethods: ['GET'], MaxAgeSeconds: 3000 });
    const fits = await request('GET', `${bucket}/k`, { origin: ORIGIN });
    expect(await fits.text()).toBe('test-cors');
    expect(fits.headers.get('access-control-allow-origin')).toBe(ORIGIN);
    expect(fits.headers.get('vary')).toBe(VARY);
    const stranger = await request('GET', `${bucket}/k`, { origin: 'https://other.example' });
    expect(stranger.status).toBe(200);
    expect(stranger.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('let the page read errors too', async () => {
    const bucket = await bucketWith({ AllowedOrigins: ['*'], AllowedMethods: ['GET'] });
    const answer = await request('GET', `${bucket}/absent`, { origin: ORIGIN });
    expect(answer.status).toBe(404);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  });
});

it.each([
  [[], 'MalformedXML'],
  [[{ AllowedOrigins: ['*'], AllowedMethods: ['MYMETHOD'] }], 'InvalidRequest'],
  [[{ AllowedOrigins: ['http://*.a.*'], AllowedMethods: ['GET'] }], 'InvalidRequest'],
])('refuses the configuration %j', async (CORSRules, name) => {
  const Bucket = await bucketWith();
  await expect(
    s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } })),
  ).rejects.toMatchObject({ name });
});
