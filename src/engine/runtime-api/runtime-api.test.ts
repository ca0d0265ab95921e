// The Runtime API's routes, spoken to by an ordinary HTTP client over TCP.
import { Agent, request } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { openRuntimeApi, type RuntimeApi, type RuntimeEvents } from './runtime-api.ts';

const API = '/2018-06-01/runtime';
const opened: RuntimeApi[] = [];
afterEach(() => {
  for (const api of opened.splice(0)) api.close();
});

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

async function open(): Promise<{ api: RuntimeApi; seen: string[]; call: typeof call }> {
  const api = await openRuntimeApi(undefined);
  api.admits = () => true;
  opened.push(api);
  const seen: string[] = [];
  const events: RuntimeEvents = {
    ready: () => seen.push('ready'),
    responded: (body, bytes) => seen.push(`responded ${body.toString().slice(0, 20)} ${bytes}`),
    failed: (body) => seen.push(`failed ${body.toString()}`),
    initFailed: (body, type) => seen.push(`init failed ${type} ${body.toString()}`),
    extensionFailed: ({ errorType }) => seen.push(`extension failed ${errorType}`),
  };
  api.events = events;
  const agent = new Agent({ keepAlive: true });
  function call(method: string, path: string, body = '', headers = {}): Promise<Answer> {
    const [host, port] = api.address.split(':');
    return new Promise((resolve, reject) => {
      const sent = request({ host, port, method, path, headers, agent }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }
  return { api, seen, call };
}

const INVOCATION = {
  requestId: 'r-1',
  payload: Buffer.from('{"a":1}'),
  invokedArn: 'arn:aws:lambda:us-east-1:000000000000:function:f',
  deadlineMs: 1_700_000_000_000,
};

test('next, response, next', async () => {
  const { api, seen, call } = await open();
  const next = call('GET', `${API}/invocation/next`);
  await expect.poll(() => seen).toEqual(['ready']);
  api.deliver({ ...INVOCATION, traceId: 'Root=1', clientContext: '{"ü":1}\r\nInjected: x', nowMs: 5 });
  const answer = await next;
  // AWS: names and meaning of the headers. docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
  expect([answer.status, answer.body]).toEqual([200, '{"a":1}']);
  expect(answer.headers).toMatchObject({
    'content-type': 'application/json',
    'lambda-runtime-aws-request-id': 'r-1',
    'lambda-runtime-deadline-ms': '1700000000000',
    'lambda-runtime-invoked-function-arn': INVOCATION.invokedArn,
    'lambda-runtime-trace-id': 'Root=1',
    'cloudlet-now-ms': '5',
  });
  expect(answer.headers).not.toHaveProperty('injected');
  const context = String(answer.headers['lambda-runtime-client-context']);
  expect(Buffer.from(context, 'latin1').toString()).toBe('{"ü":1} Injected: x');
  expect((await call('POST', `${API}/invocation/r-1/response`, '"done"')).status).toBe(202);
  expect(seen).toEqual(['ready', 'responded "done" 6']);
  expect((await call('POST', `${API}/invocation/r-1/response`, '"again"')).status).toBe(403);
  expect((await call('POST', `${API}/invocation/other/response`, '1')).status).toBe(400);
  expect((await call('POST', `${API}/invocation/r-1/error`, '{}')).status).toBe(403);
  expect(seen).toHaveLength(2);
});

test('errors of the handler and of init', async () => {
  const { api, seen, call } = await open();
  const next = call('GET', `${API}/invocation/next`);
  await expect.poll(() => seen).toEqual(['ready']);
  api.deliver(INVOCATION);
  await next;
  await call('POST', `${API}/invocation/r-1/error`, '{"errorType":"E"}');
  await call('POST', `${API}/init/error`, '{}', { 'Lambda-Runtime-Function-Error-Type': 'Runtime.Mine' });
  expect(seen.slice(1)).toEqual(['failed {"errorType":"E"}', 'init failed Runtime.Mine {}']);
});

test('a streamed response ends well or with an error in its trailers', async () => {
  const { api, seen, call } = await open();
  for (const trailers of [{}, { 'Lambda-Runtime-Function-Error-Type': 'E', 'Lambda-Runtime-Function-Error-Body': Buffer.from('{"e":1}').toString('base64') }]) {
    const next = call('GET', `${API}/invocation/next`);
    await expect.poll(() => seen.at(-1)).toBe('ready');
    api.deliver(INVOCATION);
    await next;
    const [host, port] = api.address.split(':');
    const status = await new Promise((resolve) => {
      const sent = request({ host, port, method: 'POST', path: `${API}/invocation/r-1/response`, headers: { 'Lambda-Runtime-Function-Response-Mode': 'streaming', 'Transfer-Encoding': 'chunked' } }, (response) => resolve(response.statusCode));
      sent.write('one ');
      sent.addTrailers(trailers);
      sent.end('two');
    });
    expect(status).toBe(202);
  }
  expect(seen).toEqual(['ready', 'responded one two 7', 'ready', 'failed {"e":1}']);
});

test('a runtime that lost its connection gets the invocation when it comes back', async () => {
  const { api, seen, call } = await open();
  const [host, port] = api.address.split(':');
  const lost = request({ host, port, path: `${API}/invocation/next` });
  lost.on('error', () => {});
  lost.end();
  await expect.poll(() => seen).toEqual(['ready']);
  const closed = new Promise((resolve) => lost.once('close', resolve));
  lost.destroy();
  await closed;
  // The engine may notice only now; either way nothing is lost.
  await new Promise((resolve) => setImmediate(resolve));
  await call('GET', '/nowhere');
  api.deliver(INVOCATION);
  expect((await call('GET', `${API}/invocation/next`)).body).toBe('{"a":1}');
  expect(seen).toEqual(['ready']);
});

test('a response above 6 MB is refused with 413', async () => {
  const { api, seen, call } = await open();
  const next = call('GET', `${API}/invocation/next`);
  await expect.poll(() => seen).toEqual(['ready']);
  api.deliver(INVOCATION);
  await next;
  const answer = await call('POST', `${API}/invocation/r-1/response`, 'x'.repeat(6_291_557));
  // AWS: brefphp/bref, LambdaRuntimeTest (recorded)
  expect([answer.status, JSON.parse(answer.body)]).toEqual([
    413,
    { errorMessage: 'Exceeded maximum allowed payload size (6291556 bytes).', errorType: 'RequestEntityTooLarge' },
  ]);
  expect(seen.at(-1)).toBe('responded xxxxxxxxxxxxxxxxxxxx 6291557');
});
