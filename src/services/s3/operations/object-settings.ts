// What hangs on an object besides its bytes: tags, ACL, and the attributes that tell of its parts.
import type { Tx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { checkPolicyGrants } from '../acl.ts';
import type { Grant } from '../acl.ts';
import { requireBucket } from '../bucket-access.ts';
import { accessDenied, aclNotSupported, invalidArgument, malformedAcl } from '../errors.ts';
import { isPublic } from '../acl.ts';
import { announce, eventSource } from '../events.ts';
import { checksumMembers, checksumValue } from '../integrity.ts';
import { locateObject } from '../locate.ts';
import type { Located, ObjectReference } from '../locate.ts';
import { canonicalUserId } from '../owner.ts';
import { getSetting, noncurrent, objects, putSetting } from '../store.ts';
import type { Bucket, ObjectDescription } from '../store.ts';
import { checkTags, sortTags } from '../tags.ts';
import type { Tag } from '../tags.ts';
import { requestedGrants } from './buckets.ts';
import { versionMember } from './describe.ts';
import type { Empty } from './shapes.ts';
import { readGrants, readTags, showGrants, showOwner, showTags, showTime } from './shapes.ts';

export async function getObjectTagging(
  input: InputOf<'s3', 'GetObjectTagging'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'GetObjectTagging'>> {
  return context.store.read(async (view) => {
    const { bucket, object } = await locateObject(view, input, { method: 'GET', markerIsKey: true });
    return { TagSet: showTags(object.description.tags ?? []), ...versionMember(bucket, object) };
  });
}

export async function putObjectTagging(
  input: InputOf<'s3', 'PutObjectTagging'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'PutObjectTagging'>> {
  const tags = sortTags(readTags(input.Tagging?.TagSet));
  return replaceTags(context, input, { method: 'PUT', tags });
}

export async function deleteObjectTagging(
  input: InputOf<'s3', 'DeleteObjectTagging'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'DeleteObjectTagging'>> {
  return replaceTags(context, input, { method: 'DELETE', tags: [] });
}

function replaceTags(
  context: RequestContext,
  reference: ObjectReference,
  { method, tags }: { readonly method: 'PUT' | 'DELETE'; readonly tags: readonly Tag[] },
): Promise<{ VersionId?: string }> {
  return context.store.transact(async (tx) => {
    const located = await locateObject(tx, reference, { method, markerIsKey: true });
    checkTags(tags, 'object');
    const { tags: _, ...rest } = located.object.description;
    putDescription(tx, located, tags.length === 0 ? rest : { ...rest, tags });
    const { bucket, key, object } = located;
    const name = method === 'PUT' ? 'ObjectTagging:Put' : 'ObjectTagging:Delete';
    announce(tx, eventSource(context), { bucket, name, key, version: object });
    return versionMember(bucket, object);
  });
}

/** Changes what is said of a version; the version itself stays the same. */
function putDescription(
  tx: Tx,
  { bucket, key, current, object }: Located,
  description: ObjectDescription,
): void {
  const changed = { ...object, description };
  if (object === current) objects.put(tx, [bucket.name, key], changed);
  else noncurrent.put(tx, [bucket.name, key, -object.sequence], changed);
}

function ownerGrant(account: string): Grant[] {
  return [{ grantee: { kind: 'user', id: canonicalUserId(account) }, permission: 'FULL_CONTROL' }];
}

export async function getBucketAcl(
  input: InputOf<'s3', 'GetBucketAcl'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'GetBucketAcl'>> {
  return context.store.read(async (view) => {
    const bucket = await requireBucket(view, input);
    const grants = await getSetting(view, bucket.name, 'acl');
    return showAcl(bucket, grants);
  });
}

export async function getObjectAcl(
  input: InputOf<'s3', 'GetObjectAcl'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'GetObjectAcl'>> {
  return context.store.read(async (view) => {
    const { bucket, object } = await locateObject(view, input, { method: 'GET', markerIsKey: true });
    return showAcl(bucket, object.description.acl);
  });
}

/** AWS: with BucketOwnerEnforced ACLs are off, and read as the owner's full control. */
function showAcl(bucket: Bucket, grants: readonly Grant[] | undefined) {
  const own = ownerGrant(bucket.account);
  const inForce = bucket.ownership === 'BucketOwnerEnforced' ? own : (grants ?? own);
  return { Owner: showOwner(bucket.account), Grants: showGrants(inForce) };
}

type AclInput = InputOf<'s3', 'PutBucketAcl'> | InputOf<'s3', 'PutObjectAcl'>;

export async function putBucketAcl(
  input: InputOf<'s3', 'PutBucketAcl'>,
  context: RequestContext,
): Promise<Empty> {
  await context.store.transact(async (tx) => {
    const bucket = await requireBucket(tx, input);
    const grants = readAcl(input, context, bucket);
    if (grants !== undefined) putSetting(tx, { bucket: bucket.name, kind: 'acl' }, grants);
  });
  return {};
}

export async function putObjectAcl(
  input: InputOf<'s3', 'PutObjectAcl'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'PutObjectAcl'>> {
  await context.store.transact(async (tx) => {
    const located = await locateObject(tx, input, { method: 'PUT', markerIsKey: true });
    const { bucket, key, object } = located;
    const grants = readAcl(input, context, bucket);
    if (grants === undefined) return;
    putDescription(tx, located, { ...object.description, acl: grants });
    const name = 'ObjectAcl:Put';
    announce(tx, eventSource(context), { bucket, name, key, version: object });
  });
  return {};
}

/** The grants of a PutAcl; undefined when they change nothing (the owner's control, with ACLs off). */
function readAcl(
  input: AclInput,
  context: RequestContext,
  bucket: Bucket,
): readonly Grant[] | undefined {
  const headers = requestedGrants(input, context.account, bucket.account);
  const policy = input.AccessControlPolicy;
  if (headers !== undefined && policy?.Grants !== undefined) {
    throw invalidArgument('Specifying both ACL headers and a body is not allowed', 'x-amz-acl');
  }
  const fromPolicy =
    policy?.Grants === undefined
      ? undefined
      : checkPolicyGrants(policy.Owner?.ID, readGrants(policy.Grants));
  const grants = headers ?? fromPolicy;
  if (grants === undefined) throw malformedAcl();
  if (bucket.ownership === 'BucketOwnerEnforced') {
    if (input.ACL === 'bucket-owner-full-control') return undefined;
    throw aclNotSupported();
  }
  if (bucket.publicAccessBlock?.blockPublicAcls === true && isPublic(grants)) throw accessDenied();
  return grants;
}

const ATTRIBUTES: readonly string[] = [
  'ETag',
  'Checksum',
  'ObjectParts',
  'StorageClass',
  'ObjectSize',
];

export async function getObjectAttributes(
  input: InputOf<'s3', 'GetObjectAttributes'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'GetObjectAttributes'>> {
  const wanted: readonly string[] = input.ObjectAttributes ?? [];
  if (wanted.length === 0 || wanted.some((name) => !ATTRIBUTES.includes(name))) {
    throw invalidArgument('Invalid attribute name specified.', 'x-amz-object-attributes');
  }
  return context.store.read(async (view) => {
    const { bucket, object } = await locateObject(view, input, { method: 'GET' });
    const parts = wanted.includes('ObjectParts') ? showParts(input, object) : undefined;
    return {
      LastModified: showTime(object.lastModifiedMs),
      ...versionMember(bucket, object),
      // AWS: without quotes here. S3 API reference, GetObjectAttributes.
      ...(wanted.includes('ETag') ? { ETag: object.etag } : {}),
      ...(wanted.includes('Checksum') && object.checksum !== undefined
        ? { Checksum: checksumMembers({ ...object.checksum, value: bareChecksum(object.checksum.value) }) }
        : {}),
      ...(parts === undefined ? {} : { ObjectParts: parts }),
      ...(wanted.includes('StorageClass')
        ? { StorageClass: object.description.storageClass as 'STANDARD' }
        : {}),
      ...(wanted.includes('ObjectSize') ? { ObjectSize: object.sizeBytes } : {}),
    };
  });
}

/** AWS: a composite checksum is told without its `-N` here. */
function bareChecksum(value: string): string {
  return value.replace(/-\d+$/, '');
}

function showParts(
  input: InputOf<'s3', 'GetObjectAttributes'>,
  { parts, checksum }: Located['object'],
) {
  if (parts === undefined) return undefined;
  // AWS: the parts themselves are told only when they carry checksums.
  const told = parts.some((part) => part.checksum !== undefined);
  const marker = Number(input.PartNumberMarker ?? 0);
  const max = Math.min(input.MaxParts ?? 1000, 1000);
  const rest = parts.filter((part) => part.partNumber > marker);
  const page = rest.slice(0, max);
  const counted = { TotalPartsCount: parts.length };
  if (!told) return counted;
  return {
    ...counted,
    PartNumberMarker: String(marker),
    NextPartNumberMarker: String(page.at(-1)?.partNumber ?? 0),
    MaxParts: max,
    IsTruncated: rest.length > max,
    Parts: page.map((part) => ({
      PartNumber: part.partNumber,
      Size: part.sizeBytes,
      ...(part.checksum === undefined || checksum === undefined
        ? {}
        : checksumValue({ algorithm: checksum.algorithm, value: part.checksum })),
    })),
  };
}
