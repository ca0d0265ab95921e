// What the wire layer needs to know of HTTP: plain requests and responses, no sockets.

export interface HttpRequest {
  readonly method: string;
  /** Raw, still percent-encoded, starting with `/`; no query. */
  readonly path: string;
  /** Raw query string without `?`; empty when absent. */
  readonly query: string;
  /** Lower-cased names; repeated headers joined with `,`. */
  readonly headers: Readonly<Record<string, string>>;
  /** Names and values as they were sent, alternately, repeats apart; absent for requests made here. */
  readonly rawHeaders?: readonly string[];
  readonly body: HttpBody;
  /** Address of the peer, e.g. `127.0.0.1`. */
  readonly sourceIp: string;
  /** Sent by a function over a network that leads here alone. */
  readonly isFromFunction?: boolean;
  /** Aborted when the client goes away. A copy by `{ ...request }` may lack it. */
  readonly signal: AbortSignal;
}

/** A request body, read once, either way. */
export interface HttpBody {
  /** All of it; throws BodyTooLarge past `maxBytes`. Calling it again returns the same bytes. */
  bytes(maxBytes: number): Promise<Uint8Array>;
  stream(): AsyncIterable<Uint8Array>;
  /**
   * Fields that came after the body (`x-amz-checksum-*` of aws-chunked uploads, already verified), by
   * lower-case name. Complete once the body has been read to its end.
   */
  trailers?(): Readonly<Record<string, string>>;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** A stream is sent chunked unless `content-length` is among the headers. */
  readonly body?: Uint8Array | string | AsyncIterable<Uint8Array>;
}

/** The body was longer than its reader allows. */
export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge';
}

/** The client left in the middle of its body: nobody is there to hear an answer. */
export class BodyBroken extends Error {
  override readonly name = 'BodyBroken';
}

/** A response's body broke off: its client is to see that something is missing. */
export class BodyCut extends Error {
  override readonly name = 'BodyCut';
}

/** A body already in memory. */
export function bodyOf(bytes: Uint8Array): HttpBody {
  return {
    bytes: async (maxBytes) => {
      if (bytes.length > maxBytes) throw new BodyTooLarge(`body of ${bytes.length} bytes`);
      return bytes;
    },
    stream: async function* () {
      yield bytes;
    },
  };
}
