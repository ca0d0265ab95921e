// What goes over the wire in the garbage test: requests of the official client, and what becomes of them when
// their bytes are tampered with.
import { request } from 'node:http';
import { connect } from 'node:net';
import type { Random } from '../../src/base/random.ts';
import { randomInteger } from '../../src/base/random.ts';
import type { ServiceRow } from '../../src/wire/service-model.ts';
import type { SdkRequest } from '../conformance/wire-clients.ts';

export interface RawRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface RawAnswer {
  readonly status: number;
  readonly body: string;
}

/** As the client would send it to the address of the cloud. */
export function toRaw({ method, path, query, headers, body }: SdkRequest, row: ServiceRow): RawRequest {
  const parameters = Object.entries(query ?? {}).flatMap(([name, value]) =>
    (Array.isArray(value) ? (value as readonly string[]) : [value]).map(
      (each) => `${encodeURIComponent(name)}=${encodeURIComponent(String(each ?? ''))}`,
    ),
  );
  const scope = `test/20260101/us-east-1/${row.signingName}/aws4_request`;
  const sound = Object.entries(headers).map(([name, value]) => [name, toHeader(value)]);
  return {
    method,
    path: parameters.length === 0 ? path : `${path}${path.includes('?') ? '&' : '?'}${parameters.join('&')}`,
    headers: {
      ...(Object.fromEntries(sound) as Record<string, string>),
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
    },
    body: toBytes(body),
  };
}

/** Without what an HTTP client would refuse to send. */
function toHeader(value: string): string {
  return value.replaceAll(/[^\t\u0020-\u007e\u0080-\u00ff]/g, '?');
}

function toBytes(body: unknown): Buffer {
  if (typeof body === 'string') return Buffer.from(body);
  return body instanceof Uint8Array ? Buffer.from(body) : Buffer.alloc(0);
}

/** One request on its own; undefined when there was no whole answer in time. */
export function send(endpoint: string, raw: RawRequest, timeoutMs: number): Promise<RawAnswer | undefined> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(endpoint);
    // Some operations have a member for it; a body shorter than told would be waited for.
    const headers = { ...raw.headers, 'content-length': String(raw.body.length) };
    const options = { hostname, port, method: raw.method, path: raw.path, headers, timeout: timeoutMs };
    const sent = request(options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      );
      answer.on('error', () => resolve(undefined));
    });
    sent.on('timeout', () => sent.destroy());
    sent.on('error', () => resolve(undefined));
    sent.end(raw.body);
  });
}

/** Bytes on a fresh connection, as they are; what came back until it was closed or nothing more came. */
export function sendBytes(endpoint: string, bytes: Buffer | string, quietMs: number): Promise<string> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(endpoint);
    const socket = connect(Number(port), hostname);
    let said = '';
    const finish = (): void => {
      socket.destroy();
      resolve(said);
    };
    socket.setTimeout(quietMs, finish);
    socket.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1');
    });
    socket.on('error', finish);
    socket.on('close', finish);
    socket.write(bytes);
  });
}

type Tamper = (raw: RawRequest, random: Random) => RawRequest;

function withBody(raw: RawRequest, body: Buffer | string): RawRequest {
  return { ...raw, body: Buffer.from(body as string) };
}

function withHeaders(raw: RawRequest, headers: Record<string, string>): RawRequest {
  return { ...raw, headers: { ...raw.headers, ...headers } };
}

function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[randomInteger(random, choices.length)] as T;
}

const WRONG_VALUES: readonly unknown[] = [null, true, 0, -1.5, 1e21, '', 'x', [], [null], {}, { a: 1 }, [[]], '1'];

