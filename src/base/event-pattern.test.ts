// Event patterns: what matches, and how broken ones are refused.
import { expect, test } from 'vitest';
import { createMatcher } from './event-pattern.ts';

// Sources: [SNS] SNS Developer Guide, "String value matching", "Numeric value matching", "Key matching",
// "IP address matching", "AND/OR logic"; [EB] EventBridge User Guide, "Comparison operators".
const CASES: readonly [source: string, pattern: unknown, event: unknown, matches: boolean][] = [
  ['[SNS] exact', { interests: ['rugby'] }, { interests: 'rugby' }, true],
  ['[SNS] exact, case counts', { interests: ['rugby'] }, { interests: 'Rugby' }, false],
  ['[SNS] exact, any of the array', { interests: ['rugby'] }, { interests: ['soccer', 'rugby'] }, true],
  ['[SNS] or within a key', { interests: ['rugby', 'tennis'] }, { interests: 'tennis' }, true],
  ['[SNS] and over keys', { a: ['x'], b: ['y'] }, { a: 'x', b: 'z' }, false],
  ['[SNS] anything-but', { i: [{ 'anything-but': ['rugby', 'tennis'] }] }, { i: 'baseball' }, true],
  ['[SNS] anything-but hit', { i: [{ 'anything-but': ['rugby', 'tennis'] }] }, { i: 'rugby' }, false],
  ['[SNS] anything-but array', { i: [{ 'anything-but': ['rugby', 'tennis'] }] }, { i: ['rugby', 'baseball'] }, true],
  ['[SNS] anything-but absent', { i: [{ 'anything-but': 'rugby' }] }, {}, false],
  ['[SNS] anything-but prefix', { e: [{ 'anything-but': { prefix: 'order-' } }] }, { e: 'data-entry' }, true],
  ['[SNS] anything-but prefix hit', { e: [{ 'anything-but': { prefix: 'order-' } }] }, { e: 'order-cancelled' }, false],
  ['[EB] anything-but suffix', { f: [{ 'anything-but': { suffix: ['.txt', '.rtf'] } }] }, { f: 'a.rtf' }, false],
  ['[EB] anything-but wildcard', { f: [{ 'anything-but': { wildcard: '*/lib/*' } }] }, { f: '/usr/lib/x' }, false],
  ['[EB] anything-but ignore case', { s: [{ 'anything-but': { 'equals-ignore-case': 'init' } }] }, { s: 'INIT' }, false],
  ['[EB] anything-but numbers', { n: [{ 'anything-but': [100, 200] }] }, { n: 300 }, true],
  ['[SNS] prefix', { i: [{ prefix: 'bas' }] }, { i: 'baseball' }, true],
  ['[SNS] prefix miss', { i: [{ prefix: 'bas' }] }, { i: 'rugby' }, false],
  ['[EB] prefix ignore case', { s: [{ prefix: { 'equals-ignore-case': 'EventB' } }] }, { s: 'eventbridge' }, true],
  ['[SNS] suffix', { i: [{ suffix: 'ball' }] }, { i: 'baseball' }, true],
  ['[SNS] equals-ignore-case', { i: [{ 'equals-ignore-case': 'tennis' }] }, { i: 'TENNIS' }, true],
  ['[SNS] wildcard', { i: [{ wildcard: '*ball' }] }, { i: 'football' }, true],
  ['[EB] wildcard in the middle', { p: [{ wildcard: 'dir/*.png' }] }, { p: 'dir/a/b.png' }, true],
  ['[EB] wildcard overlap', { p: [{ wildcard: 'ab*ba' }] }, { p: 'aba' }, false],
  ['[EB] wildcard escaped', { p: [{ wildcard: 'a\\*b' }] }, { p: 'axb' }, false],
  ['[SNS] numeric =', { price: [{ numeric: ['=', 301.5] }] }, { price: 301.5 }, true],
  ['[SNS] numeric range', { price: [{ numeric: ['>', 0, '<=', 150] }] }, { price: 150 }, true],
  ['[SNS] numeric range, open end', { price: [{ numeric: ['>', 0, '<=', 150] }] }, { price: 0 }, false],
  ['[SNS] numeric of a string', { price: [{ numeric: ['=', 1] }] }, { price: '1' }, false],
  ['[SNS] exists', { store: [{ exists: true }] }, { store: 'fans' }, true],
  ['[SNS] exists false', { store: [{ exists: false }] }, { animals: 'cat' }, true],
  ['[SNS] exists false hit', { store: [{ exists: false }] }, { store: 'fans' }, false],
  ['[SNS] cidr', { ip: [{ cidr: '10.0.0.0/24' }] }, { ip: '10.0.0.255' }, true],
  ['[SNS] cidr miss', { ip: [{ cidr: '10.0.0.0/24' }] }, { ip: '10.1.1.0' }, false],
  ['[EB] cidr v6', { ip: [{ cidr: '2001:db8::/32' }] }, { ip: '2001:db8:1::5' }, true],
  ['[EB] null', { r: [null] }, { r: null }, true],
  ['[EB] null is not absent', { r: [null] }, {}, false],
  ['[EB] nested', { detail: { state: ['running'] } }, { detail: { state: 'running' } }, true],
  ['[EB] nested absent', { detail: { state: [{ exists: false }] } }, {}, true],
  ['[EB] objects in an array', { Records: { name: [{ prefix: 'Put' }] } }, { Records: [{ name: 'Get' }, { name: 'PutX' }] }, true],
  ['[EB] one element must match all', { r: { a: [1], b: [2] } }, { r: [{ a: 1, b: 0 }, { a: 0, b: 2 }] }, false],
  ['[SNS] $or', { source: ['x'], $or: [{ metric: ['CPU'] }, { ns: ['EC2'] }] }, { source: 'x', ns: 'EC2' }, true],
  ['[SNS] $or miss', { source: ['x'], $or: [{ metric: ['CPU'] }, { ns: ['EC2'] }] }, { source: 'x' }, false],
];

