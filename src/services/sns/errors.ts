// Every error SNS answers with: factories, with AWS's messages.
// Messages recorded from AWS: the snapshots beside LocalStack's tests/aws/services/sns
// (Apache-2.0).
import { ServiceError } from '../../base/errors.ts';

/** `Invalid parameter: WHAT` */
export function invalidParameter(what: string): ServiceError {
  return new ServiceError('InvalidParameterException', `Invalid parameter: ${what}`);
}

/** For the one message that does not begin with `Invalid parameter:`. */
export function invalidToken(): ServiceError {
  return new ServiceError('InvalidParameterException', 'Invalid token');
}

export function invalidAttributeValue(message: string): ServiceError {
  return new ServiceError('InvalidParameterValueException', message);
}

export function topicNotFound(): ServiceError {
  return new ServiceError('NotFoundException', 'Topic does not exist', { status: 404 });
}

export function subscriptionNotFound(): ServiceError {
  return new ServiceError('NotFoundException', 'Subscription does not exist', { status: 404 });
}

export function resourceNotFound(): ServiceError {
  return new ServiceError('ResourceNotFoundException', 'Resource does not exist', { status: 404 });
}

export function tagLimitExceeded(): ServiceError {
  return new ServiceError(
    'TagLimitExceededException',
    'Could not complete request: tag quota of per resource exceeded',
  );
}

export function emptyBatch(): ServiceError {
  return new ServiceError(
    'EmptyBatchRequestException',
    "The batch request doesn't contain any entries.",
  );
}

export function tooManyEntries(): ServiceError {
  return new ServiceError(
    'TooManyEntriesInBatchRequestException',
    'The batch request contains more entries than permissible.',
  );
}

export function batchEntryIdsNotDistinct(): ServiceError {
  return new ServiceError(
    'BatchEntryIdsNotDistinctException',
    'Two or more batch entries in the request have the same Id.',
  );
}

export function invalidBatchEntryId(): ServiceError {
  return new ServiceError(
    'InvalidBatchEntryIdException',
    "The Id of a batch entry in a batch request doesn't abide by the specification.",
  );
}

export function batchTooLong(): ServiceError {
  return new ServiceError(
    'BatchRequestTooLongException',
    'The length of all the batch messages put together is more than the limit.',
  );
}

/** What is not there yet, named; AWS would accept it. */
export function unsupported(what: string): ServiceError {
  return invalidParameter(`Cloudlet does not implement ${what} yet`);
}
