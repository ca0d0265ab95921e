// Takes a signature apart: from the Authorization header, or from the query of a presigned URL.
import { createHash } from 'node:crypto';
import type { HttpRequest } from '../http.ts';
import { convertHttpDate, parseAmzDate } from './amz-date.ts';
import type { AuthFailure, AuthFamily } from './auth-errors.ts';
import { authFailure } from './auth-errors.ts';
import { parseQuery } from './query-parameters.ts';
import type { Scope } from './signing-key.ts';

export const ALGORITHM = 'AWS4-HMAC-SHA256';
const WEEK_SEC = 604_800;
/** How long a presigned URL without `X-Amz-Expires` lives, where the service allows that. */
const DEFAULT_EXPIRES_SEC = 900;

export interface Authorization {
  readonly ok: true;
  readonly form: 'header' | 'presigned';
  readonly accessKeyId: string;
  readonly scope: Scope;
  /** Lower-case. */
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `20260102T030405Z` */
  readonly amzDate: string;
  readonly signedAtMs: number;
  readonly sessionToken?: string;
  /** Presigned only. */
  readonly expiresSec?: number;
}

export function parseAuthorization(
  request: HttpRequest,
  family: AuthFamily,
): Authorization | AuthFailure {
  const { authorization } = request.headers;
  return authorization === undefined
    ? parsePresigned(request, family)
    : parseHeader(request, authorization, family);
}

function parseHeader(
  request: HttpRequest,
  header: string,
  family: AuthFamily,
): Authorization | AuthFailure {
  const space = header.indexOf(' ');
  const algorithm = space === -1 ? header : header.slice(0, space);
  const refused = refuseAlgorithm(algorithm, family);
  if (refused !== undefined) return refused;
  const fields = new Map<string, string>();
  for (const part of header.slice(algorithm.length + 1).split(/[,\s]+/)) {
    const equals = part.indexOf('=');
    if (equals > 0) fields.set(part.slice(0, equals), part.slice(equals + 1));
  }
  const [credential, signedHeaders, signature] = [
    fields.get('Credential'),
    fields.get('SignedHeaders'),
    fields.get('Signature'),
  ];
  const httpDate = request.headers['date'];
  const amzDate =
    request.headers['x-amz-date'] ??
    (httpDate === undefined ? undefined : convertHttpDate(httpDate));
  if (!credential || !signedHeaders || !signature || !amzDate) {
    return describeMissing({ credential, signature, signedHeaders, amzDate }, header, family);
  }
  const sessionToken = request.headers['x-amz-security-token'];
  const parts = { form: 'header' as const, credential, signedHeaders, signature, amzDate };
  return assemble({ ...parts, ...(sessionToken === undefined ? {} : { sessionToken }) }, family);
}

/** AWS: names all that is missing in one breath; the header itself is shown only as its hash. */
function describeMissing(
  found: Readonly<
    Record<'credential' | 'signature' | 'signedHeaders' | 'amzDate', string | undefined>
  >,
  header: string,
  family: AuthFamily,
): AuthFailure {
  if (family === 's3') {
    const lacks = !found.credential
      ? 'Credential'
      : !found.signedHeaders
        ? 'SignedHeaders'
        : 'Signature';
    if (!found.amzDate && found.credential && found.signedHeaders && found.signature) {
      return {
        ok: false,
        code: 'AccessDenied',
        status: 403,
        message: 'AWS authentication requires a valid Date or x-amz-date header',
      };
    }
    return authFailure(
      family,
      'incomplete',
      `The authorization header is malformed; the authorization header requires three components: Credential, SignedHeaders, and Signature. Missing: ${lacks}`,
    );
  }
  const missing = [
    found.credential ? '' : "Authorization header requires 'Credential' parameter. ",
    found.signature ? '' : "Authorization header requires 'Signature' parameter. ",
    found.signedHeaders ? '' : "Authorization header requires 'SignedHeaders' parameter. ",
    found.amzDate
      ? ''
      : "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ",
  ];
  const hash = createHash('sha256').update(header).digest('base64');
  return authFailure(
    family,
    'incomplete',
    `${missing.join('')}(Hashed with SHA-256 and encoded with Base64) Authorization=${hash}`,
  );
}

