// Multipart uploads through the SDK: parts, completion, checksums, aborts, listings.
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import type { CompletedPart } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCloud } from '../../../testing/create-cloud.ts';
import type { TestCloud } from '../../../testing/create-cloud.ts';
import { checksumOf } from '../checksums.ts';

const Bucket = 'multipart';
const MIB = 1024 * 1024;
const FIVE_MIB = Buffer.alloc(5 * MIB, 'first part ');
const TAIL = Buffer.from('the last part may be small');
let cloud: TestCloud;
let s3: S3Client;

beforeAll(async () => {
  cloud = await createCloud();
  s3 = cloud.client(S3Client);
  await s3.send(new CreateBucketCommand({ Bucket }));
});
afterAll(() => cloud.close());

async function begin(Key: string, more: object = {}): Promise<{ Bucket: string; Key: string; UploadId: string }> {
  const { UploadId = '' } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }));
  return { Bucket, Key, UploadId };
}
type Handle = Awaited<ReturnType<typeof begin>>;

async function part(upload: Handle, PartNumber: number, Body: Buffer, more: object = {}): Promise<CompletedPart> {
  const { $metadata: _, ...answer } = await s3.send(
    new UploadPartCommand({ ...upload, PartNumber, Body, ...more }),
  );
  const { ETag, ChecksumCRC32, ChecksumSHA256, ChecksumCRC64NVME } = answer;
  return { PartNumber, ETag, ChecksumCRC32, ChecksumSHA256, ChecksumCRC64NVME };
}
const complete = (upload: Handle, Parts: CompletedPart[], more: object = {}) =>
  s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts }, ...more }));
const md5 = (bytes: Buffer) => createHash('md5').update(bytes).digest();
const read = async (Key: string, more: object = {}) => {
  const found = await s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
  return { found, body: Buffer.from((await found.Body?.transformToByteArray()) ?? []) };
};

it('puts parts together', async () => {
  const upload = await begin('two', { ContentType: 'text/plain', Metadata: { m: '1' } });
  const tail = await part(upload, 7, TAIL);
  const first = await part(upload, 2, FIVE_MIB);
  const done = await complete(upload, [first, tail]);
  // S3 user guide: the MD5 of the concatenated MD5s of the parts, a dash, and their number.
  const etag = `"${createHash('md5').update(Buffer.concat([md5(FIVE_MIB), md5(TAIL)])).digest('hex')}-2"`;
  expect(done).toMatchObject({ ETag: etag, Bucket, Key: 'two' });
  const { found, body } = await read('two');
  expect(found).toMatchObject({ ETag: etag, ContentType: 'text/plain', Metadata: { m: '1' } });
  expect(body.equals(Buffer.concat([FIVE_MIB, TAIL]))).toBe(true);
  await expect(complete(upload, [first, tail])).rejects.toMatchObject({ name: 'NoSuchUpload' });
});

describe('the finished object', () => {
  beforeAll(async () => {
    const upload = await begin('parts');
    await complete(upload, [await part(upload, 1, FIVE_MIB), await part(upload, 2, TAIL)]);
  });

  it('is read across and by parts', async () => {
    const across = await read('parts', { Range: `bytes=${5 * MIB - 3}-${5 * MIB + 2}` });
    expect(across.body).toEqual(Buffer.concat([FIVE_MIB.subarray(-3), TAIL.subarray(0, 3)]));
    const second = await read('parts', { PartNumber: 2 });
    expect(second.body).toEqual(TAIL);
    expect(second.found).toMatchObject({ PartsCount: 2, ContentLength: TAIL.length });
    await expect(read('parts', { PartNumber: 3 })).rejects.toMatchObject({
      name: 'InvalidPartNumber',
      $metadata: { httpStatusCode: 416 },
    });
  });

  it('keeps its bytes when the upload is long gone', async () => {
    await cloud.clock.advance('2d');
    expect((await read('parts')).body).toHaveLength(5 * MIB + TAIL.length);
  });
});

