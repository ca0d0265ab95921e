// Queues through the SDK and the query protocol: life, attributes, permissions, tags, redrive tasks.
import {
  AddPermissionCommand,
  CancelMessageMoveTaskCommand,
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListDeadLetterSourceQueuesCommand,
  ListMessageMoveTasksCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  ReceiveMessageCommand,
  RemovePermissionCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
  TagQueueCommand,
  UntagQueueCommand,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCloud, type TestCloud } from '../../testing/create-cloud.ts';

let cloud: TestCloud;
let sqs: SQSClient;

beforeEach(async () => {
  cloud = await createCloud();
  sqs = cloud.client(SQSClient);
});

afterEach(() => cloud.close());

const arn = (name: string): string => `arn:aws:sqs:us-east-1:000000000000:${name}`;

async function createQueue(name: string, Attributes?: Record<string, string>): Promise<string> {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes }));
  return QueueUrl ?? '';
}

async function attributes(QueueUrl: string): Promise<Record<string, string>> {
  const answer = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
  return answer.Attributes ?? {};
}

async function set(QueueUrl: string, Attributes: Record<string, string>): Promise<void> {
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
}

describe('a queue', () => {
  test('is made once, and again only with the attributes it has', async () => {
    const url = await createQueue('orders', { DelaySeconds: '1' });
    expect(url).toBe(`${cloud.endpoint}/000000000000/orders`);
    expect(await createQueue('orders', { DelaySeconds: '1' })).toBe(url);
    expect(await createQueue('orders')).toBe(url);
    // Recorded: test_create_queue_with_different_attributes_raises_exception.
    await expect(createQueue('orders', { DelaySeconds: '2' })).rejects.toMatchObject({
      name: 'QueueNameExists',
      message:
        'A queue already exists with the same name and a different value for attribute DelaySeconds',
    });
  });

  test('has the defaults of AWS', async () => {
    const seconds = String(Math.floor(cloud.clock.now().getTime() / 1000));
    // Source: SQS API reference, CreateQueue; members recorded: test_create_queue_with_attributes.
    expect(await attributes(await createQueue('orders'))).toEqual({
      QueueArn: arn('orders'),
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesNotVisible: '0',
      ApproximateNumberOfMessagesDelayed: '0',
      CreatedTimestamp: seconds,
      LastModifiedTimestamp: seconds,
      VisibilityTimeout: '30',
      MaximumMessageSize: '1048576',
      MessageRetentionPeriod: '345600',
      DelaySeconds: '0',
      ReceiveMessageWaitTimeSeconds: '0',
      SqsManagedSseEnabled: 'true',
    });
  });

  test('is found by any host in its URL, by its name, and not after its end', async () => {
    await createQueue('orders');
    for (const QueueUrl of ['https://sqs.us-east-1.amazonaws.com/000000000000/orders', 'orders']) {
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'hi' }));
    }
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: 'orders' }));
    await sqs.send(new DeleteQueueCommand({ QueueUrl }));
    await expect(sqs.send(new GetQueueUrlCommand({ QueueName: 'orders' }))).rejects.toMatchObject({
      name: 'QueueDoesNotExist',
      message: 'The specified queue does not exist.',
    });
    // A new queue of the name does not find the messages of the old one.
    expect(await attributes(await createQueue('orders'))).toMatchObject({
      ApproximateNumberOfMessages: '0',
    });
  });

  test('belongs to its account and region', async () => {
    await createQueue('orders');
    for (const options of [{ region: 'eu-west-1' }, { account: '111111111111' }]) {
      const other = cloud.client(SQSClient, options);
      await expect(other.send(new GetQueueUrlCommand({ QueueName: 'orders' }))).rejects.toThrow(
        'The specified queue does not exist.',
      );
      expect(await other.send(new ListQueuesCommand({}))).not.toHaveProperty('QueueUrls');
    }
  });

  test('is listed by prefix, page by page', async () => {
    for (const name of ['a-1', 'a-2', 'a-3', 'b-1']) await createQueue(name);
    const names = (urls: string[] | undefined): (string | undefined)[] =>
      (urls ?? []).map((url) => url.split('/').at(-1));
    const first = await sqs.send(new ListQueuesCommand({ QueueNamePrefix: 'a', MaxResults: 2 }));
    expect(names(first.QueueUrls)).toEqual(['a-1', 'a-2']);
    const { NextToken } = first;
    const second = await sqs.send(
      new ListQueuesCommand({ QueueNamePrefix: 'a', MaxResults: 2, NextToken }),
    );
    expect(names(second.QueueUrls)).toEqual(['a-3']);
    expect(second.NextToken).toBeUndefined();
  });
});

