// The forms in which a message reaches its subscribers.
import type { MessageAttribute, MessageAttributes, PublishedMessage } from './message.ts';
import { textFor } from './message.ts';

export interface NotificationContext {
  readonly subscriptionArn: string;
  /** Base URL of the cloud. */
  readonly endpoint: string;
  readonly signatureVersion: '1' | '2';
}

interface WireAttribute {
  readonly Type: string;
  readonly Value: string;
}

/**
 * Differs: the signature is a placeholder and its certificate is not served, because a certificate
 * of ours could not be the one of sns.amazonaws.com that verifiers insist on.
 */
const SIGNATURE = 'Cloudlet';

/**
 * The JSON envelope that SQS queues receive unless delivery is raw.
 * Members and their order: LocalStack's recordings of AWS, test_subscribe_sqs_queue.
 */
export function queueEnvelope(message: PublishedMessage, context: NotificationContext): string {
  const attributes = wireAttributes(message.attributes);
  return JSON.stringify({
    Type: 'Notification',
    MessageId: message.id,
    TopicArn: message.topicArn,
    ...(message.subject === undefined ? {} : { Subject: message.subject }),
    Message: textFor(message, 'sqs'),
    Timestamp: timestampOf(message),
    SignatureVersion: context.signatureVersion,
    Signature: SIGNATURE,
    SigningCertURL: certificateUrl(context),
    UnsubscribeURL: unsubscribeUrl(context),
    ...(Object.keys(attributes).length === 0 ? {} : { MessageAttributes: attributes }),
  });
}

/**
 * The event that functions receive. Its URLs are spelled `Url` and its subject may be null.
 * Recorded: test_python_lambda_subscribe_sns_topic.
 */
export function functionEvent(message: PublishedMessage, context: NotificationContext): string {
  return JSON.stringify({
    Records: [
      {
        EventSource: 'aws:sns',
        EventVersion: '1.0',
        EventSubscriptionArn: context.subscriptionArn,
        Sns: {
          Type: 'Notification',
          MessageId: message.id,
          TopicArn: message.topicArn,
          Subject: message.subject ?? null,
          Message: textFor(message, 'lambda'),
          Timestamp: timestampOf(message),
          SignatureVersion: context.signatureVersion,
          Signature: SIGNATURE,
          SigningCertUrl: certificateUrl(context),
          UnsubscribeUrl: unsubscribeUrl(context),
          MessageAttributes: wireAttributes(message.attributes),
        },
      },
    ],
  });
}

function wireAttributes(attributes: MessageAttributes): Record<string, WireAttribute> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      name,
      { Type: value.dataType, Value: wireValue(value) },
    ]),
  );
}

function wireValue({ text, binary }: MessageAttribute): string {
  return binary === undefined ? (text ?? '') : Buffer.from(binary).toString('base64');
}

function timestampOf(message: PublishedMessage): string {
  return new Date(message.publishedMs).toISOString();
}

function certificateUrl({ endpoint }: NotificationContext): string {
  return `${endpoint}/SimpleNotificationService-0000000000000000000000.pem`;
}

function unsubscribeUrl({ endpoint, subscriptionArn }: NotificationContext): string {
  return `${endpoint}/?Action=Unsubscribe&SubscriptionArn=${subscriptionArn}`;
}
