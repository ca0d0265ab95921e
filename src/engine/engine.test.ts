// The engine's life: phases, limits, reuse, scaling, time, notices, and what is left behind.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { createEngine } from './engine.ts';
import { codeOf, createHarness, type Files, isAlive, type Outcome } from './engine-harness.ts';

const harness = createHarness();
afterAll(() => harness[Symbol.asyncDispose]());

/** REPORT's fields between Max Memory Used and the price, which comes last. */
function reportEnd(result: Outcome): string {
  return /Max Memory Used: \d+ MB\t(.*)Price: 0\.\d{12} USD\t\n$/.exec(result.logTail)?.[1] ?? 'no REPORT';
}

describe('limits', () => {
  test('a function that takes too long is ended', async () => {
    const definition = await harness.define(
      { 'index.js': 'let n = 0; exports.handler = async () => { n += 1; console.log("n", n); await new Promise((r) => setTimeout(r, 60000)); };' },
      { timeoutMs: 300 },
    );
    const result = await harness.invoke(definition, {}, { requestId: 'r-slow' });
    // AWS: floci-io/floci#3314, seek-oss/aws-codedeploy-hooks 2.1.3 (recorded)
    expect(result.text).toBe('{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: r-slow Error: Task timed out after 0.30 seconds"}');
    expect(result.error).toBe('Unhandled');
    expect([result.durationMs, reportEnd(result)]).toEqual([300, 'Init Duration: ' + result.initDurationMs?.toFixed(2) + ' ms\tStatus: timeout\t']);
    expect(result.logTail).toMatch(/\n\d{4}-\d\d-\d\dT[\d:.]+Z r-slow Task timed out after 0\.30 seconds\n\nEND RequestId: r-slow\nREPORT /);
    // The environment is gone: the next invocation starts anew.
    expect((await harness.invoke(definition)).logTail).toMatch(/\tn 1\n/);
  });

  test('the timeout also ends a busy loop', async () => {
    const definition = await harness.define({ 'index.js': 'exports.handler = async () => { for (;;); };' }, { timeoutMs: 200 });
    expect((await harness.invoke(definition)).json).toMatchObject({ errorType: 'Sandbox.Timedout' });
  });

  test('a function that uses too much memory is killed', async () => {
    const definition = await harness.define(
      { 'index.js': 'exports.handler = async () => { const all = []; for (;;) { all.push(Buffer.alloc(8e6, 1)); await new Promise((r) => setTimeout(r, 5)); } };' },
      { memoryMb: 128 },
    );
    const result = await harness.invoke(definition, {}, { requestId: 'r-fat' });
    expect(result.text).toBe('{"errorType":"Runtime.OutOfMemory","errorMessage":"RequestId: r-fat Error: Runtime exited with error: signal: killed"}');
    expect(result.maxMemoryMb).toBe(128);
    expect(reportEnd(result)).toContain('Status: error\tError Type: Runtime.OutOfMemory\t');
  });

  test('a response of more than 6 MB is refused, and the environment goes on', async () => {
    const definition = await harness.define({ 'index.js': 'let n = 0; exports.handler = async (e) => { n += 1; return e.big ? "x".repeat(7340058) : n; };' });
    // AWS: aws/aws-lambda-dotnet, CustomRuntimeTests (TooLargeResponseBodyAsync)
    expect((await harness.invoke(definition, { big: true })).json).toEqual({
      errorType: 'Function.ResponseSizeTooLarge',
      errorMessage: 'Response payload size (7340060 bytes) exceeded maximum allowed payload size (6291556 bytes).',
    });
    expect((await harness.invoke(definition)).json).toBe(2);
  });
});

