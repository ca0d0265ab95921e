// When extensions hold an environment up: init waits for their first `next`, the next invocation for every other.
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { codeOf, createHarness, type Harness, zipOf } from '../engine-harness.ts';

const hasPython = existsSync('/usr/bin/python3');

/** Works for a while after each event, as those that send logs away do. */
const SLOW = String.raw`#!/usr/bin/python3
import json, os, sys, time, urllib.request
name = os.path.basename(__file__)
base = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2020-01-01/extension/"
def call(method, path, body=None, headers={}):
    request = urllib.request.Request(base + path, None if body is None else json.dumps(body).encode(), headers, method=method)
    with urllib.request.urlopen(request) as response:
        return response.headers, json.loads(response.read() or "{}")
pause = float(os.environ["PAUSE"])
time.sleep(pause)
headers, _ = call("POST", "register", {"events": os.environ["EVENTS"].split(",")}, {"Lambda-Extension-Name": name})
me = {"Lambda-Extension-Identifier": headers["Lambda-Extension-Identifier"]}
time.sleep(pause)
print(name + " is ready", flush=True)
while True:
    _, event = call("GET", "event/next", None, me)
    if event["eventType"] == "SHUTDOWN": break
    time.sleep(pause)
    print(name + " has seen " + event["requestId"], flush=True)
`;

async function define(harness: Harness, names: readonly string[], events = 'INVOKE,SHUTDOWN'): ReturnType<Harness['define']> {
  const programs = names.map((name) => [`extensions/${name}`, { content: SLOW, mode: 0o755 }]);
  const layers = [codeOf(await zipOf(Object.fromEntries(programs) as Record<string, { content: string; mode: number }>))];
  const files = { 'index.js': 'let n = 0; exports.handler = async () => ++n;' };
  return harness.define(files, { layers, environment: { PAUSE: '0.25', EVENTS: events }, memoryMb: 1769 });
}

// AWS: lambda-runtime-environment.html, "Init phase" and "Invoke phase"
describe.skipIf(!hasPython)(`external extensions${hasPython ? '' : ' (skipped: no /usr/bin/python3 here)'}`, () => {
  test('init ends when the last of them has asked for its first event', async () => {
    await using harness = createHarness({ isolation: 'process' });
    const { logTail, initDurationMs } = await harness.invoke(await define(harness, ['one', 'two']), {}, { requestId: 'r-1' });
    const [before = ''] = logTail.split('START RequestId: r-1');
    expect(before).toContain('one is ready\n');
    expect(before).toContain('two is ready\n');
    // Registered after 250 ms, asked 250 ms later.
    expect(initDurationMs).toBeGreaterThan(500);
  });

  test('the answer does not wait for them, the next invocation does', async () => {
    await using harness = createHarness({ isolation: 'process', maxConcurrency: 1 });
    const definition = await define(harness, ['slow']);
    await harness.invoke(definition, {}, { requestId: 'r-1' });
    expect(harness.messages().join('')).not.toContain('slow has seen r-1');
    const second = await harness.invoke(definition, {}, { requestId: 'r-2' });
    expect(second.json).toBe(2);
    await harness.settled();
    const log = harness.messages().join('');
    expect(log.indexOf('slow has seen r-1')).toBeGreaterThan(log.indexOf('END RequestId: r-1'));
    expect(log.indexOf('START RequestId: r-2')).toBeGreaterThan(log.indexOf('slow has seen r-1'));
  });

  test('one that wants no INVOKE holds nothing up', async () => {
    await using harness = createHarness({ isolation: 'process', maxConcurrency: 1 });
    const definition = await define(harness, ['quiet'], 'SHUTDOWN');
    await harness.invoke(definition);
    expect((await harness.invoke(definition)).json).toBe(2);
    expect(harness.messages().join('')).not.toContain('quiet has seen');
  });
});
