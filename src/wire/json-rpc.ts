// awsJson 1.0 and 1.1: one path, X-Amz-Target, JSON both ways.
import { crc32 } from 'node:zlib';
import type { ServiceError } from '../base/errors.ts';
import { describeError } from './error-model.ts';
import type { WireError } from './error-model.ts';
import { encodeEvents, EVENT_STREAM_TYPE, eventStreamMember } from './event-stream.ts';
import type { HttpResponse } from './http.ts';
import { createJsonCodec } from './json-codec.ts';
import type { JsonCodec } from './json-codec.ts';
import type { ErrorTarget, Protocol, RoutedCall } from './protocol.ts';
import { readBody } from './request-body.ts';
import { schemaOf } from './schema.ts';
import type { Schema } from './schema.ts';
import type { Operation, ServiceModel, ServiceRow } from './service-model.ts';

const INPUT = 4;
const OUTPUT = 5;

// AWS: DynamoDB alone sends a checksum of the body; SDKs (Go, Java) verify it.
// <docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html>
const SENDS_CRC32: ReadonlySet<string> = new Set(['dynamodb']);

// AWS: services that send a namespace name these shared ones for errors outside their model.
// <github.com/architect/dynalite test/helpers>
const SHARED_NAMESPACE = 'com.amazon.coral.service';
const NAMESPACES: Readonly<Record<string, string>> = {
  ValidationException: 'com.amazon.coral.validate',
};
const CAPITAL_MESSAGE: ReadonlySet<string> = new Set([
  'SerializationException',
  'AccessDeniedException',
]);

const SHORT_BODY = 1024;

const codecs = new WeakMap<ServiceModel, JsonCodec>();
const answers = new WeakMap<Operation, Answer>();
const plainCodec = createJsonCodec({ jsonName: false });

export function createJsonRpcProtocol(name: 'awsJson1_0' | 'awsJson1_1'): Protocol {
  const contentType =
    name === 'awsJson1_0' ? 'application/x-amz-json-1.0' : 'application/x-amz-json-1.1';
  return {
    name,
    async parse({ model, operation, request }) {
      const text = (await readBody(request, model.row)).toString('utf8');
      if (text === '') return {};
      return codecOf(model).read(schemaOf(operation.schema[INPUT]), text);
    },
    serialize(call, output, requestId) {
      const { schema, isEmpty, isStream } = answerOf(call.operation);
      const headers = { 'content-type': contentType, 'x-amzn-requestid': requestId };
      if (isStream) return serializeStream(call, output, { schema, headers });
      const body = isEmpty ? '' : codecOf(call.model).write(schema, output ?? {});
      return respond(call.model.row, { status: 200, headers, body });
    },
    serializeError(target, error, requestId) {
      return serializeError(target, error, { contentType, requestId });
    },
  };
}

/** What is to be known of an operation's output before it is written. */
interface Answer {
  readonly schema: Schema;
  readonly isEmpty: boolean;
  readonly isStream: boolean;
}

function answerOf(operation: Operation): Answer {
  const known = answers.get(operation);
  if (known !== undefined) return known;
  const schema = schemaOf(operation.schema[OUTPUT]);
  const isStream = eventStreamMember(schema) !== undefined;
  const answer = { schema, isEmpty: schema.isUnitSchema(), isStream };
  answers.set(operation, answer);
  return answer;
}

interface StreamHead {
  readonly schema: Schema;
  readonly headers: Readonly<Record<string, string>>;
}

function serializeStream(
  { model }: RoutedCall,
  output: unknown,
  { schema, headers }: StreamHead,
): HttpResponse {
  const codec = codecOf(model);
  const member = eventStreamMember(schema);
  const { [member?.name ?? '']: events, ...rest } = output as Record<string, unknown>;
  const contentType = headers['content-type'] ?? '';
  return {
    status: 200,
    headers: { ...headers, 'content-type': EVENT_STREAM_TYPE },
    body: encodeEvents(events as AsyncIterable<unknown>, {
      union: member?.schema ?? schema,
      initial: codec.write(schema, rest),
      bodies: {
        contentType,
        write: (shape, value) => codec.write(shape, value),
        read: (shape, bytes) => codec.read(shape, Buffer.from(bytes).toString('utf8')),
      },
    }),
  };
}

function serializeError(
  { model }: ErrorTarget,
  error: ServiceError,
  { contentType, requestId }: { contentType: string; requestId: string },
): HttpResponse {
  const described = describeError(model, error);
  const headers: Record<string, string> = {
    'content-type': contentType,
    'x-amzn-requestid': requestId,
    ...queryErrorHeader(model, described),
    ...error.headers,
  };
  const body = writeErrorBody(model, described);
  return respond(model?.row, { status: described.status, headers, body });
}

/** `x-amzn-query-error` of services whose clients still look for the older query codes. */
export function queryErrorHeader(
  model: ServiceModel | undefined,
  error: WireError,
): Record<string, string> {
  if (model?.row.queryCompatible !== true) return {};
  return { 'x-amzn-query-error': `${error.queryCode};${error.fault}` };
}

function writeErrorBody(model: ServiceModel | undefined, error: WireError): string {
  const namespace = model?.row.errorNamespace;
  if (error.schema !== undefined) {
    const members = (model === undefined ? plainCodec : codecOf(model)).write(
      error.schema,
      error.members,
    );
    const type = JSON.stringify(qualifiedName(error, namespace));
    return members === '{}' ? `{"__type":${type}}` : `{"__type":${type},${members.slice(1)}`;
  }
  const capital = namespace !== undefined && CAPITAL_MESSAGE.has(error.name);
  const message = error.message === '' ? {} : { [capital ? 'Message' : 'message']: error.message };
  return JSON.stringify({ __type: qualifiedName(error, namespace), ...message, ...error.members });
}

function qualifiedName(error: WireError, namespace: string | undefined): string {
  if (namespace === undefined) return error.name;
  const own = error.schema === undefined ? (NAMESPACES[error.name] ?? SHARED_NAMESPACE) : namespace;
  return `${own}#${error.name}`;
}

interface TextResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function respond(row: ServiceRow | undefined, response: TextResponse): HttpResponse {
  if (row === undefined || !SENDS_CRC32.has(row.id)) return response;
  // Bytes made once serve the checksum and the socket; short texts are quicker as they are.
  const body = response.body.length > SHORT_BODY ? Buffer.from(response.body) : response.body;
  const headers = { ...response.headers, 'x-amz-crc32': String(crc32(body)) };
  return { status: response.status, headers, body };
}

function codecOf(model: ServiceModel): JsonCodec {
  let codec = codecs.get(model);
  if (codec === undefined) {
    const javaPackage = model.row.errorNamespace;
    codec = createJsonCodec({
      jsonName: false,
      ...(javaPackage === undefined ? {} : { javaPackage }),
    });
    codecs.set(model, codec);
  }
  return codec;
}
