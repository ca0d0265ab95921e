// Every error SQS answers with: factories, with AWS's messages.
// Messages recorded from AWS: the snapshots beside LocalStack's tests/aws/services/sqs
// (Apache-2.0).
import { ServiceError } from '../../base/errors.ts';

export function queueDoesNotExist(): ServiceError {
  return new ServiceError('QueueDoesNotExist', 'The specified queue does not exist.');
}

export function queueNameExists(attribute: string): ServiceError {
  return new ServiceError(
    'QueueNameExists',
    `A queue already exists with the same name and a different value for attribute ${attribute}`,
  );
}

export function purgeQueueInProgress(queueName: string): ServiceError {
  const message = `Only one PurgeQueue operation on ${queueName} is allowed every 60 seconds.`;
  return new ServiceError('PurgeQueueInProgress', message, { status: 403 });
}

export function unknownAttribute(name: string): ServiceError {
  return new ServiceError('InvalidAttributeName', `Unknown Attribute ${name}.`);
}

export function encryptionsAreExclusive(): ServiceError {
  return new ServiceError(
    'InvalidAttributeName',
    'You can use one type of server-side encryption (SSE) at one time. ' +
      'You can either enable KMS SSE or SQS SSE.',
  );
}

export function invalidAttributeValue(name: string, reason?: string): ServiceError {
  const tail = reason === undefined ? '' : ` Reason: ${reason}`;
  return new ServiceError(
    'InvalidAttributeValue',
    `Invalid value for the parameter ${name}.${tail}`,
  );
}

/**
 * For a parameter whose value stands in the message: `Value V for parameter P is invalid. Reason:
 * R`
 */
export function invalidValue(value: unknown, parameter: string, reason: string): ServiceError {
  return invalidParameter(
    `Value ${String(value)} for parameter ${parameter} is invalid. Reason: ${reason}`,
  );
}

export function invalidParameter(message: string): ServiceError {
  return new ServiceError('InvalidParameterValue', message);
}

export function missingParameter(parameter: string): ServiceError {
  return new ServiceError(
    'MissingParameter',
    `The request must contain the parameter ${parameter}.`,
  );
}

export function invalidMessageContents(codePoint: number): ServiceError {
  const hex = codePoint.toString(16).toUpperCase();
  return new ServiceError(
    'InvalidMessageContents',
    `Invalid binary character '#x${hex}' was found in the message body, the set of allowed characters ` +
      'is #x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF].',
  );
}

export function messageTooLong(maximumBytes: number): ServiceError {
  return invalidParameter(
    `One or more parameters are invalid. Reason: Message must be shorter than ${maximumBytes} bytes.`,
  );
}

export function emptyBatch(entryKind: string): ServiceError {
  return new ServiceError(
    'EmptyBatchRequest',
    `There should be at least one ${entryKind} in the request.`,
  );
}

export function tooManyEntries(count: number): ServiceError {
  return new ServiceError(
    'TooManyEntriesInBatchRequest',
    `Maximum number of entries per request are 10. You have sent ${count}.`,
  );
}

export function invalidBatchEntryId(): ServiceError {
  return new ServiceError(
    'InvalidBatchEntryId',
    'A batch entry id can only contain alphanumeric characters, hyphens and underscores. ' +
      'It can be at most 80 letters long.',
  );
}

export function batchEntryIdsNotDistinct(id: string): ServiceError {
  return new ServiceError('BatchEntryIdsNotDistinct', `Id ${id} repeated.`);
}

export function batchRequestTooLong(maximumBytes: number, bytes: number): ServiceError {
  return new ServiceError(
    'BatchRequestTooLong',
    `Batch requests cannot be longer than ${maximumBytes} bytes. You have sent ${bytes} bytes.`,
  );
}

export function receiptHandleIsInvalid(handle: string): ServiceError {
  return new ServiceError(
    'ReceiptHandleIsInvalid',
    `The input receipt handle "${handle}" is not a valid receipt handle.`,
  );
}

export function notAvailableForVisibilityChange(handle: string): ServiceError {
  return invalidValue(
    handle,
    'ReceiptHandle',
    'Message does not exist or is not available for visibility timeout change.',
  );
}

export function receiptHandleExpired(handle: string): ServiceError {
  return invalidValue(handle, 'ReceiptHandle', 'The receipt handle has expired.');
}

export function overInFlightLimit(): ServiceError {
  return new ServiceError(
    'OverLimit',
    'Too many messages in flight: the queue has reached its limit of in-flight messages.',
    { status: 403 },
  );
}

export function tooManyActions(count: number): ServiceError {
  const message = `${count} Actions were found, maximum allowed is 7.`;
  return new ServiceError('OverLimit', message, { status: 403 });
}

export function resourceNotFound(message: string): ServiceError {
  return new ServiceError('ResourceNotFoundException', message, { status: 404 });
}

/** What is not there yet, named; AWS would accept it. */
export function unsupported(what: string): ServiceError {
  return new ServiceError('UnsupportedOperation', `Cloudlet does not implement ${what} yet.`);
}
