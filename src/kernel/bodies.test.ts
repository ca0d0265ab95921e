// Blob references: deletion after the last one, readers, orphans.
import { expect, it } from 'vitest';
import { BlobMissing } from '../base/errors.ts';
import { seededRandom } from '../base/random.ts';
import type { Blobs, Tx } from '../base/store.ts';
import { createMemoryBlobs } from '../platform/memory-blobs.ts';
import { createMemoryStore } from '../platform/memory-store.ts';
import {
  RELEASE_GRACE_MS,
  createBlobDeleter,
  readSlices,
  releaseBlob,
  retainBlob,
  sweepOrphans,
} from './bodies.ts';
import type { TimerTask, WorkContext } from './context.ts';

const SCOPE = { account: '000000000000', region: 'us-east-1' };

/** A store, blobs, and timers that only remember. */
function fixture() {
  const store = createMemoryStore();
  const blobs = createMemoryBlobs({ random: seededRandom(1) });
  const scheduled: TimerTask[] = [];
  const timers = {
    schedule: (_tx: Tx, _scope: object, task: TimerTask) => void scheduled.push(task),
    cancel: async () => undefined,
  };
  const deleter = createBlobDeleter('s3/delete-body');
  const context = { store, blobs, timers, nowMs: 1000, ...SCOPE } as unknown as WorkContext;
  return {
    store,
    blobs,
    scheduled,
    retain: (id: string) => store.transact((tx) => retainBlob(tx, id)),
    release: (id: string) =>
      store.transact((tx) =>
        releaseBlob(tx, id, { ...SCOPE, timers, nowMs: 1000, worker: 's3/delete-body' }),
      ),
    /** Runs what is scheduled, as the dispatcher would. */
    runTimers: async () => {
      for (const task of scheduled.splice(0)) await deleter(task.payload, context);
    },
  };
}

async function text(source: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
const exists = async (blobs: Blobs, id: string): Promise<boolean> => {
  try {
    await blobs.get(id);
    return true;
  } catch (error) {
    if (error instanceof BlobMissing) return false;
    throw error;
  }
};

it('deletes with the last reference, after the grace period', async () => {
  const { blobs, scheduled, retain, release, runTimers } = fixture();
  const { id } = await blobs.put(Buffer.from('shared'));
  await retain(id);
  await retain(id);
  await release(id);
  expect(scheduled).toEqual([]);
  await release(id);
  expect(scheduled).toMatchObject([{ worker: 's3/delete-body', dueMs: 1000 + RELEASE_GRACE_MS }]);
  expect(await exists(blobs, id)).toBe(true);
  await runTimers();
  expect(await exists(blobs, id)).toBe(false);
});

it('keeps a blob that was referred to again meanwhile', async () => {
  const { blobs, retain, release, runTimers } = fixture();
  const { id } = await blobs.put(Buffer.from('copied'));
  await retain(id);
  await release(id);
  await retain(id);
  await runTimers();
  expect(await exists(blobs, id)).toBe(true);
});

it('keeps a blob for its readers, and deletes it when they are done', async () => {
  const { blobs, retain, release, runTimers } = fixture();
  const { id } = await blobs.put(Buffer.from('0123456789'));
  await retain(id);
  const reader = readSlices(blobs, [
    { id, start: 8, end: 9 },
    { id, start: 0, end: 1 },
  ]);
  await release(id);
  await runTimers();
  expect(await text(reader)).toBe('8901');
  await runTimers();
  expect(await exists(blobs, id)).toBe(false);
});

it('lets go of a reader that left before its first byte', async () => {
  const { blobs, retain, release, runTimers } = fixture();
  const { id } = await blobs.put(Buffer.from('unread'));
  await retain(id);
  const reader = readSlices(blobs, [{ id, start: 0, end: 5 }])[Symbol.asyncIterator]();
  await reader.return?.();
  await release(id);
  await runTimers();
  expect(await exists(blobs, id)).toBe(false);
});

it('sweeps what no row refers to, but not what is referred to while it waits', async () => {
  const { store, blobs, retain } = fixture();
  const kept = await blobs.put(Buffer.from('kept'));
  const orphan = await blobs.put(Buffer.from('orphan'));
  const late = await blobs.put(Buffer.from('late'));
  await retain(kept.id);
  expect(await sweepOrphans({ store, blobs, settle: () => retain(late.id) })).toBe(1);
  expect(await exists(blobs, kept.id)).toBe(true);
  expect(await exists(blobs, late.id)).toBe(true);
  expect(await exists(blobs, orphan.id)).toBe(false);
  const idle = (): Promise<void> => Promise.reject(new Error('nothing to wait for'));
  expect(await sweepOrphans({ store, blobs, settle: idle })).toBe(0);
});
