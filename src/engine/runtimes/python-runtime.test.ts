// The Python runtime: handlers, answers, failures, logs.
import { spawnSync } from 'node:child_process';
import { afterAll, describe, expect, test } from 'vitest';
import { createHarness, codeOf, zipOf, type Files } from '../engine-harness.ts';

const python = spawnSync('python3', ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])']);
const present = python.status === 0;
const runtime = `python${present ? python.stdout.toString().trim() : '3.12'}`;
const hasBoto3 = spawnSync('python3', ['-c', 'import boto3']).status === 0;

const harness = createHarness();
afterAll(() => harness[Symbol.asyncDispose]());

describe.skipIf(!present)(`Python${present ? '' : ' (skipped: no python3 here)'}`, () => {
  const define = (files: Files, options = {}) =>
    harness.define(files, { runtime, handler: 'app.handler', ...options });

  // Expected: awslambdaric 4.2 (bootstrap.py, lambda_runtime_marshaller.py).
  test.each<[string, Files, string, unknown]>([
    ['module', { 'app.py': 'def handler(event, context):\n  return {"n": event["n"]}' }, 'app.handler', { n: 7 }],
    ['package with dots', { 'pkg/__init__.py': '', 'pkg/app.py': 'def run(e, c): return "dots"' }, 'pkg.app.run', 'dots'],
    ['package with slashes', { 'pkg/app.py': 'def run(e, c): return "slashes"' }, 'pkg/app.run', 'slashes'],
    ['nothing returned', { 'app.py': 'def handler(e, c): pass' }, 'app.handler', null],
    ['Decimal', { 'app.py': 'from decimal import Decimal\ndef handler(e, c): return {"d": [Decimal("1.50"), Decimal("3"), "decimal:x"]}' }, 'app.handler', { d: [1.5, 3, 'decimal:x'] }],
    ['callable object', { 'app.py': 'class H:\n  def __call__(self, e, c): return "called"\nhandler = H()' }, 'app.handler', 'called'],
    ['text outside of ASCII', { 'app.py': 'def handler(e, c): return "grüße " + e["n2"]' }, 'app.handler', 'grüße ✓'],
  ])('%s', async (_title, files, handler, answer) => {
    const result = await harness.invoke(await define(files, { handler }), { n: 7, n2: '✓' });
    expect(result.error, result.text).toBeUndefined();
    expect(result.json).toEqual(answer);
  });

  test('a Decimal keeps its digits', async () => {
    const source = 'from decimal import Decimal\ndef handler(e, c): return Decimal("0.10000000000000000000001")';
    expect((await harness.invoke(await define({ 'app.py': source }))).text).toBe('0.10000000000000000000001');
  });

  test('bytes are answered as they are', async () => {
    const result = await harness.invoke(await define({ 'app.py': 'def handler(e, c): return b"\\x00\\xff"' }));
    expect([...result.payload]).toEqual([0, 255]);
  });

  test.each<[string, Files, string, string, string | RegExp]>([
    ['raised', { 'app.py': 'def handler(e, c): raise ValueError("boom at invoke")' }, 'app.handler', 'ValueError', 'boom at invoke'],
    ['missing module', { 'other.py': '' }, 'app.handler', 'Runtime.ImportModuleError', "Unable to import module 'app': No module named 'app'"],
    ['missing dependency', { 'app.py': 'import nowhere_to_be_found' }, 'app.handler', 'Runtime.ImportModuleError', "Unable to import module 'app': No module named 'nowhere_to_be_found'"],
    ['missing handler', { 'app.py': '' }, 'app.handler', 'Runtime.HandlerNotFound', "Handler 'handler' missing on module 'app'"],
    ['syntax error', { 'app.py': 'def handler(:' }, 'app.handler', 'Runtime.UserCodeSyntaxError', /^Syntax error in module 'app': invalid syntax/],
    ['handler without a dot', { 'app.py': '' }, 'app', 'Runtime.MalformedHandlerName', "Bad handler 'app': not enough values to unpack (expected 2, got 1)"],
    ['built-in module', { 'app.py': '' }, 'sys.exit', 'Runtime.BuiltInModuleConflict', 'Cannot use built-in module sys as a handler module'],
    ['raises in init', { 'app.py': 'raise KeyError("init")' }, 'app.handler', 'KeyError', "'init'"],
    ['set', { 'app.py': 'def handler(e, c): return {1}' }, 'app.handler', 'Runtime.MarshalError', 'Unable to marshal response: Object of type set is not JSON serializable'],
    ['circular', { 'app.py': 'def handler(e, c):\n  l = []; l.append(l); return l' }, 'app.handler', 'Runtime.MarshalError', 'Unable to marshal response: Circular reference detected'],
  ])('failure: %s', async (_title, files, handler, errorType, errorMessage) => {
    const result = await harness.invoke(await define(files, { handler }));
    expect(result.error).toBe('Unhandled');
    const document = result.json as Record<string, string>;
    expect(Object.keys(document)).toEqual(['errorMessage', 'errorType', 'requestId', 'stackTrace']);
    expect(document['errorType']).toBe(errorType);
    if (typeof errorMessage === 'string') expect(document['errorMessage']).toBe(errorMessage);
    else expect(document['errorMessage']).toMatch(errorMessage);
  });

  test('the stack trace starts with the function\'s own frames', async () => {
    // AWS: floci-io/floci#3314 shows AWS's answer to this very handler.
    const result = await harness.invoke(await define({ 'app.py': 'def handler(event, context):\n    raise ValueError("boom at invoke")\n' }));
    expect(result.json).toMatchObject({
      stackTrace: [expect.stringMatching(/^ {2}File ".*\/task\/app\.py", line 2, in handler\n {4}raise ValueError\("boom at invoke"\)\n$/)],
    });
    expect(result.logTail).toContain('[ERROR] ValueError: boom at invoke\nTraceback (most recent call last):\n\u00a0\u00a0File "');
  });

  test('sys.exit ends the runtime', async () => {
    const definition = await define({ 'app.py': 'import sys\ndef handler(e, c): sys.exit(1)' });
    const result = await harness.invoke(definition, {}, { requestId: 'r-exit' });
    // AWS: floci-io/floci#3314
    expect(result.text).toBe('{"errorType":"Runtime.ExitError","errorMessage":"RequestId: r-exit Error: Runtime exited with error: exit status 1"}');
  });

  test('the context has everything', async () => {
    const source = `
def handler(e, c):
  return {"name": c.function_name, "version": c.function_version, "arn": c.invoked_function_arn,
    "memory": c.memory_limit_in_mb, "id": c.aws_request_id, "group": c.log_group_name,
    "stream": c.log_stream_name, "remaining": c.get_remaining_time_in_millis(),
    "client": c.client_context.custom, "app": c.client_context.client.app_title,
    "identity": c.identity.cognito_identity_id}
`;
    const definition = await define({ 'app.py': source }, { name: 'ctx', timeoutMs: 4000 });
    const { json } = await harness.invoke(definition, {}, {
      requestId: 'r-ctx',
      clientContext: '{"custom":{"k":"v"},"client":{"app_title":"t"}}',
      cognitoIdentity: '{"cognitoIdentityId":"i"}',
    });
    expect(json).toEqual({
      name: 'ctx',
      version: '$LATEST',
      arn: 'arn:aws:lambda:us-east-1:000000000000:function:ctx',
      memory: '256',
      id: 'r-ctx',
      group: '/aws/lambda/ctx',
      stream: expect.stringMatching(/^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/),
      remaining: expect.any(Number),
      client: { k: 'v' },
      app: 't',
      identity: 'i',
    });
    expect((json as { remaining: number }).remaining).toBeGreaterThan(3000);
  });

  test('print and logging keep their order and forms', async () => {
    const source = `
import logging, os, sys
logging.getLogger().setLevel("INFO")
def handler(e, c):
  print("first"); logging.info("second\\nline"); print("third", file=sys.stderr)
  os.system("echo fourth"); logging.debug("never"); logging.getLogger("x").warning("fifth")
`;
    const { logTail } = await harness.invoke(await define({ 'app.py': source }), {}, { requestId: 'r-log' });
    const time = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z';
    expect(logTail).toMatch(
      new RegExp(
        `^START RequestId: r-log Version: \\$LATEST\nfirst\n\\[INFO\\]\t${time}\tr-log\tsecond\nline\nthird\nfourth\n` +
          `\\[WARNING\\]\t${time}\tr-log\tfifth\nEND RequestId: r-log\nREPORT `,
      ),
    );
  });

  test('layers are on the path, the machine\'s packages are not', async () => {
    const layers = [codeOf(await zipOf({ 'python/shared.py': 'value = "layer"' }))];
    const source = `
import shared, importlib.util
def handler(e, c): return [shared.value, importlib.util.find_spec("pip") is None]
`;
    expect((await harness.invoke(await define({ 'app.py': source }, { layers }))).json).toEqual(['layer', true]);
  });

  test.skipIf(!hasBoto3)(`boto3 is provided${hasBoto3 ? '' : ' (skipped: no boto3 here)'}`, async () => {
    const source = `
import boto3, os
s3 = boto3.client("s3", aws_access_key_id="a", aws_secret_access_key="b")
def handler(e, c): return [s3.meta.endpoint_url, os.path.expanduser("~")]
`;
    const { json } = await harness.invoke(await define({ 'app.py': source }));
    expect(json).toEqual(['http://127.0.0.1:4566', '/home/sbx_user1051']);
  });
});
