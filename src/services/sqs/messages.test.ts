// Messages through the SDK: send, receive, visibility, delay, retention, dead letters, batches.
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SendMessageBatchCommand,
  SendMessageCommand,
  type SendMessageCommandInput,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCloud, type TestCloud } from '../../testing/create-cloud.ts';

let cloud: TestCloud;
let sqs: SQSClient;
let url: string;

beforeEach(async () => {
  cloud = await createCloud();
  sqs = cloud.client(SQSClient);
  url = await createQueue('orders');
});

afterEach(() => cloud.close());

async function createQueue(name: string, attributes: Record<string, string> = {}): Promise<string> {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
  return QueueUrl ?? '';
}

async function send(body: string, more: Partial<SendMessageCommandInput> = {}): Promise<string> {
  const sent = await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: body, ...more }));
  return sent.MessageId ?? '';
}

async function receive(more: Partial<ReceiveMessageCommandInput> = {}): Promise<Message[]> {
  const answer = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10, ...more }),
  );
  return answer.Messages ?? [];
}

async function counts(queueUrl = url): Promise<string> {
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['All'] }),
  );
  const { ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible } = Attributes;
  return [
    ApproximateNumberOfMessages,
    ApproximateNumberOfMessagesNotVisible,
    Attributes['ApproximateNumberOfMessagesDelayed'],
  ].join(' ');
}

const bodies = (messages: readonly Message[]): (string | undefined)[] =>
  messages.map((message) => message.Body);

describe('a message', () => {
  test('is received, hidden for the visibility timeout, and received again', async () => {
    const id = await send('one');
    const [first] = await receive();
    expect(first?.MessageId).toBe(id);
    expect(await receive()).toEqual([]);
    await cloud.clock.advance('29s');
    expect(await receive()).toEqual([]);
    await cloud.clock.advance('1s');
    const [second] = await receive({ MessageSystemAttributeNames: ['All'] });
    expect(second?.Attributes?.ApproximateReceiveCount).toBe('2');
    expect(second?.ReceiptHandle).not.toBe(first?.ReceiptHandle);
  });

  test('is gone once deleted with the latest receipt; an older receipt deletes nothing', async () => {
    await send('one');
    const [old] = await receive({ VisibilityTimeout: 1 });
    await cloud.clock.advance('1s');
    const [latest] = await receive();
    await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: old?.ReceiptHandle }));
    expect(await counts()).toBe('0 1 0');
    await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: latest?.ReceiptHandle }));
    expect(await counts()).toBe('0 0 0');
    await cloud.clock.advance('1h');
    expect(await receive()).toEqual([]);
  });

  test('may be deleted after its timeout ran out, while nobody else received it', async () => {
    await send('one');
    const [message] = await receive();
    await cloud.clock.advance('31s');
    await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: message?.ReceiptHandle }));
    expect(await counts()).toBe('0 0 0');
  });

  test('waits for its delay, its own or the queue’s', async () => {
    await send('late', { DelaySeconds: 10 });
    expect(await counts()).toBe('0 0 1');
    expect(await receive()).toEqual([]);
    await cloud.clock.advance('10s');
    expect(bodies(await receive())).toEqual(['late']);

    url = await createQueue('slow', { DelaySeconds: '5' });
    await send('by queue');
    await send('at once', { DelaySeconds: 0 });
    expect(bodies(await receive())).toEqual(['at once']);
    await cloud.clock.advance('5s');
    expect(bodies(await receive())).toEqual(['by queue']);
  });

  test('ends with the retention period, counted from when it was sent', async () => {
    url = await createQueue('brief', { MessageRetentionPeriod: '60' });
    await send('old');
    await cloud.clock.advance('30s');
    await send('young');
    await cloud.clock.advance('30s');
    expect(await counts()).toBe('1 0 0');
    expect(bodies(await receive())).toEqual(['young']);
  });

  test('carries the system attributes asked for', async () => {
    const sentAt = cloud.clock.now().getTime();
    await send('one', {
      MessageSystemAttributes: {
        AWSTraceHeader: { DataType: 'String', StringValue: 'Root=1-5e3d83c1-e6a0db584850d61342823d4c' },
      },
    });
    await cloud.clock.advance('2s');
    const [message] = await receive({ MessageSystemAttributeNames: ['All'] });
    expect(message?.Attributes).toEqual({
      SenderId: '000000000000',
      SentTimestamp: String(sentAt),
      ApproximateFirstReceiveTimestamp: String(sentAt + 2000),
      ApproximateReceiveCount: '1',
      AWSTraceHeader: 'Root=1-5e3d83c1-e6a0db584850d61342823d4c',
    });
    await cloud.clock.advance('30s');
    const [again] = await receive({ MessageSystemAttributeNames: ['ApproximateReceiveCount'] });
    expect(again?.Attributes).toEqual({ ApproximateReceiveCount: '2' });
  });

  // Recorded from AWS: LocalStack test_receive_message_message_attribute_names_filters.
  test.each([
    [[], undefined, []],
    [['All'], '4c360f3fdafd970e05fae2f149d997f5', ['General', 'Hello', 'Help.Me']],
    [['.*'], '4c360f3fdafd970e05fae2f149d997f5', ['General', 'Hello', 'Help.Me']],
    [['Foo', 'Help'], undefined, []],
    [['Foo', 'Hello'], 'a311262e065454b75da111d535b8dacd', ['Hello']],
    [['Hel.*'], '83fee93c1bcd8b9a5a923ffacdc636c7', ['Hello', 'Help.Me']],
  ])('attribute names %j give digest %s', async (names, digest, expected) => {
    await send('msg', {
      MessageAttributes: {
        'Help.Me': { DataType: 'String', StringValue: 'Me' },
        Hello: { DataType: 'String', StringValue: 'There' },
        General: { DataType: 'String', StringValue: 'Kenobi' },
      },
    });
    const [message] = await receive({ MessageAttributeNames: names });
    expect(message?.MD5OfMessageAttributes).toBe(digest);
    expect(Object.keys(message?.MessageAttributes ?? {}).sort()).toEqual(expected);
  });
});

