// Objects on disk: found again after a restart, and nothing left lying about.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openFileBlobs } from '../../platform/file-blobs.ts';
import { openCloud } from '../../server/cloud.ts';
import type { Cloud } from '../../server/cloud.ts';

const Bucket = 'durable';
let dataDirectory: string;

beforeAll(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'cloudlet-s3-'));
});
afterAll(() => rm(dataDirectory, { recursive: true, force: true }));

/** Runs `use` in a cloud on the directory, then stops it. */
async function inCloud(use: (cloud: Cloud) => Promise<void>): Promise<void> {
  const cloud = await openCloud({ dataDirectory, clock: 'virtual' });
  try {
    await use(cloud);
    expect(cloud.defects).toEqual([]);
  } finally {
    await cloud.close();
  }
}
const large = Buffer.alloc(100_000, 'large');
const put = (cloud: Cloud, Key: string, Body: Uint8Array | string) =>
  cloud.call('s3', 'PutObject', { Bucket, Key, Body });
async function read(cloud: Cloud, Key: string): Promise<Buffer> {
  const { Body } = await cloud.call('s3', 'GetObject', { Bucket, Key });
  const body = Body as unknown as Uint8Array | AsyncIterable<Uint8Array>;
  if (body instanceof Uint8Array) return Buffer.from(body);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
async function blobIds(): Promise<string[]> {
  const ids: string[] = [];
  for await (const id of (await openFileBlobs({ path: join(dataDirectory, 'blobs') })).list()) ids.push(id);
  return ids;
}

it('survives a restart, small and large', async () => {
  await inCloud(async (cloud) => {
    await cloud.call('s3', 'CreateBucket', { Bucket });
    await put(cloud, 'small', 'small');
    await put(cloud, 'large', large);
  });
  await inCloud(async (cloud) => {
    expect((await read(cloud, 'small')).toString()).toBe('small');
    expect((await read(cloud, 'large')).equals(large)).toBe(true);
  });
  expect(await blobIds()).toHaveLength(1);
});

it('deletes what was overwritten even when the cloud stopped in between', async () => {
  await inCloud((cloud) => put(cloud, 'large', Buffer.alloc(50_000)).then(() => undefined));
  expect(await blobIds()).toHaveLength(2);
  await inCloud(async (cloud) => {
    await cloud.advance(5 * 60_000);
    expect(await read(cloud, 'large')).toHaveLength(50_000);
  });
  expect(await blobIds()).toHaveLength(1);
});

it('sweeps what a crash left between body and row', async () => {
  const blobs = await openFileBlobs({ path: join(dataDirectory, 'blobs') });
  const { id } = await blobs.put(Buffer.from('a body whose row was never written'));
  await inCloud(async (cloud) => {
    await cloud.advance(5 * 60_000);
    expect(await read(cloud, 'large')).toHaveLength(50_000);
  });
  expect(await blobIds()).not.toContain(id);
  expect(await blobIds()).toHaveLength(1);
});
