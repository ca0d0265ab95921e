// Key ids carry their account as AWS's do; sessions are stored, resolved and in the end forgotten.
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../base/random.ts';
import { createMemoryStore } from '../platform/memory-store.ts';
import { decodeAccount, newUniqueId } from './access-key-id.ts';
import type { Principal } from './call.ts';
import {
  deleteAccessKey,
  issueSession,
  newSessionSecrets,
  putAccessKey,
  resolveAccessKey,
} from './credentials.ts';

const DAY_MS = 86_400_000;
const PRINCIPAL: Principal = {
  kind: 'role',
  account: '123456789012',
  arn: 'arn:aws:sts::123456789012:assumed-role/app/session',
  roleArn: 'arn:aws:iam::123456789012:role/app',
  userId: 'AROAEXAMPLE:session',
};

describe('access key ids', () => {
  // Keys of real accounts, published with their account numbers.
  test.each([
    [
      'ASIAY34FZKBOKMUTVV7A',
      '609629065308',
      'awsteele.com/blog/2020/09/26/aws-access-key-format.html',
    ],
    [
      'ASIAQAAAAAAAGMKEM7X5',
      '000000000000',
      'localstack tests of extract_account_id_from_access_key_id',
    ],
  ])('%s belongs to %s (%s)', (id, account) => {
    expect(decodeAccount(id)).toBe(account);
  });

  test.each(['000000000000', '123456789012', '999999999999', '549755813888'])(
    'made for %s',
    (account) => {
      const random = seededRandom(1);
      for (const [prefix, length] of [
        ['AKIA', 20],
        ['ASIA', 20],
        ['AROA', 21],
        ['AIDA', 21],
      ] as const) {
        const id = newUniqueId(random, prefix, account);
        expect(id).toMatch(new RegExp(`^${prefix}[A-Z2-7]{${length - 4}}$`));
        expect(decodeAccount(id.slice(0, 20))).toBe(account);
      }
    },
  );

  test('ids of one account differ', () => {
    const random = seededRandom(2);
    const ids = new Set(
      Array.from({ length: 2000 }, () => newUniqueId(random, 'AKIA', '123456789012')),
    );
    expect(ids.size).toBe(2000);
  });

  test.each(['', 'test', '123456789012', 'AKIA0000000000000000', 'AKIA234567'])(
    '%j is none',
    (text) => {
      expect(decodeAccount(text)).toBeUndefined();
    },
  );
});

describe('credentials', () => {
  test('a stored key resolves to its principal; deleted, it stays refused and has no secret', async () => {
    const store = createMemoryStore();
    const secrets = { accessKeyId: 'AKIAQAAAAAAAGMKEM7X5', secretAccessKey: 's' };
    await store.transact(async (tx) =>
      putAccessKey(tx, { ...secrets, principal: PRINCIPAL, active: true }),
    );
    expect(await store.read((view) => resolveAccessKey(view, secrets.accessKeyId))).toEqual({
      ...secrets,
      principal: PRINCIPAL,
      active: true,
    });
    await store.transact((tx) => deleteAccessKey(tx, secrets.accessKeyId));
    expect(await store.read((view) => resolveAccessKey(view, secrets.accessKeyId))).toMatchObject({
      active: false,
      secretAccessKey: '',
    });
  });

  test('a session stays known for a day after its end, then new sessions push it out', async () => {
    const store = createMemoryStore();
    const random = seededRandom(3);
    const issue = (nowMs: number): Promise<string> => {
      const secrets = newSessionSecrets(random, PRINCIPAL.account);
      return store.transact(async (tx) => {
        const request = { principal: PRINCIPAL, nowMs, expiresAtMs: nowMs + 3_600_000, secrets };
        return (await issueSession(tx, request)).accessKeyId;
      });
    };
    const first = await issue(0);
    await issue(3_600_000 + DAY_MS);
    expect(await store.read((view) => resolveAccessKey(view, first))).toMatchObject({
      expiresAtMs: 3_600_000,
    });
    await issue(3_600_001 + DAY_MS);
    expect(await store.read((view) => resolveAccessKey(view, first))).toBeUndefined();
  });
});
