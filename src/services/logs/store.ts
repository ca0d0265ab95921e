// The state of CloudWatch Logs: groups, streams and events.
import { AFTER_ANY } from '../../base/tuple.ts';
import type { Key, ReadTx, Tx } from '../../base/store.ts';
import type { Scope } from '../../kernel/context.ts';
import { table } from '../../kernel/table.ts';
import type { EventPosition, LogEvent, LogGroup, LogStream, PlacedEvent } from './log-group.ts';

/** Keyed `[account, region, name]`. */
const groups = table<LogGroup>('logs/group');
/** Keyed `[account, region, groupId, name]`. */
const streams = table<LogStream>('logs/stream');
/** Keyed `[account, region, groupId, lastEventMs, name]`: streams by their newest event. */
const recency = table<true>('logs/stream-recency');
/**
 * Keyed `[account, region, streamId, timestampMs, sequence]`: the order in which events are read.
 */
const events = table<LogEvent>('logs/event');

/** Notified when a group has new events. */
export function groupTopic({ account, region, name }: LogGroup): string {
  return `logs/${account}/${region}/${name}`;
}

export function findGroup(view: ReadTx, scope: Scope, name: string): Promise<LogGroup | undefined> {
  return groups.get(view, [scope.account, scope.region, name]);
}

export function putGroup(tx: Tx, group: LogGroup): void {
  groups.put(tx, [group.account, group.region, group.name], group);
}

export function deleteGroup(tx: Tx, group: LogGroup): void {
  groups.delete(tx, [group.account, group.region, group.name]);
}

export async function listGroups(
  view: ReadTx,
  scope: Scope,
  { prefix, after, limit }: { prefix: string; after?: string | undefined; limit: number },
): Promise<LogGroup[]> {
  const base = [scope.account, scope.region];
  const from = after === undefined ? [...base, prefix] : [...base, after, -Number.MAX_VALUE];
  const rows = await groups.range(view, from, [...base, `${prefix}\u{10ffff}`], { limit });
  return rows.map((row) => row.value);
}

export function findStream(
  view: ReadTx,
  group: LogGroup,
  name: string,
): Promise<LogStream | undefined> {
  return streams.get(view, [...groupKey(group), name]);
}

/** Writes the stream and its place among the group's streams by newest event. */
export function putStream(
  tx: Tx,
  group: LogGroup,
  { stream, previous }: { stream: LogStream; previous: LogStream | undefined },
): void {
  streams.put(tx, [...groupKey(group), stream.name], stream);
  if (previous !== undefined && previous.lastEventMs === stream.lastEventMs) return;
  if (previous !== undefined) recency.delete(tx, recencyKey(group, previous));
  recency.put(tx, recencyKey(group, stream), true);
}

export function deleteStream(tx: Tx, group: LogGroup, stream: LogStream): void {
  streams.delete(tx, [...groupKey(group), stream.name]);
  recency.delete(tx, recencyKey(group, stream));
}

export interface StreamPage {
  readonly prefix: string;
  readonly after?: string | undefined;
  readonly limit: number;
  readonly reverse?: boolean;
}

export async function listStreams(
  view: ReadTx,
  group: LogGroup,
  { prefix, after, limit, reverse = false }: StreamPage,
): Promise<LogStream[]> {
  const base = groupKey(group);
  const start = [...base, prefix];
  const end = [...base, `${prefix}\u{10ffff}`];
  const from = after === undefined || reverse ? start : [...base, after, -Number.MAX_VALUE];
  const to = after === undefined || !reverse ? end : [...base, after];
  const rows = await streams.range(view, from, to, { limit, reverse });
  return rows.map((row) => row.value);
}

/** Streams by their newest event; those without one come first. */
export async function listStreamsByTime(
  view: ReadTx,
  group: LogGroup,
  options: { after?: Key | undefined; limit: number; reverse: boolean },
): Promise<{ stream: LogStream; place: Key }[]> {
  const { after, limit, reverse } = options;
  const base = groupKey(group);
  const rows = await recency.list(view, base, {
    limit,
    reverse,
    ...(after === undefined ? {} : { after: [...base, ...after] }),
  });
  const found = await Promise.all(
    rows.map(async ({ key }) => ({
      stream: await findStream(view, group, String(key[4])),
      place: key.slice(3),
    })),
  );
  return found.flatMap(({ stream, place }) => (stream === undefined ? [] : [{ stream, place }]));
}

/** Events get their sequence number at the commit, in the order given. */
export function appendEvent(
  tx: Tx,
  { group, stream, event }: { group: LogGroup; stream: LogStream; event: LogEvent },
): void {
  events.append(tx, [group.account, group.region, stream.id, event.timestampMs], event);
}

export interface EventRange {
  /** Inclusive. */
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  /** Only events after this one (before it when reverse). */
  readonly beyond?: EventPosition | undefined;
  readonly limit: number;
  readonly reverse?: boolean;
}

export async function readEvents(
  view: ReadTx,
  { group, stream }: { group: LogGroup; stream: LogStream },
  { fromMs, toMs, beyond, limit, reverse = false }: EventRange,
): Promise<PlacedEvent[]> {
  const base = [group.account, group.region, stream.id];
  const place = beyond === undefined ? [] : [beyond.timestampMs, beyond.sequence];
  const isPastStart = beyond !== undefined && !reverse && beyond.timestampMs >= fromMs;
  const isBeforeEnd = beyond !== undefined && reverse && beyond.timestampMs < toMs;
  const from = isPastStart ? [...base, ...place, -Number.MAX_VALUE] : [...base, fromMs];
  const to = isBeforeEnd ? [...base, ...place] : [...base, toMs];
  const rows = await events.range(view, from, to, { limit, reverse });
  return rows.map(({ key, value }) => ({ ...value, sequence: Number(key[4]) }));
}

/** Removes up to `limit` events older than `beforeMs`; tells which. */
export async function removeEvents(
  tx: Tx,
  { account, region, streamId }: Scope & { streamId: string },
  { beforeMs, limit }: { beforeMs: number; limit: number },
): Promise<LogEvent[]> {
  const base = [account, region, streamId];
  const rows = await events.range(tx, base, [...base, beforeMs], { limit });
  for (const row of rows) events.delete(tx, row.key);
  return rows.map((row) => row.value);
}

/** Removes up to `limit` streams of a group that is gone; tells which. */
export async function removeStreams(
  tx: Tx,
  { account, region, groupId }: Scope & { groupId: string },
  limit: number,
): Promise<LogStream[]> {
  const prefix = [account, region, groupId];
  const rows = await streams.range(tx, prefix, [...prefix, AFTER_ANY], { limit });
  for (const row of rows) streams.delete(tx, row.key);
  for (const row of await recency.list(tx, prefix, { limit })) recency.delete(tx, row.key);
  return rows.map((row) => row.value);
}

function groupKey(group: LogGroup): (string | number)[] {
  return [group.account, group.region, group.id];
}

function recencyKey(group: LogGroup, stream: LogStream): (string | number)[] {
  return [...groupKey(group), stream.lastEventMs ?? 0, stream.name];
}
