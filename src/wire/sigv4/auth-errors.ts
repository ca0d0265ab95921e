// What AWS answers when a signature does not hold, in the words of each family of services.
import { ServiceError, unreachable } from '../../base/errors.ts';
import type { HttpRequest } from '../http.ts';
import type { ProtocolName } from '../service-model.ts';

/** Services word these errors by family: S3; the query services; the JSON services; REST services in JSON. */
export type AuthFamily = 's3' | 'query' | 'json' | 'restJson';

type Kind = 'missing' | 'incomplete' | 'unknownKey' | 'mismatch' | 'expired' | 'badToken';

/** The signature is not acceptable. Shaped so that the pipeline can answer it as it is. */
export interface AuthFailure {
  readonly ok: false;
  readonly code: string;
  readonly message: string;
  readonly status: number;
  /** Further members of the error document (S3 tells what it computed). */
  readonly fields?: Readonly<Record<string, unknown>>;
}

const CODES: Readonly<Record<Kind, Readonly<Record<AuthFamily, string>>>> = {
  missing: {
    s3: 'AccessDenied',
    query: 'MissingAuthenticationToken',
    json: 'MissingAuthenticationTokenException',
    restJson: 'MissingAuthenticationTokenException',
  },
  incomplete: {
    s3: 'AuthorizationHeaderMalformed',
    query: 'IncompleteSignature',
    json: 'IncompleteSignatureException',
    restJson: 'IncompleteSignatureException',
  },
  unknownKey: {
    s3: 'InvalidAccessKeyId',
    query: 'InvalidClientTokenId',
    json: 'UnrecognizedClientException',
    restJson: 'UnrecognizedClientException',
  },
  mismatch: {
    s3: 'SignatureDoesNotMatch',
    query: 'SignatureDoesNotMatch',
    json: 'InvalidSignatureException',
    restJson: 'InvalidSignatureException',
  },
  expired: {
    s3: 'ExpiredToken',
    query: 'ExpiredToken',
    json: 'ExpiredTokenException',
    restJson: 'ExpiredTokenException',
  },
  badToken: {
    s3: 'InvalidToken',
    query: 'InvalidClientTokenId',
    json: 'UnrecognizedClientException',
    restJson: 'UnrecognizedClientException',
  },
};

/** AWS: JSON services answer 400 throughout, REST ones 403; S3 and the query services by kind. */
const STATUS_400: Readonly<Record<AuthFamily, readonly Kind[]>> = {
  s3: ['incomplete', 'expired', 'badToken'],
  query: ['incomplete'],
  json: ['missing', 'incomplete', 'unknownKey', 'mismatch', 'expired', 'badToken'],
  restJson: [],
};

export function authFailure(
  family: AuthFamily,
  kind: Kind,
  message: string,
  fields?: Readonly<Record<string, unknown>>,
): AuthFailure {
  return {
    ok: false,
    code: CODES[kind][family],
    message,
    status: STATUS_400[family].includes(kind) ? 400 : 403,
    ...(fields === undefined ? {} : { fields }),
  };
}

/** No credentials at all, where some are needed. */
export function missingCredentials(family: AuthFamily): AuthFailure {
  return authFailure(
    family,
    'missing',
    family === 's3' ? 'Access Denied' : 'Request is missing Authentication Token',
  );
}

/** A key that does not exist, or is not active. */
export function unknownAccessKey(family: AuthFamily, accessKeyId: string): AuthFailure {
  if (family === 's3') {
    const message = 'The AWS Access Key Id you provided does not exist in our records.';
    return authFailure(family, 'unknownKey', message, { AWSAccessKeyId: accessKeyId });
  }
  return authFailure(
    family,
    'unknownKey',
    'The security token included in the request is invalid.',
  );
}

/** A session whose time is over. */
export function expiredSession(family: AuthFamily): AuthFailure {
  const message =
    family === 's3'
      ? 'The provided token has expired.'
      : 'The security token included in the request is expired';
  return authFailure(family, 'expired', message);
}

/** A session token that is not the one issued with the key. */
export function badSessionToken(family: AuthFamily): AuthFailure {
  const message =
    family === 's3'
      ? 'The provided token is malformed or otherwise invalid.'
      : 'The security token included in the request is invalid.';
  return authFailure(family, 'badToken', message);
}

/** For the pipeline: the failure as the error that goes on the wire. */
export function toAuthError(failure: AuthFailure): ServiceError {
  const { code, message, status, fields } = failure;
  return new ServiceError(code, message, { status, ...(fields === undefined ? {} : { fields }) });
}

export function familyOfProtocol(protocol: ProtocolName): AuthFamily {
  switch (protocol) {
    case 'restXml':
      return 's3';
    case 'awsQuery':
    case 'ec2Query':
      return 'query';
    case 'restJson1':
      return 'restJson';
    case 'awsJson1_0':
    case 'awsJson1_1':
    case 'rpcv2Cbor':
      return 'json';
    default:
      return unreachable(protocol);
  }
}

/** The family by the looks of a request, for callers that have not routed it. */
export function guessFamily(request: HttpRequest, signingName: string | undefined): AuthFamily {
  if (signingName === 's3') return 's3';
  if (request.headers['x-amz-target'] !== undefined) return 'json';
  if (request.headers['smithy-protocol'] !== undefined) return 'json';
  const isForm =
    request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
  return isForm || /(?:^|&)Action=/.test(request.query) ? 'query' : 'restJson';
}
