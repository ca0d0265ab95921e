// Text and JSON logs: what the platform and functions write, and which lines their levels keep.
import { afterAll, describe, expect, test } from 'vitest';
import type { LoggingSettings } from '../../base/function-runner.ts';
import { createHarness } from '../engine-harness.ts';
import { createLevelFilter } from './level-filter.ts';

const harness = createHarness();
afterAll(() => harness[Symbol.asyncDispose]());

const NODE = { 'index.js': 'exports.handler = async (e) => { for (const level of ["trace", "debug", "info", "warn", "error"]) console[level](level); if (e.fail) process.exit(3); if (e.waitMs) await new Promise((r) => setTimeout(r, e.waitMs)); return [process.env.AWS_LAMBDA_LOG_FORMAT, process.env.AWS_LAMBDA_LOG_LEVEL ?? null]; };' };
const PYTHON = { 'app.py': 'import logging, os\nlog = logging.getLogger()\ndef handler(e, c):\n  for level in ("debug", "info", "warning", "error", "critical"): getattr(log, level)(level)\n  return [os.environ["AWS_LAMBDA_LOG_FORMAT"], os.environ.get("AWS_LAMBDA_LOG_LEVEL")]\n' };

interface Line {
  readonly type?: string;
  readonly time?: string;
  readonly level?: string;
  readonly record?: Record<string, unknown>;
}

/** Runs it once, cold; all lines of its stream, parsed. */
async function run(logging: LoggingSettings, event: unknown = {}, options = {}): Promise<{ lines: Line[]; json: unknown }> {
  const definition = await harness.define(NODE, { logging, ...options });
  const before = harness.logs.size;
  const result = await harness.invoke(definition, event, { requestId: 'r-json' });
  await harness.settled();
  const messages = [...harness.logs.values()].slice(before).flat();
  return { lines: messages.map((message) => JSON.parse(message) as Line), json: result.json };
}

describe('JSON', () => {
  // AWS: types, fields and levels: telemetry-schema-reference.html, monitoring-cloudwatchlogs-log-level.html
  test('platform events and the function\'s lines are JSON documents', async () => {
    const { lines, json } = await run({ format: 'JSON' });
    expect(json).toEqual(['JSON', 'INFO']);
    expect(lines.map(({ type, level }) => type ?? level)).toEqual(['platform.initStart', 'platform.start', 'INFO', 'WARN', 'ERROR', 'platform.report']);
    for (const { type, time } of lines) if (type !== undefined) expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(lines[0]?.record).toMatchObject({ initializationType: 'on-demand', phase: 'init', runtimeVersion: 'nodejs:20.v1', functionVersion: '$LATEST' });
    expect(lines[1]?.record).toEqual({ requestId: 'r-json', version: '$LATEST' });
    expect(lines.at(-1)?.record).toEqual({
      requestId: 'r-json',
      status: 'success',
      metrics: {
        durationMs: expect.any(Number),
        billedDurationMs: expect.any(Number),
        memorySizeMB: 256,
        maxMemoryUsedMB: expect.any(Number),
        initDurationMs: expect.any(Number),
        priceUsd: expect.any(Number),
      },
    });
  });

  test.each([
    ['DEBUG', ['platform.initStart', 'platform.initRuntimeDone', 'platform.initReport', 'platform.start', 'platform.runtimeDone', 'platform.report']],
    ['INFO', ['platform.initStart', 'platform.start', 'platform.report']],
    ['WARN', []],
  ] as const)('system level %s', async (systemLevel, types) => {
    const { lines } = await run({ format: 'JSON', systemLevel, applicationLevel: 'FATAL' });
    expect(lines.map(({ type }) => type)).toEqual(types);
  });

  test.each([
    ['TRACE', ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR']],
    ['DEBUG', ['DEBUG', 'INFO', 'WARN', 'ERROR']],
    ['WARN', ['WARN', 'ERROR']],
    ['FATAL', []],
  ] as const)('application level %s', async (applicationLevel, levels) => {
    const { lines, json } = await run({ format: 'JSON', systemLevel: 'WARN', applicationLevel });
    expect(lines.map(({ level }) => level)).toEqual(levels);
    expect(json).toEqual(['JSON', applicationLevel]);
  });

  test('failures of the platform are warnings that say what happened', async () => {
    const exit = await run({ format: 'JSON', systemLevel: 'WARN', applicationLevel: 'FATAL' }, { fail: true });
    expect(exit.lines.map(({ type }) => type)).toEqual(['platform.runtimeDone', 'platform.report']);
    expect(exit.lines[1]?.record).toMatchObject({ status: 'failure', errorType: 'Runtime.ExitError' });
    const late = await run({ format: 'JSON', systemLevel: 'WARN', applicationLevel: 'FATAL' }, { waitMs: 9000 }, { timeoutMs: 200 });
    expect(late.lines.at(-1)?.record).toMatchObject({ status: 'timeout', metrics: { durationMs: 200 } });
  });

  test('Python', async () => {
    const definition = await harness.define(PYTHON, { runtime: 'python3.12', handler: 'app.handler', logging: { format: 'JSON', applicationLevel: 'WARN' } });
    const before = harness.logs.size;
    expect((await harness.invoke(definition)).json).toEqual(['JSON', 'WARN']);
    await harness.settled();
    const lines = [...harness.logs.values()].slice(before).flat().map((message) => JSON.parse(message) as Line);
    expect(lines.map(({ type, level }) => type ?? level)).toEqual(['platform.initStart', 'platform.start', 'WARNING', 'ERROR', 'CRITICAL', 'platform.report']);
  });
});

test('text: no level, all lines', async () => {
  const definition = await harness.define(NODE, { logging: { format: 'Text' } });
  const result = await harness.invoke(definition);
  expect(result.json).toEqual(['Text', null]);
  expect(result.logTail).toMatch(/^START .*\n.*\tTRACE\ttrace\n.*\tDEBUG\tdebug\n.*\tINFO\tinfo\n.*\tWARN\twarn\n.*\tERROR\terror\nEND .*\nREPORT /);
});

test.each([
  ['{"level":"debug","m":1}', false],
  ['{"level":"WARN"}',        true],
  ['{"level":"nonsense"}',    true],
  ['{"m":1}',                 true],
  ['plain text',              true],
  ['{"level":"trace"',        true],
])('a runtime without levels of its own, level INFO: %s', (line, kept) => {
  expect(createLevelFilter({ format: 'JSON' })(line)).toBe(kept);
  expect(createLevelFilter({ format: 'Text' })(line)).toBe(true);
});
