// A cloud in a process of its own, started and filled by the command line.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

export interface ProcessCloud {
  readonly endpoint: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly process: ChildProcess;
  client<Client>(clientClass: new (config: never) => Client): Client;
  advance(duration: string): Promise<void>;
  close(): Promise<void>;
}

/** `cloudlet start` on a free port with a virtual clock, then `cloudlet deploy` of the project. */
export async function startProcessCloud(project: URL): Promise<ProcessCloud> {
  const folder = await mkdtemp(join(tmpdir(), 'cloudlet-scenario-'));
  const child = spawn(
    process.execPath,
    [CLI, 'start', '--port', '0', '--data', join(folder, 'data'), '--clock', 'virtual', '--json'],
    { stdio: ['ignore', 'pipe', 'inherit'], cwd: folder },
  );
  const { endpoint } = (await firstLine(child)) as { endpoint: string };
  const deploy = spawn(
    process.execPath,
    [CLI, 'deploy', fileURLToPath(project), '--endpoint', endpoint, '--json'],
    { stdio: ['ignore', 'pipe', 'inherit'], cwd: folder },
  );
  const { outputs } = (await firstLine(deploy)) as { outputs: Record<string, string> };
  return {
    endpoint,
    outputs,
    process: child,
    client: (clientClass) =>
      new clientClass({
        endpoint,
        region: 'us-east-1',
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
        forcePathStyle: true,
      } as never),
    async advance(duration) {
      const response = await fetch(`${endpoint}/_cloudlet/clock`, {
        method: 'POST',
        body: JSON.stringify({ advance: duration }),
      });
      if (!response.ok) throw new Error(await response.text());
    },
    async close() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The JSON object a command prints first; rejects when it ends without one. */
export async function firstLine(child: ChildProcess): Promise<unknown> {
  if (child.stdout === null) throw new Error('the command has no output');
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line) as unknown;
  throw new Error(`the command ended with ${child.exitCode} and said nothing`);
}
