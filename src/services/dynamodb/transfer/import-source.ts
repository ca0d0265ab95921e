// Reads the objects of an import: which there are, their lines, and the items of these.
import { Readable } from 'node:stream';
import { TextDecoder } from 'node:util';
import * as zlib from 'node:zlib';
import type { WorkContext } from '../../../kernel/context.ts';
import { attributeOf, setAttribute, type AttributeValue, type Item } from '../attribute-value.ts';
import { readValue } from '../attribute-value.ts';
import { invalid } from '../errors.ts';
import type { KeyAttribute } from '../table-definition.ts';
import { CsvSyntaxError, endsRecord, readRecord } from './csv.ts';
import { IonSyntaxError } from './ion-text.ts';
import { readIonItems, readJsonLine } from './item-text.ts';
import { LINE_MAX_BYTES } from './limits.ts';
import type { ImportRecord } from './store.ts';

/** Thrown where an object cannot be read on: the rest of it is passed over. */
export class UnreadableObject extends Error {}

/** Whether this build of Node.js can decompress Zstandard. */
export function knowsZstd(): boolean {
  return 'createZstdDecompress' in zlib;
}

/** Keys of the source's objects, in order. */
export async function* listSource(
  context: WorkContext,
  record: ImportRecord,
): AsyncGenerator<string, void> {
  let ContinuationToken: string | undefined;
  do {
    const page = await context.call(
      's3',
      'ListObjectsV2',
      {
        Bucket: record.bucket,
        ExpectedBucketOwner: record.bucketOwner,
        ...(record.keyPrefix === undefined ? {} : { Prefix: record.keyPrefix }),
        ...(ContinuationToken === undefined ? {} : { ContinuationToken }),
      },
      { as: record.principal },
    );
    for (const { Key, Size } of page.Contents ?? []) {
      if (Key !== undefined && (Size ?? 0) > 0) yield Key;
    }
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
}

/** Counts the bytes of a source, decompressed. */
export interface ByteCount {
  bytes: number;
}

/** The lines of an object, without their ends; empty ones are left out. */
export async function* readLines(
  context: WorkContext,
  record: ImportRecord,
  { key, count }: { readonly key: string; readonly count: ByteCount },
): AsyncGenerator<string, void> {
  const { Body } = await context.call(
    's3',
    'GetObject',
    { Bucket: record.bucket, Key: key, ExpectedBucketOwner: record.bucketOwner },
    { as: record.principal },
  );
  // In-process bodies are bytes or a stream of them, whatever the SDK's type says.
  const body = Body as unknown as Uint8Array | AsyncIterable<Uint8Array> | undefined;
  const source = body instanceof Uint8Array || body === undefined ? [body ?? new Uint8Array()] : body;
  const decoder = new TextDecoder('utf-8');
  let rest = '';
  for await (const piece of decompress(source, record.compression)) {
    count.bytes += piece.length;
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LINE_MAX_BYTES) throw new UnreadableObject('a line is too long');
    for (const line of lines) {
      const text = line.endsWith('\r') ? line.slice(0, -1) : line;
      if (text.length > 0) yield text;
    }
  }
  const last = (rest + decoder.decode()).replace(/\r$/, '');
  if (last.length > 0) yield last;
}

async function* decompress(
  source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  compression: ImportRecord['compression'],
): AsyncGenerator<Uint8Array, void> {
  if (compression === 'NONE') {
    yield* source;
    return;
  }
  const pieces = Readable.from(source);
  const plain = pieces.pipe(compression === 'GZIP' ? zlib.createGunzip() : createZstd());
  // An error of the source would otherwise leave the decompressor waiting.
  pieces.on('error', (error) => plain.destroy(error));
  try {
    for await (const piece of plain as AsyncIterable<Uint8Array>) yield piece;
  } catch (error) {
    throw new UnreadableObject('the object is not compressed as the request says', {
      cause: error,
    });
  }
}

type Decompressor = ReturnType<typeof zlib.createGunzip>;

function createZstd(): Decompressor {
  const { createZstdDecompress } = zlib as unknown as {
    readonly createZstdDecompress?: () => Decompressor;
  };
  if (createZstdDecompress === undefined) throw new UnreadableObject('Zstandard is not known');
  return createZstdDecompress();
}

/** An item, or what is wrong with a line. */
export type Parsed = { readonly item: Item } | { readonly problem: string };

/** The items of an object's lines. Throws UnreadableObject where it cannot be read on. */
export async function* parseLines(
  lines: AsyncIterable<string>,
  record: ImportRecord,
  keys: readonly KeyAttribute[],
): AsyncGenerator<Parsed, void> {
  if (record.format === 'CSV') {
    yield* parseCsv(lines, record, keys);
    return;
  }
  for await (const line of lines) {
    yield* record.format === 'ION' ? parseIonLine(line) : [parseJsonLine(line)];
  }
}

function parseJsonLine(line: string): Parsed {
  try {
    return { item: readJsonLine(line) };
  } catch (error) {
    // AWS: passes over the rest of an object that is malformed. DDB-IMPORT-013
    if (error instanceof SyntaxError) throw new UnreadableObject('a line is no JSON');
    return { problem: problemOf(error) };
  }
}

function parseIonLine(line: string): Parsed[] {
  try {
    return readIonItems(line).map((item) => ({ item }));
  } catch (error) {
    if (error instanceof IonSyntaxError) throw new UnreadableObject(error.message);
    return [{ problem: problemOf(error) }];
  }
}

export function problemOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function* parseCsv(
  lines: AsyncIterable<string>,
  { csv }: ImportRecord,
  keys: readonly KeyAttribute[],
): AsyncGenerator<Parsed, void> {
  const delimiter = csv?.delimiter ?? ',';
  let header = csv?.header;
  let record = '';
  for await (const line of lines) {
    // A quoted field may hold the ends of lines.
    record = record === '' ? line : `${record}\n${line}`;
    if (record.length > LINE_MAX_BYTES) throw new UnreadableObject('a record is too long');
    if (!endsRecord(record)) continue;
    const fields = readFields(record, delimiter);
    record = '';
    if (header === undefined) header = fields;
    else yield parseRecord(fields, header, keys);
  }
  if (record !== '') throw new UnreadableObject('a quoted field does not end');
}

function readFields(record: string, delimiter: string): string[] {
  try {
    return readRecord(record, delimiter);
  } catch (error) {
    if (error instanceof CsvSyntaxError) throw new UnreadableObject(error.message);
    throw error;
  }
}

/** AWS: all but the keys of the table and its indexes are strings. */
function parseRecord(
  fields: readonly string[],
  header: readonly string[],
  keys: readonly KeyAttribute[],
): Parsed {
  if (fields.length !== header.length) {
    return { problem: `The record has ${fields.length} fields, not ${header.length}` };
  }
  const item: Record<string, AttributeValue> = {};
  try {
    for (const [i, name] of header.entries()) {
      const type = keys.find((key) => key.name === name)?.type ?? 'S';
      const text = fields[i] ?? '';
      const raw = type === 'B' ? { B: Uint8Array.from(Buffer.from(text, 'base64')) } : { [type]: text };
      if (attributeOf(item, name) !== undefined) return { problem: `Duplicate column ${name}` };
      setAttribute(item, name, readValue(raw, invalid));
    }
  } catch (error) {
    return { problem: problemOf(error) };
  }
  return { item };
}
