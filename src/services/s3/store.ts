// The state of S3: what is kept, under which keys; the only file of this service that touches tables.
import type { KeyPart, ReadTx, Tx } from '../../base/store.ts';
import { AFTER_ANY } from '../../base/tuple.ts';
import { table } from '../../kernel/table.ts';
import type { Row } from '../../kernel/table.ts';
import type { Grant } from './acl.ts';
import type { ChecksumAlgorithm } from './checksums.ts';
import type { NotificationRule } from './notification-rules.ts';
import type { CorsRule } from './cors.ts';
import type { LifecycleRule } from './lifecycle.ts';
import type { Tag } from './tags.ts';

export type ObjectOwnership = 'BucketOwnerEnforced' | 'BucketOwnerPreferred' | 'ObjectWriter';

interface PublicAccessBlock {
  readonly blockPublicAcls: boolean;
  readonly ignorePublicAcls: boolean;
  readonly blockPublicPolicy: boolean;
  readonly restrictPublicBuckets: boolean;
}

/** Read by nearly every request, so it stays small; larger settings have rows of their own. */
export interface Bucket {
  readonly name: string;
  readonly account: string;
  readonly region: string;
  readonly createdMs: number;
  /** As it was given; absent for us-east-1. */
  readonly locationConstraint?: string;
  readonly versioning?: 'Enabled' | 'Suspended';
  readonly ownership?: ObjectOwnership;
  readonly publicAccessBlock?: PublicAccessBlock;
  readonly notifications?: readonly NotificationRule[];
  readonly hasCors?: true;
  readonly hasLifecycle?: true;
  readonly bucketKeyEnabled?: boolean;
}

export interface BucketSettings {
  acl: readonly Grant[];
  cors: readonly CorsRule[];
  lifecycle: readonly LifecycleRule[];
  policy: string;
  tagging: readonly Tag[];
}

export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Base64; composite ones end with `-N`. */
  readonly value: string;
  readonly type: 'FULL_OBJECT' | 'COMPOSITE';
}

export interface BlobPiece {
  readonly id: string;
  readonly sizeBytes: number;
}

/** Where an object's bytes are: in the `s3/inline` table, or in blobs, in order. */
type Body =
  | { readonly kind: 'inline' }
  | { readonly kind: 'blobs'; readonly pieces: readonly BlobPiece[] };

/** What the client says of an object besides its bytes, and gets back with them. */
export interface ObjectDescription {
  readonly contentType: string;
  readonly cacheControl?: string;
  readonly contentDisposition?: string;
  readonly contentEncoding?: string;
  readonly contentLanguage?: string;
  readonly expiresMs?: number;
  readonly websiteRedirectLocation?: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly storageClass: string;
  readonly tags?: readonly Tag[];
  readonly acl?: readonly Grant[];
}

interface VersionCommon {
  /** Grows with every write of the key; orders its versions. */
  readonly sequence: number;
  readonly versionId: string;
  readonly lastModifiedMs: number;
  /** On the current version only: the sequence of the noncurrent version whose id is `null`. */
  readonly nullSequence?: number;
  /** On a noncurrent version: when it stopped being current. */
  readonly noncurrentSinceMs?: number;
}

export interface ObjectVersion extends VersionCommon {
  readonly kind: 'object';
  readonly sizeBytes: number;
  /** Without quotes. */
  readonly etag: string;
  readonly body: Body;
  readonly checksum?: Checksum;
  readonly description: ObjectDescription;
  /** Of a multipart object. */
  readonly parts?: readonly CompletedPart[];
}

export interface CompletedPart {
  readonly partNumber: number;
  readonly sizeBytes: number;
  readonly checksum?: string;
}

export interface DeleteMarker extends VersionCommon {
  readonly kind: 'delete-marker';
}

export type Version = ObjectVersion | DeleteMarker;

