// Event streams: events by schema to framed messages, and back.
import { EventStreamCodec } from '@smithy/core/event-streams';
import { fromUtf8, toUtf8 } from '@smithy/core/serde';
import type { MessageHeaders } from '@smithy/types';
import { AssertionFailed, ServiceError } from '../base/errors.ts';
import { mismatch } from './json-writer.ts';
import { kindOf, membersOf } from './schema.ts';
import type { Member, Schema } from './schema.ts';
import { wrongType } from './value-reader.ts';

/** How structures inside messages are encoded: the protocol's own way. */
export interface EventBodies {
  readonly contentType: string;
  write(schema: Schema, value: unknown): Uint8Array | string;
  read(schema: Schema, bytes: Uint8Array): unknown;
}

export const EVENT_STREAM_TYPE = 'application/vnd.amazon.eventstream';

const PRELUDE_BYTES = 4;
// AWS: a message is at most 16 MB. <smithy.io/2.0/aws/amazon-eventstream.html>
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
const MAX_INT32 = 0x7fffffff;
const codec = new EventStreamCodec(toUtf8, fromUtf8);

/** The member that streams events, if the shape has one. */
export function eventStreamMember(schema: Schema): Member | undefined {
  return membersOf(schema).find(
    ({ schema: member }) => member.isStreaming() && member.isStructSchema(),
  );
}

export interface EncodedStream {
  readonly union: Schema;
  readonly bodies: EventBodies;
  /** The first message of RPC protocols: the other members of the output. */
  readonly initial?: Uint8Array | string;
}

/**
 * Frames each `{ EventName: event }`. A ServiceError thrown by `events` becomes an exception message
 * and ends the stream, as the status line has been sent by then.
 */
export async function* encodeEvents(
  events: AsyncIterable<unknown>,
  { union, bodies, initial }: EncodedStream,
): AsyncGenerator<Uint8Array> {
  if (initial !== undefined) {
    yield frame(
      { ':event-type': 'initial-response', ':content-type': bodies.contentType },
      initial,
    );
  }
  try {
    for await (const event of events) yield encodeEvent(event, union, bodies);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    yield encodeFailure(error, union, bodies);
  }
}

/** The events of a request body. Throws SerializationException on broken framing. */
export async function* decodeEvents(
  source: AsyncIterable<Uint8Array>,
  union: Schema,
  bodies: EventBodies,
): AsyncGenerator<Record<string, unknown>> {
  const members = new Map(membersOf(union).map((member) => [member.name, member]));
  for await (const message of splitMessages(source)) {
    const { headers, body } = decodeFrame(message);
    const type = headers[':event-type']?.value;
    const member = typeof type === 'string' ? members.get(type) : undefined;
    if (member !== undefined)
      yield { [member.name]: readEvent(member.schema, { headers, body }, bodies) };
  }
}

function encodeEvent(event: unknown, union: Schema, bodies: EventBodies): Uint8Array {
  const [entry] = Object.entries(event as object).filter(([, value]) => value !== undefined);
  const member = membersOf(union).find(({ name }) => name === entry?.[0]);
  if (entry === undefined || member === undefined) {
    throw new AssertionFailed(`event stream has no event ${entry?.[0] ?? '(empty)'}`);
  }
  const value = (entry[1] ?? {}) as Record<string, unknown>;
  const isError = (member.schema.getSchema() as readonly unknown[])[0] === -3;
  const headers: MessageHeaders = {};
  let payload: Member | undefined;
  let hasBody = false;
  for (const field of membersOf(member.schema)) {
    if (field.traits.eventPayload !== undefined) payload = field;
    else if (field.traits.eventHeader !== undefined) setHeader(headers, field, value[field.name]);
    else hasBody = true;
  }
  const type = isError
    ? { ':message-type': 'exception', ':exception-type': member.name }
    : { ':event-type': member.name };
  if (payload !== undefined) {
    return frame(
      { ...type, ':content-type': payloadType(payload.schema, bodies) },
      writePayload(payload, value, bodies),
      headers,
    );
  }
  // An event without members of a body is its headers alone.
  if (!hasBody) return frame(type, '', headers);
  return frame(
    { ...type, ':content-type': bodies.contentType },
    bodies.write(member.schema, value),
    headers,
  );
}

