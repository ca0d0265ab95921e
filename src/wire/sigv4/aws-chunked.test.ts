// aws-chunked uploads: AWS's documented examples, the SDK's own uploads, and every way to break them.
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ServiceError } from '../../base/errors.ts';
import { BodyTooLarge, bodyOf } from '../http.ts';
import type { HttpBody, HttpRequest } from '../http.ts';
import { decodeAwsChunked } from './aws-chunked.ts';
import { deriveSigningKey } from './signing-key.ts';
import { verifySignature } from './verify.ts';
import type { VerificationMaterial } from './verify.ts';

const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const A65536 = Buffer.alloc(65_536, 'a');
const A1024 = Buffer.alloc(1024, 'a');

/** Bytes in pieces of `size`, as sockets cut them. */
function inPieces(bytes: Uint8Array, size: number): HttpBody {
  return {
    ...bodyOf(bytes),
    async *stream() {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    },
  };
}

function materialOf(seedSignature: string, payloadHash: string): VerificationMaterial {
  return {
    signingKey: deriveSigningKey(SECRET, { date: '20130524', region: 'us-east-1', service: 's3' }),
    seedSignature,
    amzDate: '20130524T000000Z',
    scope: '20130524/us-east-1/s3/aws4_request',
    payloadHash,
    family: 's3',
  };
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
const SIGNED = {
  headers: {
    'content-encoding': 'aws-chunked',
    'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    'x-amz-decoded-content-length': '66560',
  },
  material: materialOf(
    '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
    'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  ),
  body: Buffer.concat([
    Buffer.from(
      '10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n',
    ),
    A65536,
    Buffer.from(
      '\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n',
    ),
    A1024,
    Buffer.from(
      '\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n',
    ),
  ]),
};

// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
const SIGNED_TRAILER = {
  headers: {
    'content-encoding': 'aws-chunked',
    'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
    'x-amz-decoded-content-length': '66560',
    'x-amz-trailer': 'x-amz-checksum-crc32c',
  },
  material: materialOf(
    '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e',
    'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
  ),
  body: Buffer.concat([
    Buffer.from(
      '10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n',
    ),
    A65536,
    Buffer.from(
      '\r\n400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n',
    ),
    A1024,
    Buffer.from(
      '\r\n0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n',
    ),
    Buffer.from('x-amz-checksum-crc32c:sOO8/Q==\r\n'),
    Buffer.from(
      'x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n',
    ),
  ]),
};

const UNSIGNED_HEADERS = {
  'content-encoding': 'aws-chunked',
  'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  'x-amz-trailer': 'x-amz-checksum-crc32',
};

async function failureOf(body: HttpBody): Promise<ServiceError> {
  const error: unknown = await body.bytes(1e9).catch((thrown: unknown) => thrown);
  if (!(error instanceof ServiceError))
    throw new TypeError(`expected a ServiceError, got ${String(error)}`);
  return error;
}

/** The same bytes with one of them changed. */
function flip(bytes: Uint8Array, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}

describe.each([
  ['signed chunks', SIGNED],
  ['signed chunks and trailer', SIGNED_TRAILER],
])("AWS's example: %s", (_name, example) => {
  test.each([1, 7, 1000, 1_000_000])('in pieces of %i bytes', async (size) => {
    const decoded = decodeAwsChunked(
      inPieces(example.body, size),
      example.headers,
      example.material,
    );
    expect(Buffer.concat([A65536, A1024]).equals(await decoded.bytes(1e6))).toBe(true);
  });

  test('as a stream', async () => {
    let length = 0;
    const decoded = decodeAwsChunked(
      inPieces(example.body, 4096),
      example.headers,
      example.material,
    );
    for await (const bytes of decoded.stream()) length += bytes.length;
    expect(length).toBe(66_560);
  });

  test.each([100, 65_720, 66_700])('a changed byte of the data (at %i) is noticed', async (at) => {
    const decoded = decodeAwsChunked(
      bodyOf(flip(example.body, at)),
      example.headers,
      example.material,
    );
    expect(await failureOf(decoded)).toMatchObject({ code: 'SignatureDoesNotMatch', status: 403 });
  });

  test('another seed, and chunks without signatures, are noticed', async () => {
    const other = { ...example.material, seedSignature: '0'.repeat(64) };
    expect(
      await failureOf(decodeAwsChunked(bodyOf(example.body), example.headers, other)),
    ).toMatchObject({ code: 'SignatureDoesNotMatch' });
    const bare = Buffer.from(
      example.body.toString('latin1').replaceAll(/;chunk-signature=\w+/g, ''),
      'latin1',
    );
    expect(
      await failureOf(decodeAwsChunked(bodyOf(bare), example.headers, example.material)),
    ).toMatchObject({ code: 'SignatureDoesNotMatch' });
  });

  test('without material the signatures are taken on trust', async () => {
    const other = Buffer.from(
      example.body
        .toString('latin1')
        .replace('chunk-signature=0055', 'chunk-signature=0056')
        .replace('chunk-signature=1c13', 'chunk-signature=1c14'),
      'latin1',
    );
    expect(await decodeAwsChunked(bodyOf(other), example.headers).bytes(1e6)).toHaveLength(66_560);
  });
});

describe('signed trailer', () => {
  test('its fields are there once the body has been read', async () => {
    const decoded = decodeAwsChunked(
      bodyOf(SIGNED_TRAILER.body),
      SIGNED_TRAILER.headers,
      SIGNED_TRAILER.material,
    );
    await decoded.bytes(1e6);
    expect(decoded.trailers?.()).toMatchObject({ 'x-amz-checksum-crc32c': 'sOO8/Q==' });
  });

  test('a changed field is noticed', async () => {
    const text = SIGNED_TRAILER.body.toString('latin1').replace('sOO8/Q==', 'sOO8/A==');
    const decoded = decodeAwsChunked(
      bodyOf(Buffer.from(text, 'latin1')),
      SIGNED_TRAILER.headers,
      SIGNED_TRAILER.material,
    );
    expect(await failureOf(decoded)).toMatchObject({ code: 'SignatureDoesNotMatch' });
  });
});

describe('unsigned trailer', () => {
  // Checksums of "Hello world" as published in the S3 API's guide and computable with any library.
  test.each([
    ['x-amz-checksum-crc32', 'i9aeUg=='],
    ['x-amz-checksum-crc32c', 'crUfeA=='],
    ['x-amz-checksum-crc64nvme', 'OOJZ0D8xKts='],
    ['x-amz-checksum-sha1', createHash('sha1').update('Hello world').digest('base64')],
    ['x-amz-checksum-sha256', createHash('sha256').update('Hello world').digest('base64')],
  ])('%s', async (name, value) => {
    const headers = { ...UNSIGNED_HEADERS, 'x-amz-trailer': name };
    const frame = (checksum: string): HttpBody =>
      bodyOf(Buffer.from(`b\r\nHello world\r\n0\r\n${name}:${checksum}\r\n\r\n`));
    const decoded = decodeAwsChunked(frame(value), headers);
    expect(Buffer.from(await decoded.bytes(100)).toString()).toBe('Hello world');
    expect(decoded.trailers?.()).toEqual({ [name]: value });
    const algorithm = name.slice('x-amz-checksum-'.length).toUpperCase();
    expect(await failureOf(decodeAwsChunked(frame('AAAAAA=='), headers))).toMatchObject({
      code: 'BadDigest',
      status: 400,
      message: `The ${algorithm} you specified did not match the calculated checksum.`,
    });
  });

  test.each<[string, string, object]>([
    ['announced field missing', 'b\r\nHello world\r\n0\r\n\r\n', { code: 'MalformedTrailerError' }],
    ['no last chunk', 'b\r\nHello world\r\n', { code: 'IncompleteBody' }],
    ['broken off within a chunk', 'b\r\nHello', { code: 'IncompleteBody' }],
    ['chunk longer than its size', '5\r\nHello world\r\n0\r\n\r\n', { code: 'IncompleteBody' }],
    ['no size', 'Hello world', { code: 'IncompleteBody' }],
    ['negative size', '-1\r\n\r\n', { code: 'IncompleteBody' }],
    ['bare line feeds', 'b\nHello world\n0\n\n', { code: 'IncompleteBody' }],
    ['nothing', '', { code: 'IncompleteBody' }],
  ])('%s', async (_title, text, expected) => {
    expect(
      await failureOf(decodeAwsChunked(bodyOf(Buffer.from(text)), UNSIGNED_HEADERS)),
    ).toMatchObject(expected);
  });

  test('another length than promised', async () => {
    const headers = { ...UNSIGNED_HEADERS, 'x-amz-decoded-content-length': '12' };
    const body = bodyOf(
      Buffer.from('b\r\nHello world\r\n0\r\nx-amz-checksum-crc32:i9aeUg==\r\n\r\n'),
    );
    expect(await failureOf(decodeAwsChunked(body, headers))).toMatchObject({
      code: 'IncompleteBody',
      message:
        'You did not provide the number of bytes specified by the Content-Length HTTP header',
    });
  });

  test('more than its reader allows', async () => {
    const body = bodyOf(
      Buffer.from('b\r\nHello world\r\n0\r\nx-amz-checksum-crc32:i9aeUg==\r\n\r\n'),
    );
    await expect(decodeAwsChunked(body, UNSIGNED_HEADERS).bytes(10)).rejects.toBeInstanceOf(
      BodyTooLarge,
    );
  });

  test('whatever comes, only ServiceErrors are thrown', async () => {
    const line = fc.constantFrom(
      'b\r\n',
      '0\r\n',
      '\r\n',
      'Hello world',
      'x-amz-checksum-crc32:i9aeUg==\r\n',
      ':\r\n',
      '5;chunk-signature=\r\n',
      'ffffffffffff\r\n',
      '\u0000',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(line, fc.string({ unit: 'binary', maxLength: 20 })), { maxLength: 12 }),
        fc.integer({ min: 1, max: 9 }),
        async (parts, size) => {
          const body = inPieces(Buffer.from(parts.join(''), 'latin1'), size);
          const result = await decodeAwsChunked(body, UNSIGNED_HEADERS)
            .bytes(1e6)
            .catch((error: unknown) => error);
          expect(result instanceof Uint8Array || result instanceof ServiceError).toBe(true);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('bodies that are not chunked', () => {
  const hash = createHash('sha256').update('Hello world').digest('hex');
  const s3 = {
    authorization:
      'AWS4-HMAC-SHA256 Credential=a/20130524/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0',
  };

  test('pass through untouched unless a hash was promised', () => {
    const body = bodyOf(new Uint8Array());
    expect(decodeAwsChunked(body, {})).toBe(body);
    expect(decodeAwsChunked(body, { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' })).toBe(body);
    expect(decodeAwsChunked(body, { 'x-amz-content-sha256': hash })).toBe(body);
  });

  test.each(['bytes', 'stream'] as const)(
    'are held against the promised hash (%s)',
    async (way) => {
      const read = async (text: string): Promise<string> => {
        const body = decodeAwsChunked(bodyOf(Buffer.from(text)), {
          ...s3,
          'x-amz-content-sha256': hash,
        });
        if (way === 'bytes') return Buffer.from(await body.bytes(100)).toString();
        const chunks: Uint8Array[] = [];
        for await (const chunk of body.stream()) chunks.push(chunk);
        return Buffer.concat(chunks).toString();
      };
      expect(await read('Hello world')).toBe('Hello world');
      await expect(read('Hello World')).rejects.toMatchObject({
        code: 'XAmzContentSHA256Mismatch',
        message: "The provided 'x-amz-content-sha256' header does not match what was computed.",
        fields: { ClientComputedContentSHA256: hash },
      });
    },
  );

  test('also of other services, when signatures are verified', async () => {
    const body = decodeAwsChunked(
      bodyOf(Buffer.from('x')),
      { 'x-amz-content-sha256': hash },
      materialOf('0', hash),
    );
    expect(await failureOf(body)).toMatchObject({ code: 'XAmzContentSHA256Mismatch' });
  });
});

describe('uploads of the SDK', () => {
  async function capture(body: string | Readable, more: object): Promise<HttpRequest> {
    let captured: HttpRequest | undefined;
    const client = new S3Client({
      region: 'eu-west-1',
      endpoint: 'http://localhost:4566',
      forcePathStyle: true,
      credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: SECRET },
      requestHandler: {
        async handle(request: {
          method: string;
          path: string;
          headers: Record<string, string>;
          body: unknown;
        }) {
          const chunks: Buffer[] = [];
          if (typeof request.body === 'string' || request.body instanceof Uint8Array)
            chunks.push(Buffer.from(request.body as string));
          else
            for await (const chunk of request.body as AsyncIterable<Buffer>)
              chunks.push(Buffer.from(chunk));
          const headers = Object.fromEntries(
            Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]),
          );
          captured = {
            method: request.method,
            path: request.path,
            query: 'x-id=PutObject',
            headers,
            body: bodyOf(Buffer.concat(chunks)),
            sourceIp: '',
            signal: new AbortController().signal,
          };
          return { response: { statusCode: 200, headers: {}, body: Readable.from([]) } };
        },
      } as never,
    });
    await client.send(new PutObjectCommand({ Bucket: 'b', Key: 'k', Body: body, ...more }));
    if (captured === undefined) throw new Error('no request was made');
    return captured;
  }

  test.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)(
    'a stream with a trailing %s',
    async (algorithm) => {
      const text = 'Hello world'.repeat(20_000);
      const more = { ChecksumAlgorithm: algorithm, ContentLength: text.length };
      const request = await capture(Readable.from([Buffer.from(text)]), more);
      expect(request.headers['x-amz-content-sha256']).toBe('STREAMING-UNSIGNED-PAYLOAD-TRAILER');
      const nowMs = Date.now();
      const verified = await verifySignature({
        request,
        credentials: { secretAccessKey: SECRET },
        nowMs,
      });
      expect(verified).toMatchObject({ ok: true });
      const material = verified.ok ? verified.material : undefined;
      const decoded = decodeAwsChunked(request.body, request.headers, material);
      expect(Buffer.from(await decoded.bytes(1e6)).toString()).toBe(text);
      expect(Object.keys(decoded.trailers?.() ?? {})).toEqual([
        `x-amz-checksum-${algorithm.toLowerCase()}`,
      ]);
    },
  );

  test('text, whole', async () => {
    const request = await capture('Hello world', {});
    const verified = await verifySignature({
      request,
      credentials: { secretAccessKey: SECRET },
      nowMs: Date.now(),
    });
    expect(verified).toMatchObject({ ok: true });
    const decoded = decodeAwsChunked(
      request.body,
      request.headers,
      verified.ok ? verified.material : undefined,
    );
    expect(Buffer.from(await decoded.bytes(100)).toString()).toBe('Hello world');
  });
});
