// What each case of the public protocol suites sends is parsed to the parameters it was made of.
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { bodyOf } from '../../src/wire/http.ts';
import type { HttpRequest } from '../../src/wire/http.ts';
import { createRouter } from '../../src/wire/router.ts';
import { isAsyncIterable, toStreamingBody } from '../../src/wire/streaming-body.ts';
import exceptions from './wire-exceptions.json' with { type: 'json' };
import { readCases, suitesPresent } from './wire-suites.ts';
import type { WireCase } from './wire-suites.ts';
import { toSuiteValue } from './wire-values.ts';

const inapplicable: Readonly<Record<string, string>> = exceptions.input.inapplicable;
const serverSees: Readonly<Record<string, { readonly params: unknown; readonly why: string }>> =
  exceptions.input.serverSees;

const cases = suitesPresent ? readCases('input') : [];

describe.skipIf(!suitesPresent)('protocol suites, requests (needs ../shared/conformance)', () => {
  test('there are 367 cases', () => expect(cases).toHaveLength(367));

  for (const wireCase of cases) {
    const key = `${wireCase.suite} ${wireCase.id}`;
    const reason = inapplicable[key];
    if (reason !== undefined) test.skip(`${key}: ${reason}`, () => {});
    else test(key, () => checkRequest(wireCase, key));
  }

  test('every listed exception names a case', () => {
    const keys = new Set(cases.map(({ suite, id }) => `${suite} ${id}`));
    for (const key of [...Object.keys(inapplicable), ...Object.keys(serverSees)])
      expect(keys).toContain(key);
  });
});

async function checkRequest(wireCase: WireCase, key: string): Promise<void> {
  const router = createRouter({ rows: [wireCase.model.row], load: async () => wireCase.model });
  const routed = await router.route(requestOf(wireCase), { signingName: 'conformance' });
  if (routed.kind === 'failure') throw routed.error;
  expect(routed.operation.name).toBe(wireCase.given.name);
  expect(routed.protocol.name).toBe(wireCase.protocol);
  const input = (await routed.protocol.parse(routed)) as Record<string, unknown>;
  for (const [name, value] of Object.entries(input)) {
    if (isAsyncIterable(value)) input[name] = await toStreamingBody(value).bytes(1e6);
  }
  expect(toSuiteValue(input)).toEqual(toSuiteValue(serverSees[key]?.params ?? wireCase.params));
}

function requestOf({ serialized, protocol, params, model, operation }: WireCase): HttpRequest {
  if (serialized === undefined) throw new Error('a request case without a request');
  const at = serialized.uri.indexOf('?');
  const headers = Object.fromEntries(
    Object.entries(serialized.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  );
  let body = Buffer.from(serialized.body ?? '', protocol === 'rpcv2Cbor' ? 'base64' : 'utf8');
  if (headers['content-encoding']?.includes('gzip') === true) {
    // The suites leave compressed bodies out; this is what the parameters compress to.
    body = gzipSync(encode(protocol, params));
  }
  // Some cases name only the headers they are about.
  if (protocol.startsWith('awsJson'))
    headers['x-amz-target'] ??= `${model.row.targetPrefix}.${operation.name}`;
  if (protocol.endsWith('Query')) headers['content-type'] ??= 'application/x-www-form-urlencoded';
  return {
    method: serialized.method,
    path: at === -1 ? serialized.uri : serialized.uri.slice(0, at),
    query: at === -1 ? '' : serialized.uri.slice(at + 1),
    headers,
    body: bodyOf(body),
    sourceIp: '127.0.0.1',
    signal: new AbortController().signal,
  };
}

function encode(protocol: WireCase['protocol'], params: unknown): string {
  const fields = params as { data?: string; encoding?: string };
  switch (protocol) {
    case 'awsQuery':
      return `Action=PutWithContentEncoding&Version=2020-01-08&${new URLSearchParams(fields).toString()}`;
    case 'ec2Query': {
      const capital = {
        Data: fields.data ?? '',
        ...(fields.encoding === undefined ? {} : { Encoding: fields.encoding }),
      };
      return `Action=PutWithContentEncoding&Version=2020-01-08&${new URLSearchParams(capital).toString()}`;
    }
    case 'restXml':
      return `<PutWithContentEncodingInput><data>${fields.data ?? ''}</data></PutWithContentEncodingInput>`;
    case 'restJson1':
      return JSON.stringify({ data: fields.data });
    case 'awsJson1_0':
    case 'awsJson1_1':
    case 'rpcv2Cbor':
    default:
      return JSON.stringify(fields);
  }
}
