// Topics, subscriptions and delivery through the SDK.
import {
  AddPermissionCommand,
  ConfirmSubscriptionCommand,
  CreateTopicCommand,
  DeleteTopicCommand,
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListSubscriptionsCommand,
  ListTagsForResourceCommand,
  ListTopicsCommand,
  PublishBatchCommand,
  PublishCommand,
  type PublishCommandInput,
  SetSubscriptionAttributesCommand,
  SetTopicAttributesCommand,
  SNSClient,
  SubscribeCommand,
  TagResourceCommand,
  UnsubscribeCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-sns';
import { CreateQueueCommand, DeleteQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCloud, type TestCloud } from '../../testing/create-cloud.ts';

const ACCOUNT = '000000000000';
const topicArn = `arn:aws:sns:us-east-1:${ACCOUNT}:news`;
const queueArn = (name: string): string => `arn:aws:sqs:us-east-1:${ACCOUNT}:${name}`;

let cloud: TestCloud;
let sns: SNSClient;
let sqs: SQSClient;

beforeEach(async () => {
  cloud = await createCloud();
  sns = cloud.client(SNSClient);
  sqs = cloud.client(SQSClient);
  await sns.send(new CreateTopicCommand({ Name: 'news' }));
  await sqs.send(new CreateQueueCommand({ QueueName: 'inbox' }));
});

afterEach(() => cloud.close());

async function subscribe(Attributes?: Record<string, string>, queue = 'inbox'): Promise<string> {
  const command = new SubscribeCommand({
    TopicArn: topicArn,
    Protocol: 'sqs',
    Endpoint: queueArn(queue),
    Attributes,
  });
  return (await sns.send(command)).SubscriptionArn ?? '';
}

async function publish(Message: string, more: Partial<PublishCommandInput> = {}): Promise<string> {
  const sent = await sns.send(new PublishCommand({ TopicArn: topicArn, Message, ...more }));
  return sent.MessageId ?? '';
}

async function receive(queue = 'inbox') {
  await cloud.settle();
  const answer = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: queue,
      MaxNumberOfMessages: 10,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['All'],
    }),
  );
  return answer.Messages ?? [];
}

