// The listening socket: node:http in, plain requests and responses out.
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { UserError } from '../base/errors.ts';
import { BodyBroken, BodyCut, BodyTooLarge, type HttpBody, type HttpRequest, type HttpResponse } from '../wire/http.ts';
import { shareNextTurn } from './next-turn.ts';

export type HttpHandler = (request: HttpRequest) => Promise<HttpResponse>;

export interface HttpServer {
  /** e.g. `http://127.0.0.1:4566` */
  readonly url: string;
  readonly port: number;
  /** Serves a connection that a function made elsewhere. */
  take(socket: Socket): void;
  /** Stops listening and closes every connection; requests in flight get `graceMs` to end. */
  close(graceMs?: number): Promise<void>;
}

export interface ListenOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly handler: HttpHandler;
  /** Errors of the socket or of writing a response; the request is lost already. */
  readonly onError: (error: unknown) => void;
}

/** Starts to listen. A taken port is a UserError with `ERR_PORT_IN_USE`. */
export async function listen(options: ListenOptions): Promise<HttpServer> {
  const endOfTurn = shareNextTurn();
  const server = createServer(
    // Long uploads and slow functions are legitimate: the cloud's own limits apply, not the socket's.
    { keepAliveTimeout: 65_000, requestTimeout: 0, noDelay: true },
    (incoming, outgoing) => {
      serve({ incoming, outgoing, handler: options.handler, endOfTurn }).catch((error: unknown) => {
        if (!(error instanceof BodyCut)) options.onError(error);
        outgoing.destroy();
      });
    },
  );
  // The default answers 400 itself and says nothing; this names the reason.
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') return socket.destroy();
    const reason = `Malformed HTTP request: ${error.code ?? error.message}\n`;
    socket.end(
      `HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${reason.length}\r\n\r\n${reason}`,
    );
    return undefined;
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, options)));
    server.listen({ port: options.port, host: options.host }, resolve);
  });
  const address = server.address() as AddressInfo;
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return {
    url: `http://${host === '0.0.0.0' || host === '[::]' ? '127.0.0.1' : host}:${address.port}`,
    port: address.port,
    take(socket) {
      socketsOfFunctions.add(socket);
      server.emit('connection', socket);
    },
    close: (graceMs = 0) => closeServer(server, graceMs),
  };
}

const socketsOfFunctions = new WeakSet<Socket>();

interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly handler: HttpHandler;
  readonly endOfTurn: () => Promise<void>;
}

async function serve({ incoming, outgoing, handler, endOfTurn }: Exchange): Promise<void> {
  const response = await handler(new SocketRequest(incoming, outgoing));
  // Answers that are ready in one turn leave together: a client that is waiting for several is woken
  // once, not once for each, and waking it costs more than to write. One alone does not wait.
  await endOfTurn();
  if (outgoing.destroyed) return abandon(response.body);
  await send(response, incoming, outgoing);
}

/** A stream that nobody will read lets go of what it holds. */
async function abandon(body: HttpResponse['body']): Promise<void> {
  if (typeof body !== 'object' || !(Symbol.asyncIterator in body)) return;
  await body[Symbol.asyncIterator]().return?.();
}

/**
 * A class because of its getters: an object literal with one would get a shape of its own each time,
 * and that costs more than all the rest of a small request's way in.
 */
class SocketRequest implements HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly rawHeaders: readonly string[];
  readonly body: HttpBody;
  readonly sourceIp: string;
  readonly isFromFunction: boolean;
  readonly #outgoing: ServerResponse;
  #controller: AbortController | undefined;

  constructor(incoming: IncomingMessage, outgoing: ServerResponse) {
    const url = incoming.url ?? '/';
    const mark = url.indexOf('?');
    this.method = incoming.method ?? 'GET';
    this.path = mark === -1 ? url : url.slice(0, mark);
    this.query = mark === -1 ? '' : url.slice(mark + 1);
    // Node joins repeats with `, ` for all but set-cookie, which no request carries as a list.
    this.headers = incoming.headers as Record<string, string>;
    this.rawHeaders = incoming.rawHeaders;
    this.body = new SocketBody(incoming);
    this.sourceIp = addressOf(incoming);
    this.isFromFunction = socketsOfFunctions.has(incoming.socket);
    this.#outgoing = outgoing;
  }

  /** Made on demand: few operations wait long enough to care. */
  get signal(): AbortSignal {
    this.#controller ??= abortOnLeave(this.#outgoing);
    return this.#controller.signal;
  }
}

const IPV4_IN_IPV6 = '::ffff:';

function addressOf({ socket }: IncomingMessage): string {
  const address = socket.remoteAddress ?? '';
  return address.startsWith(IPV4_IN_IPV6) ? address.slice(IPV4_IN_IPV6.length) : address;
}

function abortOnLeave(outgoing: ServerResponse): AbortController {
  const controller = new AbortController();
  const gone = (): void => {
    if (outgoing.writableFinished) return;
    controller.abort(new Error('the client closed the connection'));
  };
  if (outgoing.destroyed) gone();
  else outgoing.once('close', gone);
  return controller;
}

