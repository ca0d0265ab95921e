// CopyObject: shares the bytes where it can, reads them again where tag or checksum must be made anew.
import type { ReadTx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { takeIn } from '../body-intake.ts';
import type { BucketReference } from '../bucket-access.ts';
import { checkCopyConditions, checkWriteConditionSyntax } from '../conditions.ts';
import {
  deleteMarkerCopy,
  invalidArgument,
  invalidRequest,
  objectIsArchived,
} from '../errors.ts';
import { checksumMembers, parseAlgorithm } from '../integrity.ts';
import { SINGLE_PUT_MAX_BYTES } from '../limits.ts';
import { locateObject } from '../locate.ts';
import type { Located } from '../locate.ts';
import { checkEncryption, checkKey, isArchived } from '../rules.ts';
import { inlineBodies } from '../store.ts';
import type { Checksum, ObjectDescription, ObjectVersion } from '../store.ts';
import { ServiceError, present } from '../../../base/errors.ts';
import { requestedGrants } from './buckets.ts';
import { readDescription, versionMember, writtenVersionMember } from './describe.ts';
import { keepOrDiscard, writeObject } from './put-object.ts';
import type { Content, Written } from './put-object.ts';
import { readPieces } from './read-object.ts';
import { showEtag, showTime } from './shapes.ts';

export interface CopySource {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string | undefined;
}

/** `[/]BUCKET/KEY[?versionId=ID]`, percent-encoded. */
export function parseCopySource(header: string | undefined): CopySource {
  const text = (header ?? '').replace(/^\//, '');
  const mark = text.lastIndexOf('?versionId=');
  const path = decodeSource(mark === -1 ? text : text.slice(0, mark));
  const slash = path.indexOf('/');
  if (slash <= 0 || slash === path.length - 1) {
    throw invalidArgument(
      'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
      'x-amz-copy-source',
      header ?? '',
    );
  }
  return {
    bucket: path.slice(0, slash),
    key: path.slice(slash + 1),
    versionId: mark === -1 ? undefined : text.slice(mark + '?versionId='.length),
  };
}

function decodeSource(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw invalidArgument('Invalid copy source encoding.', 'x-amz-copy-source', path);
  }
}

interface CopyConditions {
  readonly CopySourceIfMatch?: string | undefined;
  readonly CopySourceIfNoneMatch?: string | undefined;
  readonly CopySourceIfModifiedSince?: Date | undefined;
  readonly CopySourceIfUnmodifiedSince?: Date | undefined;
  readonly ExpectedSourceBucketOwner?: string | undefined;
}

/** The source, if it may be copied as it stands. */
export async function locateSource(
  view: ReadTx,
  source: CopySource,
  request: { readonly conditions: CopyConditions; readonly nowMs: number },
): Promise<Located> {
  const { conditions, nowMs } = request;
  const located = await locateObject(
    view,
    {
      Bucket: source.bucket,
      Key: source.key,
      VersionId: source.versionId,
      ExpectedBucketOwner: conditions.ExpectedSourceBucketOwner,
    },
    { method: 'PUT' },
  ).catch((error: unknown) => {
    if (error instanceof ServiceError && error.status === 405) throw deleteMarkerCopy();
    throw error;
  });
  const { object } = located;
  checkCopyConditions(
    {
      ifMatch: conditions.CopySourceIfMatch,
      ifNoneMatch: conditions.CopySourceIfNoneMatch,
      ifModifiedSince: conditions.CopySourceIfModifiedSince,
      ifUnmodifiedSince: conditions.CopySourceIfUnmodifiedSince,
    },
    object,
    nowMs,
  );
  if (isArchived(object.description.storageClass)) {
    throw objectIsArchived(object.description.storageClass);
  }
  return located;
}

type CopyInput = InputOf<'s3', 'CopyObject'>;

export async function copyObject(
  input: CopyInput,
  context: RequestContext,
): Promise<OutputOf<'s3', 'CopyObject'>> {
  const key = input.Key ?? '';
  checkKey(key);
  checkDirective(input.MetadataDirective, 'metadata');
  checkDirective(input.TaggingDirective, 'tagging');
  checkWriteConditionSyntax({ ifMatch: input.IfMatch, ifNoneMatch: input.IfNoneMatch });
  checkEncryption({ SSECustomerAlgorithm: input.CopySourceSSECustomerAlgorithm });
  const source = parseCopySource(input.CopySource);
  const requested = readDescription(input);
  // One snapshot: an inline body must not vanish between finding the source and reading it.
  const { located, inline } = await context.store.read(async (view) => {
    const found = await locateSource(view, source, { conditions: input, nowMs: context.nowMs });
    return { located: found, inline: await readInline(view, found) };
  });
  refuseSelfCopy(input, source, located);
  if (located.object.sizeBytes > SINGLE_PUT_MAX_BYTES) {
    throw invalidRequest(
      `The specified copy source is larger than the maximum allowable size for a copy source: ${SINGLE_PUT_MAX_BYTES}`,
    );
  }
  const algorithm =
    input.ChecksumAlgorithm === undefined ? undefined : parseAlgorithm(input.ChecksumAlgorithm);
  const commit = (content: Content): Promise<Written> =>
    writeCopy(context, { input, key, content, description: describeCopy(input, requested, located.object) });
  const written = isReusable(located.object, algorithm)
    ? await commit(shareContent(located.object, inline))
    : await recopy(context, { object: located.object, inline, algorithm, commit });
  return {
    CopyObjectResult: {
      ETag: showEtag(written.object.etag),
      LastModified: showTime(written.object.lastModifiedMs),
      ...checksumMembers(written.object.checksum),
    },
    ServerSideEncryption: 'AES256',
    ...(located.bucket.versioning === undefined
      ? {}
      : { CopySourceVersionId: versionMember(located.bucket, located.object).VersionId }),
    ...writtenVersionMember(written.bucket, written.object),
    ...written.expiration,
  };
}

function checkDirective(directive: string | undefined, kind: 'metadata' | 'tagging'): void {
  if (directive === undefined || directive === 'COPY' || directive === 'REPLACE') return;
  throw invalidArgument(`Unknown ${kind} directive.`, `x-amz-${kind}-directive`, directive);
}

function refuseSelfCopy(input: CopyInput, source: CopySource, located: Located): void {
  const sameKey = input.Bucket === source.bucket && input.Key === source.key;
  if (!sameKey || located.object !== located.current) return;
  const changes =
    input.MetadataDirective === 'REPLACE' ||
    input.TaggingDirective === 'REPLACE' ||
    input.StorageClass !== undefined ||
    input.WebsiteRedirectLocation !== undefined ||
    input.ServerSideEncryption !== undefined;
  if (changes) return;
  throw invalidRequest(
    "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
  );
}

/** AWS: storage class, ACL and redirect come from the request alone. S3 API reference, CopyObject. */
function describeCopy(
  input: CopyInput,
  requested: ObjectDescription,
  source: ObjectVersion,
): ObjectDescription {
  const replaces = input.MetadataDirective === 'REPLACE';
  const { tags: requestedTags, ...own } = requested;
  const { tags: sourceTags, acl: _acl, websiteRedirectLocation: _redirect, ...inherited } = source.description;
  const tags = input.TaggingDirective === 'REPLACE' ? requestedTags : sourceTags;
  const { websiteRedirectLocation, storageClass } = requested;
  return {
    ...(replaces ? own : inherited),
    storageClass,
    ...(websiteRedirectLocation === undefined ? {} : { websiteRedirectLocation }),
    ...(tags === undefined ? {} : { tags }),
  };
}

/** The copy has the same tag and checksum, so the same bytes can stand for both. */
function isReusable(source: ObjectVersion, algorithm: Checksum['algorithm'] | undefined): boolean {
  if (source.parts !== undefined || source.checksum?.type !== 'FULL_OBJECT') return false;
  return algorithm === undefined || algorithm === source.checksum.algorithm;
}

function shareContent(source: ObjectVersion, inline: Uint8Array | undefined): Content {
  const { sizeBytes, etag, body, checksum } = source;
  return {
    sizeBytes,
    etag,
    body,
    ...(checksum === undefined ? {} : { checksum }),
    ...(inline === undefined ? {} : { inline }),
  };
}

async function readInline(view: ReadTx, located: Located): Promise<Uint8Array | undefined> {
  const { bucket, key, object } = located;
  if (object.body.kind !== 'inline') return undefined;
  const stored = await inlineBodies.get(view, [bucket.name, key, object.versionId]);
  return present(stored, 'inline body of a copy source');
}

interface Recopy {
  readonly object: ObjectVersion;
  readonly inline: Uint8Array | undefined;
  readonly algorithm: Checksum['algorithm'] | undefined;
  readonly commit: (content: Content) => Promise<Written>;
}

/** Reads the source again: a multipart object becomes a plain one, as on AWS. */
async function recopy(
  context: RequestContext,
  { object, inline, algorithm, commit }: Recopy,
): Promise<Written> {
  const chosen = algorithm ?? object.checksum?.algorithm ?? 'CRC64NVME';
  const body = inline ?? readPieces(context.blobs, object, undefined);
  const intake = await takeIn(body, {
    blobs: context.blobs,
    algorithm: chosen,
    maxBytes: SINGLE_PUT_MAX_BYTES,
    expectedBytes: object.sizeBytes,
  });
  return keepOrDiscard(context, intake, () =>
    commit({
      sizeBytes: intake.sizeBytes,
      etag: intake.md5.toString('hex'),
      checksum: { algorithm: chosen, value: intake.checksum, type: 'FULL_OBJECT' },
      body:
        intake.piece === undefined
          ? { kind: 'inline' }
          : { kind: 'blobs', pieces: [intake.piece] },
      ...(intake.inline === undefined ? {} : { inline: intake.inline }),
    }),
  );
}

interface CopyWrite {
  readonly input: CopyInput;
  readonly key: string;
  readonly content: Content;
  readonly description: ObjectDescription;
}

function writeCopy(context: RequestContext, write: CopyWrite): Promise<Written> {
  const { input, key, content, description } = write;
  const reference: BucketReference = input;
  return writeObject(context, {
    reference,
    key,
    conditions: { ifMatch: input.IfMatch, ifNoneMatch: input.IfNoneMatch },
    description,
    grants: requestedGrants(input, context.account),
    canned: input.ACL,
    content,
    event: 'ObjectCreated:Copy',
  });
}
