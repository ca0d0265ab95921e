// What the platform says of an environment: as text or JSON in its log stream, as events to extensions.
import type { FunctionDefinition } from '../../base/function-runner.ts';
import type { InitializationType } from '../environment-variables.ts';
import type { PlatformFailure } from '../failures.ts';
import type { InitOutcome } from '../init-phase.ts';
import type { Telemetry } from '../runtime-api/telemetry.ts';
import {
  endLine,
  extensionLine,
  initReportLine,
  initStartLine,
  priceOfRun,
  type ReportFigures,
  reportLine,
  restoreReportLine,
  restoreStartLine,
  startLine,
} from './platform-lines.ts';
import type { StreamLog } from './stream-log.ts';

export interface PlatformLogOptions {
  readonly definition: FunctionDefinition;
  readonly log: StreamLog;
  /** For INIT_START: `nodejs:20.20.2` and the ARN. */
  readonly runtimeVersion: { readonly text: string; readonly arn: string };
  readonly initializationType: InitializationType;
  /** The init is that of a snapshot, from which environments are restored later. */
  readonly isSnapshot?: true;
  /** The cloud's time. */
  readonly nowMs: () => number;
}

type Phase = 'init' | 'invoke';
type Status = 'success' | 'error' | 'failure' | 'timeout';
type Level = 'DEBUG' | 'INFO' | 'WARN';

/** Of REPORT, but for what the definition tells. */
export type RunFigures = Omit<ReportFigures, 'memoryMb' | 'priceUsd'>;

const RANK: Readonly<Record<Level, number>> = { DEBUG: 0, INFO: 1, WARN: 2 };

/** Types, records and levels: AWS, telemetry-schema-reference.html, monitoring-cloudwatchlogs-log-level.html */
export class PlatformLog {
  /** Of the process there is; undefined without extensions. */
  telemetry: Telemetry | undefined;

  readonly #options: PlatformLogOptions;
  readonly #isJson: boolean;
  readonly #leastRank: number;

  constructor(options: PlatformLogOptions) {
    this.#options = options;
    const { logging } = options.definition;
    this.#isJson = logging?.format === 'JSON';
    this.#leastRank = RANK[logging?.systemLevel ?? 'INFO'];
  }

