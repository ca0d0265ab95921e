// What restJson1 and restXml share: members in labels, query, headers, status and body.
import type { ServiceError } from '../base/errors.ts';
import { encodeEvents, decodeEvents, EVENT_STREAM_TYPE } from './event-stream.ts';
import type { EventBodies } from './event-stream.ts';
import { parseForm } from './form-reader.ts';
import type { HttpRequest, HttpResponse } from './http.ts';
import { bindingsOf, readBindings, writeHeaders } from './http-bindings.ts';
import type { Bindings } from './http-bindings.ts';
import type { RoutedCall } from './protocol.ts';
import { asBuffer, readBody } from './request-body.ts';
import { literalQueryNames } from './rest-routes.ts';
import { httpTraitOf, kindOf, schemaOf } from './schema.ts';
import type { Member, Schema } from './schema.ts';
import { streamRequestBody } from './streaming-body.ts';
import { MalformedText } from './text-value.ts';

/** The encoding of structured bodies, and the words for a broken request. */
export interface RestCodec {
  readonly contentType: string;
  readonly events: EventBodies;
  /** Members of a body that is not one payload member. */
  readBody(call: RoutedCall, members: readonly Member[], text: string): Record<string, unknown>;
  readPayload(member: Member, text: string): unknown;
  /** The body made of `members`; undefined when there is nothing to send. */
  writeBody(call: RoutedCall, schema: Schema, value: Record<string, unknown>): string | undefined;
  writePayload(call: RoutedCall, member: Member, value: unknown): string;
  /** The error for a label, header or query parameter that is not of its type. */
  refuseText(error: MalformedText): ServiceError;
}

const INPUT = 4;
const OUTPUT = 5;
const NO_CONTENT = 204;

export async function parseRest(
  call: RoutedCall,
  codec: RestCodec,
): Promise<Record<string, unknown>> {
  const bindings = bindingsOf(schemaOf(call.operation.schema[INPUT]));
  const out = readBound(bindings, call, codec);
  const { payload } = bindings;
  if (payload !== undefined) {
    const value = await readPayload(call, payload, codec);
    if (value !== undefined) out[payload.name] = value;
  } else if (bindings.body.length > 0) {
    const text = (await readBody(call.request, call.model.row)).toString('utf8');
    // Members outside the body are never taken from it, whatever a body says.
    if (text !== '') return { ...codec.readBody(call, bindings.body, text), ...out };
  }
  return out;
}

/** The answer without its request id headers. */
export function serializeRest(call: RoutedCall, output: unknown, codec: RestCodec): HttpResponse {
  const schema = schemaOf(call.operation.schema[OUTPUT]);
  const source = (output ?? {}) as Record<string, unknown>;
  const bindings = bindingsOf(schema);
  const headers = writeHeaders(bindings, source);
  const status = statusOf(call, bindings, source);
  const { payload } = bindings;
  if (payload !== undefined) {
    const value = source[payload.name];
    if (value === null || value === undefined) return { status, headers };
    return { status, ...writePayload(call, { member: payload, value, headers }, codec) };
  }
  const body =
    schema.isUnitSchema() || status === NO_CONTENT
      ? undefined
      : codec.writeBody(call, schema, source);
  if (body === undefined) return { status, headers };
  return { status, headers: { 'content-type': codec.contentType, ...headers }, body };
}

function readBound(
  bindings: Bindings,
  call: RoutedCall,
  codec: RestCodec,
): Record<string, unknown> {
  const { request, labels, operation } = call;
  try {
    const fields = parseForm(request.query);
    // Literal parts of the URI belong to the address; they would show in a map of all parameters.
    const literals = bindings.queryParams === undefined ? [] : literalQueryNames(operation);
    const query =
      literals.length === 0 ? fields : fields.filter(([name]) => !literals.includes(name));
    return readBindings(bindings, { labels, query, headers: request.headers });
  } catch (error) {
    if (error instanceof MalformedText) throw codec.refuseText(error);
    throw error;
  }
}

async function readPayload(call: RoutedCall, member: Member, codec: RestCodec): Promise<unknown> {
  const { schema } = member;
  const { request, model } = call;
  const kind = kindOf(schema);
  if (schema.isStreaming()) {
    if (kind === 'union') return decodeEvents(request.body.stream(), schema, codec.events);
    return streamRequestBody(request.body);
  }
  if (kind === 'blob' || kind === 'string') {
    const plain = withoutContentEncoding(call);
    const bytes = await readBody(plain, model.row);
    if (bytes.length === 0) return undefined;
    return kind === 'blob' ? bytes : bytes.toString('utf8');
  }
  const text = (await readBody(request, model.row)).toString('utf8');
  return text === '' ? undefined : codec.readPayload(member, text);
}

// Bytes are the caller's own: what `content-encoding` says of them is for whoever reads them later.
function withoutContentEncoding({ request }: RoutedCall): Pick<HttpRequest, 'headers' | 'body'> {
  if (request.headers['content-encoding'] === undefined) return request;
  const { 'content-encoding': _, ...headers } = request.headers;
  return { headers, body: request.body };
}

function statusOf(
  call: RoutedCall,
  { statusCode }: Bindings,
  source: Record<string, unknown>,
): number {
  const given = statusCode === undefined ? undefined : source[statusCode.name];
  if (typeof given === 'number') return given;
  return httpTraitOf(call.operation)?.[2] ?? 200;
}

interface Payload {
  readonly member: Member;
  readonly value: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

function writePayload(
  call: RoutedCall,
  { member, value, headers }: Payload,
  codec: RestCodec,
): { headers: Record<string, string>; body: NonNullable<HttpResponse['body']> } {
  const { schema, traits } = member;
  const kind = kindOf(schema);
  if (kind === 'union' && schema.isStreaming()) {
    return {
      headers: { 'content-type': EVENT_STREAM_TYPE, ...headers },
      body: encodeEvents(value as AsyncIterable<unknown>, { union: schema, bodies: codec.events }),
    };
  }
  if (kind === 'blob') {
    const type = traits.mediaType ?? 'application/octet-stream';
    const body =
      value instanceof Uint8Array ? asBuffer(value) : (value as string | AsyncIterable<Uint8Array>);
    return { headers: { 'content-type': type, ...headers }, body };
  }
  if (kind === 'string') {
    return {
      headers: { 'content-type': traits.mediaType ?? 'text/plain', ...headers },
      body: String(value),
    };
  }
  return {
    headers: { 'content-type': codec.contentType, ...headers },
    body: codec.writePayload(call, member, value),
  };
}
