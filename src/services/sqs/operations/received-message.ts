// A received message as ReceiveMessage answers it: only the attributes asked for.
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { formatReceiptHandle } from '../receipt-handle.ts';
import type { Attributes } from '../message.ts';
import { digestAttributes, digestText } from '../message-digest.ts';
import type { Received } from '../receive-step.ts';

type Input = InputOf<'sqs', 'ReceiveMessage'>;
type WireMessage = NonNullable<OutputOf<'sqs', 'ReceiveMessage'>['Messages']>[number];

export function describeReceived(received: Received, input: Input): WireMessage {
  const { queue, message, delivery } = received;
  const system = pickSystemAttributes(received, input);
  const attributes = pickAttributes(message.attributes ?? {}, input.MessageAttributeNames ?? []);
  return {
    MessageId: message.id,
    ReceiptHandle: formatReceiptHandle({
      backlog: queue.backlog,
      messageId: message.id,
      sentMs: message.sentMs,
      receive: delivery.receives,
    }),
    MD5OfBody: digestText(message.body),
    Body: message.body,
    ...(Object.keys(system).length === 0 ? {} : { Attributes: system }),
    ...(Object.keys(attributes).length === 0
      ? {}
      : {
          // AWS: the digest covers the attributes returned, not all that were sent.
          // Recorded: test_receive_message_message_attribute_names_filters.
          MD5OfMessageAttributes: digestAttributes(attributes),
          MessageAttributes: Object.fromEntries(
            Object.entries(attributes).map(([name, value]) => [
              name,
              {
                DataType: value.dataType,
                ...(value.text === undefined ? {} : { StringValue: value.text }),
                ...(value.binary === undefined ? {} : { BinaryValue: value.binary }),
              },
            ]),
          ),
        }),
  };
}

/** Names match whole, by `prefix.*`, or all with `All` and `.*`. */
function pickAttributes(attributes: Attributes, wanted: readonly string[]): Attributes {
  if (wanted.length === 0) return {};
  const isWanted = (name: string): boolean =>
    wanted.some(
      (filter) =>
        filter === 'All' ||
        filter === '.*' ||
        filter === name ||
        (filter.endsWith('*') && name.startsWith(filter.replace(/\.?\*$/, ''))),
    );
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => isWanted(name)));
}

function pickSystemAttributes(
  { message, delivery }: Received,
  input: Input,
): Record<string, string> {
  const wanted = new Set<string>([
    ...(input.AttributeNames ?? []),
    ...(input.MessageSystemAttributeNames ?? []),
  ]);
  if (wanted.size === 0) return {};
  const all: Record<string, string | undefined> = {
    SenderId: message.senderId,
    SentTimestamp: String(message.sentMs),
    ApproximateReceiveCount: String(delivery.receivesEver),
    ApproximateFirstReceiveTimestamp: String(delivery.firstReceivedMs ?? message.sentMs),
    SequenceNumber: message.sequenceNumber,
    MessageDeduplicationId: message.deduplicationId,
    MessageGroupId: message.groupId,
    AWSTraceHeader: message.traceHeader,
    DeadLetterQueueSourceArn: message.deadLetterSourceArn,
  };
  const picked: Record<string, string> = {};
  for (const [name, value] of Object.entries(all)) {
    if (value !== undefined && (wanted.has('All') || wanted.has(name))) picked[name] = value;
  }
  return picked;
}
