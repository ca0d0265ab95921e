// The engine by itself: cold starts in the sandbox beside a plain spawn of the same handler, warm
// overhead, throughput, a burst, and what idle environments take of memory.
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { ZipFile } from 'yazl';
import type { FunctionDefinition, FunctionRunner } from '../src/base/function-runner.ts';
import { seededRandom } from '../src/base/random.ts';
import { createEngine } from '../src/engine/engine.ts';
import { median } from './load.ts';
import type { Figure } from './report.ts';

type Files = Readonly<Record<string, string | Buffer>>;

interface ColdCase {
  readonly name: string;
  readonly goalMs: number;
  readonly runtime: 'nodejs20.x' | 'python3.11';
  readonly files: () => Files;
  readonly snapStart?: true;
  /** Until the next one is booted ahead. */
  readonly pauseMs: number;
}

const RUNS = 100;
const PLAIN_RUNS = 15;
const NOW_JS = 'const now = () => performance.timeOrigin + performance.now();';
const SDK_JS = `import { DynamoDBClient } from '@aws-sdk/client-dynamodb';\nimport { S3Client } from '@aws-sdk/client-s3';\nnew DynamoDBClient({ region: 'us-east-1' }); new S3Client({ region: 'us-east-1' });\n`;
const HELLO_JS = `${NOW_JS}\nif (process.env.PLAIN) console.log(now());\nexport const handler = async () => now();\n`;
const HELLO_PY = 'import os, time\nif "PLAIN" in os.environ: print(time.time() * 1000, flush=True)\ndef handler(event, context): return time.time() * 1000\n';
const BOTO_PY = `import boto3\nclient = boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")\n${HELLO_PY}`;

const COLD_CASES: readonly ColdCase[] = [
  { name: 'cold Node.js hello', goalMs: 15, runtime: 'nodejs20.x', files: () => ({ 'index.mjs': HELLO_JS }), pauseMs: 250 },
  {
    name: 'cold Node.js, own un-bundled SDK',
    goalMs: 60,
    runtime: 'nodejs20.x',
    files: () => ({ 'index.mjs': SDK_JS + HELLO_JS, ...packagesWith(['@aws-sdk/client-dynamodb', '@aws-sdk/client-s3']) }),
    pauseMs: 300,
  },
  { name: 'cold Node.js, provided SDK', goalMs: 15, runtime: 'nodejs20.x', files: () => ({ 'index.mjs': SDK_JS + HELLO_JS }), pauseMs: 500 },
  { name: 'cold Python hello', goalMs: 10, runtime: 'python3.11', files: () => ({ 'index.py': HELLO_PY }), pauseMs: 150 },
  { name: 'cold Python, boto3 client', goalMs: 80, runtime: 'python3.11', files: () => ({ 'index.py': BOTO_PY }), pauseMs: 200 },
  { name: 'SnapStart Python, boto3 client', goalMs: 10, runtime: 'python3.11', files: () => ({ 'index.py': BOTO_PY }), snapStart: true, pauseMs: 150 },
];

type Add = (figure: Figure) => void;

/** Parts of the benchmark by their ids. */
export const ENGINE_PARTS: Readonly<Record<string, (add: Add) => Promise<void>>> = {
  async 'engine-cold'(add) {
    for (const each of COLD_CASES) {
      // Restored environments are not to be used again: they end at once.
      const idle = each.snapStart ? { idleTimeoutMs: 20 } : {};
      await withEngine(each.name, (bench) => measureCold(each, bench, add), idle);
    }
  },
  'engine-warm': (add) => withEngine('warm', (bench) => measureWarm(bench, add)),
  'engine-burst': (add) => withEngine('burst', (bench) => measureBurst(bench, add)),
  async 'engine-memory'(add) {
    for (const [runtime, count] of [['python3.11', 1000], ['nodejs20.x', 100]] as const) {
      await withEngine('memory', (bench) => measureIdleMemory(bench, { runtime, count, add }));
    }
  },
};

interface Bench {
  readonly engine: FunctionRunner;
  readonly make: (files: Files, options: Partial<FunctionDefinition>) => Promise<FunctionDefinition>;
}

async function withEngine(
  name: string,
  use: (bench: Bench) => Promise<void>,
  options: { readonly idleTimeoutMs?: number } = {},
): Promise<void> {
  const workDir = mkdtempSync(join(tmpdir(), 'cloudlet-bench-engine-'));
  const engine = createEngine({
    workDir,
    logs: { write: async () => {} },
    endpoint: () => 'http://127.0.0.1:4566',
    random: seededRandom(1),
    isolation: 'sandbox',
    maxConcurrency: 1200,
    ...options,
  });
  try {
    await use({ engine, make: (files, options) => define(files, { name: name.replaceAll(/\W+/g, '-'), ...options }) });
  } finally {
    await engine.close();
    await rm(workDir, { recursive: true, force: true });
  }
}

