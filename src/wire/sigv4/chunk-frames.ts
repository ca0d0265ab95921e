// Takes aws-chunked framing apart: sizes, chunk extensions, data, trailing fields.

export type Frame =
  /** A chunk's head; its data follows. The last chunk has size 0. */
  | { readonly kind: 'chunk'; readonly size: number; readonly signature: string | undefined }
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  /** A chunk's data is complete. */
  | { readonly kind: 'chunk-end' }
  | { readonly kind: 'trailer'; readonly name: string; readonly value: string };

/** The body does not follow the framing, or ends too early. */
export class BadFraming extends Error {
  override readonly name = 'BadFraming';
}

/** Far more than any head or trailing field that exists. */
const MAX_LINE_BYTES = 8_192;
const MAX_TRAILERS = 32;
const [CR, LF] = [13, 10];

/** @throws BadFraming */
export async function* readFrames(source: AsyncIterable<Uint8Array>): AsyncGenerator<Frame, void> {
  const input = createInput(source);
  for (;;) {
    const { size, signature } = parseHead(await input.line());
    yield { kind: 'chunk', size, signature };
    if (size === 0) break;
    for (let missing = size; missing > 0;) {
      const bytes = await input.take(missing);
      missing -= bytes.length;
      yield { kind: 'data', bytes };
    }
    if ((await input.line()) !== '') throw new BadFraming('chunk data is longer than its size');
    yield { kind: 'chunk-end' };
  }
  yield { kind: 'chunk-end' };
  yield* readTrailers(input);
}

async function* readTrailers(input: Input): AsyncGenerator<Frame, void> {
  for (let count = 0; count < MAX_TRAILERS; count++) {
    const line = await input.lineOrEnd();
    // Clients end with an empty line, with two (chunked signatures without trailers), or with nothing.
    if (line === undefined) return;
    if (line === '') continue;
    const colon = line.indexOf(':');
    if (colon < 1) throw new BadFraming('a trailing field has no name');
    yield {
      kind: 'trailer',
      name: line.slice(0, colon).trim().toLowerCase(),
      value: line.slice(colon + 1).trim(),
    };
  }
  throw new BadFraming('too many trailing fields');
}

/** `400;chunk-signature=…` or `400`. */
function parseHead(line: string): { size: number; signature: string | undefined } {
  const match = /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]{1,512}))?$/.exec(line);
  if (match === null) throw new BadFraming('a chunk does not begin with its size');
  return { size: Number.parseInt(match[1] ?? '', 16), signature: match[2] };
}

interface Input {
  /** Up to `limit` bytes, at least one. */
  take(limit: number): Promise<Uint8Array>;
  /** Up to the next CR LF, which is consumed. */
  line(): Promise<string>;
  lineOrEnd(): Promise<string | undefined>;
}

function createInput(source: AsyncIterable<Uint8Array>): Input {
  const iterator = source[Symbol.asyncIterator]();
  let buffer: Uint8Array = new Uint8Array(0);

  async function fill(): Promise<boolean> {
    const next = await iterator.next();
    if (next.done === true) return false;
    buffer = next.value;
    return true;
  }

  async function lineOrEnd(): Promise<string | undefined> {
    let text = '';
    for (;;) {
      const end = buffer.indexOf(LF);
      const upTo = end === -1 ? buffer.length : end + 1;
      text += Buffer.from(buffer.buffer, buffer.byteOffset, upTo).toString('latin1');
      buffer = buffer.subarray(upTo);
      if (text.length > MAX_LINE_BYTES) throw new BadFraming('a line is too long');
      if (end !== -1) {
        if (text.charCodeAt(text.length - 2) !== CR)
          throw new BadFraming('a line does not end with CR LF');
        return text.slice(0, -2);
      }
      if (!(await fill())) {
        if (text === '') return undefined;
        throw new BadFraming('the body ends within a line');
      }
    }
  }

  return {
    lineOrEnd,
    async line() {
      const line = await lineOrEnd();
      if (line === undefined) throw new BadFraming('the body ends before its last chunk');
      return line;
    },
    async take(limit) {
      while (buffer.length === 0) {
        if (!(await fill())) throw new BadFraming('the body ends within a chunk');
      }
      const taken = buffer.subarray(0, limit);
      buffer = buffer.subarray(taken.length);
      return taken;
    },
  };
}
