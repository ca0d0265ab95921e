// Between the members that describe an object in requests and answers, and the stored description.
import type { RequestContext } from '../../../kernel/context.ts';
import { isPublic } from '../acl.ts';
import type { Grant } from '../acl.ts';
import { accessDenied, aclNotSupported } from '../errors.ts';
import { findExpiration } from '../lifecycle.ts';
import type { LifecycleRule } from '../lifecycle.ts';
import {
  DEFAULT_CONTENT_TYPE,
  objectContentEncoding,
  readMetadata,
  showMetadata,
} from '../object-headers.ts';
import { checkEncryption, checkStorageClass, refuseUnsupported } from '../rules.ts';
import type { EncryptionHeaders, RefusedHeaders } from '../rules.ts';
import type { Bucket, ObjectDescription, ObjectVersion } from '../store.ts';
import { parseTaggingHeader } from '../tags.ts';
import { showEtag, showTime } from './shapes.ts';

/** What PutObject, CopyObject and CreateMultipartUpload have in common. */
export interface DescriptionMembers extends EncryptionHeaders, RefusedHeaders {
  readonly ContentType?: string | undefined;
  readonly CacheControl?: string | undefined;
  readonly ContentDisposition?: string | undefined;
  readonly ContentEncoding?: string | undefined;
  readonly ContentLanguage?: string | undefined;
  readonly Expires?: Date | undefined;
  readonly WebsiteRedirectLocation?: string | undefined;
  readonly Metadata?: Record<string, string> | undefined;
  readonly StorageClass?: string | undefined;
  readonly Tagging?: string | undefined;
}

/** The description in a request; refuses what cannot be honoured. */
export function readDescription(input: DescriptionMembers): ObjectDescription {
  checkEncryption(input);
  refuseUnsupported(input);
  const contentEncoding = objectContentEncoding(input.ContentEncoding);
  const tags = input.Tagging === undefined ? [] : parseTaggingHeader(input.Tagging);
  return {
    contentType: input.ContentType ?? DEFAULT_CONTENT_TYPE,
    metadata: readMetadata(input.Metadata),
    storageClass: checkStorageClass(input.StorageClass),
    ...(input.CacheControl === undefined ? {} : { cacheControl: input.CacheControl }),
    ...(input.ContentDisposition === undefined
      ? {}
      : { contentDisposition: input.ContentDisposition }),
    ...(contentEncoding === undefined ? {} : { contentEncoding }),
    ...(input.ContentLanguage === undefined ? {} : { contentLanguage: input.ContentLanguage }),
    ...(input.Expires === undefined ? {} : { expiresMs: input.Expires.getTime() }),
    ...(input.WebsiteRedirectLocation === undefined
      ? {}
      : { websiteRedirectLocation: input.WebsiteRedirectLocation }),
    ...(tags.length === 0 ? {} : { tags }),
  };
}

/**
 * The ACL an upload asks for, in a bucket: refused where ACLs are off or public ones are blocked.
 * Undefined: the owner alone.
 */
export function checkObjectAcl(
  bucket: Bucket,
  grants: readonly Grant[] | undefined,
  canned: string | undefined,
): readonly Grant[] | undefined {
  if (grants === undefined) return undefined;
  if (bucket.ownership === 'BucketOwnerEnforced') {
    // AWS: the one ACL that says what holds anyway. S3 user guide, "Controlling object ownership".
    if (canned === 'bucket-owner-full-control') return undefined;
    throw aclNotSupported();
  }
  if (bucket.publicAccessBlock?.blockPublicAcls === true && isPublic(grants)) throw accessDenied();
  return grants;
}

interface ResponseOverrides {
  readonly ResponseCacheControl?: string | undefined;
  readonly ResponseContentDisposition?: string | undefined;
  readonly ResponseContentEncoding?: string | undefined;
  readonly ResponseContentLanguage?: string | undefined;
  readonly ResponseContentType?: string | undefined;
  readonly ResponseExpires?: Date | undefined;
}

/** Headers of GET and HEAD. */
export function showObject(bucket: Bucket, object: ObjectVersion, overrides: ResponseOverrides) {
  const { description } = object;
  const expires = overrides.ResponseExpires ?? toDate(description.expiresMs);
  return {
    AcceptRanges: 'bytes',
    LastModified: showTime(object.lastModifiedMs),
    ETag: showEtag(object.etag),
    ServerSideEncryption: 'AES256' as const,
    Metadata: showMetadata(description.metadata),
    ContentType: overrides.ResponseContentType ?? description.contentType,
    ...defined('CacheControl', overrides.ResponseCacheControl ?? description.cacheControl),
    ...defined(
      'ContentDisposition',
      overrides.ResponseContentDisposition ?? description.contentDisposition,
    ),
    ...defined('ContentEncoding', overrides.ResponseContentEncoding ?? description.contentEncoding),
    ...defined('ContentLanguage', overrides.ResponseContentLanguage ?? description.contentLanguage),
    ...defined('Expires', expires),
    ...defined('WebsiteRedirectLocation', description.websiteRedirectLocation),
    ...defined('TagCount', description.tags?.length),
    // AWS: the header is left out for STANDARD. S3 API reference, GetObject.
    ...(description.storageClass === 'STANDARD'
      ? {}
      : { StorageClass: description.storageClass as 'GLACIER' }),
    ...versionMember(bucket, object),
  };
}

/** `VersionId`, in buckets that have or had versioning. */
export function versionMember(
  bucket: Pick<Bucket, 'versioning'>,
  version: { readonly versionId: string },
): { VersionId?: string } {
  return bucket.versioning === undefined ? {} : { VersionId: version.versionId };
}

/** What an answer to a write says of the version: AWS names no `null` version there. */
export function writtenVersionMember(
  bucket: Pick<Bucket, 'versioning'>,
  version: { readonly versionId: string },
): { VersionId?: string } {
  return bucket.versioning === 'Enabled' ? { VersionId: version.versionId } : {};
}

/** The `x-amz-expiration` header of an object that a lifecycle rule will remove. */
export function expirationMember(
  rules: readonly LifecycleRule[] | undefined,
  key: string,
  object: ObjectVersion,
): { Expiration?: string } {
  const due = rules === undefined ? undefined : findExpiration(rules, key, object);
  if (due === undefined) return {};
  const date = new Date(due.dueMs).toUTCString();
  return { Expiration: `expiry-date="${date}", rule-id="${encodeURIComponent(due.ruleId)}"` };
}

/** What a 304 still says. */
export function notModifiedHeaders(bucket: Bucket, object: ObjectVersion): Record<string, string> {
  const { cacheControl, expiresMs } = object.description;
  return {
    etag: showEtag(object.etag),
    'last-modified': new Date(object.lastModifiedMs).toUTCString(),
    ...(cacheControl === undefined ? {} : { 'cache-control': cacheControl }),
    ...(expiresMs === undefined ? {} : { expires: new Date(expiresMs).toUTCString() }),
    ...(bucket.versioning === undefined ? {} : { 'x-amz-version-id': object.versionId }),
  };
}

/** Bytes of the body as the client announced them; a chunked body's own length is longer. */
export function announcedBytes(
  contentLength: number | undefined,
  http: RequestContext['http'],
): number | undefined {
  const decoded = http?.headers['x-amz-decoded-content-length'];
  return decoded === undefined ? contentLength : Number(decoded);
}

function toDate(epochMs: number | undefined): Date | undefined {
  return epochMs === undefined ? undefined : new Date(epochMs);
}

function defined<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { [N in Name]?: Value } {
  return (value === undefined ? {} : { [name]: value }) as { [N in Name]?: Value };
}
