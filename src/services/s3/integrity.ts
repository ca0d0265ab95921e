// Which checksum an upload carries, and whether the bytes agree with it.
import type { HttpRequest } from '../../wire/http.ts';
import { CHECKSUM_ALGORITHMS, DIGEST_BYTES } from './checksums.ts';
import type { ChecksumAlgorithm } from './checksums.ts';
import { badChecksum, badContentMd5, invalidDigest, invalidRequest } from './errors.ts';
import { headerNotImplemented } from './errors.ts';
import type { Checksum } from './store.ts';

/** The checksum members that uploads and their answers share. */
export interface ChecksumMembers {
  readonly ChecksumCRC32?: string | undefined;
  readonly ChecksumCRC32C?: string | undefined;
  readonly ChecksumCRC64NVME?: string | undefined;
  readonly ChecksumSHA1?: string | undefined;
  readonly ChecksumSHA256?: string | undefined;
  readonly ChecksumSHA512?: string | undefined;
  readonly ChecksumMD5?: string | undefined;
  readonly ChecksumXXHASH64?: string | undefined;
  readonly ChecksumXXHASH3?: string | undefined;
  readonly ChecksumXXHASH128?: string | undefined;
}

/** What a client said of its upload's checksum. */
export interface ChecksumDemand {
  readonly algorithm: ChecksumAlgorithm;
  /** Base64; absent when it came in a trailer (verified as the body was decoded), or not at all. */
  readonly value: string | undefined;
  /** The client named the algorithm, in one way or another. */
  readonly explicit: boolean;
}

/** AWS: uploads without a checksum get this one. S3 user guide, "Checking object integrity". */
const DEFAULT_ALGORITHM: ChecksumAlgorithm = 'CRC64NVME';

const TRAILER_PREFIX = 'x-amz-checksum-';

/**
 * @param named the `x-amz-sdk-checksum-algorithm` (or `x-amz-checksum-algorithm`) header.
 * @param http absent for in-process calls, whose bytes need no checksum in transit.
 */
export function demandChecksum(
  members: ChecksumMembers,
  named: string | undefined,
  http: HttpRequest | undefined,
): ChecksumDemand {
  refuseXxhash(members, named);
  const sent = sentChecksums(members);
  const trailer = trailerAlgorithm(http);
  if (sent.length + (trailer === undefined ? 0 : 1) > 1) {
    throw invalidRequest(
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    );
  }
  const [only] = sent;
  if (only !== undefined) {
    if (named !== undefined && parseAlgorithm(named) !== only.algorithm) {
      throw invalidRequest('Value for x-amz-sdk-checksum-algorithm header is invalid.');
    }
    checkValue(only.algorithm, only.value);
    return { ...only, explicit: true };
  }
  if (trailer !== undefined) return { algorithm: trailer, value: undefined, explicit: true };
  if (named === undefined) {
    return { algorithm: DEFAULT_ALGORITHM, value: undefined, explicit: false };
  }
  if (http !== undefined) {
    throw invalidRequest(
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    );
  }
  return { algorithm: parseAlgorithm(named), value: undefined, explicit: true };
}

/** Throws BadDigest when the bytes are not those the client announced. */
export function verifyChecksum(demand: ChecksumDemand, calculated: string): void {
  if (demand.value !== undefined && demand.value !== calculated) throw badChecksum(demand.algorithm);
}

/** The raw digest of a `Content-MD5` header; throws InvalidDigest when it cannot be one. */
export function parseContentMd5(header: string | undefined): Buffer | undefined {
  if (header === undefined) return undefined;
  const digest = Buffer.from(header, 'base64');
  if (digest.length !== 16 || digest.toString('base64') !== header) throw invalidDigest(header);
  return digest;
}

export function verifyContentMd5(expected: Buffer | undefined, calculated: Buffer): void {
  if (expected === undefined || expected.equals(calculated)) return;
  throw badContentMd5(expected.toString('hex'), calculated.toString('base64'));
}

/** `Checksum<ALGORITHM>` and nothing else: for outputs that carry the value alone. */
export function checksumValue(checksum: Omit<Checksum, 'type'> | undefined): ChecksumMembers {
  return checksum === undefined ? {} : { [`Checksum${checksum.algorithm}`]: checksum.value };
}

/** The members that answers carry: the value, and how it was calculated. */
export function checksumMembers(
  checksum: Checksum | undefined,
): ChecksumMembers & { ChecksumType?: Checksum['type'] } {
  if (checksum === undefined) return {};
  return { ...checksumValue(checksum), ChecksumType: checksum.type };
}

export function sentChecksums(
  members: ChecksumMembers,
): { algorithm: ChecksumAlgorithm; value: string }[] {
  return CHECKSUM_ALGORITHMS.flatMap((algorithm) => {
    const value = members[`Checksum${algorithm}`];
    return value === undefined ? [] : [{ algorithm, value }];
  });
}

/** Throws InvalidRequest for a name that is no algorithm. */
export function parseAlgorithm(name: string): ChecksumAlgorithm {
  const upper = name.toUpperCase();
  const known = CHECKSUM_ALGORITHMS.find((algorithm) => algorithm === upper);
  if (known !== undefined) return known;
  if (upper.startsWith('XXHASH')) throw headerNotImplemented('x-amz-sdk-checksum-algorithm');
  throw invalidRequest(
    'Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]',
  );
}

function checkValue(algorithm: ChecksumAlgorithm, value: string): void {
  const digest = Buffer.from(value, 'base64');
  if (digest.length !== DIGEST_BYTES[algorithm] || digest.toString('base64') !== value) {
    throw invalidRequest(`Value for x-amz-checksum-${algorithm.toLowerCase()} header is invalid.`);
  }
}

function trailerAlgorithm(http: HttpRequest | undefined): ChecksumAlgorithm | undefined {
  const names = http?.headers['x-amz-trailer'];
  if (names === undefined) return undefined;
  const name = names
    .split(',')
    .map((each) => each.trim().toLowerCase())
    .find((each) => each.startsWith(TRAILER_PREFIX));
  if (name === undefined) return undefined;
  const algorithm = name.slice(TRAILER_PREFIX.length);
  if (algorithm.startsWith('xxhash')) throw headerNotImplemented('x-amz-trailer');
  return parseAlgorithm(algorithm);
}

/** Differs: the xxHash family is refused, because nothing here could verify it. */
function refuseXxhash(members: ChecksumMembers, named: string | undefined): void {
  if (members.ChecksumXXHASH64 !== undefined) throw headerNotImplemented('x-amz-checksum-xxhash64');
  if (members.ChecksumXXHASH3 !== undefined) throw headerNotImplemented('x-amz-checksum-xxhash3');
  if (members.ChecksumXXHASH128 !== undefined) throw headerNotImplemented('x-amz-checksum-xxhash128');
  if (named?.toUpperCase().startsWith('XXHASH') === true) {
    throw headerNotImplemented('x-amz-sdk-checksum-algorithm');
  }
}
