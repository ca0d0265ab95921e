// FIFO queues through the SDK: order within groups, deduplication, and what they refuse.
import { createHash } from 'node:crypto';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SendMessageBatchCommand,
  SendMessageCommand,
  type SendMessageCommandInput,
  SetQueueAttributesCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCloud, type TestCloud } from '../../testing/create-cloud.ts';

let cloud: TestCloud;
let sqs: SQSClient;
let url: string;

beforeEach(async () => {
  cloud = await createCloud();
  sqs = cloud.client(SQSClient);
  url = await createQueue('orders.fifo', { ContentBasedDeduplication: 'true' });
});

afterEach(() => cloud.close());

async function createQueue(name: string, more: Record<string, string> = {}): Promise<string> {
  const Attributes = { FifoQueue: 'true', ...more };
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes }));
  return QueueUrl ?? '';
}

function send(body: string, group: string, more: Partial<SendMessageCommandInput> = {}) {
  return sqs.send(
    new SendMessageCommand({ QueueUrl: url, MessageBody: body, MessageGroupId: group, ...more }),
  );
}

async function receive(more: Partial<ReceiveMessageCommandInput> = {}): Promise<Message[]> {
  const command = new ReceiveMessageCommand({
    QueueUrl: url,
    MaxNumberOfMessages: 10,
    MessageSystemAttributeNames: ['All'],
    ...more,
  });
  return (await sqs.send(command)).Messages ?? [];
}

function remove(message: Message | undefined): Promise<unknown> {
  const { ReceiptHandle } = message ?? {};
  return sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle }));
}

async function attributes(queueUrl = url): Promise<Partial<Record<string, string>>> {
  const command = new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['All'] });
  return (await sqs.send(command)).Attributes ?? {};
}

const bodies = (messages: readonly Message[]): (string | undefined)[] =>
  messages.map(({ Body }) => Body);

// Source: SQS Developer Guide, "FIFO queue delivery logic".
describe('order', () => {
  test('is kept within a group, and messages say where they stand', async () => {
    const sent = [await send('a1', 'a'), await send('a2', 'a'), await send('b1', 'b')];
    const numbers = sent.map(({ SequenceNumber }) => SequenceNumber ?? '');
    expect(numbers.every((number) => /^\d{20}$/.test(number))).toBe(true);
    expect(numbers).toEqual(numbers.toSorted((left, right) => left.localeCompare(right)));
    const got = await receive();
    expect(bodies(got)).toEqual(['a1', 'a2', 'b1']);
    expect(got.map(({ Attributes }) => Attributes?.SequenceNumber)).toEqual(numbers);
    expect(got[2]?.Attributes).toMatchObject({
      MessageGroupId: 'b',
      // The SHA-256 of the body. Source: SQS API reference, ContentBasedDeduplication.
      MessageDeduplicationId: createHash('sha256').update('b1').digest('hex'),
    });
  });

  test('a group is closed while a message of it is in flight, other groups are not', async () => {
    for (const [body, group] of [['a1', 'a'], ['a2', 'a'], ['b1', 'b']] as const) await send(body, group);
    const [first] = await receive({ MaxNumberOfMessages: 1 });
    expect(first?.Body).toBe('a1');
    const others = await receive();
    expect(bodies(others)).toEqual(['b1']);
    await remove(first);
    expect(bodies(await receive())).toEqual(['a2']);
  });

  test('a message that was not deleted comes again before the later ones', async () => {
    for (const body of ['1', '2', '3']) await send(body, 'a');
    expect(bodies(await receive({ MaxNumberOfMessages: 2 }))).toEqual(['1', '2']);
    await send('4', 'a');
    expect(await receive()).toEqual([]);
    await cloud.clock.advance('30s');
    expect(bodies(await receive())).toEqual(['1', '2', '3', '4']);
  });

  test('a group opens when the last of its messages in flight is given back', async () => {
    for (const body of ['1', '2', '3']) await send(body, 'a');
    const [one, two] = await receive({ MaxNumberOfMessages: 2 });
    const giveBack = (message: Message | undefined): Promise<unknown> =>
      sqs.send(
        new ChangeMessageVisibilityCommand({
          QueueUrl: url,
          ReceiptHandle: message?.ReceiptHandle,
          VisibilityTimeout: 0,
        }),
      );
    await giveBack(one);
    expect(await receive()).toEqual([]);
    await giveBack(two);
    expect(bodies(await receive())).toEqual(['1', '2', '3']);
  });

  test('a long poll wakes when a group opens', async () => {
    for (const body of ['1', '2']) await send(body, 'a');
    await receive({ MaxNumberOfMessages: 1, VisibilityTimeout: 5 });
    const waiting = receive({ WaitTimeSeconds: 20 });
    await cloud.settle();
    await cloud.clock.advance('5s');
    expect(bodies(await waiting)).toEqual(['1', '2']);
  });

  test('many receivers never share a group', async () => {
    const groups = Array.from({ length: 8 }, (_, n) => `g${n}`);
    for (const group of groups) for (const n of [1, 2, 3]) await send(`${group} ${n}`, group);
    const rounds = await Promise.all(groups.map(() => receive({ MaxNumberOfMessages: 3 })));
    const seen = rounds.flat();
    expect(new Set(bodies(seen)).size).toBe(seen.length);
    for (const round of rounds) {
      const last = new Map<string, string>();
      for (const { Attributes, Body = '' } of round) {
        const group = Attributes?.MessageGroupId ?? '';
        expect(Body > (last.get(group) ?? '')).toBe(true);
        last.set(group, Body);
      }
    }
    const owners = rounds.flatMap((round) => [...new Set(round.map(({ Attributes }) => Attributes?.MessageGroupId))]);
    expect(new Set(owners).size).toBe(owners.length);
  });
});

