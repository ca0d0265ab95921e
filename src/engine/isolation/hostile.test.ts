// Hostile functions: they harm themselves only, and the engine goes on.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHarness, type Harness, isAlive } from '../engine-harness.ts';
import { findSandbox } from './sandbox-isolation.ts';

const sandbox = await findSandbox({ run: '', trees: '' }, () => {});

describe.each(['process', 'sandbox'] as const)('%s driver', (isolation) => {
  describe.skipIf(isolation === 'sandbox' && sandbox === undefined)('(skipped where there is no sandbox)', () => {
    let harness: Harness;
    beforeAll(() => {
      harness = createHarness({ isolation });
    });
    afterAll(() => harness[Symbol.asyncDispose]());

    /** After whatever happened, the engine still serves. */
    async function expectAlive(): Promise<void> {
      const definition = await harness.define({ 'index.js': 'exports.handler = async () => "alive";' });
      expect((await harness.invoke(definition)).json).toBe('alive');
    }

    test.skipIf(isolation === 'sandbox')('children in plenty end with the environment', async () => {
      const definition = await harness.define(
        {
          'index.js': `const { spawn } = require('child_process');
          exports.handler = async () => { const pids = []; for (let i = 0; i < 40; i++) pids.push(spawn('sh', ['-c', 'sleep 600 & sleep 600']).pid); console.log(JSON.stringify(pids)); await new Promise((r) => setTimeout(r, 60000)); };`,
        },
        { timeoutMs: 3000 },
      );
      const result = await harness.invoke(definition);
      expect(result.json).toMatchObject({ errorType: 'Sandbox.Timedout' });
      const pids = JSON.parse(/\[[\d,]+\]/.exec(result.logTail)?.[0] ?? '[]') as number[];
      expect(pids).toHaveLength(40);
      await expect.poll(() => pids.filter(isAlive)).toEqual([]);
      await expectAlive();
    });

    test('SIGTERM ignored, the timeout still ends it', async () => {
      const definition = await harness.define(
        { 'index.js': 'process.on("SIGTERM", () => {}); exports.handler = async () => { setInterval(() => {}, 1); await new Promise(() => {}); };' },
        { timeoutMs: 200 },
      );
      expect((await harness.invoke(definition)).json).toMatchObject({ errorType: 'Sandbox.Timedout' });
      await expectAlive();
    });

    test('what is written after the response does not reach the next answer', async () => {
      const definition = await harness.define({
        'index.js': `exports.handler = (e, c, cb) => { c.callbackWaitsForEmptyEventLoop = false; cb(null, e.n); cb(null, 'late'); setImmediate(() => { console.log('after', e.n); cb(null, 'later'); c.succeed('latest'); }); };`,
      });
      for (const n of [1, 2, 3]) {
        const result = await harness.invoke(definition, { n }, { requestId: `r-${n}` });
        expect(result.json).toBe(n);
      }
      await harness.settled();
    });

    test('a second answer to the Runtime API is refused', async () => {
      const definition = await harness.define({
        'index.js': `const http = require('http');
        const post = (path) => new Promise((resolve) => http.request({ socketPath: process.env.AWS_LAMBDA_RUNTIME_API, path, method: 'POST' }, (res) => { res.resume(); resolve(res.statusCode); }).end('"forged"'));
        exports.handler = async (e, c) => { const api = '/2018-06-01/runtime/invocation/'; return [await post(api + 'other/response'), await post(api + c.awsRequestId + '/response'), await post(api + c.awsRequestId + '/response')]; };`,
      });
      // The function may answer for itself; the platform takes the first answer only.
      expect((await harness.invoke(definition)).json).toBe('forged');
      expect((await harness.invoke(definition)).json).toBe('forged');
    });

    test('garbage on the Runtime API closes that connection only', async () => {
      const definition = await harness.define({
        'index.js': `const net = require('net');
        const talk = (text) => new Promise((resolve) => { const s = net.connect(process.env.AWS_LAMBDA_RUNTIME_API); s.on('close', () => resolve('closed')); s.on('error', () => {}); s.resume(); s.write(text); });
        exports.handler = async () => [await talk('\\0garbage\\r\\n\\r\\n'), await talk('POST / HTTP/1.1\\r\\nContent-Length: -5\\r\\n\\r\\n'), await talk('POST / HTTP/1.1\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\nzz\\r\\n'), await talk('x'.repeat(2e6))];`,
      });
      expect((await harness.invoke(definition)).json).toEqual(['closed', 'closed', 'closed', 'closed']);
    });

    test('a flood of log lines is stored whole and in order; the tail is its end', async () => {
      const definition = await harness.define(
        { 'index.js': 'exports.handler = async () => { for (let i = 0; i < 50000; i++) console.log("line", i); require("fs").writeSync(1, "x".repeat(3e6) + "\\n"); return 1; };' },
        { timeoutMs: 30_000, memoryMb: 1769 },
      );
      const result = await harness.invoke(definition, {}, { requestId: 'r-flood' });
      expect(result.json).toBe(1);
      expect(Buffer.byteLength(result.logTail)).toBeLessThanOrEqual(4096);
      await harness.settled();
      const stream = [...harness.logs.values()].find((messages) => messages.some((m) => m.includes('r-flood'))) ?? [];
      const numbers = stream.map((message) => Number(/\tline (\d+)\n/.exec(message)?.[1] ?? -1)).filter((n) => n >= 0);
      expect(numbers).toEqual(Array.from({ length: 50_000 }, (_, i) => i));
      const raw = stream.filter((message) => message.startsWith('xxx'));
      expect(raw.map((message) => message.length - 1).reduce((a, b) => a + b, 0)).toBe(3_000_000);
      expect(Math.max(...raw.map((message) => message.length))).toBeLessThanOrEqual(262_145);
      expect(stream.at(-1)).toMatch(/^REPORT RequestId: r-flood/);
    });

    test('forged frames and binary output stay log lines of the function', async () => {
      const definition = await harness.define({
        'index.js': `const fs = require('fs'); exports.handler = async () => { fs.writeSync(1, Buffer.from([0xa5, 0x5a, 0, 3, 255, 255, 255, 255])); fs.writeSync(1, Buffer.alloc(100, 0xff)); console.log('after'); return 'ok'; };`,
      });
      // A frame that claims 4 GB swallows what follows, up to the size of an event; the answer is unharmed.
      expect((await harness.invoke(definition)).json).toBe('ok');
      await expectAlive();
    });

    test('one environment cannot answer for another', async () => {
      const victim = await harness.define({ 'index.js': 'exports.handler = async () => { await new Promise((r) => setTimeout(r, 100)); return "genuine"; };' });
      const attacker = await harness.define({
        'index.js': `const http = require('http'); exports.handler = async (e) => new Promise((resolve) => http.request({ socketPath: process.env.AWS_LAMBDA_RUNTIME_API, path: '/2018-06-01/runtime/invocation/' + e.id + '/response', method: 'POST' }, (res) => { res.resume(); resolve(res.statusCode); }).end('"forged"'));`,
      });
      const running = harness.invoke(victim, {}, { requestId: 'r-victim' });
      // AWS: 400 InvalidRequestID. Runtime Interface Emulator
      expect((await harness.invoke(attacker, { id: 'r-victim' })).json).toBe(400);
      expect((await running).json).toBe('genuine');
    });

    test('an answer split, slow and chunked is read like any other', async () => {
      const definition = await harness.define({
        'index.js': `const net = require('net'); exports.handler = (e, c) => { const s = net.connect(process.env.AWS_LAMBDA_RUNTIME_API); const parts = ['POST /2018-06-01/runtime/invocation/' + c.awsRequestId + '/resp', 'onse HTTP/1.1\\r\\nTransfer-Enc', 'oding: chunked\\r\\n\\r', '\\n3\\r\\n"ab\\r', '\\n2;ext=1\\r\\nc"\\r\\n0\\r\\nX-T: 1\\r\\n', '\\r\\n']; const step = () => { const p = parts.shift(); if (p) s.write(p, () => setTimeout(step, 3)); }; step(); s.once('data', () => c.succeed('ignored')); };`,
      });
      expect((await harness.invoke(definition)).json).toBe('abc');
    });

    test('what it does after its answer is nobody else\'s', async () => {
      const definition = await harness.define({
        'index.js': `let late = 0; exports.handler = async (e, c) => { setTimeout(() => { late += 1; console.log('late of', e.n); }, 5); return { n: e.n, late }; };`,
      });
      for (const n of [1, 2, 3]) {
        const { json } = await harness.invoke(definition, { n });
        expect((json as { n: number }).n).toBe(n);
      }
      await harness.settled();
      // Whatever came late is whole, in order, and after the answer it belongs to.
      const stream = [...harness.logs.values()].find((messages) => messages.some((m) => m.includes('late of 1'))) ?? [];
      const numbers = stream.map((m) => Number(/late of (\d)/.exec(m)?.[1] ?? 0)).filter(Boolean);
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    });
  });
});