async function define(files: Files, options: Partial<FunctionDefinition>): Promise<FunctionDefinition> {
  const zip = new ZipFile();
  for (const [path, content] of Object.entries(files)) zip.addBuffer(Buffer.from(content), path);
  zip.end();
  const bytes = await buffer(zip.outputStream);
  const sha256 = createHash('sha256').update(bytes).digest('base64');
  const name = options.name ?? 'bench';
  return {
    key: `${name}/0`,
    arn: `arn:aws:lambda:us-east-1:000000000000:function:${name}`,
    name,
    version: '$LATEST',
    account: '000000000000',
    region: 'us-east-1',
    runtime: 'nodejs20.x',
    handler: 'index.handler',
    code: { sha256, read: async () => bytes },
    layers: [],
    environment: {},
    memoryMb: 1769,
    timeoutMs: 60_000,
    ephemeralStorageMb: 512,
    architecture: 'x86_64',
    logGroup: `/aws/lambda/${name}`,
    ...options,
  };
}

let invocations = 0;

async function invoke(engine: FunctionRunner, definition: FunctionDefinition, event: unknown = {}): Promise<unknown> {
  invocations += 1;
  const requestId = `00000000-0000-4000-8000-${String(invocations).padStart(12, '0')}`;
  const payload = Buffer.from(JSON.stringify(event));
  const result = await engine.invoke(definition, { requestId, payload, invokedArn: definition.arn });
  if (definition.snapStart && result.restoreDurationMs === undefined) throw new Error('not restored anew');
  const text = Buffer.from(result.payload).toString();
  if (result.error !== undefined) throw new Error(`the function failed: ${text} ${result.logTail}`);
  return JSON.parse(text);
}

/** From `invoke` to the first line of the handler, in an environment of its own each time. */
async function measureCold(each: ColdCase, { engine, make }: Bench, add: Add): Promise<void> {
  const files = each.files();
  const made = await make(files, { runtime: each.runtime, ...(each.snapStart ? { snapStart: true } : {}) });
  const took: number[] = [];
  if (each.snapStart) await engine.snapshot(made);
  // The first ones unpack the code and fill the pools.
  for (let round = -5; round < RUNS; round += 1) {
    const definition = each.snapStart ? made : { ...made, key: `${made.name}/${round}` };
    const startedAt = performance.timeOrigin + performance.now();
    const reachedAt = Number(await invoke(engine, definition));
    if (round >= 0) took.push(reachedAt - startedAt);
    if (!each.snapStart) await engine.retire(definition.key);
    await sleep(each.pauseMs);
  }
  const plainMs = await measurePlain(each, files);
  add({
    name: each.name,
    value: median(took),
    unit: 'ms',
    goal: { value: each.goalMs, atMost: true },
    bare: `plain spawn ${plainMs.toFixed(1)} ms`,
    note: `median of ${took.length}, least ${Math.min(...took).toFixed(1)}, load ${loadavg()[0]?.toFixed(1)}`,
  });
}

/** From the spawn of an interpreter with the same file to the handler's definition. */
async function measurePlain(each: ColdCase, files: Files): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'cloudlet-plain-'));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  if (!existsSync(join(folder, 'node_modules'))) symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
  const file = join(folder, Object.keys(files).find((name) => name.startsWith('index.')) ?? '');
  const interpreter = each.runtime === 'python3.11' ? await findPython(each.runtime) : process.execPath;
  const env = { PATH: process.env['PATH'], PLAIN: '1', NODE_NO_WARNINGS: '1' };
  const took: number[] = [];
  for (let run = 0; run < PLAIN_RUNS; run += 1) {
    const startedAt = performance.timeOrigin + performance.now();
    const child = spawn(interpreter, [file], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    took.push(Number((await buffer(child.stdout)).toString()) - startedAt);
  }
  await rm(folder, { recursive: true, force: true });
  return median(took);
}

/** The interpreter itself: what version managers put on PATH is a script. */
function findPython(name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(name, ['-c', 'import sys; print(sys.executable)'], (error, out) => (error ? reject(error) : resolve(out.trim())));
  });
}

