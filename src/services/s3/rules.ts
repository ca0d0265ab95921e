// What S3 refuses about names, keys, metadata and headers; S3's model carries no constraints for these.
import type { RequestContext } from '../../kernel/context.ts';
import {
  accessDenied,
  headerNotImplemented,
  illegalLocationConstraint,
  invalidArgument,
  invalidBucketName,
  invalidExpectedOwner,
  invalidLocationConstraint,
  invalidRequest,
  invalidStorageClass,
  keyTooLong,
  metadataTooLarge,
} from './errors.ts';
import { KEY_MAX_BYTES, PART_NUMBER_MAX, USER_METADATA_MAX_BYTES } from './limits.ts';
import type { Bucket, ObjectOwnership } from './store.ts';

/** S3 user guide, "General purpose bucket naming rules". */
export function checkBucketName(name: string): void {
  const wellFormed =
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
    !name.includes('..') &&
    !/^\d+\.\d+\.\d+\.\d+$/.test(name) &&
    !name.startsWith('xn--') &&
    !name.startsWith('sthree-') &&
    !name.startsWith('amzn-s3-demo-') &&
    !name.endsWith('-s3alias') &&
    !name.endsWith('--ol-s3') &&
    !name.endsWith('--x-s3') &&
    !name.endsWith('--table-s3') &&
    !name.endsWith('.mrap');
  if (!wellFormed) throw invalidBucketName(name);
}

const REGION = /^[a-z]{2}(-[a-z]+)+-\d$/;

/**
 * The region a bucket is made in.
 * AWS: the us-east-1 endpoint makes buckets anywhere, the others only at home, and us-east-1 is the
 * constraint one does not name. S3 API reference, CreateBucket.
 * @param endpointRegion the region the request was signed for.
 */
export function bucketRegion(constraint: string | undefined, endpointRegion: string): string {
  if (constraint === undefined || constraint === '') {
    if (endpointRegion !== 'us-east-1') throw illegalLocationConstraint('unspecified');
    return 'us-east-1';
  }
  // AWS: EU is the old name of eu-west-1.
  const region = constraint === 'EU' ? 'eu-west-1' : constraint;
  if (endpointRegion === 'us-east-1') {
    if (!REGION.test(region) || region === 'us-east-1') throw invalidLocationConstraint(constraint);
    return region;
  }
  if (region !== endpointRegion) throw illegalLocationConstraint(constraint);
  return region;
}

export function checkKey(key: string): void {
  const sizeBytes = Buffer.byteLength(key);
  if (sizeBytes > KEY_MAX_BYTES) throw keyTooLong(sizeBytes, KEY_MAX_BYTES);
}

