// What each case of the public protocol suites returns is written as the suite has it, and the
// official SDK's client reads our bytes back to the same result.
import { cbor } from '@smithy/core/cbor';
import { describe, expect, test } from 'vitest';
import { ServiceError } from '../../src/base/errors.ts';
import { bodyOf } from '../../src/wire/http.ts';
import type { HttpResponse } from '../../src/wire/http.ts';
import type { RoutedCall } from '../../src/wire/protocol.ts';
import { protocolNamed } from '../../src/wire/protocols.ts';
import { schemaOf } from '../../src/wire/schema.ts';
import { collectBytes, isAsyncIterable } from '../../src/wire/streaming-body.ts';
import { childrenOf, parseXmlDocument } from '../../src/wire/xml-tree.ts';
import { readAsClient } from './wire-clients.ts';
import exceptions from './wire-exceptions.json' with { type: 'json' };
import { readCases, suitesPresent } from './wire-suites.ts';
import type { WireCase } from './wire-suites.ts';
import { toModelValue, toSuiteValue } from './wire-values.ts';

const inapplicable: Readonly<Record<string, string>> = exceptions.output.inapplicable;
/** Cases whose body a client must tolerate but a server would not write: read back only. */
const bodies: Readonly<Record<string, string>> = exceptions.output.bodies;
/** Cases the client would read differently, for the headers every server adds. */
const clients: Readonly<Record<string, string>> = exceptions.output.clients;

const cases = suitesPresent ? readCases('output') : [];
const OUTPUT = 5;

describe.skipIf(!suitesPresent)('protocol suites, responses (needs ../shared/conformance)', () => {
  test('there are 365 cases', () => expect(cases).toHaveLength(365));

  for (const wireCase of cases) {
    const key = `${wireCase.suite} ${wireCase.id}`;
    const reason = inapplicable[key];
    if (reason !== undefined) test.skip(`${key}: ${reason}`, () => {});
    else test(key, () => checkResponse(wireCase, key));
  }

  test('every listed exception names a case', () => {
    const keys = new Set(cases.map(({ suite, id }) => `${suite} ${id}`));
    for (const key of [
      ...Object.keys(inapplicable),
      ...Object.keys(bodies),
      ...Object.keys(clients),
    ])
      expect(keys).toContain(key);
  });
});

async function checkResponse(wireCase: WireCase, key: string): Promise<void> {
  const response = await buffered(await respond(wireCase));
  const expected = wireCase.response;
  if (expected === undefined) throw new Error('a response case without a response');
  expect(response.status).toBe(expected.status_code);
  if (bodies[key] === undefined) {
    for (const [name, value] of Object.entries(expected.headers ?? {})) {
      // The HTTP server counts the bytes.
      if (name !== 'Content-Length') expect(response.headers[name.toLowerCase()], name).toBe(value);
    }
    expect(comparable(wireCase, response.body ?? '')).toEqual(
      comparable(wireCase, suiteBody(wireCase)),
    );
  }
  if (clients[key] === undefined) await checkAsClient(wireCase, response);
}

async function respond(wireCase: WireCase): Promise<HttpResponse> {
  const { model, operation, errorCode } = wireCase;
  const protocol = protocolNamed(wireCase.protocol);
  const call: RoutedCall = {
    kind: 'routed',
    model,
    operation,
    protocol,
    request: REQUEST,
    labels: {},
  };
  const requestId = wireCase.response?.headers?.['X-Amzn-Requestid'] ?? 'foo-id';
  if (errorCode === undefined) {
    return protocol.serialize(
      call,
      toModelValue(schemaOf(operation.schema[OUTPUT]), wireCase.result),
      requestId,
    );
  }
  return protocol.serializeError(call, errorOf(wireCase), requestId);
}

