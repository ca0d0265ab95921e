// Lifecycle rules through the SDK, on the cloud's clock: expiry, versions, markers, uploads.
import * as sdk from '@aws-sdk/client-s3';
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCloud } from '../../testing/create-cloud.ts';
import type { TestCloud } from '../../testing/create-cloud.ts';

let cloud: TestCloud;
let s3: S3Client;
let made = 0;

beforeAll(async () => {
  cloud = await createCloud({ startTime: new Date('2026-03-10T15:00:00Z') });
  s3 = cloud.client(S3Client);
});
afterAll(() => cloud.close());

async function bucketWith(Rules: sdk.LifecycleRule[], versioned = false): Promise<{ Bucket: string }> {
  const Bucket = `lifecycle-${made++}`;
  await s3.send(new sdk.CreateBucketCommand({ Bucket }));
  if (versioned) {
    const VersioningConfiguration = { Status: 'Enabled' as const };
    await s3.send(new sdk.PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  }
  if (Rules.length > 0) await configure(Bucket, Rules);
  return { Bucket };
}
const configure = (Bucket: string, Rules: sdk.LifecycleRule[]) =>
  s3.send(new sdk.PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }));
const rule = (more: Partial<sdk.LifecycleRule>): sdk.LifecycleRule => ({
  ID: 'rule',
  Status: 'Enabled',
  Filter: { Prefix: '' },
  ...more,
});
const put = (bucket: { Bucket: string }, Key: string, more: object = {}) =>
  s3.send(new sdk.PutObjectCommand({ ...bucket, Key, Body: 'x', ...more }));
const keys = async (bucket: { Bucket: string }) =>
  ((await s3.send(new sdk.ListObjectsV2Command(bucket))).Contents ?? []).map(({ Key }) => Key);

describe('expiration', () => {
  // S3 user guide, "How S3 calculates how long an object has been stored": rounded up to midnight UTC.
  it('comes at the midnight after the days have passed', async () => {
    const bucket = await bucketWith([rule({ Expiration: { Days: 1 }, Filter: { Prefix: 'tmp/' } })]);
    const answer = await put(bucket, 'tmp/a');
    const dueMs = Math.ceil((cloud.clock.now().getTime() + 86_400_000) / 86_400_000) * 86_400_000;
    expect(answer.Expiration).toBe(`expiry-date="${new Date(dueMs).toUTCString()}", rule-id="rule"`);
    await put(bucket, 'kept');
    await cloud.clock.advance(dueMs - cloud.clock.now().getTime() - 1000);
    expect(await keys(bucket)).toEqual(['kept', 'tmp/a']);
    await cloud.clock.advance('2s');
    expect(await keys(bucket)).toEqual(['kept']);
  });

  it('heeds tags, sizes and whether the rule is enabled', async () => {
    const bucket = await bucketWith([
      rule({ ID: 'tag', Filter: { Tag: { Key: 'tmp', Value: 'yes' } }, Expiration: { Days: 1 } }),
      rule({ ID: 'size', Filter: { ObjectSizeGreaterThan: 100 }, Expiration: { Days: 1 } }),
      rule({ ID: 'off', Status: 'Disabled', Expiration: { Days: 1 } }),
    ]);
    await put(bucket, 'tagged', { Tagging: 'tmp=yes' });
    await put(bucket, 'tagged otherwise', { Tagging: 'tmp=no' });
    await put(bucket, 'large', { Body: 'x'.repeat(101) });
    await put(bucket, 'plain');
    await cloud.clock.advance('3d');
    expect(await keys(bucket)).toEqual(['plain', 'tagged otherwise']);
  });

  it('makes delete markers where there are versions, and cleans up after itself', async () => {
    const bucket = await bucketWith(
      [rule({ Expiration: { Days: 1 }, NoncurrentVersionExpiration: { NoncurrentDays: 2 } })],
      true,
    );
    await put(bucket, 'k');
    const versions = async () => {
      const page = await s3.send(new sdk.ListObjectVersionsCommand(bucket));
      return [page.Versions?.length ?? 0, page.DeleteMarkers?.length ?? 0];
    };
    await cloud.clock.advance('2d');
    expect(await versions()).toEqual([1, 1]);
    await cloud.clock.advance('4d');
    expect(await versions()).toEqual([0, 0]);
  });

  it('keeps the newest noncurrent versions it is told to keep', async () => {
    const older = { NoncurrentDays: 1, NewerNoncurrentVersions: 2 };
    const bucket = await bucketWith([rule({ NoncurrentVersionExpiration: older })], true);
    for (let n = 0; n < 5; n++) await put(bucket, 'k');
    await cloud.clock.advance('3d');
    const page = await s3.send(new sdk.ListObjectVersionsCommand(bucket));
    expect(page.Versions).toHaveLength(3);
  });

  it('stops with the configuration', async () => {
    const bucket = await bucketWith([rule({ Expiration: { Days: 1 } })]);
    await put(bucket, 'k');
    await s3.send(new sdk.DeleteBucketLifecycleCommand(bucket));
    await cloud.clock.advance('5d');
    expect(await keys(bucket)).toEqual(['k']);
  });
});

