// The Telemetry API and the Logs API: who gets which events, in which shapes, over which protocol.
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import { createTelemetry, type Telemetry } from './telemetry.ts';

const NOW = Date.UTC(2026, 10, 21);
const TELEMETRY = '/2022-07-01/telemetry';
const LOGS = '/2020-08-15/logs';

interface Event {
  readonly time: string;
  readonly type: string;
  readonly record: unknown;
}

const open: (Server | TcpServer)[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

/** A listener as extensions have one; the batches it was sent. */
async function listen(): Promise<{ port: number; batches: Event[][] }> {
  const batches: Event[][] = [];
  const server = createServer(async (request, response) => {
    batches.push(JSON.parse(await text(request)) as Event[]);
    response.end();
  });
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port, batches };
}

function subscribe(telemetry: Telemetry, path: string, given: Record<string, unknown>): string | undefined {
  const subscription = { types: ['platform', 'function', 'extension'], ...given };
  return telemetry.subscribe('mine', path, Buffer.from(JSON.stringify(subscription)));
}

const http = (port: number): Record<string, unknown> => ({ destination: { protocol: 'HTTP', URI: `http://sandbox.localdomain:${port}/` } });

function emitInvocation(telemetry: Telemetry): void {
  telemetry.emit('platform.initStart', { initializationType: 'on-demand' });
  telemetry.emit('platform.start', { requestId: 'r', version: '3' });
  telemetry.emit('function', 'a line');
  telemetry.emit('extension', 'of an extension');
  telemetry.emit('platform.runtimeDone', { requestId: 'r', status: 'success', metrics: { durationMs: 1, producedBytes: 2 } });
  telemetry.emit('platform.report', { requestId: 'r', status: 'success', metrics: { durationMs: 1 } });
}

test('events in order, those before the subscription too, with the time of the cloud', async () => {
  const { port, batches } = await listen();
  const telemetry = createTelemetry(() => NOW);
  telemetry.emit('platform.initStart', { early: true });
  expect(subscribe(telemetry, TELEMETRY, http(port))).toBeUndefined();
  telemetry.emit('function', 'a line');
  await telemetry.flush();
  expect(batches.flat()).toEqual([
    { time: '2026-11-21T00:00:00.000Z', type: 'platform.initStart', record: { early: true } },
    // AWS: telemetry-schema-reference.html
    { time: '2026-11-21T00:00:00.000Z', type: 'platform.telemetrySubscription', record: { name: 'mine', state: 'Subscribed', types: ['platform', 'function', 'extension'] } },
    { time: '2026-11-21T00:00:00.000Z', type: 'function', record: 'a line' },
  ]);
  telemetry.close();
});

test('only the types that were asked for', async () => {
  const { port, batches } = await listen();
  const telemetry = createTelemetry(() => NOW);
  subscribe(telemetry, TELEMETRY, { ...http(port), types: ['function'] });
  emitInvocation(telemetry);
  await telemetry.flush();
  expect(batches.flat().map(({ type }) => type)).toEqual(['function']);
  telemetry.close();
});

describe('the Logs API has shapes of its own', () => {
  // AWS: runtimes-logs-api.html, "Log message types" and "Schema versions"
  test.each([
    ['2020-08-15', []],
    ['2021-03-18', [{ type: 'platform.runtimeDone', record: { requestId: 'r', status: 'success' } }]],
  ])('schema %s', async (schemaVersion, done) => {
    const { port, batches } = await listen();
    const telemetry = createTelemetry(() => NOW);
    subscribe(telemetry, LOGS, { ...http(port), schemaVersion });
    emitInvocation(telemetry);
    await telemetry.flush();
    expect(batches.flat().map(({ type, record }) => ({ type, record }))).toEqual([
      { type: 'platform.logsSubscription', record: { name: 'mine', state: 'Subscribed', types: ['platform', 'function', 'extension'] } },
      { type: 'platform.start', record: { requestId: 'r' } },
      { type: 'function', record: 'a line' },
      { type: 'extension', record: 'of an extension' },
      ...done,
      { type: 'platform.end', record: { requestId: 'r' } },
      { type: 'platform.report', record: { requestId: 'r', metrics: { durationMs: 1 } } },
    ]);
    telemetry.close();
  });
});

test('batches: by number at once, else after the time asked for', async () => {
  const { port, batches } = await listen();
  const telemetry = createTelemetry(() => NOW);
  const buffering = { maxItems: 1000, maxBytes: 1_048_576, timeoutMs: 25 };
  subscribe(telemetry, TELEMETRY, { ...http(port), types: ['function'], buffering });
  for (let n = 0; n < 1001; n += 1) telemetry.emit('function', `line ${n}`);
  await expect.poll(() => batches.map((batch) => batch.length)).toEqual([1000, 1]);
  telemetry.close();
});

test('over TCP: one document a line', async () => {
  let received = '';
  const server = createTcpServer((socket) => socket.on('data', (chunk: Buffer) => (received += chunk.toString())));
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const telemetry = createTelemetry(() => NOW);
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  subscribe(telemetry, TELEMETRY, { types: ['function'], destination: { protocol: 'TCP', port } });
  telemetry.emit('function', 'one');
  telemetry.emit('function', 'two');
  await telemetry.flush();
  await expect.poll(() => received.split('\n').filter(Boolean).map((line) => (JSON.parse(line) as Event).record)).toEqual(['one', 'two']);
  telemetry.close();
});

// AWS: telemetry-api-reference.html: types, ranges of buffering, destinations
test.each([
  [{ types: [] }, 'types: none'],
  [{ types: ['platform', 'mine'] }, 'types: mine'],
  [{ buffering: { maxItems: 999 } }, 'buffering.maxItems must be between 1000 and 10000'],
  [{ buffering: { timeoutMs: 24 } }, 'buffering.timeoutMs must be between 25 and 30000'],
  [{ buffering: { maxBytes: 1_048_577 } }, 'buffering.maxBytes must be between 262144 and 1048576'],
  [{ destination: { protocol: 'HTTP', URI: 'http://example.com:80/' } }, 'the destination must be HTTP or TCP at sandbox.localdomain'],
  [{ destination: { protocol: 'UDP', port: 5 } }, 'the destination must be HTTP or TCP at sandbox.localdomain'],
])('refused: %j', (given, problem) => {
  expect(subscribe(createTelemetry(() => NOW), TELEMETRY, { ...http(4243), ...given })).toBe(problem);
});
