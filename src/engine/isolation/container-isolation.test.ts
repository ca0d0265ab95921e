// Functions from container images, against a stand-in for docker's command line that runs plain processes.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FunctionDefinition } from '../../base/function-runner.ts';
import { createHarness, type Harness } from '../engine-harness.ts';

/**
 * Takes docker's arguments (docs.docker.com/reference/cli/docker): an image is a folder with a default
 * entry point; a container is a process that has the variables it was given and no others.
 */
const STAND_IN = String.raw`#!${process.execPath}
const fs = require('fs'), cp = require('child_process'), path = require('path');
const [verb, ...args] = process.argv.slice(2);
fs.appendFileSync(__dirname + '/calls', JSON.stringify([verb, ...args]) + '\n');
const imagesFile = __dirname + '/images.json';
const images = JSON.parse(fs.readFileSync(imagesFile, 'utf8'));
const fileOf = (name) => path.join(__dirname, 'containers', name);
const read = (name) => { try { return JSON.parse(fs.readFileSync(fileOf(name), 'utf8')); } catch { return undefined; } };
const fail = (text, code = 1) => { process.stderr.write(text + '\n'); process.exit(code); };
const save = (name, value) => { if (fs.existsSync(path.dirname(fileOf(name)))) fs.writeFileSync(fileOf(name), JSON.stringify(value)); };
if (verb === 'version') process.exit(0);
if (verb === 'image') process.exit(images[args[1]]?.here ? 0 : 1);
if (verb === 'pull') {
  const image = images[args[1]];
  if (!image) fail('Error response from daemon: manifest unknown');
  image.here = true;
  fs.writeFileSync(imagesFile, JSON.stringify(images));
}
if (verb === 'ps') {
  const label = args[args.indexOf('--filter') + 1].replace('label=', '');
  for (const name of fs.readdirSync(__dirname + '/containers')) {
    const container = read(name);
    if (container?.label !== label && container?.label.split('=')[0] !== label) continue;
    console.log(args.includes('--quiet') ? name : name + ' ' + container.label.split('=')[1]);
  }
}
if (verb === 'inspect') {
  const container = read(args[2]) ?? fail('No such object');
  console.log(args[1].replace('{{.State.Pid}}', container.pid ?? 0).replace('{{.State.OOMKilled}}', container.oom === true)
    .replace('{{.State.ExitCode}}', container.code ?? 0).replace('{{.State.Error}}', container.error ?? ''));
}
if (verb === 'rm') for (const name of args.slice(1)) {
  const container = read(name);
  fs.rmSync(fileOf(name), { force: true });
  if (container?.pid) try { process.kill(container.pid, 'SIGKILL'); } catch {}
}
if (verb === 'run') {
  const options = {}, env = {};
  let at = 0;
  for (; args[at].startsWith('--'); at += 1) {
    const name = args[at].slice(2);
    if (name === 'read-only') { options[name] = true; continue; }
    const value = args[at += 1];
    if (name === 'env') { const [key, ...rest] = value.split('='); env[key] = rest.length ? rest.join('=') : process.env[key]; }
    else options[name] = value;
  }
  const [uri, ...command] = args.slice(at);
  const image = images[uri];
  if (!image?.here) fail('Unable to find image', 125);
  const entry = options.entrypoint ? [options.entrypoint] : image.entryPoint;
  const argv = [...entry, ...(command.length ? command : options.entrypoint ? [] : image.command)];
  const started = { label: options.label };
  const child = cp.spawn(argv[0], argv.slice(1), { cwd: path.join(image.folder, options.workdir ?? '/'), env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'inherit', 'inherit'] });
  if (child.pid) save(options.name, { ...started, pid: child.pid });
  child.on('error', () => { save(options.name, { ...started, code: 127, error: 'exec: "' + argv[0] + '": executable file not found in $PATH' }); process.exit(127); });
  child.on('exit', (code, signal) => {
    const status = code ?? 128 + require('os').constants.signals[signal];
    if (read(options.name)) save(options.name, { ...started, code: status, oom: status === 137 && fs.existsSync(image.folder + '/oom') });
    process.exit(status);
  });
}
`;

