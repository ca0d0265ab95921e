// restJson1: REST bindings, JSON bodies.
import { ServiceError } from '../base/errors.ts';
import { describeError } from './error-model.ts';
import { extraHeadersOf } from './extra-headers.ts';
import type { HttpResponse } from './http.ts';
import { bindingsOf, writeHeaders } from './http-bindings.ts';
import { createJsonCodec } from './json-codec.ts';
import type { ErrorTarget, Protocol } from './protocol.ts';
import { parseRest, serializeRest } from './rest.ts';
import type { RestCodec } from './rest.ts';
import { kindOf, membersOf, schemaOf } from './schema.ts';
import type { Member, Schema } from './schema.ts';

const CONTENT_TYPE = 'application/json';
const STRUCTURE = 3;

const json = createJsonCodec({ jsonName: true });
const bodySchemas = new WeakMap<readonly Member[], Schema>();

const codec: RestCodec = {
  contentType: CONTENT_TYPE,
  events: {
    contentType: CONTENT_TYPE,
    write: (schema, value) => json.write(schema, value),
    read: (schema, bytes) => json.read(schema, Buffer.from(bytes).toString('utf8')),
  },
  readBody: (_call, members, text) =>
    json.read(bodySchemaOf(members), text) as Record<string, unknown>,
  readPayload: ({ schema }, text) => json.read(schema, text),
  writeBody: (_call, schema, value) =>
    json.write(bodySchemaOf(bindingsOf(schema).responseBody), value),
  writePayload: (_call, { schema }, value) => json.write(schema, value),
  refuseText: ({ text, schema }) =>
    new ServiceError(
      'SerializationException',
      `STRING_VALUE cannot be converted to ${javaKind(schema)}: ${text}`,
    ),
};

export const restJson1: Protocol = {
  name: 'restJson1',
  parse: (call) => parseRest(call, codec),
  serialize(call, output, requestId) {
    const response = serializeRest(call, output, codec);
    // Made for this answer alone: to add to them costs less than to copy them.
    const headers = response.headers as Record<string, string | readonly string[]>;
    headers['x-amzn-requestid'] = requestId;
    const extra = extraHeadersOf(output);
    for (const name in extra) headers[name] = extra[name] ?? '';
    // AWS: Lambda labels the payload of an invocation as JSON, whatever it is.
    // <docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>
    if (call.operation.name === 'Invoke' && call.model.row.id === 'lambda') {
      headers['content-type'] = CONTENT_TYPE;
    }
    return response;
  },
  serializeError(target, error, requestId) {
    return serializeError(target, error, requestId);
  },
};

function serializeError(
  { model, request }: ErrorTarget,
  error: ServiceError,
  requestId: string,
): HttpResponse {
  const described = describeError(model, error);
  const bindings = described.schema === undefined ? undefined : bindingsOf(described.schema);
  const headers: Record<string, string> = {
    'content-type': CONTENT_TYPE,
    'x-amzn-requestid': requestId,
    'x-amzn-errortype': described.name,
    ...(bindings === undefined ? {} : writeHeaders(bindings, described.members)),
    ...error.headers,
  };
  if (request.method === 'HEAD') return { status: described.status, headers };
  const body =
    bindings === undefined
      ? JSON.stringify({ message: described.message, ...described.members })
      : json.write(bodySchemaOf(bindings.responseBody), described.members);
  return { status: described.status, headers, body };
}

/** A structure of these members alone, so that a body cannot set what travels elsewhere. */
function bodySchemaOf(members: readonly Member[]): Schema {
  const known = bodySchemas.get(members);
  if (known !== undefined) return known;
  const names = members.map(({ name }) => name);
  const schema = schemaOf([STRUCTURE, 'cloudlet.wire', 'Body', 0, names, members.map(asReference)]);
  bodySchemas.set(members, schema);
  return schema;
}

// A member's tuple: target and the member's own traits.
function asReference({ schema }: Member): unknown {
  return [schema.getSchema(), schema.getMergedTraits()];
}

function javaKind(schema: Schema): string {
  const kind = kindOf(schema);
  if (kind === 'boolean') return 'Boolean';
  return kind === 'timestamp' ? 'Date' : membersOf(schema).length > 0 ? 'structure' : 'Integer';
}
