// The lines of FIFO queues: one per message group, served from the front, closed while a message of
// theirs is in flight. Beside them, the deduplication ids of the last five minutes.
import { AFTER_ANY } from '../../base/tuple.ts';
import type { ReadTx, Store, Tx } from '../../base/store.ts';
import { table } from '../../kernel/table.ts';
import { DEDUPLICATION_MS, ERASE_BATCH, RECEIVE_MAX } from './limits.ts';
import type { Delivery, Message, QueueCounts, Waiting } from './message.ts';
import { countInto } from './message.ts';
import type { Queue } from './queue.ts';

/** A message in the line of its group. */
interface LineEntry {
  readonly messageId: string;
  readonly visibleMs: number;
  readonly delivery: Delivery;
}

/** Where the group stands among the groups. */
interface GroupPlace {
  /** No message of the group is handed out before. */
  readonly availableMs: number;
  /** Of its first message: older groups come first. */
  readonly sequence: number;
}

/** What a duplicate is answered with. */
export interface Deduplicated {
  readonly messageId: string;
  readonly sequenceNumber: string;
  readonly sentMs: number;
}

/** Keyed `[account, region, backlog, group, sequence]`. */
const lines = table<LineEntry>('sqs/line');
/** Keyed `[account, region, backlog, group]`; only groups with messages. */
const groups = table<GroupPlace>('sqs/group');
/** Keyed `[account, region, backlog, availableMs, sequence, group]`: what receivers claim. */
const ready = table<true>('sqs/group-ready');
/** Keyed `[account, region, queue]`: the last number given. A purge does not start it anew. */
const sequences = table<number>('sqs/sequence');
/** Keyed `[account, region, backlog, scope, deduplicationId]`. */
const deduplications = table<Deduplicated>('sqs/deduplication');
/** Keyed `[account, region, backlog, sentMs, scope, deduplicationId]`. */
const deduplicationAges = table<true>('sqs/deduplication-age');

/** Old deduplication ids removed with each new one: more than come, so they never pile up. */
const FORGET_BATCH = 4;

export async function nextSequence(tx: Tx, queue: Queue): Promise<number> {
  const key = [queue.account, queue.region, queue.name];
  const sequence = ((await sequences.get(tx, key)) ?? 0) + 1;
  sequences.put(tx, key, sequence);
  return sequence;
}

export async function addToLine(
  tx: Tx,
  queue: Queue,
  { message, delivery }: { message: Message; delivery: Delivery },
): Promise<void> {
  const { visibleMs, arrival: sequence } = message.entered;
  const groupId = message.groupId ?? '';
  lines.put(tx, [...backlogKey(queue), groupId, sequence], {
    messageId: message.id,
    visibleMs,
    delivery,
  });
  // A group that has messages already keeps its place: the new one stands at the end of the line.
  if ((await groups.get(tx, [...backlogKey(queue), groupId])) !== undefined) return;
  placeGroup(tx, queue, { groupId, place: { availableMs: visibleMs, sequence } });
}

/** Messages from the fronts of available groups that no other receiver is taking at this moment. */
export async function claimFromLines(
  tx: Tx,
  queue: Queue,
  { nowMs, limit }: { nowMs: number; limit: number },
): Promise<Waiting[]> {
  const key = backlogKey(queue);
  const claimed = await ready.claim(tx, key, [...key, nowMs, AFTER_ANY], limit);
  const taken: Waiting[] = [];
  for (const row of claimed) {
    if (taken.length >= limit) break;
    const groupId = String(row.key[5]);
    const front = await listLine(tx, queue, { groupId, limit: limit - taken.length });
    const delayed = front.findIndex(({ place }) => place.visibleMs > nowMs);
    taken.push(...(delayed === -1 ? front : front.slice(0, delayed)));
  }
  return taken;
}

export async function firstAvailableMs(view: ReadTx, queue: Queue): Promise<number | undefined> {
  const [first] = await ready.list(view, backlogKey(queue), { limit: 1 });
  return first === undefined ? undefined : Number(first.key[3]);
}

export async function findInLine(
  view: ReadTx,
  queue: Queue,
  message: Message,
): Promise<Waiting | undefined> {
  const { groupId = '', id: messageId, entered } = message;
  const entry = await lines.get(view, [...backlogKey(queue), groupId, entered.arrival]);
  if (entry === undefined) return undefined;
  const place = { visibleMs: entry.visibleMs, arrival: entered.arrival };
  return { messageId, groupId, place, delivery: entry.delivery };
}

export async function moveInLine(
  tx: Tx,
  queue: Queue,
  { waiting, visibleMs, delivery }: { waiting: Waiting; visibleMs: number; delivery: Delivery },
): Promise<void> {
  lines.put(tx, lineKey(queue, waiting), { messageId: waiting.messageId, visibleMs, delivery });
  await replaceGroup(tx, queue, waiting.groupId ?? '');
}

