// How many invocations may run at once: of an account, of a function, and how fast a function scales.
import { CONCURRENT_EXECUTIONS, SCALING_BURST, SCALING_PERIOD_MS, UNRESERVED_CONCURRENCY_MIN } from '../limits.ts';

/** Why an invocation cannot run now. <API reference, TooManyRequestsException, Reason> */
export type ThrottleReason =
  | 'ReservedFunctionConcurrentInvocationLimitExceeded'
  | 'ConcurrentInvocationLimitExceeded'
  | 'FunctionInvocationRateLimitExceeded';

export interface AdmissionRequest {
  /** `$LATEST` or a number. */
  readonly version: string;
  /** Changes when environments are replaced. */
  readonly buildId: string;
  readonly reserved: number | undefined;
  /** Concurrency that is set aside for single functions; asked of few. */
  readonly setAside: number;
  readonly nowMs: number;
}

export interface Admitted {
  /** A provisioned environment is free for it. */
  readonly usesProvisioned: boolean;
  /** Running now, this one included: of the function, of the account, of its unreserved functions. */
  readonly ofFunction: number;
  readonly ofAccount: number;
  readonly unreserved: number;
  /** Of the version's provisioned environments. */
  readonly provisionedInUse: number;
  release(): void;
}

/** What one account uses in one region. Kept in memory: nothing runs after a restart. */
export class AccountUse {
  running = 0;
  /** On demand, by functions without reserved concurrency. */
  unreserved = 0;
  readonly #functions = new Map<string, FunctionUse>();

  /** Whether the account's limits must be looked up: below the least pool there can be, never. */
  get needsTotals(): boolean {
    return this.unreserved >= UNRESERVED_CONCURRENCY_MIN;
  }

  ofFunction(name: string): FunctionUse {
    let use = this.#functions.get(name);
    if (use === undefined) {
      use = new FunctionUse();
      this.#functions.set(name, use);
    }
    return use;
  }

  /** Takes a place, or says why there is none. */
  admit(name: string, request: AdmissionRequest): Admitted | ThrottleReason {
    const use = this.ofFunction(name);
    const { reserved, version } = request;
    if (reserved !== undefined && use.running >= reserved) {
      return 'ReservedFunctionConcurrentInvocationLimitExceeded';
    }
    const usesProvisioned = use.provisionedInUse(version) < use.provisionedOf(version);
    const fromPool = reserved === undefined && !usesProvisioned;
    if (fromPool && this.unreserved >= CONCURRENT_EXECUTIONS - request.setAside) {
      return 'ConcurrentInvocationLimitExceeded';
    }
    if (!usesProvisioned && !use.scaleTo(use.onDemand + 1, request)) {
      return 'FunctionInvocationRateLimitExceeded';
    }
    this.running += 1;
    if (fromPool) this.unreserved += 1;
    use.enter(version, usesProvisioned);
    return {
      usesProvisioned,
      ofFunction: use.running,
      ofAccount: this.running,
      unreserved: this.unreserved,
      provisionedInUse: use.provisionedInUse(version),
      release: () => {
        this.running -= 1;
        if (fromPool) this.unreserved -= 1;
        use.leave(version, usesProvisioned, request.nowMs);
      },
    };
  }
}

/** An unused environment lives about this long; then it has to be started again. */
const IDLE_MS = 300_000;

class FunctionUse {
  running = 0;
  onDemand = 0;
  /** Environments there are room for without scaling further. */
  #scaledTo = 0;
  #buildId = '';
  #budget = SCALING_BURST;
  #refilledMs = 0;
  #idleSinceMs = 0;
  /** By version: environments that are ready, and those in use. */
  #provisioned: Map<string, number> | undefined;
  readonly #inUse = new Map<string, number>();

  provisionedOf(version: string): number {
    return this.#provisioned?.get(version) ?? 0;
  }

  provisionedInUse(version: string): number {
    return this.#inUse.get(version) ?? 0;
  }

  setProvisioned(byVersion: ReadonlyMap<string, number>): void {
    this.#provisioned = byVersion.size === 0 ? undefined : new Map(byVersion);
  }

  /**
   * AWS: a function gains at most 1,000 environments every ten seconds, refilled continuously.
   * <developer guide, "Understanding Lambda function scaling">
   */
  scaleTo(concurrency: number, { buildId, nowMs }: AdmissionRequest): boolean {
    const isIdle = this.onDemand === 0 && nowMs - this.#idleSinceMs > IDLE_MS;
    if (buildId !== this.#buildId || isIdle) {
      this.#buildId = buildId;
      this.#scaledTo = 0;
    }
    if (concurrency <= this.#scaledTo) return true;
    const refill = ((nowMs - this.#refilledMs) * SCALING_BURST) / SCALING_PERIOD_MS;
    this.#budget = Math.min(SCALING_BURST, this.#budget + refill);
    this.#refilledMs = nowMs;
    if (this.#budget < 1) return false;
    this.#budget -= 1;
    this.#scaledTo = concurrency;
    return true;
  }

  enter(version: string, usesProvisioned: boolean): void {
    this.running += 1;
    if (usesProvisioned) this.#inUse.set(version, this.provisionedInUse(version) + 1);
    else this.onDemand += 1;
  }

  leave(version: string, usesProvisioned: boolean, nowMs: number): void {
    this.running -= 1;
    this.#idleSinceMs = nowMs;
    if (!usesProvisioned) {
      this.onDemand -= 1;
      return;
    }
    const left = this.provisionedInUse(version) - 1;
    if (left === 0) this.#inUse.delete(version);
    else this.#inUse.set(version, left);
  }
}