describe('completion refuses', () => {
  const refusal = (name: string) => ({ name, $metadata: { httpStatusCode: 400 } });

  it('parts that are too small, but for the last', async () => {
    const upload = await begin('small');
    const parts = [await part(upload, 1, TAIL), await part(upload, 2, TAIL)];
    await expect(complete(upload, parts)).rejects.toMatchObject({
      ...refusal('EntityTooSmall'),
      message: 'Your proposed upload is smaller than the minimum allowed size',
      PartNumber: '1',
      MinSizeAllowed: '5242880',
      ProposedSize: String(TAIL.length),
    });
  });

  it('parts out of order, unknown, or with another tag', async () => {
    const upload = await begin('wrong');
    const one = await part(upload, 1, FIVE_MIB);
    const two = await part(upload, 2, TAIL);
    await expect(complete(upload, [two, one])).rejects.toMatchObject(refusal('InvalidPartOrder'));
    await expect(complete(upload, [{ ...one, PartNumber: 3 }])).rejects.toMatchObject({
      ...refusal('InvalidPart'),
      PartNumber: '3',
    });
    await expect(complete(upload, [{ PartNumber: 1, ETag: '"0"' }])).rejects.toMatchObject(
      refusal('InvalidPart'),
    );
    await expect(complete(upload, [])).rejects.toMatchObject(refusal('MalformedXML'));
  });

  it('a number that is none', async () => {
    const upload = await begin('numbers');
    await expect(part(upload, 10_001, TAIL)).rejects.toMatchObject({
      name: 'InvalidArgument',
      message: 'Part number must be an integer between 1 and 10000, inclusive',
    });
  });
});

it('replaces a part uploaded again', async () => {
  const upload = await begin('again');
  const old = await part(upload, 1, TAIL);
  const now = await part(upload, 1, Buffer.from('other'));
  await expect(complete(upload, [old])).rejects.toMatchObject({ name: 'InvalidPart' });
  await complete(upload, [now]);
  expect((await read('again')).body.toString()).toBe('other');
});

describe('checksums', () => {
  it('are full-object CRC-64/NVME when nobody asked for any', async () => {
    const plain = cloud.client(S3Client);
    plain.config.requestChecksumCalculation = async () => 'WHEN_REQUIRED';
    const { UploadId = '' } = await plain.send(new CreateMultipartUploadCommand({ Bucket, Key: 'crc64' }));
    const handle = { Bucket, Key: 'crc64', UploadId };
    const parts: CompletedPart[] = [];
    for (const [at, Body] of [FIVE_MIB, TAIL].entries()) {
      const { ETag } = await plain.send(new UploadPartCommand({ ...handle, PartNumber: at + 1, Body }));
      parts.push({ PartNumber: at + 1, ETag });
    }
    const done = await complete(handle, parts);
    expect(done.ChecksumType).toBe('FULL_OBJECT');
    expect(done.ChecksumCRC64NVME).toBe(checksumOf('CRC64NVME', Buffer.concat([FIVE_MIB, TAIL])));
  });

  it('are composite for SHA-256', async () => {
    const upload = await begin('sha', { ChecksumAlgorithm: 'SHA256' });
    const more = { ChecksumAlgorithm: 'SHA256' };
    const parts = [await part(upload, 1, FIVE_MIB, more), await part(upload, 2, TAIL, more)];
    const sha = (bytes: Buffer) => createHash('sha256').update(bytes).digest();
    const composite = `${sha(Buffer.concat([sha(FIVE_MIB), sha(TAIL)])).toString('base64')}-2`;
    const done = await complete(upload, parts);
    expect(done).toMatchObject({ ChecksumSHA256: composite, ChecksumType: 'COMPOSITE' });
    const attributes = await s3.send(
      new GetObjectAttributesCommand({ Bucket, Key: 'sha', ObjectAttributes: ['ObjectParts', 'Checksum'] }),
    );
    expect(attributes.ObjectParts).toMatchObject({
      TotalPartsCount: 2,
      Parts: [
        { PartNumber: 1, Size: 5 * MIB, ChecksumSHA256: sha(FIVE_MIB).toString('base64') },
        { PartNumber: 2, Size: TAIL.length },
      ],
    });
  });

  it('may be full-object CRC-32, checked on completion', async () => {
    const upload = await begin('crc32', { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' });
    const parts = [await part(upload, 1, FIVE_MIB), await part(upload, 2, TAIL)];
    const ChecksumCRC32 = checksumOf('CRC32', Buffer.concat([FIVE_MIB, TAIL]));
    await expect(complete(upload, parts, { ChecksumCRC32: 'AAAAAA==' })).rejects.toMatchObject({
      name: 'BadDigest',
    });
    expect(await complete(upload, parts, { ChecksumCRC32 })).toMatchObject({
      ChecksumCRC32,
      ChecksumType: 'FULL_OBJECT',
    });
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'crc32', ChecksumMode: 'ENABLED' }));
    expect(head.ChecksumCRC32).toBe(ChecksumCRC32);
  });

  it.each([
    [{ ChecksumAlgorithm: 'SHA256', ChecksumType: 'FULL_OBJECT' }, 'The FULL_OBJECT checksum type cannot be used with the sha256 checksum algorithm.'],
    [{ ChecksumAlgorithm: 'CRC64NVME', ChecksumType: 'COMPOSITE' }, 'The COMPOSITE checksum type cannot be used with the crc64nvme checksum algorithm.'],
  ])('%j is impossible', async (members, message) => {
    await expect(begin('impossible', members)).rejects.toMatchObject({ name: 'InvalidRequest', message });
  });
});

