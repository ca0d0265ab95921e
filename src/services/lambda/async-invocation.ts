// Asynchronous invocation: a durable task per event, retried and reported as AWS does.
import { ServiceError } from '../../base/errors.ts';
import type { FunctionResult } from '../../base/function-runner.ts';
import type { WorkContext } from '../../kernel/context.ts';
import type { AsyncEvent } from './async-event.ts';
import { reportOutcome } from './destinations.ts';
import { execute } from './execution.ts';
import { type FunctionMetrics, metricsOf } from './function-metrics.ts';
import { type FunctionReference, functionArn } from './function-reference.ts';
import {
  ASYNC_AGE_DEFAULT_SEC,
  ASYNC_RETRIES_DEFAULT,
  ASYNC_RETRY_DELAYS_MS,
  THROTTLE_BACKOFF_FIRST_MS,
  THROTTLE_BACKOFF_MAX_MS,
} from './limits.ts';
import { type ResolvedFunction, resolveFunction } from './resolve.ts';
import { type InvokeConfig, functionKey, invokeConfigs } from './store.ts';
import { beginTrace } from './invocation/trace.ts';

export interface Submission {
  readonly reference: FunctionReference;
  readonly payload: Uint8Array;
  readonly requestId: string;
}

/**
 * Accepts an event durably: after this resolves it is run, however often the cloud is killed. Gives the
 * trace header that all its tries share.
 */
export async function enqueue(submission: Submission, context: WorkContext): Promise<string> {
  const { reference } = submission;
  const traceId = context.traceId ?? beginTrace(context.nowMs, context.random);
  const event: AsyncEvent = {
    scope: { account: reference.scope.account, region: reference.scope.region },
    name: reference.name,
    payload: submission.payload,
    requestId: submission.requestId,
    acceptedMs: context.nowMs,
    failures: 0,
    throttles: 0,
    traceId,
    ...(reference.qualifier === undefined ? {} : { qualifier: reference.qualifier }),
  };
  await schedule(event, context.nowMs, context);
  metricsOfEvent(event, context).add('AsyncEventsReceived', 1, context.nowMs);
  return traceId;
}

async function schedule(event: AsyncEvent, dueMs: number, context: WorkContext): Promise<void> {
  await context.store.transact(async (tx) => {
    context.timers.schedule(tx, event.scope, { worker: 'lambda/async', dueMs, payload: event });
  });
}

/** The worker behind `lambda/async`: one try of one event. */
export async function runAsyncEvent(payload: unknown, context: WorkContext): Promise<void> {
  const event = payload as AsyncEvent;
  const resolved = await resolveEvent(event, context);
  // The function was deleted meanwhile: nothing is left that could run or report.
  if (resolved === undefined) return;
  const config = await configOf(event, context);
  const progress: Progress = {
    event,
    config,
    resolved,
    maxAgeMs: (config?.maximumEventAgeSec ?? ASYNC_AGE_DEFAULT_SEC) * 1_000,
  };
  const ageMs = context.clock.now() - event.acceptedMs;
  metricsOfEvent(event, context).add('AsyncEventAge', ageMs, context.clock.now());
  if (ageMs > progress.maxAgeMs) {
    await reportOutcome({ ...progress, condition: 'EventAgeExceeded' }, context);
    return;
  }
  // AWS: with a reserved concurrency of zero, events go to the failure targets without a try.
  // <developer guide, "Asynchronous invocation, error handling">
  if (resolved.record.reservedConcurrency === 0) {
    await reportOutcome({ ...progress, condition: 'ZeroReservedConcurrency' }, context);
    return;
  }
  const result = await tryOnce(progress, context);
  if (result === undefined) await backOff(progress, context);
  else if (result === 'loop') {
    // AWS: goes to the dead letter queue or failure destination at once. <developer guide, "Recursive
    // loop detection">. Under which condition it does not say.
    await reportOutcome({ ...progress, condition: 'RetriesExhausted' }, context);
  } else if (result.error === undefined) {
    await reportOutcome({ ...progress, condition: 'Success', result }, context);
  } else await retry(progress, result, context);
}

/** An event with what is known of its function at this try. */
interface Progress {
  readonly event: AsyncEvent;
  readonly config: InvokeConfig | undefined;
  readonly resolved: ResolvedFunction;
  readonly maxAgeMs: number;
}

async function resolveEvent(
  { scope, name, qualifier }: AsyncEvent,
  context: WorkContext,
): Promise<ResolvedFunction | undefined> {
  const reference: FunctionReference = {
    scope,
    name,
    ...(qualifier === undefined ? {} : { qualifier }),
  };
  try {
    return await context.store.read((view) => resolveFunction(view, reference, context.random));
  } catch (error) {
    if (error instanceof ServiceError && error.status === 404) return undefined;
    throw error;
  }
}

/** The function's answer; undefined when it was throttled or could not be run. */
async function tryOnce(
  { event, resolved }: Progress,
  context: WorkContext,
): Promise<FunctionResult | 'loop' | undefined> {
  const execution = {
    requestId: event.requestId,
    payload: event.payload,
    invokedArn: functionArn(event.scope, event.name, event.qualifier),
    ...(event.traceId === undefined ? {} : { traceId: event.traceId }),
  };
  try {
    return await execute(resolved, execution, context);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return error.code === 'RecursiveInvocationException' ? 'loop' : undefined;
  }
}

/** After a function error: again in one minute, then in two, while tries and age allow. */
async function retry(progress: Progress, result: FunctionResult, context: WorkContext): Promise<void> {
  const { event, config, maxAgeMs } = progress;
  const failed = { ...event, failures: event.failures + 1 };
  const retries = config?.maximumRetryAttempts ?? ASYNC_RETRIES_DEFAULT;
  const delayMs = ASYNC_RETRY_DELAYS_MS[event.failures] ?? ASYNC_RETRY_DELAYS_MS[1];
  const dueMs = context.clock.now() + delayMs;
  if (event.failures >= retries) {
    await reportOutcome({ ...progress, event: failed, condition: 'RetriesExhausted', result }, context);
  } else if (dueMs - event.acceptedMs >= maxAgeMs) {
    await reportOutcome({ ...progress, event: failed, condition: 'EventAgeExceeded', result }, context);
  } else {
    await schedule(failed, dueMs, context);
  }
}

/** Throttles and system errors: 1 s, doubling up to 5 minutes, until the event is too old. */
async function backOff(progress: Progress, context: WorkContext): Promise<void> {
  const { event, maxAgeMs } = progress;
  const delayMs = Math.min(THROTTLE_BACKOFF_MAX_MS, THROTTLE_BACKOFF_FIRST_MS * 2 ** event.throttles);
  const dueMs = context.clock.now() + delayMs;
  if (dueMs - event.acceptedMs >= maxAgeMs) {
    await reportOutcome({ ...progress, condition: 'EventAgeExceeded' }, context);
  } else {
    await schedule({ ...event, throttles: event.throttles + 1 }, dueMs, context);
  }
}

/** Events are counted under what they were sent to, before a version is chosen. */
function metricsOfEvent({ scope, name, qualifier }: AsyncEvent, context: WorkContext): FunctionMetrics {
  return metricsOf({ scope, name, qualifier, version: qualifier ?? '$LATEST' }, context);
}

async function configOf(event: AsyncEvent, context: WorkContext): Promise<InvokeConfig | undefined> {
  const key = [...functionKey(event.scope, event.name), event.qualifier ?? '$LATEST'];
  return context.store.read((view) => invokeConfigs.get(view, key));
}
