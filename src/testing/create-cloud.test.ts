// A cloud inside a test: starts, answers, keeps clouds apart, forks, and fails the test on our bugs.
import { CreateQueueCommand, ListQueuesCommand, SendMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import { createCloud } from './create-cloud.ts';

describe('createCloud', () => {
  test('a queue made in one cloud is not in another', async () => {
    await using one = await createCloud();
    await using two = await createCloud();
    await one.client(SQSClient).send(new CreateQueueCommand({ QueueName: 'jobs' }));
    const listed = await two.client(SQSClient).send(new ListQueuesCommand({}));
    expect(listed.QueueUrls ?? []).toEqual([]);
  });

  test('a fork has the state of its parent and goes its own way', async () => {
    await using parent = await createCloud();
    const { QueueUrl } = await parent.client(SQSClient).send(new CreateQueueCommand({ QueueName: 'jobs' }));
    await parent.client(SQSClient).send(new SendMessageCommand({ QueueUrl, MessageBody: 'hello' }));
    await using child = await parent.fork();
    const inChild = await child.client(SQSClient).send(new ReceiveMessageCommand({ QueueUrl }));
    const inParent = await parent.client(SQSClient).send(new ReceiveMessageCommand({ QueueUrl }));
    expect(inChild.Messages?.[0]?.Body).toBe('hello');
    expect(inParent.Messages?.[0]?.Body).toBe('hello');
  });

  test('equal seeds give equal ids', async () => {
    const ids = [];
    for (const seed of [7, 7]) {
      await using cloud = await createCloud({ seed });
      const client = cloud.client(SQSClient);
      const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: 'jobs' }));
      ids.push((await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }))).MessageId);
    }
    expect(ids[0]).toBe(ids[1]);
  });

  test('an injected fault strikes the operation it names, as often as it says', async () => {
    await using cloud = await createCloud({
      faults: [
        { service: 'sqs', operation: 'CreateQueue', times: 1, error: { code: 'ThrottlingException' } },
      ],
    });
    const client = cloud.client(SQSClient);
    const create = () => client.send(new CreateQueueCommand({ QueueName: 'jobs' }));
    await expect(create()).rejects.toMatchObject({ name: 'ThrottlingException' });
    await expect(create()).resolves.toMatchObject({ QueueUrl: expect.stringContaining('/jobs') });
  });
});
