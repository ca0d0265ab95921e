// ListObjectVersions: every version of every key, newest first within a key.
import type { ReadTx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { requireBucket } from '../bucket-access.ts';
import { invalidArgument } from '../errors.ts';
import { afterKey } from '../key-order.ts';
import { walkKeys } from '../listing.ts';
import type { ScanWindow } from '../listing.ts';
import { checkVersionId } from '../locate.ts';
import { parseVersionId } from '../sequence.ts';
import { noncurrent, objects, scanKeys } from '../store.ts';
import type { Bucket, Version } from '../store.ts';
import { findVersion } from '../versions.ts';
import { checkMax, nameEncoder, showPrefixes } from './list-objects.ts';
import { showEtag, showOwner, showTime } from './shapes.ts';

interface VersionEntry {
  readonly key: string;
  readonly version: Version;
  readonly isLatest: boolean;
}

export async function listObjectVersions(
  input: InputOf<'s3', 'ListObjectVersions'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'ListObjectVersions'>> {
  const encode = nameEncoder(input.EncodingType);
  const max = checkMax(input.MaxKeys, 'max-keys');
  const { Prefix: prefix = '', Delimiter: delimiter } = input;
  const { KeyMarker: keyMarker = '', VersionIdMarker: versionMarker } = input;
  if (versionMarker !== undefined && keyMarker === '') {
    throw invalidArgument(
      'A version-id marker cannot be specified without a key marker.',
      'version-id-marker',
      versionMarker,
    );
  }
  if (versionMarker !== undefined && versionMarker !== '') checkVersionId(versionMarker);
  return context.store.read(async (view) => {
    const bucket = await requireBucket(view, input);
    const rest = await versionsBehind(view, bucket, { key: keyMarker, versionId: versionMarker });
    const isPrefix = delimiter !== undefined && delimiter !== '' && keyMarker.endsWith(delimiter);
    const walked = await walkKeys<VersionEntry>({
      prefix,
      delimiter,
      max,
      from: keyMarker === '' || rest.length > 0 ? keyMarker : afterKey(keyMarker),
      pastPrefix: isPrefix && keyMarker.length > prefix.length ? keyMarker : undefined,
      scan: (window) => scanVersions(view, { bucket, keyMarker, rest }, window),
      keyOf: (entry) => entry.key,
    });
    const last = walked.items.at(-1);
    return {
      Name: bucket.name,
      Prefix: encode(prefix),
      KeyMarker: encode(keyMarker),
      VersionIdMarker: versionMarker ?? '',
      MaxKeys: max,
      IsTruncated: walked.isTruncated,
      ...showEntries(walked.items, bucket, encode),
      ...showPrefixes(walked.commonPrefixes, encode),
      ...(delimiter === undefined ? {} : { Delimiter: encode(delimiter) }),
      ...(input.EncodingType === undefined ? {} : { EncodingType: input.EncodingType }),
      ...(walked.isTruncated && walked.last !== undefined
        ? {
            NextKeyMarker: encode(walked.last.key),
            ...(walked.last.isPrefix || last === undefined
              ? {}
              : { NextVersionIdMarker: last.version.versionId }),
          }
        : {}),
    };
  });
}

interface VersionScan {
  readonly bucket: Bucket;
  readonly keyMarker: string;
  /** Versions of `keyMarker` that an earlier page did not get to. */
  readonly rest: readonly VersionEntry[];
}

/** Whole keys, so that the walk may go on behind the last key; hence more than `limit` at times. */
async function scanVersions(
  view: ReadTx,
  { bucket, keyMarker, rest }: VersionScan,
  window: ScanWindow,
): Promise<VersionEntry[]> {
  const entries: VersionEntry[] = [];
  for (const { key, version } of await scanKeys(view, bucket.name, window)) {
    if (key === keyMarker && rest.length > 0) {
      entries.push(...rest);
      continue;
    }
    entries.push({ key, version, isLatest: true });
    if (bucket.versioning !== undefined) entries.push(...(await olderVersions(view, bucket, key)));
  }
  return entries;
}

const OLDER_BATCH = 1000;

async function olderVersions(view: ReadTx, bucket: Bucket, key: string): Promise<VersionEntry[]> {
  const entries: VersionEntry[] = [];
  for (;;) {
    const after = entries.at(-1)?.version.sequence;
    const rows = await noncurrent.list(view, [bucket.name, key], {
      limit: OLDER_BATCH,
      ...(after === undefined ? {} : { after: [bucket.name, key, -after] }),
    });
    entries.push(...rows.map((row) => ({ key, version: row.value, isLatest: false })));
    if (rows.length < OLDER_BATCH) return entries;
  }
}

/** The versions of a key older than the one a page ended with. */
async function versionsBehind(
  view: ReadTx,
  bucket: Bucket,
  marker: { readonly key: string; readonly versionId: string | undefined },
): Promise<VersionEntry[]> {
  const { key, versionId } = marker;
  if (key === '' || versionId === undefined || versionId === '') return [];
  const current = await objects.get(view, [bucket.name, key]);
  const version = await findVersion(view, { bucket: bucket.name, key, current }, versionId);
  // The version may have gone since; its id still tells its place.
  const sequence = version?.sequence ?? parseVersionId(versionId) ?? 0;
  const older = await olderVersions(view, bucket, key);
  return older.filter((entry) => entry.version.sequence < sequence);
}

function showEntries(
  entries: readonly VersionEntry[],
  bucket: Bucket,
  encode: (name: string) => string,
) {
  const Owner = showOwner(bucket.account);
  const Versions = entries.flatMap(({ key, version, isLatest }) =>
    version.kind === 'object'
      ? [
          {
            Key: encode(key),
            VersionId: version.versionId,
            IsLatest: isLatest,
            LastModified: showTime(version.lastModifiedMs),
            ETag: showEtag(version.etag),
            ...(version.checksum === undefined
              ? {}
              : {
                  ChecksumAlgorithm: [version.checksum.algorithm],
                  ChecksumType: version.checksum.type,
                }),
            Size: version.sizeBytes,
            StorageClass: version.description.storageClass as 'STANDARD',
            Owner,
          },
        ]
      : [],
  );
  const DeleteMarkers = entries.flatMap(({ key, version, isLatest }) =>
    version.kind === 'delete-marker'
      ? [
          {
            Key: encode(key),
            VersionId: version.versionId,
            IsLatest: isLatest,
            LastModified: showTime(version.lastModifiedMs),
            Owner,
          },
        ]
      : [],
  );
  return {
    ...(Versions.length === 0 ? {} : { Versions }),
    ...(DeleteMarkers.length === 0 ? {} : { DeleteMarkers }),
  };
}
