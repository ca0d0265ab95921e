// The command line as a person uses it: a project of one function, edits that go live, clear errors.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const TEMPLATE = `
Transform: AWS::Serverless-2016-10-31
Resources:
  Greeter:
    Type: AWS::Serverless::Function
    Properties: { CodeUri: src, Handler: greeter.handler, Runtime: nodejs20.x }
`;
const handler = (greeting: string): string => `
  export async function handler(event: { name?: string }): Promise<string> {
    console.log('greeting', event.name);
    return \`${greeting} \${event.name ?? 'world'}\`;
  }
`;

interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloudlet-cli-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [CLI, ...args], { cwd: folder, env: { PATH: process.env['PATH'] } });
}

async function run(...args: string[]): Promise<Result> {
  const child = start(args);
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

describe('wrong input gets one clear error', () => {
  const cases: [string, string[], number, RegExp][] = [
    ['an unknown command', ['frobnicate'], 2, /there is no command "frobnicate"/],
    ['an unknown option', ['start', '--prot', '1'], 2, /--prot/],
    ['a port that is no number', ['start', '--port', 'x'], 2, /--port is not a number/],
    ['an argument too many', ['status', 'now'], 2, /unexpected argument: now/],
    ['a duration that is none', ['clock', 'advance', 'soon'], 2, /not a duration: "soon"/],
    ['no function', ['invoke'], 2, /which function\?/],
    ['no cloud', ['status', '--endpoint', 'http://127.0.0.1:9'], 3, /no cloud answers at/],
    ['a clock of no kind', ['start', '--clock', 'sundial'], 2, /--clock is "sundial"/],
  ];
  test.each(cases)('%s', async (_name, args, code, message) => {
    const result = await run(...args);
    expect(result.stderr).toMatch(message);
    expect(result.stderr).toMatch(/fix: /);
    expect(result.code).toBe(code);
    expect(result.stderr).not.toMatch(/ {4}at /);
  });

  test('as JSON for machines', async () => {
    const { stderr } = await run('status', '--endpoint', 'http://127.0.0.1:9', '--json');
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'ERR_NO_CLOUD' } });
  });
});

test('every command explains itself', async () => {
  const { stdout, code } = await run('--help');
  expect(code).toBe(0);
  for (const name of ['start', 'dev', 'deploy', 'invoke', 'logs', 'status', 'clock', 'stop']) {
    expect(stdout).toContain(name);
    expect((await run(name, '--help')).stdout).toContain(`cloudlet ${name}`);
  }
});

describe('a project in development', () => {
  let child: ChildProcess;
  let next: ReturnType<typeof eventsOf>;
  let endpoint: string;

  beforeAll(async () => {
    await mkdir(join(folder, 'src'));
    await writeFile(join(folder, 'template.yaml'), TEMPLATE);
    await writeFile(join(folder, 'src', 'greeter.ts'), handler('hello'));
    child = start(['dev', '--port', '0', '--json', '--stack', 'greeting']);
    next = eventsOf(child);
    endpoint = String((await next('ready'))['endpoint']);
  }, 60_000);
  afterAll(async () => {
    if (child.exitCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
  });

  test('is deployed and answers', async () => {
    const { stdout, code } = await run('invoke', 'Greeter', '--data', '{"name":"Ada"}');
    expect(stdout.trim()).toBe('"hello Ada"');
    expect(code).toBe(0);
  });

  test('follows an edit of a handler, past the stack', async () => {
    await writeFile(join(folder, 'src', 'greeter.ts'), handler('good morning'));
    const live = await next('live');
    expect(live).toMatchObject({ logicalId: 'Greeter' });
    const { stdout } = await run('invoke', 'Greeter', '--data', '{"name":"Ada"}');
    expect(stdout.trim()).toBe('"good morning Ada"');
  });

  test('stays up when an edit does not compile, and follows the next one', async () => {
    await writeFile(join(folder, 'src', 'greeter.ts'), 'export async function handler( {');
    let complaints = '';
    child.stderr?.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
    await expect.poll(() => complaints, { timeout: 10_000 }).toMatch(/ERR_BUILD/);
    expect(complaints).toMatch(/greeter\.ts:1:/);
    await writeFile(join(folder, 'src', 'greeter.ts'), handler('welcome back'));
    await next('live');
    expect((await run('invoke', 'Greeter')).stdout.trim()).toBe('"welcome back world"');
  });

  test('shows what the function wrote', async () => {
    const { stdout } = await run('logs', 'Greeter', '--json');
    const messages = stdout.trim().split('\n').map((line) => (JSON.parse(line) as { message: string }).message);
    expect(messages.some((message) => message.includes('greeting Ada'))).toBe(true);
    expect(messages.some((message) => message.startsWith('REPORT RequestId:'))).toBe(true);
  });

  test('tells its state', async () => {
    const { stdout } = await run('status', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      endpoint,
      stacks: [{ name: 'greeting', status: 'CREATE_COMPLETE' }],
    });
  });

  test('names the functions there are when asked for one that is not', async () => {
    const { stderr, code } = await run('invoke', 'Gretter');
    expect(stderr).toMatch(/there is no function Gretter[^]*greeting-Greeter-/);
    expect(code).toBe(1);
  });

  test('refuses to advance a clock that is not virtual', async () => {
    const { stderr, code } = await run('clock', 'advance', '1h');
    expect(stderr).toMatch(/ERR_CLOCK_NOT_VIRTUAL/);
    expect(code).toBe(1);
  });

  test('stops when told, and is found again by the next start', async () => {
    const ended = once(child, 'exit');
    expect((await run('stop')).code).toBe(0);
    expect(await ended).toEqual([0, null]);
    child = start(['start', '--port', '0', '--json']);
    await eventsOf(child)('ready');
    expect((await run('invoke', 'Greeter')).stdout.trim()).toBe('"welcome back world"');
  });
});
