// multipart/form-data as browsers send it to S3: fields first, then one file, which streams.
import { collectBytes } from '../../base/collect-bytes.ts';
import { badRequest, malformedPost, postFieldsTooLarge } from './errors.ts';

/** AWS: everything before the file. S3 API reference, POST Object. */
const FIELDS_MAX_BYTES = 20 * 1024;

export interface PostForm {
  /** By lower-case name, in order. */
  readonly fields: ReadonlyMap<string, string>;
  /** Undefined when the form ends without one. */
  readonly file: PostFile | undefined;
}

export interface PostFile {
  readonly filename: string;
  readonly contentType: string | undefined;
  readonly content: AsyncIterable<Uint8Array>;
}

/** The boundary in a `content-type` header; undefined when it is no form. */
export function boundaryOf(contentType: string | undefined): string | undefined {
  const match = /^multipart\/form-data\s*;.*\bboundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType ?? '');
  return match === null ? undefined : (match[1] ?? match[2]);
}

/** Reads the fields; the file's content is read by whoever iterates it. */
export async function readForm(
  source: AsyncIterable<Uint8Array>,
  boundary: string,
): Promise<PostForm> {
  const input = createInput(source);
  const fields = new Map<string, string>();
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  // The first delimiter has no line break before it.
  input.unshift(Buffer.from('\r\n'));
  await drop(input.until(delimiter, FIELDS_MAX_BYTES));
  let budget = FIELDS_MAX_BYTES;
  for (;;) {
    const after = await input.take(2);
    if (after.toString() === '--' || after.length < 2) return { fields, file: undefined };
    const head = await collectBytes(input.until(Buffer.from('\r\n\r\n'), budget));
    const part = readHead(head.toString('utf8'));
    if (part.name === 'file') {
      const content = input.until(delimiter, Number.POSITIVE_INFINITY);
      return { fields, file: { filename: part.filename ?? '', contentType: part.contentType, content } };
    }
    const value = await collectBytes(input.until(delimiter, budget));
    budget -= head.length + value.length;
    if (budget <= 0) throw postFieldsTooLarge();
    fields.set(part.name, value.toString('utf8'));
  }
}

interface PartHead {
  readonly name: string;
  readonly filename: string | undefined;
  readonly contentType: string | undefined;
}

function readHead(text: string): PartHead {
  const disposition = /^content-disposition:\s*form-data\s*;(.*)$/im.exec(text)?.[1] ?? '';
  const name = /(?:^|[\s;])name="((?:[^"\\]|\\.)*)"/i.exec(disposition)?.[1];
  if (name === undefined) throw malformedPost();
  return {
    name: name.toLowerCase(),
    filename: /(?:^|[\s;])filename="((?:[^"\\]|\\.)*)"/i.exec(disposition)?.[1],
    contentType: /^content-type:\s*(.+?)\s*$/im.exec(text)?.[1],
  };
}

interface Input {
  /** Puts bytes back in front. */
  unshift(bytes: Buffer): void;
  /** Exactly that many bytes; fewer only at the end. */
  take(length: number): Promise<Buffer>;
  /** What comes before `mark`, which is swallowed. Throws when it does not come within `maxBytes`. */
  until(mark: Buffer, maxBytes: number): AsyncGenerator<Buffer>;
}

function createInput(source: AsyncIterable<Uint8Array>): Input {
  const chunks = source[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);

  async function more(): Promise<boolean> {
    const { value, done } = await chunks.next();
    if (done === true) return false;
    held = Buffer.concat([held, value]);
    return true;
  }

  async function* until(mark: Buffer, maxBytes: number): AsyncGenerator<Buffer> {
    let passed = 0;
    for (;;) {
      const at = held.indexOf(mark);
      // The mark may begin in the last bytes held.
      const free = at === -1 ? Math.max(0, held.length - mark.length + 1) : at;
      passed += free;
      if (passed > maxBytes) throw postFieldsTooLarge();
      if (free > 0) yield held.subarray(0, free);
      held = held.subarray(at === -1 ? free : free + mark.length);
      if (at !== -1) return;
      if (!(await more())) throw malformedPost();
    }
  }

  return {
    unshift(bytes) {
      held = Buffer.concat([bytes, held]);
    },
    async take(length) {
      while (held.length < length && (await more()));
      const taken = held.subarray(0, length);
      held = held.subarray(length);
      return taken;
    },
    until,
  };
}

async function drop(source: AsyncIterable<Buffer>): Promise<void> {
  const skipped = await collectBytes(source);
  if (skipped.length > 0 && skipped.toString().trim() !== '') {
    throw badRequest('The body of your POST request is not well-formed multipart/form-data.');
  }
}
