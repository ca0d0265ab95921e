// Every operation of every service row: the official client's request routes to its operation and
// parses to the input it was made of; our response reads back through that client to the same output.
import { Readable } from 'node:stream';
import { buildQueryString } from '@smithy/core/protocols';
import { describe, expect, test } from 'vitest';
import { loadSchemas } from '../../src/models/schemas.ts';
import { SERVICE_ROWS } from '../../src/models/services.ts';
import { eventStreamMember } from '../../src/wire/event-stream.ts';
import { bodyOf } from '../../src/wire/http.ts';
import type { HttpRequest } from '../../src/wire/http.ts';
import { bindingsOf } from '../../src/wire/http-bindings.ts';
import { loadServiceModel } from '../../src/wire/load-model.ts';
import type { RoutedCall } from '../../src/wire/protocol.ts';
import { protocolNamed } from '../../src/wire/protocols.ts';
import { createRouter } from '../../src/wire/router.ts';
import { kindOf, membersOf, schemaOf, traitsOf } from '../../src/wire/schema.ts';
import type { Schema } from '../../src/wire/schema.ts';
import type {
  Operation,
  ProtocolName,
  ServiceModel,
  ServiceRow,
} from '../../src/wire/service-model.ts';
import { collectBytes, isAsyncIterable } from '../../src/wire/streaming-body.ts';
import { readAsClient, writeAsClient } from './wire-clients.ts';
import type { SdkRequest } from './wire-clients.ts';
import { toSuiteValue } from './wire-values.ts';

const INPUT = 4;
const OUTPUT = 5;
const DEPTH = 4;
type Load = (row: ServiceRow) => Promise<ServiceModel>;
const load: Load = async (row) =>
  loadServiceModel(row, await loadSchemas(row.id as Parameters<typeof loadSchemas>[0]));
const router = createRouter({ rows: SERVICE_ROWS, load });

describe.each(
  SERVICE_ROWS.flatMap((row) => row.protocols.map((protocol) => [row.id, protocol, row] as const)),
)('%s in %s', (_, protocol, row) => {
  test('requests with every member route and parse', async () => {
    const model = await load(row);
    expect(model.operations.size).toBeGreaterThan(0);
    for (const operation of model.operations.values())
      await checkRequest({ protocol, model, operation }, 'all');
  });

  test('requests with required members alone route and parse', async () => {
    const model = await load(row);
    for (const operation of model.operations.values())
      await checkRequest({ protocol, model, operation }, 'required');
  });

  test('responses read back', async () => {
    const model = await load(row);
    for (const operation of model.operations.values())
      await checkResponse({ protocol, model, operation });
  });
});

interface Call {
  readonly protocol: ProtocolName;
  readonly model: ServiceModel;
  readonly operation: Operation;
}

async function checkRequest(call: Call, fill: 'all' | 'required'): Promise<void> {
  const { model, operation, protocol } = call;
  const input = sample(schemaOf(operation.schema[INPUT]), fill) as Record<string, unknown>;
  const request = toHttp(await writeAsClient(call, structuredClone(input)), model.row, input);
  const routed = await router.route(request);
  const label = `${operation.name} (${request.method} ${request.path}?${request.query})`;
  if (routed.kind === 'failure') throw new Error(`${label}: ${routed.error.code}`);
  expect(routed.operation.name, label).toBe(operation.name);
  expect(routed.protocol.name, label).toBe(protocol);
  const parsed = (await routed.protocol.parse(routed)) as Record<string, unknown>;
  // A map of all query parameters holds those that other members name as well.
  const { queryParams, payload } = bindingsOf(schemaOf(operation.schema[INPUT]));
  const map = queryParams === undefined ? undefined : parsed[queryParams.name];
  if (queryParams !== undefined && fill === 'required') delete parsed[queryParams.name];
  else if (typeof map === 'object' && queryParams !== undefined) {
    const own = Object.entries(map as object).filter(([key]) => key === 'key');
    parsed[queryParams.name] = Object.fromEntries(own);
  }
  // The client sends `{}` for an absent payload structure.
  if (payload !== undefined && input[payload.name] === undefined) delete parsed[payload.name];
  // The client names the type of a body that has none.
  if (fill === 'required' && operation.name === 'PutObject') delete parsed['ContentType'];
  expect(toSuiteValue(await withBytes(parsed)), label).toEqual(toSuiteValue(input));
}

