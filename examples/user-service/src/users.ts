// GET and PUT /users/{user_id}.
import { Logger } from '@aws-lambda-powertools/logger';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import { readObject, respond } from './http.ts';
import { type User, documents, usersTable } from './users-table.ts';

const logger = new Logger();
/** What a user may change; all else in a request is refused. */
const CHANGEABLE = new Set(['name', 'phone', 'city']);

export async function handler(
  event: APIGatewayProxyEvent,
  context: Context,
): Promise<APIGatewayProxyResult> {
  logger.addContext(context);
  const userId = event.pathParameters?.user_id ?? '';
  return event.httpMethod === 'PUT' ? updateUser(userId, event.body) : getUser(userId);
}

async function getUser(userId: string): Promise<APIGatewayProxyResult> {
  const { Item } = await documents.send(
    new GetCommand({ TableName: usersTable, Key: { user_id: userId } }),
  );
  return Item === undefined ? respond(404, { error: 'no such user' }) : respond(200, withoutSecrets(Item));
}

async function updateUser(userId: string, body: string | null): Promise<APIGatewayProxyResult> {
  const changes = Object.entries(readObject(body) ?? {});
  const refused = changes.map(([field]) => field).filter((field) => !CHANGEABLE.has(field));
  if (changes.length === 0) return respond(400, { error: 'nothing to change' });
  if (refused.length > 0) return respond(400, { error: `cannot be changed: ${refused.join(', ')}` });
  try {
    const { Attributes } = await documents.send(
      new UpdateCommand({
        TableName: usersTable,
        Key: { user_id: userId },
        UpdateExpression: `SET ${changes.map((_, i) => `#f${i} = :v${i}`).join(', ')}`,
        ConditionExpression: 'attribute_exists(user_id)',
        ExpressionAttributeNames: Object.fromEntries(changes.map(([field], i) => [`#f${i}`, field])),
        ExpressionAttributeValues: Object.fromEntries(changes.map(([, value], i) => [`:v${i}`, value])),
        ReturnValues: 'ALL_NEW',
      }),
    );
    logger.info('updated', { user_id: userId, fields: changes.map(([field]) => field) });
    return respond(200, withoutSecrets(Attributes ?? {}));
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return respond(404, { error: 'no such user' });
    throw error;
  }
}

function withoutSecrets(item: Record<string, unknown>): Partial<User> {
  const { password_hash: _secret, ...visible } = item;
  return visible;
}
