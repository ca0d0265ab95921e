// Blobs that rows refer to: counted in the row's own transaction, deleted once nobody can still read them.
import type { Blobs, Store, Tx } from '../base/store.ts';
import type { Scope, Timers, WorkContext } from './context.ts';
import type { TimerWorker } from './service.ts';
import { table } from './table.ts';

/** How many rows refer to a blob; keyed `[blobId]`. A blob without a row here is garbage. */
const references = table<{ readonly count: number }>('kernel/blob');

/** A reader that found the blob in a snapshot has this long to open it. */
export const RELEASE_GRACE_MS = 60_000;
const PINNED_RETRY_MAX_MS = 3_600_000;
const SWEEP_BATCH = 1_000;

/** Blobs being read in this process: they outlive their last reference until the reader is done. */
const pinned = new WeakMap<Blobs, Map<string, number>>();

/** Says, in the transaction that makes `id` reachable, that one more row refers to it. */
export async function retainBlob(tx: Tx, id: string): Promise<void> {
  const row = await references.get(tx, [id]);
  references.put(tx, [id], { count: (row?.count ?? 0) + 1 });
}

export interface ReleaseOptions extends Scope {
  readonly timers: Timers;
  readonly nowMs: number;
  /** A timer worker made by `createBlobDeleter`, as its service declares it. */
  readonly worker: string;
}

/** Takes one reference away; the last one schedules the deletion, to happen after the commit. */
export async function releaseBlob(tx: Tx, id: string, options: ReleaseOptions): Promise<void> {
  const row = await references.get(tx, [id]);
  if (row !== undefined && row.count > 1) {
    references.put(tx, [id], { count: row.count - 1 });
    return;
  }
  references.delete(tx, [id]);
  scheduleDeletion(tx, { id, delayMs: RELEASE_GRACE_MS }, options);
}

interface Deletion {
  readonly id: string;
  readonly delayMs: number;
}

function scheduleDeletion(tx: Tx, deletion: Deletion, options: ReleaseOptions): void {
  options.timers.schedule(tx, options, {
    worker: options.worker,
    dueMs: options.nowMs + deletion.delayMs,
    payload: deletion,
  });
}

/** The worker that deletes released blobs. @param name the name it is declared under. */
export function createBlobDeleter(name: string): TimerWorker {
  return async (payload: unknown, context: WorkContext) => {
    const { id, delayMs } = payload as Deletion;
    if (isPinned(context.blobs, id)) {
      const later = { id, delayMs: Math.min(PINNED_RETRY_MAX_MS, delayMs * 2) };
      const options = { ...context, worker: name };
      await context.store.transact(async (tx) => scheduleDeletion(tx, later, options));
      return;
    }
    if (!(await isReferenced(context.store, id))) await context.blobs.delete(id);
  };
}

/** A part of a blob, ends inclusive. */
export interface BlobSlice {
  readonly id: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Streams slices one after another. The blobs are pinned from this call on, so call it in the same
 * `store.read` that found them; they are let go when the iteration ends, however it ends.
 */
export function readSlices(blobs: Blobs, slices: readonly BlobSlice[]): AsyncIterable<Uint8Array> {
  const unpin = pin(blobs, slices);
  return {
    [Symbol.asyncIterator]() {
      const chunks = concatenate(blobs, slices);
      return {
        async next() {
          try {
            const result = await chunks.next();
            if (result.done === true) unpin();
            return result;
          } catch (error) {
            unpin();
            throw error;
          }
        },
        // A generator that never began does not run its `finally`, hence this hand-made iterator.
        async return() {
          unpin();
          await chunks.return(undefined);
          return { done: true, value: undefined };
        },
      };
    },
  };
}

async function* concatenate(
  blobs: Blobs,
  slices: readonly BlobSlice[],
): AsyncGenerator<Uint8Array, undefined> {
  for (const { id, start, end } of slices) yield* blobs.read(id, { start, end });
  return undefined;
}

function pin(blobs: Blobs, slices: readonly BlobSlice[]): () => void {
  const counts = pinned.get(blobs) ?? new Map<string, number>();
  pinned.set(blobs, counts);
  for (const { id } of slices) counts.set(id, (counts.get(id) ?? 0) + 1);
  let held = true;
  return () => {
    if (!held) return;
    held = false;
    for (const { id } of slices) {
      const left = (counts.get(id) ?? 1) - 1;
      if (left === 0) counts.delete(id);
      else counts.set(id, left);
    }
  };
}

function isPinned(blobs: Blobs, id: string): boolean {
  return pinned.get(blobs)?.has(id) === true;
}

async function isReferenced(store: Store, id: string): Promise<boolean> {
  return (await store.read((view) => references.get(view, [id]))) !== undefined;
}

export interface SweepOptions {
  readonly store: Store;
  readonly blobs: Blobs;
  /** Waits between looking and deleting, at least `RELEASE_GRACE_MS`: writers of this moment commit. */
  readonly settle: () => Promise<void>;
}

/**
 * Deletes blobs that no row refers to: what a crash left between storing a body and committing its
 * row. Looks twice, with `settle` between, so that a body being written meanwhile is left alone.
 * Only for clouds where every owner of blobs uses `retainBlob`. Returns how many were deleted.
 */
export async function sweepOrphans(options: SweepOptions): Promise<number> {
  const { store, blobs, settle } = options;
  const suspects: string[] = [];
  for await (const batch of batchIds(blobs)) suspects.push(...(await withoutReference(store, batch)));
  if (suspects.length === 0) return 0;
  await settle();
  let deleted = 0;
  for (let at = 0; at < suspects.length; at += SWEEP_BATCH) {
    const batch = suspects.slice(at, at + SWEEP_BATCH);
    for (const id of await withoutReference(store, batch)) {
      if (isPinned(blobs, id)) continue;
      await blobs.delete(id);
      deleted += 1;
    }
  }
  return deleted;
}

async function* batchIds(blobs: Blobs): AsyncGenerator<string[]> {
  let batch: string[] = [];
  for await (const id of blobs.list()) {
    batch.push(id);
    if (batch.length < SWEEP_BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function withoutReference(store: Store, ids: readonly string[]): Promise<string[]> {
  return store.read(async (view) => {
    const orphans: string[] = [];
    for (const id of ids) {
      if ((await references.get(view, [id])) === undefined) orphans.push(id);
    }
    return orphans;
  });
}
