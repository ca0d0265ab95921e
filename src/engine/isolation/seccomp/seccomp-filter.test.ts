// The filter of system calls: as a program for both architectures, and in force around a function.
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHarness, type Harness } from '../../engine-harness.ts';
import { findSandbox } from '../sandbox-isolation.ts';
import { assemble } from './bpf-assembler.ts';
import { type Architecture, ARCHITECTURES, AUDIT_ARCHITECTURE, DENIED, WATCHED } from './denied-system-calls.ts';
import { architectureOf, buildSeccompFilter } from './seccomp-filter.ts';

const ALLOWED = 'allowed';
const VERDICTS: Readonly<Record<number, string>> = {
  0x7fff0000: ALLOWED, 0x00050001: 'EPERM', 0x00050026: 'ENOSYS', 0x00050061: 'EAFNOSUPPORT',
};

/** What the kernel does with a program (Documentation/networking/filter.rst), for the operations we use. */
function judge(program: Buffer, architecture: number, number: number, args: readonly number[] = []): string {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(number >>> 0, 0);
  data.writeUInt32LE(architecture >>> 0, 4);
  for (const [index, value] of args.entries()) data.writeUInt32LE(value >>> 0, 16 + 8 * index);
  let accumulator = 0;
  for (let at = 0; ; at += 1) {
    const code = program.readUInt16LE(at * 8);
    const [yes, no] = [program.readUInt8(at * 8 + 2), program.readUInt8(at * 8 + 3)];
    const k = program.readUInt32LE(at * 8 + 4);
    if (code === 0x20) accumulator = data.readUInt32LE(k);
    else if (code === 0x54) accumulator = (accumulator & k) >>> 0;
    else if (code === 0x15) at += accumulator === k ? yes : no;
    else if (code === 0x35) at += accumulator >= k ? yes : no;
    else if (code === 0x05) at += k;
    else if (code === 0x06) return VERDICTS[k] ?? String(k);
    else throw new Error(`no such operation: ${code}`);
  }
}

describe.each(ARCHITECTURES)('%s', (architecture) => {
  const column = ARCHITECTURES.indexOf(architecture) as 0 | 1;
  const program = buildSeccompFilter(architecture);
  const native = AUDIT_ARCHITECTURE[architecture];
  const ask = (number: number, ...args: number[]): string => judge(program, native, number, args);
  const watched = (name: keyof typeof WATCHED): number => WATCHED[name][column];

  test('what is denied fails with EPERM, the calls between pass', () => {
    const denied = new Set(Object.values(DENIED).flatMap((g) => Object.values(g).flatMap((row) => row[column] ?? [])));
    const special = new Set<number>(Object.values(WATCHED).map((row) => row[column]));
    for (let number = 0; number < 600; number += 1) {
      if (!special.has(number)) expect([number, ask(number)]).toEqual([number, denied.has(number) ? 'EPERM' : ALLOWED]);
    }
  });

  // Flags: linux/sched.h. A thread of glibc: VM|FS|FILES|SIGHAND|THREAD|SYSVSEM|SETTLS|PARENT_SETTID|CHILD_CLEARTID.
  test.each([
    ['clone', [0x003d0f00], ALLOWED],
    ['clone', [0x01200011], ALLOWED],
    ['clone', [0x10000011], 'EPERM'],
    ['clone', [0x40000011], 'EPERM'],
    ['clone', [0x00020011], 'EPERM'],
    ['clone3', [0], 'ENOSYS'],
    ['socket', [1, 1, 0], ALLOWED],
    ['socket', [2, 1, 6], ALLOWED],
    ['socket', [10, 2, 17], ALLOWED],
    ['socket', [16, 3, 0], ALLOWED],
    ['socket', [16, 3, 15], 'EAFNOSUPPORT'],
    ['socket', [17, 3, 0], 'EAFNOSUPPORT'],
    ['socket', [38, 5, 0], 'EAFNOSUPPORT'],
    ['socket', [40, 1, 0], 'EAFNOSUPPORT'],
    ['socketpair', [1, 1, 0], ALLOWED],
    ['ioctl', [0, 0x5401], ALLOWED],
    ['ioctl', [0, 0x5412], 'EPERM'],
    ['ioctl', [0, 0x541c], 'EPERM'],
    ['personality', [0xffffffff], ALLOWED],
    ['personality', [0x0040000], 'EPERM'],
  ] as const)('%s %j: %s', (name, args, verdict) => {
    expect(ask(watched(name), ...args)).toBe(verdict);
  });

  test('calls by the numbers of another architecture do not exist', () => {
    const i386 = 0x40000003;
    for (const number of [1, 26, 101]) expect(judge(program, i386, number)).toBe('ENOSYS');
  });
});

test('x32, another door to x86_64, is closed', () => {
  const program = buildSeccompFilter('x86_64');
  expect(judge(program, AUDIT_ARCHITECTURE.x86_64, 0x40000000 | 1)).toBe('ENOSYS');
});

