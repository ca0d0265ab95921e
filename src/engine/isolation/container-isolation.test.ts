// Functions from container images, against a stand-in for docker's command line that runs plain processes.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FunctionDefinition } from '../../base/function-runner.ts';
import { createHarness, type Harness } from '../engine-harness.ts';
import { writeImages, writeStandIn } from './container-stand-in.ts';

let folder: string;
let harness: Harness;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cloudlet-docker-'));
  const image = writeStandIn(folder);
  writeImages(folder, { 'repo/app:1': { ...image, here: true }, 'repo/far:1': image });
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
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  writeFileSync(join(folder, 'containers', 'orphan'), JSON.stringify({ label: `cloudlet.engine=${pid}` }));
  await harness.invoke(await define());
  expect(existsSync(join(folder, 'containers', 'orphan'))).toBe(false);
  expect(readdirSync(join(folder, 'containers'))).toHaveLength(1);
  await harness[Symbol.asyncDispose]();
  expect(readdirSync(join(folder, 'containers'))).toEqual([]);
});