function errorOf({
  model,
  errorCode = '',
  errorMessage = '',
  error = {},
  response,
}: WireCase): ServiceError {
  const shape = [...model.errors.values()].map(schemaOf).find((schema) => {
    const [code] = (schema.getMergedTraits() as { awsQueryError?: [string] }).awsQueryError ?? [];
    return schema.getName() === errorCode || code === errorCode;
  });
  const fields = shape === undefined ? error : toModelValue(shape, error);
  return new ServiceError(errorCode, errorMessage, {
    ...(response === undefined ? {} : { status: response.status_code }),
    fields: fields as Record<string, unknown>,
  });
}

async function checkAsClient(wireCase: WireCase, response: HttpResponse): Promise<void> {
  const sight = await readAsClient(wireCase, response);
  if (wireCase.errorCode === undefined) {
    if (sight.kind === 'error') throw sight.error;
    expect(toSuiteValue(sight.output)).toEqual(toSuiteValue(wireCase.result));
    return;
  }
  if (sight.kind === 'output') throw new Error('the client saw no error');
  const code = sight.error['Code'] ?? sight.error.name;
  expect([code, sight.error.name]).toContain(wireCase.errorCode);
  if (wireCase.errorMessage !== undefined) expect(sight.error.message).toBe(wireCase.errorMessage);
  const members = wireCase.error as Record<string, unknown> | undefined;
  for (const [name, value] of Object.entries(members ?? {})) {
    const seen = name === 'Message' ? sight.error.message : sight.error[name];
    expect(toSuiteValue(seen), name).toEqual(toSuiteValue(value));
  }
}

function suiteBody({ protocol, response }: WireCase): Uint8Array {
  return Buffer.from(response?.body ?? '', protocol === 'rpcv2Cbor' ? 'base64' : 'utf8');
}

/** A body as data, so that white space, order and encodings of the same value do not matter. */
function comparable({ protocol }: WireCase, body: HttpResponse['body']): unknown {
  const bytes = typeof body === 'string' ? Buffer.from(body) : Buffer.from(body as Uint8Array);
  if (bytes.length === 0) return {};
  if (protocol === 'rpcv2Cbor') return normalCbor(cbor.deserialize(bytes));
  const text = bytes.toString('utf8').trim();
  if (protocol.includes('Json') && /^[[{"]/.test(text)) return normalJson(JSON.parse(text));
  return text.startsWith('<') ? normalXml(text) : text;
}

// `__type` may carry a namespace.
function normalJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('__type' in value)) return value;
  return { ...value, __type: String(value.__type).split('#').at(-1) };
}

function normalCbor(value: unknown): unknown {
  const plain = normalJson(value);
  return JSON.parse(
    JSON.stringify(plain, (_, item: unknown) => (typeof item === 'number' ? String(item) : item)),
  );
}

// Root names differ (suites name clients' synthetic shapes), namespaces and request ids are ours.
function normalXml(text: string): unknown {
  return withoutNoise(parseXmlDocument(text).root);
}

function withoutNoise(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutNoise);
  if (typeof node === 'string') return node.trim();
  if (typeof node !== 'object' || node === null) return node;
  const kept = Object.keys(node).filter(
    (name) =>
      !name.startsWith('xmlns') &&
      !/^(RequestId|requestId|RequestID|ResponseMetadata|#text)$/.test(name),
  );
  if (kept.length === 0) {
    const [text] = childrenOf(node as never, '#text');
    return typeof text === 'string' ? text.trim() : '';
  }
  return Object.fromEntries(
    kept.map((name) => [name, withoutNoise((node as Record<string, unknown>)[name])]),
  );
}

async function buffered(response: HttpResponse): Promise<HttpResponse> {
  if (!isAsyncIterable(response.body)) return response;
  return { ...response, body: await collectBytes(response.body, 1e6) };
}

const REQUEST = {
  method: 'POST',
  path: '/',
  query: '',
  headers: {},
  body: bodyOf(new Uint8Array()),
  sourceIp: '127.0.0.1',
  signal: new AbortController().signal,
};
