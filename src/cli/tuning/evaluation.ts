// What a power-tuning sweep says: durations and cost by memory size, and which size to take. Pure.
import { type Architecture, formatUsd, priceInvocation } from '../../base/price-list.ts';
import type { InvocationReport } from '../report-line.ts';

/** What one memory size gave. */
export interface MemoryResult {
  readonly memoryMb: number;
  /** Warm runs that are counted. */
  readonly runs: number;
  /** Runs that were left out because they started an environment. */
  readonly coldStarts: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly meanBilledMs: number;
  readonly maxMemoryUsedMb: number;
  /** Median init phase of the cold starts; absent when there was none. */
  readonly initP50Ms?: number;
  readonly usdPerMillion: number;
}

export interface Recommendation {
  readonly cheapestMb: number;
  readonly fastestMb: number;
  readonly balancedMb: number;
}

export interface Measured {
  readonly memoryMb: number;
  readonly warm: readonly InvocationReport[];
  readonly cold: readonly InvocationReport[];
}

/** Where the function would run: prices depend on it. */
export interface Pricing {
  readonly region: string;
  readonly architecture: Architecture;
  readonly ephemeralStorageMb: number;
}

/** Figures of one memory size; there is at least one warm run. */
export function evaluateMemory({ memoryMb, warm, cold }: Measured, pricing: Pricing): MemoryResult {
  const durations = warm.map((report) => report.durationMs);
  const inits = cold.map((report) => report.initDurationMs ?? 0);
  const total = warm.reduce(
    (sum, { billedDurationMs: billedMs }) => sum + priceInvocation({ ...pricing, memoryMb, billedMs }),
    0n,
  );
  return {
    memoryMb,
    runs: warm.length,
    coldStarts: cold.length,
    p50Ms: percentile(durations, 50),
    p95Ms: percentile(durations, 95),
    meanBilledMs: round(mean(warm.map((report) => report.billedDurationMs))),
    maxMemoryUsedMb: Math.max(...[...warm, ...cold].map((report) => report.maxMemoryMb)),
    ...(inits.length === 0 ? {} : { initP50Ms: percentile(inits, 50) }),
    usdPerMillion: Number(formatUsd((total * 1_000_000n) / BigInt(warm.length), 6)),
  };
}

/** Nearest rank: a value that was measured, never one between two. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
}

/**
 * The cheapest and the fastest size, and the balanced one: of cost and duration, each as a share of its
 * largest value, the smallest mean, as AWS Lambda Power Tuning's `balanced` strategy with equal weights.
 */
export function recommend(results: readonly MemoryResult[]): Recommendation {
  const maxCost = Math.max(...results.map((result) => result.usdPerMillion));
  const maxMs = Math.max(...results.map((result) => result.p50Ms));
  return {
    cheapestMb: least(results, ({ usdPerMillion, p50Ms }) => [usdPerMillion, p50Ms]),
    fastestMb: least(results, ({ usdPerMillion, p50Ms }) => [p50Ms, usdPerMillion]),
    balancedMb: least(results, ({ usdPerMillion, p50Ms }) => [usdPerMillion / maxCost + p50Ms / maxMs, p50Ms]),
  };
}

/** The memory with the smallest first figure; the second decides between equals. */
function least(
  results: readonly MemoryResult[],
  figures: (result: MemoryResult) => readonly [number, number],
): number {
  const [best] = results.toSorted((a, b) => {
    const [a1, a2] = figures(a);
    const [b1, b2] = figures(b);
    return a1 - b1 || a2 - b2 || a.memoryMb - b.memoryMb;
  });
  return best?.memoryMb ?? Number.NaN;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
