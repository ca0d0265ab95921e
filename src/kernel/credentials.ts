// Access keys that the cloud issued: of IAM users, of STS sessions, of functions' roles.
import type { Random } from '../base/random.ts';
import { randomText } from '../base/random.ts';
import type { ReadTx, Tx } from '../base/store.ts';
import type { Principal } from './call.ts';
import { newUniqueId } from './access-key-id.ts';
import { table } from './table.ts';

export interface IssuedCredential {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Sessions only: must come with every request. */
  readonly sessionToken?: string;
  /** Sessions only. */
  readonly expiresAtMs?: number;
  readonly principal: Principal;
  /** False: the key exists, and every use of it is refused. */
  readonly active: boolean;
  /** Sessions only: what narrows and describes them, for the authorise stage. */
  readonly session?: SessionAttributes;
}

export interface SessionAttributes {
  /** Policy documents that bound the session, beside those of its role. */
  readonly policies: readonly string[];
  /** Managed policies that do the same. */
  readonly policyArns: readonly string[];
  readonly tags: readonly SessionTag[];
  readonly sourceIdentity?: string;
}

export interface SessionTag {
  readonly key: string;
  readonly value: string;
  /** Sessions begun from this one carry the tag on. */
  readonly transitive: boolean;
}

/** Keyed `[accessKeyId]`: a key alone says whose it is, before the account is known. */
const accessKeys = table<IssuedCredential>('kernel/access-key');

/** Sessions by expiry, keyed `[expiresAtMs, accessKeyId]`, so that old ones are found and removed. */
const sessionExpiries = table<true>('kernel/session-expiry');

/** A session outlives its end by this long, so that its late users hear "expired" and not "unknown". */
const EXPIRED_SESSION_KEPT_MS = 86_400_000;
const SWEPT_PER_ISSUE = 2;

/** Tokens are opaque, and AWS's begin otherwise. Base64 of `Cloudlet!`. */
const OWN_TOKEN_PREFIX = 'Q2xvdWRsZXQh';

const SECRET_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** The credential of a key that this cloud issued, active or not, expired or not. */
export async function resolveAccessKey(
  view: ReadTx,
  accessKeyId: string,
): Promise<IssuedCredential | undefined> {
  return accessKeys.get(view, [accessKeyId]);
}

/** Stores a key, or what has changed of it. */
export function putAccessKey(tx: Tx, credential: IssuedCredential): void {
  accessKeys.put(tx, [credential.accessKeyId], credential);
}

/**
 * Ends a key for good. What remains is its id, so that it is refused as unknown for ever: where keys
 * that the cloud did not issue are trusted, a deleted one must not pass for one of those.
 */
export async function deleteAccessKey(tx: Tx, accessKeyId: string): Promise<void> {
  const credential = await accessKeys.get(tx, [accessKeyId]);
  if (credential === undefined) return;
  accessKeys.put(tx, [accessKeyId], { ...credential, secretAccessKey: '', active: false });
}

export interface SessionRequest {
  readonly principal: Principal;
  readonly expiresAtMs: number;
  readonly nowMs: number;
  /** From `newSessionSecrets`, drawn outside the transaction so that a rerun issues the same. */
  readonly secrets: SessionSecrets;
  readonly attributes?: SessionAttributes;
}

export interface SessionSecrets {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** Stores a session's credential, and forgets a few that ended long ago. */
export async function issueSession(tx: Tx, request: SessionRequest): Promise<IssuedCredential> {
  const { principal, expiresAtMs, nowMs, secrets, attributes } = request;
  const credential: IssuedCredential = {
    ...secrets,
    expiresAtMs,
    principal,
    active: true,
    ...(attributes === undefined ? {} : { session: attributes }),
  };
  accessKeys.put(tx, [secrets.accessKeyId], credential);
  sessionExpiries.put(tx, [expiresAtMs, secrets.accessKeyId], true);
  // Claimed, so that two sessions issued at once never conflict over the same old ones.
  const ended = await sessionExpiries.claim(
    tx,
    [0],
    [nowMs - EXPIRED_SESSION_KEPT_MS],
    SWEPT_PER_ISSUE,
  );
  for (const { key } of ended) {
    sessionExpiries.delete(tx, key);
    accessKeys.delete(tx, key.slice(1));
  }
  return credential;
}

export function newSessionSecrets(random: Random, account: string): SessionSecrets {
  return {
    accessKeyId: newUniqueId(random, 'ASIA', account),
    secretAccessKey: newSecretAccessKey(random),
    sessionToken: OWN_TOKEN_PREFIX + Buffer.from(random.bytes(240)).toString('base64'),
  };
}

/**
 * Whether a token was issued by a Cloudlet. With a key that is not known any more, it belongs to a
 * session that ended long ago, and not to credentials of AWS that a developer happens to have.
 */
export function isOwnSessionToken(token: string): boolean {
  return token.startsWith(OWN_TOKEN_PREFIX);
}

/** Forty characters of base64's alphabet. */
export function newSecretAccessKey(random: Random): string {
  return randomText(random, 40, SECRET_ALPHABET);
}
