// A minimal Runtime API client: one keep-alive connection, answers and the next request in one write.
'use strict';

const net = require('node:net');

const API = '/2018-06-01/runtime';
const GET_NEXT = `GET ${API}/invocation/next HTTP/1.1\r\nHost: runtime\r\n\r\n`;
const GET_ASSIGNMENT = 'GET /cloudlet/assignment HTTP/1.1\r\nHost: runtime\r\n\r\n';

class RuntimeClient {
  #socket;
  /** Callbacks of requests sent and not yet answered, in order. */
  #expecting = [];
  #received = Buffer.alloc(0);
  #outgoing = '';

  constructor(address, onClosed) {
    const colon = address.startsWith('/') ? -1 : address.lastIndexOf(':');
    const target = colon === -1 ? { path: address } : { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
    this.#socket = net.connect(target);
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (chunk) => this.#read(chunk));
    this.#socket.on('error', onClosed);
    this.#socket.on('close', onClosed);
  }

  assignment(take) {
    this.#send(GET_ASSIGNMENT, (_head, body) => take(JSON.parse(body.toString())));
  }

  /**
   * Asks for work. While a handler runs the connection does not keep the process alive.
   * @param loaded names of provided packages, told to the engine.
   */
  next(take, loaded = '') {
    this.#socket.ref();
    const request = loaded === '' ? GET_NEXT : GET_NEXT.replace(/\r\n$/, `Cloudlet-Loaded: ${loaded}\r\n\r\n`);
    this.#send(request, (head, body) => {
      this.#socket.unref();
      take(head, body);
    });
  }

  respond(requestId, body) {
    this.#hold(this.#post(`${API}/invocation/${requestId}/response`, '', body));
  }

  /** Without `then` the request leaves together with the next one. */
  fail(requestId, document, type, then) {
    this.#postError(`${API}/invocation/${requestId}/error`, document, type, then);
  }

  initFail(document, type, then) {
    this.#postError(`${API}/init/error`, document, type, then);
  }

  /** Starts a streamed response; returns how to write to it and how to end it. */
  stream(requestId, contentType) {
    this.#socket.ref();
    this.#socket.write(
      `POST ${API}/invocation/${requestId}/response HTTP/1.1\r\nHost: runtime\r\n` +
        `Content-Type: ${contentType}\r\nLambda-Runtime-Function-Response-Mode: streaming\r\n` +
        'Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n' +
        'Transfer-Encoding: chunked\r\n\r\n',
    );
    return {
      write: (chunk, done) => {
        if (chunk.length === 0) return done();
        this.#socket.cork();
        this.#socket.write(`${chunk.length.toString(16)}\r\n`);
        this.#socket.write(chunk);
        this.#socket.write('\r\n', done);
        this.#socket.uncork();
      },
      end: (trailers, done) => {
        this.#expecting.push(done);
        this.#socket.write(`0\r\n${trailers}\r\n`);
      },
    };
  }

  #postError(path, document, type, then) {
    const request = this.#post(path, `Lambda-Runtime-Function-Error-Type: ${type}\r\n`, document);
    if (then === undefined) return this.#hold(request);
    this.#socket.ref();
    this.#send(request, then);
  }

  #post(path, headers, body) {
    const length = Buffer.byteLength(body);
    return `POST ${path} HTTP/1.1\r\nHost: runtime\r\n${headers}Content-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`;
  }

  /** Keeps a request whose answer does not matter until the next one is sent. */
  #hold(request) {
    this.#outgoing += request;
    this.#expecting.push(undefined);
  }

  #send(request, onAnswer) {
    this.#expecting.push(onAnswer);
    this.#socket.write(this.#outgoing + request);
    this.#outgoing = '';
  }

  #read(chunk) {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    for (;;) {
      const end = this.#received.indexOf('\r\n\r\n');
      if (end === -1) return;
      const head = this.#received.latin1Slice(0, end);
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
      if (this.#received.length < end + 4 + length) return;
      const body = this.#received.subarray(end + 4, end + 4 + length);
      this.#received = this.#received.subarray(end + 4 + length);
      this.#expecting.shift()?.(head, body);
    }
  }
}

module.exports = { RuntimeClient };
