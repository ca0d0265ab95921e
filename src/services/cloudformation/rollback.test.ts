// Failure at every stage of a stack, steered by a custom resource whose answers the test gives.
import {
  CancelUpdateStackCommand,
  CloudFormationClient,
  ContinueUpdateRollbackCommand,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  ListStackResourcesCommand,
  RollbackStackCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestCloud, createCloud } from '../../testing/create-cloud.ts';

const ACCOUNT = '000000000000';
const TOPIC = `arn:aws:sns:us-east-1:${ACCOUNT}:requests`;
const HANDLE = { Type: 'AWS::CloudFormation::WaitConditionHandle' };
const BROKEN = {
  Type: 'AWS::CloudFormation::Stack',
  Properties: { TemplateURL: { 'Fn::GetAtt': ['A', 'Nope'] } },
};

/** `C`, and after it `More`. */
function template(size: number, more: Record<string, unknown> = {}): string {
  return JSON.stringify({
    Resources: {
      A: HANDLE,
      C: { Type: 'Custom::Thing', Properties: { ServiceToken: TOPIC, Size: size, Tags: [true] } },
      ...more,
    },
    Outputs: { Made: { Value: { 'Fn::GetAtt': ['C', 'Made'] } } },
  });
}

const AFTER_C = { B: { ...BROKEN, DependsOn: 'C' } };

interface Request {
  readonly RequestType: string;
  readonly ResponseURL: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties: unknown;
  readonly OldResourceProperties?: unknown;
  readonly ResourceType: string;
}

let cloud: TestCloud;
let client: CloudFormationClient;

beforeEach(async () => {
  cloud = await createCloud();
  client = cloud.client(CloudFormationClient);
  const sns = cloud.client(SNSClient);
  await sns.send(new CreateTopicCommand({ Name: 'requests' }));
  await cloud.client(SQSClient).send(new CreateQueueCommand({ QueueName: 'requests' }));
  await sns.send(
    new SubscribeCommand({
      TopicArn: TOPIC,
      Protocol: 'sqs',
      Endpoint: `arn:aws:sqs:us-east-1:${ACCOUNT}:requests`,
    }),
  );
});
afterEach(() => cloud.close());