async function checkResponse(call: Call): Promise<void> {
  const schema = schemaOf(call.operation.schema[OUTPUT]);
  const stream = eventStreamMember(schema);
  const output = sample(schema, 'all') as Record<string, unknown>;
  const events = stream === undefined ? [] : sampleEvents(stream.schema);
  if (stream !== undefined) output[stream.name] = Readable.from(structuredClone(events));
  const routed: RoutedCall = {
    kind: 'routed',
    ...call,
    protocol: protocolNamed(call.protocol),
    request: REQUEST,
    labels: {},
  };
  const response = await routed.protocol.serialize(routed, output, 'request-1');
  const body = isAsyncIterable(response.body)
    ? await collectBytes(response.body, 1e6)
    : response.body;
  const sight = await readAsClient(call, { ...response, ...(body === undefined ? {} : { body }) });
  if (sight.kind === 'error') throw sight.error;
  if (stream !== undefined) {
    output[stream.name] = events;
    sight.output[stream.name] = await collect(sight.output[stream.name] as AsyncIterable<unknown>);
  }
  expect(toSuiteValue(await withBytes(sight.output)), call.operation.name).toEqual(
    toSuiteValue(output),
  );
}

/** A value of the schema, every member (or the required ones) filled, to a depth. */
function sample(schema: Schema, fill: 'all' | 'required', depth = 0): unknown {
  switch (kindOf(schema)) {
    case 'structure': {
      const every =
        fill === 'all'
          ? depth < DEPTH
          : depth > 0 && !membersOf(schema).some(({ required }) => required);
      const members = membersOf(schema).filter(
        // Clients fill idempotency tokens in.
        ({ required, schema: member }) => required || every || member.isIdempotencyToken(),
      );
      return Object.fromEntries(
        members.map(({ name, schema: member }) => [name, sample(member, fill, depth + 1)]),
      );
    }
    case 'union': {
      const [first] = membersOf(schema);
      return first === undefined ? {} : { [first.name]: sample(first.schema, fill, depth + 1) };
    }
    case 'list':
      return [sample(schema.getValueSchema(), fill, depth + 1)];
    case 'map':
      return { key: sample(schema.getValueSchema(), fill, depth + 1) };
    case 'timestamp':
      // Whole seconds: HTTP dates have no more.
      return new Date(Date.UTC(2026, 0, 2, 3, 4, 5));
    case 'blob':
      return Buffer.from('bytes');
    case 'number':
      return traitsOf(schema).httpResponseCode === undefined ? 7 : 202;
    case 'boolean':
      return true;
    case 'unit':
      return {};
    case 'bigDecimal':
    case 'bigInteger':
    case 'document':
    case 'string':
    default:
      return 'täxt/& <x>';
  }
}

function sampleEvents(union: Schema): unknown[] {
  return membersOf(union)
    .filter(({ schema }) => (schema.getSchema() as readonly unknown[])[0] !== -3)
    .map(({ name, schema }) => ({ [name]: sample(schema, 'all') }));
}

function toHttp(request: SdkRequest, row: ServiceRow, input: Record<string, unknown>): HttpRequest {
  const query = buildQueryString({ ...request.query } as Parameters<typeof buildQueryString>[0]);
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const scope = `AKIDEXAMPLE/20260102/us-east-1/${row.signingName}/aws4_request`;
  // The SDK's endpoint rules, not its schemas, put the bucket into the path.
  const bucket =
    row.id === 's3' && input['Bucket'] !== undefined
      ? `/${encodeURIComponent(input['Bucket'] as string)}`
      : '';
  return {
    ...REQUEST,
    method: request.method,
    path: `${bucket}${request.path}`,
    query,
    headers: {
      host: '127.0.0.1:4566',
      ...headers,
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
    },
    body: bodyOf(toBytes(request.body)),
  };
}

function toBytes(body: unknown): Uint8Array {
  if (body === undefined || body === null) return new Uint8Array();
  return typeof body === 'string' ? Buffer.from(body) : (body as Uint8Array);
}

async function withBytes(value: Record<string, unknown>): Promise<Record<string, unknown>> {
  const out: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value)) {
    out[name] = isAsyncIterable(item) ? await collectBytes(item, 1e6) : item;
  }
  return out;
}

const REQUEST: HttpRequest = {
  method: 'POST',
  path: '/',
  query: '',
  headers: {},
  body: bodyOf(new Uint8Array()),
  sourceIp: '127.0.0.1',
  signal: new AbortController().signal,
};

async function collect(source: AsyncIterable<unknown>): Promise<unknown[]> {
  const items: unknown[] = [];
  for await (const item of source) items.push(item);
  return items;
}
