// Measures the cloud as it is built in dist/, beside a bare node:http server under the same load.
//   npm run bench -- [--only getitem,invoke] [--seconds 4] [--json]
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { ENGINE_PARTS } from './engine.ts';
import { FUNCTIONS, createFunction, invoking, timeColdStart } from './functions.ts';
import { type LargeTable, measureLargeTable } from './large-table.ts';
import { type LoadOptions, type LoadResult, compareLoads, median } from './load.ts';
import { type Failure, type Figure, printFigure, writeResults } from './report.ts';
import { type ServerProcess, measureMemory, startServer } from './server-process.ts';
import type { Workload } from './workload.ts';
import { WORKLOADS } from './workloads.ts';

const ROOT = resolve(dirname(process.argv[1] ?? ''), '..');
const CLI = join(ROOT, 'dist', 'cli.js');
const CONNECTIONS = 32;
const INVOKE_CONNECTIONS = 8;
const STARTS = 7;
const COLD_STARTS = 12;
const CLOUDS = 15;
const IDLE_AFTER_MS = 2000;
const LARGE_TABLE_ITEMS = 1_000_000;
// About what GetItem answers, so that both servers move the same bytes.
const BARE_ANSWER = JSON.stringify({ Item: { id: { S: 'user-1' }, text: { S: 'x'.repeat(150) } } });

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    seconds: { type: 'string', default: '4' },
    json: { type: 'boolean', default: false },
  },
});
const seconds = Number(options.seconds);
const only = options.only?.split(',');
const figures: Figure[] = [];
const failures: Failure[] = [];

function add(figure: Figure): void {
  figures.push(figure);
  if (!options.json) printFigure(figure);
}

/** Runs a part that was asked for; one that fails does not end the others. */
async function part(id: string, measure: () => Promise<void>): Promise<void> {
  if (only !== undefined && !only.includes(id)) return;
  try {
    await measure();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    failures.push({ name: id, error: message });
    if (!options.json) console.log(`${id.padEnd(38)}  FAILED  ${message.slice(0, 300)}`);
  }
}

async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'cloudlet-bench-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function withCloud<T>(use: (cloud: ServerProcess) => Promise<T>): Promise<T> {
  return withFolder((folder) => withCloudOn(folder, use));
}

async function withCloudOn<T>(
  folder: string,
  use: (cloud: ServerProcess) => Promise<T>,
): Promise<T> {
  const cloud = await startServer([CLI, 'start', '--port', '0', '--data', folder, '--json']);
  try {
    return await use(cloud);
  } finally {
    await cloud.stop();
  }
}

async function measureStart(): Promise<void> {
  const readyMs: number[] = [];
  for (let at = 0; at < STARTS; at++) readyMs.push(await withCloud(async (cloud) => cloud.readyMs));
  add({
    name: 'process start to ready, empty data',
    value: median(readyMs),
    unit: 'ms',
    goal: { value: 250, atMost: true },
    note: `median of ${STARTS}, worst ${Math.max(...readyMs).toFixed(0)}`,
  });
  const memory = await withCloud(async (cloud) => {
    await sleep(IDLE_AFTER_MS);
    return measureMemory(cloud.pid);
  });
  if (memory === undefined) return;
  add({
    name: 'idle memory',
    value: memory.megabytes,
    unit: 'MB',
    goal: { value: 120, atMost: true },
    note: `${memory.processes} processes`,
  });
}

/** What the bare server is asked: a POST of about the size of a small operation's. */
const BARE_BODY = 'x'.repeat(60);

/** With a number for a path the bare server answers so many bytes. */
function bareRequest(answerBytes: number | undefined): Buffer {
  return Buffer.from(
    `POST /${answerBytes ?? ''} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${BARE_BODY.length}\r\n\r\n${BARE_BODY}`,
  );
}

interface Compared {
  readonly measured: LoadResult;
  readonly bare: LoadResult;
}

type Compare = (load: LoadOptions, answerBytes?: number) => Promise<Compared>;

/** Runs loads by turns with the bare server, which stays for the whole benchmark. */
async function withBare<T>(use: (compare: Compare) => Promise<T>): Promise<T> {
  const server = await startServer([join(ROOT, 'bench', 'bare-server.mjs'), BARE_ANSWER]);
  try {
    return await use(async (load, answerBytes) => {
      const request = bareRequest(answerBytes);
      const yardstick: LoadOptions = {
        server,
        connections: load.connections,
        scenario: async (connection) => void (await connection.send(request)),
      };
      const { measured, yardstick: bare } = await compareLoads(
        { measured: load, yardstick },
        seconds,
      );
      return { measured, bare };
    });
  } finally {
    await server.stop();
  }
}

