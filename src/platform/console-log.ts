// The cloud's own log on standard error: one line a message, readable, or JSON for machines.
import type { Log, LogFields } from '../base/log.ts';

/** @param format `json`: one object a line. */
export function createConsoleLog(format: 'text' | 'json'): Log {
  function write(level: string, message: string, fields: LogFields): void {
    const line =
      format === 'json'
        ? JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })
        : `${level === 'info' ? '' : `${level}: `}${message}${readable(fields)}`;
    process.stderr.write(`${line}\n`);
  }
  return {
    info: (message, fields = {}) => write('info', message, fields),
    warn: (message, fields = {}) => write('warning', message, fields),
    error(message, error, fields = {}) {
      write('error', message, { ...fields, cause: describe(error) });
    },
  };
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\n  caused by ${describe(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}

function readable(fields: LogFields): string {
  return Object.entries(fields)
    .map(([name, value]) => `\n  ${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('');
}