/** Names and values together; S3 user guide, "User-defined object metadata". */
export function checkUserMetadata(metadata: Readonly<Record<string, string>>): void {
  let sizeBytes = 0;
  for (const [name, value] of Object.entries(metadata)) {
    sizeBytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  if (sizeBytes > USER_METADATA_MAX_BYTES) {
    throw metadataTooLarge(sizeBytes, USER_METADATA_MAX_BYTES);
  }
}

export function checkPartNumber(partNumber: number | undefined): number {
  if (partNumber === undefined || partNumber < 1 || partNumber > PART_NUMBER_MAX) {
    throw invalidArgument(
      `Part number must be an integer between 1 and ${PART_NUMBER_MAX}, inclusive`,
      'partNumber',
      String(partNumber ?? 'null'),
    );
  }
  return partNumber;
}

const STORAGE_CLASSES = new Set([
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER',
  'DEEP_ARCHIVE',
  'GLACIER_IR',
]);

export function checkStorageClass(storageClass: string | undefined): string {
  if (storageClass === undefined || storageClass === '') return 'STANDARD';
  if (!STORAGE_CLASSES.has(storageClass)) throw invalidStorageClass(storageClass);
  return storageClass;
}

/** Objects in these classes must be restored before they can be read. */
export function isArchived(storageClass: string): boolean {
  return storageClass === 'GLACIER' || storageClass === 'DEEP_ARCHIVE';
}

/** Encryption as a request asks for it. */
export interface EncryptionHeaders {
  readonly ServerSideEncryption?: string | undefined;
  readonly SSEKMSKeyId?: string | undefined;
  readonly SSECustomerAlgorithm?: string | undefined;
  readonly SSECustomerKey?: string | undefined;
}

/** Only SSE-S3 exists here; keys of KMS and of the customer are refused rather than ignored. */
export function checkEncryption(headers: EncryptionHeaders): void {
  if (headers.SSECustomerAlgorithm !== undefined || headers.SSECustomerKey !== undefined) {
    throw headerNotImplemented('x-amz-server-side-encryption-customer-algorithm');
  }
  const requested = headers.ServerSideEncryption;
  if (requested === 'aws:kms' || requested === 'aws:kms:dsse' || requested === 'aws:fsx') {
    throw headerNotImplemented(
      'x-amz-server-side-encryption',
      'Cloudlet encrypts with SSE-S3 (AES256) only',
    );
  }
  if (requested !== undefined && requested !== 'AES256') {
    throw invalidArgument(
      'The encryption method specified is not supported',
      'x-amz-server-side-encryption',
      requested,
    );
  }
  if (headers.SSEKMSKeyId !== undefined) {
    throw invalidArgument(
      'Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms',
      'x-amz-server-side-encryption',
      requested ?? 'null',
    );
  }
}

/** Parts of PutObject and its like that no bucket here can honour. */
export interface RefusedHeaders {
  readonly ObjectLockMode?: string | undefined;
  readonly ObjectLockRetainUntilDate?: Date | undefined;
  readonly ObjectLockLegalHoldStatus?: string | undefined;
  readonly ObjectLockEventHold?: unknown;
  readonly ObjectLockEventHoldDurationDays?: unknown;
  readonly ObjectLockEventHoldDurationYears?: unknown;
  readonly WriteOffsetBytes?: number | undefined;
}

export function refuseUnsupported(headers: RefusedHeaders): void {
  const locked = [
    headers.ObjectLockMode,
    headers.ObjectLockRetainUntilDate,
    headers.ObjectLockLegalHoldStatus,
    headers.ObjectLockEventHold,
    headers.ObjectLockEventHoldDurationDays,
    headers.ObjectLockEventHoldDurationYears,
  ];
  // AWS: what a bucket without Object Lock answers, and no bucket here has it.
  if (locked.some((value) => value !== undefined)) {
    throw invalidRequest('Bucket is missing Object Lock Configuration');
  }
  // AWS: appending is for directory buckets.
  if (headers.WriteOffsetBytes !== undefined) throw headerNotImplemented('x-amz-write-offset-bytes');
}

/** `x-amz-expected-bucket-owner`: 403 when the bucket is another account's. */
export function checkExpectedOwner(bucket: Bucket, expected: string | undefined): void {
  if (expected === undefined) return;
  if (!/^\d{12}$/.test(expected)) throw invalidExpectedOwner(expected);
  if (expected !== bucket.account) throw accessDenied();
}

export function checkOwnership(value: string | undefined): ObjectOwnership {
  switch (value) {
    case undefined:
    case 'BucketOwnerEnforced':
      return 'BucketOwnerEnforced';
    case 'BucketOwnerPreferred':
    case 'ObjectWriter':
      return value;
    default:
      throw invalidArgument(
        `Invalid x-amz-object-ownership header: ${value}`,
        'x-amz-object-ownership',
      );
  }
}

/** AWS: the header may not be sent at all to a bucket without Object Lock, whatever its value. */
export function refuseBypassGovernance(bypass: boolean | undefined): void {
  if (bypass === undefined) return;
  throw invalidArgument(
    'x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.',
    'x-amz-bypass-governance-retention',
  );
}

/** MFA delete needs a device that nobody here can have. */
export function refuseMfa(header: string | undefined): void {
  if (header !== undefined) throw headerNotImplemented('x-amz-mfa');
}

/** Address for event records. */
export function sourceIpOf(context: RequestContext): string {
  return context.http?.sourceIp ?? '127.0.0.1';
}
