// Counts what functions use, durably, per function and day: what a bill is made of.
import type { Activity } from '../base/activity.ts';
import type { Clock } from '../base/clock.ts';
import type { FunctionDefinition, FunctionRunner } from '../base/function-runner.ts';
import type { Log } from '../base/log.ts';
import {
  type Architecture,
  type FunctionUse,
  NO_USE,
  addUse,
  useOfInvocation,
} from '../base/price-list.ts';
import type { ReadTx, Store } from '../base/store.ts';
import { table } from '../kernel/table.ts';

/** Keyed `[account, day, region, function, architecture]`; the day is UTC, `2026-11-21`. */
const usage = table<FunctionUse>('cloudlet/usage');
const DAY_MS = 86_400_000;
const LIST_PAGE = 1_000;

/** What one function used on one day. */
export interface DailyUse {
  readonly account: string;
  readonly day: string;
  readonly region: string;
  readonly functionName: string;
  readonly architecture: Architecture;
  readonly use: FunctionUse;
}

export interface UsageMeter {
  /** The runner, with every invocation and every provisioned environment counted. */
  watch(runner: FunctionRunner): FunctionRunner;
  /** Resolves when everything counted so far is in the store. */
  flush(): Promise<void>;
}

interface Holding {
  readonly definition: FunctionDefinition;
  readonly count: number;
  sinceMs: number;
}

/** Counts are written behind the answer, in batches: a crash may lose the last few milliseconds of them. */
export function createUsageMeter(options: {
  readonly store: Store;
  readonly clock: Clock;
  readonly activity: Activity;
  readonly log: Log;
}): UsageMeter {
  const { store, clock, activity, log } = options;
  let pending = new Map<string, DailyUse>();
  let writing: Promise<void> | undefined;
  const held = new Map<string, Holding>();

  function count(definition: FunctionDefinition, use: FunctionUse): void {
    const { account, region, name: functionName, architecture } = definition;
    const day = dayOf(clock.now());
    const key = [account, day, region, functionName, architecture].join('/');
    const before = pending.get(key)?.use ?? NO_USE;
    pending.set(key, { account, day, region, functionName, architecture, use: addUse(before, use) });
    writing ??= activity
      .run(drain)
      .catch((error: unknown) => log.error('the use of functions could not be kept', error))
      .finally(() => {
        writing = undefined;
      });
  }

  async function drain(): Promise<void> {
    // Whatever else this turn of the event loop counts goes along.
    await Promise.resolve();
    while (pending.size > 0) {
      const batch = pending;
      pending = new Map();
      await store.transact(async (tx) => {
        for (const { account, day, region, functionName, architecture, use } of batch.values()) {
          const key = [account, day, region, functionName, architecture];
          usage.put(tx, key, addUse((await usage.get(tx, key)) ?? NO_USE, use));
        }
      });
    }
  }

  /** Charges provisioned environments up to now. */
  function countHeld(): void {
    const nowMs = clock.now();
    for (const holding of held.values()) {
      const { definition, sinceMs } = holding;
      const heldMbMs = holding.count * definition.memoryMb * Math.max(0, nowMs - sinceMs);
      holding.sinceMs = nowMs;
      if (heldMbMs > 0) count(definition, { ...NO_USE, heldMbMs });
    }
  }

  return {
    watch: (runner) => ({
      ...runner,
      async invoke(definition, invocation) {
        const result = await runner.invoke(definition, invocation);
        const { region, architecture, memoryMb, ephemeralStorageMb } = definition;
        const billed = { memoryMb, ephemeralStorageMb, billedMs: result.billedDurationMs };
        const provisioned = result.provisioned === true;
        count(definition, useOfInvocation({ region, architecture, ...billed, provisioned }));
        return result;
      },
      async provision(definition, environments) {
        countHeld();
        held.delete(definition.key);
        if (environments > 0) {
          held.set(definition.key, { definition, count: environments, sinceMs: clock.now() });
        }
        await runner.provision(definition, environments);
      },
      async retire(key) {
        countHeld();
        held.delete(key);
        await runner.retire(key);
      },
    }),
    async flush() {
      countHeld();
      while (writing !== undefined) await writing;
    },
  };
}

/** The use of an account's functions from a day on, oldest first. */
export async function listUsage(view: ReadTx, account: string, sinceDay: string): Promise<DailyUse[]> {
  const found: DailyUse[] = [];
  let after: readonly (string | number)[] = [account, sinceDay];
  for (;;) {
    const rows = await usage.range(view, [...after], [account, '~'], { limit: LIST_PAGE });
    for (const { key, value } of rows) {
      const [, day = '', region = '', functionName = '', architecture] = key.map(String);
      found.push({
        account,
        day,
        region,
        functionName,
        architecture: architecture === 'arm64' ? 'arm64' : 'x86_64',
        use: value,
      });
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < LIST_PAGE) return found;
    after = [...last.key.map(String), ''];
  }
}

/** The UTC day of a time, `2026-11-21`. */
export function dayOf(ms: number): string {
  return new Date(Math.floor(ms / DAY_MS) * DAY_MS).toISOString().slice(0, 10);
}
