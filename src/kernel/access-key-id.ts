// Ids as AWS forms them: a prefix that says the kind, the account in base 32, and randomness.
import type { Random } from '../base/random.ts';
import { randomText } from '../base/random.ts';

/**
 * `AKIA` long-lived key, `ASIA` session key, `AIDA` user, `AROA` role, `AGPA` group, `AIPA` instance profile,
 * `ANPA` managed policy.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes
 */
export type IdPrefix = 'AKIA' | 'ASIA' | 'AIDA' | 'AROA' | 'AGPA' | 'AIPA' | 'ANPA';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
/** Keys are 20 characters long, ids of other things 21. */
const KEY_LENGTH = 20;
const ID_LENGTH = 21;
// Ten characters hold 50 bits: one that is set, 40 of the account, 9 of the id itself.
const ACCOUNT_CHARACTERS = 10;
const OWN_BITS = 9n;
const ACCOUNT_MASK = (1n << 40n) - 1n;

/** AWS: the account follows the prefix, after one bit (Tal Be'ery, "A short note on AWS KEY ID", 2023). */
export function newUniqueId(random: Random, prefix: IdPrefix, account: string): string {
  const [high = 0, low = 0] = random.bytes(2);
  const own = BigInt((high << 8) | low) & ((1n << OWN_BITS) - 1n);
  let bits = (1n << 49n) | (BigInt(account) << OWN_BITS) | own;
  let text = '';
  for (let i = 0; i < ACCOUNT_CHARACTERS; i++) {
    text = ALPHABET.charAt(Number(bits & 31n)) + text;
    bits >>= 5n;
  }
  const length = prefix === 'AKIA' || prefix === 'ASIA' ? KEY_LENGTH : ID_LENGTH;
  return prefix + text + randomText(random, length - prefix.length - ACCOUNT_CHARACTERS, ALPHABET);
}

/** The account inside an access key id; undefined for text that is not one. */
export function decodeAccount(accessKeyId: string): string | undefined {
  if (!/^[A-Z]{4}[A-Z2-7]{16}$/.test(accessKeyId)) return undefined;
  let bits = 0n;
  for (const char of accessKeyId.slice(4, 4 + ACCOUNT_CHARACTERS)) {
    bits = (bits << 5n) | BigInt(ALPHABET.indexOf(char));
  }
  const account = ((bits >> OWN_BITS) & ACCOUNT_MASK).toString();
  return account.length > 12 ? undefined : account.padStart(12, '0');
}
