// Streaming responses: the stream a handler writes to, sent chunk by chunk over the Runtime API.
'use strict';

const { Writable } = require('node:stream');
const failures = require('./node-failures.cjs');

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
const HIGH_WATER_MARK = Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark');
const INTEGRATION_TYPE = 'application/vnd.awslambda.http-integration-response';

function isStreaming(handler) {
  if (!handler[STREAMING]) return false;
  if (handler[STREAMING] === 'response') return true;
  throw new failures.MalformedStreamingHandler('Only response streaming is supported.');
}

class ResponseStream extends Writable {
  #client;
  #requestId;
  #contentType = 'application/octet-stream';
  #body;
  #ended = false;
  /** Set by HttpResponseStream.from: writes what must come before the first byte of the handler. */
  _onBeforeFirstWrite;

  constructor(client, requestId, options) {
    super(options);
    this.#client = client;
    this.#requestId = requestId;
  }

  setContentType(contentType) {
    if (this.#body) throw new failures.MalformedStreamingHandler('Cannot set content-type, too late.');
    this.#contentType = contentType;
  }

  #open() {
    if (this.#body) return this.#body;
    this.#body = this.#client.stream(this.#requestId, this.#contentType);
    this._onBeforeFirstWrite?.((chunk) => this.#body.write(toBytes(chunk), () => {}));
    return this.#body;
  }

  _write(chunk, encoding, callback) {
    const bytes = toBytes(chunk, encoding);
    this.#open().write(bytes, callback);
  }

  _final(callback) {
    this.#ended = true;
    this.#open().end('', () => callback());
  }

  /** Ends the response with an error; then asks for the next invocation. */
  abort(error, then) {
    if (this.#ended) return then();
    this.#ended = true;
    const document = Buffer.from(JSON.stringify(failures.toDocument(error)));
    const trailers =
      `Lambda-Runtime-Function-Error-Type: ${failures.typeOf(error)}\r\n` +
      `Lambda-Runtime-Function-Error-Body: ${document.toString('base64')}\r\n`;
    this.#open().end(trailers, then);
    this.on('error', () => {});
    this.destroy();
  }
}

function toBytes(chunk, encoding) {
  if (typeof chunk === 'string') return Buffer.from(chunk, encoding === 'buffer' ? 'utf8' : encoding);
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

function createResponseStream(client, requestId, handler) {
  const highWaterMark = handler?.[HIGH_WATER_MARK];
  return new ResponseStream(client, requestId, highWaterMark ? { highWaterMark } : {});
}

/** Status, headers and cookies of a function URL's answer go before the body, ended by 8 zero bytes. */
const HttpResponseStream = {
  from(stream, prelude) {
    stream.setContentType(INTEGRATION_TYPE);
    const text = JSON.stringify(prelude);
    stream._onBeforeFirstWrite = (write) => {
      write(text);
      write(new Uint8Array(8));
    };
    return stream;
  },
};

module.exports = { isStreaming, createResponseStream, HttpResponseStream, STREAMING, HIGH_WATER_MARK };
