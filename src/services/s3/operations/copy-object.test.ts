// Copies through the SDK: directives, conditions, versions, the rule against copying onto oneself.
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { CopyObjectCommandInput } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCloud } from '../../../testing/create-cloud.ts';
import type { TestCloud } from '../../../testing/create-cloud.ts';
import { parseCopySource } from './copy-object.ts';

const Bucket = 'copies';
let cloud: TestCloud;
let s3: S3Client;

beforeAll(async () => {
  cloud = await createCloud();
  s3 = cloud.client(S3Client);
  await s3.send(new CreateBucketCommand({ Bucket }));
});
afterAll(() => cloud.close());

const put = (Key: string, Body: string | Buffer, more: object = {}) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const copy = (from: string, Key: string, more: Partial<CopyObjectCommandInput> = {}) =>
  s3.send(new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/${encodeURIComponent(from)}`, ...more }));
const head = (Key: string) => s3.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
const bytes = async (Key: string) =>
  Buffer.from(
    (await (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToByteArray()) ?? [],
  );

it.each([
  ['bucket/key', { bucket: 'bucket', key: 'key', versionId: undefined }],
  ['/bucket/a/b', { bucket: 'bucket', key: 'a/b', versionId: undefined }],
  ['bucket/a%20b%2Fc', { bucket: 'bucket', key: 'a b/c', versionId: undefined }],
  ['bucket/key?versionId=v1', { bucket: 'bucket', key: 'key', versionId: 'v1' }],
  ['bucket/what%3F', { bucket: 'bucket', key: 'what?', versionId: undefined }],
])('reads the source %s', (header, source) => {
  expect(parseCopySource(header)).toEqual(source);
});

describe('directives', () => {
  beforeAll(() => put('source', 'body', { Metadata: { a: '1' }, ContentType: 'text/plain', Tagging: 't=1' }));

  it('copy headers, metadata and tags unless told otherwise', async () => {
    const answer = await copy('source', 'plain');
    expect(answer.CopyObjectResult?.ETag).toBe('"841a2d689ad86bd1611447453c22c6fc"');
    const found = await head('plain');
    expect(found).toMatchObject({ ContentType: 'text/plain', Metadata: { a: '1' }, TagCount: 1 });
    expect(found.ChecksumCRC32).toBe(answer.CopyObjectResult?.ChecksumCRC32);
    expect((await bytes('plain')).toString()).toBe('body');
  });

  it('replace them when told', async () => {
    await copy('source', 'replaced', {
      MetadataDirective: 'REPLACE',
      Metadata: { b: '2' },
      TaggingDirective: 'REPLACE',
      Tagging: 'x=y',
      StorageClass: 'STANDARD_IA',
    });
    const found = await head('replaced');
    expect(found.Metadata).toEqual({ b: '2' });
    expect(found.ContentType).toBe('binary/octet-stream');
    expect(found.StorageClass).toBe('STANDARD_IA');
    const tags = await s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'replaced' }));
    expect(tags.TagSet).toEqual([{ Key: 'x', Value: 'y' }]);
  });

  it('are checked', async () => {
    await expect(copy('source', 'x', { MetadataDirective: 'KEEP' as 'COPY' })).rejects.toMatchObject({
      name: 'InvalidArgument',
      message: 'Unknown metadata directive.',
    });
  });

  it('can change the checksum', async () => {
    const { CopyObjectResult } = await copy('source', 'sha', { ChecksumAlgorithm: 'SHA256' });
    // echo -n body | openssl dgst -sha256 -binary | base64
    expect(CopyObjectResult?.ChecksumSHA256).toBe('Iw2DWNyOiJC0xY3utikS7i8gNXrpKlzIYbmOaP4xrLU=');
  });
});

describe('a copy onto itself', () => {
  beforeAll(() => put('self', 'body'));

  it('is refused when nothing changes', async () => {
    await expect(copy('self', 'self')).rejects.toMatchObject({
      name: 'InvalidRequest',
      message:
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    });
  });

  it.each([
    { MetadataDirective: 'REPLACE' as const, Metadata: { n: '1' } },
    { StorageClass: 'STANDARD_IA' as const },
    { ServerSideEncryption: 'AES256' as const },
  ])('works with %j', async (more) => {
    await copy('self', 'self', more);
    expect((await bytes('self')).toString()).toBe('body');
  });
});

it('shares the bytes of large objects, and keeps them as long as one of the two lives', async () => {
  const large = Buffer.alloc(200_000, 'xyz');
  await put('large', large);
  await copy('large', 'twin');
  await copy('twin', 'twin', { MetadataDirective: 'REPLACE' });
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'large' }));
  await cloud.clock.advance('1h');
  expect((await bytes('twin')).equals(large)).toBe(true);
});

// localstack/localstack, test_s3_preconditions.snapshot.json (recorded against AWS)
describe('conditions on the source', () => {
  let etag = '';
  beforeAll(async () => {
    etag = (await put('conditional', 'x')).ETag ?? '';
    await cloud.clock.advance('1h');
  });
  const now = () => cloud.clock.now();

  it.each([
    [() => ({ CopySourceIfMatch: '"other"' }), 'x-amz-copy-source-If-Match'],
    [() => ({ CopySourceIfNoneMatch: etag }), 'x-amz-copy-source-If-None-Match'],
    [() => ({ CopySourceIfNoneMatch: etag.replaceAll('"', '') }), 'x-amz-copy-source-If-None-Match'],
    [() => ({ CopySourceIfUnmodifiedSince: new Date(0) }), 'x-amz-copy-source-If-Unmodified-Since'],
    [() => ({ CopySourceIfModifiedSince: new Date(now().getTime() - 60_000) }), 'x-amz-copy-source-If-Modified-Since'],
  ])('%# fail as %s', async (conditions, Condition) => {
    await expect(copy('conditional', 'x', conditions())).rejects.toMatchObject({
      name: 'PreconditionFailed',
      Condition,
      $metadata: { httpStatusCode: 412 },
    });
  });

  it('ignore a date in the future', async () => {
    await copy('conditional', 'x', { CopySourceIfModifiedSince: new Date(now().getTime() + 3_600_000) });
  });
});

describe('versions', () => {
  it('are copied by id, and name themselves', async () => {
    const versioned = 'copies-versioned';
    await s3.send(new CreateBucketCommand({ Bucket: versioned }));
    await s3.send(
      new PutBucketVersioningCommand({ Bucket: versioned, VersioningConfiguration: { Status: 'Enabled' } }),
    );
    const old = await s3.send(new PutObjectCommand({ Bucket: versioned, Key: 'k', Body: 'old' }));
    await s3.send(new PutObjectCommand({ Bucket: versioned, Key: 'k', Body: 'new' }));
    const restored = await s3.send(
      new CopyObjectCommand({
        Bucket: versioned,
        Key: 'k',
        CopySource: `${versioned}/k?versionId=${old.VersionId}`,
      }),
    );
    expect(restored.CopySourceVersionId).toBe(old.VersionId);
    expect(restored.VersionId).not.toBe(old.VersionId);
    const found = await s3.send(new GetObjectCommand({ Bucket: versioned, Key: 'k' }));
    expect(await found.Body?.transformToString()).toBe('old');
    const marker = await s3.send(new DeleteObjectCommand({ Bucket: versioned, Key: 'k' }));
    await expect(
      s3.send(
        new CopyObjectCommand({ Bucket, Key: 'x', CopySource: `${versioned}/k?versionId=${marker.VersionId}` }),
      ),
    ).rejects.toMatchObject({
      name: 'InvalidRequest',
      message: 'The source of a copy request may not specifically refer to a delete marker by version id.',
    });
  });
});

it.each([
  ['nowhere/k', 'NoSuchBucket'],
  [`${Bucket}/absent`, 'NoSuchKey'],
  ['no-slash', 'InvalidArgument'],
])('refuses the source %s', async (CopySource, name) => {
  await expect(s3.send(new CopyObjectCommand({ Bucket, Key: 'x', CopySource }))).rejects.toMatchObject({ name });
});
