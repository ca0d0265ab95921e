// Errors of backups and recovery, as factories. Words: recorded, ack-api-quirks dynamodb 2026-10,
// DDB-BACKUP-001…016 and DDB-TABLE-100, 219, 272, 273.
import { ServiceError } from '../../../base/errors.ts';

/** AWS: the operations on backups name a missing table differently. */
export function backedUpTableNotFound(tableName: string): ServiceError {
  return new ServiceError('TableNotFoundException', `Table not found: ${tableName}`);
}

export function targetTableExists(tableName: string): ServiceError {
  return new ServiceError('TableAlreadyExistsException', `Table already exists: ${tableName}`);
}

export function backupNotFound(arn: string): ServiceError {
  return new ServiceError('BackupNotFoundException', `Backup not found: ${arn}`);
}

/** What restores from the backup: AWS lets one table at a time. */
export function backupInUse(arn: string, by: 'table' | 'another table'): ServiceError {
  const message = `Backup is being used to restore ${by}: ${arn}`;
  return new ServiceError('BackupInUseException', message);
}

export function backupNotReady(arn: string): ServiceError {
  return new ServiceError('BackupInUseException', `Backup is being created: ${arn}`);
}

export function alreadyRestoring(tableName: string, from: string): ServiceError {
  const message = `Table: ${tableName} is already being restored from backup: ${from}`;
  return new ServiceError('TableInUseException', message);
}

/** Source: AWS developer guide, "Requesting a table export in DynamoDB". */
export function recoveryUnavailable(tableName: string): ServiceError {
  const message = `Point in time recovery is not enabled for table '${tableName}'`;
  return new ServiceError('PointInTimeRecoveryUnavailableException', message);
}

export function invalidRestoreTime(
  given: number,
  { earliestMs, latestMs }: { readonly earliestMs: number; readonly latestMs: number },
): ServiceError {
  const text = (atMs: number): string => `'${new Date(atMs).toISOString().slice(0, 19)}Z'`;
  const message = `RestoreDateTime ${text(given)} must be within EarliestRestorableDateTime ${text(earliestMs)} and LatestRestorableDateTime ${text(latestMs)}`;
  return new ServiceError('InvalidRestoreTimeException', message);
}

/** The form of what these operations find wrong with a request as a whole. */
export function invalidRequest(problem: string): ServiceError {
  return new ServiceError('ValidationException', `Invalid Request: ${problem}`);
}
