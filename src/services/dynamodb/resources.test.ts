// AWS::DynamoDB::Table through CloudFormation: made, changed without replacement, taken away.
import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
  type Stack,
} from '@aws-sdk/client-cloudformation';
import {
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  ListTagsOfResourceCommand,
  PutItemCommand,
  QueryCommand,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCloud, type TestCloud } from '../../testing/create-cloud.ts';

let cloud: TestCloud;
let db: DynamoDBClient;
let cfn: CloudFormationClient;

beforeAll(async () => {
  cloud = await createCloud();
  db = cloud.client(DynamoDBClient);
  cfn = cloud.client(CloudFormationClient);
});
afterAll(() => cloud.close());

const attribute = (AttributeName: string): object => ({ AttributeName, AttributeType: 'S' });
const index = (name: string): object => ({
  IndexName: `by-${name}`,
  KeySchema: [{ AttributeName: name, KeyType: 'HASH' }],
  Projection: { ProjectionType: 'ALL' },
});

function template(properties: object): string {
  return JSON.stringify({
    Resources: {
      Users: {
        Type: 'AWS::DynamoDB::Table',
        Properties: {
          TableName: 'users',
          KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
          ...properties,
        },
      },
    },
    Outputs: {
      Name: { Value: { Ref: 'Users' } },
      Arn: { Value: { 'Fn::GetAtt': ['Users', 'Arn'] } },
    },
  });
}

async function finished(StackName: string): Promise<Stack> {
  await cloud.settle();
  const { Stacks } = await cfn.send(new DescribeStacksCommand({ StackName }));
  const stack = Stacks?.[0];
  if (stack === undefined) throw new Error(`no stack ${StackName}`);
  return stack;
}

async function describe(): Promise<TableDescription> {
  const { Table } = await db.send(new DescribeTableCommand({ TableName: 'users' }));
  if (Table === undefined) throw new Error('no table');
  return Table;
}

test('a table is made, changed in place and removed', async () => {
  const StackName = 'tables';
  await cfn.send(
    new CreateStackCommand({
      StackName,
      TemplateBody: template({
        AttributeDefinitions: [attribute('pk'), attribute('email')],
        BillingMode: 'PAY_PER_REQUEST',
        GlobalSecondaryIndexes: [index('email')],
        Tags: [{ Key: 'team', Value: 'red' }],
      }),
    }),
  );
  const made = await finished(StackName);
  expect(made.StackStatus).toBe('CREATE_COMPLETE');
  const before = await describe();
  expect(made.Outputs).toEqual(
    expect.arrayContaining([
      { OutputKey: 'Name', OutputValue: 'users' },
      { OutputKey: 'Arn', OutputValue: before.TableArn },
    ]),
  );
  const item = { pk: { S: '1' }, email: { S: 'a@b' }, city: { S: 'Oslo' } };
  await db.send(new PutItemCommand({ TableName: 'users', Item: item }));

  await cfn.send(
    new UpdateStackCommand({
      StackName,
      TemplateBody: template({
        AttributeDefinitions: [attribute('pk'), attribute('city'), attribute('email')],
        BillingMode: 'PROVISIONED',
        ProvisionedThroughput: { ReadCapacityUnits: 2, WriteCapacityUnits: '3' },
        GlobalSecondaryIndexes: ['city', 'email'].map((name) => ({
          ...index(name),
          ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 },
        })),
        TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
        Tags: [{ Key: 'team', Value: 'blue' }],
      }),
    }),
  );
  const updated = await finished(StackName);
  expect(updated.StackStatus).toBe('UPDATE_COMPLETE');
  const after = await describe();
  expect(after.TableId).toBe(before.TableId);
  expect(after).toMatchObject({
    BillingModeSummary: { BillingMode: 'PROVISIONED' },
    ProvisionedThroughput: { ReadCapacityUnits: 2, WriteCapacityUnits: 3 },
  });
  expect(after.GlobalSecondaryIndexes?.map((i) => [i.IndexName, i.IndexStatus])).toEqual([
    ['by-email', 'ACTIVE'],
    ['by-city', 'ACTIVE'],
  ]);
  const found = await db.send(
    new QueryCommand({
      TableName: 'users',
      IndexName: 'by-city',
      KeyConditionExpression: 'city = :c',
      ExpressionAttributeValues: { ':c': { S: 'Oslo' } },
    }),
  );
  expect(found.Items).toEqual([item]);
  const ttl = await db.send(new DescribeTimeToLiveCommand({ TableName: 'users' }));
  expect(ttl.TimeToLiveDescription?.TimeToLiveStatus).toBe('ENABLED');
  const { Tags } = await db.send(new ListTagsOfResourceCommand({ ResourceArn: after.TableArn }));
  expect(Tags).toContainEqual({ Key: 'team', Value: 'blue' });

  await cfn.send(new DeleteStackCommand({ StackName }));
  await cloud.settle();
  await expect(describe()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});

test('a property whose feature is missing fails the stack and leaves no table', async () => {
  const StackName = 'unsupported';
  await cfn.send(
    new CreateStackCommand({
      StackName,
      TemplateBody: template({
        AttributeDefinitions: [attribute('pk')],
        BillingMode: 'PAY_PER_REQUEST',
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      }),
    }),
  );
  expect((await finished(StackName)).StackStatus).toBe('ROLLBACK_COMPLETE');
  const { StackEvents = [] } = await cfn.send(new DescribeStackEventsCommand({ StackName }));
  const failure = StackEvents.find((event) => event.ResourceStatus === 'CREATE_FAILED');
  expect(failure?.ResourceStatusReason).toContain('PointInTimeRecoveryEnabled is not implemented');
  await expect(describe()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});

test('a stream is enabled, changes what it shows, and ends without replacing the table', async () => {
  const StackName = 'streams';
  const base = { AttributeDefinitions: [attribute('pk')], BillingMode: 'PAY_PER_REQUEST' };
  const streaming = (StreamViewType: string): string => {
    const made = JSON.parse(template({ ...base, StreamSpecification: { StreamViewType } })) as {
      Outputs: Record<string, object>;
    };
    made.Outputs['Stream'] = { Value: { 'Fn::GetAtt': ['Users', 'StreamArn'] } };
    return JSON.stringify(made);
  };
  const streamOf = (stack: Stack): string | undefined =>
    stack.Outputs?.find(({ OutputKey }) => OutputKey === 'Stream')?.OutputValue;
  await cfn.send(new CreateStackCommand({ StackName, TemplateBody: streaming('KEYS_ONLY') }));
  const made = await finished(StackName);
  const before = await describe();
  expect(streamOf(made)).toBe(before.LatestStreamArn);
  await cfn.send(new UpdateStackCommand({ StackName, TemplateBody: streaming('NEW_IMAGE') }));
  const changed = await finished(StackName);
  const after = await describe();
  expect(changed.StackStatus).toBe('UPDATE_COMPLETE');
  expect(after.TableId).toBe(before.TableId);
  expect(after.StreamSpecification).toEqual({ StreamEnabled: true, StreamViewType: 'NEW_IMAGE' });
  expect(streamOf(changed)).toBe(after.LatestStreamArn);
  expect(after.LatestStreamArn).not.toBe(before.LatestStreamArn);
  await cfn.send(new UpdateStackCommand({ StackName, TemplateBody: template(base) }));
  await finished(StackName);
  const ended = await describe();
  expect(ended.TableId).toBe(before.TableId);
  expect(ended.StreamSpecification).toBeUndefined();
  await cfn.send(new DeleteStackCommand({ StackName }));
  await cloud.settle();
  await expect(describe()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});
