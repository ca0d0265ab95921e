// The watcher: edits in place, atomic saves again and again, new and replaced folders, what is ignored.
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FolderWatcher, watchFolders } from './watch-folder.ts';

let folder: string;
let watcher: FolderWatcher;
let seen: Set<string>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloudlet-watch-'));
  await mkdir(join(folder, 'src', 'deep'), { recursive: true });
  await mkdir(join(folder, 'node_modules', 'pkg'), { recursive: true });
  await writeFile(join(folder, 'src', 'a.ts'), '0');
  seen = new Set();
  watcher = watchFolders(async (paths) => {
    for (const path of paths) seen.add(path);
  });
  watcher.add(folder);
});
afterEach(async () => {
  watcher.close();
  await rm(folder, { recursive: true, force: true });
});

async function expectSeen(path: string): Promise<void> {
  await expect.poll(() => seen.has(join(folder, path)), { timeout: 5_000 }).toBe(true);
  seen.clear();
}

test('edits in place', async () => {
  for (const content of ['1', '2', '3']) {
    await writeFile(join(folder, 'src', 'a.ts'), content);
    await expectSeen('src/a.ts');
  }
});

test('files that editors replace, every time', async () => {
  for (const content of ['1', '2', '3']) {
    await writeFile(join(folder, 'src', 'a.ts.tmp'), content);
    await rename(join(folder, 'src', 'a.ts.tmp'), join(folder, 'src', 'a.ts'));
    await expectSeen('src/a.ts');
  }
});

test('new folders, and what is in them at once', async () => {
  await mkdir(join(folder, 'lib', 'inner'), { recursive: true });
  await writeFile(join(folder, 'lib', 'inner', 'b.ts'), '1');
  await expectSeen('lib/inner/b.ts');
  await writeFile(join(folder, 'lib', 'inner', 'b.ts'), '2');
  await expectSeen('lib/inner/b.ts');
});

test('a folder that is replaced by another of its name', async () => {
  await mkdir(join(folder, 'next'));
  await writeFile(join(folder, 'next', 'a.ts'), '1');
  await expectSeen('next/a.ts');
  await rm(join(folder, 'src'), { recursive: true });
  await rename(join(folder, 'next'), join(folder, 'src'));
  await expectSeen('src/a.ts');
  await writeFile(join(folder, 'src', 'a.ts'), '2');
  await expectSeen('src/a.ts');
});

test('nothing of packages and temporary files', async () => {
  await writeFile(join(folder, 'node_modules', 'pkg', 'index.js'), '1');
  await writeFile(join(folder, 'src', '.a.ts.swp'), '1');
  await writeFile(join(folder, 'src', 'a.ts'), '1');
  await expect.poll(() => [...seen], { timeout: 5_000 }).toEqual([join(folder, 'src', 'a.ts')]);
});

test('what changes while a change is followed comes right after', async () => {
  watcher.close();
  const rounds: string[][] = [];
  let running = 0;
  watcher = watchFolders(async (paths) => {
    expect((running += 1)).toBe(1);
    rounds.push([...paths]);
    if (rounds.length === 1) await writeFile(join(folder, 'src', 'b.ts'), '1');
    running -= 1;
  });
  watcher.add(folder);
  await writeFile(join(folder, 'src', 'a.ts'), '1');
  await expect.poll(() => rounds, { timeout: 5_000 }).toEqual([[join(folder, 'src', 'a.ts')], [join(folder, 'src', 'b.ts')]]);
});