test.each([
  [[{ goTo: 'nowhere' }], 'nowhere is not ahead'],
  [[{ label: 'a' }, { label: 'a' }], 'twice'],
  [[{ equals: 1, goTo: 'far' }, ...Array.from({ length: 256 }, () => ({ load: 0 })), { label: 'far' }, { verdict: 0 }], 'too far'],
])('the assembler refuses what the kernel could not run', (source, text) => {
  expect(() => assemble(source)).toThrow(text);
});

// The C headers of this machine, where it has them: newer calls may be missing in them.
const HEADERS: Readonly<Record<Architecture, string>> = {
  x86_64: '/usr/include/x86_64-linux-gnu/asm/unistd_64.h',
  aarch64: '/usr/include/asm-generic/unistd.h',
};
test.skipIf(!Object.values(HEADERS).every(existsSync)).each(ARCHITECTURES)('numbers are those of the C headers: %s (skipped without them)', (architecture) => {
  const text = readFileSync(HEADERS[architecture], 'latin1');
  const numbers = new Map([...text.matchAll(/^#define __NR(?:3264)?_(\w+)\s+(\d+)/gm)].map((m) => [m[1], Number(m[2])]));
  const rows = [...Object.values(DENIED).flatMap((group) => Object.entries(group)), ...Object.entries(WATCHED)];
  const known = rows.filter(([name]) => numbers.has(name));
  expect(known.length).toBeGreaterThan(50);
  const column = ARCHITECTURES.indexOf(architecture);
  for (const [name, row] of known) expect([name, row[column]]).toEqual([name, numbers.get(name)]);
});

const sandbox = await findSandbox({ run: '', trees: '' }, () => {});
const here = architectureOf(process.arch);
const able = sandbox !== undefined && here !== undefined && existsSync('/usr/bin/python3');

describe.skipIf(!able)('in force (skipped without a sandbox, python3, or a table for this architecture)', () => {
  let harness: Harness;
  beforeAll(() => {
    harness = createHarness({ isolation: 'sandbox' });
  });
  afterAll(() => harness[Symbol.asyncDispose]());

  async function runPython(body: string, event: unknown = {}): Promise<unknown> {
    const source = `import ctypes, errno, os, socket\nlibc = ctypes.CDLL(None, use_errno=True)\ndef call(number, *args):\n    ctypes.set_errno(0)\n    answer = libc.syscall(number, *[ctypes.c_long(a) for a in args])\n    return errno.errorcode.get(ctypes.get_errno(), '') if answer == -1 else 'done'\ndef handler(event, context):\n${body}`;
    const definition = await harness.define({ 'app.py': source }, { runtime: 'python3.11', handler: 'app.handler' });
    const result = await harness.invoke(definition, event);
    expect(result.error, result.text).toBeUndefined();
    return result.json;
  }

  test('every denied call fails with EPERM in a function', async () => {
    const column = ARCHITECTURES.indexOf(here ?? 'x86_64');
    const rows = Object.values(DENIED).flatMap((group) => Object.entries(group));
    const event = Object.fromEntries(rows.flatMap(([name, row]) => (row[column] === undefined ? [] : [[name, row[column]]])));
    const answers = await runPython('    return {name: call(number, 0, 0, 0, 0, 0) for name, number in event.items()}', event);
    expect(answers).toEqual(Object.fromEntries(Object.keys(event).map((name) => [name, 'EPERM'])));
  });

  test('namespaces, odd sockets and other personalities are out of reach; threads, children and sockets work', async () => {
    const answers = await runPython(`    import subprocess, threading
    seen = []
    thread = threading.Thread(target=lambda: seen.append('thread')); thread.start(); thread.join()
    def family(f):
        try: return socket.socket(f, socket.SOCK_STREAM if f != 17 else socket.SOCK_RAW).close() or 'open'
        except OSError as e: return errno.errorcode[e.errno]
    return [seen, subprocess.run(['echo', 'child'], capture_output=True, text=True).stdout,
        [family(f) for f in (1, 2, 17, 38, 40)],
        call(${WATCHED.clone[0]} if os.uname().machine == 'x86_64' else ${WATCHED.clone[1]}, 0x10000011, 0, 0, 0, 0),
        call(${WATCHED.clone3[0]}, 0, 0), call(event['personality'], 0x0040000),
        open('/proc/self/status').read().split('Seccomp:')[1].split()[0], open('/proc/self/status').read().split('NoNewPrivs:')[1].split()[0]]`,
    { personality: WATCHED.personality[here === 'aarch64' ? 1 : 0] });
    expect(answers).toEqual([
      ['thread'], 'child\n', ['open', 'open', 'EAFNOSUPPORT', 'EAFNOSUPPORT', 'EAFNOSUPPORT'], 'EPERM', 'ENOSYS', 'EPERM', '2', '1',
    ]);
  });

  test('a command that makes a namespace is told no, and the function goes on', async () => {
    const body = `const { spawnSync } = require('child_process'); exports.handler = async () => ['unshare -r id', 'unshare -n true', 'mount -t tmpfs x /tmp', 'nsenter -t 1 -m true', 'chroot /tmp'].map((c) => spawnSync('sh', ['-c', c]).status !== 0);`;
    const result = await harness.invoke(await harness.define({ 'index.js': body }));
    expect(result.json).toEqual([true, true, true, true, true]);
  });
});
