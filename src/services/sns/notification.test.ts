// The event that functions receive, member by member.
import { expect, test } from 'vitest';
import type { PublishedMessage } from './message.ts';
import { functionEvent, queueEnvelope } from './notification.ts';

const message: PublishedMessage = {
  id: '95df01b4-ee98-5cb9-9903-4c221d41eb5e',
  topicArn: 'arn:aws:sns:us-east-1:123456789012:sns-lambda',
  body: 'Hello from SNS!',
  isPerProtocol: false,
  attributes: {
    Test: { dataType: 'String', text: 'TestString' },
    TestBinary: { dataType: 'Binary', binary: new TextEncoder().encode('TestBinary') },
  },
  publishedMs: Date.UTC(2019, 0, 2, 12, 45, 7),
};
const context = {
  subscriptionArn: 'arn:aws:sns:us-east-1:123456789012:sns-lambda:21be56ed-a058-49f5-8c98-aedd2564c486',
  endpoint: 'http://127.0.0.1:4566',
  signatureVersion: '1',
} as const;

// Source: AWS Lambda Developer Guide, "Using AWS Lambda with Amazon SNS", example event; a missing
// subject is null: recorded in LocalStack test_sns_topic_as_lambda_dead_letter_queue.
test('the event of a function', () => {
  const event = JSON.parse(functionEvent(message, context));
  expect(event).toEqual({
    Records: [
      {
        EventVersion: '1.0',
        EventSubscriptionArn: context.subscriptionArn,
        EventSource: 'aws:sns',
        Sns: {
          SignatureVersion: '1',
          Timestamp: '2019-01-02T12:45:07.000Z',
          Signature: expect.any(String),
          SigningCertUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:4566\/.*\.pem$/),
          MessageId: '95df01b4-ee98-5cb9-9903-4c221d41eb5e',
          Message: 'Hello from SNS!',
          MessageAttributes: {
            Test: { Type: 'String', Value: 'TestString' },
            TestBinary: { Type: 'Binary', Value: 'VGVzdEJpbmFyeQ==' },
          },
          Type: 'Notification',
          UnsubscribeUrl: `http://127.0.0.1:4566/?Action=Unsubscribe&SubscriptionArn=${context.subscriptionArn}`,
          TopicArn: 'arn:aws:sns:us-east-1:123456789012:sns-lambda',
          Subject: null,
        },
      },
    ],
  });
});

test('a queue’s envelope leaves out what the message has not', () => {
  const envelope = JSON.parse(queueEnvelope({ ...message, attributes: {} }, context));
  expect(envelope).not.toHaveProperty('Subject');
  expect(envelope).not.toHaveProperty('MessageAttributes');
});
