// Verifies Signature Version 4 on the server's side: header and presigned forms.
import { timingSafeEqual } from 'node:crypto';
import type { HttpRequest } from '../http.ts';
import { formatAmzDate } from './amz-date.ts';
import type { AuthFailure, AuthFamily } from './auth-errors.ts';
import { authFailure, badSessionToken, guessFamily } from './auth-errors.ts';
import { buildCanonicalRequest } from './canonical-request.ts';
import { identifyCaller } from './identify-caller.ts';
import type { Authorization } from './parse-authorization.ts';
import { ALGORITHM, parseAuthorization } from './parse-authorization.ts';
import {
  checkPresignedVersion2,
  checkVersion2Time,
  isPresignedVersion2,
} from './presigned-version2.ts';
import { EMPTY_HASH, deriveSigningKey, hmac, sha256Hex } from './signing-key.ts';

/** A body that must be read whole to check its signature is not longer than this. */
const MAX_HASHED_BODY_BYTES = 128 * 1024 * 1024;
const DEFAULT_MAX_SKEW_MS = 15 * 60_000;

export interface VerificationRequest {
  readonly request: HttpRequest;
  readonly credentials: { readonly secretAccessKey: string; readonly sessionToken?: string };
  /** The time to judge the signature's age by. */
  readonly nowMs: number;
  /** How far the client's clock may be off; Infinity where the cloud's time is not the world's. */
  readonly maxSkewMs?: number;
  /** Decides the wording of refusals; by the looks of the request when absent. */
  readonly family?: AuthFamily;
}

/** What the signatures of an upload's chunks are computed from. */
export interface VerificationMaterial {
  readonly signingKey: Buffer;
  /** The signature of the head: the first chunk's predecessor. */
  readonly seedSignature: string;
  /** `20260102T030405Z` */
  readonly amzDate: string;
  /** `20260102/us-east-1/s3/aws4_request` */
  readonly scope: string;
  /** As signed: a hash, `UNSIGNED-PAYLOAD`, or `STREAMING-…`. */
  readonly payloadHash: string;
  readonly family: AuthFamily;
}

export type VerificationResult =
  | {
      readonly ok: true;
      /** Absent in signature version 2, which signs no chunks. */
      readonly material?: VerificationMaterial;
    }
  | AuthFailure;

/** Throws nothing of its own; reading the body, where that is needed, may throw BodyTooLarge. */
export async function verifySignature(options: VerificationRequest): Promise<VerificationResult> {
  const { request, credentials } = options;
  const family = options.family ?? guessFamily(request, identifyCaller(request).signingName);
  if (family === 's3' && isPresignedVersion2(request)) {
    return checkPresignedVersion2(request, credentials, options.nowMs) ?? { ok: true };
  }
  const authorization = parseAuthorization(request, family);
  if (!authorization.ok) return authorization;
  const untimely = checkTime(authorization, options, family);
  if (untimely !== undefined) return untimely;
  const unsigned = checkSignedHeaders(request, authorization, family);
  if (unsigned !== undefined) return unsigned;
  const payloadHash = await findPayloadHash(request, authorization, family);
  if (typeof payloadHash !== 'string') return payloadHash;
  const { signedHeaders, scope, amzDate, signature } = authorization;
  const canonical = buildCanonicalRequest(request, {
    signedHeaders,
    payloadHash,
    isS3: family === 's3',
  });
  const scopeText = `${scope.date}/${scope.region}/${scope.service}/aws4_request`;
  const stringToSign = `${ALGORITHM}\n${amzDate}\n${scopeText}\n${sha256Hex(canonical)}`;
  const signingKey = deriveSigningKey(credentials.secretAccessKey, scope);
  if (!matches(hmac(signingKey, stringToSign), signature)) {
    return describeMismatch({ authorization, canonical, stringToSign, family });
  }
  if (authorization.sessionToken !== credentials.sessionToken) return badSessionToken(family);
  return {
    ok: true,
    material: {
      signingKey,
      seedSignature: signature,
      amzDate,
      scope: scopeText,
      payloadHash,
      family,
    },
  };
}

/**
 * Whether a presigned URL is still valid, for clouds that take any signature: an expired link must not
 * work there either. Undefined: it is, or the request is not a presigned one.
 */
export function checkPresignedTime(
  request: HttpRequest,
  nowMs: number,
  maxSkewMs?: number,
): AuthFailure | undefined {
  const caller = identifyCaller(request);
  if (caller.form === 'presigned' && isPresignedVersion2(request)) {
    return checkVersion2Time(request, nowMs);
  }
  if (caller.form !== 'presigned' || !request.query.includes('X-Amz-Algorithm=')) return undefined;
  const family = guessFamily(request, caller.signingName);
  const authorization = parseAuthorization(request, family);
  if (!authorization.ok) return authorization;
  return checkTime(
    authorization,
    { nowMs, ...(maxSkewMs === undefined ? {} : { maxSkewMs }) },
    family,
  );
}