test.each(CASES)('%s: %j on %j', (_, pattern, event, matches) => {
  expect(createMatcher(pattern)(event)).toBe(matches);
});

// Recorded from AWS: LocalStack tests/aws/services/sns/test_sns_filter_policy.snapshot.json.
test.each([
  [{ key: [['value']] }, 'Match value must be String, number, true, false, or null'],
  [{ key: [{ 'wrong-operator': true }] }, 'Unrecognized match type wrong-operator'],
  [{ key: [{ toString: 'x' }] }, 'Unrecognized match type toString'],
  [{ key: [{ suffix: 'value', prefix: 'value2' }] }, 'Only one key allowed in match expression'],
  [{ key: [{ suffix: 100 }] }, 'suffix match pattern must be a string'],
  [{ key: [{ suffix: null }] }, 'suffix match pattern must be a string'],
  [{ key: [{ suffix: ['test', 'test2'] }] }, 'suffix match pattern must be a string'],
  [{ key: { suffix: 'value' } }, '"suffix" must be an object or an array'],
  [{ key_a: 'value_one' }, '"key_a" must be an object or an array'],
  [{ key: [{ numeric: [] }] }, 'Invalid member in numeric match: ]'],
  [{ key: [{ numeric: ['operator'] }] }, 'Unrecognized numeric range operator: operator'],
  [{ key: [{ numeric: [1, '<='] }] }, 'Invalid member in numeric match: 1'],
  [{ key: [{ numeric: ['=', '000'] }] }, 'Value of equals must be numeric'],
  [{ key: [{ numeric: ['>='] }] }, 'Value of >= must be numeric'],
  [{ key: [{ numeric: ['<', 100, '>', 10] }] }, 'Too many elements in numeric expression'],
  [{ key: [{ numeric: ['>=', 1, '>', 2] }] }, 'Bad numeric range operator: >'],
  [{ key: [{ numeric: ['>', 3, '<', 1] }] }, 'Bottom must be less than top'],
  [{ key: [{ numeric: ['>', 20, '<='] }] }, 'Value of <= must be numeric'],
  [{ key: [{ numeric: ['>', 20, 30] }] }, 'Bad value in numeric range: 30'],
  [{ key: [{ numeric: ['>', 20, 'test'] }] }, 'Bad numeric range operator: test'],
  [{ key: [{ numeric: ['>', '20', '<', '30'] }] }, 'Value of > must be numeric'],
  [{ key: [{ numeric: ['>', 20, '<', '30'] }] }, 'Value of < must be numeric'],
  [{ key: [{ numeric: ['>', 20, '<', 30, '<', 50] }] }, 'Too many terms in numeric range expression'],
  [{ key: [{ exists: null }] }, 'exists match pattern must be either true or false.'],
  [{ key: [{ exists: 'no' }] }, 'exists match pattern must be either true or false.'],
])('%j is refused: %s', (pattern, message) => {
  expect(() => createMatcher(pattern)).toThrow(message);
});