export interface Upload {
  readonly initiatedMs: number;
  /** Writes of the key after this one make a conditional completion conflict. */
  readonly sequence: number;
  readonly keyDeletedSince?: true;
  readonly initiator: string;
  readonly description: ObjectDescription;
  readonly checksumAlgorithm?: ChecksumAlgorithm;
  readonly checksumType?: 'FULL_OBJECT' | 'COMPOSITE';
}

export interface Part {
  readonly piece: BlobPiece;
  readonly etag: string;
  readonly lastModifiedMs: number;
  readonly checksum: { readonly algorithm: ChecksumAlgorithm; readonly value: string };
}

/** Keyed `[name]`: bucket names are unique across accounts and regions. */
export const buckets = table<Bucket>('s3/bucket');
/** Keyed `[account, name]`. */
export const bucketsOfAccount = table<true>('s3/bucket-of-account');
/** Keyed `[bucket, setting]`. */
const settings = table<unknown>('s3/bucket-setting');
/** Current versions, delete markers included; keyed `[bucket, key]`, so listed in UTF-8 order. */
export const objects = table<Version>('s3/object');
/** Noncurrent versions, newest first; keyed `[bucket, key, -sequence]`. */
export const noncurrent = table<Version>('s3/noncurrent');
/** Small bodies; keyed `[bucket, key, versionId]`. */
export const inlineBodies = table<Uint8Array>('s3/inline');
/** Keyed `[bucket, key, uploadId]`; upload ids grow with time. */
export const uploads = table<Upload>('s3/upload');
/** Keyed `[bucket, uploadId, partNumber]`. */
export const parts = table<Part>('s3/part');

/** `undefined` when the bucket has no such setting. */
export async function getSetting<K extends keyof BucketSettings>(
  view: ReadTx,
  bucket: string,
  kind: K,
): Promise<BucketSettings[K] | undefined> {
  return (await settings.get(view, [bucket, kind])) as BucketSettings[K] | undefined;
}

export function putSetting<K extends keyof BucketSettings>(
  tx: Tx,
  key: { readonly bucket: string; readonly kind: K },
  value: BucketSettings[K],
): void {
  settings.put(tx, [key.bucket, key.kind], value);
}

export function deleteSetting(tx: Tx, bucket: string, kind: keyof BucketSettings): void {
  settings.delete(tx, [bucket, kind]);
}

/** The bucket, its index row and its settings. Objects and uploads are the caller's business. */
export function deleteBucketRows(tx: Tx, bucket: Bucket): void {
  const kinds: Record<keyof BucketSettings, true> = {
    acl: true,
    cors: true,
    lifecycle: true,
    policy: true,
    tagging: true,
  };
  for (const kind of Object.keys(kinds)) settings.delete(tx, [bucket.name, kind]);
  bucketsOfAccount.delete(tx, [bucket.account, bucket.name]);
  buckets.delete(tx, [bucket.name]);
}

/** Where a scan of keys begins and ends, as strings; `to` undefined means the end of the bucket. */
export interface KeyWindow {
  readonly from: string;
  readonly to: string | undefined;
}

/** Current versions with `from <= key < to`. */
export async function scanKeys(
  view: ReadTx,
  bucket: string,
  { from, to, limit }: KeyWindow & { readonly limit: number },
): Promise<{ key: string; version: Version }[]> {
  const rows = await objects.range(view, [bucket, from], [bucket, to ?? AFTER_ANY], { limit });
  return rows.map((row) => ({ key: textPart(row, 1), version: row.value }));
}

/** Open uploads with `from <= key < to`. */
export async function scanUploads(
  view: ReadTx,
  bucket: string,
  { from, to, limit }: { from: readonly KeyPart[]; to: string | undefined; limit: number },
): Promise<{ key: string; uploadId: string; upload: Upload }[]> {
  const rows = await uploads.range(view, [bucket, ...from], [bucket, to ?? AFTER_ANY], { limit });
  return rows.map((row) => ({
    key: textPart(row, 1),
    uploadId: textPart(row, 2),
    upload: row.value,
  }));
}

function textPart(row: Row<unknown>, at: number): string {
  return String(row.key[at]);
}
