// One batch of a stream's records: given to the function, retried, split, and in the end settled.
import { ServiceError } from '../../../base/errors.ts';
import type { FunctionResult } from '../../../base/function-runner.ts';
import type { Scope, WorkContext } from '../../../kernel/context.ts';
import { type Delivery, destinationService } from '../destinations.ts';
import { execute, newInvocationId } from '../execution.ts';
import { functionArn } from '../function-reference.ts';
import {
  POLLER_BACKOFF_MAX_MS,
  STREAM_RETENTION_SEC,
  THROTTLE_BACKOFF_FIRST_MS,
} from '../limits.ts';
import { failedItems } from './partial-batch.ts';
import { jsonOf } from '../payload.ts';
import { resolveFunction } from '../resolve.ts';
import type { MappingRecord, StreamSettings } from '../store.ts';
import type { StreamEntry } from './stream-record.ts';

/** What batches of one shard have in common. */
export interface BatchTask {
  readonly mapping: MappingRecord;
  readonly settings: StreamSettings;
  readonly scope: Scope;
  readonly shardId: string;
  readonly context: WorkContext;
  /** Aborted when the mapping changes or the cloud stops. */
  readonly signal: AbortSignal;
  /** Notes durably that the records need no more work, and sends what is to be told of them. */
  settle(entries: readonly StreamEntry[], delivery?: Delivery): Promise<void>;
}

interface Attempt {
  readonly entries: readonly StreamEntry[];
  /** How often the function failed on the first of them. */
  readonly failures: number;
}

interface Answer {
  readonly requestId: string;
  readonly version: string;
  readonly result: FunctionResult;
}

/** Returns once every record is settled, or when the poller is stopped. */
export async function processBatch(
  task: BatchTask,
  entries: readonly StreamEntry[],
): Promise<void> {
  let waiting: Attempt[] = [{ entries, failures: 0 }];
  let delayMs = THROTTLE_BACKOFF_FIRST_MS;
  let last: Answer | undefined;
  for (let attempt = waiting.shift(); attempt !== undefined; attempt = waiting.shift()) {
    if (task.signal.aborted) return;
    const current = await discardAged(task, attempt, last);
    if (current === undefined) continue;
    const answer = await invoke(task, current.entries);
    // A function that is stopped with the cloud has not failed.
    if (task.signal.aborted && answer?.result.error !== undefined) return;
    last = answer ?? last;
    const failedAt = answer === undefined ? 0 : firstFailure(task, current.entries, answer.result);
    if (failedAt === undefined) {
      await task.settle(current.entries);
      delayMs = THROTTLE_BACKOFF_FIRST_MS;
      continue;
    }
    if (failedAt > 0) await task.settle(current.entries.slice(0, failedAt));
    const next =
      answer === undefined ? [current] : await planRetry(task, { current, failedAt, answer });
    waiting = [...next, ...waiting];
    // Halves are tried at once, the same records again only after a while.
    if (next.length !== 1) continue;
    await rest(task, delayMs);
    delayMs = Math.min(POLLER_BACKOFF_MAX_MS, delayMs * 2);
  }
}

/** Index of the first record to process again; undefined when all are done. */
function firstFailure(
  { mapping }: BatchTask,
  entries: readonly StreamEntry[],
  { error, payload }: FunctionResult,
): number | undefined {
  if (error !== undefined) return 0;
  if (!mapping.reportsItemFailures) return undefined;
  const ids = entries.map(({ sequence }) => sequence);
  const failed = failedItems(jsonOf(payload), ids);
  // AWS: the lowest sequence number reported is the checkpoint. <developer guide, partial batch response>
  const at = ids.findIndex((id) => failed.has(id));
  return at === -1 ? undefined : at;
}

/** What to try after a failure; what has failed often enough is discarded. */
async function planRetry(
  task: BatchTask,
  { current, failedAt, answer }: { current: Attempt; failedAt: number; answer: Answer },
): Promise<Attempt[]> {
  const { bisectsOnError, retriesMax } = task.settings;
  const left = current.entries.slice(failedAt);
  // AWS: a split does not count against the retries; a reported failure is where the batch is split.
  if (bisectsOnError && failedAt > 0) return [{ entries: left, failures: 0 }];
  if (bisectsOnError && left.length > 1) {
    const middle = Math.ceil(left.length / 2);
    const { failures } = current;
    return [
      { entries: left.slice(0, middle), failures },
      { entries: left.slice(middle), failures },
    ];
  }
  const failures = failedAt > 0 ? 1 : current.failures + 1;
  if (retriesMax === -1 || failures <= retriesMax) return [{ entries: left, failures }];
  await discard(task, { entries: left, failures, condition: 'RetryAttemptsExhausted', answer });
  return [];
}