describe('visibility', () => {
  test('zero gives the message back at once; more keeps it hidden longer', async () => {
    await send('one');
    const [message] = await receive();
    const change = (VisibilityTimeout: number): Promise<unknown> =>
      sqs.send(
        new ChangeMessageVisibilityCommand({
          QueueUrl: url,
          ReceiptHandle: message?.ReceiptHandle,
          VisibilityTimeout,
        }),
      );
    await change(100);
    await cloud.clock.advance('99s');
    expect(await receive()).toEqual([]);
    await change(0);
    expect(bodies(await receive())).toEqual(['one']);
    await expect(change(10)).rejects.toThrow(
      'Message does not exist or is not available for visibility timeout change.',
    );
  });

  test('twelve hours from the receive is the limit', async () => {
    await send('one');
    const [message] = await receive();
    await cloud.clock.advance('10s');
    const change = new ChangeMessageVisibilityCommand({
      QueueUrl: url,
      ReceiptHandle: message?.ReceiptHandle,
      VisibilityTimeout: 43_200,
    });
    await expect(sqs.send(change)).rejects.toThrow(
      'Value 43200 for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for ' +
        'the message is beyond the limit [43200 seconds]',
    );
  });
});

describe('long polling', () => {
  test('ends when a message comes', async () => {
    const waiting = receive({ WaitTimeSeconds: 20 });
    await cloud.settle();
    await send('news');
    expect(bodies(await waiting)).toEqual(['news']);
  });

  test('ends when a delayed message becomes visible', async () => {
    await send('soon', { DelaySeconds: 7 });
    const waiting = receive({ WaitTimeSeconds: 20 });
    await cloud.settle();
    await cloud.clock.advance('7s');
    expect(bodies(await waiting)).toEqual(['soon']);
  });

  test('ends empty when the wait is over, by the queue’s own setting too', async () => {
    url = await createQueue('patient', { ReceiveMessageWaitTimeSeconds: '3' });
    const startedMs = cloud.clock.now().getTime();
    let ended = false;
    const waiting = receive().then((messages) => {
      ended = true;
      return messages;
    });
    await cloud.settle();
    await cloud.clock.advance('2s');
    expect(ended).toBe(false);
    await cloud.clock.advance('1s');
    expect(await waiting).toEqual([]);
    expect(cloud.clock.now().getTime() - startedMs).toBe(3000);
  });

  test('many receivers share many messages without duplicates', async () => {
    const receivers = Array.from({ length: 20 }, () => receive({ WaitTimeSeconds: 20, MaxNumberOfMessages: 1 }));
    await cloud.settle();
    const sent = await Promise.all(Array.from({ length: 20 }, (_, n) => send(`m${n}`)));
    const got = (await Promise.all(receivers)).flat().map((message) => message.MessageId);
    expect(got).toHaveLength(20);
    expect(new Set(got)).toEqual(new Set(sent));
  });
});

