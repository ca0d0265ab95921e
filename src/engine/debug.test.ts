// A debugger at a function: the port answers, nothing is timed or frozen, and new code gets the port.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { createHarness } from './engine-harness.ts';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function targets(port: number): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${port}/json/list`);
  return response.json();
}

/** Opens a web socket and sends one message in one frame, as clients do with a mask (of zeros). */
async function attach(url: string, message: unknown): Promise<Socket> {
  const { hostname, port, pathname } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  socket.write(
    `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  await once(socket, 'data');
  const text = Buffer.from(JSON.stringify(message));
  socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), text]));
  return socket;
}

const SLOW = 'exports.handler = async () => { await new Promise((r) => setTimeout(r, 400)); return process.pid; };';

test('Node.js: the inspector is open, no time limit holds, invocations wait for the one environment', async () => {
  const port = await freePort();
  await using harness = createHarness({ debug: (name) => (name === 'debugged' ? { port } : undefined) });
  const definition = await harness.define({ 'index.js': SLOW }, { name: 'debugged', timeoutMs: 100 });
  const results = await Promise.all([harness.invoke(definition), harness.invoke(definition)]);
  expect(results.map(({ error }) => error)).toEqual([undefined, undefined]);
  expect(new Set(results.map(({ json }) => json)).size).toBe(1);
  expect(await targets(port)).toEqual([expect.objectContaining({ type: 'node', webSocketDebuggerUrl: expect.stringContaining(`:${port}/`) })]);
  const other = await harness.define({ 'index.js': SLOW }, { timeoutMs: 100 });
  expect((await harness.invoke(other)).json).toMatchObject({ errorType: 'Sandbox.Timedout' });
});

test('new code takes the port over from the old', async () => {
  const port = await freePort();
  await using harness = createHarness({ debug: () => ({ port }) });
  const [one, two] = [await harness.define({ 'index.js': SLOW }), await harness.define({ 'index.js': SLOW })];
  const busy = harness.invoke(one);
  const next = harness.invoke(two);
  await harness.engine.retire(one.key);
  const [first, second] = await Promise.all([busy, next]);
  expect(second.json).not.toBe(first.json);
  expect(second.logTail).not.toContain('cannot listen');
  await expect.poll(async () => targets(port).catch(() => []), { interval: 50 }).toHaveLength(1);
});

test('with wait, the code is not loaded before a debugger is there', async () => {
  const port = await freePort();
  await using harness = createHarness({ debug: () => ({ port, wait: true }) });
  const definition = await harness.define({ 'index.js': 'console.log("loaded"); exports.handler = async () => 1;' });
  const invoked = harness.invoke(definition);
  await expect.poll(async () => targets(port).catch(() => []), { interval: 50 }).toHaveLength(1);
  expect(harness.messages().join('')).not.toContain('loaded');
  const [{ webSocketDebuggerUrl } = { webSocketDebuggerUrl: '' }] = (await targets(port)) as { webSocketDebuggerUrl: string }[];
  const socket = await attach(webSocketDebuggerUrl, { id: 1, method: 'Runtime.runIfWaitingForDebugger' });
  expect((await invoked).json).toBe(1);
  socket.destroy();
});
