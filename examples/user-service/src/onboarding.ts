// Onboards users from the queue, one message at a time; failed ones stay and end in the dead letters.
import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { Logger } from '@aws-lambda-powertools/logger';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { documents, usersTable } from './users-table.ts';

const logger = new Logger();
const processor = new BatchProcessor(EventType.SQS);

export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  logger.addContext(context);
  return processPartialResponse(event, onboard, processor, {
    context,
    throwOnFullBatchFailure: false,
  });
}

async function onboard(record: SQSRecord): Promise<void> {
  const { user_id: userId } = JSON.parse(record.body) as { user_id?: string };
  if (userId === undefined) throw new Error('the message names no user');
  await documents.send(
    new UpdateCommand({
      TableName: usersTable,
      Key: { user_id: userId },
      UpdateExpression: 'SET #status = :onboarded',
      ConditionExpression: 'attribute_exists(user_id)',
      ExpressionAttributeNames: { '#status': 'status' },
      ExpressionAttributeValues: { ':onboarded': 'onboarded' },
    }),
  );
  logger.info('onboarded', { user_id: userId });
}
