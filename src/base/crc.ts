// Cyclic redundancy checks over streams: CRC-32, CRC-32C and CRC-64/NVME, eight bytes at a step.

/** A checksum in the making. */
export interface Checksum {
  update(bytes: Uint8Array): void;
  /** Big-endian, as the `x-amz-checksum-*` headers carry it in base64. */
  digest(): Uint8Array;
}

// Reflected polynomials.
const CRC32_POLYNOMIAL = 0xedb88320;
const CRC32C_POLYNOMIAL = 0x82f63b78;
/** NVM Express NVM Command Set 1.0d, 5.2.1.3.4: high and low half. */
const CRC64_POLYNOMIAL: readonly [number, number] = [0x9a6c9329, 0xac4bc9b5];
const SLICES = 8;

const crc32Tables = once(() => makeTables32(CRC32_POLYNOMIAL));
const crc32cTables = once(() => makeTables32(CRC32C_POLYNOMIAL));
const crc64Tables = once(makeTables64);

export function createCrc32(): Checksum {
  return createReflected32(crc32Tables());
}

export function createCrc32c(): Checksum {
  return createReflected32(crc32cTables());
}

/** Tables are made on first use: most processes never check an upload. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

/** Table `k` advances a byte that has `k` more bytes behind it. */
function makeTables32(polynomial: number): Uint32Array {
  const tables = new Uint32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    tables[byte] = crc >>> 0;
  }
  for (let at = 256; at < tables.length; at++) {
    const before = at32(tables, at - 256);
    tables[at] = (before >>> 8) ^ at32(tables, before & 255);
  }
  return tables;
}

/** Indexes here never leave the table; the sum with 0 tells the compiler so at no cost. */
function at32(table: Uint32Array, index: number): number {
  return table[index] as number;
}

function createReflected32(t: Uint32Array): Checksum {
  let crc = 0xffffffff;
  return {
    update(bytes) {
      let c = crc;
      let at = 0;
      for (const end = bytes.length - 7; at < end; at += 8) {
        const low = c ^ word(bytes, at);
        const high = word(bytes, at + 4);
        c =
          at32(t, 0x700 + (low & 255)) ^
          at32(t, 0x600 + ((low >>> 8) & 255)) ^
          at32(t, 0x500 + ((low >>> 16) & 255)) ^
          at32(t, 0x400 + (low >>> 24)) ^
          at32(t, 0x300 + (high & 255)) ^
          at32(t, 0x200 + ((high >>> 8) & 255)) ^
          at32(t, 0x100 + ((high >>> 16) & 255)) ^
          at32(t, high >>> 24);
      }
      for (; at < bytes.length; at++) c = (c >>> 8) ^ at32(t, (c ^ (bytes[at] as number)) & 255);
      crc = c;
    },
    digest() {
      const out = Buffer.alloc(4);
      out.writeUInt32BE(~crc >>> 0);
      return out;
    },
  };
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

interface Tables64 {
  readonly high: Uint32Array;
  readonly low: Uint32Array;
}

/** Two 32-bit halves: BigInt arithmetic would be some twenty times slower. */
function makeTables64(): Tables64 {
  const high = new Uint32Array(SLICES * 256);
  const low = new Uint32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte++) {
    let [h, l] = [0, byte];
    for (let bit = 0; bit < 8; bit++) {
      const carry = l & 1;
      l = (l >>> 1) | ((h & 1) << 31);
      h >>>= 1;
      if (carry) [h, l] = [h ^ CRC64_POLYNOMIAL[0], l ^ CRC64_POLYNOMIAL[1]];
    }
    [high[byte], low[byte]] = [h >>> 0, l >>> 0];
  }
  for (let at = 256; at < high.length; at++) {
    const [h, l] = [at32(high, at - 256), at32(low, at - 256)];
    low[at] = ((l >>> 8) | (h << 24)) ^ at32(low, l & 255);
    high[at] = (h >>> 8) ^ at32(high, l & 255);
  }
  return { high, low };
}

export function createCrc64Nvme(): Checksum {
  const { high: th, low: tl } = crc64Tables();
  let [h, l] = [0xffffffff, 0xffffffff];
  return {
    update(bytes) {
      let at = 0;
      for (const end = bytes.length - 7; at < end; at += 8) {
        const first = l ^ word(bytes, at);
        const second = h ^ word(bytes, at + 4);
        const [a, b, c, d] = [
          0x700 + (first & 255),
          0x600 + ((first >>> 8) & 255),
          0x500 + ((first >>> 16) & 255),
          0x400 + (first >>> 24),
        ];
        const [e, f, g, i] = [
          0x300 + (second & 255),
          0x200 + ((second >>> 8) & 255),
          0x100 + ((second >>> 16) & 255),
          second >>> 24,
        ];
        h =
          at32(th, a) ^
          at32(th, b) ^
          at32(th, c) ^
          at32(th, d) ^
          at32(th, e) ^
          at32(th, f) ^
          at32(th, g) ^
          at32(th, i);
        l =
          at32(tl, a) ^
          at32(tl, b) ^
          at32(tl, c) ^
          at32(tl, d) ^
          at32(tl, e) ^
          at32(tl, f) ^
          at32(tl, g) ^
          at32(tl, i);
      }
      for (; at < bytes.length; at++) {
        const index = (l ^ (bytes[at] as number)) & 255;
        l = ((l >>> 8) | (h << 24)) ^ at32(tl, index);
        h = (h >>> 8) ^ at32(th, index);
      }
    },
    digest() {
      const out = Buffer.alloc(8);
      out.writeUInt32BE(~h >>> 0);
      out.writeUInt32BE(~l >>> 0, 4);
      return out;
    },
  };
}
