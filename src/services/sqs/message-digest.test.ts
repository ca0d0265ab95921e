// Digests against AWS's recorded answers.
import { expect, test } from 'vitest';
import type { Attributes } from './message.ts';
import { digestAttributes, digestText, measureMessage } from './message-digest.ts';

const text = (value: string): { dataType: string; text: string } => ({ dataType: 'String', text: value });

// Recorded from AWS: LocalStack tests/aws/services/sqs/test_sqs.snapshot.json, by test name.
const RECORDED: readonly [test: string, attributes: Attributes, md5: string][] = [
  [
    'test_receive_message_message_attribute_names_filters: send',
    { 'Help.Me': text('Me'), Hello: text('There'), General: text('Kenobi') },
    '4c360f3fdafd970e05fae2f149d997f5',
  ],
  [
    'test_receive_message_message_attribute_names_filters: only_existing',
    { Hello: text('There'), General: text('Kenobi') },
    'fca026605781cb4126a1e9044df24232',
  ],
  [
    'test_receive_message_message_attribute_names_filters: existing_and_non_existing',
    { Hello: text('There') },
    'a311262e065454b75da111d535b8dacd',
  ],
  [
    'test_receive_message_attribute_names_filters',
    { Foo: text('Bar') },
    'ae7155c6026991b6d54b11589678bf9c',
  ],
  [
    'test_send_message_with_binary_attributes',
    {
      attr1: {
        dataType: 'Binary',
        binary: Buffer.from('traceparent\x1e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01'),
      },
    },
    '8cbe4db156db8a94db8b801b7addb984',
  ],
];

test.each(RECORDED)('%s', (_, attributes, md5) => {
  expect(digestAttributes(attributes)).toBe(md5);
});

test('the body digest is the MD5 of its UTF-8 bytes', () => {
  // Recorded: test_receive_message_message_attribute_names_filters sends `msg`.
  expect(digestText('msg')).toBe('6e2baaf3b97dbeef01c0043275f9a0e7');
});

test('the size counts bytes of body, attribute names, types and values', () => {
  // Source: SQS Developer Guide, "Message attribute components": name, type, value and body all count.
  expect(measureMessage('é', { n: text('ab') })).toBe(2 + 1 + 6 + 2);
});
