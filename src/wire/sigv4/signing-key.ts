// Signing keys: derived once per secret, day, region and service, and kept.
import { createHmac, hash } from 'node:crypto';

/** Enough for every function's session of a busy day; the oldest go first. */
const MOST_KEYS = 5_000;

const keys = new Map<string, Buffer>();

export interface Scope {
  /** `20260102` */
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

export function deriveSigningKey(
  secretAccessKey: string,
  { date, region, service }: Scope,
): Buffer {
  const id = `${secretAccessKey}\n${date}/${region}/${service}`;
  const known = keys.get(id);
  if (known !== undefined) return known;
  const key = hmac(
    hmac(hmac(hmac(`AWS4${secretAccessKey}`, date), region), service),
    'aws4_request',
  );
  if (keys.size >= MOST_KEYS) {
    const oldest = keys.keys().next();
    if (!oldest.done) keys.delete(oldest.value);
  }
  keys.set(id, key);
  return key;
}

export function hmac(key: Buffer | string, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

export function sha256Hex(data: Uint8Array | string): string {
  return hash('sha256', data, 'hex');
}

/** SHA-256 of nothing. */
export const EMPTY_HASH = sha256Hex('');
