// The lines the platform writes around a function's own: INIT_START, START, END, REPORT, INIT_REPORT.
import type { FunctionDefinition } from '../../base/function-runner.ts';
import { formatUsd, priceInvocation } from '../../base/price-list.ts';

export interface ReportFigures {
  readonly requestId: string;
  readonly durationMs: number;
  readonly billedDurationMs: number;
  readonly memoryMb: number;
  readonly maxMemoryMb: number;
  readonly initDurationMs?: number | undefined;
  readonly restoreDurationMs?: number | undefined;
  readonly billedRestoreDurationMs?: number | undefined;
  readonly status?: 'error' | 'timeout' | undefined;
  readonly errorType?: string | undefined;
  /** US dollars as decimal text, by `priceOfRun`. */
  readonly priceUsd: string;
}

/** What AWS's price list asks for one invocation: its request, its duration, its storage. */
export function priceOfRun(
  definition: FunctionDefinition,
  billedMs: number,
  initializationType: string,
): string {
  const provisioned = initializationType === 'provisioned-concurrency';
  return formatUsd(priceInvocation({ ...definition, billedMs, provisioned }));
}

/** @param runtimeVersion e.g. `nodejs:20.20.2`; the ARN's digest is 64 hex digits of its own. */
export function initStartLine(runtimeVersion: string, versionArn: string): string {
  return `INIT_START Runtime Version: ${runtimeVersion}\tRuntime Version ARN: ${versionArn}\n`;
}

/** AWS: docs.aws.amazon.com/lambda/latest/dg/snapstart-monitoring.html */
export function restoreStartLine(runtimeVersion: string, versionArn: string): string {
  return `RESTORE_START Runtime Version: ${runtimeVersion}\tRuntime Version ARN: ${versionArn}\n`;
}

export function restoreReportLine(durationMs: number, failure: Failure | undefined): string {
  return `RESTORE_REPORT Restore Duration: ${durationMs.toFixed(2)} ms${describe(failure)}\n`;
}

/** AWS: once per extension, when the environment is initialised. aws-samples/aws-lambda-extensions */
export function extensionLine(name: string, events: readonly string[]): string {
  return `EXTENSION\tName: ${name}\tState: Ready\tEvents: [${events.join(', ')}]\t\n`;
}

export function startLine(requestId: string, version: string): string {
  return `START RequestId: ${requestId} Version: ${version}\n`;
}

export function endLine(requestId: string): string {
  return `END RequestId: ${requestId}\n`;
}

/**
 * AWS: fields end with tabs, the last one too. docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
 * Differs: a price comes last, where programs that read the line by its tabs or by name pass it over.
 */
export function reportLine(figures: ReportFigures): string {
  const init =
    figures.initDurationMs === undefined
      ? ''
      : `Init Duration: ${figures.initDurationMs.toFixed(2)} ms\t`;
  const { restoreDurationMs, billedRestoreDurationMs } = figures;
  const restore =
    restoreDurationMs === undefined
      ? ''
      : `Restore Duration: ${restoreDurationMs.toFixed(2)} ms\tBilled Restore Duration: ${billedRestoreDurationMs} ms\t`;
  const status = figures.status === undefined ? '' : `Status: ${figures.status}\t`;
  const type = figures.errorType === undefined ? '' : `Error Type: ${figures.errorType}\t`;
  return (
    `REPORT RequestId: ${figures.requestId}\t` +
    `Duration: ${figures.durationMs.toFixed(2)} ms\t` +
    `Billed Duration: ${figures.billedDurationMs} ms\t` +
    `Memory Size: ${figures.memoryMb} MB\t` +
    `Max Memory Used: ${figures.maxMemoryMb} MB\t${init}${restore}${status}${type}` +
    `Price: ${figures.priceUsd} USD\t\n`
  );
}

interface Failure {
  readonly status: 'error' | 'timeout';
  readonly errorType?: string | undefined;
}

/**
 * AWS: INIT_REPORT follows a failed init, and the init of a snapshot.
 * docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html, snapstart-monitoring.html
 */
export function initReportLine(
  durationMs: number,
  phase: 'init' | 'invoke',
  outcome: Failure | { readonly kind: 'ready' },
): string {
  const failure = 'status' in outcome ? outcome : undefined;
  return `INIT_REPORT Init Duration: ${durationMs.toFixed(2)} ms\tPhase: ${phase}${describe(failure)}\n`;
}

function describe(failure: Failure | undefined): string {
  if (failure === undefined) return '';
  const type = failure.errorType === undefined ? '' : `\tError Type: ${failure.errorType}`;
  return `\tStatus: ${failure.status}${type}`;
}
