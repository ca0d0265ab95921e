// What the finders of runtimes are told, and how they say no.
import { FunctionUnavailable } from '../../base/function-runner.ts';
import type { RuntimeCache } from './runtime-cache.ts';

export interface FinderSettings {
  /** Told once per identifier that another version runs it, or that something is being fetched. */
  readonly onNotice: (message: string) => void;
  /** Node.js by major version; preferred to what is found on the machine. */
  readonly nodeExecutables: Readonly<Record<string, string>>;
  readonly cache: RuntimeCache;
  /** What is missing is fetched from its registry; otherwise what is here has to do. */
  readonly fetches: boolean;
}

export function refusal(id: string, reason: string): FunctionUnavailable {
  return new FunctionUnavailable('InvalidRuntimeException', `the runtime ${id} cannot run here: ${reason}`);
}
