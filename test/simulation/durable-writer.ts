// A program for the kill test: writes records and blobs as fast as it can, and prints what was
// acknowledged. Arguments: the data folder and a seed.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type Random, randomInteger, seededRandom } from '../../src/base/random.ts';
import type { Blobs, Key, Store, Tx } from '../../src/base/store.ts';
import { AFTER_ANY } from '../../src/base/tuple.ts';
import { openFileBlobs } from '../../src/platform/file-blobs.ts';
import { openLmdbStore } from '../../src/platform/lmdb-store.ts';
import { ACCOUNTS, OPENING_BALANCE, decode, encode } from './durable-records.ts';

const TRANSFERRERS = 8;

async function main(folder: string, seed: number): Promise<void> {
  const random = seededRandom(seed);
  const store = await openLmdbStore({ path: join(folder, 'store') });
  const blobs = await openFileBlobs({ path: join(folder, 'blobs') });
  await store.transact(openAccounts);
  process.stdout.write('ready\n');
  await Promise.all([
    ...Array.from({ length: TRANSFERRERS }, (_, at) =>
      keepTransferring(store, random, `${seed}-${at}`),
    ),
    keepStoring(store, blobs, random, `${seed}`),
    keepQueueing(store, random, `${seed}`),
  ]);
}

async function openAccounts(tx: Tx): Promise<void> {
  if ((await tx.get(['account', 0])) !== undefined) return;
  for (let at = 0; at < ACCOUNTS; at++) tx.put(['account', at], encode(OPENING_BALANCE));
}

/** Moves money between accounts; the ledger and a receipt say so. */
async function keepTransferring(store: Store, random: Random, name: string): Promise<never> {
  for (let number = 0; ; number++) {
    const id = `${name}-${number}`;
    const [from, to] = [randomInteger(random, ACCOUNTS), randomInteger(random, ACCOUNTS)];
    const amount = randomInteger(random, 100);
    await store.transact(async (tx) => {
      await add(tx, ['account', from], -amount);
      await add(tx, ['account', to], amount);
      tx.append(['ledger'], encode({ id, from, to, amount }));
      tx.put(['receipt', id], encode('x'.repeat(randomInteger(random, 2000))));
    });
    process.stdout.write(`transfer ${id}\n`);
  }
}

async function add(tx: Tx, key: Key, amount: number): Promise<void> {
  const balance = await tx.get(key);
  tx.put(key, encode(Number(decode(balance)) + amount));
}

/** Stores blobs, and replaces one now and then. */
async function keepStoring(
  store: Store,
  blobs: Blobs,
  random: Random,
  name: string,
): Promise<never> {
  for (let number = 0; ; number++) {
    const id = `${name}-${number}`;
    const body = random.bytes(randomInteger(random, random.next() < 0.1 ? 300_000 : 3_000));
    const blob = await blobs.put(body);
    const sha256 = createHash('sha256').update(body).digest('hex');
    await store.transact(async (tx) => tx.put(['object', id], encode({ ...blob, sha256 })));
    process.stdout.write(`object ${id}\n`);
  }
}

/** Sends messages and moves each through a queue: one that was sent is in one of two places. */
async function keepQueueing(store: Store, random: Random, name: string): Promise<never> {
  for (let number = 0; ; number++) {
    const id = `${name}-${number}`;
    await store.transact(async (tx) => tx.put(['waiting', id], encode(id)));
    process.stdout.write(`message ${id}\n`);
    await store.transact(async (tx) => {
      const some = 1 + randomInteger(random, 3);
      for (const { key, value } of await tx.claim(['waiting'], ['waiting', AFTER_ANY], some)) {
        tx.delete(key);
        tx.put(['handled', ...key.slice(1)], value);
      }
    });
  }
}

const [folder, seed] = process.argv.slice(2);
if (folder === undefined || seed === undefined)
  throw new Error('usage: durable-writer FOLDER SEED');
await main(folder, Number(seed));
