// What every function finds around it: reserved variables, the folders of layers, wrappers, source maps.
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeOf, createHarness, type Files, type Harness, zipOf } from '../engine-harness.ts';
import { findSandbox } from '../isolation/sandbox-isolation.ts';

const sandbox = await findSandbox({ run: '', trees: '' }, () => {});

interface Language {
  readonly runtime: string;
  readonly handler: string;
  /** Answers all variables. */
  readonly files: Files;
  /** As a shell sees it, by `$0` programs of a layer. */
  readonly shell: Files;
}

const NODE: Language = {
  runtime: 'nodejs20.x',
  handler: 'index.handler',
  files: { 'index.js': 'exports.handler = async () => ({ ...process.env });' },
  shell: { 'index.js': 'exports.handler = async (e) => require("child_process").execSync(e.command, { encoding: "utf8" }).trim();' },
};
const PYTHON: Language = {
  runtime: 'python3.11',
  handler: 'index.handler',
  files: { 'index.py': 'import os\ndef handler(e, c): return dict(os.environ)' },
  shell: { 'index.py': 'import subprocess\ndef handler(e, c): return subprocess.check_output(e["command"], shell=True, text=True).strip()' },
};

describe.each(['process', 'sandbox'] as const)('%s driver', (isolation) => {
  describe.skipIf(isolation === 'sandbox' && sandbox === undefined)('surroundings', () => {
    let harness: Harness;
    beforeAll(() => {
      harness = createHarness({ isolation });
    });
    afterAll(() => harness[Symbol.asyncDispose]());

    // AWS: configuration-envvars.html, "Defined runtime environment variables"
    test.each([NODE, PYTHON])('reserved variables: $runtime', async ({ runtime, handler, files }) => {
      const own = { MINE: 'x', AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret', AWS_SESSION_TOKEN: 'token', TZ: 'Europe/Berlin' };
      const definition = await harness.define(files, { runtime, handler, name: `env-${runtime}-${isolation}`, version: '7', environment: own });
      const { json, text } = await harness.invoke(definition, {}, { traceId: 'Root=1-2-3' });
      const seen = json as Record<string, string>;
      expect(seen, text).toMatchObject({
        ...own,
        _HANDLER: handler,
        AWS_REGION: 'us-east-1',
        AWS_DEFAULT_REGION: 'us-east-1',
        AWS_EXECUTION_ENV: `AWS_Lambda_${runtime}`,
        AWS_LAMBDA_FUNCTION_NAME: definition.name,
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
        AWS_LAMBDA_FUNCTION_VERSION: '7',
        AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
        AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${definition.name}`,
        AWS_LAMBDA_LOG_STREAM_NAME: expect.stringMatching(/^\d{4}\/\d\d\/\d\d\/\[7\][0-9a-f]{32}$/),
        AWS_LAMBDA_RUNTIME_API: expect.any(String),
        LANG: 'en_US.UTF-8',
        LD_LIBRARY_PATH: expect.stringMatching(/^\/lib64:\/usr\/lib64:[^:]+:[^:]+\/lib:[^:]*opt\/lib$/),
        PATH: expect.stringMatching(/^\/usr\/local\/bin:\/usr\/bin\/:\/bin:[^:]*opt\/bin$/),
        LAMBDA_TASK_ROOT: isolation === 'sandbox' ? '/var/task' : expect.stringMatching(/\/task$/),
        LAMBDA_RUNTIME_DIR: expect.stringMatching(/^\//),
        _X_AMZN_TRACE_ID: 'Root=1-2-3',
      });
      // Nothing of the machine's.
      for (const name of ['USER', 'LOGNAME', 'OLDPWD', 'npm_config_user_agent']) expect(seen).not.toHaveProperty(name);
      // AWS: where modules are looked for. packaging-layers.html
      if (runtime === 'nodejs20.x') expect(seen['NODE_PATH']).toMatch(/opt\/nodejs\/node20\/node_modules:[^:]*opt\/nodejs\/node_modules:/);
      else expect(seen['PYTHONPATH']).toMatch(/opt\/python:/);
    });

    // AWS: packaging-layers.html, "Layer paths for each Lambda runtime"
    test.each([
      [NODE, { 'nodejs/node_modules/m/index.js': 'module.exports = "modules";' }, 'require("m")'],
      [NODE, { 'nodejs/node20/node_modules/m/index.js': 'module.exports = "of the major";' }, 'require("m")'],
    ])('/opt of $runtime: %j', async ({ runtime, handler }, layer, expression) => {
      const layers = [codeOf(await zipOf(layer))];
      const definition = await harness.define({ 'index.js': `exports.handler = async () => ${expression};` }, { runtime, handler, layers });
      expect((await harness.invoke(definition)).json).toBe(Object.values(layer)[0]?.match(/"(.*)"/)?.[1]);
    });

    test.each(['python/m.py', 'python/lib/python3.11/site-packages/m.py'])('/opt of Python: %s', async (path) => {
      const layers = [codeOf(await zipOf({ [path]: 'value = "from a layer"' }))];
      const files = { 'index.py': 'import m\ndef handler(e, c): return m.value' };
      const definition = await harness.define(files, { runtime: 'python3.11', handler: 'index.handler', layers });
      expect((await harness.invoke(definition)).json).toBe('from a layer');
    });

    test.each([NODE, PYTHON])('/opt/bin is on PATH: $runtime', async ({ runtime, handler, shell }) => {
      const layers = [codeOf(await zipOf({ 'bin/greet': { content: '#!/bin/sh\necho "hello $1"\n', mode: 0o755 } }))];
      const definition = await harness.define(shell, { runtime, handler, layers });
      expect((await harness.invoke(definition, { command: 'greet you' })).json).toBe('hello you');
    });

    test('/opt/lib and lib of the code are where libraries are looked for', async () => {
      const layers = [codeOf(await zipOf({ 'lib/mine.so': 'layer', 'lib/both.so': 'layer' }))];
      const find = `IFS=:; for name in mine.so both.so; do for folder in $LD_LIBRARY_PATH; do [ -f "$folder/$name" ] && cat "$folder/$name" && break; done; done`;
      const definition = await harness.define({ ...NODE.shell, 'lib/both.so': 'code ' }, { layers });
      // The function's come first.
      expect((await harness.invoke(definition, { command: find })).json).toBe('layercode');
    });

    // AWS: runtimes-modify.html, "Wrapper scripts"
    test.each([NODE, PYTHON])('AWS_LAMBDA_EXEC_WRAPPER: $runtime', async ({ runtime, handler, files }) => {
      const wrapper = '#!/bin/bash\nargs=("$@")\nexport WRAPPED="${#args[@]} arguments" ADDED=yes\nexec "$@"\n';
      const layers = [codeOf(await zipOf({ wrap: { content: wrapper, mode: 0o755 } }))];
      const definition = await harness.define(files, { runtime, handler, layers, environment: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/wrap' } });
      const { json, text } = await harness.invoke(definition);
      expect(json, text).toMatchObject({ ADDED: 'yes', WRAPPED: expect.stringMatching(/^\d+ arguments$/) });
    });

    test('a wrapper that is not there fails init as the platform says it', async () => {
      const definition = await harness.define(NODE.files, { environment: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/none' } });
      const result = await harness.invoke(definition);
      expect(result.error).toBe('Unhandled');
      expect((result.json as { errorType: string }).errorType).toMatch(/^Runtime\.(InvalidEntrypoint|ExitError)$/);
    });

    test('stack traces name the lines of the TypeScript source', async () => {
      const source = [
        'interface Event { readonly name: string }',
        '',
        'function refuse(event: Event): never {',
        '  throw new RangeError(`no ${event.name}`);',
        '}',
        'export const handler = async (event: Event) => refuse(event);',
      ].join('\n');
      for (const format of ['cjs', 'esm'] as const) {
        const { outputFiles } = await build({
          stdin: { contents: source, sourcefile: 'src/app.ts', loader: 'ts' },
          bundle: true, write: false, minify: true, format, platform: 'node', sourcemap: true, outfile: 'index.js',
        });
        const extension = format === 'esm' ? 'mjs' : 'js';
        const named = outputFiles.map(({ path, text }) => [
          path.endsWith('.map') ? 'index.js.map' : `index.${extension}`,
          text,
        ]);
        const files = Object.fromEntries(named) as Record<string, string>;
        const definition = await harness.define(files, { environment: { NODE_OPTIONS: '--enable-source-maps' } });
        const { json, logTail } = await harness.invoke(definition, { name: 'way' });
        expect(json).toMatchObject({ errorType: 'RangeError', errorMessage: 'no way' });
        const { trace } = json as { trace: string[] };
        expect(trace.join('\n')).toMatch(/src\/app\.ts:4:9/);
        expect(trace.join('\n')).toMatch(/src\/app\.ts:6:\d+/);
        expect(logTail).toContain('src/app.ts:4:9');
      }
    });
  });
});
