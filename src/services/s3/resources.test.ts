// CloudFormation types of S3, deployed, updated and removed as a stack.
import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import * as sdk from '@aws-sdk/client-s3';
import { S3Client } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { createCloud } from '../../testing/create-cloud.ts';
import { outcomeOf } from '../../testing/test-stack.ts';

const StackName = 'app';

function template(properties: object): string {
  return JSON.stringify({
    Resources: {
      Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'events' } },
      Data: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'stack-data', ...properties } },
      Policy: {
        Type: 'AWS::S3::BucketPolicy',
        Properties: {
          Bucket: { Ref: 'Data' },
          PolicyDocument: {
            Statement: [
              {
                Effect: 'Deny',
                Principal: '*',
                Action: 's3:*',
                Resource: [{ 'Fn::Sub': '${Data.Arn}/*' }],
                Condition: { Bool: { 'aws:SecureTransport': 'false' } },
              },
            ],
          },
        },
      },
      Unnamed: { Type: 'AWS::S3::Bucket' },
    },
    Outputs: {
      Name: { Value: { Ref: 'Data' } },
      Arn: { Value: { 'Fn::GetAtt': ['Data', 'Arn'] } },
      Domain: { Value: { 'Fn::GetAtt': ['Data', 'DomainName'] } },
      Regional: { Value: { 'Fn::GetAtt': ['Data', 'RegionalDomainName'] } },
      Website: { Value: { 'Fn::GetAtt': ['Data', 'WebsiteURL'] } },
      Unnamed: { Value: { Ref: 'Unnamed' } },
    },
  });
}

test('buckets and policies of a stack', async () => {
  await using cloud = await createCloud();
  const stacks = cloud.client(CloudFormationClient);
  const s3 = cloud.client(S3Client);
  const Bucket = 'stack-data';

  const outcome = () => outcomeOf(cloud, StackName);

  const first = template({
    VersioningConfiguration: { Status: 'Enabled' },
    Tags: [{ Key: 'team', Value: 'a' }],
    PublicAccessBlockConfiguration: { BlockPublicAcls: true, IgnorePublicAcls: 'true' },
    BucketEncryption: {
      ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
    },
    CorsConfiguration: { CorsRules: [{ AllowedMethods: ['GET'], AllowedOrigins: ['*'], MaxAge: 60 }] },
    LifecycleConfiguration: { Rules: [{ Id: 'tmp', Status: 'Enabled', Prefix: 'tmp/', ExpirationInDays: 1 }] },
    NotificationConfiguration: {
      QueueConfigurations: [
        {
          Event: 's3:ObjectCreated:*',
          Queue: { 'Fn::GetAtt': ['Queue', 'Arn'] },
          Filter: { S3Key: { Rules: [{ Name: 'prefix', Value: 'in/' }] } },
        },
      ],
    },
  });
  await stacks.send(new CreateStackCommand({ StackName, TemplateBody: first }));
  const created = await outcome();
  const events = await stacks.send(new DescribeStackEventsCommand({ StackName }));
  expect(created.status, JSON.stringify(events.StackEvents?.map((e) => e.ResourceStatusReason))).toBe('CREATE_COMPLETE');
  // CloudFormation template reference, AWS::S3::Bucket, "Return values".
  expect(created.outputs).toMatchObject({
    Name: Bucket,
    Arn: 'arn:aws:s3:::stack-data',
    Domain: 'stack-data.s3.amazonaws.com',
    Regional: 'stack-data.s3.us-east-1.amazonaws.com',
    Website: 'http://stack-data.s3-website-us-east-1.amazonaws.com',
  });
  expect(created.outputs['Unnamed']).toMatch(/^app-unnamed-[a-z0-9]+$/);
  expect((await s3.send(new sdk.GetBucketVersioningCommand({ Bucket }))).Status).toBe('Enabled');
  expect((await s3.send(new sdk.GetBucketTaggingCommand({ Bucket }))).TagSet).toContainEqual({ Key: 'team', Value: 'a' });
  expect((await s3.send(new sdk.GetBucketCorsCommand({ Bucket }))).CORSRules?.[0]?.MaxAgeSeconds).toBe(60);
  const lifecycle = await s3.send(new sdk.GetBucketLifecycleConfigurationCommand({ Bucket }));
  expect(lifecycle.Rules?.[0]).toMatchObject({ ID: 'tmp', Filter: { Prefix: 'tmp/' }, Expiration: { Days: 1 } });
  const notifications = await s3.send(new sdk.GetBucketNotificationConfigurationCommand({ Bucket }));
  expect(notifications.QueueConfigurations?.[0]).toMatchObject({ QueueArn: 'arn:aws:sqs:us-east-1:000000000000:events' });
  const block = await s3.send(new sdk.GetPublicAccessBlockCommand({ Bucket }));
  expect(block.PublicAccessBlockConfiguration).toMatchObject({ IgnorePublicAcls: true, BlockPublicPolicy: false });
  expect((await s3.send(new sdk.GetBucketPolicyCommand({ Bucket }))).Policy).toContain('arn:aws:s3:::stack-data/*');

  await stacks.send(new UpdateStackCommand({ StackName, TemplateBody: template({ Tags: [{ Key: 'team', Value: 'b' }] }) }));
  expect((await outcome()).status).toBe('UPDATE_COMPLETE');
  expect((await s3.send(new sdk.GetBucketVersioningCommand({ Bucket }))).Status).toBe('Suspended');
  await expect(s3.send(new sdk.GetBucketCorsCommand({ Bucket }))).rejects.toMatchObject({ name: 'NoSuchCORSConfiguration' });
  expect(await s3.send(new sdk.GetBucketNotificationConfigurationCommand({ Bucket }))).not.toHaveProperty('QueueConfigurations');

  await stacks.send(new DeleteStackCommand({ StackName }));
  await cloud.settle();
  expect((await s3.send(new sdk.ListBucketsCommand({}))).Buckets ?? []).toEqual([]);
});

test('a property that is not there fails the stack, which leaves nothing behind', async () => {
  await using cloud = await createCloud();
  const stacks = cloud.client(CloudFormationClient);
  const TemplateBody = template({ WebsiteConfiguration: { IndexDocument: 'index.html' } });
  await stacks.send(new CreateStackCommand({ StackName, TemplateBody }));
  await cloud.settle();
  const { Stacks } = await stacks.send(new DescribeStacksCommand({ StackName }));
  expect(Stacks?.[0]?.StackStatus).toBe('ROLLBACK_COMPLETE');
  const { StackEvents } = await stacks.send(new DescribeStackEventsCommand({ StackName }));
  expect(StackEvents?.map((event) => event.ResourceStatusReason).join()).toContain('WebsiteConfiguration');
  expect((await cloud.client(S3Client).send(new sdk.ListBucketsCommand({}))).Buckets ?? []).toEqual([]);
});
