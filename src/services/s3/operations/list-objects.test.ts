// Listings through the SDK: order, prefixes, delimiters, pages, encodings.
import {
  CreateBucketCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { ListObjectsV2CommandInput } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCloud } from '../../../testing/create-cloud.ts';
import type { TestCloud } from '../../../testing/create-cloud.ts';
import { walkKeys } from '../listing.ts';

const Bucket = 'listings';
const KEYS = ['a', 'b/1', 'b/2', 'b/c/3', 'd e', 'é', '\u{ffff}x', '\u{10000}'];
let cloud: TestCloud;
let s3: S3Client;

beforeAll(async () => {
  cloud = await createCloud();
  s3 = cloud.client(S3Client);
  await s3.send(new CreateBucketCommand({ Bucket }));
  for (const Key of KEYS.toReversed()) await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
});
afterAll(() => cloud.close());

const list = (more: Partial<ListObjectsV2CommandInput> = {}) =>
  s3.send(new ListObjectsV2Command({ Bucket, ...more }));
const shape = (page: Awaited<ReturnType<typeof list>>) => ({
  keys: (page.Contents ?? []).map(({ Key }) => Key),
  prefixes: (page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
});

it('orders keys by their UTF-8 bytes', async () => {
  const page = await list();
  // U+FFFF comes before U+10000 in UTF-8, though not in UTF-16.
  expect(shape(page).keys).toEqual(KEYS);
  expect(page).toMatchObject({ Name: Bucket, Prefix: '', MaxKeys: 1000, KeyCount: 8, IsTruncated: false });
});

describe('prefix and delimiter', () => {
  it.each([
    [{ Prefix: 'b/' }, ['b/1', 'b/2', 'b/c/3'], []],
    [{ Delimiter: '/' }, ['a', 'd e', 'é', '\u{ffff}x', '\u{10000}'], ['b/']],
    [{ Prefix: 'b/', Delimiter: '/' }, ['b/1', 'b/2'], ['b/c/']],
    [{ Prefix: 'b', Delimiter: '/' }, [], ['b/']],
    [{ Prefix: 'none' }, [], []],
    [{ StartAfter: 'b/2' }, ['b/c/3', 'd e', 'é', '\u{ffff}x', '\u{10000}'], []],
    [{ MaxKeys: 0 }, [], []],
  ])('%j', async (input, keys, prefixes) => {
    expect(shape(await list(input))).toEqual({ keys, prefixes });
  });
});

it('continues where a page ended, common prefixes counted as entries', async () => {
  const seen: unknown[] = [];
  let token: string | undefined;
  do {
    const page = await list({ MaxKeys: 2, Delimiter: '/', ...(token && { ContinuationToken: token }) });
    expect(page.KeyCount).toBeLessThanOrEqual(2);
    const { keys, prefixes } = shape(page);
    seen.push(...keys, ...prefixes);
    token = page.NextContinuationToken;
  } while (token !== undefined);
  expect(new Set(seen)).toEqual(new Set(['a', 'b/', 'd e', 'é', '\u{ffff}x', '\u{10000}']));
  expect(seen).toHaveLength(6);
});

it('V1 gives a next marker with a delimiter only', async () => {
  const page = (more: object) => s3.send(new ListObjectsCommand({ Bucket, ...more }));
  expect((await page({ MaxKeys: 2 })).NextMarker).toBeUndefined();
  const folded = await page({ MaxKeys: 2, Delimiter: '/' });
  expect(folded).toMatchObject({ IsTruncated: true, NextMarker: 'b/' });
  const next = await page({ MaxKeys: 2, Delimiter: '/', Marker: folded.NextMarker });
  expect(next.Contents?.map(({ Key }) => Key)).toEqual(['d e', 'é']);
  expect(next.CommonPrefixes).toBeUndefined();
});

it('encodes names for XML when asked', async () => {
  const page = await list({ EncodingType: 'url', Prefix: 'd' });
  expect(page.Contents?.[0]?.Key).toBe('d+e');
  await expect(list({ EncodingType: 'base64' as 'url' })).rejects.toMatchObject({
    name: 'InvalidArgument',
    message: 'Invalid Encoding Method specified in Request',
  });
});

it('tells owners when asked', async () => {
  const [plain] = (await list()).Contents ?? [];
  const [owned] = (await list({ FetchOwner: true })).Contents ?? [];
  expect(plain?.Owner).toBeUndefined();
  expect(owned?.Owner?.ID).toMatch(/^[0-9a-f]{64}$/);
  expect(plain).toMatchObject({ Size: 1, StorageClass: 'STANDARD', ChecksumAlgorithm: ['CRC32'] });
});

it('never lists more than a thousand, and refuses a negative number', async () => {
  expect((await list({ MaxKeys: 5000 })).MaxKeys).toBe(1000);
  await expect(list({ MaxKeys: -1 })).rejects.toMatchObject({
    name: 'InvalidArgument',
    message: 'Argument max-keys must be an integer between 0 and 2147483647',
  });
  await expect(list({ ContinuationToken: 'x' })).rejects.toMatchObject({ name: 'InvalidArgument' });
});

it('pages of any size give what one large page gives (property)', async () => {
  const keys = fc.uniqueArray(fc.stringMatching(/^[ab/]{1,5}$/), { maxLength: 30 });
  const property = fc.asyncProperty(keys, fc.integer({ min: 1, max: 4 }), async (unsorted, max) => {
    const sorted = unsorted.toSorted();
    const walk = (from: string, pastPrefix: string | undefined, limit: number) =>
      walkKeys({
        prefix: '',
        delimiter: '/',
        from,
        pastPrefix,
        max: limit,
        scan: async (w) =>
          sorted.filter((k) => k >= w.from && (w.to === undefined || k < w.to)).slice(0, w.limit),
        keyOf: (key: string) => key,
      });
    const whole = await walk('', undefined, 1000);
    const entries: string[] = [];
    let [from, past]: [string, string | undefined] = ['', undefined];
    for (;;) {
      const page = await walk(from, past, max);
      entries.push(...page.items, ...page.commonPrefixes);
      if (!page.isTruncated || page.last === undefined) break;
      [from, past] = [`${page.last.key}\0`, page.last.isPrefix ? page.last.key : undefined];
    }
    expect(entries.toSorted()).toEqual([...whole.items, ...whole.commonPrefixes].toSorted());
  });
  await fc.assert(property, { numRuns: 200 });
});
