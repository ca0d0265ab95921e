// Errors of global tables, as factories. Words: recorded, ack-api-quirks dynamodb 2026-10,
// DDB-TABLE-187, 203, 223, 224, 257…267 and DDB-GLOBALTABLE-002.
import { ServiceError } from '../../../base/errors.ts';

/** @param form AutoScaling operations say it without the legacy code. */
export function globalTableNotFound(
  name: string,
  form: 'GlobalTableNotFoundException' | 'ResourceNotFoundException' = 'GlobalTableNotFoundException',
): ServiceError {
  return new ServiceError(form, `Global table with name: '${name}' does not exist.`);
}

export function replicaInUse(): ServiceError {
  const message = 'The resource which you are attempting to change is in use.';
  return new ServiceError('ResourceInUseException', message);
}
