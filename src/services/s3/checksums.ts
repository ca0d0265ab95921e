// The checksums of S3: CRC-32, CRC-32C, CRC-64/NVME in tables, the digests from node:crypto.
import { createHash } from 'node:crypto';

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

/** A checksum in the making. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  digest(): Uint8Array;
}

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

// Reflected polynomials. CRC-64/NVME: NVM Express NVM Command Set 1.0d §5.2.1.3.4.
const CRC32 = makeTables32(0xedb88320);
const CRC32C = makeTables32(0x82f63b78);
const CRC64 = makeTables64(0x9a6c9329, 0xac4bc9b5);

export function createHasher(algorithm: ChecksumAlgorithm): Hasher {
  switch (algorithm) {
    case 'CRC32':
      return createCrc32(CRC32);
    case 'CRC32C':
      return createCrc32(CRC32C);
    case 'CRC64NVME':
      return createCrc64();
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

type Table = Uint32Array;

/** Eight tables, so that eight bytes are taken a step ("slicing by 8"). */
function makeTables32(polynomial: number): Table {
  const tables = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    tables[byte] = crc;
  }
  for (let at = 256; at < 8 * 256; at++) {
    const before = tables[at - 256] ?? 0;
    tables[at] = (before >>> 8) ^ (tables[before & 255] ?? 0);
  }
  return tables;
}

function createCrc32(tables: Table): Hasher {
  let crc = 0xffffffff;
  return {
    update(bytes) {
      crc = updateCrc32(tables, crc, bytes);
    },
    digest() {
      const out = Buffer.alloc(4);
      out.writeUInt32BE(~crc >>> 0);
      return out;
    },
  };
}

// `| 0` turns the undefined that the compiler fears into a number, at no cost in optimised code.
function updateCrc32(t: Table, start: number, bytes: Uint8Array): number {
  let crc = start;
  let at = 0;
  const whole = bytes.length - (bytes.length % 8);
  for (; at < whole; at += 8) {
    const low = crc ^ word(bytes, at);
    const high = word(bytes, at + 4);
    crc =
      (t[1792 + (low & 255)] as number) ^
      (t[1536 + ((low >>> 8) & 255)] as number) ^
      (t[1280 + ((low >>> 16) & 255)] as number) ^
      (t[1024 + (low >>> 24)] as number) ^
      (t[768 + (high & 255)] as number) ^
      (t[512 + ((high >>> 8) & 255)] as number) ^
      (t[256 + ((high >>> 16) & 255)] as number) ^
      (t[high >>> 24] as number);
  }
  for (; at < bytes.length; at++) {
    crc = (crc >>> 8) ^ (t[(crc ^ (bytes[at] as number)) & 255] as number);
  }
  return crc;
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

/** 64-bit entries as [high, low] halves: BigInt would be twenty times slower. */
function makeTables64(polynomialHigh: number, polynomialLow: number): { high: Table; low: Table } {
  const high = new Uint32Array(8 * 256);
  const low = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let [h, l] = [0, byte];
    for (let bit = 0; bit < 8; bit++) {
      const odd = l & 1;
      l = ((l >>> 1) | (h << 31)) >>> 0;
      h >>>= 1;
      if (odd) {
        h = (h ^ polynomialHigh) >>> 0;
        l = (l ^ polynomialLow) >>> 0;
      }
    }
    high[byte] = h;
    low[byte] = l;
  }
  for (let at = 256; at < 8 * 256; at++) {
    const [h, l] = [high[at - 256] as number, low[at - 256] as number];
    high[at] = (h >>> 8) ^ (high[l & 255] as number);
    low[at] = ((l >>> 8) | (h << 24)) ^ (low[l & 255] as number);
  }
  return { high, low };
}

function createCrc64(): Hasher {
  let [high, low] = [0xffffffff, 0xffffffff];
  return {
    update(bytes) {
      [high, low] = updateCrc64(high, low, bytes);
    },
    digest() {
      const out = Buffer.alloc(8);
      out.writeUInt32BE(~high >>> 0);
      out.writeUInt32BE(~low >>> 0, 4);
      return out;
    },
  };
}

function updateCrc64(startHigh: number, startLow: number, bytes: Uint8Array): [number, number] {
  const { high: th, low: tl } = CRC64;
  let [high, low] = [startHigh, startLow];
  let at = 0;
  const whole = bytes.length - (bytes.length % 8);
  for (; at < whole; at += 8) {
    const l = low ^ word(bytes, at);
    const h = high ^ word(bytes, at + 4);
    const [i0, i1, i2, i3] = [l & 255, (l >>> 8) & 255, (l >>> 16) & 255, l >>> 24];
    const [i4, i5, i6, i7] = [h & 255, (h >>> 8) & 255, (h >>> 16) & 255, h >>> 24];
    high =
      (th[1792 + i0] as number) ^
      (th[1536 + i1] as number) ^
      (th[1280 + i2] as number) ^
      (th[1024 + i3] as number) ^
      (th[768 + i4] as number) ^
      (th[512 + i5] as number) ^
      (th[256 + i6] as number) ^
      (th[i7] as number);
    low =
      (tl[1792 + i0] as number) ^
      (tl[1536 + i1] as number) ^
      (tl[1280 + i2] as number) ^
      (tl[1024 + i3] as number) ^
      (tl[768 + i4] as number) ^
      (tl[512 + i5] as number) ^
      (tl[256 + i6] as number) ^
      (tl[i7] as number);
  }
  for (; at < bytes.length; at++) {
    const index = (low ^ (bytes[at] as number)) & 255;
    low = ((low >>> 8) | (high << 24)) ^ (tl[index] as number);
    high = (high >>> 8) ^ (th[index] as number);
  }
  return [high, low];
}