function addLoad(name: string, { measured, bare }: Compared, goal?: Workload['goal']): void {
  const { perSecond, p50Ms, p99Ms, connections, cpuMicros } = measured;
  if (goal?.bareRoundTrips !== undefined) {
    add({
      name: `${name}, p50`,
      value: p50Ms,
      unit: 'ms',
      goal: { value: goal.bareRoundTrips * bare.p50Ms, atMost: true },
      bare: `bare ${bare.p50Ms.toFixed(3)} ms`,
      note: `p99 ${p99Ms.toFixed(2)} ms`,
    });
    return;
  }
  const fromBare = goal?.bareRatio === undefined ? undefined : goal.bareRatio * bare.perSecond;
  const atLeast = goal?.perSecond ?? fromBare;
  add({
    name,
    value: perSecond,
    unit: '/s',
    ...(atLeast === undefined ? {} : { goal: { value: atLeast, atMost: false } }),
    bare: `${(perSecond / bare.perSecond).toFixed(2)} of bare ${Math.round(bare.perSecond)}/s`,
    note:
      `p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms, ${connections} connections, ` +
      `cpu ${cpuMicros?.toFixed(0)} µs (bare ${bare.cpuMicros?.toFixed(0)})`,
  });
}

async function measureWorkloads(compare: Compare): Promise<void> {
  for (const workload of WORKLOADS) {
    await part(workload.id, () =>
      withCloud(async (server) => {
        const scenario = await workload.prepare(server.endpoint);
        const { name, goal, answerBytes, connections = CONNECTIONS } = workload;
        addLoad(name, await compare({ server, connections, scenario }, answerBytes), goal);
      }),
    );
  }
}

async function measureInvokes(compare: Compare): Promise<void> {
  await withCloud(async (server) => {
    const { endpoint, pid } = server;
    for (const made of FUNCTIONS) {
      const lambda = await createFunction(endpoint, made);
      const scenario = invoking(endpoint, made);
      const { measured, bare } = await compare({ server, connections: 1, scenario });
      add({
        name: `invoke ${made.runtime}, warm, p50`,
        value: measured.p50Ms,
        unit: 'ms',
        goal: { value: 4 * bare.p50Ms + 1, atMost: true },
        bare: `bare ${bare.p50Ms.toFixed(3)} ms`,
        note: `p99 ${measured.p99Ms.toFixed(2)} ms, 1 connection`,
      });
      const many = await compare({ server, connections: INVOKE_CONNECTIONS, scenario });
      addLoad(`invoke ${made.runtime}, warm`, many);
      const coldMs: number[] = [];
      for (let round = 0; round < COLD_STARTS; round++)
        coldMs.push(await timeColdStart(lambda, made, round));
      lambda.destroy();
      add({
        name: `invoke ${made.runtime}, cold, p50`,
        value: median(coldMs),
        unit: 'ms',
        note: `worst of ${COLD_STARTS}: ${Math.max(...coldMs).toFixed(1)} ms, SDK client included`,
      });
    }
    const memory = await measureMemory(pid);
    if (memory === undefined) return;
    add({
      name: 'memory after the invocations',
      value: memory.megabytes,
      unit: 'MB',
      note: `${memory.processes} processes`,
    });
  });
}

/** Empty and large in turn: what the second has more of grows with the table. */
async function measureLargeTables(): Promise<void> {
  const empty = await withCloud((server) => measureLargeTable(server, { items: 0 }));
  await withFolder(async (folder) => {
    const filled = await withCloudOn(folder, async (server) => ({
      readyMs: server.readyMs,
      ...(await measureLargeTable(server, { items: LARGE_TABLE_ITEMS })),
    }));
    const reopenedMs = await withCloudOn(folder, async ({ readyMs }) => readyMs);
    addLargeTable(empty, filled, reopenedMs);
  });
}

type Filled = LargeTable & Pick<ServerProcess, 'readyMs'>;

