// Puts parts together: which parts make the object, its entity tag and its checksum.
import { createHash } from 'node:crypto';
import { combineCrc, isCombinable } from './checksum-combine.ts';
import { createHasher } from './checksums.ts';
import type { ChecksumAlgorithm } from './checksums.ts';
import { entityTooSmall, invalidPart, invalidPartOrder, invalidRequest } from './errors.ts';
import { PART_MIN_BYTES } from './limits.ts';
import { unquoteEtag } from './conditions.ts';
import type { Checksum, Part, Upload } from './store.ts';

export type ChecksumType = Checksum['type'];

/**
 * How an upload's checksum will be calculated. S3 user guide, "Checking object integrity", table of
 * algorithms and types.
 */
export function chooseChecksumType(
  algorithm: ChecksumAlgorithm | undefined,
  requested: string | undefined,
): ChecksumType | undefined {
  if (requested !== undefined && requested !== 'COMPOSITE' && requested !== 'FULL_OBJECT') {
    throw invalidRequest('Value for x-amz-checksum-type header is invalid.');
  }
  if (algorithm === undefined) {
    if (requested === undefined) return undefined;
    throw invalidRequest(
      'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
    );
  }
  const preset = algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE';
  const type = requested ?? preset;
  const possible = type === 'FULL_OBJECT' ? isCombinable(algorithm) : algorithm !== 'CRC64NVME';
  if (!possible) {
    throw invalidRequest(
      `The ${type} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
    );
  }
  return type;
}

/** A part as the client lists it on completion. */
export interface ListedPart {
  readonly partNumber: number;
  readonly etag: string;
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly value: string };
}

export interface ChosenPart {
  readonly partNumber: number;
  readonly part: Part;
}

/** The parts of the object, in order. Throws InvalidPartOrder, InvalidPart or EntityTooSmall. */
export function chooseParts(
  uploadId: string,
  listed: readonly ListedPart[],
  stored: ReadonlyMap<number, Part>,
): ChosenPart[] {
  listed.forEach(({ partNumber }, at) => {
    const before = listed[at - 1]?.partNumber ?? 0;
    if (partNumber <= before) throw invalidPartOrder(uploadId);
  });
  const chosen = listed.map(({ partNumber, etag, checksum }) => {
    const part = stored.get(partNumber);
    if (part === undefined || unquoteEtag(etag) !== part.etag) {
      throw invalidPart(uploadId, partNumber, unquoteEtag(etag));
    }
    if (checksum !== undefined && checksum.algorithm === part.checksum.algorithm) {
      if (checksum.value !== part.checksum.value) {
        throw invalidPart(uploadId, partNumber, unquoteEtag(etag));
      }
    }
    return { partNumber, part };
  });
  for (const { partNumber, part } of chosen.slice(0, -1)) {
    const { sizeBytes } = part.piece;
    if (sizeBytes < PART_MIN_BYTES) {
      throw entityTooSmall({ partNumber, sizeBytes, etag: part.etag, minBytes: PART_MIN_BYTES });
    }
  }
  return chosen;
}

/** MD5 of the parts' MD5s, and how many there were. */
export function multipartEtag(parts: readonly ChosenPart[]): string {
  const hash = createHash('md5');
  for (const { part } of parts) hash.update(Buffer.from(part.etag, 'hex'));
  return `${hash.digest('hex')}-${parts.length}`;
}

/** The checksum of the whole object, from those of its parts. */
export function multipartChecksum(
  upload: Pick<Upload, 'checksumAlgorithm' | 'checksumType'>,
  parts: readonly ChosenPart[],
): Checksum {
  // AWS: an upload that names no algorithm gets a full-object CRC-64/NVME.
  // localstack/localstack, test_s3_api.snapshot.json, test_multipart_if_none_match_with_delete.
  const algorithm = upload.checksumAlgorithm ?? 'CRC64NVME';
  if (upload.checksumType === 'COMPOSITE') {
    const hasher = createHasher(algorithm);
    for (const { part } of parts) hasher.update(Buffer.from(part.checksum.value, 'base64'));
    const value = Buffer.from(hasher.digest()).toString('base64');
    return { algorithm, type: 'COMPOSITE', value: `${value}-${parts.length}` };
  }
  const [first, ...others] = parts;
  let value = first?.part.checksum.value ?? '';
  for (const { part } of others) {
    const { sizeBytes } = part.piece;
    value = combineCrc(algorithm, value, { checksum: part.checksum.value, sizeBytes });
  }
  return { algorithm, type: 'FULL_OBJECT', value };
}
