// DeleteObject and DeleteObjects: delete markers, versions, quiet batches.
import { ServiceError } from '../../../base/errors.ts';
import type { Tx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { requireBucket } from '../bucket-access.ts';
import { checkDeleteConditionSyntax, matchesEtag } from '../conditions.ts';
import { headerNotImplemented, malformedXml, noSuchKey, noSuchVersion, preconditionFailed } from '../errors.ts';
import { announce } from '../events.ts';
import type { EventSource } from '../events.ts';
import { eventSource } from '../events.ts';
import { requireIntegrity } from './document.ts';
import { DELETE_OBJECTS_MAX } from '../limits.ts';
import { checkVersionId } from '../locate.ts';
import { checkKey, refuseBypassGovernance, refuseMfa } from '../rules.ts';
import { drawVersionTail, nextSequence } from '../sequence.ts';
import { objects } from '../store.ts';
import type { Bucket, Version } from '../store.ts';
import {
  findVersion,
  removeCurrent,
  removeNoncurrent,
  tellUploads,
  writeVersion,
} from '../versions.ts';
import type { KeyChange } from '../versions.ts';

interface Deletion {
  readonly key: string;
  readonly versionId: string | undefined;
  readonly ifMatch: string | undefined;
  /** Drawn before the transaction. */
  readonly sequence: number;
  readonly versionTail: string;
}

interface Deleted {
  /** The version removed or, without a version id, the delete marker made. */
  readonly versionId?: string;
  readonly isMarker?: true;
}

export async function deleteObject(
  input: InputOf<'s3', 'DeleteObject'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'DeleteObject'>> {
  refuseMfa(input.MFA);
  refuseBypassGovernance(input.BypassGovernanceRetention);
  checkDeleteConditionSyntax({
    ifMatch: input.IfMatch,
    ifMatchLastModifiedTime: input.IfMatchLastModifiedTime,
    ifMatchSize: input.IfMatchSize,
  });
  const deletion = draw(context, {
    key: input.Key ?? '',
    versionId: input.VersionId,
    ifMatch: input.IfMatch,
  });
  const deleted = await context.store.transact(async (tx) => {
    const bucket = await requireBucket(tx, input);
    if (input.VersionId !== undefined) checkVersionId(input.VersionId);
    return performDeletion({ tx, context, source: eventSource(context) }, bucket, deletion);
  });
  return {
    ...(deleted.isMarker === true ? { DeleteMarker: true } : {}),
    ...(deleted.versionId === undefined ? {} : { VersionId: deleted.versionId }),
  };
}

export async function deleteObjects(
  input: InputOf<'s3', 'DeleteObjects'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'DeleteObjects'>> {
  refuseMfa(input.MFA);
  refuseBypassGovernance(input.BypassGovernanceRetention);
  await requireIntegrity(context);
  const wanted = input.Delete?.Objects ?? [];
  if (wanted.length === 0 || wanted.length > DELETE_OBJECTS_MAX) throw malformedXml();
  for (const { LastModifiedTime, Size } of wanted) {
    // AWS: these two are for directory buckets.
    if (LastModifiedTime !== undefined || Size !== undefined) {
      throw headerNotImplemented('x-amz-if-match-size');
    }
  }
  const deletions = wanted.map(({ Key, VersionId, ETag }) =>
    draw(context, { key: Key ?? '', versionId: VersionId, ifMatch: ETag }),
  );
  const results = await context.store.transact(async (tx) => {
    const bucket = await requireBucket(tx, input);
    const work = { tx, context, source: eventSource(context) };
    const done: (Deleted | ServiceError)[] = [];
    for (const deletion of deletions) {
      done.push(await performDeletion(work, bucket, deletion).catch(asServiceError));
    }
    return done;
  });
  return showResults(deletions, results, input.Delete?.Quiet === true);
}

function draw(
  context: RequestContext,
  request: Pick<Deletion, 'key' | 'versionId' | 'ifMatch'>,
): Deletion {
  return {
    ...request,
    sequence: nextSequence(context),
    versionTail: drawVersionTail(context.random),
  };
}

function asServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  throw error;
}

function showResults(
  deletions: readonly Deletion[],
  results: readonly (Deleted | ServiceError)[],
  quiet: boolean,
): OutputOf<'s3', 'DeleteObjects'> {
  const output: Required<Pick<OutputOf<'s3', 'DeleteObjects'>, 'Deleted' | 'Errors'>> = {
    Deleted: [],
    Errors: [],
  };
  deletions.forEach(({ key, versionId }, at) => {
    const result = results[at];
    const named = { Key: key, ...(versionId === undefined ? {} : { VersionId: versionId }) };
    if (result instanceof ServiceError) {
      output.Errors?.push({ ...named, Code: result.code, Message: result.message });
    } else if (!quiet) {
      output.Deleted?.push({
        ...named,
        ...(result?.isMarker === true && result.versionId !== undefined
          ? { DeleteMarker: true, DeleteMarkerVersionId: result.versionId }
          : {}),
      });
    }
  });
  return {
    ...(output.Deleted?.length === 0 ? {} : { Deleted: output.Deleted }),
    ...(output.Errors?.length === 0 ? {} : { Errors: output.Errors }),
  };
}

interface DeletionWork {
  readonly tx: Tx;
  readonly context: KeyChange['context'];
  readonly source: EventSource;
}

async function performDeletion(
  { tx, context, source }: DeletionWork,
  bucket: Bucket,
  deletion: Deletion,
): Promise<Deleted> {
  const { key, versionId } = deletion;
  checkKey(key);
  const change: KeyChange = { tx, context, bucket, key };
  const current = await objects.get(tx, [bucket.name, key]);
  if (versionId !== undefined) {
    return removeVersion(change, source, { bucket, current, deletion, versionId });
  }
  checkIfMatch(deletion, current);
  if (bucket.versioning === undefined) {
    if (current === undefined) return {};
    await removeCurrent(change, current);
    await tellUploads(change);
    announce(tx, source, {
      bucket,
      name: 'ObjectRemoved:Delete',
      key,
      version: current,
      sequence: deletion.sequence,
    });
    return {};
  }
  const marker = await writeVersion(
    change,
    { kind: 'delete-marker', sequence: deletion.sequence, lastModifiedMs: context.nowMs },
    { current, versionTail: deletion.versionTail },
  );
  await tellUploads(change);
  const name = 'ObjectRemoved:DeleteMarkerCreated';
  announce(tx, source, { bucket, name, key, version: marker });
  return { versionId: marker.versionId, isMarker: true };
}

interface VersionRemoval {
  readonly bucket: Bucket;
  readonly current: Version | undefined;
  readonly deletion: Deletion;
  readonly versionId: string;
}

async function removeVersion(
  change: KeyChange,
  source: EventSource,
  { bucket, current, deletion, versionId }: VersionRemoval,
): Promise<Deleted> {
  const { tx, key } = change;
  if (!isPossible(versionId)) throw noSuchVersion(key, versionId);
  const named = bucket.versioning === undefined ? {} : { versionId };
  const version = await findVersion(tx, { bucket: bucket.name, key, current }, versionId);
  checkIfMatch(deletion, version);
  if (version === undefined || current === undefined) return named;
  if (version === current) {
    await removeCurrent(change, current);
    await tellUploads(change);
  } else {
    await removeNoncurrent(change, current, version);
  }
  announce(tx, source, {
    bucket,
    name: 'ObjectRemoved:Delete',
    key,
    version,
    sequence: deletion.sequence,
  });
  return version.kind === 'delete-marker' ? { ...named, isMarker: true } : named;
}

// AWS: DeleteObjects tells an id it cannot have given as NoSuchVersion, where DeleteObject says
// InvalidArgument. localstack/localstack, test_s3_api.snapshot.json, test_delete_objects.
function isPossible(versionId: string): boolean {
  try {
    checkVersionId(versionId);
    return true;
  } catch (error) {
    asServiceError(error);
    return false;
  }
}

function checkIfMatch({ ifMatch, key }: Deletion, version: Version | undefined): void {
  if (ifMatch === undefined) return;
  if (version === undefined) throw noSuchKey(key);
  if (version.kind !== 'object' || !matchesEtag(ifMatch, version.etag)) {
    throw preconditionFailed('If-Match');
  }
}
