// A small HTTP/1.1 server side for one connection of a runtime: keep-alive, pipelining, chunked bodies.
import type { Socket } from 'node:net';

export interface RuntimeRequest {
  readonly method: string;
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** At most `maxBodyBytes`; the rest of a larger body is read and dropped. */
  readonly body: Buffer;
  /** Size of the whole body as sent. */
  readonly bodyBytes: number;
  /** Fields after a chunked body, names in lower case. */
  readonly trailers: Readonly<Record<string, string>>;
}

/** Answers the request it was made for, once, now or later. */
export type Respond = (status: number, headers: string, body: Uint8Array | string) => void;

/** Takes a body piece by piece instead of `RuntimeRequest.body`; a promise holds the sender up. */
export type TakeChunk = (chunk: Buffer) => Promise<void> | undefined;

export interface ConnectionHandler {
  /** Asked when the head of a request has come. */
  streams?(method: string, path: string, headers: Readonly<Record<string, string>>): TakeChunk | undefined;
  request(request: RuntimeRequest, respond: Respond): void;
  closed(): void;
  /** Whether so many more bytes of bodies may be held; a negative number gives them back. Default: always. */
  hold?(bytes: number): boolean;
}

const MAX_HEAD_BYTES = 1_200_000; // AWS: an X-Ray error cause header may be 1 MiB. awslambdaric
/** What may come ahead of its turn, behind a request that is not answered yet. */
const MAX_AHEAD_BYTES = 65_536;
const CRLF = Buffer.from('\r\n');
const HEAD_END = Buffer.from('\r\n\r\n');
/** Of a head that comes in tiny ones. */
const MAX_PIECES = 1024;
const MAX_PIECES_BYTES = 65_536;
const EMPTY = Buffer.alloc(0);

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  202: 'Accepted',
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  413: 'Request Entity Too Large',
  500: 'Internal Server Error',
};

/** Reads requests from `socket` one after the other; the next is parsed once this one is answered. */
export function serveConnection(
  socket: Socket,
  maxBodyBytes: number,
  handler: ConnectionHandler,
): void {
  let pending: Buffer = EMPTY;
  /** Pieces of a head that is not complete: joined once, not for each of them. */
  let pieces: Buffer[] = [];
  let piecesBytes = 0;
  let body: BodyReader | undefined;
  let head: Head | undefined;
  let busy = false;
  let held = 0;

  function hold(bytes: number): boolean {
    held += bytes;
    return handler.hold?.(bytes) ?? true;
  }

  function answer(status: number, headers: string, content: Uint8Array | string): void {
    const length = typeof content === 'string' ? Buffer.byteLength(content) : content.byteLength;
    const top = `HTTP/1.1 ${status} ${REASONS[status] ?? 'Unknown'}\r\n${headers}Content-Length: ${length}\r\n\r\n`;
    if (socket.destroyed) return;
    if (typeof content === 'string') {
      socket.write(top + content);
    } else {
      socket.cork();
      socket.write(top, 'latin1');
      socket.write(content);
      socket.uncork();
    }
  }

  function advance(): void {
    while (!busy) {
      if (head === undefined) {
        const end = pending.indexOf(HEAD_END);
        if (end === -1) {
          if (pending.length > MAX_HEAD_BYTES) socket.destroy();
          return;
        }
        head = parseHead(pending.toString('latin1', 0, end));
        if (head === undefined) return void socket.destroy();
        pending = pending.subarray(end + 4);
        const take = handler.streams?.(head.method, head.path, head.headers);
        body = createBodyReader(head.headers, take ? createForwarder(socket, take) : createKeeper(maxBodyBytes, hold));
        if (head.headers['expect'] === '100-continue') socket.write('HTTP/1.1 100 Continue\r\n\r\n');
      }
      if (body === undefined) return void socket.destroy();
      const rest = body.read(pending);
      if (rest === 'broken') return void socket.destroy();
      pending = rest === 'more' ? EMPTY : rest;
      if (rest === 'more') return;
      dispatch(head, body);
    }
  }

  function dispatch(top: Head, read: BodyReader): void {
    head = undefined;
    body = undefined;
    busy = true;
    const request = { ...top, body: read.bytes(), bodyBytes: read.size(), trailers: read.trailers() };
    hold(-held);
    let synchronous = true;
    handler.request(request, (status, headers, content) => {
      if (!busy) return;
      answer(status, headers, content);
      busy = false;
      if (synchronous) return;
      advance();
      socket.resume();
    });
    synchronous = false;
  }

  /** False while what has come cannot be more than a piece of a head. */
  function gather(chunk: Buffer): boolean {
    const mayBeWhole = head !== undefined || busy || pending.length === 0 || chunk.includes('\n');
    pieces.push(chunk);
    piecesBytes += chunk.length;
    if (!mayBeWhole && pieces.length < MAX_PIECES && piecesBytes < MAX_PIECES_BYTES) return false;
    piecesBytes = 0;
    pending = pending.length === 0 && pieces.length === 1 ? chunk : Buffer.concat([pending, ...pieces]);
    pieces = [];
    return true;
  }

  socket.on('data', (chunk: Buffer) => {
    if (gather(chunk)) advance();
    if (busy && pending.length > MAX_AHEAD_BYTES) socket.pause();
  });
  // A runtime that is killed resets its connection; 'close' follows and says all there is to say.
  socket.on('error', () => {});
  socket.on('close', () => {
    hold(-held);
    handler.closed();
  });
}

