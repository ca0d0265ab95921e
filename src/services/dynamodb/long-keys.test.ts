// Keys of the greatest length AWS allows, and of the bytes that take most room, on both stores.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openCloud, type Cloud } from '../../server/cloud.ts';

const directory = mkdtempSync(join(tmpdir(), 'cloudlet-long-keys-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** AWS: 2,048 bytes for partition keys, 1,024 for sort keys, in tables and indexes alike. */
const partition = (last: number): Uint8Array => new Uint8Array(2048).fill(last, 2047);
const sort = (last: number): Uint8Array => new Uint8Array(1024).fill(last, 1023);

async function makeTable(cloud: Cloud): Promise<void> {
  const attribute = (AttributeName: string) => ({ AttributeName, AttributeType: 'B' }) as const;
  const key = (hash: string, range: string) =>
    [
      { AttributeName: hash, KeyType: 'HASH' },
      { AttributeName: range, KeyType: 'RANGE' },
    ] as { AttributeName: string; KeyType: 'HASH' | 'RANGE' }[];
  await cloud.call('dynamodb', 'CreateTable', {
    TableName: 'long',
    AttributeDefinitions: ['pk', 'sk', 'gp', 'gs', 'ls'].map(attribute),
    KeySchema: key('pk', 'sk'),
    LocalSecondaryIndexes: [
      { IndexName: 'local', KeySchema: key('pk', 'ls'), Projection: { ProjectionType: 'ALL' } },
    ],
    GlobalSecondaryIndexes: [
      { IndexName: 'global', KeySchema: key('gp', 'gs'), Projection: { ProjectionType: 'ALL' } },
    ],
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    BillingMode: 'PAY_PER_REQUEST',
  });
  await cloud.call('dynamodb', 'UpdateTimeToLive', {
    TableName: 'long',
    TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
  });
  await cloud.call('dynamodb', 'UpdateContinuousBackups', {
    TableName: 'long',
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
  });
}

describe.each([
  ['memory', {}],
  ['LMDB', { dataDirectory: directory }],
])('on %s', (_, options) => {
  test('the longest keys are written, found in order, updated and deleted', async () => {
    const cloud = await openCloud({ ...options, clock: 'virtual' });
    try {
      await makeTable(cloud);
      const ttl = { N: String(Math.floor(cloud.clock.now() / 1000) + 3600) };
      for (const last of [2, 0, 1]) {
        const Item = {
          pk: { B: partition(0) },
          sk: { B: sort(last) },
          gp: { B: partition(1) },
          gs: { B: sort(9 - last) },
          ls: { B: sort(5 - last) },
          ttl,
        };
        await cloud.call('dynamodb', 'PutItem', { TableName: 'long', Item });
      }
      const lasts = async (IndexName: string | undefined, name: string): Promise<unknown[]> => {
        const { Items = [] } = await cloud.call('dynamodb', 'Query', {
          TableName: 'long',
          IndexName,
          KeyConditionExpression: '#p = :p',
          ExpressionAttributeNames: { '#p': name },
          ExpressionAttributeValues: { ':p': { B: partition(name === 'gp' ? 1 : 0) } },
        });
        return Items.map((item) => item['sk']?.B?.at(-1));
      };
      expect(await lasts(undefined, 'pk')).toEqual([0, 1, 2]);
      expect(await lasts('global', 'gp')).toEqual([2, 1, 0]);
      expect(await lasts('local', 'pk')).toEqual([2, 1, 0]);
      await cloud.advance(2 * 3600 * 1000);
      expect(await lasts(undefined, 'pk')).toEqual([]);
    } finally {
      await cloud.close();
    }
  });
});
