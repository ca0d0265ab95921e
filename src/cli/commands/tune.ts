// `cloudlet tune`: runs a function at several memory sizes and says which to take.
import { writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg } from 'node:os';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { UserError } from '../../base/errors.ts';
import { type Architecture, PRICE_LIST_PUBLISHED } from '../../base/price-list.ts';
import { type Arguments, type Command, REMOTE_OPTIONS, usageError } from '../command.ts';
import { type Connection, connect } from '../connection.ts';
import { findFunction } from '../find-function.ts';
import { readNumber, readNumbers } from '../option-values.ts';
import { formatTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import {
  type MemoryResult,
  type Pricing,
  type Recommendation,
  evaluateMemory,
  recommend,
} from '../tuning/evaluation.ts';
import { type Original, createCopies, readOriginal } from '../tuning/function-copy.ts';
import { type FailedMemory, type Sweep, createSweep } from '../tuning/sweep.ts';
import { drawTuningChart } from '../tuning/tuning-chart.ts';
import { EVENT_OPTIONS, readEvent } from './invoke.ts';

const MEMORY = { min: 128, max: 10_240 } as const;
const RUNS = { min: 5, max: 1_000 } as const;
const INTERRUPTED = 130;
/** Load per processor from which others were waited for. */
const BUSY = 1;

export const tune: Command = {
  name: 'tune',
  usage: 'FUNCTION [--event FILE] [--memory 128,512,…]',
  about: 'find the memory size to take, by running the function',
  help: `Runs the function at each memory size, with the share of the processor that AWS gives that size
(1,769 MB is one vCPU), and shows durations, cost and a recommendation. Cold starts are left out.
The function itself is not touched: temporary copies of it run, and are removed afterwards, on Ctrl-C
too; what a killed sweep left behind the next one removes. Copies have names and log groups of their own;
what the code does, it does for real, once per run.

  cloudlet tune Resize --event event.json
  cloudlet tune Resize --event event.json --memory 512,1024,1769 --runs 50 --chart resize.svg
  cloudlet tune Checkout --qualifier live --data '{"id": 7}' --json

Balanced is the size with the least sum of cost and duration, each as a share of its largest value.`,
  options: {
    ...REMOTE_OPTIONS,
    ...EVENT_OPTIONS,
    qualifier: { type: 'string', value: 'NAME', about: 'a version number or an alias' },
    memory: { type: 'string', value: 'MB,…', about: 'memory sizes', default: '128,256,512,1024,1769,3008' },
    runs: { type: 'string', value: 'N', about: 'warm runs per size', default: '20' },
    parallel: { type: 'boolean', about: 'all runs of a size at once: faster, but they compete for this machine' },
    chart: { type: 'string', value: 'FILE', about: 'write a chart as SVG' },
  },
  positionals: 1,
  async run(args, terminal) {
    const [name] = args.positionals;
    if (name === undefined) throw usageError(tune, 'which function?');
    const memories = readNumbers(args, 'memory', MEMORY);
    const plan = {
      runs: readNumber(args, 'runs', RUNS),
      parallel: args.flag('parallel'),
      payload: await readEvent(args),
    };
    const connection = await connect(args);
    const functionName = await findFunction(new LambdaClient(connection.clientSettings), name);
    const { signal, stopListening } = abortOnSignals();
    const copies = createCopies(connection);
    let original: Original | undefined;
    try {
      await copies.removeStale();
      original = await readOriginal(connection, functionName, args.text('qualifier'));
      const sweep = createSweep({ connection, copies, original, plan, signal });
      const tuned = await runSweep({ functionName, original, sweep, memories, runs: plan.runs, terminal, connection });
      await report(tuned, args, terminal);
    } catch (error) {
      if (!signal.aborted) throw error;
      terminal.say('interrupted; removing the copies…');
      process.exitCode = INTERRUPTED;
    } finally {
      await Promise.all([copies.removeAll(), original?.release()]);
      stopListening();
    }
  },
};

/** The first signal ends the sweep in order, the second at once. */
function abortOnSignals(): { signal: AbortSignal; stopListening: () => void } {
  const controller = new AbortController();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(INTERRUPTED);
    controller.abort();
  };
  for (const signal of signals) process.on(signal, stop);
  return {
    signal: controller.signal,
    stopListening() {
      for (const signal of signals) process.off(signal, stop);
    },
  };
}

interface Tuning {
  readonly functionName: string;
  readonly original: Original;
  readonly sweep: Sweep;
  readonly memories: readonly number[];
  readonly runs: number;
  readonly terminal: Terminal;
  readonly connection: Connection;
}

interface Tuned {
  readonly function: string;
  readonly region: string;
  readonly architecture: Architecture;
  readonly currentMemoryMb: number | undefined;
  readonly results: readonly MemoryResult[];
  readonly failed: readonly FailedMemory[];
  readonly recommendation: Recommendation;
  /** Whether functions get the processor by memory here; absent when the cloud does not say. */
  readonly cpuByMemory?: boolean;
  /** The machine's load per processor when the sweep began; absent when the cloud is elsewhere. */
  readonly busyness?: number;
  /** Date of the price list. */
  readonly prices: string;
}

