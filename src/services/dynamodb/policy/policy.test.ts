// Resource-based policies, contributor insights and Kinesis destinations through the SDK.
import {
  CreateTableCommand,
  DeleteResourcePolicyCommand,
  DeleteTableCommand,
  DescribeContributorInsightsCommand,
  DescribeKinesisStreamingDestinationCommand,
  DescribeTableCommand,
  DisableKinesisStreamingDestinationCommand,
  DynamoDBClient,
  EnableKinesisStreamingDestinationCommand,
  GetResourcePolicyCommand,
  ListContributorInsightsCommand,
  PutResourcePolicyCommand,
  UpdateContributorInsightsCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCloud, type TestCloud } from '../../../testing/create-cloud.ts';

let cloud: TestCloud;
let db: DynamoDBClient;
let streamArn = '';

const ARN = 'arn:aws:dynamodb:us-east-1:000000000000:table/';
const ResourceArn = `${ARN}Shared`;
const ROOT = 'arn:aws:iam::111122223333:root';

beforeAll(async () => {
  cloud = await createCloud({ startTime: new Date('2026-01-01T00:00:00Z') });
  db = cloud.client(DynamoDBClient);
  await makeTable('Shared');
  const { Table } = await db.send(new DescribeTableCommand({ TableName: 'Shared' }));
  streamArn = Table?.LatestStreamArn ?? '';
});
afterAll(() => cloud.close());

async function makeTable(TableName: string, ResourcePolicy?: string): Promise<void> {
  await db.send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' },
      ResourcePolicy,
    }),
  );
}

const policy = (statement: object): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statement });
const allow = (Action: string): string =>
  policy({ Sid: 'A', Effect: 'Allow', Principal: { AWS: ROOT }, Action, Resource: ResourceArn });

async function put(Policy: string, more: object = {}): Promise<string | undefined> {
  const input = { ResourceArn, Policy, ...more };
  return (await db.send(new PutResourcePolicyCommand(input))).RevisionId;
}

// ack-api-quirks dynamodb, DDB-TABLE-207, 208
test('policies that say the same are the same, and come back in one form', async () => {
  const pretty = `{ "Statement": { "Action": ["dynamodb:GetItem"], "Effect": "allow", "Sid": "A",
    "Principal": { "AWS": "111122223333" }, "Resource": "${ResourceArn}" }, "Version": "2012-10-17" }`;
  const first = await put(pretty);
  expect(first).toMatch(/^\d{13}$/);
  expect(await put(allow('dynamodb:GetItem'))).toBe(first);
  const { Policy, RevisionId } = await db.send(new GetResourcePolicyCommand({ ResourceArn }));
  expect(RevisionId).toBe(first);
  expect(Policy).toBe(
    `{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow","Principal":{"AWS":"${ROOT}"},"Action":"dynamodb:GetItem","Resource":"${ResourceArn}"}]}`,
  );
  const second = await put(allow('dynamodb:Query'));
  expect(Number(second)).toBeGreaterThan(Number(first));
});

// Messages: moto's tests of them ran against AWS.
test('revisions guard changes; deleting tells what went', async () => {
  const { RevisionId } = await db.send(new GetResourcePolicyCommand({ ResourceArn }));
  await expect(put(allow('dynamodb:Scan'), { ExpectedRevisionId: '1' })).rejects.toMatchObject({
    name: 'PolicyNotFoundException',
    message: `Resource-based policy not found for the provided ResourceArn: Requested update for policy with revision id 1, but the policy associated to target table Shared has revision id ${RevisionId}.`,
  });
  const none = { ExpectedRevisionId: 'NO_POLICY' };
  await expect(put(allow('dynamodb:Scan'), none)).rejects.toMatchObject({
    message: `Resource-based policy not found for the provided ResourceArn: Requested policy update expecting none to be present for table Shared, but a policy exists with revision id ${RevisionId}.`,
  });
  const remove = new DeleteResourcePolicyCommand({ ResourceArn, ExpectedRevisionId: RevisionId });
  expect((await db.send(remove)).RevisionId).toBe(RevisionId);
  await expect(db.send(new GetResourcePolicyCommand({ ResourceArn }))).rejects.toMatchObject({
    name: 'PolicyNotFoundException',
    message: `Resource-based policy not found for the provided ResourceArn: ${ResourceArn}`,
  });
  await db.send(new DeleteResourcePolicyCommand({ ResourceArn }));
  expect(await put(allow('dynamodb:Scan'), none)).toBeDefined();
});

