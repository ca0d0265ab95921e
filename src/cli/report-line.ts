// Reads what REPORT says of an invocation, in either log format, and how log lines look to people.
import type { Terminal } from './terminal.ts';

export interface InvocationReport {
  readonly requestId: string;
  readonly durationMs: number;
  readonly billedDurationMs: number;
  readonly memoryMb: number;
  readonly maxMemoryMb: number;
  /** Only of a cold start. */
  readonly initDurationMs?: number;
  /** Only of a restore from a snapshot. */
  readonly restoreDurationMs?: number;
  /** US dollars; REPORT of AWS itself has none. */
  readonly priceUsd?: number;
}

/** The last report in these lines; undefined when there is none. */
export function findReport(log: string): InvocationReport | undefined {
  for (const line of log.split('\n').toReversed()) {
    const report = parseReport(line);
    if (report !== undefined) return report;
  }
  return undefined;
}

export function parseReport(line: string): InvocationReport | undefined {
  return line.startsWith('REPORT ') ? parseText(line) : parseJson(line);
}

/** The fields of a text line are told apart by tabs, each `Name: value unit`. */
function parseText(line: string): InvocationReport {
  const fields = new Map(
    line.split('\t').map((field) => {
      const at = field.indexOf(': ');
      return [field.slice(0, at).replace(/^REPORT /, ''), field.slice(at + 2)];
    }),
  );
  const number = (name: string): number => Number.parseFloat(fields.get(name) ?? '0');
  const optional = (name: string): number | undefined => (fields.has(name) ? number(name) : undefined);
  return shape({
    requestId: fields.get('RequestId') ?? '',
    durationMs: number('Duration'),
    billedDurationMs: number('Billed Duration'),
    memoryMb: number('Memory Size'),
    maxMemoryMb: number('Max Memory Used'),
    initDurationMs: optional('Init Duration'),
    restoreDurationMs: optional('Restore Duration'),
    priceUsd: optional('Price'),
  });
}

function parseJson(line: string): InvocationReport | undefined {
  if (!line.includes('"platform.report"')) return undefined;
  let event: { type?: unknown; record?: { requestId?: string; metrics?: Record<string, number> } };
  try {
    event = JSON.parse(line) as typeof event;
  } catch {
    return undefined;
  }
  const metrics = event.record?.metrics;
  if (event.type !== 'platform.report' || metrics === undefined) return undefined;
  return shape({
    requestId: event.record?.requestId ?? '',
    durationMs: metrics['durationMs'] ?? 0,
    billedDurationMs: metrics['billedDurationMs'] ?? 0,
    memoryMb: metrics['memorySizeMB'] ?? 0,
    maxMemoryMb: metrics['maxMemoryUsedMB'] ?? 0,
    initDurationMs: metrics['initDurationMs'],
    restoreDurationMs: metrics['restoreDurationMs'],
    priceUsd: metrics['priceUsd'],
  });
}

type Loose<T> = { readonly [K in keyof T]: T[K] | undefined };

function shape({ initDurationMs, restoreDurationMs, priceUsd, ...rest }: Loose<Required<InvocationReport>>): InvocationReport {
  return {
    ...(rest as Required<Omit<InvocationReport, 'initDurationMs' | 'restoreDurationMs' | 'priceUsd'>>),
    ...(initDurationMs === undefined ? {} : { initDurationMs }),
    ...(restoreDurationMs === undefined ? {} : { restoreDurationMs }),
    ...(priceUsd === undefined ? {} : { priceUsd }),
  };
}

/** A line for people: the platform's are dimmed, REPORT becomes a summary; undefined for those that say nothing. */
export function readableLine(line: string, terminal: Terminal): string | undefined {
  if (/^(START|END|INIT_START) /.test(line) || line === '') return undefined;
  if (/"type":"platform\.(start|initStart|initRuntimeDone|runtimeDone)"/.test(line)) return undefined;
  const report = parseReport(line);
  return report === undefined ? line : terminal.style('dim', summarise(report));
}

function summarise(report: InvocationReport): string {
  const { durationMs, billedDurationMs, memoryMb, maxMemoryMb, initDurationMs, priceUsd } = report;
  return [
    `took ${durationMs} ms, billed ${billedDurationMs} ms`,
    ...(initDurationMs === undefined ? [] : [`cold start ${initDurationMs} ms`]),
    `${maxMemoryMb} of ${memoryMb} MB`,
    ...(priceUsd === undefined ? [] : [`$${priceUsd.toFixed(12)}`]),
  ].join(' · ');
}
