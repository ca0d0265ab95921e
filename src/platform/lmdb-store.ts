// The embedded durable store: LMDB under the optimistic core.
import type { Store } from '../base/store.ts';
import { openLmdbEngine } from './lmdb-engine.ts';
import { createOptimisticStore } from './optimistic-store.ts';

export interface LmdbStoreOptions {
  /** The folder that holds the database; made when it is missing. */
  readonly path: string;
}

/**
 * Opens the store, or makes it. Several processes of one machine may have it open.
 * @throws UserError `ERR_STORE_…` when the files are damaged, not ours, or of another version.
 */
export async function openLmdbStore({ path }: LmdbStoreOptions): Promise<Store> {
  return createOptimisticStore(await openLmdbEngine(path));
}