function parsePresigned(request: HttpRequest, family: AuthFamily): Authorization | AuthFailure {
  const found = new Map(parseQuery(request.query).map(({ name, value }) => [name, value]));
  const algorithm = found.get('X-Amz-Algorithm');
  if (algorithm === undefined && found.has('AWSAccessKeyId')) return refuseVersion2(family);
  const refused = refuseAlgorithm(algorithm ?? '', family);
  if (refused !== undefined) return refused;
  const [credential, signedHeaders, signature] = ['Credential', 'SignedHeaders', 'Signature'].map(
    (name) => found.get(`X-Amz-${name}`),
  );
  const amzDate = found.get('X-Amz-Date');
  const expires = found.get('X-Amz-Expires');
  if (
    !credential ||
    !signedHeaders ||
    !signature ||
    !amzDate ||
    (family === 's3' && expires === undefined)
  ) {
    return queryFailure(
      family,
      'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
    );
  }
  const expiresSec =
    expires === undefined
      ? DEFAULT_EXPIRES_SEC
      : /^-?\d{1,10}$/.test(expires)
        ? Number(expires)
        : Number.NaN;
  if (Number.isNaN(expiresSec)) return queryFailure(family, 'X-Amz-Expires should be a number');
  if (expiresSec < 0) return queryFailure(family, 'X-Amz-Expires must be non-negative');
  if (expiresSec > WEEK_SEC) {
    return queryFailure(
      family,
      'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds',
    );
  }
  const sessionToken = found.get('X-Amz-Security-Token');
  const parts = {
    form: 'presigned' as const,
    credential,
    signedHeaders,
    signature,
    amzDate,
    expiresSec,
  };
  return assemble({ ...parts, ...(sessionToken === undefined ? {} : { sessionToken }) }, family);
}

interface Parts {
  readonly form: 'header' | 'presigned';
  readonly credential: string;
  readonly signedHeaders: string;
  readonly signature: string;
  readonly amzDate: string;
  readonly sessionToken?: string;
  readonly expiresSec?: number;
}

function assemble(parts: Parts, family: AuthFamily): Authorization | AuthFailure {
  const fail = (message: string): AuthFailure =>
    parts.form === 'presigned'
      ? queryFailure(family, message)
      : authFailure(family, 'incomplete', message);
  const signedAtMs = parseAmzDate(parts.amzDate);
  if (signedAtMs === undefined) {
    return fail(
      `Date must be in ISO-8601 'basic format'. Got '${parts.amzDate}'. See http://en.wikipedia.org/wiki/ISO_8601`,
    );
  }
  const [accessKeyId, date, region, service, terminator, ...more] = parts.credential.split('/');
  if (
    !accessKeyId ||
    !date ||
    region === undefined ||
    !service ||
    terminator === undefined ||
    more.length > 0
  ) {
    return fail(
      `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${parts.credential}'`,
    );
  }
  if (terminator !== 'aws4_request') {
    return fail(
      `Credential should be scoped with a valid terminator: 'aws4_request', not '${terminator}'.`,
    );
  }
  if (date !== parts.amzDate.slice(0, 8)) {
    const message = `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${date}' != '${parts.amzDate.slice(0, 8)}', from '${parts.amzDate}'.`;
    return family === 's3' ? fail(message) : authFailure(family, 'mismatch', message);
  }
  const { form, signature, amzDate, sessionToken, expiresSec } = parts;
  return {
    ok: true,
    form,
    accessKeyId,
    signature,
    amzDate,
    signedAtMs,
    scope: { date, region, service },
    signedHeaders: parts.signedHeaders.split(';').map((name) => name.toLowerCase()),
    ...(sessionToken === undefined ? {} : { sessionToken }),
    ...(expiresSec === undefined ? {} : { expiresSec }),
  };
}

function queryFailure(family: AuthFamily, message: string): AuthFailure {
  if (family !== 's3') return authFailure(family, 'incomplete', message);
  return { ok: false, code: 'AuthorizationQueryParametersError', message, status: 400 };
}

function refuseAlgorithm(algorithm: string, family: AuthFamily): AuthFailure | undefined {
  if (algorithm === ALGORITHM) return undefined;
  if (algorithm === 'AWS4-ECDSA-P256-SHA256') {
    // Differs: AWS accepts SigV4A on multi-region endpoints; here there is one region set, and no public keys.
    const message =
      'Signature Version 4A (AWS4-ECDSA-P256-SHA256) is not supported. Sign with AWS4-HMAC-SHA256.';
    return { ok: false, code: 'NotImplemented', message, status: 501 };
  }
  if (algorithm === 'AWS') return refuseVersion2(family);
  if (family === 's3') {
    return {
      ok: false,
      code: 'InvalidArgument',
      message: 'Unsupported Authorization Type',
      status: 400,
    };
  }
  return authFailure(family, 'incomplete', `Unsupported AWS 'algorithm': '${algorithm}'`);
}

/** AWS: every region opened since 2014 answers so. */
function refuseVersion2(family: AuthFamily): AuthFailure {
  const message =
    'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.';
  return family === 's3'
    ? { ok: false, code: 'InvalidRequest', message, status: 400 }
    : authFailure(family, 'incomplete', message);
}
