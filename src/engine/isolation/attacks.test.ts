// Attacks, each in Node.js and in Python: a function harms itself at most, and the next one answers.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FunctionDefinition } from '../../base/function-runner.ts';
import { codeOf, createHarness, type Files, type Harness, isAlive, zipOf } from '../engine-harness.ts';
import { readKernelView } from './control-group-files.ts';
import { openControlGroups } from './control-groups.ts';
import { findSandbox } from './sandbox-isolation.ts';

interface Attack {
  readonly name: string;
  /** The body of an async handler, below NODE_HEAD. */
  readonly node: string;
  /** The body of a handler, indented by one blank, below PYTHON_HEAD. */
  readonly python: string;
  readonly options?: Partial<FunctionDefinition>;
  readonly answer: unknown;
  /** What it writes. */
  readonly log?: RegExp;
  /** Those that hold it. */
  readonly drivers: readonly ('process' | 'sandbox')[];
  readonly needsGroups?: boolean;
}

const NODE_HEAD = `const fs = require('fs'); const net = require('net'); const os = require('os'); const childProcess = require('child_process');
const attempt = (f) => { try { f(); return 'done'; } catch (e) { return e.code ?? e.message; } };
const tells = (path) => { try { return fs.readFileSync(path).length > 0; } catch { return false; } };
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
const connect = () => { const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':'); const s = net.connect(port ? { host, port } : { path: host }); s.on('error', () => {}); return s; };
`;
const PYTHON_HEAD = `import ctypes, errno, glob, os, resource, signal, socket, subprocess, sys, tempfile, threading, time
def attempt(f):
    try: f()
    except OSError as e: return errno.errorcode[e.errno]
    return 'done'
def tells(path):
    try: return len(open(path).read()) > 0
    except OSError: return False
def connect():
    address = os.environ['AWS_LAMBDA_RUNTIME_API']
    if address.startswith('/'):
        s = socket.socket(socket.AF_UNIX); s.connect(address)
    else:
        host, port = address.split(':'); s = socket.create_connection((host, int(port)))
    s.settimeout(20)
    return s
`;

const BOTH = ['process', 'sandbox'] as const;
const SANDBOX = ['sandbox'] as const;
const TIMED_OUT = expect.objectContaining({ errorType: 'Sandbox.Timedout' });
const exited = (how: string): unknown => expect.objectContaining({ errorType: 'Runtime.ExitError', errorMessage: expect.stringContaining(how) });
const OUT_OF_MEMORY = expect.objectContaining({ errorType: 'Runtime.OutOfMemory', errorMessage: expect.stringContaining('signal: killed') });
const HIDDEN = expect.stringMatching(/^(EACCES|ENOENT|EPERM)$/);
const READ_ONLY = expect.stringMatching(/^(EROFS|EBUSY|EACCES|EPERM)$/);

