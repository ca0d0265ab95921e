// Combined checksums equal the checksum of the concatenation.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { combineCrc, isCombinable } from './checksum-combine.ts';
import { checksumOf } from './checksums.ts';

it.each(['CRC32', 'CRC32C', 'CRC64NVME'] as const)('%s of any cut', (algorithm) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (bytes, cut) => {
      const [head, tail] = [bytes.subarray(0, cut), bytes.subarray(cut)];
      const combined = combineCrc(algorithm, checksumOf(algorithm, head), {
        checksum: checksumOf(algorithm, tail),
        sizeBytes: tail.length,
      });
      expect(combined).toBe(checksumOf(algorithm, bytes));
    }),
    { numRuns: 50 },
  );
});

it('knows that digests do not combine', () => {
  expect(isCombinable('SHA256')).toBe(false);
  expect(() => combineCrc('SHA256', '', { checksum: '', sizeBytes: 0 })).toThrow(RangeError);
});
