// The Node.js runtime: every kind of handler, what it answers and what it logs.
import { afterAll, describe, expect, test } from 'vitest';
import { createHarness, codeOf, zipOf, type Files } from '../engine-harness.ts';

const inSandbox = process.env['CLOUDLET_TEST_ISOLATION'] === 'sandbox';
const harness = createHarness();
afterAll(() => harness[Symbol.asyncDispose]());

// Expected: aws-lambda-nodejs-runtime-interface-client (UserFunction.js, Runtime.js, CallbackContext.js).
const ANSWERS: readonly [title: string, files: Files, handler: string, answer: unknown][] = [
  ['async, CommonJS', { 'index.js': 'exports.handler = async (e) => ({ got: e.n });' }, 'index.handler', { got: 7 }],
  ['ES module by .mjs', { 'index.mjs': 'export const handler = async (e) => e.n;' }, 'index.handler', 7],
  [
    'ES module by package.json, top-level await',
    { 'package.json': '{"type":"module"}', 'index.js': 'const n = await Promise.resolve(1); export const handler = async (e) => e.n + n;' },
    'index.handler',
    8,
  ],
  ['.cjs', { 'index.cjs': 'exports.handler = async (e) => e.n;' }, 'index.handler', 7],
  ['nested folder', { 'src/app.js': 'exports.handler = async () => "nested";' }, 'src/app.handler', 'nested'],
  ['nested export', { 'index.js': 'exports.a = { b: async () => "deep" };' }, 'index.a.b', 'deep'],
  ['package in node_modules', { 'node_modules/pack/index.js': 'exports.f = async () => "pack";' }, 'pack.f', 'pack'],
  ['callback', { 'index.js': 'exports.handler = (e, c, cb) => setTimeout(() => cb(null, e.n), 5);' }, 'index.handler', 7],
  [
    'callback waits for the empty event loop',
    { 'index.js': 'let late = "no"; exports.handler = (e, c, cb) => { setTimeout(() => { late = "yes"; }, 30); const r = { get late() { return late; } }; cb(null, r); };' },
    'index.handler',
    { late: 'yes' },
  ],
  [
    'callback does not wait when told so',
    { 'index.js': 'let late = "no"; exports.handler = (e, c, cb) => { c.callbackWaitsForEmptyEventLoop = false; setTimeout(() => { late = "yes"; }, 2000); cb(null, { late }); };' },
    'index.handler',
    { late: 'no' },
  ],
  ['context.succeed', { 'index.js': 'exports.handler = (e, c) => { c.succeed({ ok: 1 }); };' }, 'index.handler', { ok: 1 }],
  ['context.done', { 'index.js': 'exports.handler = (e, c) => { c.done(null, 2); };' }, 'index.handler', 2],
  ['nothing called', { 'index.js': 'exports.handler = () => {};' }, 'index.handler', null],
  ['undefined', { 'index.js': 'exports.handler = async () => undefined;' }, 'index.handler', null],
  ['only the first answer counts', { 'index.js': 'exports.handler = (e, c, cb) => { c.callbackWaitsForEmptyEventLoop = false; cb(null, 1); cb(null, 2); };' }, 'index.handler', 1],
  ['thenable', { 'index.js': 'exports.handler = () => ({ then: (ok) => ok("then") });' }, 'index.handler', 'then'],
];

describe('answers', () => {
  test.each(ANSWERS)('%s', async (_title, files, handler, answer) => {
    const definition = await harness.define(files, { handler });
    const result = await harness.invoke(definition, { n: 7 });
    expect(result.error, result.text).toBeUndefined();
    expect(result.json).toEqual(answer);
  });

  test('warm environments keep what init made', async () => {
    const definition = await harness.define({ 'index.js': 'let n = 0; exports.handler = async () => ++n;' });
    expect((await harness.invoke(definition)).json).toBe(1);
    const second = await harness.invoke(definition);
    expect(second.json).toBe(2);
    expect(second.initDurationMs).toBeUndefined();
  });

  test('payloads of several megabytes pass both ways', async () => {
    const definition = await harness.define({ 'index.js': 'exports.handler = async (e) => e;' });
    const event = { text: 'ü'.repeat(2_500_000) };
    expect((await harness.invoke(definition, event)).json).toEqual(event);
  });
});

