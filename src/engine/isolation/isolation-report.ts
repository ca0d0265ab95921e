// How functions are kept apart, in words and members for those who run the cloud.
import type { Controller } from './control-group-files.ts';

/** `cloudlet status --json` shows it. */
export interface IsolationReport {
  readonly driver: 'process' | 'sandbox';
  readonly network: 'cloud' | 'open';
  /** What of the machine an environment can take its share of only. */
  readonly limits: readonly Controller[];
  /** What would keep them apart better, and how to get it. */
  readonly missing: readonly string[];
}

const LIMITS = { memory: 'memory', pids: 'processes', cpu: 'the processor' } as const;

/** One line, for the start. */
export function describeIsolation({ driver, network, limits, missing }: IsolationReport): string {
  const bounds = limits.map((name) => LIMITS[name]).join(', ');
  const walls =
    driver === 'process'
      ? 'functions run as plain processes of this user, without a sandbox'
      : `functions run in the sandbox (bubblewrap), with ${bounds === '' ? 'no limits of their own' : `limits on ${bounds}`}, ` +
        `on ${network === 'cloud' ? 'networks that lead to the cloud alone' : "the machine's network"}`;
  return missing.length === 0 ? walls : `${walls}; missing: ${missing.join('; ')}`;
}