describe('attributes', () => {
  test.each([
    ['VisibilityTimeout', '43201'],
    ['DelaySeconds', '901'],
    ['MaximumMessageSize', '1023'],
    ['MaximumMessageSize', '1048577'],
    ['MessageRetentionPeriod', '59'],
    ['ReceiveMessageWaitTimeSeconds', '21'],
    ['SqsManagedSseEnabled', 'maybe'],
    ['Policy', 'no json'],
  ])('%s = %s is out of range', async (name, value) => {
    await expect(createQueue('orders', { [name]: value })).rejects.toMatchObject({
      name: 'InvalidAttributeValue',
      message: `Invalid value for the parameter ${name}.`,
    });
  });

  test('unknown names are refused, those of FIFO queues too', async () => {
    await expect(createQueue('orders', { Foo: '1' })).rejects.toMatchObject({
      name: 'InvalidAttributeName',
      message: 'Unknown Attribute Foo.',
    });
    // Recorded: test_set_unsupported_attribute_fifo.
    const url = await createQueue('orders');
    await expect(set(url, { FifoQueue: 'false' })).rejects.toThrow('Unknown Attribute FifoQueue.');
    await expect(set(url, { toString: '1' })).rejects.toThrow('Unknown Attribute toString.');
  });

  test('a change shows, with the time of it', async () => {
    const url = await createQueue('orders');
    await cloud.clock.advance('10s');
    await set(url, { VisibilityTimeout: '69', MaximumMessageSize: '2048', DelaySeconds: '420' });
    const shown = await attributes(url);
    expect(shown).toMatchObject({ VisibilityTimeout: '69', MaximumMessageSize: '2048', DelaySeconds: '420' });
    expect(Number(shown['LastModifiedTimestamp']) - Number(shown['CreatedTimestamp'])).toBe(10);
  });

  // Recorded: test_sse_kms_and_sqs_are_mutually_exclusive.
  test('one kind of encryption at a time', async () => {
    const both = { KmsMasterKeyId: 'alias/aws/sqs', SqsManagedSseEnabled: 'true' };
    await expect(createQueue('orders', both)).rejects.toThrow(
      'You can use one type of server-side encryption (SSE) at one time.',
    );
    const url = await createQueue('orders', { KmsMasterKeyId: 'alias/aws/sqs' });
    expect(await attributes(url)).toMatchObject({
      KmsMasterKeyId: 'alias/aws/sqs',
      KmsDataKeyReusePeriodSeconds: '300',
      SqsManagedSseEnabled: 'false',
    });
  });

  // Recorded: test_invalid_dead_letter_arn_rejected_before_lookup; the others: messages of AWS.
  test.each([
    ['{"deadLetterTargetArn": "dummy", "maxReceiveCount": 42}', 'Invalid value for deadLetterTargetArn.'],
    [
      JSON.stringify({ deadLetterTargetArn: arn('dlq'), maxReceiveCount: 1001 }),
      'Invalid value for maxReceiveCount: 1001, valid values are from 1 to 1000 both inclusive.',
    ],
    ['nonsense', 'Redrive policy is not a valid JSON map.'],
    [
      JSON.stringify({ deadLetterTargetArn: arn('dlq') }),
      'Redrive policy does not contain mandatory attribute: maxReceiveCount.',
    ],
    [JSON.stringify({ deadLetterTargetArn: arn('gone'), maxReceiveCount: 1 }), 'Dead letter target does not exist.'],
  ])('RedrivePolicy %s', async (RedrivePolicy, reason) => {
    await createQueue('dlq');
    const failure = createQueue('orders', { RedrivePolicy });
    await expect(failure).rejects.toMatchObject({ name: 'InvalidParameterValue' });
    await expect(failure).rejects.toThrow(`for parameter RedrivePolicy is invalid. Reason: ${reason}`);
  });

  test('a dead-letter queue says who may use it, and who does', async () => {
    const allow = { redrivePermission: 'byQueue', sourceQueueArns: [arn('a')] };
    const dlq = await createQueue('dlq', { RedriveAllowPolicy: JSON.stringify(allow) });
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arn('dlq'), maxReceiveCount: 3 });
    const url = await createQueue('a', { RedrivePolicy });
    await expect(createQueue('b', { RedrivePolicy })).rejects.toThrow('does not allow this source queue');
    expect((await attributes(url))['RedrivePolicy']).toBe(RedrivePolicy);
    const sources = (): Promise<unknown> =>
      sqs.send(new ListDeadLetterSourceQueuesCommand({ QueueUrl: dlq })).then(({ queueUrls }) => queueUrls);
    expect(await sources()).toEqual([url]);
    await set(url, { RedrivePolicy: '' });
    expect(await sources()).toEqual([]);
    expect(await attributes(url)).not.toHaveProperty('RedrivePolicy');
  });
});

