// ListObjects, ListObjectsV2 and ListObjectVersions.
import type { ReadTx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { requireBucket } from '../bucket-access.ts';
import { invalidArgument } from '../errors.ts';
import { afterKey } from '../key-order.ts';
import { LIST_MAX_KEYS } from '../limits.ts';
import { walkKeys } from '../listing.ts';
import type { Walked } from '../listing.ts';
import { scanKeys } from '../store.ts';
import type { Bucket, ObjectVersion, Version } from '../store.ts';
import { showEtag, showOwner, showTime } from './shapes.ts';

/** Checks `encoding-type`, and gives the encoding of names in the answer. */
export function nameEncoder(encodingType: string | undefined): (name: string) => string {
  if (encodingType === undefined) return (name) => name;
  if (encodingType !== 'url') {
    throw invalidArgument('Invalid Encoding Method specified in Request', 'encoding-type', encodingType);
  }
  return (name) =>
    encodeURIComponent(name)
      .replace(/[!'()]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
      .replaceAll('%2F', '/')
      .replaceAll('%20', '+');
}

/** At most 1000, whatever was asked. */
export function checkMax(value: number | undefined, argument: string): number {
  if (value === undefined) return LIST_MAX_KEYS;
  if (value < 0) {
    throw invalidArgument(
      `Argument ${argument} must be an integer between 0 and 2147483647`,
      argument,
      String(value),
    );
  }
  return Math.min(value, LIST_MAX_KEYS);
}

interface ObjectEntry {
  readonly key: string;
  readonly version: Version;
}

interface ObjectPage {
  readonly bucket: Bucket;
  readonly prefix: string;
  readonly delimiter: string | undefined;
  readonly from: string;
  readonly pastPrefix?: string | undefined;
  readonly max: number;
}

function walkObjects(view: ReadTx, page: ObjectPage): Promise<Walked<ObjectEntry>> {
  return walkKeys<ObjectEntry>({
    ...page,
    scan: (window) => scanKeys(view, page.bucket.name, window),
    keyOf: (entry) => entry.key,
    skip: (entry) => entry.version.kind === 'delete-marker',
  });
}

function showContents(
  walked: Walked<ObjectEntry>,
  encode: (name: string) => string,
  owner: { ID: string } | undefined,
) {
  const Contents = walked.items.flatMap(({ key, version }) =>
    version.kind === 'object'
      ? [{ Key: encode(key), ...showEntry(version), ...(owner === undefined ? {} : { Owner: owner }) }]
      : [],
  );
  return {
    ...(Contents.length === 0 ? {} : { Contents }),
    ...showPrefixes(walked.commonPrefixes, encode),
    IsTruncated: walked.isTruncated,
  };
}

export function showPrefixes(prefixes: readonly string[], encode: (name: string) => string) {
  return prefixes.length === 0
    ? {}
    : { CommonPrefixes: prefixes.map((prefix) => ({ Prefix: encode(prefix) })) };
}

function showEntry(version: ObjectVersion) {
  const { checksum, description } = version;
  return {
    LastModified: showTime(version.lastModifiedMs),
    ETag: showEtag(version.etag),
    ...(checksum === undefined
      ? {}
      : { ChecksumAlgorithm: [checksum.algorithm], ChecksumType: checksum.type }),
    Size: version.sizeBytes,
    StorageClass: description.storageClass as 'STANDARD',
  };
}

export async function listObjectsV2(
  input: InputOf<'s3', 'ListObjectsV2'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'ListObjectsV2'>> {
  const encode = nameEncoder(input.EncodingType);
  const max = checkMax(input.MaxKeys, 'max-keys');
  const { Prefix: prefix = '', Delimiter: delimiter, ContinuationToken: token } = input;
  const start = token === undefined ? undefined : decodeToken(token);
  return context.store.read(async (view) => {
    const bucket = await requireBucket(view, input);
    const walked = await walkObjects(view, {
      bucket,
      prefix,
      delimiter,
      max,
      from: start?.from ?? startAfter(input.StartAfter),
      pastPrefix: start?.pastPrefix,
    });
    return {
      Name: bucket.name,
      Prefix: encode(prefix),
      MaxKeys: max,
      KeyCount: walked.items.length + walked.commonPrefixes.length,
      ...showContents(walked, encode, input.FetchOwner === true ? showOwner(bucket.account) : undefined),
      ...(delimiter === undefined ? {} : { Delimiter: encode(delimiter) }),
      ...(input.EncodingType === undefined ? {} : { EncodingType: input.EncodingType }),
      // AWS: start-after is told only while no token takes its place.
      ...(input.StartAfter === undefined || token !== undefined
        ? {}
        : { StartAfter: encode(input.StartAfter) }),
      ...(token === undefined ? {} : { ContinuationToken: token }),
      ...(walked.isTruncated && walked.last !== undefined
        ? { NextContinuationToken: encodeToken(walked.last) }
        : {}),
    };
  });
}

export async function listObjects(
  input: InputOf<'s3', 'ListObjects'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'ListObjects'>> {
  const encode = nameEncoder(input.EncodingType);
  const max = checkMax(input.MaxKeys, 'max-keys');
  const { Prefix: prefix = '', Delimiter: delimiter, Marker: marker = '' } = input;
  return context.store.read(async (view) => {
    const bucket = await requireBucket(view, input);
    // A NextMarker may be a common prefix: its keys were listed with it.
    const isPrefix = delimiter !== undefined && delimiter !== '' && marker.endsWith(delimiter);
    const walked = await walkObjects(view, {
      bucket,
      prefix,
      delimiter,
      max,
      from: startAfter(marker),
      pastPrefix: isPrefix && marker.length > prefix.length ? marker : undefined,
    });
    return {
      Name: bucket.name,
      Prefix: encode(prefix),
      Marker: encode(marker),
      MaxKeys: max,
      ...showContents(walked, encode, showOwner(bucket.account)),
      ...(delimiter === undefined ? {} : { Delimiter: encode(delimiter) }),
      ...(input.EncodingType === undefined ? {} : { EncodingType: input.EncodingType }),
      // AWS: only with a delimiter; without, the last key is the marker. API reference, ListObjects.
      ...(walked.isTruncated && walked.last !== undefined && delimiter !== undefined
        ? { NextMarker: encode(walked.last.key) }
        : {}),
    };
  });
}

function startAfter(key: string | undefined): string {
  return key === undefined || key === '' ? '' : afterKey(key);
}

// `p` continues behind a common prefix, `k` behind a key.
function encodeToken({ key, isPrefix }: { readonly key: string; readonly isPrefix: boolean }): string {
  return Buffer.from(`${isPrefix ? 'p' : 'k'}${key}`).toString('base64');
}

function decodeToken(token: string): { from: string; pastPrefix: string | undefined } {
  const text = Buffer.from(token, 'base64').toString();
  const key = text.slice(1);
  if (key === '' || (text[0] !== 'p' && text[0] !== 'k')) {
    throw invalidArgument(
      'The continuation token provided is incorrect',
      'continuation-token',
      token,
    );
  }
  return { from: afterKey(key), pastPrefix: text[0] === 'p' ? key : undefined };
}
