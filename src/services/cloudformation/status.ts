// The states of a stack, and which operations each allows.

export type StackStatus =
  | 'REVIEW_IN_PROGRESS'
  | 'CREATE_IN_PROGRESS'
  | 'CREATE_COMPLETE'
  | 'CREATE_FAILED'
  | 'ROLLBACK_IN_PROGRESS'
  | 'ROLLBACK_COMPLETE'
  | 'ROLLBACK_FAILED'
  | 'UPDATE_IN_PROGRESS'
  | 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS'
  | 'UPDATE_COMPLETE'
  | 'UPDATE_FAILED'
  | 'UPDATE_ROLLBACK_IN_PROGRESS'
  | 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS'
  | 'UPDATE_ROLLBACK_COMPLETE'
  | 'UPDATE_ROLLBACK_FAILED'
  | 'DELETE_IN_PROGRESS'
  | 'DELETE_COMPLETE'
  | 'DELETE_FAILED';

/** A stack's own operation is under way. */
export function isBusy(status: StackStatus): boolean {
  return status.endsWith('IN_PROGRESS') && status !== 'REVIEW_IN_PROGRESS';
}

const UPDATABLE: ReadonlySet<StackStatus> = new Set<StackStatus>([
  'CREATE_COMPLETE',
  'UPDATE_COMPLETE',
  'UPDATE_ROLLBACK_COMPLETE',
  // Left by a failure with rollback disabled: a further update may go on from there.
  'CREATE_FAILED',
  'UPDATE_FAILED',
]);

export function isUpdatable(status: StackStatus): boolean {
  return UPDATABLE.has(status);
}

/** DeleteStack may interrupt a creation, nothing else. */
export function isDeletable(status: StackStatus): boolean {
  return !isBusy(status) || status === 'CREATE_IN_PROGRESS' || status === 'DELETE_IN_PROGRESS';
}
