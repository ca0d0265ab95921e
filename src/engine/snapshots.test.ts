// SnapStart: environments that go on from one initialised process, each with numbers and walls of its own.
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHarness, type Harness } from './engine-harness.ts';
import { findSandbox } from './isolation/sandbox-isolation.ts';

const sandbox = await findSandbox({ run: '', trees: '' }, () => {});

const COUNTS = `
import os, random, secrets, socket, ssl, sys, tempfile, time, uuid
from snapshot_restore_py import register_after_restore, register_before_snapshot
said = []
first = uuid.uuid4().hex
with open(os.path.join(tempfile.gettempdir(), 'from-init'), 'w') as file:
    file.write(first)

@register_before_snapshot
def before():
    said.append('before 1')

register_before_snapshot(lambda word: said.append('before ' + word), '2')

@register_after_restore
def after():
    said.append('after 1')

register_after_restore(lambda word: said.append('after ' + word), word='2')
print('initialised', os.environ['AWS_LAMBDA_INITIALIZATION_TYPE'])
served = 0

def handler(event, context):
    global served
    served += 1
    if 'sleep' in event:
        time.sleep(event['sleep'])
    if 'exit' in event:
        os._exit(event['exit'])
    folder = tempfile.gettempdir()
    with open(os.path.join(folder, 'from-init')) as file:
        kept = file.read()
    open(os.path.join(folder, 'mine-%d' % os.getpid()), 'w').close()
    return {
        'said': said, 'first': first, 'kept': kept, 'served': served, 'pid': os.getpid(),
        'type': os.environ['AWS_LAMBDA_INITIALIZATION_TYPE'], 'stream': context.log_stream_name,
        'files': sorted(name for name in os.listdir(folder) if name.startswith('mine')),
        'numbers': [random.random(), uuid.uuid4().hex, uuid.uuid1().hex, secrets.token_hex(8), ssl.RAND_bytes(8).hex(), os.urandom(8).hex(), tempfile.mktemp()],
    }
`;

interface Told {
  readonly said: string[];
  readonly first: string;
  readonly kept: string;
  readonly served: number;
  readonly pid: number;
  readonly type: string;
  readonly stream: string | null;
  readonly files: string[];
  readonly numbers: unknown[];
}

/** Processes whose command names the work directory: the interpreters, and the sandboxes around them. */
function processesOf(workDir: string): string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, 'latin1');
      return /^\d+$/.test(name) && command.includes(workDir) && command.includes('cloudlet_runtime');
    } catch {
      return false;
    }
  });
}

