// Stacks inside stacks, templates in S3, transforms, capabilities, notifications and pages.
import {
  CloudFormationClient,
  CreateChangeSetCommand,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  GetTemplateCommand,
  ListStackResourcesCommand,
  ListStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestCloud, createCloud } from '../../testing/create-cloud.ts';

const ACCOUNT = '000000000000';
const HANDLE = { Type: 'AWS::CloudFormation::WaitConditionHandle' };

let cloud: TestCloud;
let client: CloudFormationClient;

beforeEach(async () => {
  cloud = await createCloud();
  client = cloud.client(CloudFormationClient);
});
afterEach(() => cloud.close());

async function create(name: string, template: unknown, options = {}): Promise<void> {
  const TemplateBody = JSON.stringify(template);
  await client.send(new CreateStackCommand({ StackName: name, TemplateBody, ...options }));
  await cloud.settle();
}

async function stackOf(name: string) {
  const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: name }));
  return Stacks?.[0];
}

describe('a nested stack', () => {
  const put = async (Key: string, template: unknown): Promise<string> => {
    const Body = JSON.stringify(template);
    await cloud.client(S3Client).send(new PutObjectCommand({ Bucket: 'templates', Key, Body }));
    return `https://templates.s3.us-east-1.amazonaws.com/${Key}`;
  };
  const inner = (more = {}) => ({
    Parameters: { Name: { Type: 'String' } },
    Resources: { H: HANDLE, ...more },
    Outputs: { Greeting: { Value: { 'Fn::Sub': 'hello ${Name}' } } },
  });
  const outer = (url: string, name: string) => ({
    Resources: {
      Inner: {
        Type: 'AWS::CloudFormation::Stack',
        Properties: { TemplateURL: url, Parameters: { Name: name } },
      },
    },
    Outputs: { Greeting: { Value: { 'Fn::GetAtt': 'Inner.Outputs.Greeting' } } },
  });

  beforeEach(async () => {
    await cloud.client(S3Client).send(new CreateBucketCommand({ Bucket: 'templates' }));
  });

  it('lives with its parent', async () => {
    const url = await put('inner.json', inner());
    await create('parent', outer(url, 'you'), { Tags: [{ Key: 'team', Value: 'x' }] });
    const parent = await stackOf('parent');
    expect(parent).toMatchObject({
      StackStatus: 'CREATE_COMPLETE',
      Outputs: [{ OutputValue: 'hello you' }],
    });
    const { StackResourceSummaries: [summary] = [] } = await client.send(
      new ListStackResourcesCommand({ StackName: 'parent' }),
    );
    const nestedId = summary?.PhysicalResourceId ?? '';
    expect(await stackOf(nestedId)).toMatchObject({
      StackName: expect.stringMatching(/^parent-Inner-[A-Z0-9]{12,13}$/),
      ParentId: parent?.StackId,
      RootId: parent?.StackId,
      Tags: [{ Key: 'team', Value: 'x' }],
    });
    const TemplateBody = JSON.stringify(outer(url, 'all'));
    await client.send(new UpdateStackCommand({ StackName: 'parent', TemplateBody }));
    await cloud.settle();
    expect((await stackOf('parent'))?.Outputs?.[0]?.OutputValue).toBe('hello all');
    expect(await stackOf(nestedId)).toMatchObject({ StackStatus: 'UPDATE_COMPLETE' });
    await client.send(new DeleteStackCommand({ StackName: 'parent' }));
    await cloud.settle();
    expect((await client.send(new DescribeStacksCommand({}))).Stacks).toEqual([]);
  });

  it('takes its parent back with it', async () => {
    const broken = { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'no good!' } };
    const url = await put('broken.json', inner({ Broken: broken }));
    await create('parent', outer(url, 'you'));
    expect(await stackOf('parent')).toMatchObject({ StackStatus: 'ROLLBACK_COMPLETE' });
    const { StackEvents } = await client.send(
      new DescribeStackEventsCommand({ StackName: 'parent' }),
    );
    expect(
      StackEvents?.find((e) => e.ResourceStatus === 'CREATE_FAILED')?.ResourceStatusReason,
    ).toMatch(
      /^Embedded stack arn:.* was not successfully created: The following resource\(s\) failed to create: \[Broken\]\. /,
    );
    expect((await client.send(new DescribeStacksCommand({}))).Stacks?.length).toBe(1);
  });

  it('takes an update back with it', async () => {
    const good = await put('inner.json', inner());
    const broken = { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'no good!' } };
    const bad = await put('broken.json', inner({ Broken: broken }));
    await create('parent', outer(good, 'you'));
    const TemplateBody = JSON.stringify(outer(bad, 'you'));
    await client.send(new UpdateStackCommand({ StackName: 'parent', TemplateBody }));
    await cloud.settle();
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({}));
    expect(Stacks.map(({ StackStatus }) => StackStatus)).toEqual([
      'UPDATE_ROLLBACK_COMPLETE',
      'UPDATE_ROLLBACK_COMPLETE',
    ]);
    const { StackEvents } = await client.send(
      new DescribeStackEventsCommand({ StackName: 'parent' }),
    );
    expect(
      StackEvents?.find((e) => e.ResourceStatus === 'UPDATE_FAILED')?.ResourceStatusReason,
    ).toMatch(
      /was not successfully updated\. Currently in UPDATE_ROLLBACK_COMPLETE with reason: The following resource\(s\) failed to create: \[Broken\]\. /,
    );
  });

  it('needs its template', async () => {
    await create('parent', outer('https://templates.s3.amazonaws.com/absent.json', 'you'));
    const { StackEvents } = await client.send(
      new DescribeStackEventsCommand({ StackName: 'parent' }),
    );
    expect(
      StackEvents?.find((e) => e.ResourceStatus === 'CREATE_FAILED')?.ResourceStatusReason,
    ).toMatch(/S3 error: The specified key does not exist\./);
  });

  it.each(['ftp://x/y', 'https://templates.s3.amazonaws.com/%zz', 'https://localhost/'])(
    'is not read from %s',
    async (TemplateURL) => {
      const sent = client.send(new CreateStackCommand({ StackName: 'bad', TemplateURL }));
      await expect(sent).rejects.toMatchObject({
        name: 'ValidationError',
        message: expect.stringMatching(/^TemplateURL must /),
      });
    },
  );
});

