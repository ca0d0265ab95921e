// Runs the lifecycle rules of a bucket: once a day, at midnight UTC, as S3 does.
import type { ReadTx, Store, Tx } from '../../base/store.ts';
import { randomUuid } from '../../base/random.ts';
import type { Principal, WorkContext } from '../../kernel/context.ts';
import { announce } from './events.ts';
import type { EventSource } from './events.ts';
import { afterKey } from './key-order.ts';
import {
  expiresNoncurrent,
  findAbortion,
  findExpiration,
  nextEvaluationMs,
  removesLoneMarker,
} from './lifecycle.ts';
import type { LifecycleRule } from './lifecycle.ts';
import { drawVersionTail, nextSequence } from './sequence.ts';
import { buckets, getSetting, noncurrent, objects, parts, scanKeys, scanUploads, uploads } from './store.ts';
import type { Bucket, Version } from './store.ts';
import { releasePiece, removeCurrent, removeNoncurrent, writeVersion } from './versions.ts';
import type { KeyChange } from './versions.ts';

/** The timer worker that evaluates one bucket's rules; its timer's id is the bucket's name. */
export const LIFECYCLE_WORKER = 's3/lifecycle';

const BATCH = 500;

/** Plans the next evaluation; one is pending per bucket with rules. */
export function scheduleLifecycle(
  tx: Tx,
  context: Pick<WorkContext, 'timers' | 'nowMs'>,
  bucket: Pick<Bucket, 'name' | 'account' | 'region'>,
): void {
  context.timers.schedule(tx, bucket, {
    worker: LIFECYCLE_WORKER,
    id: bucket.name,
    dueMs: nextEvaluationMs(context.nowMs),
    payload: { bucket: bucket.name },
  });
}

interface Evaluation {
  readonly context: WorkContext;
  readonly bucket: Bucket;
  readonly rules: readonly LifecycleRule[];
  readonly source: EventSource;
}

export async function runLifecycle(payload: unknown, context: WorkContext): Promise<void> {
  const { bucket: name } = payload as { readonly bucket: string };
  const evaluation = await context.store.read(async (view) => {
    const bucket = await buckets.get(view, [name]);
    const rules = await getSetting(view, name, 'lifecycle');
    if (bucket === undefined || rules === undefined) return undefined;
    return { context, bucket, rules, source: lifecycleSource(context) };
  });
  if (evaluation === undefined) return;
  await eachKey(evaluation);
  await eachUpload(evaluation);
  await context.store.transact(async (tx) => {
    const bucket = await buckets.get(tx, [name]);
    if (bucket?.hasLifecycle === true) scheduleLifecycle(tx, context, bucket);
  });
}

function lifecycleSource(context: WorkContext): EventSource {
  const principal: Principal = {
    kind: 'service',
    account: context.account,
    service: 's3.amazonaws.com',
  };
  return {
    timers: context.timers,
    nowMs: context.nowMs,
    principal,
    requestId: randomUuid(context.random),
    sourceIp: 's3.amazonaws.com',
  };
}

async function eachKey(evaluation: Evaluation): Promise<void> {
  const { context, bucket } = evaluation;
  for (let from = ''; ; ) {
    const start = from;
    const rows = await context.store.read((view) =>
      scanKeys(view, bucket.name, { from: start, to: undefined, limit: BATCH }),
    );
    for (const { key } of rows) await evaluateKey(evaluation, key);
    const last = rows.at(-1);
    if (last === undefined || rows.length < BATCH) return;
    from = afterKey(last.key);
  }
}

async function evaluateKey(evaluation: Evaluation, key: string): Promise<void> {
  const { context, bucket } = evaluation;
  const due = await context.store.read((view) => isAnythingDue(view, evaluation, key));
  if (!due) return;
  const sequence = nextSequence(context);
  const versionTail = drawVersionTail(context.random);
  await context.store.transact(async (tx) => {
    // The bucket as it is now: versioning may have changed since the evaluation began.
    const now = await buckets.get(tx, [bucket.name]);
    if (now === undefined) return;
    const change: KeyChange = { tx, context, bucket: now, key };
    await expireNoncurrent(change, { ...evaluation, bucket: now });
    await expireCurrent(change, { ...evaluation, bucket: now }, { sequence, versionTail });
  });
}

