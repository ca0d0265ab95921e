// Tools around functions as a person uses them: events through pipes, cost over a crash, sweeps that are
// stopped or killed, a project in development with a debugger.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const template = (memory: number): string => `
Transform: AWS::Serverless-2016-10-31
Resources:
  Worker:
    Type: AWS::Serverless::Function
    Properties: { CodeUri: src, Handler: worker.handler, Runtime: nodejs20.x, MemorySize: ${memory}, Timeout: 10 }
`;
const WORKER = `export async function handler(event: { Records?: { body: string }[]; sleepMs?: number }) {
  await new Promise((resolve) => setTimeout(resolve, event.sleepMs ?? 0));
  return (event.Records ?? []).map((record) => record.body);
}
`;

interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloudlet-tools-'));
  await mkdir(join(folder, 'src'));
  await writeFile(join(folder, 'template.yaml'), template(128));
  await writeFile(join(folder, 'src', 'worker.ts'), WORKER);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [CLI, ...args], { cwd: folder, env: { PATH: process.env['PATH'] } });
}

async function run(args: readonly string[], input = ''): Promise<Result> {
  const child = start(args);
  child.stdin?.end(input);
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** Reads the JSON events of a command that stays in the foreground. */
function eventsOf(child: ChildProcess): (name: string) => Promise<Record<string, unknown>> {
  const lines = createInterface({ input: child.stdout ?? process.stdin })[Symbol.asyncIterator]();
  return async (name) => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`the command ended before ${name}`);
      const event = JSON.parse(value) as Record<string, unknown>;
      if (event['event'] === name) return event;
    }
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }
  return child.exitCode;
}

async function startCloud(): Promise<{ child: ChildProcess; endpoint: string }> {
  const child = start(['start', '--port', '0', '--isolation', 'process', '--json']);
  const { endpoint } = await eventsOf(child)('ready');
  return { child, endpoint: String(endpoint) };
}

describe('a running cloud', () => {
  let cloud: { child: ChildProcess; endpoint: string };
  beforeAll(async () => {
    cloud = await startCloud();
    expect((await run(['deploy', '--stack', 'tools', '--json'])).code).toBe(0);
  }, 60_000);
  afterAll(() => end(cloud.child, 'SIGTERM'));

  async function functionNames(): Promise<string[]> {
    const lambda = new LambdaClient({
      endpoint: cloud.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    const { Functions = [] } = await lambda.send(new ListFunctionsCommand({}));
    return Functions.map(({ FunctionName = '' }) => FunctionName);
  }

  test('takes a generated event from a pipe', async () => {
    const event = await run(['generate-event', 'sqs', 'receive-message', '--count', '2', '--body', 'hello']);
    const { stdout, code } = await run(['invoke', 'Worker', '--event', '-', '--json'], event.stdout);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ payload: ['hello', 'hello'], report: { memoryMb: 128 } });
  });

  test('knows after kill -9 what functions cost before', async () => {
    await run(['invoke', 'Worker']);
    const before = await run(['cost', '--json']);
    expect(JSON.parse(before.stdout)).toMatchObject({ byFunction: [{ requests: 2 }] });
    await end(cloud.child, 'SIGKILL');
    cloud = await startCloud();
    expect((await run(['cost', '--json'])).stdout).toBe(before.stdout);
  });

  test('is as it was after a sweep that Ctrl-C stopped', async () => {
    const sweep = start(['tune', 'Worker', '--data', '{"sleepMs":100}', '--memory', '256', '--runs', '1000']);
    await expect.poll(async () => (await functionNames()).length, { timeout: 20_000 }).toBe(2);
    expect(await end(sweep, 'SIGINT')).toBe(130);
    expect(await functionNames()).toEqual([expect.stringMatching(/^tools-Worker-/)]);
  });

  test('is cleaned up by the next sweep after one that was killed', async () => {
    const sweep = start(['tune', 'Worker', '--data', '{"sleepMs":100}', '--memory', '256', '--runs', '1000']);
    await expect.poll(async () => (await functionNames()).length, { timeout: 20_000 }).toBe(2);
    await end(sweep, 'SIGKILL');
    expect(await functionNames()).toHaveLength(2);
    const { stdout, code } = await run(['tune', 'Worker', '--memory', '128,256', '--runs', '5', '--json']);
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { results: [{ memoryMb: 128 }, { memoryMb: 256 }], failed: [] }]);
    expect(await functionNames()).toHaveLength(1);
  });
});

describe('a project in development', () => {
  let child: ChildProcess;
  let next: ReturnType<typeof eventsOf>;
  let complaints = '';
  let ready: Record<string, unknown>;

  beforeAll(async () => {
    const inspect = ['--inspect=Worker:39229', '--isolation', 'process'];
    child = start(['dev', '--port', '0', '--data', 'dev-data', '--json', '--stack', 'dev', ...inspect]);
    child.stderr?.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
    next = eventsOf(child);
    ready = await next('ready');
  }, 60_000);
  afterAll(() => end(child, 'SIGTERM'));

  test('tells how to attach a debugger, which then answers', async () => {
    expect(ready).toMatchObject({
      debug: [{ logicalId: 'Worker', kind: 'node', port: 39_229 }],
      launch: [{ name: 'cloudlet: Worker', request: 'attach', port: 39_229 }],
    });
    const endpoint = ['--endpoint', String(ready['endpoint'])];
    expect((await run(['invoke', 'Worker', ...endpoint])).code).toBe(0);
    const targets = (await (await fetch('http://127.0.0.1:39229/json/list')).json()) as { webSocketDebuggerUrl: string }[];
    expect(targets).toMatchObject([{ webSocketDebuggerUrl: expect.stringMatching(/^ws:\/\/127\.0\.0\.1:39229\//) }]);
  });

  test('keeps what runs when the template is wrong, and follows when it is right', async () => {
    const endpoint = ['--endpoint', String(ready['endpoint'])];
    await writeFile(join(folder, 'template.yaml'), template(64));
    await expect.poll(() => complaints, { timeout: 20_000 }).toMatch(/ERR_STACK.*memorySize/);
    expect((await run(['invoke', 'Worker', ...endpoint])).stdout.trim()).toBe('[]');
    complaints = '';
    await writeFile(join(folder, 'template.yaml'), template(256));
    const memoryOf = async () => {
      const { stdout } = await run(['invoke', 'Worker', '--json', ...endpoint]);
      return (JSON.parse(stdout) as { report: { memoryMb: number } }).report.memoryMb;
    };
    await expect.poll(memoryOf, { timeout: 20_000 }).toBe(256);
    expect(complaints).toBe('');
  });
});