const SAM = {
  Transform: 'AWS::Serverless-2016-10-31',
  Resources: {
    Items: {
      Type: 'AWS::Serverless::SimpleTable',
      Properties: { PrimaryKey: { Name: 'sku', Type: 'String' } },
    },
  },
};

describe('a SAM template', () => {
  it('is expanded when that is acknowledged', async () => {
    await create('sam', SAM, { Capabilities: ['CAPABILITY_AUTO_EXPAND'] });
    expect(await stackOf('sam')).toMatchObject({ StackStatus: 'CREATE_COMPLETE' });
    const { StackResourceSummaries: [table] = [] } = await client.send(
      new ListStackResourcesCommand({ StackName: 'sam' }),
    );
    expect(table).toMatchObject({ ResourceType: 'AWS::DynamoDB::Table' });
    const described = await cloud
      .client(DynamoDBClient)
      .send(new DescribeTableCommand({ TableName: table?.PhysicalResourceId }));
    expect(described.Table?.KeySchema).toEqual([{ AttributeName: 'sku', KeyType: 'HASH' }]);
    const original = await client.send(new GetTemplateCommand({ StackName: 'sam' }));
    expect(JSON.parse(original.TemplateBody ?? '')).toEqual(SAM);
    expect(original.StagesAvailable).toEqual(['Original', 'Processed']);
    const processed = await client.send(
      new GetTemplateCommand({ StackName: 'sam', TemplateStage: 'Processed' }),
    );
    expect(JSON.parse(processed.TemplateBody ?? '')).toMatchObject({
      Resources: { Items: { Type: 'AWS::DynamoDB::Table' } },
    });
  });

  it('is expanded by a change set', async () => {
    await client.send(
      new CreateChangeSetCommand({
        StackName: 'sam',
        ChangeSetName: 'c',
        ChangeSetType: 'CREATE',
        TemplateBody: JSON.stringify(SAM),
      }),
    );
    await client.send(new ExecuteChangeSetCommand({ StackName: 'sam', ChangeSetName: 'c' }));
    await cloud.settle();
    expect(await stackOf('sam')).toMatchObject({ StackStatus: 'CREATE_COMPLETE' });
  });

  it('with a mistake says which', async () => {
    const wrong = {
      ...SAM,
      Resources: { F: { Type: 'AWS::Serverless::Function', Properties: { CodeUri: 's3://b/k' } } },
    };
    await expect(
      create('sam', wrong, { Capabilities: ['CAPABILITY_AUTO_EXPAND', 'CAPABILITY_IAM'] }),
    ).rejects.toMatchObject({
      name: 'ValidationError',
      message: expect.stringContaining(
        'Resource with id [F] is invalid. Runtime and Handler needs to be present',
      ),
    });
  });
});

