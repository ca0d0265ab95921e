// AWS's own runtime interface client for Node.js, unchanged, and what it answers beside what ours does.
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHarness, type Files, type Harness, type Outcome } from '../engine-harness.ts';

// Installing it compiles curl and AWS's C++ client for a minute and a half: only where that was done beforehand, by
// npm install --prefix /tmp/cloudlet-test-node-client aws-lambda-ric@3.3.0 (autoconf, automake, libtool, cmake, g++).
const client = join(tmpdir(), 'cloudlet-test-node-client', 'node_modules', 'aws-lambda-ric');
const tryOut = ['-e', `require(${JSON.stringify(join(client, 'dist', 'rapid-client.node'))})`];
const env = { ...process.env, AWS_LAMBDA_RUNTIME_API: '127.0.0.1:1' };
const works = spawnSync(process.execPath, tryOut, { env }).status === 0;
const runtime = `nodejs${process.versions.node.split('.')[0] ?? ''}.x`;

const CASES: readonly [title: string, files: Files, event?: unknown][] = [
  ['an async handler', { 'index.js': 'exports.handler = async (e) => ({ got: e });' }, { n: 1, text: 'ü' }],
  ['an ES module with top-level await', { 'index.mjs': 'const n = await Promise.resolve(1); export const handler = async () => n;' }],
  ['undefined', { 'index.js': 'exports.handler = async () => undefined;' }],
  ['an error with a name and properties', { 'index.js': 'class Mine extends Error { name = "Mine" } exports.handler = async () => { throw Object.assign(new Mine("no"), { detail: 5 }); };' }],
  ['a thrown string', { 'index.js': 'exports.handler = async () => { throw "text"; };' }],
  ['no such module', { 'other.js': '' }],
  ['no such export', { 'index.js': 'exports.other = 1;' }],
  ['an error in init', { 'index.js': 'throw new RangeError("init");' }],
  ['a syntax error', { 'index.js': 'exports.handler = async ( => 1;' }],
];

describe.skipIf(!works)(`aws-lambda-ric${works ? '' : ' (skipped: it is not built here)'}`, () => {
  let theirs: Harness;
  let ours: Harness;
  beforeAll(() => {
    theirs = createHarness({ runtimeClients: { [runtime]: [process.execPath, join(client, 'bin', 'index.mjs')] } });
    ours = createHarness();
  });
  afterAll(async () => {
    await theirs[Symbol.asyncDispose]();
    await ours[Symbol.asyncDispose]();
  });

  test('runs unchanged: context, logs, warm environments', async () => {
    const source = `let n = 0; exports.handler = async (e, c) => { console.log('logged\\nlines'); return {
      n: ++n, id: c.awsRequestId, arn: c.invokedFunctionArn, left: c.getRemainingTimeInMillis() > 1000,
      custom: c.clientContext.custom, memory: c.memoryLimitInMB, group: c.logGroupName }; };`;
    const definition = await theirs.define({ 'index.js': source }, { runtime });
    const options = { requestId: 'r-ric', clientContext: '{"custom":{"k":1}}' };
    const first = await theirs.invoke(definition, {}, options);
    const expected = { id: 'r-ric', arn: definition.arn, left: true, custom: { k: 1 }, memory: '256', group: definition.logGroup };
    expect(first.json, first.text + first.logTail).toEqual({ n: 1, ...expected });
    expect(first.logTail).toMatch(/\tr-ric\tINFO\tlogged\nlines\nEND /);
    expect((await theirs.invoke(definition, {}, options)).json).toEqual({ n: 2, ...expected });
  });

  test('a streamed response reaches its reader in pieces', async () => {
    const source = `exports.handler = awslambda.streamifyResponse(async (e, stream) => {
      stream.write('one '); await new Promise((resolve) => setTimeout(resolve, 30)); stream.write('two'); stream.end(); });`;
    const definition = await theirs.define({ 'index.js': source }, { runtime });
    const chunks: string[] = [];
    const stream = { start() {}, write: async (chunk: Uint8Array) => void chunks.push(Buffer.from(chunk).toString()) };
    const result = await theirs.invoke(definition, {}, { stream });
    expect([result.streamed, chunks.join('')]).toEqual([true, 'one two']);
    expect(chunks.length).toBeGreaterThan(1);
  });

  test.each(CASES)('ours answers the same: %s', async (_title, files, event = {}) => {
    const outcomes: Outcome[] = [];
    for (const which of [theirs, ours]) {
      outcomes.push(await which.invoke(await which.define(files, { runtime, name: 'same' }), event, { requestId: 'r' }));
    }
    const [their, our] = outcomes.map(({ error, json }) => ({ error, json: withoutPlaces(json) }));
    expect(our).toEqual(their);
  });
});

/** Stack traces name the client's own files, messages the folder of the code. */
function withoutPlaces(json: unknown): unknown {
  if (typeof json !== 'object' || json === null) return json;
  const { trace, errorMessage, ...rest } = json as { trace?: string[]; errorMessage?: string };
  return {
    ...rest,
    ...(trace === undefined ? {} : { trace: trace[0]?.replaceAll(/\/\S*\//g, '') }),
    ...(errorMessage === undefined ? {} : { errorMessage: errorMessage.replaceAll(/\/\S*\//g, '') }),
  };
}
