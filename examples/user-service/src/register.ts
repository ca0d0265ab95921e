// POST /register: stores a user once, tells the topic, and queues the onboarding.
import { createHash, randomBytes, scryptSync } from 'node:crypto';
import { Logger } from '@aws-lambda-powertools/logger';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { SQSClient, SendMessageCommand } from '@aws-sdk/client-sqs';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import { readObject, respond } from './http.ts';
import { type User, documents, usersTable } from './users-table.ts';

const logger = new Logger();
const sns = new SNSClient({});
const sqs = new SQSClient({});

export async function handler(
  event: APIGatewayProxyEvent,
  context: Context,
): Promise<APIGatewayProxyResult> {
  logger.addContext(context);
  const { email, name, password } = readObject(event.body) ?? {};
  if (typeof email !== 'string' || !email.includes('@')) return respond(400, { error: 'email is missing' });
  if (typeof name !== 'string' || name === '') return respond(400, { error: 'name is missing' });
  if (typeof password !== 'string' || password.length < 8) {
    return respond(400, { error: 'password needs 8 characters' });
  }
  const user: User = {
    user_id: userIdOf(email),
    email: email.toLowerCase(),
    name,
    password_hash: hashPassword(password),
    status: 'registered',
    registered_at: new Date().toISOString(),
  };
  try {
    await documents.send(
      new PutCommand({
        TableName: usersTable,
        Item: user,
        ConditionExpression: 'attribute_not_exists(user_id)',
      }),
    );
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) {
      return respond(409, { error: 'this e-mail address is registered already' });
    }
    throw error;
  }
  const message = JSON.stringify({ user_id: user.user_id, email: user.email, name });
  await sns.send(
    new PublishCommand({ TopicArn: process.env.TOPIC_ARN, Subject: 'user.registered', Message: message }),
  );
  await sqs.send(new SendMessageCommand({ QueueUrl: process.env.QUEUE_URL, MessageBody: message }));
  logger.info('registered', { user_id: user.user_id });
  return respond(201, { user_id: user.user_id });
}

/** One address, one id: that is what makes the second registration fail. */
function userIdOf(email: string): string {
  return createHash('sha256').update(email.toLowerCase()).digest('hex').slice(0, 16);
}

function hashPassword(password: string): string {
  const salt = randomBytes(16);
  return `${salt.toString('hex')}:${scryptSync(password, salt, 32).toString('hex')}`;
}
