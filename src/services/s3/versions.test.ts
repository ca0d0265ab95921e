// Versioning through the SDK: version ids, delete markers, null versions, suspension.
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  ListObjectsV2Command,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCloud } from '../../testing/create-cloud.ts';
import type { TestCloud } from '../../testing/create-cloud.ts';

let cloud: TestCloud;
let s3: S3Client;
let made = 0;

beforeAll(async () => {
  cloud = await createCloud();
  s3 = cloud.client(S3Client);
});
afterAll(() => cloud.close());

async function createBucket(...statuses: ('Enabled' | 'Suspended')[]): Promise<string> {
  const Bucket = `versions-${made++}`;
  await s3.send(new CreateBucketCommand({ Bucket }));
  for (const status of statuses) await setVersioning(Bucket, status);
  return Bucket;
}
const setVersioning = (Bucket: string, Status: 'Enabled' | 'Suspended') =>
  s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
const put = (Bucket: string, Key: string, Body: string) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body }));
const remove = (Bucket: string, Key: string, VersionId?: string) =>
  s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
const text = async (Bucket: string, Key: string, VersionId?: string) =>
  (await s3.send(new GetObjectCommand({ Bucket, Key, VersionId }))).Body?.transformToString();

/** `[key, version id, L when latest, D for a delete marker]`, per key newest first. */
async function versions(Bucket: string, more: object = {}) {
  const page = await s3.send(new ListObjectVersionsCommand({ Bucket, ...more }));
  const objects = (page.Versions ?? []).map((v) => [v.Key, v.VersionId, v.IsLatest ? 'L' : '', '']);
  const markers = (page.DeleteMarkers ?? []).map((v) => [v.Key, v.VersionId, v.IsLatest ? 'L' : '', 'D']);
  return { page, objects, markers };
}

// localstack/localstack, test_s3_api.snapshot.json, test_delete_object_versioned (recorded against AWS)
it('keeps what was overwritten or deleted', async () => {
  const bucket = await createBucket('Enabled');
  const first = await put(bucket, 'k', 'one');
  const second = await put(bucket, 'k', 'two');
  expect(first.VersionId).toMatch(/^[A-Za-z0-9._]{32}$/);
  expect(second.VersionId).not.toBe(first.VersionId);

  const marker = await remove(bucket, 'k');
  expect(marker.DeleteMarker).toBe(true);
  await expect(text(bucket, 'k')).rejects.toMatchObject({ name: 'NoSuchKey', Key: 'k' });
  expect(await text(bucket, 'k', first.VersionId)).toBe('one');
  expect(await text(bucket, 'k', second.VersionId)).toBe('two');
  await expect(text(bucket, 'k', marker.VersionId)).rejects.toMatchObject({
    name: 'MethodNotAllowed',
    message: 'The specified method is not allowed against this resource.',
    Method: 'GET',
    ResourceType: 'DeleteMarker',
    $metadata: { httpStatusCode: 405 },
  });
  expect((await s3.send(new ListObjectsV2Command({ Bucket: bucket }))).KeyCount).toBe(0);

  expect(await remove(bucket, 'k', marker.VersionId)).toMatchObject({
    DeleteMarker: true,
    VersionId: marker.VersionId,
  });
  expect(await text(bucket, 'k')).toBe('two');
  await remove(bucket, 'k', second.VersionId);
  expect(await text(bucket, 'k')).toBe('one');
  await remove(bucket, 'k', first.VersionId);
  await expect(text(bucket, 'k', first.VersionId)).rejects.toMatchObject({
    name: 'NoSuchVersion',
    Key: 'k',
    VersionId: first.VersionId,
  });
  await s3.send(new DeleteBucketCommand({ Bucket: bucket }));
});

it('marks keys that never were', async () => {
  const bucket = await createBucket('Enabled');
  expect((await remove(bucket, 'ghost')).DeleteMarker).toBe(true);
  expect((await versions(bucket)).markers).toHaveLength(1);
  await expect(s3.send(new DeleteBucketCommand({ Bucket: bucket }))).rejects.toMatchObject({
    name: 'BucketNotEmpty',
    message: 'The bucket you tried to delete is not empty. You must delete all versions in the bucket.',
  });
});