describe('a topic', () => {
  // Recorded: test_create_topic_test_arn, test_create_topic_with_attributes.
  test('is made once and describes itself as on AWS', async () => {
    const again = await sns.send(new CreateTopicCommand({ Name: 'news' }));
    expect(again.TopicArn).toBe(topicArn);
    const { Attributes = {} } = await sns.send(new GetTopicAttributesCommand({ TopicArn: topicArn }));
    const { Policy, EffectiveDeliveryPolicy, ...rest } = Attributes;
    expect(rest).toEqual({
      TopicArn: topicArn,
      Owner: ACCOUNT,
      DisplayName: '',
      SubscriptionsConfirmed: '0',
      SubscriptionsDeleted: '0',
      SubscriptionsPending: '0',
    });
    expect(JSON.parse(Policy ?? '')).toMatchObject({
      Id: '__default_policy_ID',
      Statement: [{ Sid: '__default_statement_ID', Resource: topicArn }],
    });
    expect(JSON.parse(EffectiveDeliveryPolicy ?? '').http.defaultHealthyRetryPolicy.numRetries).toBe(3);
  });

  test('of the same name with other attributes or tags is refused', async () => {
    const create = (more: object): Promise<unknown> =>
      sns.send(new CreateTopicCommand({ Name: 'news', ...more }));
    await expect(create({ Attributes: { DisplayName: 'News' } })).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: 'Invalid parameter: Attributes Reason: Topic already exists with different attributes',
    });
    // Recorded: test_create_duplicate_topic_with_more_tags.
    await expect(create({ Tags: [{ Key: 'k', Value: 'v' }] })).rejects.toThrow(
      'Invalid parameter: Tags Reason: Topic already exists with different tags',
    );
  });

  // Recorded: test_create_topic_with_attributes, test_publish_wrong_arn_format.
  test('that does not exist', async () => {
    const get = (TopicArn: string): Promise<unknown> => sns.send(new GetTopicAttributesCommand({ TopicArn }));
    await expect(get(`${topicArn}x`)).rejects.toMatchObject({
      name: 'NotFoundException',
      message: 'Topic does not exist',
      $metadata: { httpStatusCode: 404 },
    });
    await expect(get('randomarn')).rejects.toThrow(
      'Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1',
    );
  });

  test('takes its subscriptions with it', async () => {
    await subscribe();
    await sns.send(new DeleteTopicCommand({ TopicArn: topicArn }));
    expect((await sns.send(new ListTopicsCommand({}))).Topics).toEqual([]);
    expect((await sns.send(new ListSubscriptionsCommand({}))).Subscriptions).toEqual([]);
  });

  // Recorded: test_tags.
  test('has tags', async () => {
    const ResourceArn = topicArn;
    const tags = (...Tags: { Key: string; Value: string }[]): Promise<unknown> =>
      sns.send(new TagResourceCommand({ ResourceArn, Tags }));
    await expect(tags({ Key: 'k1', Value: '1' }, { Key: 'k1', Value: '2' })).rejects.toThrow(
      'Invalid parameter: Duplicated keys are not allowed.',
    );
    await tags({ Key: 'k1', Value: 'v1' }, { Key: 'k2', Value: 'v2' });
    await sns.send(new UntagResourceCommand({ ResourceArn, TagKeys: ['k1'] }));
    const { Tags } = await sns.send(new ListTagsForResourceCommand({ ResourceArn }));
    expect(Tags).toEqual([{ Key: 'k2', Value: 'v2' }]);
  });

  test('grants permissions by label', async () => {
    await sns.send(
      new AddPermissionCommand({
        TopicArn: topicArn,
        Label: 'partner',
        AWSAccountId: ['111111111111'],
        ActionName: ['Publish'],
      }),
    );
    const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn: topicArn }));
    expect(JSON.parse(Attributes?.['Policy'] ?? '').Statement[1]).toEqual({
      Sid: 'partner',
      Effect: 'Allow',
      Principal: { AWS: 'arn:aws:iam::111111111111:root' },
      Action: 'SNS:Publish',
      Resource: topicArn,
    });
  });

  test.each([
    ['FifoTopic', 'true', 'FIFO topics'],
    ['KmsMasterKeyId', 'alias/mine', 'encryption with the KMS key alias/mine'],
    ['LambdaFailureFeedbackRoleArn', 'arn:aws:iam::1:role/x', 'delivery status logs'],
    ['HTTPSuccessFeedbackSampleRate', '100', 'delivery status logs'],
  ])('with %s is refused by name', async (name, value, what) => {
    const command = new CreateTopicCommand({ Name: 'other', Attributes: { [name]: value } });
    await expect(sns.send(command)).rejects.toThrow(`Cloudlet does not implement ${what}`);
  });

  // As the AWS provider of Terraform does to each topic it makes.
  test('delivery logs of nothing may be asked for', async () => {
    const set = (AttributeName: string, AttributeValue: string): Promise<unknown> =>
      sns.send(new SetTopicAttributesCommand({ TopicArn: topicArn, AttributeName, AttributeValue }));
    await set('ApplicationSuccessFeedbackSampleRate', '0');
    await set('SQSSuccessFeedbackSampleRate', '0');
    await set('SQSFailureFeedbackRoleArn', '');
    const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn: topicArn }));
    expect(Attributes).toMatchObject({
      ApplicationSuccessFeedbackSampleRate: '0',
      SQSSuccessFeedbackSampleRate: '0',
    });
    expect(Attributes).not.toHaveProperty('SQSFailureFeedbackRoleArn');
    await expect(set('MailSuccessFeedbackSampleRate', '0')).rejects.toThrow('AttributeName');
    await expect(set('toString', '0')).rejects.toThrow('AttributeName');
  });
});

