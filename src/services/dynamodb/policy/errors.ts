// Errors of resource-based policies, as factories.
import { ServiceError } from '../../../base/errors.ts';

/** @param detail the resource's ARN, or what is wrong with the revision. */
export function policyNotFound(detail: string): ServiceError {
  const message = `Resource-based policy not found for the provided ResourceArn: ${detail}`;
  return new ServiceError('PolicyNotFoundException', message);
}

export function streamOfTableNotFound(label: string, tableName: string): ServiceError {
  const message = `Requested resource not found: Stream: ${label} not found for Table: ${tableName}`;
  return new ServiceError('ResourceNotFoundException', message);
}

export function wouldLockOut(): ServiceError {
  const message =
    'The new resource policy will not allow you to update the resource policy in the future.';
  return new ServiceError('AccessDeniedException', message);
}
