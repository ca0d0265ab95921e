// Keeps a number of connections busy for a while and says how that went.
import { type HttpConnection, openConnection } from './http-connection.ts';

/** One round: usually a request and a look at its answer. `number` is unique in a run. */
export type Scenario = (connection: HttpConnection, number: number) => Promise<void>;

export interface LoadOptions {
  readonly endpoint: string;
  readonly connections: number;
  readonly seconds: number;
  readonly scenario: Scenario;
}

export interface LoadResult {
  readonly connections: number;
  readonly rounds: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Part of the time is spent unmeasured first, until the server's code is hot. */
const WARM_UP_PART = 0.3;

export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const { connections, seconds } = options;
  const opened = await Promise.all(
    Array.from({ length: connections }, () => openConnection(options.endpoint)),
  );
  const counter = { next: 0 };
  try {
    await keepBusy(opened, options, { counter, untilMs: performance.now() + seconds * 1000 * WARM_UP_PART });
    const startMs = performance.now();
    const latencies = await keepBusy(opened, options, { counter, untilMs: startMs + seconds * 1000 });
    const tookSec = (performance.now() - startMs) / 1000;
    const sorted = Float64Array.from(latencies).sort();
    return {
      connections,
      rounds: sorted.length,
      perSecond: sorted.length / tookSec,
      p50Ms: percentile(sorted, 0.5),
      p99Ms: percentile(sorted, 0.99),
    };
  } finally {
    for (const connection of opened) connection.close();
  }
}

interface Phase {
  readonly counter: { next: number };
  readonly untilMs: number;
}

/** @returns the latency of each round, milliseconds. */
async function keepBusy(
  connections: readonly HttpConnection[],
  { scenario }: LoadOptions,
  { counter, untilMs }: Phase,
): Promise<number[]> {
  const latencies: number[] = [];
  await Promise.all(
    connections.map(async (connection) => {
      for (let beginMs = performance.now(); beginMs < untilMs; ) {
        await scenario(connection, counter.next++);
        const endMs = performance.now();
        latencies.push(endMs - beginMs);
        beginMs = endMs;
      }
    }),
  );
  return latencies;
}

export function percentile(sorted: ArrayLike<number>, part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return percentile(values.toSorted((a, b) => a - b), 0.5);
}
