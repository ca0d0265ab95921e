// console as Lambda has it: each call one framed message with time, request id and level.
'use strict';

const fs = require('node:fs');
const { format } = require('node:util');
const { toLogText } = require('./node-failures.cjs');

/** Inherited from the engine: takes frames, so that messages of several lines stay whole. */
const LOG_FD = 3;
const LEVELS = { TRACE: 1, DEBUG: 2, INFO: 3, WARN: 4, ERROR: 5, FATAL: 6 };
const REQUEST_ID = Symbol.for('aws.lambda.runtime.requestId');
const sleeper = new Int32Array(new SharedArrayBuffer(4));

let asJson = false;

/** Frame: type, length, microseconds, message. AWS: awslambdaric, FramedTelemetryLogSink */
function writeFrame(text) {
  const length = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(16 + length);
  frame.writeUInt32BE(0xa55a0003, 0);
  frame.writeUInt32BE(length, 4);
  frame.writeBigUInt64BE(BigInt(Date.now()) * 1000n, 8);
  frame.write(text, 16);
  for (let sent = 0; sent < frame.length; ) {
    try {
      sent += fs.writeSync(LOG_FD, frame, sent);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
      Atomics.wait(sleeper, 0, 0, 1);
    }
  }
}

function log(level, args) {
  const time = new Date().toISOString();
  const requestId = globalThis[REQUEST_ID];
  if (asJson) writeFrame(`${jsonLine(level, time, requestId, args)}\n`);
  else writeFrame(`${time}\t${requestId}\t${level}\t${format(...args)}\n`);
}

function jsonLine(level, timestamp, requestId, args) {
  const line = { timestamp, level, requestId };
  if (args.length === 1) {
    try {
      return JSON.stringify({ ...line, message: args[0] }, describeErrors);
    } catch {
      return JSON.stringify({ ...line, message: format(args[0]) });
    }
  }
  line.message = format(...args);
  const error = args.find((arg) => arg instanceof Error);
  return JSON.stringify(error ? { ...line, ...describeErrors('', error) } : line);
}

function describeErrors(_key, value) {
  if (!(value instanceof Error)) return value;
  const known = {
    errorType: value.constructor?.name ?? 'UnknownError',
    errorMessage: value.message,
    stackTrace: typeof value.stack === 'string' ? value.stack.split('\n') : [],
  };
  return Object.assign(known, value);
}

function patchConsole(logFormat, logLevel) {
  asJson = logFormat?.toUpperCase() === 'JSON';
  const threshold = LEVELS[logLevel?.toUpperCase()] ?? LEVELS.TRACE;
  const at = (level) =>
    LEVELS[level] >= threshold ? (...args) => log(level, args) : () => {};
  console.trace = at('TRACE');
  console.debug = at('DEBUG');
  console.info = at('INFO');
  console.log = console.info;
  console.warn = at('WARN');
  console.error = at('ERROR');
  console.fatal = at('FATAL');
}

function logError(title, error) {
  const shown = error instanceof Error ? error : new Error(error);
  if (asJson) console.error(shown);
  else console.error(title, toLogText(shown));
}

/** The first call of these takes a millisecond or two. */
function warmUp() {
  format('%s', { a: [1] });
  new Date(0).toISOString();
}

function setRequestId(id) {
  globalThis[REQUEST_ID] = id;
}

module.exports = { patchConsole, logError, setRequestId, warmUp };
