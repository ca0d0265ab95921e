// Streamed responses over HTTP: as event streams and from function URLs, while functions write them.
import * as L from '@aws-sdk/client-lambda';
import { FilterLogEventsCommand, CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCloud, type TestCloud } from '../../../testing/create-cloud.ts';
import { createNodeFunction } from '../test-archive.ts';

let cloud: TestCloud;
let lambda: L.LambdaClient;
let gate: Gate;

beforeEach(async () => {
  cloud = await createCloud();
  lambda = cloud.client(L.LambdaClient);
  gate = await openGate();
});
afterEach(async () => {
  gate.close();
  await cloud.settle();
  await cloud.close();
});

/** A door that functions wait at (`await fetch(event.gate)`), and tests open. */
interface Gate {
  readonly url: string;
  /** Resolves when a function stands there. */
  readonly reached: Promise<void>;
  open(): void;
  close(): void;
}

async function openGate(): Promise<Gate> {
  let arrive = (): void => {};
  let isOpen = false;
  const waiting: (() => void)[] = [];
  const reached = new Promise<void>((resolve) => (arrive = resolve));
  const server: Server = createServer((_request, response) => {
    arrive();
    if (isOpen) response.end();
    else waiting.push(() => response.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    reached,
    open() {
      isOpen = true;
      for (const go of waiting.splice(0)) go();
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function create(body: string, settings: Partial<L.CreateFunctionCommandInput> = {}): Promise<void> {
  const Environment = { Variables: { GATE: gate.url } };
  const source = `const atGate = () => fetch(process.env.GATE);
    export const handler = awslambda.streamifyResponse(async (event, stream, context) => { ${body} });`;
  return createNodeFunction(lambda, 'fn', { source, Environment, Timeout: 30, ...settings });
}

interface Read {
  readonly chunks: string[];
  complete?: L.InvokeWithResponseStreamCompleteEvent;
}

async function readAll(
  { EventStream }: L.InvokeWithResponseStreamCommandOutput,
  onChunk: (text: string) => void = () => {},
): Promise<Read> {
  const read: Read = { chunks: [] };
  for await (const event of EventStream ?? []) {
    if (event.PayloadChunk !== undefined) {
      const text = Buffer.from(event.PayloadChunk.Payload ?? []).toString();
      read.chunks.push(text);
      onChunk(text);
    }
    if (event.InvokeComplete !== undefined) read.complete = event.InvokeComplete;
  }
  return read;
}

function invoke(
  input: Partial<L.InvokeWithResponseStreamCommandInput> = {},
): Promise<L.InvokeWithResponseStreamCommandOutput> {
  return lambda.send(new L.InvokeWithResponseStreamCommand({ FunctionName: 'fn', ...input }));
}

describe('InvokeWithResponseStream', () => {
  test('chunks arrive while the function runs; the end tells of the log', async () => {
    await create("stream.write('one,'); await atGate(); stream.write('two'); console.log('logged'); stream.end();");
    const output = await invoke({ LogType: 'Tail' });
    expect([output.StatusCode, output.ExecutedVersion]).toEqual([200, '$LATEST']);
    // The function cannot go on before its first chunk is here.
    const { chunks, complete } = await readAll(output, () => gate.open());
    expect(chunks.join('')).toBe('one,two');
    expect(chunks.length).toBeGreaterThan(1);
    expect([complete?.ErrorCode, complete?.ErrorDetails]).toEqual([undefined, undefined]);
    expect(Buffer.from(complete?.LogResult ?? '', 'base64').toString()).toMatch(/logged[\s\S]*REPORT/);
  });

  test('a failure midway: what was written, then the error', async () => {
    await create("stream.write('part'); await atGate(); throw new TypeError('midway');");
    const { chunks, complete } = await readAll(await invoke(), () => gate.open());
    expect(chunks.join('')).toBe('part');
    expect(complete?.ErrorCode).toBe('Unhandled');
    expect(JSON.parse(complete?.ErrorDetails ?? '')).toMatchObject({
      errorType: 'TypeError',
      errorMessage: 'midway',
    });
    expect(complete?.LogResult).toBeUndefined();
  });

  test('functions that answer in one piece, or fail in one', async () => {
    await createNodeFunction(lambda, 'fn', {
      source: `export const handler = async (event) => {
        if (event.fail) throw new Error('whole'); return { whole: event }; };`,
    });
    const { chunks, complete } = await readAll(await invoke({ Payload: Buffer.from('{"a":1}') }));
    expect([chunks, complete]).toEqual([['{"whole":{"a":1}}'], {}]);
    const failed = await readAll(await invoke({ Payload: Buffer.from('{"fail":true}') }));
    expect(failed.chunks).toEqual([]);
    expect(failed.complete?.ErrorCode).toBe('Unhandled');
    expect(JSON.parse(failed.complete?.ErrorDetails ?? '')).toMatchObject({ errorMessage: 'whole' });
  });

  test('what cannot be run answers as Invoke does', async () => {
    await expect(invoke()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await create("stream.end('x');");
    await expect(invoke({ Payload: Buffer.from('{') })).rejects.toMatchObject({
      name: 'InvalidRequestContentException',
    });
    const reserve = { FunctionName: 'fn', ReservedConcurrentExecutions: 0 };
    await lambda.send(new L.PutFunctionConcurrencyCommand(reserve));
    await expect(invoke()).rejects.toMatchObject({
      name: 'TooManyRequestsException',
      Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
    });
    const dry = await invoke({ InvocationType: 'DryRun' });
    expect(dry.StatusCode).toBe(204);
  });

  test('a client that leaves: the function runs to its end and serves on', async () => {
    await create(`stream.write('first'); if (event.wait) await atGate();
      for (let n = 0; n < 64; n += 1) stream.write(Buffer.alloc(65536, 'x'));
      stream.end(); await new Promise((done) => stream.once('finish', done)); console.log('ran to its end');`);
    const leaving = new AbortController();
    const output = await lambda.send(
      new L.InvokeWithResponseStreamCommand({ FunctionName: 'fn', Payload: Buffer.from('{"wait":true}') }),
      { abortSignal: leaving.signal },
    );
    const left = readAll(output, () => leaving.abort()).catch(() => 'left');
    await gate.reached;
    leaving.abort();
    lambda.destroy();
    await left;
    gate.open();
    await cloud.settle();
    const logs = cloud.client(CloudWatchLogsClient);
    const { events } = await logs.send(
      new FilterLogEventsCommand({ logGroupName: '/aws/lambda/fn', filterPattern: '"ran to its end"' }),
    );
    expect(events).toHaveLength(1);
    lambda = cloud.client(L.LambdaClient);
    const { chunks } = await readAll(await invoke());
    expect(chunks.join('').length).toBe(5 + 64 * 65_536);
  });

  test('a reader that rests holds the function up', async () => {
    await create(`let written = 0;
      for (let n = 0; n < 256; n += 1) {
        written += 65536;
        if (!stream.write(Buffer.alloc(65536, 'x'))) await new Promise((go) => stream.once('drain', go));
        if (n === 200) await atGate();
      }
      stream.end();`);
    const output = await invoke();
    const iterator = output.EventStream?.[Symbol.asyncIterator]();
    await iterator?.next();
    // 13 MB are more than all buffers on the way hold: without a reader the function never comes to its gate.
    const raced = await Promise.race([
      gate.reached.then(() => 'came'),
      new Promise((done) => setTimeout(() => done('held up'), 300)),
    ]);
    expect(raced).toBe('held up');
    gate.open();
    let bytes = 0;
    for (let step = await iterator?.next(); step?.done !== true; step = await iterator?.next()) {
      bytes += step?.value.PayloadChunk?.Payload?.length ?? 0;
    }
    expect(bytes).toBeGreaterThan(255 * 65_536);
  });
});

describe('function URLs in RESPONSE_STREAM mode', () => {
  async function createUrl(InvokeMode: L.InvokeMode = 'RESPONSE_STREAM'): Promise<string> {
    const { FunctionUrl = '' } = await lambda.send(
      new L.CreateFunctionUrlConfigCommand({ FunctionName: 'fn', AuthType: 'NONE', InvokeMode }),
    );
    const id = new URL(FunctionUrl).hostname.split('.')[0];
    return `${cloud.endpoint}/_aws/lambda-url/${id}`;
  }

  const PRELUDE = `stream = awslambda.HttpResponseStream.from(stream, {
    statusCode: 201, headers: { 'Content-Type': 'text/event-stream', 'x-mine': 'yes' }, cookies: ['a=1', 'b=2'] });`;

  test('the head comes before the body is there, chunks as they are written', async () => {
    await create(`${PRELUDE} stream.write('data: 1\\n\\n'); await atGate(); stream.write('data: 2\\n\\n'); stream.end();`);
    const response = await fetch(await createUrl());
    expect(response.status).toBe(201);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(response.headers.get('x-mine')).toBe('yes');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    const reader = response.body?.getReader();
    const first = await reader?.read();
    expect(Buffer.from(first?.value ?? []).toString()).toBe('data: 1\n\n');
    await gate.reached;
    gate.open();
    const second = await reader?.read();
    expect(Buffer.from(second?.value ?? []).toString()).toBe('data: 2\n\n');
    expect((await reader?.read())?.done).toBe(true);
  });

  test('without a prelude: 200 and the type of the stream; in one piece: as it is', async () => {
    await create("stream.setContentType('text/plain'); stream.write('plain'); stream.end();");
    const url = await createUrl();
    const plain = await fetch(url);
    expect([plain.status, plain.headers.get('content-type'), await plain.text()]).toEqual([200, 'text/plain', 'plain']);
    await createNodeFunction(lambda, 'whole', {
      source: 'export const handler = async () => ({ statusCode: 404, body: "not read" });',
    });
    const made = await lambda.send(
      new L.CreateFunctionUrlConfigCommand({ FunctionName: 'whole', AuthType: 'NONE', InvokeMode: 'RESPONSE_STREAM' }),
    );
    const id = new URL(made.FunctionUrl ?? '').hostname.split('.')[0];
    const whole = await fetch(`${cloud.endpoint}/_aws/lambda-url/${id}`);
    expect([whole.status, await whole.json()]).toEqual([200, { statusCode: 404, body: 'not read' }]);
  });

  test('a failure before the stream is a 502; one midway cuts it off', async () => {
    await create(`if (event.rawPath === '/early') throw new Error('early');
      ${PRELUDE} stream.write('part'); await atGate(); throw new Error('late');`);
    const url = await createUrl();
    const early = await fetch(`${url}/early`);
    expect([early.status, await early.json()]).toEqual([502, { Message: 'Internal Server Error' }]);
    const late = await fetch(`${url}/late`);
    expect(late.status).toBe(201);
    const reader = late.body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('part');
    await gate.reached;
    gate.open();
    await expect(reader?.read()).rejects.toThrow('terminated');
  });

  test('in BUFFERED mode the prelude of a streaming function counts as well', async () => {
    await create(`${PRELUDE} stream.write('a'); stream.write('b'); stream.end();`);
    const response = await fetch(await createUrl('BUFFERED'));
    expect([response.status, response.headers.get('x-mine'), await response.text()]).toEqual([201, 'yes', 'ab']);
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  });
});