interface ErrorDocument {
  errorType: string;
  errorMessage: string;
  trace?: string[];
}

// Expected: Errors.js and index.mjs of the same client; AWS documentation of Runtime.* errors.
const FAILURES: readonly [title: string, files: Files, handler: string, type: string, message: string | RegExp][] = [
  ['thrown', { 'index.js': 'exports.handler = async () => { throw new TypeError("no"); };' }, 'index.handler', 'TypeError', 'no'],
  ['thrown synchronously', { 'index.js': 'exports.handler = () => { throw new Error("sync"); };' }, 'index.handler', 'Error', 'sync'],
  ['named error', { 'index.js': 'class Mine extends Error { name = "Mine" } exports.handler = async () => { throw new Mine("m"); };' }, 'index.handler', 'Mine', 'm'],
  ['a string', { 'index.js': 'exports.handler = async () => { throw "text"; };' }, 'index.handler', 'string', 'text'],
  ['callback with error', { 'index.js': 'exports.handler = (e, c, cb) => cb(new RangeError("r"));' }, 'index.handler', 'RangeError', 'r'],
  ['context.fail', { 'index.js': 'exports.handler = (e, c) => c.fail("f");' }, 'index.handler', 'string', 'f'],
  ['circular result', { 'index.js': 'exports.handler = async () => { const o = {}; o.o = o; return o; };' }, 'index.handler', 'Error', 'Unable to stringify response body'],
  ['missing module', { 'other.js': '' }, 'index.handler', 'Runtime.ImportModuleError', "Error: Cannot find module 'index'\nRequire stack:\n- /var/runtime/index.mjs"],
  ['missing dependency', { 'index.js': 'require("nowhere-to-be-found");' }, 'index.handler', 'Runtime.ImportModuleError', /^Error: Cannot find module 'nowhere-to-be-found'\nRequire stack:\n- .*\/index\.js\n- \/var\/runtime\/index\.mjs$/],
  ['missing handler', { 'index.js': 'exports.other = 1;' }, 'index.handler', 'Runtime.HandlerNotFound', 'index.handler is undefined or not exported'],
  ['handler is no function', { 'index.js': 'exports.handler = 1;' }, 'index.handler', 'Runtime.HandlerNotFound', 'index.handler is not a function'],
  ['syntax error', { 'index.js': 'exports.handler = async ( => 1;' }, 'index.handler', 'Runtime.UserCodeSyntaxError', /^SyntaxError: /],
  ['handler without a dot', { 'index.js': '' }, 'index', 'Runtime.MalformedHandlerName', 'Bad handler'],
  ['handler that climbs', { 'index.js': '' }, '../index.handler', 'Runtime.MalformedHandlerName', "'../index.handler' is not a valid handler name. Use absolute paths when specifying root directories in handler names."],
  ['throws in init', { 'index.js': 'throw new Error("init");' }, 'index.handler', 'Error', 'init'],
  ['unhandled rejection', { 'index.js': 'exports.handler = (e, c, cb) => { Promise.reject(new Error("lost")); setTimeout(() => cb(null, 1), 1000); };' }, 'index.handler', 'Runtime.UnhandledPromiseRejection', 'Error: lost'],
  ['uncaught exception', { 'index.js': 'exports.handler = () => new Promise(() => { setTimeout(() => { throw new Error("loose"); }, 1); });' }, 'index.handler', 'Error', 'loose'],
  ['async handler that never settles', { 'index.js': 'exports.handler = async () => new Promise(() => {});' }, 'index.handler', 'Runtime.NodeJsExit', /unexpected Node\.js exit code/],
];

