// Random transactions against every engine: whatever interleaves, conflicts or crashes, the outcome
// is that of running them one after the other, and nothing that was acknowledged is lost.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { AssertionFailed } from '../../src/base/errors.ts';
import { type Random, randomInteger, seededRandom } from '../../src/base/random.ts';
import type { Key, ReadTx, Store, Tx } from '../../src/base/store.ts';
import { AFTER_ANY } from '../../src/base/tuple.ts';
import { openLmdbStore } from '../../src/platform/lmdb-store.ts';
import { createMemoryStore } from '../../src/platform/memory-store.ts';
import { createOptimisticStore } from '../../src/platform/optimistic-store.ts';
import { type Attempt, type History, type RecordedTx, createHistory } from './history.ts';
import { type Scheduler, createScheduler } from './scheduler.ts';
import { chooseSeed } from './seed.ts';
import { createSimulatedDisk } from './simulated-disk.ts';

const SEED = chooseSeed('store simulation');
const KEYS = 10;
const CLIENTS = 8;
const TRANSACTIONS_PER_CLIENT = 12;

interface World {
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly history: History;
  /** Entries that running transactions of one process have claimed. */
  readonly claimed: Set<string>;
}

class Abandoned extends Error {}

function createWorld(random: Random): World {
  return {
    random,
    scheduler: createScheduler(random),
    history: createHistory(),
    claimed: new Set(),
  };
}

/** A key of a small space, so that transactions meet. */
function pickKey(random: Random): Key {
  const number = randomInteger(random, KEYS);
  return number < 3 ? ['k', number, 'sub'] : ['k', number];
}

/** One random step of a body. */
async function step(world: World, tx: RecordedTx, claims: Set<string>): Promise<void> {
  const { random } = world;
  const key = pickKey(random);
  const value = `${tx.attempt.number}.${tx.attempt.steps.length}`;
  switch (randomInteger(random, 8)) {
    case 0:
    case 1:
      await tx.get(key);
      break;
    case 2: {
      const ends: [Key, Key] =
        randomInteger(random, 3) === 0 ? [['log'], ['log', AFTER_ANY]] : [key, pickKey(random)];
      await tx.range(...ends, {
        limit: 1 + randomInteger(random, 5),
        reverse: random.next() < 0.5,
      });
      break;
    }
    case 3:
    case 4:
      tx.put(key, value);
      break;
    case 5:
      tx.delete(key);
      break;
    case 6:
      tx.append(['log', randomInteger(random, 2)], value);
      break;
    default:
      await work(world, tx, claims);
  }
}

/** Puts a message in the queue, or takes some out. */
async function work(world: World, tx: RecordedTx, claims: Set<string>): Promise<void> {
  const { random, claimed } = world;
  if (random.next() < 0.4) {
    tx.put(['queue', randomInteger(random, 20)], `${tx.attempt.number}.${tx.attempt.steps.length}`);
    return;
  }
  const own = new Set(
    tx.attempt.steps.flatMap((done) => (done.kind === 'put' ? [JSON.stringify(done.key)] : [])),
  );
  for (const { key } of await tx.claim(
    ['queue'],
    ['queue', AFTER_ANY],
    1 + randomInteger(random, 3),
  )) {
    const name = JSON.stringify(key);
    if (!own.has(name) && !claims.has(name)) {
      expect(claimed.has(name), `${name} is claimed once at a time`).toBe(false);
      claimed.add(name);
      claims.add(name);
    }
    if (random.next() < 0.7) tx.delete(key);
  }
}

async function runBody(world: World, recorded: RecordedTx, readsOnly: boolean): Promise<void> {
  const { random, scheduler, claimed } = world;
  const claims = new Set<string>();
  try {
    for (let left = randomInteger(random, 6); left >= 0; left--) {
      if (random.next() < 0.5) await scheduler.pause();
      if (readsOnly) await readStep(random, recorded);
      else await step(world, recorded, claims);
    }
    if (random.next() < 0.5) await scheduler.pause();
  } finally {
    for (const name of claims) claimed.delete(name);
  }
}

async function readStep(random: Random, tx: RecordedTx): Promise<void> {
  if (random.next() < 0.5) await tx.get(pickKey(random));
  else await tx.range(pickKey(random), pickKey(random), { limit: 1 + randomInteger(random, 5) });
}

