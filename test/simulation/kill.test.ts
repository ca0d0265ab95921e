// A writer is killed at random moments, again and again: all it acknowledged is there afterwards,
// and nothing is half done.
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Random, randomInteger, seededRandom } from '../../src/base/random.ts';
import type { Blobs, Entry, Store } from '../../src/base/store.ts';
import { AFTER_ANY } from '../../src/base/tuple.ts';
import { openFileBlobs } from '../../src/platform/file-blobs.ts';
import { openLmdbStore } from '../../src/platform/lmdb-store.ts';
import {
  ACCOUNTS,
  OPENING_BALANCE,
  type StoredObject,
  type Transfer,
  decode,
} from './durable-records.ts';
import { bundleProgram, runAndKill } from './killed-process.ts';
import { chooseSeed } from './seed.ts';

const SEED = chooseSeed('kill simulation');
const ROUNDS = 22;
const EARLY_ROUNDS = 10;
const LONGEST_RUN_MS = 400;
const START_MS = 150;

interface Opened {
  readonly store: Store;
  readonly blobs: Blobs;
}

async function openData(folder: string): Promise<Opened> {
  const store = await openLmdbStore({ path: join(folder, 'store') });
  return { store, blobs: await openFileBlobs({ path: join(folder, 'blobs') }) };
}

function list(store: Store, table: string): Promise<Entry[]> {
  return store.read((view) => view.range([table], [table, AFTER_ANY], { limit: 1e9 }));
}

async function idsOf(store: Store, table: string): Promise<Set<unknown>> {
  return new Set((await list(store, table)).map((entry) => entry.key[1]));
}

/** Balances are what the ledger makes of them: every transfer is there with all its parts. */
async function checkAccounts(store: Store): Promise<void> {
  const balances = (await list(store, 'account')).map((entry) => Number(decode(entry.value)));
  const ledger = (await list(store, 'ledger')).map((entry) => decode(entry.value) as Transfer);
  const expected = balances.map(() => OPENING_BALANCE);
  for (const { from, to, amount } of ledger) {
    expected[from] = (expected[from] ?? 0) - amount;
    expected[to] = (expected[to] ?? 0) + amount;
  }
  expect([0, ACCOUNTS]).toContain(balances.length);
  expect(balances).toEqual(expected);
  const receipts = await idsOf(store, 'receipt');
  expect(receipts).toEqual(new Set(ledger.map((transfer) => transfer.id)));
}

/** Every object's blob has the bytes it was made of. */
async function checkObjects({ store, blobs }: Opened): Promise<void> {
  for (const entry of await list(store, 'object')) {
    const { id, sizeBytes, sha256 } = decode(entry.value) as StoredObject;
    const body = await blobs.get(id);
    expect([body.length, createHash('sha256').update(body).digest('hex')]).toEqual([
      sizeBytes,
      sha256,
    ]);
  }
}

async function checkAcknowledged(store: Store, acknowledged: readonly string[]): Promise<void> {
  const [receipts, objects] = [await idsOf(store, 'receipt'), await idsOf(store, 'object')];
  const [waiting, handled] = [await idsOf(store, 'waiting'), await idsOf(store, 'handled')];
  expect([...waiting].filter((id) => handled.has(id))).toEqual([]);
  const lost = acknowledged.filter((line) => {
    const [kind, id] = line.split(' ');
    if (kind === 'transfer') return !receipts.has(id);
    if (kind === 'object') return !objects.has(id);
    return kind === 'message' && !waiting.has(id) && !handled.has(id);
  });
  expect(lost).toEqual([]);
}

describe('a process that is killed', () => {
  let program: string;
  let folder: string;

  beforeAll(async () => {
    program = await bundleProgram(new URL('durable-writer.ts', import.meta.url));
    folder = await mkdtemp(join(tmpdir(), 'cloudlet-kill-'));
  });
  afterAll(async () => {
    await rm(program, { force: true });
    await rm(folder, { recursive: true });
  });

  async function runRound(data: string, random: Random, runMs: number): Promise<string[]> {
    const seed = String(randomInteger(random, 2 ** 31));
    const lines = await runAndKill({ args: [program, data, seed], until: () => sleep(runMs) });
    return lines.filter((line) => line !== 'ready');
  }

  async function check(data: string, acknowledged: readonly string[]): Promise<void> {
    const opened = await openData(data);
    try {
      await checkAcknowledged(opened.store, acknowledged);
      await checkAccounts(opened.store);
      await checkObjects(opened);
    } finally {
      await opened.store.close();
    }
  }

  test(`under load loses nothing it acknowledged (${ROUNDS} rounds)`, async () => {
    const random = seededRandom(SEED);
    const data = join(folder, 'loaded');
    const acknowledged: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const runMs = START_MS + randomInteger(random, LONGEST_RUN_MS);
      acknowledged.push(...(await runRound(data, random, runMs)));
      await check(data, acknowledged);
    }
    // The rounds mean something only if the writers wrote: each kind of record, many times.
    const kinds = ['transfer', 'object', 'message'].map(
      (kind) => acknowledged.filter((line) => line.startsWith(`${kind} `)).length,
    );
    console.log(
      `killed ${ROUNDS} times; acknowledged transfers, objects, messages: ${kinds.join(', ')}`,
    );
    for (const count of kinds) expect(count).toBeGreaterThan(ROUNDS);
  }, 120_000);

  test(`while it makes its store leaves one that opens (${EARLY_ROUNDS} rounds)`, async () => {
    const random = seededRandom(SEED + 1);
    for (let round = 0; round < EARLY_ROUNDS; round++) {
      const data = join(folder, `early-${round}`);
      await check(data, await runRound(data, random, randomInteger(random, START_MS)));
    }
  }, 60_000);
});
