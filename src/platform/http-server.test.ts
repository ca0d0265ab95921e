// What leaves the socket: lengths, order, and the news that a client has left.
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HttpRequest, HttpResponse } from '../wire/http.ts';
import { type HttpServer, listen } from './http-server.ts';

async function* chunks(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('one');
  yield Buffer.from('two');
}

const ANSWERS: Readonly<Record<string, HttpResponse>> = {
  '/text': { status: 200, headers: {}, body: 'grün' },
  '/bytes': { status: 200, headers: {}, body: Uint8Array.of(0, 128, 255) },
  '/nothing': { status: 200, headers: {} },
  '/no-content': { status: 204, headers: {} },
  '/own-length': { status: 200, headers: { 'Content-Length': '5' }, body: 'grün' },
};

describe('an HTTP server', () => {
  let server: HttpServer;
  const left: unknown[] = [];
  let waiting = (): void => {};
  const isWaiting = new Promise<void>((resolve) => {
    waiting = resolve;
  });

  async function handle(request: HttpRequest): Promise<HttpResponse> {
    if (request.path === '/wait') {
      const gone = once(request.signal, 'abort');
      waiting();
      left.push(await gone);
    }
    if (request.path === '/echo') {
      const body = await request.body.bytes(1000);
      return { status: 200, headers: {}, body: `${request.query}:${Buffer.from(body).toString()}` };
    }
    if (request.path === '/twice') {
      const whole = Buffer.from(await request.body.bytes(1000)).toString();
      const again = await text(request.body.stream());
      return { status: 200, headers: {}, body: `${whole} ${again}` };
    }
    if (request.path === '/stream') return { status: 200, headers: {}, body: chunks() };
    return ANSWERS[request.path] ?? { status: 404, headers: {} };
  }

  beforeAll(async () => {
    server = await listen({
      host: '127.0.0.1',
      port: 0,
      handler: handle,
      onError: (error) => left.push(error),
    });
  });
  afterAll(() => server.close());

  test.each([
    ['GET', '/text', { 'content-length': '5' }],
    ['GET', '/bytes', { 'content-length': '3' }],
    ['GET', '/nothing', { 'content-length': '0' }],
    ['GET', '/own-length', { 'content-length': '5' }],
    // RFC 9110, 8.6: no Content-Length in a 204.
    ['GET', '/no-content', { 'content-length': null }],
    ['GET', '/stream', { 'content-length': null, 'transfer-encoding': 'chunked' }],
    ['HEAD', '/own-length', { 'content-length': '5' }],
  ])('%s %s is framed by %o', async (method, path, expected) => {
    const response = await fetch(server.url + path, { method });
    const framing = { 'transfer-encoding': null, ...expected };
    const found = Object.keys(framing).map((name) => [name, response.headers.get(name)]);
    expect(Object.fromEntries(found)).toEqual(framing);
    await response.arrayBuffer();
  });

  // The operation of a form stands in its body, which may be of chunks all the same.
  test.each(['hello', ''])('a body (%j) that was read whole streams as well', async (body) => {
    const response = await fetch(`${server.url}/twice`, { method: 'POST', body });
    expect(await response.text()).toBe(`${body} ${body}`);
  });

  test('answers keep their bytes', async () => {
    expect(await (await fetch(`${server.url}/text`)).text()).toBe('grün');
    const bytes = await (await fetch(`${server.url}/bytes`)).arrayBuffer();
    expect([...new Uint8Array(bytes)]).toEqual([0, 128, 255]);
    expect(await (await fetch(`${server.url}/stream`)).text()).toBe('onetwo');
  });

  test('requests sent without waiting are answered in their order', async () => {
    const socket = connect(server.port, '127.0.0.1');
    const numbers = Array.from({ length: 50 }, (_, at) => at);
    for (const at of numbers) {
      const last = at === 49 ? 'Connection: close\r\n' : '';
      socket.write(
        `POST /echo?${at} HTTP/1.1\r\nHost: x\r\n${last}Content-Length: 4\r\n\r\nbody`,
      );
    }
    const found = [...(await text(socket)).matchAll(/(\d+):body/g)].map((match) => match[1]);
    expect(found).toEqual(numbers.map(String));
  });

  test('a handler hears that its client has left', async () => {
    const socket = connect(server.port, '127.0.0.1');
    socket.write('GET /wait HTTP/1.1\r\nHost: x\r\n\r\n');
    await isWaiting;
    socket.destroy();
    await expect.poll(() => left.length).toBe(1);
  });
});
