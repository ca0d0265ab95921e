// Base64 as AWS's parsers take it: canonical, padded, standard alphabet.
import { wrongType } from './value-reader.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Throws SerializationException, with DynamoDB's messages, for text that is not canonical. */
export function decodeBase64(text: string): Uint8Array {
  if (text.length % 4 !== 0) {
    throw wrongType(
      `Base64 encoded length is expected a multiple of 4 bytes but found: ${text.length}`,
    );
  }
  const bytes = Buffer.from(text, 'base64');
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  if (
    bytes.length !== (text.length / 4) * 3 - padding ||
    text.includes('-') ||
    text.includes('_')
  ) {
    throw wrongType('Invalid last non-pad Base64 character dectected');
  }
  if (padding > 0) {
    // Bits that the padding says are not there must be zero.
    const last = ALPHABET.indexOf(text[text.length - padding - 1] ?? '');
    if ((last & (padding === 1 ? 3 : 15)) !== 0) {
      throw wrongType('Invalid last non-pad Base64 character dectected');
    }
  }
  return bytes;
}

export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
