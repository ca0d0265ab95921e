// The lightest HTTP/1.1 client that does the job: one keep-alive socket, one request at a time.
import { connect } from 'node:net';
import type { Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

export interface HttpConnection {
  /** Sends a whole request as bytes, and resolves with its answer. */
  send(request: Uint8Array): Promise<Answer>;
  close(): void;
}

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

const HEADER_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');

export async function openConnection(endpoint: string): Promise<HttpConnection> {
  const { hostname, port } = new URL(endpoint);
  // Load goes to this machine only.
  if (hostname !== '127.0.0.1') throw new Error(`not a server of this machine: ${endpoint}`);
  const socket = await open(hostname, Number(port));
  let received: Buffer = Buffer.alloc(0);
  let waiting: Waiting | undefined;

  function fail(error: Error): void {
    waiting?.reject(error);
    waiting = undefined;
  }

  socket.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const answer = parseAnswer(received);
    if (answer === undefined) return;
    received = Buffer.alloc(0);
    const { resolve } = waiting ?? { resolve: () => {} };
    waiting = undefined;
    resolve(answer);
  });
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the server closed the connection')));
  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        socket.write(request);
      }),
    close: () => socket.destroy(),
  };
}

function open(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });
}

/** The answer once all of it is there. */
function parseAnswer(received: Buffer): Answer | undefined {
  const headerEnd = received.indexOf(HEADER_END);
  if (headerEnd < 0) return undefined;
  const head = received.toString('latin1', 0, headerEnd);
  const status = Number(head.slice(9, 12));
  const start = headerEnd + HEADER_END.length;
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length !== undefined) {
    const end = start + Number(length);
    return received.length < end ? undefined : { status, body: received.subarray(start, end) };
  }
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
    const whole = received.subarray(received.length - LAST_CHUNK.length).equals(LAST_CHUNK);
    return whole ? { status, body: joinChunks(received.subarray(start)) } : undefined;
  }
  return { status, body: received.subarray(start, start) };
}

function joinChunks(encoded: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = encoded.indexOf('\r\n', at);
    const size = Number.parseInt(encoded.toString('latin1', at, lineEnd), 16);
    if (!(size > 0)) return Buffer.concat(chunks);
    chunks.push(encoded.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}