  /** The environment comes to be; the process, which the event is for, does not exist yet. */
  environmentStarts(): void {
    const { text, arn } = this.#options.runtimeVersion;
    if (this.#isRestored) this.#write('platform.restoreStart', 'INFO', this.#describe('init'), restoreStartLine(text, arn));
    else this.#write('platform.initStart', 'INFO', this.#describe('init'), initStartLine(text, arn));
  }

  processStarts(phase: Phase): void {
    this.#emit(this.#isRestored ? 'platform.restoreStart' : 'platform.initStart', this.#describe(phase));
  }

  extensionReady(name: string, events: readonly string[]): void {
    const record = { name, state: 'Ready', events };
    this.#write('platform.extension', 'INFO', record, extensionLine(name, events));
  }

  initEnds(outcome: InitOutcome, phase: Phase): void {
    const { initializationType, isSnapshot } = this.#options;
    const status = outcome.kind === 'ready' ? 'success' : outcome.status;
    const errorType = outcome.kind === 'ready' ? undefined : outcome.errorType;
    const metrics = { durationMs: round(outcome.durationMs) };
    const failed = errorType === undefined ? {} : { errorType };
    const kind = { initializationType, phase, status, ...failed };
    const done = { initializationType, phase, status };
    if (this.#isRestored) {
      this.#emit('platform.restoreRuntimeDone', { status, ...failed });
      this.#emit('platform.restoreReport', { status, ...failed, metrics });
      const level = status === 'success' ? 'INFO' : 'WARN';
      const line = restoreReportLine(outcome.durationMs, outcome.kind === 'ready' ? undefined : outcome);
      return this.#write('platform.restoreReport', level, { status, ...failed, metrics }, line);
    }
    this.#emit('platform.initRuntimeDone', done);
    this.#emit('platform.initReport', { ...kind, metrics });
    const shown = status === 'success' && isSnapshot !== true ? '' : initReportLine(outcome.durationMs, phase, outcome);
    if (this.#isJson) this.#write('platform.initRuntimeDone', status === 'success' ? 'DEBUG' : 'WARN', done, '');
    const usual = initializationType === 'on-demand' ? 'DEBUG' : 'INFO';
    return this.#write('platform.initReport', status === 'success' ? usual : 'WARN', { ...kind, metrics }, shown);
  }

  invocationStarts(requestId: string): void {
    const { version } = this.#options.definition;
    this.#emit('platform.start', { requestId, version });
    this.#write('platform.start', 'INFO', { requestId, version }, startLine(requestId, version));
  }

  /** END and REPORT, and before them what a failure of the platform has to say. */
  invocationEnds(figures: RunFigures, status: Status, result: { bytes: number; failure: PlatformFailure | undefined }): void {
    const { definition, initializationType, log } = this.#options;
    const { requestId, durationMs, billedDurationMs, maxMemoryMb, initDurationMs, errorType } = figures;
    const { memoryMb } = definition;
    const priceUsd = priceOfRun(definition, billedDurationMs, initializationType);
    if (!this.#isJson) {
      for (const line of result.failure?.logLines ?? []) log.append(line);
      log.append(endLine(requestId));
      log.append(reportLine({ ...figures, memoryMb, priceUsd }));
      if (this.telemetry === undefined) return;
    }
    const failed = errorType === undefined ? {} : { errorType };
    const run = { durationMs: round(durationMs), producedBytes: result.bytes };
    const done = { requestId, status, ...failed, metrics: run };
    const metrics = {
      durationMs: round(durationMs),
      billedDurationMs,
      memorySizeMB: memoryMb,
      maxMemoryUsedMB: maxMemoryMb,
      ...optional('initDurationMs', initDurationMs),
      ...optional('restoreDurationMs', figures.restoreDurationMs),
      ...optional('billedRestoreDurationMs', figures.billedRestoreDurationMs),
    };
    const report = { requestId, status, ...failed, metrics };
    this.#emit('platform.runtimeDone', done);
    this.#emit('platform.report', report);
    if (!this.#isJson) return;
    const level = status === 'success' ? 'INFO' : 'WARN';
    this.#write('platform.runtimeDone', status === 'success' ? 'DEBUG' : 'WARN', done, '');
    // Differs: the price, as in REPORT.
    const priced = { ...report, metrics: { ...metrics, priceUsd: Number(priceUsd) } };
    this.#write('platform.report', level, priced, '');
  }

  get #isRestored(): boolean {
    const { initializationType, isSnapshot } = this.#options;
    return initializationType === 'snap-start' && isSnapshot !== true;
  }

  #describe(phase: Phase): Record<string, unknown> {
    const { definition, initializationType, runtimeVersion } = this.#options;
    const { name, version } = definition;
    const runtime = { runtimeVersion: runtimeVersion.text, runtimeVersionArn: runtimeVersion.arn };
    const of = { functionName: name, functionVersion: version };
    return this.#isRestored ? { ...runtime, ...of } : { initializationType, phase, ...runtime, ...of };
  }

  #emit(type: string, record: unknown): void {
    this.telemetry?.emit(type, record);
  }

  /** @param text empty: no line in text. */
  #write(type: string, level: Level, record: unknown, text: string): void {
    const { log, nowMs } = this.#options;
    if (!this.#isJson) {
      if (text !== '') log.append(text);
    } else if (RANK[level] >= this.#leastRank) {
      log.append(`${JSON.stringify({ time: new Date(nowMs()).toISOString(), type, record })}\n`);
    }
  }
}

function optional(name: string, value: number | undefined): Record<string, number> {
  return value === undefined ? {} : { [name]: round(value) };
}

/** As AWS shows milliseconds: three places at most. */
function round(durationMs: number): number {
  return Math.round(durationMs * 1000) / 1000;
}
