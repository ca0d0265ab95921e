// Asynchronous invocation: a durable task per event, retried and reported as AWS does.
import type { Scope, WorkContext } from '../../kernel/context.ts';
import { ServiceError } from '../../base/errors.ts';
import type { AsyncEvent } from './async-event.ts';
import { type AsyncOutcome, reportOutcome } from './destinations.ts';
import { execute } from './execution.ts';
import { type FunctionReference, functionArn } from './function-reference.ts';
import {
  ASYNC_AGE_DEFAULT_SEC,
  ASYNC_RETRIES_DEFAULT,
  ASYNC_RETRY_DELAYS_MS,
  THROTTLE_BACKOFF_FIRST_MS,
  THROTTLE_BACKOFF_MAX_MS,
} from './limits.ts';
import { resolveFunction } from './resolve.ts';
import { type InvokeConfig, functionKey, invokeConfigs } from './store.ts';

export interface Submission {
  readonly reference: FunctionReference;
  readonly payload: Uint8Array;
  readonly requestId: string;
  readonly traceId: string | undefined;
}

/** Accepts an event durably: after this resolves it is run, however often the cloud is killed. */
export async function enqueue(submission: Submission, context: WorkContext): Promise<void> {
  const { reference, traceId } = submission;
  const event: AsyncEvent = {
    scope: { account: reference.scope.account, region: reference.scope.region },
    name: reference.name,
    payload: submission.payload,
    requestId: submission.requestId,
    acceptedMs: context.nowMs,
    failures: 0,
    throttles: 0,
    ...(reference.qualifier === undefined ? {} : { qualifier: reference.qualifier }),
    ...(traceId === undefined ? {} : { traceId }),
  };
  await schedule(event, context.nowMs, context);
}

async function schedule(event: AsyncEvent, dueMs: number, context: WorkContext): Promise<void> {
  await context.store.transact(async (tx) => {
    context.timers.schedule(tx, event.scope, { worker: 'lambda/async', dueMs, payload: event });
  });
}

/** The worker behind `lambda/async`: one try of one event. */
export async function runAsyncEvent(payload: unknown, context: WorkContext): Promise<void> {
  const event = payload as AsyncEvent;
  const config = await configOf(event, context);
  const maxAgeMs = (config?.maximumEventAgeSec ?? ASYNC_AGE_DEFAULT_SEC) * 1_000;
  const nowMs = context.clock.now();
  if (nowMs - event.acceptedMs > maxAgeMs) {
    await finish({ event, condition: 'EventAgeExceeded', config }, context);
    return;
  }
  const reference = { scope: event.scope, name: event.name, qualifier: event.qualifier };
  let attempt;
  try {
    const resolved = await context.store.read((view) =>
      resolveFunction(view, withoutUndefined(reference), context.random),
    );
    const invokedArn = functionArn(event.scope, event.name, event.qualifier);
    const execution = {
      requestId: event.requestId,
      payload: event.payload,
      invokedArn,
      ...(event.traceId === undefined ? {} : { traceId: event.traceId }),
    };
    attempt = { resolved, result: await execute(resolved, execution, context) };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    // The function was deleted meanwhile: nothing is left that could run or report.
    if (error.code === 'ResourceNotFoundException') return;
    await backOff(event, { config, maxAgeMs }, context);
    return;
  }
  const { resolved, result } = attempt;
  if (result.error === undefined) {
    await finish({ event, condition: 'Success', config, resolved, result }, context);
    return;
  }
  const retries = config?.maximumRetryAttempts ?? ASYNC_RETRIES_DEFAULT;
  const delayMs = ASYNC_RETRY_DELAYS_MS[event.failures] ?? ASYNC_RETRY_DELAYS_MS[1];
  const dueMs = context.clock.now() + delayMs;
  const failed = { ...event, failures: event.failures + 1 };
  if (event.failures >= retries) {
    await finish({ event: failed, condition: 'RetriesExhausted', config, resolved, result }, context);
  } else if (dueMs - event.acceptedMs > maxAgeMs) {
    await finish({ event: failed, condition: 'EventAgeExceeded', config, resolved, result }, context);
  } else {
    await schedule(failed, dueMs, context);
  }
}

/** Throttles and system errors: 1 s, doubling up to 5 minutes, until the event is too old. */
async function backOff(
  event: AsyncEvent,
  { config, maxAgeMs }: { config: InvokeConfig | undefined; maxAgeMs: number },
  context: WorkContext,
): Promise<void> {
  const delayMs = Math.min(THROTTLE_BACKOFF_MAX_MS, THROTTLE_BACKOFF_FIRST_MS * 2 ** event.throttles);
  const dueMs = context.clock.now() + delayMs;
  const throttled = { ...event, throttles: event.throttles + 1 };
  if (dueMs - event.acceptedMs > maxAgeMs) {
    await finish({ event: throttled, condition: 'EventAgeExceeded', config }, context);
  } else {
    await schedule(throttled, dueMs, context);
  }
}

async function finish(outcome: AsyncOutcome, context: WorkContext): Promise<void> {
  await reportOutcome(outcome, context);
}

async function configOf(event: AsyncEvent, context: WorkContext): Promise<InvokeConfig | undefined> {
  const key = [...functionKey(event.scope, event.name), event.qualifier ?? '$LATEST'];
  return context.store.read((view) => invokeConfigs.get(view, key));
}

function withoutUndefined(reference: {
  readonly scope: Scope;
  readonly name: string;
  readonly qualifier: string | undefined;
}): FunctionReference {
  const { scope, name, qualifier } = reference;
  return { scope, name, ...(qualifier === undefined ? {} : { qualifier }) };
}
