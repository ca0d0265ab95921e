// Event streams in requests, as the official client writes them; failures inside a response's.
import { AwsRestJsonProtocol } from '@aws-sdk/core/protocols';
import { EventStreamCodec, EventStreamMarshaller } from '@smithy/core/event-streams';
import { TypeRegistry } from '@smithy/core/schema';
import { fromBase64, fromUtf8, toBase64, toUtf8 } from '@smithy/core/serde';
import { describe, expect, test } from 'vitest';
import { ServiceError } from '../base/errors.ts';
import { encodeEvents } from './event-stream.ts';
import type { EventBodies } from './event-stream.ts';
import { bodyOf } from './http.ts';
import { loadServiceModel } from './load-model.ts';
import type { RoutedCall } from './protocol.ts';
import { restJson1 } from './rest-json.ts';
import { schemaOf } from './schema.ts';
import { collectBytes } from './streaming-body.ts';

const NS = 'cloudlet.test.events';
const Audio = [
  3,
  NS,
  'Audio',
  0,
  ['Chunk', 'At', 'Last', 'Sequence'],
  [
    [21, { eventPayload: 1 }],
    [4, { eventHeader: 1 }],
    [2, { eventHeader: 1 }],
    [1, { eventHeader: 1 }],
  ],
];
const Note = [3, NS, 'Note', 0, ['Text', 'Count'], [0, 1]];
const Mark = [3, NS, 'Mark', 0, [], []];
const Refused = [-3, NS, 'RefusedException', { error: 'client', httpError: 400 }, ['message'], [0]];
const Events = [
  4,
  NS,
  'Events',
  { streaming: 1 },
  ['Audio', 'Note', 'Mark', 'RefusedException'],
  [() => Audio, () => Note, () => Mark, [() => Refused, 0]],
];
const Input = [
  3,
  NS,
  'Input',
  0,
  ['Language', 'Stream'],
  [
    [0, { httpHeader: 'x-language' }],
    [() => Events, { httpPayload: 1 }],
  ],
];
const Talk$ = [9, NS, 'Talk', { http: ['POST', '/talk', 200] }, () => Input, () => 'unit'];

const CONTEXT = {
  utf8Encoder: toUtf8,
  utf8Decoder: fromUtf8,
  base64Encoder: toBase64,
  base64Decoder: fromBase64,
  endpoint: async () => ({ protocol: 'http:', hostname: 'localhost', path: '/' }),
  eventStreamMarshaller: new EventStreamMarshaller({ utf8Encoder: toUtf8, utf8Decoder: fromUtf8 }),
};

const bodies: EventBodies = {
  contentType: 'application/json',
  write: (_, value) => JSON.stringify(value),
  read: (_, bytes) => JSON.parse(Buffer.from(bytes).toString('utf8')) as unknown,
};

describe('requests', () => {
  const events = [
    {
      Audio: {
        Chunk: Uint8Array.of(112, 99, 109),
        At: new Date(1_767_323_045_000),
        Last: false,
        Sequence: 7,
      },
    },
    { Note: { Text: 'ä', Count: 2 } },
    { Mark: {} },
  ];

  test('what the official client streams arrives as events', async () => {
    const bytes = await clientBytes(events);
    expect(await parseEvents(bytes)).toEqual(events);
  });

  test('messages may be split anywhere', async () => {
    const bytes = await clientBytes(events);
    expect(await parseEvents(bytes, 3)).toEqual(events);
  });

  test.each([
    ['a flipped bit', (bytes: Buffer) => bytes.fill(bytes.readUInt8(40) ^ 1, 40, 41)],
    ['a message cut short', (bytes: Buffer) => bytes.subarray(0, -20)],
    ['an impossible length', (bytes: Buffer) => bytes.fill(0xff, 0, 4)],
  ])('%s is refused', async (_, damage) => {
    const bytes = damage(Buffer.from(await clientBytes(events)));
    await expect(parseEvents(bytes)).rejects.toMatchObject({ code: 'SerializationException' });
  });
});

describe('responses that fail on the way', () => {
  test.each([
    [
      'an exception of the model',
      new ServiceError('RefusedException', 'No.'),
      { ':message-type': 'exception', ':exception-type': 'RefusedException' },
      '{"message":"No."}',
    ],
    [
      'any other error',
      new ServiceError('Throttled', 'Slow down.'),
      { ':message-type': 'error', ':error-code': 'Throttled', ':error-message': 'Slow down.' },
      '',
    ],
  ])('%s', async (_, error, headers, body) => {
    async function* failing(): AsyncGenerator<unknown> {
      yield { Note: { Text: 'x' } };
      throw error;
    }
    const messages: Uint8Array[] = [];
    for await (const message of encodeEvents(failing(), { union: schemaOf(Events), bodies }))
      messages.push(message);
    const last = new EventStreamCodec(toUtf8, fromUtf8).decode(messages[1] ?? new Uint8Array());
    expect(messages).toHaveLength(2);
    expect(
      Object.fromEntries(Object.entries(last.headers).map(([name, { value }]) => [name, value])),
    ).toMatchObject(headers);
    expect(Buffer.from(last.body).toString('utf8')).toBe(body);
  });
});

async function clientBytes(events: readonly unknown[]): Promise<Uint8Array> {
  const protocol = new AwsRestJsonProtocol({
    defaultNamespace: NS,
    errorTypeRegistries: [new TypeRegistry(NS)],
  });
  protocol.setSerdeContext(CONTEXT as never);
  async function* stream(): AsyncGenerator<unknown> {
    for (const event of events) yield structuredClone(event);
  }
  const [, namespace, name, traits, input, output] = Talk$;
  const request = await protocol.serializeRequest(
    { namespace, name, traits, input, output } as never,
    { Language: 'de', Stream: stream() } as never,
    CONTEXT as never,
  );
  return collectBytes(request.body as AsyncIterable<Uint8Array>, 1e6);
}

async function parseEvents(bytes: Uint8Array, chunkBytes = bytes.length): Promise<unknown[]> {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  }
  const row = {
    id: 'test',
    sdkId: 'Test',
    apiVersion: '1',
    protocols: ['restJson1'],
    signingName: 'test',
  } as const;
  const model = loadServiceModel(row, { Talk$ });
  const operation = model.operations.get('Talk');
  if (operation === undefined) throw new Error('the operation is there');
  const call: RoutedCall = {
    kind: 'routed',
    model,
    operation,
    protocol: restJson1,
    labels: {},
    request: {
      method: 'POST',
      path: '/talk',
      query: '',
      headers: { 'x-language': 'de' },
      body: { ...bodyOf(bytes), stream: chunks },
      sourceIp: '127.0.0.1',
      signal: new AbortController().signal,
    },
  };
  const input = (await restJson1.parse(call)) as {
    Language: string;
    Stream: AsyncIterable<unknown>;
  };
  expect(input.Language).toBe('de');
  const out: unknown[] = [];
  // The end frame the client signs with has no headers and no event.
  for await (const event of input.Stream) out.push(event);
  return out;
}
