// Lambda's errors, with AWS's codes, statuses and words.
import { ServiceError } from '../../base/errors.ts';
import type { ThrottleReason } from './invocation/admission.ts';

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

/** GetPolicy says it in one way, RemovePermission in another. */
export function policyNotFound(operation: 'get' | 'remove'): ServiceError {
  const message =
    operation === 'get'
      ? 'The resource you requested does not exist.'
      : 'No policy is associated with the given resource.';
  return userError('ResourceNotFoundException', message, 404);
}

export function noPolicyFor(arn: string): ServiceError {
  return userError('ResourceNotFoundException', `No policy found for: ${arn}`, 404);
}

/** How settings of async invocation and function URLs call a function that is not there. */
export function functionAbsent(message: 'Function does not exist' | "The function doesn't exist."): ServiceError {
  return userError('ResourceNotFoundException', message, 404);
}

export function regionUnreachable(region: string, here: string): ServiceError {
  const message = `Functions from '${region}' are not reachable in this region ('${here}')`;
  return userError('ResourceNotFoundException', message, 404);
}

export function urlExists(arn: string): ServiceError {
  const message = `Failed to create function url config for [functionArn = ${arn}]. Error message:  FunctionUrlConfig exists for this Lambda function`;
  return userError('ResourceConflictException', message, 409);
}

export function statementNotFound(sid: string): ServiceError {
  const message = `Statement ${sid} is not found in resource policy.`;
  return userError('ResourceNotFoundException', message, 404);
}

export function invokeConfigNotFound(arn: string): ServiceError {
  const message = `The function ${arn} doesn't have an EventInvokeConfig`;
  return userError('ResourceNotFoundException', message, 404);
}

export function layerVersionNotFound(arn: string): ServiceError {
  return userError('ResourceNotFoundException', `Layer version ${arn} does not exist.`, 404);
}

/** AWS: of a layer that belongs to another account. */
export function layerForbidden(principalArn: string, action: string, layerArn: string): ServiceError {
  const message = `User: ${principalArn} is not authorized to perform: ${action} on resource: ${layerArn} because no resource-based policy allows the ${action} action`;
  return userError('AccessDeniedException', message, 403);
}

/** The configuration itself is asked for. */
export function codeSigningConfigNotFound(arn: string): ServiceError {
  const message = `The Lambda code signing configuration ${arn} can not be found.`;
  return userError('ResourceNotFoundException', message, 404);
}

/** A function is to use it. */
export function codeSigningConfigAbsent(arn: string): ServiceError {
  const message = `The code signing configuration cannot be found. Check that the provided configuration is not deleted: ${arn}.`;
  return userError('CodeSigningConfigNotFoundException', message, 404);
}

export function codeSigningConfigInUse(arn: string): ServiceError {
  const message = `The code signing configuration ${arn} is used by functions. Remove it from them before you delete it.`;
  return userError('ResourceConflictException', message, 409);
}

export function codeNotTrusted(functionArn: string): ServiceError {
  const message = `Lambda cannot deploy the function. The function or layer might be signed using a signature that the client is not configured to accept. Check the provided signature for ${functionArn}.`;
  return userError('CodeVerificationFailedException', message, 400);
}

export function layerNotFound(): ServiceError {
  return userError('ResourceNotFoundException', 'The resource you requested does not exist.', 404);
}

export function policyTooLong(bytes: number, maxBytes: number): ServiceError {
  const message = `The final policy size (${bytes}) is bigger than the limit (${maxBytes}).`;
  return userError('PolicyLengthExceededException', message, 400);
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

export function mappingExists(uuid: string, sourceArn: string, functionName: string): ServiceError {
  const message = `An event source mapping with SQS arn (" ${sourceArn} ") and function (" ${functionName} ") already exists. Please update or delete the existing mapping with UUID ${uuid}`;
  return userError('ResourceConflictException', message, 409);
}

export function streamMappingExists(uuid: string, sourceArn: string, functionName: string): ServiceError {
  const message = `The event source arn (" ${sourceArn} ") and function (" ${functionName} ") provided mapping already exists. Please update or delete the existing mapping with UUID ${uuid}`;
  return userError('ResourceConflictException', message, 409);
}

export function invalidParameter(message: string): ServiceError {
  return userError('InvalidParameterValueException', message, 400);
}

export function validationFailed(message: string): ServiceError {
  return userError('ValidationException', message, 400);
}

export function staleRevision(source: 'GetFunction/GetAlias' | 'GetLayerPolicy' = 'GetFunction/GetAlias'): ServiceError {
  const message = `The Revision Id provided does not match the latest Revision Id. Call the ${source} API to retrieve the latest Revision Id`;
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

export function throttled(reason: ThrottleReason): ServiceError {
  return new ServiceError('TooManyRequestsException', 'Rate Exceeded.', {
    status: 429,
    fields: { Type: 'User', Reason: reason, retryAfterSeconds: '1' },
  });
}

/** A function that would run once more in a loop. <API model, RecursiveInvocationException> */
export function loopStopped(): ServiceError {
  return new ServiceError(
    'RecursiveInvocationException',
    "Lambda has detected your function being invoked in a recursive loop with other Amazon Web Services resources and stopped your function's invocation.",
    { status: 400, fields: { Type: 'User' } },
  );
}

/** <API model, SnapStartNotReadyException> */
export function snapStartNotReady(): ServiceError {
  const message =
    'Lambda is initializing your function. It will be ready to invoke once your function state becomes ACTIVE.';
  return userError('SnapStartNotReadyException', message, 409);
}

export function functionInState(state: string): ServiceError {
  const message = `The operation cannot be performed at this time. The function is currently in the following state: ${state}`;
  return userError('ResourceConflictException', message, 409);
}

export function provisionedConfigNotFound(): ServiceError {
  const message = 'No Provisioned Concurrency Config found for this function';
  return userError('ProvisionedConcurrencyConfigNotFoundException', message, 404);
}

export function provisionedOverlap(message: string): ServiceError {
  return userError('ResourceConflictException', message, 409);
}

/** The engine could not run the function at all; `code` is AWS's name for the reason. */
export function runnerRefused(code: string, message: string): ServiceError {
  // The operator's doing, not the caller's; the engine has told the operator.
  if (code === 'SandboxUnavailable') return serviceFailed();
  return userError(code, message, 502);
}

function serviceFailed(): ServiceError {
  const message = 'An error occurred and the request cannot be processed.';
  return new ServiceError('ServiceException', message, { status: 500, fields: { Type: 'Service' } });
}

export function invalidZip(): ServiceError {
  return invalidParameter(
    'Could not unzip uploaded file. Please check your file, then try to upload again.',
  );
}

export function codeUnreadable(code: string, message: string): ServiceError {
  return invalidParameter(
    `Error occurred while GetObject. S3 Error Code: ${code}. S3 Error Message: ${message}`,
  );
}

export function queueUnreadable(code: string, message: string): ServiceError {
  return invalidParameter(
    `Error occurred while ReceiveMessage. SQS Error Code: ${code}. SQS Error Message: ${message}`,
  );
}

/** The limit is that of the request with the archive in base64. */
export function uploadTooLarge(operation: string): ServiceError {
  const message = `Request must be smaller than 69905067 bytes for the ${operation} operation`;
  return userError('RequestEntityTooLargeException', message, 413);
}
