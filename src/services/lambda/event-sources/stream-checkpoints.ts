// Where a mapping stands in each shard of its stream, durably: what is done, and what failed how often.
import type { ReadTx, Tx } from '../../../base/store.ts';
import type { Scope, WorkContext } from '../../../kernel/context.ts';
import {
  type StreamCheckpoint,
  type StreamRetry,
  checkpoints,
  mappingResults,
  mappings,
  streamRetries,
} from '../store.ts';

/** A stream has a handful of shards at a time. */
const SHARDS_MAX = 10_000;
/** Batches of one shard that wait to be tried again: the lanes' own and the halves of split ones. */
const RETRIES_MAX = 10_000;

export interface MappingOwner {
  readonly scope: Scope;
  readonly uuid: string;
}

function keyOf({ scope, uuid }: MappingOwner, ...more: readonly string[]): readonly string[] {
  return [scope.account, scope.region, uuid, ...more];
}

export function putCheckpoint(
  tx: Tx,
  owner: MappingOwner,
  at: { shardId: string; checkpoint: StreamCheckpoint },
): void {
  checkpoints.put(tx, keyOf(owner, at.shardId), at.checkpoint);
}

/** Checkpoints by shard. */
export async function loadCheckpoints(
  context: WorkContext,
  owner: MappingOwner,
): Promise<Map<string, StreamCheckpoint>> {
  const rows = await context.store.read((view) =>
    checkpoints.list(view, keyOf(owner), { limit: SHARDS_MAX }),
  );
  return new Map(rows.map(({ key, value }) => [String(key[3]), value]));
}

/** Batches of a shard that failed and were not settled, by the sequence number of their first record. */
export async function loadRetries(
  context: WorkContext,
  owner: MappingOwner,
  shardId: string,
): Promise<Map<string, StreamRetry>> {
  const rows = await context.store.read((view) =>
    streamRetries.list(view, keyOf(owner, shardId), { limit: RETRIES_MAX }),
  );
  return new Map(rows.map(({ key, value }) => [String(key[4]), value]));
}

export interface CheckpointMove {
  readonly shardId: string;
  /** What changes; absent members stay as they are. */
  readonly checkpoint: StreamCheckpoint;
  /** The window that is open now; null: none is any more; absent: as it was. */
  readonly window?: StreamCheckpoint['window'] | null;
  /** Retries to be forgotten, by the sequence number of their first record. */
  readonly settled?: readonly string[];
  /** Retries to be remembered. */
  readonly failed?: ReadonlyMap<string, StreamRetry>;
  /** What came of the batch, when it differs from what was noted last. */
  readonly result?: string | undefined;
  readonly also?: (tx: Tx) => void;
}

/** Moves a checkpoint on, with all that belongs to it; never back, and not when the mapping is gone. */
export async function advanceCheckpoint(
  context: WorkContext,
  owner: MappingOwner,
  move: CheckpointMove,
): Promise<void> {
  await context.store.transact(async (tx) => {
    if ((await mappings.get(tx, keyOf(owner))) === undefined) return;
    const key = keyOf(owner, move.shardId);
    const before = (await checkpoints.get(tx, key)) ?? {};
    const { window: _window, ...place } = furtherOf(before, move.checkpoint);
    const window = move.window === undefined ? before.window : move.window;
    const after: StreamCheckpoint = { ...place, ...(window ? { window } : {}) };
    if (Object.keys(after).length > 0) checkpoints.put(tx, key, after);
    for (const first of move.settled ?? []) streamRetries.delete(tx, [...key, first]);
    for (const [first, retry] of move.failed ?? []) streamRetries.put(tx, [...key, first], retry);
    if (move.result !== undefined) mappingResults.put(tx, keyOf(owner), { text: move.result });
    move.also?.(tx);
  });
}

/** Which of two places in a shard is further on. */
function furtherOf(before: StreamCheckpoint, next: StreamCheckpoint): StreamCheckpoint {
  if (next.finished === true) return next;
  if (before.finished === true) return before;
  if (next.after === undefined) return next.iterator !== undefined && before.after === undefined ? next : before;
  return before.after !== undefined && BigInt(before.after) > BigInt(next.after) ? before : next;
}

export async function forgetCheckpoints(
  context: WorkContext,
  owner: MappingOwner,
  shardIds: readonly string[],
): Promise<void> {
  if (shardIds.length === 0) return;
  await context.store.transact(async (tx) => {
    for (const shardId of shardIds) {
      checkpoints.delete(tx, keyOf(owner, shardId));
      await deleteAll(tx, streamRetries, keyOf(owner, shardId), RETRIES_MAX);
    }
  });
}

/** With the mapping itself. */
export async function deleteCheckpoints(tx: Tx, owner: MappingOwner): Promise<void> {
  await deleteAll(tx, checkpoints, keyOf(owner), SHARDS_MAX);
  await deleteAll(tx, streamRetries, keyOf(owner), RETRIES_MAX);
  mappingResults.delete(tx, keyOf(owner));
}

async function deleteAll(
  tx: Tx,
  rows: typeof checkpoints | typeof streamRetries,
  prefix: readonly string[],
  limit: number,
): Promise<void> {
  for (const { key } of await rows.list(tx, prefix, { limit })) rows.delete(tx, key);
}

/** What came of the last batch; undefined before the first. */
export async function readResult(view: ReadTx, owner: MappingOwner): Promise<string | undefined> {
  return (await mappingResults.get(view, keyOf(owner)))?.text;
}
