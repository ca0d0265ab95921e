// Faults on request: rules that make chosen operations fail or slow down, drawn from the cloud's seed.
import type { Clock } from '../base/clock.ts';
import { ServiceError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';

export interface FaultRule {
  /** Service id, e.g. `dynamodb`; absent: every service. */
  readonly service?: string;
  /** Operation name, e.g. `PutItem`; absent: every operation. */
  readonly operation?: string;
  /** Chance in [0, 1] that the rule strikes a call. Default 1. */
  readonly rate?: number;
  /** Strikes at most this many times. Default: no bound. */
  readonly times?: number;
  /** Added to the call on the cloud's clock, ms. */
  readonly latencyMs?: number;
  /** Answer with this error instead of doing the work. */
  readonly error?: { readonly code: string; readonly message?: string; readonly status?: number };
  /** `before` (default): nothing was done; `after`: done, but the caller is told it failed. */
  readonly when?: 'before' | 'after';
}

export interface Faults {
  readonly rules: readonly FaultRule[];
  replace(rules: readonly FaultRule[]): void;
  /** Applies the rules of one moment of a call; throws the error of the first that strikes. */
  strike(service: string, operation: string, when: 'before' | 'after'): Promise<void> | undefined;
}

export function createFaults(initial: readonly FaultRule[], random: Random, clock: Clock): Faults {
  let armed = arm(initial);

  async function apply(service: string, operation: string, when: 'before' | 'after'): Promise<void> {
    for (const entry of armed) {
      const { rule } = entry;
      if (rule.service !== undefined && rule.service !== service) continue;
      if (rule.operation !== undefined && rule.operation !== operation) continue;
      if ((rule.when ?? 'before') !== when || entry.left <= 0) continue;
      if (rule.rate !== undefined && random.next() >= rule.rate) continue;
      entry.left -= 1;
      if (rule.latencyMs !== undefined) await clock.sleep(rule.latencyMs);
      if (rule.error !== undefined) throw faultError(rule.error);
    }
  }

  return {
    get rules() {
      return armed.map((entry) => entry.rule);
    },
    replace(rules) {
      armed = arm(rules);
    },
    strike: (service, operation, when) =>
      armed.length === 0 ? undefined : apply(service, operation, when),
  };
}

function arm(rules: readonly FaultRule[]): { rule: FaultRule; left: number }[] {
  return rules.map((rule) => ({ rule, left: rule.times ?? Number.POSITIVE_INFINITY }));
}

function faultError(error: NonNullable<FaultRule['error']>): ServiceError {
  const message = error.message ?? `Injected fault: ${error.code}`;
  return new ServiceError(error.code, message, { status: error.status ?? 400 });
}
