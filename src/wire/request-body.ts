// Reads structured request bodies: size limit, gzip.
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { ServiceError } from '../base/errors.ts';
import { BodyTooLarge } from './http.ts';
import type { HttpRequest } from './http.ts';
import type { ServiceRow } from './service-model.ts';

// The largest body any operation takes in one piece: Lambda's UpdateFunctionCode.
// <docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const DEFAULT_MAX_BODY_BYTES = 70_167_211;

const inflate = promisify(gunzip);

/** The body, decompressed when it is gzip. Throws ServiceError 413 past the limit. */
export async function readBody(
  request: Pick<HttpRequest, 'headers' | 'body'>,
  row: ServiceRow | undefined,
): Promise<Buffer> {
  const maxBytes = row?.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES;
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  let bytes: Uint8Array;
  try {
    bytes = await request.body.bytes(maxBytes);
  } catch (error) {
    if (error instanceof BodyTooLarge) throw tooLarge(maxBytes);
    throw error;
  }
  if (!isGzip(request.headers['content-encoding'])) return asBuffer(bytes);
  try {
    return await inflate(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge(maxBytes);
    throw new ServiceError('SerializationException', 'The request body is not valid gzip data.', {
      cause: error,
    });
  }
}

/** A Buffer over the same memory. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

// `custom, gzip`: the last encoding is the outermost, and the one a client's SDK added.
function isGzip(encoding: string | undefined): boolean {
  return encoding !== undefined && encoding.split(',').at(-1)?.trim().toLowerCase() === 'gzip';
}

function tooLarge(maxBytes: number): ServiceError {
  return new ServiceError(
    'RequestEntityTooLargeException',
    `Request must be smaller than ${maxBytes} bytes`,
    { status: 413 },
  );
}
