// Messages: what is sent and never changes, and where a message stands on its way through a queue.

export interface AttributeValue {
  readonly dataType: string;
  readonly text?: string;
  readonly binary?: Uint8Array;
}

export type Attributes = Readonly<Record<string, AttributeValue>>;

/** Fixed when the message enters a queue. */
export interface Message {
  readonly id: string;
  readonly body: string;
  readonly attributes?: Attributes;
  /** The only system attribute senders may set: `AWSTraceHeader`. */
  readonly traceHeader?: string;
  readonly senderId: string;
  /** Retention counts from here; a message keeps it when it moves to a dead-letter queue. */
  readonly sentMs: number;
  readonly groupId?: string;
  readonly deduplicationId?: string;
  readonly sequenceNumber?: string;
  /** ARN of the queue it failed in, once it is in a dead-letter queue. */
  readonly deadLetterSourceArn?: string;
  /** Where it stood before its first receive in this queue. */
  readonly entered: Place;
}

/** Position in the order in which a queue hands out messages. */
export interface Place {
  /** Hidden from receivers until then, ms. */
  readonly visibleMs: number;
  /** Breaks ties within a millisecond by order of arrival. */
  readonly arrival: number;
}

/** What changes with every receive. */
export interface Delivery {
  readonly sentMs: number;
  /** Receives since it entered this queue: decides over the dead-letter queue. */
  readonly receives: number;
  /** `ApproximateReceiveCount`: goes on counting in the dead-letter queue. */
  readonly receivesEver: number;
  readonly firstReceivedMs?: number;
  /** The latest receive: the visibility timeout is limited counting from it. */
  readonly receivedMs?: number;
}

/** A message's entry in the order of its queue. */
export interface Waiting {
  readonly messageId: string;
  readonly place: Place;
  readonly delivery: Delivery;
  /** In FIFO queues. */
  readonly groupId?: string | undefined;
}

export interface QueueCounts {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
}

export const UNTOUCHED: Omit<Delivery, 'sentMs'> = { receives: 0, receivesEver: 0 };

export type Fate = 'expired' | 'dead-letter' | 'deliver';

/** What becomes of a visible message when a receiver comes. */
export function decideFate(
  delivery: Delivery,
  {
    retentionMs,
    maxReceives,
    nowMs,
  }: { retentionMs: number; maxReceives?: number | undefined; nowMs: number },
): Fate {
  if (isExpired(delivery.sentMs, retentionMs, nowMs)) return 'expired';
  // AWS moves a message when a receive finds its count used up, not before.
  // https://github.com/localstack/localstack/issues/8234 (checked against AWS there)
  if (maxReceives !== undefined && delivery.receives >= maxReceives) return 'dead-letter';
  return 'deliver';
}

/** The counts with one more message; one past its retention does not count. */
export function countInto(
  counts: QueueCounts,
  { delivery, visibleMs }: { delivery: Delivery; visibleMs: number },
  { queue, nowMs }: { queue: { readonly retentionSec: number }; nowMs: number },
): QueueCounts {
  if (isExpired(delivery.sentMs, queue.retentionSec * 1000, nowMs)) return counts;
  if (visibleMs <= nowMs) return { ...counts, visible: counts.visible + 1 };
  if (delivery.receives > 0) return { ...counts, inFlight: counts.inFlight + 1 };
  return { ...counts, delayed: counts.delayed + 1 };
}

function isExpired(sentMs: number, retentionMs: number, nowMs: number): boolean {
  return sentMs + retentionMs <= nowMs;
}

/** The delivery after one more receive. */
export function countReceive(delivery: Delivery, nowMs: number): Delivery {
  return {
    sentMs: delivery.sentMs,
    receives: delivery.receives + 1,
    receivesEver: delivery.receivesEver + 1,
    firstReceivedMs: delivery.firstReceivedMs ?? nowMs,
    receivedMs: nowMs,
  };
}
