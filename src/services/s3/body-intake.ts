// Takes in the bytes of an upload: hashes them as they pass, and keeps them inline or as a blob.
import { createHash } from 'node:crypto';
import type { Checksum } from '../../base/crc.ts';
import type { Blobs } from '../../base/store.ts';
import { toStreamingBody } from '../../wire/streaming-body.ts';
import { createHasher } from './checksums.ts';
import type { ChecksumAlgorithm } from './checksums.ts';
import { entityTooLarge, incompleteBody } from './errors.ts';
import { INLINE_BODY_MAX_BYTES } from './limits.ts';
import type { BlobPiece } from './store.ts';

/** The bytes of one upload, taken in but not yet referred to by any row. */
export interface Intake {
  readonly sizeBytes: number;
  readonly md5: Buffer;
  /** Base64, of the algorithm asked for. */
  readonly checksum: string;
  /** Base64, of `alsoAlgorithm`. */
  readonly alsoChecksum?: string;
  /** One of the two is set. */
  readonly inline?: Uint8Array;
  readonly piece?: BlobPiece;
}

export interface IntakeOptions {
  readonly blobs: Blobs;
  readonly algorithm: ChecksumAlgorithm;
  /** A second one, when what is verified differs from what is kept. */
  readonly alsoAlgorithm?: ChecksumAlgorithm;
  readonly maxBytes: number;
  /** What the client announced, when it did. */
  readonly expectedBytes?: number | undefined;
  /** Parts of uploads are always blobs: completing then moves no bytes. */
  readonly alwaysBlob?: boolean;
}

/** Reads `body` to its end. When it throws, nothing is left behind. */
export async function takeIn(body: unknown, options: IntakeOptions): Promise<Intake> {
  try {
    return await readAndKeep(body, options);
  } catch (error) {
    if (isDisconnect(error)) throw incompleteBody(error);
    throw error;
  }
}

/** The client went away in the middle: nobody will read the answer, and it is no fault of ours. */
export function isDisconnect(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return error.code === 'ECONNRESET' || error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}

async function readAndKeep(body: unknown, options: IntakeOptions): Promise<Intake> {
  const { blobs, expectedBytes, maxBytes } = options;
  if (expectedBytes !== undefined && expectedBytes > maxBytes) {
    throw entityTooLarge(expectedBytes, maxBytes);
  }
  const source = toStreamingBody(body);
  if (expectedBytes !== undefined && expectedBytes <= INLINE_BODY_MAX_BYTES) {
    return takeInWhole(await source.bytes(INLINE_BODY_MAX_BYTES), options);
  }
  const meter = createMeter(options);
  const head = await readHead(meter.pass(source));
  if (head.rest === undefined && options.alwaysBlob !== true) {
    meter.check();
    return { ...meter.result(), inline: head.bytes };
  }
  const piece = await blobs.put(head.rest === undefined ? head.bytes : head.rest);
  try {
    meter.check();
  } catch (error) {
    await blobs.delete(piece.id);
    throw error;
  }
  return { ...meter.result(), piece };
}

/** Deletes what `takeIn` stored, when the row that should refer to it was not written. */
export async function discardIntake(blobs: Blobs, intake: Intake): Promise<void> {
  if (intake.piece !== undefined) await blobs.delete(intake.piece.id);
}

async function takeInWhole(bytes: Uint8Array, options: IntakeOptions): Promise<Intake> {
  const meter = createMeter(options);
  meter.update(bytes);
  meter.check();
  if (options.alwaysBlob !== true) return { ...meter.result(), inline: bytes };
  return { ...meter.result(), piece: await options.blobs.put(bytes) };
}

/** The first bytes; `rest` streams the whole (these bytes again, then the others) when there are more. */
async function readHead(
  source: AsyncGenerator<Uint8Array>,
): Promise<{ bytes: Uint8Array; rest?: AsyncIterable<Uint8Array> }> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { value, done } = await source.next();
    if (done === true) return { bytes: Buffer.concat(chunks, length) };
    chunks.push(value);
    length += value.length;
    if (length > INLINE_BODY_MAX_BYTES) return { bytes: Buffer.alloc(0), rest: resume(chunks, source) };
  }
}

async function* resume(
  chunks: readonly Uint8Array[],
  source: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* chunks;
  yield* source;
}

interface Meter {
  update(bytes: Uint8Array): void;
  pass(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array>;
  /** Throws when the body was shorter than announced. */
  check(): void;
  result(): Pick<Intake, 'sizeBytes' | 'md5' | 'checksum' | 'alsoChecksum'>;
}

function createMeter(options: IntakeOptions): Meter {
  const { algorithm, alsoAlgorithm, maxBytes, expectedBytes } = options;
  const md5 = createHash('md5');
  const hasher = createHasher(algorithm);
  const also = alsoAlgorithm === undefined ? undefined : createHasher(alsoAlgorithm);
  let sizeBytes = 0;
  function update(bytes: Uint8Array): void {
    sizeBytes += bytes.length;
    if (sizeBytes > maxBytes) throw entityTooLarge(sizeBytes, maxBytes);
    md5.update(bytes);
    hasher.update(bytes);
    also?.update(bytes);
  }
  return {
    update,
    async *pass(source) {
      for await (const chunk of source) {
        update(chunk);
        yield chunk;
      }
    },
    check() {
      if (expectedBytes !== undefined && sizeBytes !== expectedBytes) throw incompleteBody();
    },
    result: () => ({
      sizeBytes,
      md5: md5.digest(),
      checksum: base64(hasher),
      ...(also === undefined ? {} : { alsoChecksum: base64(also) }),
    }),
  };
}

function base64(hasher: Checksum): string {
  return Buffer.from(hasher.digest()).toString('base64');
}
