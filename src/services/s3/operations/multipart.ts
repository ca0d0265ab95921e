// Multipart uploads: create, upload parts, complete, abort.
import type { ReadTx, Tx } from '../../../base/store.ts';
import { retainBlob } from '../../../kernel/bodies.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { takeIn } from '../body-intake.ts';
import type { Intake } from '../body-intake.ts';
import { requireBucket } from '../bucket-access.ts';
import type { BucketReference } from '../bucket-access.ts';
import { checkWriteConditionSyntax } from '../conditions.ts';
import {
  badChecksum,
  checksumTypeMismatch,
  conditionalRequestConflict,
  invalidPart,
  invalidRequest,
  malformedXml,
  noSuchUpload,
} from '../errors.ts';
import {
  checksumMembers,
  checksumValue,
  demandChecksum,
  parseAlgorithm,
  parseContentMd5,
  sentChecksums,
  verifyChecksum,
  verifyContentMd5,
} from '../integrity.ts';
import { findAbortion } from '../lifecycle.ts';
import { PART_MAX_BYTES, PART_NUMBER_MAX } from '../limits.ts';
import {
  chooseChecksumType,
  chooseParts,
  multipartChecksum,
  multipartEtag,
} from '../multipart.ts';
import type { ChosenPart, ListedPart } from '../multipart.ts';
import { canonicalUserId } from '../owner.ts';
import { checkEncryption, checkKey, checkPartNumber } from '../rules.ts';
import { formatUploadId, nextSequence } from '../sequence.ts';
import { getSetting, parts, uploads } from '../store.ts';
import type { Bucket, Part, Upload } from '../store.ts';
import { releasePiece } from '../versions.ts';
import { requestedGrants } from './buckets.ts';
import { checkObjectAcl, readDescription, writtenVersionMember } from './describe.ts';
import { expectedLength, keepOrDiscard, writeObject } from './put-object.ts';
import { showEtag } from './shapes.ts';

