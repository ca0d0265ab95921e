// Page tokens of the describe operations: where the page before ended, opaque to callers.
import type { KeyPart } from '../../../base/store.ts';
import { invalidToken } from '../errors.ts';

/** The parts a token was made of, or undefined without one. */
export function readToken(token: string | undefined, length: number): KeyPart[] | undefined {
  if (token === undefined) return undefined;
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    if (Array.isArray(parts) && parts.length === length && parts.every(isPart)) return parts;
  } catch {
    throw invalidToken();
  }
  throw invalidToken();
}

export function writeToken(parts: readonly KeyPart[] | undefined): { nextToken?: string } {
  if (parts === undefined) return {};
  return { nextToken: Buffer.from(JSON.stringify(parts)).toString('base64url') };
}

function isPart(part: unknown): part is string | number {
  return typeof part === 'string' || typeof part === 'number';
}
