// One batch of a stream's records: given to the function, retried, split, and in the end settled.
import { ServiceError } from '../../../base/errors.ts';
import type { Delivery } from '../destinations.ts';
import { execute, newInvocationId } from '../execution.ts';
import { functionArn } from '../function-reference.ts';
import { POLLER_BACKOFF_MAX_MS, THROTTLE_BACKOFF_FIRST_MS } from '../limits.ts';
import { jsonOf } from '../payload.ts';
import { resolveFunction } from '../resolve.ts';
import type { StreamRetry, StreamSettings } from '../store.ts';
import { failureDelivery } from './failure-record.ts';
import { countEvents, noteIteratorAge } from './mapping-metrics.ts';
import { failedItems } from './partial-batch.ts';
import type { StreamEntry } from './stream-source.ts';
import type { Answer, Attempt, BatchTask, Discard } from './stream-task.ts';
import { type WindowPhase, isTooLarge, openWindow, stateOf, windowMembers } from './stream-window.ts';

/** Returns once every record is settled, or when the poller is stopped. */
export async function processBatch(task: BatchTask, batch: Attempt): Promise<void> {
  let waiting: readonly Attempt[] = [batch];
  let delayMs = THROTTLE_BACKOFF_FIRST_MS;
  let last: Answer | undefined;
  for (;;) {
    const [attempt, ...others] = waiting;
    if (attempt === undefined || task.signal.aborted) return;
    const current = await discardAged(task, attempt, last);
    waiting = current === undefined ? others : [current, ...others];
    if (current !== attempt) continue;
    ensureWindow(task, attempt);
    const answer = await invoke(task, attempt.entries, 'open');
    // A function that is stopped with the cloud has not failed.
    if (task.signal.aborted && answer?.result.error !== undefined) return;
    last = answer ?? last;
    const failedAt = answer === undefined ? 0 : firstFailure(task, attempt.entries, answer);
    const next = answer === undefined ? [attempt] : planRetry(task.settings, attempt, failedAt);
    if (answer !== undefined) await noteOutcome(task, { attempt, failedAt, next, answer });
    waiting = [...next, ...others];
    if (task.window !== undefined && isTooLarge(task.window.state)) await endWindow(task, 'too large');
    if (failedAt === undefined) delayMs = THROTTLE_BACKOFF_FIRST_MS;
    // Halves are tried at once, the same records again only after a while.
    if (failedAt === undefined || next.length !== 1) continue;
    await rest(task, delayMs);
    delayMs = Math.min(POLLER_BACKOFF_MAX_MS, delayMs * 2);
  }
}

/** A window that ended early, in the middle of a batch, is followed by another of the same span. */
function ensureWindow(task: BatchTask, { entries: [first] }: Attempt): void {
  const windowSec = task.settings.tumblingWindowSec;
  if (windowSec !== undefined && first !== undefined) task.window ??= openWindow(first.arrivedMs, windowSec);
}

/** Index of the first record to process again; undefined when all are done. */
function firstFailure(
  { mapping, window }: BatchTask,
  entries: readonly StreamEntry[],
  { result, response }: Answer,
): number | undefined {
  if (result.error !== undefined) return 0;
  if (window !== undefined && stateOf(response) === undefined) return 0;
  if (!mapping.reportsItemFailures) return undefined;
  const ids = entries.map(({ sequence }) => sequence);
  const failed = failedItems(response, ids);
  // AWS: the lowest sequence number reported is the checkpoint. <developer guide, partial batch response>
  const at = ids.findIndex((id) => failed.has(id));
  return at === -1 ? undefined : at;
}

/** What to try after an attempt; what has failed often enough is in none of it. */
function planRetry(settings: StreamSettings, attempt: Attempt, failedAt: number | undefined): Attempt[] {
  if (failedAt === undefined) return [];
  const { bisectsOnError, retriesMax } = settings;
  const left = attempt.entries.slice(failedAt);
  // AWS: a split does not count against the retries; a reported failure is where the batch is split.
  if (bisectsOnError && failedAt > 0) return [{ entries: left, failures: 0 }];
  if (bisectsOnError && left.length > 1) {
    const middle = Math.ceil(left.length / 2);
    const { failures } = attempt;
    return [
      { entries: left.slice(0, middle), failures },
      { entries: left.slice(middle), failures },
    ];
  }
  const failures = failedAt > 0 ? 1 : attempt.failures + 1;
  return retriesMax === -1 || failures <= retriesMax ? [{ entries: left, failures }] : [];
}

