// The Lambda Runtime API of one execution environment: what its runtime asks, and what we tell it.
import { createServer, type Server, type Socket } from 'node:net';
import type { ResponseSink } from '../../base/function-runner.ts';
import type { ExtensionFailure, Extensions } from './extensions-api.ts';
import {
  type Respond,
  type RuntimeRequest,
  serveConnection,
  type TakeChunk,
} from './http-connection.ts';
import type { SideApi } from './supervision.ts';

/** AWS: 6 MB and 100 bytes. docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, RIE */
export const MAX_RESPONSE_BYTES = 6_291_556;
/** AWS: a streamed response, 200 MB. docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html */
export const MAX_STREAM_BYTES = 209_715_200;

/** Of one environment: its runtime, ten extensions with a few each, and some to spare. */
const MAX_CONNECTIONS = 100;
/** Of bodies that are on their way in, of all its connections together. */
const MAX_HELD_BYTES = 4 * MAX_RESPONSE_BYTES;

/** What the runtime did. An environment installs its own when it takes the runtime over. */
export interface RuntimeEvents {
  /** The runtime waits for work: initialised, or done with the last invocation. */
  ready(): void;
  /** `bytes` above MAX_RESPONSE_BYTES means the body was dropped. */
  responded(body: Buffer, bytes: number, streamed: boolean): void;
  /** The handler failed, or a streamed response ended in an error. */
  failed(document: Buffer): void;
  initFailed(document: Buffer, errorType: string): void;
  /** An extension reported an error, or its program ended. */
  extensionFailed(failure: ExtensionFailure): void;
}

/** Names of provided packages that a function has loaded, from our own runtimes. */
export type LoadedListener = (packages: readonly string[]) => void;

interface DeliveredInvocation {
  readonly requestId: string;
  readonly payload: Uint8Array;
  readonly invokedArn: string;
  readonly deadlineMs: number;
  readonly clientContext?: string | undefined;
  readonly cognitoIdentity?: string | undefined;
  readonly traceId?: string | undefined;
  /** The cloud's time, when it is virtual. */
  readonly nowMs?: number | undefined;
  readonly stream?: ResponseSink | undefined;
}

export interface RuntimeApi {
  /** Value of AWS_LAMBDA_RUNTIME_API. */
  readonly address: string;
  readonly extensions: Extensions | undefined;
  events: RuntimeEvents;
  onLoaded: LoadedListener | undefined;
  /** Whether a connection made to a shared loopback is from the environment itself. None is, until this is set. */
  admits: (socket: Socket) => boolean;
  /** Booted, and waiting to be told its function. */
  readonly awaitsAssignment: boolean;
  /** Tells a booted, empty runtime which function it is. */
  assign(assignment: unknown): void;
  /** Hands work to a runtime that is ready. */
  deliver(invocation: DeliveredInvocation): void;
  close(): void;
}

export const NO_EVENTS: RuntimeEvents = {
  ready() {},
  responded() {},
  failed() {},
  initFailed() {},
  extensionFailed() {},
};

const INVOCATION_PATH = /^\/2018-06-01\/runtime\/invocation\/([^/]+)\/(response|error)$/;
const JSON_TYPE = 'Content-Type: application/json\r\n';
const OK = '{"status":"OK"}\n';

/** A listener in the environment's own network, and what it is called there. */
export interface ListeningPlace {
  readonly server: Server;
  readonly address: string;
}

/**
 * @param place the path of a unix socket to listen on, or a listener there is; undefined: a port of the
 *   machine's loopback, where `admits` has to tell who may come in.
 * @param extensions serves the Extensions API beside the Runtime API.
 * @param side answers what else is asked, before all others.
 */
export async function openRuntimeApi(
  place: string | ListeningPlace | undefined,
  extensions?: Extensions,
  side?: SideApi,
): Promise<RuntimeApi> {
  const session = createSession(extensions, side);
  let admits: (socket: Socket) => boolean = () => false;
  const accept = (socket: Socket): void => {
    if (place !== undefined || admits(socket)) session.accept(socket);
    else socket.destroy();
  };
  const { server, address } = typeof place === 'object' ? place : await listen(place);
  server.on('connection', accept);
  server.unref();
  return {
    address,
    extensions,
    get admits() {
      return admits;
    },
    set admits(value) {
      admits = value;
    },
    get events() {
      return session.events;
    },
    set events(value) {
      session.events = value;
    },
    get onLoaded() {
      return session.onLoaded;
    },
    set onLoaded(listener) {
      session.onLoaded = listener;
    },
    get awaitsAssignment() {
      return session.awaitsAssignment();
    },
    assign: session.assign,
    deliver: session.deliver,
    close() {
      server.close();
      session.close();
    },
  };
}

