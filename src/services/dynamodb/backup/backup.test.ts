// Backups and recovery through the SDK: what comes back is what was there at the instant asked for.
import {
  BatchWriteItemCommand,
  CreateBackupCommand,
  CreateTableCommand,
  DeleteBackupCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  DescribeBackupCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ListBackupsCommand,
  PutItemCommand,
  QueryCommand,
  RestoreTableFromBackupCommand,
  RestoreTableToPointInTimeCommand,
  ScanCommand,
  TransactWriteItemsCommand,
  UpdateContinuousBackupsCommand,
  UpdateItemCommand,
  type AttributeValue,
  type CreateTableCommandInput,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { randomInteger, seededRandom } from '../../../base/random.ts';
import { createCloud, type TestCloud } from '../../../testing/create-cloud.ts';

let cloud: TestCloud;
let db: DynamoDBClient;

beforeAll(async () => {
  cloud = await createCloud({ startTime: new Date('2026-01-01T00:00:00Z') });
  db = cloud.client(DynamoDBClient);
});
afterAll(() => cloud.close());

const ARN = 'arn:aws:dynamodb:us-east-1:000000000000:table/';

function simple(TableName: string): CreateTableCommandInput {
  return {
    TableName,
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'g', AttributeType: 'S' },
    ],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'by-g',
        KeySchema: [{ AttributeName: 'g', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
    BillingMode: 'PAY_PER_REQUEST',
  };
}

async function put(TableName: string, pk: string, value: string, g = 'g'): Promise<void> {
  const Item = { pk: { S: pk }, v: { S: value }, g: { S: g } };
  await db.send(new PutItemCommand({ TableName, Item }));
}

/** Values by key. */
async function contents(TableName: string): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
  do {
    const page = await db.send(new ScanCommand({ TableName, ExclusiveStartKey }));
    for (const item of page.Items ?? []) all[item['pk']?.S ?? ''] = item['v']?.S ?? '';
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
  return all;
}

async function enableRecovery(TableName: string, RecoveryPeriodInDays?: number): Promise<void> {
  const specification = { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays };
  const input = { TableName, PointInTimeRecoverySpecification: specification };
  await db.send(new UpdateContinuousBackupsCommand(input));
}

async function restoreTo(source: string, target: string, at: Date | undefined): Promise<void> {
  await db.send(
    new RestoreTableToPointInTimeCommand({
      SourceTableName: source,
      TargetTableName: target,
      ...(at === undefined ? { UseLatestRestorableTime: true } : { RestoreDateTime: at }),
    }),
  );
  await cloud.settle();
}

describe('on-demand backups', () => {
  test('hold the table as it was when they were asked for, whatever is written at once after', async () => {
    await db.send(new CreateTableCommand(simple('Music')));
    await put('Music', 'a', '1');
    await put('Music', 'b', '1');
    const made = db.send(new CreateBackupCommand({ TableName: 'Music', BackupName: 'first' }));
    const { BackupDetails: details } = await made;
    expect(details).toMatchObject({
      BackupName: 'first',
      BackupStatus: 'CREATING',
      BackupType: 'USER',
    });
    expect(details?.BackupArn).toMatch(/:table\/Music\/backup\/\d{14}-[0-9a-f]{8}$/);
    await put('Music', 'a', '2');
    await db.send(new DeleteItemCommand({ TableName: 'Music', Key: { pk: { S: 'b' } } }));
    await put('Music', 'c', '1');
    await cloud.settle();

    const BackupArn = details?.BackupArn;
    const { BackupDescription } = await db.send(new DescribeBackupCommand({ BackupArn }));
    expect(BackupDescription?.BackupDetails?.BackupStatus).toBe('AVAILABLE');
    expect(BackupDescription?.SourceTableDetails).toMatchObject({
      TableName: 'Music',
      TableArn: `${ARN}Music`,
      ItemCount: 2,
      BillingMode: 'PAY_PER_REQUEST',
    });
    expect(
      BackupDescription?.SourceTableFeatureDetails?.GlobalSecondaryIndexes?.map((i) => i.IndexName),
    ).toEqual(['by-g']);

    const restore = { TargetTableName: 'Restored', BackupArn };
    const restored = await db.send(new RestoreTableFromBackupCommand(restore));
    expect(restored.TableDescription).toMatchObject({
      TableStatus: 'CREATING',
      RestoreSummary: {
        SourceBackupArn: BackupArn,
        SourceTableArn: `${ARN}Music`,
        RestoreInProgress: true,
      },
    });
    await cloud.settle();
    const { Table } = await db.send(new DescribeTableCommand({ TableName: 'Restored' }));
    expect(Table?.TableStatus).toBe('ACTIVE');
    expect(Table?.RestoreSummary).toBeUndefined();
    expect(await contents('Restored')).toEqual({ a: '1', b: '1' });
    const byG = await db.send(
      new QueryCommand({
        TableName: 'Restored',
        IndexName: 'by-g',
        KeyConditionExpression: 'g = :g',
        ExpressionAttributeValues: { ':g': { S: 'g' } },
      }),
    );
    expect(byG.Count).toBe(2);
    expect(await contents('Music')).toEqual({ a: '2', c: '1' });
  });

  test('are listed by table, type and time, and deleted', async () => {
    await db.send(new CreateTableCommand(simple('Listed')));
    const arns: (string | undefined)[] = [];
    for (const name of ['one', 'two', 'three']) {
      const input = { TableName: 'Listed', BackupName: name };
      arns.push((await db.send(new CreateBackupCommand(input))).BackupDetails?.BackupArn);
      await cloud.clock.advance('1m');
    }
    const page = await db.send(new ListBackupsCommand({ TableName: 'Listed', Limit: 2 }));
    expect(page.BackupSummaries?.map((b) => b.BackupName)).toEqual(['one', 'two']);
    const start = { TableName: 'Listed', ExclusiveStartBackupArn: page.LastEvaluatedBackupArn };
    const rest = await db.send(new ListBackupsCommand(start));
    expect(rest.BackupSummaries?.map((b) => b.BackupName)).toEqual(['three']);
    expect(rest.LastEvaluatedBackupArn).toBeUndefined();

    const second = page.BackupSummaries?.[1]?.BackupCreationDateTime;
    const from = { TableName: 'Listed', TimeRangeLowerBound: second };
    const later = await db.send(new ListBackupsCommand(from));
    expect(later.BackupSummaries?.map((b) => b.BackupName)).toEqual(['two', 'three']);
    const to = { TableName: 'Listed', TimeRangeUpperBound: second };
    const earlier = await db.send(new ListBackupsCommand(to));
    expect(earlier.BackupSummaries?.map((b) => b.BackupName)).toEqual(['one']);

    const gone = await db.send(new DeleteBackupCommand({ BackupArn: arns[0] }));
    expect(gone.BackupDescription?.BackupDetails?.BackupStatus).toBe('DELETED');
    await expect(db.send(new DescribeBackupCommand({ BackupArn: arns[0] }))).rejects.toMatchObject({
      name: 'BackupNotFoundException',
      message: `Backup not found: ${arns[0]}`,
    });
  });

  test('outlive their table, and can be restored without its indexes and in another mode', async () => {
    await db.send(new CreateTableCommand(simple('Short')));
    await put('Short', 'a', '1');
    const input = { TableName: 'Short', BackupName: 'kept' };
    const { BackupDetails } = await db.send(new CreateBackupCommand(input));
    await cloud.settle();
    await db.send(new DeleteTableCommand({ TableName: 'Short' }));
    await cloud.settle();
    await db.send(
      new RestoreTableFromBackupCommand({
        TargetTableName: 'Short',
        BackupArn: BackupDetails?.BackupArn,
        BillingModeOverride: 'PROVISIONED',
        ProvisionedThroughputOverride: { ReadCapacityUnits: 3, WriteCapacityUnits: 4 },
        GlobalSecondaryIndexOverride: [],
      }),
    );
    await cloud.settle();
    const { Table } = await db.send(new DescribeTableCommand({ TableName: 'Short' }));
    expect(Table?.GlobalSecondaryIndexes).toBeUndefined();
    expect(Table?.AttributeDefinitions?.map((a) => a.AttributeName)).toEqual(['pk']);
    expect(Table?.ProvisionedThroughput?.WriteCapacityUnits).toBe(4);
    expect(await contents('Short')).toEqual({ a: '1' });
  });

  test('refuse what AWS refuses', async () => {
    const missing = { TableName: 'nonexistent', BackupName: 'none' };
    await expect(db.send(new CreateBackupCommand(missing))).rejects.toMatchObject({
      name: 'TableNotFoundException',
      message: 'Table not found: nonexistent',
    });
    await db.send(new CreateTableCommand(simple('Busy')));
    const input = { TableName: 'Busy', BackupName: 'again' };
    const { BackupDetails } = await db.send(new CreateBackupCommand(input));
    await cloud.settle();
    const target = { TargetTableName: 'Busy', BackupArn: BackupDetails?.BackupArn };
    await expect(db.send(new RestoreTableFromBackupCommand(target))).rejects.toMatchObject({
      name: 'TableAlreadyExistsException',
      message: 'Table already exists: Busy',
    });
  });
});

describe('point-in-time recovery', () => {
  test('restores to the millisecond, deletions and transactions included', async () => {
    await db.send(new CreateTableCommand(simple('Timed')));
    await put('Timed', 'old', '0');
    await cloud.clock.advance('10s');
    await enableRecovery('Timed');
    await put('Timed', 'a', '1');
    await cloud.clock.advance('1s');
    const first = cloud.clock.now();
    await cloud.clock.advance('1s');
    await db.send(
      new TransactWriteItemsCommand({
        TransactItems: [
          { Delete: { TableName: 'Timed', Key: { pk: { S: 'a' } } } },
          { Put: { TableName: 'Timed', Item: { pk: { S: 'b' }, v: { S: '2' } } } },
        ],
      }),
    );
    const second = cloud.clock.now();
    await cloud.clock.advance('1s');
    await db.send(
      new UpdateItemCommand({
        TableName: 'Timed',
        Key: { pk: { S: 'old' } },
        UpdateExpression: 'SET v = :v',
        ExpressionAttributeValues: { ':v': { S: '9' } },
      }),
    );
    await restoreTo('Timed', 'Timed-first', first);
    await restoreTo('Timed', 'Timed-second', second);
    await restoreTo('Timed', 'Timed-latest', undefined);
    expect(await contents('Timed-first')).toEqual({ old: '0', a: '1' });
    expect(await contents('Timed-second')).toEqual({ old: '0', b: '2' });
    expect(await contents('Timed-latest')).toEqual({ old: '9', b: '2' });
  });

  test('reaches back to when it was enabled, and no further than its period', async () => {
    await db.send(new CreateTableCommand(simple('Reach')));
    const off = await db.send(new DescribeContinuousBackupsCommand({ TableName: 'Reach' }));
    expect(off.ContinuousBackupsDescription).toEqual({
      ContinuousBackupsStatus: 'ENABLED',
      PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'DISABLED' },
    });
    const point = { SourceTableName: 'Reach', TargetTableName: 'Never' };
    const latest = { ...point, UseLatestRestorableTime: true };
    await expect(db.send(new RestoreTableToPointInTimeCommand(latest))).rejects.toMatchObject({
      name: 'PointInTimeRecoveryUnavailableException',
      message: "Point in time recovery is not enabled for table 'Reach'",
    });
    const enabled = cloud.clock.now();
    await enableRecovery('Reach', 2);
    const on = await db.send(new DescribeContinuousBackupsCommand({ TableName: 'Reach' }));
    expect(on.ContinuousBackupsDescription?.PointInTimeRecoveryDescription).toMatchObject({
      PointInTimeRecoveryStatus: 'ENABLED',
      RecoveryPeriodInDays: 2,
      EarliestRestorableDateTime: enabled,
    });
    for (let day = 1; day <= 5; day++) {
      await put('Reach', 'a', String(day));
      await cloud.clock.advance('1d');
    }
    const { ContinuousBackupsDescription: now } = await db.send(
      new DescribeContinuousBackupsCommand({ TableName: 'Reach' }),
    );
    const earliest = now?.PointInTimeRecoveryDescription?.EarliestRestorableDateTime;
    expect(earliest?.getTime()).toBe(cloud.clock.now().getTime() - 2 * 86_400_000);
    await restoreTo('Reach', 'Reach-earliest', earliest);
    expect(await contents('Reach-earliest')).toEqual({ a: '4' });
    for (const wrong of [enabled, new Date(cloud.clock.now().getTime() + 1000)]) {
      const input = { ...point, RestoreDateTime: wrong };
      await expect(db.send(new RestoreTableToPointInTimeCommand(input))).rejects.toMatchObject({
        name: 'InvalidRestoreTimeException',
      });
    }
  });

  test('a deleted table leaves a system backup for 35 days', async () => {
    await db.send(new CreateTableCommand(simple('Doomed')));
    await enableRecovery('Doomed');
    await put('Doomed', 'a', '1');
    await db.send(new DeleteTableCommand({ TableName: 'Doomed' }));
    await cloud.settle();
    const list = { TableName: 'Doomed', BackupType: 'SYSTEM' } as const;
    const [backup] = (await db.send(new ListBackupsCommand(list))).BackupSummaries ?? [];
    expect(backup).toMatchObject({
      BackupName: 'Doomed$DeletedTableBackup',
      BackupType: 'SYSTEM',
      BackupStatus: 'AVAILABLE',
      BackupExpiryDateTime: new Date(cloud.clock.now().getTime() + 35 * 86_400_000),
    });
    const input = { TargetTableName: 'Saved', BackupArn: backup?.BackupArn };
    await db.send(new RestoreTableFromBackupCommand(input));
    await cloud.settle();
    expect(await contents('Saved')).toEqual({ a: '1' });
    await cloud.clock.advance('36d');
    expect((await db.send(new ListBackupsCommand(list))).BackupSummaries).toEqual([]);
  });

  test('every instant of a random past comes back', async () => {
    const random = seededRandom(20);
    await db.send(new CreateTableCommand(simple('Random')));
    await enableRecovery('Random');
    const model: Record<string, string> = {};
    const past: { readonly at: Date; readonly state: Record<string, string> }[] = [];
    for (let step = 0; step < 12; step++) {
      const requests = new Map<string, object>();
      for (let i = 0; i < 25; i++) {
        const pk = `k${randomInteger(random, 400)}`;
        const value = `${step}`;
        const deletes = randomInteger(random, 4) === 0;
        if (deletes) delete model[pk];
        else model[pk] = value;
        const Item = { pk: { S: pk }, v: { S: value } };
        requests.set(
          pk,
          deletes ? { DeleteRequest: { Key: { pk: { S: pk } } } } : { PutRequest: { Item } },
        );
      }
      const RequestItems = { Random: [...requests.values()] };
      await db.send(new BatchWriteItemCommand({ RequestItems }));
      past.push({ at: cloud.clock.now(), state: { ...model } });
      await cloud.clock.advance(1 + randomInteger(random, 2000));
    }
    for (const [i, { at, state }] of past.entries()) {
      if (i % 3 !== 0) continue;
      await restoreTo('Random', `Random-${i}`, at);
      expect(await contents(`Random-${i}`)).toEqual(state);
    }
  });
});
