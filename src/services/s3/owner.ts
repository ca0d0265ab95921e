// Canonical user ids: the identity of an account in S3's ACLs, listings and events.
import { createHash } from 'node:crypto';

const known = new Map<string, string>();

/**
 * 64 hexadecimal digits that stand for the account.
 * Differs: derived from the account number, because AWS keeps its mapping to itself.
 */
export function canonicalUserId(account: string): string {
  const cached = known.get(account);
  if (cached !== undefined) return cached;
  const id = createHash('sha256').update(`canonical user ${account}`).digest('hex');
  known.set(account, id);
  return id;
}

/** The short customer id that event records carry, e.g. `A3NL1KOZZKEXAMPLE`. */
export function customerId(account: string): string {
  const digest = createHash('sha256').update(`customer ${account}`).digest('hex');
  return `A${BigInt(`0x${digest.slice(0, 24)}`).toString(36).toUpperCase().padStart(13, '0').slice(0, 13)}`;
}