describe('exits', () => {
  // AWS: floci-io/floci#3314, langfuse/langfuse#17238, aws/aws-lambda-dotnet#480 (recorded)
  test.each([
    ['process.exit(3)', 'exit status 3', 'with error: exit status 3'],
    ['process.exit(0)', 'no reason', 'without providing a reason'],
    ['process.kill(process.pid, "SIGSEGV")', 'signal', 'with error: signal: segmentation fault'],
    ['process.abort()', 'abort', 'with error: signal: aborted'],
  ])('%s', async (statement, _title, reason) => {
    const definition = await harness.define({ 'index.js': `exports.handler = async () => { console.log("last words"); ${statement}; await new Promise(() => setTimeout(() => {}, 9000)); };` });
    const result = await harness.invoke(definition, {}, { requestId: 'r-x' });
    const text = `RequestId: r-x Error: Runtime exited ${reason}`;
    expect(result.json).toEqual({ errorType: 'Runtime.ExitError', errorMessage: text });
    expect(result.logTail).toContain('last words');
    expect(result.logTail).toContain(`\n${text}\nRuntime.ExitError\nEND RequestId: r-x\n`);
  });

  test('an unhandled rejection ends the environment', async () => {
    const definition = await harness.define({ 'index.js': 'let n = 0; exports.handler = (e, c, cb) => { n += 1; if (e.ok) return cb(null, n); Promise.reject(new Error("x")); setTimeout(() => {}, 5000); };' });
    expect((await harness.invoke(definition)).json).toMatchObject({ errorType: 'Runtime.UnhandledPromiseRejection' });
    expect((await harness.invoke(definition, { ok: true })).json).toBe(1);
  });
});

describe('init', () => {
  test('a failed init is repeated inside the invocation, with both in the log', async () => {
    const definition = await harness.define({ 'index.js': 'console.log("trying"); throw new Error("no start");' });
    const result = await harness.invoke(definition, {}, { requestId: 'r-init' });
    expect(result.json).toMatchObject({ errorType: 'Error', errorMessage: 'no start' });
    expect(result.initDurationMs).toBeUndefined();
    // AWS: order and fields as recorded in public logs of failing functions (INIT_REPORT … Phase: init / invoke)
    const kinds = result.logTail.split('\n').map((line) => /trying|Uncaught|^INIT_REPORT.*|^START|^END|^REPORT/.exec(line)?.[0]?.replace(/\d+\.\d\d/, 'N')).filter(Boolean);
    expect(kinds).toEqual([
      'trying', 'Uncaught', 'INIT_REPORT Init Duration: N ms\tPhase: init\tStatus: error\tError Type: Error',
      'trying', 'Uncaught', 'INIT_REPORT Init Duration: N ms\tPhase: invoke\tStatus: error\tError Type: Error',
      'START', 'END', 'REPORT',
    ]);
  });

  test('an init that only works the second time serves the invocation', async () => {
    const marker = join(harness.workDir, 'second-time');
    const definition = await harness.define({
      'index.js': `const fs = require('fs'); if (!fs.existsSync('${marker}')) { fs.writeFileSync('${marker}', ''); process.exit(7); } exports.handler = async () => 'served';`,
    });
    const result = await harness.invoke(definition);
    expect(result.json).toBe('served');
    expect(result.logTail).toContain('Phase: init\tStatus: error\tError Type: Runtime.ExitError');
  });

  test('an exit in init is an ExitError', async () => {
    const definition = await harness.define({ 'index.js': 'process.exit(2);' });
    const result = await harness.invoke(definition, {}, { requestId: 'r-i' });
    expect(result.json).toEqual({ errorType: 'Runtime.ExitError', errorMessage: 'RequestId: r-i Error: Runtime exited with error: exit status 2' });
  });

  test('an init that hangs is ended after 10 s, and its repetition by the timeout', async () => {
    const definition = await harness.define({ 'index.js': 'for (;;);' }, { timeoutMs: 400 });
    const result = await harness.invoke(definition, {}, { requestId: 'r-hang' });
    expect(result.json).toMatchObject({ errorType: 'Sandbox.Timedout' });
    expect(result.logTail).toMatch(/^INIT_REPORT Init Duration: 10\d\d\d\.\d\d ms\tPhase: init\tStatus: timeout\nINIT_REPORT Init Duration: [4-9]\d\d\.\d\d ms\tPhase: invoke\tStatus: timeout\nSTART /);
    expect(result.maxMemoryMb).toBeGreaterThan(20);
  });

  test('init is billed, once', async () => {
    const definition = await harness.define({ 'index.js': 'exports.handler = async () => 1;' });
    const first = await harness.invoke(definition);
    expect(first.billedDurationMs).toBe(Math.ceil(first.durationMs + (first.initDurationMs ?? Number.NaN)));
    const second = await harness.invoke(definition);
    expect(second.billedDurationMs).toBe(Math.ceil(second.durationMs));
  });
});

