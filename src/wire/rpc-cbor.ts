// Smithy RPC v2 with CBOR bodies: `POST /service/NAME/operation/NAME`.
import { CborCodec, cbor } from '@smithy/core/cbor';
import type { ServiceError } from '../base/errors.ts';
import { describeError } from './error-model.ts';
import { encodeEvents, EVENT_STREAM_TYPE, eventStreamMember } from './event-stream.ts';
import type { HttpResponse } from './http.ts';
import { queryErrorHeader } from './json-rpc.ts';
import type { ErrorTarget, Protocol, RoutedCall } from './protocol.ts';
import { readBody } from './request-body.ts';
import { schemaOf } from './schema.ts';
import type { Schema } from './schema.ts';
import { ReaderCompiler, readGuarded, wrongType } from './value-reader.ts';
import type { ValueReader } from './value-reader.ts';

const INPUT = 4;
const OUTPUT = 5;
const CONTENT_TYPE = 'application/cbor';
const EPOCH_TAG = 1;

const compiler = new ReaderCompiler({ jsonName: false, readBlob, readTimestamp });
const readers = new WeakMap<Schema, ValueReader>();
const codec = new CborCodec();

export const rpcv2Cbor: Protocol = {
  name: 'rpcv2Cbor',
  async parse({ model, operation, request }) {
    const bytes = await readBody(request, model.row);
    return bytes.length === 0 ? {} : readCbor(schemaOf(operation.schema[INPUT]), bytes);
  },
  serialize(call, output, requestId) {
    const schema = schemaOf(call.operation.schema[OUTPUT]);
    const headers = { 'smithy-protocol': 'rpc-v2-cbor', 'x-amzn-requestid': requestId };
    if (schema.isUnitSchema()) return { status: 200, headers };
    if (eventStreamMember(schema) !== undefined) return serializeStream(call, output, headers);
    return {
      status: 200,
      headers: { ...headers, 'content-type': CONTENT_TYPE },
      body: writeCbor(schema, output ?? {}),
    };
  },
  serializeError(target, error, requestId) {
    return serializeError(target, error, requestId);
  },
};

function serializeStream(
  { operation }: RoutedCall,
  output: unknown,
  headers: Readonly<Record<string, string>>,
): HttpResponse {
  const schema = schemaOf(operation.schema[OUTPUT]);
  const member = eventStreamMember(schema);
  const { [member?.name ?? '']: events, ...rest } = output as Record<string, unknown>;
  return {
    status: 200,
    headers: { ...headers, 'content-type': EVENT_STREAM_TYPE },
    body: encodeEvents(events as AsyncIterable<unknown>, {
      union: member?.schema ?? schema,
      initial: writeCbor(schema, rest),
      bodies: { contentType: CONTENT_TYPE, write: writeCbor, read: readCbor },
    }),
  };
}

function serializeError(
  { model }: ErrorTarget,
  error: ServiceError,
  requestId: string,
): HttpResponse {
  const described = describeError(model, error);
  const type =
    described.namespace === undefined ? described.name : `${described.namespace}#${described.name}`;
  const body =
    described.schema === undefined
      ? cbor.serialize({ __type: type, message: described.message, ...described.members })
      : writeCbor(described.schema, { __type: type, ...described.members });
  return {
    status: described.status,
    headers: {
      'smithy-protocol': 'rpc-v2-cbor',
      'content-type': CONTENT_TYPE,
      'x-amzn-requestid': requestId,
      ...queryErrorHeader(model, described),
      ...error.headers,
    },
    body,
  };
}

function readCbor(schema: Schema, bytes: Uint8Array): unknown {
  const value = decode(bytes);
  if (value === null || value === undefined) return {};
  let reader = readers.get(schema);
  if (reader === undefined) readers.set(schema, (reader = compiler.compile(schema)));
  return readGuarded(reader, value);
}

function writeCbor(schema: Schema, value: unknown): Uint8Array {
  const serializer = codec.createSerializer();
  serializer.write(schema, value);
  const bytes: unknown = serializer.flush();
  return bytes instanceof Uint8Array ? bytes : Buffer.from(String(bytes));
}

function decode(bytes: Uint8Array): unknown {
  try {
    return cbor.deserialize(bytes);
  } catch {
    // Whatever the decoder trips over (lengths, nesting, unknown types), the body is at fault.
    throw wrongType('The request body is not valid CBOR.');
  }
}

function readBlob(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw wrongType('Expected a byte string');
}

function readTimestamp(value: unknown): Date {
  if (value instanceof Date) return value;
  if (typeof value === 'object' && value !== null && 'tag' in value && 'value' in value) {
    if (value.tag === EPOCH_TAG) return new Date(Math.round(Number(value.value) * 1000));
  }
  throw wrongType('Expected a timestamp (tag 1)');
}
