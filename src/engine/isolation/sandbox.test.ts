// The sandbox driver: what a function sees of the machine, and what it cannot do to it.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeOf, createHarness, type Harness, isAlive, zipOf } from '../engine-harness.ts';
import { findSandbox } from './sandbox-isolation.ts';

let why = '';
const sandbox = await findSandbox({ run: '', trees: '' }, (reason) => (why = reason));

describe.skipIf(sandbox === undefined)(`sandbox${sandbox ? '' : ` (skipped: ${why})`}`, () => {
  let harness: Harness;
  beforeAll(() => {
    harness = createHarness({ isolation: 'sandbox' });
  });
  afterAll(() => harness[Symbol.asyncDispose]());

  /** Runs a statement list in a handler and gives its answer. */
  async function run(body: string, options = {}): Promise<unknown> {
    const source = `const fs = require('fs'); const { execSync, spawn } = require('child_process'); const attempt = (f) => { try { return f(); } catch (e) { return e.code ?? e.message; } }; exports.handler = async (e) => { ${body} };`;
    const definition = await harness.define({ 'index.js': source }, options);
    const result = await harness.invoke(definition);
    expect(result.error, result.text).toBeUndefined();
    return result.json;
  }

  test('Node.js: code at /var/task, layers at /opt, /tmp private and writable', async () => {
    const layers = [codeOf(await zipOf({ 'nodejs/node_modules/shared/index.js': 'exports.v = "layer";' }))];
    const definition = await harness.define(
      {
        'index.mjs': `import { v } from 'shared'; import { S3Client } from '@aws-sdk/client-s3'; import fs from 'node:fs'; import os from 'node:os';
        export const handler = async () => { fs.writeFileSync('/tmp/x', '1'); return [import.meta.url, process.cwd(), process.env.LAMBDA_TASK_ROOT, v, typeof S3Client, fs.readdirSync('/tmp').includes('x'), os.tmpdir(), process.getuid()]; };`,
      },
      { layers },
    );
    expect((await harness.invoke(definition)).json).toEqual([
      'file:///var/task/index.mjs', '/var/task', '/var/task', 'layer', 'function', true, '/tmp', 993,
    ]);
  });

  test('Python runs too', async () => {
    const source = 'import os, tempfile\ndef handler(e, c): return [os.getcwd(), tempfile.gettempdir(), __file__]';
    const definition = await harness.define({ 'app.py': source }, { runtime: 'python3.11', handler: 'app.handler' });
    expect((await harness.invoke(definition)).json).toEqual(['/var/task', '/tmp', '/var/task/app.py']);
  });

  test('a bootstrap runs too', async () => {
    const bootstrap = `#!/bin/sh
while true; do
  ID=$(curl -sSD - -o /tmp/event "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next" | tr -d '\\r' | sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: //p')
  curl -sS "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$ID/response" -d "\\"$PWD\\"" > /dev/null
done`;
    const definition = await harness.define({ bootstrap: { content: bootstrap, mode: 0o755 } }, { runtime: 'provided.al2023' });
    expect((await harness.invoke(definition)).json).toBe('/var/task');
  });

  test('nothing but /tmp can be written', async () => {
    const paths = ['/var/task/x', '/opt/x', '/usr/x', '/etc/x', '/var/runtime/x', '/x', '/proc/x'];
    expect(await run(`return ${JSON.stringify(paths)}.map((p) => attempt(() => fs.writeFileSync(p, 'x')) ?? 'written');`)).toEqual(
      paths.map(() => expect.stringMatching(/^(EROFS|EACCES|EPERM|ENOENT)$/)),
    );
  });

  test('kernel settings cannot be changed, not even under a root engine', async () => {
    const paths = ['/proc/sys/kernel/core_pattern', '/proc/sys/vm/drop_caches', '/proc/sys/kernel/hostname', '/proc/sysrq-trigger'].filter((path) => existsSync(path));
    const answers = await run(`return ${JSON.stringify(paths)}.map((p) => attempt(() => fs.closeSync(fs.openSync(p, 'r+'))) ?? 'opened');`);
    expect(answers).toEqual(paths.map(() => expect.stringMatching(/^(EROFS|EACCES|EPERM)$/)));
    expect(await run(`return attempt(() => execSync('hostname changed', { stdio: 'pipe' })) ? 'failed' : 'changed';`)).toBe('failed');
  });

  test('the machine\'s files, the work directory and other environments are out of sight', async () => {
    const secret = mkdtempSync(join(tmpdir(), 'cloudlet-secret-'));
    writeFileSync(join(secret, 'key'), 'secret');
    // The provided SDK is mounted where it lies, so the folders above this project exist, and are empty.
    const homes = ['/root', '/home'].filter((home) => !process.cwd().startsWith(`${home}/`));
    const paths = [join(secret, 'key'), harness.workDir, ...homes, '/etc/shadow', join(process.cwd(), 'package.json'), '/var/lib', '/run'];
    expect(await run(`return ${JSON.stringify(paths)}.map((p) => fs.existsSync(p));`)).toEqual(paths.map(() => false));
    await rm(secret, { recursive: true });
  });

  test('of node_modules the provided SDK is in sight, with what it needs, and nothing else: npm and pnpm', async () => {
    const root = mkdtempSync(join(tmpdir(), 'cloudlet-installed-'));
    const put = (path: string, text: string): void => {
      mkdirSync(join(root, path), { recursive: true });
      writeFileSync(join(root, path, 'index.js'), text);
      const dependencies = path.includes('client-') ? { needed: '1' } : {};
      writeFileSync(join(root, path, 'package.json'), JSON.stringify({ main: 'index.js', dependencies }));
    };
    const link = (path: string, target: string): void => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      symlinkSync(target, join(root, path));
    };
    put('npm/node_modules/@aws-sdk/client-made', 'exports.v = "npm " + require("needed").v;');
    put('npm/node_modules/needed', 'exports.v = "needed";');
    put('npm/node_modules/secret', 'exports.v = "secret";');
    const store = 'pnpm/node_modules/.pnpm';
    put(`${store}/made@1/node_modules/@aws-sdk/client-made`, 'exports.v = "pnpm " + require("needed").v;');
    put(`${store}/needed@1/node_modules/needed`, 'exports.v = "needed";');
    put(`${store}/secret@1/node_modules/secret`, 'exports.v = "secret";');
    link(`${store}/made@1/node_modules/needed`, '../../needed@1/node_modules/needed');
    link('pnpm/node_modules/@aws-sdk/client-made', '../.pnpm/made@1/node_modules/@aws-sdk/client-made');
    link('linked/node_modules', '../npm/node_modules');
    for (const layout of ['npm', 'pnpm', 'linked']) {
      const modules = join(root, layout, 'node_modules');
      await using own = createHarness({ isolation: 'sandbox', providedModules: [modules] });
      const body = `const fs = require('fs'); const attempt = (n) => { try { return require(n).v; } catch (e) { return e.code; } }; exports.handler = async (e) => [attempt('@aws-sdk/client-made'), attempt('secret'), fs.existsSync(e.root + '/npm/node_modules/secret'), fs.existsSync(e.root + '/${store}/secret@1'), fs.readdirSync('/var/runtime/provided')];`;
      const result = await own.invoke(await own.define({ 'index.js': body }), { root });
      expect(result.json, result.text).toEqual([layout === 'pnpm' ? 'pnpm needed' : 'npm needed', 'MODULE_NOT_FOUND', false, false, ['@aws-sdk']]);
    }
    await rm(root, { recursive: true });
  });

  test('other processes cannot be seen, signalled or read', async () => {
    expect(await run(`return fs.readdirSync('/proc').filter((n) => /^\\d+$/.test(n)).length;`)).toBeLessThan(5);
    expect(await run(`return attempt(() => process.kill(${process.pid}, 0));`)).toBe('ESRCH');
    expect(await run(`return attempt(() => fs.readFileSync('/proc/${process.pid}/environ'));`)).toBe('ENOENT');
  });

  test('two environments of one function do not share /tmp', async () => {
    const definition = await harness.define({
      'index.js': 'const fs = require("fs"); exports.handler = async (e) => { const seen = fs.existsSync("/tmp/mine"); fs.writeFileSync("/tmp/mine", e.n); await new Promise((r) => setTimeout(r, 300)); return [seen, process.pid, fs.readFileSync("/tmp/mine", "utf8")]; };',
    });
    const results = await Promise.all(['a', 'b'].map((n) => harness.invoke(definition, { n })));
    expect(results.map(({ json }) => (json as unknown[])[2])).toEqual(['a', 'b']);
    // Kept while warm.
    expect(((await harness.invoke(definition, { n: 'c' })).json as unknown[])[0]).toBe(true);
  });

  test('/tmp holds what was configured, no more', async () => {
    const body = `const fd = fs.openSync('/tmp/fill', 'w'); const mb = Buffer.alloc(2 ** 20); let n = 0; return attempt(() => { for (;;) { fs.writeSync(fd, mb); n += 1; if (n > 40) return 'unbounded'; } });`;
    expect(await run(body, { ephemeralStorageMb: 20 })).toBe('ENOSPC');
  });

  test('memory is counted in the function, not in the sandbox\'s own process', async () => {
    const definition = await harness.define({ 'index.js': 'const held = Buffer.alloc(60e6, 1); exports.handler = async () => held.length;' });
    expect((await harness.invoke(definition)).maxMemoryMb).toBeGreaterThan(90);
    const hog = await harness.define(
      { 'index.js': 'exports.handler = async () => { const all = []; for (;;) { all.push(Buffer.alloc(8e6, 1)); await new Promise((r) => setTimeout(r, 5)); } };' },
      { memoryMb: 128 },
    );
    expect((await harness.invoke(hog)).json).toMatchObject({ errorType: 'Runtime.OutOfMemory' });
  });

  test.each([
    ['process.exit(3)', 'with error: exit status 3'],
    ['process.kill(process.pid, "SIGSEGV")', 'with error: signal: segmentation fault'],
  ])('%s is reported as without a sandbox', async (statement, reason) => {
    const definition = await harness.define({ 'index.js': `exports.handler = async () => { ${statement}; await new Promise(() => setTimeout(() => {}, 9000)); };` });
    expect((await harness.invoke(definition, {}, { requestId: 'r' })).json).toEqual({
      errorType: 'Runtime.ExitError',
      errorMessage: `RequestId: r Error: Runtime exited ${reason}`,
    });
  });

  test('what the function started ends with it, whatever group it moved to', async () => {
    const definition = await harness.define(
      { 'index.js': 'const { spawn } = require("child_process"); exports.handler = async () => { spawn("sleep", ["4242"], { detached: true, stdio: "ignore" }); await new Promise((r) => setTimeout(r, 60000)); };' },
      { timeoutMs: 1000 },
    );
    const running = harness.invoke(definition);
    const sleepers = (): number[] =>
      spawnSync('pgrep', ['-f', '^sleep 4242$']).stdout.toString().split('\n').filter(Boolean).map(Number);
    await expect.poll(() => sleepers().length, { timeout: 5000 }).toBe(1);
    const found = sleepers();
    expect((await running).json).toMatchObject({ errorType: 'Sandbox.Timedout' });
    await expect.poll(() => found.filter(isAlive)).toEqual([]);
  });

  test('an environment booted ahead gets its own code and layers, read-only, and no others', async () => {
    await using own = createHarness({ isolation: 'sandbox', standbySize: 1 });
    const source = (name: string): Record<string, string> => ({
      'index.js': `const fs = require('fs'); const attempt = (f) => { try { f(); return 'written'; } catch (e) { return e.code; } };
      exports.handler = async () => ({ age: process.uptime(), name: '${name}', files: fs.readdirSync('/var/task'), layer: require('shared').v, cwd: process.cwd(), file: __filename,
        writes: ['/var/task/x', '/opt/x', '/var/task/index.js'].map((p) => attempt(() => fs.writeFileSync(p, 'x'))), tmp: fs.readdirSync('/tmp') });`,
      [`only-${name}`]: '',
    });
    let ahead = 0;
    const run = async (n: number): Promise<boolean> => {
      const layers = [codeOf(await zipOf({ 'nodejs/node_modules/shared/index.js': `exports.v = ${n};` }))];
      const result = await own.invoke(await own.define(source(`f${n}`), { layers }));
      expect(result.json, result.text).toMatchObject({
        name: `f${n}`, files: ['index.js', `only-f${n}`], layer: n, cwd: '/var/task', file: '/var/task/index.js',
        writes: ['EROFS', 'EROFS', 'EROFS'], tmp: [],
      });
      const ageMs = (result.json as { age: number }).age * 1000;
      return ageMs > (result.initDurationMs ?? Number.NaN) + result.durationMs + 20;
    };
    let n = 0;
    await expect.poll(async () => (await run((n += 1))) && (ahead += 1), { timeout: 20_000, interval: 100 }).toBe(3);
  });

  test('nothing of it is left on the machine: mounts, processes, folders', async () => {
    const own = createHarness({ isolation: 'sandbox', standbySize: 2 });
    for (const files of [1, 2, 3]) {
      const definition = await own.define({ 'index.js': `exports.handler = async () => ${files};` });
      expect((await own.invoke(definition)).json).toBe(files);
    }
    const mounts = (): string => readFileSync('/proc/self/mountinfo', 'latin1');
    expect(mounts()).not.toContain(own.workDir);
    await own.engine.close();
    expect(readdirSync(join(own.workDir, 'run'))).toEqual([]);
    const left = (): string => spawnSync('pgrep', ['-f', own.workDir]).stdout.toString();
    await expect.poll(left).toBe('');
    await own[Symbol.asyncDispose]();
  });

  test('auto takes it and says so', async () => {
    await using own = createHarness({ isolation: 'auto' });
    const definition = await own.define({ 'index.js': 'exports.handler = async () => process.cwd();' });
    expect((await own.invoke(definition)).json).toBe('/var/task');
    const report = await own.engine.describeIsolation();
    expect(report).toMatchObject({ driver: 'sandbox', network: 'open' });
    expect(own.notices).toEqual([expect.stringContaining('functions run in the sandbox (bubblewrap), with ')]);
    // What cannot be bounded is told with what helps.
    expect(report.missing.length).toBe(report.limits.length === 3 ? 0 : 1);
  });
});

test('without bubblewrap auto says what is missing, and a demanded sandbox is refused', async () => {
  const path = process.env['PATH'];
  process.env['PATH'] = '/nonexistent';
  try {
    await using strict = createHarness({ isolation: 'sandbox' });
    const definition = await strict.define({ 'index.js': '' });
    await expect(strict.invoke(definition)).rejects.toMatchObject({
      reason: 'SandboxUnavailable',
      message: 'functions cannot be sandboxed: bubblewrap (bwrap) is not installed: install the package bubblewrap',
    });
    await using lenient = createHarness({ isolation: 'auto' });
    expect(await lenient.engine.describeIsolation()).toEqual({
      driver: 'process', network: 'open', limits: [], missing: ['bubblewrap (bwrap) is not installed: install the package bubblewrap'],
    });
    expect(lenient.notices).toEqual([
      'functions run as plain processes of this user, without a sandbox; missing: bubblewrap (bwrap) is not installed: install the package bubblewrap',
    ]);
  } finally {
    process.env['PATH'] = path;
  }
});
