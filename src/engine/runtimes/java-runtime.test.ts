// java* functions: AWS's own runtime interface client, fetched by Maven and run unchanged on a Java of this machine.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeOf, createHarness, type Harness, zipOf } from '../engine-harness.ts';
import { findSandbox } from '../isolation/sandbox-isolation.ts';
import { installPackage, javaClientPackage } from './fetch-package.ts';
import { openRuntimeCache } from './runtime-cache.ts';

const runtimesFolder = join(tmpdir(), 'cloudlet-test-runtimes');
const client = await fetchClient();
const missing = client === undefined ? ' (skipped: no javac, or the client cannot be fetched by mvn)' : '';

/** Its folder. Fetched once per machine. */
async function fetchClient(): Promise<string | undefined> {
  if (spawnSync('javac', ['-version']).status !== 0) return undefined;
  return installPackage(openRuntimeCache(runtimesFolder), javaClientPackage).catch(() => undefined);
}

const HANDLER = `
package example;
import com.amazonaws.services.lambda.runtime.*;
import java.util.*;
public class Handler implements RequestHandler<Map<String, Object>, Map<String, Object>> {
  private static int count = 0;
  public Map<String, Object> handleRequest(Map<String, Object> event, Context context) {
    context.getLogger().log("logged\\n");
    System.out.println("printed");
    if (event.containsKey("fail")) throw new IllegalStateException("as asked");
    if (event.containsKey("exit")) System.exit(3);
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("n", event.get("n"));
    answer.put("count", ++count);
    answer.put("id", context.getAwsRequestId());
    answer.put("arn", context.getInvokedFunctionArn());
    answer.put("memory", context.getMemoryLimitInMB());
    answer.put("left", context.getRemainingTimeInMillis() > 1000);
    answer.put("region", System.getenv("AWS_REGION"));
    answer.put("handler", System.getenv("_HANDLER"));
    try { answer.put("library", Class.forName("layered.Greeting", true, Thread.currentThread().getContextClassLoader()).getField("TEXT").get(null)); } catch (ReflectiveOperationException e) { answer.put("library", "none"); }
    return answer;
  }
}
`;
const LIBRARY = 'package layered; public class Greeting { public static final String TEXT = "from a layer"; }';

/** Compiles; the classes by their paths. */
function compile(folder: string, name: string, source: string): Record<string, Buffer> {
  const file = join(folder, 'source', `${name}.java`);
  const output = join(folder, name);
  for (const each of [dirname(file), output]) mkdirSync(each, { recursive: true });
  writeFileSync(file, source);
  execFileSync('javac', ['--release', '11', '-nowarn', '-cp', join(client ?? '', 'lib', '*'), '-d', output, file]);
  const paths = readdirSync(output, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.class'));
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(output, path))]));
}

const sandbox = await findSandbox({ run: '', trees: '' }, () => {});

describe.skipIf(client === undefined).each(['process', 'sandbox'] as const)(`java17, %s driver${missing}`, (isolation) => {
  describe.skipIf(isolation === 'sandbox' && sandbox === undefined)('with the official client', () => {
    let harness: Harness;
    let folder: string;
    let classes: Record<string, Buffer>;
    const options = { runtime: 'java17', handler: 'example.Handler::handleRequest', memoryMb: 512 };

    beforeAll(() => {
      harness = createHarness({ isolation, runtimesFolder });
      folder = mkdtempSync(join(tmpdir(), 'cloudlet-java-'));
      classes = compile(folder, 'Handler', HANDLER);
    });
    afterAll(async () => {
      await harness[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    });

    test('answers, logs, stays warm, and finds libraries of layers', async () => {
      const library = compile(folder, 'Greeting', LIBRARY);
      execFileSync('jar', ['--create', '--file', join(folder, 'greeting.jar'), '-C', join(folder, 'Greeting'), '.']);
      expect(Object.keys(library)).toEqual(['layered/Greeting.class']);
      const layers = [codeOf(await zipOf({ 'java/lib/greeting.jar': readFileSync(join(folder, 'greeting.jar')) }))];
      const definition = await harness.define(classes, { ...options, layers });
      const first = await harness.invoke(definition, { n: 7 }, { requestId: 'r-java' });
      expect(first.json, first.text + first.logTail).toEqual({
        n: 7,
        count: 1,
        id: 'r-java',
        arn: definition.arn,
        memory: 512,
        left: true,
        region: 'us-east-1',
        handler: options.handler,
        library: 'from a layer',
      });
      expect(first.logTail).toMatch(/START RequestId: r-java [^]*logged\nprinted\nEND RequestId: r-java\n/);
      expect((await harness.invoke(definition, { n: 8 })).json).toMatchObject({ n: 8, count: 2 });
      expect(harness.messages().join('')).toMatch(/INIT_START Runtime Version: java:17/);
    });

    test('failures are told as AWS tells them', async () => {
      const definition = await harness.define(classes, options);
      const failed = await harness.invoke(definition, { fail: true });
      expect([failed.error, failed.json]).toEqual([
        'Unhandled',
        {
          errorType: 'java.lang.IllegalStateException',
          errorMessage: 'as asked',
          stackTrace: expect.arrayContaining([expect.stringContaining('example.Handler.handleRequest(')]),
        },
      ]);
      const left = await harness.invoke(definition, { exit: true }, { requestId: 'r-exit' });
      expect(left.json).toEqual({
        errorType: 'Runtime.ExitError',
        errorMessage: 'RequestId: r-exit Error: Runtime exited with error: exit status 3',
      });
      const lost = await harness.define(classes, { ...options, handler: 'example.Nowhere::handleRequest' });
      // AWS: aws-lambda-java-libs, EventHandlerLoader / UserFault
      expect((await harness.invoke(lost)).json).toMatchObject({
        errorType: 'java.lang.ClassNotFoundException',
        errorMessage: 'Class not found: example.Nowhere',
      });
    });
  });
});

test.skipIf(client === undefined)(`without the client a java* function is refused with the remedy${missing}`, async () => {
  await using harness = createHarness({ runtimesFolder: join(tmpdir(), 'cloudlet-no-runtimes') });
  const definition = await harness.define({ 'x.txt': '' }, { runtime: 'java21', handler: 'a.B' });
  await expect(harness.invoke(definition)).rejects.toMatchObject({
    reason: 'InvalidRuntimeException',
    message: expect.stringContaining('`cloudlet runtimes install java21` fetches the Java runtime interface client by Maven'),
  });
});
