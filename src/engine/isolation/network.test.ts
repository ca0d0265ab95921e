// Networks: with `cloud` a function reaches the cloud alone; in both kinds nobody else reaches its Runtime API.
import { spawnSync } from 'node:child_process';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeOf, createHarness, type Harness, isAlive, zipOf } from '../engine-harness.ts';
import { findSandbox } from './sandbox-isolation.ts';

let why = '';
const sandbox = await findSandbox({ run: '', trees: '' }, (reason) => (why = reason));

/** A bootstrap that tells where its Runtime API is, takes a second, and answers for itself. */
const SLOW_BOOTSTRAP = `#!/bin/sh
API="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime"
while true; do
  ID=$(curl -sSD - -o /tmp/event "$API/invocation/next" | tr -d '\\r' | sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: //p')
  echo "at $AWS_LAMBDA_RUNTIME_API, $ID" >&2
  sleep 1.5
  curl -sS "$API/invocation/$ID/response" -d '"genuine"' > /dev/null
done`;
const victim = { bootstrap: { content: SLOW_BOOTSTRAP, mode: 0o755 } };

/** Tries each port to steal work from, or answer for, whoever listens there. */
const THIEF = `const http = require('http');
const ask = (port, path, method, body) => new Promise((resolve) => { const r = http.request({ host: '127.0.0.1', port, path: '/2018-06-01/runtime/' + path, method, timeout: 300 }, (res) => { res.resume(); resolve(res.statusCode); }); r.on('error', (e) => resolve(e.code)); r.on('timeout', () => { r.destroy(); resolve('silent'); }); r.end(body); });
exports.handler = async ({ port, id }) => [await ask(port, 'invocation/next', 'GET'), await ask(port, 'invocation/' + id + '/response', 'POST', '"forged"'), await ask(port, 'invocation/' + id + '/error', 'POST', '{}'), await ask(port, 'init/error', 'POST', '{}')];`;

async function attackWhileRunning(harness: Harness): Promise<{ answer: unknown; attack: unknown; address: string }> {
  const thief = await harness.define({ 'index.js': THIEF });
  await harness.invoke(thief, { port: 1, id: 'x' });
  const running = harness.invoke(await harness.define(victim, { runtime: 'provided.al2023' }));
  const told = (): RegExpExecArray | null => /at (\S+), (\S+)/.exec(harness.messages().join(''));
  await expect.poll(told, { timeout: 8000 }).not.toBeNull();
  const [, address = '', id = ''] = told() ?? [];
  const attack = await harness.invoke(thief, { port: Number(address.split(':')[1]), id });
  return { answer: (await running).json, attack: attack.json, address };
}