/** The records that are young enough still; undefined when none is. */
async function discardAged(
  task: BatchTask,
  attempt: Attempt,
  answer: Answer | undefined,
): Promise<Attempt | undefined> {
  const { recordAgeMaxSec } = task.settings;
  const maxSec = recordAgeMaxSec === -1 ? STREAM_RETENTION_SEC : recordAgeMaxSec;
  const oldestMs = task.context.clock.now() - maxSec * 1_000;
  const young = attempt.entries.findIndex(({ arrivedMs }) => arrivedMs >= oldestMs);
  if (young === 0) return attempt;
  const aged = young === -1 ? attempt.entries : attempt.entries.slice(0, young);
  const { failures } = attempt;
  const told = failures === 0 ? undefined : answer;
  await discard(task, { entries: aged, failures, condition: 'RecordAgeExceeded', answer: told });
  if (young === -1) return undefined;
  return { entries: attempt.entries.slice(young), failures: 0 };
}

interface Discard {
  readonly entries: readonly StreamEntry[];
  readonly failures: number;
  readonly condition: 'RetryAttemptsExhausted' | 'RecordAgeExceeded';
  readonly answer: Answer | undefined;
}

async function discard(task: BatchTask, what: Discard): Promise<void> {
  const { onFailureArn } = task.settings;
  if (onFailureArn === undefined || destinationService(onFailureArn) === undefined) {
    return task.settle(what.entries);
  }
  const text = JSON.stringify(failureRecord(task, what));
  return task.settle(what.entries, { targetArn: onFailureArn, text });
}

/** <developer guide, "Retain discarded records for a DynamoDB event source", example> */
function failureRecord(
  { mapping, scope, shardId, context }: BatchTask,
  { entries, failures, condition, answer }: Discard,
): Record<string, unknown> {
  const [first, last] = [entries[0], entries.at(-1)];
  const { functionName, qualifier } = mapping;
  return {
    requestContext: {
      requestId: answer?.requestId ?? newInvocationId(context),
      functionArn: functionArn(scope, functionName, qualifier),
      condition,
      approximateInvokeCount: failures,
    },
    ...(answer === undefined
      ? {}
      : {
          responseContext: {
            statusCode: 200,
            executedVersion: answer.version,
            functionError: answer.result.error ?? null,
          },
        }),
    version: '1.0',
    timestamp: new Date(context.clock.now()).toISOString(),
    DDBStreamBatchInfo: {
      shardId,
      startSequenceNumber: first?.sequence,
      endSequenceNumber: last?.sequence,
      approximateArrivalOfFirstRecord: arrivalTime(first),
      approximateArrivalOfLastRecord: arrivalTime(last),
      batchSize: entries.length,
      streamArn: mapping.eventSourceArn,
    },
  };
}

/** To the second: `2019-11-14T00:13:19Z`. */
function arrivalTime(entry: StreamEntry | undefined): string {
  return new Date(entry?.arrivedMs ?? 0).toISOString().replace('.000Z', 'Z');
}

/** The function's answer; undefined when it could not be run, which counts as no attempt. */
async function invoke(
  { mapping, scope, context }: BatchTask,
  entries: readonly StreamEntry[],
): Promise<Answer | undefined> {
  const { functionName: name, qualifier } = mapping;
  const reference = { scope, name, ...(qualifier === undefined ? {} : { qualifier }) };
  const requestId = newInvocationId(context);
  const event = { Records: entries.map((entry) => entry.event) };
  const execution = {
    requestId,
    payload: new TextEncoder().encode(JSON.stringify(event)),
    invokedArn: functionArn(scope, name, qualifier),
  };
  try {
    const resolved = await context.store.read((view) =>
      resolveFunction(view, reference, context.random),
    );
    const result = await execute(resolved, execution, context);
    return { requestId, version: resolved.version.version, result };
  } catch (error) {
    // Throttled, deleted or not runnable here: tried again until the records are too old.
    if (error instanceof ServiceError) return undefined;
    throw error;
  }
}

/** Waits on the cloud's clock, idle, or until the poller is stopped. */
async function rest({ context, signal }: BatchTask, delayMs: number): Promise<void> {
  await context.activity.park(context.clock.sleep(delayMs, signal).catch(() => undefined));
}
