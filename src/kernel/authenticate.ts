// Authentication: who signed the request, and whether the signature holds.
import type { ReadTx, Store } from '../base/store.ts';
import type { HttpRequest } from '../wire/http.ts';
import {
  type AuthFamily,
  expiredSession,
  missingCredentials,
  toAuthError,
  unknownAccessKey,
} from '../wire/sigv4/auth-errors.ts';
import type { identifyCaller } from '../wire/sigv4/identify-caller.ts';
import {
  type VerificationMaterial,
  checkPresignedTime,
  verifySignature,
} from '../wire/sigv4/verify.ts';
import type { Principal } from './context.ts';
import { type IssuedCredential, isOwnSessionToken, resolveAccessKey } from './credentials.ts';

/** The account of `test`, of unknown keys, and of requests without credentials. */
export const DEFAULT_ACCOUNT = '000000000000';
export const DEFAULT_REGION = 'us-east-1';

/**
 * `trust`: keys that Cloudlet did not issue are the root of their account, unverified (laptop, tests).
 * `verify`: every signature must be that of an issued key (servers).
 */
export type AuthenticationMode = 'trust' | 'verify';

export type Caller = ReturnType<typeof identifyCaller>;

export interface Authenticated {
  readonly principal: Principal;
  /** What chunk signatures are verified with; absent when the signature is not verified. */
  readonly material?: VerificationMaterial;
}

export interface AuthenticationOptions {
  readonly store: Store;
  readonly mode: AuthenticationMode;
  readonly nowMs: number;
  /** Infinity where the cloud's time is not the world's: clients sign with the world's. */
  readonly maxSkewMs: number;
  /** Decides the wording of refusals. */
  readonly family: AuthFamily;
}

/** Answers at once unless the key looks like one that was issued here. */
export function authenticate(
  request: HttpRequest,
  caller: Caller,
  options: AuthenticationOptions,
): Authenticated | Promise<Authenticated> {
  const { accessKeyId } = caller;
  if (accessKeyId !== undefined && looksIssued(accessKeyId)) {
    return authenticateIssued(request, { ...caller, accessKeyId }, options);
  }
  return authenticateForeign(request, caller, options);
}

async function authenticateIssued(
  request: HttpRequest,
  caller: Caller & { readonly accessKeyId: string },
  options: AuthenticationOptions,
): Promise<Authenticated> {
  const { accessKeyId } = caller;
  const issued = await options.store.read((view: ReadTx) => resolveAccessKey(view, accessKeyId));
  if (issued !== undefined) return verifyIssued(request, issued, options);
  return authenticateForeign(request, caller, options);
}

/** Nobody, or a key that was not issued here. */
function authenticateForeign(
  request: HttpRequest,
  caller: Caller,
  options: AuthenticationOptions,
): Authenticated {
  const { accessKeyId } = caller;
  if (accessKeyId === undefined) {
    // S3 decides by bucket who may come without credentials; no other service is public.
    if (options.mode === 'verify' && options.family !== 's3') {
      throw toAuthError(missingCredentials(options.family));
    }
    return { principal: { kind: 'anonymous', account: DEFAULT_ACCOUNT } };
  }
  if (caller.sessionToken !== undefined && isOwnSessionToken(caller.sessionToken)) {
    throw toAuthError(expiredSession(options.family));
  }
  if (options.mode === 'verify') throw toAuthError(unknownAccessKey(options.family, accessKeyId));
  if (caller.form === 'presigned') {
    const untimely = checkPresignedTime(request, options.nowMs, options.maxSkewMs);
    if (untimely !== undefined) throw toAuthError(untimely);
  }
  return { principal: { kind: 'root', account: accountOfKey(accessKeyId) } };
}

async function verifyIssued(
  request: HttpRequest,
  issued: IssuedCredential,
  { nowMs, maxSkewMs, family }: AuthenticationOptions,
): Promise<Authenticated> {
  if (!issued.active) throw toAuthError(unknownAccessKey(family, issued.accessKeyId));
  if (issued.expiresAtMs !== undefined && issued.expiresAtMs <= nowMs) {
    throw toAuthError(expiredSession(family));
  }
  const result = await verifySignature({ request, credentials: issued, nowMs, maxSkewMs, family });
  if (!result.ok) throw toAuthError(result);
  const { material } = result;
  return { principal: issued.principal, ...(material === undefined ? {} : { material }) };
}

/** A 12-digit access key is its own account; any other key that we did not issue is the default one's. */
export function accountOfKey(accessKeyId: string): string {
  const isAccount = accessKeyId.length === 12 && /^\d+$/.test(accessKeyId);
  return isAccount ? accessKeyId : DEFAULT_ACCOUNT;
}

function looksIssued(accessKeyId: string): boolean {
  return accessKeyId.startsWith('AKIA') || accessKeyId.startsWith('ASIA');
}