describe('delivery to a queue', () => {
  // Envelope recorded: test_subscribe_sqs_queue, test_message_attributes_not_missing.
  test('wraps the message', async () => {
    const subscription = await subscribe();
    const MessageId = await publish('hello', {
      Subject: 'greeting',
      MessageAttributes: {
        attr1: { DataType: 'Number', StringValue: '99.12' },
        binary: { DataType: 'Binary', BinaryValue: Uint8Array.of(2, 3, 4) },
      },
    });
    const [message] = await receive();
    const body = JSON.parse(message?.Body ?? '');
    expect(Object.keys(body)).toEqual([
      'Type',
      'MessageId',
      'TopicArn',
      'Subject',
      'Message',
      'Timestamp',
      'SignatureVersion',
      'Signature',
      'SigningCertURL',
      'UnsubscribeURL',
      'MessageAttributes',
    ]);
    expect(body).toMatchObject({
      Type: 'Notification',
      MessageId,
      TopicArn: topicArn,
      Subject: 'greeting',
      Message: 'hello',
      Timestamp: cloud.clock.now().toISOString(),
      SignatureVersion: '1',
      UnsubscribeURL: `${cloud.endpoint}/?Action=Unsubscribe&SubscriptionArn=${subscription}`,
      MessageAttributes: {
        attr1: { Type: 'Number', Value: '99.12' },
        binary: { Type: 'Binary', Value: 'AgME' },
      },
    });
    expect(message).not.toHaveProperty('MessageAttributes');
  });

  test('says how to end it, with a link that needs no credentials', async () => {
    await subscribe();
    await publish('hello');
    const [message] = await receive();
    const response = await fetch(JSON.parse(message?.Body ?? '').UnsubscribeURL);
    expect(response.status).toBe(200);
    const { Subscriptions } = await sns.send(
      new ListSubscriptionsByTopicCommand({ TopicArn: topicArn }),
    );
    expect(Subscriptions).toEqual([]);
  });

  // Recorded: test_publish_sqs_from_sns.
  test('hands it over raw when asked, attributes as message attributes', async () => {
    await subscribe({ RawMessageDelivery: 'true' });
    await publish('Test msg', { MessageAttributes: { attr1: { DataType: 'Number', StringValue: '99.12' } } });
    const [message] = await receive();
    expect(message?.Body).toBe('Test msg');
    expect(message?.MD5OfMessageAttributes).toBe('d302007e9aa062660afc85fd0a482472');
  });

  test('gives each protocol its own text', async () => {
    await subscribe({ RawMessageDelivery: 'true' });
    await publish(JSON.stringify({ default: 'all', sqs: 'queues' }), { MessageStructure: 'json' });
    await publish(JSON.stringify({ default: 'all', lambda: 'x' }), { MessageStructure: 'json' });
    expect((await receive()).map(({ Body }) => Body)).toEqual(['queues', 'all']);
  });

  test('passes filters by attributes and by body', async () => {
    await sqs.send(new CreateQueueCommand({ QueueName: 'bodies' }));
    await subscribe({ RawMessageDelivery: 'true', FilterPolicy: '{"kind":["order"]}' });
    await subscribe(
      {
        RawMessageDelivery: 'true',
        FilterPolicyScope: 'MessageBody',
        FilterPolicy: '{"order":{"total":[{"numeric":[">",10]}]}}',
      },
      'bodies',
    );
    const kind = (StringValue: string) => ({ kind: { DataType: 'String', StringValue } });
    await publish('by attribute', { MessageAttributes: kind('order') });
    await publish('refused', { MessageAttributes: kind('refund') });
    await publish('{"order":{"total":11}}');
    await publish('{"order":{"total":9}}');
    expect((await receive()).map(({ Body }) => Body)).toEqual(['by attribute']);
    expect((await receive('bodies')).map(({ Body }) => Body)).toEqual(['{"order":{"total":11}}']);
  });

  test('carries the trace of the publisher', async () => {
    await subscribe();
    sns.middlewareStack.add(
      (next) => (args) => {
        const { headers } = args.request as { headers: Record<string, string> };
        headers['X-Amzn-Trace-Id'] = 'Root=1-3152b799-8954dae64eda91bc9a23a7e8;Sampled=1';
        return next(args);
      },
      { step: 'build' },
    );
    await publish('traced');
    const [message] = await receive();
    expect(message?.Attributes?.AWSTraceHeader).toBe('Root=1-3152b799-8954dae64eda91bc9a23a7e8;Sampled=1');
  });

  // Recorded: test_redrive_policy_sqs_queue_subscription.
  test('goes to the dead-letter queue when the queue is gone, without retries', async () => {
    await sqs.send(new CreateQueueCommand({ QueueName: 'dlq' }));
    await subscribe({ RedrivePolicy: JSON.stringify({ deadLetterTargetArn: queueArn('dlq') }) });
    await sqs.send(new DeleteQueueCommand({ QueueUrl: 'inbox' }));
    await publish('lost');
    const [message] = await receive('dlq');
    expect(JSON.parse(message?.Body ?? '')).toMatchObject({ Type: 'Notification', Message: 'lost' });
  });

  test('is tried again after a failure of the service, as AWS does', async () => {
    await subscribe({ RawMessageDelivery: 'true' });
    cloud.setFaults([
      { service: 'sqs', operation: 'SendMessage', error: { code: 'InternalError', status: 503 } },
    ]);
    await publish('patient');
    await cloud.settle();
    cloud.setFaults([]);
    expect(await receive()).toEqual([]);
    await cloud.clock.advance('1s');
    expect((await receive()).map(({ Body }) => Body)).toEqual(['patient']);
  });

  test('of a batch, every entry', async () => {
    await subscribe({ RawMessageDelivery: 'true' });
    const answer = await sns.send(
      new PublishBatchCommand({
        TopicArn: topicArn,
        PublishBatchRequestEntries: [
          { Id: '1', Message: 'one' },
          { Id: '2', Message: 'two' },
        ],
      }),
    );
    expect(answer.Successful?.map(({ Id }) => Id)).toEqual(['1', '2']);
    expect(answer.Failed).toEqual([]);
    expect(new Set((await receive()).map(({ Body }) => Body))).toEqual(new Set(['one', 'two']));
  });
});

