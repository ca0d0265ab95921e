// Tables and global tables through CloudFormation: made, changed without replacement, taken away.
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
  DescribeContinuousBackupsCommand,
  DescribeContributorInsightsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  GetResourcePolicyCommand,
  ListTagsOfResourceCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
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
        KinesisStreamSpecification: {
          StreamArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/s',
        },
      }),
    }),
  );
  expect((await finished(StackName)).StackStatus).toBe('ROLLBACK_COMPLETE');
  const { StackEvents = [] } = await cfn.send(new DescribeStackEventsCommand({ StackName }));
  const failure = StackEvents.find((event) => event.ResourceStatus === 'CREATE_FAILED');
  expect(failure?.ResourceStatusReason).toContain('EnableKinesisStreamingDestination');
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

test('recovery, insights, policies and settings come and go in place', async () => {
  const StackName = 'features';
  const base = {
    AttributeDefinitions: [attribute('pk'), attribute('a')],
    BillingMode: 'PAY_PER_REQUEST',
    GlobalSecondaryIndexes: [
      { ...index('a'), ContributorInsightsSpecification: { Enabled: true } },
    ],
  };
  const ResourceArn = 'arn:aws:dynamodb:us-east-1:000000000000:table/users';
  const PolicyDocument = {
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow',
      Principal: { AWS: '111122223333' },
      Action: 'dynamodb:GetItem',
      Resource: ResourceArn,
    },
  };
  const rich = template({
    ...base,
    PointInTimeRecoverySpecification: {
      PointInTimeRecoveryEnabled: true,
      RecoveryPeriodInDays: 7,
    },
    ContributorInsightsSpecification: { Enabled: true, Mode: 'THROTTLED_KEYS' },
    ResourcePolicy: { PolicyDocument },
    StreamSpecification: { StreamViewType: 'NEW_IMAGE' },
    TableClass: 'STANDARD_INFREQUENT_ACCESS',
    DeletionProtectionEnabled: true,
  });
  await cfn.send(new CreateStackCommand({ StackName, TemplateBody: rich }));
  expect((await finished(StackName)).StackStatus).toBe('CREATE_COMPLETE');
  const before = await describe();
  expect(before.DeletionProtectionEnabled).toBe(true);
  const TableName = 'users';
  const recovery = async (): Promise<object | undefined> =>
    (await db.send(new DescribeContinuousBackupsCommand({ TableName })))
      .ContinuousBackupsDescription?.PointInTimeRecoveryDescription;
  expect(await recovery()).toMatchObject({
    PointInTimeRecoveryStatus: 'ENABLED',
    RecoveryPeriodInDays: 7,
  });
  const insights = new DescribeContributorInsightsCommand({ TableName });
  expect(await db.send(insights)).toMatchObject({
    ContributorInsightsStatus: 'ENABLED',
    ContributorInsightsMode: 'THROTTLED_KEYS',
  });
  const ofIndex = new DescribeContributorInsightsCommand({ TableName, IndexName: 'by-a' });
  expect((await db.send(ofIndex)).ContributorInsightsStatus).toBe('ENABLED');
  const { Policy } = await db.send(new GetResourcePolicyCommand({ ResourceArn }));
  expect(Policy).toContain('arn:aws:iam::111122223333:root');

  await cfn.send(new UpdateStackCommand({ StackName, TemplateBody: template(base) }));
  expect((await finished(StackName)).StackStatus).toBe('UPDATE_COMPLETE');
  const after = await describe();
  expect(after.TableId).toBe(before.TableId);
  expect(after.DeletionProtectionEnabled).toBe(false);
  expect(after.TableClassSummary?.TableClass).toBe('STANDARD');
  expect(await recovery()).toEqual({ PointInTimeRecoveryStatus: 'DISABLED' });
  expect((await db.send(insights)).ContributorInsightsStatus).toBe('DISABLED');
  await expect(db.send(new GetResourcePolicyCommand({ ResourceArn }))).rejects.toMatchObject({
    name: 'PolicyNotFoundException',
  });
  await cfn.send(new DeleteStackCommand({ StackName }));
  await cloud.settle();
});

