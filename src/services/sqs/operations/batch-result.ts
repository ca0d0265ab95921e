// How a batch answers: which entries succeeded, and what befell the others.
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

/** The answer to entries that have nothing to tell but whether they failed. @param problems one an entry, in order */
export function presentBatch(
  entries: readonly { readonly Id: string | undefined }[],
  problems: readonly (ServiceError | undefined)[],
): { Successful: { Id: string }[]; Failed: FailedEntry[] } {
  const outcomes = entries.map(({ Id = '' }, at) => ({ Id, problem: problems[at] }));
  return {
    Successful: outcomes.flatMap(({ Id, problem }) => (problem === undefined ? [{ Id }] : [])),
    Failed: outcomes.flatMap(({ Id, problem }) =>
      problem === undefined ? [] : [failEntry(Id, problem)],
    ),
  };
}
