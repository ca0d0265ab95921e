// CloudFormation's errors, with AWS's messages.
import { ServiceError } from '../../base/errors.ts';

/** The catch-all of this API: most refusals are a ValidationError. */
export function validationError(message: string): ServiceError {
  return new ServiceError('ValidationError', message);
}

export function stackIdMissing(name: string): ServiceError {
  return validationError(`Stack with id ${name} does not exist`);
}

/** Some operations word it so. */
export function stackMissing(name: string): ServiceError {
  return validationError(`Stack [${name}] does not exist`);
}

export function stackExists(name: string): ServiceError {
  return new ServiceError('AlreadyExistsException', `Stack [${name}] already exists`);
}

export function changeSetExists(name: string): ServiceError {
  return new ServiceError('AlreadyExistsException', `ChangeSet ${name} already exists`);
}

export function changeSetMissing(name: string): ServiceError {
  return new ServiceError('ChangeSetNotFoundException', `ChangeSet [${name}] does not exist`, {
    status: 404,
  });
}

export function wrongChangeSetStatus(message: string): ServiceError {
  return new ServiceError('InvalidChangeSetStatusException', message);
}

export function capabilitiesMissing(capabilities: readonly string[]): ServiceError {
  return new ServiceError(
    'InsufficientCapabilitiesException',
    `Requires capabilities : [${capabilities.join(', ')}]`,
  );
}

export function noUpdates(): ServiceError {
  return validationError('No updates are to be performed.');
}

/** A parameter that would change behaviour in a way this cloud does not have. */
export function notSupported(parameter: string, why: string): ServiceError {
  return validationError(`${parameter} is not supported here: ${why}.`);
}
