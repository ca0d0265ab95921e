// Runtimes that are not ours: bootstraps of provided.*, and AWS's own runtime interface client for Python.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { codeOf, createHarness, zipOf } from '../engine-harness.ts';

const harness = createHarness();
afterAll(() => harness[Symbol.asyncDispose]());

const hasCurl = spawnSync('curl', ['--version']).status === 0;

// The loop of AWS's own tutorial for custom runtimes: runtimes-walkthrough.html
const BOOTSTRAP = `#!/bin/sh
set -eu
echo "booting $_HANDLER" > /dev/stderr
echo "region $AWS_REGION"
while true; do
  HEADERS="$(mktemp)"
  EVENT=$(curl -sS -LD "$HEADERS" "http://\${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation/next")
  ID=$(grep -Fi Lambda-Runtime-Aws-Request-Id "$HEADERS" | tr -d '[:space:]' | cut -d: -f2)
  echo "handling $ID"
  case "$EVENT" in
    *fail*) curl -sS "http://\${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation/$ID/error" -d '{"errorMessage":"as asked","errorType":"Asked"}' > /dev/null ;;
    *) curl -sS "http://\${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation/$ID/response" -d "{\\"echo\\":$EVENT}" > /dev/null ;;
  esac
done
`;

describe.skipIf(!hasCurl)(`provided.*${hasCurl ? '' : ' (skipped: no curl here)'}`, () => {
  const options = { runtime: 'provided.al2023', handler: 'main' };

  test('a shell bootstrap over TCP', async () => {
    const definition = await harness.define({ bootstrap: { content: BOOTSTRAP, mode: 0o755 } }, options);
    const first = await harness.invoke(definition, { a: 1 }, { requestId: 'r-p1' });
    expect(first.json).toEqual({ echo: { a: 1 } });
    expect(first.logTail).toMatch(/^booting main\nregion us-east-1\nSTART RequestId: r-p1 .*\nhandling r-p1\nEND /);
    const failed = await harness.invoke(definition, { fail: 1 });
    expect([failed.error, failed.json]).toEqual(['Unhandled', { errorMessage: 'as asked', errorType: 'Asked' }]);
    expect((await harness.invoke(definition, { b: 2 })).json).toEqual({ echo: { b: 2 } });
  });

  test('a bootstrap in a layer', async () => {
    const layers = [codeOf(await zipOf({ bootstrap: { content: BOOTSTRAP, mode: 0o755 } }))];
    const definition = await harness.define({ 'data.txt': '' }, { ...options, layers });
    expect((await harness.invoke(definition, 5)).json).toEqual({ echo: 5 });
  });

  test.each([
    ['none', {}, "Error: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"],
    ['not executable', { bootstrap: BOOTSTRAP }, 'Error: fork/exec /var/task/bootstrap: permission denied'],
  ])('bootstrap: %s', async (_title, files, message) => {
    const definition = await harness.define({ 'x.txt': '', ...files }, options);
    const result = await harness.invoke(definition, {}, { requestId: 'r' });
    const document = result.json as { errorType: string; errorMessage: string };
    expect([result.error, document.errorType]).toEqual(['Unhandled', 'Runtime.InvalidEntrypoint']);
    expect(document.errorMessage).toBe(`RequestId: r ${message}`);
  });
});

test('AWS_LAMBDA_EXEC_WRAPPER starts the runtime', async () => {
  const wrapper = '#!/bin/sh\nexport WRAPPED=yes\nexec "$@"\n';
  const layers = [codeOf(await zipOf({ wrapper: { content: wrapper, mode: 0o755 } }))];
  const definition = await harness.define(
    { 'index.js': 'const atBoot = process.env.WRAPPED; exports.handler = async () => require("fs").readFileSync("/proc/self/environ", "utf8").includes("WRAPPED=yes");' },
    { layers, environment: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/wrapper' } },
  );
  expect((await harness.invoke(definition)).json).toBe(true);
});

// Installed once per machine into a scratch folder; needs a package index, or it skips.
function installRic(): string | undefined {
  const venv = join(tmpdir(), 'cloudlet-test-awslambdaric');
  const python = join(venv, 'bin', 'python');
  const works = (): boolean => spawnSync(python, ['-c', 'import awslambdaric, runtime_client']).status === 0;
  if (!existsSync(python) && spawnSync('python3', ['-m', 'venv', venv]).status !== 0) return undefined;
  if (works()) return python;
  spawnSync(python, ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', 'awslambdaric'], { timeout: 120_000 });
  return works() ? python : undefined;
}
const ric = installRic();

describe.skipIf(ric === undefined)(`awslambdaric${ric ? '' : ' (skipped: cannot be installed here)'}`, () => {
  const runtime = 'python3.11';
  const source = `
import logging
logging.getLogger().setLevel("INFO")
def handler(e, c):
  print("printed"); logging.info("logged\\nlines")
  if e.get("big"): return "x" * 7000000
  if e.get("boom"): raise ValueError("boom")
  return {"id": c.aws_request_id, "n": e["n"], "left": c.get_remaining_time_in_millis() > 1000, "custom": c.client_context.custom}
`;

  test('runs unchanged', async () => {
    await using own = createHarness({ runtimeClients: { [runtime]: [ric ?? '', '-m', 'awslambdaric'] } });
    const definition = await own.define({ 'app.py': source }, { runtime, handler: 'app.handler' });
    const result = await own.invoke(definition, { n: 1 }, { requestId: 'r-ric', clientContext: '{"custom":{"k":1}}' });
    expect(result.json, result.text).toEqual({ id: 'r-ric', n: 1, left: true, custom: { k: 1 } });
    expect(result.logTail).toMatch(/\nprinted\n\[INFO\]\t[^\t]+\tr-ric\tlogged\nlines\nEND /);
    const failed = await own.invoke(definition, { boom: true });
    expect(failed.json).toMatchObject({ errorType: 'ValueError', errorMessage: 'boom' });
    const big = await own.invoke(definition, { big: true });
    expect(big.json).toMatchObject({ errorType: 'Function.ResponseSizeTooLarge' });
    const missing = await own.define({ 'other.py': '' }, { runtime, handler: 'app.handler' });
    expect((await own.invoke(missing)).json).toMatchObject({
      errorType: 'Runtime.ImportModuleError',
      errorMessage: "Unable to import module 'app': No module named 'app'",
    });
  });

  test('ours answers the same', async () => {
    await using own = createHarness({ runtimeClients: { [runtime]: [ric ?? '', '-m', 'awslambdaric'] } });
    for (const event of [{ n: 1 }, { boom: true }, { n: 'ü' }]) {
      const options = { requestId: 'r-same', clientContext: '{"custom":{"k":1}}' };
      const results = [];
      for (const which of [own, harness]) {
        const definition = await which.define({ 'app.py': source }, { runtime, handler: 'app.handler', name: 'same' });
        const { text } = await which.invoke(definition, event, options);
        results.push(text.replaceAll(/\/[^" ]*\/task\//g, '/var/task/'));
      }
      expect(results[1]).toBe(results[0]);
    }
  });
});
