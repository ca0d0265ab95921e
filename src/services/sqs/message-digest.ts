// The MD5 digests and the size of a message, as AWS computes them; SDKs verify the digests.
import { createHash, type Hash } from 'node:crypto';
import type { AttributeValue } from './message.ts';

/** Hex MD5 of the body's UTF-8 bytes. */
export function digestText(text: string): string {
  return createHash('md5').update(text, 'utf8').digest('hex');
}

/**
 * Hex MD5 of message attributes: per attribute in order of name, the length-prefixed name and data
 * type, a byte for the transport type, and the length-prefixed value.
 * Source: SQS Developer Guide, "Calculating the MD5 message digest for message attributes".
 */
export function digestAttributes(attributes: Readonly<Record<string, AttributeValue>>): string {
  const hash = createHash('md5');
  for (const name of Object.keys(attributes).sort(compareUtf16)) {
    const value = attributes[name];
    if (value === undefined) continue;
    updateWithLength(hash, Buffer.from(name, 'utf8'));
    updateWithLength(hash, Buffer.from(value.dataType, 'utf8'));
    if (value.binary === undefined) {
      hash.update(Uint8Array.of(1));
      updateWithLength(hash, Buffer.from(value.text ?? '', 'utf8'));
    } else {
      hash.update(Uint8Array.of(2));
      updateWithLength(hash, value.binary);
    }
  }
  return hash.digest('hex');
}

/**
 * What counts against the size limit: the body and each attribute's name, type and value, in
 * bytes.
 */
export function measureMessage(
  body: string,
  attributes: Readonly<Record<string, AttributeValue>>,
): number {
  let bytes = Buffer.byteLength(body);
  for (const [name, value] of Object.entries(attributes)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value.dataType);
    bytes += value.binary?.length ?? Buffer.byteLength(value.text ?? '');
  }
  return bytes;
}

function updateWithLength(hash: Hash, bytes: Uint8Array): void {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  hash.update(length).update(bytes);
}

function compareUtf16(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