interface CurrentInvocation {
  readonly id: string;
  readonly sink: ResponseSink | undefined;
  answered: boolean;
  streaming: boolean;
}

interface Session {
  events: RuntimeEvents;
  onLoaded: LoadedListener | undefined;
  readonly awaitsAssignment: () => boolean;
  readonly accept: (socket: Socket) => void;
  readonly assign: (assignment: unknown) => void;
  readonly deliver: (invocation: DeliveredInvocation) => void;
  readonly close: () => void;
}

function createSession(extensions: Extensions | undefined, side: SideApi | undefined): Session {
  const sockets = new Set<Socket>();
  let heldBytes = 0;
  let assignment: string | undefined;
  let waitingForAssignment: Respond | undefined;
  let waitingForWork: Respond | undefined;
  /** Handed over while the runtime had lost its connection: it comes back and asks again. */
  let undelivered: DeliveredInvocation | undefined;
  /** The invocation being handled; `answered` once its response or error has come. */
  let current: CurrentInvocation | undefined;

  const session: Session = {
    events: NO_EVENTS,
    onLoaded: undefined,
    awaitsAssignment: () => waitingForAssignment !== undefined,
    accept(socket) {
      if (sockets.size >= MAX_CONNECTIONS) return void socket.destroy();
      sockets.add(socket);
      socket.unref();
      // The next request is read when this one is answered.
      let last: Respond | undefined;
      serveConnection(socket, MAX_RESPONSE_BYTES + 1, {
        request: (request, respond) => {
          last = respond;
          if (side?.handle(request, respond, socket) !== true) route(request, respond);
        },
        streams: (method, path, headers) => {
          const match = method === 'POST' ? INVOCATION_PATH.exec(path) : null;
          return match?.[2] === 'response' && match[1] === current?.id ? openStream(headers) : undefined;
        },
        hold(bytes) {
          heldBytes += bytes;
          return heldBytes <= MAX_HELD_BYTES;
        },
        closed() {
          sockets.delete(socket);
          side?.closed(socket);
          if (last !== undefined) extensions?.lost(last);
          if (waitingForWork === last) waitingForWork = undefined;
          if (waitingForAssignment === last) waitingForAssignment = undefined;
        },
      });
    },
    assign(value) {
      assignment = JSON.stringify(value);
      waitingForAssignment?.(200, JSON_TYPE, assignment);
      waitingForAssignment = undefined;
    },
    deliver(invocation) {
      const respond = waitingForWork;
      undelivered = respond === undefined ? invocation : undefined;
      if (respond === undefined) return;
      waitingForWork = undefined;
      const { requestId: id, stream: sink } = invocation;
      current = { id, sink, answered: false, streaming: false };
      extensions?.invoke(invocation);
      respond(200, invocationHeaders(invocation), invocation.payload);
    },
    close() {
      for (const socket of sockets) socket.destroy();
    },
  };

  function route(request: RuntimeRequest, respond: Respond): void {
    const { method, path } = request;
    if (extensions?.handle(request, respond) === true) return undefined;
    if (method === 'GET' && path === '/2018-06-01/runtime/invocation/next') {
      const loaded = request.headers['cloudlet-loaded'];
      if (loaded !== undefined) session.onLoaded?.(loaded.split(' '));
      return next(respond);
    }
    const match = method === 'POST' ? INVOCATION_PATH.exec(path) : null;
    if (match) return settle(match[1] ?? '', match[2] === 'error', request, respond);
    if (method === 'POST' && /^\/2018-06-01\/runtime\/(init|restore)\/error$/.test(path)) {
      respond(202, JSON_TYPE, OK);
      const type = request.headers['lambda-runtime-function-error-type'];
      return session.events.initFailed(request.body, type ?? 'Runtime.Unknown');
    }
    if (method === 'GET' && path === '/cloudlet/assignment') {
      if (assignment !== undefined) return respond(200, JSON_TYPE, assignment);
      waitingForAssignment = respond;
      return undefined;
    }
    return notFound(request, respond);
  }

  /** Where the body of a streamed response goes; undefined when nobody wants it so, or it is none. */
  function openStream(headers: Readonly<Record<string, string>>): TakeChunk | undefined {
    const sink = current?.sink;
    const isStream = headers['lambda-runtime-function-response-mode'] === 'streaming';
    if (!isStream || sink === undefined || current === undefined) return undefined;
    if (current.answered || current.streaming) return undefined;
    current.streaming = true;
    sink.start({ contentType: headers['content-type'] ?? 'application/octet-stream' });
    return forwardTo(sink);
  }

  function next(respond: Respond): void {
    waitingForWork = respond;
    current = undefined;
    extensions?.closeRegistration();
    if (undelivered === undefined) announceReady();
    else session.deliver(undelivered);
  }

  /** AWS: the environment takes no work before its extensions ask for the next event too. */
  function announceReady(): void {
    if (waitingForWork !== undefined && (extensions?.settled ?? true)) session.events.ready();
  }

  function settle(id: string, isError: boolean, request: RuntimeRequest, respond: Respond): void {
    if (current === undefined || current.id !== id) return unknownInvocation(respond);
    return answerInvocation(current, { isError, events: session.events }, request, respond);
  }

  if (extensions !== undefined) {
    extensions.onSettled = announceReady;
    extensions.onFailure = (failure) => session.events.extensionFailed(failure);
  }
  return session;
}