test('a client-side failure without a dead-letter queue loses the message, on AWS as here', async () => {
  await subscribe();
  await sqs.send(new DeleteQueueCommand({ QueueUrl: 'inbox' }));
  await publish('lost');
  await cloud.settle();
  await sqs.send(new CreateQueueCommand({ QueueName: 'inbox' }));
  await cloud.clock.advance('1h');
  expect(await receive()).toEqual([]);
});

describe('a publish is refused', () => {
  // Recorded: TestSNSPublishCrud of test_sns.snapshot.json.
  test.each([
    ['an empty subject', { Subject: '' }, 'Invalid parameter: Subject'],
    ['a subject of two lines', { Subject: 'a\nb' }, 'Invalid parameter: Subject'],
    ['an empty message', { Message: '' }, 'Invalid parameter: Empty message'],
    ['too much', { Message: 'x'.repeat(262_145) }, 'Invalid parameter: Message too long'],
    ['no JSON', { MessageStructure: 'json', Message: 'x' }, 'Invalid parameter: Message Structure - JSON message body failed to parse'],
    ['no default', { MessageStructure: 'json', Message: '{"sqs":"x"}' }, 'Invalid parameter: Message Structure - No default entry in JSON message body'],
    ['an empty attribute', { MessageAttributes: { attr1: { DataType: 'String', StringValue: '' } } }, "The message attribute 'attr1' must contain non-empty message attribute value for message attribute type 'String'."],
    ['no topic', { TopicArn: `${topicArn}x` }, 'Topic does not exist'],
  ])('with %s', async (_, more, message) => {
    await expect(publish('text', more)).rejects.toThrow(message);
  });

  // Recorded: test_publish_batch_exceptions.
  test.each([
    ['TooManyEntriesInBatchRequestException', Array.from({ length: 11 }, (_, n) => ({ Id: `${n}`, Message: 'x' })), 'The batch request contains more entries than permissible.'],
    ['BatchEntryIdsNotDistinctException', [{ Id: '1', Message: 'x' }, { Id: '1', Message: 'y' }], 'Two or more batch entries in the request have the same Id.'],
  ])('%s', async (name, PublishBatchRequestEntries, message) => {
    const command = new PublishBatchCommand({ TopicArn: topicArn, PublishBatchRequestEntries });
    await expect(sns.send(command)).rejects.toMatchObject({ name, message });
  });
});

