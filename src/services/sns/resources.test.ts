// CloudFormation types of SNS, deployed, updated and removed as a stack.
import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import {
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListTopicsCommand,
  SNSClient,
} from '@aws-sdk/client-sns';
import { expect, test } from 'vitest';
import { createCloud } from '../../testing/create-cloud.ts';
import { outcomeOf } from '../../testing/test-stack.ts';

function template({ displayName, filter, inline }: { displayName: string; filter: object; inline: string[] }): string {
  return JSON.stringify({
    Resources: {
      A: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'a' } },
      B: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'b' } },
      C: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'c' } },
      Topic: {
        Type: 'AWS::SNS::Topic',
        Properties: {
          TopicName: 'news',
          DisplayName: displayName,
          Subscription: inline.map((name) => ({ Protocol: 'sqs', Endpoint: { 'Fn::GetAtt': [name, 'Arn'] } })),
        },
      },
      Filtered: {
        Type: 'AWS::SNS::Subscription',
        Properties: {
          TopicArn: { Ref: 'Topic' },
          Protocol: 'sqs',
          Endpoint: { 'Fn::GetAtt': ['C', 'Arn'] },
          RawMessageDelivery: true,
          FilterPolicy: filter,
        },
      },
      Policy: {
        Type: 'AWS::SNS::TopicPolicy',
        Properties: {
          Topics: [{ Ref: 'Topic' }],
          PolicyDocument: { Id: 'mine', Statement: [{ Effect: 'Allow', Principal: '*', Action: 'sns:Publish', Resource: '*' }] },
        },
      },
    },
    Outputs: {
      Name: { Value: { 'Fn::GetAtt': ['Topic', 'TopicName'] } },
      Subscription: { Value: { Ref: 'Filtered' } },
    },
  });
}

test('topics, subscriptions and policies of a stack', async () => {
  await using cloud = await createCloud();
  const stacks = cloud.client(CloudFormationClient);
  const sns = cloud.client(SNSClient);
  const StackName = 'app';
  const TopicArn = 'arn:aws:sns:us-east-1:000000000000:news';

  const outcome = () => outcomeOf(cloud, StackName);
  const endpoints = async (): Promise<string[]> => {
    const { Subscriptions = [] } = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
    const names = Subscriptions.map(({ Endpoint }) => Endpoint?.split(':').at(-1) ?? '');
    return names.toSorted((a, b) => a.localeCompare(b));
  };

  const first = template({ displayName: 'One', filter: { kind: ['x'] }, inline: ['A'] });
  await stacks.send(new CreateStackCommand({ StackName, TemplateBody: first }));
  const { status, outputs } = await outcome();
  expect(status).toBe('CREATE_COMPLETE');
  expect(outputs['Name']).toBe('news');
  expect(await endpoints()).toEqual(['a', 'c']);
  const topic = await sns.send(new GetTopicAttributesCommand({ TopicArn }));
  expect(topic.Attributes).toMatchObject({ DisplayName: 'One' });
  expect(JSON.parse(topic.Attributes?.['Policy'] ?? '')).toMatchObject({ Id: 'mine' });

  const second = template({ displayName: 'Two', filter: { kind: ['y'] }, inline: ['B'] });
  await stacks.send(new UpdateStackCommand({ StackName, TemplateBody: second }));
  const updated = await outcome();
  expect(updated.status).toBe('UPDATE_COMPLETE');
  expect(await endpoints()).toEqual(['b', 'c']);
  const SubscriptionArn = outputs['Subscription'];
  expect(updated.outputs['Subscription']).toBe(SubscriptionArn);
  const { Attributes } = await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }));
  expect(Attributes).toMatchObject({ FilterPolicy: '{"kind":["y"]}', RawMessageDelivery: 'true' });

  await stacks.send(new DeleteStackCommand({ StackName }));
  await cloud.settle();
  expect((await sns.send(new ListTopicsCommand({}))).Topics).toEqual([]);
});
