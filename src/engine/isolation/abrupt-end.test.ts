// kill -9 of a cloud's process under load: nothing of its functions runs on, and the next start clears away the rest.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { createHarness, isAlive } from '../engine-harness.ts';
import { findHierarchies, readKernelView } from './control-group-files.ts';
import { findSandbox } from './sandbox-isolation.ts';

const sandbox = await findSandbox({ run: '', trees: '' }, () => {});

/** Invokes four functions for ever, in both runtimes, with children that leave their session. */
const VICTIM = (workDir: string): string => `
import { createHarness } from './src/engine/engine-harness.ts';
const harness = createHarness({ isolation: 'sandbox', network: process.argv[2], workDir: ${JSON.stringify(workDir)} });
const node = "const { spawn } = require('child_process'); exports.handler = async () => { spawn('sleep', ['600'], { detached: true, stdio: 'ignore' }); await new Promise((r) => setTimeout(r, 20)); for (const end = Date.now() + 30; Date.now() < end;); return 1; };";
const python = 'import os, time\\ndef handler(e, c):\\n    if os.fork() == 0:\\n        os.setsid()\\n        if os.fork() == 0: time.sleep(600)\\n        os._exit(0)\\n    time.sleep(0.03)\\n    return 1';
const definitions = await Promise.all([1, 2, 3, 4].map((n) => n % 2 ? harness.define({ 'index.js': node + '// ' + n }) : harness.define({ 'app.py': python + '# ' + n }, { runtime: 'python3.11', handler: 'app.handler' })));
let done = 0;
const loop = async (definition) => { for (;;) { const { error, text } = await harness.invoke(definition); if (error) console.error(text); if ((done += 1) === 24) console.log('busy'); } };
await Promise.all([...definitions, ...definitions].map(loop));
`;

function descendants(pid: number): number[] {
  const found: number[] = [];
  for (const thread of list(`/proc/${pid}/task`)) {
    for (const child of read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean)) {
      found.push(Number(child), ...descendants(Number(child)));
    }
  }
  return found;
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch {
    return '';
  }
}

/** Everything on the machine that names the folder in its command. */
function processesNaming(folder: string): number[] {
  return list('/proc').map(Number).filter((pid) => pid > 0 && read(`/proc/${pid}/cmdline`).includes(folder) && isAlive(pid));
}

describe.skipIf(sandbox === undefined)('kill -9 (skipped where there is no sandbox)', () => {
  test.each([
    ['open', ''],
    ['cloud', ''],
    ['open', 'a-work-directory-so-deep-that-sockets-need-a-shorter-path-somewhere-else-entirely-because-of-107-bytes'],
  ])('functions on the network %s end, and the next start clears away (%#)', async (network, deeper) => {
    const scratch = mkdtempSync(join(tmpdir(), 'cloudlet-killed-'));
    const workDir = join(scratch, deeper);
    mkdirSync(workDir, { recursive: true });
    const root = join(import.meta.dirname, '..', '..', '..');
    // Where packages are found.
    const outfile = join(root, 'node_modules', `.victim-${process.pid}.mjs`);
    const stdin = { contents: VICTIM(workDir), resolveDir: root };
    await build({ stdin, outfile, bundle: true, platform: 'node', format: 'esm', packages: 'external' });
    const victim = spawn(process.execPath, [outfile, network], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(victim.stdout, 'data');
    await rm(outfile);
    const pid = victim.pid ?? 0;
    const all = descendants(pid);
    expect(all.length).toBeGreaterThan(8);
    const mounts = read('/proc/self/mountinfo');
    expect(mounts).not.toContain(workDir);
    victim.kill('SIGKILL');
    await expect.poll(() => [...all.filter(isAlive), ...processesNaming(workDir)], { timeout: 5000 }).toEqual([]);
    const groups = (): string[] => findHierarchies(readKernelView()).flatMap(({ parent }) => list(parent).filter((name) => name.startsWith(`cloudlet-${pid}-`)));
    const sockets = (): string[] => list(tmpdir()).filter((name) => name.startsWith(`cloudlet-sockets-${pid}-`));
    expect(sockets().length).toBe(deeper === '' ? 0 : 1);
    const next = createHarness({ isolation: 'sandbox', workDir });
    const definition = await next.define({ 'index.js': 'exports.handler = async () => 1;' });
    expect((await next.invoke(definition)).json).toBe(1);
    expect(list(join(workDir, 'run')).map((name) => name.split('-')[0])).toEqual([String(process.pid)]);
    expect([groups(), sockets()]).toEqual([[], []]);
    await next[Symbol.asyncDispose]();
    expect(list(join(workDir, 'run'))).toEqual([]);
    await rm(scratch, { recursive: true, force: true });
  }, 60_000);
});