/** A runtime of its own, as images bring one. */
const PROGRAM = `
const api = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2018-06-01/runtime/invocation/';
let count = 0;
(async () => {
  if (process.argv[2] === 'leave') process.exit(4);
  for (;;) {
    const next = await fetch(api + 'next');
    const id = next.headers.get('lambda-runtime-aws-request-id');
    const event = await next.json();
    console.log('out of', id);
    console.error('err of', id);
    if (event.hang) await new Promise((resolve) => setTimeout(resolve, 60000));
    if (event.hog) { require('fs').writeFileSync('oom', ''); process.kill(process.pid, 'SIGKILL'); }
    if (event.fail) { await fetch(api + id + '/error', { method: 'POST', body: JSON.stringify({ errorType: 'Asked', errorMessage: 'as asked' }) }); continue; }
    const answer = { count: ++count, argv: process.argv.slice(2), cwd: process.cwd().split('/').at(-1), env: process.env };
    await fetch(api + id + '/response', { method: 'POST', body: JSON.stringify(answer) });
  }
})();
`;

let folder: string;
let harness: Harness;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cloudlet-docker-'));
  for (const name of ['containers', 'app', 'app/inner']) mkdirSync(join(folder, name));
  const program = join(folder, 'app', 'program.js');
  writeFileSync(program, PROGRAM);
  const image = { folder: join(folder, 'app'), entryPoint: [process.execPath, program], command: ['default'] };
  writeFileSync(join(folder, 'images.json'), JSON.stringify({ 'repo/app:1': { ...image, here: true }, 'repo/far:1': image }));
  writeFileSync(join(folder, 'docker'), STAND_IN);
  chmodSync(join(folder, 'docker'), 0o755);
  harness = createHarness({ containerCommand: join(folder, 'docker') });
});
afterEach(async () => {
  await harness[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

function define(image: Partial<FunctionDefinition['image']> = {}, given: Partial<FunctionDefinition> = {}): Promise<FunctionDefinition> {
  const code = { sha256: 'digest', read: () => Promise.reject(new Error('an image has no archive')) };
  return harness.define({ x: '' }, { runtime: '', handler: '', code, image: { uri: 'repo/app:1', ...image }, ...given });
}

function calls(verb: string): string[][] {
  const lines = readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as string[]).filter(([each]) => each === verb);
}

interface Answer {
  readonly count: number;
  readonly argv: string[];
  readonly cwd: string;
  readonly env: Record<string, string>;
}

test('answers, logs, and stays warm', async () => {
  const definition = await define({}, { environment: { MINE: 'a b', AWS_SECRET_ACCESS_KEY: 'hidden' } });
  const first = await harness.invoke(definition, {}, { requestId: 'r-1' });
  const { count, argv, cwd, env } = first.json as Answer;
  expect([count, argv, cwd]).toEqual([1, ['default'], 'app']);
  expect(env).toMatchObject({
    MINE: 'a b',
    AWS_SECRET_ACCESS_KEY: 'hidden',
    AWS_LAMBDA_FUNCTION_NAME: definition.name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
    AWS_REGION: 'us-east-1',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:4566',
  });
  // AWS: these are the image's to say; managed runtimes alone have the last one.
  for (const name of ['_HANDLER', 'LAMBDA_TASK_ROOT', 'LD_LIBRARY_PATH', 'AWS_EXECUTION_ENV']) expect(env).not.toHaveProperty(name);
  expect(first.logTail).toMatch(/START RequestId: r-1 [^]*\nEND RequestId: r-1/);
  expect(first.logTail).toContain('out of r-1\n');
  expect(first.logTail).toContain('err of r-1\n');
  expect((await harness.invoke(definition)).json).toMatchObject({ count: 2 });
  expect(calls('run')).toHaveLength(1);
});

test('is shut in: limits, read-only files, no privileges, no secrets among the arguments', async () => {
  const options = { memoryMb: 512, ephemeralStorageMb: 1024, architecture: 'arm64', environment: { SECRET: 'hidden' } } as const;
  await harness.invoke(await define({}, options));
  const [run = []] = calls('run');
  const valueOf = (name: string): string | undefined => run[run.indexOf(name) + 1];
  expect(valueOf('--memory')).toBe('512m');
  expect(valueOf('--memory-swap')).toBe('512m');
  expect(valueOf('--tmpfs')).toContain('size=1024m');
  expect(valueOf('--platform')).toBe('linux/arm64');
  // 512 of the 1,769 MB that are one processor
  expect(valueOf('--cpus')).toBe('0.29');
  expect(valueOf('--cap-drop')).toBe('ALL');
  expect(run).toContain('--read-only');
  expect(run.join(' ')).not.toContain('hidden');
});

// AWS: ImageConfig overrides ENTRYPOINT, CMD and WORKDIR of the image. API_ImageConfig.html
test('ImageConfig takes the place of what the image says', async () => {
  const program = join(folder, 'app', 'program.js');
  const own = await define({ entryPoint: [process.execPath, program], command: ['one', 'two'], workingDirectory: '/inner' });
  expect((await harness.invoke(own)).json).toMatchObject({ argv: ['one', 'two'], cwd: 'inner' });
  const command = await define({ command: ['three'] });
  expect((await harness.invoke(command)).json).toMatchObject({ argv: ['three'], cwd: 'app' });
});

describe('failures', () => {
  test.each([
    [{ fail: true }, { errorType: 'Asked', errorMessage: 'as asked' }],
    [{ hog: true }, { errorType: 'Runtime.OutOfMemory', errorMessage: 'RequestId: r Error: Runtime exited with error: signal: killed' }],
  ])('%j', async (event, document) => {
    const result = await harness.invoke(await define(), event, { requestId: 'r' });
    expect([result.error, result.json]).toEqual(['Unhandled', document]);
  });

  test('a program that leaves, and none at all', async () => {
    const left = await harness.invoke(await define({ command: ['leave'] }), {}, { requestId: 'r' });
    expect(left.json).toMatchObject({ errorType: 'Runtime.ExitError', errorMessage: 'RequestId: r Error: Runtime exited with error: exit status 4' });
    const none = await harness.invoke(await define({ entryPoint: ['/nowhere'] }), {}, { requestId: 'r' });
    expect(none.json).toMatchObject({ errorType: 'Runtime.InvalidEntrypoint', errorMessage: expect.stringContaining('executable file not found') });
  });

  test('a timeout ends the container', async () => {
    const definition = await define({}, { timeoutMs: 1000 });
    expect((await harness.invoke(definition, { hang: true })).json).toMatchObject({ errorType: 'Sandbox.Timedout' });
    expect((await harness.invoke(definition)).json).toMatchObject({ count: 1 });
    expect(calls('run')).toHaveLength(2);
    expect(readdirSync(join(folder, 'containers'))).toHaveLength(1);
  });

  test('an image that is not here is fetched; one that is nowhere is refused', async () => {
    expect((await harness.invoke(await define({ uri: 'repo/far:1' }))).json).toMatchObject({ count: 1 });
    expect(calls('pull')).toEqual([['pull', '--quiet', 'repo/far:1']]);
    await expect(harness.invoke(await define({ uri: 'repo/none:1' }))).rejects.toMatchObject({
      reason: 'ImageUnavailable',
      message: 'the image repo/none:1 cannot be had: Error response from daemon: manifest unknown',
    });
  });

  test('without a container engine', async () => {
    await using own = createHarness({ containerCommand: join(folder, 'no-such-command') });
    await expect(own.invoke(await define())).rejects.toMatchObject({
      reason: 'ContainersUnavailable',
      message: expect.stringContaining('not installed'),
    });
  });
});

test('nothing is left: not of this engine when it closes, not of one that was killed', async () => {
  const { pid = 0 } = spawnSync(process.execPath, ['-e', '']);
  writeFileSync(join(folder, 'containers', 'orphan'), JSON.stringify({ label: `cloudlet.engine=${pid}` }));
  await harness.invoke(await define());
  expect(existsSync(join(folder, 'containers', 'orphan'))).toBe(false);
  expect(readdirSync(join(folder, 'containers'))).toHaveLength(1);
  await harness[Symbol.asyncDispose]();
  expect(readdirSync(join(folder, 'containers'))).toEqual([]);
});
