// The checksums of S3 by the names it gives them: cyclic checks, and the digests from node:crypto.
import { createHash } from 'node:crypto';
import type { Checksum } from '../../base/crc.ts';
import { createCrc32, createCrc32c, createCrc64Nvme } from '../../base/crc.ts';

export const CHECKSUM_ALGORITHMS = [
  'CRC32',
  'CRC32C',
  'CRC64NVME',
  'SHA1',
  'SHA256',
  'SHA512',
  'MD5',
] as const;
export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number];

/** Length of the raw digest, for refusing values that cannot be one. */
export const DIGEST_BYTES: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
  SHA512: 64,
  MD5: 16,
};

export function createHasher(algorithm: ChecksumAlgorithm): Checksum {
  switch (algorithm) {
    case 'CRC32':
      return createCrc32();
    case 'CRC32C':
      return createCrc32c();
    case 'CRC64NVME':
      return createCrc64Nvme();
    case 'SHA1':
    case 'SHA256':
    case 'SHA512':
    case 'MD5': {
      const hash = createHash(algorithm.toLowerCase());
      return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() };
    }
  }
}

/** Base64 of the checksum of `bytes`, as the `x-amz-checksum-*` headers carry it. */
export function checksumOf(algorithm: ChecksumAlgorithm, bytes: Uint8Array): string {
  const hasher = createHasher(algorithm);
  hasher.update(bytes);
  return Buffer.from(hasher.digest()).toString('base64');
}
