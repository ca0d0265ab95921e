// Filter policies: what SNS refuses, and how messages are matched in both scopes.
import { expect, test } from 'vitest';
import { compileFilter, findPolicyProblem } from './filter-policy.ts';
import type { MessageAttributes } from './message.ts';

// Recorded from AWS: LocalStack tests/aws/services/sns/test_sns_filter_policy.snapshot.json.
test.each([
  [{ a: ['1'], b: ['1'], c: ['1'], d: ['1'], e: ['1'], f: ['1'] }, 'MessageBody', 'FilterPolicy: Filter policy can not have more than 5 keys'],
  [
    // SNS Developer Guide, "Filter policy constraints": 3 x 4 x 2 x 3 = 72 combinations are allowed,
    { key_a: { key_b: { key_c: ['1', '2', '3', '4'] } }, key_d: { key_e: ['1', '2', '3'] } },
    'MessageBody',
    undefined,
  ],
  [
    // and these are more than 150.
    { key_a: { key_b: { key_c: ['1', '2', '3', '4', '5', '6', '7', '8', '9'] } }, key_d: { key_e: ['1', '2', '3'] } },
    'MessageBody',
    'FilterPolicy: Filter policy is too complex',
  ],
  [{ a: { b: ['x'] } }, 'MessageAttributes', 'Filter policy scope MessageAttributes does not support nested filter policy'],
  [{ a: 'x' }, 'MessageAttributes', 'FilterPolicy: "a" must be an object or an array'],
  [{ a: [{ 'wrong-operator': true }] }, 'MessageAttributes', 'FilterPolicy: Unrecognized match type wrong-operator'],
] as const)('%j in %s: %s', (policy, scope, problem) => {
  expect(findPolicyProblem(JSON.stringify(policy), scope)).toBe(problem);
});

test.each(['{"a":', '{"$or":['])('policies without end (%s) are refused', (start) => {
  const end = start.endsWith('[') ? ']}' : '}';
  const text = `${start.repeat(20_000)}{"a":[1]}${end.repeat(20_000)}`;
  expect(findPolicyProblem(text, 'MessageBody')).toBe('FilterPolicy: Filter policy is too complex');
});

test('text that is no JSON is refused', () => {
  expect(findPolicyProblem('{invalid', 'MessageBody')).toMatch(/^FilterPolicy: failed to parse JSON\./);
});

const string = (text: string) => ({ dataType: 'String', text });

// Source: SNS Developer Guide, "Amazon SNS subscription filter policies".
test.each<[string, unknown, MessageAttributes, boolean]>([
  ['a string', { store: ['example_corp'] }, { store: string('example_corp') }, true],
  ['a number', { price: [{ numeric: ['>=', 100] }] }, { price: { dataType: 'Number', text: '210.75' } }, true],
  ['a number in a string', { price: [{ numeric: ['>=', 100] }] }, { price: string('210.75') }, false],
  ['an element of String.Array', { interests: ['rugby'] }, { interests: { dataType: 'String.Array', text: '["soccer","rugby"]' } }, true],
  ['a keyword in String.Array', { flags: [true] }, { flags: { dataType: 'String.Array', text: '[true]' } }, true],
  ['binary is no value', { blob: [{ exists: true }] }, { blob: { dataType: 'Binary', binary: Uint8Array.of(1) } }, false],
  ['absence', { store: [{ exists: false }] }, {}, true],
  ['a missing key', { store: ['a'], event: ['b'] }, { store: string('a') }, false],
])('attributes: %s', (_, policy, attributes, passes) => {
  expect(compileFilter(JSON.stringify(policy), 'MessageAttributes')({ body: '', attributes })).toBe(passes);
});

test.each([
  [{ store: ['a'] }, '{"store":"a"}', true],
  [{ order: { state: [{ prefix: 'paid' }] } }, '{"order":{"state":"paid-late"}}', true],
  [{ store: ['a'] }, 'no json', false],
  [{ store: [{ exists: false }] }, 'no json', false],
])('body: %j on %s', (policy, body, passes) => {
  expect(compileFilter(JSON.stringify(policy), 'MessageBody')({ body, attributes: {} })).toBe(passes);
});