describe('placement', () => {
  test('one invocation at a time in an environment; more environments for more', async () => {
    const definition = await harness.define({
      'index.js': 'let busy = 0; exports.handler = async () => { busy += 1; await new Promise((r) => setTimeout(r, 50)); const was = busy; busy -= 1; return [was, process.pid]; };',
    });
    const results = await Promise.all(Array.from({ length: 6 }, () => harness.invoke(definition)));
    const answers = results.map(({ json }) => json as [number, number]);
    expect(answers.map(([was]) => was)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(new Set(answers.map(([, pid]) => pid)).size).toBeGreaterThan(1);
  });

  test('beyond the limit invocations wait, and idle environments of others make room', async () => {
    await using small = createHarness({ maxConcurrency: 2 });
    const source = { 'index.js': 'exports.handler = async (e) => { await new Promise((r) => setTimeout(r, 20)); return process.pid; };' };
    const [one, two] = [await small.define(source), await small.define(source)];
    const first = await Promise.all(Array.from({ length: 8 }, () => small.invoke(one)));
    expect(new Set(first.map(({ json }) => json)).size).toBeLessThanOrEqual(2);
    const second = await Promise.all(Array.from({ length: 4 }, () => small.invoke(two)));
    expect(second.every(({ error }) => error === undefined)).toBe(true);
  });

  test('unused environments end', async () => {
    await using short = createHarness({ idleTimeoutMs: 50 });
    const definition = await short.define({ 'index.js': 'exports.handler = async () => process.pid;' });
    const { json: pid } = await short.invoke(definition);
    await expect.poll(() => isAlive(Number(pid))).toBe(false);
    expect((await short.invoke(definition)).json).not.toBe(pid);
  });

  test('a retired version ends when its invocation has', async () => {
    const definition = await harness.define({ 'index.js': 'exports.handler = async (e) => { await new Promise((r) => setTimeout(r, e.ms)); return process.pid; };' });
    const { json: idlePid } = await harness.invoke(definition, { ms: 0 });
    const running = harness.invoke(definition, { ms: 100 });
    await harness.engine.retire(definition.key);
    expect((await running).json).toBe(idlePid);
    await expect.poll(() => isAlive(Number(idlePid))).toBe(false);
  });
});

/** T: stopped. */
function stateOf(pid: unknown): string | undefined {
  return /\) (\w)/.exec(readFileSync(`/proc/${Number(pid)}/stat`, 'latin1'))?.[1];
}

describe.skipIf(process.platform !== 'linux')('freezing', () => {
  test('nothing runs between invocations, children included; the next one finds it as it was', async () => {
    const definition = await harness.define({
      'index.js': 'const child = require("child_process").spawn("sleep", ["600"]); let ticks = 0; setInterval(() => { ticks += 1; }, 1); exports.handler = async () => [process.pid, child.pid, ticks];',
    });
    const [pid, child] = (await harness.invoke(definition)).json as number[];
    await expect.poll(() => [stateOf(pid), stateOf(child)]).toEqual(['T', 'T']);
    const [same, , ticks] = (await harness.invoke(definition)).json as number[];
    expect(same).toBe(pid);
    await expect.poll(() => stateOf(pid)).toBe('T');
    const [, , later] = (await harness.invoke(definition)).json as number[];
    expect(later).toBeGreaterThan(ticks ?? Number.NaN);
    await harness.engine.retire(definition.key);
    await expect.poll(() => isAlive(Number(pid))).toBe(false);
  });
});