const ATTACKS: readonly Attack[] = [
  {
    name: 'it ignores SIGTERM and never ends',
    node: `process.on('SIGTERM', () => {}); process.on('SIGINT', () => {}); for (;;);`,
    python: ` signal.signal(signal.SIGTERM, signal.SIG_IGN)\n while True: pass`,
    options: { timeoutMs: 700 },
    answer: TIMED_OUT,
    drivers: BOTH,
  },
  {
    name: 'it stops itself',
    node: `process.kill(process.pid, 'SIGSTOP'); await sleep(9000);`,
    python: ` os.kill(os.getpid(), signal.SIGSTOP)\n time.sleep(9)`,
    options: { timeoutMs: 700 },
    answer: TIMED_OUT,
    drivers: BOTH,
  },
  {
    name: 'it kills its own runtime',
    node: `process.kill(process.pid, 'SIGKILL'); await sleep(5000);`,
    python: ` os.kill(os.getpid(), signal.SIGKILL)`,
    answer: exited('signal: killed'),
    drivers: BOTH,
  },
  {
    name: 'it closes every descriptor it finds',
    node: `for (let fd = 0; fd < 200; fd += 1) try { fs.closeSync(fd); } catch {} process.exit(1);`,
    python: ` os.closerange(0, 1024)\n os._exit(1)`,
    // Node.js aborts when its event loop finds its own descriptors gone.
    answer: exited('Runtime exited with error'),
    drivers: BOTH,
  },
  {
    name: 'it opens all the descriptors there are, and keeps them',
    node: `global.kept = []; try { for (;;) kept.push(fs.openSync('/dev/null')); } catch (e) { return [e.code, kept.length < 1024]; }`,
    python: ` global kept\n kept = []\n try:\n  while True: kept.append(os.open('/dev/null', os.O_RDONLY))\n except OSError as e: return [errno.errorcode[e.errno], len(kept) < 1024]`,
    answer: ['EMFILE', true],
    drivers: SANDBOX,
  },
  {
    name: 'it starts processes without end',
    node: `let n = 0; for (; n < 3000; n += 1) { const child = childProcess.spawn('sleep', ['600'], { stdio: 'ignore' }); child.on('error', () => {}); if (child.pid === undefined) break; child.unref(); } return n > 100 && n < 1024;`,
    python: ` n = 0\n try:\n  while n < 3000:\n   if os.fork() == 0:\n    time.sleep(600); os._exit(0)\n   n += 1\n except OSError as e: return n > 100 and n < 1030\n return n`,
    options: { memoryMb: 3008, timeoutMs: 60_000 },
    answer: true,
    drivers: SANDBOX,
    needsGroups: true,
  },
  {
    name: 'it takes memory faster than anybody looks',
    node: `const all = []; for (;;) all.push(Buffer.alloc(64e6, 1));`,
    python: ` a = []\n while True: a.append(b'x' * 64000000)`,
    options: { memoryMb: 256, timeoutMs: 60_000 },
    answer: OUT_OF_MEMORY,
    drivers: SANDBOX,
    needsGroups: true,
  },
  {
    name: 'it takes memory bit by bit',
    node: `const all = []; for (;;) { all.push(Buffer.alloc(4e6, 1)); await sleep(5); }`,
    python: ` a = []\n while True:\n  a.append(b'x' * 4000000); time.sleep(0.005)`,
    options: { memoryMb: 256, timeoutMs: 60_000 },
    answer: OUT_OF_MEMORY,
    drivers: BOTH,
  },
  {
    name: 'its children take the memory',
    node: `const child = childProcess.spawn('python3', ['-c', "a = []\\nwhile True: a.append(b'x' * 8000000)"]); await new Promise((r) => child.on('exit', r)); await sleep(300); return 'survived';`,
    python: ` subprocess.run([sys.executable, '-c', "a = []\\nwhile True: a.append(b'x' * 8000000)"])\n time.sleep(0.3)\n return 'survived'`,
    options: { memoryMb: 256, timeoutMs: 60_000 },
    answer: OUT_OF_MEMORY,
    drivers: SANDBOX,
    needsGroups: true,
  },
  {
    name: 'it fills its disk',
    node: `const fd = fs.openSync('/tmp/fill', 'w'); const mb = Buffer.alloc(2 ** 20); let n = 0; const how = attempt(() => { for (; n < 60; n += 1) fs.writeSync(fd, mb); }); return [how, n <= 20];`,
    python: ` n = 0\n try:\n  with open('/tmp/fill', 'wb', buffering=0) as f:\n   while n < 60: f.write(b'x' * 1048576); n += 1\n except OSError as e: return [errno.errorcode[e.errno], n <= 20]`,
    options: { ephemeralStorageMb: 20 },
    answer: ['ENOSPC', true],
    drivers: SANDBOX,
  },
  {
    name: 'it fills shared memory',
    node: `return attempt(() => fs.writeFileSync('/dev/shm/x', 'x'));`,
    python: ` return attempt(lambda: open('/dev/shm/x', 'w'))`,
    answer: 'EROFS',
    drivers: SANDBOX,
  },
  {
    name: 'it crashes, and leaves no core',
    node: `process.chdir('/tmp'); process.abort();`,
    python: ` os.chdir('/tmp')\n assert resource.getrlimit(resource.RLIMIT_CORE) == (1, 1)\n os.abort()`,
    answer: exited('signal: aborted'),
    drivers: SANDBOX,
  },
  {
    name: 'it signals everybody it can',
    node: `process.on('SIGTERM', () => {}); attempt(() => process.kill(-1, 'SIGTERM')); return [attempt(() => process.kill(1, 'SIGKILL')), attempt(() => process.kill(event.engine, 'SIGKILL'))];`,
    python: ` signal.signal(signal.SIGTERM, signal.SIG_IGN)\n attempt(lambda: os.kill(-1, signal.SIGTERM))\n return [attempt(lambda: os.kill(1, signal.SIGKILL)), attempt(lambda: os.kill(event['engine'], signal.SIGKILL))]`,
    // The first process of its namespace cannot be killed from inside: the kernel takes the call and drops it.
    answer: [expect.stringMatching(/^(done|EPERM)$/), 'ESRCH'],
    drivers: SANDBOX,
  },
  {
    name: 'it deletes its code and the system',
    node: `return ['/var/task', '/opt', '/var/runtime', '/usr/bin', '/etc'].map((p) => { const [first] = fs.readdirSync(p); return attempt(() => first === undefined ? fs.rmdirSync(p) : fs.renameSync(p + '/' + first, p + '/gone')); });`,
    python: ` def spoil(p):\n  names = os.listdir(p)\n  os.rename(p + '/' + names[0], p + '/gone') if names else os.rmdir(p)\n return [attempt(lambda: spoil(p)) for p in ('/var/task', '/opt', '/var/runtime', '/usr/bin', '/etc')]`,
    answer: [READ_ONLY, READ_ONLY, READ_ONLY, READ_ONLY, READ_ONLY],
    drivers: SANDBOX,
  },
  {
    name: 'it looks for devices, and makes one',
    node: `return [['mem', 'kmsg', 'sda', 'vda', 'fuse', 'kvm', 'net'].filter((d) => fs.existsSync('/dev/' + d)), childProcess.spawnSync('mknod', ['/tmp/d', 'b', '254', '0']).status !== 0, fs.existsSync('/tmp/d')];`,
    python: ` return [[d for d in ('mem', 'kmsg', 'sda', 'vda', 'fuse', 'kvm', 'net') if os.path.exists('/dev/' + d)], attempt(lambda: os.mknod('/tmp/d', 0o60644, os.makedev(254, 0))) == 'EPERM', os.path.exists('/tmp/d')]`,
    answer: [[], true, false],
    drivers: SANDBOX,
  },
  {
    name: 'it uses programs that run as somebody else',
    node: `childProcess.spawnSync('sh', ['-c', 'cp /usr/bin/id /tmp/id && chmod 6755 /tmp/id']); return [childProcess.spawnSync('/tmp/id', ['-u']).stdout.toString().trim(), childProcess.spawnSync('su', ['-c', 'id']).status !== 0, attempt(() => process.setuid(0)) !== 'done'];`,
    python: ` subprocess.run(['sh', '-c', 'cp /usr/bin/id /tmp/id && chmod 6755 /tmp/id'])\n return [subprocess.run(['/tmp/id', '-u'], capture_output=True, text=True).stdout.strip(), subprocess.run(['su', '-c', 'id'], capture_output=True).returncode != 0, attempt(lambda: os.setuid(0)) != 'done']`,
    answer: ['993', true, true],
    drivers: SANDBOX,
  },
  {
    name: 'it reads the environments of others, and what the machine tells of itself',
    node: `const envs = fs.readdirSync('/proc').filter((n) => /^\\d+$/.test(n)).map((n) => { try { return fs.readFileSync('/proc/' + n + '/environ', 'latin1'); } catch { return ''; } });
      return [envs.some((text) => text.includes(event.secret)), fs.existsSync('/proc/' + event.engine), attempt(() => fs.readFileSync('/proc/1/root/etc/shadow')), attempt(() => fs.readdirSync('/proc/1/root' + event.workDir)), tells('/proc/kallsyms'), tells('/proc/keys')];`,
    python: ` envs = []\n for p in glob.glob('/proc/[0-9]*/environ'):\n  try: envs.append(open(p).read())\n  except OSError: pass\n return [any(event['secret'] in e for e in envs), os.path.exists('/proc/%d' % event['engine']), attempt(lambda: open('/proc/1/root/etc/shadow')), attempt(lambda: os.listdir('/proc/1/root' + event['workDir'])), tells('/proc/kallsyms'), tells('/proc/keys')]`,
    answer: [false, false, HIDDEN, HIDDEN, false, false],
    drivers: SANDBOX,
  },
  {
    name: 'it meets others in shared memory, semaphores and queues of the system',
    node: `return childProcess.execSync('cat /proc/sysvipc/shm | wc -l').toString().trim();`,
    python: ` return str(len(open('/proc/sysvipc/shm').readlines()))`,
    answer: '1',
    drivers: SANDBOX,
  },
  {
    name: 'it writes heads without end, and a body that is too large',
    node: `const talk = () => new Promise((resolve) => { const s = connect(); s.on('close', () => resolve('closed')); s.resume(); s.write('GET / HTTP/1.1\\r\\nX: '); const more = () => s.destroyed || s.write('x'.repeat(65536), () => setImmediate(more)); more(); });
      const head = await talk(); const s = connect(); s.write('POST /2018-06-01/runtime/invocation/' + context.awsRequestId + '/response HTTP/1.1\\r\\nContent-Length: 50000000\\r\\n\\r\\n'); s.write(Buffer.alloc(50e6, 34)); return head + await new Promise((r) => s.once('data', (d) => r(d.toString())));`,
    python: ` s = connect()\n try:\n  s.sendall(b'GET / HTTP/1.1\\r\\nX: ')\n  while True: s.sendall(b'x' * 65536)\n except OSError: pass\n s = connect()\n s.sendall(('POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\\r\\nContent-Length: 50000000\\r\\n\\r\\n' % context.aws_request_id).encode())\n s.sendall(b'"' * 50000000)\n return s.recv(100).decode()`,
    options: { memoryMb: 1024, timeoutMs: 30_000 },
    answer: expect.objectContaining({ errorType: 'Function.ResponseSizeTooLarge' }),
    drivers: BOTH,
  },
  {
    name: 'it opens connections to the Runtime API without end, with half a body on each',
    node: `let cut = 0; const all = []; for (let i = 0; i < 400; i += 1) { const s = connect(); s.on('close', () => (cut += 1)); s.write('POST /2018-06-01/runtime/init/error HTTP/1.1\\r\\nContent-Length: 6000000\\r\\n\\r\\n' + 'x'.repeat(400000)); all.push(s); } for (let i = 0; i < 100 && cut < 300; i += 1) await sleep(50); const answer = cut >= 300 || cut; for (const s of all) s.destroy(); return answer;`,
    python: ` def is_cut(s):\n  try:\n   s.setblocking(False)\n   return s.recv(1) == b''\n  except BlockingIOError: return False\n  except OSError: return True\n all = []\n for i in range(400):\n  try:\n   s = connect(); all.append(s)\n   s.sendall(b'POST /2018-06-01/runtime/init/error HTTP/1.1\\r\\nContent-Length: 6000000\\r\\n\\r\\n' + b'x' * 400000)\n  except OSError: pass\n for i in range(100):\n  if sum(map(is_cut, all)) >= 300: return True\n  time.sleep(0.05)\n return sum(map(is_cut, all))`,
    options: { memoryMb: 1769, timeoutMs: 30_000 },
    answer: true,
    drivers: BOTH,
  },
  {
    name: 'it sends without end behind a request that waits',
    node: `const s = connect(); s.write('GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\n\\r\\n'); let sent = 0; while (sent < 4e7) { sent += 1e5; if (s.write('y'.repeat(1e5))) continue; const drained = await Promise.race([new Promise((r) => s.once('drain', () => r(true))), sleep(500)]); if (!drained) break; } s.destroy(); console.log('held up after', sent < 5e6); return 1;`,
    python: ` s = connect()\n s.sendall(b'GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\n\\r\\n')\n s.settimeout(0.5)\n sent = 0\n try:\n  while sent < 4e7:\n   s.sendall(b'y' * 100000); sent += 100000\n except OSError: pass\n s.close()\n print('held up after', str(sent < 5e6).lower(), flush=True)`,
    options: { timeoutMs: 4000 },
    // It has taken its own next event, so nobody waits for its answer any more.
    answer: TIMED_OUT,
    log: /held up after true/,
    drivers: BOTH,
  },
  {
    name: 'it calls itself by another name',
    node: `process.title = 'systemd'; return 'renamed';`,
    python: ` ctypes.CDLL(None).prctl(15, b'systemd', 0, 0, 0)\n return 'renamed'`,
    answer: 'renamed',
    drivers: BOTH,
  },
  {
    name: 'it puts links to the machine into its /tmp, and makes /tmp itself one',
    node: `fs.symlinkSync(event.target, os.tmpdir() + '/link'); attempt(() => { fs.rmSync(os.tmpdir(), { recursive: true }); fs.symlinkSync(event.target, os.tmpdir()); }); return 'linked';`,
    python: ` os.symlink(event['target'], tempfile.gettempdir() + '/link')\n return 'linked'`,
    answer: 'linked',
    drivers: BOTH,
  },
  {
    name: 'it floods its log, in lines and without',
    node: `for (let i = 0; i < 20000; i += 1) fs.writeSync(1, 'line ' + i + '\\n'); fs.writeSync(2, 'x'.repeat(3e6)); return 'flooded';`,
    python: ` for i in range(20000): os.write(1, b'line %d\\n' % i)\n data = b'x' * 3000000\n while data: data = data[os.write(2, data):]\n return 'flooded'`,
    options: { timeoutMs: 30_000, memoryMb: 1769 },
    answer: 'flooded',
    drivers: BOTH,
  },
];

