// Control groups: where they may be made, and that they bound an environment with all its processes.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { explainMissing, findHierarchies, readKernelView } from './control-group-files.ts';
import { openControlGroups } from './control-groups.ts';
import { createHarness, type Harness, type Outcome } from '../engine-harness.ts';
import { findSandbox } from './sandbox-isolation.ts';

describe('hierarchies', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'cloudlet-groups-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  function group(path: string, files: Readonly<Record<string, string>> = {}): string {
    const folder = join(root, path);
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of Object.entries({ 'cgroup.procs': '', ...files })) writeFileSync(join(folder, name), text);
    return folder;
  }
  const v2Mount = (): string => `30 23 0:26 / ${root} rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n`;

  test('version 1: a mount per controller, below our own group', () => {
    const memory = group('memory/service');
    const cpu = group('cpu');
    const mounts = `35 31 0:32 / ${root}/memory rw,relatime - cgroup cgroup rw,memory\n32 31 0:29 / ${root}/cpu rw - cgroup cgroup rw,cpu,cpuacct\n`;
    expect(findHierarchies({ mounts, membership: '4:memory:/service\n1:cpu,cpuacct:/\n0::/\n' })).toEqual([
      { version: 1, parent: memory, controllers: ['memory'] },
      { version: 1, parent: cpu, controllers: ['cpu'] },
    ]);
  });

  test('a container sees its own group as the root of the mount', () => {
    const own = group('memory');
    const mounts = `35 31 0:32 /docker/1234 ${root}/memory rw - cgroup cgroup rw,memory\n`;
    const found = findHierarchies({ mounts, membership: '4:memory:/docker/1234\n' });
    expect(found).toEqual([{ version: 1, parent: own, controllers: ['memory'] }]);
  });

  test('version 2, delegated to this process alone: it moves into a child and hands the controllers down', () => {
    const own = group('user.slice/run.scope', {
      'cgroup.procs': `${process.pid}\n`, 'cgroup.controllers': 'cpu io memory pids', 'cgroup.subtree_control': '', 'cgroup.type': 'domain',
    });
    const membership = '0::/user.slice/run.scope\n';
    expect(findHierarchies({ mounts: v2Mount(), membership })).toEqual([
      { version: 2, parent: own, controllers: ['memory', 'pids', 'cpu'] },
    ]);
    expect(readFileSync(join(own, 'cloudlet', 'cgroup.procs'), 'utf8')).toBe(String(process.pid));
    expect(readFileSync(join(own, 'cgroup.subtree_control'), 'utf8')).toBe('+memory +pids +cpu');
  });

  test('version 2, shared with processes of others: left alone', () => {
    const own = group('session.scope', {
      'cgroup.procs': `1\n${process.pid}\n`, 'cgroup.controllers': 'cpu memory pids', 'cgroup.subtree_control': '', 'cgroup.type': 'domain',
    });
    expect(findHierarchies({ mounts: v2Mount(), membership: '0::/session.scope\n' })).toEqual([]);
    expect(existsSync(join(own, 'cloudlet'))).toBe(false);
  });

  test('version 2, a scope of systemd-run: what started us (npx, a shell) moves too', () => {
    const own = group('app.slice/run-r5.scope', {
      'cgroup.procs': `17\n${process.pid}\n`, 'cgroup.controllers': 'memory pids', 'cgroup.subtree_control': '', 'cgroup.type': 'domain',
    });
    const membership = '0::/app.slice/run-r5.scope\n';
    expect(findHierarchies({ mounts: v2Mount(), membership })).toEqual([{ version: 2, parent: own, controllers: ['memory', 'pids'] }]);
    // Written one after the other, as the kernel wants them; a file keeps the last.
    expect(readFileSync(join(own, 'cloudlet', 'cgroup.procs'), 'utf8')).toBe(String(process.pid));
  });

  test('version 2: the second engine of a process finds the room that the first has made', () => {
    const own = group('run-r6.scope', {
      'cgroup.procs': '', 'cgroup.controllers': 'cpu memory pids', 'cgroup.subtree_control': 'cpu memory pids', 'cgroup.type': 'domain',
    });
    group('run-r6.scope/cloudlet', { 'cgroup.procs': `${process.pid}\n`, 'cgroup.controllers': 'cpu memory pids', 'cgroup.type': 'domain' });
    const found = findHierarchies({ mounts: v2Mount(), membership: '0::/run-r6.scope/cloudlet\n' });
    expect(found).toEqual([{ version: 2, parent: own, controllers: ['memory', 'pids', 'cpu'] }]);
  });

  test('version 2: what is handed down already is used as it is; the root needs no child', () => {
    const shared = group('a.slice', {
      'cgroup.procs': '1\n', 'cgroup.controllers': 'cpu memory pids', 'cgroup.subtree_control': 'memory', 'cgroup.type': 'domain',
    });
    expect(findHierarchies({ mounts: v2Mount(), membership: '0::/a.slice\n' })).toEqual([{ version: 2, parent: shared, controllers: ['memory'] }]);
    group('', { 'cgroup.procs': '1\n2\n', 'cgroup.controllers': 'cpu memory pids', 'cgroup.subtree_control': '' });
    expect(findHierarchies({ mounts: v2Mount(), membership: '0::/\n' })).toMatchObject([{ controllers: ['memory', 'pids', 'cpu'] }]);
    expect(existsSync(join(root, 'cloudlet'))).toBe(false);
  });

  test('what is missing is explained by what is there', () => {
    const v1 = `35 31 0:32 / ${root}/memory rw,relatime - cgroup cgroup rw,memory\n`;
    expect(explainMissing({ mounts: v1, membership: '4:memory:/\n0::/\n' }, ['memory', 'cpu'])).toBe(
      'limits on memory, the processor, for want of control groups: this machine has version 1 of them, which root alone may use',
    );
    group('', { 'cgroup.controllers': 'cpu memory pids' });
    group('session.scope', { 'cgroup.controllers': 'memory pids', 'cgroup.type': 'domain' });
    const text = explainMissing({ mounts: v2Mount(), membership: '0::/session.scope\n' }, ['pids']);
    expect(text).toMatch(/^limits on processes, for want of control groups: /);
    expect(text).toMatch(existsSync('/run/systemd/system') ? /Delegate=yes/ : /has to itself$/);
  });

  test('version 2: limits in its own files', () => {
    group('', { 'cgroup.controllers': 'cpu memory pids', 'cgroup.subtree_control': 'cpu memory pids' });
    const groups = openControlGroups({ mounts: v2Mount(), membership: '0::/\n' });
    expect(groups?.missing).toEqual([]);
    const created = groups?.create();
    created?.limitMemory(128, 512);
    created?.limitCpu(884.5);
    const name = readdirSync(root).find((entry) => entry.startsWith('cloudlet-')) ?? '';
    const read = (file: string): string => readFileSync(join(root, name, '1', file), 'utf8');
    expect(read('memory.max')).toBe(String((128 + 512 + 32) * 2 ** 20));
    expect(read('memory.swap.max')).toBe('0');
    expect(read('cpu.max')).toBe('10000 20000');
    expect(read('pids.max')).toBe('1028');
    writeFileSync(join(root, name, '1', 'memory.events'), 'low 0\nhigh 0\nmax 7\noom 1\noom_kill 1\n');
    writeFileSync(join(root, name, '1', 'memory.stat'), 'anon 52428800\nfile 4096\n');
    expect([created?.ranOutOfMemory(), created?.currentMb()]).toEqual([true, 50]);
  });
});

