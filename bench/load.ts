// Keeps a number of connections busy for a while and says how that went.
import { type HttpConnection, openConnection } from './http-connection.ts';
import { type ServerProcess, measureCpuMs } from './server-process.ts';

/** One round: usually a request and a look at its answer. `number` is unique in a run. */
export type Scenario = (connection: HttpConnection, number: number) => Promise<void>;

export interface LoadOptions {
  readonly server: Pick<ServerProcess, 'endpoint' | 'pid'>;
  readonly connections: number;
  readonly scenario: Scenario;
}

export interface LoadResult {
  readonly connections: number;
  readonly rounds: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of the server for each round; undefined where the system does not tell. */
  readonly cpuMicros: number | undefined;
}

interface Load {
  /** Keeps every connection busy for so long. */
  run(durationMs: number): Promise<void>;
  /** Figures of all that ran since the last call of `forget`. */
  result(): LoadResult;
  forget(): void;
  close(): void;
}

/** A part of the time is spent unmeasured first, until the code on both sides is hot. */
const WARM_UP_PART = 0.3;
/** Machines have moods: what is compared takes turns, so that both meet the same ones. */
const TURNS = 4;

async function openLoad({ server, connections, scenario }: LoadOptions): Promise<Load> {
  const opened = await Promise.all(
    Array.from({ length: connections }, () => openConnection(server.endpoint)),
  );
  let number = 0;
  let latencies: number[] = [];
  let tookMs = 0;
  let cpuMs = 0;

  async function keepBusy(connection: HttpConnection, untilMs: number): Promise<void> {
    for (let beginMs = performance.now(); beginMs < untilMs;) {
      await scenario(connection, number++);
      const endMs = performance.now();
      latencies.push(endMs - beginMs);
      beginMs = endMs;
    }
  }

  return {
    async run(durationMs) {
      const startCpuMs = (await measureCpuMs(server.pid)) ?? Number.NaN;
      const startMs = performance.now();
      await Promise.all(opened.map((connection) => keepBusy(connection, startMs + durationMs)));
      tookMs += performance.now() - startMs;
      cpuMs += ((await measureCpuMs(server.pid)) ?? Number.NaN) - startCpuMs;
    },
    result() {
      const sorted = Float64Array.from(latencies).sort();
      return {
        connections,
        rounds: sorted.length,
        perSecond: sorted.length / (tookMs / 1000),
        p50Ms: percentile(sorted, 0.5),
        p99Ms: percentile(sorted, 0.99),
        cpuMicros: Number.isNaN(cpuMs) ? undefined : (cpuMs * 1000) / sorted.length,
      };
    },
    forget() {
      latencies = [];
      tookMs = 0;
      cpuMs = 0;
    },
    close() {
      for (const connection of opened) connection.close();
    },
  };
}

/** Runs two loads by turns, each for so many seconds in all. */
export async function compareLoads(
  loads: { readonly measured: LoadOptions; readonly yardstick: LoadOptions },
  seconds: number,
): Promise<{ measured: LoadResult; yardstick: LoadResult }> {
  const measured = await openLoad(loads.measured);
  const yardstick = await openLoad(loads.yardstick);
  try {
    for (const load of [measured, yardstick]) {
      await load.run(seconds * 1000 * WARM_UP_PART);
      load.forget();
    }
    for (let turn = 0; turn < TURNS; turn++) {
      for (const load of [measured, yardstick]) await load.run((seconds * 1000) / TURNS);
    }
    return { measured: measured.result(), yardstick: yardstick.result() };
  } finally {
    measured.close();
    yardstick.close();
  }
}

function percentile(sorted: ArrayLike<number>, part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return percentile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}
