// Background steps of CloudWatch Logs: expiry by retention, and erasure of deleted groups and
// streams.
import type { Tx } from '../../base/store.ts';
import type { Scope, WorkContext } from '../../kernel/context.ts';
import type { TimerWorker } from '../../kernel/service.ts';
import { ERASE_BATCH, SWEEP_INTERVAL_MS } from './limits.ts';
import type { LogGroup, LogStream } from './log-group.ts';
import { expiryMs, retentionMs } from './log-group.ts';
import { measureEvent } from './put-rules.ts';
import {
  findGroup,
  findStream,
  listStreams,
  putStream,
  readEvents,
  removeEvents,
  removeStreams,
} from './store.ts';

interface GroupPayload {
  readonly groupId: string;
  readonly name: string;
}

interface ErasePayload {
  /** A stream's events, or everything of a group. */
  readonly streamId?: string;
  readonly groupId?: string;
}

export const workers: Readonly<Record<string, TimerWorker>> = {
  'logs/expire': (payload, ctx) => expireEvents(payload as GroupPayload, ctx),
  'logs/erase': (payload, ctx) => erase(payload as ErasePayload, ctx),
};

/** One sweep per group stands in the timers while it has a retention. */
export function scheduleExpiry(
  tx: Tx,
  ctx: WorkContext,
  { group, dueMs }: { group: LogGroup; dueMs: number },
): void {
  ctx.timers.schedule(tx, scopeOf(group), {
    worker: 'logs/expire',
    id: [group.account, group.region, group.id].join('/'),
    dueMs,
    payload: { groupId: group.id, name: group.name } satisfies GroupPayload,
  });
}

export function scheduleErase(
  tx: Tx,
  ctx: WorkContext,
  { scope, what }: { scope: Scope; what: ErasePayload },
): void {
  ctx.timers.schedule(tx, scopeOf(scope), {
    worker: 'logs/erase',
    dueMs: ctx.nowMs,
    payload: what,
  });
}

/** Removes events past the retention and comes again when the next will be. */
async function expireEvents({ groupId, name }: GroupPayload, ctx: WorkContext): Promise<void> {
  const group = await ctx.store.read((view) => findGroup(view, ctx, name));
  if (group?.id !== groupId || group.retentionDays === undefined) return;
  const nowMs = ctx.clock.now();
  let oldestMs = nowMs;
  for (let after: string | undefined; ;) {
    const start = after;
    const page = await ctx.store.read((view) =>
      listStreams(view, group, { prefix: '', after: start, limit: ERASE_BATCH }),
    );
    for (const stream of page) {
      oldestMs = Math.min(oldestMs, await expireStream(ctx, { group, stream, nowMs }));
    }
    after = page.at(-1)?.name;
    if (page.length < ERASE_BATCH) break;
  }
  await ctx.store.transact(async (tx) => {
    const current = await findGroup(tx, ctx, name);
    const lifetimeMs = current && retentionMs(current);
    if (current?.id !== groupId || lifetimeMs === undefined) return;
    const dueMs = Math.max(oldestMs + lifetimeMs, nowMs + SWEEP_INTERVAL_MS);
    scheduleExpiry(tx, ctx, { group: current, dueMs });
  });
}

/** @returns the time of the oldest event left; `nowMs` when none is. */
async function expireStream(
  ctx: WorkContext,
  { group, stream, nowMs }: { group: LogGroup; stream: LogStream; nowMs: number },
): Promise<number> {
  const beforeMs = expiryMs(group, nowMs);
  if (stream.firstEventMs === undefined) return nowMs;
  if (stream.firstEventMs >= beforeMs) return stream.firstEventMs;
  for (;;) {
    const step = await ctx.store.transact(async (tx) => {
      const current = await findStream(tx, group, stream.name);
      if (current?.id !== stream.id) return { done: true, oldestMs: nowMs };
      const scope = { account: group.account, region: group.region, streamId: stream.id };
      const gone = await removeEvents(tx, scope, { beforeMs, limit: ERASE_BATCH });
      const [oldest] = await readEvents(
        tx,
        { group, stream: current },
        { fromMs: 0, toMs: Number.MAX_VALUE, limit: 1 },
      );
      const bytes = gone.reduce((sum, event) => sum + measureEvent(event), 0);
      const changed: LogStream = {
        ...current,
        firstEventMs: oldest?.timestampMs,
        lastEventMs: oldest === undefined ? undefined : current.lastEventMs,
        storedBytes: Math.max(0, current.storedBytes - bytes),
      };
      putStream(tx, group, { stream: changed, previous: current });
      return { done: gone.length < ERASE_BATCH, oldestMs: oldest?.timestampMs ?? nowMs };
    });
    if (step.done) return step.oldestMs;
  }
}

async function erase({ streamId, groupId }: ErasePayload, ctx: WorkContext): Promise<void> {
  if (streamId !== undefined) await eraseEvents(streamId, ctx);
  if (groupId === undefined) return;
  for (;;) {
    // The streams' own erasure is scheduled with their removal, so a crash loses neither.
    const gone = await ctx.store.transact(async (tx) => {
      const removed = await removeStreams(tx, { ...scopeOf(ctx), groupId }, ERASE_BATCH);
      for (const stream of removed)
        scheduleErase(tx, ctx, { scope: ctx, what: { streamId: stream.id } });
      return removed;
    });
    if (gone.length < ERASE_BATCH) return;
  }
}

async function eraseEvents(streamId: string, ctx: WorkContext): Promise<void> {
  const range = { beforeMs: Number.MAX_VALUE, limit: ERASE_BATCH };
  for (;;) {
    const gone = await ctx.store.transact((tx) =>
      removeEvents(tx, { ...scopeOf(ctx), streamId }, range),
    );
    if (gone.length < ERASE_BATCH) return;
  }
}

function scopeOf({ account, region }: Scope): Scope {
  return { account, region };
}
