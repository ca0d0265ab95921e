// The Node.js runtime: boots empty, learns its function from the engine, then serves invocations.
'use strict';

const { performance } = require('node:perf_hooks');
const { finished } = require('node:stream/promises');
const { RuntimeClient } = require('./node-client.cjs');
const logging = require('./node-logging.cjs');
const failures = require('./node-failures.cjs');

const exitCodes = { uncaughtException: 129, unhandledRejection: 128 };

/** What 'beforeExit' does: the event loop ran empty while a handler was due to answer. */
let onLoopEmpty;
/** The invocation under way, if any. */
let current;
let assigned = false;
let compileCacheKept = false;

const client = new RuntimeClient(process.argv[2], () => killOwnGroup());
const preloads = (process.argv[3] ?? '').split(':').filter((path) => path !== '');
if (preloads.length === 0) client.assignment((assignment) => void initialise(assignment));
// Loaded while the connection is made: what every function will need.
const { loadHandler } = require('./node-handler.cjs');
const { isStreaming, createResponseStream } = require('./node-stream.cjs');
setImmediate(warmUp);

async function warmUp() {
  logging.warmUp();
  if (assigned) return;
  await import('./node-warm-up.mjs').catch(() => {});
  if (preloads.length === 0) return;
  for (const path of preloads) await preload(path);
  client.assignment((assignment) => void initialise(assignment));
}

/** What the function used before: once it is assigned, its imports find the modules loaded. */
async function preload(path) {
  try {
    // As a module first: that reads the names it exports too, and require() finds the same one.
    await import(require('node:url').pathToFileURL(require.resolve(path)).href);
  } catch {
    // The function will say so if it needs it.
  }
}

/** The packages of the provided SDK that were loaded, clients and libraries only: the rest follows them. */
function loadedPackages(providedFolder) {
  let root;
  try {
    root = `${require('node:fs').realpathSync(`${providedFolder}/@aws-sdk`)}/`;
  } catch {
    return '';
  }
  const names = new Set();
  for (const file of Object.keys(require.cache)) {
    if (!file.startsWith(root)) continue;
    const name = file.slice(root.length, file.indexOf('/', root.length));
    if (/^(client|lib)-/.test(name)) names.add(`@aws-sdk/${name}`);
  }
  return [...names].join(' ');
}

/** The engine is gone: nothing this process could still do would reach anyone. */
function killOwnGroup() {
  try {
    process.kill(-process.pid, 'SIGKILL');
  } catch {
    process.kill(process.pid, 'SIGKILL');
  }
}

async function initialise(assignment) {
  assigned = true;
  const clock = takeOn(assignment);
  process.on('uncaughtException', (error) => crash('Uncaught Exception', error, 'uncaughtException'));
  process.on('unhandledRejection', (reason, promise) => {
    const error = new failures.UnhandledPromiseRejection(reason, promise);
    crash('Unhandled Promise Rejection', error, 'unhandledRejection');
  });
  process.on('beforeExit', () => {
    const act = onLoopEmpty;
    onLoopEmpty = undefined;
    act?.();
  });
  if (assignment.debug) await openInspector(assignment.debug);
  let handler;
  try {
    handler = await loadHandler(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER);
  } catch (error) {
    return crash('Uncaught Exception', error, 'uncaughtException');
  }
  serve(handler, clock, assignment.providedFolder);
}

/**
 * As `node --inspect` does; with `wait` nothing runs before somebody is attached. The environment
 * before this one may hold the port for a moment longer: it is given five seconds.
 */
