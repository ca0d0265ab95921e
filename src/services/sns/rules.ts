// The checks of SNS requests that the model cannot express, in AWS's order and with AWS's messages.
import { invalidAttributeValue, invalidParameter } from './errors.ts';
import { MESSAGE_MAX_BYTES, SUBJECT_MAX_CHARS } from './limits.ts';
import type { MessageAttribute, MessageAttributes } from './message.ts';
import type { SubscriptionAddress } from './subscription.ts';
import { parseSubscriptionArn } from './subscription.ts';
import type { TopicAddress } from './topic.ts';
import { parseTopicArn } from './topic.ts';

/** A message attribute as the SDK types have it. */
export interface WireAttribute {
  readonly DataType: string | undefined;
  readonly StringValue?: string | undefined;
  readonly BinaryValue?: Uint8Array | undefined;
}

const ARN_PARTS = 6;

/** @param parameter stands in the message, e.g. `TopicArn`. */
export function checkTopicArn(text: string | undefined, parameter: string): TopicAddress {
  checkArnShape(text ?? '', parameter);
  const address = parseTopicArn(text ?? '');
  if (address === undefined) throw invalidParameter(parameter);
  return address;
}

export function checkSubscriptionArn(text: string | undefined): SubscriptionAddress {
  checkArnShape(text ?? '', 'SubscriptionArn');
  const address = parseSubscriptionArn(text ?? '');
  if (address === undefined) {
    throw invalidParameter(
      `SubscriptionArn Reason: An ARN must have at least 6 elements, not ${(text ?? '').split(':').length}`,
    );
  }
  return address;
}

// AWS: a subject is 1 to 100 characters of one line that does not start with a space.
// Source: SNS API reference, Publish.
export function checkSubject(subject: string | undefined): void {
  if (subject === undefined) return;
  // oxlint-disable-next-line no-control-regex -- the rule is about these very characters
  const isSound = /^[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$/.test(subject);
  if (!isSound || subject.length > SUBJECT_MAX_CHARS) throw invalidParameter('Subject');
}

export function checkStructure(structure: string | undefined, body: string): boolean {
  if (structure === undefined) return false;
  if (structure !== 'json') throw invalidParameter('MessageStructure');
  let entries: unknown;
  try {
    entries = JSON.parse(body);
  } catch {
    throw invalidParameter('Message Structure - JSON message body failed to parse');
  }
  const fallback = (entries as { default?: unknown } | null)?.default;
  if (typeof fallback !== 'string') {
    throw invalidParameter('Message Structure - No default entry in JSON message body');
  }
  return true;
}

export function checkSize(body: string, attributes: MessageAttributes): void {
  if (measure(body, attributes) > MESSAGE_MAX_BYTES) throw invalidParameter('Message too long');
}

/** Bytes that count against the limit. */
export function measure(body: string, attributes: MessageAttributes): number {
  let bytes = Buffer.byteLength(body);
  for (const [name, { dataType, text, binary }] of Object.entries(attributes)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(dataType);
    bytes += binary?.length ?? Buffer.byteLength(text ?? '');
  }
  return bytes;
}

export function readAttributes(
  wire: Readonly<Record<string, WireAttribute>> | undefined,
): MessageAttributes {
  return Object.fromEntries(
    Object.entries(wire ?? {}).map(([name, value]) => [name, readAttribute(name, value)]),
  );
}

// Recorded: test_empty_or_wrong_message_attributes.
function readAttribute(name: string, wire: WireAttribute): MessageAttribute {
  const { DataType: dataType, StringValue: text, BinaryValue: binary } = wire;
  if (!/^[\w.-]{1,256}$/.test(name) || /^\.|\.$|\.\./.test(name)) {
    throw invalidAttributeValue('Length of message attribute name must be less than 256 bytes.');
  }
  if (dataType === undefined || dataType === '') {
    throw invalidAttributeValue(
      `The message attribute '${name}' must contain non-empty message attribute type.`,
    );
  }
  const kind = /^(String|Number|Binary)(\.|$)/.exec(dataType)?.[1];
  if (kind === undefined) {
    throw invalidAttributeValue(
      `The message attribute '${name}' has an invalid message attribute type, ` +
        'the set of supported type prefixes is Binary, Number, and String.',
    );
  }
  const isEmpty = kind === 'Binary' ? !binary?.length : text === undefined || text === '';
  if (isEmpty) {
    throw invalidAttributeValue(
      `The message attribute '${name}' must contain non-empty message attribute value ` +
        `for message attribute type '${dataType}'.`,
    );
  }
  if (kind === 'Number' && !Number.isFinite(Number(text))) {
    throw invalidAttributeValue(`Could not cast message attribute '${name}' value to number.`);
  }
  return {
    dataType,
    ...(kind === 'Binary'
      ? binary === undefined
        ? {}
        : { binary }
      : text === undefined
        ? {}
        : { text }),
  };
}

function checkArnShape(text: string, parameter: string): void {
  const count = text.split(':').length;
  if (count >= ARN_PARTS) return;
  throw invalidParameter(
    `${parameter} Reason: An ARN must have at least ${ARN_PARTS} elements, not ${count}`,
  );
}