describe('messages are refused', () => {
  let url: string;
  beforeEach(async () => {
    url = await createQueue('orders', { MaximumMessageSize: '1024' });
  });
  const send = (more: object): Promise<unknown> =>
    sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'x', ...more }));

  test('empty', async () => {
    await expect(send({ MessageBody: '' })).rejects.toMatchObject({
      name: 'MissingParameter',
      message: 'The request must contain the parameter MessageBody.',
    });
  });

  // Recorded: test_send_message_with_updated_maximum_message_size.
  test('too long, attributes counted', async () => {
    const message =
      'One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.';
    await expect(send({ MessageBody: 'x'.repeat(1025) })).rejects.toMatchObject({
      name: 'InvalidParameterValue',
      message,
    });
    await send({ MessageBody: 'x'.repeat(1024) });
    const MessageAttributes = { a: { DataType: 'String', StringValue: 'b' } };
    await expect(send({ MessageBody: 'x'.repeat(1020), MessageAttributes })).rejects.toThrow(message);
  });

  // https://github.com/asim/nitro-plugins/issues/437 quotes AWS.
  test('with characters XML cannot hold', async () => {
    await expect(send({ MessageBody: 'a\u0007' })).rejects.toMatchObject({
      name: 'InvalidMessageContents',
      message:
        "Invalid binary character '#x7' was found in the message body, the set of allowed characters " +
        'is #x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF].',
    });
    await send({ MessageBody: 'tab\t line\n \u{1f600} \ue000' });
  });

  test.each([
    [
      'an empty attribute',
      { ErrorDetails: { DataType: 'String', StringValue: '' } },
      // Recorded: test_send_message_with_empty_string_attribute.
      "Message (user) attribute 'ErrorDetails' must contain a non-empty value of type 'String'.",
    ],
    ['a strange type', { a: { DataType: 'Text', StringValue: 'x' } }, 'has an invalid message attribute type'],
    ['no number', { a: { DataType: 'Number', StringValue: 'x' } }, "Can't cast the value of message (user) attribute 'a'"],
    ['a reserved name', { 'AWS.x': { DataType: 'String', StringValue: 'x' } }, "The message attribute name 'AWS.x' is invalid."],
  ])('with %s', async (_, MessageAttributes, message) => {
    await expect(send({ MessageAttributes })).rejects.toThrow(message);
  });

  // Recorded: the batch tests of test_sqs.snapshot.json.
  test.each([
    ['EmptyBatchRequest', [], 'There should be at least one SendMessageBatchRequestEntry in the request.'],
    [
      'TooManyEntriesInBatchRequest',
      Array.from({ length: 20 }, (_, n) => ({ Id: `${n}`, MessageBody: 'x' })),
      'Maximum number of entries per request are 10. You have sent 20.',
    ],
    [
      'InvalidBatchEntryId',
      [{ Id: 'invalid:id', MessageBody: 'x' }],
      'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
    ],
    [
      'BatchEntryIdsNotDistinct',
      [{ Id: 'a', MessageBody: 'x' }, { Id: 'a', MessageBody: 'y' }],
      'Id a repeated.',
    ],
    [
      'BatchRequestTooLong',
      [{ Id: 'a', MessageBody: 'x'.repeat(600_000) }, { Id: 'b', MessageBody: 'y'.repeat(448_577) }],
      'Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.',
    ],
  ])('in a batch: %s', async (name, Entries, message) => {
    await expect(sqs.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }))).rejects.toMatchObject({
      name,
      message,
    });
  });

  test.each([
    [{ MaxNumberOfMessages: 11 }, 'Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.'],
    [{ WaitTimeSeconds: 21 }, 'Value 21 for parameter WaitTimeSeconds is invalid.'],
    [{ VisibilityTimeout: 43201 }, 'Value 43201 for parameter VisibilityTimeout is invalid.'],
  ])('by a receive with %j', async (more, message) => {
    await expect(sqs.send(new ReceiveMessageCommand({ QueueUrl: url, ...more }))).rejects.toThrow(message);
  });
});

