// Payloads as bytes, whichever form the caller used.
import { assert } from '../../base/errors.ts';

/** In-process callers may give text; requests over HTTP are bytes. */
export function bodyBytes(payload: unknown): Uint8Array {
  if (payload === undefined) return new Uint8Array(0);
  if (typeof payload === 'string') return new TextEncoder().encode(payload);
  assert(payload instanceof Uint8Array, 'a payload is bytes or text');
  return payload;
}

/** The JSON value of a payload; undefined when it is not JSON. */
export function jsonOf(payload: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8'));
  } catch {
    return undefined;
  }
}