function addLargeTable(empty: LargeTable, filled: Filled, reopenedMs: number): void {
  const name = `${LARGE_TABLE_ITEMS.toLocaleString('en')} items`;
  const atMost = true;
  add({
    name: `${name}: load`,
    value: filled.loadedPerSecond,
    unit: '/s',
    goal: { value: 10_000, atMost: false },
    note: 'items of 300 bytes by BatchWriteItem of 25, durable',
  });
  add({
    name: `${name}: GetItem, p50`,
    value: filled.getP50Ms,
    unit: 'ms',
    goal: { value: 1.3 * empty.getP50Ms, atMost },
    note: `of an almost empty table ${empty.getP50Ms.toFixed(2)} ms`,
  });
  add({
    name: `${name}: Query page of 1 MB, p50`,
    value: filled.pageP50Ms,
    unit: 'ms',
    goal: { value: 15, atMost },
  });
  add({
    name: `${name}: process start to ready`,
    value: reopenedMs,
    unit: 'ms',
    goal: { value: filled.readyMs + 100, atMost },
    note: `with empty data ${filled.readyMs.toFixed(0)} ms`,
  });
  if (filled.ownMemoryMb === undefined) return;
  add({
    name: `${name}: own memory after the load`,
    value: filled.ownMemoryMb,
    unit: 'MB',
    note: `of a cloud that only read an almost empty table ${empty.ownMemoryMb?.toFixed(0)} MB`,
  });
}

interface TestCloud {
  fork(): Promise<TestCloud>;
  close(): Promise<void>;
}

async function measureTestClouds(): Promise<void> {
  const { createCloud } = (await import(pathToFileURL(join(ROOT, 'dist', 'testing.js')).href)) as {
    createCloud: () => Promise<TestCloud>;
  };
  const time = async (make: () => Promise<TestCloud>): Promise<number> => {
    const startMs = performance.now();
    const cloud = await make();
    const tookMs = performance.now() - startMs;
    await cloud.close();
    return tookMs;
  };
  const firstMs = await time(createCloud);
  const createMs: number[] = [];
  for (let at = 0; at < CLOUDS; at++) createMs.push(await time(createCloud));
  add({
    name: 'createCloud() after the first',
    value: median(createMs),
    unit: 'ms',
    goal: { value: 25, atMost: true },
    note: `the first ${firstMs.toFixed(0)} ms, worst ${Math.max(...createMs).toFixed(1)}`,
  });
  const origin = await createCloud();
  const forkMs: number[] = [];
  for (let at = 0; at < CLOUDS; at++) forkMs.push(await time(() => origin.fork()));
  await origin.close();
  add({
    name: 'fork()',
    value: median(forkMs),
    unit: 'ms',
    goal: { value: 10, atMost: true },
    note: `worst ${Math.max(...forkMs).toFixed(1)}`,
  });
}

/** Deploys the example twice, each time into an empty cloud: the first builds what is missing. */
async function measureDeploy(): Promise<void> {
  const example = join(ROOT, 'examples', 'user-service');
  const tookMs: number[] = [];
  for (let round = 0; round < 2; round++) {
    await withCloud(async ({ endpoint }) => {
      const startMs = performance.now();
      await runCli(['deploy', example, '--endpoint', endpoint, '--json']);
      tookMs.push(performance.now() - startMs);
    });
  }
  add({
    name: 'deploy of examples/user-service',
    value: tookMs[1] ?? Number.NaN,
    unit: 'ms',
    goal: { value: 3000, atMost: true },
    note: `whole command, handlers bundled again; the first ${tookMs[0]?.toFixed(0)} ms`,
  });
}

async function runCli(args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const code = await new Promise<number | null>((done, reject) => {
    child.on('error', reject);
    child.on('close', done);
  });
  if (code !== 0) throw new Error(`cloudlet ${args[0]} ended with ${code}: ${output.slice(-1000)}`);
}

if (!existsSync(CLI)) throw new Error(`${CLI} is missing: run \`npm run build\` first`);
await part('start', measureStart);
await withBare(async (compare) => {
  await measureWorkloads(compare);
  await part('invoke', () => measureInvokes(compare));
});
for (const [id, measure] of Object.entries(ENGINE_PARTS)) await part(id, () => measure(add));
await part('large', measureLargeTables);
await part('testing', measureTestClouds);
await part('deploy', measureDeploy);
const file = await writeResults(join(ROOT, 'bench', 'results'), figures, failures);
if (options.json) console.log(JSON.stringify({ figures, failures, file }));
else console.log(`\nwritten to ${file}`);
if (failures.length > 0) process.exitCode = 1;
