// Changes of provisioned capacity: counted, and limited in how often they decrease.
import { invalid, limitExceeded } from '../errors.ts';
import type { Throughput } from '../table-definition.ts';
import type { RequestedIndex } from '../table-rules.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** AWS: so many decreases of a day may follow one another, the rest are an hour apart. */
const FREE_DECREASES = 4;

interface ChangeOptions {
  readonly nowMs: number;
  /** Absent for the table's own capacity. */
  readonly indexName?: string;
  /** Says nothing about values that stay: the change is one of a whole group. */
  readonly lenient?: boolean;
}

export function changeThroughput(
  current: Throughput,
  requested: NonNullable<RequestedIndex['throughput']>,
  { nowMs, indexName, lenient = false }: ChangeOptions,
): Throughput {
  const more = requested.readUnits > current.readUnits || requested.writeUnits > current.writeUnits;
  const less = requested.readUnits < current.readUnits || requested.writeUnits < current.writeUnits;
  if (!more && !less) {
    if (lenient) return current;
    const what = indexName === undefined ? 'table' : `index ${indexName}`;
    throw invalid(
      `The provisioned throughput for the ${what} will not change. The requested value equals the current value. Current ReadCapacityUnits provisioned for the ${what}: ${current.readUnits}. Requested ReadCapacityUnits: ${requested.readUnits}. Current WriteCapacityUnits provisioned for the ${what}: ${current.writeUnits}. Requested WriteCapacityUnits: ${requested.writeUnits}. Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.`,
    );
  }
  if (less) checkDecrease(current, nowMs);
  return {
    ...current,
    ...requested,
    ...(more ? { lastIncreaseMs: nowMs } : {}),
    ...(less ? { lastDecreaseMs: nowMs, decreases: decreasesOfDay(current, nowMs) + 1 } : {}),
  };
}

/** Decreases on the day of `nowMs`; days are those of UTC. */
export function decreasesOfDay(
  { lastDecreaseMs, decreases = 0 }: Throughput,
  nowMs: number,
): number {
  const sameDay =
    lastDecreaseMs !== undefined && Math.floor(lastDecreaseMs / DAY_MS) === Math.floor(nowMs / DAY_MS);
  return sameDay ? decreases : 0;
}

/** Message: recorded, ack-api-quirks dynamodb 2026-10, DDB-TABLE-184 */
function checkDecrease(current: Throughput, nowMs: number): void {
  const today = decreasesOfDay(current, nowMs);
  const lastMs = current.lastDecreaseMs ?? 0;
  if (today < FREE_DECREASES || nowMs >= lastMs + HOUR_MS) return;
  const midnightMs = (Math.floor(nowMs / DAY_MS) + 1) * DAY_MS;
  const nextMs = Math.min(lastMs + HOUR_MS, midnightMs);
  throw limitExceeded(
    `Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. After the first ${FREE_DECREASES} decreases, each subsequent decrease in the same UTC day can be performed at most once every 3600 seconds. Number of decreases today: ${today}. Last decrease at ${spell(lastMs)}. Next decrease can be made at ${spell(nextMs)}.`,
  );
}

/** `Thursday, October 8, 2026 at 11:20:48 PM Coordinated Universal Time`. */
function spell(atMs: number): string {
  return new Intl.DateTimeFormat('en-US', {
    dateStyle: 'full',
    timeStyle: 'full',
    timeZone: 'UTC',
  })
    .format(atMs)
    .replaceAll('\u202F', ' ');
}
