// An execution environment as placement sees it.
import type { FunctionInvocation, FunctionResult } from '../base/function-runner.ts';

/** What placement needs of an execution environment. */
export interface PlacedEnvironment {
  readonly started: Promise<void>;
  readonly gone: Promise<void>;
  readonly freeSince: number;
  /** Why its init failed; undefined when it has not. */
  readonly initFailure: string | undefined;
  /** What its processes take now. */
  readonly memoryMb: number;
  /** Is not to end for being idle. */
  readonly isDebugged: boolean;
  run(invocation: FunctionInvocation): Promise<FunctionResult>;
  end(): void;
}
