// The official Signature Version 4 vectors, verified as a server would meet them.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bodyOf } from '../../src/wire/http.ts';
import type { HttpRequest } from '../../src/wire/http.ts';
import { parseAmzDate } from '../../src/wire/sigv4/amz-date.ts';
import { buildCanonicalRequest } from '../../src/wire/sigv4/canonical-request.ts';
import { sha256Hex } from '../../src/wire/sigv4/signing-key.ts';
import { verifySignature } from '../../src/wire/sigv4/verify.ts';

const VECTORS = join(import.meta.dirname, '../../../shared/conformance/sigv4');
const present = existsSync(VECTORS);

// The key pair that all vectors are signed with, from the suite's documentation.
const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const NOW_MS = parseAmzDate('20150830T123600Z') ?? 0;

/** Vectors whose signature no server can accept, with the reason. Their other files are held against ours. */
const NOT_ACCEPTABLE: Readonly<Record<string, string>> = {
  'get-vanilla-with-session-token':
    "the signature in the suite is a placeholder: the session token's own text, rotated, and no HMAC of the string to sign",
};

interface Vector {
  readonly name: string;
  readonly folder: string;
}

function findVectors(folder: string): Vector[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return findVectors(path);
    return entry.name.endsWith('.req') ? [{ name: entry.name.slice(0, -4), folder }] : [];
  });
}

function read({ name, folder }: Vector, extension: string): string {
  return readFileSync(join(folder, `${name}.${extension}`), 'utf8').replaceAll('\r\n', '\n');
}

/** The suite's raw requests, as an HTTP server hands them over: names in lower case, values joined. */
function parseRequest(text: string): HttpRequest {
  const [head = '', ...rest] = text.split('\n\n');
  const [line = '', ...fields] = head.replaceAll(/\n[ \t]+/g, ' ').split('\n');
  const [, method = '', target = ''] = /^(\S+) (.*) HTTP\/1\.1$/.exec(line) ?? [];
  const mark = target.indexOf('?');
  const headers: Record<string, string> = {};
  for (const field of fields) {
    const colon = field.indexOf(':');
    const name = field.slice(0, colon).toLowerCase();
    const value = field.slice(colon + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${headers[name]},${value}`;
  }
  return {
    method,
    path: mark === -1 ? target : target.slice(0, mark),
    query: mark === -1 ? '' : target.slice(mark + 1),
    headers,
    body: bodyOf(Buffer.from(rest.join('\n\n'))),
    sourceIp: '127.0.0.1',
    signal: new AbortController().signal,
  };
}

function unsigned(request: HttpRequest): HttpRequest {
  const { authorization: _, ...headers } = request.headers;
  return { ...request, headers };
}

const vectors = present ? findVectors(VECTORS) : [];

describe.skipIf(!present)('signature vectors (need ../shared/conformance/sigv4)', () => {
  test('all of them are here', () => {
    expect(vectors.length).toBe(34);
  });

  describe.each(vectors.map((vector) => [vector.name, vector] as const))('%s', (name, vector) => {
    const reason = NOT_ACCEPTABLE[name];
    // The signed form of the request is what a server receives.
    const request = parseRequest(read(vector, 'sreq'));

    test('canonical request', async () => {
      const signedHeaders =
        /SignedHeaders=([^,]+)/.exec(read(vector, 'authz'))?.[1]?.split(';') ?? [];
      const payloadHash = sha256Hex(await request.body.bytes(1e6));
      const canonical = buildCanonicalRequest(unsigned(request), {
        signedHeaders,
        payloadHash,
        isS3: false,
      });
      expect(canonical).toBe(read(vector, 'creq'));
    });

    test.skipIf(reason !== undefined)(
      `the signature holds; with another secret, date or path it does not${reason === undefined ? '' : ` (${reason})`}`,
      async () => {
        const sessionToken = request.headers['x-amz-security-token'];
        const credentials = {
          secretAccessKey: SECRET,
          ...(sessionToken === undefined ? {} : { sessionToken }),
        };
        expect(await verifySignature({ request, credentials, nowMs: NOW_MS })).toMatchObject({
          ok: true,
        });

        const otherSecret = { ...credentials, secretAccessKey: `${SECRET}x` };
        expect(
          await verifySignature({ request, credentials: otherSecret, nowMs: NOW_MS }),
        ).toMatchObject({ ok: false });
        const moved = { ...request, path: `${request.path}x` };
        expect(await verifySignature({ request: moved, credentials, nowMs: NOW_MS })).toMatchObject(
          { ok: false },
        );
        const late = NOW_MS + 16 * 60_000;
        expect(await verifySignature({ request, credentials, nowMs: late })).toMatchObject({
          ok: false,
        });
      },
    );

    test('refusals show the string to sign that the suite names', async () => {
      const result = await verifySignature({
        request,
        credentials: { secretAccessKey: 'other' },
        nowMs: NOW_MS,
      });
      expect(result.ok ? '' : result.message).toContain(`'${read(vector, 'sts')}'`);
    });
  });
});
