// The state of SQS: queues, their messages, and the order in which messages are handed out. The
// lines of FIFO queues are in `line-store.ts`; callers meet them through the functions here.
import { AFTER_ANY } from '../../base/tuple.ts';
import type { ReadTx, Store, Tx } from '../../base/store.ts';
import type { Scope } from '../../kernel/context.ts';
import { definitionTable, table } from '../../kernel/table.ts';
import type { Delivery, Message, Place, QueueCounts, Waiting } from './message.ts';
import { countInto } from './message.ts';
import type { MoveTask } from './move-task.ts';
import type { Queue } from './queue.ts';
import {
  addToLine,
  claimFromLines,
  countLines,
  eraseLines,
  findInLine,
  firstAvailableMs,
  moveInLine,
  nextSequence,
  removeFromLine,
} from './line-store.ts';

/** Keyed `[account, region, name]`. */
const queues = definitionTable<Queue>('sqs/queue');
/** Keyed `[account, region, backlog, sentMs, messageId]`: what never changes, oldest first. */
const messages = table<Message>('sqs/message');
/** Keyed `[account, region, backlog, visibleMs, arrival, messageId]`: one entry a message. */
const order = table<Delivery>('sqs/order');
/**
 * Keyed `[account, region, backlog, messageId]`: where a message stands once it left its first
 * place.
 */
const places = table<Place>('sqs/place');
/** Keyed `[account, region, deadLetterQueue, sourceQueue]`. */
const deadLetterSources = table<true>('sqs/dead-letter-source');
/** Keyed `[account, region, sourceQueue, startedMs, taskId]`. */
const moveTasks = table<MoveTask>('sqs/move-task');

/** Rows of one page of a count. */
const COUNT_PAGE = 1_000;
const arrivals = new WeakMap<Store, number>();

/**
 * A number that grows with every message this process puts into a store. It orders messages of the
 * same millisecond, so it need not outlive the process, and it is no key that writers contend for.
 */
function nextArrival(store: Store): number {
  const arrival = (arrivals.get(store) ?? 0) + 1;
  arrivals.set(store, arrival);
  return arrival;
}

/** Where a message goes that enters the queue now and is hidden until `visibleMs`. */
export async function placeLast(
  tx: Tx,
  queue: Queue,
  { store, visibleMs }: { store: Store; visibleMs: number },
): Promise<Place> {
  const arrival = queue.fifo === undefined ? nextArrival(store) : await nextSequence(tx, queue);
  return { visibleMs, arrival };
}

/** Notified when a queue's messages may have become receivable. */
export function queueTopic(queue: { account: string; region: string; name: string }): string {
  return `sqs/${queue.account}/${queue.region}/${queue.name}`;
}

export function findQueue(view: ReadTx, scope: Scope, name: string): Promise<Queue | undefined> {
  return queues.get(view, [scope.account, scope.region, name]);
}

export async function listQueues(
  view: ReadTx,
  scope: Scope,
  { prefix, after, limit }: { prefix: string; after?: string | undefined; limit: number },
): Promise<Queue[]> {
  const base = [scope.account, scope.region];
  const from = after === undefined ? [...base, prefix] : [...base, after, -Number.MAX_VALUE];
  const rows = await queues.range(view, from, [...base, `${prefix}\u{10ffff}`], { limit });
  return rows.map((row) => row.value);
}

/** Writes the queue and keeps the list of its dead-letter queue's sources true. */
export function putQueue(tx: Tx, queue: Queue, previous: Queue | undefined): void {
  unlinkDeadLetterQueue(tx, previous);
  queues.put(tx, [queue.account, queue.region, queue.name], queue);
  const target = deadLetterName(queue);
  if (target !== undefined) {
    deadLetterSources.put(tx, [queue.account, queue.region, target, queue.name], true);
  }
}

export function deleteQueue(tx: Tx, queue: Queue): void {
  unlinkDeadLetterQueue(tx, queue);
  queues.delete(tx, [queue.account, queue.region, queue.name]);
}