export async function removeFromLine(tx: Tx, queue: Queue, waiting: Waiting): Promise<void> {
  lines.delete(tx, lineKey(queue, waiting));
  await replaceGroup(tx, queue, waiting.groupId ?? '');
}

export async function countLines(store: Store, queue: Queue, nowMs: number): Promise<QueueCounts> {
  let counts: QueueCounts = { visible: 0, inFlight: 0, delayed: 0 };
  for (let after: (string | number)[] | undefined; ;) {
    const from = after;
    const rows = await store.read((view) =>
      lines.list(view, backlogKey(queue), {
        limit: ERASE_BATCH,
        ...(from === undefined ? {} : { after: from }),
      }),
    );
    for (const { value } of rows) counts = countInto(counts, value, { queue, nowMs });
    const last = rows.at(-1);
    if (last === undefined || rows.length < ERASE_BATCH) return counts;
    after = [...backlogKey(queue), String(last.key[3]), Number(last.key[4])];
  }
}

/** What was sent under the id in the last five minutes. */
export async function findDuplicate(
  view: ReadTx,
  queue: Queue,
  { scope, id, nowMs }: { scope: string; id: string; nowMs: number },
): Promise<Deduplicated | undefined> {
  const found = await deduplications.get(view, [...backlogKey(queue), scope, id]);
  return found !== undefined && found.sentMs + DEDUPLICATION_MS > nowMs ? found : undefined;
}

export async function rememberDeduplication(
  tx: Tx,
  queue: Queue,
  { scope, id, sent }: { scope: string; id: string; sent: Deduplicated },
): Promise<void> {
  const key = backlogKey(queue);
  deduplications.put(tx, [...key, scope, id], sent);
  deduplicationAges.put(tx, [...key, sent.sentMs, scope, id], true);
  const oldest = await deduplicationAges.list(tx, key, { limit: FORGET_BATCH });
  for (const { key: age } of oldest) {
    if (Number(age[3]) + DEDUPLICATION_MS > sent.sentMs) return;
    deduplicationAges.delete(tx, age);
    const entry = [...key, String(age[4]), String(age[5])];
    const current = await deduplications.get(tx, entry);
    if (current?.sentMs === Number(age[3])) deduplications.delete(tx, entry);
  }
}

/** Removes up to `limit` rows of each table under a backlog. True when none is left. */
export async function eraseLines(
  tx: Tx,
  prefix: readonly string[],
  limit: number,
): Promise<boolean> {
  const found = [
    { rows: await lines.list(tx, prefix, { limit }), from: lines },
    { rows: await groups.list(tx, prefix, { limit }), from: groups },
    { rows: await ready.list(tx, prefix, { limit }), from: ready },
    { rows: await deduplications.list(tx, prefix, { limit }), from: deduplications },
    { rows: await deduplicationAges.list(tx, prefix, { limit }), from: deduplicationAges },
  ];
  for (const { rows, from } of found) for (const row of rows) from.delete(tx, row.key);
  return found.every(({ rows }) => rows.length < limit);
}

async function listLine(
  view: ReadTx,
  queue: Queue,
  { groupId, limit }: { groupId: string; limit: number },
): Promise<Waiting[]> {
  const rows = await lines.list(view, [...backlogKey(queue), groupId], { limit });
  return rows.map(({ key, value }) => ({
    messageId: value.messageId,
    groupId,
    place: { visibleMs: value.visibleMs, arrival: Number(key[4]) },
    delivery: value.delivery,
  }));
}

/**
 * Puts the group where its line says: closed until the last of its messages in flight is visible
 * again. A receive takes at most ten from the front, so those in flight are among the first ten.
 */
async function replaceGroup(tx: Tx, queue: Queue, groupId: string): Promise<void> {
  const key = [...backlogKey(queue), groupId];
  const front = await listLine(tx, queue, { groupId, limit: RECEIVE_MAX });
  const current = await groups.get(tx, key);
  if (current !== undefined) {
    ready.delete(tx, [...backlogKey(queue), current.availableMs, current.sequence, groupId]);
  }
  const [first] = front;
  if (first === undefined) return groups.delete(tx, key);
  const received = front.filter(({ delivery }) => delivery.receives > 0);
  const availableMs = Math.max(
    ...(received.length === 0 ? [first] : received).map((each) => each.place.visibleMs),
  );
  placeGroup(tx, queue, { groupId, place: { availableMs, sequence: first.place.arrival } });
}

function placeGroup(
  tx: Tx,
  queue: Queue,
  { groupId, place }: { groupId: string; place: GroupPlace },
): void {
  groups.put(tx, [...backlogKey(queue), groupId], place);
  ready.put(tx, [...backlogKey(queue), place.availableMs, place.sequence, groupId], true);
}

function lineKey(queue: Queue, waiting: Waiting): (string | number)[] {
  return [...backlogKey(queue), waiting.groupId ?? '', waiting.place.arrival];
}

function backlogKey(queue: Queue): string[] {
  return [queue.account, queue.region, queue.backlog];
}
