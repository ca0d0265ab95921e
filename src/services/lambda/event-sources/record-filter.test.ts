// Event filters of mappings: what matches of messages and of changed items.
import { expect, test } from 'vitest';
import { compileFilters } from './record-filter.ts';
import { type Message, filterView, toRecord } from './sqs-record.ts';

const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:q';

function message(Body: string, more: Partial<Message> = {}): unknown {
  return filterView(toRecord({ MessageId: 'm', ReceiptHandle: 'r', Body, ...more }, QUEUE));
}

// Sources: [S] developer guide, "Using event filtering with an Amazon SQS event source", table of bodies and
// filters; [G] "Control which events Lambda sends to your function", comparison operators.
test.each<[string, unknown, unknown, boolean]>([
  ['[S] text, text', { body: ['hello'] }, message('hello'), true],
  ['[S] text, other text', { body: ['hello'] }, message('hello!'), false],
  ['[S] text, JSON pattern', { body: { kind: ['a'] } }, message('kind a'), false],
  ['[S] JSON, text pattern', { body: ['{"kind":"a"}'] }, message('{"kind":"a"}'), false],
  ['[S] JSON, JSON pattern', { body: { kind: ['a'] } }, message('{"kind":"a"}'), true],
  ['[S] JSON, other value', { body: { kind: ['a'] } }, message('{"kind":"b"}'), false],
  ['[S] any body, no pattern for it', { eventSource: ['aws:sqs'] }, message('hello'), true],
  ['[S] a number is a text', { body: ['5'] }, message('5'), true],
  ['[S] broken JSON is a text', { body: [{ prefix: '{"kind' }] }, message('{"kind":'), true],
  ['[S] attributes', { messageAttributes: { n: { stringValue: ['1'] } } }, message('x', { MessageAttributes: { n: { DataType: 'Number', StringValue: '1' } } }), true],
  ['[G] null', { body: { id: [null] } }, message('{"id":null}'), true],
  ['[G] empty', { body: { name: [''] } }, message('{"name":""}'), true],
  ['[G] equals, ignoring case', { body: { name: [{ 'equals-ignore-case': 'alice' }] } }, message('{"name":"ALICE"}'), true],
  ['[G] and', { body: { place: ['York'], day: ['Monday'] } }, message('{"place":"York","day":"Sunday"}'), false],
  ['[G] or', { body: { method: ['Credit', 'Debit'] } }, message('{"method":"Debit"}'), true],
  ['[G] or over fields', { body: { $or: [{ place: ['York'] }, { day: ['Monday'] }] } }, message('{"place":"Leeds","day":"Monday"}'), true],
  ['[G] not', { body: { weather: [{ 'anything-but': ['Raining'] }] } }, message('{"weather":"Dry"}'), true],
  ['[G] number equals', { body: { price: [{ numeric: ['=', 100] }] } }, message('{"price":100}'), true],
  ['[G] number range', { body: { price: [{ numeric: ['>', 10, '<=', 20] }] } }, message('{"price":20}'), true],
  ['[G] exists', { body: { product: [{ exists: true }] } }, message('{"product":"p"}'), true],
  ['[G] does not exist', { body: { product: [{ exists: false }] } }, message('{"other":"p"}'), true],
  ['[G] begins with', { body: { region: [{ prefix: 'us-' }] } }, message('{"region":"us-east-1"}'), true],
  ['[G] ends with', { body: { file: [{ suffix: '.png' }] } }, message('{"file":"a.jpg"}'), false],
])('%s: %j', (_what, pattern, view, matches) => {
  expect(compileFilters([JSON.stringify(pattern)])(view)).toBe(matches);
});

test('one pattern of several is enough, and none lets everything through', () => {
  const either = compileFilters(['{"body":["a"]}', '{"body":["b"]}']);
  expect(['a', 'b', 'c'].map((body) => either(message(body)))).toEqual([true, true, false]);
  expect(compileFilters([])(message('c'))).toBe(true);
});

test.each(['{oops', '[]', '"text"', '{"body":"text"}', '{"body":[]}', '{"body":[{"starts":"a"}]}', '{"body":[{"numeric":["~",1]}]}'])(
  '%s is no pattern',
  (pattern) => {
    expect(() => compileFilters([pattern])).toThrow();
  },
);
