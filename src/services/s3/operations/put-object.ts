// PutObject: takes in the bytes, verifies them, and makes them the key's current version.
import { ServiceError } from '../../../base/errors.ts';
import type { Tx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import type { Grant } from '../acl.ts';
import { discardIntake, takeIn } from '../body-intake.ts';
import type { Intake } from '../body-intake.ts';
import { requireBucket } from '../bucket-access.ts';
import type { BucketReference } from '../bucket-access.ts';
import { checkWriteConditionSyntax, checkWriteConditions } from '../conditions.ts';
import type { WriteConditions } from '../conditions.ts';
import { missingContentLength } from '../errors.ts';
import { announce, eventSource } from '../events.ts';
import {
  checksumMembers,
  demandChecksum,
  parseContentMd5,
  verifyChecksum,
  verifyContentMd5,
} from '../integrity.ts';
import { INLINE_BODY_MAX_BYTES, SINGLE_PUT_MAX_BYTES } from '../limits.ts';
import { checkKey } from '../rules.ts';
import { drawVersionTail, nextSequence } from '../sequence.ts';
import { getSetting, objects } from '../store.ts';
import type {
  Bucket,
  Checksum,
  CompletedPart,
  ObjectDescription,
  ObjectVersion,
  Version,
} from '../store.ts';
import { writeVersion } from '../versions.ts';
import { requestedGrants } from './buckets.ts';
import {
  announcedBytes,
  checkObjectAcl,
  expirationMember,
  readDescription,
  writtenVersionMember,
} from './describe.ts';
import { showEtag } from './shapes.ts';

export async function putObject(
  input: InputOf<'s3', 'PutObject'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'PutObject'>> {
  const key = input.Key ?? '';
  checkKey(key);
  const conditions = { ifMatch: input.IfMatch, ifNoneMatch: input.IfNoneMatch };
  checkWriteConditionSyntax(conditions);
  const description = readDescription(input);
  const grants = requestedGrants(input, context.account);
  const contentMd5 = parseContentMd5(input.ContentMD5);
  const demand = demandChecksum(input, input.ChecksumAlgorithm, context.http);
  const expectedBytes = expectedLength(input.ContentLength, context);
  if (expectedBytes === undefined || expectedBytes > INLINE_BODY_MAX_BYTES) {
    // A large body for no bucket is not worth receiving.
    await context.store.read((view) => requireBucket(view, input));
  }
  const intake = await takeIn(input.Body, {
    blobs: context.blobs,
    algorithm: demand.algorithm,
    maxBytes: SINGLE_PUT_MAX_BYTES,
    expectedBytes,
  });
  return keepOrDiscard(context, intake, async () => {
    verifyContentMd5(contentMd5, intake.md5);
    verifyChecksum(demand, intake.checksum);
    const checksum: Checksum = {
      algorithm: demand.algorithm,
      value: intake.checksum,
      type: 'FULL_OBJECT',
    };
    const written = await writeObject(context, {
      reference: input,
      key,
      conditions,
      description,
      grants,
      canned: input.ACL,
      content: contentOf(intake, checksum),
      event: 'ObjectCreated:Put',
    });
    return {
      ETag: showEtag(written.object.etag),
      ServerSideEncryption: 'AES256',
      ...checksumMembers(checksum),
      ...writtenVersionMember(written.bucket, written.object),
      ...written.expiration,
    };
  });
}

/** Bytes announced. AWS: a body without a length is refused. S3 API reference, "Error responses". */
export function expectedLength(
  contentLength: number | undefined,
  context: RequestContext,
): number | undefined {
  const announced = announcedBytes(contentLength, context.http);
  if (announced !== undefined || context.http === undefined) return announced;
  if (context.http.headers['transfer-encoding'] !== undefined) throw missingContentLength();
  return 0;
}

/** Runs `commit`; what was taken in goes again when S3 itself refused the write. */
export async function keepOrDiscard<T>(
  context: RequestContext,
  intake: Intake,
  commit: () => Promise<T>,
): Promise<T> {
  try {
    return await commit();
  } catch (error) {
    // After any other failure the commit may have happened all the same: the sweep will tell.
    if (error instanceof ServiceError) await discardIntake(context.blobs, intake);
    throw error;
  }
}

/** The bytes of an object about to be written. */
export interface Content {
  readonly body: ObjectVersion['body'];
  readonly inline?: Uint8Array;
  readonly sizeBytes: number;
  readonly etag: string;
  readonly checksum?: Checksum;
  readonly parts?: readonly CompletedPart[];
}

export function contentOf(intake: Intake, checksum: Checksum): Content {
  const common = { sizeBytes: intake.sizeBytes, etag: intake.md5.toString('hex'), checksum };
  if (intake.piece !== undefined) {
    return { ...common, body: { kind: 'blobs', pieces: [intake.piece] } };
  }
  return { ...common, body: { kind: 'inline' }, ...(intake.inline && { inline: intake.inline }) };
}

export interface ObjectWrite {
  readonly reference: BucketReference;
  readonly key: string;
  readonly conditions: WriteConditions;
  readonly description: ObjectDescription;
  readonly grants: readonly Grant[] | undefined;
  readonly canned: string | undefined;
  readonly content: Content;
  readonly event: string;
  /** Further checks, in the same transaction, before the write. */
  readonly check?: (tx: Tx, current: Version | undefined) => Promise<void>;
  /** Clean-up in the same transaction, after the write. */
  readonly finish?: (tx: Tx) => Promise<void>;
}

export interface Written {
  readonly bucket: Bucket;
  readonly object: ObjectVersion;
  readonly expiration: { Expiration?: string };
}

/** The transaction of every upload: conditions, the version, the announcement. */
export async function writeObject(context: RequestContext, write: ObjectWrite): Promise<Written> {
  const sequence = nextSequence(context);
  const versionTail = drawVersionTail(context.random);
  const { key, content } = write;
  const { inline, ...stored } = content;
  return context.store.transact(async (tx) => {
    const bucket = await requireBucket(tx, write.reference);
    const acl = checkObjectAcl(bucket, write.grants, write.canned);
    const current = await objects.get(tx, [bucket.name, key]);
    checkWriteConditions(write.conditions, key, current);
    await write.check?.(tx, current);
    const version = await writeVersion(
      { tx, context, bucket, key },
      {
        kind: 'object',
        sequence,
        lastModifiedMs: context.nowMs,
        ...stored,
        description: acl === undefined ? write.description : { ...write.description, acl },
      },
      { current, versionTail, ...(inline === undefined ? {} : { inline }) },
    );
    const object = version as ObjectVersion;
    await write.finish?.(tx);
    announce(tx, eventSource(context), { bucket, name: write.event, key, version: object });
    const rules =
      bucket.hasLifecycle === true ? await getSetting(tx, bucket.name, 'lifecycle') : undefined;
    return { bucket, object, expiration: expirationMember(rules, key, object) };
  });
}
