// Streamed responses: they arrive while they are written, whole, held up when nobody reads, and fail midway.
import { writeFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import type { ResponseSink } from '../base/function-runner.ts';
import { createHarness } from './engine-harness.ts';

const harness = createHarness();
afterAll(() => harness[Symbol.asyncDispose]());

interface Taken extends ResponseSink {
  readonly chunks: string[];
  contentType: string | undefined;
  bytes: number;
}

function sink(onWrite: (chunk: Uint8Array) => Promise<void> = async () => {}): Taken {
  const taken: Taken = {
    chunks: [],
    contentType: undefined,
    bytes: 0,
    start({ contentType }) {
      taken.contentType = contentType;
    },
    async write(chunk) {
      taken.chunks.push(Buffer.from(chunk).toString());
      taken.bytes += chunk.length;
      await onWrite(chunk);
    },
  };
  return taken;
}

function streaming(body: string): Record<string, string> {
  return { 'index.js': `exports.handler = awslambda.streamifyResponse(async (event, stream, context) => { ${body} });` };
}

test('chunks arrive before the handler has ended', async () => {
  // The handler goes on only once its first chunk has been seen here, told through a file.
  const definition = await harness.define({
    'index.js': `const fs = require('fs'); exports.handler = awslambda.streamifyResponse(async (e, stream) => {
      stream.write('first'); while (!fs.existsSync(e.go)) await new Promise((r) => setTimeout(r, 2)); stream.write('second'); stream.end(); });`,
  });
  const go = `${harness.workDir}/go`;
  const stream = sink(async () => writeFileSync(go, ''));
  const result = await harness.invoke(definition, { go }, { stream });
  expect(stream.chunks.join('')).toBe('firstsecond');
  expect(stream.chunks.length).toBeGreaterThan(1);
  expect(stream.contentType).toBe('application/octet-stream');
  expect([result.streamed, result.error, result.text]).toEqual([true, undefined, '']);
  expect(result.logTail).toMatch(/REPORT RequestId/);
});

test('the prelude of an HTTP answer is part of the stream', async () => {
  const definition = await harness.define(
    streaming(`stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201 }); stream.write('body'); stream.end();`),
  );
  const stream = sink();
  await harness.invoke(definition, {}, { stream });
  expect(stream.contentType).toBe('application/vnd.awslambda.http-integration-response');
  expect(stream.chunks.join('')).toBe(`{"statusCode":201}${'\0'.repeat(8)}body`);
});

test('more than 6 MB pass; a slow reader holds the function up', async () => {
  const definition = await harness.define(
    streaming(`for (let i = 0; i < 64; i += 1) { if (!stream.write(Buffer.alloc(262144, 'x'))) await new Promise((r) => stream.once('drain', r)); } stream.end();`),
  );
  let atOnce = 0;
  let most = 0;
  const stream = sink(async () => {
    most = Math.max(most, (atOnce += 1));
    await new Promise((resolve) => setImmediate(resolve));
    atOnce -= 1;
  });
  const result = await harness.invoke(definition, {}, { stream });
  expect([result.error, stream.bytes]).toEqual([undefined, 64 * 262_144]);
  // What one read of the socket holds may be handed on together, no more.
  expect(most).toBeLessThan(16);
});

test('a failure midway: what was written has arrived, the result says what went wrong', async () => {
  const definition = await harness.define(streaming(`stream.write('part'); await new Promise((r) => setTimeout(r, 5)); throw new TypeError('midway');`));
  const stream = sink();
  const result = await harness.invoke(definition, {}, { stream });
  expect(stream.chunks.join('')).toBe('part');
  expect([result.streamed, result.error]).toEqual([true, 'Unhandled']);
  expect(result.json).toMatchObject({ errorType: 'TypeError', errorMessage: 'midway' });
});

test('a timeout midway', async () => {
  const definition = await harness.define(streaming(`stream.write('part'); await new Promise((r) => setTimeout(r, 60000));`), { timeoutMs: 300 });
  const stream = sink();
  const result = await harness.invoke(definition, {}, { stream });
  expect([stream.chunks.join(''), result.streamed]).toEqual(['part', true]);
  expect(result.json).toMatchObject({ errorType: 'Sandbox.Timedout' });
});

test('a reader that has left does not stop the function; the environment serves on', async () => {
  const definition = await harness.define(
    streaming(`for (let i = 0; i < 20; i += 1) { stream.write('x'.repeat(70000)); await new Promise((r) => setTimeout(r, 1)); } stream.end();`),
  );
  const gone = sink(() => Promise.reject(new Error('left')));
  expect((await harness.invoke(definition, {}, { stream: gone })).error).toBeUndefined();
  expect(gone.chunks.length).toBeLessThan(20);
  const stays = sink();
  expect((await harness.invoke(definition, {}, { stream: stays })).error).toBeUndefined();
  expect(stays.bytes).toBe(20 * 70_000);
});

test('a handler that answers in one piece leaves the sink alone', async () => {
  const definition = await harness.define({ 'index.js': 'exports.handler = async () => "whole";' });
  const stream = sink();
  const result = await harness.invoke(definition, {}, { stream });
  expect([result.json, result.streamed, stream.contentType]).toEqual(['whole', undefined, undefined]);
});

test('without a sink a streamed response is answered whole', async () => {
  const definition = await harness.define(streaming(`stream.write('a'); stream.end('b');`));
  expect((await harness.invoke(definition)).text).toBe('ab');
});
