// Environments forked from another are behind the same walls as those that were started: sandbox only.
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHarness, type Harness } from '../engine-harness.ts';
import { findSandbox } from './sandbox-isolation.ts';

let why = '';
const sandbox = await findSandbox({ run: '', trees: '' }, (reason) => (why = reason));

const PYTHON = { runtime: 'python3.12', handler: 'app.handler' } as const;
/** Each expression is evaluated; an error is its name. */
const LOOKS = `
import ctypes, json, os, signal, socket
def attempt(text):
    try:
        return eval(text)
    except BaseException as error:
        return type(error).__name__
def handler(event, context):
    return {name: attempt(text) for name, text in event.items()}
`;
const QUESTIONS = {
  user: 'os.getuid()',
  capabilities: "[line.split()[1] for line in open('/proc/self/status') if line.startswith(('CapEff', 'CapPrm'))]",
  filter: "[line.split()[1] for line in open('/proc/self/status') if line.startswith(('Seccomp:', 'NoNewPrivs'))]",
  processes: "sorted(int(name) for name in os.listdir('/proc') if name.isdigit())",
  parent: 'os.getppid()',
  parentKilled: 'os.kill(1, signal.SIGKILL)',
  unshare: 'ctypes.CDLL(None).unshare(0x10000000)',
  mount: 'ctypes.CDLL(None).mount(b"none", b"/tmp", b"tmpfs", 0, None)',
  kernelSettings: "open('/proc/sys/kernel/hostname', 'w')",
  kernelSecrets: "open('/proc/kcore', 'rb').read(1)",
  devices: "open('/dev/new', 'w')",
  null: "open('/dev/null', 'w').write('x')",
  task: "open('/var/task/new', 'w')",
  code: "sorted(os.listdir('/var/task'))",
  layers: "os.listdir('/opt')",
  others: "os.listdir('/var/runtime/fork')",
  shownProcesses: "os.listdir('/var/runtime/proc')",
  temporary: "(open('/tmp/mine', 'x').close(), sorted(os.listdir('/tmp')))[1]",
  shared: "open('/dev/shm/mine', 'x')",
  size: "os.statvfs('/tmp').f_blocks * os.statvfs('/tmp').f_frsize // 2**20",
  descriptors: "sorted(os.readlink('/proc/self/fd/' + name).split(':')[0] for name in os.listdir('/proc/self/fd') if os.path.exists('/proc/self/fd/' + name))",
  environment: "sorted(name for name in os.environ if 'CLOUDLET' in name)",
};

describe.skipIf(sandbox === undefined)(`forked environments${sandbox ? '' : ` (skipped: ${why})`}`, () => {
  let harness: Harness;
  beforeAll(() => {
    harness = createHarness({ isolation: 'sandbox' });
  });
  afterAll(() => harness[Symbol.asyncDispose]());

  function expectWalls(seen: Record<string, unknown>): void {
    expect(seen).toMatchObject({
      user: 993,
      capabilities: ['0000000000000000', '0000000000000000'],
      filter: ['1', '2'],
      processes: [1, 2],
      parent: 1,
      parentKilled: null,
      unshare: -1,
      mount: -1,
      kernelSettings: 'OSError',
      devices: 'OSError',
      null: 1,
      task: 'OSError',
      code: ['app.py'],
      layers: [],
      others: [],
      shownProcesses: [],
      temporary: ['mine'],
      // AWS: no shared memory either.
      shared: 'OSError',
      size: 512,
      environment: [],
    });
    // Empty, or not there at all.
    if (existsSync('/proc/kcore')) expect(JSON.stringify(seen['kernelSecrets'])).toMatch(/^(""|"PermissionError"|"TypeError")$/);
    for (const descriptor of seen['descriptors'] as string[]) expect(descriptor).toMatch(/^(\/dev\/null|pipe|socket|.*\/log-?\d*|.*\.log( \(deleted\))?)$/);
  }

  test('booted ahead without a function: two at a time see nothing of one another', async () => {
    const [one, two] = [await harness.define({ 'app.py': LOOKS }, PYTHON), await harness.define({ 'app.py': `${LOOKS}# other\n` }, PYTHON)];
    await harness.invoke(one, QUESTIONS);
    // Forked ones have a supervisor of their own as process 1; the first environment of all is bubblewrap's.
    const cold = async (definition: typeof one, round: number): Promise<Record<string, unknown>> =>
      (await harness.invoke({ ...definition, key: `${definition.key}/${round}` }, { ...QUESTIONS, first: "open('/proc/1/cmdline').read().split('\\0')[0].split('/')[-1]" })).json as Record<string, unknown>;
    let round = 0;
    await expect.poll(async () => (await cold(one, (round += 1)))['first'], { interval: 200, timeout: 10_000 }).toMatch(/^python/);
    const seen = await Promise.all([cold(one, 1001), cold(two, 1002)]);
    for (const each of seen) expectWalls(each);
  });

  test('restored from a snapshot', async () => {
    const definition = await harness.define({ 'app.py': LOOKS }, { ...PYTHON, snapStart: true });
    await harness.engine.snapshot(definition);
    expectWalls((await harness.invoke(definition, QUESTIONS)).json as Record<string, unknown>);
  });

  test('memory is bounded for each by itself', async () => {
    const source = 'def handler(event, context):\n  kept = []\n  while event["eats"]: kept.append(bytearray(8 * 2**20))\n  return 1\n';
    const definition = await harness.define({ 'app.py': source }, { ...PYTHON, snapStart: true, memoryMb: 128 });
    const [fat, thin] = await Promise.all([harness.invoke(definition, { eats: true }), harness.invoke(definition, { eats: false })]);
    expect(fat.json).toMatchObject({ errorType: 'Runtime.OutOfMemory' });
    expect(thin.json).toBe(1);
    expect((await harness.invoke(definition, { eats: false })).json).toBe(1);
  });

  test('a function that is on the network of its own reaches the cloud alone', async () => {
    await using walled = createHarness({ isolation: 'sandbox', network: 'cloud', takeConnection: (socket) => void socket.end('the cloud') });
    const source = `
import socket
def handler(event, context):
    def talk(port):
        try:
            with socket.create_connection(('127.0.0.1', port), 2) as connection:
                return connection.recv(20).decode()
        except OSError as error:
            return type(error).__name__
    return [talk(4566), talk(22), len(socket.if_nameindex())]
`;
    const definition = await walled.define({ 'app.py': source }, { ...PYTHON, snapStart: true });
    await walled.engine.snapshot(definition);
    expect((await walled.invoke(definition)).json).toEqual(['the cloud', 'ConnectionRefusedError', 1]);
  });
});