async function runSweep(tuning: Tuning): Promise<Tuned> {
  const { functionName, original, sweep, terminal, connection } = tuning;
  const cpuByMemory = await boundsProcessor(connection);
  const pricing = pricingOf(original, connection.region);
  const busyness = readBusyness(connection.endpoint);
  const results: MemoryResult[] = [];
  const failed: FailedMemory[] = [];
  for (const [i, memoryMb] of tuning.memories.entries()) {
    const what = `${memoryMb} MB (${i + 1} of ${tuning.memories.length})`;
    const progress = terminal.progress(what);
    try {
      const measured = await sweep.measure(memoryMb, (warmRuns) => {
        progress.update(`${what}: run ${warmRuns} of ${tuning.runs}`);
      });
      if ('error' in measured) {
        failed.push(measured);
        progress.fail(`${memoryMb} MB: ${measured.error}`);
        continue;
      }
      const result = evaluateMemory(measured, pricing);
      results.push(result);
      progress.done(`${memoryMb} MB: p50 ${result.p50Ms} ms`);
    } catch (error) {
      progress.fail(`${memoryMb} MB`);
      throw error;
    }
  }
  if (results.length === 0) {
    throw new UserError('ERR_TUNE', `${functionName} failed at every memory size`, {
      where: failed[0]?.error ?? '',
      fix: 'try the event with `cloudlet invoke` first',
    });
  }
  return {
    function: functionName,
    region: pricing.region,
    architecture: pricing.architecture,
    currentMemoryMb: original.configuration.MemorySize,
    results,
    failed,
    recommendation: recommend(results),
    ...(cpuByMemory === undefined ? {} : { cpuByMemory }),
    ...(busyness === undefined ? {} : { busyness }),
    prices: PRICE_LIST_PUBLISHED,
  };
}

/** What the cloud says of the limits it sets on functions. */
async function boundsProcessor(connection: Connection): Promise<boolean | undefined> {
  const { isolation } = (await connection.control('health')) as { isolation?: { limits?: readonly string[] } };
  return isolation?.limits?.includes('cpu');
}

function readBusyness(endpoint: string): number | undefined {
  const isHere = ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(endpoint).hostname);
  return isHere ? Math.round(((loadavg()[0] ?? 0) / availableParallelism()) * 100) / 100 : undefined;
}

function pricingOf({ configuration }: Original, region: string): Pricing {
  return {
    region,
    architecture: configuration.Architectures?.[0] === 'arm64' ? 'arm64' : 'x86_64',
    ephemeralStorageMb: configuration.EphemeralStorage?.Size ?? 512,
  };
}

async function report(tuned: Tuned, args: Arguments, terminal: Terminal): Promise<void> {
  const chart = args.text('chart');
  if (chart !== undefined) {
    try {
      await writeFile(chart, drawTuningChart(tuned.function, tuned.results));
    } catch (error) {
      throw new UserError('ERR_TUNE', 'the chart cannot be written', { where: chart, cause: error });
    }
  }
  terminal.result({ ...tuned, ...(chart === undefined ? {} : { chart }) }, describe(tuned));
  if (chart !== undefined) terminal.say(`chart: ${chart}`);
}

function describe(tuned: Tuned): string {
  const { results, recommendation, currentMemoryMb, cpuByMemory, busyness = 0 } = tuned;
  const marks = (memoryMb: number): string =>
    [
      ...(memoryMb === recommendation.cheapestMb ? ['cheapest'] : []),
      ...(memoryMb === recommendation.fastestMb ? ['fastest'] : []),
      ...(memoryMb === recommendation.balancedMb ? ['balanced'] : []),
      ...(memoryMb === currentMemoryMb ? ['as it is now'] : []),
    ].join(', ');
  const rows = results.map((result) => [
    String(result.memoryMb),
    result.p50Ms.toFixed(2),
    result.p95Ms.toFixed(2),
    result.initP50Ms?.toFixed(0) ?? '-',
    String(result.maxMemoryUsedMb),
    `$${result.usdPerMillion.toFixed(2)}`,
    marks(result.memoryMb),
  ]);
  const head = ['MB', 'p50 ms', 'p95 ms', 'init ms', 'used MB', 'per million', ''];
  const notes = [
    `${tuned.function}, ${tuned.architecture}, ${tuned.region}; list prices of ${tuned.prices}, requests included.`,
    ...(cpuByMemory === false
      ? ['Functions have the whole processor here whatever their memory, so durations say nothing about AWS:\n' +
          'the sandbox with control groups is needed (`cloudlet status` tells what is missing).']
      : []),
    ...(busyness > BUSY
      ? [`This machine is busy with other things (load ${busyness} per processor): durations are too long.`]
      : []),
  ];
  return `${formatTable(head, rows, { right: [0, 1, 2, 3, 4, 5] })}\n\n${notes.join('\n')}`;
}