it('tells a missing key from a marked one by its headers', async () => {
  const bucket = await createBucket('Enabled');
  await put(bucket, 'k', 'x');
  const marker = await remove(bucket, 'k');
  const answer = await fetch(`${cloud.endpoint}/${bucket}/k`);
  expect(answer.status).toBe(404);
  expect(answer.headers.get('x-amz-delete-marker')).toBe('true');
  expect(answer.headers.get('x-amz-version-id')).toBe(marker.VersionId);
});

describe('version ids', () => {
  it.each(['HPniJFCxqTsMuIH9KX8K8wEjNUgmABCD', 'short', 'has-a-dash-and-is-32-chars-long-x'])(
    'refuse %s',
    async (id) => {
      const bucket = await createBucket();
      const refusal = {
        name: 'InvalidArgument',
        message: 'Invalid version id specified',
        ArgumentName: 'versionId',
        ArgumentValue: id,
      };
      await put(bucket, 'k', 'x');
      await expect(text(bucket, 'k', id)).rejects.toMatchObject(refusal);
      await expect(remove(bucket, 'k', id)).rejects.toMatchObject(refusal);
    },
  );

  it('are null, and unspoken, without versioning', async () => {
    const bucket = await createBucket();
    expect((await put(bucket, 'k', 'x')).VersionId).toBeUndefined();
    const found = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'k', VersionId: 'null' }));
    expect(found.VersionId).toBeUndefined();
    expect((await versions(bucket)).objects).toEqual([['k', 'null', 'L', '']]);
  });
});

describe('suspended versioning', () => {
  // localstack/localstack, test_s3_api.snapshot.json, test_delete_object_on_suspended_bucket
  it('writes null versions over null versions only', async () => {
    const bucket = await createBucket('Enabled');
    const v1 = (await put(bucket, 'k', 'one')).VersionId;
    const v2 = (await put(bucket, 'k', 'two')).VersionId;
    await setVersioning(bucket, 'Suspended');

    expect(await remove(bucket, 'k')).toMatchObject({ DeleteMarker: true, VersionId: 'null' });
    let found = await versions(bucket);
    expect(found.markers).toEqual([['k', 'null', 'L', 'D']]);
    expect(found.objects).toEqual([['k', v2, '', ''], ['k', v1, '', '']]);

    expect((await put(bucket, 'k', 'three')).VersionId).toBeUndefined();
    found = await versions(bucket);
    expect(found.markers).toEqual([]);
    expect(found.objects).toEqual([['k', 'null', 'L', ''], ['k', v2, '', ''], ['k', v1, '', '']]);
    expect(await text(bucket, 'k', 'null')).toBe('three');

    await remove(bucket, 'k');
    found = await versions(bucket);
    expect(found.markers).toEqual([['k', 'null', 'L', 'D']]);
    expect(found.objects).toEqual([['k', v2, '', ''], ['k', v1, '', '']]);
  });

  it('replaces a null version that became noncurrent', async () => {
    const bucket = await createBucket();
    await put(bucket, 'k', 'before');
    await setVersioning(bucket, 'Enabled');
    const v1 = (await put(bucket, 'k', 'one')).VersionId;
    expect(await text(bucket, 'k', 'null')).toBe('before');
    await setVersioning(bucket, 'Suspended');
    await put(bucket, 'k', 'after');
    expect(await text(bucket, 'k', 'null')).toBe('after');
    expect((await versions(bucket)).objects).toEqual([['k', 'null', 'L', ''], ['k', v1, '', '']]);
  });

  it('finds the noncurrent null version after removals around it', async () => {
    const bucket = await createBucket();
    await put(bucket, 'k', 'before');
    await setVersioning(bucket, 'Enabled');
    const v1 = (await put(bucket, 'k', 'one')).VersionId;
    const v2 = (await put(bucket, 'k', 'two')).VersionId;
    await remove(bucket, 'k', v2);
    expect(await text(bucket, 'k', 'null')).toBe('before');
    await remove(bucket, 'k', 'null');
    await expect(text(bucket, 'k', 'null')).rejects.toMatchObject({ name: 'NoSuchVersion' });
    expect(await text(bucket, 'k')).toBe('one');
    await remove(bucket, 'k', v1);
    expect((await versions(bucket)).objects).toEqual([]);
  });
});

