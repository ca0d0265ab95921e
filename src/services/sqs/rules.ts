// The checks of SQS requests, in AWS's order and with AWS's messages. SQS answers with its own
// words, so no model constraints are checked before these.
import type { Attributes, AttributeValue } from './message.ts';
import { measureMessage } from './message-digest.ts';
import {
  batchEntryIdsNotDistinct,
  batchRequestTooLong,
  emptyBatch,
  invalidBatchEntryId,
  invalidMessageContents,
  invalidParameter,
  invalidValue,
  messageTooLong,
  missingParameter,
  tooManyEntries,
  unsupported,
} from './errors.ts';
import {
  BATCH_ENTRIES_MAX,
  DELAY_MAX_SEC,
  MESSAGE_ATTRIBUTE_NAME_MAX,
  MESSAGE_ATTRIBUTES_MAX,
  MESSAGE_MAX_BYTES,
  RECEIVE_MAX,
  VISIBILITY_TIMEOUT_MAX_SEC,
  WAIT_MAX_SEC,
} from './limits.ts';
import { isQueueName } from './queue.ts';

/** A message attribute as the SDK types have it. */
export interface WireAttribute {
  readonly DataType: string | undefined;
  readonly StringValue?: string | undefined;
  readonly BinaryValue?: Uint8Array | undefined;
  readonly StringListValues?: readonly string[] | undefined;
  readonly BinaryListValues?: readonly Uint8Array[] | undefined;
}

/** The value, or MissingParameter. */
export function required<T>(value: T | undefined, parameter: string): T {
  if (value === undefined) throw missingParameter(parameter);
  return value;
}

export function checkQueueName(name: string | undefined, isFifo: boolean): string {
  if (name === undefined) throw missingParameter('QueueName');
  if (name === '') throw invalidParameter('Queue name cannot be empty');
  if (isQueueName(name) && name.endsWith('.fifo') === isFifo) return name;
  if (isFifo) {
    throw invalidParameter(
      'The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, ' +
        'must end with .fifo suffix and be 1 to 80 in length.',
    );
  }
  throw invalidParameter(
    'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length',
  );
}

/** Body, then delay; the size needs the queue and comes with `checkSize`. */
export function checkBody(body: string | undefined): string {
  if (body === undefined || body === '') throw missingParameter('MessageBody');
  checkCharacters(body);
  return body;
}

export function checkDelay(delaySec: number | undefined): void {
  if (delaySec === undefined || inRange(delaySec, 0, DELAY_MAX_SEC)) return;
  throw invalidValue(delaySec, 'DelaySeconds', 'DelaySeconds must be >= 0 and <= 900.');
}

export function checkSize(body: string, attributes: Attributes, maximumBytes: number): void {
  if (measureMessage(body, attributes) > maximumBytes) throw messageTooLong(maximumBytes);
}

/** Checks message attributes and turns them into the domain's form. */
export function readAttributes(
  wire: Readonly<Record<string, WireAttribute>> | undefined,
): Attributes | undefined {
  const entries = Object.entries(wire ?? {});
  if (entries.length === 0) return undefined;
  if (entries.length > MESSAGE_ATTRIBUTES_MAX) {
    throw invalidParameter(
      `Number of message attributes [${entries.length}] exceeds the allowed maximum ` +
        `[${MESSAGE_ATTRIBUTES_MAX}].`,
    );
  }
  return Object.fromEntries(entries.map(([name, value]) => [name, readAttribute(name, value)]));
}

/** Senders may set one system attribute: `AWSTraceHeader`, a string. */
export function readTraceHeader(
  wire: Readonly<Partial<Record<string, WireAttribute>>> | undefined,
): string | undefined {
  for (const [name, value] of Object.entries(wire ?? {})) {
    if (name !== 'AWSTraceHeader') {
      throw invalidParameter(`Message system attribute name '${name}' is invalid.`);
    }
    if (
      value?.DataType !== 'String' ||
      value.StringValue === undefined ||
      value.StringValue === ''
    ) {
      throw invalidParameter(
        `Message (system) attribute '${name}' must contain a non-empty value of type 'String'.`,
      );
    }
    return value.StringValue;
  }
  return undefined;
}

/**
 * Standard queues take a group id (it makes them fair) but no deduplication id; FIFO queues need a
 * group, a way to tell duplicates, and take no delay of a message's own.
 * Source: SQS API reference, SendMessage. Messages recorded: test_sqs.snapshot.json.
 */
export function checkQueueType(
  { groupId, deduplicationId, delaySec }: FifoParameters,
  fifo: { readonly contentBasedDeduplication: boolean } | undefined,
): void {
  checkIdentifier(groupId, 'MessageGroupId');
  checkIdentifier(deduplicationId, 'MessageDeduplicationId');
  if (fifo === undefined) {
    if (deduplicationId === undefined) return;
    throw invalidValue(deduplicationId, 'MessageDeduplicationId', WRONG_QUEUE_TYPE);
  }
  if (delaySec !== undefined && delaySec !== 0) {
    throw invalidValue(delaySec, 'DelaySeconds', WRONG_QUEUE_TYPE);
  }
  if (groupId === undefined) throw missingParameter('MessageGroupId');
  if (deduplicationId === undefined && !fifo.contentBasedDeduplication) {
    throw invalidParameter(
      'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId ' +
        'provided explicitly',
    );
  }
}

