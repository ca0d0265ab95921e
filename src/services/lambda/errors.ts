// Lambda's errors, with AWS's codes, statuses and words.
import { ServiceError } from '../../base/errors.ts';

/** Every error of Lambda says whose fault it was in `Type`. */
function userError(code: string, message: string, status: number): ServiceError {
  return new ServiceError(code, message, { status, fields: { Type: 'User' } });
}

export function functionNotFound(arn: string): ServiceError {
  return userError('ResourceNotFoundException', `Function not found: ${arn}`, 404);
}

export function aliasNotFound(arn: string): ServiceError {
  return userError('ResourceNotFoundException', `Cannot find alias arn: ${arn}`, 404);
}

export function mappingNotFound(): ServiceError {
  return userError('ResourceNotFoundException', 'The resource you requested does not exist.', 404);
}

export function policyNotFound(): ServiceError {
  const message = 'No policy is associated with the given resource.';
  return userError('ResourceNotFoundException', message, 404);
}

export function statementNotFound(sid: string): ServiceError {
  const message = `Statement ${sid} is not found in resource policy.`;
  return userError('ResourceNotFoundException', message, 404);
}

export function invokeConfigNotFound(arn: string): ServiceError {
  const message = `The function ${arn} doesn't have an EventInvokeConfig`;
  return userError('ResourceNotFoundException', message, 404);
}

export function layerNotFound(arn: string): ServiceError {
  return userError('ResourceNotFoundException', `The resource you requested does not exist. ${arn}`, 404);
}

export function functionExists(name: string): ServiceError {
  return userError('ResourceConflictException', `Function already exist: ${name}`, 409);
}

export function aliasExists(arn: string): ServiceError {
  return userError('ResourceConflictException', `Alias already exists: ${arn}`, 409);
}

export function versionInUse(aliases: readonly string[]): ServiceError {
  const message = `The following aliases reference this version: ${aliases.join(', ')}`;
  return userError('ResourceConflictException', message, 409);
}

export function statementExists(sid: string): ServiceError {
  const message = `The statement id (${sid}) provided already exists. Please provide a new statement id, or remove the existing statement.`;
  return userError('ResourceConflictException', message, 409);
}

export function mappingExists(uuid: string, sourceArn: string, functionArn: string): ServiceError {
  const message = `An event source mapping with event source arn (" ${sourceArn} ") and function (" ${functionArn} ") already exists. Please update or delete the existing mapping with UUID ${uuid}`;
  return userError('ResourceConflictException', message, 409);
}

export function invalidParameter(message: string): ServiceError {
  return userError('InvalidParameterValueException', message, 400);
}

export function validationFailed(message: string): ServiceError {
  return userError('ValidationException', message, 400);
}

export function staleRevision(): ServiceError {
  const message =
    'The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id';
  return userError('PreconditionFailedException', message, 412);
}

export function notJson(detail: string): ServiceError {
  const message = `Could not parse request body into json: ${detail}`;
  return userError('InvalidRequestContentException', message, 400);
}

export function payloadTooLarge(maxBytes: number): ServiceError {
  const message = `Request must be smaller than ${maxBytes} bytes for the InvokeFunction operation`;
  return userError('RequestTooLargeException', message, 413);
}

export type ThrottleReason =
  | 'ReservedFunctionConcurrentInvocationLimitExceeded'
  | 'ConcurrentInvocationLimitExceeded';

export function throttled(reason: ThrottleReason): ServiceError {
  return new ServiceError('TooManyRequestsException', 'Rate Exceeded.', {
    status: 429,
    fields: { Type: 'User', Reason: reason },
  });
}

/** The engine could not run the function at all; `code` is AWS's name for the reason. */
export function runnerRefused(code: string, message: string): ServiceError {
  return userError(code, message, code === 'InvalidRuntimeException' ? 502 : 502);
}

export function invalidZip(): ServiceError {
  return invalidParameter(
    'Could not unzip uploaded file. Please check your file, then try to upload again.',
  );
}

export function codeUnreadable(detail: string): ServiceError {
  return invalidParameter(
    `Error occurred while GetObject. S3 Error Code: ${detail}. Please check that the object exists and is readable.`,
  );
}