describe('failures', () => {
  test.each(FAILURES)('%s', async (_title, files, handler, type, message) => {
    const definition = await harness.define(files, { handler });
    const result = await harness.invoke(definition);
    expect(result.error).toBe('Unhandled');
    const document = result.json as ErrorDocument;
    expect(document.errorType).toBe(type);
    if (typeof message === 'string') expect(document.errorMessage).toBe(message);
    else expect(document.errorMessage).toMatch(message);
    expect(document.trace).toBeInstanceOf(Array);
  });

  test('callback handlers are refused from nodejs24.x on', async () => {
    const files = { 'index.js': 'exports.handler = (e, c, cb) => cb(null, 1);' };
    const definition = await harness.define(files, { runtime: 'nodejs24.x' });
    const result = await harness.invoke(definition);
    expect(result.json).toMatchObject({
      errorType: 'Runtime.CallbackHandlerDeprecated',
      errorMessage: expect.stringMatching(/^ERROR: AWS Lambda has removed support for callback-based/),
    });
  });

  test('the log shows the failure with its properties', async () => {
    const definition = await harness.define({
      'index.js': 'exports.handler = async () => { throw Object.assign(new Error("no"), { detail: 5 }); };',
    });
    const { logTail } = await harness.invoke(definition);
    expect(logTail).toMatch(
      /\tERROR\tInvoke Error \t\{"errorType":"Error","errorMessage":"no","detail":5,"stack":\["Error: no",/,
    );
  });
});

test('the context has everything', async () => {
  const definition = await harness.define(
    {
      'index.js': `exports.handler = async (e, c) => ({
        name: c.functionName, version: c.functionVersion, arn: c.invokedFunctionArn,
        memory: c.memoryLimitInMB, id: c.awsRequestId, group: c.logGroupName, stream: c.logStreamName,
        client: c.clientContext, identity: c.identity, trace: process.env._X_AMZN_TRACE_ID,
        remaining: c.getRemainingTimeInMillis(), wait: c.callbackWaitsForEmptyEventLoop });`,
    },
    { name: 'full', version: '3', timeoutMs: 4000 },
  );
  const { json } = await harness.invoke(definition, {}, {
    requestId: 'aaaaaaaa-0000-4000-8000-000000000000',
    invokedArn: 'arn:aws:lambda:us-east-1:000000000000:function:full:live',
    clientContext: JSON.stringify({ custom: { ä: 'ö' } }),
    cognitoIdentity: JSON.stringify({ cognitoIdentityId: 'i', cognitoIdentityPoolId: 'p' }),
    traceId: 'Root=1-5759e988-bd862e3fe1be46a994272793',
  });
  expect(json).toEqual({
    name: 'full',
    version: '3',
    arn: 'arn:aws:lambda:us-east-1:000000000000:function:full:live',
    memory: '256',
    id: 'aaaaaaaa-0000-4000-8000-000000000000',
    group: '/aws/lambda/full',
    stream: expect.stringMatching(/^\d{4}\/\d\d\/\d\d\/\[3\][0-9a-f]{32}$/),
    client: { custom: { ä: 'ö' } },
    identity: { cognitoIdentityId: 'i', cognitoIdentityPoolId: 'p' },
    trace: 'Root=1-5759e988-bd862e3fe1be46a994272793',
    remaining: expect.any(Number),
    wait: true,
  });
  const { remaining } = json as { remaining: number };
  expect(remaining).toBeGreaterThan(3000);
  expect(remaining).toBeLessThanOrEqual(4000);
});

describe('environment', () => {
  test('holds the reserved variables and the user\'s, and nothing of the host', async () => {
    process.env['HOST_SECRET'] = 'leak';
    const definition = await harness.define(
      { 'index.js': 'exports.handler = async () => process.env;' },
      { name: 'env', environment: { MINE: 'yes', TZ: 'Europe/Vienna', AWS_REGION: 'mars' } },
    );
    const { json } = await harness.invoke(definition);
    delete process.env['HOST_SECRET'];
    // AWS: configuration-envvars.html, "Defined runtime environment variables".
    expect(json).toMatchObject({
      MINE: 'yes',
      TZ: 'Europe/Vienna',
      AWS_REGION: 'us-east-1',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs20.x',
      AWS_LAMBDA_FUNCTION_NAME: 'env',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/env',
      AWS_LAMBDA_LOG_STREAM_NAME: expect.stringContaining('[$LATEST]'),
      AWS_LAMBDA_RUNTIME_API: expect.any(String),
      LAMBDA_TASK_ROOT: expect.stringMatching(/\/task$/),
      LAMBDA_RUNTIME_DIR: expect.any(String),
      NODE_PATH: expect.stringContaining('nodejs/node20/node_modules'),
      LANG: 'en_US.UTF-8',
      ...(inSandbox ? {} : { HOME: '/home/sbx_user1051' }),
      _HANDLER: 'index.handler',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:4566',
    });
    expect(json).not.toHaveProperty('HOST_SECRET');
    expect(json).not.toHaveProperty('_X_AMZN_TRACE_ID');
  });

  test('the home is that of AWS, not the machine\'s', async () => {
    const definition = await harness.define({ 'index.js': 'exports.handler = async () => require("os").homedir();' });
    expect((await harness.invoke(definition)).json).toBe('/home/sbx_user1051');
  });

  test('the working directory is the code, the time zone the user\'s', async () => {
    const definition = await harness.define(
      {
        'data.txt': 'data',
        'index.js': 'exports.handler = async () => [require("fs").readFileSync("data.txt", "utf8"), new Date(0).getHours()];',
      },
      { environment: { TZ: 'Asia/Tokyo' } },
    );
    expect((await harness.invoke(definition)).json).toEqual(['data', 9]);
  });

  test('NODE_OPTIONS of the user are honoured', async () => {
    const definition = await harness.define(
      { 'pre.cjs': 'globalThis.preloaded = true;', 'index.js': 'exports.handler = async () => [globalThis.preloaded, process.execArgv.length > 0];' },
      { environment: { NODE_OPTIONS: '--require ./pre.cjs' } },
    );
    expect((await harness.invoke(definition)).json).toEqual([true, true]);
  });

  test('the heap follows the memory setting', async () => {
    const files = { 'index.js': 'exports.handler = async () => require("v8").getHeapStatistics().heap_size_limit / 2 ** 20;' };
    const small = await harness.invoke(await harness.define(files, { memoryMb: 128 }));
    const large = await harness.invoke(await harness.define(files, { memoryMb: 1024 }));
    expect(small.json).toBeLessThan(200);
    expect(large.json).toBeGreaterThan(900);
  });
});

describe('modules', () => {
  const layer = {
    'nodejs/node_modules/shared/package.json': '{"name":"shared","main":"index.js","exports":{"import":"./index.mjs","require":"./index.js"}}',
    'nodejs/node_modules/shared/index.js': 'exports.value = "layer";',
    'nodejs/node_modules/shared/index.mjs': 'export const value = "layer";',
    'data/file.txt': 'one',
  };

  test.each([
    ['CommonJS', { 'index.js': 'const { value } = require("shared"); exports.handler = async () => value;' }],
    ['ES modules', { 'index.mjs': 'import { value } from "shared"; export const handler = async () => value;' }],
  ])('layers are found by %s', async (_title, files) => {
    const layers = [codeOf(await zipOf(layer))];
    const definition = await harness.define(files, { layers });
    expect((await harness.invoke(definition)).json).toBe('layer');
  });

  test('later layers overwrite earlier ones', async () => {
    const layers = [codeOf(await zipOf(layer)), codeOf(await zipOf({ 'data/file.txt': 'two', 'data/more.txt': 'more' }))];
    const read = 'require("fs").readFileSync(require("path").join(process.env.NODE_PATH.split(":")[1], "../../data", n), "utf8")';
    const definition = await harness.define(
      { 'index.js': `exports.handler = async () => ["file.txt", "more.txt"].map((n) => ${read});` },
      { layers },
    );
    expect((await harness.invoke(definition)).json).toEqual(['two', 'more']);
  });

  test.each([
    ['require', { 'index.js': 'const { S3Client } = require("@aws-sdk/client-s3"); exports.handler = async () => typeof S3Client;' }],
    ['import', { 'index.mjs': 'import { S3Client } from "@aws-sdk/client-s3"; export const handler = async () => typeof S3Client;' }],
  ])('the SDK is provided to %s', async (_title, files) => {
    expect((await harness.invoke(await harness.define(files))).json).toBe('function');
  });

  test('other packages of the machine are not', async () => {
    const definition = await harness.define({ 'index.js': 'require("esbuild");' });
    expect((await harness.invoke(definition)).json).toMatchObject({ errorType: 'Runtime.ImportModuleError' });
  });

  test('a package of the function comes before the provided one', async () => {
    const definition = await harness.define({
      'node_modules/@aws-sdk/client-s3/index.js': 'exports.own = true;',
      'index.js': 'exports.handler = async () => require("@aws-sdk/client-s3").own;',
    });
    expect((await harness.invoke(definition)).json).toBe(true);
  });
});

describe('streaming handlers', () => {
  test('are answered whole', async () => {
    const definition = await harness.define({
      'index.js': `exports.handler = awslambda.streamifyResponse(async (e, out) => {
        out.setContentType('text/plain'); out.write('one '); await new Promise((r) => setTimeout(r, 5)); out.end('two'); await new Promise((r) => out.on('finish', r)); });`,
    });
    const result = await harness.invoke(definition);
    expect([result.error, result.text]).toEqual([undefined, 'one two']);
    expect((await harness.invoke(definition)).text).toBe('one two');
  });

  test('HttpResponseStream puts its prelude before 8 zero bytes', async () => {
    const definition = await harness.define({
      'index.mjs': `import { pipeline } from 'node:stream/promises'; import { Readable } from 'node:stream';
        export const handler = awslambda.streamifyResponse(async (e, out) => {
        out = awslambda.HttpResponseStream.from(out, { statusCode: 201 }); await pipeline(Readable.from(['body']), out); });`,
    });
    expect((await harness.invoke(definition)).text).toBe(`{"statusCode":201}${'\0'.repeat(8)}body`);
  });

  test('errors end the response', async () => {
    const definition = await harness.define({
      'index.js': 'exports.handler = awslambda.streamifyResponse(async (e, out) => { out.write("x"); throw new Error("mid"); });',
    });
    const result = await harness.invoke(definition);
    expect(result.error).toBe('Unhandled');
    expect(result.json).toMatchObject({ errorType: 'Error', errorMessage: 'mid' });
    expect((await harness.invoke(definition)).json).toMatchObject({ errorMessage: 'mid' });
  });
});

test('console lines have time, request id and level; several lines are one event', async () => {
  const definition = await harness.define({
    'index.js': `console.log('in init'); exports.handler = async () => { console.log('a %d', 1, { b: 2 }); console.debug('d'); console.warn('w'); console.error('e'); console.info('x\\ny'); process.stdout.write('raw'); process.stdout.write(' line\\n'); };`,
  });
  await harness.invoke(definition, {}, { requestId: 'r-1' });
  await harness.settled();
  const stream = [...harness.logs.values()].at(-1) ?? [];
  const time = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z';
  const expected = [
    /^INIT_START Runtime Version: nodejs:20\.v1\tRuntime Version ARN: arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}\n$/,
    new RegExp(`^${time}\tundefined\tINFO\tin init\n$`),
    /^START RequestId: r-1 Version: \$LATEST\n$/,
    new RegExp(`^${time}\tr-1\tINFO\ta 1 { b: 2 }\n$`),
    new RegExp(`^${time}\tr-1\tDEBUG\td\n$`),
    new RegExp(`^${time}\tr-1\tWARN\tw\n$`),
    new RegExp(`^${time}\tr-1\tERROR\te\n$`),
    new RegExp(`^${time}\tr-1\tINFO\tx\ny\n$`),
    /^raw line\n$/,
    /^END RequestId: r-1\n$/,
    /^REPORT RequestId: r-1\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\tMemory Size: 256 MB\tMax Memory Used: \d+ MB\tInit Duration: \d+\.\d\d ms\tPrice: 0\.\d{12} USD\t\n$/,
  ];
  expect(stream).toHaveLength(expected.length);
  for (const [index, pattern] of expected.entries()) expect(stream[index]).toMatch(pattern);
});

test('JSON log format and level', async () => {
  const definition = await harness.define(
    { 'index.js': 'exports.handler = async () => { console.log("quiet"); console.warn({ a: 1 }); };' },
    { environment: { AWS_LAMBDA_LOG_FORMAT: 'JSON', AWS_LAMBDA_LOG_LEVEL: 'WARN' } },
  );
  const { logTail } = await harness.invoke(definition, {}, { requestId: 'r-2' });
  expect(logTail).not.toContain('quiet');
  expect(logTail).toMatch(/\{"timestamp":"[^"]+","level":"WARN","requestId":"r-2","message":\{"a":1\}\}\n/);
});