describe.skipIf(sandbox === undefined)(`networks${sandbox ? '' : ` (skipped: ${why})`}`, () => {
  let cloud: HttpServer;
  let other: Server;
  const asked: string[] = [];
  let harness: Harness;
  const portOf = (server: Server): number => (server.address() as AddressInfo).port;
  beforeAll(async () => {
    cloud = createHttpServer((request, response) => {
      asked.push(request.url ?? '');
      response.end(`cloud ${request.url}`);
    });
    other = createServer((socket) => socket.end('reached'));
    for (const server of [cloud, other]) await new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()));
    harness = createHarness({ isolation: 'sandbox', network: 'cloud', endpoint: () => `http://127.0.0.1:${portOf(cloud)}` });
  });
  afterAll(async () => {
    await harness[Symbol.asyncDispose]();
    cloud.close();
    other.close();
  });

  async function run(body: string, event: unknown = {}, options = {}): Promise<unknown> {
    const source = `const fs = require('fs'); const net = require('net'); const os = require('os'); exports.handler = async (e) => { ${body} };`;
    const result = await harness.invoke(await harness.define({ 'index.js': source }, options), event);
    expect(result.error, result.text).toBeUndefined();
    return result.json;
  }

  test.each([1, 2, 3])('the cloud answers at its endpoint, for new environments and those booted ahead (%i)', async () => {
    expect(await run('return (await fetch(process.env.AWS_ENDPOINT_URL + "/path")).text();')).toBe('cloud /path');
  });

  test('Python reaches it too, and commands', async () => {
    const source = 'import os, subprocess, urllib.request\ndef handler(e, c):\n    u = os.environ["AWS_ENDPOINT_URL"]\n    return [urllib.request.urlopen(u + "/py").read().decode(), subprocess.run(["curl", "-s", u + "/curl"], capture_output=True, text=True).stdout]';
    const definition = await harness.define({ 'app.py': source }, { runtime: 'python3.11', handler: 'app.handler' });
    expect((await harness.invoke(definition)).json).toEqual(['cloud /py', 'cloud /curl']);
  });

  test('connections in hand-over: the engine relays nothing itself', async () => {
    const seen: string[] = [];
    await using own = createHarness({
      isolation: 'sandbox',
      network: 'cloud',
      endpoint: () => 'http://192.0.2.7:4000',
      takeConnection(socket) {
        seen.push(String(socket.localPort));
        cloud.emit('connection', socket);
      },
    });
    const definition = await own.define({ 'index.js': 'exports.handler = async () => [process.env.AWS_ENDPOINT_URL, await (await fetch(process.env.AWS_ENDPOINT_URL)).text()];' });
    expect((await own.invoke(definition)).json).toEqual(['http://127.0.0.1:4000', 'cloud /']);
    expect(seen).toEqual(['4000']);
  });

  test('an agent that was killed is replaced', async () => {
    const agents = (): number[] => spawnSync('pgrep', ['-P', String(process.pid), 'python3']).stdout.toString().split('\n').filter(Boolean).map(Number);
    await using own = createHarness({ isolation: 'sandbox', network: 'cloud', standbySize: 0, endpoint: () => `http://127.0.0.1:${portOf(cloud)}` });
    const before = agents();
    const source = (n: number): Record<string, string> => ({ 'index.js': `exports.handler = async () => (await fetch(process.env.AWS_ENDPOINT_URL + '/${n}')).text();` });
    expect((await own.invoke(await own.define(source(1)))).json).toBe('cloud /1');
    const made = agents().filter((pid) => !before.includes(pid));
    expect(made).toHaveLength(1);
    process.kill(made[0] ?? 0, 'SIGKILL');
    await expect.poll(() => made.filter(isAlive)).toEqual([]);
    expect((await own.invoke(await own.define(source(2)))).json).toBe('cloud /2');
  });

  test('nothing else is there: other ports of the machine, other addresses, names', async () => {
    const body = `const dial = (port, host) => new Promise((resolve) => { const s = net.connect({ port, host, timeout: 2000 }, () => resolve('connected')); s.on('error', (x) => resolve(x.code)); s.on('timeout', () => resolve('timeout')); });
      const lookup = await require('dns').promises.lookup('example.com').catch((x) => x.code);
      return [await dial(e.port, '127.0.0.1'), await dial(80, '192.0.2.1'), await dial(443, '2001:db8::1'), lookup, Object.keys(os.networkInterfaces())];`;
    const [port, address, six, name, interfaces] = (await run(body, { port: portOf(other) })) as unknown[];
    expect([port, address, interfaces]).toEqual(['ECONNREFUSED', 'ENETUNREACH', ['lo']]);
    expect(['ENETUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT']).toContain(six);
    expect(['EAI_AGAIN', 'ENOTFOUND']).toContain(name);
  });

  test('two functions do not meet: not on the loopback, not by abstract sockets', async () => {
    const listen = `await new Promise((r) => net.createServer((s) => s.end('found')).listen(7777, '127.0.0.1', r)); await new Promise((r) => net.createServer((s) => s.end('found')).listen('\\0meeting', r)); await fetch(process.env.AWS_ENDPOINT_URL + '/listening'); await new Promise((r) => setTimeout(r, 1500)); return 1;`;
    const listener = run(listen);
    await expect.poll(() => asked, { timeout: 5000 }).toContain('/listening');
    const body = `const dial = (target) => new Promise((resolve) => { const s = net.connect(target, () => resolve('connected')); s.on('error', (x) => resolve(x.code)); }); return [await dial({ port: 7777, host: '127.0.0.1' }), await dial({ path: '\\0meeting' })];`;
    expect(await run(body)).toEqual(['ECONNREFUSED', 'ECONNREFUSED']);
    await listener;
  });

  test('many environments can listen on the same port', async () => {
    const body = 'const server = net.createServer(); await new Promise((r, x) => server.on("error", x).listen(8080, "0.0.0.0", r)); await new Promise((r) => setTimeout(r, 300)); server.close(); return "ok";';
    expect(await Promise.all([run(body), run(body), run(body)])).toEqual(['ok', 'ok', 'ok']);
  });

  test('the settings of its network are not its own to change', async () => {
    const source = `import errno, fcntl, socket, struct, subprocess
def attempt(f):
    try: f(); return 'done'
    except OSError as e: return errno.errorcode[e.errno]
def handler(e, c):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    return [attempt(lambda: fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 0))), attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)), attempt(lambda: open('/proc/sys/net/ipv4/ip_forward', 'w'))]`;
    const definition = await harness.define({ 'app.py': source }, { runtime: 'python3.11', handler: 'app.handler' });
    expect((await harness.invoke(definition)).json).toEqual(['EPERM', 'EPERM', expect.stringMatching(/EROFS|EACCES|ENOENT/)]);
  });

  test('cloud: the Runtime API on TCP is where AWS has it, and another function finds none', async () => {
    const { answer, attack, address } = await attackWhileRunning(harness);
    expect(address).toBe('127.0.0.1:9001');
    expect(answer).toBe('genuine');
    expect(attack).toEqual(['ECONNREFUSED', 'ECONNREFUSED', 'ECONNREFUSED', 'ECONNREFUSED']);
  });

  test('open: the port can be found, and whoever is of another environment is cut off', async () => {
    await using open = createHarness({ isolation: 'sandbox', network: 'open' });
    const { answer, attack } = await attackWhileRunning(open);
    expect(answer).toBe('genuine');
    expect(attack).toEqual(expect.arrayContaining([expect.stringMatching(/ECONNRESET|EPIPE|silent/)]));
    expect(attack).not.toEqual(expect.arrayContaining([expect.any(Number)]));
  });

  test('extensions get telemetry at sandbox.localdomain inside, each environment on the same port', async () => {
    const extension = `#!${process.execPath}
const http = require('http'); const got = [];
const call = (method, path, headers, body) => new Promise((resolve) => { const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':'); const r = http.request({ host, port, method, path, headers }, (res) => { let text = ''; res.on('data', (d) => (text += d)); res.on('end', () => resolve([res.headers, text])); }); r.end(body); });
http.createServer((req, res) => { let text = ''; req.on('data', (d) => (text += d)); req.on('end', () => { for (const { type } of JSON.parse(text)) if (!got.includes(type)) { got.push(type); console.log('telemetry', type); } res.end(); }); }).listen(4243, 'sandbox.localdomain', async () => {
  const [headers] = await call('POST', '/2020-01-01/extension/register', { 'Lambda-Extension-Name': 'spy' }, JSON.stringify({ events: ['INVOKE'] }));
  const id = { 'Lambda-Extension-Identifier': headers['lambda-extension-identifier'] };
  await call('PUT', '/2022-07-01/telemetry', id, JSON.stringify({ schemaVersion: '2022-07-01', types: ['platform'], buffering: { maxItems: 1000, maxBytes: 262144, timeoutMs: 25 }, destination: { protocol: 'HTTP', URI: 'http://sandbox.localdomain:4243' } }));
  for (;;) await call('GET', '/2020-01-01/extension/event/next', id);
});`;
    const layers = [codeOf(await zipOf({ 'extensions/spy': { content: extension, mode: 0o755 } }))];
    const source = 'exports.handler = async () => { await new Promise((r) => setTimeout(r, 400)); return 1; };';
    const definition = await harness.define({ 'index.js': source }, { layers });
    const results = await Promise.all([harness.invoke(definition), harness.invoke(definition)]);
    expect(results.map(({ json }) => json)).toEqual([1, 1]);
    const streams = (): number => [...harness.logs.values()].filter((lines) => lines.join('').includes('telemetry platform.start')).length;
    await expect.poll(streams).toBe(2);
  });
});

test('a network can be bounded by the sandbox only: without it no function runs', async () => {
  await using harness = createHarness({ isolation: 'process', network: 'cloud' });
  await expect(harness.invoke(await harness.define({ 'index.js': '' }))).rejects.toMatchObject({ reason: 'NetworkUnavailable' });
  expect(harness.notices.join()).toContain('cannot be kept from the network without the sandbox');
});