// Recorded: test_fifo_deduplication_arrives_once_after_delete, ..._not_on_message_group_id.
describe('deduplication', () => {
  test('by content, for five minutes, whatever the group and even after deletion', async () => {
    const first = await send('same', 'a');
    const second = await send('same', 'b');
    expect(second.MessageId).toBe(first.MessageId);
    expect(second.SequenceNumber).toBe(first.SequenceNumber);
    const [message, ...more] = await receive();
    expect(more).toEqual([]);
    await remove(message);
    await send('same', 'a');
    expect(await receive()).toEqual([]);
    await cloud.clock.advance('5m');
    await send('same', 'a');
    expect(bodies(await receive())).toEqual(['same']);
  });

  test('by id, which goes before the content', async () => {
    await send('one', 'a', { MessageDeduplicationId: '1' });
    await send('two', 'a', { MessageDeduplicationId: '1' });
    await send('one', 'a', { MessageDeduplicationId: '2' });
    expect(bodies(await receive())).toEqual(['one', 'one']);
  });

  test('within each group when the queue says so', async () => {
    url = await createQueue('grouped.fifo', {
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
    });
    for (const group of ['a', 'b', 'a']) await send('x', group, { MessageDeduplicationId: '1' });
    expect(await receive()).toHaveLength(2);
  });
});

