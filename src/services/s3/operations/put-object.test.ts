// Objects through the SDK: bytes, headers, checksums, conditions, ranges.
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { PutObjectCommandInput } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCloud } from '../../../testing/create-cloud.ts';
import type { TestCloud } from '../../../testing/create-cloud.ts';

const Bucket = 'objects';
let cloud: TestCloud;
let s3: S3Client;

beforeAll(async () => {
  cloud = await createCloud();
  s3 = cloud.client(S3Client);
  await s3.send(new CreateBucketCommand({ Bucket }));
});
afterAll(() => cloud.close());

const put = (Key: string, Body: PutObjectCommandInput['Body'], more: object = {}) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body: Body as string, ...more }));
const get = (Key: string, more: object = {}) =>
  s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
const text = async (Key: string, more: object = {}) =>
  (await get(Key, more)).Body?.transformToString();

describe('a small object', () => {
  // ETag and CRC-32 as AWS answered: localstack/localstack, test_s3_api.snapshot.json, test_delete_object.
  it('answers with tag, checksum and encryption', async () => {
    expect(await put('small', 'test-delete')).toMatchObject({
      ETag: '"a9a43d6b467d3dc6514412c3a4987415"',
      ChecksumCRC32: '1jy6qw==',
      ChecksumType: 'FULL_OBJECT',
      ServerSideEncryption: 'AES256',
    });
  });

  it('reads back with its headers', async () => {
    await put('described', 'x', {
      ContentType: 'text/plain',
      CacheControl: 'max-age=60',
      ContentDisposition: 'attachment',
      ContentEncoding: 'identity',
      ContentLanguage: 'de',
      Expires: new Date('2030-01-01T00:00:00Z'),
      Metadata: { Colour: 'blue', city: 'Zürich' },
      Tagging: 'a=1&b=2',
    });
    const found = await get('described');
    expect(found).toMatchObject({
      AcceptRanges: 'bytes',
      ContentLength: 1,
      ContentType: 'text/plain',
      CacheControl: 'max-age=60',
      ContentDisposition: 'attachment',
      ContentEncoding: 'identity',
      ContentLanguage: 'de',
      ExpiresString: 'Tue, 01 Jan 2030 00:00:00 GMT',
      TagCount: 2,
    });
    expect(found.Metadata).toEqual({ colour: 'blue', city: '=?UTF-8?B?WsO8cmljaA==?=' });
    expect(found.VersionId).toBeUndefined();
  });

  it('is binary/octet-stream when nobody says otherwise', async () => {
    await put('untyped', Buffer.from([0, 255]));
    expect((await get('untyped')).ContentType).toBe('application/octet-stream');
    const answer = await fetch(`${cloud.endpoint}/${Bucket}/bare`, { method: 'PUT', body: new Uint8Array(1) });
    expect(answer.status).toBe(200);
    expect((await get('bare')).ContentType).toBe('binary/octet-stream');
    // AWS: without a checksum of the client's, CRC-64/NVME. test_s3_cors.snapshot.json, put-op.
    expect(answer.headers.get('x-amz-checksum-type')).toBe('FULL_OBJECT');
    expect(answer.headers.get('x-amz-checksum-crc64nvme')).toBeTruthy();
  });

  it('keeps response overrides to that response', async () => {
    await put('over', 'x', { ContentType: 'text/plain' });
    const over = await get('over', { ResponseContentType: 'text/html', ResponseCacheControl: 'no-store' });
    expect([over.ContentType, over.CacheControl]).toEqual(['text/html', 'no-store']);
    expect((await get('over')).ContentType).toBe('text/plain');
  });

  it('may be empty', async () => {
    expect((await put('empty', '')).ETag).toBe('"d41d8cd98f00b204e9800998ecf8427e"');
    expect(await text('empty')).toBe('');
  });

  it('takes any key', async () => {
    for (const key of ['a b', 'ü/ö', 'a+b', 'a%20b', "it's (1).txt", 'x//y', '../up', '😀']) {
      await put(key, key);
      expect(await text(key)).toBe(key);
    }
  });
});

