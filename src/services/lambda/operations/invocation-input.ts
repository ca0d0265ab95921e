// What all ways to invoke share: checks of the payload and of the client context.
import { notJson, payloadTooLarge } from '../errors.ts';

const EMPTY_OBJECT = new TextEncoder().encode('{}');

/** AWS: an absent payload reaches the handler as an empty object. */
export function checkPayload(payload: Uint8Array, maxBytes: number): Uint8Array {
  if (payload.length > maxBytes) throw payloadTooLarge(maxBytes);
  if (payload.length === 0) return EMPTY_OBJECT;
  try {
    JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8'));
  } catch (error) {
    throw notJson(error instanceof Error ? error.message : String(error));
  }
  return payload;
}

export function decodeClientContext(base64: string | undefined): string | undefined {
  if (base64 === undefined || base64 === '') return undefined;
  const text = Buffer.from(base64, 'base64').toString('utf8');
  try {
    JSON.parse(text);
  } catch (error) {
    throw notJson(`client context: ${error instanceof Error ? error.message : String(error)}`);
  }
  return text;
}