describe('a FIFO queue', () => {
  // Recorded: test_fifo_set_content_based_deduplication_strategy.
  test('shows its attributes', async () => {
    expect(await attributes()).toMatchObject({
      FifoQueue: 'true',
      ContentBasedDeduplication: 'true',
      DeduplicationScope: 'queue',
      FifoThroughputLimit: 'perQueue',
    });
    const Attributes = { ContentBasedDeduplication: 'false' };
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes }));
    expect((await attributes())['ContentBasedDeduplication']).toBe('false');
    // Recorded: test_set_unsupported_attribute_fifo.
    await expect(
      sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { FifoQueue: 'false' } })),
    ).rejects.toThrow(
      'Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.',
    );
  });

  test('has a name of its kind', async () => {
    await expect(createQueue('plain')).rejects.toThrow('must end with .fifo suffix');
    const plain = new CreateQueueCommand({ QueueName: 'a.fifo' });
    await expect(sqs.send(plain)).rejects.toThrow('Can only include alphanumeric characters');
    // Recorded: test_create_fifo_queue_with_different_attributes_raises_error.
    await expect(
      createQueue('orders.fifo', { ContentBasedDeduplication: 'false' }),
    ).rejects.toThrow('different value for attribute ContentBasedDeduplication');
  });

  // Recorded: test_posting_to_fifo_requires_deduplicationid_group_id,
  // test_fifo_queue_send_message_with_delay_seconds_fails.
  test('refuses messages without group, without deduplication, with a delay of their own', async () => {
    await expect(send('x', '', { MessageGroupId: undefined })).rejects.toMatchObject({
      name: 'MissingParameter',
      message: 'The request must contain the parameter MessageGroupId.',
    });
    await expect(send('x', 'a', { DelaySeconds: 2 })).rejects.toThrow(
      'Value 2 for parameter DelaySeconds is invalid. Reason: The request include parameter that is ' +
        'not valid for this queue type.',
    );
    url = await createQueue('strict.fifo');
    const message =
      'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId ' +
      'provided explicitly';
    await expect(send('x', 'a')).rejects.toMatchObject({ name: 'InvalidParameterValue', message });
    const Entries = [{ Id: '1', MessageBody: 'x', MessageGroupId: 'a' }];
    const batch = new SendMessageBatchCommand({ QueueUrl: url, Entries });
    await expect(sqs.send(batch)).rejects.toThrow(message);
  });

  // Recorded: test_fifo_delete_message_with_expired_receipt_handle.
  test('does not take a receipt that has expired', async () => {
    await send('1', 'a');
    const [message] = await receive({ VisibilityTimeout: 1 });
    await cloud.clock.advance('1s');
    await expect(remove(message)).rejects.toMatchObject({
      name: 'InvalidParameterValue',
      message:
        `Value ${message?.ReceiptHandle} for parameter ReceiptHandle is invalid. ` +
        'Reason: The receipt handle has expired.',
    });
  });

  test('counts, purges and forgets', async () => {
    for (const body of ['1', '2', '3']) await send(body, 'a');
    await receive({ MaxNumberOfMessages: 1 });
    expect(await attributes()).toMatchObject({
      ApproximateNumberOfMessages: '2',
      ApproximateNumberOfMessagesNotVisible: '1',
    });
    await sqs.send(new PurgeQueueCommand({ QueueUrl: url }));
    expect(await receive()).toEqual([]);
    await send('1', 'a');
    expect(bodies(await receive())).toEqual(['1']);
    await cloud.clock.advance('5d');
    expect(await attributes()).toMatchObject({
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesNotVisible: '0',
    });
  });

  test('buries in a FIFO queue and gets its messages back in order', async () => {
    const arn = (name: string): string => `arn:aws:sqs:us-east-1:000000000000:${name}`;
    const grave = await createQueue('grave.fifo');
    const redrive = (name: string): Record<string, string> => ({
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn(name), maxReceiveCount: 1 }),
    });
    await sqs.send(new CreateQueueCommand({ QueueName: 'plain' }));
    await expect(createQueue('wrong.fifo', redrive('plain'))).rejects.toThrow('must be same type of queue');
    url = await createQueue('work.fifo', { ContentBasedDeduplication: 'true', ...redrive('grave.fifo') });
    for (const body of ['1', '2', '3']) await send(body, 'a');
    await receive({ VisibilityTimeout: 0, MaxNumberOfMessages: 2 });
    expect(bodies(await receive())).toEqual(['3']);
    expect(await attributes(grave)).toMatchObject({ ApproximateNumberOfMessages: '2' });
    await sqs.send(new StartMessageMoveTaskCommand({ SourceArn: arn('grave.fifo') }));
    await cloud.settle();
    await cloud.clock.advance('30s');
    expect(bodies(await receive()).slice(0, 2)).toEqual(['1', '2']);
  });
});

test('deleting a message lets a waiting receiver have the next of its group at once', async () => {
  const { QueueUrl } = await sqs.send(
    new CreateQueueCommand({ QueueName: 'handover.fifo', Attributes: { FifoQueue: 'true' } }),
  );
  for (const MessageBody of ['first', 'second']) {
    const ids = { MessageGroupId: 'one', MessageDeduplicationId: MessageBody };
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, ...ids }));
  }
  const first = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 1 }));
  const waiting = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
  await cloud.settle();
  const ReceiptHandle = first.Messages?.[0]?.ReceiptHandle;
  await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  // The virtual clock stands still, so only the hand-over can end the wait.
  expect((await waiting).Messages?.[0]?.Body).toBe('second');
});
