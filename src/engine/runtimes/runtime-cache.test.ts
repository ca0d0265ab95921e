// The folder of fetched runtimes: filled once, by one process, wholly or not at all.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openRuntimeCache } from './runtime-cache.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cloudlet-runtimes-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = async (draft: string): Promise<void> => writeFileSync(join(draft, 'file'), 'x');

test('is filled once, however many want it, of this process and of others', async () => {
  const [one, other] = [openRuntimeCache(folder), openRuntimeCache(folder)];
  let fills = 0;
  const fill = async (draft: string): Promise<void> => {
    fills += 1;
    await new Promise((resolve) => setImmediate(resolve));
    await write(draft);
  };
  const all = await Promise.all([one, one, other, other].map((cache) => cache.install('thing', fill)));
  expect(new Set(all)).toEqual(new Set([join(folder, 'thing')]));
  expect(fills).toBe(1);
  expect(one.find('thing')).toBe(join(folder, 'thing'));
  expect(readdirSync(folder)).toEqual(['thing']);
});

test('what fails leaves nothing, and may be tried again', async () => {
  const cache = openRuntimeCache(folder);
  const fail = async (draft: string): Promise<void> => {
    await write(draft);
    throw new Error('no network');
  };
  await expect(cache.install('thing', fail)).rejects.toThrow('no network');
  expect(readdirSync(folder)).toEqual([]);
  expect(existsSync(join(await cache.install('thing', write), 'file'))).toBe(true);
});

test('the lock of a process that is gone counts for nothing', async () => {
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  writeFileSync(join(folder, 'thing.lock'), String(pid));
  await openRuntimeCache(folder).install('thing', write);
  expect(readdirSync(folder)).toEqual(['thing']);
});
