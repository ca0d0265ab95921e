// Presigned URLs, as a browser or curl would use them.
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createCloud } from '../../testing/create-cloud.ts';
import type { TestCloud } from '../../testing/create-cloud.ts';

const Bucket = 'presigned';
let cloud: TestCloud;
let s3: S3Client;

beforeAll(async () => {
  cloud = await createCloud({ clock: 'system' });
  s3 = cloud.client(S3Client);
  await s3.send(new CreateBucketCommand({ Bucket }));
});
afterAll(() => cloud.close());

it('puts and gets', async () => {
  const key = { Bucket, Key: 'dir/a b+c.txt' };
  const putUrl = await getSignedUrl(s3, new PutObjectCommand({ ...key, ContentType: 'text/plain' }));
  const put = await fetch(putUrl, { method: 'PUT', body: 'by url', headers: { 'content-type': 'text/plain' } });
  expect(put.status, await put.text()).toBe(200);
  const getUrl = await getSignedUrl(s3, new GetObjectCommand({ ...key, ResponseContentDisposition: 'attachment; filename="x.txt"' }));
  const got = await fetch(getUrl);
  expect(await got.text()).toBe('by url');
  expect(got.headers.get('content-type')).toBe('text/plain');
  expect(got.headers.get('content-disposition')).toBe('attachment; filename="x.txt"');
});

// The presigner moves x-amz-* headers into the query; S3 takes them from there.
it('honours headers that moved into the query', async () => {
  const Key = 'described';
  const url = await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key, Metadata: { colour: 'blue' }, Tagging: 'a=b', StorageClass: 'STANDARD_IA' }));
  const answer = await fetch(url, { method: 'PUT', body: 'x' });
  expect(answer.status, await answer.text()).toBe(200);
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key }));
  expect(head.Metadata).toEqual({ colour: 'blue' });
  expect(head.StorageClass).toBe('STANDARD_IA');
});

it('may be read by parts and conditions', async () => {
  await s3.send(new PutObjectCommand({ Bucket, Key: 'digits', Body: '0123456789' }));
  const url = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key: 'digits' }));
  const part = await fetch(url, { headers: { range: 'bytes=2-4' } });
  expect([part.status, await part.text()]).toEqual([206, '234']);
  const same = await fetch(url, { headers: { 'if-none-match': '"781e5e245d69b566979b86e28d23f2c7"' } });
  expect(same.status).toBe(304);
  expect(same.headers.get('etag')).toBe('"781e5e245d69b566979b86e28d23f2c7"');
});
