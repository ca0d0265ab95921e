// Message move tasks: a dead-letter queue's messages on their way back (DLQ redrive).
import { createHash } from 'node:crypto';

type MoveStatus = 'RUNNING' | 'COMPLETED' | 'CANCELLING' | 'CANCELLED' | 'FAILED';

export interface MoveTask {
  readonly id: string;
  readonly account: string;
  readonly region: string;
  /** Name of the dead-letter queue. */
  readonly source: string;
  readonly sourceArn: string;
  /** Absent: every message goes back to the queue it came from. */
  readonly destinationArn?: string | undefined;
  readonly maxPerSecond?: number | undefined;
  readonly status: MoveStatus;
  readonly startedMs: number;
  readonly moved: number;
  readonly toMove: number;
  readonly failureReason?: string | undefined;
}

/** AWS: the handle is base64 JSON of the task's id and its source's ARN. */
export function formatTaskHandle(task: { id: string; sourceArn: string }): string {
  return Buffer.from(JSON.stringify({ taskId: task.id, sourceArn: task.sourceArn })).toString(
    'base64',
  );
}

export function parseTaskHandle(handle: string): { id: string; sourceArn: string } | undefined {
  try {
    const document: unknown = JSON.parse(Buffer.from(handle, 'base64').toString('utf8'));
    if (typeof document !== 'object' || document === null) return undefined;
    const { taskId, sourceArn } = document as { taskId?: unknown; sourceArn?: unknown };
    if (typeof taskId !== 'string' || typeof sourceArn !== 'string') return undefined;
    return { id: taskId, sourceArn };
  } catch {
    return undefined;
  }
}

/** How long one message takes at the task's rate, ms; 0 when the rate is AWS's to choose. */
export function moveIntervalMs(task: MoveTask): number {
  return task.maxPerSecond === undefined ? 0 : Math.ceil(1000 / task.maxPerSecond);
}

/**
 * The id a moved message has in its destination: the same again when the step reruns after a
 * crash.
 */
export function movedMessageId(task: MoveTask, messageId: string): string {
  const hex = createHash('sha256').update(`${task.id} ${messageId}`).digest('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
