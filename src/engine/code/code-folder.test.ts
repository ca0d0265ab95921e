// Where unpacked code lies: never below a project's packages.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { chooseCodeFolder } from './code-folder.ts';
import { createHarness } from '../engine-harness.ts';

// In the system's own temporary folder there may be packages of others above.
const root = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'cloudlet-folders-'));
afterAll(() => rmSync(root, { recursive: true }));

describe('choice', () => {
  let project: string;
  let cache: string;
  beforeEach(() => {
    const folder = mkdtempSync(join(root, 'case-'));
    project = join(folder, 'project');
    cache = join(folder, 'cache', 'cloudlet');
    mkdirSync(project);
  });
  const workDir = (): string => join(project, '.cloudlet', 'work');

  test('the work directory, where no packages are above it', () => {
    expect(chooseCodeFolder(workDir(), [cache])).toEqual({ path: join(workDir(), 'code'), leaks: [] });
    expect(existsSync(cache)).toBe(false);
  });

  test('the cache, where a project has packages; the same again for the same project', () => {
    mkdirSync(join(project, 'node_modules'));
    const { path, leaks } = chooseCodeFolder(workDir(), [cache]);
    expect([path.startsWith(`${cache}/`), leaks]).toEqual([true, []]);
    expect(chooseCodeFolder(workDir(), [cache]).path).toBe(path);
    expect(chooseCodeFolder(`${workDir()}2`, [cache]).path).not.toBe(path);
  });

  test('not a cache that others can write to, or that has packages above it', () => {
    mkdirSync(join(project, 'node_modules'));
    const open = join(root, 'open');
    mkdirSync(open, { recursive: true });
    chmodSync(open, 0o777);
    const inProject = join(project, 'cache');
    const { path, leaks } = chooseCodeFolder(workDir(), [inProject, open]);
    expect(path).toBe(join(workDir(), 'code'));
    expect(leaks).toEqual([join(project, 'node_modules')]);
    expect(chooseCodeFolder(workDir(), [inProject, open, cache]).path.startsWith(cache)).toBe(true);
  });

  test('caches of work directories that have gone are dropped', () => {
    mkdirSync(join(project, 'node_modules'));
    mkdirSync(workDir(), { recursive: true });
    const { path } = chooseCodeFolder(workDir(), [cache]);
    mkdirSync(path);
    chooseCodeFolder(join(project, 'other'), [cache]);
    expect(existsSync(path)).toBe(true);
    rmSync(workDir(), { recursive: true });
    chooseCodeFolder(join(project, 'other'), [cache]);
    expect(existsSync(path)).toBe(false);
  });
});

test('a function cannot load what the project above the work directory has installed', async () => {
  const project = mkdtempSync(join(root, 'project-'));
  mkdirSync(join(project, 'node_modules', 'left-behind'), { recursive: true });
  writeFileSync(join(project, 'node_modules', 'left-behind', 'index.js'), 'exports.v = 1;');
  await using harness = createHarness({ isolation: 'process', workDir: join(project, '.cloudlet', 'work') });
  const definition = await harness.define({ 'index.mjs': 'import "left-behind"; export const handler = async () => 1;' });
  expect((await harness.invoke(definition)).json).toMatchObject({
    errorMessage: expect.stringContaining("Cannot find package 'left-behind'"),
  });
});
