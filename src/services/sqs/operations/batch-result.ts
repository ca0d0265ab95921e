// The entry of a batch answer that tells of a failure.
import type { ServiceError } from '../../../base/errors.ts';

export interface FailedEntry {
  readonly Id: string;
  readonly SenderFault: boolean;
  readonly Code: string;
  readonly Message: string;
}

export function failEntry(id: string, error: ServiceError): FailedEntry {
  return { Id: id, SenderFault: error.status < 500, Code: error.code, Message: error.message };
}
