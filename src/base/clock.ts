// The contract of time: everything that schedules asks a Clock, so that a cloud's time can be virtual.

/** Stops a pending timer; calling it after the timer fired does nothing. */
export type Cancel = () => void;

export interface Clock {
  /** The cloud's time in milliseconds since the epoch. */
  now(): number;
  /** Calls `fire` once when `now() >= dueMs`. `label` names it in the report of an advance. */
  schedule(dueMs: number, fire: () => void, label?: string): Cancel;
  /** Resolves after `delayMs` of the cloud's time, or rejects with the signal's reason. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** What one advance of a virtual clock did. */
export interface AdvanceReport {
  /** Epoch milliseconds before and after. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Labelled timers that fired, in order. */
  readonly fired: readonly { readonly atMs: number; readonly label: string }[];
}

export interface VirtualClock extends Clock {
  /**
   * Moves time forward by `deltaMs` (>= 0), firing everything due in order of due time and waiting
   * until the cloud is quiet between instants.
   */
  advance(deltaMs: number): Promise<AdvanceReport>;
}
