// Several processes use one store at the same time.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AFTER_ANY } from '../../src/base/tuple.ts';
import { openLmdbStore } from '../../src/platform/lmdb-store.ts';
import { decode } from './durable-records.ts';
import { bundleProgram } from './killed-process.ts';

const PROCESSES = 3;
const COUNTS = 150;
const WRITERS = 4;

describe('processes that share a store', () => {
  let program: string;
  let path: string;

  beforeAll(async () => {
    program = await bundleProgram(new URL('shared-counter.ts', import.meta.url));
    path = await mkdtemp(join(tmpdir(), 'cloudlet-shared-'));
  });
  afterAll(async () => {
    await rm(program, { force: true });
    await rm(path, { recursive: true });
  });

  function startCounter(name: string): Promise<string> {
    const args = [program, path, name, String(COUNTS), String(WRITERS)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve(`${code} ${output.split(' ')[0]}`));
    });
  }

  test('lose no update, and wake one another', async () => {
    // All begin at once: they also make the store at the same time.
    const counting = Array.from({ length: PROCESSES }, (_, at) => startCounter(`p${at}`));
    const store = await openLmdbStore({ path });
    let wakes = 0;
    store.listen('counted', () => {
      wakes += 1;
    });
    expect(await Promise.all(counting)).toEqual(Array.from({ length: PROCESSES }, () => '0 done'));
    while (wakes === 0) await sleep(10);
    const log = await store.read((view) =>
      view.range(['count'], ['count', AFTER_ANY], { limit: 1e6 }),
    );
    const counted = log.map((entry) => (decode(entry.value) as { before: number }).before);
    expect(counted).toEqual(Array.from({ length: PROCESSES * COUNTS }, (_, at) => at));
    expect(decode(await store.read((view) => view.get(['counter'])))).toBe(PROCESSES * COUNTS);
    await store.close();
  });
});
