// The connection's parser, fed byte by byte and all at once.
import { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { type RuntimeRequest, serveConnection } from './http-connection.ts';

interface Seen {
  requests: { method: string; path: string; body: string; bodyBytes: number; trailers: object }[];
  output: string;
  closed: boolean;
}

/** Sends `input` in pieces of `step` bytes; answers each request with its number. */
async function converse(input: string, step: number, maxBodyBytes = 1000): Promise<Seen> {
  const seen: Seen = { requests: [], output: '', closed: false };
  const socket = new Duplex({
    read() {},
    write(chunk, _encoding, done) {
      seen.output += String(chunk);
      done();
    },
  });
  serveConnection(socket as Socket, maxBodyBytes, {
    request(request: RuntimeRequest, respond) {
      const { method, path, body, bodyBytes, trailers } = request;
      seen.requests.push({ method, path, body: body.toString(), bodyBytes, trailers });
      // Later, so that pipelined requests have to wait for their turn.
      setImmediate(() => respond(200, '', `${seen.requests.length}`));
    },
    closed: () => (seen.closed = true),
  });
  const bytes = Buffer.from(input, 'latin1');
  for (let at = 0; at < bytes.length; at += step) {
    if (!socket.destroyed) socket.push(bytes.subarray(at, at + step));
  }
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  return seen;
}

const PIPELINED =
  'POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello' +
  'GET /b HTTP/1.1\r\n\r\n' +
  'POST /c HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrail: er \r\n\r\n' +
  'POST /d HTTP/1.1\r\ncontent-length: 0\r\n\r\n';

test.each([1, 2, 3, 7, 64, 10_000])('requests in pieces of %i bytes', async (step) => {
  const { requests, output } = await converse(PIPELINED, step);
  expect(requests).toEqual([
    { method: 'POST', path: '/a', body: 'hello', bodyBytes: 5, trailers: {} },
    { method: 'GET', path: '/b', body: '', bodyBytes: 0, trailers: {} },
    { method: 'POST', path: '/c', body: 'abc0123456789', bodyBytes: 13, trailers: { trail: 'er' } },
    { method: 'POST', path: '/d', body: '', bodyBytes: 0, trailers: {} },
  ]);
  expect(output).toBe([1, 2, 3, 4].map((n) => `HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${n}`).join(''));
});

test.each([
  ['length', `POST /a HTTP/1.1\r\nContent-Length: 5000\r\n\r\n${'x'.repeat(5000)}`],
  ['chunks', `POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1388\r\n${'x'.repeat(5000)}\r\n0\r\n\r\n`],
])('a body above the limit is counted, cut and does not disturb the next (%s)', async (_title, text) => {
  const { requests } = await converse(`${text}GET /next HTTP/1.1\r\n\r\n`, 700);
  expect(requests.map(({ path, body, bodyBytes }) => [path, body.length, bodyBytes])).toEqual([
    ['/a', 1000, 5000],
    ['/next', 0, 0],
  ]);
});

test('Expect: 100-continue is answered before the body', async () => {
  const { output } = await converse('POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok', 1);
  expect(output).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
});

test.each([
  'nonsense\r\n\r\n',
  'GET /a\r\n\r\n',
  'POST /a HTTP/1.1\r\nContent-Length: 1e3\r\n\r\n',
  'POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n',
  'POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n',
])('%j closes the connection', async (text) => {
  const { closed, requests } = await converse(text, 1000);
  expect([closed, requests]).toEqual([true, []]);
});
