// External and internal extensions, with the Telemetry and Logs APIs, in real processes.
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeOf, createHarness, type Harness, zipOf } from '../engine-harness.ts';
import { findSandbox } from '../isolation/sandbox-isolation.ts';

const sandbox = await findSandbox({ run: '', trees: '' }, () => {});
const hasPython = existsSync('/usr/bin/python3');

/**
 * An extension as AWS's samples are written: registers, subscribes, then one event after the other.
 * What it received it writes to a file that the function reads, and at SHUTDOWN to its own output.
 */
const EXTENSION = String.raw`#!/usr/bin/python3
import http.server, json, os, sys, threading, urllib.request
name = os.path.basename(__file__)
base = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"]
state = os.path.join(os.environ.get("TMPDIR", "/tmp"), name)
mode = os.environ.get("EXTENSION_MODE", "")
seen = []
def call(method, path, body=None, headers={}):
    request = urllib.request.Request(base + path, None if body is None else json.dumps(body).encode(), headers, method=method)
    with urllib.request.urlopen(request) as response:
        return response.headers, response.read().decode()
class Listener(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        for event in json.loads(self.rfile.read(int(self.headers["content-length"]))):
            seen.append(event)
        self.send_response(200); self.send_header("content-length", "0"); self.end_headers(); save()
    def log_message(self, *args): pass
def save():
    with open(state + ".new", "w") as file: json.dump({"info": info, "events": events, "telemetry": seen}, file)
    os.rename(state + ".new", state)
if mode == "crash": sys.exit(7)
events = []
headers, text = call("POST", "/2020-01-01/extension/register", {"events": ["INVOKE", "SHUTDOWN"]}, {"Lambda-Extension-Name": name, "Lambda-Extension-Accept-Feature": "accountId"})
info = json.loads(text)
me = {"Lambda-Extension-Identifier": headers["Lambda-Extension-Identifier"]}
if mode == "init-error":
    call("POST", "/2020-01-01/extension/init/error", {}, {**me, "Lambda-Extension-Function-Error-Type": "Mine.NotReady"}); sys.exit(1)
server = http.server.HTTPServer(("127.0.0.1", 0), Listener)
threading.Thread(target=server.serve_forever, daemon=True).start()
subscription = {"schemaVersion": "2022-12-13", "types": ["platform", "function", "extension"], "buffering": {"maxItems": 1000, "maxBytes": 262144, "timeoutMs": 25},
  "destination": {"protocol": "HTTP", "URI": "http://sandbox.localdomain:%d/telemetry" % server.server_port}}
call("PUT", "/2022-07-01/telemetry", subscription, me)
print("extension is up", flush=True)
while True:
    headers, text = call("GET", "/2020-01-01/extension/event/next", None, me)
    event = json.loads(text)
    events.append(event)
    save()
    if event["eventType"] == "SHUTDOWN":
        print("shutting down for " + event["shutdownReason"], flush=True)
        break
    if mode == "exit-later": sys.exit(3)
    if mode == "exit-error": call("POST", "/2020-01-01/extension/exit/error", {}, {**me, "Lambda-Extension-Function-Error-Type": "Mine.Broken"})
`;

const FUNCTION = {
  'index.js': `const fs = require('fs'); const os = require('os'); exports.handler = async (e) => {
    console.log('hello from', e.n);
    const file = os.tmpdir() + '/watcher';
    const ready = (s) => e.until === undefined || s.telemetry.some((t) => JSON.stringify(t).includes(e.until));
    for (;;) { try { const s = JSON.parse(fs.readFileSync(file, 'utf8')); if (s.events.length >= e.n && ready(s)) return s; } catch {} await new Promise((r) => setTimeout(r, 5)); } };`,
};

interface Seen {
  info: unknown;
  events: { eventType: string; requestId: string }[];
  telemetry: { time: string; type: string; record: Record<string, unknown> }[];
}

const drivers = ['process', 'sandbox'] as const;