export async function listDeadLetterSources(
  view: ReadTx,
  queue: Queue,
  { after, limit }: { after?: string | undefined; limit: number },
): Promise<string[]> {
  const prefix = [queue.account, queue.region, queue.name];
  const rows = await deadLetterSources.list(view, prefix, {
    limit,
    ...(after === undefined ? {} : { after: [...prefix, after] }),
  });
  return rows.map((row) => String(row.key[3]));
}

/** Puts a message into the queue's backlog, where `message.entered` says. */
export async function addMessage(
  tx: Tx,
  queue: Queue,
  { message, delivery }: { message: Message; delivery: Delivery },
): Promise<void> {
  messages.put(tx, [...backlogKey(queue), message.sentMs, message.id], message);
  tx.notify(queueTopic(queue));
  if (queue.fifo !== undefined) return addToLine(tx, queue, { message, delivery });
  order.put(tx, orderKey(queue, message.entered, message.id), delivery);
}

/** Up to `limit` messages visible at `nowMs` that no other receiver is taking at this moment. */
export async function claimVisible(
  tx: Tx,
  queue: Queue,
  { nowMs, limit }: { nowMs: number; limit: number },
): Promise<Waiting[]> {
  if (queue.fifo !== undefined) return claimFromLines(tx, queue, { nowMs, limit });
  const rows = await order.claim(
    tx,
    backlogKey(queue),
    [...backlogKey(queue), nowMs, AFTER_ANY],
    limit,
  );
  return rows.map(({ key, value }) => ({
    messageId: String(key[5]),
    place: { visibleMs: Number(key[3]), arrival: Number(key[4]) },
    delivery: value,
  }));
}

/** When the first message of the queue is or becomes visible; undefined when it has none. */
export async function firstVisibleMs(view: ReadTx, queue: Queue): Promise<number | undefined> {
  if (queue.fifo !== undefined) return firstAvailableMs(view, queue);
  const [first] = await order.list(view, backlogKey(queue), { limit: 1 });
  return first === undefined ? undefined : Number(first.key[3]);
}

export function findMessage(
  view: ReadTx,
  queue: Queue,
  { sentMs, messageId }: { sentMs: number; messageId: string },
): Promise<Message | undefined> {
  return messages.get(view, [...backlogKey(queue), sentMs, messageId]);
}

/** The entry of a message in the order, or undefined when it is gone. */
export async function findWaiting(
  view: ReadTx,
  queue: Queue,
  message: { sentMs: number; messageId: string },
): Promise<Waiting | undefined> {
  if (queue.fifo !== undefined) {
    const found = await findMessage(view, queue, message);
    return found && findInLine(view, queue, found);
  }
  const place =
    (await places.get(view, [...backlogKey(queue), message.messageId])) ??
    (await findMessage(view, queue, message))?.entered;
  if (place === undefined) return undefined;
  const delivery = await order.get(view, orderKey(queue, place, message.messageId));
  return delivery === undefined ? undefined : { messageId: message.messageId, place, delivery };
}

/** Moves a message in the order: hidden until `visibleMs`. */
export async function moveMessage(
  tx: Tx,
  queue: Queue,
  { waiting, visibleMs, delivery }: { waiting: Waiting; visibleMs: number; delivery: Delivery },
): Promise<void> {
  if (queue.fifo !== undefined) return moveInLine(tx, queue, { waiting, visibleMs, delivery });
  const place: Place = { visibleMs, arrival: waiting.place.arrival };
  order.delete(tx, orderKey(queue, waiting.place, waiting.messageId));
  order.put(tx, orderKey(queue, place, waiting.messageId), delivery);
  places.put(tx, [...backlogKey(queue), waiting.messageId], place);
}