it('aborts', async () => {
  const upload = await begin('aborted');
  const one = await part(upload, 1, FIVE_MIB);
  await s3.send(new AbortMultipartUploadCommand(upload));
  await expect(complete(upload, [one])).rejects.toMatchObject({ name: 'NoSuchUpload', UploadId: upload.UploadId });
  await expect(s3.send(new AbortMultipartUploadCommand(upload))).rejects.toMatchObject({
    name: 'NoSuchUpload',
    message:
      'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
  });
});

describe('listings', () => {
  const Listed = 'multipart-listed';
  const made: string[] = [];
  beforeAll(async () => {
    await s3.send(new CreateBucketCommand({ Bucket: Listed }));
    for (const Key of ['b', 'a', 'a', 'dir/x', 'a']) {
      const { UploadId = '' } = await s3.send(new CreateMultipartUploadCommand({ Bucket: Listed, Key }));
      made.push(`${Key} ${UploadId}`);
    }
  });

  it('show uploads by key, then by age', async () => {
    const page = await s3.send(new ListMultipartUploadsCommand({ Bucket: Listed }));
    const found = page.Uploads?.map(({ Key, UploadId }) => `${Key} ${UploadId}`);
    expect(found).toEqual([made[1], made[2], made[4], made[0], made[3]]);
    const folded = await s3.send(new ListMultipartUploadsCommand({ Bucket: Listed, Delimiter: '/' }));
    expect(folded.CommonPrefixes).toEqual([{ Prefix: 'dir/' }]);
  });

  it('go on in the middle of a key', async () => {
    const seen: string[] = [];
    let more = {};
    for (let pages = 0; pages < 10; pages++) {
      const page = await s3.send(new ListMultipartUploadsCommand({ Bucket: Listed, MaxUploads: 2, ...more }));
      seen.push(...(page.Uploads ?? []).map(({ Key, UploadId }) => `${Key} ${UploadId}`));
      if (page.IsTruncated !== true) break;
      more = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
    }
    expect(seen).toHaveLength(5);
    expect(new Set(seen).size).toBe(5);
  });

  it('show parts page by page', async () => {
    const upload = await begin('listed');
    for (const number of [1, 2, 5]) await part(upload, number, TAIL);
    const page = await s3.send(new ListPartsCommand({ ...upload, MaxParts: 2 }));
    expect(page).toMatchObject({ IsTruncated: true, NextPartNumberMarker: '2', MaxParts: 2 });
    expect(page.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
      [1, TAIL.length],
      [2, TAIL.length],
    ]);
    const rest = await s3.send(new ListPartsCommand({ ...upload, PartNumberMarker: page.NextPartNumberMarker }));
    expect(rest.Parts?.map(({ PartNumber }) => PartNumber)).toEqual([5]);
  });
});