async function isAnythingDue(view: ReadTx, evaluation: Evaluation, key: string): Promise<boolean> {
  const { bucket, context, rules } = evaluation;
  const current = await objects.get(view, [bucket.name, key]);
  if (current === undefined) return false;
  if (current.kind === 'object') {
    const due = findExpiration(rules, key, current);
    if (due !== undefined && due.dueMs <= context.nowMs) return true;
  }
  const older =
    bucket.versioning === undefined
      ? []
      : await noncurrent.list(view, [bucket.name, key], { limit: 1 });
  return older.length > 0 || current.kind === 'delete-marker';
}

const VERSIONS_BATCH = 1000;

async function expireNoncurrent(change: KeyChange, evaluation: Evaluation): Promise<void> {
  const { tx, bucket, key } = change;
  const { rules, context, source } = evaluation;
  const rows = await noncurrent.list(tx, [bucket.name, key], { limit: VERSIONS_BATCH });
  for (const [newer, { value: version }] of rows.entries()) {
    const goes = expiresNoncurrent(rules, key, {
      object: version.kind === 'object' ? version : undefined,
      sinceMs: version.noncurrentSinceMs ?? version.lastModifiedMs,
      newer,
      nowMs: context.nowMs,
    });
    if (!goes) continue;
    // Read again each time: removing the null version changes the current row.
    const current = await objects.get(tx, [bucket.name, key]);
    if (current === undefined) return;
    await removeNoncurrent(change, current, version);
    announceExpiry(tx, { source, bucket: evaluation.bucket, key }, version, 'Delete');
  }
}

async function expireCurrent(
  change: KeyChange,
  { rules, context, source, bucket }: Evaluation,
  drawn: { readonly sequence: number; readonly versionTail: string },
): Promise<void> {
  const { tx, key } = change;
  const current = await objects.get(tx, [bucket.name, key]);
  if (current === undefined) return;
  const where = { source, bucket, key };
  if (current.kind === 'delete-marker') {
    const [older] = await noncurrent.list(tx, [bucket.name, key], { limit: 1 });
    const { lastModifiedMs } = current;
    if (older !== undefined) return;
    if (!removesLoneMarker(rules, key, { lastModifiedMs, nowMs: context.nowMs })) return;
    await removeCurrent(change, current);
    announceExpiry(tx, where, current, 'Delete');
    return;
  }
  const due = findExpiration(rules, key, current);
  if (due === undefined || due.dueMs > context.nowMs) return;
  if (bucket.versioning === undefined) {
    await removeCurrent(change, current);
    announceExpiry(tx, where, current, 'Delete');
    return;
  }
  const { sequence, versionTail } = drawn;
  const marker = await writeVersion(
    change,
    { kind: 'delete-marker', sequence, lastModifiedMs: context.nowMs },
    { current, versionTail },
  );
  announceExpiry(tx, where, marker, 'DeleteMarkerCreated');
}

function announceExpiry(
  tx: Tx,
  { source, bucket, key }: { source: EventSource; bucket: Bucket; key: string },
  version: Version,
  action: 'Delete' | 'DeleteMarkerCreated',
): void {
  announce(tx, source, { bucket, name: `LifecycleExpiration:${action}`, key, version });
}

async function eachUpload(evaluation: Evaluation): Promise<void> {
  const { context, bucket, rules } = evaluation;
  let from: readonly string[] = [''];
  for (;;) {
    const start = from;
    const rows = await context.store.read((view) =>
      scanUploads(view, bucket.name, { from: start, to: undefined, limit: BATCH }),
    );
    for (const { key, uploadId, upload } of rows) {
      const due = findAbortion(rules, key, upload.initiatedMs);
      if (due !== undefined && due.dueMs <= context.nowMs) {
        await abortUpload(context.store, evaluation, { key, uploadId });
      }
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < BATCH) return;
    from = [last.key, afterKey(last.uploadId)];
  }
}

async function abortUpload(
  store: Store,
  { context, bucket }: Evaluation,
  { key, uploadId }: { readonly key: string; readonly uploadId: string },
): Promise<void> {
  await store.transact(async (tx) => {
    for (;;) {
      const rows = await parts.list(tx, [bucket.name, uploadId], { limit: BATCH });
      for (const row of rows) {
        await releasePiece({ tx, context }, row.value.piece.id);
        parts.delete(tx, row.key);
      }
      if (rows.length < BATCH) break;
    }
    uploads.delete(tx, [bucket.name, key, uploadId]);
  });
}
