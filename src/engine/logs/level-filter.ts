// Drops lines below the application log level, for runtimes that do not do so themselves.
import type { LoggingSettings } from '../../base/function-runner.ts';

const RANK: Readonly<Record<string, number>> = {
  TRACE: 0, DEBUG: 1, INFO: 2, WARN: 3, WARNING: 3, ERROR: 4, FATAL: 5, CRITICAL: 5,
};

/**
 * AWS: a line that is a JSON object with a `level` has that one; any other line is INFO.
 * docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
 */
export function createLevelFilter(logging: LoggingSettings | undefined): (line: string) => boolean {
  const least = RANK[logging?.applicationLevel ?? 'INFO'] ?? 2;
  if (logging?.format !== 'JSON') return () => true;
  return (line) => (RANK[levelOf(line)] ?? 2) >= least;
}

function levelOf(line: string): string {
  if (!line.startsWith('{')) return 'INFO';
  try {
    const { level } = JSON.parse(line) as { level?: unknown };
    return typeof level === 'string' ? level.toUpperCase() : 'INFO';
  } catch {
    return 'INFO';
  }
}
