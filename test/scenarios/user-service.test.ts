// The example application from outside: registration, profiles, onboarding, pictures, e-mail records.
// The same story runs on a cloud inside the test and on a `cloudlet start` of its own.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, SQSClient, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCloud } from '../../src/testing/create-cloud.ts';
import { startProcessCloud } from './process-cloud.ts';

const EXAMPLE = new URL('../../examples/user-service/', import.meta.url);
const hasBoto3 = spawnSync('python3', ['-c', 'import boto3']).status === 0;
const ADA = { email: 'Ada@example.com', name: 'Ada', password: 'correct horse' };

/** What the story needs of a cloud, wherever it runs. */
export interface Stage {
  readonly outputs: Readonly<Record<string, string>>;
  client<Client>(clientClass: new (config: never) => Client): Client;
  /** Moves the cloud's time and waits until all is quiet. */
  advance(duration: string): Promise<void>;
  close(): Promise<void>;
}

const stages: readonly [string, () => Promise<Stage>][] = [
  ['a cloud inside the test', openTestCloud],
  ['a cloud started by the command line', () => startProcessCloud(EXAMPLE)],
];

async function openTestCloud(): Promise<Stage> {
  const cloud = await createCloud({ template: EXAMPLE.pathname });
  return {
    outputs: cloud.outputs,
    client: (clientClass) => cloud.client(clientClass as never),
    advance: (duration) => cloud.clock.advance(duration),
    close: () => cloud.close(),
  };
}

describe.each(stages)('user-service on %s', (_name, open) => {
  let stage: Stage;
  let userId: string;
  beforeAll(async () => {
    stage = await open();
  }, 120_000);
  afterAll(() => stage.close());

  async function request(method: string, path: string, body?: unknown): Promise<Response> {
    return fetch(`${stage.outputs['ApiUrl']}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  async function scan(output: string): Promise<Record<string, unknown>[]> {
    const { Items = [] } = await stage
      .client(DynamoDBClient)
      .send(new ScanCommand({ TableName: stage.outputs[output] }));
    return Items.map((item) =>
      Object.fromEntries(Object.entries(item).map(([name, value]) => [name, Object.values(value)[0]])),
    );
  }

  test('registers a user', async () => {
    const response = await request('POST', 'register', ADA);
    expect(response.status).toBe(201);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    ({ user_id: userId } = (await response.json()) as { user_id: string });
    expect(userId).toMatch(/^[0-9a-f]{16}$/);
  });

  test('refuses the second registration of an address with 409', async () => {
    const response = await request('POST', 'register', ADA);
    expect(response.status).toBe(409);
  });

  test('refuses an incomplete registration with 400', async () => {
    const response = await request('POST', 'register', { email: 'x@example.com' });
    expect(response.status).toBe(400);
  });

  test('onboards the user from the queue', async () => {
    await stage.advance('1s');
    const users = await scan('UsersTableName');
    expect(users).toContainEqual(expect.objectContaining({ user_id: userId, status: 'onboarded' }));
  });

  test('shows a user without secrets, and 404 for nobody', async () => {
    const response = await request('GET', `users/${userId}`);
    expect(response.status).toBe(200);
    const user = (await response.json()) as Record<string, unknown>;
    expect(user).toMatchObject({ user_id: userId, email: 'ada@example.com', name: 'Ada' });
    expect(user).not.toHaveProperty('password_hash');
    expect((await request('GET', 'users/nobody')).status).toBe(404);
  });

  test('changes allowed fields only, of users that exist', async () => {
    const changed = await request('PUT', `users/${userId}`, { city: 'London' });
    expect(changed.status).toBe(200);
    expect(await changed.json()).toMatchObject({ city: 'London', name: 'Ada' });
    expect((await request('PUT', `users/${userId}`, { password_hash: 'x' })).status).toBe(400);
    expect((await request('PUT', 'users/nobody', { city: 'Rome' })).status).toBe(404);
    expect((await scan('UsersTableName')).filter((user) => user['user_id'] === 'nobody')).toEqual([]);
  });

  test('answers a CORS preflight', async () => {
    const response = await fetch(`${stage.outputs['ApiUrl']}register`, {
      method: 'OPTIONS',
      headers: { origin: 'http://app.example', 'access-control-request-method': 'POST' },
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('access-control-allow-methods')).toBe('GET,POST,PUT,OPTIONS');
  });

  test('answers 403 where the API has nothing', async () => {
    const response = await request('GET', 'nothing-here');
    expect(response.status).toBe(403);
    expect(await response.json()).toEqual({ message: 'Missing Authentication Token' });
  });

  test('makes a thumbnail of an upload, and none of other files', async () => {
    const s3 = stage.client(S3Client);
    const Bucket = stage.outputs['PicturesBucket'];
    const { default: sharp } = (await import(
      createRequire(new URL('src/package.json', EXAMPLE)).resolve('sharp')
    )) as { default: (options: unknown) => { jpeg(): { toBuffer(): Promise<Buffer> } } };
    const Body = await sharp({
      create: { width: 640, height: 480, channels: 3, background: { r: 200, g: 80, b: 10 } },
    })
      .jpeg()
      .toBuffer();
    await s3.send(new PutObjectCommand({ Bucket, Key: 'uploads/my cat.jpg', Body }));
    await s3.send(new PutObjectCommand({ Bucket, Key: 'uploads/notes.txt', Body: 'not a picture' }));
    await stage.advance('1s');
    const thumbnail = await s3.send(new GetObjectCommand({ Bucket, Key: 'thumbnails/my cat.jpg' }));
    const bytes = await thumbnail.Body?.transformToByteArray();
    expect(Buffer.from(bytes ?? []).toString('hex')).toMatch(/^ffd8ff/);
    expect(await scan('UsersTableName')).toContainEqual(
      expect.objectContaining({ user_id: 'picture#uploads/my cat.jpg', thumbnail: 'thumbnails/my cat.jpg' }),
    );
    await expect(
      s3.send(new GetObjectCommand({ Bucket, Key: 'thumbnails/notes.txt' })),
    ).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  test('moves a message that fails three times to the dead letters, and keeps the good one out', async () => {
    const sqs = stage.client(SQSClient);
    const QueueUrl = stage.outputs['OnboardingQueueUrl'];
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: '{"user_id":"nobody"}' }));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: `{"user_id":"${userId}"}` }));
    // Received at once, and again after each visibility timeout of 60 s; the fourth receive moves it.
    for (let receive = 1; receive <= 4; receive++) await stage.advance('61s');
    const count = async (url: string | undefined): Promise<string | undefined> => {
      const AttributeNames = ['ApproximateNumberOfMessages' as const, 'ApproximateNumberOfMessagesNotVisible' as const];
      const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames }));
      return Object.values(Attributes ?? {}).join('+');
    };
    expect(await count(stage.outputs['DeadLettersUrl'])).toBe('1+0');
    expect(await count(QueueUrl)).toBe('0+0');
  });

  test.skipIf(!hasBoto3)('records the e-mail it would send (needs python3 with boto3)', async () => {
    const outbox = await scan('OutboxTableName');
    expect(outbox).toEqual([
      expect.objectContaining({ to: 'ada@example.com', subject: 'Welcome, Ada' }),
    ]);
  });
});