async function noteOutcome(
  task: BatchTask,
  what: {
    readonly attempt: Attempt;
    readonly failedAt: number | undefined;
    readonly next: readonly Attempt[];
    readonly answer: Answer;
  },
): Promise<void> {
  const { attempt, failedAt, next, answer } = what;
  const state = answer.result.error === undefined ? stateOf(answer.response) : undefined;
  if (task.window !== undefined && state !== undefined) task.window = { ...task.window, state };
  const succeeded = failedAt ?? attempt.entries.length;
  const given = attempt.entries.slice(succeeded);
  const isGivenUp = given.length > 0 && next.length === 0;
  const failures = failedAt !== undefined && failedAt > 0 ? 1 : attempt.failures + 1;
  const discard = { entries: given, failures, condition: 'RetryAttemptsExhausted', answer } as const;
  if (failedAt === undefined) countEvents(task, 'InvokedEventCount', attempt.entries.length);
  else countEvents(task, 'FailedInvokeEventCount', given.length);
  const delivery = isGivenUp ? drop(task, discard) : undefined;
  await task.note({
    done: isGivenUp ? attempt.entries : attempt.entries.slice(0, succeeded),
    settled: attempt.entries.slice(0, 1).map(({ sequence }) => sequence),
    failed: retriesOf(next),
    result: failedAt === undefined ? 'OK' : 'PROBLEM: Function call failed',
    delivery,
  });
}

/** As they are remembered, by the sequence number of their first record. */
function retriesOf(attempts: readonly Attempt[]): Map<string, StreamRetry> {
  return new Map(
    attempts.map(({ entries, failures }) => [
      entries[0]?.sequence ?? '',
      { last: entries.at(-1)?.sequence ?? '', failures },
    ]),
  );
}

/** The records that are young enough still; undefined when none is. */
async function discardAged(
  task: BatchTask,
  attempt: Attempt,
  answer: Answer | undefined,
): Promise<Attempt | undefined> {
  const oldestMs = task.context.clock.now() - longestSec(task) * 1_000;
  const young = attempt.entries.findIndex(({ arrivedMs }) => arrivedMs >= oldestMs);
  if (young === 0) return attempt;
  const aged = young === -1 ? attempt.entries : attempt.entries.slice(0, young);
  const { failures } = attempt;
  const told = failures === 0 ? undefined : answer;
  const discard = { entries: aged, failures, condition: 'RecordAgeExceeded', answer: told } as const;
  const left = young === -1 ? undefined : { entries: attempt.entries.slice(young), failures: 0 };
  await task.note({
    done: aged,
    settled: aged.slice(0, 1).map(({ sequence }) => sequence),
    failed: new Map(),
    result: 'PROBLEM: Function call failed',
    delivery: drop(task, discard),
  });
  return left;
}

/** How long records are tried, seconds. */
function longestSec({ settings, source }: BatchTask): number {
  return settings.recordAgeMaxSec === -1 ? source.retentionSec : settings.recordAgeMaxSec;
}

function drop(task: BatchTask, discard: Discard): Delivery | undefined {
  countEvents(task, 'DroppedEventCount', discard.entries.length);
  const delivery = failureDelivery(task, discard);
  if (delivery !== undefined) {
    countEvents(task, 'OnFailureDestinationDeliveredEventCount', discard.entries.length);
  }
  return delivery;
}

/**
 * Gives the function the last word on its window. AWS: "If this invocation is unsuccessful, your Lambda
 * function suspends further processing until a successful invocation." No longer than records live.
 */
export async function endWindow(task: BatchTask, phase: 'over' | 'too large'): Promise<void> {
  const { window, context } = task;
  if (window === undefined) return;
  const givesUpMs = Math.max(window.endMs, context.clock.now()) + longestSec(task) * 1_000;
  const outcome = { done: [], settled: [], failed: new Map<string, StreamRetry>() };
  for (let delayMs = THROTTLE_BACKOFF_FIRST_MS; !task.signal.aborted; ) {
    const answer = await invoke(task, [], phase);
    const isDone = answer !== undefined && answer.result.error === undefined;
    if (isDone || context.clock.now() >= givesUpMs) {
      task.window = undefined;
      await task.note({ ...outcome, result: isDone ? 'OK' : 'PROBLEM: Function call failed' });
      return;
    }
    if (task.signal.aborted) return;
    if (answer !== undefined) await task.note({ ...outcome, result: 'PROBLEM: Function call failed' });
    await rest(task, delayMs);
    delayMs = Math.min(POLLER_BACKOFF_MAX_MS, delayMs * 2);
  }
}

/** The function's answer; undefined when it could not be run, which counts as no attempt. */
async function invoke(
  task: BatchTask,
  entries: readonly StreamEntry[],
  phase: WindowPhase,
): Promise<Answer | undefined> {
  const { mapping, scope, context, shardId, window } = task;
  const { functionName: name, qualifier, eventSourceArn: streamArn } = mapping;
  const reference = { scope, name, ...(qualifier === undefined ? {} : { qualifier }) };
  const requestId = newInvocationId(context);
  const event = {
    Records: entries.map((entry) => entry.event),
    ...(window === undefined ? {} : windowMembers(window, { shardId, streamArn }, phase)),
  };
  const execution = {
    requestId,
    payload: new TextEncoder().encode(JSON.stringify(event)),
    invokedArn: functionArn(scope, name, qualifier),
  };
  try {
    const resolved = await context.store.read((view) =>
      resolveFunction(view, reference, context.random),
    );
    const lastMs = entries.at(-1)?.arrivedMs;
    if (lastMs !== undefined) noteIteratorAge(task, lastMs);
    const result = await execute(resolved, execution, context);
    return { requestId, version: resolved.version.version, result, response: jsonOf(result.payload) };
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
