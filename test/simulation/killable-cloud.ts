// A cloud in a process of its own that is killed without warning and started again on the same data.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { firstLine } from '../scenarios/process-cloud.ts';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

export interface KillableCloud {
  /** A client of the process as it runs now: get a new one after each start. */
  client<Client>(clientClass: new (config: never) => Client): Client;
  /** SIGKILL, and a new process. */
  killAndRestart(): Promise<void>;
  close(): Promise<void>;
}

export async function startKillableCloud(folder: string): Promise<KillableCloud> {
  let { child, endpoint } = await startProcess(folder);
  let clients: { destroy(): void }[] = [];

  async function end(): Promise<void> {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    const [code, signal] = (await ended) as [number | null, string | null];
    for (const client of clients) client.destroy();
    clients = [];
    if (signal !== 'SIGKILL') throw new Error(`the cloud ended by itself with ${code ?? signal}`);
  }

  return {
    client(clientClass) {
      const client = new clientClass({
        endpoint,
        region: 'us-east-1',
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
        forcePathStyle: true,
        maxAttempts: 1,
      } as never);
      clients.push(client as { destroy(): void });
      return client;
    },
    async killAndRestart() {
      await end();
      ({ child, endpoint } = await startProcess(folder));
    },
    close: end,
  };
}

async function startProcess(folder: string): Promise<{ child: ChildProcess; endpoint: string }> {
  const child = spawn(process.execPath, [CLI, 'start', '--port', '0', '--data', folder, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: folder,
  });
  const { endpoint } = (await firstLine(child)) as { endpoint: string };
  return { child, endpoint };
}
