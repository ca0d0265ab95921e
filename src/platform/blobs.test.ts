// One contract suite for every place blobs are kept in.
import { mkdir, mkdtemp, readdir, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BlobMissing } from '../base/errors.ts';
import { seededRandom } from '../base/random.ts';
import type { Blobs } from '../base/store.ts';
import { openFileBlobs } from './file-blobs.ts';
import { createMemoryBlobs } from './memory-blobs.ts';

const KINDS: { name: string; open: (path: string) => Promise<Blobs> }[] = [
  { name: 'memory', open: async () => createMemoryBlobs() },
  { name: 'file', open: (path) => openFileBlobs({ path }) },
];

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const collected: Uint8Array[] = [];
  for await (const chunk of chunks) collected.push(chunk);
  return Buffer.concat(collected);
}

async function listAll(blobs: Blobs): Promise<string[]> {
  const ids: string[] = [];
  for await (const id of blobs.list()) ids.push(id);
  return ids.toSorted();
}

async function* chunked(body: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  const reused = Buffer.alloc(size);
  for (let at = 0; at < body.length; at += size) {
    // Producers reuse their buffers: what was handed over must have been taken by now.
    const part = body.subarray(at, at + size);
    reused.set(part);
    yield reused.subarray(0, part.length);
  }
}

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloudlet-blobs-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe.each(KINDS)('$name blobs', ({ open }) => {
  let blobs: Blobs;
  beforeEach(async () => {
    blobs = await open(join(folder, 'blobs'));
  });

  test.each([0, 1, 1000, 65_536, 65_537, 1_000_000])('keep %i bytes', async (length) => {
    const body = seededRandom(length).bytes(length);
    const whole = await blobs.put(body);
    const streamed = await blobs.put(chunked(body, 10_000));
    expect([whole.sizeBytes, streamed.sizeBytes]).toEqual([length, length]);
    expect(whole.id).not.toBe(streamed.id);
    for (const { id } of [whole, streamed]) {
      expect(Buffer.compare(await blobs.get(id), body)).toBe(0);
      expect(Buffer.compare(await collect(blobs.read(id)), body)).toBe(0);
    }
  });

  test.each([
    ['the beginning       ', 0, 9],
    ['one byte            ', 70_000, 70_000],
    ['across chunks       ', 65_000, 140_000],
    ['to the last byte    ', 199_990, 199_999],
    ['cut at the end      ', 199_990, 300_000],
    ['beyond the end      ', 200_000, 300_000],
  ])('read ranges: %s', async (_, start, end) => {
    const body = seededRandom(1).bytes(200_000);
    const { id } = await blobs.put(body);
    const read = await collect(blobs.read(id, { start, end }));
    expect(Buffer.compare(read, body.subarray(start, end + 1))).toBe(0);
  });

  test('do not share memory with writers or readers', async () => {
    const body = Buffer.from('abc');
    const { id } = await blobs.put(body);
    body.fill(0);
    (await blobs.get(id)).fill(0);
    for await (const chunk of blobs.read(id)) chunk.fill(0);
    expect(Buffer.from(await blobs.get(id)).toString()).toBe('abc');
  });

  test.each(['0'.repeat(32), 'f'.repeat(32), '', 'x', '../../../etc/passwd', '.', 'incoming'])(
    'say that %j is missing',
    async (id) => {
      await expect(blobs.get(id)).rejects.toThrow(BlobMissing);
      await expect(collect(blobs.read(id))).rejects.toThrow(BlobMissing);
      await blobs.delete(id);
    },
  );

  test('are gone when deleted', async () => {
    const { id } = await blobs.put(Buffer.from('abc'));
    await blobs.delete(id);
    await expect(blobs.get(id)).rejects.toThrow(BlobMissing);
    expect(await listAll(blobs)).toEqual([]);
  });

  test('list every id', async () => {
    const puts = Array.from({ length: 50 }, (_, at) => blobs.put(Buffer.from([at])));
    const ids = (await Promise.all(puts)).map((blob) => blob.id);
    expect(await listAll(blobs)).toEqual(ids.toSorted());
  });

  test('can be read though they are deleted meanwhile', async () => {
    const body = seededRandom(2).bytes(300_000);
    const { id } = await blobs.put(body);
    const chunks: Uint8Array[] = [];
    for await (const chunk of blobs.read(id)) {
      chunks.push(chunk);
      await blobs.delete(id);
    }
    expect(Buffer.compare(Buffer.concat(chunks), body)).toBe(0);
  });

  test('leave nothing behind when their source fails', async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('begun');
      throw new Error('the client went away');
    }
    await expect(blobs.put(failing())).rejects.toThrow('the client went away');
    expect(await listAll(blobs)).toEqual([]);
  });
});

describe('memory blobs', () => {
  test('fork: both go their own ways', async () => {
    const blobs = createMemoryBlobs();
    const kept = await blobs.put(Buffer.from('kept'));
    const gone = await blobs.put(Buffer.from('gone'));
    const fork = blobs.fork();
    await blobs.delete(gone.id);
    const added = await fork.put(Buffer.from('added'));
    expect(await listAll(blobs)).toEqual([kept.id]);
    expect(await listAll(fork)).toEqual([kept.id, gone.id, added.id].toSorted());
  });

  test('make the same ids again from the same seed', async () => {
    const ids = async (): Promise<string> =>
      (await createMemoryBlobs({ random: seededRandom(7) }).put(Buffer.from('x'))).id;
    expect(await ids()).toBe(await ids());
  });
});

describe('file blobs', () => {
  test('are found again after reopening', async () => {
    const path = join(folder, 'blobs');
    const { id } = await (await openFileBlobs({ path })).put(Buffer.from('abc'));
    const again = await openFileBlobs({ path });
    expect(Buffer.from(await again.get(id)).toString()).toBe('abc');
    expect(await listAll(again)).toEqual([id]);
  });

  test('never replace one another, though the ids repeat', async () => {
    const path = join(folder, 'blobs');
    const first = await (
      await openFileBlobs({ path, random: seededRandom(3) })
    ).put(Buffer.from('1'));
    const again = await openFileBlobs({ path, random: seededRandom(3) });
    const second = await again.put(Buffer.from('2'));
    expect(second.id).not.toBe(first.id);
    expect(Buffer.from(await again.get(first.id)).toString()).toBe('1');
  });

  test('sweep what a dead process left half written, and not what is being written', async () => {
    const path = join(folder, 'blobs');
    await mkdir(join(path, 'incoming'), { recursive: true });
    await writeFile(join(path, 'incoming', 'old'), 'half');
    await writeFile(join(path, 'incoming', 'new'), 'half');
    await utimes(join(path, 'incoming', 'old'), new Date(0), new Date(0));
    const blobs = await openFileBlobs({ path });
    expect(await readdir(join(path, 'incoming'))).toEqual(['new']);
    expect(await listAll(blobs)).toEqual([]);
  });

  test('that are shortened while they are read end in an error', async () => {
    const path = join(folder, 'blobs');
    const blobs = await openFileBlobs({ path });
    const { id } = await blobs.put(new Uint8Array(200_000));
    const reading = (async () => {
      for await (const chunk of blobs.read(id)) {
        if (chunk.length > 0)
          await truncate(join(path, id.slice(0, 2), id.slice(2, 3), id), 70_000);
      }
    })();
    await expect(reading).rejects.toThrow('cut short');
  });
});