const sandbox = await findSandbox({ run: '', trees: '' }, () => {});
const probe = sandbox && openControlGroups(readKernelView());
const able = probe !== undefined && probe.missing.length === 0;
await probe?.close();

describe.skipIf(!able)(`limits${able ? '' : ' (skipped: no sandbox, or no control groups can be made here)'}`, () => {
  let harness: Harness;
  beforeAll(() => {
    harness = createHarness({ isolation: 'sandbox' });
  });
  afterAll(() => harness[Symbol.asyncDispose]());

  async function run(body: string, options = {}): Promise<Outcome> {
    const source = `const { spawn, spawnSync } = require('child_process'); ${body}`;
    return harness.invoke(await harness.define({ 'index.js': source }, options));
  }

  test('a fork bomb meets the limit of processes, and goes with its environment', async () => {
    const body = `exports.handler = async () => { let n = 0; for (; n < 3000; n += 1) { const child = spawn('sleep', ['600'], { stdio: 'ignore' }); if (child.pid === undefined) { child.on('error', () => {}); break; } child.unref(); } return n; };`;
    const result = await run(body, { memoryMb: 1769, timeoutMs: 60_000 });
    expect(result.error, result.text).toBeUndefined();
    expect(result.json).toBeGreaterThan(900);
    expect(result.json).toBeLessThan(1024);
  });

  test('memory of children counts, and ends the function with the right error', async () => {
    const child = 'const all = []; for (;;) all.push(Buffer.alloc(4e6, 1));';
    const body = `exports.handler = async () => { const child = spawn(process.execPath, ['-e', ${JSON.stringify(child)}]); await new Promise((r) => child.on('exit', r)); await new Promise((r) => setTimeout(r, 200)); return 'survived'; };`;
    const result = await run(body, { memoryMb: 512, ephemeralStorageMb: 2048 });
    expect(result.json, result.text).toMatchObject({ errorType: 'Runtime.OutOfMemory' });
  });

  test('a hog faster than any look at it is killed by the kernel, with the same error', async () => {
    const body = 'exports.handler = async () => { const all = []; for (;;) all.push(Buffer.alloc(64e6, 1)); };';
    const result = await run(body, { memoryMb: 256, timeoutMs: 60_000 });
    expect(result.json, result.text).toMatchObject({ errorType: 'Runtime.OutOfMemory' });
    expect(result.maxMemoryMb).toBe(256);
  });

  test('a handler has a share of the processor by its memory; init has all of it', async () => {
    const body = `const busy = () => { const wall = performance.now(); const cpu = process.cpuUsage(); while (performance.now() - wall < 600); const { user, system } = process.cpuUsage(cpu); return (user + system) / 1000 / (performance.now() - wall); };
      const init = busy(); exports.handler = async () => [init, busy()];`;
    const [init, handler] = (await run(body, { memoryMb: 177 })).json as [number, number];
    // AWS: 1,769 MB are one vCPU, so 177 MB are a tenth. lambda/latest/dg/configuration-memory.html
    expect(handler).toBeLessThan(0.16);
    // Not the other way round, and not alike, however busy the machine is.
    expect(init).toBeGreaterThan(handler * 1.2);
  });

  test('open files are bounded', async () => {
    const body = `const fs = require('fs'); exports.handler = async () => { let n = 0; try { for (;; n += 1) fs.openSync('/dev/null'); } catch (e) { return [e.code, n < 1024]; } };`;
    expect((await run(body)).json).toEqual(['EMFILE', true]);
  });

  test('no group is left when the engine has closed', async () => {
    const own = createHarness({ isolation: 'sandbox' });
    const definition = await own.define({ 'index.js': 'exports.handler = async () => require("fs").readFileSync("/proc/self/cgroup", "utf8");' });
    expect((await own.invoke(definition)).error).toBeUndefined();
    const parents = findHierarchies(readKernelView()).map(({ parent }) => parent);
    const ours = (): string[] => parents.flatMap((parent) => readdirSync(parent).flatMap((name) => name.startsWith(`cloudlet-${process.pid}-`) ? [name] : []));
    const before = ours().length;
    await own[Symbol.asyncDispose]();
    await expect.poll(() => before - ours().length).toBe(parents.length);
  });
});
