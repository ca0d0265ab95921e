// Runs a function version: limits of concurrency, loops, trace and metrics around the engine's work.
import { randomUuid } from '../../base/random.ts';
import {
  type FunctionInvocation,
  type FunctionResult,
  FunctionUnavailable,
  type ResponseSink,
} from '../../base/function-runner.ts';
import type { WorkContext } from '../../kernel/context.ts';
import type { Admitted } from './invocation/admission.ts';
import { concurrencySetAside } from './invocation/concurrency-total.ts';
import { functionInState, loopStopped, runnerRefused, snapStartNotReady, throttled } from './errors.ts';
import { type DefinedFunction, defineFunction } from './function-definition.ts';
import { type FunctionMetrics, metricsOf } from './function-metrics.ts';
import type { ResolvedFunction } from './resolve.ts';
import { ensureSnapshot } from './invocation/snap-start.ts';
import { LOOP_INVOCATIONS_MAX, traceInvocation } from './invocation/trace.ts';

export interface Execution {
  readonly requestId: string;
  readonly payload: Uint8Array;
  /** ARN as the caller named it. */
  readonly invokedArn: string;
  readonly clientContext?: string;
  /** The trace header that came with the event; default: that of the context. */
  readonly traceId?: string;
  /** Given: a response that the function streams goes here while it is written. */
  readonly stream?: ResponseSink;
}

export interface ExecutionResult extends FunctionResult {
  /** The trace header that the function was given. */
  readonly traceId: string;
}

/**
 * Runs one invocation. Throws TooManyRequestsException at the limits of concurrency, and
 * RecursiveInvocationException for a function that goes round in circles.
 */
export async function execute(
  resolved: ResolvedFunction,
  execution: Execution,
  context: WorkContext,
): Promise<ExecutionResult> {
  const { scope, version, record } = resolved;
  const making = defineFunction(scope, version, context);
  const defined = making instanceof Promise ? await making : making;
  checkState(resolved);
  const nowMs = context.clock.now();
  const metrics = meter(resolved, defined, context);
  const given = execution.traceId ?? context.traceId;
  const trace = traceInvocation({ given, hash: defined.lineageHash, nowMs, random: context.random });
  if (trace.earlierRuns >= LOOP_INVOCATIONS_MAX && record.allowsRecursion !== true) {
    metrics.add('RecursiveInvocationsDropped', 1, nowMs);
    throw loopStopped();
  }
  if (defined.definition.snapStart === true) await ensureSnapshot(defined.definition, context);
  const admitted = await admit(resolved, { defined, metrics }, context);
  try {
    const invocation: FunctionInvocation = { ...execution, traceId: trace.header };
    return await run({ defined, invocation, admitted, metrics, resolved }, context);
  } finally {
    admitted.release();
  }
}

interface Run {
  readonly defined: DefinedFunction;
  readonly invocation: FunctionInvocation;
  readonly admitted: Admitted;
  readonly metrics: FunctionMetrics;
  readonly resolved: ResolvedFunction;
}

async function run(
  { defined, invocation, admitted, metrics, resolved }: Run,
  context: WorkContext,
): Promise<ExecutionResult> {
  const { version } = resolved;
  try {
    const result = await context.ports.functions.invoke(defined.definition, invocation);
    metrics.invoked({
      admitted,
      hasFailed: result.error !== undefined,
      durationMs: result.durationMs,
      provisioned: defined.use.ofFunction(version.name).provisionedOf(version.version),
      nowMs: context.clock.now(),
    });
    return { ...result, traceId: invocation.traceId ?? '' };
  } catch (error) {
    if (error instanceof FunctionUnavailable) throw runnerRefused(error.reason, error.message);
    throw error;
  }
}

/** The metrics of the function as it was called; found by a short key, as every invocation asks. */
function meter(
  { scope, version, qualifier }: ResolvedFunction,
  { metrics }: DefinedFunction,
  context: WorkContext,
): FunctionMetrics {
  const known = metrics.get(qualifier ?? '');
  if (known !== undefined) return known;
  const made = metricsOf({ scope, name: version.name, qualifier, version: version.version }, context);
  metrics.set(qualifier ?? '', made);
  return made;
}

function checkState({ version: { state, snapStart } }: ResolvedFunction): void {
  if (state === undefined) return;
  throw state.status === 'Pending' && snapStart === true ? snapStartNotReady() : functionInState(state.status);
}

async function admit(
  { scope, version, record }: ResolvedFunction,
  { defined, metrics }: Pick<Run, 'defined' | 'metrics'>,
  context: WorkContext,
): Promise<Admitted> {
  const { use } = defined;
  const setAside = use.needsTotals ? await context.store.read((view) => concurrencySetAside(view, scope)) : 0;
  const nowMs = context.clock.now();
  const admitted = use.admit(version.name, {
    version: version.version,
    buildId: version.buildId,
    reserved: record.reservedConcurrency,
    setAside,
    nowMs,
  });
  if (typeof admitted === 'string') {
    metrics.throttled(nowMs);
    throw throttled(admitted);
  }
  metrics.started(admitted, nowMs);
  return admitted;
}

/** A request id for an invocation that no HTTP request carries. */
export function newInvocationId(context: WorkContext): string {
  return randomUuid(context.random);
}