function checkTime(
  authorization: Authorization,
  { nowMs, maxSkewMs = DEFAULT_MAX_SKEW_MS }: Pick<VerificationRequest, 'nowMs' | 'maxSkewMs'>,
  family: AuthFamily,
): AuthFailure | undefined {
  const { signedAtMs, expiresSec } = authorization;
  if (expiresSec !== undefined)
    return checkExpiry(authorization, { nowMs, maxSkewMs, expiresSec }, family);
  if (Math.abs(nowMs - signedAtMs) <= maxSkewMs) return undefined;
  if (family === 's3') {
    const message = 'The difference between the request time and the current time is too large.';
    const fields = {
      RequestTime: authorization.amzDate,
      ServerTime: new Date(nowMs).toISOString(),
      MaxAllowedSkewMilliseconds: maxSkewMs,
    };
    return { ok: false, code: 'RequestTimeTooSkewed', message, status: 403, fields };
  }
  const minutes = Math.round(maxSkewMs / 60_000);
  const now = formatAmzDate(nowMs);
  const message =
    signedAtMs < nowMs
      ? `Signature expired: ${authorization.amzDate} is now earlier than ${formatAmzDate(nowMs - maxSkewMs)} (${now} - ${minutes} min.)`
      : `Signature not yet current: ${authorization.amzDate} is still later than ${formatAmzDate(nowMs + maxSkewMs)} (${now} + ${minutes} min.)`;
  return authFailure(family, 'mismatch', message);
}

function checkExpiry(
  authorization: Authorization,
  { nowMs, maxSkewMs, expiresSec }: { nowMs: number; maxSkewMs: number; expiresSec: number },
  family: AuthFamily,
): AuthFailure | undefined {
  const endsMs = authorization.signedAtMs + expiresSec * 1000;
  if (authorization.signedAtMs - nowMs > maxSkewMs) {
    return family === 's3'
      ? { ok: false, code: 'AccessDenied', message: 'Request is not yet valid', status: 403 }
      : authFailure(
          family,
          'mismatch',
          `Signature not yet current: ${authorization.amzDate} is still later than ${formatAmzDate(nowMs)}`,
        );
  }
  if (nowMs <= endsMs) return undefined;
  if (family === 's3') {
    const fields = {
      'X-Amz-Expires': expiresSec,
      Expires: new Date(endsMs).toISOString().replace('.000Z', 'Z'),
      ServerTime: new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z'),
    };
    return { ok: false, code: 'AccessDenied', message: 'Request has expired', status: 403, fields };
  }
  return authFailure(
    family,
    'mismatch',
    `Signature expired: ${formatAmzDate(endsMs)} is now earlier than ${formatAmzDate(nowMs)}`,
  );
}

function checkSignedHeaders(
  request: HttpRequest,
  { signedHeaders, form }: Authorization,
  family: AuthFamily,
): AuthFailure | undefined {
  if (!signedHeaders.includes('host') && !signedHeaders.includes(':authority')) {
    const message = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.";
    return family === 's3'
      ? {
          ok: false,
          code: 'AccessDenied',
          message: 'There were headers present in the request which were not signed',
          status: 403,
          fields: { HeadersNotSigned: 'host' },
        }
      : authFailure(family, 'mismatch', message);
  }
  if (family !== 's3') return undefined;
  // AWS: S3 acts on `x-amz-*` headers, so none may be added after signing. The payload's hash is part of
  // the canonical request by itself, and a presigned URL has it fixed.
  const unsigned = Object.keys(request.headers).filter(
    (name) =>
      name.startsWith('x-amz-') &&
      !signedHeaders.includes(name) &&
      !(form === 'presigned' && name === 'x-amz-content-sha256'),
  );
  if (unsigned.length === 0) return undefined;
  const message = 'There were headers present in the request which were not signed';
  return {
    ok: false,
    code: 'AccessDenied',
    message,
    status: 403,
    fields: { HeadersNotSigned: unsigned.join(', ') },
  };
}

/** What stands for the body in the canonical request. The body is checked against it when it is read. */
async function findPayloadHash(
  request: HttpRequest,
  { form }: Authorization,
  family: AuthFamily,
): Promise<string | AuthFailure> {
  const header = request.headers['x-amz-content-sha256'];
  if (family === 's3') {
    if (form === 'presigned') return readPresignedHash(request.query) ?? 'UNSIGNED-PAYLOAD';
    if (header !== undefined) return header;
    const message = 'Missing required header for this request: x-amz-content-sha256';
    return { ok: false, code: 'InvalidRequest', message, status: 400 };
  }
  if (header !== undefined) return header;
  const body = await request.body.bytes(MAX_HASHED_BODY_BYTES);
  return body.length === 0 ? EMPTY_HASH : sha256Hex(body);
}

function readPresignedHash(query: string): string | undefined {
  return /(?:^|&)X-Amz-Content-Sha256=([\w-]+)/.exec(query)?.[1];
}

function matches(expected: Buffer, signature: string): boolean {
  return (
    /^[0-9a-f]{64}$/.test(signature) && timingSafeEqual(expected, Buffer.from(signature, 'hex'))
  );
}

interface Mismatch {
  readonly authorization: Authorization;
  readonly canonical: string;
  readonly stringToSign: string;
  readonly family: AuthFamily;
}

function describeMismatch({
  authorization,
  canonical,
  stringToSign,
  family,
}: Mismatch): AuthFailure {
  if (family === 's3') {
    const message =
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.';
    return authFailure(family, 'mismatch', message, {
      AWSAccessKeyId: authorization.accessKeyId,
      StringToSign: stringToSign,
      SignatureProvided: authorization.signature,
      StringToSignBytes: printBytes(stringToSign),
      CanonicalRequest: canonical,
      CanonicalRequestBytes: printBytes(canonical),
    });
  }
  return authFailure(
    family,
    'mismatch',
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.\n\n' +
      `The Canonical String for this request should have been\n'${canonical}'\n\n` +
      `The String-to-Sign should have been\n'${stringToSign}'\n`,
  );
}

/** `41 57 53 34` */
function printBytes(text: string): string {
  return Buffer.from(text)
    .toString('hex')
    .replaceAll(/(..)(?=.)/g, '$1 ');
}