function answerInvocation(
  current: CurrentInvocation,
  { isError, events }: { readonly isError: boolean; readonly events: RuntimeEvents },
  request: RuntimeRequest,
  respond: Respond,
): void {
  if (current.answered) return answeredAlready(respond);
  current.answered = true;
  const { streaming } = current;
  if (isError) {
    respond(202, JSON_TYPE, OK);
    return events.failed(request.body);
  }
  const maxBytes = streaming ? MAX_STREAM_BYTES : MAX_RESPONSE_BYTES;
  if (request.bodyBytes > maxBytes) {
    tooLarge(maxBytes, respond);
    return events.responded(request.body, request.bodyBytes, streaming);
  }
  respond(202, JSON_TYPE, OK);
  const streamError = request.trailers['lambda-runtime-function-error-body'];
  if (streamError !== undefined) return events.failed(Buffer.from(streamError, 'base64'));
  return events.responded(request.body, request.bodyBytes, streaming);
}

/** Up to the limit, and until the sink refuses. */
function forwardTo(sink: ResponseSink): TakeChunk {
  let sent = 0;
  let open = true;
  return (chunk) => {
    sent += chunk.length;
    if (!open || sent > MAX_STREAM_BYTES) return undefined;
    return sink.write(chunk).catch(() => void (open = false));
  };
}

/** AWS: same answer for an unknown and a finished invocation. Runtime Interface Emulator, rapid/handler */
function unknownInvocation(respond: Respond): void {
  respond(400, JSON_TYPE, errorBody('InvalidRequestID', 'Invalid request ID'));
}

function answeredAlready(respond: Respond): void {
  const text = 'State transition from InvocationResponse to InvocationResponse failed for runtime';
  respond(403, JSON_TYPE, errorBody('InvalidStateTransition', text));
}

function tooLarge(maxBytes: number, respond: Respond): void {
  const text = `Exceeded maximum allowed payload size (${maxBytes} bytes).`;
  respond(413, JSON_TYPE, errorBody('RequestEntityTooLarge', text));
}

function notFound({ method, path }: RuntimeRequest, respond: Respond): void {
  respond(404, JSON_TYPE, errorBody('NotFound', `no such path: ${method} ${path}`));
}

function invocationHeaders(invocation: DeliveredInvocation): string {
  let headers =
    `${JSON_TYPE}Lambda-Runtime-Aws-Request-Id: ${invocation.requestId}\r\n` +
    `Lambda-Runtime-Deadline-Ms: ${invocation.deadlineMs}\r\n` +
    `Lambda-Runtime-Invoked-Function-Arn: ${headerValue(invocation.invokedArn)}\r\n`;
  const { traceId, clientContext, cognitoIdentity, nowMs } = invocation;
  if (traceId !== undefined) headers += `Lambda-Runtime-Trace-Id: ${headerValue(traceId)}\r\n`;
  if (clientContext !== undefined) {
    headers += `Lambda-Runtime-Client-Context: ${headerValue(clientContext)}\r\n`;
  }
  if (cognitoIdentity !== undefined) {
    headers += `Lambda-Runtime-Cognito-Identity: ${headerValue(cognitoIdentity)}\r\n`;
  }
  if (nowMs !== undefined) headers += `Cloudlet-Now-Ms: ${nowMs}\r\n`;
  return headers;
}

/** One line, as bytes of UTF-8 in a latin1 string (the head is written as latin1). */
function headerValue(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters would split the header
  const line = text.replace(/[\x00-\x1f\x7f]+/g, ' ');
  return Buffer.from(line, 'utf8').toString('latin1');
}

function errorBody(type: string, message: string): string {
  return JSON.stringify({ errorMessage: message, errorType: type });
}

function listen(socketPath: string | undefined): Promise<ListeningPlace> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve({ server, address: socketPath ?? tcpAddress(server) });
    });
    if (socketPath === undefined) server.listen(0, '127.0.0.1');
    else server.listen(socketPath);
  });
}

function tcpAddress(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return `127.0.0.1:${address.port}`;
}