// ack-api-quirks dynamodb, DDB-TABLE-210, 211, 212, 356
test.each([
  ['{', 'One or more parameter values were invalid: Invalid policy document: This policy contains invalid Json'],
  [
    policy([]),
    'One or more parameter values were invalid: Invalid policy document: Could not parse the policy: Statement is empty!',
  ],
  [
    policy({ Effect: 'Allow', Principal: { AWS: ROOT }, Action: 'dynamodb:*' }),
    'One or more parameter values were invalid: Invalid policy document: Missing required field Resource',
  ],
  [
    policy({ Effect: 'Allow', Principal: '*', Action: 'dynamodb:*', Resource: '*' }),
    'Resource-based policy grants unbounded access in one or more elements. Please revise the policy to ensure least-privilege form of access',
  ],
  [
    policy({ Effect: 'Deny', Principal: '*', Action: 'dynamodb:Put*', Resource: '*' }),
    'The new resource policy will not allow you to update the resource policy in the future.',
  ],
  [' '.repeat(20_481), 'One or more parameter values were invalid: Maximum policy size of 20480 bytes exceeded'],
])('refuses %.60s', async (text, message) => {
  await expect(put(text)).rejects.toMatchObject({ message });
});

test('streams have policies of their own; tables may be born with one and take it with them', async () => {
  const Policy = policy({
    Effect: 'Allow',
    Principal: { AWS: ROOT },
    Action: 'dynamodb:GetRecords',
    Resource: streamArn,
  });
  await db.send(new PutResourcePolicyCommand({ ResourceArn: streamArn, Policy }));
  const stored = await db.send(new GetResourcePolicyCommand({ ResourceArn: streamArn }));
  expect(JSON.parse(stored.Policy ?? '')).toMatchObject({ Statement: [{ Resource: streamArn }] });

  await makeTable('Born', allow('dynamodb:GetItem'));
  const born = { ResourceArn: `${ARN}Born` };
  expect((await db.send(new GetResourcePolicyCommand(born))).Policy).toContain('dynamodb:GetItem');
  await db.send(new DeleteTableCommand({ TableName: 'Born' }));
  await makeTable('Born');
  await expect(db.send(new GetResourcePolicyCommand(born))).rejects.toMatchObject({
    name: 'PolicyNotFoundException',
  });
});

test.each([
  ['Shared', "One or more parameter values were invalid: ARNs must start with 'arn:': Shared"],
  [`${ARN}nowhere`, 'Requested resource not found: Table: nowhere not found'],
  [
    `${ARN}Shared/index/x`,
    `One or more parameter values were invalid: Invalid resource arn provided, only table or stream is accepted. Provided resource arn: ${ARN}Shared/index/x`,
  ],
  [
    `${ARN}Shared/stream/2000-01-01T00:00:00.000`,
    'Requested resource not found: Stream: 2000-01-01T00:00:00.000 not found for Table: Shared',
  ],
])('a policy of %s', async (arn, message) => {
  const get = new GetResourcePolicyCommand({ ResourceArn: arn });
  await expect(db.send(get)).rejects.toMatchObject({ message });
});

test('contributor insights are a setting of tables and indexes', async () => {
  const TableName = 'Shared';
  const off = await db.send(new DescribeContributorInsightsCommand({ TableName }));
  expect(off).toMatchObject({ TableName, ContributorInsightsStatus: 'DISABLED' });
  const enable = { TableName, ContributorInsightsAction: 'ENABLE' } as const;
  const enabling = await db.send(new UpdateContributorInsightsCommand(enable));
  expect(enabling.ContributorInsightsStatus).toBe('ENABLING');
  const on = await db.send(new DescribeContributorInsightsCommand({ TableName }));
  expect(on.ContributorInsightsStatus).toBe('ENABLED');
  expect(on.ContributorInsightsRuleList?.map((rule) => rule.split('-')[1])).toEqual([
    'PKC',
    'PKT',
    'SKC',
    'SKT',
  ]);
  const { ContributorInsightsSummaries } = await db.send(new ListContributorInsightsCommand({}));
  expect(ContributorInsightsSummaries).toMatchObject([
    { TableName, ContributorInsightsStatus: 'ENABLED' },
  ]);
  const index = { ...enable, IndexName: 'nowhere' };
  await expect(db.send(new UpdateContributorInsightsCommand(index))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  });
});

test('there are no Kinesis destinations, and none can be made before Kinesis is there', async () => {
  const TableName = 'Shared';
  const none = await db.send(new DescribeKinesisStreamingDestinationCommand({ TableName }));
  expect(none.KinesisDataStreamDestinations).toEqual([]);
  const StreamArn = 'arn:aws:kinesis:us-east-1:000000000000:stream/s';
  const enable = new EnableKinesisStreamingDestinationCommand({ TableName, StreamArn });
  await expect(db.send(enable)).rejects.toMatchObject({ name: 'NotImplemented' });
  const disable = new DisableKinesisStreamingDestinationCommand({ TableName, StreamArn });
  await expect(db.send(disable)).rejects.toMatchObject({
    name: 'ValidationException',
    message:
      'Table is not in a valid state to enable Kinesis Streaming Destination: KinesisStreamingDestination must be ACTIVE to perform DISABLE operation.',
  });
});
