// Finds the object version a request names, or says why there is none.
import type { ReadTx } from '../../base/store.ts';
import { requireBucket } from './bucket-access.ts';
import type { BucketReference } from './bucket-access.ts';
import {
  deleteMarkerNotAllowed,
  invalidArgument,
  keyIsDeleted,
  noSuchKey,
  noSuchVersion,
} from './errors.ts';
import { NULL_VERSION, parseVersionId } from './sequence.ts';
import { objects } from './store.ts';
import type { Bucket, ObjectVersion, Version } from './store.ts';
import { findVersion } from './versions.ts';

export interface ObjectReference extends BucketReference {
  readonly Key?: string | undefined;
  readonly VersionId?: string | undefined;
}

export interface Located {
  readonly bucket: Bucket;
  readonly key: string;
  /** The key's current version. */
  readonly current: Version;
  readonly object: ObjectVersion;
}

/** AWS: ids that it cannot have given are a bad argument; others may be unknown. */
export function checkVersionId(versionId: string): void {
  if (versionId === NULL_VERSION || parseVersionId(versionId) !== undefined) return;
  const message =
    versionId === '' ? 'Version id cannot be the empty string' : 'Invalid version id specified';
  throw invalidArgument(message, 'versionId', versionId);
}

/**
 * The object; throws NoSuchBucket, NoSuchKey, NoSuchVersion, or 405 for a delete marker.
 * @param options.method for the 405.
 * @param options.markerIsKey a delete marker as current version is a 405 too (tagging), not a 404.
 */
export async function locateObject(
  view: ReadTx,
  reference: ObjectReference,
  options: { readonly method: string; readonly markerIsKey?: boolean },
): Promise<Located> {
  const key = reference.Key ?? '';
  const bucket = await requireBucket(view, reference);
  if (reference.VersionId !== undefined) checkVersionId(reference.VersionId);
  const current = await objects.get(view, [bucket.name, key]);
  const version =
    reference.VersionId === undefined
      ? current
      : await findVersion(view, { bucket: bucket.name, key, current }, reference.VersionId);
  if (version === undefined || current === undefined) {
    if (reference.VersionId === undefined) throw noSuchKey(key);
    throw noSuchVersion(key, reference.VersionId);
  }
  if (version.kind === 'object') return { bucket, key, current, object: version };
  if (reference.VersionId === undefined && options.markerIsKey !== true) {
    throw keyIsDeleted(key, version.versionId);
  }
  throw deleteMarkerNotAllowed(options.method, {
    'x-amz-delete-marker': 'true',
    'x-amz-version-id': version.versionId,
    'last-modified': new Date(version.lastModifiedMs).toUTCString(),
  });
}
