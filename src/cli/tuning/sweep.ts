// Runs a function at several memory sizes and collects what its reports say.
import { InvokeCommand, type InvokeCommandOutput, LambdaClient } from '@aws-sdk/client-lambda';
import { UserError } from '../../base/errors.ts';
import type { Connection } from '../connection.ts';
import { type InvocationReport, findReport } from '../report-line.ts';
import type { Measured } from './evaluation.ts';
import type { Copies, Original } from './function-copy.ts';

/** Environments may be replaced under way; a function that never stays warm is given up. */
const ATTEMPTS_PER_RUN = 3;

export interface SweepPlan {
  readonly runs: number;
  /** All runs of a size at once, instead of one after the other. */
  readonly parallel: boolean;
  readonly payload: string;
}

/** A size at which the function failed. */
export interface FailedMemory {
  readonly memoryMb: number;
  readonly error: string;
}

export interface Sweep {
  /** Measures one size; reports how many warm runs there are so far. */
  measure(memoryMb: number, onRun: (warmRuns: number) => void): Promise<Measured | FailedMemory>;
}

export interface SweepParts {
  readonly connection: Connection;
  readonly copies: Copies;
  readonly original: Original;
  readonly plan: SweepPlan;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

export function createSweep({ connection, copies, original, plan, signal }: SweepParts): Sweep {
  // A run that takes its fifteen minutes must not be cut short, and one that failed must not count twice.
  const client = new LambdaClient({
    ...connection.clientSettings,
    maxAttempts: 1,
    requestHandler: { requestTimeout: 0, socketTimeout: 0 },
  });

  async function runOnce(functionName: string): Promise<InvocationReport> {
    const input = { FunctionName: functionName, LogType: 'Tail' as const, Payload: Buffer.from(plan.payload) };
    const answer = await client.send(new InvokeCommand(input), { abortSignal: signal });
    if (answer.FunctionError !== undefined) throw functionFailed(answer);
    const report = findReport(Buffer.from(answer.LogResult ?? '', 'base64').toString('utf8'));
    if (report !== undefined) return report;
    throw new UserError('ERR_TUNE', 'the log of an invocation has no REPORT', {
      fix: 'the function’s system log level must let platform.report pass',
    });
  }

  async function collect(functionName: string, onRun: (warmRuns: number) => void): Promise<Omit<Measured, 'memoryMb'>> {
    const warm: InvocationReport[] = [];
    const cold: InvocationReport[] = [];
    for (let attempts = 0; warm.length < plan.runs; ) {
      if (attempts >= plan.runs * ATTEMPTS_PER_RUN + 1) {
        throw new UserError('ERR_TUNE', `only ${warm.length} of ${attempts} runs were warm`);
      }
      const batch = plan.parallel ? plan.runs : 1;
      attempts += batch;
      const reports = await Promise.all(Array.from({ length: batch }, () => runOnce(functionName)));
      for (const report of reports) {
        const isCold = report.initDurationMs !== undefined || report.restoreDurationMs !== undefined;
        (isCold ? cold : warm).push(report);
      }
      onRun(Math.min(warm.length, plan.runs));
    }
    return { warm: warm.slice(0, plan.runs), cold };
  }

  return {
    async measure(memoryMb, onRun) {
      const name = await copies.make(original, memoryMb);
      try {
        return { memoryMb, ...(await collect(name, onRun)) };
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        return { memoryMb, error: error.message };
      } finally {
        if (!signal.aborted) await copies.remove(name);
      }
    },
  };
}

/** The error document's own words. */
function functionFailed({ Payload, FunctionError }: InvokeCommandOutput): UserError {
  const text = Buffer.from(Payload ?? []).toString('utf8');
  let message = text;
  try {
    const { errorType, errorMessage } = JSON.parse(text) as { errorType?: string; errorMessage?: string };
    message = errorMessage === undefined ? text : `${errorType ?? 'Error'}: ${errorMessage}`;
  } catch {
    // Whatever it is, it is shown.
  }
  return new UserError('ERR_TUNE', `the function failed (${FunctionError}): ${message}`);
}