describe('permissions and tags', () => {
  // Recorded: test_sqs_permission_lifecycle.
  test('a permission is a statement of the policy', async () => {
    const QueueUrl = await createQueue('orders');
    const add = (Label: string): Promise<unknown> =>
      sqs.send(
        new AddPermissionCommand({
          QueueUrl,
          Label,
          AWSAccountIds: ['111111111111'],
          Actions: ['ReceiveMessage'],
        }),
      );
    await add('cross');
    expect(JSON.parse((await attributes(QueueUrl))['Policy'] ?? '')).toEqual({
      Version: '2008-10-17',
      Id: `${arn('orders')}/SQSDefaultPolicy`,
      Statement: [
        {
          Sid: 'cross',
          Effect: 'Allow',
          Principal: { AWS: 'arn:aws:iam::111111111111:root' },
          Action: 'SQS:ReceiveMessage',
          Resource: arn('orders'),
        },
      ],
    });
    await expect(add('cross')).rejects.toThrow(
      'Value cross for parameter Label is invalid. Reason: Already exists.',
    );
    const remove = new RemovePermissionCommand({ QueueUrl, Label: 'cross' });
    await sqs.send(remove);
    expect(await attributes(QueueUrl)).not.toHaveProperty('Policy');
    await expect(sqs.send(remove)).rejects.toThrow(
      "Value cross for parameter Label is invalid. Reason: can't find label.",
    );
  });

  // Recorded: test_tag_untag_queue.
  test('tags come and go', async () => {
    const QueueUrl = await createQueue('orders');
    await sqs.send(new TagQueueCommand({ QueueUrl, Tags: { tag1: 'value1', tag2: 'value2', tag3: '' } }));
    await sqs.send(new UntagQueueCommand({ QueueUrl, TagKeys: ['tag1', 'tag3'] }));
    const { Tags } = await sqs.send(new ListQueueTagsCommand({ QueueUrl }));
    expect(Tags).toEqual({ tag2: 'value2' });
  });
});