test('a table is born from objects in S3', async () => {
  const StackName = 'imported';
  const s3 = cloud.client(S3Client);
  await s3.send(new CreateBucketCommand({ Bucket: 'seeds' }));
  const Body = 'pk,name\na,Ada\nb,Bob\n';
  await s3.send(new PutObjectCommand({ Bucket: 'seeds', Key: 'users.csv', Body }));
  const TemplateBody = template({
    AttributeDefinitions: [attribute('pk')],
    BillingMode: 'PAY_PER_REQUEST',
    ImportSourceSpecification: {
      S3BucketSource: { S3Bucket: 'seeds', S3KeyPrefix: 'users' },
      InputFormat: 'CSV',
    },
    StreamSpecification: { StreamViewType: 'KEYS_ONLY' },
    Tags: [{ Key: 'team', Value: 'red' }],
  });
  await cfn.send(new CreateStackCommand({ StackName, TemplateBody }));
  expect((await finished(StackName)).StackStatus).toBe('CREATE_COMPLETE');
  const { Items = [] } = await db.send(new ScanCommand({ TableName: 'users' }));
  expect(Items.map((item) => item['name']?.S ?? '').toSorted()).toEqual(['Ada', 'Bob']);
  expect((await describe()).StreamSpecification?.StreamEnabled).toBe(true);
  const { TableArn: ResourceArn } = await describe();
  const { Tags } = await db.send(new ListTagsOfResourceCommand({ ResourceArn }));
  expect(Tags).toContainEqual({ Key: 'team', Value: 'red' });
  await cfn.send(new DeleteStackCommand({ StackName }));
  await cloud.settle();
});

test('a global table gains and loses regions without replacement', async () => {
  const StackName = 'global';
  const globally = (replicas: object[], more: object = {}): string =>
    JSON.stringify({
      Resources: {
        Users: {
          Type: 'AWS::DynamoDB::GlobalTable',
          Properties: {
            TableName: 'users',
            AttributeDefinitions: [attribute('pk')],
            KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
            BillingMode: 'PAY_PER_REQUEST',
            StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
            Replicas: replicas,
            ...more,
          },
        },
      },
      Outputs: { Id: { Value: { 'Fn::GetAtt': ['Users', 'TableId'] } } },
    });
  const recovery = { PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } };
  const first = globally([{ Region: 'us-east-1' }, { Region: 'eu-west-1', ...recovery }]);
  await cfn.send(new CreateStackCommand({ StackName, TemplateBody: first }));
  const made = await finished(StackName);
  expect(made.StackStatus).toBe('CREATE_COMPLETE');
  const before = await describe();
  expect(made.Outputs?.[0]?.OutputValue).toBe(before.TableId);
  expect(before.Replicas?.map((replica) => replica.RegionName)).toEqual(['eu-west-1']);
  const there = cloud.client(DynamoDBClient, { region: 'eu-west-1' });
  const asked = new DescribeContinuousBackupsCommand({ TableName: 'users' });
  const { ContinuousBackupsDescription } = await there.send(asked);
  expect(ContinuousBackupsDescription?.PointInTimeRecoveryDescription).toMatchObject({
    PointInTimeRecoveryStatus: 'ENABLED',
  });

  const tagged = { Region: 'ap-south-1', Tags: [{ Key: 'a', Value: 'b' }] };
  const ttl = { TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true } };
  const second = globally([{ Region: 'us-east-1' }, tagged], ttl);
  await cfn.send(new UpdateStackCommand({ StackName, TemplateBody: second }));
  expect((await finished(StackName)).StackStatus).toBe('UPDATE_COMPLETE');
  const after = await describe();
  expect(after.TableId).toBe(before.TableId);
  expect(after.Replicas?.map((replica) => replica.RegionName)).toEqual(['ap-south-1']);
  const away = there.send(new DescribeTableCommand({ TableName: 'users' }));
  await expect(away).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  const south = cloud.client(DynamoDBClient, { region: 'ap-south-1' });
  const ttlThere = await south.send(new DescribeTimeToLiveCommand({ TableName: 'users' }));
  expect(ttlThere.TimeToLiveDescription?.AttributeName).toBe('ttl');

  await cfn.send(new DeleteStackCommand({ StackName }));
  await cloud.settle();
  await expect(describe()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  const left = south.send(new DescribeTableCommand({ TableName: 'users' }));
  await expect(left).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});