export async function createMultipartUpload(
  input: InputOf<'s3', 'CreateMultipartUpload'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'CreateMultipartUpload'>> {
  const key = input.Key ?? '';
  checkKey(key);
  const description = readDescription(input);
  const algorithm =
    input.ChecksumAlgorithm === undefined ? undefined : parseAlgorithm(input.ChecksumAlgorithm);
  const checksumType = chooseChecksumType(algorithm, input.ChecksumType);
  const grants = requestedGrants(input, context.account);
  const sequence = nextSequence(context);
  const uploadId = formatUploadId(sequence, context.random);
  const abortion = await context.store.transact(async (tx) => {
    const bucket = await requireBucket(tx, input);
    const acl = checkObjectAcl(bucket, grants, input.ACL);
    const upload: Upload = {
      initiatedMs: context.nowMs,
      sequence,
      initiator: canonicalUserId(context.account),
      description: acl === undefined ? description : { ...description, acl },
      ...(algorithm === undefined ? {} : { checksumAlgorithm: algorithm }),
      ...(checksumType === undefined ? {} : { checksumType }),
    };
    uploads.put(tx, [bucket.name, key, uploadId], upload);
    return abortionMembers(tx, { bucket, key, initiatedMs: context.nowMs });
  });
  return {
    Bucket: input.Bucket,
    Key: key,
    UploadId: uploadId,
    ServerSideEncryption: 'AES256',
    ...(algorithm === undefined ? {} : { ChecksumAlgorithm: algorithm }),
    ...(checksumType === undefined ? {} : { ChecksumType: checksumType }),
    ...abortion,
  };
}

/** When, and by which lifecycle rule, an upload will be aborted. */
export async function abortionMembers(
  view: ReadTx,
  upload: { readonly bucket: Bucket; readonly key: string; readonly initiatedMs: number },
): Promise<{ AbortDate?: Date; AbortRuleId?: string }> {
  if (upload.bucket.hasLifecycle !== true) return {};
  const rules = (await getSetting(view, upload.bucket.name, 'lifecycle')) ?? [];
  const due = findAbortion(rules, upload.key, upload.initiatedMs);
  return due === undefined ? {} : { AbortDate: new Date(due.dueMs), AbortRuleId: due.ruleId };
}

export interface UploadReference extends BucketReference {
  readonly Key?: string | undefined;
  readonly UploadId?: string | undefined;
}

export interface FoundUpload {
  readonly bucket: Bucket;
  readonly key: string;
  readonly uploadId: string;
  readonly upload: Upload;
}

export async function requireUpload(
  view: ReadTx,
  reference: UploadReference,
): Promise<FoundUpload> {
  const bucket = await requireBucket(view, reference);
  const { Key: key = '', UploadId: uploadId = '' } = reference;
  const upload = await uploads.get(view, [bucket.name, key, uploadId]);
  if (upload === undefined) throw noSuchUpload(uploadId);
  return { bucket, key, uploadId, upload };
}

export async function uploadPart(
  input: InputOf<'s3', 'UploadPart'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'UploadPart'>> {
  const partNumber = checkPartNumber(input.PartNumber);
  checkEncryption(input);
  const contentMd5 = parseContentMd5(input.ContentMD5);
  const demand = demandChecksum(input, input.ChecksumAlgorithm, context.http);
  const { upload } = await context.store.read((view) => requireUpload(view, input));
  const wanted = upload.checksumAlgorithm;
  if (wanted !== undefined && demand.explicit && demand.algorithm !== wanted) {
    throw checksumTypeMismatch(wanted, demand.algorithm);
  }
  if (wanted !== undefined && !demand.explicit && context.http !== undefined) {
    // AWS: parts of a composite upload must bring their checksum; CRCs of a full object may be missing.
    if (upload.checksumType === 'COMPOSITE') throw checksumTypeMismatch(wanted, 'null');
  }
  // What the client sent is verified; what the upload needs is kept.
  const kept = wanted ?? 'CRC64NVME';
  const intake = await takeIn(input.Body, {
    blobs: context.blobs,
    algorithm: kept,
    ...(demand.explicit && demand.algorithm !== kept ? { alsoAlgorithm: demand.algorithm } : {}),
    maxBytes: PART_MAX_BYTES,
    expectedBytes: expectedLength(input.ContentLength, context),
    alwaysBlob: true,
  });
  return keepOrDiscard(context, intake, async () => {
    verifyContentMd5(contentMd5, intake.md5);
    const sent = intake.alsoChecksum ?? intake.checksum;
    verifyChecksum(demand, sent);
    const part = partOf(intake, kept, context);
    await putPart(context, input, { partNumber, part });
    return {
      ETag: showEtag(part.etag),
      ServerSideEncryption: 'AES256',
      ...(demand.explicit ? checksumValue({ algorithm: demand.algorithm, value: sent }) : {}),
    };
  });
}

/** A part as it is kept. */
export function partOf(
  intake: Intake,
  algorithm: Part['checksum']['algorithm'],
  context: Pick<RequestContext, 'nowMs'>,
): Part {
  const { piece } = intake;
  if (piece === undefined) throw new TypeError('the body of a part is a blob');
  return {
    piece,
    etag: intake.md5.toString('hex'),
    lastModifiedMs: context.nowMs,
    checksum: { algorithm, value: intake.checksum },
  };
}

/** Puts a part in its place; an earlier one of the same number goes. */
export async function putPart(
  context: RequestContext,
  reference: UploadReference,
  { partNumber, part }: ChosenPart,
): Promise<void> {
  await context.store.transact(async (tx) => {
    const { bucket, uploadId } = await requireUpload(tx, reference);
    const at = [bucket.name, uploadId, partNumber];
    const earlier = await parts.get(tx, at);
    await retainBlob(tx, part.piece.id);
    if (earlier !== undefined) await releasePiece({ tx, context }, earlier.piece.id);
    parts.put(tx, at, part);
  });
}

type CompleteInput = InputOf<'s3', 'CompleteMultipartUpload'>;

export async function completeMultipartUpload(
  input: CompleteInput,
  context: RequestContext,
): Promise<OutputOf<'s3', 'CompleteMultipartUpload'>> {
  checkEncryption(input);
  const conditions = { ifMatch: input.IfMatch, ifNoneMatch: input.IfNoneMatch };
  checkWriteConditionSyntax(conditions);
  const listed = readListedParts(input);
  const { upload, key, chosen } = await context.store.read(async (view) => {
    const found = await requireUpload(view, input);
    const stored = await listAllParts(view, found);
    return { ...found, chosen: chooseParts(found.uploadId, listed, stored) };
  });
  const checksum = multipartChecksum(upload, chosen);
  const sizeBytes = chosen.reduce((sum, { part }) => sum + part.piece.sizeBytes, 0);
  checkCompletion(input, upload, { checksum: checksum.value, sizeBytes });
  const { acl, ...description } = upload.description;
  const written = await writeObject(context, {
    reference: input,
    key,
    conditions,
    description,
    grants: acl,
    canned: undefined,
    content: {
      sizeBytes,
      etag: multipartEtag(chosen),
      checksum,
      body: { kind: 'blobs', pieces: chosen.map(({ part }) => part.piece) },
      parts: chosen.map(({ partNumber, part }) => ({
        partNumber,
        sizeBytes: part.piece.sizeBytes,
        ...(upload.checksumAlgorithm === undefined ? {} : { checksum: part.checksum.value }),
      })),
    },
    event: 'ObjectCreated:CompleteMultipartUpload',
    check: async (tx, current) => {
      const found = await requireUpload(tx, input);
      await checkUnchanged(tx, found, chosen);
      checkNoConflict(found, conditions, current?.sequence ?? 0);
    },
    // After the object took its own references, so that the parts' bytes are never without one.
    finish: async (tx) => removeUpload(tx, await requireUpload(tx, input), context),
  });
  return {
    Location: `${context.endpoint}/${input.Bucket ?? ''}/${encodeURIComponent(key)}`,
    Bucket: input.Bucket,
    Key: key,
    ETag: showEtag(written.object.etag),
    ServerSideEncryption: 'AES256',
    ...checksumMembers(checksum),
    ...writtenVersionMember(written.bucket, written.object),
    ...written.expiration,
  };
}

function readListedParts(input: CompleteInput): ListedPart[] {
  const listed = input.MultipartUpload?.Parts ?? [];
  if (listed.length === 0) {
    if (input.MultipartUpload === undefined) {
      throw invalidRequest('You must specify at least one part');
    }
    throw malformedXml();
  }
  if (listed.length > PART_NUMBER_MAX) throw malformedXml();
  return listed.map((part) => {
    if (part.PartNumber === undefined || part.ETag === undefined) throw malformedXml();
    const [checksum] = sentChecksums(part);
    return {
      partNumber: part.PartNumber,
      etag: part.ETag,
      ...(checksum === undefined ? {} : { checksum }),
    };
  });
}

/** What the client says of the whole object. */
function checkCompletion(
  input: CompleteInput,
  upload: Upload,
  whole: { readonly checksum: string; readonly sizeBytes: number },
): void {
  if (input.MpuObjectSize !== undefined && input.MpuObjectSize !== whole.sizeBytes) {
    throw invalidRequest(
      `The provided 'x-amz-mp-object-size' header value ${input.MpuObjectSize} does not match what was computed: ${whole.sizeBytes}`,
    );
  }
  const algorithm = upload.checksumAlgorithm ?? 'CRC64NVME';
  if (input.ChecksumType !== undefined && input.ChecksumType !== (upload.checksumType ?? 'FULL_OBJECT')) {
    throw invalidRequest(
      `The upload was created using the ${upload.checksumType ?? 'FULL_OBJECT'} checksum mode. The complete request must use the same checksum mode.`,
    );
  }
  for (const sent of sentChecksums(input)) {
    if (sent.algorithm !== algorithm) throw checksumTypeMismatch(algorithm, sent.algorithm);
    // A composite checksum may come without its `-N`.
    const bare = whole.checksum.replace(/-\d+$/, '');
    if (sent.value !== whole.checksum && sent.value !== bare) throw badChecksum(algorithm);
  }
}

async function checkUnchanged(
  tx: Tx,
  { bucket, uploadId }: FoundUpload,
  chosen: readonly ChosenPart[],
): Promise<void> {
  for (const { partNumber, part } of chosen) {
    const now = await parts.get(tx, [bucket.name, uploadId, partNumber]);
    if (now?.piece.id !== part.piece.id) throw invalidPart(uploadId, partNumber, part.etag);
  }
}

/**
 * AWS: a conditional completion conflicts with writes and deletes of the key since the upload began.
 * localstack/localstack, test_s3_api.snapshot.json, TestS3ObjectWritePrecondition.
 */
function checkNoConflict(
  { key, upload }: FoundUpload,
  { ifMatch, ifNoneMatch }: { ifMatch: string | undefined; ifNoneMatch: string | undefined },
  currentSequence: number,
): void {
  const condition =
    ifMatch !== undefined ? 'If-Match' : ifNoneMatch !== undefined ? 'If-None-Match' : undefined;
  if (condition === undefined) return;
  const conflicts = upload.keyDeletedSince === true || currentSequence > upload.sequence;
  if (conflicts) throw conditionalRequestConflict(condition, key);
}

/** Takes an upload and its parts away. */
async function removeUpload(
  tx: Tx,
  found: FoundUpload,
  context: Parameters<typeof releasePiece>[0]['context'],
): Promise<void> {
  const { bucket, key, uploadId } = found;
  for (const [partNumber, part] of await listAllParts(tx, found)) {
    await releasePiece({ tx, context }, part.piece.id);
    parts.delete(tx, [bucket.name, uploadId, partNumber]);
  }
  uploads.delete(tx, [bucket.name, key, uploadId]);
}

const PARTS_BATCH = 1000;

async function listAllParts(
  view: ReadTx,
  { bucket, uploadId }: FoundUpload,
): Promise<Map<number, Part>> {
  const found = new Map<number, Part>();
  let after = 0;
  for (;;) {
    const rows = await parts.list(view, [bucket.name, uploadId], {
      limit: PARTS_BATCH,
      after: [bucket.name, uploadId, after],
    });
    for (const row of rows) {
      after = Number(row.key[2]);
      found.set(after, row.value);
    }
    if (rows.length < PARTS_BATCH) return found;
  }
}

export async function abortMultipartUpload(
  input: InputOf<'s3', 'AbortMultipartUpload'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'AbortMultipartUpload'>> {
  await context.store.transact(async (tx) => {
    const found = await requireUpload(tx, input);
    await removeUpload(tx, found, context);
  });
  return {};
}
