// Errors of the Node.js runtime and the documents they become.
'use strict';

const { types } = require('node:util');

class ImportModuleError extends Error {}
class HandlerNotFound extends Error {}
class MalformedHandlerName extends Error {}
class UserCodeSyntaxError extends Error {}
class MalformedStreamingHandler extends Error {}
class CallbackHandlerDeprecated extends Error {}
class NodeJsExit extends Error {
  constructor() {
    super(
      'The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a Promise that was never settled. For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes',
    );
  }
}
class UnhandledPromiseRejection extends Error {
  constructor(reason, promise) {
    super(String(reason));
    this.reason = reason;
    this.promise = promise;
  }
}

const runtimeErrors = {
  ImportModuleError,
  HandlerNotFound,
  MalformedHandlerName,
  UserCodeSyntaxError,
  MalformedStreamingHandler,
  CallbackHandlerDeprecated,
  NodeJsExit,
  UnhandledPromiseRejection,
};
for (const [name, type] of Object.entries(runtimeErrors)) type.prototype.name = `Runtime.${name}`;

function isErrorLike(value) {
  return (
    types.isNativeError(value) ||
    (typeof value?.name === 'string' &&
      typeof value.message === 'string' &&
      value.message !== '' &&
      typeof value.stack === 'string')
  );
}

/** The payload of a failed invocation. AWS: aws-lambda-nodejs-runtime-interface-client, Errors.js */
function toDocument(error) {
  try {
    if (isErrorLike(error)) {
      return { errorType: error.name, errorMessage: error.message, trace: error.stack.split('\n') };
    }
    return { errorType: typeof error, errorMessage: error.toString(), trace: [] };
  } catch {
    return {
      errorType: 'handled',
      errorMessage:
        'callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack',
    };
  }
}

/** Fit for a header. */
function typeOf(error) {
  return String(toDocument(error).errorType).replace(/[^\x20-\x7e]/g, '?');
}

/** An error as the log shows it: a tab and one JSON document with all its properties. */
function toLogText(error) {
  try {
    return `\t${JSON.stringify(error, (_key, value) => withEnumerableProperties(value))}`;
  } catch {
    return `\t${JSON.stringify(toDocument(error))}`;
  }
}

function withEnumerableProperties(value) {
  if (!(value instanceof Error)) return value;
  const known = { errorType: value.name, errorMessage: value.message, code: value.code };
  const shown = Object.assign(known, value);
  if (typeof value.stack === 'string') shown.stack = value.stack.split('\n');
  return shown;
}

module.exports = { ...runtimeErrors, toDocument, toLogText, typeOf };