it('aborts uploads that nobody completes', async () => {
  const bucket = await bucketWith([rule({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } })]);
  const upload = await s3.send(new sdk.CreateMultipartUploadCommand({ ...bucket, Key: 'k' }));
  expect(upload.AbortRuleId).toBe('rule');
  await s3.send(
    new sdk.UploadPartCommand({ ...bucket, Key: 'k', UploadId: upload.UploadId, PartNumber: 1, Body: 'x' }),
  );
  await cloud.clock.advance('2d');
  expect((await s3.send(new sdk.ListMultipartUploadsCommand(bucket))).Uploads).toBeUndefined();
});

it('reads back as it was written', async () => {
  const Rules: sdk.LifecycleRule[] = [
    rule({ ID: 'a', Filter: { Prefix: 'a/' }, Expiration: { Days: 3 } }),
    rule({ ID: 'b', Filter: { Tag: { Key: 'k', Value: 'v' } }, Expiration: { Date: new Date('2030-01-01T00:00:00Z') } }),
    rule({
      ID: 'c',
      Filter: { And: { Prefix: 'c/', Tags: [{ Key: 'k', Value: 'v' }], ObjectSizeLessThan: 10 } },
      NoncurrentVersionExpiration: { NoncurrentDays: 4, NewerNoncurrentVersions: 1 },
    }),
    rule({ ID: 'd', Filter: {}, Status: 'Disabled', Expiration: { ExpiredObjectDeleteMarker: true } }),
  ];
  const bucket = await bucketWith(Rules);
  const shown = await s3.send(new sdk.GetBucketLifecycleConfigurationCommand(bucket));
  expect(shown.Rules).toEqual(Rules);
  expect(shown.TransitionDefaultMinimumObjectSize).toBe('all_storage_classes_128K');
});

describe('a configuration is refused', () => {
  it.each([
    ['no action', [rule({})], 'InvalidRequest', 'At least one action needs to be specified in a rule'],
    ['zero days', [rule({ Expiration: { Days: 0 } })], 'InvalidArgument', "'Days' for Expiration action must be a positive integer"],
    ['a date at noon', [rule({ Expiration: { Date: new Date('2030-01-01T12:00:00Z') } })], 'InvalidArgument', "'Date' must be at midnight GMT"],
    ['two filters', [rule({ Filter: { Prefix: 'a', ObjectSizeLessThan: 1 }, Expiration: { Days: 1 } })], 'MalformedXML', /not well-formed/],
    ['the same id twice', [rule({ Expiration: { Days: 1 } }), rule({ Expiration: { Days: 2 } })], 'InvalidArgument', /Rule ID must be unique/],
    ['a transition', [rule({ Transitions: [{ Days: 1, StorageClass: 'GLACIER' }] })], 'NotImplemented', /not implemented/],
  ])('with %s', async (_, Rules, name, message) => {
    const { Bucket } = await bucketWith([]);
    await expect(configure(Bucket, Rules)).rejects.toMatchObject({
      name,
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    });
  });
});