describe('capabilities', () => {
  const role = (properties = {}) => ({
    Resources: {
      R: {
        Type: 'AWS::IAM::Role',
        Properties: { AssumeRolePolicyDocument: { Statement: [] }, ...properties },
      },
    },
  });

  it.each([
    [{}, [], 'Requires capabilities : [CAPABILITY_IAM]'],
    [{ RoleName: 'me' }, ['CAPABILITY_IAM'], 'Requires capabilities : [CAPABILITY_NAMED_IAM]'],
  ])('of a role with %o, given %o', async (properties, Capabilities, message) => {
    await expect(create('iam', role(properties), { Capabilities })).rejects.toMatchObject({
      name: 'InsufficientCapabilitiesException',
      message,
    });
  });
});

it('tells its topics', async () => {
  const sns = cloud.client(SNSClient);
  const sqs = cloud.client(SQSClient);
  const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name: 'news' }));
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'news' }));
  await sns.send(
    new SubscribeCommand({
      TopicArn,
      Protocol: 'sqs',
      Endpoint: `arn:aws:sqs:us-east-1:${ACCOUNT}:news`,
    }),
  );
  const gone = `arn:aws:sns:us-east-1:${ACCOUNT}:gone`;
  await create('told', { Resources: { H: HANDLE } }, { NotificationARNs: [gone, TopicArn] });
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
  );
  const texts = Messages.map(({ Body = '{}' }) => JSON.parse(Body) as Record<string, string>);
  expect(texts.map(({ Subject }) => Subject)).toEqual(
    Array.from({ length: 4 }, () => 'AWS CloudFormation Notification'),
  );
  const statuses = texts.map(({ Message = '' }) => /ResourceStatus='(\w+)'/.exec(Message)?.[1]);
  expect(statuses.filter((status) => status === 'CREATE_COMPLETE').length).toBe(2);
});

it('lists in pages', async () => {
  const handles = Array.from({ length: 120 }, (_, i) => [`H${i}`, HANDLE]);
  await create('wide', { Resources: Object.fromEntries(handles) });
  const seen: string[] = [];
  let NextToken: string | undefined;
  let pages = 0;
  do {
    const page = await client.send(
      new DescribeStackEventsCommand({ StackName: 'wide', NextToken }),
    );
    seen.push(...(page.StackEvents ?? []).map(({ EventId = '' }) => EventId));
    NextToken = page.NextToken;
    pages++;
  } while (NextToken !== undefined);
  expect([seen.length, new Set(seen).size, pages]).toEqual([242, 242, 3]);
  const first = await client.send(new ListStackResourcesCommand({ StackName: 'wide' }));
  expect(first.StackResourceSummaries?.length).toBe(100);
  const second = await client.send(
    new ListStackResourcesCommand({ StackName: 'wide', NextToken: first.NextToken }),
  );
  expect(second.StackResourceSummaries?.length).toBe(20);
  await expect(client.send(new ListStacksCommand({ NextToken: 'nonsense' }))).rejects.toMatchObject(
    { name: 'ValidationError' },
  );
});