export async function removeMessage(tx: Tx, queue: Queue, waiting: Waiting): Promise<void> {
  if (queue.fifo !== undefined) {
    await removeFromLine(tx, queue, waiting);
    // The next message of the group has become receivable, perhaps for somebody who waits.
    tx.notify(queueTopic(queue));
  } else {
    order.delete(tx, orderKey(queue, waiting.place, waiting.messageId));
    places.delete(tx, [...backlogKey(queue), waiting.messageId]);
  }
  messages.delete(tx, [...backlogKey(queue), waiting.delivery.sentMs, waiting.messageId]);
}

/** The oldest messages sent before `beforeMs`. */
export async function listOldest(
  view: ReadTx,
  queue: Queue,
  { beforeMs, limit }: { beforeMs: number; limit: number },
): Promise<Message[]> {
  const key = backlogKey(queue);
  const rows = await messages.range(view, key, [...key, beforeMs], { limit });
  return rows.map((row) => row.value);
}

/**
 * Counts by walking the order in pages: no counter exists that every send would have to write.
 * Messages past their retention do not count.
 */
export async function countMessages(
  store: Store,
  queue: Queue,
  nowMs: number,
): Promise<QueueCounts> {
  if (queue.fifo !== undefined) return countLines(store, queue, nowMs);
  let counts: QueueCounts = { visible: 0, inFlight: 0, delayed: 0 };
  let from = backlogKey(queue);
  for (;;) {
    const start = from;
    const rows = await store.read((view) =>
      order.range(view, start, [...backlogKey(queue), AFTER_ANY], { limit: COUNT_PAGE }),
    );
    for (const { key, value } of rows) {
      const visibleMs = Number(key[3]);
      counts = countInto(counts, { delivery: value, visibleMs }, { queue, nowMs });
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < COUNT_PAGE) return counts;
    from = [...last.key.map(keyPart), -Number.MAX_VALUE];
  }
}

/** Removes up to `limit` messages of a backlog no queue uses any more. True when none is left. */
export async function eraseBacklog(
  tx: Tx,
  { account, region, backlog }: { account: string; region: string; backlog: string },
  limit: number,
): Promise<boolean> {
  const prefix = [account, region, backlog];
  const found = [
    { rows: await messages.list(tx, prefix, { limit }), from: messages },
    { rows: await order.list(tx, prefix, { limit }), from: order },
    { rows: await places.list(tx, prefix, { limit }), from: places },
  ];
  for (const { rows, from } of found) for (const row of rows) from.delete(tx, row.key);
  const noLines = await eraseLines(tx, prefix, limit);
  return noLines && found.every(({ rows }) => rows.length < limit);
}

export function putMoveTask(tx: Tx, task: MoveTask): void {
  moveTasks.put(tx, [task.account, task.region, task.source, task.startedMs, task.id], task);
}

/** Newest first. */
export async function listMoveTasks(
  view: ReadTx,
  { account, region, name }: { account: string; region: string; name: string },
  limit: number,
): Promise<MoveTask[]> {
  const rows = await moveTasks.list(view, [account, region, name], { limit, reverse: true });
  return rows.map((row) => row.value);
}

export function deleteMoveTask(tx: Tx, task: MoveTask): void {
  moveTasks.delete(tx, [task.account, task.region, task.source, task.startedMs, task.id]);
}

function backlogKey(queue: Queue): (string | number)[] {
  return [queue.account, queue.region, queue.backlog];
}

function orderKey(queue: Queue, place: Place, messageId: string): (string | number)[] {
  return [...backlogKey(queue), place.visibleMs, place.arrival, messageId];
}

function keyPart(part: string | number | Uint8Array): string | number {
  return typeof part === 'number' ? part : String(part);
}

function deadLetterName(queue: Queue): string | undefined {
  return queue.redrivePolicy?.targetArn.split(':').at(-1);
}

function unlinkDeadLetterQueue(tx: Tx, queue: Queue | undefined): void {
  const target = queue === undefined ? undefined : deadLetterName(queue);
  if (queue === undefined || target === undefined) return;
  deadLetterSources.delete(tx, [queue.account, queue.region, target, queue.name]);
}
