// Blobs in memory, forked in constant time.
import { BlobMissing } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import type { ForkableBlobs } from '../base/store.ts';
import { randomBlobId } from './blob-id.ts';
import { createOrderedMap } from './ordered-map.ts';
import type { OrderedMap } from './ordered-map.ts';
import { createSystemRandom } from './system-random.ts';

const CHUNK_BYTES = 64 * 1024;
// The char after every digit an id is made of.
const AFTER_IDS = 'g';
const LIST_PAGE = 1000;

/** @param options.random where ids come from: a seeded cloud makes the same ones again. */
export function createMemoryBlobs(options: { readonly random?: Random } = {}): ForkableBlobs {
  return blobsOf(createOrderedMap(), options.random ?? createSystemRandom());
}

function blobsOf(blobs: OrderedMap<Uint8Array>, random: Random): ForkableBlobs {
  function find(id: string): Uint8Array {
    const blob = blobs.get(id);
    if (blob === undefined) throw new BlobMissing(id);
    return blob;
  }

  return {
    async put(source) {
      const bytes = await gather(source);
      const id = randomBlobId(random);
      blobs.set(id, bytes);
      return { id, sizeBytes: bytes.length };
    },
    async *read(id, range) {
      const blob = find(id);
      const end = Math.min(range === undefined ? blob.length : range.end + 1, blob.length);
      for (let at = range?.start ?? 0; at < end; at += CHUNK_BYTES) {
        yield blob.slice(at, Math.min(at + CHUNK_BYTES, end));
      }
    },
    async get(id) {
      return find(id).slice();
    },
    async delete(id) {
      blobs.delete(id);
    },
    async *list() {
      for (let from = ''; ;) {
        const page = blobs.range({ from, to: AFTER_IDS, limit: LIST_PAGE, reverse: false });
        for (const [id] of page) yield id;
        const last = page.at(-1);
        if (last === undefined) return;
        from = `${last[0]}\x00`;
      }
    },
    fork: () => blobsOf(blobs.fork(), random),
  };
}

async function gather(source: Uint8Array | AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return new Uint8Array(source);
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(new Uint8Array(chunk));
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
