// Every error DynamoDB Streams puts on the wire, as factories.
import { ServiceError } from '../../../base/errors.ts';

export function invalid(message: string): ServiceError {
  return new ServiceError('ValidationException', message);
}

export function limitTooHigh(limit: number, max: number): ServiceError {
  return invalid(
    `1 validation error detected: Value '${limit}' at 'limit' failed to satisfy constraint: Member must have value less than or equal to ${max}`,
  );
}

export function streamNotFound(arn: string): ServiceError {
  const message = `Requested resource not found: Stream: ${arn} not found`;
  return new ServiceError('ResourceNotFoundException', message);
}

export function shardNotFound(shardId: string, arn: string): ServiceError {
  const message = `Requested resource not found: Shard: ${shardId} in Stream: ${arn} not found`;
  return new ServiceError('ResourceNotFoundException', message);
}

/** The words as ironSource/node-dynamodb-stream#13 has them. */
export function trimmed(): ServiceError {
  const message = 'The data you are trying to access has been trimmed';
  return new ServiceError('TrimmedDataAccessException', message);
}

export function iteratorExpired(): ServiceError {
  const message =
    'The shard iterator has expired and can no longer be used to retrieve stream records. A shard iterator expires 15 minutes after it is retrieved using the GetShardIterator action.';
  return new ServiceError('ExpiredIteratorException', message);
}