describe('a dead-letter queue', () => {
  const arn = (name: string): string => `arn:aws:sqs:us-east-1:000000000000:${name}`;

  test('takes a message after maxReceiveCount receives, with what it carried', async () => {
    const graveUrl = await createQueue('grave');
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arn('grave'), maxReceiveCount: '2' });
    url = await createQueue('work', { RedrivePolicy, VisibilityTimeout: '1' });
    const id = await send('poison', {
      MessageAttributes: { Foo: { DataType: 'String', StringValue: 'Bar' } },
    });
    for (let n = 0; n < 2; n++) {
      expect(bodies(await receive())).toEqual(['poison']);
      await cloud.clock.advance('1s');
    }
    // AWS moves it when a receive meets it, not before.
    expect(await counts(graveUrl)).toBe('0 0 0');
    expect(await receive()).toEqual([]);
    expect(await counts()).toBe('0 0 0');
    url = graveUrl;
    const [buried] = await receive({
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    });
    expect(buried?.MessageId).toBe(id);
    expect(buried?.MD5OfMessageAttributes).toBe('ae7155c6026991b6d54b11589678bf9c');
    expect(buried?.Attributes?.DeadLetterQueueSourceArn).toBe(arn('work'));
    // The count goes on: https://github.com/localstack/localstack/pull/10425 (checked against AWS).
    expect(buried?.Attributes?.ApproximateReceiveCount).toBe('3');
  });
});

describe('batches', () => {
  test('send and delete answer per entry', async () => {
    const sent = await sqs.send(
      new SendMessageBatchCommand({
        QueueUrl: url,
        Entries: [
          { Id: 'a', MessageBody: 'A' },
          { Id: 'b', MessageBody: 'B', DelaySeconds: 901 },
        ],
      }),
    );
    expect(sent.Successful?.map(({ Id }) => Id)).toEqual(['a']);
    expect(sent.Failed).toEqual([
      {
        Id: 'b',
        SenderFault: true,
        Code: 'InvalidParameterValue',
        Message:
          'Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.',
      },
    ]);
    const [message] = await receive();
    const deleted = await sqs.send(
      new DeleteMessageBatchCommand({
        QueueUrl: url,
        Entries: [
          { Id: '1', ReceiptHandle: message?.ReceiptHandle },
          { Id: '2', ReceiptHandle: 'nonsense' },
        ],
      }),
    );
    expect(deleted.Successful).toEqual([{ Id: '1' }]);
    expect(deleted.Failed?.[0]).toMatchObject({
      Id: '2',
      SenderFault: true,
      Code: 'ReceiptHandleIsInvalid',
      Message: 'The input receipt handle "nonsense" is not a valid receipt handle.',
    });
  });

  test('keep the order of their entries, as far as a standard queue can', async () => {
    const Entries = Array.from({ length: 10 }, (_, n) => ({ Id: `e${n}`, MessageBody: `m${n}` }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));
    expect(bodies(await receive())).toEqual(Entries.map((entry) => entry.MessageBody));
  });
});

describe('purge', () => {
  test('empties the queue at once, in-flight messages too, and once a minute', async () => {
    await send('seen');
    const [seen] = await receive();
    await send('unseen');
    await sqs.send(new PurgeQueueCommand({ QueueUrl: url }));
    expect(await counts()).toBe('0 0 0');
    await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: seen?.ReceiptHandle }));
    await expect(sqs.send(new PurgeQueueCommand({ QueueUrl: url }))).rejects.toThrow(
      'Only one PurgeQueue operation on orders is allowed every 60 seconds.',
    );
    await send('after');
    await cloud.clock.advance('60s');
    expect(bodies(await receive())).toEqual(['after']);
    await sqs.send(new PurgeQueueCommand({ QueueUrl: url }));
    expect(await counts()).toBe('0 0 0');
  });
});