describe.skipIf(!hasPython).each(drivers)(`%s driver${hasPython ? '' : ' (skipped: no /usr/bin/python3 here)'}`, (isolation) => {
  describe.skipIf(isolation === 'sandbox' && sandbox === undefined)('external extension', () => {
    let harness: Harness;
    beforeAll(() => {
      harness = createHarness({ isolation });
    });
    afterAll(() => harness[Symbol.asyncDispose]());

    async function define(environment: Record<string, string> = {}, options = {}): ReturnType<Harness['define']> {
      const layers = [codeOf(await zipOf({ 'extensions/watcher': { content: EXTENSION, mode: 0o755 } }))];
      return harness.define(FUNCTION, { layers, environment, memoryMb: 1769, ...options });
    }

    test('gets INVOKE for each invocation and telemetry of platform, function and itself', async () => {
      const definition = await define();
      const first = await harness.invoke(definition, { n: 1 }, { requestId: 'r-1', traceId: 'Root=1-2' });
      const { info, events } = first.json as Seen;
      expect(info, first.text + first.logTail).toEqual({ functionName: definition.name, functionVersion: '$LATEST', handler: 'index.handler', accountId: '000000000000' });
      expect(events).toEqual([
        { eventType: 'INVOKE', deadlineMs: expect.any(Number), requestId: 'r-1', invokedFunctionArn: definition.arn, tracing: { type: 'X-Amzn-Trace-Id', value: 'Root=1-2' } },
      ]);
      expect(first.logTail).toMatch(/extension is up\n(.|\n)*EXTENSION\tName: watcher\tState: Ready\tEvents: \[INVOKE, SHUTDOWN\]\t\nSTART /);
      const second = await harness.invoke(definition, { n: 2, until: 'hello from 2' }, { requestId: 'r-2' });
      const seen = second.json as Seen;
      expect(seen.events.map(({ requestId }) => requestId)).toEqual(['r-1', 'r-2']);
      const of = (type: string): Record<string, unknown>[] => seen.telemetry.filter((event) => event.type === type).map(({ record }) => record);
      // AWS: docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
      expect(of('platform.initStart')).toEqual([expect.objectContaining({ initializationType: 'on-demand', phase: 'init', functionName: definition.name })]);
      expect(of('platform.initRuntimeDone')).toEqual([{ initializationType: 'on-demand', phase: 'init', status: 'success' }]);
      expect(of('platform.initReport')).toEqual([expect.objectContaining({ metrics: { durationMs: expect.any(Number) } })]);
      expect(of('platform.start')).toEqual([{ requestId: 'r-1', version: '$LATEST' }, { requestId: 'r-2', version: '$LATEST' }]);
      expect(of('platform.runtimeDone')).toEqual([
        { requestId: 'r-1', status: 'success', metrics: { durationMs: expect.closeTo(first.durationMs, 2), producedBytes: first.payload.byteLength } },
      ]);
      expect(of('platform.report')[0]).toMatchObject({ requestId: 'r-1', status: 'success', metrics: { memorySizeMB: 1769, billedDurationMs: first.billedDurationMs, initDurationMs: expect.closeTo(first.initDurationMs ?? 0, 2) } });
      expect(of('function').map(String).map((line) => line.split('\t')[3])).toEqual(['hello from 1', 'hello from 2']);
      expect(of('extension')).toContain('extension is up');
    });

    test('is told of the end and has time for it', async () => {
      const own = createHarness({ isolation });
      const layers = [codeOf(await zipOf({ 'extensions/watcher': { content: EXTENSION, mode: 0o755 } }))];
      const definition = await own.define(FUNCTION, { layers });
      expect((await own.invoke(definition, { n: 1 })).error).toBeUndefined();
      await own[Symbol.asyncDispose]();
      expect(own.messages()).toContain('shutting down for spindown\n');
    });

    test('a timeout is told as such', async () => {
      const definition = await define({}, { timeoutMs: 1000 });
      expect((await harness.invoke(definition, { n: 99 })).json).toMatchObject({ errorType: 'Sandbox.Timedout' });
      await harness.settled();
      expect(harness.messages()).toContain('shutting down for timeout\n');
    });

    // AWS: error types of the Runtime Interface Emulator (rapid/fatalerror)
    test.each([
      ['crash', 'Extension.Crash', 'exit status 7'],
      ['init-error', 'Extension.InitError', 'Mine.NotReady'],
      ['exit-later', 'Extension.Crash', 'exit status 3'],
      ['exit-error', 'Extension.ExitError', 'Mine.Broken'],
    ])('%s', async (mode, errorType, reason) => {
      const definition = await define({ EXTENSION_MODE: mode });
      const result = await harness.invoke(definition, { n: 99 }, { requestId: 'r-e' });
      expect(result.json).toEqual({ errorType, errorMessage: `RequestId: r-e Error: ${reason}` });
    });
  });
});

test('an internal extension registers from the runtime\'s own process, for INVOKE only, during init', async () => {
  await using harness = createHarness();
  // A wrapper is what AWS has for starting them; it makes the Runtime API reachable over TCP.
  const layers = [codeOf(await zipOf({ wrapper: { content: '#!/bin/sh\nexec "$@"\n', mode: 0o755 } }))];
  const source = `
const base = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2020-01-01/extension';
const register = async (name, events) => { const r = await fetch(base + '/register', { method: 'POST', headers: { 'Lambda-Extension-Name': name }, body: JSON.stringify({ events }) }); return [r.status, r.headers.get('lambda-extension-identifier'), (await r.json()).errorType]; };
const seen = [];
const refused = await register('greedy', ['SHUTDOWN']);
const [, id] = await register('inside', ['INVOKE']);
const next = async () => { const r = await fetch(base + '/event/next', { headers: { 'Lambda-Extension-Identifier': id } }); seen.push((await r.json()).requestId); };
let waiting = next();
const strangers = await Promise.all([{}, { 'Lambda-Extension-Identifier': 'x' }, { 'Lambda-Extension-Identifier': '00000000-0000-4000-8000-000000000000' }].map(async (headers) => (await (await fetch(base + '/event/next', { headers })).json()).errorType));
export const handler = async () => { await waiting; waiting = next(); return { seen, refused, strangers, late: await register('late', []) }; };
`;
  const definition = await harness.define({ 'index.mjs': source }, { layers, environment: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/wrapper' } });
  const result = await harness.invoke(definition, {}, { requestId: 'r-1' });
  expect(result.json, result.text).toEqual({
    seen: ['r-1'],
    refused: [403, null, 'ShutdownEventNotSupportedForInternalExtension'],
    strangers: ['Extension.MissingExtensionIdentifier', 'Extension.InvalidExtensionIdentifier', 'Extension.UnknownExtensionIdentifier'],
    late: [403, null, 'Extension.RegistrationClosed'],
  });
  expect((await harness.invoke(definition, {}, { requestId: 'r-2' })).json).toMatchObject({ seen: ['r-1', 'r-2'] });
});