describe.each(['process', 'sandbox'] as const)('%s driver', (isolation) => {
  describe.skipIf(isolation === 'sandbox' && sandbox === undefined)('(skipped where there is no sandbox)', () => {
    let harness: Harness;
    beforeAll(() => {
      harness = createHarness({ isolation });
    });
    afterAll(() => harness[Symbol.asyncDispose]());

    async function define(source: string, options = {}): Promise<Awaited<ReturnType<Harness['define']>>> {
      const python = { runtime: 'python3.12', handler: 'app.handler', version: '1', snapStart: true, ...options } as const;
      return harness.define({ 'app.py': source }, python);
    }

    test('environments go on from one init, with numbers of their own', async () => {
      const definition = await define(COUNTS);
      await harness.engine.snapshot(definition);
      await harness.settled();
      const lines = harness.messages();
      expect(lines).toContain('initialised snap-start\n');
      // AWS: snapstart-monitoring.html: the init is reported when the snapshot is made.
      expect(lines.filter((line) => /^INIT_REPORT Init Duration: [\d.]+ ms\tPhase: init\n$/.test(line))).toHaveLength(1);

      const results = await Promise.all([1, 2, 3].map(() => harness.invoke(definition, { sleep: 0.3 })));
      const told = results.map(({ json }) => json as Told);
      expect(told.map(({ said }) => said)).toEqual(Array.from({ length: 3 }, () => ['before 2', 'before 1', 'after 1', 'after 2']));
      expect(new Set(told.map(({ first }) => first)).size).toBe(1);
      expect(told.map(({ kept }) => kept)).toEqual(told.map(({ first }) => first));
      expect(told.map(({ type, stream }) => [type, stream])).toEqual(Array.from({ length: 3 }, () => ['snap-start', null]));
      expect(told.map(({ served }) => served)).toEqual([1, 1, 1]);
      // Each sees the files of init and its own.
      expect(told.map(({ files }) => files.length)).toEqual([1, 1, 1]);
      const numbers = told.flatMap(({ numbers: all }) => all);
      expect(new Set(numbers).size).toBe(numbers.length);
      for (const result of results) {
        expect(result.initDurationMs).toBeUndefined();
        expect(result.restoreDurationMs).toBeGreaterThan(0);
        // AWS: REPORT and the lines around a restore. snapstart-monitoring.html
        expect(result.logTail).toMatch(/\tRestore Duration: [\d.]+ ms\tBilled Restore Duration: \d+ ms\t/);
      }
      await harness.settled();
      expect(harness.messages().filter((line) => line.startsWith('RESTORE_START Runtime Version: python:3.12.v1\t'))).toHaveLength(3);
      expect(harness.messages().filter((line) => /^RESTORE_REPORT Restore Duration: [\d.]+ ms\n$/.test(line))).toHaveLength(3);
      const again = await harness.invoke(definition);
      expect((again.json as Told).served).toBe(2);
      expect(again.restoreDurationMs).toBeUndefined();
    });

    test('one that ends does not end the others, nor the snapshot', async () => {
      const definition = await define(COUNTS);
      const busy = harness.invoke(definition, { sleep: 0.5 });
      const ended = await harness.invoke(definition, { exit: 3 }, { requestId: 'r-exit' });
      expect(ended.json).toEqual({ errorType: 'Runtime.ExitError', errorMessage: 'RequestId: r-exit Error: Runtime exited with error: exit status 3' });
      expect((await busy).error).toBeUndefined();
      expect((await harness.invoke(definition)).error).toBeUndefined();
      expect(harness.messages().filter((line) => line === 'initialised snap-start\n').length).toBeLessThanOrEqual(2);
    });

    test('timeouts end a restored environment', async () => {
      const definition = await define(COUNTS, { timeoutMs: 400 });
      expect((await harness.invoke(definition, { sleep: 30 })).json).toMatchObject({ errorType: 'Sandbox.Timedout' });
      expect((await harness.invoke(definition)).error).toBeUndefined();
    });

    test('an init that fails is the failure of the snapshot', async () => {
      const definition = await define('raise KeyError("no start")\n');
      await expect(harness.engine.snapshot(definition)).rejects.toMatchObject({ reason: 'FunctionError.RuntimeInitError', message: "KeyError: 'no start'" });
    });

    test('a hook that fails before the snapshot is its failure; after a restore, that of the invocation', async () => {
      const hooks = 'from snapshot_restore_py import *\n';
      const before = await define(`${hooks}register_before_snapshot(lambda: 1 / 0)\ndef handler(e, c): return 1\n`);
      await expect(harness.engine.snapshot(before)).rejects.toMatchObject({ reason: 'FunctionError.RuntimeInitError', message: 'ZeroDivisionError: division by zero' });
      const after = await define(`${hooks}register_after_restore(lambda: 1 / 0)\ndef handler(e, c): return 1\n`);
      await harness.engine.snapshot(after);
      await expect(harness.invoke(after)).rejects.toMatchObject({ reason: 'SnapStartException' });
    });

    test('connections of the init are closed in what is restored', async () => {
      const source = `
import socket
listener = socket.create_server(('127.0.0.1', 0))
client = socket.create_connection(listener.getsockname())
server, _ = listener.accept()
def handler(event, context):
    return client.recv(1).decode()
`;
      expect((await harness.invoke(await define(source))).json).toBe('');
    });

    test('a retired snapshot ends with its environments, a busy one after its invocation', async () => {
      await using own = createHarness({ isolation });
      const source = 'import time\ndef handler(e, c):\n  time.sleep(0.3)\n  return 1\n';
      const definition = await own.define({ 'app.py': source }, { runtime: 'python3.12', handler: 'app.handler', snapStart: true });
      await own.engine.snapshot(definition);
      const busy = own.invoke(definition);
      await own.engine.retire(definition.key);
      expect((await busy).json).toBe(1);
      await expect.poll(() => processesOf(own.workDir)).toEqual([]);
    });

    test('an invocation that waited for room while its snapshot was retired leaves nothing behind', async () => {
      await using own = createHarness({ isolation, maxConcurrency: 1 });
      const source = 'import os, time\ndef handler(e, c):\n  time.sleep(0.3)\n  return os._exit(3) if e.get("dies") else 1\n';
      const definition = await own.define({ 'app.py': source }, { runtime: 'python3.12', handler: 'app.handler', snapStart: true });
      await own.engine.snapshot(definition);
      const both = [own.invoke(definition, { dies: true }), own.invoke(definition, {})];
      await own.engine.retire(definition.key);
      expect((await Promise.all(both)).map(({ json }) => json)).toEqual([expect.objectContaining({ errorType: 'Runtime.ExitError' }), 1]);
      await expect.poll(() => processesOf(own.workDir), { timeout: 10_000 }).toEqual([]);
    });

    test('what cannot be forked is refused with the reason', async () => {
      const node = await harness.define({ 'index.js': 'exports.handler = async () => 1;' }, { snapStart: true });
      await expect(harness.engine.snapshot(node)).rejects.toMatchObject({ reason: 'SnapStartNotSupported' });
    });
  });
});

describe('virtual time', () => {
  test('a restored environment has the cloud\'s time, not that of its snapshot', async () => {
    let nowMs = Date.UTC(2030, 0, 1);
    await using harness = createHarness({ cloudNowMs: () => nowMs });
    const source = 'import time\nborn = time.time()\ndef handler(e, c): return [born, time.time()]\n';
    const definition = await harness.define({ 'app.py': source }, { runtime: 'python3.12', handler: 'app.handler', snapStart: true });
    await harness.engine.snapshot(definition);
    nowMs += 3_600_000;
    expect((await harness.invoke(definition)).json).toEqual([Date.UTC(2030, 0, 1) / 1000, nowMs / 1000]);
  });
});