class SocketBody implements HttpBody {
  readonly #incoming: IncomingMessage;
  #collected: Promise<Uint8Array> | undefined;

  constructor(incoming: IncomingMessage) {
    this.#incoming = incoming;
  }

  bytes(maxBytes: number): Promise<Uint8Array> {
    this.#collected ??= collect(this.#incoming, maxBytes);
    return this.#collected;
  }

  stream(): AsyncIterable<Uint8Array> {
    return this.#collected === undefined ? this.#incoming : wholeOf(this.#collected);
  }
}

/** A body that was collected already: to find the operation of a form, it has to be. */
async function* wholeOf(collected: Promise<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield await collected;
}

const EMPTY = new Uint8Array(0);

function collect(incoming: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const { headers } = incoming;
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) {
    return Promise.resolve(EMPTY);
  }
  if (Number(headers['content-length'] ?? 0) > maxBytes) return Promise.reject(tooLarge(maxBytes));
  return new Promise((resolve, reject) => {
    let first: Buffer | undefined;
    let more: Buffer[] | undefined;
    let length = 0;
    incoming.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > maxBytes) {
        incoming.removeAllListeners('data');
        incoming.resume();
        reject(tooLarge(maxBytes));
      } else if (first === undefined) {
        first = chunk;
      } else {
        more ??= [first];
        more.push(chunk);
      }
    });
    incoming.on('end', () => {
      resolve(more === undefined ? (first ?? EMPTY) : Buffer.concat(more, length));
    });
    incoming.on('error', (cause) => {
      reject(new BodyBroken('the client left in the middle of its body', { cause }));
    });
  });
}

function tooLarge(maxBytes: number): BodyTooLarge {
  return new BodyTooLarge(`the request body is larger than ${maxBytes} bytes`);
}

async function send(
  response: HttpResponse,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const { status, headers, body } = response;
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
    // A body nobody read would stall the next request on this connection.
    if (!incoming.complete) incoming.resume();
    outgoing.writeHead(status, headOf(response, body, incoming.method));
    if (incoming.method === 'HEAD' || body === undefined) outgoing.end();
    else sendAtOnce(outgoing, body);
    return;
  }
  outgoing.writeHead(status, headers as Record<string, string | string[]>);
  // The head goes with the first chunk if that is there at once; of a body without a known end, whose
  // chunks may take their time, it does not wait for a slow one.
  const isOpenEnded = headers['content-length'] === undefined;
  const headAlone = isOpenEnded ? setImmediate(() => outgoing.flushHeaders()) : undefined;
  try {
    for await (const chunk of body) {
      clearImmediate(headAlone);
      if (outgoing.destroyed) return;
      if (!outgoing.write(chunk)) await drained(outgoing);
    }
    clearImmediate(headAlone);
    outgoing.end();
  } finally {
    clearImmediate(headAlone);
    if (!incoming.complete) incoming.resume();
  }
}

/** The headers, with the length of a body that is known: Node would send it in chunks otherwise. */
function headOf(
  { status, headers }: HttpResponse,
  body: string | Uint8Array | undefined,
  method: string | undefined,
): Record<string, string | string[]> {
  const given = headers as Record<string, string | string[]>;
  // Neither these answers nor those to HEAD have a body; what they say of one is the handler's.
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return given;
  for (const name in given) {
    if (name.length === 14 && name.toLowerCase() === 'content-length') return given;
    if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') return given;
  }
  const length = body === undefined ? 0 : Buffer.byteLength(body);
  return { ...given, 'content-length': String(length) };
}

/** Byte bodies up to this size are copied so that head and body leave in one system call. */
const ONE_WRITE_BYTES_MAX = 65_536;

/** Node joins the head with a text body, but writes the head and a byte body one after the other. */
function sendAtOnce(outgoing: ServerResponse, body: string | Uint8Array): void {
  if (typeof body === 'string' || body.length > ONE_WRITE_BYTES_MAX) {
    outgoing.end(body);
    return;
  }
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  outgoing.end(bytes.toString('latin1'), 'latin1');
}

function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      outgoing.off('drain', done);
      outgoing.off('close', done);
      resolve();
    };
    outgoing.once('drain', done);
    outgoing.once('close', done);
  });
}

async function closeServer(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeIdleConnections();
  if (graceMs > 0) {
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    await closed;
    clearTimeout(timer);
    return;
  }
  server.closeAllConnections();
  await closed;
}

function listenError(error: NodeJS.ErrnoException, { host, port }: ListenOptions): UserError {
  if (error.code === 'EADDRINUSE') {
    return new UserError('ERR_PORT_IN_USE', `port ${port} is taken by another process`, {
      where: `${host}:${port}`,
      fix: 'stop the other process (is a cloud running already? `cloudlet status`) or choose another with --port',
      cause: error,
    });
  }
  return new UserError('ERR_LISTEN', `cannot listen on ${host}:${port}: ${error.message}`, {
    fix: 'choose another --host or --port',
    cause: error,
  });
}
