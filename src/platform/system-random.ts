// Randomness from the operating system.
import { randomBytes } from 'node:crypto';
import type { Random } from '../base/random.ts';

const POOL_BYTES = 4096;

export function createSystemRandom(): Random {
  // One call to the kernel serves many small draws: ids are made on every request.
  let pool = new Uint8Array(0);
  let used = 0;

  function bytes(length: number): Uint8Array {
    if (length > POOL_BYTES) return new Uint8Array(randomBytes(length));
    if (used + length > pool.length) {
      pool = new Uint8Array(randomBytes(POOL_BYTES));
      used = 0;
    }
    const drawn = pool.slice(used, used + length);
    // A byte handed out may be part of a secret, so it does not stay behind in the pool.
    pool.fill(0, used, used + length);
    used += length;
    return new Uint8Array(drawn);
  }

  return {
    bytes,
    next() {
      const drawn = new DataView(bytes(8).buffer);
      return (drawn.getUint32(0) * 0x200000 + (drawn.getUint32(4) >>> 11)) / 2 ** 53;
    },
  };
}
