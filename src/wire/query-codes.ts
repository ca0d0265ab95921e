// The two names of errors outside the model, for services that moved from the query protocol to JSON.
import type { ServiceError } from '../base/errors.ts';

export interface QueryCodes {
  /** The name in the older query protocol, which JSON answers carry in `x-amzn-query-error`. */
  readonly queryCode: string;
  /** The name in JSON bodies, in the namespace that all such services share. */
  readonly jsonName: string;
  readonly status?: number;
}

// AWS: pairs as recorded from SQS by others, <github.com/floci-io/floci> (AccessDenied) and
// <github.com/localstack/localstack protocol/serializer.py> (InvalidParameterValue, its namespace).
// What is wrong with a signature answers 403 here, unlike in services that began with JSON.
const PAIRS: readonly QueryCodes[] = [
  { queryCode: 'InvalidParameterValue', jsonName: 'InvalidParameterValueException' },
  { queryCode: 'InvalidParameterCombination', jsonName: 'InvalidParameterCombinationException' },
  { queryCode: 'MissingParameter', jsonName: 'MissingRequiredParameterException' },
  { queryCode: 'MalformedInput', jsonName: 'SerializationException' },
  { queryCode: 'InvalidAction', jsonName: 'UnknownOperationException' },
  { queryCode: 'AccessDenied', jsonName: 'AccessDeniedException', status: 403 },
  { queryCode: 'IncompleteSignature', jsonName: 'IncompleteSignatureException' },
  {
    queryCode: 'MissingAuthenticationToken',
    jsonName: 'MissingAuthenticationTokenException',
    status: 403,
  },
  { queryCode: 'InvalidClientTokenId', jsonName: 'UnrecognizedClientException', status: 403 },
  { queryCode: 'SignatureDoesNotMatch', jsonName: 'InvalidSignatureException', status: 403 },
  { queryCode: 'ExpiredToken', jsonName: 'ExpiredTokenException', status: 403 },
];

const BY_NAME: ReadonlyMap<string, QueryCodes> = new Map(
  PAIRS.flatMap((pair) => [
    [pair.queryCode, pair],
    [pair.jsonName, pair],
  ]),
);

/** Both names of an error that its thrower gave either of; the same twice where there is no pair. */
export function queryCodesOf(error: ServiceError): QueryCodes {
  return BY_NAME.get(error.code) ?? { queryCode: error.code, jsonName: error.code };
}
