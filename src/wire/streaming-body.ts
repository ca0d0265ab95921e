// A streaming blob as handlers see it: read it whole or piece by piece, once.
import { BodyTooLarge } from './http.ts';
import type { HttpBody } from './http.ts';

export interface StreamingBody extends AsyncIterable<Uint8Array> {
  /** All of it; throws BodyTooLarge past `maxBytes`. */
  bytes(maxBytes: number): Promise<Uint8Array>;
  /** As in HttpBody: fields after the body of an upload, complete once it has been read. */
  trailers?(): Readonly<Record<string, string>>;
}

/** The body of a request. */
export function streamRequestBody(body: HttpBody): StreamingBody {
  return {
    bytes: (maxBytes) => body.bytes(maxBytes),
    trailers: () => body.trailers?.() ?? {},
    [Symbol.asyncIterator]: () => body.stream()[Symbol.asyncIterator](),
  };
}

/**
 * Any value a caller may give for a streaming blob: a StreamingBody, bytes, text, an async
 * iterable, or nothing (an empty body). Handlers use it because in-process callers pass plain bytes.
 */
export function toStreamingBody(value: unknown): StreamingBody {
  if (isStreamingBody(value)) return value;
  const source = toChunks(value);
  return {
    bytes: (maxBytes) => collectBytes(source, maxBytes),
    [Symbol.asyncIterator]: () => source[Symbol.asyncIterator](),
  };
}

/** Concatenates; throws BodyTooLarge past `maxBytes`. */
export async function collectBytes(
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of source) {
    length += chunk.length;
    if (length > maxBytes) throw new BodyTooLarge(`body of more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  const only = chunks[0];
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, length);
}

/** True for what `for await` accepts. */
export function isAsyncIterable(value: unknown): value is AsyncIterable<Uint8Array> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function isStreamingBody(value: unknown): value is StreamingBody {
  return isAsyncIterable(value) && 'bytes' in value && typeof value.bytes === 'function';
}

function toChunks(value: unknown): AsyncIterable<Uint8Array> {
  if (isAsyncIterable(value)) return value;
  return {
    [Symbol.asyncIterator]: async function* () {
      if (value instanceof Uint8Array) yield value;
      else if (typeof value === 'string') yield Buffer.from(value);
      else if (value !== undefined && value !== null) {
        throw new TypeError('a streaming blob is bytes, text or an async iterable of bytes');
      }
    },
  };
}
