// CRCs against their published check values, and against themselves over every way of splitting.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCrc32, createCrc32c, createCrc64Nvme } from './crc.ts';
import type { Checksum } from './crc.ts';

// Check values (of "123456789") from the catalogue of parametrised CRC algorithms
// (reveng.sourceforge.io/crc-catalogue): CRC-32/ISO-HDLC, CRC-32/ISCSI, CRC-64/NVME.
const ALGORITHMS: readonly (readonly [string, () => Checksum, string])[] = [
  ['CRC-32', createCrc32, 'cbf43926'],
  ['CRC-32C', createCrc32c, 'e3069283'],
  ['CRC-64/NVME', createCrc64Nvme, 'ae8b14860a799888'],
];

function hexOf(create: () => Checksum, parts: readonly Uint8Array[]): string {
  const checksum = create();
  for (const part of parts) checksum.update(part);
  return Buffer.from(checksum.digest()).toString('hex');
}

/** The definition, bit by bit. */
function slowCrc(bytes: Uint8Array, width: bigint, polynomial: bigint): string {
  const mask = (1n << width) - 1n;
  let crc = mask;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ polynomial : crc >> 1n;
  }
  return (crc ^ mask).toString(16).padStart(Number(width / 4n), '0');
}

describe.each(ALGORITHMS)('%s', (_name, create, expected) => {
  test('check value', () => {
    expect(hexOf(create, [Buffer.from('123456789')])).toBe(expected);
  });

  test('does not depend on how the bytes arrive', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (bytes, cut) => {
        expect(hexOf(create, [bytes.subarray(0, cut), bytes.subarray(cut)])).toBe(
          hexOf(create, [bytes]),
        );
      }),
    );
  });
});

test.each([
  ['CRC-32', createCrc32, 32n, 0xedb88320n],
  ['CRC-32C', createCrc32c, 32n, 0x82f63b78n],
  ['CRC-64/NVME', createCrc64Nvme, 64n, 0x9a6c9329ac4bc9b5n],
] as const)('%s equals its bitwise definition', (_name, create, width, polynomial) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(hexOf(create, [bytes])).toBe(slowCrc(bytes, width, polynomial));
    }),
  );
});