// localstack/localstack, test_s3_api.snapshot.json, test_upload_part_copy_range (recorded against AWS)
describe('UploadPartCopy', () => {
  const CopySource = `${Bucket}/digits`;
  let upload: Handle;
  beforeAll(async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: 'digits', Body: '0123456789' }));
    upload = await begin('copied');
  });
  const copyPart = (CopySourceRange?: string) =>
    s3.send(new UploadPartCopyCommand({ ...upload, PartNumber: 1, CopySource, CopySourceRange }));

  it('takes the whole or a range', async () => {
    expect((await copyPart()).CopyPartResult?.ETag).toBe('"781e5e245d69b566979b86e28d23f2c7"');
    const { CopyPartResult } = await copyPart('bytes=2-4');
    await complete(upload, [{ PartNumber: 1, ETag: CopyPartResult?.ETag }]);
    expect((await read('copied')).body.toString()).toBe('234');
    upload = await begin('copied');
  });

  const form =
    'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy';
  it.each([
    ['0-8', 'InvalidArgument', form],
    ['bytes=1-0', 'InvalidArgument', form],
    ['bytes=-2', 'InvalidArgument', form],
    ['bytes=1-', 'InvalidArgument', form],
    ['bytes=0-1,3-4', 'InvalidArgument', form],
    ['bytes=0-100', 'InvalidArgument', 'Range specified is not valid for source object of size: 10'],
    ['bytes=100-200', 'InvalidRequest', 'The specified copy range is invalid for the source object size'],
  ])('refuses %s', async (range, name, message) => {
    await expect(copyPart(range)).rejects.toMatchObject({ name, message });
  });
});

// localstack/localstack, test_s3_api.snapshot.json, test_multipart_if_(none_)match_with_* (AWS)
describe('conditional completion', () => {
  const etagOf = async (Key: string, Body: string) =>
    (await s3.send(new PutObjectCommand({ Bucket, Key, Body }))).ETag ?? '';

  it('conflicts with a delete since the upload began', async () => {
    await etagOf('if-none', 'x');
    const upload = await begin('if-none');
    const parts = [await part(upload, 1, TAIL)];
    await expect(complete(upload, parts, { IfNoneMatch: '*' })).rejects.toMatchObject({
      name: 'PreconditionFailed',
      Condition: 'If-None-Match',
    });
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'if-none' }));
    await expect(complete(upload, parts, { IfNoneMatch: '*' })).rejects.toMatchObject({
      name: 'ConditionalRequestConflict',
      Condition: 'If-None-Match',
      Key: 'if-none',
      $metadata: { httpStatusCode: 409 },
    });
  });

  it('conflicts with a write since the upload began', async () => {
    const before = await etagOf('if-match', 'before');
    const upload = await begin('if-match');
    const parts = [await part(upload, 1, TAIL)];
    const during = await etagOf('if-match', 'during');
    await expect(complete(upload, parts, { IfMatch: before })).rejects.toMatchObject({
      name: 'PreconditionFailed',
      Condition: 'If-Match',
    });
    await expect(complete(upload, parts, { IfMatch: during })).rejects.toMatchObject({
      name: 'ConditionalRequestConflict',
      Condition: 'If-Match',
    });
    const again = await begin('if-match');
    await complete(again, [await part(again, 1, TAIL)], { IfMatch: during });
  });
});

it('serves the Upload of lib-storage', async () => {
  const { Readable } = await import('node:stream');
  const Body = Readable.from([FIVE_MIB, FIVE_MIB, TAIL]);
  const upload = new Upload({ client: s3, params: { Bucket, Key: 'lib-storage', Body }, queueSize: 2 });
  await upload.done();
  const { body } = await read('lib-storage');
  expect(body.equals(Buffer.concat([FIVE_MIB, FIVE_MIB, TAIL]))).toBe(true);
});
