// Every error CloudWatch Logs answers with: factories, with AWS's messages.
// Messages recorded from AWS: the snapshots beside LocalStack's tests/aws/services/logs
// (Apache-2.0).
import { ServiceError } from '../../base/errors.ts';

export function groupNotFound(): ServiceError {
  return new ServiceError('ResourceNotFoundException', 'The specified log group does not exist.');
}

export function streamNotFound(): ServiceError {
  return new ServiceError('ResourceNotFoundException', 'The specified log stream does not exist.');
}

export function groupExists(): ServiceError {
  return new ServiceError(
    'ResourceAlreadyExistsException',
    'The specified log group already exists',
  );
}

export function streamExists(): ServiceError {
  return new ServiceError(
    'ResourceAlreadyExistsException',
    'The specified log stream already exists',
  );
}

export function invalidParameter(message: string): ServiceError {
  return new ServiceError('InvalidParameterException', message);
}

export function invalidToken(): ServiceError {
  return invalidParameter('The specified nextToken is invalid.');
}

export function invalidRequest(message: string): ServiceError {
  return new ServiceError('ValidationException', message);
}

export function tooManyTags(resourceName: string): ServiceError {
  return new ServiceError('TooManyTagsException', 'The resource has too many tags.', {
    fields: { resourceName },
  });
}

export function protectedFromDeletion(): ServiceError {
  return invalidRequest('Log group cannot be deleted because deletion protection is enabled.');
}

/** What is not there yet, named; AWS would accept it. */
export function unsupported(what: string): ServiceError {
  return invalidParameter(`Cloudlet does not implement ${what} yet.`);
}
