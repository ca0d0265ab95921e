// GetObject and HeadObject: conditions, ranges, parts, and the bytes.
import type { Blobs, ReadTx } from '../../../base/store.ts';
import { present } from '../../../base/errors.ts';
import { readSlices } from '../../../kernel/bodies.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { checkReadConditions } from '../conditions.ts';
import { invalidPartNumber, invalidRequest, objectIsArchived } from '../errors.ts';
import { checksumMembers } from '../integrity.ts';
import { locateObject } from '../locate.ts';
import type { Located } from '../locate.ts';
import { parseRange, sliceBlobs } from '../ranges.ts';
import type { ByteRange } from '../ranges.ts';
import { checkEncryption, checkPartNumber, isArchived } from '../rules.ts';
import { getSetting, inlineBodies } from '../store.ts';
import type { ObjectVersion } from '../store.ts';
import { expirationMember, notModifiedHeaders, showObject } from './describe.ts';

type ReadInput = InputOf<'s3', 'GetObject'> | InputOf<'s3', 'HeadObject'>;

export async function getObject(
  input: InputOf<'s3', 'GetObject'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'GetObject'>> {
  checkRequest(input, context);
  return context.store.read(async (view) => {
    const located = await locateObject(view, input, { method: 'GET' });
    const { object } = located;
    if (isArchived(object.description.storageClass)) {
      throw objectIsArchived(object.description.storageClass);
    }
    const { members, range } = await readHead(view, { input, context, located });
    const body = await openBody(view, { context, located, range });
    // The wire takes bytes and streams alike; the SDK's type knows the client's side only.
    return { ...members, Body: body as unknown as NonNullable<OutputOf<'s3', 'GetObject'>['Body']> };
  });
}

export async function headObject(
  input: InputOf<'s3', 'HeadObject'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'HeadObject'>> {
  checkRequest(input, context);
  return context.store.read(async (view) => {
    const located = await locateObject(view, input, { method: 'HEAD' });
    return (await readHead(view, { input, context, located })).members;
  });
}

function checkRequest(input: ReadInput, context: RequestContext): void {
  checkEncryption({
    SSECustomerAlgorithm: input.SSECustomerAlgorithm,
    SSECustomerKey: input.SSECustomerKey,
  });
  if (input.Range !== undefined && input.PartNumber !== undefined) {
    throw invalidRequest('Cannot specify both Range header and partNumber query parameter');
  }
  if (input.PartNumber !== undefined) checkPartNumber(input.PartNumber);
  const overrides = [
    input.ResponseCacheControl,
    input.ResponseContentDisposition,
    input.ResponseContentEncoding,
    input.ResponseContentLanguage,
    input.ResponseContentType,
    input.ResponseExpires,
  ];
  if (context.principal.kind === 'anonymous' && overrides.some((value) => value !== undefined)) {
    throw invalidRequest(
      'Request specific response headers cannot be used for anonymous GET requests.',
    );
  }
}

interface Reading {
  readonly input: ReadInput;
  readonly context: RequestContext;
  readonly located: Located;
}

/** Everything of the answer but its bytes; throws 304, 412 and 416. */
async function readHead(view: ReadTx, { input, context, located }: Reading) {
  const { bucket, key, object } = located;
  checkReadConditions(
    {
      ifMatch: input.IfMatch,
      ifNoneMatch: input.IfNoneMatch,
      ifModifiedSince: input.IfModifiedSince,
      ifUnmodifiedSince: input.IfUnmodifiedSince,
    },
    object,
    { nowMs: context.nowMs, notModified: () => notModifiedHeaders(bucket, object) },
  );
  const part = input.PartNumber === undefined ? undefined : findPart(object, input.PartNumber);
  const range = part?.range ?? parseRange(input.Range, object.sizeBytes);
  const rules =
    bucket.hasLifecycle === true ? await getSetting(view, bucket.name, 'lifecycle') : undefined;
  const members = {
    ...showObject(bucket, object, input),
    ...expirationMember(rules, key, object),
    ContentLength: range === undefined ? object.sizeBytes : range.end - range.start + 1,
    ...(range === undefined
      ? {}
      : { ContentRange: `bytes ${range.start}-${range.end}/${object.sizeBytes}` }),
    ...(part?.partsCount === undefined ? {} : { PartsCount: part.partsCount }),
    ...(input.ChecksumMode === 'ENABLED' ? shownChecksum(object, range, part?.checksum) : {}),
  };
  return { members, range };
}

/** AWS: only for bytes that it is the checksum of: the whole object, or a part by its number. */
function shownChecksum(
  object: ObjectVersion,
  range: ByteRange | undefined,
  partChecksum: string | undefined,
) {
  const { checksum, sizeBytes } = object;
  if (checksum === undefined) return {};
  if (partChecksum !== undefined) return checksumMembers({ ...checksum, value: partChecksum });
  const whole = range === undefined || range.end - range.start + 1 === sizeBytes;
  return whole ? checksumMembers(checksum) : {};
}

interface FoundPart {
  /** Undefined for an empty part. */
  readonly range: ByteRange | undefined;
  readonly partsCount: number | undefined;
  readonly checksum: string | undefined;
}

function findPart(object: ObjectVersion, partNumber: number): FoundPart {
  const { parts, sizeBytes } = object;
  if (parts === undefined) {
    if (partNumber !== 1) throw invalidPartNumber(partNumber, 1);
    const range = sizeBytes === 0 ? undefined : { start: 0, end: sizeBytes - 1 };
    return { range, partsCount: undefined, checksum: undefined };
  }
  let start = 0;
  for (const part of parts.slice(0, partNumber - 1)) start += part.sizeBytes;
  const part = parts[partNumber - 1];
  if (part === undefined) throw invalidPartNumber(partNumber, parts.length);
  return {
    range: part.sizeBytes === 0 ? undefined : { start, end: start + part.sizeBytes - 1 },
    partsCount: parts.length,
    checksum: part.checksum,
  };
}

interface Opening {
  readonly context: RequestContext;
  readonly located: Located;
  readonly range: ByteRange | undefined;
}

/** The bytes, as bytes when they are inline and as a stream otherwise. */
export async function openBody(
  view: ReadTx,
  { context, located, range }: Opening,
): Promise<Uint8Array | AsyncIterable<Uint8Array>> {
  const { bucket, key, object } = located;
  if (object.body.kind === 'inline') {
    const stored = await inlineBodies.get(view, [bucket.name, key, object.versionId]);
    const bytes = present(stored, 'inline body of an object');
    return range === undefined ? bytes : bytes.subarray(range.start, range.end + 1);
  }
  return readPieces(context.blobs, object, range);
}

/** The bytes of an object whose body is in blobs. */
export function readPieces(
  blobs: Blobs,
  object: ObjectVersion,
  range: ByteRange | undefined,
): AsyncIterable<Uint8Array> {
  const pieces = object.body.kind === 'blobs' ? object.body.pieces : [];
  const wanted = range ?? { start: 0, end: object.sizeBytes - 1 };
  return readSlices(blobs, sliceBlobs(pieces, wanted));
}