/** The next request that the resource's provider gets. */
async function nextRequest(where = cloud): Promise<Request> {
  await where.settle();
  const sqs = where.client(SQSClient);
  const QueueUrl = `${where.endpoint}/${ACCOUNT}/requests`;
  const { Messages: [message] = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
  const { ReceiptHandle } = message ?? {};
  await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  const { Message } = JSON.parse(message?.Body ?? '{}') as { Message: string };
  return JSON.parse(Message) as Request;
}

async function answer(
  status: 'SUCCESS' | 'FAILED',
  id = 'thing-1',
  where = cloud,
): Promise<Request> {
  const request = await nextRequest(where);
  const body = { Status: status, PhysicalResourceId: id, Reason: 'no luck', Data: { Made: id } };
  const url = request.ResponseURL.replace(/^https?:\/\/[^/]+/, where.endpoint);
  const response = await fetch(url, { method: 'PUT', body: JSON.stringify(body) });
  expect(response.status).toBe(200);
  await where.settle();
  return request;
}

const create = (size: number, more?: Record<string, unknown>, options = {}) =>
  client.send(
    new CreateStackCommand({ StackName: 's', TemplateBody: template(size, more), ...options }),
  );
const update = (size: number, more?: Record<string, unknown>, options = {}) =>
  client.send(
    new UpdateStackCommand({ StackName: 's', TemplateBody: template(size, more), ...options }),
  );

async function stack(where = cloud) {
  const cfn = where.client(CloudFormationClient);
  const { Stacks } = await cfn.send(new DescribeStacksCommand({ StackName: 's' }));
  return Stacks?.[0];
}

async function reasonOf(status: string): Promise<string | undefined> {
  const { StackEvents } = await client.send(new DescribeStackEventsCommand({ StackName: 's' }));
  return StackEvents?.find((e) => e.ResourceStatus === status)?.ResourceStatusReason;
}

async function resources(): Promise<string[]> {
  const listed = await client.send(new ListStackResourcesCommand({ StackName: 's' }));
  return (listed.StackResourceSummaries ?? []).map(
    (r) => `${r.LogicalResourceId} ${r.ResourceStatus}`,
  );
}

describe('a custom resource', () => {
  it('is made, changed and deleted by its provider', async () => {
    await create(1);
    expect(await answer('SUCCESS')).toMatchObject({
      RequestType: 'Create',
      ResourceType: 'Custom::Thing',
      ResourceProperties: { ServiceToken: TOPIC, Size: '1', Tags: ['true'] },
    });
    expect(await stack()).toMatchObject({
      StackStatus: 'CREATE_COMPLETE',
      Outputs: [{ OutputKey: 'Made', OutputValue: 'thing-1' }],
    });
    await update(2);
    expect(await answer('SUCCESS', 'thing-2')).toMatchObject({
      RequestType: 'Update',
      PhysicalResourceId: 'thing-1',
      OldResourceProperties: { Size: '1' },
    });
    // Another id means another thing: the old one is deleted once the update is complete.
    expect(await answer('SUCCESS')).toMatchObject({
      RequestType: 'Delete',
      PhysicalResourceId: 'thing-1',
    });
    expect(await stack()).toMatchObject({
      StackStatus: 'UPDATE_COMPLETE',
      Outputs: [{ OutputValue: 'thing-2' }],
    });
    await client.send(new DeleteStackCommand({ StackName: 's' }));
    expect(await answer('SUCCESS')).toMatchObject({
      RequestType: 'Delete',
      PhysicalResourceId: 'thing-2',
    });
    await expect(stack()).rejects.toThrow('Stack with id s does not exist');
  });

  it('fails with the reason its provider gives', async () => {
    await create(1);
    await answer('FAILED');
    expect(await answer('FAILED')).toMatchObject({
      RequestType: 'Delete',
      PhysicalResourceId: 'thing-1',
    });
    expect(await stack()).toMatchObject({ StackStatus: 'ROLLBACK_COMPLETE' });
    expect(await reasonOf('CREATE_FAILED')).toMatch(
      /^Received response status \[FAILED\] from custom resource\. Message returned: no luck \(RequestId: /,
    );
  });

  it('fails when nobody answers in time', async () => {
    const timed = template(1).replace('"Size":1', '"ServiceTimeout":30');
    await client.send(new CreateStackCommand({ StackName: 's', TemplateBody: timed }));
    await nextRequest();
    await cloud.clock.advance('31s');
    expect(await reasonOf('CREATE_FAILED')).toBe(
      'CloudFormation did not receive a response from your Custom Resource within 30 seconds.',
    );
  });

  it('takes no second answer', async () => {
    await create(1);
    const { ResponseURL } = await answer('SUCCESS');
    expect((await fetch(ResponseURL, { method: 'PUT', body: '{}' })).status).toBe(403);
  });

  it('is asked again by a cloud that takes over halfway', async () => {
    await create(1);
    await nextRequest();
    await using copy = await cloud.fork();
    await answer('SUCCESS', 'thing-1', copy);
    expect(await stack(copy)).toMatchObject({ StackStatus: 'CREATE_COMPLETE' });
    expect(await stack()).toMatchObject({ StackStatus: 'CREATE_IN_PROGRESS' });
  });
});

describe('an update that fails', () => {
  beforeEach(async () => {
    await create(1);
    await answer('SUCCESS');
  });

  it('is reverted', async () => {
    await update(2, AFTER_C);
    await answer('SUCCESS');
    expect(await answer('SUCCESS')).toMatchObject({
      RequestType: 'Update',
      ResourceProperties: { Size: '1' },
      OldResourceProperties: { Size: '2' },
    });
    expect(await stack()).toMatchObject({ StackStatus: 'UPDATE_ROLLBACK_COMPLETE' });
    expect(await resources()).toEqual(['A CREATE_COMPLETE', 'C UPDATE_COMPLETE']);
  });

  it('can be stuck, and goes on when asked', async () => {
    await update(2, AFTER_C);
    await answer('SUCCESS');
    await answer('FAILED');
    expect(await stack()).toMatchObject({ StackStatus: 'UPDATE_ROLLBACK_FAILED' });
    await expect(update(3)).rejects.toThrow(
      /is in UPDATE_ROLLBACK_FAILED state and can not be updated/,
    );
    await client.send(new ContinueUpdateRollbackCommand({ StackName: 's' }));
    await answer('SUCCESS');
    expect(await stack()).toMatchObject({ StackStatus: 'UPDATE_ROLLBACK_COMPLETE' });
  });

  it('can leave resources as they are', async () => {
    await update(2, AFTER_C);
    await answer('SUCCESS');
    await answer('FAILED');
    await client.send(
      new ContinueUpdateRollbackCommand({ StackName: 's', ResourcesToSkip: ['C'] }),
    );
    await cloud.settle();
    expect(await stack()).toMatchObject({ StackStatus: 'UPDATE_ROLLBACK_COMPLETE' });
  });

  it('stays as it is when asked, and is rolled back later', async () => {
    await update(2, AFTER_C, { DisableRollback: true });
    await answer('SUCCESS');
    expect(await stack()).toMatchObject({ StackStatus: 'UPDATE_FAILED' });
    await client.send(new RollbackStackCommand({ StackName: 's' }));
    await answer('SUCCESS');
    expect(await stack()).toMatchObject({ StackStatus: 'UPDATE_ROLLBACK_COMPLETE' });
  });

  it('or is cancelled', async () => {
    await update(2, { B: { ...HANDLE, DependsOn: 'C' } });
    await client.send(new CancelUpdateStackCommand({ StackName: 's' }));
    await answer('SUCCESS');
    expect(await reasonOf('UPDATE_ROLLBACK_IN_PROGRESS')).toBe('User Initiated');
    await answer('SUCCESS');
    expect(await stack()).toMatchObject({ StackStatus: 'UPDATE_ROLLBACK_COMPLETE' });
    await expect(client.send(new CancelUpdateStackCommand({ StackName: 's' }))).rejects.toThrow(
      'CancelUpdateStack cannot be called from current stack status',
    );
  });
});

describe('deletion', () => {
  it('during creation takes back what was made', async () => {
    const { StackId } = await create(1, { B: { ...HANDLE, DependsOn: 'C' } });
    await client.send(new DeleteStackCommand({ StackName: 's' }));
    await answer('SUCCESS');
    expect(await answer('SUCCESS')).toMatchObject({ RequestType: 'Delete' });
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: StackId }));
    expect(Stacks?.[0]).toMatchObject({ StackStatus: 'DELETE_COMPLETE' });
  });

  it('that fails can be forced, or leave things behind', async () => {
    await create(1);
    await answer('SUCCESS');
    const retained = new DeleteStackCommand({ StackName: 's', RetainResources: ['C'] });
    await expect(client.send(retained)).rejects.toThrow('in the DELETE_FAILED state');
    await client.send(new DeleteStackCommand({ StackName: 's' }));
    for (let attempt = 0; attempt < 3; attempt++) await answer('FAILED');
    expect(await stack()).toMatchObject({
      StackStatus: 'DELETE_FAILED',
      StackStatusReason: 'The following resource(s) failed to delete: [C]. ',
    });
    await client.send(retained);
    await cloud.settle();
    await expect(stack()).rejects.toThrow('does not exist');
  });

  it('of a stack that failed without rollback', async () => {
    await create(1, AFTER_C, { OnFailure: 'DO_NOTHING' });
    await answer('SUCCESS');
    expect(await stack()).toMatchObject({ StackStatus: 'CREATE_FAILED' });
    await client.send(new RollbackStackCommand({ StackName: 's' }));
    expect(await answer('SUCCESS')).toMatchObject({ RequestType: 'Delete' });
    expect(await stack()).toMatchObject({ StackStatus: 'ROLLBACK_COMPLETE' });
  });

  it('follows a creation that took too long, once what is under way has ended', async () => {
    await create(1, { B: { ...HANDLE, DependsOn: 'C' } }, { TimeoutInMinutes: 1 });
    await cloud.clock.advance('61s');
    await answer('SUCCESS');
    expect(await reasonOf('ROLLBACK_IN_PROGRESS')).toMatch(
      /^Stack creation time exceeded the specified timeout/,
    );
    expect(await answer('SUCCESS')).toMatchObject({ RequestType: 'Delete' });
    expect(await stack()).toMatchObject({ StackStatus: 'ROLLBACK_COMPLETE' });
  });
});
