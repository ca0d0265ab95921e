// Sequence numbers of FIFO queues.
import type { Place } from './message.ts';
import type { Queue } from './queue.ts';

/**
 * Numbers of AWS have 20 digits and grow in steps of 256. Recorded: test_fifo_message_attributes.
 */
const FIRST = 18_849_496_460_467_696_128n;
const STEP = 256n;

/** The member a message of a FIFO queue has for its place in line; nothing for standard queues. */
export function numberOf(queue: Queue, place: Place): { sequenceNumber?: string } {
  if (queue.fifo === undefined) return {};
  return { sequenceNumber: String(FIRST + BigInt(place.arrival) * STEP) };
}