/** One transaction of a random kind, from its beginning to its published outcome. */
async function transactOnce(world: World, store: Store): Promise<void> {
  const { random, history } = world;
  const kind = randomInteger(random, 10);
  let attempt: Attempt | undefined;
  const reads = async (view: ReadTx): Promise<void> => {
    const recorded = await history.reading(view);
    attempt = recorded.attempt;
    await runBody(world, recorded, true);
  };
  if (kind === 0) {
    await store.read(reads);
  } else if (kind === 1) {
    await store.transact(reads);
  } else if (kind === 2) {
    await abandon(store, reads);
  } else {
    await store.transact(async (tx) => {
      const recorded = await history.writing(tx);
      attempt = recorded.attempt;
      await runBody(world, recorded, false);
    });
  }
  if (attempt === undefined) throw new AssertionFailed('the body never ran');
  history.published(attempt);
}

/** A transaction that writes, and then fails by its own will. */
async function abandon(store: Store, reads: (view: ReadTx) => Promise<void>): Promise<void> {
  try {
    await store.transact(async (tx: Tx) => {
      await reads(tx);
      tx.put(['k', 0], Buffer.from('must not last'));
      throw new Abandoned();
    });
  } catch (error) {
    if (error instanceof Abandoned) return;
    throw error;
  }
  throw new AssertionFailed('the error of the body was swallowed');
}

async function runClient(world: World, store: Store): Promise<void> {
  for (let left = TRANSACTIONS_PER_CLIENT; left > 0; left--) await transactOnce(world, store);
}

/** Several clients per store at the same time; the stores are processes that share one disk. */
function startClients(world: World, stores: readonly Store[]): Promise<unknown> {
  const clients = stores.flatMap((store) => {
    const process = { ...world, claimed: new Set<string>() };
    return Array.from({ length: CLIENTS / stores.length }, () => runClient(process, store));
  });
  return Promise.all(clients);
}

/** Runs `round` with one derived seed after the other, and names the one that fails. */
async function repeat(rounds: number, round: (random: Random) => Promise<void>): Promise<void> {
  for (let at = 0; at < rounds; at++) {
    try {
      await round(seededRandom(SEED + at));
    } catch (error) {
      throw new Error(`failed in round ${at}: replay with SEED=${SEED + at}`, { cause: error });
    }
  }
}

test('memory: the outcome is serialisable', async () => {
  await repeat(60, async (random) => {
    const world = createWorld(random);
    const store = createMemoryStore();
    await world.scheduler.run(startClients(world, [store]));
    expect(await world.history.check(store)).toBeGreaterThan(CLIENTS);
    await store.close();
  });
});

test('memory: forks go their own ways', async () => {
  await repeat(20, async (random) => {
    const world = createWorld(random);
    const store = createMemoryStore();
    await world.scheduler.run(startClients(world, [store]));
    const before = await world.history.check(store);
    const fork = store.fork();
    await world.scheduler.run(startClients(world, [fork]));
    expect(await world.history.check(fork)).toBeGreaterThan(before);
  });
});

test('slow disk: commits that gather behind one another are serialisable', async () => {
  await repeat(60, async (random) => {
    const world = createWorld(random);
    const store = createOptimisticStore(createSimulatedDisk().connect(world.scheduler));
    await world.scheduler.run(startClients(world, [store]));
    await world.history.check(store);
  });
});

test('shared disk: several processes are serialisable together', async () => {
  await repeat(60, async (random) => {
    const world = createWorld(random);
    const disk = createSimulatedDisk();
    const connect = (): Store => createOptimisticStore(disk.connect(world.scheduler));
    await world.scheduler.run(startClients(world, [connect(), connect()]));
    await world.history.check(connect());
  });
});

test('crashes: what was acknowledged is there, what is half done is not', async () => {
  await repeat(60, async (random) => {
    const first = createWorld(random);
    const disk = createSimulatedDisk();
    for (let life = 0; life < 4; life++) {
      const world = { ...first, scheduler: createScheduler(random) };
      const connect = (): Store => createOptimisticStore(disk.connect(world.scheduler));
      // The process dies after some steps, wherever its transactions and commits are then.
      void startClients(world, [connect(), connect()]);
      await world.scheduler.runAndCrash(randomInteger(random, 600));
      await world.history.check(connect());
    }
  });
});

test('lmdb: the outcome is serialisable, also reopened', async () => {
  const path = await mkdtemp(join(tmpdir(), 'cloudlet-simulation-'));
  await repeat(12, async (random) => {
    const world = createWorld(random);
    for (let life = 0; life < 2; life++) {
      const store = await openLmdbStore({ path });
      await world.scheduler.run(startClients(world, [store]));
      await world.history.check(store);
      await store.close();
    }
    await rm(path, { recursive: true });
  });
});
