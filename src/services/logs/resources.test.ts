// CloudFormation types of CloudWatch Logs, deployed, updated and removed as a stack.
import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { expect, test } from 'vitest';
import { createCloud } from '../../testing/create-cloud.ts';

function template(properties: object): string {
  return JSON.stringify({
    Resources: {
      Group: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: '/app', ...properties } },
      Stream: {
        Type: 'AWS::Logs::LogStream',
        Properties: { LogGroupName: { Ref: 'Group' }, LogStreamName: 'main' },
      },
    },
    Outputs: { Arn: { Value: { 'Fn::GetAtt': ['Group', 'Arn'] } } },
  });
}

test('log groups and streams of a stack', async () => {
  await using cloud = await createCloud();
  const stacks = cloud.client(CloudFormationClient);
  const logs = cloud.client(CloudWatchLogsClient);
  const StackName = 'app';
  const group = async () => (await logs.send(new DescribeLogGroupsCommand({}))).logGroups?.[0];

  const first = template({ RetentionInDays: 7 });
  await stacks.send(new CreateStackCommand({ StackName, TemplateBody: first }));
  await cloud.settle();
  const { Stacks } = await stacks.send(new DescribeStacksCommand({ StackName }));
  expect(Stacks?.[0]?.StackStatus).toBe('CREATE_COMPLETE');
  expect(Stacks?.[0]?.Outputs?.[0]?.OutputValue).toBe(
    'arn:aws:logs:us-east-1:000000000000:log-group:/app:*',
  );
  expect(await group()).toMatchObject({ logGroupName: '/app', retentionInDays: 7 });
  const { logStreams } = await logs.send(new DescribeLogStreamsCommand({ logGroupName: '/app' }));
  expect(logStreams?.map(({ logStreamName }) => logStreamName)).toEqual(['main']);

  await stacks.send(new UpdateStackCommand({ StackName, TemplateBody: template({}) }));
  await cloud.settle();
  expect(await group()).not.toHaveProperty('retentionInDays');

  await stacks.send(new DeleteStackCommand({ StackName }));
  await cloud.settle();
  expect(await group()).toBeUndefined();
});
