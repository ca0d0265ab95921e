// A whole server under load over HTTP is killed at random moments: what it acknowledged is there afterwards,
// and nothing is half done.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Random, randomInteger, seededRandom } from '../../src/base/random.ts';
import { runAndKill } from './killed-process.ts';
import { BUCKET, type Ledger, LoadClient, TABLE, bodyOf, emptyLedger, nameIn, prepare, receive, runLoad } from './load-client.ts';
import { chooseSeed } from './seed.ts';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const SEED = chooseSeed('server kill simulation');
const ROUNDS = 14;
const EARLY_ROUNDS = 4;
const LONGEST_LOAD_MS = 900;
const STARTING_MS = 400;

interface Item {
  readonly id: { readonly S: string };
  readonly body?: { readonly S: string };
  readonly pairs?: { readonly N: string };
}

async function scanAll(client: LoadClient): Promise<Item[]> {
  const items: Item[] = [];
  let from: unknown;
  do {
    const page = await client.dynamodb('Scan', {
      TableName: TABLE,
      ConsistentRead: true,
      ...(from === undefined ? {} : { ExclusiveStartKey: from }),
    });
    items.push(...(page['Items'] as Item[]));
    from = page['LastEvaluatedKey'];
  } while (from !== undefined);
  return items;
}

async function checkRecords(client: LoadClient, ledger: Ledger): Promise<void> {
  const found = new Map<string, Item>();
  for (const item of await scanAll(client)) found.set(item.id.S, item);
  const idsOf = (kind: string): Set<string> =>
    new Set([...found.keys()].filter((id) => id.startsWith(`${kind} `)).map((id) => id.slice(kind.length + 1)));
  const puts = idsOf('put');
  expect(missing(ledger.puts, puts)).toEqual([]);
  expect([...puts].filter((id) => found.get(`put ${id}`)?.body?.S !== bodyOf(id, 300).toString())).toEqual([]);
  const [left, right] = [idsOf('left'), idsOf('right')];
  expect(left).toEqual(right);
  expect(missing(ledger.pairs, left)).toEqual([]);
  const counted = [...idsOf('count')].map((worker) => Number(found.get(`count ${worker}`)?.pairs?.N));
  expect(counted.reduce((sum, pairs) => sum + pairs, 0)).toBe(left.size);
}

/** All objects that the bucket lists are whole, and the acknowledged ones are among them. */
async function checkObjects(client: LoadClient, ledger: Ledger, isNew: (key: string) => boolean): Promise<void> {
  const keys: string[] = [];
  for (let from = ''; ; ) {
    const page = (await client.s3('GET', `?list-type=2&start-after=${encodeURIComponent(from)}`)).toString();
    const listed = [...page.matchAll(/<Key>([^<]+)<\/Key>/g)].map((match) => match[1] ?? '');
    keys.push(...listed);
    from = listed.at(-1) ?? '';
    if (!page.includes('<IsTruncated>true</IsTruncated>')) break;
  }
  const once = new Set(keys.filter((key) => key.startsWith('once/')).map((key) => key.slice('once/'.length)));
  expect(missing(ledger.objects, once)).toEqual([]);
  for (const id of [...once].filter(isNew)) {
    expect(nameIn(await client.s3('GET', `/once/${id}`))).toBe(id);
  }
  for (const [slot, version] of ledger.slots) {
    const [name, number] = (nameIn(await client.s3('GET', `/slots/${slot}`)) ?? 'torn').split('/');
    expect(name).toBe(slot);
    expect(Number(number)).toBeGreaterThanOrEqual(version);
  }
}

/** Empties the queue. Nothing else may be in it than what was sent and not deleted. */
async function checkMessages(client: LoadClient, ledger: Ledger): Promise<void> {
  const found = new Set<string>();
  // One second after its receipt a message would be seen again; so long nothing comes, nothing is there.
  for (let emptyAnswers = 0; emptyAnswers < 12; ) {
    const messages = await receive(client);
    if (messages.length === 0) {
      emptyAnswers += 1;
      await sleep(100);
      continue;
    }
    emptyAnswers = 0;
    for (const { id } of messages) found.add(id);
    const Entries = messages.map(({ handle }, at) => ({ Id: String(at), ReceiptHandle: handle }));
    await client.sqs('DeleteMessageBatch', { Entries });
  }
  expect([...found].filter((id) => id.startsWith('torn'))).toEqual([]);
  expect([...found].filter((id) => ledger.deleted.has(id))).toEqual([]);
  expect(missing(ledger.sent, found).filter((id) => !ledger.deleting.has(id))).toEqual([]);
}

function missing(acknowledged: ReadonlySet<string>, found: ReadonlySet<string>): string[] {
  return [...acknowledged].filter((id) => !found.has(id));
}

describe('a server that is killed', () => {
  let data: string;
  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'cloudlet-server-kill-'));
  });
  afterAll(() => rm(data, { recursive: true }));

  /** Starts the server, hands its endpoint over, and kills it when `body` is done. */
  async function withServer(body: (endpoint: string) => Promise<void>): Promise<void> {
    let ready: (endpoint: string) => void = () => {};
    const endpoint = new Promise<string>((resolve) => {
      ready = resolve;
    });
    await runAndKill({
      args: [CLI, 'start', '--port', '0', '--data', data, '--json'],
      onLine: (line) => ready((JSON.parse(line) as { endpoint: string }).endpoint),
      until: async () => body(await endpoint),
    });
  }

  async function killWhileStarting(random: Random): Promise<void> {
    const args = [CLI, 'start', '--port', '0', '--data', data, '--json'];
    await runAndKill({ args, until: () => sleep(randomInteger(random, STARTING_MS)) });
  }

  test(`loses nothing it acknowledged, and has nothing half (${ROUNDS} rounds)`, async () => {
    const random = seededRandom(SEED);
    const ledger = emptyLedger();
    for (let round = 0; round < ROUNDS; round++) {
      if (round >= ROUNDS - EARLY_ROUNDS) await killWhileStarting(random);
      let load: Promise<void> = Promise.resolve();
      await withServer(async (endpoint) => {
        const client = new LoadClient(endpoint);
        if (round === 0) await prepare(client);
        await checkRecords(client, ledger);
        await checkObjects(client, ledger, (key) => key.split('-')[1] === String(round - 1));
        client.close();
        load = runLoad(endpoint, ledger, round);
        await sleep(100 + randomInteger(random, LONGEST_LOAD_MS));
      });
      await load;
      expect(ledger.complaints).toEqual([]);
    }
    await withServer(async (endpoint) => {
      const client = new LoadClient(endpoint);
      await checkRecords(client, ledger);
      await checkObjects(client, ledger, () => true);
      await checkMessages(client, ledger);
      client.close();
    });
    const { puts, pairs, sent, deleted, objects, slots } = ledger;
    const counts = { puts, pairs, sent, deleted, objects, slots };
    const sizes = Object.entries(counts).map(([kind, ids]) => `${ids.size} ${kind}`);
    console.log(`killed ${ROUNDS + EARLY_ROUNDS} times; acknowledged in ${BUCKET}, ${TABLE} and the queue: ${sizes.join(', ')}`);
    // The rounds mean something only if there was load: each kind, many times.
    for (const kind of [puts, pairs, sent, deleted, objects]) expect(kind.size).toBeGreaterThan(ROUNDS);
  }, 180_000);
});
