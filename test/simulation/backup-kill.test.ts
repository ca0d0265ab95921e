// A cloud is killed while a table is written to, backed up, restored to a time and copied to another
// region: what comes back is a state the table really had, whole transactions and nothing lost.
import * as D from '@aws-sdk/client-dynamodb';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { randomInteger, seededRandom } from '../../src/base/random.ts';
import { type KillableCloud, startKillableCloud } from './killable-cloud.ts';
import { chooseSeed } from './seed.ts';

const SEED = chooseSeed('backup kill simulation');
const ROUNDS = 4;
const WRITERS = 6;
/** Enough that a copy takes several chunks. */
const FILLER = 700;
const POLL_MS = 50;
const FAR = 'eu-west-1';

/** The same cloud, asked for another region. */
class FarClient extends D.DynamoDBClient {
  constructor(config: D.DynamoDBClientConfig) {
    super({ ...config, region: FAR });
  }
}

let folder: string;
let cloud: KillableCloud;
/** The last count of each writer that was acknowledged. */
const acknowledged = new Map<string, number>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloudlet-backup-kill-'));
  cloud = await startKillableCloud(folder);
  const db = cloud.client(D.DynamoDBClient);
  await db.send(
    new D.CreateTableCommand({
      TableName: 'pairs',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true };
  await db.send(
    new D.UpdateContinuousBackupsCommand({ TableName: 'pairs', PointInTimeRecoverySpecification }),
  );
  for (let at = 0; at < FILLER; at += 25) {
    const requests = Array.from({ length: 25 }, (_, i) => ({
      PutRequest: { Item: { id: { S: `filler-${at + i}` } } },
    }));
    await db.send(new D.BatchWriteItemCommand({ RequestItems: { pairs: requests } }));
  }
});
afterAll(async () => {
  await cloud.close();
  await rm(folder, { recursive: true, force: true });
});

/** Counts two items up together until the cloud is killed or `stop` says so. */
async function write(db: D.DynamoDBClient, id: string, stop: { now: boolean }): Promise<void> {
  try {
    for (let n = (acknowledged.get(id) ?? 0) + 1; !stop.now; n += 1) {
      const put = (half: string): D.TransactWriteItem => ({
        Put: { TableName: 'pairs', Item: { id: { S: `${id}-${half}` }, n: { N: String(n) } } },
      });
      await db.send(new D.TransactWriteItemsCommand({ TransactItems: [put('a'), put('b')] }));
      acknowledged.set(id, n);
    }
  } catch {
    // The connection is gone with the cloud; the write may have been made or not.
  }
}

async function counts(db: D.DynamoDBClient, TableName: string): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  let rows = 0;
  for (let start: Record<string, D.AttributeValue> | undefined; ; ) {
    const page: D.ScanCommandOutput = await db.send(
      new D.ScanCommand({ TableName, ExclusiveStartKey: start }),
    );
    for (const { id, n } of page.Items ?? []) if (n !== undefined) found.set(id?.S ?? '', Number(n.N));
    rows += page.Items?.length ?? 0;
    start = page.LastEvaluatedKey;
    if (start === undefined) break;
  }
  expect(rows - found.size).toBe(FILLER);
  return found;
}

async function active(db: D.DynamoDBClient, TableName: string): Promise<void> {
  for (;;) {
    const { Table } = await db.send(new D.DescribeTableCommand({ TableName }));
    const copying = Table?.Replicas?.some(({ ReplicaStatus }) => ReplicaStatus !== 'ACTIVE');
    if (Table?.TableStatus === 'ACTIVE' && copying !== true) return;
    await sleep(POLL_MS);
  }
}

/** Both items of a pair as one transaction left them, and nothing older than was acknowledged. */
function expectWhole(found: Map<string, number>, atLeast: Map<string, number>): void {
  for (let i = 0; i < WRITERS; i += 1) {
    const id = `writer-${i}`;
    expect(found.get(`${id}-a`)).toBe(found.get(`${id}-b`));
    expect(found.get(`${id}-a`) ?? 0).toBeGreaterThanOrEqual(atLeast.get(id) ?? 0);
  }
}

test(`backups, restores and replicas survive kills (${ROUNDS} rounds)`, async () => {
  const random = seededRandom(SEED);
  for (let round = 0; round < ROUNDS; round += 1) {
    const db = cloud.client(D.DynamoDBClient);
    const stop = { now: false };
    const writers = Array.from({ length: WRITERS }, (_, i) => write(db, `writer-${i}`, stop));
    await sleep(100 + randomInteger(random, 300));
    const before = new Map(acknowledged);
    const BackupName = `backup-${round}`;
    const backup = await db.send(new D.CreateBackupCommand({ TableName: 'pairs', BackupName }));
    const target = `latest-${round}`;
    await db.send(
      new D.RestoreTableToPointInTimeCommand({
        SourceTableName: 'pairs',
        TargetTableName: target,
        UseLatestRestorableTime: true,
      }),
    );
    if (round === 1) {
      const ReplicaUpdates = [{ Create: { RegionName: FAR } }];
      await db.send(new D.UpdateTableCommand({ TableName: 'pairs', ReplicaUpdates }));
    }
    await sleep(randomInteger(random, 60));
    await cloud.killAndRestart();
    await Promise.all(writers);

    const again = cloud.client(D.DynamoDBClient);
    const { BackupArn } = backup.BackupDetails ?? {};
    for (;;) {
      const described = await again.send(new D.DescribeBackupCommand({ BackupArn }));
      if (described.BackupDescription?.BackupDetails?.BackupStatus === 'AVAILABLE') break;
      await sleep(POLL_MS);
    }
    const restored = `restored-${round}`;
    const restore = { TargetTableName: restored, BackupArn };
    await again.send(new D.RestoreTableFromBackupCommand(restore));
    for (const name of ['pairs', target, restored]) await active(again, name);
    expectWhole(await counts(again, target), before);
    expectWhole(await counts(again, restored), before);
    for (const [id, n] of await counts(again, 'pairs')) {
      const writer = id.slice(0, -2);
      expect(n).toBeGreaterThanOrEqual(acknowledged.get(writer) ?? 0);
      acknowledged.set(writer, n);
    }
  }
  const here = await counts(cloud.client(D.DynamoDBClient), 'pairs');
  const far = cloud.client(FarClient);
  for (;;) {
    const there = await counts(far, 'pairs');
    if ([...here].every(([id, n]) => there.get(id) === n)) break;
    await sleep(POLL_MS);
  }
}, 120_000);