async function openInspector({ port, wait }) {
  const inspector = require('node:inspector');
  for (let tries = 0; tries < 100 && !(await isFree(port)); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  inspector.open(port, '127.0.0.1', wait);
  // Node.js tells the reason on stderr and throws nothing.
  if (inspector.url() === undefined) console.error(`The inspector cannot listen on port ${port}.`);
}

function isFree(port) {
  return new Promise((resolve) => {
    const probe = require('node:net').createServer();
    probe.on('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

/** Becomes the function: environment, directory, clock, console. Returns the clock's setter. */
function takeOn(assignment) {
  // One that started with them may have been given more, or others, by a wrapper script.
  if (!assignment.keepsEnvironment) {
    const env = assignment.env;
    for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
    for (const [name, value] of Object.entries(env)) process.env[name] = value;
  }
  process.chdir(assignment.workingDirectory);
  // NODE_PATH was read when this process booted, before it was any function.
  require('node:module').Module._initPaths();
  if (assignment.compileCache) require('node:module').enableCompileCache?.(assignment.compileCache);
  logging.patchConsole(process.env.AWS_LAMBDA_LOG_FORMAT, process.env.AWS_LAMBDA_LOG_LEVEL);
  if (assignment.nowMs === undefined) return () => {};
  const { installClock } = require('./node-clock.cjs');
  return installClock(assignment.nowMs);
}

/** A failure outside the handler's own answer ends the process, after it has been told. */
function crash(title, error, kind) {
  logging.logError(title, error);
  const document = JSON.stringify(failures.toDocument(error));
  const leave = () => process.exit(exitCodes[kind]);
  if (current) client.fail(current.requestId, document, failures.typeOf(error), leave);
  else client.initFail(document, failures.typeOf(error), leave);
}

function serve(handler, setClock, providedFolder) {
  const streaming = isStreaming(handler);
  let told = providedFolder === undefined;
  const next = () => {
    onLoopEmpty = undefined;
    // After the first invocation, which may have loaded more.
    const tell = current !== undefined && !told;
    told ||= tell;
    client.next(run, tell ? loadedPackages(providedFolder) : '');
    if (current && !compileCacheKept) keepCompileCache();
  };

  function run(head, payload) {
    const receivedAt = performance.now();
    const headers = parseHeaders(head);
    if (headers['cloudlet-now-ms'] !== undefined) setClock(Number(headers['cloudlet-now-ms']));
    const requestId = headers['lambda-runtime-aws-request-id'];
    current = { requestId };
    logging.setRequestId(requestId);
    if (headers['lambda-runtime-trace-id'] === undefined) delete process.env._X_AMZN_TRACE_ID;
    else process.env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'];
    const budgetMs = Number(headers['lambda-runtime-deadline-ms']) - Date.now();
    const remaining = () => Math.round(budgetMs - (performance.now() - receivedAt));
    if (streaming) return runStreaming(headers, payload, remaining);
    return runBuffered(headers, payload, remaining);
  }

  function runBuffered(headers, payload, remaining) {
    const answer = createAnswer(current.requestId, next);
    // AWS: a handler that never answers is a failure when it is async, and null otherwise, once
    // nothing is left to run. aws-lambda-nodejs-runtime-interface-client, Runtime.js
    onLoopEmpty = () => {
      if (handler.constructor?.name === 'AsyncFunction') answer.fail(new failures.NodeJsExit());
      else answer.succeed(null);
    };
    try {
      const context = Object.assign(answer.context, contextOf(headers, remaining));
      const result = handler(JSON.parse(payload.toString()), context, answer.callback);
      if (typeof result?.then === 'function') {
        result.then(context.succeed, context.fail).catch(context.fail);
      }
    } catch (error) {
      answer.callback(error);
    }
  }

  async function runStreaming(headers, payload, remaining) {
    const { requestId } = current;
    const stream = createResponseStream(client, requestId, handler);
    onLoopEmpty = () => stream.abort(new Error('Response stream is not finished.'), next);
    try {
      const context = { callbackWaitsForEmptyEventLoop: true, ...contextOf(headers, remaining) };
      const result = handler(JSON.parse(payload.toString()), stream, context);
      if (typeof result?.then !== 'function') {
        throw new Error('Streaming does not support non-async handlers.');
      }
      const value = await result;
      if (value !== undefined) console.warn('Streaming handlers ignore return values.');
      // Ended, and still on its way. AWS: waits for the platform's answer. Runtime.js (rapidResponse)
      if (stream.writableEnded) await finished(stream);
      if (!stream.writableFinished) throw new Error('Response stream is not finished.');
      next();
    } catch (error) {
      logging.logError('Invoke Error', error);
      stream.abort(error, next);
    }
  }

  next();
}

/** The ways a buffered handler may answer: promise, callback, context.done/succeed/fail. First wins. */
function createAnswer(requestId, next) {
  let waitsForEmptyLoop = true;
  let finished = false;

  const post = (result) => {
    onLoopEmpty = undefined;
    client.respond(requestId, serialise(result));
    next();
  };
  const postError = (error) => {
    onLoopEmpty = undefined;
    logging.logError('Invoke Error', error);
    client.fail(requestId, JSON.stringify(failures.toDocument(error)), failures.typeOf(error));
    next();
  };
  const done = (error, result) => (isGiven(error) ? postError(error) : post(result));
  const callback = (error, result) => {
    if (isGiven(error)) return postError(error);
    if (!waitsForEmptyLoop) return post(result);
    onLoopEmpty = () => post(result);
  };
  // Marked finished only after it worked: an answer that cannot be serialised may still fail.
  const once = (act) => (...args) => {
    if (finished) return;
    act(...args);
    finished = true;
  };
  const succeed = once((result) => done(null, result));
  const fail = once((error) => done(isGiven(error) ? error : 'handled'));
  return {
    callback: once(callback),
    succeed,
    fail,
    context: {
      get callbackWaitsForEmptyEventLoop() {
        return waitsForEmptyLoop;
      },
      set callbackWaitsForEmptyEventLoop(value) {
        waitsForEmptyLoop = value;
      },
      succeed,
      fail,
      done: once(done),
    },
  };
}

/** Node.js writes the cache when it exits; environments are killed. After the first answer is sent. */
function keepCompileCache() {
  compileCacheKept = true;
  setImmediate(() => require('node:module').flushCompileCache?.());
}

function isGiven(error) {
  return error !== undefined && error !== null;
}

function serialise(result) {
  try {
    return JSON.stringify(result === undefined ? null : result) ?? 'null';
  } catch {
    throw new Error('Unable to stringify response body');
  }
}

function contextOf(headers, remaining) {
  const env = process.env;
  return {
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parseJson(headers['lambda-runtime-client-context'], 'ClientContext'),
    identity: parseJson(headers['lambda-runtime-cognito-identity'], 'CognitoIdentity'),
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    getRemainingTimeInMillis: remaining,
  };
}

function parseJson(text, name) {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(text, 'latin1').toString('utf8'));
  } catch (error) {
    throw new Error(`Cannot parse ${name} as json: ${error.toString()}`, { cause: error });
  }
}

function parseHeaders(head) {
  const headers = {};
  for (const line of head.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 2);
  }
  return headers;
}
