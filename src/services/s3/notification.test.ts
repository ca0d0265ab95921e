// Notifications through the SDK: a queue, a topic and rules that apply or do not.
import * as sdk from '@aws-sdk/client-s3';
import { S3Client } from '@aws-sdk/client-s3';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCloud } from '../../testing/create-cloud.ts';
import type { TestCloud } from '../../testing/create-cloud.ts';

let cloud: TestCloud;
let s3: S3Client;
let sqs: SQSClient;
let made = 0;

beforeAll(async () => {
  cloud = await createCloud();
  s3 = cloud.client(S3Client);
  sqs = cloud.client(SQSClient);
});
afterAll(() => cloud.close());

interface Fixture {
  readonly Bucket: string;
  readonly QueueUrl: string;
  readonly QueueArn: string;
}
async function fixture(): Promise<Fixture> {
  const Bucket = `notify-${made++}`;
  await s3.send(new sdk.CreateBucketCommand({ Bucket }));
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: Bucket }));
  return { Bucket, QueueUrl, QueueArn: `arn:aws:sqs:us-east-1:000000000000:${Bucket}` };
}
const configure = (Bucket: string, NotificationConfiguration: sdk.NotificationConfiguration) =>
  s3.send(new sdk.PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));

/** Everything in the queue, parsed, after all deliveries. */
async function drain({ QueueUrl }: Fixture): Promise<Record<string, never>[]> {
  await cloud.settle();
  const bodies: Record<string, never>[] = [];
  for (;;) {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    if (Messages.length === 0) return bodies;
    for (const { Body = '', ReceiptHandle } of Messages) {
      bodies.push(JSON.parse(Body) as Record<string, never>);
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
  }
}
const records = async (where: Fixture) =>
  (await drain(where)).flatMap((body) => (body['Records'] ?? []) as EventRecord[]);

interface EventRecord {
  eventName: string;
  s3: { configurationId: string; object: { key: string; sequencer: string; versionId?: string } };
}

describe('to a queue', () => {
  it('begins with the test event', async () => {
    const where = await fixture();
    await configure(where.Bucket, {
      QueueConfigurations: [{ Id: 'q', QueueArn: where.QueueArn, Events: ['s3:ObjectCreated:*'] }],
    });
    // S3 user guide, "Event notification types": the message that tests a destination.
    expect(await drain(where)).toEqual([
      {
        Service: 'Amazon S3',
        Event: 's3:TestEvent',
        Time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        Bucket: where.Bucket,
        RequestId: expect.any(String),
        HostId: expect.any(String),
      },
    ]);
  });

  // S3 user guide, "Event message structure".
  it('tells of an upload', async () => {
    const where = await fixture();
    await configure(where.Bucket, {
      QueueConfigurations: [{ Id: 'q', QueueArn: where.QueueArn, Events: ['s3:ObjectCreated:*'] }],
    });
    await drain(where);
    const answer = await s3.send(
      new sdk.PutObjectCommand({ Bucket: where.Bucket, Key: 'dir/red flower+é.jpg', Body: 'hello' }),
    );
    expect(await drain(where)).toEqual([
      {
        Records: [
          {
            eventVersion: '2.1',
            eventSource: 'aws:s3',
            awsRegion: 'us-east-1',
            eventTime: cloud.clock.now().toISOString(),
            eventName: 'ObjectCreated:Put',
            userIdentity: { principalId: expect.stringMatching(/^A[A-Z0-9]{13}$/) },
            requestParameters: { sourceIPAddress: '127.0.0.1' },
            responseElements: {
              'x-amz-request-id': answer.$metadata.requestId,
              'x-amz-id-2': answer.$metadata.extendedRequestId,
            },
            s3: {
              s3SchemaVersion: '1.0',
              configurationId: 'q',
              bucket: {
                name: where.Bucket,
                ownerIdentity: { principalId: expect.stringMatching(/^A[A-Z0-9]{13}$/) },
                arn: `arn:aws:s3:::${where.Bucket}`,
              },
              object: {
                key: 'dir/red+flower%2B%C3%A9.jpg',
                size: 5,
                eTag: '5d41402abc4b2a76b9719d911017c592',
                sequencer: expect.stringMatching(/^[0-9A-F]{16,}$/),
              },
            },
          },
        ],
      },
    ]);
  });

  it('tells of every kind of change, in an order that sequencers keep', async () => {
    const where = await fixture();
    const { Bucket } = where;
    await configure(Bucket, {
      QueueConfigurations: [
        { Id: 'a', QueueArn: where.QueueArn, Events: ['s3:ObjectCreated:*', 's3:ObjectRemoved:*', 's3:ObjectTagging:*'] },
      ],
    });
    await drain(where);
    const Key = 'k';
    await s3.send(new sdk.PutObjectCommand({ Bucket, Key, Body: '1' }));
    await s3.send(new sdk.DeleteObjectCommand({ Bucket, Key }));
    await s3.send(new sdk.DeleteObjectCommand({ Bucket, Key }));
    await s3.send(new sdk.PutObjectCommand({ Bucket, Key, Body: '2' }));
    await s3.send(new sdk.CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/k`, MetadataDirective: 'REPLACE' }));
    const found = await records(where);
    const ordered = found.toSorted((a, b) => (a.s3.object.sequencer < b.s3.object.sequencer ? -1 : 1));
    expect(ordered.map(({ eventName }) => eventName)).toEqual([
      'ObjectCreated:Put',
      'ObjectRemoved:Delete',
      'ObjectCreated:Put',
      'ObjectCreated:Copy',
    ]);
    const { UploadId } = await s3.send(new sdk.CreateMultipartUploadCommand({ Bucket, Key }));
    const { ETag, ChecksumCRC32 } = await s3.send(
      new sdk.UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: 'part' }),
    );
    const MultipartUpload = { Parts: [{ ETag, PartNumber: 1, ChecksumCRC32 }] };
    await s3.send(new sdk.CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload }));
    await s3.send(new sdk.PutObjectTaggingCommand({ Bucket, Key, Tagging: { TagSet: [] } }));
    expect((await records(where)).map(({ eventName }) => eventName).toSorted()).toEqual([
      'ObjectCreated:CompleteMultipartUpload',
      'ObjectTagging:Put',
    ]);
  });

  it('names versions where there are versions', async () => {
    const where = await fixture();
    const { Bucket } = where;
    await s3.send(
      new sdk.PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }),
    );
    await configure(Bucket, {
      QueueConfigurations: [{ QueueArn: where.QueueArn, Events: ['s3:ObjectCreated:Put', 's3:ObjectRemoved:DeleteMarkerCreated'] }],
    });
    await drain(where);
    const put = await s3.send(new sdk.PutObjectCommand({ Bucket, Key: 'k', Body: '1' }));
    const marker = await s3.send(new sdk.DeleteObjectCommand({ Bucket, Key: 'k' }));
    // A permanent removal is ObjectRemoved:Delete, which was not asked for.
    await s3.send(new sdk.DeleteObjectCommand({ Bucket, Key: 'k', VersionId: marker.VersionId }));
    const told = (await records(where)).map(({ eventName, s3: { object } }) => [eventName, object.versionId]);
    expect(new Set(told.map(String))).toEqual(
      new Set([`ObjectCreated:Put,${put.VersionId}`, `ObjectRemoved:DeleteMarkerCreated,${marker.VersionId}`]),
    );
  });

  it('applies prefix and suffix', async () => {
    const where = await fixture();
    const filter = (prefix: string, suffix: string) => ({
      Key: { FilterRules: [{ Name: 'prefix' as const, Value: prefix }, { Name: 'suffix' as const, Value: suffix }] },
    });
    await configure(where.Bucket, {
      QueueConfigurations: [
        { Id: 'jpg', QueueArn: where.QueueArn, Events: ['s3:ObjectCreated:*'], Filter: filter('uploads/', '.jpg') },
        { Id: 'png', QueueArn: where.QueueArn, Events: ['s3:ObjectCreated:*'], Filter: filter('uploads/', '.png') },
      ],
    });
    await drain(where);
    for (const Key of ['uploads/a.jpg', 'uploads/b.png', 'uploads/c.gif', 'other/d.jpg']) {
      await s3.send(new sdk.PutObjectCommand({ Bucket: where.Bucket, Key, Body: 'x' }));
    }
    const told = (await records(where)).map(({ s3: { configurationId, object } }) => `${configurationId} ${object.key}`);
    expect(told.toSorted()).toEqual(['jpg uploads/a.jpg', 'png uploads/b.png']);
    const shown = await s3.send(new sdk.GetBucketNotificationConfigurationCommand({ Bucket: where.Bucket }));
    expect(shown.QueueConfigurations?.[0]).toEqual({
      Id: 'jpg',
      QueueArn: where.QueueArn,
      Events: ['s3:ObjectCreated:*'],
      Filter: { Key: { FilterRules: [{ Name: 'Prefix', Value: 'uploads/' }, { Name: 'Suffix', Value: '.jpg' }] } },
    });
  });

  it('ends when the configuration is emptied', async () => {
    const where = await fixture();
    await configure(where.Bucket, {
      QueueConfigurations: [{ QueueArn: where.QueueArn, Events: ['s3:ObjectCreated:*'] }],
    });
    await configure(where.Bucket, {});
    await drain(where);
    await s3.send(new sdk.PutObjectCommand({ Bucket: where.Bucket, Key: 'k', Body: 'x' }));
    expect(await drain(where)).toEqual([]);
  });
});

it('goes to a topic with its subject', async () => {
  const where = await fixture();
  const sns = cloud.client(SNSClient);
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: where.Bucket }));
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: where.QueueArn }));
  await configure(where.Bucket, { TopicConfigurations: [{ TopicArn, Events: ['s3:ObjectCreated:*'] }] });
  await s3.send(new sdk.PutObjectCommand({ Bucket: where.Bucket, Key: 'k', Body: 'x' }));
  const told = (await drain(where)) as unknown as { Subject: string; Message: string }[];
  expect(told.map(({ Subject }) => Subject)).toEqual(['Amazon S3 Notification', 'Amazon S3 Notification']);
  expect(told.some(({ Message }) => Message.includes('s3:TestEvent'))).toBe(true);
  expect(told.some(({ Message }) => Message.includes('ObjectCreated:Put'))).toBe(true);
});

describe('a configuration is refused', () => {
  const queue = (arn: string, more: object = {}) => ({
    QueueConfigurations: [{ Id: 'q', QueueArn: arn, Events: ['s3:ObjectCreated:*' as const], ...more }],
  });
  const missing = 'arn:aws:sqs:us-east-1:000000000000:missing';

  // localstack/localstack, test_s3_notifications_sqs.snapshot.json, test_invalid_sqs_arn (AWS)
  it.each([
    ['an ARN of another service', queue('arn:aws:sns:us-east-1:000000000000:t'), 'The ARN could not be parsed'],
    ['no ARN', queue('invalid-queue'), 'The ARN could not be parsed'],
    ['a queue that is not', queue(missing), 'Unable to validate the following destination configurations'],
    [
      'a topic that is not',
      { TopicConfigurations: [{ TopicArn: 'arn:aws:sns:us-east-1:000000000000:missing', Events: ['s3:ObjectCreated:*' as const] }] },
      'Unable to validate the following destination configurations',
    ],
    [
      'a function that is not',
      {
        LambdaFunctionConfigurations: [
          { LambdaFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:missing', Events: ['s3:ObjectCreated:*' as const] },
        ],
      },
      'Unable to validate the following destination configurations',
    ],
    [
      'a strange filter',
      queue(missing, { Filter: { Key: { FilterRules: [{ Name: 'infix', Value: 'x' }] } } }),
      'filter rule name must be either prefix or suffix',
    ],
  ])('with %s', async (_, configuration, message) => {
    const { Bucket } = await fixture();
    await expect(configure(Bucket, configuration)).rejects.toMatchObject({ name: 'InvalidArgument', message });
    expect(await s3.send(new sdk.GetBucketNotificationConfigurationCommand({ Bucket }))).not.toHaveProperty(
      'QueueConfigurations',
    );
  });

  it('with the destination named', async () => {
    const { Bucket } = await fixture();
    await expect(configure(Bucket, queue(missing))).rejects.toMatchObject({
      ArgumentName: missing,
      ArgumentValue: 'The destination queue does not exist',
    });
  });

  it('with rules that overlap', async () => {
    const { Bucket, QueueArn } = await fixture();
    const rule = (Id: string, events: string[], prefix?: string) => ({
      Id,
      QueueArn,
      Events: events as 's3:ObjectCreated:*'[],
      ...(prefix === undefined ? {} : { Filter: { Key: { FilterRules: [{ Name: 'prefix' as const, Value: prefix }] } } }),
    });
    await expect(
      configure(Bucket, { QueueConfigurations: [rule('a', ['s3:ObjectCreated:*']), rule('b', ['s3:ObjectCreated:Put'])] }),
    ).rejects.toMatchObject({
      message: 'Configurations overlap. Configurations on the same bucket cannot share a common event type.',
    });
    await expect(
      configure(Bucket, {
        QueueConfigurations: [rule('a', ['s3:ObjectCreated:*'], 'x/'), rule('b', ['s3:ObjectCreated:*'], 'x/y')],
      }),
    ).rejects.toMatchObject({
      message:
        'Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type.',
    });
    await configure(Bucket, {
      QueueConfigurations: [rule('a', ['s3:ObjectCreated:*'], 'x/'), rule('b', ['s3:ObjectCreated:*'], 'y/')],
    });
  });

  it('with unknown events, or EventBridge', async () => {
    const { Bucket, QueueArn } = await fixture();
    await expect(configure(Bucket, queue(QueueArn, { Events: ['s3:Nothing'] }))).rejects.toMatchObject({
      name: 'MalformedXML',
    });
    await expect(configure(Bucket, { EventBridgeConfiguration: {} })).rejects.toMatchObject({
      name: 'NotImplemented',
    });
  });
});

it('does not tell of what was rolled back', async () => {
  const where = await fixture();
  await configure(where.Bucket, {
    QueueConfigurations: [{ QueueArn: where.QueueArn, Events: ['s3:ObjectCreated:*'] }],
  });
  await drain(where);
  await s3.send(new sdk.PutObjectCommand({ Bucket: where.Bucket, Key: 'k', Body: 'x' }));
  await expect(
    s3.send(new sdk.PutObjectCommand({ Bucket: where.Bucket, Key: 'k', Body: 'y', IfNoneMatch: '*' })),
  ).rejects.toMatchObject({ name: 'PreconditionFailed' });
  expect(await records(where)).toHaveLength(1);
  const left = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: where.QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
  );
  expect(left.Attributes?.['ApproximateNumberOfMessages']).toBe('0');
});
