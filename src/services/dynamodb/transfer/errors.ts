// Errors of exports and imports, as factories. Words: recorded, ack-api-quirks dynamodb 2026-10,
// DDB-EXPORT-001…010 and DDB-IMPORT-009…019.
import { ServiceError } from '../../../base/errors.ts';

export function invalidExportTime(message: string): ServiceError {
  return new ServiceError('InvalidExportTimeException', message);
}

export function exportedTableNotFound(arn: string): ServiceError {
  return new ServiceError('TableNotFoundException', `Table not found: ${arn}`);
}

export function exportConflict(): ServiceError {
  const message = 'Export conflict: Duplicate request detected with conflicting parameters';
  return new ServiceError('ExportConflictException', message);
}

export function importConflict(): ServiceError {
  const message = 'Import conflict: Duplicate request detected with conflicting parameters';
  return new ServiceError('ImportConflictException', message);
}

export function exportNotFound(arn: string): ServiceError {
  return new ServiceError('ExportNotFoundException', `Export not found: Export not found: ${arn}`);
}

export function importNotFound(arn: string): ServiceError {
  return new ServiceError('ImportNotFoundException', `Import not found: Import not found: ${arn}`);
}

export function accessDenied(): ServiceError {
  return new ServiceError('AccessDeniedException', 'Access is denied');
}
