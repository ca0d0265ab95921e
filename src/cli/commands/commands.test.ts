// Commands against a cloud in this process: invoke, cost, tune, generate-event, completion.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateAliasCommand,
  CreateFunctionCommand,
  LambdaClient,
  ListFunctionsCommand,
  PublishVersionCommand,
} from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ZipFile } from 'yazl';
import { collectBytes } from '../../base/collect-bytes.ts';
import { type TestCloud, createCloud } from '../../testing/create-cloud.ts';
import { runCommand } from '../command-harness.ts';
import { createCompletion } from './completion.ts';
import { cost } from './cost.ts';
import { generateEvent } from './generate-event.ts';
import { invoke } from './invoke.ts';
import { tune } from './tune.ts';

const SOURCE = `exports.handler = async (event, context) => {
  console.log('asked by', event.name);
  if (event.fail) throw new TypeError('as told');
  return { name: event.name, version: context.functionVersion, client: context.clientContext };
};`;

let cloud: TestCloud;
let folder: string;
let lambda: LambdaClient;
let remote: string[];

beforeAll(async () => {
  cloud = await createCloud({ clock: 'system' });
  folder = await mkdtemp(join(tmpdir(), 'cloudlet-commands-'));
  lambda = cloud.client(LambdaClient);
  remote = ['--endpoint', cloud.endpoint];
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from(SOURCE), 'index.js');
  zip.end();
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: 'greet',
      Runtime: 'nodejs20.x',
      Handler: 'index.handler',
      Role: 'arn:aws:iam::000000000000:role/any',
      Timeout: 10,
      Environment: { Variables: { COLOR: 'red' } },
      Code: { ZipFile: await collectBytes(zip.outputStream) },
    }),
  );
  await cloud.settle();
});
afterAll(async () => {
  await cloud.close();
  await rm(folder, { recursive: true, force: true });
});

describe('invoke', () => {
  test('shows the answer, what was written and what it took', async () => {
    const { results, texts, said } = await runCommand(invoke, ['greet', '--data', '{"name":"Ada"}', '--tail', ...remote]);
    expect(texts).toEqual(['{"name":"Ada","version":"$LATEST"}']);
    expect(results).toMatchObject([
      { function: 'greet', statusCode: 200, payload: { name: 'Ada' }, report: { memoryMb: 128, priceUsd: expect.any(Number) } },
    ]);
    expect(said.some((line) => line.endsWith('asked by Ada'))).toBe(true);
    expect(said.at(-1)).toMatch(/^took [\d.]+ ms, billed \d+ ms · (cold start [\d.]+ ms · )?\d+ of 128 MB · \$0\.\d{12}$/);
  });

  test('takes the event of a file, a qualifier, a client context', async () => {
    const { Version } = await lambda.send(new PublishVersionCommand({ FunctionName: 'greet' }));
    await lambda.send(new CreateAliasCommand({ FunctionName: 'greet', Name: 'live', FunctionVersion: Version }));
    const file = join(folder, 'event.json');
    await writeFile(file, '{"name":"Eve"}');
    const { results } = await runCommand(invoke, [
      'greet', '--event', file, '--qualifier', 'live', '--client-context', '{"custom":{"a":1}}', ...remote,
    ]);
    expect(results).toMatchObject([
      { executedVersion: Version, payload: { name: 'Eve', version: Version, client: { custom: { a: 1 } } } },
    ]);
  });

  test('follows an event that was handed over', async () => {
    const { results, said } = await runCommand(invoke, ['greet', '--data', '{"name":"Zoe"}', '--async', '--tail', ...remote]);
    expect(results).toMatchObject([{ statusCode: 202, report: { billedDurationMs: expect.any(Number) } }]);
    expect(said.filter((line) => line.endsWith('asked by Zoe'))).toHaveLength(1);
  });

  test('exits with 1 when the function failed', async () => {
    const { results } = await runCommand(invoke, ['greet', '--data', '{"fail":true}', ...remote]);
    const code = process.exitCode;
    process.exitCode = undefined;
    expect(code).toBe(1);
    expect(results).toMatchObject([{ functionError: 'Unhandled', payload: { errorType: 'TypeError' } }]);
  });

  test.each([
    [['--data', '{"a":'], /ERR_EVENT|not JSON/],
    [['--data', '{}', '--event', 'x.json'], /--data or from --event/],
    [['--event', '/nowhere/event.json'], /cannot read the event/],
    [['--qualifer', 'live'], /did you mean --qualifier/],
  ])('refuses %j', async (args, message) => {
    await expect(runCommand(invoke, ['greet', ...args, ...remote])).rejects.toThrow(message);
  });
});