describe('large objects', () => {
  const large = Buffer.alloc(300_000, 'abcdefghij');

  it('stream in and out', async () => {
    async function* chunks() {
      for (let at = 0; at < large.length; at += 50_000) yield large.subarray(at, at + 50_000);
    }
    const { Readable } = await import('node:stream');
    await put('streamed', Readable.from(chunks()), { ContentLength: large.length });
    const found = await get('streamed');
    expect(found.ContentLength).toBe(large.length);
    expect(Buffer.from((await found.Body?.transformToByteArray()) ?? []).equals(large)).toBe(true);
  });

  it('are read in ranges', async () => {
    await put('ranged', large);
    const found = await get('ranged', { Range: 'bytes=99995-100004' });
    expect(found.ContentRange).toBe('bytes 99995-100004/300000');
    expect(await found.Body?.transformToString()).toBe('fghijabcde');
  });

  it.each([10_000, 1_000_000])('leave nothing when the client goes away in the middle of %d bytes', async (length) => {
    const { connect } = await import('node:net');
    const { hostname, port } = new URL(cloud.endpoint);
    const socket = connect(Number(port), hostname);
    socket.write(`PUT /${Bucket}/gone HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`);
    socket.write('x'.repeat(length - 1));
    await get('nothing').catch(() => undefined);
    socket.destroy();
    await cloud.settle();
    await expect(get('gone')).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  it('stay whole for a reader while they are overwritten, and go afterwards', async () => {
    await put('contended', large);
    const reader = await get('contended');
    await put('contended', 'new');
    await cloud.clock.advance('10m');
    const bytes = Buffer.from((await reader.Body?.transformToByteArray()) ?? []);
    expect(bytes.equals(large)).toBe(true);
    expect(await text('contended')).toBe('new');
  });
});

// localstack/localstack, test_s3_api.snapshot.json, test_get_object_range (recorded against AWS)
describe('ranges of 0123456789', () => {
  beforeAll(() => put('digits', '0123456789'));
  it.each([
    ['bytes=0-8', 206, '012345678', 'bytes 0-8/10'],
    ['bytes=1-1', 206, '1', 'bytes 1-1/10'],
    ['bytes=1-0', 200, '0123456789', undefined],
    ['bytes=1-', 206, '123456789', 'bytes 1-9/10'],
    ['bytes=-2', 206, '89', 'bytes 8-9/10'],
    ['bytes=-15', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=0-100', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=0--1', 200, '0123456789', undefined],
    ['bytes=0-1,3-4', 200, '0123456789', undefined],
    ['0-1', 200, '0123456789', undefined],
    ['bytes=-', 200, '0123456789', undefined],
  ])('%s', async (Range, status, body, contentRange) => {
    const found = await get('digits', { Range });
    expect(found.$metadata.httpStatusCode).toBe(status);
    expect(found.ContentRange).toBe(contentRange);
    expect(found.ContentLength).toBe(body.length);
    expect(await found.Body?.transformToString()).toBe(body);
  });

  it.each(['bytes=-0', 'bytes=100-200'])('%s is not satisfiable', async (Range) => {
    await expect(get('digits', { Range })).rejects.toMatchObject({
      name: 'InvalidRange',
      message: 'The requested range is not satisfiable',
      ActualObjectSize: '10',
      RangeRequested: Range,
      $metadata: { httpStatusCode: 416 },
    });
  });
});

describe('integrity', () => {
  it.each([
    [{ ContentMD5: 'AAAAAAAAAAAAAAAAAAAAAA==' }, 'BadDigest', 'The Content-MD5 you specified did not match what we received.'],
    [{ ContentMD5: 'short' }, 'InvalidDigest', 'The Content-MD5 you specified was invalid.'],
    [{ ChecksumCRC32: 'AAAAAA==' }, 'BadDigest', 'The CRC32 you specified did not match the calculated checksum.'],
    [{ ChecksumSHA256: 'AAAA' }, 'InvalidRequest', 'Value for x-amz-checksum-sha256 header is invalid.'],
  ])('%j → %s', async (members, name, message) => {
    await expect(put('refused', 'body', members)).rejects.toMatchObject({ name, message });
    await expect(get('refused')).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  it.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)('%s is kept', async (algorithm) => {
    const written = await put(`sum-${algorithm}`, 'Hello', { ChecksumAlgorithm: algorithm });
    const value = written[`Checksum${algorithm}`];
    expect(value).toBeTruthy();
    const head = await s3.send(
      new HeadObjectCommand({ Bucket, Key: `sum-${algorithm}`, ChecksumMode: 'ENABLED' }),
    );
    expect(head[`Checksum${algorithm}`]).toBe(value);
    const attributes = await s3.send(
      new GetObjectAttributesCommand({
        Bucket,
        Key: `sum-${algorithm}`,
        ObjectAttributes: ['Checksum', 'ETag', 'ObjectSize', 'StorageClass'],
      }),
    );
    expect(attributes).toMatchObject({
      ETag: '8b1a9953c4611296a827abf8c47804d7',
      ObjectSize: 5,
      StorageClass: 'STANDARD',
      Checksum: { [`Checksum${algorithm}`]: value, ChecksumType: 'FULL_OBJECT' },
    });
  });
});

describe('conditional reads', () => {
  let etag = '';
  beforeAll(async () => {
    etag = (await put('conditional', 'x')).ETag ?? '';
  });
  const past = new Date('2000-01-01');
  const later = () => new Date(cloud.clock.now().getTime() - 1000);

  it('match or fail by tag', async () => {
    await get('conditional', { IfMatch: etag });
    await get('conditional', { IfNoneMatch: '"other"' });
    await expect(get('conditional', { IfMatch: '"other"' })).rejects.toMatchObject({
      name: 'PreconditionFailed',
      Condition: 'If-Match',
      $metadata: { httpStatusCode: 412 },
    });
    await expect(get('conditional', { IfNoneMatch: etag })).rejects.toMatchObject({
      $metadata: { httpStatusCode: 304 },
    });
  });

  it('match or fail by date', async () => {
    await cloud.clock.advance('1h');
    await get('conditional', { IfModifiedSince: past });
    await expect(get('conditional', { IfModifiedSince: later() })).rejects.toMatchObject({
      $metadata: { httpStatusCode: 304 },
    });
    await expect(get('conditional', { IfUnmodifiedSince: past })).rejects.toMatchObject({
      name: 'PreconditionFailed',
      Condition: 'If-Unmodified-Since',
    });
  });

  // S3 API reference, GetObject: "Additional considerations about request headers".
  it('let a tag win over a date', async () => {
    await get('conditional', { IfMatch: etag, IfUnmodifiedSince: past });
    await expect(
      get('conditional', { IfNoneMatch: etag, IfModifiedSince: past }),
    ).rejects.toMatchObject({ $metadata: { httpStatusCode: 304 } });
  });
});

// localstack/localstack, test_s3_api.snapshot.json, TestS3ObjectWritePrecondition (recorded against AWS)
describe('conditional writes', () => {
  it('refuse to overwrite', async () => {
    await put('once', 'a', { IfNoneMatch: '*' });
    await expect(put('once', 'b', { IfNoneMatch: '*' })).rejects.toMatchObject({
      name: 'PreconditionFailed',
      Condition: 'If-None-Match',
      message: 'At least one of the pre-conditions you specified did not hold',
    });
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'once' }));
    await put('once', 'c', { IfNoneMatch: '*' });
    expect(await text('once')).toBe('c');
  });

  it('overwrite only what is known', async () => {
    const { ETag } = await put('known', 'a');
    await expect(put('known', 'b', { IfMatch: '"other"' })).rejects.toMatchObject({
      name: 'PreconditionFailed',
      Condition: 'If-Match',
    });
    await put('known', 'c', { IfMatch: ETag });
    await expect(put('absent', 'd', { IfMatch: ETag })).rejects.toMatchObject({
      name: 'NoSuchKey',
      Key: 'absent',
    });
  });

  it.each([
    [{ IfMatch: '*' }, 'If-Match', "We don't accept the provided value of If-Match header for this API"],
    [{ IfNoneMatch: 'x' }, 'If-None-Match', "We don't accept the provided value of If-None-Match header for this API"],
    [{ IfMatch: 'a', IfNoneMatch: '*' }, 'If-Match,If-None-Match', 'Multiple conditional request headers present in the request'],
  ])('%j is not taken', async (members, Header, additionalMessage) => {
    await expect(put('syntax', 'x', members)).rejects.toMatchObject({
      name: 'NotImplemented',
      Header,
      additionalMessage,
      $metadata: { httpStatusCode: 501 },
    });
  });

  it('let one of many writers win', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, (_, n) => put('race', `writer ${n}`, { IfNoneMatch: '*' })),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

describe('refusals', () => {
  it('of a missing bucket and key', async () => {
    await expect(
      s3.send(new GetObjectCommand({ Bucket: 'nowhere', Key: 'k' })),
    ).rejects.toMatchObject({
      name: 'NoSuchBucket',
      message: 'The specified bucket does not exist',
      BucketName: 'nowhere',
      $metadata: { httpStatusCode: 404 },
    });
    await expect(get('nothing')).rejects.toMatchObject({
      name: 'NoSuchKey',
      message: 'The specified key does not exist.',
      Key: 'nothing',
    });
    await expect(
      s3.send(new HeadObjectCommand({ Bucket, Key: 'nothing' })),
    ).rejects.toMatchObject({ name: 'NotFound', $metadata: { httpStatusCode: 404 } });
  });

  it.each([
    ['k'.repeat(1025), {}, 'KeyTooLongError', 'Your key is too long'],
    ['k', { Metadata: { big: 'v'.repeat(2048) } }, 'MetadataTooLarge', 'Your metadata headers exceed the maximum allowed metadata size'],
    ['k', { StorageClass: 'COLD' }, 'InvalidStorageClass', 'The storage class you specified is not valid'],
    ['k', { ACL: 'public-read' }, 'AccessControlListNotSupported', 'The bucket does not allow ACLs'],
    ['k', { ServerSideEncryption: 'aws:kms' }, 'NotImplemented', 'A header you provided implies functionality that is not implemented'],
    ['k', { ObjectLockLegalHoldStatus: 'ON' }, 'InvalidRequest', 'Bucket is missing Object Lock Configuration'],
  ])('of %.10s with %j', async (key, members, name, message) => {
    await expect(put(key, 'x', members)).rejects.toMatchObject({ name, message });
  });

  it('of reading an archived object', async () => {
    await put('archived', 'x', { StorageClass: 'GLACIER' });
    await expect(get('archived')).rejects.toMatchObject({
      name: 'InvalidObjectState',
      StorageClass: 'GLACIER',
      $metadata: { httpStatusCode: 403 },
    });
  });
});