async function measureWarm({ engine, make }: Bench, add: Add): Promise<void> {
  const source = 'exports.handler = async (e) => { if (e.waitMs) await new Promise((r) => setTimeout(r, e.waitMs)); return e; };';
  const definition = await make({ 'index.js': source }, { memoryMb: 1769 });
  for (let at = 0; at < 2000; at += 1) await invoke(engine, definition);
  const took: number[] = [];
  for (let at = 0; at < 5000; at += 1) {
    const startedAt = performance.now();
    await invoke(engine, definition);
    took.push(performance.now() - startedAt);
  }
  add({ name: 'warm invoke, one environment, p50', value: median(took), unit: 'ms', goal: { value: 0.25, atMost: true }, note: `5,000 runs, load ${loadavg()[0]?.toFixed(1)}` });
  await Promise.all(Array.from({ length: 10 }, () => invoke(engine, definition, { waitMs: 1500 })));
  const forMs = 5000;
  let done = 0;
  const from = performance.now();
  const run = async (): Promise<void> => {
    while (performance.now() - from < forMs) {
      await invoke(engine, definition);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: 10 }, run));
  const perSecond = done / ((performance.now() - from) / 1000);
  add({ name: 'warm invokes, 10 environments', value: perSecond, unit: '/s', goal: { value: 8000, atMost: false }, note: `load ${loadavg()[0]?.toFixed(1)}` });
}

async function measureBurst({ engine, make }: Bench, add: Add): Promise<void> {
  for (const [runtime, file, source] of [
    ['nodejs20.x', 'index.js', 'exports.handler = async (e) => { await new Promise((r) => setTimeout(r, 1000)); return e.n; };'],
    ['python3.11', 'index.py', 'import time\ndef handler(e, c):\n  time.sleep(1)\n  return e["n"]\n'],
  ] as const) {
    const definition = await make({ [file]: source }, { runtime, memoryMb: 128, key: `burst/${runtime}` });
    const startedAt = performance.now();
    const answers = await Promise.all(Array.from({ length: 500 }, (_, n) => invoke(engine, definition, { n })));
    const lost = answers.filter((answer, n) => answer !== n).length;
    add({ name: `burst of 500, ${runtime}, lost`, value: lost, unit: '', goal: { value: 0, atMost: true }, note: `all answered after ${((performance.now() - startedAt) / 1000).toFixed(1)} s, each takes 1 s` });
    await engine.retire(definition.key);
  }
}

interface IdleMemory {
  readonly runtime: 'nodejs20.x' | 'python3.11';
  readonly count: number;
  readonly add: Add;
}

async function measureIdleMemory({ engine, make }: Bench, { runtime, count, add }: IdleMemory): Promise<void> {
  const definition = await make(
    { 'index.js': 'exports.handler = async () => 1;', 'index.py': 'def handler(e, c): return 1\n' },
    { runtime, memoryMb: 128 },
  );
  await invoke(engine, definition);
  await sleep(2000);
  const before = availableMb();
  await engine.provision(definition, count);
  await sleep(3000);
  const usedMb = before - availableMb();
  const pssMb = proportionalMb();
  add({ name: `${count} idle environments, ${runtime}`, value: Math.max(usedMb, pssMb), unit: 'MB', goal: { value: 3072, atMost: true }, note: `of the machine's memory ${usedMb.toFixed(0)}, PSS of the processes ${pssMb.toFixed(0)}` });
}

function availableMb(): number {
  return Number(/MemAvailable:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]) / 1024;
}

/** Of all processes below this one. */
function proportionalMb(): number {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(/^\d+ \(.*\) \S (\d+)/s.exec(readOr(`/proc/${name}/stat`))?.[1]);
    parents.set(Number(name), parent);
  }
  const isOurs = (pid: number | undefined): boolean => pid !== undefined && pid > 1 && (parents.get(pid) === process.pid || isOurs(parents.get(pid)));
  let kilobytes = 0;
  for (const pid of parents.keys()) {
    if (isOurs(pid)) kilobytes += Number(/^Pss:\s+(\d+)/m.exec(readOr(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);
  }
  return kilobytes / 1024;
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** The packages and all they need, from our own node_modules. */
function packagesWith(names: readonly string[]): Files {
  const files: Record<string, Buffer> = {};
  const seen = new Set<string>();
  const take = (name: string): void => {
    const folder = join(process.cwd(), 'node_modules', name);
    if (seen.has(name) || !existsSync(folder)) return;
    seen.add(name);
    for (const path of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const full = join(path.parentPath, path.name);
      if (path.isFile() && /\.(c?js|mjs|json)$/.test(path.name)) files[full.slice(process.cwd().length + 1)] = readFileSync(full);
    }
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { dependencies?: Record<string, string> };
    for (const dependency of Object.keys(manifest.dependencies ?? {})) take(dependency);
  };
  for (const name of names) take(name);
  return files;
}
