// Removes in the background what is left when a table, an index or a setting goes.
import type { Tx } from '../../base/store.ts';
import type { WorkContext } from '../../kernel/context.ts';
import type { TimerWorker } from '../../kernel/service.ts';
import { purgeRows, type Leftover } from './store.ts';

const PURGE = 'dynamodb/purge';
/** Rows one transaction takes on: small enough not to hold others up. */
const CHUNK_ROWS = 200;

export const purgeWorkers: Readonly<Record<string, TimerWorker>> = { [PURGE]: purgeLeftover };

/** Purges in the background, after this transaction. */
export function schedulePurge(tx: Tx, context: WorkContext, leftover: Leftover): void {
  const dueMs = context.clock.now();
  context.timers.schedule(tx, context, { worker: PURGE, dueMs, payload: leftover });
}

async function purgeLeftover(payload: unknown, context: WorkContext): Promise<void> {
  const leftover = payload as Leftover;
  const limit = CHUNK_ROWS;
  while (await context.store.transact((tx) => purgeRows(tx, context, { leftover, limit })));
}
