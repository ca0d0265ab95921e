// Every error STS answers with: factories, with AWS's messages (recorded in LocalStack's tests/aws/services/sts).
import { ServiceError } from '../../base/errors.ts';
import { missingCredentials, toAuthError } from '../../wire/sigv4/auth-errors.ts';

export function invalidRoleArn(arn: string): ServiceError {
  return validationError(`${arn} is invalid`);
}

export function notAuthorized(caller: string, roleArn: string): ServiceError {
  const message = `User: ${caller} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`;
  return new ServiceError('AccessDenied', message, { status: 403 });
}

export function durationExceedsRole(): ServiceError {
  return validationError(
    'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
  );
}

export function durationExceedsChain(): ServiceError {
  return validationError(
    'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
  );
}

export function duplicateTagKeys(): ServiceError {
  return invalidParameter(
    'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
  );
}

export function transitiveKeyNotTagged(): ServiceError {
  return invalidParameter(
    'The specified transitive tag key must be included in the requested tags.',
  );
}

export function transitiveTagConflict(): ServiceError {
  return invalidParameter(
    "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
  );
}

export function malformedPolicy(message: string): ServiceError {
  return new ServiceError('MalformedPolicyDocument', message);
}

export function packedPolicyTooLarge(percent: number): ServiceError {
  const message = `Packed size of session tags and policy consumes ${percent}% of allotted space.`;
  return new ServiceError('PackedPolicyTooLarge', message);
}

export function wrongMfaCode(): ServiceError {
  const message = 'MultiFactorAuthentication failed with invalid MFA one time pass code.';
  return new ServiceError('AccessDenied', message, { status: 403 });
}

export function needsLongLivedCredentials(): ServiceError {
  const message = 'Cannot call GetSessionToken with session credentials';
  return new ServiceError('AccessDenied', message, { status: 403 });
}

export function missingToken(): ServiceError {
  return toAuthError(missingCredentials('query'));
}

/** Differs: AWS's message for text that is no key id of its making is not on record. */
export function invalidAccessKeyId(id: string): ServiceError {
  return validationError(`${id} is not an access key id`);
}

export function contextsNotImplemented(): ServiceError {
  const message =
    'sts.AssumeRole is not implemented by Cloudlet with ProvidedContexts: there is no Identity Center';
  return new ServiceError('NotImplemented', message, { status: 501 });
}

function validationError(message: string): ServiceError {
  return new ServiceError('ValidationError', message);
}

function invalidParameter(message: string): ServiceError {
  return new ServiceError('InvalidParameterValue', message);
}
