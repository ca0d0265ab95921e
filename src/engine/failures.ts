// Failures the platform itself reports: the documents callers get and the lines in the log.

/** A failed invocation's payload and what the log and REPORT say of it. */
export interface PlatformFailure {
  readonly document: Uint8Array;
  /** `Status` and `Error Type` of REPORT. */
  readonly status: 'error' | 'timeout';
  readonly errorType?: string;
  /** Lines between the function's own and END. */
  readonly logLines: readonly string[];
}

/** The function has no program to run: its own fault, told to its caller. */
export class InvalidEntrypoint extends Error {
  override readonly name = 'InvalidEntrypoint';
}

export type ProcessEnd =
  | { readonly kind: 'not-started'; readonly reason: string }
  | { readonly kind: 'exit'; readonly code: number }
  /** The kernel killed it. */
  | { readonly kind: 'out-of-memory' }
  | { readonly kind: 'signal'; readonly signal: string };

// Go's names for signals, as the platform prints them. AWS: Runtime Interface Emulator (os/exec)
const SIGNAL_NAMES: Readonly<Record<string, string>> = {
  SIGHUP: 'hangup',
  SIGINT: 'interrupt',
  SIGQUIT: 'quit',
  SIGILL: 'illegal instruction',
  SIGTRAP: 'trace/breakpoint trap',
  SIGABRT: 'aborted',
  SIGBUS: 'bus error',
  SIGFPE: 'floating point exception',
  SIGKILL: 'killed',
  SIGSEGV: 'segmentation fault',
  SIGPIPE: 'broken pipe',
  SIGALRM: 'alarm clock',
  SIGTERM: 'terminated',
};

/** AWS: `{"errorType":"Sandbox.Timedout",…}`. Runtime Interface Emulator; floci-io/floci#3314 (recorded) */
export function timedOut(requestId: string, timeoutMs: number, nowMs: number): PlatformFailure {
  const text = `Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`;
  return {
    document: documentOf('Sandbox.Timedout', `RequestId: ${requestId} Error: ${text}`),
    status: 'timeout',
    logLines: [`${new Date(nowMs).toISOString()} ${requestId} ${text}\n\n`],
  };
}

/** The runtime process ended by itself. AWS: floci-io/floci#3314, aws/aws-lambda-dotnet#480 (recorded) */
export function runtimeExited(requestId: string, end: ProcessEnd): PlatformFailure {
  if (end.kind === 'not-started') return invalidEntrypoint(requestId, end.reason);
  if (end.kind === 'out-of-memory') return outOfMemory(requestId);
  const text = `RequestId: ${requestId} Error: Runtime exited ${reasonOf(end)}`;
  return {
    document: documentOf('Runtime.ExitError', text),
    status: 'error',
    errorType: 'Runtime.ExitError',
    logLines: [`${text}\n`, 'Runtime.ExitError\n'],
  };
}

/** AWS: `Runtime.InvalidEntrypoint`. Runtime Interface Emulator, rapid/bootstrap */
export function invalidEntrypoint(requestId: string, reason: string): PlatformFailure {
  const text = `RequestId: ${requestId} Error: ${reason}`;
  return {
    document: documentOf('Runtime.InvalidEntrypoint', text),
    status: 'error',
    errorType: 'Runtime.InvalidEntrypoint',
    logLines: [`${text}\n`, 'Runtime.InvalidEntrypoint\n'],
  };
}

/**
 * The runtime was killed for using more than its memory. AWS: REPORT says `Runtime.OutOfMemory`
 * (nasa-gcn/gcn.nasa.gov#3628, DataDog/datadog-lambda-extension#776).
 */
export function outOfMemory(requestId: string): PlatformFailure {
  const text = `RequestId: ${requestId} Error: Runtime exited with error: signal: killed`;
  return {
    document: documentOf('Runtime.OutOfMemory', text),
    status: 'error',
    errorType: 'Runtime.OutOfMemory',
    logLines: [`${text}\n`, 'Runtime.ExitError\n'],
  };
}

/** AWS: `Extension.Crash` and its like. Runtime Interface Emulator, fatalerror; extensions documentation */
export function extensionFailed(requestId: string, errorType: string, reason: string): PlatformFailure {
  const text = `RequestId: ${requestId} Error: ${reason}`;
  return {
    document: documentOf(errorType, text),
    status: 'error',
    errorType,
    logLines: [`${text}\n`, `${errorType}\n`],
  };
}

/** AWS: Function.ResponseSizeTooLarge. aws/aws-lambda-dotnet, CustomRuntimeTests */
export function responseTooLarge(bytes: number, maxBytes: number): PlatformFailure {
  const text = `Response payload size (${bytes} bytes) exceeded maximum allowed payload size (${maxBytes} bytes).`;
  return {
    document: documentOf('Function.ResponseSizeTooLarge', text),
    status: 'error',
    errorType: 'Function.ResponseSizeTooLarge',
    logLines: [`LAMBDA_RUNTIME Failed to post handler success response. Http response code: 413.\n`],
  };
}

function documentOf(errorType: string, errorMessage: string): Uint8Array {
  return Buffer.from(JSON.stringify({ errorType, errorMessage }));
}

function reasonOf(end: Extract<ProcessEnd, { kind: 'signal' | 'exit' }>): string {
  if (end.kind === 'signal') {
    return `with error: signal: ${SIGNAL_NAMES[end.signal] ?? end.signal.toLowerCase()}`;
  }
  return end.code === 0 ? 'without providing a reason' : `with error: exit status ${end.code}`;
}