describe('a message move task', () => {
  let dlq: string;
  let work: string;

  beforeEach(async () => {
    dlq = await createQueue('dlq');
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arn('dlq'), maxReceiveCount: 1 });
    work = await createQueue('work', { RedrivePolicy, VisibilityTimeout: '0' });
    for (let n = 0; n < 3; n++) {
      await sqs.send(new SendMessageCommand({ QueueUrl: work, MessageBody: `m${n}` }));
    }
    for (let n = 0; n < 2; n++) {
      await sqs.send(new ReceiveMessageCommand({ QueueUrl: work, MaxNumberOfMessages: 10 }));
    }
    expect(await attributes(dlq)).toMatchObject({ ApproximateNumberOfMessages: '3' });
  });

  const list = async (): Promise<unknown> =>
    (await sqs.send(new ListMessageMoveTasksCommand({ SourceArn: arn('dlq') }))).Results?.[0];

  // Members recorded: test_move_task_workflow_with_default_destination.
  test('brings messages back to where they came from', async () => {
    const StartedTimestamp = cloud.clock.now().getTime();
    await sqs.send(new StartMessageMoveTaskCommand({ SourceArn: arn('dlq') }));
    await cloud.settle();
    expect(await list()).toEqual({
      ApproximateNumberOfMessagesMoved: 3,
      ApproximateNumberOfMessagesToMove: 3,
      SourceArn: arn('dlq'),
      StartedTimestamp,
      Status: 'COMPLETED',
    });
    expect(await attributes(work)).toMatchObject({ ApproximateNumberOfMessages: '3' });
    expect(await attributes(dlq)).toMatchObject({ ApproximateNumberOfMessages: '0' });
    const { Messages } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: work, MessageSystemAttributeNames: ['All'] }),
    );
    // A redriven message counts its receives anew. Source: SQS Developer Guide, DLQ redrive.
    expect(Messages?.[0]?.Attributes?.ApproximateReceiveCount).toBe('1');
    expect(Messages?.[0]?.Attributes).not.toHaveProperty('DeadLetterQueueSourceArn');
  });

  // Recorded: test_move_task_cancel.
  test('keeps to its rate and can be cancelled', async () => {
    const { TaskHandle } = await sqs.send(
      new StartMessageMoveTaskCommand({
        SourceArn: arn('dlq'),
        DestinationArn: arn('work'),
        MaxNumberOfMessagesPerSecond: 1,
      }),
    );
    await cloud.settle();
    expect(await list()).toMatchObject({ Status: 'RUNNING', TaskHandle, ApproximateNumberOfMessagesMoved: 1 });
    await expect(
      sqs.send(new StartMessageMoveTaskCommand({ SourceArn: arn('dlq') })),
    ).rejects.toThrow('There is already a task running.');
    await cloud.clock.advance('1s');
    const cancelled = await sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle }));
    expect(cancelled.ApproximateNumberOfMessagesMoved).toBe(2);
    await cloud.clock.advance('10s');
    expect(await list()).toMatchObject({ Status: 'CANCELLED', ApproximateNumberOfMessagesMoved: 2 });
  });

  // Recorded: test_move_task_delete_destination_queue_while_running.
  test('fails when its destination goes', async () => {
    await sqs.send(
      new StartMessageMoveTaskCommand({ SourceArn: arn('dlq'), MaxNumberOfMessagesPerSecond: 1 }),
    );
    await cloud.settle();
    await sqs.send(new DeleteQueueCommand({ QueueUrl: work }));
    await cloud.clock.advance('1s');
    expect(await list()).toMatchObject({
      Status: 'FAILED',
      FailureReason: 'AWS.SimpleQueueService.NonExistentQueue',
      ApproximateNumberOfMessagesMoved: 1,
    });
  });

  // Recorded: test_source_needs_redrive_policy, test_destination_needs_to_exist.
  test('needs a dead-letter queue and a destination', async () => {
    await expect(
      sqs.send(new StartMessageMoveTaskCommand({ SourceArn: arn('work') })),
    ).rejects.toMatchObject({
      name: 'InvalidParameterValue',
      message: 'Source queue must be configured as a Dead Letter Queue.',
    });
    await expect(
      sqs.send(new StartMessageMoveTaskCommand({ SourceArn: arn('dlq'), DestinationArn: arn('none') })),
    ).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: "The resource that you specified for the DestinationArn parameter doesn't exist.",
    });
  });
});

describe('the query protocol', () => {
  async function post(path: string, form: Record<string, string>): Promise<{ status: number; text: string }> {
    const response = await fetch(cloud.endpoint + path, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        authorization:
          'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0',
      },
      body: new URLSearchParams(form).toString(),
    });
    return { status: response.status, text: await response.text() };
  }

  test('finds the queue by the path posted to', async () => {
    await createQueue('orders');
    const sent = await post('/000000000000/orders', { Action: 'SendMessage', MessageBody: 'hello' });
    expect(sent.status).toBe(200);
    expect(sent.text).toContain('<MD5OfMessageBody>5d41402abc4b2a76b9719d911017c592</MD5OfMessageBody>');
    const got = await post('/000000000000/orders', { Action: 'ReceiveMessage', 'AttributeName.1': 'All' });
    expect(got.text).toContain('<Body>hello</Body>');
    expect(got.text).toContain('<Name>SenderId</Name><Value>000000000000</Value>');
  });

  test('answers with the older error codes', async () => {
    const answer = await post('/', { Action: 'GetQueueUrl', QueueName: 'none' });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('<Code>AWS.SimpleQueueService.NonExistentQueue</Code>');
  });
});