test('cost sums what ran', async () => {
  const before = await cloud.cost();
  await runCommand(invoke, ['greet', ...remote]);
  const { results, texts } = await runCommand(cost, ['--since', '1d', ...remote]);
  const [{ byFunction = [] } = {}] = results as { byFunction?: { name: string; requests: number }[] }[];
  const requests = before.byFunction.find(({ name }) => name === 'greet')?.requests ?? 0;
  expect(byFunction.find(({ name }) => name === 'greet')).toMatchObject({ requests: requests + 1 });
  expect(texts[0]).toMatch(/^function +region +requests +GB-seconds +USD\ngreet +us-east-1 +\d+ +\d+\.\d{3} +\$0\.\d{9}\n/);
  await expect(runCommand(cost, ['--since', 'tomorrow', ...remote])).rejects.toMatchObject({ code: 'ERR_SINCE' });
});

describe('tune', () => {
  test('measures each size, recommends one, and leaves the function as it was', async () => {
    const chart = join(folder, 'chart.svg');
    const listed = async () => (await lambda.send(new ListFunctionsCommand({}))).Functions ?? [];
    const before = await listed();
    const { results, texts, said } = await runCommand(tune, [
      'greet', '--data', '{"name":"Ada"}', '--memory', '512,128', '--runs', '5', '--chart', chart, ...remote,
    ]);
    expect(results).toMatchObject([
      {
        function: 'greet',
        currentMemoryMb: 128,
        results: [
          { memoryMb: 128, runs: 5, coldStarts: 1 },
          { memoryMb: 512, runs: 5, coldStarts: 1 },
        ],
        failed: [],
      },
    ]);
    expect(texts[0]).toMatch(/^ MB +p50 ms +p95 ms +init ms +used MB +per million\n128 /);
    expect(said.filter((line) => line.startsWith('✓'))).toHaveLength(2);
    expect(await readFile(chart, 'utf8')).toContain('>512</text>');
    expect(await listed()).toEqual(before);
  });

  test('tells why a function cannot be tuned, and leaves no copy', async () => {
    const tuning = runCommand(tune, ['greet', '--data', '{"fail":true}', '--memory', '128', '--runs', '5', ...remote]);
    await expect(tuning).rejects.toMatchObject({ code: 'ERR_TUNE', where: expect.stringContaining('TypeError: as told') });
    const { Functions = [] } = await lambda.send(new ListFunctionsCommand({}));
    expect(Functions.map(({ FunctionName }) => FunctionName)).toEqual(['greet']);
  });

  test.each([
    [['--memory', '64'], /not a number from 128 to 10240/],
    [['--runs', '1'], /not a number from 5 to 1000/],
  ])('refuses %j', async (args, message) => {
    await expect(runCommand(tune, ['greet', ...args, ...remote])).rejects.toThrow(message);
  });
});

describe('generate-event', () => {
  test('prints an event with the fields that were given', async () => {
    const { results, texts } = await runCommand(generateEvent, ['sqs', 'receive-message', '--count', '2', '--body', 'x']);
    expect(results).toMatchObject([{ Records: [{ body: 'x' }, { body: 'x' }] }]);
    expect(JSON.parse(texts[0] ?? '')).toEqual(results[0]);
  });

  test.each<[string[], RegExp]>([
    [['s4', 'put'], /no events of "s4"; did you mean s3\?/],
    [['s3', 'pit'], /s3 has no event "pit"; did you mean put\?/],
    [['s3'], /which event of s3\? There are: batch-invocation, delete/],
    [[], /which service\?/],
    [['s3', 'put', '--buckett', 'a'], /there is no option --buckett; did you mean --bucket\?/],
    [['sqs', 'receive-message', '--count', '0'], /--count is not a number from 1/],
    [['dynamodb', 'update', '--type', 'UPSERT'], /--type is "UPSERT", but may be: INSERT, MODIFY, REMOVE/],
    [['s3', 'put', '--time', 'soon'], /neither `now` nor a time/],
  ])('refuses %j', async (args, message) => {
    await expect(runCommand(generateEvent, args)).rejects.toMatchObject({
      code: 'ERR_USAGE',
      message: expect.stringMatching(message),
    });
  });
});

describe('completion', () => {
  const completion = createCompletion({
    'generate-event': async () => generateEvent,
    invoke: async () => invoke,
    tune: async () => tune,
  });
  const complete = async (...words: string[]) =>
    (await runCommand(completion, ['words', '--', ...words])).results[0];

  test.each<[string[], string[]]>([
    [['t'], ['tune']],
    [['invoke', '--qu'], ['--qualifier']],
    [['invoke', '--event', ''], []],
    [['generate-event', 's'], ['s3', 'scheduler', 'secretsmanager', 'ses', 'sns', 'sqs', 'stepfunctions']],
    [['generate-event', 's3', 'obj'], ['object-created', 'object-deleted']],
    [['generate-event', 's3', 'put', '--bu'], ['--bucket']],
    [['generate-event', 'dynamodb', 'update', '--type', 'M'], ['MODIFY']],
    [['nothing', ''], []],
  ])('%j', async (words, expected) => {
    expect(await complete(...words)).toEqual(expected);
  });

  test('prints a script for each shell, and refuses others', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      expect((await runCommand(completion, [shell])).texts[0]).toContain('cloudlet completion words --');
    }
    await expect(runCommand(completion, ['powershell'])).rejects.toThrow(/which shell/);
  });
});