describe('ListObjectVersions', () => {
  it('goes through keys in order, newest first within a key, page by page', async () => {
    const bucket = await createBucket('Enabled');
    for (const key of ['b', 'a', 'c']) for (const body of ['1', '2', '3']) await put(bucket, key, body);
    await remove(bucket, 'b');
    const all = await versions(bucket);
    expect(all.objects.map(([key]) => key)).toEqual(['a', 'a', 'a', 'b', 'b', 'b', 'c', 'c', 'c']);
    expect(all.page).toMatchObject({ KeyMarker: '', VersionIdMarker: '', MaxKeys: 1000, IsTruncated: false });

    const seen: unknown[] = [];
    let marker: object = {};
    for (let pages = 0; pages < 20; pages++) {
      const { page, objects, markers } = await versions(bucket, { MaxKeys: 2, ...marker });
      seen.push(...objects, ...markers);
      if (page.IsTruncated !== true) break;
      marker = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
    }
    expect(seen).toHaveLength(10);
    expect(new Set(seen.map(String))).toEqual(new Set([...all.objects, ...all.markers].map(String)));
  });

  it('folds common prefixes', async () => {
    const bucket = await createBucket('Enabled');
    for (const key of ['x/1', 'x/2', 'y']) await put(bucket, key, '');
    const { page, objects } = await versions(bucket, { Delimiter: '/' });
    expect(page.CommonPrefixes).toEqual([{ Prefix: 'x/' }]);
    expect(objects.map(([key]) => key)).toEqual(['y']);
  });

  it('wants a key with a version marker', async () => {
    const bucket = await createBucket('Enabled');
    await expect(versions(bucket, { VersionIdMarker: 'null' })).rejects.toMatchObject({
      name: 'InvalidArgument',
      message: 'A version-id marker cannot be specified without a key marker.',
    });
  });
});

// localstack/localstack, test_s3_api.snapshot.json, test_delete_objects(_versioned)
describe('DeleteObjects', () => {
  const removeAll = (Bucket: string, Objects: { Key: string; VersionId?: string }[], Quiet = false) =>
    s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet } }));

  it('tells what it removed, absent keys included', async () => {
    const bucket = await createBucket();
    await put(bucket, 'k', 'x');
    const answer = await removeAll(bucket, [{ Key: 'k' }, { Key: 'absent' }]);
    expect(answer.Deleted).toEqual([{ Key: 'k' }, { Key: 'absent' }]);
    expect(answer.Errors).toBeUndefined();
  });

  it('tells errors by key, and errors alone when quiet', async () => {
    const bucket = await createBucket();
    await put(bucket, 'k', 'x');
    const VersionId = 'HPniJFCxqTsMuIH9KX8K8wEjNUgmABCD';
    const answer = await removeAll(bucket, [{ Key: 'k', VersionId }, { Key: 'k' }], true);
    expect(answer.Deleted).toBeUndefined();
    expect(answer.Errors).toEqual([
      { Key: 'k', VersionId, Code: 'NoSuchVersion', Message: 'The specified version does not exist.' },
    ]);
    await expect(text(bucket, 'k')).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  it('makes markers and removes them', async () => {
    const bucket = await createBucket('Enabled');
    await put(bucket, 'k', 'x');
    const [made] = (await removeAll(bucket, [{ Key: 'k' }])).Deleted ?? [];
    expect(made).toMatchObject({ Key: 'k', DeleteMarker: true });
    const VersionId = made?.DeleteMarkerVersionId ?? '';
    const removed = await removeAll(bucket, [{ Key: 'k', VersionId }]);
    expect(removed.Deleted).toEqual([
      { Key: 'k', VersionId, DeleteMarker: true, DeleteMarkerVersionId: VersionId },
    ]);
    expect(await text(bucket, 'k')).toBe('x');
  });

  it('refuses more than a thousand, and none', async () => {
    const bucket = await createBucket();
    const many = Array.from({ length: 1001 }, (_, n) => ({ Key: `k${n}` }));
    await expect(removeAll(bucket, many)).rejects.toMatchObject({ name: 'MalformedXML' });
  });
});

it('has no way back to unversioned, and knows two states only', async () => {
  const bucket = await createBucket('Enabled');
  await expect(setVersioning(bucket, 'Off' as 'Enabled')).rejects.toMatchObject({ name: 'MalformedXML' });
  await expect(
    s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: {} })),
  ).rejects.toMatchObject({ name: 'IllegalVersioningConfigurationException' });
});

it('heads a version', async () => {
  const bucket = await createBucket('Enabled');
  const { VersionId } = await put(bucket, 'k', 'old');
  await put(bucket, 'k', 'newer');
  const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: 'k', VersionId }));
  expect(head).toMatchObject({ VersionId, ContentLength: 3 });
});
