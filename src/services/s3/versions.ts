// Versions of a key: what a write, a delete marker and the removal of a version do to the rows.
import type { ReadTx, Tx } from '../../base/store.ts';
import { releaseBlob, retainBlob } from '../../kernel/bodies.ts';
import type { WorkContext } from '../../kernel/context.ts';
import { NULL_VERSION, formatVersionId, parseVersionId } from './sequence.ts';
import { inlineBodies, noncurrent, objects, uploads } from './store.ts';
import type { Bucket, DeleteMarker, ObjectVersion, Version } from './store.ts';

/** The timer worker that deletes bodies nobody refers to any more. */
export const BODY_WORKER = 's3/delete-body';

/** Where in the store, and with what, a key is changed. */
export interface KeyChange {
  readonly tx: Tx;
  readonly context: Pick<WorkContext, 'timers' | 'account' | 'region' | 'nowMs'>;
  readonly bucket: Pick<Bucket, 'name' | 'versioning'>;
  readonly key: string;
}

/** What a write brings: everything of a version but its place among the others. */
export type NewVersion =
  | Omit<ObjectVersion, 'versionId' | 'nullSequence'>
  | Omit<DeleteMarker, 'versionId' | 'nullSequence'>;

export interface WriteOptions {
  /** The current version as this transaction read it. */
  readonly current: Version | undefined;
  /** Random part of the version id, should the bucket have versioning enabled. */
  readonly versionTail: string;
  /** The bytes, when the body is inline. */
  readonly inline?: Uint8Array;
}

/** Makes `version` the current one. Blobs of its body gain a reference. Returns it as stored. */
export async function writeVersion(
  change: KeyChange,
  version: NewVersion,
  { current, versionTail, inline }: WriteOptions,
): Promise<Version> {
  const { tx, bucket, key } = change;
  const enabled = bucket.versioning === 'Enabled';
  const sequence = Math.max(version.sequence, (current?.sequence ?? 0) + 1);
  const stored: Version = {
    ...version,
    sequence,
    versionId: enabled ? formatVersionId(sequence, versionTail) : NULL_VERSION,
  };
  // Retained first: a copy onto itself shares blobs with the version it replaces.
  if (stored.kind === 'object') await retainBody(tx, stored);
  const nullSequence =
    current === undefined ? undefined : await stepAside(change, current, enabled);
  if (inline !== undefined) inlineBodies.put(tx, [bucket.name, key, stored.versionId], inline);
  const placed = nullSequence === undefined ? stored : { ...stored, nullSequence };
  objects.put(tx, [bucket.name, key], placed);
  return placed;
}

/**
 * The current version becomes noncurrent, or goes when the new one takes its id `null`.
 * Returns the sequence of the noncurrent null version that is left, if any.
 */
async function stepAside(
  change: KeyChange,
  current: Version,
  enabled: boolean,
): Promise<number | undefined> {
  const { nullSequence, ...rest } = current;
  if (enabled) {
    putNoncurrent(change, { ...rest, noncurrentSinceMs: change.context.nowMs });
    return rest.versionId === NULL_VERSION ? rest.sequence : nullSequence;
  }
  if (rest.versionId === NULL_VERSION) {
    await dropBody(change, rest);
    return undefined;
  }
  putNoncurrent(change, { ...rest, noncurrentSinceMs: change.context.nowMs });
  if (nullSequence !== undefined) await dropNoncurrent(change, nullSequence);
  return undefined;
}

/** Removes the current version for good; the newest noncurrent one takes its place. */
export async function removeCurrent(change: KeyChange, current: Version): Promise<void> {
  const { tx, bucket, key } = change;
  await dropBody(change, current);
  const [next] =
    bucket.versioning === undefined
      ? []
      : await noncurrent.list(tx, [bucket.name, key], { limit: 1 });
  if (next === undefined) {
    objects.delete(tx, [bucket.name, key]);
    return;
  }
  const { noncurrentSinceMs: _, ...promoted } = next.value;
  noncurrent.delete(tx, next.key);
  const isNull = promoted.versionId === NULL_VERSION;
  const { nullSequence } = current;
  objects.put(
    tx,
    [bucket.name, key],
    isNull || nullSequence === undefined ? promoted : { ...promoted, nullSequence },
  );
}

/** Removes a version that is not current for good. */
export async function removeNoncurrent(
  change: KeyChange,
  current: Version,
  version: Version,
): Promise<void> {
  const { tx, bucket, key } = change;
  await dropBody(change, version);
  noncurrent.delete(tx, [bucket.name, key, -version.sequence]);
  if (version.sequence === current.nullSequence) {
    const { nullSequence: _, ...rest } = current;
    objects.put(tx, [bucket.name, key], rest);
  }
}

/** Uploads of the key that are under way learn that it was deleted: conditional ones will conflict. */
export async function tellUploads({ tx, bucket, key }: KeyChange): Promise<void> {
  for (const row of await uploads.list(tx, [bucket.name, key], { limit: 100 })) {
    uploads.put(tx, row.key, { ...row.value, keyDeletedSince: true });
  }
}

/** A version by its id; undefined when the key has no such version. `current` is the key's row. */
export async function findVersion(
  view: ReadTx,
  { bucket, key, current }: { bucket: string; key: string; current: Version | undefined },
  versionId: string,
): Promise<Version | undefined> {
  if (current === undefined) return undefined;
  if (current.versionId === versionId) return current;
  const sequence =
    versionId === NULL_VERSION ? current.nullSequence : parseVersionId(versionId);
  if (sequence === undefined) return undefined;
  const version = await noncurrent.get(view, [bucket, key, -sequence]);
  return version?.versionId === versionId ? version : undefined;
}

async function retainBody(tx: Tx, { body }: Pick<ObjectVersion, 'body'>): Promise<void> {
  if (body.kind === 'blobs') for (const piece of body.pieces) await retainBlob(tx, piece.id);
}

async function dropBody(change: KeyChange, version: Version): Promise<void> {
  if (version.kind !== 'object') return;
  const { tx, bucket, key } = change;
  if (version.body.kind === 'inline') {
    inlineBodies.delete(tx, [bucket.name, key, version.versionId]);
    return;
  }
  for (const piece of version.body.pieces) await releasePiece(change, piece.id);
}

/** One reference to a blob less. */
export function releasePiece(
  { tx, context }: Pick<KeyChange, 'tx' | 'context'>,
  id: string,
): Promise<void> {
  const { timers, account, region, nowMs } = context;
  return releaseBlob(tx, id, { timers, account, region, nowMs, worker: BODY_WORKER });
}

function putNoncurrent({ tx, bucket, key }: KeyChange, version: Version): void {
  noncurrent.put(tx, [bucket.name, key, -version.sequence], version);
}

async function dropNoncurrent(change: KeyChange, sequence: number): Promise<void> {
  const at = [change.bucket.name, change.key, -sequence];
  const version = await noncurrent.get(change.tx, at);
  if (version === undefined) return;
  await dropBody(change, version);
  noncurrent.delete(change.tx, at);
}
