// An upload runs a function, which writes another object: the round trip of every thumbnail maker.
import { CloudFormationClient, CreateStackCommand, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { createCloud } from '../../testing/create-cloud.ts';

const HANDLER = `
exports.handler = async (event) => {
  for (const { s3, eventName } of event.Records) {
    const key = decodeURIComponent(s3.object.key.replace(/\\+/g, ' '));
    const url = process.env.AWS_ENDPOINT_URL + '/' + s3.bucket.name + '/' + encodeURI(key).replace('in/', 'out/');
    await fetch(url, { method: 'PUT', body: eventName + ' ' + s3.object.size });
  }
};`;

const template = {
  Resources: {
    Worker: {
      Type: 'AWS::Lambda::Function',
      Properties: {
        Runtime: 'nodejs22.x',
        Handler: 'index.handler',
        Role: 'arn:aws:iam::000000000000:role/worker',
        Code: { ZipFile: HANDLER },
      },
    },
    Permission: {
      Type: 'AWS::Lambda::Permission',
      Properties: {
        Action: 'lambda:InvokeFunction',
        FunctionName: { Ref: 'Worker' },
        Principal: 's3.amazonaws.com',
        SourceArn: 'arn:aws:s3:::pictures',
      },
    },
    Pictures: {
      Type: 'AWS::S3::Bucket',
      DependsOn: 'Permission',
      Properties: {
        BucketName: 'pictures',
        NotificationConfiguration: {
          LambdaConfigurations: [
            {
              Event: 's3:ObjectCreated:*',
              Function: { 'Fn::GetAtt': ['Worker', 'Arn'] },
              Filter: { S3Key: { Rules: [{ Name: 'prefix', Value: 'in/' }] } },
            },
          ],
        },
      },
    },
  },
};

test('an upload runs the function of its rule', async () => {
  await using cloud = await createCloud();
  const stacks = cloud.client(CloudFormationClient);
  const StackName = 'pictures';
  await stacks.send(new CreateStackCommand({ StackName, TemplateBody: JSON.stringify(template) }));
  await cloud.settle();
  const { Stacks } = await stacks.send(new DescribeStacksCommand({ StackName }));
  expect(Stacks?.[0]?.StackStatus).toBe('CREATE_COMPLETE');

  const s3 = cloud.client(S3Client);
  await s3.send(new PutObjectCommand({ Bucket: 'pictures', Key: 'in/my cat.jpg', Body: 'meow' }));
  await cloud.settle();
  const made = await s3.send(new GetObjectCommand({ Bucket: 'pictures', Key: 'out/my cat.jpg' }));
  expect(await made.Body?.transformToString()).toBe('ObjectCreated:Put 4');
});
