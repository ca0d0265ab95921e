// Authentication: who signed the request, and whether the signature holds.
import { ServiceError } from '../base/errors.ts';
import type { ReadTx, Store } from '../base/store.ts';
import type { HttpRequest } from '../wire/http.ts';
import type { identifyCaller } from '../wire/sigv4/identify-caller.ts';
import { type VerificationMaterial, verifySignature } from '../wire/sigv4/verify.ts';
import type { Principal } from './context.ts';
import { type IssuedCredential, resolveAccessKey } from './credentials.ts';

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

export async function authenticate(
  request: HttpRequest,
  caller: Caller,
  options: { readonly store: Store; readonly mode: AuthenticationMode; readonly nowMs: number },
): Promise<Authenticated> {
  const { accessKeyId } = caller;
  if (accessKeyId === undefined) {
    return { principal: { kind: 'anonymous', account: DEFAULT_ACCOUNT } };
  }
  const issued = looksIssued(accessKeyId)
    ? await options.store.read((view: ReadTx) => resolveAccessKey(view, accessKeyId))
    : undefined;
  if (issued === undefined) {
    if (options.mode === 'verify') throw unknownKey();
    return { principal: { kind: 'root', account: accountOfKey(accessKeyId) } };
  }
  return verifyIssued(request, issued, options.nowMs);
}

function verifyIssued(request: HttpRequest, issued: IssuedCredential, nowMs: number): Authenticated {
  if (!issued.active) throw unknownKey();
  if (issued.expiresAtMs !== undefined && issued.expiresAtMs <= nowMs) {
    throw new ServiceError('ExpiredToken', 'The security token included in the request is expired', {
      status: 403,
    });
  }
  const result = verifySignature({ request, credentials: issued, nowMs });
  if (!result.ok) {
    throw new ServiceError(result.code, result.message, { status: result.status });
  }
  return { principal: issued.principal, material: result.material };
}

/** A 12-digit access key is its own account; any other key that we did not issue is the default one's. */
function accountOfKey(accessKeyId: string): string {
  return /^\d{12}$/.test(accessKeyId) ? accessKeyId : DEFAULT_ACCOUNT;
}

function looksIssued(accessKeyId: string): boolean {
  return /^A[KS]IA/.test(accessKeyId);
}

function unknownKey(): ServiceError {
  const message = 'The security token included in the request is invalid.';
  return new ServiceError('InvalidClientTokenId', message, { status: 403 });
}
