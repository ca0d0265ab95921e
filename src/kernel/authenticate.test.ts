// Authentication by mode: what a laptop trusts and a server verifies.
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { createMemoryStore } from '../platform/memory-store.ts';
import { bodyOf } from '../wire/http.ts';
import type { HttpRequest } from '../wire/http.ts';
import { identifyCaller } from '../wire/sigv4/identify-caller.ts';
import type { AuthenticationOptions } from './authenticate.ts';
import { authenticate } from './authenticate.ts';
import { newSessionSecrets } from './credentials.ts';

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

function requestOf(accessKeyId?: string, sessionToken?: string): HttpRequest {
  const credential = `Credential=${accessKeyId}/20260102/us-east-1/dynamodb/aws4_request`;
  const authorization = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=host, Signature=${'0'.repeat(64)}`;
  return {
    method: 'POST',
    path: '/',
    query: '',
    headers: {
      host: 'localhost',
      'x-amz-date': '20260102T030405Z',
      ...(accessKeyId === undefined ? {} : { authorization }),
      ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
    },
    body: bodyOf(new Uint8Array()),
    sourceIp: '127.0.0.1',
    signal: new AbortController().signal,
  };
}

async function ask(
  request: HttpRequest,
  more: Partial<AuthenticationOptions>,
): Promise<Awaited<ReturnType<typeof authenticate>>> {
  const options = {
    store: createMemoryStore(),
    mode: 'trust',
    nowMs: NOW_MS,
    maxSkewMs: 900_000,
    family: 'json',
  } as const;
  return authenticate(request, identifyCaller(request), { ...options, ...more });
}

const root = (account: string): object => ({ principal: { kind: 'root', account } });

describe('trust', () => {
  test.each([
    ['a 12-digit key is its own account', '111122223333', '111122223333'],
    ['test', 'test', '000000000000'],
    ['a key of AWS that a developer has', 'AKIAIOSFODNN7EXAMPLE', '000000000000'],
  ])('%s', async (_title, key, account) => {
    expect(await ask(requestOf(key), {})).toEqual(root(account));
  });

  test("a session of AWS's own is a developer's too", async () => {
    expect(await ask(requestOf('ASIAIOSFODNN7EXAMPLE', 'IQoJb3JpZ2luX2Vj'), {})).toEqual(
      root('000000000000'),
    );
  });
});

describe('verify', () => {
  test('refuses keys that were not issued, and requests without any', async () => {
    await expect(ask(requestOf('test'), { mode: 'verify' })).rejects.toMatchObject({
      code: 'UnrecognizedClientException',
    });
    await expect(ask(requestOf(), { mode: 'verify' })).rejects.toMatchObject({
      code: 'MissingAuthenticationTokenException',
      message: 'Request is missing Authentication Token',
    });
    await expect(ask(requestOf(), { mode: 'verify', family: 'query' })).rejects.toMatchObject({
      code: 'MissingAuthenticationToken',
      status: 403,
    });
  });

  test('leaves public buckets to S3', async () => {
    expect(await ask(requestOf(), { mode: 'verify', family: 's3' })).toMatchObject({
      principal: { kind: 'anonymous' },
    });
  });
});

test.each(['trust', 'verify'] as const)(
  '%s: a session that was forgotten long ago has expired',
  async (mode) => {
    const { accessKeyId, sessionToken } = newSessionSecrets(seededRandom(1), '111122223333');
    await expect(ask(requestOf(accessKeyId, sessionToken), { mode })).rejects.toMatchObject({
      code: 'ExpiredTokenException',
    });
  },
);