describe('a subscription', () => {
  // Recorded: test_create_subscriptions_with_attributes.
  test('describes itself', async () => {
    const SubscriptionArn = await subscribe({ RawMessageDelivery: 'true' });
    expect(SubscriptionArn).toMatch(new RegExp(`^${topicArn}:[0-9a-f-]{36}$`));
    const { Attributes } = await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }));
    expect(Attributes).toEqual({
      ConfirmationWasAuthenticated: 'true',
      Endpoint: queueArn('inbox'),
      Owner: ACCOUNT,
      PendingConfirmation: 'false',
      Protocol: 'sqs',
      RawMessageDelivery: 'true',
      SubscriptionArn,
      SubscriptionPrincipal: `arn:aws:iam::${ACCOUNT}:root`,
      TopicArn: topicArn,
    });
  });

  test('is one per endpoint', async () => {
    const first = await subscribe({ RawMessageDelivery: 'true' });
    expect(await subscribe({ RawMessageDelivery: 'true' })).toBe(first);
    await expect(subscribe({ RawMessageDelivery: 'false' })).rejects.toThrow(
      'Subscription already exists with different attributes',
    );
    const { Subscriptions } = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn: topicArn }));
    expect(Subscriptions).toHaveLength(1);
  });

  // Recorded: test_validate_set_sub_attributes, test_subscribe_with_invalid_protocol.
  test.each([
    ['fake', 'x', 'Invalid parameter: AttributeName'],
    ['RawMessageDelivery', 'test-ValUe', 'Invalid parameter: RawMessageDelivery: Invalid value [test-ValUe]. Must be true or false.'],
    ['RedrivePolicy', '{"deadLetterTargetArn":"fake"}', 'Invalid parameter: RedrivePolicy: deadLetterTargetArn is an invalid arn'],
    ['FilterPolicyScope', 'RandomValue', 'Invalid parameter: FilterPolicyScope: Invalid value [RandomValue]. Please use either MessageBody or MessageAttributes'],
    ['FilterPolicy', '{"a":{"b":["c"]}}', 'Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy'],
  ])('refuses %s = %s', async (AttributeName, AttributeValue, message) => {
    const SubscriptionArn = await subscribe();
    const command = new SetSubscriptionAttributesCommand({ SubscriptionArn, AttributeName, AttributeValue });
    await expect(sns.send(command)).rejects.toThrow(message);
  });

  test('to what is not there is refused by name', async () => {
    const to = (Protocol: string, Endpoint: string): Promise<unknown> =>
      sns.send(new SubscribeCommand({ TopicArn: topicArn, Protocol, Endpoint }));
    await expect(to('http', 'http://example.com')).rejects.toThrow('Cloudlet does not implement');
    await expect(to('test-protocol', 'x')).rejects.toThrow(
      'Invalid parameter: Amazon SNS does not support this protocol string: test-protocol',
    );
    await expect(to('sqs', 'http://queue')).rejects.toThrow('Invalid parameter: SQS endpoint ARN');
  });

  test('of an e-mail address waits for its confirmation, two days', async () => {
    const command = new SubscribeCommand({ TopicArn: topicArn, Protocol: 'email', Endpoint: 'a@example.com' });
    expect((await sns.send(command)).SubscriptionArn).toBe('pending confirmation');
    const list = async (): Promise<(string | undefined)[] | undefined> =>
      (await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn: topicArn }))).Subscriptions?.map(
        ({ SubscriptionArn }) => SubscriptionArn,
      );
    expect(await list()).toEqual(['PendingConfirmation']);
    const Token = 'f'.repeat(64);
    // Recorded: test_sns_confirm_subscription_wrong_token.
    await expect(
      sns.send(new ConfirmSubscriptionCommand({ TopicArn: topicArn, Token })),
    ).rejects.toThrow('Invalid parameter: Token');
    await cloud.clock.advance('48h');
    expect(await list()).toEqual([]);
  });

  test('ends, once or twice', async () => {
    const SubscriptionArn = await subscribe();
    for (let n = 0; n < 2; n++) await sns.send(new UnsubscribeCommand({ SubscriptionArn }));
    await publish('nobody listens');
    expect(await receive()).toEqual([]);
    const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn: topicArn }));
    expect(Attributes).toMatchObject({ SubscriptionsConfirmed: '0', SubscriptionsDeleted: '1' });
    // Recorded: test_create_subscriptions_with_attributes.
    await expect(
      sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn })),
    ).rejects.toMatchObject({ name: 'NotFoundException', message: 'Subscription does not exist' });
  });

  test('changes what is delivered from then on', async () => {
    const SubscriptionArn = await subscribe();
    const set = (AttributeName: string, AttributeValue: string): Promise<unknown> =>
      sns.send(new SetSubscriptionAttributesCommand({ SubscriptionArn, AttributeName, AttributeValue }));
    await set('RawMessageDelivery', 'true');
    await set('FilterPolicy', '{"kind":[{"exists":true}]}');
    await publish('no kind');
    await set('FilterPolicy', '{}');
    await publish('no filter');
    expect((await receive()).map(({ Body }) => Body)).toEqual(['no filter']);
  });
});

test('topic attributes change', async () => {
  await sns.send(
    new SetTopicAttributesCommand({ TopicArn: topicArn, AttributeName: 'DisplayName', AttributeValue: 'News' }),
  );
  const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn: topicArn }));
  expect(Attributes?.['DisplayName']).toBe('News');
});