interface FifoParameters {
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
  readonly delaySec: number | undefined;
}

const WRONG_QUEUE_TYPE = 'The request include parameter that is not valid for this queue type.';

function checkIdentifier(value: string | undefined, parameter: string): void {
  if (value === undefined || /^[\x21-\x7e]{1,128}$/.test(value)) return;
  throw invalidValue(
    value,
    parameter,
    `${parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
  );
}

/** The token that makes a receive of a FIFO queue repeatable. */
export function checkAttemptId(id: string | undefined, isFifo: boolean): void {
  if (id === undefined) return;
  if (isFifo) throw unsupported('ReceiveRequestAttemptId');
  throw invalidValue(id, 'ReceiveRequestAttemptId', WRONG_QUEUE_TYPE);
}

/** @returns the entries, known to have distinct, well-formed ids. */
export function checkBatch<T extends { readonly Id?: string | undefined }>(
  entries: readonly T[] | undefined,
  entryKind: string,
): readonly (T & { readonly Id: string })[] {
  if (entries === undefined || entries.length === 0) throw emptyBatch(entryKind);
  if (entries.length > BATCH_ENTRIES_MAX) throw tooManyEntries(entries.length);
  const seen = new Set<string>();
  return entries.map((entry) => {
    const id = entry.Id ?? '';
    if (!/^[A-Za-z0-9_-]{1,80}$/.test(id)) throw invalidBatchEntryId();
    if (seen.has(id)) throw batchEntryIdsNotDistinct(id);
    seen.add(id);
    return { ...entry, Id: id };
  });
}

// AWS: a batch as a whole is measured against the service's limit, not the queue's
// MaximumMessageSize. Recorded:
// test_send_message_batch_with_oversized_contents_with_updated_maximum_message_size.
export function checkBatchSize(
  messages: readonly { body: string; attributes: Attributes }[],
): void {
  const bytes = messages.reduce(
    (sum, { body, attributes }) => sum + measureMessage(body, attributes),
    0,
  );
  if (bytes > MESSAGE_MAX_BYTES) throw batchRequestTooLong(MESSAGE_MAX_BYTES, bytes);
}

export function checkMaxMessages(count: number): void {
  if (inRange(count, 1, RECEIVE_MAX)) return;
  throw invalidValue(count, 'MaxNumberOfMessages', 'Must be between 1 and 10, if provided.');
}

export function checkWait(waitSec: number): void {
  if (inRange(waitSec, 0, WAIT_MAX_SEC)) return;
  throw invalidValue(waitSec, 'WaitTimeSeconds', 'Must be >= 0 and <= 20, if provided.');
}

export function checkVisibilityTimeout(timeoutSec: number): void {
  if (inRange(timeoutSec, 0, VISIBILITY_TIMEOUT_MAX_SEC)) return;
  throw invalidValue(timeoutSec, 'VisibilityTimeout', 'Must be between 0 and 43200, if provided.');
}

function readAttribute(name: string, wire: WireAttribute): AttributeValue {
  checkAttributeName(name);
  const { DataType: dataType, StringValue: text, BinaryValue: binary } = wire;
  if (wire.StringListValues?.length || wire.BinaryListValues?.length) {
    throw unsupported('list values in message attributes, which AWS reserves for future use');
  }
  if (dataType === undefined || dataType === '') {
    throw invalidParameter(
      `The message attribute '${name}' must contain non-empty message attribute type.`,
    );
  }
  const kind = /^(String|Number|Binary)(\.|$)/.exec(dataType)?.[1];
  if (kind === undefined || dataType.length > MESSAGE_ATTRIBUTE_NAME_MAX) {
    throw invalidParameter(
      `The message attribute '${name}' has an invalid message attribute type, ` +
        'the set of supported type prefixes is Binary, Number, and String.',
    );
  }
  if (kind === 'Binary') {
    if (binary === undefined || binary.length === 0) throw emptyAttribute(name, dataType);
    return { dataType, binary };
  }
  if (text === undefined || text === '') throw emptyAttribute(name, dataType);
  checkCharacters(text);
  if (kind === 'Number' && !isNumber(text)) {
    throw invalidParameter(
      `Can't cast the value of message (user) attribute '${name}' to a number.`,
    );
  }
  return { dataType, text };
}

function checkAttributeName(name: string): void {
  const reserved = /^(aws|amazon)\./i.test(name);
  const dots = name.startsWith('.') || name.endsWith('.') || name.includes('..');
  if (reserved || dots || name.length > MESSAGE_ATTRIBUTE_NAME_MAX || !/^[\w.-]+$/.test(name)) {
    throw invalidParameter(
      `The message attribute name '${name}' is invalid. Attribute name can contain A-Z, a-z, 0-9, ` +
        'underscore (_), hyphen (-), and period (.) characters.',
    );
  }
}

function emptyAttribute(name: string, dataType: string): Error {
  return invalidParameter(
    `Message (user) attribute '${name}' must contain a non-empty value of type '${dataType}'.`,
  );
}

/** #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF */
function checkCharacters(text: string): void {
  // oxlint-disable-next-line no-control-regex -- the rule is about these very characters
  const found = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Surrogate}/u.exec(text)?.[0];
  if (found !== undefined) throw invalidMessageContents(found.codePointAt(0) ?? 0);
}

function isNumber(text: string): boolean {
  return /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/.test(text);
}

function inRange(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}
