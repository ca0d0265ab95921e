// Checksums against published check values and node's own zlib.
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { checksumOf, createHasher } from './checksums.ts';
import type { ChecksumAlgorithm } from './checksums.ts';

const text = Buffer.from('123456789');

describe('check values of "123456789"', () => {
  // Catalogue of parametrised CRC algorithms (reveng): CRC-32/ISO-HDLC, CRC-32/ISCSI, CRC-64/NVME.
  it.each<[ChecksumAlgorithm, string]>([
    ['CRC32', 'cbf43926'],
    ['CRC32C', 'e3069283'],
    ['CRC64NVME', 'ae8b14860a799888'],
    ['SHA1', 'f7c3bc1d808e04732adf679965ccc34ca7ae3441'],
    ['MD5', '25f9e794323b453885f5181f1b624d0b'],
  ])('%s', (algorithm, hex) => {
    expect(checksumOf(algorithm, text)).toBe(Buffer.from(hex, 'hex').toString('base64'));
  });
});

describe('values AWS answered (localstack/localstack, tests/aws/services/s3 snapshots)', () => {
  it.each<[ChecksumAlgorithm, string, string]>([
    ['CRC32', '', 'AAAAAA=='],
    ['CRC32', 'test-delete', '1jy6qw=='],
    ['CRC32', '0123456789', 'poTHxg=='],
    ['CRC64NVME', '', 'AAAAAAAAAAA='],
  ])('%s of %j is %s', (algorithm, body, expected) => {
    expect(checksumOf(algorithm, Buffer.from(body))).toBe(expected);
  });
});

it('does not depend on how the bytes are cut', () => {
  const bytes = Buffer.from(Array.from({ length: 1000 }, (_, at) => (at * 7919) & 255));
  for (const algorithm of ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA256'] as const) {
    for (const cut of [1, 3, 8, 13, 500]) {
      const hasher = createHasher(algorithm);
      for (let at = 0; at < bytes.length; at += cut) hasher.update(bytes.subarray(at, at + cut));
      expect(Buffer.from(hasher.digest()).toString('base64')).toBe(checksumOf(algorithm, bytes));
    }
  }
});

it('agrees with zlib on CRC-32 of every length up to 64', () => {
  for (let length = 0; length <= 64; length++) {
    const bytes = Buffer.alloc(length, 0xa5);
    const expected = Buffer.alloc(4);
    expected.writeUInt32BE(crc32(bytes));
    expect(checksumOf('CRC32', bytes)).toBe(expected.toString('base64'));
  }
});
