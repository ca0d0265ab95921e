// The table of users and its client, made once per execution environment.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

export const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}));
export const usersTable = process.env.USERS_TABLE ?? '';

export interface User {
  user_id: string;
  email: string;
  name: string;
  password_hash: string;
  status: 'registered' | 'onboarded';
  registered_at: string;
}
