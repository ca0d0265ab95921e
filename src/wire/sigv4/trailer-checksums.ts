// The checksums an upload may announce as trailing fields (`x-amz-trailer: x-amz-checksum-crc32`).
import { createHash } from 'node:crypto';
import type { Checksum } from '../../base/crc.ts';
import { createCrc32, createCrc32c, createCrc64Nvme } from '../../base/crc.ts';
import { ownEntry } from '../../base/own-entry.ts';

const ALGORITHMS: Readonly<Record<string, () => Checksum>> = {
  'x-amz-checksum-crc32': createCrc32,
  'x-amz-checksum-crc32c': createCrc32c,
  'x-amz-checksum-crc64nvme': createCrc64Nvme,
  'x-amz-checksum-sha1': () => createDigest('sha1'),
  'x-amz-checksum-sha256': () => createDigest('sha256'),
};

/** A checksum for each announced field that is one; other trailing fields need none. */
export function createTrailerChecksums(announced: readonly string[]): Map<string, Checksum> {
  const checksums = new Map<string, Checksum>();
  for (const name of announced) {
    const create = ownEntry(ALGORITHMS, name);
    if (create !== undefined) checksums.set(name, create());
  }
  return checksums;
}

function createDigest(algorithm: string): Checksum {
  const hash = createHash(algorithm);
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() };
}