const sandbox = await findSandbox({ run: '', trees: '' }, () => {});
const probe = sandbox && openControlGroups(readKernelView());
const hasGroups = probe !== undefined && probe.missing.length === 0;
await probe?.close();

const RUNTIMES = {
  node: { source: ({ node }: Attack): Files => ({ 'index.js': `${NODE_HEAD}exports.handler = async (event, context) => { ${node} };` }), options: {} },
  python: {
    source: ({ python }: Attack): Files => ({ 'app.py': `${PYTHON_HEAD}def handler(event, context):\n${python}` }),
    options: { runtime: 'python3.11', handler: 'app.handler' },
  },
} as const;

describe.each(['sandbox', 'process'] as const)('%s driver', (isolation) => {
  describe.skipIf(isolation === 'sandbox' && sandbox === undefined)('(skipped where there is no sandbox)', () => {
    let harness: Harness;
    let target: string;
    beforeAll(() => {
      harness = createHarness({ isolation });
      target = mkdtempSync(join(tmpdir(), 'cloudlet-target-'));
      writeFileSync(join(target, 'kept'), 'kept');
    });
    afterAll(async () => {
      await harness[Symbol.asyncDispose]();
      // What functions linked to is as it was, also after their environments were cleared away.
      expect(readFileSync(join(target, 'kept'), 'utf8')).toBe('kept');
      await rm(target, { recursive: true });
    });

    async function expectAlive(): Promise<void> {
      const node = await harness.define({ 'index.js': 'exports.handler = async () => "alive";' });
      const python = await harness.define({ 'app.py': 'def handler(e, c): return "alive"' }, RUNTIMES.python.options);
      for (const definition of [node, python]) expect((await harness.invoke(definition)).json).toBe('alive');
    }

    const held = ATTACKS.filter(({ drivers, needsGroups }) => drivers.includes(isolation) && (hasGroups || needsGroups !== true));
    describe.each(held)('$name', (attack) => {
      test.each(['node', 'python'] as const)('in %s', async (language) => {
        const { source, options } = RUNTIMES[language];
        const environment = { SECRET: `secret-of-${language}` };
        const definition = await harness.define(source(attack), { ...options, environment, ...attack.options });
        const other = await harness.define({ 'index.js': 'exports.handler = async () => 1;' }, { environment: { SECRET: 'secret-of-another' } });
        await harness.invoke(other);
        const event = { engine: process.pid, target, workDir: harness.workDir, secret: 'secret-of-another' };
        const { json, text, logTail } = await harness.invoke(definition, event);
        expect(json, text).toEqual(attack.answer);
        if (attack.log !== undefined) expect(logTail).toMatch(attack.log);
        await expectAlive();
      }, 60_000);
    });

    test.each([
      ['index.js', 'while (true);'],
      ['index.js', 'require("child_process").spawnSync("sleep", ["60"]); exports.handler = async () => 1;'],
    ])('it hangs in init: the init is repeated within the invocation, then given up (%#)', async (name, source) => {
      const definition = await harness.define({ [name]: source }, { timeoutMs: 500 });
      expect((await harness.invoke(definition)).json).toMatchObject({ errorType: 'Sandbox.Timedout' });
      await expectAlive();
    }, 30_000);

    // AWS: archives like these are refused with InvalidParameterValueException. archive.test.ts has all of them.
    test.each([
      ['a link out of the archive', { 'index.js': 'exports.handler = async () => 1;', escape: { content: '../../../../etc', mode: 0o120777 } }],
      ['an absolute link', { 'index.js': 'exports.handler = async () => 1;', escape: { content: '/etc/passwd', mode: 0o120777 } }],
    ])('%s, in code and in a layer: nothing outside is shown', async (_name, files) => {
      const zip = await zipOf(files);
      const body = 'const fs = require("fs"); exports.handler = async () => ["/var/task/escape", "/opt/escape", process.env.LAMBDA_TASK_ROOT + "/escape"].map((p) => { try { return fs.readdirSync(p).length > 0 || "empty"; } catch (e) { try { return fs.readFileSync(p, "utf8").includes("root:"); } catch (e2) { return "none"; } } });';
      const layered = await harness.define({ 'index.js': body }, { layers: [codeOf(zip)] });
      const outcome = await harness.invoke(layered).catch((error: unknown) => error);
      if (outcome instanceof Error) expect(outcome).toMatchObject({ reason: 'InvalidZipFileException' });
      // In the sandbox /etc is what everybody may read; the machine's own passwd is not there.
      else if (isolation === 'sandbox') expect((outcome as { text: string }).text).not.toContain('root:x:0:0');
      await expectAlive();
    });

    test('a zip bomb is refused before it is written', async () => {
      const zip = await zipOf({ 'index.js': 'exports.handler = async () => 1;', bomb: '\0'.repeat(300e6) });
      expect(zip.length).toBeLessThan(1e6);
      const definition = await harness.define({}, { code: codeOf(zip) });
      await expect(harness.invoke(definition)).rejects.toMatchObject({ name: 'FunctionUnavailable' });
      await expectAlive();
    });

    test('environments killed from outside under load: their invocations fail, others go on, nothing is left', async () => {
      const definition = await harness.define({ 'index.js': 'exports.handler = async (e) => { await new Promise((r) => setTimeout(r, 30)); return e.n; };' });
      const children = (): number[] => readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'latin1').trim().split(' ').map(Number);
      const killer = setInterval(() => {
        const victim = children().find((pid) => /node-runtime/.test(commandOf(pid)));
        if (victim !== undefined) process.kill(victim, 'SIGKILL');
      }, 40);
      const outcomes = await Promise.all(Array.from({ length: 60 }, (_, n) => harness.invoke(definition, { n })));
      clearInterval(killer);
      for (const [n, { json }] of outcomes.entries()) {
        if (json !== n) expect(json).toMatchObject({ errorType: 'Runtime.ExitError' });
      }
      await expectAlive();
    });
  });
});

function commandOf(pid: number): string {
  try {
    return isAlive(pid) ? readFileSync(`/proc/${pid}/cmdline`, 'latin1') : '';
  } catch {
    return '';
  }
}