function encodeFailure(error: ServiceError, union: Schema, bodies: EventBodies): Uint8Array {
  const member = membersOf(union).find(({ name }) => name === error.code);
  if (member !== undefined) {
    return encodeEvent(
      { [member.name]: { message: error.message, ...error.fields } },
      union,
      bodies,
    );
  }
  return frame(
    { ':message-type': 'error', ':error-code': error.code, ':error-message': error.message },
    '',
  );
}

function payloadType(schema: Schema, bodies: EventBodies): string {
  const kind = kindOf(schema);
  if (kind === 'blob') return 'application/octet-stream';
  return kind === 'string' ? 'text/plain' : bodies.contentType;
}

function writePayload(
  member: Member,
  event: Record<string, unknown>,
  bodies: EventBodies,
): Uint8Array | string {
  const value = event[member.name];
  if (value === undefined || value === null) return '';
  const kind = kindOf(member.schema);
  if (kind === 'blob') return value as Uint8Array;
  return kind === 'string' && typeof value === 'string'
    ? value
    : bodies.write(member.schema, value);
}

function setHeader(headers: MessageHeaders, { name, schema }: Member, value: unknown): void {
  if (typeof value === 'number') headers[name] = integerHeader(value);
  else if (typeof value === 'boolean') headers[name] = { type: 'boolean', value };
  else if (typeof value === 'string') headers[name] = { type: 'string', value };
  else if (value instanceof Date) headers[name] = { type: 'timestamp', value };
  else if (value instanceof Uint8Array) headers[name] = { type: 'binary', value };
  else if (value !== undefined && value !== null) throw mismatch(schema, 'a header value', value);
}

function integerHeader(value: number): MessageHeaders[string] {
  if (Math.abs(value) <= MAX_INT32) return { type: 'integer', value };
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt(Math.trunc(value)));
  return { type: 'long', value: { bytes, valueOf: () => value, toString: () => String(value) } };
}

function frame(
  special: Readonly<Record<string, string>>,
  body: Uint8Array | string,
  extra: MessageHeaders = {},
): Uint8Array {
  const headers: MessageHeaders = { ':message-type': { type: 'string', value: 'event' } };
  for (const [name, value] of Object.entries(special)) headers[name] = { type: 'string', value };
  return codec.encode({
    headers: { ...headers, ...extra },
    body: typeof body === 'string' ? Buffer.from(body) : body,
  });
}

interface Frame {
  readonly headers: MessageHeaders;
  readonly body: Uint8Array;
}

function decodeFrame(message: Uint8Array): Frame {
  try {
    return codec.decode(message);
  } catch (cause) {
    throw new ServiceError('SerializationException', 'The event stream message is corrupt.', {
      cause,
    });
  }
}

function readEvent(schema: Schema, { headers, body }: Frame, bodies: EventBodies): unknown {
  const members = membersOf(schema);
  const out: Record<string, unknown> = {};
  let bound = false;
  for (const { name, schema: member, traits } of members) {
    if (traits.eventHeader !== undefined) {
      bound = true;
      const value = headers[name]?.value;
      if (value !== undefined)
        out[name] = kindOf(member) === 'number' ? Number(value.valueOf()) : value;
    } else if (traits.eventPayload !== undefined) {
      bound = true;
      const kind = kindOf(member);
      if (kind === 'blob') out[name] = body;
      else out[name] = kind === 'string' ? toUtf8(body) : bodies.read(member, body);
    }
  }
  return bound || body.length === 0 ? out : bodies.read(schema, body);
}

async function* splitMessages(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let pending = Buffer.alloc(0);
  for await (const chunk of source) {
    pending = pending.length === 0 ? Buffer.from(chunk) : Buffer.concat([pending, chunk]);
    while (pending.length >= PRELUDE_BYTES) {
      const length = pending.readUInt32BE(0);
      if (length < 16 || length > MAX_MESSAGE_BYTES)
        throw wrongType('The event stream message is corrupt.');
      if (pending.length < length) break;
      yield pending.subarray(0, length);
      pending = pending.subarray(length);
    }
  }
  if (pending.length > 0) throw wrongType('The event stream ended inside a message.');
}
