// Where a mapping stands in each shard of its stream, durably.
import type { Tx } from '../../../base/store.ts';
import type { Scope, WorkContext } from '../../../kernel/context.ts';
import { type StreamCheckpoint, checkpoints, mappings } from '../store.ts';

/** A stream has a handful of shards at a time. */
const SHARDS_MAX = 10_000;

interface Owner {
  readonly scope: Scope;
  readonly uuid: string;
}

function keyOf({ scope, uuid }: Owner, shardId: string): readonly string[] {
  return [scope.account, scope.region, uuid, shardId];
}

export function putCheckpoint(
  tx: Tx,
  owner: Owner,
  at: { shardId: string; checkpoint: StreamCheckpoint },
): void {
  checkpoints.put(tx, keyOf(owner, at.shardId), at.checkpoint);
}

/** Checkpoints by shard. */
export async function loadCheckpoints(
  context: WorkContext,
  { scope, uuid }: Owner,
): Promise<Map<string, StreamCheckpoint>> {
  const prefix = [scope.account, scope.region, uuid];
  const rows = await context.store.read((view) =>
    checkpoints.list(view, prefix, { limit: SHARDS_MAX }),
  );
  return new Map(rows.map(({ key, value }) => [String(key[3]), value]));
}

/**
 * Moves a checkpoint on, together with what `also` does; never back, and not when the mapping is gone.
 */
export async function advanceCheckpoint(
  context: WorkContext,
  owner: Owner,
  move: {
    readonly shardId: string;
    readonly checkpoint: StreamCheckpoint;
    readonly also?: (tx: Tx) => void;
  },
): Promise<void> {
  const { scope, uuid } = owner;
  await context.store.transact(async (tx) => {
    if ((await mappings.get(tx, [scope.account, scope.region, uuid])) === undefined) return;
    const key = keyOf(owner, move.shardId);
    const { after: before, finished } = (await checkpoints.get(tx, key)) ?? {};
    const { after } = move.checkpoint;
    const isBehind =
      finished === true ||
      (before !== undefined && (after === undefined || isAfter(before, after)));
    if (!isBehind || move.checkpoint.finished === true) checkpoints.put(tx, key, move.checkpoint);
    move.also?.(tx);
  });
}

function isAfter(a: string, b: string): boolean {
  return BigInt(a) > BigInt(b);
}

export async function forgetCheckpoints(
  context: WorkContext,
  owner: Owner,
  shardIds: readonly string[],
): Promise<void> {
  if (shardIds.length === 0) return;
  await context.store.transact(async (tx) => {
    for (const shardId of shardIds) checkpoints.delete(tx, keyOf(owner, shardId));
  });
}

/** With the mapping itself. */
export async function deleteCheckpoints(tx: Tx, { scope, uuid }: Owner): Promise<void> {
  const prefix = [scope.account, scope.region, uuid];
  for (const { key } of await checkpoints.list(tx, prefix, { limit: SHARDS_MAX }))
    checkpoints.delete(tx, key);
}
