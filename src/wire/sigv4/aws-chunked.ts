// Undoes aws-chunked framing and holds a body against what its head promised: hash, length, checksums.
import { createHash, timingSafeEqual } from 'node:crypto';
import { BodyTooLarge } from '../http.ts';
import type { HttpBody } from '../http.ts';
import {
  badChunkSignature,
  badChecksum,
  badFraming,
  hashMismatch,
  incompleteBody,
  missingTrailer,
} from './body-errors.ts';
import { BadFraming, readFrames } from './chunk-frames.ts';
import { EMPTY_HASH, hmac } from './signing-key.ts';
import { createTrailerChecksums } from './trailer-checksums.ts';
import type { VerificationMaterial } from './verify.ts';

type Headers = Readonly<Record<string, string>>;

/**
 * The body as its reader should see it. Reading throws ServiceErrors (S3's, as AWS words them) when
 * framing, chunk signatures, length, hash or trailing checksums do not hold; never earlier.
 * @param material from `verifySignature`; without it signatures are taken on trust.
 */
export function decodeAwsChunked(
  body: HttpBody,
  headers: Headers,
  material?: VerificationMaterial,
): HttpBody {
  const promised = headers['x-amz-content-sha256'];
  const checked =
    promised !== undefined && needsHash(promised, headers, material)
      ? hashedBody(body, promised)
      : body;
  if (promised?.startsWith('STREAMING-') !== true && !isAwsChunked(headers)) return checked;
  return decodedBody(checked, headers, promised?.includes('HMAC') === true ? material : undefined);
}

/** Other services' clients send the hash too; unless signatures are verified it is not worth the work. */
function needsHash(
  promised: string,
  headers: Headers,
  material: VerificationMaterial | undefined,
): boolean {
  if (!/^[0-9a-f]{64}$/.test(promised)) return false;
  return material !== undefined || headers['authorization']?.includes('/s3/aws4_request') === true;
}

function isAwsChunked(headers: Headers): boolean {
  return (
    headers['content-encoding']
      ?.split(',')
      .some((encoding) => encoding.trim() === 'aws-chunked') === true
  );
}

function hashedBody(body: HttpBody, promised: string): HttpBody {
  return {
    async bytes(maxBytes) {
      const bytes = await body.bytes(maxBytes);
      const computed =
        bytes.length === 0 ? EMPTY_HASH : createHash('sha256').update(bytes).digest('hex');
      if (computed !== promised) throw hashMismatch(promised, computed);
      return bytes;
    },
    async *stream() {
      const hash = createHash('sha256');
      for await (const bytes of body.stream()) {
        hash.update(bytes);
        yield bytes;
      }
      const computed = hash.digest('hex');
      if (computed !== promised) throw hashMismatch(promised, computed);
    },
    ...(body.trailers === undefined ? {} : { trailers: () => body.trailers?.() ?? {} }),
  };
}

function decodedBody(
  body: HttpBody,
  headers: Headers,
  material: VerificationMaterial | undefined,
): HttpBody {
  const trailers: Record<string, string> = {};
  let whole: Promise<Uint8Array> | undefined;
  const read = (): AsyncIterable<Uint8Array> =>
    decode(body.stream(), { headers, material, trailers });
  return {
    async *stream() {
      if (whole === undefined) yield* read();
      else yield await whole;
    },
    async bytes(maxBytes) {
      whole ??= collect(read(), maxBytes);
      const bytes = await whole;
      if (bytes.length > maxBytes) throw new BodyTooLarge(`body of ${bytes.length} bytes`);
      return bytes;
    },
    trailers: () => trailers,
  };
}

interface Decoding {
  readonly headers: Headers;
  readonly material: VerificationMaterial | undefined;
  /** Filled while reading. */
  readonly trailers: Record<string, string>;
}

async function* decode(
  source: AsyncIterable<Uint8Array>,
  decoding: Decoding,
): AsyncGenerator<Uint8Array, void> {
  const { headers, trailers } = decoding;
  const announced = (headers['x-amz-trailer'] ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase());
  const checksums = createTrailerChecksums(announced);
  const signatures = createChunkSignatures(decoding.material);
  let length = 0;
  try {
    for await (const frame of readFrames(source)) {
      switch (frame.kind) {
        case 'chunk':
          signatures.begin(frame.signature);
          break;
        case 'data':
          length += frame.bytes.length;
          signatures.update(frame.bytes);
          for (const checksum of checksums.values()) checksum.update(frame.bytes);
          yield frame.bytes;
          break;
        case 'chunk-end':
          signatures.end();
          break;
        case 'trailer':
          trailers[frame.name] = frame.value;
          break;
      }
    }
  } catch (error) {
    if (error instanceof BadFraming) throw badFraming(error);
    throw error;
  }
  checkLength(headers, length);
  signatures.checkTrailers(trailers, headers);
  for (const name of announced) {
    const [value, checksum] = [trailers[name], checksums.get(name)];
    if (name !== '' && value === undefined) throw missingTrailer(name);
    if (checksum !== undefined && value !== undefined)
      checkChecksum(name, value, checksum.digest());
  }
}

function checkLength(headers: Headers, length: number): void {
  const promised = headers['x-amz-decoded-content-length'];
  if (promised !== undefined && promised !== String(length)) throw incompleteBody(promised, length);
}

function checkChecksum(name: string, value: string, computed: Uint8Array): void {
  if (value !== Buffer.from(computed).toString('base64')) throw badChecksum(name);
}

interface ChunkSignatures {
  begin(signature: string | undefined): void;
  update(bytes: Uint8Array): void;
  end(): void;
  checkTrailers(trailers: Readonly<Record<string, string>>, headers: Headers): void;
}

const TRUSTED: ChunkSignatures = {
  begin: () => undefined,
  update: () => undefined,
  end: () => undefined,
  checkTrailers: () => undefined,
};

/** Each chunk is signed over the signature before it; the head's is the first. */
function createChunkSignatures(material: VerificationMaterial | undefined): ChunkSignatures {
  if (material === undefined) return TRUSTED;
  const { signingKey, amzDate, scope } = material;
  let previous = material.seedSignature;
  let promised: string | undefined;
  let hash = createHash('sha256');
  const sign = (kind: string, rest: string): Buffer =>
    hmac(signingKey, `AWS4-HMAC-SHA256-${kind}\n${amzDate}\n${scope}\n${previous}\n${rest}`);
  const check = (expected: Buffer, signature: string | undefined): string => {
    if (signature === undefined || !/^[0-9a-f]{64}$/.test(signature)) throw badChunkSignature();
    if (!timingSafeEqual(expected, Buffer.from(signature, 'hex'))) throw badChunkSignature();
    return signature;
  };
  return {
    begin(signature) {
      promised = signature;
      hash = createHash('sha256');
    },
    update: (bytes) => void hash.update(bytes),
    end() {
      previous = check(sign('PAYLOAD', `${EMPTY_HASH}\n${hash.digest('hex')}`), promised);
    },
    checkTrailers(trailers, headers) {
      if (!material.payloadHash.endsWith('-TRAILER') || headers['x-amz-trailer'] === undefined)
        return;
      const { 'x-amz-trailer-signature': signature, ...signed } = trailers;
      const lines = Object.keys(signed)
        .toSorted()
        .map((name) => `${name}:${signed[name]}\n`);
      check(sign('TRAILER', createHash('sha256').update(lines.join('')).digest('hex')), signature);
    },
  };
}

async function collect(source: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const bytes of source) {
    length += bytes.length;
    if (length > maxBytes) throw new BodyTooLarge(`body of more than ${maxBytes} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks, length);
}
