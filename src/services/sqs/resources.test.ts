// CloudFormation types of SQS, deployed, updated and removed as a stack.
import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import {
  GetQueueAttributesCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { createCloud } from '../../testing/create-cloud.ts';
import { outcomeOf } from '../../testing/test-stack.ts';

function template(properties: object): string {
  return JSON.stringify({
    Resources: {
      Dead: { Type: 'AWS::SQS::Queue' },
      Work: {
        Type: 'AWS::SQS::Queue',
        Properties: {
          QueueName: 'work',
          RedrivePolicy: {
            deadLetterTargetArn: { 'Fn::GetAtt': ['Dead', 'Arn'] },
            maxReceiveCount: 3,
          },
          ...properties,
        },
      },
      Policy: {
        Type: 'AWS::SQS::QueuePolicy',
        Properties: {
          Queues: [{ Ref: 'Work' }],
          PolicyDocument: {
            Statement: [{ Effect: 'Allow', Principal: '*', Action: 'sqs:SendMessage', Resource: '*' }],
          },
        },
      },
    },
    Outputs: {
      Url: { Value: { Ref: 'Work' } },
      Arn: { Value: { 'Fn::GetAtt': ['Work', 'Arn'] } },
      Name: { Value: { 'Fn::GetAtt': ['Work', 'QueueName'] } },
    },
  });
}

test('queues and policies of a stack', async () => {
  await using cloud = await createCloud();
  const stacks = cloud.client(CloudFormationClient);
  const sqs = cloud.client(SQSClient);
  const StackName = 'app';

  const outcome = () => outcomeOf(cloud, StackName);

  const first = { VisibilityTimeout: 60, DelaySeconds: 5, Tags: [{ Key: 'team', Value: 'a' }] };
  await stacks.send(new CreateStackCommand({ StackName, TemplateBody: template(first) }));
  const created = await outcome();
  const url = `${cloud.endpoint}/000000000000/work`;
  expect(created).toEqual({
    status: 'CREATE_COMPLETE',
    outputs: { Url: url, Arn: 'arn:aws:sqs:us-east-1:000000000000:work', Name: 'work' },
  });
  const read = async (): Promise<Partial<Record<string, string>>> =>
    (await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }))).Attributes ?? {};
  const before = await read();
  expect(before).toMatchObject({ VisibilityTimeout: '60', DelaySeconds: '5' });
  expect(JSON.parse(before['RedrivePolicy'] ?? '')).toMatchObject({ maxReceiveCount: 3 });
  expect(before['Policy']).toContain('sqs:SendMessage');

  const second = { VisibilityTimeout: 90, Tags: [{ Key: 'stage', Value: 'b' }] };
  await stacks.send(new UpdateStackCommand({ StackName, TemplateBody: template(second) }));
  expect((await outcome()).status).toBe('UPDATE_COMPLETE');
  expect(await read()).toMatchObject({
    VisibilityTimeout: '90',
    DelaySeconds: '0',
    // Updated in place: the queue is the one it was.
    CreatedTimestamp: before['CreatedTimestamp'],
  });
  const { Tags } = await sqs.send(new ListQueueTagsCommand({ QueueUrl: url }));
  expect(Tags).toMatchObject({ stage: 'b' });
  expect(Tags).not.toHaveProperty('team');

  await stacks.send(new DeleteStackCommand({ StackName }));
  await cloud.settle();
  expect(await sqs.send(new ListQueuesCommand({}))).not.toHaveProperty('QueueUrls');
});

test('a FIFO queue of a stack, named by the stack', async () => {
  await using cloud = await createCloud();
  const stacks = cloud.client(CloudFormationClient);
  const sqs = cloud.client(SQSClient);
  const StackName = 'fifo';
  const body = (properties: object): string =>
    JSON.stringify({
      Resources: {
        Line: { Type: 'AWS::SQS::Queue', Properties: { FifoQueue: true, ...properties } },
      },
      Outputs: { Url: { Value: { Ref: 'Line' } } },
    });
  const first = body({ ContentBasedDeduplication: true });
  await stacks.send(new CreateStackCommand({ StackName, TemplateBody: first }));
  await cloud.settle();
  const { Stacks } = await stacks.send(new DescribeStacksCommand({ StackName }));
  expect(Stacks?.[0]?.StackStatus).toBe('CREATE_COMPLETE');
  const QueueUrl = Stacks?.[0]?.Outputs?.[0]?.OutputValue;
  // Source: CloudFormation User Guide, AWS::SQS::Queue: the suffix is added to a generated name.
  expect(QueueUrl).toMatch(/\/fifo-Line-\w+\.fifo$/);
  const read = async (): Promise<string | undefined> => {
    const AttributeNames = ['ContentBasedDeduplication' as const];
    const answer = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }));
    return answer.Attributes?.ContentBasedDeduplication;
  };
  expect(await read()).toBe('true');
  await stacks.send(new UpdateStackCommand({ StackName, TemplateBody: body({ DelaySeconds: 1 }) }));
  await cloud.settle();
  expect(await read()).toBe('false');
});
