// Every error IAM answers with: factories, with AWS's messages (recorded by LocalStack's and moto's tests against AWS).
import { ServiceError } from '../../base/errors.ts';
import type { EntityKind } from './entity.ts';

const ENTITY_NAMES: Readonly<Record<EntityKind, string>> = {
  role: 'Role',
  user: 'User',
  group: 'Group',
};

export function entityNotFound(kind: EntityKind, name: string): ServiceError {
  return noSuchEntity(`The ${kind} with name ${name} cannot be found.`);
}

export function entityExists(kind: EntityKind, name: string): ServiceError {
  return alreadyExists(`${ENTITY_NAMES[kind]} with name ${name} already exists.`);
}

export function inlinePolicyNotFound(kind: EntityKind, policyName: string): ServiceError {
  return noSuchEntity(`The ${kind} policy with name ${policyName} cannot be found.`);
}

export function policyNotFound(arn: string): ServiceError {
  return noSuchEntity(`Policy ${arn} was not found.`);
}

export function policyNotAttachable(arn: string): ServiceError {
  return noSuchEntity(`Policy ${arn} does not exist or is not attachable.`);
}

export function boundaryNotFound(arn: string): ServiceError {
  return noSuchEntity(`Scope ARN: ${arn} does not exist or is not attachable.`);
}

export function policyVersionNotFound(arn: string, versionId: string): ServiceError {
  return noSuchEntity(`Policy ${arn} version ${versionId} does not exist or is not attachable.`);
}

export function policyExists(name: string): ServiceError {
  return alreadyExists(`A policy called ${name} already exists. Duplicate names are not allowed.`);
}

export function instanceProfileNotFound(name: string): ServiceError {
  return noSuchEntity(`Instance Profile ${name} cannot be found.`);
}

export function instanceProfileExists(name: string): ServiceError {
  return alreadyExists(`Instance Profile ${name} already exists.`);
}

export function roleNotInInstanceProfile(role: string): ServiceError {
  return noSuchEntity(`The role with name ${role} cannot be found.`);
}

export function accessKeyNotFound(id: string): ServiceError {
  return noSuchEntity(`The Access Key with id ${id} cannot be found.`);
}

export function accountAliasNotFound(alias: string): ServiceError {
  return noSuchEntity(`The account alias ${alias} cannot be found.`);
}

export function accountAliasExists(alias: string): ServiceError {
  return alreadyExists(`The account alias ${alias} already exists.`);
}

export function loginProfileNotFound(user: string): ServiceError {
  return noSuchEntity(`Login Profile for User ${user} cannot be found.`);
}

export function passwordPolicyNotFound(account: string): ServiceError {
  return noSuchEntity(`The Password Policy with domain name ${account} cannot be found.`);
}

export function deletionTaskNotFound(id: string): ServiceError {
  return noSuchEntity(`The deletion task with ID ${id} cannot be found.`);
}

/** @param what e.g. `detach all policies` */
export function mustFirst(what: string): ServiceError {
  return new ServiceError('DeleteConflict', `Cannot delete entity, must ${what} first.`, {
    status: 409,
  });
}

export function policyIsAttached(): ServiceError {
  return new ServiceError('DeleteConflict', 'Cannot delete a policy attached to entities.', {
    status: 409,
  });
}

export function policyHasVersions(): ServiceError {
  const message =
    "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. " +
    'The default version is deleted with the policy.';
  return new ServiceError('DeleteConflict', message, { status: 409 });
}

export function defaultVersionStays(): ServiceError {
  const message = 'Cannot delete the default version of a policy.';
  return new ServiceError('DeleteConflict', message, { status: 409 });
}

/** @param quota e.g. `PoliciesPerRole` */
export function quotaExceeded(quota: string, limit: number): ServiceError {
  return limitExceeded(`Cannot exceed quota for ${quota}: ${limit}`);
}

export function tooManyVersions(): ServiceError {
  return limitExceeded(
    'A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.',
  );
}

export function inlinePoliciesTooLarge(
  kind: EntityKind,
  name: string,
  limit: number,
): ServiceError {
  return limitExceeded(`Maximum policy size of ${limit} bytes exceeded for ${kind} ${name}`);
}

export function malformedPolicy(message: string): ServiceError {
  return new ServiceError('MalformedPolicyDocument', message);
}

export function invalidArn(arn: string): ServiceError {
  return invalidInput(`ARN ${arn} is not valid.`);
}

export function duplicateTagKeys(): ServiceError {
  return invalidInput('Duplicate tag keys found. Please note that Tag keys are case insensitive.');
}

export function reservedTagKey(): ServiceError {
  return invalidInput(
    'System tags cannot be added or removed by customers. Tag keys cannot start with aws:.',
  );
}

export function invalidInput(message: string): ServiceError {
  return new ServiceError('InvalidInput', message);
}

export function tooManyTags(): ServiceError {
  return limitExceeded('The number of tags has reached the maximum limit.');
}

export function invalidMarker(): ServiceError {
  return new ServiceError('ValidationError', 'Invalid Marker.');
}

export function needsUserName(): ServiceError {
  return new ServiceError(
    'ValidationError',
    'Must specify userName when calling with non-User credentials',
  );
}

export function protectedRole(name: string): ServiceError {
  const message = `Cannot perform the operation on the protected role '${name}' - this role is only modifiable by AWS`;
  return new ServiceError('UnmodifiableEntity', message);
}

export function managedByAws(arn: string): ServiceError {
  const message = `Policy ${arn} is an AWS managed policy and cannot be changed.`;
  return new ServiceError('AccessDenied', message, { status: 403 });
}

/** Differs: AWS has every document; see the README. */
export function documentNotShipped(arn: string): ServiceError {
  const message = `iam.GetPolicyVersion is not implemented by Cloudlet for ${arn}: its document is not part of this release`;
  return new ServiceError('NotImplemented', message, { status: 501 });
}

function noSuchEntity(message: string): ServiceError {
  return new ServiceError('NoSuchEntity', message, { status: 404 });
}

function alreadyExists(message: string): ServiceError {
  return new ServiceError('EntityAlreadyExists', message, { status: 409 });
}

function limitExceeded(message: string): ServiceError {
  return new ServiceError('LimitExceeded', message, { status: 409 });
}