describe('virtual time', () => {
  let nowMs = Date.UTC(2030, 0, 2, 3, 4, 5, 678);

  test('Node.js sees the cloud\'s time', async () => {
    await using cloud = createHarness({ cloudNowMs: () => nowMs });
    const definition = await cloud.define({
      'index.js': `const atInit = Date.now(); exports.handler = async (e, c) => {
        const start = Date.now(); await new Promise((r) => setTimeout(r, 20));
        return { atInit, start, later: Date.now(), date: new Date().toISOString(), text: Date(), year: new Date(2001, 1).getFullYear(),
          is: new Date() instanceof Date, remaining: c.getRemainingTimeInMillis(), intl: new Intl.DateTimeFormat('en', { timeZone: 'UTC' }).format(), type: Object.prototype.toString.call(new Date()) }; };`,
    });
    const first = await cloud.invoke(definition);
    expect(first.json).toMatchObject({
      atInit: nowMs, start: nowMs, later: nowMs, date: '2030-01-02T03:04:05.678Z', year: 2001, is: true, intl: '1/2/2030', type: '[object Date]',
      text: 'Wed Jan 02 2030 03:04:05 GMT+0000 (Coordinated Universal Time)',
    });
    const { remaining } = first.json as { remaining: number };
    expect(remaining).toBeGreaterThan(5000);
    expect(remaining).toBeLessThanOrEqual(9980);
    nowMs += 3_600_000;
    expect((await cloud.invoke(definition)).json).toMatchObject({ start: nowMs });
    await cloud.settled();
    expect([...cloud.logs.keys()][0]).toMatch(/^2030\/01\/02\//);
  });

  test('after a second of one invocation time flows, so that waiting for it ends', async () => {
    await using cloud = createHarness({ cloudNowMs: () => nowMs });
    const definition = await cloud.define({ 'index.js': 'exports.handler = async () => { const start = Date.now(); while (Date.now() < start + 50); return Date.now() - start; };' });
    const result = await cloud.invoke(definition);
    expect(result.json).toBeGreaterThanOrEqual(50);
    expect(result.durationMs).toBeGreaterThan(1000);
  });

  test('Python formats log records with the cloud\'s time', async () => {
    await using cloud = createHarness({ cloudNowMs: () => nowMs });
    // logging keeps time.localtime as a class attribute, where a plain function would become a method.
    const source = `
import logging, time
def handler(e, c):
  record = logging.makeLogRecord({"created": time.time(), "msecs": 0})
  return logging.Formatter("%(asctime)s").format(record)
`;
    const definition = await cloud.define({ 'app.py': source }, { runtime: 'python3.11', handler: 'app.handler' });
    const { json, text } = await cloud.invoke(definition);
    expect(json, text).toBe(`${new Date(nowMs).toISOString().slice(0, 19).replace('T', ' ')},000`);
  });

  test('Python sees the cloud\'s time', async () => {
    await using cloud = createHarness({ cloudNowMs: () => nowMs });
    const source = `
import time, datetime, pickle, copy
from datetime import datetime as dt, date, timezone, timedelta
def handler(e, c):
  now = dt.now(timezone.utc)
  class Mine(dt): pass
  return {"time": time.time(), "ns": time.time_ns(), "now": now.isoformat(), "utcnow": dt.utcnow().isoformat(),
    "today": date.today().isoformat(), "is": isinstance(now, dt) and isinstance(now, datetime.date) and not isinstance(now, Mine),
    "sum": (now + timedelta(hours=1)).isoformat(), "pickle": pickle.loads(pickle.dumps(now)) == now, "copy": copy.copy(now) == now,
    "gm": time.gmtime()[:6], "str": time.strftime("%Y-%m-%d"), "parsed": dt.strptime("2020", "%Y").year, "remaining": c.get_remaining_time_in_millis()}
`;
    const definition = await cloud.define({ 'app.py': source }, { runtime: 'python3.11', handler: 'app.handler' });
    const expected = new Date(nowMs).toISOString();
    const { json, text } = await cloud.invoke(definition);
    expect(json, text).toMatchObject({
      time: nowMs / 1000, now: expected.replace('Z', '000+00:00'), utcnow: expected.replace('Z', '000'), today: expected.slice(0, 10),
      is: true, pickle: true, copy: true, parsed: 2020, str: expected.slice(0, 10), sum: new Date(nowMs + 3_600_000).toISOString().replace('Z', '000+00:00'),
    });
    expect((json as { remaining: number }).remaining).toBeGreaterThan(5000);
  });
});

describe('refusals', () => {
  test.each(['java21', 'ruby3.4', 'nonsense', 'python2.7'])('runtime %s', async (runtime) => {
    const definition = await harness.define({ 'index.js': '' }, { runtime });
    await expect(harness.invoke(definition)).rejects.toMatchObject({ name: 'FunctionUnavailable', reason: 'InvalidRuntimeException' });
  });

  test('a broken archive', async () => {
    const definition = await harness.define({}, { code: codeOf(Buffer.from('not a zip')) });
    await expect(harness.invoke(definition)).rejects.toMatchObject({ name: 'FunctionUnavailable', reason: 'InvalidZipFileException' });
  });

  test('another version of the runtime is a notice, once', async () => {
    await using other = createHarness();
    const definition = await other.define({ 'index.js': 'exports.handler = async () => 1;' }, { runtime: 'nodejs10.x' });
    await other.invoke(definition);
    await other.invoke(definition);
    expect(other.notices).toEqual([`nodejs10.x runs on Node.js ${process.versions.node}: this machine has no Node.js 10`]);
  });
});

describe('standby', () => {
  test('a runtime booted ahead becomes the function, with its environment, and is not used twice', async () => {
    await using own = createHarness({ standbySize: 2 });
    const files = { 'index.js': 'exports.handler = async () => [process.pid, process.env.WHO, process.cwd() === process.env.LAMBDA_TASK_ROOT, Object.keys(process.env).length];' };
    const pids = new Set<unknown>();
    for (const who of ['a', 'b', 'c', 'd']) {
      const definition = await own.define(files, { environment: { WHO: who } });
      const [pid, seen, inPlace, count] = (await own.invoke(definition)).json as unknown[];
      expect([seen, inPlace, count]).toEqual([who, true, expect.any(Number)]);
      pids.add(pid);
    }
    expect(pids.size).toBe(4);
  });

  test.each([
    ['nodejs20.x', { 'index.js': 'exports.handler = async () => process.uptime();' }, 'index.handler'],
    [
      'python3.11',
      { 'app.py': 'import os, time\ndef handler(e, c):\n  started = int(open("/proc/self/stat").read().rsplit(")", 1)[1].split()[19]) / os.sysconf("SC_CLK_TCK")\n  return time.clock_gettime(time.CLOCK_BOOTTIME) - started' },
      'app.handler',
    ],
  ])('%s: the process is older than its function', async (runtime, files, handler) => {
    await using own = createHarness({ standbySize: 1 });
    // The first ones start the pool; once it is filled a cold start takes from it.
    const bootedAhead = async (): Promise<boolean> => {
      const result = await own.invoke(await own.define(files, { runtime, handler }));
      const ageMs = Number(result.json) * 1000;
      return ageMs > (result.initDurationMs ?? Number.NaN) + result.durationMs + 20;
    };
    await expect.poll(bootedAhead, { timeout: 20_000, interval: 200 }).toBe(true);
  });

  test.each([
    ['nodejs20.x', 'index.handler', { 'index.js': 'const ready = Object.keys(require.cache).some((f) => f.includes("client-sqs")); require("@aws-sdk/client-sqs"); exports.handler = async () => ready;' }],
    ['python3.11', 'app.handler', { 'app.py': 'import sys\nready = "boto3" in sys.modules\nimport boto3\ndef handler(e, c): return ready' }],
  ])('%s: the provided SDK is loaded ahead for a function that was seen to use it', async (runtime, handler, files) => {
    await using own = createHarness({ standbySize: 1 });
    const cold = async (changed: Files): Promise<unknown> => {
      const definition = await own.define(changed, { runtime, handler, name: 'uses-sdk' });
      const { json } = await own.invoke(definition);
      await own.engine.retire(definition.key);
      return json;
    };
    expect(await cold(files)).toBe(false);
    await expect.poll(() => cold(files), { timeout: 20_000, interval: 300 }).toBe(true);
    // Another version that brings its own gets its own.
    if (runtime === 'python3.11') expect(await cold({ ...files, 'boto3.py': '' })).toBe(false);
  });

  test('other memory, other process; close ends those that wait', async () => {
    const own = createHarness({ standbySize: 1 });
    const files = { 'index.js': 'exports.handler = async () => Math.round(require("v8").getHeapStatistics().heap_size_limit / 2 ** 20);' };
    for (const memoryMb of [128, 512, 1024, 128, 2048, 3008]) {
      const { json } = await own.invoke(await own.define(files, { memoryMb }));
      expect(Math.abs(Number(json) - memoryMb)).toBeLessThan(memoryMb * 0.25 + 50);
    }
    await own[Symbol.asyncDispose]();
    expect(existsSync(own.workDir)).toBe(false);
  });
});

/** An engine with an idle function, its child, and a busy one: prints their process ids. */
const VICTIM = String.raw`
import { readFileSync } from 'node:fs';
import { createHarness } from './engine-harness.ts';
const harness = createHarness();
const mark = harness.workDir + '/pid';
const idle = await harness.define({ 'index.js': "const child = require('child_process').spawn('sleep', ['600']); exports.handler = async () => [process.pid, child.pid];" });
const busy = await harness.define(
  { 'index.js': "process.on('SIGTERM', () => {}); exports.handler = async () => { require('fs').writeFileSync(process.env.MARK, String(process.pid)); for (;;); };" },
  { timeoutMs: 600_000, environment: { MARK: mark } },
);
const { json } = await harness.invoke(idle);
void harness.invoke(busy);
const poll = setInterval(() => {
  try {
    const pid = Number(readFileSync(mark, 'utf8'));
    if (pid > 0) {
      clearInterval(poll);
      process.stdout.write(JSON.stringify([harness.workDir, ...json, pid]) + '\n');
    }
  } catch {}
}, 10);
`;

describe('leaving', () => {
  test('creating and closing an unused engine touches nothing', async () => {
    const engine = createEngine({ workDir: '/nonexistent/for/sure', logs: { async write() {} }, endpoint: () => '', random: seededRandom(1) });
    await engine.close();
    expect(existsSync('/nonexistent')).toBe(false);
  });

  test('close ends processes, also busy ones, and fails what runs', async () => {
    const own = createHarness();
    const definition = await own.define({ 'index.js': 'console.log(process.pid); process.on("SIGTERM", () => {}); exports.handler = async (e) => { if (e.busy) for (;;); return process.pid; };' });
    const { json: pid } = await own.invoke(definition);
    const busy = own.invoke(definition, { busy: true });
    await own.engine.close();
    expect(isAlive(Number(pid))).toBe(false);
    expect((await busy).json).toMatchObject({ errorType: 'Runtime.ExitError' });
    await expect(own.invoke(definition)).rejects.toThrow('the engine is closed');
    expect(readdirSync(join(own.workDir, 'run'))).toEqual([]);
    await own[Symbol.asyncDispose]();
  });

  test('kill -9 of the engine\'s process ends functions, busy loops and their children included', async () => {
    // In a process of its own, killed as a cloud would be.
    const root = join(import.meta.dirname, '..', '..');
    const outfile = join(root, 'node_modules', `.victim-${process.pid}.mjs`);
    const stdin = { contents: VICTIM, resolveDir: import.meta.dirname };
    await build({ stdin, outfile, bundle: true, platform: 'node', format: 'esm', packages: 'external' });
    const victim = spawn(process.execPath, [outfile], { stdio: ['ignore', 'pipe', 'inherit'] });
    const line = await new Promise<string>((resolve) => victim.stdout.once('data', (data: Buffer) => resolve(String(data))));
    const [workDir, ...pids] = JSON.parse(line) as [string, ...number[]];
    expect(pids.map(isAlive)).toEqual([true, true, true]);
    victim.kill('SIGKILL');
    await rm(outfile);
    await expect.poll(() => pids.map(isAlive), { timeout: 5000 }).toEqual([false, false, false]);
    await rm(workDir, { recursive: true });
  });
});
