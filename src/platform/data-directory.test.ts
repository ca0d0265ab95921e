// The lock of a data directory: keeps a second cloud out, and is no obstacle after a crash.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findRunningCloud, openDataDirectory } from './data-directory.ts';

let path: string;
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'cloudlet-data-'));
});
afterEach(() => rm(path, { recursive: true, force: true }));

describe('openDataDirectory', () => {
  test('refuses a second cloud while the first lives, and lets it in afterwards', async () => {
    const first = await openDataDirectory(path);
    await expect(openDataDirectory(path)).rejects.toMatchObject({ code: 'ERR_DATA_IN_USE' });
    await first.release();
    const second = await openDataDirectory(path);
    await second.release();
  });

  test('ignores the lock of a process that was killed and not collected', async () => {
    // The shell never waits for its child, so the killed child stays a zombie.
    const shell = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const [line] = (await once(shell.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    process.kill(pid, 'SIGKILL');
    await writeFile(join(path, 'running.json'), JSON.stringify({ pid, endpoint: 'http://127.0.0.1:1' }));
    await expect.poll(() => findRunningCloud(path)).toBeUndefined();
    const directory = await openDataDirectory(path);
    await directory.release();
    shell.kill('SIGKILL');
  });

  test('ignores the lock of a process whose id was given to another', async () => {
    const state = { pid: process.pid, started: '1', endpoint: 'http://127.0.0.1:1' };
    await writeFile(join(path, 'running.json'), JSON.stringify(state));
    const directory = await openDataDirectory(path);
    await directory.release();
  });

  test('refuses data of another format', async () => {
    await writeFile(join(path, 'format.json'), '{"format":99}\n');
    await expect(openDataDirectory(path)).rejects.toMatchObject({ code: 'ERR_DATA_FORMAT' });
  });

  test('tells where the cloud that holds it answers', async () => {
    const directory = await openDataDirectory(path);
    await directory.announce('http://127.0.0.1:4566');
    expect(await findRunningCloud(path)).toMatchObject({ pid: process.pid, endpoint: 'http://127.0.0.1:4566' });
    await directory.release();
    expect(await findRunningCloud(path)).toBeUndefined();
  });
});
