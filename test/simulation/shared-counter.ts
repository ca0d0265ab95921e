// A program for the test of shared stores: counts in one store together with other processes.
// Arguments: the store's folder, a name, how many times to count, and with how many writers.
import { openLmdbStore } from '../../src/platform/lmdb-store.ts';
import { decode, encode } from './durable-records.ts';

const [path, name, count, writers] = process.argv.slice(2);
if (path === undefined || name === undefined)
  throw new Error('usage: shared-counter PATH NAME COUNT WRITERS');
const store = await openLmdbStore({ path });
let left = Number(count);
let longestMs = 0;

async function write(): Promise<void> {
  while (left-- > 0) {
    const startMs = performance.now();
    await store.transact(async (tx) => {
      const found = await tx.get(['counter']);
      const before = found === undefined ? 0 : Number(decode(found));
      tx.put(['counter'], encode(before + 1));
      tx.append(['count'], encode({ name, before }));
      tx.notify('counted');
    });
    longestMs = Math.max(longestMs, performance.now() - startMs);
  }
}

await Promise.all(Array.from({ length: Number(writers) }, write));
await store.close();
process.stdout.write(`done ${Math.round(longestMs)}\n`);