/** Replaces one value somewhere inside. */
function replaceOne(value: unknown, random: Random): unknown {
  const isLeaf = typeof value !== 'object' || value === null || Object.keys(value).length === 0;
  if (isLeaf || random.next() < 0.2) return pick(random, WRONG_VALUES);
  const name = pick(random, Object.keys(value));
  const inner = replaceOne((value as Record<string, unknown>)[name], random);
  if (Array.isArray(value)) return value.map((each: unknown, at) => (String(at) === name ? inner : each));
  return { ...value, [name]: inner };
}

const DEEP = 20_000;
const DEEP_BODIES = [
  '['.repeat(DEEP),
  `${'{"a":'.repeat(DEEP)}1${'}'.repeat(DEEP)}`,
  `${'<a>'.repeat(DEEP)}${'</a>'.repeat(DEEP)}`,
  `Action=X&${'a.'.repeat(DEEP)}=1`,
  '- '.repeat(DEEP),
  '? '.repeat(DEEP),
];
const ODD_BODIES = [
  '',
  ' ',
  'null',
  '[]',
  '"text"',
  '1',
  '{',
  '{"a":1,}',
  '{"a":1}{"b":2}',
  '\ufeff{}',
  '<a',
  '<?xml version="1.0"?>',
  '<a><b></a></b>',
  '<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;&b;&b;">]><a>&d;&e;</a>',
  '<a xmlns="x" xmlns="y" b=c/>',
  '<a><![CDATA[</a>',
  'Action',
  'Action=&Version=',
  'Action=ListUsers&Action=CreateUser',
  'a=%&%=b&=&&==&%zz=%ff',
  'Action=CreateQueue&Attribute.99999999999.Name=x&Attribute.-1.Value=y&Attribute..=z',
  'Tags.member.1.Key=a&Tags.member.1=b&Tags.member=c&Tags=d',
  '\u0000\u0001\u0002',
];
const TYPES = ['', 'application/json', 'application/x-amz-json-1.0', 'application/x-amz-json-1.1', 'application/x-www-form-urlencoded', 'application/xml', 'application/cbor', 'text/plain', 'multipart/form-data; boundary=x', 'application/json; charset=utf-16', '???'];
const HEADERS = ['content-type', 'x-amz-target', 'x-amz-date', 'x-amz-content-sha256', 'content-md5', 'content-encoding', 'range', 'if-match', 'if-modified-since', 'x-amz-copy-source', 'x-amz-acl', 'x-amz-tagging', 'x-amz-decoded-content-length', 'x-amz-invocation-type', 'x-amz-client-context', 'x-amz-checksum-crc32', 'x-amz-sdk-checksum-algorithm', 'x-amz-security-token', 'authorization', 'host', 'origin', 'expect', 'smithy-protocol', 'transfer-encoding-x', 'x-amz-meta-a', 'x-amz-server-side-encryption'];
const HEADER_VALUES = ['', ' ', '0', '-1', 'x', 'bytes=9-1', 'bytes=a-b,c', 'aws-chunked', 'gzip', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD', 'STREAMING-UNSIGNED-PAYLOAD-TRAILER', 'UNSIGNED-PAYLOAD', '*', 'fuzz/fuzz', '%zz', 'AAAA', '=', 'a=b&c', 'rpc-v2-cbor', 'AWS4-HMAC-SHA256 Credential=a', 'AWS4-HMAC-SHA256 Credential=////, SignedHeaders=, Signature=', 'AWS :', 'Basic Og==', 'Event', 'a,b;c', 'x'.repeat(4000), 'fuzz.s3.localhost:1', '[::1', '\u00ff\u00fe'];
const QUERIES = ['X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=test/20260101/us-east-1/s3/aws4_request&X-Amz-Date=x&X-Amz-Expires=-1&X-Amz-SignedHeaders=&X-Amz-Signature=', 'AWSAccessKeyId=AKIA&Signature=%&Expires=x', 'X-Amz-Credential=%', 'a=%zz&b', 'uploads&uploadId=x&partNumber=0', 'versionId=', 'list-type=9&max-keys=x', 'max-keys=-1&delimiter=%ff', 'acl&policy&tagging', 'Action=ListUsers', 'MaxItems=x&Marker=%00', 'Qualifier=%24', 'x-id=Nope', '&&&&', 'partNumber=99999999999999999999&uploadId=1', 'response-content-type=%0d%0a', 'mode=overwrite&failonwarnings=x', 'limit=-5&position=x'];
const PATHS = ['/', '//', '/%', '/%zz', '/%00', '/..%2f..%2fetc', '/fuzz', '/fuzz/', '/fuzz//', '/fuzz/%ff%fe', '/2015-03-31/functions', '/2015-03-31/functions/%/invocations', '/2015-03-31/functions/fuzz/invocations', '/restapis', '/restapis/fuzz/x/_user_request_/%zz', '/restapis/%/%/_user_request_', '/_cloudlet/clock', '/_cloudlet/health', '/service/X/operation/Y', '/000000000000/fuzz', '/tags/%', '/x'.repeat(4000)];
const METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH', 'TRACE', 'PROPFIND', 'LOCK'];

/** Each makes one thing wrong. */
const TAMPERS: readonly Tamper[] = [
  (raw, random) => {
    try {
      return withBody(raw, JSON.stringify(replaceOne(JSON.parse(raw.body.toString()), random)));
    } catch {
      return withBody(raw, pick(random, ODD_BODIES));
    }
  },
  (raw, random) => withBody(raw, raw.body.subarray(0, randomInteger(random, raw.body.length + 1))),
  (raw, random) => withBody(raw, flipBytes(raw.body, random)),
  (raw, random) => withBody(raw, swapText(raw.body.toString(), random)),
  (raw, random) => withBody(raw, pick(random, ODD_BODIES)),
  (raw, random) => withBody(raw, pick(random, DEEP_BODIES)),
  (raw, random) => withHeaders(raw, { 'content-type': pick(random, TYPES) }),
  (raw, random) => withHeaders(raw, { [pick(random, HEADERS)]: pick(random, HEADER_VALUES) }),
  (raw, random) => withHeaders(raw, { [pick(random, HEADERS)]: pick(random, HEADER_VALUES), [pick(random, HEADERS)]: pick(random, HEADER_VALUES) }),
  (raw, random) => {
    const name = pick(random, Object.keys(raw.headers));
    return { ...raw, headers: Object.fromEntries(Object.entries(raw.headers).filter(([each]) => each !== name)) };
  },
  (raw, random) => ({ ...raw, method: pick(random, METHODS) }),
  (raw, random) => ({ ...raw, path: pick(random, PATHS) }),
  (raw, random) => ({ ...raw, path: `${raw.path}${raw.path.includes('?') ? '&' : '?'}${pick(random, QUERIES)}` }),
  (raw, random) => {
    const { authorization: _, ...headers } = raw.headers;
    return { ...raw, headers, path: `${raw.path.split('?')[0]}?${pick(random, QUERIES)}` };
  },
];

export function tamper(raw: RawRequest, random: Random): RawRequest {
  const once = pick(random, TAMPERS)(raw, random);
  return random.next() < 0.3 ? pick(random, TAMPERS)(once, random) : once;
}

function flipBytes(body: Buffer, random: Random): Buffer {
  const flipped = Buffer.from(body);
  for (let at = 0; at < 3 && flipped.length > 0; at++) {
    flipped[randomInteger(random, flipped.length)] = randomInteger(random, 256);
  }
  return flipped;
}

/** Repeats, removes or moves a piece. */
function swapText(text: string, random: Random): string {
  const [from, to] = [randomInteger(random, text.length + 1), randomInteger(random, text.length + 1)].toSorted((a, b) => a - b);
  const piece = text.slice(from, to);
  return pick(random, [
    text.slice(0, from) + text.slice(to),
    text.slice(0, to) + piece + text.slice(to),
    piece + text.slice(0, from) + text.slice(to),
  ]);
}
