// The contract of the cloud's own log (not the functions' logs).

export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  /** Our own bugs and failures of the machine; `error` brings its stack. */
  error(message: string, error: unknown, fields?: LogFields): void;
}

export const silentLog: Log = { info() {}, warn() {}, error() {} };