interface Head {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
}

function parseHead(text: string): Head | undefined {
  const lines = text.split('\r\n');
  const [method, path, version] = (lines[0] ?? '').split(' ');
  if (!method || !path || !version?.startsWith('HTTP/1.')) return undefined;
  return { method, path, headers: parseFields(lines.slice(1)) };
}

function parseFields(lines: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) fields[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return fields;
}

interface BodyReader {
  /** Takes what it can; returns what follows the body, or that it needs more. */
  read(input: Buffer): Buffer | 'more' | 'broken';
  readonly bytes: () => Buffer;
  readonly size: () => number;
  readonly trailers: () => Record<string, string>;
}

function createBodyReader(headers: Record<string, string>, keep: Keeper): BodyReader | undefined {
  if (headers['transfer-encoding']?.toLowerCase().includes('chunked')) {
    return createChunkedReader(keep);
  }
  const length = headers['content-length'] ?? '0';
  if (!/^\d{1,15}$/.test(length)) return undefined;
  let missing = Number(length);
  return {
    read(input) {
      if (input.length < missing) {
        missing -= input.length;
        return keep.add(input) ? 'more' : 'broken';
      }
      if (!keep.add(input.subarray(0, missing))) return 'broken';
      const rest = input.subarray(missing);
      missing = 0;
      return rest;
    },
    bytes: keep.bytes,
    size: keep.size,
    trailers: () => ({}),
  };
}

interface Keeper {
  /** False: there is no room for it. */
  add(part: Buffer): boolean;
  readonly bytes: () => Buffer;
  readonly size: () => number;
}

function createKeeper(maxBytes: number, hold: (bytes: number) => boolean): Keeper {
  const parts: Buffer[] = [];
  let kept = 0;
  let seen = 0;
  return {
    add(part) {
      seen += part.length;
      const room = maxBytes - kept;
      if (room <= 0 || part.length === 0) return true;
      const taken = part.length > room ? part.subarray(0, room) : part;
      parts.push(taken);
      kept += taken.length;
      return hold(taken.length);
    },
    bytes: () => (parts.length === 1 ? (parts[0] ?? EMPTY) : Buffer.concat(parts)),
    size: () => seen,
  };
}

/** Hands parts on; while one of them waits the socket is not read. */
function createForwarder(socket: Socket, take: TakeChunk): Keeper {
  let seen = 0;
  let waiting = 0;
  const release = (): void => {
    waiting -= 1;
    if (waiting === 0) socket.resume();
  };
  return {
    add(part) {
      if (part.length === 0) return true;
      seen += part.length;
      const taken = take(part);
      if (taken === undefined) return true;
      waiting += 1;
      socket.pause();
      taken.then(release, release);
      return true;
    },
    bytes: () => EMPTY,
    size: () => seen,
  };
}

function createChunkedReader(keep: Keeper): BodyReader {
  let held: Buffer = EMPTY;
  let missing = 0;
  let phase: 'size' | 'data' | 'data-end' | 'trailers' = 'size';
  const trailerLines: string[] = [];

  /** One step; false when more input is needed. */
  function step(): boolean | 'done' | 'broken' {
    if (phase === 'data') {
      const part = held.subarray(0, missing);
      if (!keep.add(part)) return 'broken';
      missing -= part.length;
      held = held.subarray(part.length);
      if (missing > 0) return false;
      phase = 'data-end';
      return true;
    }
    const end = held.indexOf(CRLF);
    if (end === -1) return held.length > MAX_HEAD_BYTES ? 'broken' : false;
    const line = held.toString('latin1', 0, end);
    held = held.subarray(end + 2);
    if (phase === 'data-end') {
      phase = 'size';
      return line === '' ? true : 'broken';
    }
    if (phase === 'trailers') {
      if (line === '') return 'done';
      trailerLines.push(line);
      return true;
    }
    const size = /^([0-9a-f]{1,8})\s*(;.*)?$/i.exec(line)?.[1];
    if (size === undefined) return 'broken';
    missing = Number.parseInt(size, 16);
    phase = missing === 0 ? 'trailers' : 'data';
    return true;
  }

  return {
    read(input) {
      held = held.length === 0 ? input : Buffer.concat([held, input]);
      for (;;) {
        const progress = step();
        if (progress === 'broken') return 'broken';
        if (progress === 'done') return held;
        if (!progress) return 'more';
      }
    },
    bytes: keep.bytes,
    size: keep.size,
    trailers: () => parseFields(trailerLines),
  };
}
